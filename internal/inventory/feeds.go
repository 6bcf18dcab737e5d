package inventory

import (
	"context"
	"hash/fnv"
	"slices"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

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

	FeedMemberships    FeedName = "memberships"
	FeedApplications   FeedName = "applications"
	FeedManagers       FeedName = "managers"
	FeedLicenseStates  FeedName = "licenseStates"
	FeedDevices        FeedName = "devices"
	FeedManagedDevices FeedName = "managedDevices"
	FeedMailboxes      FeedName = "mailboxes"
	FeedLockouts       FeedName = "lockouts"
)

// FeedIntervals are the times between two readings of each feed; the users are read
// at every sync. Zero values stand for the defaults. Each tenant has moments of its
// own in them, so that many tenants do not ask at once.
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
	// SignIns; 24 hours.
	SignIns time.Duration
	// Memberships are what changed among the groups and their members; 10 minutes.
	Memberships time.Duration
	// Applications are those a sync is asked for; 10 minutes.
	Applications time.Duration
	// Managers, when a sync asks for them; 1 hour.
	Managers time.Duration
	// LicenseStates are how accounts come by their licences; 6 hours.
	LicenseStates time.Duration
	// Devices of the directory and of Intune; 6 hours.
	Devices time.Duration
	// Mailboxes are looked for that were not read; 1 hour. New ones are read at every
	// sync, some at a time.
	Mailboxes time.Duration
	// Lockouts; 15 minutes.
	Lockouts time.Duration
}

// DefaultFeedIntervals are the times between two readings where nothing else is said.
func DefaultFeedIntervals() FeedIntervals { return FeedIntervals{}.withDefaults() }

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
	set(&i.Memberships, 10*time.Minute)
	set(&i.Applications, 10*time.Minute)
	set(&i.Managers, time.Hour)
	set(&i.LicenseStates, 6*time.Hour)
	set(&i.Devices, 6*time.Hour)
	set(&i.Mailboxes, time.Hour)
	set(&i.Lockouts, 15*time.Minute)
	return i
}

const (
	// refusedRetry is when a reading that the tenant refused is tried again.
	refusedRetry = 6 * time.Hour
	// firstRetry and lastRetry bound the wait after a failure that may pass.
	firstRetry = 30 * time.Second
	lastRetry  = 15 * time.Minute
	// throttledRetry is the wait after throttling that does not say how long.
	throttledRetry = 30 * time.Second
	// staleRound is when a half-read round is begun anew, at the earliest.
	staleRound = time.Hour
)

// FeedStatus is how a feed stands.
type FeedStatus struct {
	Name FeedName
	// AsOf is when the feed was last read completely; zero when never.
	AsOf time.Time
	// ChangedAt is when a reading last changed what is known; zero when never.
	ChangedAt time.Time
	// Reason tells why the feed cannot be read, or not all of it: NotRead,
	// PremiumRequired, PermissionMissing or Unavailable. Empty when it can, also while
	// a reading is held up by throttling or an outage.
	Reason Reason
	// Err is the last failure since the feed was last read; nil when there is none.
	Err error
	// NextDue is when it is to be read again.
	NextDue time.Time
}

// isHeldUp is true while the provider's wait lasts. Asking earlier, for whatever reason,
// would only lengthen it.
func (s *FeedStatus) isHeldUp(now time.Time) bool {
	return directory.KindOf(s.Err) == directory.KindThrottled && now.Before(s.NextDue)
}

// feed is one kind of information that is read at its own pace.
type feed struct {
	every time.Duration
	// begin makes a new round.
	begin func(*Tenant) *round
	// drop forgets what was read, under the lock, since it can no longer be read.
	drop func(*facts, Reason)
	// late is true for a feed that waits until the tenant is synced.
	late bool

	// round is the one in progress, failures the tries in a row that failed; both
	// belong to the Sync.
	round    *round
	failures int
	// begun is when the last complete round began, acts the number of the operator's last
	// write then. They and status are guarded by the tenant's lock.
	begun  time.Time
	acts   uint64
	status FeedStatus
	// inRhythm is true when the feed is due in its own rhythm, and not sooner for a
	// failure, for the rest of a round or since somebody asked for it. The lock guards it.
	inRhythm bool
}

