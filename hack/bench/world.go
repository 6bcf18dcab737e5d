package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// world is a stack whose simulated tenants are managed.
type world struct {
	*stack.Stack
	*bench
	shape

	// users are counted from a watch.
	users     *stack.Tally
	stopTally context.CancelFunc

	// growth is how the world came to be, at the numbers of Tenants that are looked at.
	growth []growth
	// readings are what it costs to read each feed of a tenant once.
	readings map[feed]cost
	// selected are the properties of users that the manager asks for.
	selected string
	// began is when the manager that runs was started, before what Graph had been asked by
	// then.
	began  time.Time
	before graphsim.Counters
	// settled is counted when all had been read for the first time.
	settled sample
}

// growth is what it took to let Tenants be managed that were not before.
type growth struct {
	// tenants are there now, added of them new; users those of the added.
	tenants, added, users int
	// before is counted when the first was applied, after when all users were Ready, rest
	// when nothing was left to be read of them: mailboxes are read some at a time.
	before, after, rest sample
	// first is when the first of their users was there.
	first time.Time
}

// journalSize is how many requests of a tenant can be looked at afterwards.
const journalSize = 20_000

// begin starts everything, and returns when all users are Ready and all has been read.
func (w *world) begin(ctx context.Context) error {
	began := time.Now()
	s, err := stack.New("bench")
	if err != nil {
		return err
	}
	w.Stack = s
	if err := s.StartControlPlane(ctx); err != nil {
		return err
	}
	if err := s.StartGraph(ctx, w.tenants, w.shape.users, "--journal="+strconv.Itoa(journalSize)); err != nil {
		return err
	}
	if err := w.holdRationed(ctx); err != nil {
		return err
	}
	if err := s.StartManager(ctx); err != nil {
		return err
	}
	w.began = time.Now()
	if err := s.ApplyConnection(ctx); err != nil {
		return err
	}
	tallying, stop := context.WithCancel(ctx)
	w.stopTally = stop
	if w.users, err = s.WatchUsers(tallying); err != nil {
		return err
	}
	w.say("  etcd, API server, graphsim and manager run (%.1f s)", time.Since(began).Seconds())
	for _, tenants := range w.sizes.stepsOf(w.shape) {
		if err := w.grow(ctx, tenants); err != nil {
			return err
		}
	}
	if err := w.settle(ctx); err != nil {
		return err
	}
	if w.settled, err = w.sample(ctx); err != nil {
		return err
	}
	return w.readJournal(ctx)
}

// stop stops everything.
func (w *world) stop() error {
	if w.stopTally != nil {
		w.stopTally()
	}
	if w.Stack == nil {
		return nil
	}
	return w.Stop()
}

// mailboxesHeld is the number of users of a tenant from which on mailboxes are not read:
// the manager reads five a second, so that a small tenant is done within a minute.
const mailboxesHeld = 400

// holdRationed has the simulator hold back the first readings that Microsoft rations so
// that they would outlast any benchmark: sign-in dates (ten pages a minute over all
// tenants) and what many mailboxes are used for. They count as throttled, which changes
// no object; what they cost is calculated.
func (w *world) holdRationed(ctx context.Context) error {
	held := []graphsim.Fault{{Path: "/users", Query: "signInActivity"}}
	if w.shape.users > mailboxesHeld {
		held = append(held, graphsim.Fault{Path: "/users/{id}/mailboxSettings"}, graphsim.Fault{Path: "/users/{id}/mailboxSettings/userPurpose"})
	}
	for _, fault := range held {
		fault.Kind, fault.Status, fault.Code = graphsim.FaultStatus, http.StatusTooManyRequests, "TooManyRequests"
		fault.RetryAfter = int((24 * time.Hour).Seconds())
		if err := w.Graph.Call(ctx, http.MethodPost, "faults", fault, nil); err != nil {
			return err
		}
	}
	return nil
}

