package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// Goals of a suspension: what the product may add to what Graph takes.
const (
	reactionMedian = 30 * time.Millisecond
	reactionTail   = 150 * time.Millisecond
)

// What the provider hashicorp/azuread 3.9 of Terraform needed to suspend one of 1,000
// users, recorded against a stub with 20 ms latency.
const (
	peerName     = "Terraform azuread 3.9 (recorded)"
	peerRequests = 4005
	peerSeconds  = 16.1
)

// reactionScenario measures how long it takes from the moment the API server accepted
// `suspended: true` until Graph receives the PATCH that blocks the account.
func reactionScenario() scenario {
	return scenario{
		name:   "reaction",
		shapes: func(s sizes) []shape { return []shape{s.large} },
		run: func(ctx context.Context, w *world) ([]figure, error) {
			r := &reaction{world: w, samples: 200, others: 1000, hung: 40, outsiders: 2000, rest: 2 * time.Second}
			if w.short {
				r.samples, r.others, r.hung, r.outsiders = 10, 50, 5, 25
				r.rest = 200 * time.Millisecond
			}
			return r.run(ctx)
		},
	}
}

// reaction measures suspensions while other things go on.
type reaction struct {
	*world
	samples   int           // of each case
	others    int           // people changed at once besides
	hung      int           // people of a tenant whose Graph hangs
	outsiders int           // accounts that outsiders change between two readings of a large tenant
	rest      time.Duration // before a case

	bare    *crew // nobody but the bare watcher acts on it
	idle    *crew // an ordinary small tenant, where samples are taken while others are busy
	busy    *crew // samples are taken among its own changes
	away    *crew // changes of another tenant
	stuck   *crew // Graph hangs for it
	large   *crew // of the large tenant
	figures []figure
	watcher *reactions // the bare watcher's
}

func (r *reaction) run(ctx context.Context) ([]figure, error) {
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	for _, measure := range []func(context.Context) error{
		r.watchBarely, r.whileIdle, r.whenNew, r.withSlowGraph, r.whileLargeSync, r.whileBusy, r.whileOtherBusy, r.whileOtherHangs,
	} {
		if err := measure(ctx); err != nil {
			return r.figures, err
		}
	}
	return r.figures, nil
}

// prepare makes the tenants, and declares everybody whose suspension is measured, as
// people are who have been in Git for long.
func (r *reaction) prepare(ctx context.Context) error {
	n := r.samples
	crews, err := newCrews(ctx, r.Stack,
		crewSpec{title: "bare", n: n},
		crewSpec{title: "idle", n: 5 * n},
		crewSpec{title: "busy", n: n + r.others},
		crewSpec{title: "away", n: r.others},
		crewSpec{title: "stuck", n: r.hung},
	)
	if err != nil {
		return err
	}
	r.bare, r.idle, r.busy, r.away, r.stuck = crews[0], crews[1], crews[2], crews[3], crews[4]
	if r.large, err = crewOf(ctx, r.Stack, 0, n); err != nil {
		return err
	}
	if r.short {
		return nil
	}
	return r.awaitQuiet(ctx)
}

// watchBarely has a bare watcher do the same, in a tenant that the manager leaves alone.
func (r *reaction) watchBarely(ctx context.Context) error {
	if err := r.bare.declare(ctx); err != nil {
		return err
	}
	if err := r.bare.patchTenant(ctx, `{"spec":{"paused":true}}`); err != nil {
		return err
	}
	watcher, err := r.startBareWatcher(ctx, r.bare)
	if err != nil {
		return err
	}
	r.watcher, err = r.react(ctx, r.bare, nil)
	if err := errors.Join(err, watcher.stop()); err != nil {
		return fmt.Errorf("the bare watcher: %w", err)
	}
	return nil
}

// whileIdle is the honest case: somebody declared long ago is suspended, and nothing
// else goes on.
func (r *reaction) whileIdle(ctx context.Context) error {
	people, j, err := r.declared(ctx, r.idle)
	if err != nil {
		return err
	}
	took, err := r.react(ctx, people, nil)
	if err != nil {
		return err
	}
	requests, err := j.read(ctx, nil)
	if err != nil {
		return err
	}
	about := 0
	for i := range requests {
		if _, ok := took.people[accountIn(requests[i].Path)]; ok {
			about++
		}
	}
	if err := r.report(ctx, "idle", people, took); err != nil {
		return err
	}
	r.figures = append(r.figures,
		figure{
			Case: "idle", What: "Graph requests for a suspension", Value: float64(about) / float64(len(took.accepted)),
			Beside: peerName, BesideValue: peerRequests, Goal: countAtMost(2),
		},
		figure{
			Case: "idle", What: "suspension p50 since sent", Value: quantile(took.sent, median).Seconds(), Unit: "s",
			Beside: peerName, BesideValue: peerSeconds,
		})
	return nil
}

// whenNew suspends people of whom nothing was declared before: their objects are taken
// over from discovery by the same patch.
func (r *reaction) whenNew(ctx context.Context) error {
	return r.measure(ctx, "idle, declared for the first time", r.idle.split(r.samples), nil)
}

// slowGraph is what Graph takes on a good day. A tenant holds a quarter of the workers,
// and a suspension is two writes: more would make the samples queue for each other.
const slowGraph = 50 * time.Millisecond

