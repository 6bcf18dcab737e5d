package inventory

import (
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// purgeAfter is how long a deleted account is remembered: Graph keeps it restorable
// for 30 days (https://learn.microsoft.com/graph/api/resources/deleteditem-group).
const purgeAfter = 30 * 24 * time.Hour

// purgedFor is how long an account is remembered that was deleted for good. Nobody can
// restore it, but what is told of it may come late.
const purgedFor = 24 * time.Hour

// account is one account as it is kept. Without a hold, shown.User is as last read.
type account struct {
	shown Observation
	hold  *hold
	// listed is the number of the last full round that listed the account, told that
	// of the last round that said anything about it.
	listed, told uint32
	// live is when the account was last read live, goneAt when it was first known to
	// be gone, or to be gone for good; Unix seconds, 0 for never.
	live, goneAt int64
}

// raw is the account as last read, without what is expected of it.
func (a *account) raw() directory.User {
	if a.hold != nil {
		return a.hold.read
	}
	return a.shown.User
}

// isForgettable tells whether nothing needs to be known of an account any more.
func (a *account) isForgettable(now time.Time) bool {
	since := now.Sub(time.Unix(a.goneAt, 0))
	switch a.shown.Gone {
	case GoneNot:
		return false
	case GonePurged:
		return since > purgedFor
	default:
		return since > purgeAfter
	}
}

// writer changes accounts while the tenant's lock is held and collects what changed.
type writer struct {
	*Tenant
	now     time.Time
	changes []Change
}

// write runs f under the lock and returns the changes, to be emitted without it.
func (t *Tenant) write(f func(*writer)) []Change {
	w := &writer{Tenant: t, now: t.now()}
	t.mu.Lock()
	defer t.mu.Unlock()
	f(w)
	return w.changes
}

// account finds or makes an account.
func (w *writer) account(id string) *account {
	a, ok := w.accounts[id]
	if !ok {
		a = &account{listed: w.round.full}
		w.accounts[id] = a
		w.order = append(w.order, a)
	}
	return a
}

// update stores an account as read and shows what follows from it.
func (w *writer) update(a *account, raw directory.User, gone Gone) {
	user := raw
	if a.hold != nil {
		a.hold.read = raw
		user = a.hold.overlay(raw)
	}
	w.facts.learnLicenses(&raw)
	if raw.Mail == "" {
		delete(w.facts.purposes, raw.ID) // should it get an address, its mailbox is a new one
	}
	next := w.facts.derive(user, gone)
	if equal(&a.shown, &next) {
		w.counts.addMailbox(&a.shown, -1)
		w.counts.addMailbox(&next, 1)
		a.shown.mailboxUnread = next.mailboxUnread
		return
	}
	w.changes = append(w.changes, changeOf(&a.shown, &next))
	w.counts.add(&a.shown, -1)
	w.counts.add(&next, 1)
	w.rename(&a.shown, &next)
	w.doubtPurpose(&a.shown, &next)
	if next.Admin == directory.Yes {
		w.admins[next.User.ID] = a
	} else {
		delete(w.admins, next.User.ID)
	}
	a.shown = next
}

// refresh shows what follows for an account from facts that changed.
func (w *writer) refresh(a *account) { w.update(a, a.raw(), a.shown.Gone) }

// rename keeps the index of names.
func (w *writer) rename(before, after *Observation) {
	was, is := nameOf(before), nameOf(after)
	if was == is {
		return
	}
	w.names.release(was, before.User.ID)
	w.names.claim(is, after.User.ID)
}

// nameOf is the name that leads to an account; empty when it is gone or new.
func nameOf(o *Observation) string {
	if o.Gone != GoneNot {
		return ""
	}
	return strings.ToLower(o.User.UserPrincipalName)
}

// changeOf is the change from before, nil for nothing, to after.
func changeOf(before, after *Observation) Change {
	change := Change{ID: after.User.ID, Identity: isAnother(before, after)}
	if name := strings.ToLower(after.User.UserPrincipalName); name != "" {
		change.Names = append(change.Names, name)
	}
	if before == nil {
		return change
	}
	was := strings.ToLower(before.User.UserPrincipalName)
	if was != "" && (len(change.Names) == 0 || change.Names[0] != was) {
		change.Names = append(change.Names, was)
	}
	return change
}

// isAnother tells whether what is told of an account concerns its identity.
func isAnother(before, after *Observation) bool {
	return before == nil || before.User.ID == "" || before.Gone != after.Gone || before.Type != after.Type ||
		before.User.UserPrincipalName != after.User.UserPrincipalName
}

// source is where a reading of an account comes from.
type source int

const (
	// fromChanges is the delta.
	fromChanges source = iota
	// fromListing is a reading of all users from the beginning.
	fromListing
	// fromLive is a reading of this one account.
	fromLive
)

// deliver stores one reading of an account. The same may come again, and an older
// state after a newer one.
func (w *writer) deliver(user directory.User, from source) ExpectationState {
	user = w.interned.user(user)
	a := w.account(user.ID)
	known := a.raw()
	user = complete(known, user)
	if w.isUnmade(user.ID, from) {
		if from != fromLive {
			w.doubt(user.ID, doubt{user: user})
		}
		return ExpectationNone
	}
	repeated := a.told == w.round.number
	a.listed = w.round.full
	if from == fromLive {
		a.live, repeated = w.now.Unix(), false
	} else {
		a.told = w.round.number
	}
	echo := from != fromLive && (a.hold.isEcho(&user, w.now) || a.hold.isOutlived(&user))
	if echo || a.isDoubtful(&known, &user, from) || repeated && (a.shown.Gone != GoneNot || !equalUsers(&known, &user)) {
		w.doubt(user.ID, doubt{user: user})
		return a.hold.state(&known)
	}
	if from == fromLive {
		return w.acceptLive(a, user)
	}
	return w.accept(a, user, from)
}

// acceptLive stores a live reading, and has one made again that a replica may have answered
// which lacks what the changes had told.
func (w *writer) acceptLive(a *account, user directory.User) ExpectationState {
	before := a.shown
	told, doubted := w.doubted[user.ID]
	state := w.accept(a, user, fromLive)
	news := before.Gone != a.shown.Gone || !equalUsers(&before.User, &a.shown.User)
	if before.User.ID != "" && (news || doubted && told.contradicts(&user) || state == ExpectationOpen && a.hold.met) {
		w.recheck(user.ID, before.Gone)
	}
	return state
}

// accept stores a reading that is believed.
func (w *writer) accept(a *account, user directory.User, from source) ExpectationState {
	delete(w.doubted, user.ID)
	state := w.settle(a, &user, from)
	a.goneAt = 0
	w.update(a, user, GoneNot)
	return state
}

// settle compares a reading with what is expected, which ends when it was seen and
// then changed by somebody else.
func (w *writer) settle(a *account, user *directory.User, from source) ExpectationState {
	if a.hold == nil {
		return ExpectationNone
	}
	state := a.hold.hear(user, w.now, from)
	if state == ExpectationNone || state == ExpectationBroken {
		w.release(a)
	}
	return state
}

// release ends what is expected of an account; an update must follow, with the
// account as it was read.
func (w *writer) release(a *account) {
	a.hold = nil
	delete(w.held, a.shown.User.ID)
}

// remove stores that an account is gone. A purge is final: what says less comes late.
func (w *writer) remove(id string, gone Gone) {
	a := w.account(id)
	delete(w.doubted, id)
	if a.shown.Gone == GonePurged {
		return
	}
	raw := a.raw()
	raw.ID = id
	if a.hold != nil {
		w.release(a)
	}
	if a.goneAt == 0 || gone == GonePurged {
		a.goneAt = w.now.Unix()
	}
	w.update(a, raw, gone)
}

// removeBy stores that the changes tell of an account that is gone.
func (w *writer) removeBy(removal directory.Removal) {
	gone := GoneDeleted
	if removal.Permanent {
		gone = GonePurged
	}
	id := strings.ToLower(removal.ID)
	a := w.account(id)
	repeated := a.told == w.round.number
	a.told = w.round.number
	if (repeated || w.isMade(id)) && a.shown.Gone == GoneNot && a.shown.User.ID != "" {
		w.doubt(id, doubt{gone: gone})
		return
	}
	w.remove(id, gone)
}

// complete adds what a reading leaves out. accountEnabled always has a value, so a
// reading without it tells a part only and what it is silent about stays; the times
// of password and sessions are never unset either.
func complete(known, user directory.User) directory.User {
	keepTime(&user.Created, known.Created)
	keepTime(&user.LastPasswordChange, known.LastPasswordChange)
	keepTime(&user.SessionsValidFrom, known.SessionsValidFrom)
	if user.Licenses == nil {
		user.Licenses = known.Licenses
	}
	if user.Profile == nil || equalProfiles(user.Profile, known.Profile) {
		user.Profile = known.Profile
	}
	if user.Enabled != directory.Unknown || known.Enabled == directory.Unknown {
		return user
	}
	user.Enabled = known.Enabled
	for _, field := range []struct {
		value *string
		known string
	}{
		{&user.UserPrincipalName, known.UserPrincipalName},
		{&user.DisplayName, known.DisplayName},
		{&user.GivenName, known.GivenName},
		{&user.Surname, known.Surname},
		{&user.Mail, known.Mail},
		{&user.JobTitle, known.JobTitle},
		{&user.Department, known.Department},
		{&user.UsageLocation, known.UsageLocation},
		{&user.UserType, known.UserType},
		{&user.OnPremises.SAMAccountName, known.OnPremises.SAMAccountName},
		{&user.OnPremises.Domain, known.OnPremises.Domain},
	} {
		if *field.value == "" {
			*field.value = field.known
		}
	}
	keepTime(&user.OnPremises.LastSync, known.OnPremises.LastSync)
	if user.OnPremises.Synced == directory.Unknown {
		user.OnPremises.Synced = known.OnPremises.Synced
	}
	if user.SKUs == nil {
		user.SKUs = known.SKUs
	}
	return user
}

func keepTime(value *time.Time, known time.Time) {
	if value.IsZero() {
		*value = known
	}
}
