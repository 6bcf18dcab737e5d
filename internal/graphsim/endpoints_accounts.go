package graphsim

// accountEndpoints are the life of an account: made, deleted, brought back; its
// manager and its mailbox.
func accountEndpoints() []*endpoint {
	read := func(template string, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{method: "GET", template: template, v1: true, beta: true, cost: 1, perms: fullUserRead(), handle: handle}
	}
	write := func(method, template string, perms []string, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{method: method, template: template, v1: true, beta: true, cost: 1, class: classWrite, perms: perms, handle: handle}
	}
	mailbox := func(method, template, permission string, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{
			method: method, template: template, v1: true, beta: true, class: classMailbox, handle: handle,
			perms: []string{permission, "MailboxSettings.ReadWrite"}, denied: mailboxDenied,
		}
	}
	return []*endpoint{
		write("POST", "/users", generalUserWrite(), createUser),
		write("DELETE", "/users/{id}", userDelete(), deleteUser),
		read("/directory/deletedItems/microsoft.graph.user", listDeletedUsers),
		read("/directory/deletedItems/{id}", getDeletedItem),
		write("POST", "/directory/deletedItems/{id}/restore", userDelete(), restoreDeletedItem),
		write("DELETE", "/directory/deletedItems/{id}", userDelete(), purgeDeletedItem),
		read("/users/{id}/manager", getManager),
		read("/users/{id}/manager/$ref", getManagerReference),
		write("PUT", "/users/{id}/manager/$ref", generalUserWrite(), putManager),
		write("DELETE", "/users/{id}/manager/$ref", generalUserWrite(), deleteManager),
		read("/users/{id}/directReports", listDirectReports("")),
		read("/users/{id}/directReports/microsoft.graph.user", listDirectReports(typeUser)),
		mailbox("GET", "/users/{id}/mailboxSettings", "MailboxSettings.Read", getMailboxSettings),
		mailbox("GET", "/users/{id}/mailboxSettings/userPurpose", "MailboxSettings.Read", getUserPurpose),
		mailbox("PATCH", "/users/{id}/mailboxSettings", "MailboxSettings.ReadWrite", patchMailboxSettings),
	}
}

// userDelete deletes and restores. Directory.ReadWrite.All does not: it "does not
// allow user or group deletion" (concepts/permissions-reference.md).
func userDelete() []string { return []string{"User.DeleteRestore.All", "User.ReadWrite.All"} }
