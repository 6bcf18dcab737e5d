package graphsim

import "slices"

// estateRules are about devices and the sign-in log.
func estateRules() []Rule {
	return slices.Concat(deviceRules(), signInRules())
}

func deviceRules() []Rule {
	return []Rule{
		{"GS-DEV-01", "devices lists what was registered or joined, 100 a page, $top to 999; id is not deviceId; $count needs ConsistencyLevel: eventual, $skip is 400."},
		{"GS-DEV-02", "$expand=registeredOwners shows at most 20 live owners with @odata.type; of those the token may not read there is only the id."},
		{"GS-DEV-03", "A device is found by object id and by devices(deviceId='…'); an unknown key is 404 Request_ResourceNotFound."},
		{"GS-DEV-04", "registeredDevices and ownedDevices of a user list devices as directory objects, or cast to microsoft.graph.device; without Device.Read.All there is only the id."},
		{"GS-DEV-05", "managedDevices lists what Intune knows, for the tenant or for the primary user, joined by azureADDeviceId to deviceId; it needs DeviceManagementManagedDevices.Read.All, else 403 Forbidden."},
		{"GS-DEV-06", "Without Intune among the subscriptions managedDevices is 400 Request not applicable to target tenant."},
		{"GS-DEV-07", "Devices outlive their owners, and what Intune knows outlives the device."},
		{"GS-SIM-20", "Small seeded tenants have laptops and phones, compliant, not compliant and unmanaged, sign-ins, and with Entra ID P1 somebody locked out; large ones have none of that."},
		{"GS-SIM-21", "The first seeded tenants use their service provider's MSPortal: Admin, Manager and Training Only are given to people, User to the group MSPortal Users."},
	}
}

func signInRules() []Rule {
	return []Rule{
		{"GS-SIGNIN-01", "auditLogs/signIns lists interactive sign-ins, the newest first, 1,000 a page; status carries errorCode and failureReason, 50053 for a locked account."},
		{"GS-SIGNIN-02", "signIns takes $filter on createdDateTime, userId, userPrincipalName, appId, status/errorCode and others, joined by and or or; other properties are 400."},
		{"GS-SIGNIN-03", "signIns needs AuditLog.Read.All, else 403 Authentication_MSGraphPermissionMissing, and Entra ID P1, else 403 Authentication_RequestFromNonPremiumTenantOrB2CTenant."},
		{"GS-SIGNIN-04", "Sign-ins are kept for 30 days, and draw on the budget of reports."},
		{"GS-SIGNIN-05", "A sign-in moves signInActivity; only a successful one moves lastSuccessfulSignInDateTime."},
	}
}
