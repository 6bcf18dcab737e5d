package inventory

import "github.com/m365-operator/m365-operator/internal/directory"

// Summary is what is known of a tenant as a whole. Its slices are shared: they must
// not be changed.
type Summary struct {
	Users Counts
	// Organization is nil when it was not read.
	Organization *directory.Organization
	// Domains are the verified domains, sorted by name.
	Domains []directory.Domain
	// SKUs are the tenant's subscriptions, sorted by part number.
	SKUs     []directory.SKU
	Policies Policies
	// Feeds stand in a fixed order, users first.
	Feeds []FeedStatus
}

// Counts counts a tenant's accounts; those that are gone do not count. The four MFA
// counts add up to Total; since blocked accounts are NotApplicable, Registered and
// NotRegistered count active accounts.
type Counts struct {
	Total, Members, Guests int
	Active, Suspended      int
	// Admins counts accounts known to hold, or to be allowed to activate, a role.
	Admins int
	// AdminsKnown is false while that is unknown of any account.
	AdminsKnown       bool
	MFARegistered     int
	MFANotRegistered  int
	MFAUnknown        int
	MFANotApplicable  int
	Licensed          int
	Unlicensed        int
	SuspendedLicensed int
}

// Policies tell how a tenant demands multifactor authentication.
type Policies struct {
	SecurityDefaults directory.Tristate
	// SecurityDefaultsReason tells why they are Unknown.
	SecurityDefaultsReason Reason
	// ConditionalAccess are the policies that demand it, sorted by name.
	ConditionalAccess []directory.ConditionalAccessPolicy
	// ConditionalAccessReason tells why they could not be read; empty when they were.
	ConditionalAccessReason Reason
}
