package graphsim

// Template ids of the roles that rules speak of.
const (
	roleGlobalAdministrator      = "62e90394-69f5-4237-9190-012177145e10"
	roleUserAdministrator        = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	roleHelpdeskAdministrator    = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	rolePrivilegedAuthentication = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
	rolePrivilegedRole           = "e8611ab8-c189-46e8-94e1-60213ab1f814"
	rolePasswordAdministrator    = "966707d0-3269-4727-9be2-8c3a10f19b9d" //nolint:gosec // a role
	roleDirectoryReaders         = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
	roleGroupsAdministrator      = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
	roleGuestInviter             = "95e79109-95c0-4d8e-aee3-d01accf2d47b"
	roleMessageCenterReader      = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b"
	roleReportsReader            = "4a5d8f65-41da-4de4-8968-e035b65339cf"
	roleUsageSummaryReader       = "75934031-6c7e-415a-99d7-48dbd49e875e"
	roleDirectorySynchronization = "d29b2b05-8046-44ba-8758-1e26182fcf32"
)

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
