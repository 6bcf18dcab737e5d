package inventory

import (
	"context"
	"slices"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// SyncRequest says what a sync is to read beyond what is due.
type SyncRequest struct {
	// Force reads every feed now, also those that were refused before; those held up by
	// throttling as soon as their wait is over.
	Force bool
	// Groups are the ids of the groups whose members must be known (see InGroup).
	Groups []string
	// Applications are the ids of the service principals whose assignments must be known.
	Applications []string
	// Managers tells whether anybody needs to know accounts' managers.
	Managers bool
}

// SyncResult is what a sync did.
type SyncResult struct {
	// Complete is true when the users were read to the end of a round.
	Complete bool
	// First is true for the one sync that made the tenant Synced. Subscribers heard of
	// every account there is; whoever waits for one that does not exist has to be woken
	// by the caller.
	First bool
	// Changed is the number of changes to accounts and to facts about the tenant.
	Changed int
	// NextDue is the earliest time at which something is due that cannot wait: what
	// was never read, what throttling or a failure held up, and expectations that end.
	// A failure that concerns the whole tenant postpones it.
	NextDue time.Time
	// NextFeed is the earliest time at which a feed is due in its own rhythm. It may be
	// read a little later, together with the users' next round, which the caller times.
	NextFeed time.Time
	// Feeds stand in a fixed order, users first.
	Feeds []FeedStatus
}

// run is one sync.
type run struct {
	*Tenant
	reader   directory.Reader
	changed  int
	complete bool
	// first is true once this sync made the tenant Synced.
	first bool
	// gathered are changes to be told together; nil while each is told at once.
	gathered *gathered
}

// Sync reads the next round of changes among the users and then the feeds that are
// due. The error is that of the users, KindThrottled included; the result is valid
// all the same, and the next Sync goes on from the last page that was stored. A
// feed's trouble stands in its FeedStatus only. When ctx ends, Sync stops with what
// was stored so far. Syncs of one tenant wait for each other.
func (t *Tenant) Sync(ctx context.Context, reader directory.Reader, request SyncRequest) (SyncResult, error) {
	t.syncing.Lock()
	defer t.syncing.Unlock()
	s := &run{Tenant: t, reader: reader}
	s.changed += t.sweep()
	t.want(request)
	t.hurry(request.Force)

	err := s.syncUsers(ctx)
	s.noteUsers(ctx, err)
	// After an answer that did not come, the feeds wait for their next turn: each would
	// wait as long, and hold up other tenants.
	if !isTenantWide(err) && directory.KindOf(err) != directory.KindTransient {
		s.resolveDoubts(ctx)
		s.hurryMailboxes()
		s.syncFeeds(ctx)
	}
	first := !t.Synced() && !t.round.listed.IsZero()
	if first {
		t.announce()
		// What waited for it comes along before anybody writes down what is known. Mailboxes
		// are read one by one, and come later.
		s.first = true
		s.gather(func() { s.syncFeeds(ctx) })
	}
	return s.result(first, err), err
}

func (s *run) result(first bool, err error) SyncResult {
	s.mu.RLock()
	defer s.mu.RUnlock()
	next, feed := s.nextDue()
	if later := s.now().Add(lastRetry); isTenantWide(err) {
		next, feed = latest(next, later), latest(feed, later)
	}
	return SyncResult{Complete: s.complete, First: first, Changed: s.changed, NextDue: next, NextFeed: feed, Feeds: s.feedStatuses()}
}

// isTenantWide is true for a failure that every other call would meet as well.
func isTenantWide(err error) bool {
	switch directory.KindOf(err) {
	case directory.KindCredentials, directory.KindConsent, directory.KindUnknownTenant:
		return true
	default:
		return false
	}
}

// hurry makes due what is asked for out of turn.
func (t *Tenant) hurry(force bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if force || t.recheck {
		clear(t.refusals)
	}
	for _, f := range t.feeds {
		refused := f.status.Reason != "" && f.status.Reason != ReasonNotRead
		if force || t.recheck && refused {
			t.makeDue(f)
		}
	}
	t.recheck = false
}

// syncFeeds reads the feeds that are due, those that failed before after the others.
func (s *run) syncFeeds(ctx context.Context) {
	feeds := slices.Clone(s.feeds)
	slices.SortStableFunc(feeds, func(a, b *feed) int { return a.failures - b.failures })
	for _, f := range feeds {
		if ctx.Err() != nil {
			return
		}
		if s.isDue(f) && (!f.late || s.Synced()) && (!s.first || f.status.Name != FeedMailboxes) {
			s.syncFeed(ctx, f)
		}
	}
}

// noteUsers keeps how the users' round went.
func (s *run) noteUsers(ctx context.Context, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := &s.round.status
	status.Err, status.NextDue = err, time.Time{}
	switch {
	case err == nil:
		status.Reason = ""
	case ctx.Err() != nil:
		status.NextDue = s.now()
	default:
		if reason := refusalOf(err); reason != "" {
			status.Reason = reason
		}
		if wait := retryWait(err); wait > 0 {
			status.NextDue = s.now().Add(wait)
		}
	}
}

// count notes changes that a feed brought.
func (s *run) count(name FeedName, changed int) {
	if changed == 0 {
		return
	}
	s.changed += changed
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == FeedUsers {
		s.round.status.ChangedAt = s.now()
		return
	}
	for _, f := range s.feeds {
		if f.status.Name == name {
			f.status.ChangedAt = s.now()
		}
	}
}

// nextDue is the earliest time at which something is due that cannot wait, and at which
// a feed is in its own rhythm; the caller holds the lock.
func (t *Tenant) nextDue() (next, rhythm time.Time) {
	next = t.round.status.NextDue
	for _, f := range t.feeds {
		switch due := f.status.NextDue; {
		case t.isIdle(f), f.late && !t.synced:
		case due.IsZero():
			next = earliest(next, t.now())
		case f.inRhythm:
			rhythm = earliest(rhythm, due)
		default:
			next = earliest(next, due)
		}
	}
	for _, a := range t.held {
		next = earliest(next, a.hold.until)
	}
	for _, d := range t.doubted {
		next = earliest(next, d.due(t.now()))
	}
	for _, holds := range t.facts.links {
		for _, h := range holds {
			next = earliest(next, h.until)
		}
	}
	return next, rhythm
}

// earliest of two times; the zero time is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
