package inventory

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// defaultRole names the role of an assignment to an application that has no roles.
const defaultRole = "Default"

// applicationFacts are the applications that were asked for, and who is assigned to them.
type applicationFacts struct {
	known map[string]directory.Application
	// roles are those of accounts and groups themselves, sorted.
	roles map[string][]AppRole
}

// dropApplications forgets applications and who is assigned to them.
func dropApplications(f *facts, _ Reason) { f.applications = applicationFacts{} }

// keep forgets the applications that nobody asks for; the caller holds the lock.
func (f *applicationFacts) keep(wanted map[string]bool) (changed bool) {
	roles := map[string][]AppRole{}
	for id := range f.known {
		changed = changed || !wanted[id]
	}
	if !changed {
		return false
	}
	for principal, held := range f.roles {
		if held = slices.DeleteFunc(slices.Clone(held), func(r AppRole) bool { return !wanted[r.ApplicationID] }); len(held) > 0 {
			roles[principal] = held
		}
	}
	known := maps.Clone(f.known)
	maps.DeleteFunc(known, func(id string, _ directory.Application) bool { return !wanted[id] })
	f.known, f.roles = known, roles
	return true
}

// applicationReading is what a round reads of applications.
type applicationReading struct {
	facts applicationFacts
	// assigned are the assignments of each application that could be read.
	assigned map[string][]directory.AppRoleAssignment
	missing  Reason
}

// applicationsRound reads the applications that were asked for. One that cannot be read
// does not keep the others from being known.
func applicationsRound(t *Tenant) *round {
	t.mu.RLock()
	ids := slices.Sorted(maps.Keys(t.wantedApplications))
	t.mu.RUnlock()
	r := &applicationReading{
		facts:    applicationFacts{known: map[string]directory.Application{}, roles: map[string][]AppRole{}},
		assigned: map[string][]directory.AppRoleAssignment{},
	}
	round := &round{}
	for _, id := range ids {
		round.tasks = append(round.tasks,
			t.optional("application/"+id, r.refuse, r.application(id)),
			t.optional("applicationAssignments/"+id, r.refuse, r.assignments(id)))
	}
	round.store = func(s *run) (int, Reason) {
		changed := r.store(s)
		return changed + s.meetLinks(LinkAppRole, round), r.missing
	}
	return round
}

func (r *applicationReading) refuse(reason Reason) { r.missing = cmp.Or(r.missing, reason) }

func (r *applicationReading) application(id string) task {
	return once(func(reader directory.Reader, ctx context.Context) (*directory.Application, error) {
		return reader.Application(ctx, id)
	}, func(application *directory.Application) { r.facts.known[id] = *application })
}

func (r *applicationReading) assignments(id string) task {
	return pages(func(reader directory.Reader, ctx context.Context, link string) (*directory.Page[directory.AppRoleAssignment], error) {
		return reader.ApplicationAssignments(ctx, id, link)
	}, func(items []directory.AppRoleAssignment) { r.assigned[id] = slices.Clip(items) })
}

// store puts the roles in the place of those known. An application is known when both it
// and its assignments were read.
func (r *applicationReading) store(s *run) int {
	s.mu.Lock()
	for id, application := range r.facts.known {
		assignments, ok := r.assigned[id]
		if !ok {
			delete(r.facts.known, id)
			continue
		}
		for i := range assignments {
			r.hold(s.canonical(assignments[i].PrincipalID), id, &application, assignments[i].RoleID)
		}
	}
	for principal, roles := range r.facts.roles {
		slices.SortFunc(roles, compareAppRoles)
		r.facts.roles[principal] = slices.Compact(roles)
	}
	same := reflect.DeepEqual(s.facts.applications, r.facts)
	s.facts.applications = r.facts
	s.mu.Unlock()
	if same {
		return 0
	}
	return 1 + s.rederive()
}

func (r *applicationReading) hold(principal, id string, application *directory.Application, roleID string) {
	r.facts.roles[principal] = append(r.facts.roles[principal], appRole(id, application, roleID))
}

// appRole is a role by its id, which is also the name of one that is not listed.
func appRole(id string, application *directory.Application, roleID string) AppRole {
	role := AppRole{ApplicationID: id, Application: cmp.Or(application.DisplayName, id), RoleID: strings.ToLower(roleID)}
	role.Role = role.RoleID
	if role.RoleID == directory.DefaultAppRole {
		role.Role = defaultRole
	}
	for i := range application.Roles {
		if strings.EqualFold(application.Roles[i].ID, roleID) {
			role.Role = cmp.Or(application.Roles[i].DisplayName, role.Role)
		}
	}
	return role
}

func compareAppRoles(a, b AppRole) int {
	return cmp.Or(
		cmp.Compare(a.Application, b.Application),
		cmp.Compare(a.Role, b.Role),
		cmp.Compare(a.ApplicationID, b.ApplicationID),
		cmp.Compare(a.RoleID, b.RoleID),
		cmp.Compare(a.ViaGroup, b.ViaGroup),
	)
}

// appRolesOf are an account's roles in applications: its own, with what the operator
// itself just changed, and those of its groups. Members of nested groups have none
// (https://learn.microsoft.com/graph/api/resources/approleassignment).
func (f *facts) appRolesOf(id string, groups []directory.Group, links []linkHold) []AppRole {
	own := f.applications.roles[id]
	roles := own
	for i := range groups {
		for _, role := range f.applications.roles[groups[i].ID] {
			role.ViaGroup = groups[i].ID
			roles = append(slices.Clip(roles), role)
		}
	}
	for _, h := range links {
		if h.Kind != LinkAppRole {
			continue
		}
		application := f.applications.known[h.Target]
		role := appRole(h.Target, &application, h.Qualifier)
		roles = slices.DeleteFunc(slices.Clone(roles), func(r AppRole) bool { return r == role })
		if h.present {
			roles = append(roles, role)
		}
	}
	if len(roles) > len(own) || len(links) > 0 {
		slices.SortFunc(roles, compareAppRoles)
	}
	return roles
}
