package directory

import "time"

// Identity is who the operator is in a tenant, as its access token says.
type Identity struct {
	TenantID string
	// ClientID is the application's id.
	ClientID string
	// ServicePrincipalID is the object id of the application in this tenant.
	ServicePrincipalID string
	// Permissions are the application permissions, frozen when the token was issued.
	Permissions []string
}

// Organization is the tenant itself.
type Organization struct {
	ID          string
	DisplayName string
	// OnPremisesSync is Yes while a directory is synchronized into the tenant.
	OnPremisesSync Tristate
}

// Domain is a domain of the tenant.
type Domain struct {
	Name     string
	Verified bool
	Default  bool
	Initial  bool
	// Federated means that another identity provider authenticates.
	Federated bool
}

// SKU is a subscription of the tenant.
type SKU struct {
	ID         string
	PartNumber string
	// Enabled seats, and those in their grace period (warning).
	Enabled, Warning int32
	Suspended        int32
	LockedOut        int32
	Consumed         int32
	// ServicePlans are the names of the plans in the SKU.
	ServicePlans []string
	// Plans are the plans that can be switched off for an account.
	Plans []ServicePlan
}

// ServicePlan is a part of a SKU.
type ServicePlan struct {
	ID   string
	Name string
}

// Template ids of the roles that may give themselves every other one
// (https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference).
const (
	GlobalAdministrator                   = "62e90394-69f5-4237-9190-012177145e10"
	PrivilegedRoleAdministrator           = "e8611ab8-c189-46e8-94e1-60213ab1f814"
	PrivilegedAuthenticationAdministrator = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
)

// PrincipalKind is the kind of a role's holder.
type PrincipalKind string

// The kinds of a role's holder.
const (
	PrincipalUser             PrincipalKind = "User"
	PrincipalGroup            PrincipalKind = "Group"
	PrincipalServicePrincipal PrincipalKind = "ServicePrincipal"
	PrincipalUnknown          PrincipalKind = "Unknown"
)

// RoleAssignment gives a principal a directory role, active or eligible.
type RoleAssignment struct {
	// ID of the assignment itself.
	ID            string
	PrincipalID   string
	PrincipalKind PrincipalKind
	// RoleID is the role definition's id; of a built-in role its template id.
	RoleID string
	// Scope is / for the whole tenant.
	Scope string
}

// RoleDefinition is a directory role.
type RoleDefinition struct {
	ID          string
	DisplayName string
}

// Group is a group (https://learn.microsoft.com/graph/api/resources/groups-overview).
type Group struct {
	ID          string
	DisplayName string
	// Dynamic groups have a rule in the place of written members.
	Dynamic bool
	// MailEnabled without Unified is a distribution list or a mail-enabled security
	// group, which Exchange alone can write.
	MailEnabled bool
	// Unified is a Microsoft 365 group.
	Unified bool
	// Synced groups are mastered on premises.
	Synced bool
	// RoleAssignable groups may hold directory roles.
	RoleAssignable bool
}

// GroupMembership is a change of a group's direct members.
type GroupMembership struct {
	Group Group
	// Removed is true for a group that is gone; the rest is then not set.
	Removed bool
	// Joined and Left are the object ids of members of any kind.
	Joined, Left []string
}

// GroupChanges is one page of the changes among the groups and their direct members.
// Exactly one of Next and Resume is set. The same group may come more than once, its
// members spread over several pages, and changes may repeat.
type GroupChanges struct {
	Groups       []GroupMembership
	Next, Resume string
}

// Application is an enterprise application of the tenant, its service principal
// (https://learn.microsoft.com/graph/api/resources/serviceprincipal).
type Application struct {
	// ID is the service principal's.
	ID          string
	AppID       string
	DisplayName string
	Roles       []AppRole
}

// AppRole is a role within an application.
type AppRole struct {
	ID          string
	DisplayName string
	// Value is what the application reads in its tokens.
	Value   string
	Enabled bool
	// ForUsers is true for a role that users and groups may have.
	ForUsers bool
}

// DefaultAppRole is the role of an assignment to an application that has no roles
// (https://learn.microsoft.com/graph/api/resources/approleassignment).
const DefaultAppRole = "00000000-0000-0000-0000-000000000000"

// AppRoleAssignment gives a principal a role in an application.
type AppRoleAssignment struct {
	// ID of the assignment itself.
	ID            string
	PrincipalID   string
	PrincipalKind PrincipalKind
	ApplicationID string
	RoleID        string
}

// ManagerLink tells who an account's manager is.
type ManagerLink struct {
	UserID, Manager string
}

// Device is a device in the directory
// (https://learn.microsoft.com/graph/api/resources/device).
type Device struct {
	// ID is the object id; DeviceID is what device management knows it by.
	ID, DeviceID    string
	DisplayName     string
	OperatingSystem string
	Enabled         Tristate
	// TrustType is Workplace (registered), AzureAd (joined) or ServerAd (hybrid).
	TrustType string
	// Compliant and Managed as the directory has them.
	Compliant, Managed Tristate
	// Owners are the object ids of the registered owners.
	Owners []string
}

// ManagedDevice is a device's record in Intune
// (https://learn.microsoft.com/graph/api/resources/intune-devices-manageddevice).
type ManagedDevice struct {
	// DeviceID is the same as Device.DeviceID.
	DeviceID string
	UserID   string
	// ComplianceState is compliant, noncompliant, inGracePeriod, unknown, conflict,
	// error or configManager.
	ComplianceState string
}

// ConditionalAccessPolicy is a policy as far as multifactor authentication goes.
type ConditionalAccessPolicy struct {
	DisplayName string
	// State is enabled, disabled or enabledForReportingButNotEnforced.
	State string
	// DemandsMFA is true when the grant needs multifactor authentication or an
	// authentication strength.
	DemandsMFA bool
}

// Room is a room's mailbox.
type Room struct {
	Mail string
}

// Receipt is what a tenant answered to a write.
type Receipt struct {
	// RequestID is the provider's own, for its support.
	RequestID string
	// Time is the provider's clock, in steps of a second.
	Time time.Time
}