// newFeeds makes the feeds, in the order in which they are first read.
func (t *Tenant) newFeeds(every FeedIntervals) []*feed {
	t.round.status = FeedStatus{Name: FeedUsers, Reason: ReasonNotRead}
	feeds := make([]*feed, 0, 16)
	add := func(name FeedName, every time.Duration, begin func(*Tenant) *round, drop func(*facts, Reason)) *feed {
		f := &feed{every: every, begin: begin, drop: drop, status: FeedStatus{Name: name, Reason: ReasonNotRead}}
		feeds = append(feeds, f)
		return f
	}
	add(FeedOrganization, every.Organization, organizationRound, keepFacts)
	add(FeedLicenses, every.Licenses, licensesRound, keepFacts)
	add(FeedRoles, every.Roles, rolesRound, dropRoles)
	add(FeedGroups, every.Groups, groupsRound, dropGroups)
	add(FeedRooms, every.Rooms, roomsRound, dropRooms)
	add(FeedRegistrations, every.Registrations, registrationsRound, dropRegistrations)
	add(FeedPolicies, every.Policies, policiesRound, dropPolicies)
	add(FeedMemberships, every.Memberships, membershipsRound, dropMemberships)
	add(FeedApplications, every.Applications, applicationsRound, dropApplications)
	add(FeedManagers, every.Managers, managersRound, dropManagers)
	add(FeedSignIns, every.SignIns, signInsRound, dropSignIns)
	for _, late := range []*feed{
		add(FeedLockouts, every.Lockouts, lockoutsRound, dropLockouts),
		add(FeedMailboxes, every.Mailboxes, mailboxesRound, keepFacts),
		add(FeedLicenseStates, every.LicenseStates, licenseStatesRound, keepFacts),
		add(FeedDevices, every.Devices, devicesRound, dropDevices),
		add(FeedManagedDevices, every.Devices, managedDevicesRound, dropManagedDevices),
	} {
		late.late = true
	}
	return feeds
}

// feed is the one with a name.
func (t *Tenant) feed(name FeedName) *feed {
	for _, f := range t.feeds {
		if f.status.Name == name {
			return f
		}
	}
	return nil
}

// makeDue has a feed read at the next turn, unless it is to be left alone; the caller
// holds the lock.
func (t *Tenant) makeDue(f *feed) {
	if !f.status.isHeldUp(t.now()) {
		f.status.NextDue, f.inRhythm = t.now(), false
	}
}

// keepFacts keeps what was read, although it can no longer be read: names, seats and
// purposes that do not bear on what may be done to whom.
func keepFacts(*facts, Reason) {}

// feedStatuses are all feeds' statuses; the caller holds the lock. What must be asked for
// stands only when it is.
func (t *Tenant) feedStatuses() []FeedStatus {
	statuses := make([]FeedStatus, 0, 1+len(t.feeds))
	statuses = append(statuses, t.round.status)
	for _, f := range t.feeds {
		if !t.isIdle(f) {
			statuses = append(statuses, f.status)
		}
	}
	return statuses
}

// UnreadFeeds are feeds that have not been read in this process: it is not their turn
// yet, or Microsoft 365 is throttling or failing. What they tell will be known, unlike
// what was refused.
type UnreadFeeds []FeedName

// Any tells whether one of these has not been read.
func (u UnreadFeeds) Any(names ...FeedName) bool {
	return slices.ContainsFunc(u, func(name FeedName) bool { return slices.Contains(names, name) })
}

// Unread are the feeds that have not been read. Who asks for it and for an Observation
// asks for this first: a feed that is read in between then has one more word to say, and
// wakes whom it is about.
func (t *Tenant) Unread() UnreadFeeds {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var unread UnreadFeeds
	for _, f := range t.feeds {
		if f.status.Reason == ReasonNotRead && !t.isIdle(f) {
			unread = append(unread, f.status.Name)
		}
	}
	return unread
}

// isIdle is true for a feed that nobody asks for; the caller holds the lock.
func (t *Tenant) isIdle(f *feed) bool {
	switch f.status.Name {
	case FeedGroups:
		return len(t.wanted) == 0
	case FeedApplications:
		return len(t.wantedApplications) == 0
	case FeedManagers:
		return !t.wantedManagers
	default:
		return false
	}
}

// isDue tells whether a feed is to be read now.
func (t *Tenant) isDue(f *feed) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return !t.isIdle(f) && !t.now().Before(f.status.NextDue)
}

// fraction is a number from 0 to 1, always the same for a feed of a tenant.
func (t *Tenant) fraction(name FeedName) float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(t.key.String() + "/" + string(name)))
	return float64(h.Sum32()) / (1 << 32)
}

// nextSlot is the feed's next moment: once in every interval, at an offset of its own
// for each tenant; after the first reading not within a quarter of the interval.
func (t *Tenant) nextSlot(f *feed, every time.Duration, first bool) time.Time {
	offset := time.Duration(t.fraction(f.status.Name) * float64(every))
	begin := t.now()
	if first {
		begin = begin.Add(every / 4)
	}
	return begin.Add(-offset).Truncate(every).Add(offset + every)
}

