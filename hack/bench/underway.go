package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// load is what goes on besides the suspensions that are measured.
type load interface {
	// run does it again and again, until there are enough suspensions or its bounds are
	// reached, and says each time when it begins and when it is over.
	run(ctx context.Context, u *underway) error
	// spans are when it really went on, by Graph's journal: what run says leads the
	// suspensions, this judges them.
	spans(ctx context.Context) ([]span, error)
}

// span is a stretch of time by the machine's clock.
type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && !t.After(s.to) }

// errLoadOver is why a suspension is not sent any more.
var errLoadOver = errors.New("the load is over")

// underway lets suspensions wait until a load goes on, and the load end when there are
// enough of them.
type underway struct {
	mu     sync.Mutex
	on     bool
	begun  chan struct{} // closed while it goes on
	over   chan struct{} // closed when it will not go on again
	enough chan struct{} // closed when there are enough suspensions
	want   int           // how many are still wanted
}

func newUnderway(want int) *underway {
	return &underway{begun: make(chan struct{}), over: make(chan struct{}), enough: make(chan struct{}), want: want}
}

// begin says that the load goes on from now.
func (u *underway) begin() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.on {
		u.on = true
		close(u.begun)
	}
}

// end says that it does not any more.
func (u *underway) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.on {
		u.on, u.begun = false, make(chan struct{})
	}
}

// accepted counts a suspension, if the load still goes on.
func (u *underway) accepted() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.on && u.want > 0 {
		if u.want--; u.want == 0 {
			close(u.enough)
		}
	}
}

// stop says that there will be no more suspensions.
func (u *underway) stop() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.want > 0 {
		u.want = 0
		close(u.enough)
	}
}

// await waits until the load goes on; errLoadOver says that there is nothing to wait for.
func (u *underway) await(ctx context.Context) error {
	u.mu.Lock()
	begun := u.begun
	u.mu.Unlock()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-u.enough:
		return errLoadOver
	default:
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-u.over:
		return errLoadOver
	case <-begun:
		return nil
	}
}

// isEnough tells whether there are enough suspensions.
func (u *underway) isEnough() bool {
	select {
	case <-u.enough:
		return true
	default:
		return false
	}
}

// rest waits for so long, or until there are enough suspensions.
func (u *underway) rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-u.enough:
	case <-timer.C:
	}
	return nil
}

// fullReadings are when all users of a tenant were read: from the arrival of the request
// for the first page to that of the one for the last.
func fullReadings(entries []graphsim.Entry) []span {
	var all []span
	open := false
	for i := range entries {
		e := &entries[i]
		switch {
		case e.Template != deltaTemplate || e.Status != http.StatusOK:
		case hasToken(e, deltaToken): // what changed
			open = false
		case !hasToken(e, skipToken):
			open = true
			all = append(all, span{e.Time, e.Time})
		case open:
			all[len(all)-1].to = e.Time
		}
	}
	return all
}

// burstSpans are when changes of a property went on: each from when it was begun to the
// arrival of the last change before the next was.
func burstSpans(began []time.Time, entries []graphsim.Entry, field string) []span {
	var all []span
	for i, from := range began {
		s := span{from, from}
		for j := range entries {
			e := &entries[j]
			next := i+1 < len(began) && !e.Time.Before(began[i+1])
			if e.Template == userTemplate && slices.Contains(e.Fields, field) && !next && e.Time.After(s.to) {
				s.to = e.Time
			}
		}
		all = append(all, s)
	}
	return all
}
