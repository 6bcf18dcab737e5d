package inventory

import (
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// Observation is all that is known of one account. Its slices are shared: they must
// not be changed.
type Observation struct {
	// User is the account as last read, with the values that the operator itself
	// wrote a moment ago and Graph does not show yet (see Tenant.Expect).
	User directory.User
	// Gone tells whether the account is gone; User is then as last seen, its ID at
	// least.
	Gone Gone
	// Type is what kind of account it is.
	Type AccountType
	// MFA tells whether the person registered for multifactor authentication.
	MFA MFA
	// Admin is Yes for an account that holds or may activate a directory role.
	Admin directory.Tristate
	// Roles are the directory roles, sorted by name, scope, path and group.
	Roles []Role
	// Licensed is Yes for an account with at least one licence.
	Licensed directory.Tristate
	// SKUs are the licences' part numbers, sorted; a licence the tenant no longer
	// lists stands with its id.
	SKUs []string
	// Federated is Yes when another identity provider authenticates the account's
	// domain, so there is no password here.
	Federated directory.Tristate
	// SignIn tells when the account last signed in.
	SignIn SignIn
}

// Gone tells whether and how an account is gone.
type Gone string

const (
	// GoneNot means the account is there.
	GoneNot Gone = ""
	// GoneDeleted means it was deleted and can be restored for 30 days.
	GoneDeleted Gone = "Deleted"
	// GonePurged means it was deleted for good.
	GonePurged Gone = "Purged"
	// GoneVanished means it was missing where it would have been listed: from a
	// complete reading of all users, or when it was asked for by its id.
	GoneVanished Gone = "Vanished"
)

// AccountType is the kind of an account. The values are those of the API.
type AccountType string

const (
	// AccountPerson is a person's account.
	AccountPerson AccountType = "Person"
	// AccountGuest is a guest's, whose home is another directory.
	AccountGuest AccountType = "Guest"
	// AccountRoom is a room's mailbox.
	AccountRoom AccountType = "Room"
	// AccountService is a directory synchronization account.
	AccountService AccountType = "Service"
	// AccountUnknown could not be told, since rooms or roles could not be read.
	AccountUnknown AccountType = "Unknown"
)

// DirectorySynchronizationAccounts is the template id of the role that marks the
// accounts of Microsoft Entra Connect
// (https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference).
const DirectorySynchronizationAccounts = "d29b2b05-8046-44ba-8758-1e26182fcf32"

// Reason tells why something is Unknown or NotApplicable. The values that an MFA
// carries are those of the API.
type Reason string

const (
	// ReasonPremiumRequired means the tenant lacks the licence this needs.
	ReasonPremiumRequired Reason = "PremiumRequired"
	// ReasonPermissionMissing means the app lacks the permission this needs.
	ReasonPermissionMissing Reason = "PermissionMissing"
	// ReasonUnavailable means the tenant refuses this for another cause.
	ReasonUnavailable Reason = "Unavailable"
	// ReasonNotRead means it has not been read yet.
	ReasonNotRead Reason = "NotRead"
	// ReasonNotReported means Microsoft's report does not list the account (yet).
	ReasonNotReported Reason = "NotReported"
	// ReasonSignInBlocked means the account is blocked, so nobody signs in.
	ReasonSignInBlocked Reason = "SignInBlocked"
	// ReasonGuest means the guest's home tenant authenticates.
	ReasonGuest Reason = "Guest"
	// ReasonRoom means the account is a room.
	ReasonRoom Reason = "Room"
	// ReasonService means the account is a synchronization service's.
	ReasonService Reason = "Service"
)

// MFAState tells whether a second factor is registered. The values are those of the
// API.
type MFAState string

const (
	// MFARegistered means a second factor is registered.
	MFARegistered MFAState = "Registered"
	// MFANotRegistered means none is.
	MFANotRegistered MFAState = "NotRegistered"
	// MFANotApplicable means the account has no use for one here.
	MFANotApplicable MFAState = "NotApplicable"
	// MFAUnknown means it could not be read.
	MFAUnknown MFAState = "Unknown"
)

// MFA tells whether a person registered for multifactor authentication. Methods,
// DefaultMethod and AsOf are set for Registered and NotRegistered only.
type MFA struct {
	State MFAState
	// Reason of NotApplicable and Unknown.
	Reason Reason
	// Methods in Graph's names, sorted.
	Methods       []string
	DefaultMethod string
	// AsOf is when the report first said, to this process, what it says now.
	AsOf time.Time
}

// RolePath is how an account comes by a role. The values are those of the API.
type RolePath string

const (
	// RoleDirect means the role is assigned to the account itself.
	RoleDirect RolePath = "Direct"
	// RoleGroup means it is assigned to a group that the account is in.
	RoleGroup RolePath = "Group"
	// RoleEligible means the account may activate it (Privileged Identity
	// Management), itself or through the group ViaGroup.
	RoleEligible RolePath = "Eligible"
)

// Role is a directory role of an account.
type Role struct {
	// Name of the role; its id when the role's definition is not listed.
	Name string
	// RoleID is the role definition's id, of a built-in role its template id.
	RoleID string
	// Scope is / for the whole tenant.
	Scope string
	Path  RolePath
	// ViaGroup is the id of the group that holds the role, or may activate it.
	ViaGroup string
}

// SignIn tells when an account last signed in, in steps of a day.
type SignIn struct {
	// Known is true when Graph reported on the account.
	Known bool
	// LastSuccessful is the day, at midnight UTC; zero when there was none since
	// December 2023.
	LastSuccessful time.Time
	// Reason tells why it is not known.
	Reason Reason
}
