package graphsim

import "slices"

// accountRules are about the life of an account: made, deleted, brought back; its
// manager and its mailbox.
func accountRules() []Rule {
	return slices.Concat(creationRules(), deletionRules(), managerRules(), mailboxRules())
}

func creationRules() []Rule {
	return []Rule{
		{"GS-CREATE-01", "POST /users answers 201 with the default properties and a Location; the account is as old as the answer and must change its password unless told otherwise."},
		{"GS-CREATE-02", "A required property that is missing, null or empty is 400 Request_BadRequest; other nulls say nothing."},
		{"GS-CREATE-03", "Values are refused as a PATCH refuses them, and nothing is made; characters that no mailNickname or principal name may have too."},
		{"GS-CREATE-04", "A principal name that is taken is 400 with ObjectConflict, without regard to case; a mailNickname may be held twice."},
		{"GS-CREATE-05", "An address that another user or group has, as mail or proxy address, is 400 with ObjectConflict and ConflictingObjects, for a principal name too."},
		{"GS-CREATE-06", "A password needs 8 characters of three classes; a federated account needs onPremisesImmutableId."},
		{"GS-CREATE-07", "Beyond the tenant's quota it is 403 Directory_QuotaExceeded; what lies among the deleted items counts."},
		{"GS-CREATE-08", "Shortly after, and after a restore, replicas may not know the account: 404, and absent from lists; delta may be late."},
		{"GS-CREATE-09", "mail stays null until an Exchange plan is held: then it is the principal name, and the primary proxy address."},
		{"GS-CREATE-10", "It needs User.ReadWrite.All or Directory.ReadWrite.All, and no directory role even for the password."},
		{"GS-CREATE-11", "PATCH of mail makes it the primary proxy address, and the one before another."},
	}
}

func deletionRules() []Rule {
	return []Rule{
		{"GS-DELETE-01", "DELETE /users/{id} answers 204: the account is among the deleted items, its licences free; memberships and roles disappear, and return with it."},
		{"GS-DELETE-02", "It needs User.DeleteRestore.All or User.ReadWrite.All, and for an administrator a directory role that covers the target; so do restore and removal for good."},
		{"GS-DELETE-03", "deletedItems/microsoft.graph.user pages, selects and filters as users does; $orderby takes displayName, userPrincipalName and, as an advanced query, deletedDateTime."},
		{"GS-DELETE-04", "The principal name of a deleted account has its object id before it, and is free for others."},
		{"GS-DELETE-05", "A deleted item is found by its object id only; one that is live or gone is 404."},
		{"GS-DELETE-06", "restore answers 200 with the object; a principal name that somebody has since is 400, unless newUserPrincipalName gives another."},
		{"GS-DELETE-07", "restore is 400 when an address is taken, unless autoReconcileProxyConflict gives it up."},
		{"GS-DELETE-08", "DELETE of a deleted item removes it for good, and so do 30 days."},
		{"GS-DELETE-09", "users/delta brings what was made, deleted, restored and removed for good through Graph."},
	}
}

func managerRules() []Rule {
	return []Rule{
		{"GS-MANAGER-01", "GET manager shows the user; without one it is 404 Request_ResourceNotFound; manager/$ref shows the address."},
		{"GS-MANAGER-02", "PUT manager/$ref takes an address of users or directoryObjects, by id or principal name, of any cloud or the simulator's; DELETE takes it away, and is 404 without one."},
		{"GS-MANAGER-03", "No address, a foreign one, nobody's, a group's or one's own is refused."},
		{"GS-MANAGER-04", "The manager of a synced account is mastered on premises: 400."},
		{"GS-MANAGER-05", "$expand=manager, also with $select, shows it with an account or a list of them; $select alone does not."},
		{"GS-MANAGER-06", "directReports lists who has the account as manager, also cast to microsoft.graph.user."},
		{"GS-MANAGER-07", "users/delta with manager selected brings manager@delta when it changed, and @removed in it when it was taken away."},
		{"GS-MANAGER-08", "A deleted manager is not shown, and is again when restored."},
	}
}

func mailboxRules() []Rule {
	return []Rule{
		{"GS-MAILBOX-01", "mailboxSettings shows userPurpose, automatic replies, time zone, language and working hours; mailboxSettings/userPurpose the one word."},
		{"GS-MAILBOX-02", "Without a mailbox it is 404 MailboxNotEnabledForRESTAPI, without an account 404 ErrorInvalidUser, without permission 403 ErrorAccessDenied."},
		{"GS-MAILBOX-03", "PATCH answers 200 with the settings it named; userPurpose is read-only, and what is no setting or no value is 400."},
		{"GS-MAILBOX-04", "An administrator of Exchange converts mailboxes; a mailbox stays when its licence goes."},
		{"GS-LIMIT-10", "Outlook allows an app 10,000 requests in 10 minutes and 4 at a time for each mailbox."},
		{"GS-SIM-14", "Seeded people report to the head of their department, and heads to the management; mailboxes are people's, rooms', shared ones, and a beamer's."},
	}
}
