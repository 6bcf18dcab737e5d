package v1alpha1

// Condition types. Ready is always present; Reconciling and Stalled only while
// they are true, as kstatus reads them; facet conditions only while the object
// declares the facet.
const (
	// ConditionReady is True when nothing is left for the operator to do now.
	ConditionReady = "Ready"
	// ConditionReconciling is True while the operator is still at work.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True when only a person can help.
	ConditionStalled = "Stalled"

	// ConditionSynced on a Tenant tells whether its users are being read.
	ConditionSynced = "Synced"
	// ConditionSafeguardsReady on a Tenant tells whether every protected entry is
	// resolved. While it is not True, no disruptive change runs. A privileged entry
	// that is not resolved needs none: the administrator it means is left alone.
	ConditionSafeguardsReady = "SafeguardsReady"

	// ConditionSignIn on a ManagedUser is the facet behind spec.suspended.
	ConditionSignIn = "SignIn"
	// ConditionAccount on a ManagedUser is about the account as such: its creation,
	// restoration, name and deletion. It is there while one of them is declared.
	ConditionAccount = "Account"
	// ConditionFirstSignIn on a ManagedUser is about the credential for the first
	// sign-in of an account that was made here.
	ConditionFirstSignIn = "FirstSignIn"
	// ConditionProfile on a ManagedUser is the facet behind spec.profile.
	ConditionProfile = "Profile"
	// ConditionManager on a ManagedUser is the facet behind spec.manager.
	ConditionManager = "Manager"
	// ConditionLicenses on a ManagedUser is the facet behind spec.licenses.
	ConditionLicenses = "Licenses"
	// ConditionGroups on a ManagedUser is the facet behind spec.groups.
	ConditionGroups = "Groups"
	// ConditionApplications on a ManagedUser is the facet behind spec.applications.
	ConditionApplications = "Applications"
	// ConditionDirectoryRoles on a ManagedUser is the facet behind spec.directoryRoles.
	ConditionDirectoryRoles = "DirectoryRoles"
	// ConditionPasswordChange on a ManagedUser is the facet behind
	// spec.forcePasswordChange and spec.passwordChangedSince.
	ConditionPasswordChange = "PasswordChange"
)

// Reason is the reason of a condition. Like an HTTP status code it says what to
// do; the message says what happened.
type Reason string

const (
	// ReasonSucceeded: nothing to do.
	ReasonSucceeded Reason = "Succeeded"
	// ReasonProgressing: wait, the operator is at work.
	ReasonProgressing Reason = "Progressing"
	// ReasonWaiting: wait for what the message names (a Tenant, a person, a system).
	ReasonWaiting Reason = "Waiting"
	// ReasonRetrying: wait, an unexpected failure is being retried.
	ReasonRetrying Reason = "Retrying"
	// ReasonThrottled: wait, Microsoft Graph asked for a pause.
	ReasonThrottled Reason = "Throttled"
	// ReasonPaused: set spec.paused to false to go on.
	ReasonPaused Reason = "Paused"
	// ReasonObserved: changes are pending, but the management policy is Observe.
	ReasonObserved Reason = "Observed"

	// ReasonInvalidSpec: correct the manifest.
	ReasonInvalidSpec Reason = "InvalidSpec"
	// ReasonInvalidCredentials: correct or renew the credentials Secret.
	ReasonInvalidCredentials Reason = "InvalidCredentials"
	// ReasonConsentRequired: an administrator of the client tenant must consent.
	ReasonConsentRequired Reason = "ConsentRequired"
	// ReasonAccessDenied: grant the permission or role that the message names.
	ReasonAccessDenied Reason = "AccessDenied"
	// ReasonNotGranted: add a grant to the Connection.
	ReasonNotGranted Reason = "NotGranted"
	// ReasonPremiumRequired: the tenant lacks the licence that this reading needs.
	ReasonPremiumRequired Reason = "PremiumRequired"

	// ReasonNotFound: no such account; correct the name or restore the account.
	ReasonNotFound Reason = "NotFound"
	// ReasonDifferentPerson: the name now belongs to another account than the one
	// this object is bound to.
	ReasonDifferentPerson Reason = "DifferentPerson"
	// ReasonDuplicate: an older object manages the same account or tenant.
	ReasonDuplicate Reason = "Duplicate"
	// ReasonConflict: Microsoft 365 refused because of the account's other data.
	ReasonConflict Reason = "Conflict"
	// ReasonProtected: a safeguard refuses; loosen it in the Tenant if intended.
	ReasonProtected Reason = "Protected"
	// ReasonBlockedElsewhere: somebody else blocked the account; it stays blocked.
	ReasonBlockedElsewhere Reason = "BlockedElsewhere"
	// ReasonMasteredOnPremises: finish in the on-premises directory.
	ReasonMasteredOnPremises Reason = "MasteredOnPremises"
	// ReasonAdopted: found declared when the operator's memory began, so not done.
	ReasonAdopted Reason = "Adopted"
	// ReasonNotApplicable: the account has nothing this could act on.
	ReasonNotApplicable Reason = "NotApplicable"
	// ReasonNoSeat: all seats of a subscription are taken; buy more or free one.
	ReasonNoSeat Reason = "NoSeat"
	// ReasonNotWritable: what is declared cannot be written here; the message says where.
	ReasonNotWritable Reason = "NotWritable"
	// ReasonSoftDeleted: an account of this name was deleted and can be restored.
	ReasonSoftDeleted Reason = "SoftDeleted"
	// ReasonTakenElsewhere: somebody else took away what was granted; it is not given
	// back.
	ReasonTakenElsewhere Reason = "TakenElsewhere"
	// ReasonDeletionHeld: the object was deleted, and its deletionPolicy waits.
	ReasonDeletionHeld Reason = "DeletionHeld"
	// ReasonShardMismatch: give the object the shard's label of its Tenant.
	ReasonShardMismatch Reason = "ShardMismatch"
	// ReasonUnresolved: a name cannot be found, or means more than one object.
	ReasonUnresolved Reason = "Unresolved"
)
