package inventory

import (
	"context"
	"fmt"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// task makes one call of a round and is called again until it is done. After an error
// it is called again later and repeats that call.
type task func(ctx context.Context, reader directory.Reader) (done bool, err error)

// round is one reading of a feed in progress. What it reads is stored when it is
// complete, so an interrupted one changes nothing.
type round struct {
	begun time.Time
	// acts is the number of the operator's last write when it began.
	acts uint64
	// calls are how many were made.
	calls int
	// again, when not zero, is when the rest is to be read: the round did not get to all.
	again time.Duration
	// tasks in order; a task may append more.
	tasks []task
	// store puts what was read in the place of what was known, and returns how much
	// changed and what is missing in it.
	store func(*run) (changed int, missing Reason)
}

// once is a task of one call.
func once[T any](call func(directory.Reader, context.Context) (T, error), take func(T)) task {
	return func(ctx context.Context, reader directory.Reader) (bool, error) {
		value, err := call(reader, ctx)
		if err != nil {
			return false, err
		}
		take(value)
		return true, nil
	}
}

// pages is a task that reads page after page and hands over all items at the end.
func pages[T any](call func(directory.Reader, context.Context, string) (*directory.Page[T], error), take func([]T)) task {
	var link string
	var items []T
	return func(ctx context.Context, reader directory.Reader) (bool, error) {
		page, err := call(reader, ctx, link)
		switch {
		case err != nil && link != "" && isFinal(err):
			link, items = "", nil
			return false, &directory.Error{Kind: directory.KindTransient, Err: fmt.Errorf("reading starts again, a page is no longer there: %w", err)}
		case err != nil:
			return false, err
		}
		items = append(items, page.Items...)
		if page.Next == "" {
			take(items)
			return true, nil
		}
		if page.Next == link {
			return false, &directory.Error{Kind: directory.KindTransient, Err: errPages}
		}
		link = page.Next
		return false, nil
	}
}

// isFinal is true for failures that asking again soon does not mend.
func isFinal(err error) bool { return refusalOf(err) != "" }

// refusalOf is why a tenant refuses a reading; empty for failures of other kinds.
func refusalOf(err error) Reason {
	switch directory.KindOf(err) {
	case directory.KindPremiumRequired:
		return ReasonPremiumRequired
	case directory.KindForbidden:
		return ReasonPermissionMissing
	case directory.KindInvalid, directory.KindNotFound, directory.KindResync, directory.KindUnavailable:
		return ReasonUnavailable
	default:
		return ""
	}
}

// refusal is what a tenant refused, and until when it is not asked again.
type refusal struct {
	reason Reason
	until  time.Time
}

// optional is a task that a round can go on without: a refusal is remembered under a
// name and told instead of an error.
func (t *Tenant) optional(name string, refused func(Reason), do task) task {
	return func(ctx context.Context, reader directory.Reader) (bool, error) {
		t.mu.RLock()
		known, ok := t.refusals[name]
		t.mu.RUnlock()
		if ok && t.now().Before(known.until) {
			refused(known.reason)
			return true, nil
		}
		done, err := do(ctx, reader)
		reason := refusalOf(err)
		if reason == "" {
			return done, err
		}
		t.mu.Lock()
		t.refusals[name] = refusal{reason: reason, until: t.now().Add(refusedRetry)}
		t.mu.Unlock()
		refused(reason)
		return true, nil
	}
}
