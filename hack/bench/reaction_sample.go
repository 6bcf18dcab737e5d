package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// suspendPatch is what is measured.
const suspendPatch = `{"spec":{"suspended":true}}`

// The time between two suspensions: they come whether or not those before are done, and
// seldom enough to be no load of their own. Each is four writes for the API server, which
// takes some hundred a second here: while others keep it busy they come less often.
const (
	pace     = 60 * time.Millisecond
	loadPace = 250 * time.Millisecond
)

// What is judged: from the moment when the client had the API server's answer. That it
// had accepted the change may have been told to a watch some time before.
const (
	whatMedian = "p50 since the API server's answer"
	whatTail   = "p99 since the API server's answer"
)

// What is looked at.
const (
	median = 0.5
	tail   = 0.99
)

// patience with suspensions that have not reached Graph.
const patience = 2 * time.Minute

// reactions are how long suspensions took to reach Graph: since the API server had
// accepted them, as its answer tells the client, and since the client sent them. A watch
// may tell others of a change before its own client has the answer: what is compared
// with the bare watcher is counted from the sending.
type reactions struct {
	accepted, sent []time.Duration
	people         map[string]person // by account
	// crew is everybody who was suspended, also those who missed what they were to meet:
	// how long theirs took is not among the times.
	crew *crew
	// met is the share of the crew who met it.
	met *float64
}

// moment is when a suspension was sent and when its answer had come.
type moment struct{ sent, accepted time.Time }

// measure suspends a crew during a load, and reports beside the bare watcher at rest.
func (r *reaction) measure(ctx context.Context, name string, people *crew, during load) error {
	return r.measureBeside(ctx, name, people, during, r.atRest())
}

func (r *reaction) measureBeside(ctx context.Context, name string, people *crew, during load, beside peer) error {
	took, err := r.react(ctx, people, during)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return r.report(ctx, name, took, beside)
}

// peer is what reactions are put beside.
type peer struct {
	name string
	took *reactions
}

func (r *reaction) atRest() peer { return peer{"bare watcher, idle", r.watcher} }

func (r *reaction) amidChanges() peer { return peer{"bare watcher, amid another tenant's", r.amidst} }

// react suspends the people of a crew one after the other; during a load until enough of
// them met it. Those who were suspended leave the crew.
func (r *reaction) react(ctx context.Context, people *crew, during load) (*reactions, error) {
	j, err := openJournal(ctx, r.Graph, people.tenant)
	if err != nil {
		return nil, err
	}
	before, err := r.Graph.Counters(ctx, people.tenant)
	if err != nil {
		return nil, err
	}
	moments, err := r.suspend(ctx, people, during)
	if err != nil {
		return nil, err
	}
	suspended := people.split(len(moments))
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
	if during == nil {
		return compareMoments(suspended, moments, arrived, nil)
	}
	spans, err := during.spans(ctx)
	if err != nil {
		return nil, err
	}
	took, err := compareMoments(suspended, moments, arrived, func(t time.Time) bool {
		return slices.ContainsFunc(spans, func(s span) bool { return s.holds(t) })
	})
	if err == nil && len(took.accepted) < r.least {
		err = fmt.Errorf("only %d of %d suspensions met it, of %d that are needed", len(took.accepted), len(moments), r.least)
	}
	return took, err
}

// suspend sends the suspensions, and ends the load.
func (r *reaction) suspend(ctx context.Context, people *crew, during load) ([]moment, error) {
	if during == nil {
		return people.suspendInTurn(ctx, nil)
	}
	u := newUnderway(r.samples)
	group, loading := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(u.over)
		return during.run(loading, u)
	})
	moments, err := people.suspendInTurn(ctx, u)
	u.stop()
	return moments, errors.Join(err, group.Wait())
}

// suspendInTurn sends one suspension after the other at an even pace; with a load only
// while that goes on, and until there are enough. It returns the moments of those from the
// first on who were suspended.
func (c *crew) suspendInTurn(ctx context.Context, u *underway) ([]moment, error) {
	group, ctx := errgroup.WithContext(ctx)
	every := pace
	if u != nil {
		every = loadPace
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	moments := make([]moment, len(c.people))
	sent := 0
	for ; sent < len(c.people); sent++ {
		if u != nil && u.await(ctx) != nil {
			break // what ended ctx is told by group, or by the caller's own
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
		if ctx.Err() != nil {
			break
		}
		m, p := &moments[sent], c.people[sent]
		group.Go(func() error {
			m.sent = time.Now()
			err := c.patch(ctx, p, suspendPatch)
			m.accepted = time.Now()
			if u != nil {
				u.accepted()
			}
			return err
		})
	}
	return moments[:sent], group.Wait()
}

// compareMoments finds for each suspension when it reached Graph. With a condition, only
// those count that were accepted when it was true.
func compareMoments(suspended *crew, moments []moment, arrived map[string]time.Time, counts func(time.Time) bool) (*reactions, error) {
	took := &reactions{people: map[string]person{}, crew: suspended}
	for i, p := range suspended.people {
		at, ok := arrived[p.id]
		if !ok {
			return nil, fmt.Errorf("the journal knows no block of %s: it is too small", p.object)
		}
		took.people[p.id] = p
		// Both clocks are the machine's; what the journal tells has no monotonic part.
		accepted, sent := moments[i].accepted.Round(0), moments[i].sent.Round(0)
		if counts != nil && !counts(accepted) {
			continue
		}
		took.accepted = append(took.accepted, at.Sub(accepted))
		took.sent = append(took.sent, at.Sub(sent))
	}
	if counts != nil {
		met := float64(len(took.accepted)) / float64(max(1, len(moments)))
		took.met = &met
	}
	return took, nil
}

// report makes a case's figures, once everybody's sessions were revoked as well.
func (r *reaction) report(ctx context.Context, name string, took *reactions, beside peer) error {
	people := took.crew
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
	p50, p99 := since(whatMedian, took.accepted, median), since(whatTail, took.accepted, tail)
	p50.Goal, p99.Goal = valueAtMost(milliseconds(reactionMedian)), valueAtMost(milliseconds(reactionTail))
	sent50, sent99 := since("p50 since sent", took.sent, median), since("p99 since sent", took.sent, tail)
	for f, q := range map[*figure]float64{&sent50: median, &sent99: tail} {
		f.Beside, f.BesideValue = beside.name, milliseconds(quantile(beside.took.sent, q))
	}
	r.figures = append(r.figures, p50, p99, sent50, sent99,
		figure{Case: name, What: "people not blocked and revoked exactly once", Value: float64(wrong), Goal: countAtMost(0)},
	)
	r.figures = append(r.figures, figure{Case: name, What: "suspensions that count", Value: float64(len(took.accepted))})
	if took.met != nil {
		r.figures = append(r.figures, figure{Case: name, What: "share of all suspensions, accepted while that went on", Value: 100 * *took.met, Unit: "%"})
	}
	return nil
}
