package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// coldScenario kills the manager while nothing is left to do, and starts it anew.
func coldScenario() scenario {
	return scenario{
		name:   "cold",
		shapes: func(s sizes) []shape { return s.all() },
		coldly: true,
		run:    coldStart,
	}
}

// coldStart ends when every Tenant has been read by the new process, every user has been
// reconciled after that, and nobody waits to be. The reports that Microsoft rations come
// later and are no part of the time, but of what must not be written.
func coldStart(ctx context.Context, w *world) ([]figure, error) {
	if err := w.killManager(ctx); err != nil {
		return nil, err
	}
	bare, err := w.bareStart(ctx)
	if err != nil {
		return nil, err
	}
	before, err := w.sample(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.startManager(ctx); err != nil {
		return nil, err
	}
	if err := w.awaitAllReconciled(ctx); err != nil {
		return nil, err
	}
	took := time.Since(w.began)
	working, err := usageOf(w.Manager().PID())
	if err != nil {
		return nil, err
	}
	if err := w.awaitRead(ctx); err != nil {
		return nil, err
	}
	after, err := w.sample(ctx)
	if err != nil {
		return nil, err
	}
	if after.api.ours > before.api.ours {
		if err := w.sayWritten(ctx, w.began); err != nil {
			return nil, err
		}
	}
	users, ready := w.users.Count()
	in := w.String()
	return []figure{
		{
			Case: in, What: "from the start to all users reconciled", Value: took.Seconds(), Unit: "s",
			Beside: "bare download + bare LIST", BesideValue: (bare.download + bare.list).Seconds(), Goal: ratioAtMost(2),
		},
		{Case: in, What: "bare download of users/delta", Value: bare.download.Seconds(), Unit: "s"},
		{Case: in, What: "bare LIST at once, as an informer's", Value: bare.list.Seconds(), Unit: "s"},
		{Case: in, What: "bare LIST by pages of 500", Value: bare.pagedList.Seconds(), Unit: "s"},
		{Case: in, What: "manager CPU until then", Value: working.cpu.Seconds(), Unit: "s"},
		{Case: in, What: "users not Ready after", Value: float64(users - ready), Goal: countAtMost(0)},
		{Case: in, What: "API writes to our kinds", Value: after.api.ours - before.api.ours, Goal: countAtMost(0)},
		{Case: in, What: "Events", Value: after.api.events - before.api.events, Goal: countAtMost(0)},
		{Case: in, What: "Graph writes", Value: float64(after.graph.Writes - before.graph.Writes), Goal: countAtMost(0)},
		{Case: in, What: "Graph requests", Value: float64(after.graph.Requests - before.graph.Requests)},
		{Case: in, What: "429 received", Value: float64(after.graph.Throttled - before.graph.Throttled), Goal: countAtMost(0)},
	}, nil
}

// awaitAllReconciled waits until a manager that was just started has read the users of
// every tenant from the beginning to the end, and has nothing left to do.
func (w *world) awaitAllReconciled(ctx context.Context) error {
	if err := w.awaitStarted(ctx); err != nil {
		return err
	}
	users, _ := w.users.Count()
	pages := w.readings[feedUserList].pages * float64(w.tenants)
	return w.poll(ctx, pollEvery, "all users are reconciled", func(ctx context.Context) (bool, error) {
		now, err := w.managerCounts(ctx)
		if err != nil || now.synced != w.tenants || now.passes[controllerUsers] < float64(users) || now.busy > 0 {
			return false, err
		}
		asked, err := w.Graph.Counters(ctx, "")
		return reached(asked.ByPath[deltaPath]-w.before.ByPath[deltaPath], pages), err
	})
}

// bareTimes are what minimal clients need for what a cold start cannot do without.
type bareTimes struct{ download, list, pagedList time.Duration }

func (w *world) bareStart(ctx context.Context) (bareTimes, error) {
	var t bareTimes
	began := time.Now()
	people := 0
	for _, tenant := range w.Graph.TenantIDs {
		g, err := w.newBareGraph(ctx, tenant)
		if err != nil {
			return t, err
		}
		n, err := g.download(ctx, w.selected)
		if err != nil {
			return t, err
		}
		people += n
	}
	t.download = time.Since(began)
	if people < w.total() {
		return t, fmt.Errorf("the bare download found %d of %d users", people, w.total())
	}
	var err error
	t.list, err = w.bestList(ctx, func() *client.ListOptions {
		return &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: "0"}}
	})
	if err != nil {
		return t, err
	}
	t.pagedList, err = w.bestList(ctx, func() *client.ListOptions { return &client.ListOptions{Limit: 500} })
	return t, err
}

// bareLists is of how many LISTs the fastest counts: the first may find caches cold that
// the manager's would find warm.
const bareLists = 3

func (w *world) bestList(ctx context.Context, options func() *client.ListOptions) (time.Duration, error) {
	var best time.Duration
	for i := range bareLists {
		took, err := w.timeList(ctx, options())
		if err != nil {
			return 0, err
		}
		if i == 0 || took < best {
			best = took
		}
	}
	return best, nil
}

// timeList lists all users, page by page where there is a limit.
func (w *world) timeList(ctx context.Context, options *client.ListOptions) (time.Duration, error) {
	began, listed := time.Now(), 0
	for {
		var users v1alpha1.ManagedUserList
		if err := w.Client.List(ctx, &users, options); err != nil {
			return 0, fmt.Errorf("list users: %w", err)
		}
		listed += len(users.Items)
		if options.Continue = users.Continue; users.Continue == "" {
			break
		}
	}
	if listed < w.total() {
		return 0, fmt.Errorf("a LIST found %d of %d users", listed, w.total())
	}
	return time.Since(began), nil
}
