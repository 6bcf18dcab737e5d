package inventory

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// userRound is how far the users were read. It changes only after what a page told is
// stored, so a round that was interrupted goes on from the last page that was.
type userRound struct {
	// link is the next page; empty for the beginning.
	link string
	// listing is true when the round began at the beginning, so that it lists everybody.
	listing bool
	// number of the round, and of the last one that listed everybody: an account that
	// it did not list is gone.
	number, full uint32
	// listed is when the last full round ended, and calls how many it took.
	listed time.Time
	calls  int
	status FeedStatus
}

// errPages is an answer that is no page of changes.
var errPages = errors.New("a page of changes has neither or both of a next and a resume link, or leads to itself")

// syncUsers reads the rest of a round. Nothing is taken for gone unless a full round
// came to its end.
func (s *run) syncUsers(ctx context.Context) error {
	if now := s.now(); s.round.status.isHeldUp(now) {
		return &directory.Error{Kind: directory.KindThrottled, RetryAfter: s.round.status.NextDue.Sub(now)}
	}
	if !s.round.listing && s.listingDue(FeedUsers, s.round.listed, s.round.calls) {
		s.beginFullRound()
	}
	restarted := false
	for {
		page, err := s.reader.UserChanges(ctx, s.round.link)
		if directory.KindOf(err) == directory.KindResync && !restarted {
			restarted = true
			s.beginFullRound()
			continue
		}
		if err != nil {
			return err
		}
		if (page.Next == "") == (page.Resume == "") || page.Next != "" && page.Next == s.round.link {
			return errPages
		}
		if s.round.listing {
			s.round.calls++
		}
		s.storePage(page)
		if page.Resume != "" {
			s.finishRound(page.Resume)
			return nil
		}
		s.round.link = page.Next
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// beginFullRound starts from the beginning; what is known stays meanwhile.
func (s *run) beginFullRound() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.round.link, s.round.listing, s.round.calls = "", true, 0
	s.round.number++
	s.round.full = s.round.number
}

// storePage stores what a page told, a portion at a time.
func (s *run) storePage(page *directory.UserChanges) {
	from := fromChanges
	if s.round.listing {
		from = fromListing
	}
	for users := range slices.Chunk(page.Users, writePortion) {
		s.count(FeedUsers, s.emit(s.write(func(w *writer) {
			for i := range users {
				w.deliver(users[i], from)
			}
		})))
	}
	for removed := range slices.Chunk(page.Removed, writePortion) {
		s.count(FeedUsers, s.emit(s.write(func(w *writer) {
			for _, removal := range removed {
				w.removeBy(removal)
			}
		})))
	}
}

// finishRound ends a round whose last page was stored.
func (s *run) finishRound(resume string) {
	if s.round.listing {
		s.dropVanished()
		s.forgetPurged()
		s.forgetUnused()
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.round.listing {
		s.round.listed = now
	}
	s.round.link, s.round.listing = resume, false
	s.round.number++
	s.round.status.AsOf = now
	s.complete = true
}

// dropVanished marks the accounts that a complete listing does not hold, except those
// just read live: the listing may be older.
func (s *run) dropVanished() {
	recent := s.now().Add(-s.store.options.Expectation).Unix()
	for portion := range s.portions() {
		s.count(FeedUsers, s.emit(s.write(func(w *writer) {
			for _, a := range portion {
				if a.listed != w.round.full && a.shown.Gone == GoneNot && a.live < recent && !w.isMade(a.shown.User.ID) {
					w.remove(a.shown.User.ID, GoneVanished)
				}
			}
		})))
	}
}

// forgetPurged forgets accounts that nobody can restore: they are gone for so long, or
// for good.
func (s *run) forgetPurged() {
	now := s.now()
	var purged []*account
	for portion := range s.portions() {
		s.mu.RLock()
		for _, a := range portion {
			if a.isForgettable(now) {
				purged = append(purged, a)
			}
		}
		s.mu.RUnlock()
	}
	if len(purged) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	forgotten := make(map[*account]bool, len(purged))
	for _, a := range purged {
		if a.shown.Gone != GoneNot {
			forgotten[a] = true
			s.forget(a.shown.User.ID)
		}
	}
	s.order = slices.DeleteFunc(slices.Clone(s.order), func(a *account) bool { return forgotten[a] })
}

// forget drops all that is known of an account only; the caller holds the lock.
func (s *run) forget(id string) {
	delete(s.accounts, id)
	delete(s.facts.methods, id)
	delete(s.facts.purposes, id)
	delete(s.askedMailboxes, id)
}
