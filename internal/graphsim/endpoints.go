package graphsim

import "slices"

// endpoints lists what the simulator answers. Literal segments stand before
// parameters of the same length. Permissions are the application permissions of
// the operation's page on Learn, least privileged first.
func endpoints() []*endpoint {
	userRead := []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	userBasic := append([]string{"User.ReadBasic.All"}, userRead...)
	own := []*endpoint{
		{method: "GET", template: "/organization", v1: true, beta: true, cost: 1, perms: organizationRead(), handle: listOrganization},
		{method: "GET", template: "/organization/{id}", v1: true, beta: true, cost: 1, perms: organizationRead(), handle: getOrganization},
		{method: "GET", template: "/domains", v1: true, beta: true, cost: 1, perms: domainRead(), handle: listDomains},
		{method: "GET", template: "/domains/{id}", v1: true, beta: true, cost: 1, perms: domainRead(), handle: getDomain},
		{method: "GET", template: "/subscribedSkus", v1: true, beta: true, cost: 3, perms: skuRead(), handle: listSKUs},
		{method: "GET", template: "/subscribedSkus/{id}", v1: true, beta: true, cost: 3, perms: skuRead(), handle: getSKU},
		{method: "GET", template: "/users", v1: true, beta: true, cost: 2, perms: userBasic, handle: listUsers},
		{method: "GET", template: "/users/delta", v1: true, beta: true, cost: 2, perms: userRead, handle: deltaUsers},
		{method: "GET", template: "/users/{id}", v1: true, beta: true, cost: 2, perms: userBasic, handle: getUser},
		{method: "PATCH", template: "/users/{id}", v1: true, beta: true, cost: 1, class: classWrite, perms: userWriteAny(), handle: patchUser},
		{
			method: "POST", template: "/users/{id}/revokeSignInSessions", v1: true, beta: true, cost: 1, class: classWrite,
			perms: []string{"User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}, handle: revokeSignInSessions,
		},
	}
	return slices.Concat(own, accountEndpoints(), licenseEndpoints(), membershipEndpoints(), feedEndpoints(), applicationEndpoints(), roleWriteEndpoints(),
		methodEndpoints(), deviceEndpoints())
}

func organizationRead() []string {
	return []string{"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}

func domainRead() []string {
	return []string{"Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}

func skuRead() []string {
	return []string{"LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}

// generalUserWrite may write every property an app may write, but those with
// rules of their own.
func generalUserWrite() []string { return []string{"User.ReadWrite.All", "Directory.ReadWrite.All"} }

// userWriteAny opens the door of PATCH /users/{id}; what may be written is then
// decided property by property (api/user-update.md).
func userWriteAny() []string {
	return append(generalUserWrite(),
		"User.EnableDisableAccount.All", "User.ManageIdentities.All", "User-LifeCycleInfo.ReadWrite.All",
		"User-Mail.ReadWrite.All", "User-PasswordProfile.ReadWrite.All", "User-Phone.ReadWrite.All")
}
