package graphsim

import "slices"

// Rule is one thing Microsoft does that the simulator does too. Specs carry the id
// of the rule they prove; docs/graphsim.md lists them all.
type Rule struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Rules lists the rules in force. An id is never used again for another rule.
func Rules() []Rule {
	return slices.Concat(authRules(), permissionRules(), readRules(), writeRules(), deltaRules(), directoryRules(), feedRules(), throttleRules(), syncRules(), applicationRules(), estateRules(), licenseRules(), membershipRules(), accountRules(), clientRules(), simulatorRules())
}

func authRules() []Rule {
	return []Rule{
		{"GS-AUTH-01", "The token endpoint issues app-only tokens for a client secret, to a tenant named by GUID or verified domain."},
		{"GS-AUTH-02", "Tokens are three-part JWTs with tid, oid, appid, idtyp, roles, app_displayname, wids and exp."},
		{"GS-AUTH-03", "A wrong secret is 401 invalid_client AADSTS7000215."},
		{"GS-AUTH-04", "An expired secret is 401 invalid_client AADSTS7000222."},
		{"GS-AUTH-05", "An app without consent in the tenant is 400 unauthorized_client AADSTS700016."},
		{"GS-AUTH-06", "An unknown tenant is 400 invalid_tenant AADSTS90002, at the token endpoint and in the OpenID metadata."},
		{"GS-AUTH-07", "A certificate assertion is accepted by x5t or x5t#S256 when a registered certificate signed it."},
		{"GS-AUTH-08", "An assertion by an unknown key or with a wrong signature is 401 AADSTS700027."},
		{"GS-AUTH-09", "An assertion with a wrong audience, subject or time is 401 AADSTS700023, 700021 or 700024."},
		{"GS-AUTH-10", "Malformed token requests are refused with their own AADSTS numbers: no credential, no parameter, grant type, scope, resource."},
		{"GS-AUTH-11", "A missing, malformed, foreign or expired access token is 401 InvalidAuthenticationToken."},
		{"GS-AUTH-12", "The roles of a token are frozen when it is issued: grants and withdrawals need a new token."},
		{"GS-AUTH-13", "azidentity gets tokens by secret and by certificate without instance discovery."},
	}
}

func permissionRules() []Rule {
	return []Rule{
		{"GS-PERM-01", "Every endpoint needs one of its application permissions, else 403 Authorization_RequestDenied."},
		{"GS-PERM-02", "User.ReadBasic.All reads names, mail, UPN and id only; selecting more is 403."},
		{"GS-PERM-03", "PATCH needs a permission for every property it names; narrow permissions write their own properties only."},
		{"GS-PERM-04", "User.EnableDisableAccount.All blocks only together with a permission to read users."},
		{"GS-PERM-05", "passwordProfile needs the User Administrator role on the service principal, even for plain users."},
		{"GS-PERM-06", "Sensitive properties of an administrator need a directory role on the service principal that covers the target's roles."},
		{"GS-PERM-07", "Members of role-assignable groups are protected like the highest administrators."},
		{"GS-PERM-08", "Directory roles of the service principal count without a new token, at once or within the lag of role changes."},
	}
}

func readRules() []Rule {
	return []Rule{
		{"GS-READ-01", "Without $select users carry the eleven default properties only."},
		{"GS-READ-02", "$select of an unknown property is 400 BadRequest; names match without regard to case."},
		{"GS-READ-03", "A page holds 100 users, $top at most 999; nextLink is opaque and carries the query."},
		{"GS-READ-04", "$skip on users is 400."},
		{"GS-READ-05", "Users are found by id, by UPN, and by users('upn'); an unknown key is 404 Request_ResourceNotFound."},
		{"GS-READ-06", "$filter knows eq, in, startsWith, ge, le, and, or and any() on the properties that support it."},
		{"GS-READ-07", "ne, not, endsWith and $count need ConsistencyLevel: eventual with $count=true, else 400 Request_UnsupportedQuery; @odata.count comes on page one only."},
		{"GS-READ-08", "$filter on an unknown property is 400 BadRequest, on an unsupported one 400 Request_UnsupportedQuery."},
		{"GS-READ-09", "System options work with $, %24 and without a dollar sign; unknown ones are 400."},
		{"GS-READ-10", "odata.metadata=none leaves out the context."},
		{"GS-READ-11", "passwordProfile is never readable."},
		{"GS-READ-12", "signInActivity needs AuditLog.Read.All and Entra ID P1, by id a GUID, and at most 500 per page."},
		{"GS-READ-13", "Properties kept in SharePoint cannot be listed: 501 NotImplemented."},
		{"GS-READ-14", "Errors have code, message and innerError with date, request-id and client-request-id."},
		{"GS-READ-17", "ConsistencyLevel must be sent again with every page of an advanced query."},
		{"GS-READ-15", "Shortly after a write, replicas may show the state before."},
		{"GS-READ-16", "When the lag has passed, every replica shows the present state."},
	}
}

