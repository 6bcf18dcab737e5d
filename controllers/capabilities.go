package controllers

import (
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

// Directory roles that let an application act on passwords
// (https://learn.microsoft.com/graph/api/user-update#permissions).
const (
	roleUserAdministrator           = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	rolePrivilegedAuthAdministrator = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
)

// requirement is what a capability needs: one of the permissions of each group, and
// one of the directory roles, if any. The first of a group is the least.
type requirement struct {
	name        string
	permissions [][]string
	roles       []string
	role        string
}

// Permissions that several requirements share, the least first.
func readUsers() []string {
	return []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}

func readGroups() []string {
	return []string{
		"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All",
		"Directory.Read.All", "Directory.ReadWrite.All",
	}
}

func readApplications() []string {
	return []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}

func writeUsers() []string { return []string{"User.ReadWrite.All", "Directory.ReadWrite.All"} }

// readings are what the operator reads, after the permission tables of the Graph
// reference (https://learn.microsoft.com/graph/permissions-reference).
func readings() []requirement {
	readRoles := []string{
		"RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory",
		"Directory.Read.All", "Directory.ReadWrite.All",
	}
	return []requirement{
		{name: "ReadUsers", permissions: [][]string{readUsers()}},
		{name: "ReadAdmins", permissions: [][]string{readRoles, readGroups()}},
		{name: "ReadEligibleAdmins", permissions: [][]string{
			{"RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleEligibilitySchedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"},
		}},
		{name: "ReadMFA", permissions: [][]string{{"AuditLog.Read.All"}}},
		{name: "ReadMethods", permissions: [][]string{{"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}}},
		{name: "ReadSignIns", permissions: [][]string{readUsers(), {"AuditLog.Read.All"}}},
		{name: "ReadLockouts", permissions: [][]string{{"AuditLog.Read.All"}}},
		{name: "ReadLicenses", permissions: [][]string{
			{"LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		}},
		{name: "ReadGroups", permissions: [][]string{readGroups()}},
		{name: "ReadApplications", permissions: [][]string{readApplications()}},
		{name: "ReadDevices", permissions: [][]string{{"Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}, readUsers()}},
		{name: "ReadManagedDevices", permissions: [][]string{{"DeviceManagementManagedDevices.Read.All", "DeviceManagementManagedDevices.ReadWrite.All"}}},
		{name: "ReadMailboxes", permissions: [][]string{{"MailboxSettings.Read", "MailboxSettings.ReadWrite"}}},
		{name: "ReadPolicies", permissions: [][]string{{"Policy.Read.All"}}},
		{name: "ReadRooms", permissions: [][]string{{"Place.Read.All", "Place.ReadWrite.All"}}},
	}
}

// writings are what the operator changes, after the same tables.
func writings() []requirement {
	deleteUsers := []string{"User.DeleteRestore.All", "User.ReadWrite.All"}
	return []requirement{
		{name: "BlockSignIn", permissions: [][]string{{"User.EnableDisableAccount.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}, readUsers()}},
		{name: "RevokeSessions", permissions: [][]string{{"User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}}},
		{
			name:        "RequirePasswordChange",
			permissions: [][]string{{"User-PasswordProfile.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}},
			roles:       []string{roleUserAdministrator, rolePrivilegedAuthAdministrator, directory.GlobalAdministrator},
			role:        "User Administrator",
		},
		{name: "CreateUsers", permissions: [][]string{writeUsers()}},
		{name: "RestoreUsers", permissions: [][]string{deleteUsers}},
		{name: "DeleteUsers", permissions: [][]string{deleteUsers}},
		{name: "IssueTemporaryAccessPass", permissions: [][]string{{"UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}}},
		{name: "UpdateProfile", permissions: [][]string{writeUsers()}},
		{name: "UpdatePhones", permissions: [][]string{append([]string{"User-Phone.ReadWrite.All"}, writeUsers()...)}},
		{name: "SetManager", permissions: [][]string{writeUsers()}},
		{name: "AssignLicenses", permissions: [][]string{append([]string{"LicenseAssignment.ReadWrite.All"}, writeUsers()...)}},
		{name: "WriteGroups", permissions: [][]string{{"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}, readGroups()}},
		{name: "AssignAppRoles", permissions: [][]string{{"AppRoleAssignment.ReadWrite.All"}, readApplications()}},
		{name: "AssignDirectoryRoles", permissions: [][]string{{"RoleManagement.ReadWrite.Directory"}}},
	}
}

// capabilities tells what the operator can read and do, from the permissions in its
// token and the roles of its service principal; no write is tried to find out.
func capabilities(identity *directory.Identity, known *inventory.Tenant) []v1alpha1.Capability {
	held, rolesKnown := known.PrincipalRoles(identity.ServicePrincipalID)
	var all []v1alpha1.Capability
	for _, need := range append(readings(), writings()...) {
		c := v1alpha1.Capability{Name: need.name, Available: v1alpha1.True}
		missing := need.missing(identity.Permissions)
		switch {
		case len(missing) > 0:
			c.Available = v1alpha1.False
			c.Reason = "the application lacks the permission " + strings.Join(missing, " and ")
		case len(need.roles) == 0:
		case !rolesKnown:
			c.Available = v1alpha1.Unknown
			c.Reason = "the directory roles of the application could not be read"
		case !slices.ContainsFunc(need.roles, func(r string) bool { return slices.Contains(held, r) }):
			c.Available = v1alpha1.False
			c.Reason = "the application lacks the directory role " + need.role + " in the tenant"
		}
		all = append(all, c)
	}
	return all
}

// missing are the least permissions that an application with these lacks.
func (r requirement) missing(permissions []string) []string {
	var lacking []string
	for _, anyOf := range r.permissions {
		if !slices.ContainsFunc(anyOf, func(p string) bool { return slices.Contains(permissions, p) }) {
			lacking = append(lacking, anyOf[0])
		}
	}
	return lacking
}
