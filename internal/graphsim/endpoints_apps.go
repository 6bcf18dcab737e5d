package graphsim

import "slices"

// applicationEndpoints are service principals, and who holds which of their roles.
// A principal's own assignments need more to be read than the application's
// (api/user-list-approleassignments.md, serviceprincipal-list-approleassignedto.md).
func applicationEndpoints() []*endpoint {
	get := func(template string, perms []string, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{method: "GET", template: template, v1: true, beta: true, cost: 1, perms: perms, handle: handle}
	}
	endpoints := []*endpoint{
		get("/servicePrincipals", applicationRead(), listServicePrincipals),
		get("/servicePrincipals/{id}", applicationRead(), getServicePrincipal),
		get("/servicePrincipals/{id}/appRoleAssignedTo", applicationRead(), listAppRoleAssignedTo),
	}
	for _, of := range []string{"users", "groups", "servicePrincipals"} {
		perms := []string{"Directory.Read.All", "Directory.ReadWrite.All", assignAppRoles}
		if of == "servicePrincipals" {
			perms = applicationRead()
		}
		endpoints = append(endpoints, get("/"+of+"/{id}/appRoleAssignments", perms, listAppRoleAssignments(of)))
	}
	return slices.Concat(endpoints, appRoleWriteEndpoints())
}

func appRoleWriteEndpoints() []*endpoint {
	write := func(method, template string, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{
			method: method, template: template, v1: true, beta: true, cost: 1, class: classWrite,
			perms: []string{assignAppRoles}, handle: handle,
		}
	}
	endpoints := []*endpoint{
		write("POST", "/servicePrincipals/{id}/appRoleAssignedTo", createAppRoleAssignment("")),
		write("DELETE", "/servicePrincipals/{id}/appRoleAssignedTo/{assignment}", deleteAppRoleAssignment("")),
	}
	for _, of := range []string{"users", "groups", "servicePrincipals"} {
		endpoints = append(endpoints,
			write("POST", "/"+of+"/{id}/appRoleAssignments", createAppRoleAssignment(of)),
			write("DELETE", "/"+of+"/{id}/appRoleAssignments/{assignment}", deleteAppRoleAssignment(of)))
	}
	return endpoints
}

// assignAppRoles gives and takes roles of applications: a tier-0 permission, for it
// can give itself any other.
const assignAppRoles = "AppRoleAssignment.ReadWrite.All"

func applicationRead() []string {
	return []string{"Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", "Directory.Read.All", "Directory.ReadWrite.All"}
}

// roleWriteEndpoints give and take directory roles.
func roleWriteEndpoints() []*endpoint {
	perms := []string{"RoleManagement.ReadWrite.Directory"}
	return []*endpoint{
		{
			method: "GET", template: "/roleManagement/directory/roleAssignments/{id}", v1: true, beta: true, cost: 1,
			perms: roleRead(), handle: getRoleAssignment,
		},
		{
			method: "POST", template: "/roleManagement/directory/roleAssignments", v1: true, beta: true, cost: 1, class: classWrite,
			perms: perms, handle: createRoleAssignment,
		},
		{
			method: "DELETE", template: "/roleManagement/directory/roleAssignments/{id}", v1: true, beta: true, cost: 1, class: classWrite,
			perms: perms, handle: deleteRoleAssignment,
		},
	}
}