func writeRules() []Rule {
	return []Rule{
		{"GS-WRITE-01", "PATCH answers 204 and changes exactly what it names."},
		{"GS-WRITE-02", "An unknown property is 400 Request_BadRequest, a read-only one too, and nothing is written."},
		{"GS-WRITE-03", "One refused property refuses the whole PATCH."},
		{"GS-WRITE-04", "A UPN must be in a verified domain and free: else 400, details InvalidValue or ObjectConflict."},
		{"GS-WRITE-05", "usageLocation cannot be null; employeeId has at most 16 characters, companyName 64; businessPhones one item."},
		{"GS-WRITE-06", "Mastered properties of a synced account are 400; accountEnabled is accepted, or refused if so configured."},
		{"GS-WRITE-07", "Federated accounts have no password to set: 400."},
		{"GS-WRITE-08", "Setting a password moves lastPasswordChangeDateTime and forces a change unless told otherwise; forcing alone moves nothing."},
		{"GS-WRITE-09", "revokeSignInSessions answers value true and moves signInSessionsValidFromDateTime each time."},
		{"GS-WRITE-10", "Properties kept in SharePoint cannot be written by an app: 403."},
		{"GS-WRITE-11", "Annotations in a body are ignored; nulls clear, empty arrays empty."},
	}
}

func deltaRules() []Rule {
	return []Rule{
		{"GS-DELTA-01", "A first round lists every account over pages that each have a nextLink or a deltaLink."},
		{"GS-DELTA-02", "A deltaLink brings what changed since the round began, and nothing when nothing did."},
		{"GS-DELTA-03", "$select and $filter are in the token; only the first request names them."},
		{"GS-DELTA-04", "Changes to unselected properties do not surface."},
		{"GS-DELTA-05", "Soft-deleted accounts come as @removed changed, purged ones as deleted; restored ones come back whole."},
		{"GS-DELTA-06", "Properties never set are left out; cleared ones are null."},
		{"GS-DELTA-07", "$deltatoken=latest skips to a deltaLink."},
		{"GS-DELTA-08", "Prefer: return=minimal brings changed properties only."},
		{"GS-DELTA-09", "signInActivity is 400 BadRequest; $expand, $orderby and $search are refused; $top is ignored."},
		{"GS-DELTA-10", "$filter takes at most 50 ids joined by or."},
		{"GS-DELTA-11", "Tokens live 7 days: then 410 with a Location that has an empty $deltatoken, or 400 syncStateNotFound."},
		{"GS-DELTA-12", "A link may be used again and brings the same round again."},
		{"GS-DELTA-13", "An object may come twice in a round."},
		{"GS-DELTA-14", "An older state may come after a newer; a later round brings the newer again."},
		{"GS-DELTA-15", "A page may be empty and have a nextLink."},
		{"GS-DELTA-16", "Changes may be late."},
		{"GS-DELTA-17", "A first round may list soft-deleted accounts as @removed."},
		{"GS-DELTA-18", "Changes during a first round are not lost."},
		{"GS-DELTA-19", "A token that was altered is 400."},
		{"GS-DELTA-20", "A token of another tenant, or of a tenant made anew, is 400 syncStateNotFound."},
		{"GS-DELTA-21", "Whatever came before, a few rounds after the last change a client that believes what comes in order knows what is true."},
	}
}

func directoryRules() []Rule {
	return []Rule{
		{"GS-DIR-01", "organization has exactly one entry, with the verified domains."},
		{"GS-DIR-02", "domains tell Managed from Federated and name the default."},
		{"GS-DIR-03", "subscribedSkus count consumed units from the accounts, and refuse $top."},
	}
}

