package graphsim

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// directoryPage is the page of directory collections without $top.
const directoryPage = 100

func roleDefinitionSchema() *entitySchema {
	return newEntitySchema("microsoft.graph.unifiedRoleDefinition", "RoleDefinition", []property{
		{name: "id", flags: inDefault | filterEq},
		{name: "description", flags: inDefault},
		{name: "displayName", flags: inDefault | filterEq},
		{name: "isBuiltIn", kind: kindBool, flags: inDefault | filterEq},
		{name: "isEnabled", kind: kindBool, flags: inDefault},
		{name: "resourceScopes", kind: kindStrings, flags: inDefault},
		{name: "templateId", flags: inDefault},
		{name: "version", flags: inDefault},
		{name: "rolePermissions", kind: kindObject, flags: inDefault},
	})
}

func roleAssignmentSchema() *entitySchema {
	return newEntitySchema("microsoft.graph.unifiedRoleAssignment", "RoleAssignment", []property{
		{name: "id", flags: inDefault},
		{name: "principalId", flags: inDefault | filterEq},
		{name: "principalOrganizationId", flags: inDefault},
		{name: "resourceScope", flags: inDefault},
		{name: "directoryScopeId", flags: inDefault | filterEq},
		{name: "roleDefinitionId", flags: inDefault | filterEq},
	})
}

func roleEligibilitySchema() *entitySchema {
	return newEntitySchema("microsoft.graph.unifiedRoleEligibilityScheduleInstance", "RoleEligibilityScheduleInstance", []property{
		{name: "id", flags: inDefault},
		{name: "principalId", flags: inDefault | filterEq},
		{name: "roleDefinitionId", flags: inDefault | filterEq},
		{name: "directoryScopeId", flags: inDefault | filterEq},
		{name: "appScopeId", flags: inDefault},
		{name: "startDateTime", kind: kindTime, flags: inDefault},
		{name: "endDateTime", kind: kindTime, flags: inDefault},
		{name: "memberType", flags: inDefault},
		{name: "roleEligibilityScheduleId", flags: inDefault},
	})
}

func (r roleDefinition) row() row {
	return row{r.id, r.description, r.name, true, true, []string{"/"}, r.id, "1", []any{}}
}

// listRoleDefinitions: api/rbacapplication-list-roledefinitions.md. All come at once.
func listRoleDefinitions(c *call) (*response, error) {
	var rows []row
	for _, r := range builtInRoles() {
		rows = append(rows, r.row())
	}
	l := &listing{schema: c.srv.types.roleDefinition, context: "roleManagement/directory/roleDefinitions", absent: []string{"expand"}}
	return c.list(l.rows(rows))
}

func getRoleDefinition(c *call) (*response, error) {
	for _, r := range builtInRoles() {
		if strings.EqualFold(r.id, c.params[0]) {
			return c.getOne(c.srv.types.roleDefinition, "roleManagement/directory/roleDefinitions", r.row())
		}
	}
	return nil, notFound(c.params[0])
}

// listRoleAssignments: api/rbacapplication-list-roleassignments.md.
func listRoleAssignments(c *call) (*response, error) {
	rows := c.assignmentRows(c.tenant.assignments, c.roleRow)
	return c.list(c.expandable(&listing{
		schema: c.srv.types.roleAssignment, context: "roleManagement/directory/roleAssignments", page: directoryPage, expands: true,
	}, rows))
}

// listRoleEligibilities: api/rbacapplication-list-roleeligibilityscheduleinstances.md.
// Privileged Identity Management is part of Microsoft Entra ID P2.
func listRoleEligibilities(c *call) (*response, error) {
	if !c.tenant.hasPlan(planEntraP2) {
		return nil, &graphError{
			status: http.StatusBadRequest, code: "AadPremiumLicenseRequired",
			message: "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
		}
	}
	rows := c.assignmentRows(c.tenant.eligibilities, func(e roleAssignment) row {
		schedule := guid(c.tenant.seed, c.tenant.id, "eligibility schedule", e.id)
		return row{e.id, e.principalID, e.roleID, e.scope, nil, e.since, nil, "Direct", schedule}
	})
	return c.list(c.expandable(&listing{
		schema: c.srv.types.roleEligibility, context: "roleManagement/directory/roleEligibilityScheduleInstances", page: directoryPage, expands: true,
	}, rows))
}

// assignmentRows leaves out what deleted accounts had: it returns with them.
func (c *call) assignmentRows(of []roleAssignment, render func(roleAssignment) row) []row {
	var rows []row
	for _, a := range of {
		if r, isUser := c.tenant.users[a.principalID]; !isUser || r.live() {
			rows = append(rows, render(a))
		}
	}
	return rows
}

// expandable adds $expand=principal or $expand=roleDefinition.
func (c *call) expandable(l *listing, rows []row) *listing {
	plain := l.rows(rows).renderer
	l.renderer = func(asked *listToken) (func(properties) json.RawMessage, error) {
		if asked.Expand == "" {
			return plain(asked)
		}
		sel, err := l.schema.selectionOf(asked.Select)
		if err != nil {
			return nil, err
		}
		name, expand, err := c.expander(l.schema, asked.Expand)
		return func(element properties) json.RawMessage {
			return object(append(l.schema.project(element, sel), jsonMember{name, expand(element)})...)
		}, err
	}
	return l
}

// expansion is $expand=name or $expand=name($select=a,b).
var expansion = regexp.MustCompile(`^\s*(\w+)\s*(?:\(\s*\$select\s*=\s*([^()]*)\))?\s*$`)

// expander reads $expand: which navigation property it adds, and what that is.
func (c *call) expander(of *entitySchema, raw string) (name string, expand func(properties) any, err error) {
	found := expansion.FindStringSubmatch(raw)
	if found == nil {
		return "", nil, notSimulated("$expand=" + raw)
	}
	navigation, selected := found[1], strings.TrimSpace(found[2])
	switch strings.ToLower(navigation) {
	case "principal":
		principal, _ := of.lookup("principalId")
		sel, err := c.objectSelection(selected)
		return "principal", func(element properties) any { return c.expandPrincipal(textOf(element, principal), sel) }, err
	case "roledefinition":
		role, _ := of.lookup("roleDefinitionId")
		sel, err := c.srv.types.roleDefinition.selectionOf(selected)
		return "roleDefinition", func(element properties) any { return c.expandRole(textOf(element, role), sel) }, err
	case "directoryscope", "appscope":
		return "", nil, notSimulated("$expand=" + raw)
	default:
		return "", nil, unknownProperty(navigation, of.typeName)
	}
}

// expandPrincipal is a user, group or service principal; null if it is gone.
func (c *call) expandPrincipal(id string, selected objectSelection) any {
	o, ok := c.object(id)
	if !ok {
		return nil
	}
	if o.typeName == typeUser { // more than a list of users has by default
		for _, p := range []propID{propAccountEnabled, propMailNickname, propUserType} {
			o.defaults.add(p)
		}
	}
	return c.render(o, selected, true)
}

func (c *call) expandRole(id string, sel propSet) any {
	roles := builtInRoles()
	i := slices.IndexFunc(roles, func(r roleDefinition) bool { return r.id == id })
	if i < 0 {
		return nil
	}
	return object(c.srv.types.roleDefinition.project(roles[i].row(), sel)...)
}
