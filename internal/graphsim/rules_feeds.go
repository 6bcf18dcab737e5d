package graphsim

import "slices"

// feedRules are about the tenant-wide reports and lists.
func feedRules() []Rule {
	return slices.Concat(registrationRules())
}

func registrationRules() []Rule {
	return []Rule{
		{"GS-MFA-01", "userRegistrationDetails tells of every active account what it registered, and derives what follows from it."},
		{"GS-MFA-02", "userRegistrationDetails leaves out blocked and deleted accounts."},
		{"GS-MFA-03", "userRegistrationDetails needs AuditLog.Read.All, else 403 Authentication_MSGraphPermissionMissing."},
		{"GS-MFA-04", "userRegistrationDetails needs Entra ID P1, else 403 Authentication_RequestFromNonPremiumTenantOrB2CTenant."},
		{"GS-MFA-05", "userRegistrationDetails takes $select, $filter on the properties that support it, and $top; pages have opaque links."},
		{"GS-MFA-06", "userRegistrationDetails is a snapshot up to 36 hours old; lastUpdatedDateTime is when it was taken."},
		{"GS-LIMIT-07", "Reports are limited to 5 requests in 10 seconds per app and tenant."},
	}
}