// grow applies Tenants until there are so many, and waits until all their users are Ready.
func (w *world) grow(ctx context.Context, tenants int) error {
	g := growth{tenants: tenants, added: tenants}
	if n := len(w.growth); n > 0 {
		g.added -= w.growth[n-1].tenants
	}
	all, err := w.Graph.Tenants(ctx)
	if err != nil {
		return err
	}
	want := 0
	for i, tenant := range all[:tenants] {
		want += tenant.Users
		if i >= tenants-g.added {
			g.users += tenant.Users
		}
	}
	if g.before, err = w.sample(ctx); err != nil {
		return err
	}
	for i := tenants - g.added; i < tenants; i++ {
		if err := w.ApplyTenant(ctx, i, w.hurry); err != nil {
			return err
		}
	}
	if g.first, err = w.awaitReady(ctx, want-g.users, want); err != nil {
		return err
	}
	if g.after, err = w.sample(ctx); err != nil {
		return err
	}
	g.rest = g.after
	if w.tenants > 1 {
		if err := w.awaitQuiet(ctx); err != nil {
			return err
		}
		if g.rest, err = w.sample(ctx); err != nil {
			return err
		}
	}
	w.growth = append(w.growth, g)
	w.say("  %s users of %s Tenants are Ready (%.1f s)", thousands(want), thousands(tenants), g.after.at.Sub(g.before.at).Seconds())
	return nil
}

// hurry spares a short run to wait until an interval that is changed is taken note of.
func (w *world) hurry(tenant *v1alpha1.Tenant) {
	if w.short {
		tenant.Spec.Sync.Interval = &metav1.Duration{Duration: quickInterval}
	}
}

// longestWait for anything. It is generous: small machines make some hundred objects a second.
const longestWait = 30 * time.Minute

var errTooLong = errors.New("it takes too long")

// awaitReady waits until so many users are there and Ready, and tells when there were more
// than before.
func (w *world) awaitReady(ctx context.Context, before, want int) (first time.Time, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, longestWait, errTooLong)
	defer cancel()
	watch := time.NewTicker(time.Second)
	defer watch.Stop()
	tell := time.NewTicker(30 * time.Second)
	defer tell.Stop()
	for {
		seen, ready := w.users.Count()
		if seen > before && first.IsZero() {
			first = time.Now()
		}
		if seen == want && ready == want {
			return first, nil
		}
		select {
		case <-ctx.Done():
			return first, fmt.Errorf("%d of %d users are Ready: %w", ready, want, context.Cause(ctx))
		case <-w.users.Changed():
		case <-tell.C:
			w.say("    %s of %s users are Ready", thousands(ready), thousands(want))
		case <-watch.C:
			if err := w.Failed(); err != nil {
				return first, err
			}
		}
	}
}

// killManager ends the manager by SIGKILL, and takes its Lease away, whose waiting time is
// a setting and no work.
func (w *world) killManager(ctx context.Context) error {
	if err := w.KillManager(); err != nil {
		return err
	}
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: stack.Namespace, Name: leaseName}}
	if err := client.IgnoreNotFound(w.Client.Delete(ctx, lease)); err != nil {
		return fmt.Errorf("delete the manager's lease: %w", err)
	}
	return nil
}

// leaseName is the one that cmd/manager uses.
const leaseName = "m365-operator"

// startManager starts the manager anew.
func (w *world) startManager(ctx context.Context) error {
	before, err := w.Graph.Counters(ctx, "")
	if err != nil {
		return err
	}
	w.before = before
	w.began = time.Now()
	return w.RestartManager(ctx)
}

// ensureManager starts the manager when it does not run, and waits until it rests.
func (w *world) ensureManager(ctx context.Context) error {
	if w.Manager() != nil {
		return w.Failed()
	}
	if err := w.startManager(ctx); err != nil {
		return err
	}
	return w.awaitRead(ctx)
}
