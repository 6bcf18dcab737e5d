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
}

// GlobalAdministrator is the template id of the Global Administrator role
// (https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference).
const GlobalAdministrator = "62e90394-69f5-4237-9190-012177145e10"

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

// Group is a group by its names.
type Group struct {
	ID          string
	DisplayName string
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
