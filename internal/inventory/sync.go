package inventory

import (
	"context"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// SyncRequest says what a sync is to read beyond what is due.
type SyncRequest struct {
	// Force reads every feed now, also those that were refused before.
	Force bool
	// Groups are the ids of the groups whose members must be known (see InGroup).
	Groups []string
}

// SyncResult is what a sync did.
type SyncResult struct {
	// Complete is true when the users were read to the end of a round.
	Complete bool
	// Changed is the number of changes to accounts' Observations.
	Changed int
	// NextDue is the earliest time at which something is due, other than the users'
	// next round, which the caller times. It covers feeds, what throttling held up
	// and expectations that end.
	NextDue time.Time
	// Feeds stand in a fixed order, users first.
	Feeds []FeedStatus
}

// Sync reads the next round of changes among the users and then the feeds that are
// due. The error is that of the users, KindThrottled included; the result is valid
// all the same, and the next Sync goes on from the last page that was stored. A
// feed's trouble stands in its FeedStatus only.
func (t *Tenant) Sync(ctx context.Context, reader directory.Reader, request SyncRequest) (SyncResult, error) {
	panic("in the making")
}
