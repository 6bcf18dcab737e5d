package directory

import (
	"context"
	"time"
)

// UserReader reads accounts.
type UserReader interface {
	// UserChanges returns one page of changes. An empty link starts with all users; a
	// link that is no longer valid gives KindResync.
	UserChanges(ctx context.Context, link string) (*UserChanges, error)
	// User reads one account by object id or user principal name; KindNotFound.
	User(ctx context.Context, key string) (*User, error)
	// Namesakes reads the accounts that carry a name as user principal name or as an
	// address of mail.
	Namesakes(ctx context.Context, upn string) (*Namesakes, error)
	// DeletedUsers reads the accounts that carried a name when they were deleted.
	DeletedUsers(ctx context.Context, upn, link string) (*Page[DeletedUser], error)
	// Managers reads who is whose manager, of all accounts that have one.
	Managers(ctx context.Context, link string) (*Page[ManagerLink], error)
	// LicenseStates reads how all accounts come by their licences: changes of errors
	// alone do not show in UserChanges. Only ID and Licenses are set.
	LicenseStates(ctx context.Context, link string) (*Page[User], error)
}

// PersonReader reads what can be asked of one account only.
type PersonReader interface {
	// MailboxPurpose is MailboxNone for an account without a mailbox.
	MailboxPurpose(ctx context.Context, id string) (MailboxPurpose, error)
	// AuthenticationMethods reads what the account has registered now.
	AuthenticationMethods(ctx context.Context, id string) ([]AuthenticationMethod, error)
	// UserRoleAssignments reads the roles assigned to the account itself.
	UserRoleAssignments(ctx context.Context, id, link string) (*Page[RoleAssignment], error)
	// UserAppRoles reads the application roles assigned to the account itself.
	UserAppRoles(ctx context.Context, id, link string) (*Page[AppRoleAssignment], error)
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
	// LockedOut reads the sign-ins that smart lockout refused since a time, the latest
	// first.
	LockedOut(ctx context.Context, since time.Time, link string) (*Page[LockedOut], error)
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

// GroupReader reads the groups and their direct members.
type GroupReader interface {
	// GroupChanges returns one page of changes. An empty link starts with all groups; a
	// link that is no longer valid gives KindResync.
	GroupChanges(ctx context.Context, link string) (*GroupChanges, error)
}

// ApplicationReader reads enterprise applications.
type ApplicationReader interface {
	// Application finds an application by its service principal's id, its app id or its
	// exact display name; KindNotFound, or KindConflict when several carry the name.
	Application(ctx context.Context, key string) (*Application, error)
	// ApplicationAssignments reads who is assigned to an application.
	ApplicationAssignments(ctx context.Context, applicationID, link string) (*Page[AppRoleAssignment], error)
}

// DeviceReader reads devices.
type DeviceReader interface {
	Devices(ctx context.Context, link string) (*Page[Device], error)
	// ManagedDevices; KindUnavailable without Intune.
	ManagedDevices(ctx context.Context, link string) (*Page[ManagedDevice], error)
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
	PersonReader
	RoleReader
	GroupReader
	ApplicationReader
	DeviceReader
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

// TemporaryAccessPassWriter issues passcodes.
type TemporaryAccessPassWriter interface {
	// CreateTemporaryAccessPass issues a pass, which takes the place of an earlier one,
	// for as long as the tenant's policy has it; KindPolicy when that forbids it.
	CreateTemporaryAccessPass(ctx context.Context, id string) (*TemporaryAccessPass, Receipt, error)
}

// AccountWriter makes, changes and deletes accounts.
type AccountWriter interface {
	// CreateUser makes an account. KindConflict when the name is taken.
	CreateUser(ctx context.Context, user NewUser) (*User, Receipt, error)
	// UpdateUser writes the given attributes and nothing else, in one request: one that
	// is refused sinks the others.
	UpdateUser(ctx context.Context, id string, attributes Attributes) (Receipt, error)
	// RenameUser changes the user principal name. KindConflict when it is taken.
	RenameUser(ctx context.Context, id, upn string) (Receipt, error)
	// DeleteUser deletes an account; it can be restored for 30 days. Deleting one that
	// is gone is KindNotFound.
	DeleteUser(ctx context.Context, id string) (Receipt, error)
	// RestoreUser brings a deleted account back. KindConflict when its name is taken.
	RestoreUser(ctx context.Context, id string) (Receipt, error)
}

// ManagerWriter writes who an account's manager is.
type ManagerWriter interface {
	// SetManager may be repeated.
	SetManager(ctx context.Context, id, managerID string) (Receipt, error)
	// RemoveManager of an account without one is KindNotFound.
	RemoveManager(ctx context.Context, id string) (Receipt, error)
}

// LicenseChange is the whole difference of an account's direct licences.
type LicenseChange struct {
	Add []License
	// Remove are ids of SKUs.
	Remove []string
}

// License is a licence to be assigned, with the plans that are switched off.
type License struct {
	SKU           string
	DisabledPlans []string
}

// LicenseWriter assigns licences.
type LicenseWriter interface {
	// AssignLicenses makes the whole change or nothing. A licence that is assigned is
	// assigned anew with other plans. Never call it twice at once for one account.
	// KindNoSeat, KindUsageLocation, KindPlanConflict; to remove one that a group gives
	// is KindInherited, one that is not there KindNotFound.
	AssignLicenses(ctx context.Context, id string, change LicenseChange) (Receipt, error)
}

// GroupWriter changes the direct members of groups.
type GroupWriter interface {
	// AddMember is KindExists for a member, KindUnwritable for a group whose members are
	// not written here. A dynamic one may also be KindForbidden.
	AddMember(ctx context.Context, groupID, userID string) (Receipt, error)
	// RemoveMember is KindNotFound for others.
	RemoveMember(ctx context.Context, groupID, userID string) (Receipt, error)
}

// ApplicationWriter assigns roles in applications.
type ApplicationWriter interface {
	// AssignAppRole is KindExists for a role that is assigned.
	AssignAppRole(ctx context.Context, userID, applicationID, roleID string) (Receipt, error)
	// RemoveAppRole removes an assignment by its own id; KindNotFound.
	RemoveAppRole(ctx context.Context, userID, assignmentID string) (Receipt, error)
}

// RoleWriter assigns directory roles.
type RoleWriter interface {
	// AssignRole is KindExists for a role that is assigned.
	AssignRole(ctx context.Context, userID, roleID, scope string) (Receipt, error)
	// RemoveRole removes an assignment by its own id; KindNotFound.
	RemoveRole(ctx context.Context, assignmentID string) (Receipt, error)
}

// Writer is everything that can be changed in a tenant.
type Writer interface {
	SignInWriter
	PasswordWriter
	TemporaryAccessPassWriter
	AccountWriter
	ManagerWriter
	LicenseWriter
	GroupWriter
	ApplicationWriter
	RoleWriter
}

// Directory is a connected tenant.
type Directory interface {
	Reader
	Writer
}
