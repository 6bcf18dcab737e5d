package graphsim

import (
	"slices"
	"sort"
	"time"
)

// licenseDue is an account whose licences from groups Microsoft will look at
// (entra-docs fundamentals/concept-group-based-licensing.md: within minutes).
type licenseDue struct {
	at      time.Time
	account string
}

// licensesOwed notes that joining or leaving a group changes what an account is to
// be given. Only direct members that are accounts are given anything.
func (t *tenant) licensesOwed(g *group, id string, now time.Time) {
	if len(g.licenses) == 0 {
		return
	}
	if _, isUser := t.users[id]; isUser {
		t.oweLicenses(id, now)
	}
}

func (t *tenant) oweLicenses(id string, now time.Time) {
	lag := t.quirks.GroupLicenseLag
	if lag == 0 {
		t.giveLicenses(t.users[id], now)
		return
	}
	due := licenseDue{now.Add(lag), id}
	at := sort.Search(len(t.licensing), func(i int) bool { return t.licensing[i].at.After(due.at) })
	t.licensing = slices.Insert(t.licensing, at, due)
}

// licenseUntil gives and takes what groups owed until now.
func (t *tenant) licenseUntil(now time.Time) {
	done := 0
	for ; done < len(t.licensing) && !t.licensing[done].at.After(now); done++ {
		t.giveLicenses(t.users[t.licensing[done].account], t.licensing[done].at)
	}
	t.licensing = slices.Delete(t.licensing, 0, done)
}

// giveLicenses makes an account hold what its groups give besides what it was given
// directly. What cannot be given stays noted with its error
// (entra-docs fundamentals/licensing-groups-resolve-problems.md).
func (t *tenant) giveLicenses(r *userRecord, now time.Time) {
	if !r.live() {
		return
	}
	have := r.current.licenseStates()
	next := slices.DeleteFunc(slices.Clone(have), func(s licenseAssignmentState) bool { return s.AssignedByGroup != nil })
	granting := slices.DeleteFunc(t.groupsOf(r.current.id, false), func(g *group) bool { return len(g.licenses) == 0 })
	for _, g := range granting { // what is held stays, whatever the order of groups
		next = append(next, kept(have, g)...)
	}
	for _, g := range granting {
		next = append(next, t.granted(r, next, g, now)...)
	}
	next = append(next, t.indispensable(have, next, now)...)
	for i := range next { // an assignment that did not change keeps its time
		if was := slices.IndexFunc(have, next[i].sameAs); was >= 0 {
			next[i] = have[was]
		}
	}
	same := func(a, b licenseAssignmentState) bool { return a.sameAs(b) }
	if !slices.EqualFunc(have, next, same) {
		t.setLicenses(r, next, now)
	}
}

func (s *licenseAssignmentState) sameAs(o licenseAssignmentState) bool {
	by := ""
	if s.AssignedByGroup != nil {
		by = *s.AssignedByGroup
	}
	return o.SKUID == s.SKUID && o.from(by) && o.State == s.State && o.Error == s.Error && slices.Equal(o.DisabledPlans, s.DisabledPlans)
}

// kept are the assignments by a group that stay in force as they are.
func kept(have []licenseAssignmentState, g *group) []licenseAssignmentState {
	var states []licenseAssignmentState
	for _, s := range have {
		if s.from(g.id) && s.active() && slices.ContainsFunc(g.licenses, func(l assignedLicense) bool {
			return l.SKUID == s.SKUID && slices.Equal(l.DisabledPlans, s.DisabledPlans)
		}) {
			s.State, s.Error = licenseActive, noViolation
			states = append(states, s)
		}
	}
	return states
}

// granted are the assignments that a group makes anew. If one is impossible, none
// of the others is made either: they are in error for the other's sake.
func (t *tenant) granted(r *userRecord, others []licenseAssignmentState, g *group, now time.Time) []licenseAssignmentState {
	var fresh []licenseAssignmentState
	id := g.id
	for _, l := range g.licenses {
		if slices.ContainsFunc(others, func(s licenseAssignmentState) bool { return s.SKUID == l.SKUID && s.from(id) }) {
			continue
		}
		s := directLicense(l, now)
		s.AssignedByGroup = &id
		fresh = append(fresh, s)
	}
	culprit, problem := t.impossible(r, others, fresh)
	if problem == nil {
		return fresh
	}
	for i := range fresh {
		fresh[i].State, fresh[i].Error = licenseError, otherViolation
		if i == culprit {
			fresh[i].Error = problem.violation
		}
	}
	return fresh
}

// impossible finds the first of the fresh assignments that cannot be made.
func (t *tenant) impossible(r *userRecord, others, fresh []licenseAssignmentState) (int, *licenseProblem) {
	location := r.current.str(propUsageLocation)
	if location == "" { // who has none is where the tenant is
		location = t.country
	}
	all := slices.Clone(others)
	for i := range fresh {
		all = append(all, fresh[i])
		problem := badLocation(location)
		if problem == nil {
			problem = t.exclusion(all)
		}
		if problem == nil {
			problem = t.shortage(r.current, fresh[i].SKUID)
		}
		if problem != nil {
			return i, problem
		}
	}
	problem := t.dependency(all)
	if problem == nil {
		return 0, nil
	}
	culprit := slices.IndexFunc(fresh, func(s licenseAssignmentState) bool {
		return slices.Contains(t.enabledPlans([]licenseAssignmentState{s}), problem.plan)
	})
	if culprit < 0 { // it is lacking already
		return 0, nil
	}
	return culprit, problem
}

// indispensable are the assignments of groups left behind that cannot be taken away,
// since other plans depend on theirs.
func (t *tenant) indispensable(have, next []licenseAssignmentState, now time.Time) []licenseAssignmentState {
	if t.dependency(next) == nil || t.dependency(have) != nil {
		return nil
	}
	var states []licenseAssignmentState
	for _, s := range have {
		gone := s.AssignedByGroup != nil && s.active() && !slices.ContainsFunc(next, func(n licenseAssignmentState) bool {
			return n.SKUID == s.SKUID && n.from(*s.AssignedByGroup)
		})
		if gone {
			s.State, s.Error, s.LastUpdatedDateTime = licenseActiveWithError, dependencyViolation, now
			states = append(states, s)
		}
	}
	return states
}

// SetGroupLicenses changes what a group gives its direct members, as an outsider.
func (s *Server) SetGroupLicenses(tenantKey, groupKey string, licenses []LicenseSpec) error {
	return s.inGroup(tenantKey, groupKey, func(t *tenant, g *group, now time.Time) error {
		resolved, err := t.licensesOf(licenses)
		if err == nil {
			t.licenseGroup(g, resolved, now)
		}
		return err
	})
}

func (t *tenant) licenseGroup(g *group, licenses []assignedLicense, now time.Time) {
	t.changeGroup(g, func(next *groupProfile) { next.licenses = licenses }, now)
	for _, id := range g.members {
		if _, isUser := t.users[id]; isUser {
			t.oweLicenses(id, now)
		}
	}
}
