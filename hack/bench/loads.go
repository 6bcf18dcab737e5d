package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// bursts change a profile of everybody in a crew, as a commit does that a GitOps
// controller applies, again and again.
type bursts struct {
	crew *crew
	// most is how many fit into what the operator may write within a quota's window;
	// windows bounds the windows.
	most, windows int

	journal *journal
	began   []time.Time
}

// newBursts makes a load of so many bursts that they and what the samples write fit into
// a window of the quota, which the operator keeps to even where Graph does not.
func newBursts(ctx context.Context, c *crew, samples int) (*bursts, error) {
	j, err := openJournal(ctx, c.s.Graph, c.tenant)
	if err != nil {
		return nil, err
	}
	return &bursts{crew: c, most: burstsInWindow(len(c.people), samples), windows: 2, journal: j}, nil
}

// burstsInWindow is how often so many people can be changed within a window of the quota,
// by one write each, beside so many suspensions of two writes each.
func burstsInWindow(people, samples int) int {
	return max(1, (quotaWrites-2*samples)/max(people, 1))
}

func (b *bursts) run(ctx context.Context, u *underway) error {
	for window := range b.windows {
		began := time.Now()
		for round := range b.most {
			title := fmt.Sprintf(`{"spec":{"profile":{"jobTitle":"Round %d.%d"}}}`, window, round)
			b.began = append(b.began, time.Now().Round(0))
			u.begin()
			err := b.crew.patchEach(ctx, gitWorkers, func(int) string { return title })
			if err == nil {
				err = b.crew.awaitSettled(ctx)
			}
			u.end()
			if err != nil || u.isEnough() {
				return err
			}
		}
		if window == b.windows-1 {
			break
		}
		if err := u.rest(ctx, time.Until(began.Add(quotaWindow))); err != nil || u.isEnough() {
			return err
		}
	}
	return nil
}

func (b *bursts) spans(ctx context.Context) ([]span, error) {
	entries, err := b.journal.read(ctx, url.Values{"method": {http.MethodPatch}, "template": {userTemplate}})
	return burstSpans(b.began, entries, "jobTitle"), err
}

// resyncs have a tenant read anew, from the beginning to the end, again and again. Before
// each time outsiders change accounts.
type resyncs struct {
	people  *crew
	changed []string // accounts that outsiders change
	pages   float64  // of a full reading
	rounds  int      // at most
	journal *journal
}

// newResyncs makes a load of full readings of the large tenant.
func (r *reaction) newResyncs(ctx context.Context) (*resyncs, error) {
	var ids []string
	if err := r.Graph.Call(ctx, http.MethodGet, "tenants/"+r.large.tenant+"/users", nil, &ids); err != nil {
		return nil, err
	}
	j, err := openJournal(ctx, r.Graph, r.large.tenant)
	if err != nil {
		return nil, err
	}
	return &resyncs{people: r.large, changed: spread(ids, r.outsiders), pages: r.readings[feedUserList].pages, rounds: 20, journal: j}, nil
}

// spread picks so many of all, evenly: on every page somebody has changed.
func spread(all []string, n int) []string {
	n = min(n, len(all))
	picked := make([]string, 0, n)
	for i := range n {
		picked = append(picked, all[i*len(all)/n])
	}
	return picked
}

func (r *resyncs) run(ctx context.Context, u *underway) error {
	for round := 0; round < r.rounds && !u.isEnough(); round++ {
		if err := r.change(ctx, round); err != nil {
			return err
		}
		seen, err := r.read(ctx)
		if err != nil {
			return err
		}
		asked, err := r.journal.graph.Counters(ctx, r.people.tenant)
		if err != nil {
			return err
		}
		if err := r.journal.graph.Call(ctx, http.MethodPost, "tenants/"+r.people.tenant+"/delta/expire", nil, nil); err != nil {
			return err
		}
		ticket := fmt.Sprintf("resync-%d", round)
		if err := r.people.sync(ctx, ticket); err != nil {
			return err
		}
		if err := r.awaitBegun(ctx, len(seen)); err != nil {
			return err
		}
		u.begin()
		err = r.awaitPages(ctx, float64(asked.ByPath[deltaPath])+1+r.pages)
		u.end()
		if err := errors.Join(err, r.people.awaitSync(ctx, ticket)); err != nil {
			return err
		}
	}
	return nil
}

// change has outsiders change accounts, before anybody looks.
func (r *resyncs) change(ctx context.Context, round int) error {
	group, changing := errgroup.WithContext(ctx)
	group.SetLimit(applyWorkers)
	for _, id := range r.changed {
		group.Go(func() error {
			change := map[string]any{"jobTitle": fmt.Sprintf("Title %d", round)}
			return r.journal.graph.Call(changing, http.MethodPatch, "tenants/"+r.people.tenant+"/users/"+id, change, nil)
		})
	}
	return group.Wait()
}

// awaitBegun waits until more full readings have begun than before.
func (r *resyncs) awaitBegun(ctx context.Context, before int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errTooLong)
	defer cancel()
	for {
		now, err := r.read(ctx)
		if err != nil || len(now) > before {
			return err
		}
		if err := sleep(ctx, lookEvery); err != nil {
			return fmt.Errorf("wait until all users are read anew: %w", err)
		}
	}
}

// awaitPages waits until so many pages, and the refusal before them, were asked for.
func (r *resyncs) awaitPages(ctx context.Context, want float64) error {
	ctx, cancel := context.WithTimeoutCause(ctx, settleTimeout, errTooLong)
	defer cancel()
	for {
		now, err := r.journal.graph.Counters(ctx, r.people.tenant)
		if err != nil || reached(now.ByPath[deltaPath], want) {
			return err
		}
		if err := sleep(ctx, lookEvery); err != nil {
			return fmt.Errorf("wait until all pages are read: %w", err)
		}
	}
}

// lookEvery is how often Graph is looked at for the first and the last page of a reading.
const lookEvery = 50 * time.Millisecond

func (r *resyncs) read(ctx context.Context) ([]span, error) {
	entries, err := r.journal.read(ctx, url.Values{"template": {deltaTemplate}})
	return fullReadings(entries), err
}

func (r *resyncs) spans(ctx context.Context) ([]span, error) { return r.read(ctx) }

// slowly has every page of users take longer where there are so few that a reading would
// be over before anything could fall into it, until the function that is returned is called.
func (r *reaction) slowly(ctx context.Context) (remove func(), err error) {
	pages := r.readings[feedUserList].pages
	if pages >= manyPages {
		return func() {}, nil
	}
	return r.arm(ctx, graphsim.Fault{
		Kind: graphsim.FaultDelay, Tenant: r.large.tenant, Path: deltaTemplate, DelaySeconds: slowPage.Seconds(),
	})
}

const (
	// manyPages take long enough by themselves.
	manyPages = 100
	// slowPage is what a page takes where there are fewer.
	slowPage = 300 * time.Millisecond
)
