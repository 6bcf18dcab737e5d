package inventory

import (
	"cmp"
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// GroupsKnown tells whether the tenant's groups and their members were read.
func (t *Tenant) GroupsKnown() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.facts.memberships.reason == ""
}

// Group is a group by its object id.
func (t *Tenant) Group(id string) (directory.Group, bool) {
	id = strings.ToLower(id)
	t.mu.RLock()
	defer t.mu.RUnlock()
	group, ok := t.facts.memberships.groups[id]
	return group, ok
}

// SKUs are the tenant's subscriptions, sorted by part number; nil when they were not
// read. The slice is shared: it must not be changed.
func (t *Tenant) SKUs() []directory.SKU {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.facts.skus
}

// RolesKnown tells whether everybody who holds a directory role, active, is known.
func (t *Tenant) RolesKnown() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.facts.roles.complete
}

// RoleNamed is a directory role by its id, or by its display name without regard to
// case; false also when several carry the name.
func (t *Tenant) RoleNamed(nameOrID string) (directory.RoleDefinition, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var found []directory.RoleDefinition
	for _, role := range t.facts.roles.definitions {
		if strings.EqualFold(role.ID, nameOrID) {
			return role, true
		}
		if strings.EqualFold(role.DisplayName, nameOrID) {
			found = append(found, role)
		}
	}
	if len(found) != 1 {
		return directory.RoleDefinition{}, false
	}
	return found[0], true
}

// Application is an application that the last Sync was asked for, by its service
// principal's id; false unless it was read together with its assignments. Its slices are
// shared: they must not be changed.
func (t *Tenant) Application(id string) (directory.Application, bool) {
	id = strings.ToLower(id)
	t.mu.RLock()
	defer t.mu.RUnlock()
	application, ok := t.facts.applications.known[id]
	return application, ok
}

// Admins are the accounts known to hold, or to be allowed to activate, a directory role,
// sorted by id.
func (t *Tenant) Admins() []Observation {
	t.mu.RLock()
	defer t.mu.RUnlock()
	admins := make([]Observation, 0, len(t.admins))
	for _, a := range t.admins {
		admins = append(admins, a.shown)
	}
	slices.SortFunc(admins, func(a, b Observation) int { return cmp.Compare(a.User.ID, b.User.ID) })
	return admins
}
