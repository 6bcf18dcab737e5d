package inventory

import (
	"slices"

	"github.com/m365-operator/m365-operator/internal/directory"
)

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
	// LicenseErrors counts accounts with a licence that could not be given.
	LicenseErrors int
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

// Summary is what is known of the tenant as a whole.
func (t *Tenant) Summary() Summary {
	t.mu.RLock()
	defer t.mu.RUnlock()
	counts := t.counts.Counts
	counts.AdminsKnown = t.synced && t.counts.adminUnknown == 0
	return Summary{
		Users:        counts,
		Organization: t.facts.organization,
		Domains:      t.facts.domains,
		SKUs:         t.facts.skus,
		Policies:     t.facts.policies,
		Feeds:        t.feedStatuses(),
	}
}

// tally keeps the counts as accounts change.
type tally struct {
	Counts
	adminUnknown int
	// mailboxesUnread counts accounts whose type hangs on a mailbox not read.
	mailboxesUnread int
}

// add counts an account n times: 1 as it becomes, -1 as it was.
func (c *tally) add(o *Observation, n int) {
	if o.User.ID == "" || o.Gone != GoneNot {
		return
	}
	c.Total += n
	if o.User.UserType == directory.GuestUserType {
		c.Guests += n
	} else {
		c.Members += n
	}
	c.addSignIn(o, n)
	c.addAdmin(o, n)
	c.addMFA(o, n)
	c.addMailbox(o, n)
}

func (c *tally) addMailbox(o *Observation, n int) {
	if o.mailboxUnread {
		c.mailboxesUnread += n
	}
}

func (c *tally) addSignIn(o *Observation, n int) {
	if slices.ContainsFunc(o.Licenses, func(l License) bool { return l.Error != "" }) {
		c.LicenseErrors += n
	}
	switch o.Licensed {
	case directory.Yes:
		c.Licensed += n
	case directory.No:
		c.Unlicensed += n
	case directory.Unknown:
	}
	switch o.User.Enabled {
	case directory.Yes:
		c.Active += n
	case directory.No:
		c.Suspended += n
		if o.Licensed == directory.Yes {
			c.SuspendedLicensed += n
		}
	case directory.Unknown:
	}
}

func (c *tally) addAdmin(o *Observation, n int) {
	switch o.Admin {
	case directory.Yes:
		c.Admins += n
	case directory.Unknown:
		c.adminUnknown += n
	case directory.No:
	}
}

func (c *tally) addMFA(o *Observation, n int) {
	switch o.MFA.State {
	case MFARegistered:
		c.MFARegistered += n
	case MFANotRegistered:
		c.MFANotRegistered += n
	case MFANotApplicable:
		c.MFANotApplicable += n
	case MFAUnknown:
		c.MFAUnknown += n
	}
}
