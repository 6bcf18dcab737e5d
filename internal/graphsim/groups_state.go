package graphsim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// groupProfile is one state of a group without its members: an immutable snapshot,
// which the history and readers share.
type groupProfile struct {
	id             string
	displayName    string
	description    string
	mailNickname   string
	mail           string // mail-enabled if there is one
	types          []string
	membershipRule string
	visibility     string
	synced         bool
	distribution   bool // not security-enabled
	roleAssignable bool
	created        time.Time
	licenses       []assignedLicense // what its members get
}

// group is a group of the directory. Members are accounts and groups; a
// role-assignable group has accounts only.
type group struct {
	*groupProfile // the present state

	number  int      // in the order of making; never used again
	members []string // every member keeps its place; who left leaves it empty
	owners  []string
	joined  []membership // of the group itself in others
}

// groupEvent is what the history of groups holds: the group as it was then, or
// who joined or left it.
type groupEvent struct {
	profile *groupProfile
	member  string // empty when the group itself changed
	left    bool
}

// GroupSpec describes a group; members and owners are UPNs, groups' display names or
// object ids.
type GroupSpec struct {
	ID             string `json:"id,omitempty"` // empty: derived from the name
	DisplayName    string `json:"displayName"`
	Description    string `json:"description,omitempty"`
	RoleAssignable bool   `json:"roleAssignable,omitempty"`
	// Mail makes it mail-enabled.
	Mail string `json:"mail,omitempty"`
	// Types are Unified (a Microsoft 365 group), DynamicMembership, or both.
	Types          []string `json:"groupTypes,omitempty"`
	MembershipRule string   `json:"membershipRule,omitempty"`
	// Distribution makes it a distribution list: mail-enabled, for no access.
	Distribution bool `json:"distribution,omitempty"`
	// Synced makes Active Directory its master.
	Synced  bool     `json:"synced,omitempty"`
	Members []string `json:"members,omitempty"`
	Owners  []string `json:"owners,omitempty"`
	// Licenses are what direct members get.
	Licenses []LicenseSpec `json:"licenses,omitempty"`
}

func (p *groupProfile) is(groupType string) bool { return slices.Contains(p.types, groupType) }

// mailManaged groups are Exchange's: mail-enabled security groups and distribution
// lists (resources/groups-overview.md).
func (p *groupProfile) mailManaged() bool { return p.mail != "" && !p.is("Unified") }

func (p *groupProfile) securityEnabled() bool { return !p.distribution && !p.is("Unified") }

func (t *tenant) group(id string) (*group, bool) {
	g, ok := t.groupsByID[strings.ToLower(id)]
	return g, ok
}

// groupByKey finds a group by id or display name.
func (t *tenant) groupByKey(key string) (*group, error) {
	if g, ok := t.group(t.principalID(key)); ok {
		return g, nil
	}
	return nil, fmt.Errorf("no group %q", key)
}

// newGroup makes a group without members that nobody knows yet.
func (t *tenant) newGroup(spec GroupSpec, now time.Time) (*group, error) {
	if spec.ID == "" {
		spec.ID = guid(t.seed, t.id, "group", spec.DisplayName, itoa(uint64(t.groupsMade))) //nolint:gosec // never negative
	}
	if _, exists := t.group(spec.ID); exists {
		return nil, fmt.Errorf("group %s exists", spec.ID)
	}
	licenses, err := t.licensesOf(spec.Licenses)
	if err != nil {
		return nil, err
	}
	g := &group{number: t.groupsMade, groupProfile: &groupProfile{
		id: strings.ToLower(spec.ID), displayName: spec.DisplayName, description: spec.Description, mail: spec.Mail,
		mailNickname: mailNicknameOf(spec), types: spec.Types, membershipRule: spec.MembershipRule,
		synced: spec.Synced, distribution: spec.Distribution, roleAssignable: spec.RoleAssignable, created: now, licenses: licenses,
	}}
	if g.is("Unified") {
		g.visibility = "Private"
	}
	t.groupsMade++
	return g, nil
}

// addGroups makes groups that may contain each other: all of them, or none.
func (t *tenant) addGroups(specs []GroupSpec, now time.Time) error {
	made := make([]*group, 0, len(specs))
	members := make([][]string, len(specs))
	err := func() error {
		for _, spec := range specs {
			g, err := t.newGroup(spec, now)
			if err != nil {
				return err
			}
			t.groups, t.groupsByID[g.id], made = append(t.groups, g), g, append(made, g)
		}
		for i, g := range made {
			var err error
			if members[i], err = t.mayJoin(g, specs[i].Members); err != nil {
				return err
			}
			for _, key := range specs[i].Owners {
				g.owners = append(g.owners, t.principalID(key))
			}
		}
		return nil
	}()
	if err != nil {
		t.groups = t.groups[:len(t.groups)-len(made)]
		for _, g := range made {
			delete(t.groupsByID, g.id)
		}
		return err
	}
	for i, g := range made {
		t.groupLog.append(revision[*groupEvent]{at: now, id: g.id, kind: changeCreated, state: &groupEvent{profile: g.groupProfile}})
		for _, id := range members[i] {
			t.join(g, id, now)
		}
	}
	return nil
}

