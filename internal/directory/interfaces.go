package directory

import "context"

// UserReader reads accounts.
type UserReader interface {
	// UserChanges returns one page of changes. An empty link starts with all users; a
	// link that is no longer valid gives KindResync.
	UserChanges(ctx context.Context, link string) (*UserChanges, error)
	// User reads one account by object id or user principal name; KindNotFound.
	User(ctx context.Context, key string) (*User, error)
}

// ReportReader reads the tenant's reports about accounts. Without the premium
// licence they need: KindPremiumRequired.
type ReportReader interface {
	// Registrations reads who registered for multifactor authentication.
	Registrations(ctx context.Context, link string) (*Page[Registration], error)
	// SignIns reads when accounts last signed in. It is scarce: ten calls a minute
	// over all tenants of an application.
	SignIns(ctx context.Context, link string) (*Page[SignIn], error)
	// Rooms reads the rooms' mailboxes.
	Rooms(ctx context.Context, link string) (*Page[Room], error)
}

// RoleReader reads who holds directory roles.
type RoleReader interface {
	RoleDefinitions(ctx context.Context, link string) (*Page[RoleDefinition], error)
	RoleAssignments(ctx context.Context, link string) (*Page[RoleAssignment], error)
	// RoleEligibilities reads who may activate a role; KindPremiumRequired without
	// Privileged Identity Management.
	RoleEligibilities(ctx context.Context, link string) (*Page[RoleAssignment], error)
	// GroupMembers reads the object ids of the users in a group, also through nested
	// groups.
	GroupMembers(ctx context.Context, groupID, link string) (*Page[string], error)
	// Group finds a group by object id or exact display name; KindNotFound, or
	// KindConflict when several carry the name.
	Group(ctx context.Context, key string) (*Group, error)
}

// TenantReader reads the tenant itself.
type TenantReader interface {
	// Identity tells who the operator is in the tenant.
	Identity(ctx context.Context) (*Identity, error)
	Organization(ctx context.Context) (*Organization, error)
	Domains(ctx context.Context) ([]Domain, error)
	SKUs(ctx context.Context) ([]SKU, error)
}

// PolicyReader reads how the tenant demands multifactor authentication.
type PolicyReader interface {
	// SecurityDefaults tells whether Microsoft's security defaults are on.
	SecurityDefaults(ctx context.Context) (bool, error)
	// ConditionalAccessPolicies; KindPremiumRequired without Entra ID P1.
	ConditionalAccessPolicies(ctx context.Context, link string) (*Page[ConditionalAccessPolicy], error)
}

// Reader is everything that can be read of a tenant.
type Reader interface {
	UserReader
	ReportReader
	RoleReader
	TenantReader
	PolicyReader
}

// SignInWriter decides whether an account may sign in.
type SignInWriter interface {
	// SetEnabled lets the account sign in, or blocks it. It may be repeated.
	SetEnabled(ctx context.Context, id string, enabled bool) (Receipt, error)
	// RevokeSessions voids all sessions begun until now. Every call does.
	RevokeSessions(ctx context.Context, id string) (Receipt, error)
}

// PasswordWriter acts on passwords.
type PasswordWriter interface {
	// RequirePasswordChange makes the next sign-in ask for a new password. Repeated
	// before that sign-in it changes nothing.
	RequirePasswordChange(ctx context.Context, id string) (Receipt, error)
}

// Directory is a connected tenant.
type Directory interface {
	Reader
	SignInWriter
	PasswordWriter
}