// withSlowGraph shows that nothing is asked of Graph before the block: an answer that
// takes long would delay it.
func (r *reaction) withSlowGraph(ctx context.Context) error {
	people, _, err := r.declared(ctx, r.idle)
	if err != nil {
		return err
	}
	slow := graphsim.Fault{Kind: graphsim.FaultDelay, Tenant: r.idle.tenant, DelaySeconds: slowGraph.Seconds()}
	remove, err := r.arm(ctx, slow)
	if err != nil {
		return err
	}
	defer remove()
	return r.measure(ctx, fmt.Sprintf("idle, Graph answers after %d ms", slowGraph.Milliseconds()), people, nil)
}

// whileLargeSync suspends people of the largest tenant while all of it is read anew and
// many accounts turn out to have changed.
func (r *reaction) whileLargeSync(ctx context.Context) error {
	if err := r.large.declare(ctx); err != nil {
		return err
	}
	return r.measure(ctx, "during a sync of "+r.String(), r.large, r.resync)
}

// whileBusy suspends people among many other changes of their own tenant.
func (r *reaction) whileBusy(ctx context.Context) error {
	people, _, err := r.declared(ctx, r.busy)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("during %s other changes", thousands(r.others))
	return r.measure(ctx, name, people, burst(r.busy))
}

// whileOtherBusy suspends people while another tenant has many changes.
func (r *reaction) whileOtherBusy(ctx context.Context) error {
	people, _, err := r.declared(ctx, r.idle)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("during %s changes of another tenant", thousands(r.others))
	return r.measure(ctx, name, people, burst(r.away))
}

// whileOtherHangs suspends people while Graph answers nothing for another tenant, which
// has been asked to be read and has people to be suspended, too.
func (r *reaction) whileOtherHangs(ctx context.Context) error {
	people, _, err := r.declared(ctx, r.idle)
	if err != nil {
		return err
	}
	remove, err := r.arm(ctx, graphsim.Fault{Kind: graphsim.FaultHang, Tenant: r.stuck.tenant})
	if err != nil {
		return err
	}
	defer remove()
	if err := r.stuck.sync(ctx, "hang"); err != nil {
		return err
	}
	if err := r.stuck.patchAll(ctx, func(int) string { return suspendPatch }); err != nil {
		return err
	}
	return r.measure(ctx, "with another tenant hanging", people, nil)
}

// declared takes people for one case out of a crew, and declares them.
func (r *reaction) declared(ctx context.Context, from *crew) (*crew, *journal, error) {
	people := from.split(r.samples)
	if err := people.declare(ctx); err != nil {
		return nil, nil, err
	}
	if err := sleep(ctx, r.rest); err != nil {
		return nil, nil, err
	}
	j, err := openJournal(ctx, r.Graph, people.tenant)
	return people, j, err
}

// arm has graphsim fail, until the function that is returned is called.
func (r *reaction) arm(ctx context.Context, fault graphsim.Fault) (remove func(), err error) {
	var armed struct{ ID int }
	if err := r.Graph.Call(ctx, http.MethodPost, "faults", fault, &armed); err != nil {
		return nil, err
	}
	return func() { _ = r.Graph.Call(ctx, http.MethodDelete, fmt.Sprintf("faults/%d", armed.ID), nil, nil) }, nil
}

// burst changes a profile of everybody in a crew, again and again until stopped, but not
// more often than the quota of a tenant allows.
func burst(c *crew) load {
	return func(ctx context.Context, stopped <-chan struct{}) error {
		for round := range 2 {
			title := fmt.Sprintf(`{"spec":{"profile":{"jobTitle":"Round %d"}}}`, round)
			if err := c.patchAll(ctx, func(int) string { return title }); err != nil {
				return err
			}
			if err := c.awaitSettled(ctx); err != nil {
				return err
			}
			select {
			case <-stopped:
				return nil
			default:
			}
		}
		return nil
	}
}

// resync has the whole tenant read anew, again and again until stopped. Before each time
// outsiders change accounts.
func (r *reaction) resync(ctx context.Context, stopped <-chan struct{}) error {
	var ids []string
	if err := r.Graph.Call(ctx, http.MethodGet, "tenants/"+r.large.tenant+"/users", nil, &ids); err != nil {
		return err
	}
	changed := ids[len(ids)-r.outsiders:]
	for round := 0; ; round++ {
		group, changing := errgroup.WithContext(ctx)
		group.SetLimit(applyWorkers)
		for _, id := range changed {
			group.Go(func() error {
				change := map[string]any{"jobTitle": fmt.Sprintf("Title %d", round)}
				path := "tenants/" + r.large.tenant + "/users/" + id
				return r.Graph.Call(changing, http.MethodPatch, path, change, nil)
			})
		}
		ticket := fmt.Sprintf("resync-%d", round)
		err := group.Wait()
		if err == nil {
			err = r.Graph.Call(ctx, http.MethodPost, "tenants/"+r.large.tenant+"/delta/expire", nil, nil)
		}
		if err == nil {
			err = r.large.sync(ctx, ticket)
		}
		if err == nil {
			err = r.large.awaitSync(ctx, ticket)
		}
		if err != nil {
			return err
		}
		select {
		case <-stopped:
			return nil
		default:
		}
	}
}
