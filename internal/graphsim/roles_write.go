package graphsim

import (
	"slices"
	"strings"
)

// Effects of Graph requests on directory roles. They count for the principal, which
// may be a group.
const (
	EffectRoleGrant  Effect = "roleGrant"
	EffectRoleRemove Effect = "roleRemove"
)

// createRoleAssignment: api/rbacapplication-post-roleassignments.md.
func createRoleAssignment(c *call) (*response, error) {
	body, err := c.readBody("microsoft.graph.unifiedRoleAssignment", "principalId", "roleDefinitionId", "directoryScopeId")
	if err != nil {
		return nil, err
	}
	a := roleAssignment{since: c.now}
	if err := requireTexts(body, "RoleAssignment", required{"principalId", &a.principalID}, required{"roleDefinitionId", &a.roleID},
		required{"directoryScopeId", &a.scope}); err != nil {
		return nil, err
	}
	if err := c.mayGrant(&a); err != nil {
		return nil, err
	}
	c.tenant.assignments = append(c.tenant.assignments, a)
	c.tenant.stats.effect(a.principalID, EffectRoleGrant)
	s := c.srv.types.roleAssignment
	return created(object(append(c.context("roleManagement/directory/roleAssignments/$entity"), s.project(c.roleRow(a), s.defaults)...)...)), nil
}

func (c *call) roleRow(a roleAssignment) row {
	return row{a.id, a.principalID, c.tenant.id, a.scope, a.scope, a.roleID}
}

// mayGrant completes an assignment, or refuses what cannot be assigned. The
// simulator has no administrative units, so the whole tenant is the only scope.
func (c *call) mayGrant(a *roleAssignment) error {
	a.principalID = strings.ToLower(a.principalID)
	def, known := roleByID(a.roleID)
	if !known {
		return notFound(a.roleID)
	}
	a.roleID = def.id
	if unit, scoped := strings.CutPrefix(a.scope, "/administrativeUnits/"); scoped {
		return notFound(unit)
	}
	if a.scope != "/" {
		return badRequest("The directory scope '" + a.scope + "' is not valid.")
	}
	if !c.knowsPrincipal(a.principalID) {
		return notFound(a.principalID)
	}
	if err := c.tenant.mayHoldRoles(a.principalID); err != nil {
		return badRequest("The group is not assignable to a role: its property isAssignableToRole is not true.")
	}
	a.id = c.tenant.assignmentID(a.roleID, a.principalID, a.scope)
	if slices.ContainsFunc(c.tenant.assignments, func(b roleAssignment) bool { return a.id == b.id }) {
		return badRequest("A conflicting object with one or more of the specified property values is present in the directory.")
	}
	return nil
}

// roleByID finds a role by its template id, which is also its id.
func roleByID(id string) (roleDefinition, bool) {
	def, ok := roleByKey(id)
	return def, ok && strings.EqualFold(def.id, id)
}

// shownAssignment finds an assignment whose principal is not among the deleted items.
func (c *call) shownAssignment(id string) (roleAssignment, bool) {
	i := slices.IndexFunc(c.tenant.assignments, func(a roleAssignment) bool { return a.id == id })
	if i < 0 {
		return roleAssignment{}, false
	}
	a := c.tenant.assignments[i]
	r, isUser := c.tenant.users[a.principalID]
	return a, !isUser || r.live()
}

// getRoleAssignment: api/unifiedroleassignment-get.md.
func getRoleAssignment(c *call) (*response, error) {
	if c.query.has("expand") {
		return nil, notSimulated("$expand on /roleManagement/directory/roleAssignments/{id}")
	}
	a, ok := c.shownAssignment(c.params[0])
	if !ok {
		return nil, notFound(c.params[0])
	}
	return c.getOne(c.srv.types.roleAssignment, "roleManagement/directory/roleAssignments", c.roleRow(a))
}

// deleteRoleAssignment: api/unifiedroleassignment-delete.md.
func deleteRoleAssignment(c *call) (*response, error) {
	a, ok := c.shownAssignment(c.params[0])
	if !ok {
		return nil, notFound(c.params[0])
	}
	c.tenant.withdraw(c.now, func(b roleAssignment) bool { return b.id == a.id })
	c.tenant.stats.effect(a.principalID, EffectRoleRemove)
	return noContent(), nil
}
