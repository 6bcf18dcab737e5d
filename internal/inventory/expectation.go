package inventory

import (
	"maps"
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// Expectation is what the operator itself wrote and Graph need not show yet. Zero
// fields expect nothing.
type Expectation struct {
	Enabled directory.Tristate
	// SessionsValidFrom is the time, by Graph's clock, of a revocation.
	SessionsValidFrom time.Time
	UserPrincipalName string
	Attributes        directory.Attributes
	// Licenses tell of the account's own licences: those added and those removed.
	Licenses *directory.LicenseChange
}

func (e *Expectation) isZero() bool {
	return e.Enabled == directory.Unknown && e.SessionsValidFrom.IsZero() && e.UserPrincipalName == "" &&
		len(e.Attributes) == 0 && e.Licenses == nil
}

// ExpectationState is how an account, as just read, stands to what was expected.
type ExpectationState string

const (
	// ExpectationNone means nothing was expected.
	ExpectationNone ExpectationState = "None"
	// ExpectationMet means Graph shows what was expected.
	ExpectationMet ExpectationState = "Met"
	// ExpectationOpen means Graph does not show it; until it does or the time is up,
	// the expected value is what is observed.
	ExpectationOpen ExpectationState = "Open"
	// ExpectationBroken means Graph showed it before and no longer does: somebody else
	// changed the account since.
	ExpectationBroken ExpectationState = "Broken"
)

// hold is what is expected of an account, and the account as it was and is read.
type hold struct {
	want Expectation
	// written is when the operator last wrote, until how long it is believed.
	written, until time.Time
	// before is the account as read before the write, read as last read.
	before, read directory.User
	// met is true once Graph showed what is wanted.
	met bool
	// crossed is true when the operator wrote one value and soon another: what
	// differs from the last may then be the first, coming late.
	crossed bool
}

// Expect makes ByID show what the operator just wrote, until Graph shows it or
// Options.Expectation passes. It adds to what is already expected of the account; an
// empty Expectation withdraws it all.
func (t *Tenant) Expect(id string, expectation Expectation) {
	t.emit(t.write(func(w *writer) {
		id := strings.ToLower(id)
		if expectation.Licenses != nil {
			w.written[id] = w.now
		}
		a, ok := w.accounts[id]
		if !ok || a.shown.Gone != GoneNot {
			return
		}
		raw := a.raw()
		if expectation.isZero() {
			w.release(a)
		} else {
			a.expect(expectation, w.now, w.store.options.Expectation)
			w.held[a.shown.User.ID] = a
		}
		w.update(a, raw, GoneNot)
	}))
}

// Written is when the operator last gave an account licences or links, or took them: a
// reading may be older. What was written before the tenant began to be known in this process
// is not known, so that is the earliest.
func (t *Tenant) Written(id string) time.Time {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if at, ok := t.written[strings.ToLower(id)]; ok {
		return at
	}
	return t.begun
}

// WrittenLately tells whether a replica may lack what the operator last gave an account.
func (t *Tenant) WrittenLately(id string) bool { return t.now().Before(t.Written(id).Add(replicaLag)) }

// Refresh stores an account as just read live, and tells how it stands to what was
// expected of it. A live reading may itself be older than the operator's last write,
// so an Open expectation stays.
func (t *Tenant) Refresh(user directory.User) ExpectationState {
	state := ExpectationNone
	t.emit(t.write(func(w *writer) { state = w.deliver(user, fromLive) }))
	return state
}

// Remove stores that an account was just asked for by its id and not found.
func (t *Tenant) Remove(id string) {
	t.emit(t.write(func(w *writer) {
		id = strings.ToLower(id)
		if a, ok := w.accounts[id]; ok && a.shown.Gone == GoneNot && !w.isMade(id) {
			w.remove(id, GoneVanished)
			w.recheck(id, GoneNot)
		}
	}))
}

// sweep ends expectations and doubts whose time is up.
func (t *Tenant) sweep() int {
	return t.emit(t.write(func(w *writer) {
		for _, a := range w.held {
			if w.now.Before(a.hold.until) {
				continue
			}
			raw := a.raw()
			w.release(a)
			w.update(a, raw, a.shown.Gone)
		}
		for id, d := range w.doubted {
			if d.again.IsZero() && !w.now.Before(d.until) {
				w.believe(id, d)
			}
		}
		maps.DeleteFunc(w.written, func(_ string, at time.Time) bool {
			return !w.now.Before(at.Add(writtenFor))
		})
		w.sweepLinks()
		w.sweepFates()
	}))
}

// expect adds to what is expected of the account.
func (a *account) expect(want Expectation, now time.Time, believed time.Duration) {
	if a.hold == nil {
		raw := a.raw()
		a.hold = &hold{before: raw, read: raw}
	}
	h := a.hold
	h.want.add(want, &h.crossed)
	h.written, h.until = now, now.Add(believed)
	h.met = h.isMetBy(&h.read)
}

// isMetBy tells whether a reading shows what is wanted. Graph dates a revocation
// itself, so any later time than before is the one.
func (h *hold) isMetBy(user *directory.User) bool {
	return h.showsEnabled(user) && h.showsSessions(user) && h.want.showsName(user) &&
		h.want.showsAttributes(user) && h.want.showsLicenses(user)
}

func (h *hold) showsEnabled(user *directory.User) bool {
	return h.want.Enabled == directory.Unknown || user.Enabled == h.want.Enabled
}

func (h *hold) showsSessions(user *directory.User) bool {
	before := h.before.SessionsValidFrom
	return !user.SessionsValidFrom.Before(h.want.SessionsValidFrom) ||
		!before.IsZero() && user.SessionsValidFrom.After(before)
}

// replicaLag is for how long after a write a live reading may come from a replica that
// does not have it (https://learn.microsoft.com/graph/best-practices-concept names no
// bound; seconds are usual).
const replicaLag = time.Minute

// writtenFor is how long it is known when an account was last written to: longer than any
// consistency window.
const writtenFor = time.Hour

// isEcho tells whether the changes brought an account that differs in nothing but what
// the operator wrote, after one that shows it: a late delivery, or somebody who undid a
// write.
func (h *hold) isEcho(user *directory.User, now time.Time) bool {
	return h != nil && h.met && now.Before(h.until) && !h.isMetBy(user) && (h.crossed || h.differsInWanted(user))
}

// differsInWanted compares an account with the one from before the first write, but for
// what was written and what follows from it.
func (h *hold) differsInWanted(user *directory.User) bool {
	masked := h.want.mask(*user, &h.before)
	return equalUsers(&masked, &h.before)
}

// isOutlived tells whether a reading shows the sessions revoked, which the operator
// does last, and yet not the account blocked: it is newer than both.
func (h *hold) isOutlived(user *directory.User) bool {
	return h != nil && !h.want.SessionsValidFrom.IsZero() && h.showsSessions(user) && !h.showsEnabled(user)
}

// isSettled tells whether a live reading must show the write by now.
func (h *hold) isSettled(now time.Time) bool { return !now.Before(h.written.Add(replicaLag)) }

// isOverdue tells whether nothing has shown the write though it should have: then only
// a live reading tells lateness from somebody who undid the write before it showed.
func (h *hold) isOverdue(now time.Time) bool {
	return !h.met && h.isSettled(now) && now.Before(h.until)
}

// hear takes note of a reading. Once Graph showed what is wanted, a reading that
// differs is news, unless it is the very account from before the write: then only a
// live reading, late enough, tells an echo from somebody's act.
func (h *hold) hear(user *directory.User, now time.Time, from source) ExpectationState {
	switch {
	case !now.Before(h.until):
		return ExpectationNone
	case h.isMetBy(user):
		h.met = true
		return ExpectationMet
	case h.met && !h.isEcho(user, now), from == fromLive && (h.isSettled(now) || h.isOutlived(user)):
		return ExpectationBroken
	default:
		return ExpectationOpen
	}
}

// state tells how a reading stands to the hold without taking note of it.
func (h *hold) state(user *directory.User) ExpectationState {
	switch {
	case h == nil:
		return ExpectationNone
	case h.isMetBy(user):
		return ExpectationMet
	default:
		return ExpectationOpen
	}
}

// overlay is a reading with what is expected in the place of what it does not show.
func (h *hold) overlay(user directory.User) directory.User {
	if !h.showsEnabled(&user) {
		user.Enabled = h.want.Enabled
	}
	if !h.showsSessions(&user) {
		user.SessionsValidFrom = h.want.SessionsValidFrom
	}
	if !h.want.showsName(&user) {
		user.UserPrincipalName = h.want.UserPrincipalName
	}
	if !h.want.showsAttributes(&user) {
		h.want.overlayAttributes(&user)
	}
	if !h.want.showsLicenses(&user) {
		h.want.overlayLicenses(&user)
	}
	return user
}
