package graphsim

// feedEndpoints are the tenant-wide reports and lists that tell more of accounts
// than the users themselves do.
func feedEndpoints() []*endpoint {
	return []*endpoint{
		{method: "GET", template: "/reports/authenticationMethods/userRegistrationDetails", v1: true, beta: true, class: classReport,
			perms: []string{"AuditLog.Read.All"}, denied: permissionMissing, handle: listRegistrations},
	}
}
