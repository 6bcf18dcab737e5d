package graphsim

// membershipEndpoints are who is in which group, and what changes that.
func membershipEndpoints() []*endpoint {
	memberWrite := []string{"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
	direct := []string{"Directory.Read.All", "Directory.ReadWrite.All"}
	transitive := append([]string{"User.Read.All", "User.ReadWrite.All"}, direct...)
	get := func(template string, cost int, perms []string, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{method: "GET", template: template, v1: true, beta: true, cost: cost, perms: perms, handle: handle}
	}
	write := func(method, template string, perms []string, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{method: method, template: template, v1: true, beta: true, cost: 1, class: classWrite, perms: perms, handle: handle}
	}
	return []*endpoint{
		get("/groups/delta", 1, groupRead(), deltaGroups),
		get("/groups/{id}/owners", 2, groupRead(), groupOwners),
		write("PATCH", "/groups/{id}", memberWrite, patchGroup),
		write("POST", "/groups/{id}/members/$ref", memberWrite, addMember),
		write("DELETE", "/groups/{id}/members/{id}/$ref", memberWrite, removeMember),
		write("DELETE", "/groups/{id}/members/{id}", append(userDelete(), "Group.ReadWrite.All"), deleteMember),
		get("/users/{id}/memberOf", 2, direct, memberOf(false, "")),
		get("/users/{id}/memberOf/microsoft.graph.group", 2, direct, memberOf(false, typeGroup)),
		get("/users/{id}/memberOf/microsoft.graph.directoryRole", 2, direct, memberOf(false, typeDirectoryRole)),
		get("/users/{id}/transitiveMemberOf", 2, transitive, memberOf(true, "")),
		get("/users/{id}/transitiveMemberOf/microsoft.graph.group", 2, transitive, memberOf(true, typeGroup)),
		get("/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole", 2, transitive, memberOf(true, typeDirectoryRole)),
		get("/users/{id}/ownedObjects", 1, transitive, ownedObjects("")),
		get("/users/{id}/ownedObjects/microsoft.graph.group", 1, transitive, ownedObjects(typeGroup)),
	}
}
