package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// gate keeps the bare client's workers back while Graph wants to be left alone.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

func (g *gate) close(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until = until
	}
}

func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	d := time.Until(g.until)
	g.mu.Unlock()
	if d <= 0 {
		return ctx.Err()
	}
	return sleep(ctx, d)
}

// applyBarely has a bare client make the same writes in a tenant of its own: as many
// workers as the operator has, and nothing but obedience to Retry-After.
func (b *bulk) applyBarely(ctx context.Context, title string, n int, locate bool) (*bulkResult, error) {
	account, licensing := map[string]any{"usageLocation": "DE"}, []bareWrite{(*bareGraph).license}
	if locate {
		account, licensing = nil, []bareWrite{(*bareGraph).locate, (*bareGraph).license}
	}
	tenant, err := simulateCrew(ctx, b.Stack, crewSpec{title: title, n: 2 * n, account: account})
	if err != nil {
		return nil, err
	}
	var ids []string
	if err := b.Graph.Call(ctx, http.MethodGet, "tenants/"+tenant+"/users", nil, &ids); err != nil {
		return nil, err
	}
	client, err := b.newBareGraph(ctx, tenant)
	if err != nil {
		return nil, err
	}
	j, err := openJournal(ctx, b.Graph, tenant)
	if err != nil {
		return nil, err
	}
	began, open := time.Now(), &gate{}
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(bareWorkers)
	for i, id := range ids {
		writes := licensing
		if i < n {
			writes = []bareWrite{(*bareGraph).suspend, (*bareGraph).revoke}
		}
		group.Go(func() error { return client.change(working, open, id, writes...) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	took := &bulkResult{}
	if took.last, took.suspended, err = j.lastWrites(ctx, began); err != nil {
		return nil, err
	}
	counters, err := b.Graph.Counters(ctx, tenant)
	took.writes, took.refused, took.tooEarly = counters.Writes, counters.Throttled, counters.TooEarly
	return took, err
}

// change makes the writes that one person needs, each as often as Graph refuses it.
func (g *bareGraph) change(ctx context.Context, open *gate, id string, writes ...bareWrite) error {
	for _, write := range writes {
		for refused := true; refused; {
			if err := open.wait(ctx); err != nil {
				return err
			}
			retryAfter, err := write(g, ctx, id)
			if err != nil {
				return err
			}
			if refused = retryAfter > 0; refused {
				open.close(retryAfter)
			}
		}
	}
	return nil
}
