package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// pollEvery is how often the manager's metrics are looked at; reading them is work, too.
const pollEvery = 200 * time.Millisecond

// quiet is how long nobody is reconciled before the manager is taken to rest.
func (w *world) quiet() time.Duration {
	if w.short {
		return 2 * time.Second
	}
	return 6 * time.Second
}

// settle waits until every feed of every tenant has been read that is not held back, and
// nothing is left to do.
func (w *world) settle(ctx context.Context) error {
	began := time.Now()
	err := w.poll(ctx, time.Second, "every feed was read", func(ctx context.Context) (bool, error) {
		var tenants v1alpha1.TenantList
		if err := w.Client.List(ctx, &tenants); err != nil {
			return false, fmt.Errorf("list tenants: %w", err)
		}
		for i := range tenants.Items {
			if !isRead(&tenants.Items[i], w.shape.users > mailboxesHeld) {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	if err := w.awaitQuiet(ctx); err != nil {
		return err
	}
	w.say("  all has been read that is not rationed (%.1f s)", time.Since(began).Seconds())
	return nil
}

// isRead tells whether a Tenant says of every feed that it was read, or cannot be.
func isRead(tenant *v1alpha1.Tenant, mailboxesHeld bool) bool {
	for _, feed := range tenant.Status.Feeds {
		held := feed.Name == "signIns" || feed.Name == "mailboxes" && mailboxesHeld
		if feed.Reason == "NotRead" && !held {
			return false
		}
	}
	return len(tenant.Status.Feeds) > 0
}

// awaitQuiet waits until no user is waiting to be reconciled or was reconciled lately.
func (w *world) awaitQuiet(ctx context.Context) error {
	last, since := -1.0, time.Now()
	return w.poll(ctx, pollEvery, "the manager rests", func(ctx context.Context) (bool, error) {
		now, err := w.managerCounts(ctx)
		if err != nil {
			return false, err
		}
		if now.busy > 0 || now.passes[controllerUsers] != last {
			last, since = now.passes[controllerUsers], time.Now()
		}
		return time.Since(since) >= w.quiet(), nil
	})
}

// How graphsim counts pages of users and of the report on authentication methods.
const (
	deltaPath   = "GET " + deltaTemplate
	reportsPath = "GET /reports/authenticationMethods/userRegistrationDetails"
)

// reached tells whether so many pages were read as an average and a number of tenants
// make, which need not multiply to a whole number.
func reached(pages uint64, want float64) bool { return float64(pages) >= want-0.5 }

// awaitRead waits until a manager that was started anew has read as much as the first had,
// and rests. What it had to read again is known from the first.
func (w *world) awaitRead(ctx context.Context) error {
	if err := w.awaitStarted(ctx); err != nil {
		return err
	}
	// Reports are rationed: five pages in ten seconds, for each tenant.
	pages := w.readings[feedRegistrations].pages
	patience := w.began.Add(time.Duration(pages*4)*time.Second + time.Minute)
	err := w.poll(ctx, time.Second, "reports were read again", func(ctx context.Context) (bool, error) {
		now, err := w.Graph.Counters(ctx, "")
		read := now.ByPath[reportsPath] - w.before.ByPath[reportsPath]
		done := reached(read, pages*float64(w.tenants))
		if err == nil && !done && time.Now().After(patience) {
			err = fmt.Errorf("only %d pages of reports of %.1f in each of %d tenants were read again", read, pages, w.tenants)
		}
		return done, err
	})
	if err != nil {
		return err
	}
	return w.awaitQuiet(ctx)
}

// awaitStarted waits until a manager that was just started answers.
func (w *world) awaitStarted(ctx context.Context) error {
	return w.poll(ctx, 20*time.Millisecond, "the manager answers", func(ctx context.Context) (bool, error) {
		_, err := w.managerCounts(ctx)
		return err == nil, nil
	})
}

// poll asks again and again until an answer is yes, and fails when a program does.
func (w *world) poll(ctx context.Context, every time.Duration, what string, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, longestWait, errTooLong)
	defer cancel()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		ok, err := done(ctx)
		if failed := w.Failed(); failed != nil {
			return errors.Join(failed, err)
		}
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// sleep waits, unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