const (
	// freeCalls of a reading are made at every interval; each call more asks for callPace.
	freeCalls = 12
	callPace  = 10 * time.Minute
	// slowestListing bounds that for all users, or groups.
	slowestListing = 7 * 24 * time.Hour
)

// FeedInterval is how long after a reading that took so many calls a feed is read again,
// which is to be read every so often.
func FeedInterval(name FeedName, every time.Duration, calls int) time.Duration {
	return stretched(every, calls, slowest(name))
}

// slowest bounds how far a feed's interval is stretched: those that take more calls the
// more people there are. For the others it is zero, not at all: what safeguards rest on is
// read in time, however much of it there is.
func slowest(name FeedName) time.Duration {
	switch name {
	case FeedRegistrations, FeedSignIns, FeedManagers, FeedLicenseStates, FeedDevices, FeedManagedDevices:
		return 24 * time.Hour
	case FeedApplications:
		return time.Hour
	default:
		return 0
	}
}

// ListingInterval is the longest time between two readings of all users, or groups, that
// take so many calls.
func ListingInterval(calls int) time.Duration {
	return stretched(defaultResync, calls, slowestListing)
}

// stretched is the interval between two readings of so many calls. One that takes many,
// as a large tenant's reports do, is made less often, so that what a tenant costs does
// not grow with its users.
func stretched(every time.Duration, calls int, slowest time.Duration) time.Duration {
	return max(every, min(slowest, time.Duration(calls-freeCalls)*callPace))
}

// listingDue tells whether everything is to be read from the beginning again, when that
// was last done at a time with so many calls. Each tenant is up to a quarter early.
func (t *Tenant) listingDue(name FeedName, listed time.Time, calls int) bool {
	every := stretched(t.store.options.ResyncEvery, calls, slowestListing)
	early := time.Duration(t.fraction(name) * float64(every/4))
	return listed.IsZero() || !t.now().Before(listed.Add(every-early))
}

// syncFeed reads a feed, or the rest of it.
func (s *run) syncFeed(ctx context.Context, f *feed) {
	if f.round != nil && s.now().Sub(f.round.begun) >= max(f.every, staleRound) {
		f.round = nil
	}
	if f.round == nil {
		f.round = f.begin(s.Tenant)
		f.round.begun = s.now()
		s.mu.RLock()
		f.round.acts = s.acts
		s.mu.RUnlock()
	}
	for len(f.round.tasks) > 0 {
		done, err := f.round.tasks[0](ctx, s.reader)
		if err != nil {
			s.failFeed(ctx, f, err)
			return
		}
		f.round.calls++ // what was refused or held up is no measure of how much there is
		if done {
			f.round.tasks = f.round.tasks[1:]
		}
	}
	changed, missing := f.round.store(s)
	done := f.round
	f.round, f.failures = nil, 0
	s.count(f.status.Name, changed)
	s.mu.Lock()
	defer s.mu.Unlock()
	f.status.Err, f.inRhythm = nil, false
	if done.again > 0 {
		f.status.NextDue = s.now().Add(done.again)
		return
	}
	f.status.NextDue, f.inRhythm = s.nextSlot(f, FeedInterval(f.status.Name, f.every, done.calls), f.status.AsOf.IsZero()), true
	f.status.AsOf, f.status.Reason, f.begun, f.acts = s.now(), missing, done.begun, done.acts
}

// failFeed notes a failure and when to try again. A round that may yet succeed stays.
func (s *run) failFeed(ctx context.Context, f *feed, err error) {
	if ctx.Err() != nil {
		return
	}
	if reason := refusalOf(err); reason != "" {
		s.refuseFeed(f, reason, err)
		return
	}
	wait := retryWait(err)
	if directory.KindOf(err) != directory.KindThrottled {
		wait = max(wait, min(firstRetry<<min(f.failures, 10), lastRetry))
		f.failures++
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.status.Err, f.status.NextDue, f.inRhythm = err, s.now().Add(wait), false
}

// retryWait is how long to wait after a failure, as far as it says.
func retryWait(err error) time.Duration {
	wait := directory.RetryAfter(err)
	if wait == 0 && directory.KindOf(err) == directory.KindThrottled {
		return throttledRetry
	}
	return wait
}

// refuseFeed forgets what was read before: what is not known is not said.
func (s *run) refuseFeed(f *feed, reason Reason, err error) {
	f.round, f.failures = nil, 0
	s.mu.Lock()
	f.drop(&s.facts, reason)
	f.status.Reason, f.status.Err = reason, err
	f.status.NextDue, f.inRhythm = s.now().Add(refusedRetry), true
	s.mu.Unlock()
	s.count(f.status.Name, s.rederive())
}
