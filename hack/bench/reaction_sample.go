package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// suspendPatch is what is measured.
const suspendPatch = `{"spec":{"suspended":true}}`

// pace is the time between two suspensions: they come whether or not those before are
// done, and seldom enough to be no load of their own.
const pace = 60 * time.Millisecond

// warmUp is how long a load goes on before the first suspension.
const warmUp = 300 * time.Millisecond

// What is looked at.
const (
	median = 0.5
	tail   = 0.99
)

// patience with suspensions that have not reached Graph.
const patience = 2 * time.Minute

// load is what goes on besides. It ends when it is done, or soon after stopped is closed.
type load func(ctx context.Context, stopped <-chan struct{}) error

// reactions are how long suspensions took to reach Graph: since the API server had
// accepted them, as its answer tells the client, and since the client sent them. A watch
// may tell others of a change before its own client has the answer: what is compared
// with the bare watcher is counted from the sending.
type reactions struct {
	accepted, sent []time.Duration
	people         map[string]person // by account
	// during is how many were accepted before the load had ended.
	during int
}

// moment is when a suspension was sent and when its answer had come.
type moment struct{ sent, accepted time.Time }

// measure suspends a crew during a load, and reports.
func (r *reaction) measure(ctx context.Context, name string, people *crew, during load) error {
	took, err := r.react(ctx, people, during)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return r.report(ctx, name, people, took)
}

// react suspends everybody in a crew, one after the other.
func (r *reaction) react(ctx context.Context, people *crew, during load) (*reactions, error) {
	j, err := openJournal(ctx, r.Graph, people.tenant)
	if err != nil {
		return nil, err
	}
	before, err := r.Graph.Counters(ctx, people.tenant)
	if err != nil {
		return nil, err
	}
	moments := make([]moment, len(people.people))
	stopped, ended := make(chan struct{}), time.Time{}
	group, loading := errgroup.WithContext(ctx)
	if during != nil {
		group.Go(func() error {
			err := during(loading, stopped)
			ended = time.Now()
			return err
		})
		if err := sleep(ctx, warmUp); err != nil {
			return nil, err
		}
	}
	err = people.suspendInTurn(ctx, moments)
	close(stopped)
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	want := map[graphsim.Effect]uint64{}
	for _, effect := range []graphsim.Effect{graphsim.EffectBlock, graphsim.EffectRevoke} {
		want[effect] = before.Effects[effect] + uint64(len(moments))
	}
	if err := j.awaitEffects(ctx, want, pollEvery, patience); err != nil {
		return nil, err
	}
	arrived, err := j.arrivals(ctx, http.MethodPatch, userTemplate, "accountEnabled")
	if err != nil {
		return nil, err
	}
	return compareMoments(people.people, moments, arrived, ended)
}

// suspendInTurn sends one suspension after the other at an even pace.
func (c *crew) suspendInTurn(ctx context.Context, moments []moment) error {
	group, ctx := errgroup.WithContext(ctx)
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for i, p := range c.people {
		select {
		case <-ctx.Done():
			return group.Wait()
		case <-ticker.C:
		}
		group.Go(func() error {
			m := &moments[i]
			m.sent = time.Now()
			err := c.patch(ctx, p, suspendPatch)
			m.accepted = time.Now()
			return err
		})
	}
	return group.Wait()
}

// compareMoments finds for each suspension when it reached Graph.
func compareMoments(people []person, moments []moment, arrived map[string]time.Time, ended time.Time) (*reactions, error) {
	took := &reactions{people: map[string]person{}}
	for i, p := range people {
		at, ok := arrived[p.id]
		if !ok {
			return nil, fmt.Errorf("the journal knows no block of %s: it is too small", p.object)
		}
		took.people[p.id] = p
		// Both clocks are the machine's; what the journal tells has no monotonic part.
		took.accepted = append(took.accepted, at.Sub(moments[i].accepted.Round(0)))
		took.sent = append(took.sent, at.Sub(moments[i].sent.Round(0)))
		if moments[i].accepted.Before(ended) {
			took.during++
		}
	}
	return took, nil
}

// report makes a case's figures, once everybody's sessions were revoked as well.
func (r *reaction) report(ctx context.Context, name string, people *crew, took *reactions) error {
	if err := people.awaitSettled(ctx); err != nil {
		return err
	}
	j := journal{graph: r.Graph, tenant: people.tenant}
	wrong, err := j.wrongEffects(ctx, people.people, graphsim.EffectBlock, graphsim.EffectRevoke)
	if err != nil {
		return err
	}
	since := func(what string, took []time.Duration, q float64) figure {
		return figure{Case: name, What: what, Value: milliseconds(quantile(took, q)), Unit: "ms"}
	}
	p50, p99 := since("p50 since accepted", took.accepted, median), since("p99 since accepted", took.accepted, tail)
	p50.Goal, p99.Goal = valueAtMost(milliseconds(reactionMedian)), valueAtMost(milliseconds(reactionTail))
	sent50, sent99 := since("p50 since sent", took.sent, median), since("p99 since sent", took.sent, tail)
	for f, q := range map[*figure]float64{&sent50: median, &sent99: tail} {
		f.Beside, f.BesideValue = "bare watcher, idle", milliseconds(quantile(r.watcher.sent, q))
	}
	r.figures = append(r.figures, p50, p99, sent50, sent99,
		figure{Case: name, What: "people not blocked and revoked exactly once", Value: float64(wrong), Goal: countAtMost(0)},
	)
	if took.during > 0 {
		r.figures = append(r.figures, figure{Case: name, What: "suspensions before that was over", Value: 100 * float64(took.during) / float64(len(people.people)), Unit: "%"})
	}
	return nil
}
