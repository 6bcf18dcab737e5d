package inventory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

const (
	// mailboxesPerSync bounds the mailboxes that one sync reads.
	mailboxesPerSync = 50
	// mailboxesPause is the time until the next are read.
	mailboxesPause = 10 * time.Second
	// mailboxRetry is when a mailbox is tried again whose account was not found: it may
	// be too new.
	mailboxRetry = 15 * time.Minute
)

// mailboxesRound reads what some of the mailboxes are used for that were not read yet.
func mailboxesRound(t *Tenant) *round {
	ids, more := t.mailboxesToRead()
	read := map[string]purpose{}
	r := &round{}
	for _, id := range ids {
		r.tasks = append(r.tasks, t.mailbox(id, read))
	}
	r.store = func(s *run) (int, Reason) {
		if more {
			r.again = mailboxesPause
		}
		return s.emit(s.write(func(w *writer) {
			for id, p := range read {
				w.facts.purposes[id] = p
				delete(w.askedMailboxes, id)
				if a, ok := w.accounts[id]; ok {
					w.refresh(a)
				}
			}
		})), ""
	}
	return r
}

// mailboxesToRead are those that were asked for, then those of accounts whose type hangs
// on it, the newest first; more tells whether some are left.
func (t *Tenant) mailboxesToRead() (ids []string, more bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	skip := func(id string) bool {
		refused, ok := t.refusals[mailboxName(id)]
		return ok && t.now().Before(refused.until)
	}
	for _, id := range slices.Sorted(maps.Keys(t.askedMailboxes)) {
		if a, ok := t.accounts[id]; ok && a.shown.Gone == GoneNot && !skip(id) {
			ids = append(ids, id)
		}
	}
	for i := len(t.order) - 1; i >= 0 && len(ids) <= mailboxesPerSync && t.counts.mailboxesUnread > 0; i-- {
		if o := &t.order[i].shown; o.mailboxUnread && o.Gone == GoneNot && !t.askedMailboxes[o.User.ID] && !skip(o.User.ID) {
			ids = append(ids, o.User.ID)
		}
	}
	if len(ids) > mailboxesPerSync {
		return ids[:mailboxesPerSync], true
	}
	return ids, false
}

func mailboxName(id string) string { return "mailbox/" + id }

// mailbox is a task that reads one mailbox.
func (t *Tenant) mailbox(id string, read map[string]purpose) task {
	return func(ctx context.Context, reader directory.Reader) (bool, error) {
		found, err := reader.MailboxPurpose(ctx, id)
		switch directory.KindOf(err) {
		case "":
			read[id] = purposeOf(found)
		case directory.KindUnavailable:
			read[id] = purposePerson
		case directory.KindNotFound:
			t.mu.Lock()
			t.refusals[mailboxName(id)] = refusal{reason: ReasonUnavailable, until: t.now().Add(mailboxRetry)}
			t.mu.Unlock()
		default:
			return false, err
		}
		return true, nil
	}
}

// hurryMailboxes makes the mailboxes due when there are any to read, unless the tenant
// refused them or is to be left alone.
func (t *Tenant) hurryMailboxes() {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.feed(FeedMailboxes)
	waiting := f.status.Err != nil || f.status.Reason != "" && f.status.Reason != ReasonNotRead
	if !waiting && (t.counts.mailboxesUnread > 0 || len(t.askedMailboxes) > 0) {
		t.makeDue(f)
	}
}