func throttleRules() []Rule {
	return []Rule{
		{"GS-LIMIT-01", "Resource units per app and tenant depend on the tenant's size; beyond them 429 TooManyRequests with Retry-After."},
		{"GS-LIMIT-02", "$select saves a unit, $top below 20 another; the cost is in x-ms-resource-unit."},
		{"GS-LIMIT-03", "Writes have a budget of their own."},
		{"GS-LIMIT-04", "signInActivity is limited to 10 requests a minute per app over all tenants."},
		{"GS-LIMIT-05", "A call before Retry-After has passed is refused and counted as too early."},
		{"GS-LIMIT-09", "Every page of a collection costs what its first one cost, signInActivity included."},
		{"GS-LIMIT-06", "From 80 % on, answers carry x-ms-throttle-limit-percentage."},
	}
}

func syncRules() []Rule {
	return []Rule{
		{"GS-SYNC-01", "The on-premises sync engine writes back what it masters, accountEnabled too: Connect Sync every 30 minutes, Cloud Sync every 2."},
		{"GS-SYNC-02", "A cycle touches only accounts that differ, and nothing that is mastered in the cloud."},
		{"GS-SYNC-03", "Changes made in Active Directory show after the next cycle; a principal name that is taken is left out."},
		{"GS-SYNC-04", "Accounts deleted or restored in Active Directory follow; what was deleted in the cloud stays deleted."},
		{"GS-SYNC-05", "A clock stepped by days costs one cycle of writes; organization tells the last cycle."},
		{"GS-SYNC-06", "What a cycle changed comes in delta, with onPremisesLastSyncDateTime."},
		{"GS-SYNC-07", "Cycles, and the on-premises side of an account, are driven from outside."},
	}
}

func clientRules() []Rule {
	return []Rule{
		{"GS-SDK-01", "Microsoft's models decode every endpoint's answer and leave over nothing but annotations."},
		{"GS-SDK-02", "What they read is what was meant: types, times, GUIDs, kinds of principals, links, removals."},
		{"GS-SDK-03", "Refusals decode as OData errors with code, message and request id."},
	}
}

func simulatorRules() []Rule {
	return []Rule{
		{"GS-SIM-01", "What is not simulated answers 501 NotSimulated and is recorded."},
		{"GS-SIM-02", "Counters sum requests, writes and effects; a write that changes nothing has no effect."},
		{"GS-SIM-03", "Faults strike before or after the effect, by rate and count, and say how often they did."},
		{"GS-SIM-04", "A hanging tenant delays no other."},
		{"GS-SIM-05", "Equal seeds make equal tenants."},
		{"GS-SIM-06", "The clock can be stepped from outside."},
		{"GS-SIM-07", "Outsiders' acts change state but are nobody's effect."},
		{"GS-SIM-08", "The journal lists requests with method, template, status, units and the time they arrived, never values of a body."},
		{"GS-SIM-09", "A fixture holds apps and tenants with all their state; loading a dump gives the same state."},
		{"GS-SIM-10", "A fixture that is wrong is refused and changes nothing."},
		{"GS-SIM-11", "Seeded tenants have exactly the accounts asked for, and names, domains and ids of their own."},
		{"GS-SIM-12", "Every other seeded tenant has Entra ID P1, every fourth P2, every third is synced from Active Directory and has a federated domain."},
		{"GS-SIM-13", "Seeded accounts are a small business's: rooms, shared mailboxes, guests, leavers, administrators in every way, awkward names."},
		{"GS-SIM-15", "Seeded groups are a small business's: the staff, departments, a dynamic group, a distribution list, a mail-enabled one, one synced where there is an Active Directory, and in every fourth tenant one that gives licences."},
		{"GS-SIM-18", "Budgets are switched off and on from outside, while it runs."},
		{"GS-SIM-22", "Faults spoil answers too: the half of a body, a body that is no JSON, the login page of a proxy, a body without end, an empty page that leads to itself."},
		{"GS-SIM-23", "The clock can be set forward and back; what was stamped before stays, and no budget or lag lasts longer for it."},
		{"GS-SIM-24", "All delta tokens of a tenant can be made to expire, and all its access tokens be revoked; both are counted when they are used."},
	}
}
