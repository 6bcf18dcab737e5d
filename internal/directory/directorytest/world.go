package directorytest

import (
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// World is a tenant of a spec's own, and the hands of everybody else in it: what a
// directory cannot arrange by itself. Its methods fail the spec when they cannot.
type World interface {
	// Directory is connected to the tenant, and may do everything there.
	Directory() directory.Directory
	// Domain is a verified domain of the tenant, in lower case.
	Domain() string

	// AddAccount makes an account and returns its object id.
	AddAccount(account Account) string
	// AddGroup makes a group and returns its object id.
	AddGroup(group Group) string
	// RenameGroup gives a group another display name, RemoveGroup deletes it.
	RenameGroup(id, displayName string)
	RemoveGroup(id string)
	// AddApplication makes an enterprise application with one role for each name, and
	// returns its service principal's id.
	AddApplication(displayName string, roles ...string) string
	// AssignApplication gives a group a role, or with an empty one access alone.
	AssignApplication(applicationID, groupID, role string)
	// AddRoom makes a room with a mailbox.
	AddRoom(mail string)
	// AddDevice makes a device, and where it has a compliance, Intune's record of it.
	// It returns what device management knows it by.
	AddDevice(device Device) string
	// SignIn makes a person sign in, or be refused with one of Microsoft's error codes.
	SignIn(accountID string, at time.Time, errorCode int)

	// SetMailbox gives an account a mailbox, or that another purpose.
	SetMailbox(accountID string, purpose directory.MailboxPurpose)
	// Register makes a person register methods of the registration report, such as
	// mobilePhone or microsoftAuthenticatorPush, and the report tell it.
	Register(accountID string, methods ...string)
	// MakeEligible lets an account activate a role, by its display name.
	MakeEligible(accountID, role string)
	// SetSecurityDefaults turns Microsoft's security defaults on or off.
	SetSecurityDefaults(on bool)
	// AddPolicy makes an enabled conditional access policy that demands multifactor
	// authentication of all.
	AddPolicy(displayName string)

	// MustChangePassword tells whether the next sign-in asks for a new password.
	MustChangePassword(accountID string) bool
	// Forbid takes from the directory everything that it may do.
	Forbid()
	// Break makes the provider answer, from now on, as it does for one of the kinds of
	// failure that concern no single request: an outage is KindTransient, links that are
	// too old KindResync, and so on.
	Break(kind directory.Kind)
	// Settle lets pass the time that the provider takes for what it does later.
	Settle()
}

// Tenant is what a world begins with.
type Tenant struct {
	// Subscriptions are seats by part number. Without AAD_PREMIUM_P2 the tenant is not
	// premium, without a SKU that has Intune it has no Intune.
	Subscriptions map[string]int
	// Passes is true when the policy allows temporary access passes.
	Passes bool
	// Quota is how many objects the tenant may have; 0 is as many as a spec needs.
	Quota int
}

// Account is an account to be made. Everything but the name may be left out.
type Account struct {
	UserPrincipalName string
	DisplayName       string
	Mail              string
	// Aliases are further addresses of mail.
	Aliases       []string
	UsageLocation string
	Guest         bool
	Blocked       bool
	// Synced accounts are mastered on premises.
	Synced bool
	// LastSignIn was successful.
	LastSignIn time.Time
}

// Device is a device to be made.
type Device struct {
	DisplayName string
	// TrustType is Workplace, AzureAd or ServerAd.
	TrustType string
	Owner     string
	// Compliance is Intune's complianceState; empty for a device that it does not know.
	Compliance string
}

// Group is a group to be made: a plain security group unless something else is said.
type Group struct {
	DisplayName string
	Members     []string
	// Licenses are the part numbers of what the members get.
	Licenses                                               []string
	Dynamic, Unified, Distribution, Synced, RoleAssignable bool
}
