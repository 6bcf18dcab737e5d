package graphsim

import "slices"

// feedEndpoints are the tenant-wide reports and lists that tell more of accounts
// than the users themselves do, and the batch that asks for many at once.
func feedEndpoints() []*endpoint {
	return slices.Concat(reportEndpoints(), roleEndpoints(), groupEndpoints(), policyEndpoints(), []*endpoint{
		{method: "POST", template: "/$batch", v1: true, beta: true, class: classBatch},
	})
}

func reportEndpoints() []*endpoint {
	return []*endpoint{
		{
			method: "GET", template: "/reports/authenticationMethods/userRegistrationDetails", v1: true, beta: true, class: classReport,
			perms: []string{"AuditLog.Read.All"}, denied: permissionMissing, handle: listRegistrations,
		},
	}
}

func roleEndpoints() []*endpoint {
	return []*endpoint{
		{method: "GET", template: "/roleManagement/directory/roleDefinitions", v1: true, beta: true, cost: 1, perms: roleRead(), handle: listRoleDefinitions},
		{method: "GET", template: "/roleManagement/directory/roleDefinitions/{id}", v1: true, beta: true, cost: 1, perms: roleRead(), handle: getRoleDefinition},
		{method: "GET", template: "/roleManagement/directory/roleAssignments", v1: true, beta: true, cost: 1, perms: roleRead(), handle: listRoleAssignments},
		{
			method: "GET", template: "/roleManagement/directory/roleEligibilityScheduleInstances", v1: true, beta: true, cost: 1,
			perms: eligibilityRead(), handle: listRoleEligibilities,
		},
	}
}

func groupEndpoints() []*endpoint {
	get := func(template string, cost int, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{method: "GET", template: template, v1: true, beta: true, cost: cost, perms: groupRead(), handle: handle}
	}
	return []*endpoint{
		get("/groups", 1, listGroups),
		get("/groups/{id}", 1, getGroup),
		get("/groups/{id}/members", 3, groupMembers(false, "")),
		get("/groups/{id}/members/microsoft.graph.user", 3, groupMembers(false, typeUser)),
		get("/groups/{id}/members/microsoft.graph.group", 3, groupMembers(false, typeGroup)),
		get("/groups/{id}/transitiveMembers", 5, groupMembers(true, "")),
		get("/groups/{id}/transitiveMembers/microsoft.graph.user", 5, groupMembers(true, typeUser)),
		get("/groups/{id}/transitiveMembers/microsoft.graph.group", 5, groupMembers(true, typeGroup)),
	}
}

func policyEndpoints() []*endpoint {
	return []*endpoint{
		{
			method: "GET", template: "/policies/identitySecurityDefaultsEnforcementPolicy", v1: true, beta: true, cost: 1,
			perms: []string{"Policy.Read.All"}, handle: getSecurityDefaults,
		},
		{
			method: "GET", template: "/identity/conditionalAccess/policies", v1: true, beta: true, class: classPolicy,
			perms: []string{"Policy.Read.All"}, denied: scopesMissing, handle: listConditionalAccess,
		},
		{
			method: "GET", template: "/places/microsoft.graph.room", v1: true, beta: true, class: classGlobal,
			perms: []string{"Place.Read.All", "Place.ReadWrite.All"}, handle: listRooms,
		},
	}
}

func roleRead() []string {
	return []string{"RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All", "RoleManagement.ReadWrite.Directory", "Directory.ReadWrite.All"}
}

func eligibilityRead() []string {
	return []string{
		"RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.ReadWrite.Directory", "RoleManagement.Read.Directory",
		"RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory",
	}
}

func groupRead() []string {
	return []string{"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}
