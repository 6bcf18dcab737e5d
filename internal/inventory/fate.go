package inventory

import (
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// fate is what the operator itself made of an account's existence, and until when it is
// believed although a reading says otherwise.
type fate struct {
	gone           bool
	written, until time.Time
}

// Created stores an account that the operator just made. Until Options.Expectation
// passes, a reading that does not show it yet does not make it gone.
func (t *Tenant) Created(user directory.User) {
	t.emit(t.write(func(w *writer) {
		w.decide(strings.ToLower(user.ID), false)
		w.deliver(user, fromLive)
	}))
}

// Restored makes ByID show a deleted account that the operator just restored, as it was
// when it was deleted. Like Created it holds for a while.
func (t *Tenant) Restored(id string) {
	t.emit(t.write(func(w *writer) {
		id = strings.ToLower(id)
		a, ok := w.accounts[id]
		if !ok {
			return
		}
		w.decide(id, false)
		delete(w.doubted, id)
		a.goneAt = 0
		w.update(a, a.raw(), GoneNot)
	}))
}

// Deleted makes ByID show that the operator just deleted an account. Until
// Options.Expectation passes, a late delivery does not bring it back.
func (t *Tenant) Deleted(id string) {
	t.emit(t.write(func(w *writer) {
		id = strings.ToLower(id)
		if _, ok := w.accounts[id]; !ok {
			return
		}
		w.decide(id, true)
		w.remove(id, GoneDeleted)
	}))
}

func (w *writer) decide(id string, gone bool) {
	w.fates[id] = fate{gone: gone, written: w.now, until: w.now.Add(w.store.options.Expectation)}
}

// isMade tells whether the operator made or restored the account, so lately that it may
// not show yet.
func (w *writer) isMade(id string) bool {
	fate, ok := w.fates[id]
	return ok && !fate.gone && w.now.Before(fate.until)
}

// isUnmade tells whether the operator deleted the account so lately that a reading which
// shows it may be older. A live one, late enough, is not.
func (w *writer) isUnmade(id string, from source) bool {
	fate, ok := w.fates[id]
	if !ok || !fate.gone {
		return false
	}
	if from == fromLive {
		return w.now.Before(fate.written.Add(replicaLag))
	}
	return w.now.Before(fate.until)
}

// sweepFates forgets what is no longer believed.
func (w *writer) sweepFates() {
	for id, fate := range w.fates {
		if !w.now.Before(fate.until) {
			delete(w.fates, id)
		}
	}
}
