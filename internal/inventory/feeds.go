package inventory

import "time"

// FeedName names one kind of information about a tenant.
type FeedName string

// The feeds.
const (
	FeedUsers         FeedName = "users"
	FeedOrganization  FeedName = "organization"
	FeedLicenses      FeedName = "licenses"
	FeedRoles         FeedName = "roles"
	FeedRooms         FeedName = "rooms"
	FeedGroups        FeedName = "groups"
	FeedRegistrations FeedName = "registrations"
	FeedPolicies      FeedName = "policies"
	FeedSignIns       FeedName = "signIns"
)

// FeedIntervals are the times between two readings of each feed; the users are read
// at every sync. Zero values stand for the defaults.
type FeedIntervals struct {
	// Organization and domains; 1 hour.
	Organization time.Duration
	// Licenses are the tenant's subscriptions; 10 minutes.
	Licenses time.Duration
	// Roles are directory roles, their holders, the members of groups that hold
	// them, and eligibilities; 10 minutes.
	Roles time.Duration
	// Rooms are rooms' mailboxes; 6 hours.
	Rooms time.Duration
	// Groups are the groups a sync is asked for; 10 minutes.
	Groups time.Duration
	// Registrations is the report on authentication methods; 1 hour.
	Registrations time.Duration
	// Policies are security defaults and Conditional Access; 1 hour.
	Policies time.Duration
	// SignIns; 24 hours, at an hour of its own for each tenant.
	SignIns time.Duration
}

func (i FeedIntervals) withDefaults() FeedIntervals {
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	set(&i.Organization, time.Hour)
	set(&i.Licenses, 10*time.Minute)
	set(&i.Roles, 10*time.Minute)
	set(&i.Rooms, 6*time.Hour)
	set(&i.Groups, 10*time.Minute)
	set(&i.Registrations, time.Hour)
	set(&i.Policies, time.Hour)
	set(&i.SignIns, 24*time.Hour)
	return i
}

// FeedStatus is how a feed stands.
type FeedStatus struct {
	Name FeedName
	// AsOf is when the feed was last read completely; zero when never.
	AsOf time.Time
	// ChangedAt is when a reading last changed what is known; zero when never.
	ChangedAt time.Time
	// Reason tells why the feed cannot be read: NotRead, PremiumRequired,
	// PermissionMissing or Unavailable. Empty when it can, also while a reading is
	// held up by throttling or an outage.
	Reason Reason
	// Err is the last failure since the feed was last read; nil when there is none.
	Err error
	// NextDue is when it is to be read again.
	NextDue time.Time
}
