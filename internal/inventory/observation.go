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
	// Licenses tell how the account comes by its licences, and of those it could not be
	// given, sorted by part number, id and group; nil when that was not read.
	Licenses []License
	// Manager is the object id of the account's manager, empty for none. ManagerKnown
	// is false unless managers were asked for and read.
	Manager      string
	ManagerKnown bool
	// Groups are those the account is a direct member of, sorted by display name and id.
	Groups []directory.Group
	// GroupsReason tells why the groups are not known; empty when they are.
	GroupsReason Reason
	// AppRoles are the account's roles in the applications that were asked for, itself
	// or as a direct member of a group, sorted by application, role and group.
	AppRoles []AppRole
	// Devices are those the account is a registered owner of, sorted by name and id.
	Devices []Device
	// DevicesReason tells why the devices are not known; empty when they are.
	DevicesReason Reason
	// ValidatedDevice tells whether one of the devices is enabled, joined or registered,
	// managed and compliant. It is Unknown unless the devices and Intune's records were
	// read.
	ValidatedDevice directory.Tristate
	// LockedOut is when smart lockout last refused a sign-in, within the last day; zero
	// when it did not, or when that is not known.
	LockedOut time.Time

	// mailboxUnread is true while the account's type hangs on its mailbox.
	mailboxUnread bool
}

// License is one way by which an account has a licence, or should have.
type License struct {
	// SKU is the subscription's id, PartNumber its name; the id again when the tenant no
	// longer lists it.
	SKU, PartNumber string
	// ViaGroup is the id of the group that gives the licence; empty when it is assigned
	// to the account itself.
	ViaGroup string
	// DisabledPlans are the ids of the plans switched off, sorted.
	DisabledPlans []string
	// Error tells why the licence could not be given, in Graph's own word
	// (https://learn.microsoft.com/graph/api/resources/licenseassignmentstate).
	Error string
}

// AppRole is an account's role in an application.
type AppRole struct {
	// ApplicationID is the service principal's id, Application its display name.
	ApplicationID, Application string
	// RoleID is the role's id, Role its display name.
	RoleID, Role string
	// ViaGroup is the id of the group that holds the role; empty when the account does.
	ViaGroup string
}

// Device is a device of an account.
type Device struct {
	// ID is the device's object id.
	ID, Name, OperatingSystem string
	// TrustType is Workplace (registered), AzureAd (joined) or ServerAd (hybrid).
	TrustType string
	Enabled   directory.Tristate
	// Managed and Compliant are what the directory and Intune say together.
	Managed, Compliant directory.Tristate
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
	// AccountShared is a shared mailbox.
	AccountShared AccountType = "Shared"
	// AccountRoom is a room's mailbox.
	AccountRoom AccountType = "Room"
	// AccountEquipment is the mailbox of a thing.
	AccountEquipment AccountType = "Equipment"
	// AccountService is a directory synchronization account.
	AccountService AccountType = "Service"
	// AccountUnknown could not be told, since roles or its mailbox could not be read.
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
	// ReasonShared means the account is a shared mailbox.
	ReasonShared Reason = "Shared"
	// ReasonRoom means the account is a room.
	ReasonRoom Reason = "Room"
	// ReasonEquipment means the account is a thing's mailbox.
	ReasonEquipment Reason = "Equipment"
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
	// AsOf is when the report first said, to this process, what it says now, or when the
	// methods were read live.
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
