package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

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
			r := &reaction{world: w, samples: 200, spare: 100, least: 100, others: 1000, hung: 40, outsiders: 2000, rest: 2 * time.Second}
			if w.short {
				r.samples, r.spare, r.least, r.others, r.hung, r.outsiders = 10, 10, 3, 50, 5, 25
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
	spare     int           // people more where a suspension may miss what it is to meet
	least     int           // suspensions that must have met it
	others    int           // people changed at once besides
	hung      int           // people of a tenant whose Graph hangs
	outsiders int           // accounts that outsiders change between two readings of a large tenant
	rest      time.Duration // before a case

	bare    *crew // nobody but the bare watcher acts on it
	idle    *crew // an ordinary small tenant, where samples are taken while others are busy
	busy    *crew // samples are taken among its own changes
	away    *crew // changes of another tenant
	far     *crew // changes of another tenant, while the bare watcher works
	stuck   *crew // Graph hangs for it
	large   *crew // of the large tenant
	figures []figure
	watcher *reactions // the bare watcher's, while nothing else goes on
	amidst  *reactions // the bare watcher's, among changes of another tenant
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
		crewSpec{title: "bare", n: 2*n + r.spare},
		crewSpec{title: "idle", n: 5*n + r.spare},
		crewSpec{title: "busy", n: n + r.spare + r.others},
		crewSpec{title: "away", n: r.others},
		crewSpec{title: "far", n: r.others},
		crewSpec{title: "stuck", n: r.hung},
	)
	if err != nil {
		return err
	}
	r.bare, r.idle, r.busy, r.away, r.far, r.stuck = crews[0], crews[1], crews[2], crews[3], crews[4], crews[5]
	if r.large, err = crewOf(ctx, r.Stack, 0, n+r.spare); err != nil {
		return err
	}
	if r.short {
		return nil
	}
	return r.awaitQuiet(ctx)
}

// watchBarely has a bare watcher do the same, in a tenant that the manager leaves alone:
// while nothing else goes on, and while the manager has many changes of another.
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
	if err := errors.Join(r.reactBarely(ctx), watcher.stop()); err != nil {
		return fmt.Errorf("the bare watcher: %w", err)
	}
	return nil
}

func (r *reaction) reactBarely(ctx context.Context) (err error) {
	if r.watcher, err = r.react(ctx, r.bare.split(r.samples), nil); err != nil {
		return err
	}
	during, err := newBursts(ctx, r.far, len(r.bare.people))
	if err != nil {
		return err
	}
	r.amidst, err = r.react(ctx, r.bare, during)
	return err
}

// whileIdle is the honest case: somebody declared long ago is suspended, and nothing
// else goes on.
func (r *reaction) whileIdle(ctx context.Context) error {
	people, j, err := r.declared(ctx, r.idle, r.samples)
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
	if err := r.report(ctx, "idle", took, r.atRest()); err != nil {
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

// slowGraph is what Graph takes on a good day. A suspension is two writes: if they took
// longer, the samples would queue for the tenant's workers.
const slowGraph = 50 * time.Millisecond

// withSlowGraph shows that nothing is asked of Graph before the block: an answer that
// takes long would delay it.
func (r *reaction) withSlowGraph(ctx context.Context) error {
	people, _, err := r.declared(ctx, r.idle, r.samples)
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
	remove, err := r.slowly(ctx)
	if err != nil {
		return err
	}
	defer remove()
	during, err := r.newResyncs(ctx)
	if err != nil {
		return err
	}
	return r.measure(ctx, "during a sync of "+r.String(), r.large, during)
}

// whileBusy suspends people among many other changes of their own tenant.
func (r *reaction) whileBusy(ctx context.Context) error {
	return r.amid(ctx, fmt.Sprintf("during %s other changes", thousands(r.others)), r.busy, r.busy)
}

// whileOtherBusy suspends people while another tenant has many changes.
func (r *reaction) whileOtherBusy(ctx context.Context) error {
	return r.amid(ctx, fmt.Sprintf("during %s changes of another tenant", thousands(r.others)), r.idle, r.away)
}

// amid suspends people out of one crew while all of another, or of what is left of it, are
// changed.
func (r *reaction) amid(ctx context.Context, name string, from, others *crew) error {
	people, _, err := r.declared(ctx, from, r.samples+r.spare)
	if err != nil {
		return err
	}
	during, err := newBursts(ctx, others, len(people.people))
	if err != nil {
		return err
	}
	return r.measureBeside(ctx, name, people, during, r.amidChanges())
}

// whileOtherHangs suspends people while Graph answers nothing for another tenant, which
// has been asked to be read and has people to be suspended, too.
func (r *reaction) whileOtherHangs(ctx context.Context) error {
	people, _, err := r.declared(ctx, r.idle, r.samples)
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
func (r *reaction) declared(ctx context.Context, from *crew, n int) (*crew, *journal, error) {
	people := from.split(n)
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
