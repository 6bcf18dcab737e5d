package inventory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// doubtsPerSync bounds the accounts that one sync reads live because of doubts.
const doubtsPerSync = 20

// doubt is what the changes told of an account and what may be older than what is
// known. It is resolved by reading the account live; failing that, by the next that
// is told of it; failing that, it is believed after a while.
type doubt struct {
	// user as read; not set when the account is said to be gone.
	user  directory.User
	gone  Gone
	until time.Time
	// again, when not zero, is when an account is to be read live once more. What the
	// last such reading told is stored already; it may have come from a replica that
	// lacks what the changes had told before, and will not tell again. So this does not
	// end before it was read.
	again time.Time
}

// due is when the doubt can be resolved, or ends; zero when it can since the last sync.
func (d *doubt) due(now time.Time) time.Time {
	switch {
	case d.again.IsZero():
		return d.until
	case d.again.After(now):
		return d.again
	default:
		return time.Time{}
	}
}

// recheck has an account read once more when all replicas have what the changes told, of
// how it is gone, too.
func (w *writer) recheck(id string, gone Gone) {
	delete(w.doubted, id)
	w.doubt(id, doubt{gone: gone, again: w.now.Add(replicaLag)})
}

// contradicts tells whether a live reading says other things than the changes had told.
func (d *doubt) contradicts(user *directory.User) bool {
	return d.again.IsZero() && (d.gone != GoneNot || !equalUsers(&d.user, user))
}

// doubt keeps what was told of an account from being believed; not for longer when it
// is told again.
func (w *writer) doubt(id string, d doubt) {
	d.until = w.now.Add(w.store.options.Expectation)
	if earlier, ok := w.doubted[id]; ok {
		d.until = earlier.until
	}
	w.doubted[id] = d
}

// believe stores what was doubted.
func (w *writer) believe(id string, d doubt) {
	delete(w.doubted, id)
	if d.gone != GoneNot {
		w.remove(id, d.gone)
		return
	}
	w.accept(w.account(id), d.user, fromChanges)
}

// isDoubtful is true for a reading that looks older than what is known: one of the
// times that only ever move forward went back, or an account deleted for good is
// among the changes.
func (a *account) isDoubtful(known, user *directory.User, from source) bool {
	switch a.shown.Gone {
	case GoneNot:
	case GonePurged:
		return from == fromChanges
	default:
		return false
	}
	return user.LastPasswordChange.Before(known.LastPasswordChange) ||
		user.SessionsValidFrom.Before(known.SessionsValidFrom) ||
		!user.OnPremises.LastSync.IsZero() && user.OnPremises.LastSync.Before(known.OnPremises.LastSync)
}

// doubtful are the accounts to be read live: those in doubt, and those that should
// have shown the operator's own write by now.
func (s *run) doubtful() []string {
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	var ids []string
	for id, d := range s.doubted {
		if !d.again.After(now) {
			ids = append(ids, id)
		}
	}
	for id, a := range s.held {
		if a.hold.isOverdue(now) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// resolveDoubts asks for the accounts in doubt. What cannot be asked now stays.
func (s *run) resolveDoubts(ctx context.Context) {
	ids := s.doubtful()
	for _, id := range ids[:min(len(ids), doubtsPerSync)] {
		user, err := s.reader.User(ctx, id)
		switch {
		case directory.KindOf(err) == directory.KindNotFound:
			s.count(FeedUsers, s.emit(s.write(func(w *writer) { w.believeGone(id) })))
		case refusalOf(err) != "":
			s.emit(s.write(func(w *writer) { w.endRecheck(id) }))
		case err != nil:
			return
		default:
			s.count(FeedUsers, s.emit(s.write(func(w *writer) { w.deliver(*user, fromLive) })))
		}
	}
}

// believeGone stores that an account in doubt is not there.
func (w *writer) believeGone(id string) {
	if w.isMade(id) {
		return // it may not show yet
	}
	d := w.doubted[id]
	delete(w.doubted, id)
	if w.account(id).shown.Gone == GoneNot {
		w.remove(id, cmp.Or(d.gone, GoneVanished))
	}
	if d.again.IsZero() && d.user.ID != "" {
		w.recheck(id, GoneNot)
	}
}

// endRecheck gives up on an account that may not be read.
func (w *writer) endRecheck(id string) {
	if d, ok := w.doubted[id]; ok && !d.again.IsZero() {
		delete(w.doubted, id)
	}
}
