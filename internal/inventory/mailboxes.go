package inventory

import (
	"strings"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// purpose is what a mailbox makes of its account.
type purpose uint8

const (
	// purposeUnread is a mailbox that was not read.
	purposeUnread purpose = iota
	// purposePerson is a person's mailbox, or none.
	purposePerson
	purposeShared
	purposeRoom
	purposeEquipment
)

func purposeOf(p directory.MailboxPurpose) purpose {
	switch p {
	case directory.MailboxShared:
		return purposeShared
	case directory.MailboxRoom:
		return purposeRoom
	case directory.MailboxEquipment:
		return purposeEquipment
	default:
		return purposePerson
	}
}

// accountType is empty when the mailbox does not tell.
func (p purpose) accountType() AccountType {
	switch p {
	case purposeShared:
		return AccountShared
	case purposeRoom:
		return AccountRoom
	case purposeEquipment:
		return AccountEquipment
	default:
		return ""
	}
}

// RecallPurpose stores what an earlier process read of an account's mailbox, so that not
// all are read again after a restart; the account need not be known yet. It is ignored
// for a mailbox that was read, and for an account without an address of mail.
func (t *Tenant) RecallPurpose(id string, recalled directory.MailboxPurpose) {
	if recalled == "" {
		return
	}
	t.emit(t.write(func(w *writer) {
		id := w.canonical(id)
		if w.facts.purposes[id] != purposeUnread {
			return
		}
		w.facts.purposes[id] = purposeOf(recalled)
		if a, ok := w.accounts[id]; ok {
			w.refresh(a)
		}
	}))
}

// AskPurpose makes the next Sync read an account's mailbox anew.
func (t *Tenant) AskPurpose(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a, ok := t.accounts[strings.ToLower(id)]; ok {
		t.askedMailboxes[a.shown.User.ID] = true
	}
}

// doubtPurpose has a mailbox read anew of which the account was blocked or opened, got or
// lost licences, or has another address: that is when mailboxes are converted.
func (w *writer) doubtPurpose(before, after *Observation) {
	id := after.User.ID
	if w.facts.purposes[id] == purposeUnread || after.User.Mail == "" || after.Gone != GoneNot || before.Gone != GoneNot {
		return
	}
	known := before.User.Enabled != directory.Unknown
	if known && (before.User.Enabled != after.User.Enabled || before.Licensed != after.Licensed || before.User.Mail != after.User.Mail) {
		w.askedMailboxes[id] = true
	}
}
