package inventory

import (
	"slices"
	"strings"
)

// PrincipalRoles are the ids of the directory roles that a principal holds itself over
// the whole tenant: of an account, or of an application's service principal. known is
// false when they could not be read.
func (t *Tenant) PrincipalRoles(id string) (roleIDs []string, known bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, role := range t.facts.roles.byHolder[strings.ToLower(id)] {
		if role.Path == RoleDirect && role.Scope == "/" && !slices.Contains(roleIDs, role.RoleID) {
			roleIDs = append(roleIDs, role.RoleID)
		}
	}
	return roleIDs, t.facts.roles.byHolder != nil
}
