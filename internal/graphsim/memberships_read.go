package graphsim

import "slices"

// directoryRoleSchema is resources/directoryrole.md.
func directoryRoleSchema() *entitySchema {
	return newEntitySchema("microsoft.graph.directoryRole", "DirectoryRole", []property{
		{name: "id", flags: inDefault},
		{name: "deletedDateTime", kind: kindTime, flags: inDefault},
		{name: "description", flags: inDefault},
		{name: "displayName", flags: inDefault},
		{name: "roleTemplateId", flags: inDefault},
	})
}

// memberOf answers api/user-list-memberof.md and user-list-transitivememberof.md:
// groups, and the directory roles held in the whole tenant.
func memberOf(transitive bool, cast string) func(c *call) (*response, error) {
	return func(c *call) (*response, error) {
		r, err := c.target()
		if err != nil {
			return nil, err
		}
		id := r.current.id
		groups := c.tenant.groupsOf(id, transitive)
		roles := c.tenant.rolesHeld(id, groups, transitive)
		return c.list(c.objectListing(len(groups)+len(roles), func(i int) (*directoryObject, bool) {
			if i < len(groups) {
				return c.object(groups[i].id)
			}
			return c.roleObject(roles[i-len(groups)])
		}, cast))
	}
}

// target is the account that a list of its relations is about.
func (c *call) target() (*userRecord, error) {
	if c.query.has("skip") {
		return nil, badRequest("'$skip' is not supported by the service.")
	}
	return c.account(c.params[0])
}

// rolesHeld are the roles assigned in the whole tenant to an account, or to its
// groups too.
func (t *tenant) rolesHeld(id string, groups []*group, transitive bool) []string {
	var roles []string
	for _, a := range t.assignments {
		holds := a.principalID == id || transitive && slices.ContainsFunc(groups, func(g *group) bool { return g.id == a.principalID })
		if holds && a.scope == "/" && !slices.Contains(roles, a.roleID) {
			roles = append(roles, a.roleID)
		}
	}
	return roles
}

// roleObject is an activated role as the directory lists it among other objects.
func (c *call) roleObject(template string) (*directoryObject, bool) {
	def, ok := roleByKey(template)
	s, id := c.srv.types.directoryRole, guid(c.tenant.seed, c.tenant.id, "directory role", template)
	return &directoryObject{
		id: id, typeName: typeDirectoryRole, schema: s, values: row{id, nil, def.description, def.name, def.id},
		defaults: s.defaults, readable: true, // whoever may list memberships may read roles
	}, ok
}

// ownedObjects: api/user-list-ownedobjects.md, of groups.
func ownedObjects(cast string) func(c *call) (*response, error) {
	return func(c *call) (*response, error) {
		r, err := c.target()
		if err != nil {
			return nil, err
		}
		var ids []string
		for _, g := range c.tenant.groups {
			if slices.Contains(g.owners, r.current.id) {
				ids = append(ids, g.id)
			}
		}
		return c.list(c.memberListing(ids, cast))
	}
}

// groupOwners: api/group-list-owners.md.
func groupOwners(c *call) (*response, error) {
	if c.query.has("skip") {
		return nil, badRequest("'$skip' is not supported by the service.")
	}
	g, ok := c.tenant.group(c.params[0])
	if !ok {
		return nil, notFound(c.params[0])
	}
	return c.list(c.memberListing(g.owners, ""))
}
