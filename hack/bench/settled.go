package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const (
	// defaultInterval is the API's default of spec.sync.interval, and quickInterval the
	// shortest that it allows.
	defaultInterval = 2 * time.Minute
	quickInterval   = 10 * time.Second
)

const (
	whatRequests = "Graph requests per tenant-sync"
	whatCPU      = "manager CPU per tenant-sync"
)

// settledScenario looks at tenants in which nothing happens: what does it cost to know that?
func settledScenario() scenario {
	return scenario{
		name:     "settled",
		shapes:   func(s sizes) []shape { return s.all() },
		run:      settled,
		conclude: flat,
	}
}

// settled observes several syncs at the shortest interval, and spreads the slower feeds
// over the intervals that they really have.
func settled(ctx context.Context, w *world) ([]figure, error) {
	if err := w.setInterval(ctx, quickInterval); err != nil {
		return nil, err
	}
	if err := w.awaitQuiet(ctx); err != nil {
		return nil, err
	}
	since, err := lastRequest(ctx, w.Graph, "")
	if err != nil {
		return nil, err
	}
	before, after, err := w.observe(ctx, w.window())
	if err != nil {
		return nil, err
	}
	asked, err := w.Graph.Requests(ctx, "", since)
	if err != nil {
		return nil, err
	}
	if err := w.setInterval(ctx, defaultInterval); err != nil {
		return nil, err
	}
	peer, err := w.pollUsers(ctx)
	if err != nil {
		return nil, err
	}
	syncs, usersOnce, observed := roundsIn(asked)
	if syncs < float64(w.tenants) {
		return nil, fmt.Errorf("only %.0f syncs of %d tenants within %s", syncs, w.tenants, w.window())
	}
	at := perInterval(w.readings, usersOnce, w.shape.users, defaultInterval)
	return settledFigures(w.String(), syncs, at, observed, peer, &before, &after), nil
}

// roundsIn counts how often changes among users were read in a journal: each time is a
// sync of a tenant, whatever other passes the manager makes. users is what such a reading
// took on average, all what was asked for in all, by the number of syncs.
func roundsIn(entries []graphsim.Entry) (syncs float64, users, all cost) {
	for i := range entries {
		e := &entries[i]
		all.pages++
		all.units += float64(e.RU)
		if e.Template != deltaTemplate {
			continue
		}
		users.pages++
		users.units += float64(e.RU)
		if !hasToken(e, skipToken) {
			syncs++
		}
	}
	n := max(syncs, 1)
	return syncs, cost{users.pages / n, users.units / n}, cost{all.pages / n, all.units / n}
}

// settledFigures divides what happened between two samples by the number of syncs.
func settledFigures(in string, syncs float64, at, observed, peer cost, before, after *sample) []figure {
	cpu := (after.manager.cpu - before.manager.cpu).Seconds() * 1000 / syncs
	return []figure{
		{
			Case: in, What: whatRequests, Value: at.pages,
			Beside: "per-user polling", BesideValue: peer.pages, Goal: countAtMost(4),
		},
		{Case: in, What: "resource units per tenant-sync", Value: at.units, Unit: "RU", Beside: "per-user polling", BesideValue: peer.units},
		{Case: in, What: "Graph requests per sync, as observed", Value: observed.pages, Goal: countAtMost(4)},
		{Case: in, What: "resource units per sync, as observed", Value: observed.units, Unit: "RU"},
		{Case: in, What: "API writes to our kinds per tenant-sync", Value: (after.api.ours - before.api.ours) / syncs, Goal: countAtMost(0)},
		{Case: in, What: "Events per tenant-sync", Value: (after.api.events - before.api.events) / syncs, Goal: countAtMost(0)},
		{Case: in, What: "Lease writes a minute", Value: (after.api.leases - before.api.leases) / after.at.Sub(before.at).Minutes()},
		{Case: in, What: "Graph writes", Value: float64(after.graph.Writes - before.graph.Writes), Goal: countAtMost(0)},
		{Case: in, What: "429 received since the beginning", Value: float64(after.graph.Throttled), Goal: countAtMost(0)},
		{Case: in, What: "users reconciled per tenant-sync", Value: (after.manager.passes[controllerUsers] - before.manager.passes[controllerUsers]) / syncs},
		{Case: in, What: whatCPU, Value: cpu, Unit: "ms"},
	}
}

// window is how long settled tenants are observed.
func (w *world) window() time.Duration {
	if w.short {
		return quickInterval + quickInterval/2
	}
	return 3*quickInterval + 5*time.Second
}

// observe counts before and after a while in which nothing is done to anybody.
func (w *world) observe(ctx context.Context, d time.Duration) (before, after sample, err error) {
	if before, err = w.sample(ctx); err != nil {
		return before, after, err
	}
	if err = sleep(ctx, d); err != nil {
		return before, after, err
	}
	after, err = w.sample(ctx)
	return before, after, errors.Join(err, w.Failed())
}

// setInterval changes spec.sync.interval of all Tenants, and waits until the manager has
// taken note.
func (w *world) setInterval(ctx context.Context, interval time.Duration) error {
	if w.short {
		return nil // it is short from the beginning
	}
	var tenants v1alpha1.TenantList
	if err := w.Client.List(ctx, &tenants); err != nil {
		return fmt.Errorf("list tenants: %w", err)
	}
	for i := range tenants.Items {
		tenant := &tenants.Items[i]
		before := tenant.DeepCopy()
		tenant.Spec.Sync.Interval = &metav1.Duration{Duration: interval}
		if err := w.Client.Patch(ctx, tenant, client.MergeFrom(before)); err != nil {
			return fmt.Errorf("set the interval of %s: %w", tenant.Name, err)
		}
	}
	return w.poll(ctx, time.Second, "the interval is observed", func(ctx context.Context) (bool, error) {
		if err := w.Client.List(ctx, &tenants); err != nil {
			return false, fmt.Errorf("list tenants: %w", err)
		}
		for i := range tenants.Items {
			if tenants.Items[i].Status.ObservedGeneration != tenants.Items[i].Generation {
				return false, nil
			}
		}
		return true, nil
	})
}

// flat tells whether knowing that nothing happened costs more where there are more users.
func flat(figures []figure) []figure {
	return acrossSizes(figures, "settled", whatCPU, func(small, large figure) figure {
		return figure{
			What: whatCPU, Value: large.Value, Unit: "ms",
			Beside: "at " + small.Case, BesideValue: small.Value, Goal: ratioAtMost(1.5),
		}
	})
}
