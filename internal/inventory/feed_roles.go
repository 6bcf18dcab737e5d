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

// roleFacts are who holds directory roles, and who may activate them.
type roleFacts struct {
	// definitions are the roles there are.
	definitions []directory.RoleDefinition
	// byHolder are the roles of accounts and of service principals.
	byHolder map[string][]Role
	// complete is true when every active holder is known.
	complete bool
	// eligibilities tells why those who may activate a role are not all known; empty
	// when they are.
	eligibilities Reason
}

// dropRoles forgets who holds roles.
func dropRoles(f *facts, reason Reason) { f.roles = roleFacts{eligibilities: reason} }

// roleReading is what a round reads of roles.
type roleReading struct {
	tenant      *Tenant
	round       *round
	definitions []directory.RoleDefinition
	names       map[string]string
	// active and eligible are the holdings; missing tells why the eligible ones could
	// not be read.
	active, eligible []directory.RoleAssignment
	missing          Reason
	// members are the users in the groups that have a role; refused are the groups
	// whose members could not be read.
	members map[string][]string
	refused map[string]Reason
}

// rolesRound reads roles, who holds them, who may activate them, and the members of
// the groups among those.
func rolesRound(t *Tenant) *round {
	reading := &roleReading{
		tenant:  t,
		names:   map[string]string{},
		members: map[string][]string{},
		refused: map[string]Reason{},
	}
	reading.round = &round{store: reading.store, tasks: []task{
		pages(directory.Reader.RoleDefinitions, func(roles []directory.RoleDefinition) {
			reading.definitions = slices.Clip(roles)
			for _, role := range roles {
				reading.names[strings.ToLower(role.ID)] = role.DisplayName
			}
		}),
		pages(directory.Reader.RoleAssignments, func(items []directory.RoleAssignment) {
			reading.active = items
		}),
		t.optional("roleEligibilities", func(reason Reason) { reading.missing = reason },
			pages(directory.Reader.RoleEligibilities, func(items []directory.RoleAssignment) {
				reading.eligible = items
			})),
		reading.readGroups,
	}}
	return reading.round
}

// readGroups adds a task for every group that has a role. A principal of unknown kind
// that is no account may be one.
func (r *roleReading) readGroups(context.Context, directory.Reader) (bool, error) {
	groups := map[string]bool{}
	for _, holding := range slices.Concat(r.active, r.eligible) {
		id := strings.ToLower(holding.PrincipalID)
		if r.isGroup(id, holding.PrincipalKind) {
			groups[id] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(groups)) {
		r.round.tasks = append(r.round.tasks, r.tenant.optional("roleGroup/"+id,
			func(reason Reason) { r.refused[id] = reason },
			membersOf(id, func(members []string) { r.members[id] = members })))
	}
	return true, nil
}

func (r *roleReading) isGroup(id string, kind directory.PrincipalKind) bool {
	switch kind {
	case directory.PrincipalGroup:
		return true
	case directory.PrincipalUnknown:
		r.tenant.mu.RLock()
		defer r.tenant.mu.RUnlock()
		_, isAccount := r.tenant.accounts[id]
		return !isAccount
	default:
		return false
	}
}

// membersOf is a task that reads the users in a group that has a role; a group that is
// no longer there has none.
func membersOf(id string, take func([]string)) task {
	read := pages(groupMembers(id), take)
	return func(ctx context.Context, reader directory.Reader) (bool, error) {
		done, err := read(ctx, reader)
		if directory.KindOf(err) == directory.KindNotFound {
			return true, nil
		}
		return done, err
	}
}

func groupMembers(id string) func(directory.Reader, context.Context, string) (*directory.Page[string], error) {
	return func(reader directory.Reader, ctx context.Context, link string) (*directory.Page[string], error) {
		return reader.GroupMembers(ctx, id, link)
	}
}

// store puts the roles in the place of those known.
func (r *roleReading) store(s *run) (changed int, missing Reason) {
	facts := r.facts()
	s.mu.Lock()
	same := reflect.DeepEqual(s.facts.roles, facts)
	s.facts.roles = facts
	switch {
	case !facts.complete:
		missing = r.firstRefusal(r.active)
	case !s.facts.eligibilitiesKnown():
		missing = facts.eligibilities
	}
	s.mu.Unlock()
	if !same {
		changed = s.rederive()
	}
	return changed + s.meetLinks(LinkRole, r.round), missing
}

func (r *roleReading) facts() roleFacts {
	f := roleFacts{definitions: r.definitions, byHolder: map[string][]Role{}, eligibilities: r.missing}
	f.complete = r.firstRefusal(r.active) == ""
	if f.eligibilities == "" {
		f.eligibilities = r.firstRefusal(r.eligible)
	}
	for _, holding := range r.active {
		r.hold(&f, holding, RoleDirect, RoleGroup)
	}
	for _, holding := range r.eligible {
		r.hold(&f, holding, RoleEligible, RoleEligible)
	}
	for id, roles := range f.byHolder {
		slices.SortFunc(roles, compareRoles)
		f.byHolder[id] = slices.Compact(roles)
	}
	return f
}

// hold adds a holding to the principal, or to each account in the group, that has it.
func (r *roleReading) hold(f *roleFacts, holding directory.RoleAssignment, direct, grouped RolePath) {
	role := Role{RoleID: strings.ToLower(holding.RoleID), Scope: holding.Scope, Path: direct}
	role.Name = cmp.Or(r.names[role.RoleID], role.RoleID)
	principal := strings.ToLower(holding.PrincipalID)
	if !r.isGroup(principal, holding.PrincipalKind) {
		f.byHolder[principal] = append(f.byHolder[principal], role)
		return
	}
	role.Path, role.ViaGroup = grouped, principal
	for _, member := range r.members[principal] {
		member = strings.ToLower(member)
		f.byHolder[member] = append(f.byHolder[member], role)
	}
}

// firstRefusal tells why a group among the holders could not be read, if one could not.
func (r *roleReading) firstRefusal(holdings []directory.RoleAssignment) Reason {
	for _, holding := range holdings {
		if reason, ok := r.refused[strings.ToLower(holding.PrincipalID)]; ok {
			return reason
		}
	}
	return ""
}

func compareRoles(a, b Role) int {
	return cmp.Or(
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.RoleID, b.RoleID),
		cmp.Compare(a.Scope, b.Scope),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.ViaGroup, b.ViaGroup),
	)
}

// rolesOf are the roles of an account, with what the operator itself just changed.
func (f *facts) rolesOf(id string, links []linkHold) []Role {
	roles := f.roles.byHolder[id]
	for _, h := range links {
		if h.Kind != LinkRole || slices.ContainsFunc(roles, h.isRole) == h.present {
			continue
		}
		roles = slices.DeleteFunc(slices.Clone(roles), h.isRole)
		if h.present {
			roles = append(roles, Role{Name: f.roles.name(h.Target), RoleID: h.Target, Scope: h.Qualifier, Path: RoleDirect})
			slices.SortFunc(roles, compareRoles)
		}
	}
	return roles
}

// name of a role; its id when it is not listed.
func (f *roleFacts) name(id string) string {
	for _, role := range f.definitions {
		if strings.EqualFold(role.ID, id) {
			return cmp.Or(role.DisplayName, id)
		}
	}
	return id
}
