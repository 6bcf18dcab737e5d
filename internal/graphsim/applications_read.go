package graphsim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// servicePrincipalSchema is resources/serviceprincipal.md.
func servicePrincipalSchema() *entitySchema {
	plain := func(names ...string) (props []property) {
		for _, name := range names {
			props = append(props, property{name: name, flags: inDefault})
		}
		return props
	}
	props := []property{
		{name: "id", flags: inDefault | filterEq},
		{name: "deletedDateTime", kind: kindTime, flags: inDefault},
		{name: "accountEnabled", kind: kindBool, flags: inDefault | filterEq},
		{name: "appDisplayName", flags: inDefault},
		{name: "appId", flags: inDefault | filterable},
		{name: "displayName", flags: inDefault | filterable},
		{name: "servicePrincipalType", flags: inDefault | filterEq},
		{name: "signInAudience", flags: inDefault | filterable},
		{name: "description", flags: inDefault},
		{name: "appRoleAssignmentRequired", kind: kindBool, flags: inDefault},
		{name: "appRoles", kind: kindObject, flags: inDefault},
		{name: "appOwnerOrganizationId", flags: inDefault},
		{name: "servicePrincipalNames", kind: kindStrings, flags: inDefault | filterable},
		{name: "tags", kind: kindStrings, flags: inDefault | filterable},
		{name: "alternativeNames", kind: kindStrings, flags: inDefault | filterable},
		{name: "replyUrls", kind: kindStrings, flags: inDefault},
		{name: "notificationEmailAddresses", kind: kindStrings, flags: inDefault},
		{name: "addIns", kind: kindStrings, flags: inDefault},
		{name: "keyCredentials", kind: kindStrings, flags: inDefault},
		{name: "oauth2PermissionScopes", kind: kindStrings, flags: inDefault},
		{name: "passwordCredentials", kind: kindStrings, flags: inDefault},
		{name: "resourceSpecificApplicationPermissions", kind: kindStrings, flags: inDefault},
	}
	return newEntitySchema("microsoft.graph.servicePrincipal", "ServicePrincipal", append(props, plain("appDescription", "applicationTemplateId",
		"disabledByMicrosoftStatus", "homepage", "loginUrl", "logoutUrl", "notes", "preferredSingleSignOnMode", "preferredTokenSigningKeyThumbprint",
		"tokenEncryptionKeyId")...))
}

func (s *entitySchema) rowOf(values ...any) row {
	return append(row(values), make([]any, len(s.props)-len(values))...)
}

// principalRow is a client app that was consented to.
func (s *Server) principalRow(sp *servicePrincipal, app string) row {
	name := app
	if a, ok := (*s.apps.Load())[app]; ok && a.displayName != "" {
		name = a.displayName
	}
	return s.types.servicePrincipal.rowOf(sp.id, nil, true, name, app, name, "Application", "AzureADMultipleOrgs",
		nil, false, []appRole{}, nil, []string{app})
}

// applicationRow is an enterprise application.
func (s *Server) applicationRow(a *enterpriseApp, tenant string) row {
	var description any
	if a.description != "" {
		description = a.description
	}
	roles := append([]appRole{}, a.roles...)
	return s.types.servicePrincipal.rowOf(a.id, nil, !a.disabled, a.displayName, a.appID, a.displayName, "Application", "AzureADMyOrg",
		description, a.assignmentRequired, roles, tenant, []string{a.appID}, []string{"WindowsAzureActiveDirectoryIntegratedApp"})
}

// servicePrincipals are all there are, in an order that stays: the apps consented
// to, then the enterprise applications.
func (c *call) servicePrincipals() []row {
	var rows []row
	for _, app := range slices.Sorted(maps.Keys(c.tenant.principals)) {
		rows = append(rows, c.srv.principalRow(c.tenant.principals[app], app))
	}
	for _, a := range c.tenant.apps.order {
		rows = append(rows, c.srv.applicationRow(a, c.tenant.id))
	}
	return rows
}

// listServicePrincipals: api/serviceprincipal-list.md.
func listServicePrincipals(c *call) (*response, error) {
	if c.query.has("skip") {
		return nil, badRequest("'$skip' is not supported by the service.")
	}
	l := &listing{
		schema: c.srv.types.servicePrincipal, context: "servicePrincipals", page: directoryPage, maxTop: maxPage, count: countEventual,
		absent: []string{"search", "orderby", "expand"},
	}
	return c.list(l.rows(c.servicePrincipals()))
}

// applicationIDKey finds the key of servicePrincipals(appId='…').
const applicationIDKey = "appId="

// servicePrincipal finds a service principal by object id or by appId='…'; the
// application is nil for an app that was consented to.
func (c *call) servicePrincipal(key string) (id string, of *enterpriseApp, ok bool) {
	appID := ""
	if len(key) > len(applicationIDKey) && strings.EqualFold(key[:len(applicationIDKey)], applicationIDKey) {
		appID, _ = unquote(key[len(applicationIDKey):])
		if sp, consented := c.tenant.principals[strings.ToLower(appID)]; consented {
			return sp.id, nil, true
		}
	}
	for _, a := range c.tenant.apps.order {
		if a.id == strings.ToLower(key) || a.appID == strings.ToLower(appID) {
			return a.id, a, true
		}
	}
	if sp, _, consented := c.tenant.principalByID(strings.ToLower(key)); consented {
		return sp.id, nil, true
	}
	return "", nil, false
}

