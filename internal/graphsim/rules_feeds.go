package graphsim

import "slices"

// feedRules are about the tenant-wide reports and lists.
func feedRules() []Rule {
	return slices.Concat(registrationRules(), roleRules(), groupRules(), policyRules(), placeRules(), batchRules())
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

func roleRules() []Rule {
	return []Rule{
		{"GS-ROLE-01", "roleDefinitions lists the built-in roles under their template ids, all at once; $filter takes eq and in on id, displayName and isBuiltIn."},
		{"GS-ROLE-02", "roleAssignments lists the active assignments of users, groups and service principals, the app's own included, in pages."},
		{"GS-ROLE-03", "$expand=principal shows a user, group or service principal with its @odata.type; $expand=roleDefinition the role."},
		{"GS-ROLE-04", "Of an expanded principal whose type the token may not read there is only the id."},
		{"GS-ROLE-05", "roleAssignments takes $filter with eq on principalId, roleDefinitionId and directoryScopeId, and no $top, $skip, $orderby, $search or $count."},
		{"GS-ROLE-06", "Assignments of a deleted account disappear, and return with it."},
		{"GS-ROLE-07", "roleEligibilityScheduleInstances lists eligible assignments; without Entra ID P2 it is 400 AadPremiumLicenseRequired."},
		{"GS-ROLE-08", "Only role-assignable groups hold roles, and they have no groups as members."},
		{"GS-ROLE-09", "Changes of directory roles take up to 15 minutes to count, for the app and for its targets."},
	}
}

func groupRules() []Rule {
	return []Rule{
		{"GS-GROUP-01", "groups shows the default properties without $select; isAssignableToRole is true on role-assignable groups and null on others."},
		{"GS-GROUP-02", "groups takes $filter on the properties that support it, $top to 999, $count with ConsistencyLevel: eventual, and no $skip."},
		{"GS-GROUP-03", "members lists direct members with their @odata.type, transitiveMembers those of nested groups too, each once; deleted accounts are not listed."},
		{"GS-GROUP-04", "members can be cast to microsoft.graph.user or microsoft.graph.group, also written graph.user."},
		{"GS-GROUP-05", "members whose type the token may not read have an id only; groups need a permission of groups."},
		{"GS-GROUP-06", "members costs 3 resource units, transitiveMembers 5."},
		{"GS-GROUP-07", "Joining a role-assignable group makes an account a protected target, leaving it undoes that."},
	}
}

func policyRules() []Rule {
	return []Rule{
		{"GS-POLICY-01", "identitySecurityDefaultsEnforcementPolicy says whether security defaults are on; it needs Policy.Read.All and no licence."},
		{"GS-POLICY-02", "conditionalAccess/policies lists policies with state, conditions and grant controls, authentication strength included."},
		{"GS-POLICY-03", "conditionalAccess/policies needs Policy.Read.All and Entra ID P1, else 403 AccessDenied."},
		{"GS-POLICY-04", "Security defaults and an enabled conditional access policy exclude each other."},
		{"GS-LIMIT-08", "Conditional access allows one request a second per tenant over all apps; its 429 has no Retry-After, and calling again is not called too early."},
	}
}

func placeRules() []Rule {
	return []Rule{
		{"GS-PLACE-01", "places/microsoft.graph.room lists rooms, 100 a page, with $top, $skip and $count; it needs Place.Read.All."},
	}
}

func batchRules() []Rule {
	return []Rule{
		{"GS-BATCH-01", "$batch answers 200 with a status, headers and body for every part, in any order, whatever the parts answer."},
		{"GS-BATCH-02", "A malformed batch is 400 as a whole: no JSON, more than 20 parts, an id missing or twice in any case, an absolute url."},
		{"GS-BATCH-03", "A part that writes needs a Content-Type and a body, else the whole batch is 400."},
		{"GS-BATCH-04", "Parts run in any order, one after another, or all after the first; other orders are 400."},
		{"GS-BATCH-05", "A part whose dependency failed is 424 and is not run."},
		{"GS-BATCH-06", "Every part is charged and refused alone, with its own Retry-After; the batch itself costs nothing."},
		{"GS-BATCH-07", "Headers such as ConsistencyLevel count for the part that has them only; the token counts for all."},
		{"GS-BATCH-08", "A part for what is not simulated answers 501 in its place, and faults strike parts alone."},
	}
}
