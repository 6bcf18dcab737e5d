package graphsim

// mayWrite decides property by property whether the token's permissions are
// enough (api/user-update.md, "Permissions for specific scenarios").
func (c *call) mayWrite(p *userPatch) error {
	for i := range c.srv.schema.props {
		prop := propID(i)
		if !p.has(prop) {
			continue
		}
		def := &c.srv.schema.props[i]
		general := generalUserWrite()
		if def.name == "employeeLeaveDateTime" {
			general = nil // only its own permission will do
		}
		if !c.allowed(append(general, def.perms...)...) {
			return denied()
		}
		if prop == propAccountEnabled && !c.allowed(generalUserWrite()...) && !c.allowed(fullUserRead()...) {
			return denied() // User.EnableDisableAccount.All works only together with User.Read.All
		}
	}
	return nil
}

// mayTouch guards sensitive properties of administrators, and passwords of
// everybody, by the directory roles of the app (resources/users.md, "who can
// perform sensitive actions").
func (c *call) mayTouch(target string, p *userPatch) error {
	own := c.tenant.appRoles(c.principal(), c.now)
	if p.password != nil && !own[roleUserAdministrator] && !own[rolePrivilegedAuthentication] && !own[roleGlobalAdministrator] {
		return denied()
	}
	touches := false
	for i := range c.srv.schema.props {
		touches = touches || c.srv.schema.props[i].is(sensitive) && p.has(propID(i))
	}
	if touches {
		return c.mayAct(target)
	}
	return nil
}

// mayAct guards administrators against sensitive acts, deletion and restore among
// them.
func (c *call) mayAct(target string) error {
	own := c.tenant.appRoles(c.principal(), c.now)
	if !covers(own, c.tenant.rolesOf(target, c.tenant.inForce(c.now)), c.tenant.inRoleAssignableGroup(target)) {
		return denied()
	}
	return nil
}