func mailNicknameOf(spec GroupSpec) string {
	if name, _, ok := strings.Cut(spec.Mail, "@"); ok {
		return name
	}
	return strings.ToLower(strings.ReplaceAll(spec.DisplayName, " ", ""))
}

// mayJoin resolves who is to be in a group. Role-assignable groups do not nest
// (entra-docs role-based-access-control/groups-concept.md).
func (t *tenant) mayJoin(g *group, keys []string) ([]string, error) {
	ids := make([]string, 0, len(keys))
	for _, key := range keys {
		id := t.principalID(key)
		_, isUser := t.users[id]
		_, isGroup := t.group(id)
		switch {
		case isGroup && g.roleAssignable:
			return nil, errors.New("a role-assignable group has no groups as members")
		case !isUser && !isGroup:
			return nil, fmt.Errorf("no account or group %q", key)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// changeGroup replaces a group's state.
func (t *tenant) changeGroup(g *group, change func(next *groupProfile), now time.Time) {
	before, next := g.groupProfile, *g.groupProfile
	change(&next)
	g.groupProfile = &next
	t.groupLog.append(revision[*groupEvent]{
		at: now, id: g.id, kind: changeUpdated, mask: t.groupDifference(before, g.groupProfile),
		before: &groupEvent{profile: before}, state: &groupEvent{profile: g.groupProfile},
	})
}

// groupDifference is what a change of a group shows in.
func (t *tenant) groupDifference(before, after *groupProfile) propSet {
	var changed propSet
	for i, was := range before.row() {
		if !sameValue(was, after.row()[i]) {
			changed.add(propID(i))
		}
	}
	return changed
}

// removeGroup ends a group with its roles and memberships. Microsoft 365 groups
// could be restored for 30 days (api/group-delete.md).
func (t *tenant) removeGroup(g *group, now time.Time) error {
	if len(g.licenses) > 0 {
		return fmt.Errorf("group %q has licenses and cannot be deleted", g.displayName)
	}
	for _, m := range slices.Clone(g.joined) {
		t.leave(m.group, g.id, now)
	}
	for _, id := range g.members {
		if id != "" {
			t.forgetMembership(g, id)
		}
	}
	t.groups = slices.DeleteFunc(t.groups, func(have *group) bool { return have == g })
	delete(t.groupsByID, g.id)
	t.forgetAppRoles(g.id, now)
	t.withdraw(now, func(a roleAssignment) bool { return a.principalID == g.id })
	t.eligibilities = slices.DeleteFunc(t.eligibilities, func(e roleAssignment) bool { return e.principalID == g.id })
	kind := changePurged
	if g.is("Unified") {
		kind = changeDeleted
	}
	t.groupLog.append(revision[*groupEvent]{at: now, id: g.id, kind: kind, state: &groupEvent{profile: g.groupProfile}})
	return nil
}

// AddGroup makes a group and returns its id.
func (s *Server) AddGroup(tenantKey string, spec GroupSpec) (string, error) {
	var id string
	err := s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		err := t.addGroups([]GroupSpec{spec}, now)
		if err == nil {
			id = t.groups[len(t.groups)-1].id
		}
		return err
	})
	return id, err
}

// inGroup runs f for a group found by id or display name.
func (s *Server) inGroup(tenantKey, groupKey string, f func(t *tenant, g *group, now time.Time) error) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		g, err := t.groupByKey(groupKey)
		if err != nil {
			return err
		}
		return f(t, g, now)
	})
}

// AddGroupMember puts an account or a group into a group, as an outsider.
func (s *Server) AddGroupMember(tenantKey, groupKey, member string) error {
	return s.inGroup(tenantKey, groupKey, func(t *tenant, g *group, now time.Time) error {
		ids, err := t.mayJoin(g, []string{member})
		for _, id := range ids {
			t.join(g, id, now)
		}
		return err
	})
}

// RemoveGroupMember takes an account or a group out of a group, as an outsider.
func (s *Server) RemoveGroupMember(tenantKey, groupKey, member string) error {
	return s.inGroup(tenantKey, groupKey, func(t *tenant, g *group, now time.Time) error {
		t.leave(g, t.principalID(member), now)
		return nil
	})
}

// RenameGroup changes a group's display name, as an outsider.
func (s *Server) RenameGroup(tenantKey, groupKey, displayName string) error {
	return s.inGroup(tenantKey, groupKey, func(t *tenant, g *group, now time.Time) error {
		t.changeGroup(g, func(next *groupProfile) { next.displayName = displayName }, now)
		return nil
	})
}

// RemoveGroup deletes a group with its roles and memberships, as an outsider. A
// group that gives licences is refused, as in the portals.
func (s *Server) RemoveGroup(tenantKey, groupKey string) error {
	return s.inGroup(tenantKey, groupKey, func(t *tenant, g *group, now time.Time) error { return t.removeGroup(g, now) })
}
