package graphsim

// licenseEndpoints are what gives products and takes them.
func licenseEndpoints() []*endpoint {
	write := []string{"LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}
	groupWrite := []string{"LicenseAssignment.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
	read := []string{
		"LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All", "User.Read.All", "User.ReadWrite.All",
		"Directory.Read.All", "Directory.ReadWrite.All",
	}
	return []*endpoint{
		{
			method: "POST", template: "/users/{id}/assignLicense", v1: true, beta: true, cost: 1, class: classWrite, exclusive: true,
			perms: write, handle: assignLicense,
		},
		{
			method: "POST", template: "/users/{id}/reprocessLicenseAssignment", v1: true, beta: true, cost: 1, class: classWrite, exclusive: true,
			perms: write, handle: reprocessLicenses,
		},
		{method: "GET", template: "/users/{id}/licenseDetails", v1: true, beta: true, cost: 2, perms: read, handle: licenseDetails},
		{
			method: "POST", template: "/groups/{id}/assignLicense", v1: true, beta: true, cost: 1, class: classWrite,
			perms: groupWrite, handle: assignGroupLicense,
		},
	}
}
