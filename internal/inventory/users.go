package inventory

import (
	"context"
	"errors"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// userRound is how far the users were read. It changes only after what a page told is
// stored, so a round that was interrupted goes on from the last page that was.
type userRound struct {
	// link is the next page; empty for the beginning.
	link string
	// open is true in the midst of a round.
	open bool
	// listing is true when the round began at the beginning, so that it lists everybody.
	listing bool
	// number of the round, and of the last one that listed everybody: an account that
	// it did not list is gone.
	number, full uint32
	// listed is when the last full round ended.
	listed time.Time
	status FeedStatus
}

// errPages is an answer that is no page of changes.
var errPages = errors.New("a page of changes has neither or both of a next and a resume link, or leads to itself")

// syncUsers reads the rest of a round. Nothing is taken for gone unless a full round
// came to its end.
func (s *run) syncUsers(ctx context.Context) error {
	if !s.round.open && s.fullRoundDue() {
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
		s.storePage(page)
		if page.Resume != "" {
			s.finishRound(page.Resume)
			return nil
		}
		s.round.link, s.round.open = page.Next, true
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (s *run) fullRoundDue() bool {
	if s.round.listed.IsZero() {
		return true
	}
	every := s.store.options.ResyncEvery
	early := time.Duration(s.fraction(FeedUsers) * float64(every/4))
	return !s.now().Before(s.round.listed.Add(every - early))
}

// beginFullRound starts from the beginning; what is known stays meanwhile.
func (s *run) beginFullRound() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.round.link, s.round.open, s.round.listing = "", true, true
	s.round.number++
	s.round.full = s.round.number
}

// storePage stores what a page told, a portion at a time.
func (s *run) storePage(page *directory.UserChanges) {
	from := fromChanges
	if s.round.listing {
		from = fromListing
	}
	for users := page.Users; len(users) > 0; {
		n := min(writePortion, len(users))
		s.count(FeedUsers, s.emit(s.write(func(w *writer) {
			for i := range users[:n] {
				w.deliver(users[i], from)
			}
		})))
		users = users[n:]
	}
	for removed := page.Removed; len(removed) > 0; {
		n := min(writePortion, len(removed))
		s.count(FeedUsers, s.emit(s.write(func(w *writer) {
			for _, removal := range removed[:n] {
				w.removeBy(removal)
			}
		})))
		removed = removed[n:]
	}
}

// finishRound ends a round whose last page was stored.
func (s *run) finishRound(resume string) {
	if s.round.listing {
		s.dropVanished()
		s.forgetPurged()
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.round.listing {
		s.round.listed = now
	}
	s.round.link, s.round.open, s.round.listing = resume, false, false
	s.round.number++
	s.round.status.AsOf = now
	s.complete = true
}

// dropVanished marks the accounts that a complete listing does not hold, except those
// just read live: the listing may be older.
func (s *run) dropVanished() {
	recent := s.now().Add(-s.store.options.Expectation).Unix()
	s.mu.RLock()
	rest := s.order
	s.mu.RUnlock()
	for len(rest) > 0 {
		n := min(writePortion, len(rest))
		s.count(FeedUsers, s.emit(s.write(func(w *writer) {
			for _, a := range rest[:n] {
				if a.listed != w.round.full && a.shown.Gone == GoneNot && a.live < recent {
					w.remove(a.shown.User.ID, GoneVanished)
				}
			}
		})))
		rest = rest[n:]
	}
}

// forgetPurged forgets accounts that are gone for so long that nobody can restore
// them.
func (s *run) forgetPurged() {
	oldest := s.now().Add(-purgeAfter).Unix()
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []*account
	for i, a := range s.order {
		if a.shown.Gone != GoneNot && a.goneAt < oldest {
			if kept == nil {
				kept = append(make([]*account, 0, len(s.order)), s.order[:i]...)
			}
			delete(s.accounts, a.shown.User.ID)
		} else if kept != nil {
			kept = append(kept, a)
		}
	}
	if kept != nil {
		s.order = kept
	}
}
