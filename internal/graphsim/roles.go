package graphsim

// roleDefinition is a built-in Microsoft Entra role. Ids are the template ids of
// entra-docs role-based-access-control/permissions-reference.md.
type roleDefinition struct {
	id   string
	name string
}

// Template ids of the roles that rules speak of.
const (
	roleGlobalAdministrator      = "62e90394-69f5-4237-9190-012177145e10"
	roleUserAdministrator        = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	roleHelpdeskAdministrator    = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	rolePrivilegedAuthentication = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
	rolePrivilegedRole           = "e8611ab8-c189-46e8-94e1-60213ab1f814"
	rolePasswordAdministrator    = "966707d0-3269-4727-9be2-8c3a10f19b9d"
	roleDirectoryReaders         = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
	roleGroupsAdministrator      = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
	roleGuestInviter             = "95e79109-95c0-4d8e-aee3-d01accf2d47b"
	roleMessageCenterReader      = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b"
	roleReportsReader            = "4a5d8f65-41da-4de4-8968-e035b65339cf"
	roleUsageSummaryReader       = "75934031-6c7e-415a-99d7-48dbd49e875e"
	roleDirectorySynchronization = "d29b2b05-8046-44ba-8758-1e26182fcf32"
)

// builtInRoles are the role definitions every tenant has.
func builtInRoles() []roleDefinition {
	return []roleDefinition{
		{roleGlobalAdministrator, "Global Administrator"},
		{roleUserAdministrator, "User Administrator"},
		{roleHelpdeskAdministrator, "Helpdesk Administrator"},
		{rolePrivilegedAuthentication, "Privileged Authentication Administrator"},
		{rolePrivilegedRole, "Privileged Role Administrator"},
		{rolePasswordAdministrator, "Password Administrator"},
		{roleDirectoryReaders, "Directory Readers"},
		{roleGroupsAdministrator, "Groups Administrator"},
		{roleGuestInviter, "Guest Inviter"},
		{roleMessageCenterReader, "Message Center Reader"},
		{roleReportsReader, "Reports Reader"},
		{roleUsageSummaryReader, "Usage Summary Reports Reader"},
		{roleDirectorySynchronization, "Directory Synchronization Accounts"},
		{"c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator"},
		{"f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"},
		{"194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"},
		{"29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator"},
		{"f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "SharePoint Administrator"},
		{"69091246-20e8-4a56-aa4d-066075b2a7a8", "Teams Administrator"},
		{"3a2c62db-5318-420d-8d74-23affee5d9d5", "Intune Administrator"},
		{"4d6ac14f-3453-41d0-bef9-a3e0c569773a", "License Administrator"},
		{"b0f54661-2d74-4c50-afa3-1ec803f12efe", "Billing Administrator"},
		{"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator"},
		{"b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "Conditional Access Administrator"},
	}
}

// userAdministratorCovers are the roles of targets a User Administrator may act on
// (resources/users.md, "who can perform sensitive actions").
func userAdministratorCovers(role string) bool {
	switch role {
	case roleDirectoryReaders, roleGroupsAdministrator, roleGuestInviter, roleHelpdeskAdministrator,
		roleMessageCenterReader, rolePasswordAdministrator, roleReportsReader, roleUserAdministrator, roleUsageSummaryReader:
		return true
	default:
		return false
	}
}

// covers reports whether a caller with the given directory roles may do a
// sensitive act on a target with those roles. inRoleAssignable is true for
// members and owners of role-assignable groups.
func covers(caller map[string]bool, target []string, inRoleAssignable bool) bool {
	if caller[roleGlobalAdministrator] || caller[rolePrivilegedAuthentication] {
		return true
	}
	if len(target) == 0 && !inRoleAssignable {
		return true
	}
	if !caller[roleUserAdministrator] || inRoleAssignable {
		return false
	}
	for _, role := range target {
		if !userAdministratorCovers(role) {
			return false
		}
	}
	return true
}