// getServicePrincipal: api/serviceprincipal-get.md.
func getServicePrincipal(c *call) (*response, error) {
	id, a, ok := c.servicePrincipal(c.params[0])
	if !ok {
		return nil, notFound(c.params[0])
	}
	if a != nil {
		return c.getOne(c.srv.types.servicePrincipal, "servicePrincipals", c.srv.applicationRow(a, c.tenant.id))
	}
	sp, app, _ := c.tenant.principalByID(id)
	return c.getOne(c.srv.types.servicePrincipal, "servicePrincipals", c.srv.principalRow(sp, app))
}

// appRoleAssignmentSchema is resources/approleassignment.md.
func appRoleAssignmentSchema() *entitySchema {
	return newEntitySchema("microsoft.graph.appRoleAssignment", "AppRoleAssignment", []property{
		{name: "id", flags: inDefault},
		{name: "deletedDateTime", kind: kindTime, flags: inDefault},
		{name: "appRoleId", kind: kindGUID, flags: inDefault},
		{name: "createdDateTime", kind: kindTime, flags: inDefault},
		{name: "principalDisplayName", flags: inDefault | filterable},
		{name: "principalId", kind: kindGUID, flags: inDefault},
		{name: "principalType", flags: inDefault},
		{name: "resourceDisplayName", flags: inDefault},
		{name: "resourceId", kind: kindGUID, flags: inDefault | filterEq},
	})
}

// appAssignmentRow is an assignment, unless its principal is among the deleted items.
func (c *call) appAssignmentRow(g *appAssignment) (row, bool) {
	a, ok := c.tenant.application(g.appID)
	if !ok {
		return nil, false
	}
	kind, name := c.tenant.principalType(g.principalID), c.appName(g.principalID)
	if r, isUser := c.tenant.users[g.principalID]; isUser {
		if !r.live() {
			return nil, false
		}
		name = r.current.str(propDisplayName)
	}
	if of, isGroup := c.tenant.group(g.principalID); isGroup {
		name = of.displayName
	}
	return row{g.id, nil, g.roleID, g.created, name, g.principalID, kind, a.displayName, a.id}, kind != ""
}

// appName is the display name of a service principal.
func (c *call) appName(id string) string {
	if a, ok := c.tenant.application(id); ok {
		return a.displayName
	}
	sp, app, ok := c.tenant.principalByID(id)
	if !ok {
		return ""
	}
	return textOf(c.srv.principalRow(sp, app), 5)
}

// assignmentsSeen are the assignments as the replica that answers has them: shortly
// after a write it may be the state before
// (api/serviceprincipal-list-approleassignedto.md, "replication delays").
func (c *call) assignmentsSeen(now []*appAssignment, belongs func(*appAssignment) bool) []*appAssignment {
	q := c.tenant.quirks
	if q.ReadStale == 0 || chance(c.tenant.seed, "assignments", itoa(c.entry.Seq)) >= q.ReadStale {
		return now
	}
	seen := c.now.Add(-q.ReadLag)
	before := slices.DeleteFunc(slices.Clone(now), func(g *appAssignment) bool { return g.created.After(seen) })
	for _, g := range c.tenant.apps.removed {
		if belongs(g) && g.removed.After(seen) && !g.created.After(seen) {
			before = append(before, g)
		}
	}
	return before
}

// listAssignments lists assignments of one principal or one application.
func (c *call) listAssignments(assignments []*appAssignment, context string) (*response, error) {
	if c.query.has("skip") {
		return nil, badRequest("'$skip' is not supported by the service.")
	}
	l := &listing{
		schema: c.srv.types.appRoleAssignment, context: context, page: directoryPage, maxTop: maxPage, count: countEventual,
		absent: []string{"search", "orderby", "expand"}, length: len(assignments),
		at: func(place int) (properties, bool) {
			r, ok := c.appAssignmentRow(assignments[place])
			return r, ok
		},
	}
	return c.list(l.plainly())
}

// listAppRoleAssignedTo: api/serviceprincipal-list-approleassignedto.md.
func listAppRoleAssignedTo(c *call) (*response, error) {
	id, _, ok := c.servicePrincipal(c.params[0])
	if !ok {
		return nil, notFound(c.params[0])
	}
	assignments := c.assignmentsSeen(c.tenant.apps.byApp[id], func(g *appAssignment) bool { return g.appID == id })
	return c.listAssignments(assignments, "servicePrincipals('"+id+"')/appRoleAssignedTo")
}

// listAppRoleAssignments lists what a user, a group or a service principal holds,
// directly (api/user-list-approleassignments.md, group-list-approleassignments.md).
func listAppRoleAssignments(of string) func(c *call) (*response, error) {
	return func(c *call) (*response, error) {
		id, ok := c.holder(of)
		if !ok {
			return nil, notFound(c.params[0])
		}
		assignments := c.assignmentsSeen(c.tenant.apps.byPrincipal[id], func(g *appAssignment) bool { return g.principalID == id })
		return c.listAssignments(assignments, of+"('"+id+"')/appRoleAssignments")
	}
}

// holder finds the principal whose assignments a path names.
func (c *call) holder(of string) (id string, ok bool) {
	switch of {
	case "users":
		r, err := c.account(c.params[0])
		if err != nil {
			return "", false
		}
		return r.current.id, true
	case "groups":
		if g, ok := c.tenant.group(c.params[0]); ok {
			return g.id, true
		}
		return "", false
	default:
		id, _, ok := c.servicePrincipal(c.params[0])
		return id, ok
	}
}

// assignmentEntity renders one assignment.
func (c *call) assignmentEntity(g *appAssignment, context string) json.RawMessage {
	r, _ := c.appAssignmentRow(g)
	s := c.srv.types.appRoleAssignment
	return object(append(c.context(context+"/$entity"), s.project(r, s.defaults)...)...)
}
