package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// The licence that people of a crew can be given: Microsoft 365 Business Premium.
const (
	bulkSKU   = "SPB"
	bulkSKUID = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"
)

// bulkScenario measures suspensions and licence changes of many at once, in one tenant:
// without quotas what the machine can do, and with them what share of the time that the
// quota dictates.
func bulkScenario() scenario {
	return scenario{
		name:   "bulk",
		shapes: func(s sizes) []shape { return []shape{s.small} },
		run: func(ctx context.Context, w *world) ([]figure, error) {
			b := &bulk{world: w, free: 950, bound: 1000}
			if w.short {
				b.free, b.bound = 30, 0
			}
			return b.run(ctx)
		},
	}
}

// bulk changes many people at once.
type bulk struct {
	*world
	// free is how many are suspended, and how many licensed, while Graph has no quotas:
	// less in all than the operator allows itself in a tenant, which does not know.
	free int
	// bound is the same under quotas; 0 leaves that out. Here those who are licensed lack
	// a usage location, too, so that the quota does not last for all of them.
	bound   int
	figures []figure
}

// change is what was asked for at once, and what it needs of Graph.
type change struct {
	suspended, licensed *crew
	merge               string // of those who are licensed
	effects             map[graphsim.Effect]uint64
	writes              int
}

// run needs three tenants: none may spend another's quota.
func (b *bulk) run(ctx context.Context) ([]figure, error) {
	specs := []crewSpec{{title: "bulk-free", n: 2 * b.free, account: map[string]any{"usageLocation": "DE"}}}
	if b.bound > 0 {
		specs = append(specs, crewSpec{title: "bulk-bound", n: 2 * b.bound})
	}
	crews, err := newCrews(ctx, b.Stack, specs...)
	if err != nil {
		return nil, err
	}
	if err := b.throttling(ctx, false); err != nil {
		return nil, err
	}
	perSecond, err := b.freely(ctx, crews[0])
	if err := b.throttling(ctx, true); err != nil {
		return nil, err
	}
	if err != nil || b.bound == 0 {
		return b.figures, err
	}
	return b.figures, b.boundly(ctx, crews[1], perSecond)
}

// throttling switches Graph's quotas.
func (b *bulk) throttling(ctx context.Context, enabled bool) error {
	return b.Graph.Call(ctx, http.MethodPut, "throttling", map[string]bool{"enabled": enabled}, nil)
}

// halves makes the change of a crew: half of it is suspended, the others get a licence,
// and what else they need for one.
func halves(people *crew, needsLocation bool) change {
	n := uint64(len(people.people) / 2)
	all := *people
	c := change{
		suspended: all.split(int(n)), licensed: &all, //nolint:gosec // it came from an int
		merge: fmt.Sprintf(`{"spec":{"licenses":[{"sku":%q}]}}`, bulkSKU),
		effects: map[graphsim.Effect]uint64{
			graphsim.EffectBlock: n, graphsim.EffectRevoke: n, graphsim.EffectLicense: n,
		},
		writes: 3 * int(n), //nolint:gosec // it came from an int
	}
	if needsLocation {
		c.merge = fmt.Sprintf(`{"spec":{"profile":{"usageLocation":"DE"},"licenses":[{"sku":%q}]}}`, bulkSKU)
		c.effects[graphsim.EffectUpdate] = n
		c.writes += int(n) //nolint:gosec // it came from an int
	}
	return c
}

// freely measures what the operator does without quotas, and returns what the machine can
// do: the bare client's speed.
func (b *bulk) freely(ctx context.Context, people *crew) (perSecond float64, err error) {
	if err := people.declare(ctx); err != nil {
		return 0, err
	}
	c := halves(people, false)
	name := fmt.Sprintf("%s suspended, %[1]s licensed, no quota", thousands(b.free))
	took, err := b.apply(ctx, people, c)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	bare, err := b.applyBarely(ctx, "bare-free", b.free, false)
	if err != nil {
		return 0, fmt.Errorf("%s, the bare client: %w", name, err)
	}
	b.figures = append(b.figures, figure{
		Case: name, What: "writes a second", Value: float64(c.writes) / took.last.Seconds(),
		Beside: "bare client", BesideValue: float64(c.writes) / bare.last.Seconds(),
	})
	b.report(name, c, took)
	return float64(c.writes) / bare.last.Seconds(), nil
}

// boundly measures what share of the quota's optimum is reached.
func (b *bulk) boundly(ctx context.Context, people *crew, perSecond float64) error {
	if err := people.declare(ctx); err != nil {
		return err
	}
	c := halves(people, true)
	name := fmt.Sprintf("%s suspended, %[1]s located and licensed", thousands(b.bound))
	took, err := b.apply(ctx, people, c)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	bare, err := b.applyBarely(ctx, "bare-bound", b.bound, true)
	if err != nil {
		return fmt.Errorf("%s, the bare client: %w", name, err)
	}
	optimum := quotaOptimum(c.writes, perSecond)
	b.figures = append(b.figures,
		figure{
			Case: name, What: "speed", Unit: "writes/s", Value: float64(c.writes) / took.last.Seconds(),
			Beside: "quota's optimum", BesideValue: float64(c.writes) / optimum.Seconds(), Goal: ratioAtLeast(0.95),
		},
		figure{
			Case: name, What: "until the last write", Unit: "s", Value: took.last.Seconds(),
			Beside: "bare client obeying Retry-After", BesideValue: bare.last.Seconds(),
		},
		figure{
			Case: name, What: "429s among writes", Unit: "%", Value: 100 * float64(took.refused) / float64(c.writes),
			Beside: "bare client obeying Retry-After", BesideValue: 100 * float64(bare.refused) / float64(c.writes), Goal: countAtMost(1),
		},
		figure{Case: name, What: "calls before Retry-After had passed", Value: float64(took.tooEarly), Goal: countAtMost(0)},
	)
	b.report(name, c, took)
	return nil
}

// report tells what is the same in both cases.
func (b *bulk) report(name string, c change, took *bulkResult) {
	b.figures = append(b.figures,
		figure{Case: name, What: "until the last suspension", Unit: "s", Value: took.suspended.Seconds()},
		figure{Case: name, What: "until every object says so", Unit: "s", Value: took.settled.Seconds()},
		figure{Case: name, What: "Graph writes", Value: float64(took.writes), Beside: "needed", BesideValue: float64(c.writes), Goal: &goal{Of: ofRatio, Bound: 1, Counts: true}},
		figure{Case: name, What: "people without exactly one of each effect", Value: float64(took.wrong), Goal: countAtMost(0)},
	)
}

// bulkResult is how long a change took, since the first object was changed.
type bulkResult struct {
	last, suspended, settled  time.Duration
	writes, refused, tooEarly uint64
	wrong                     int
}

// apply changes all objects at once, and waits until Graph has had every effect and the
// objects say so.
func (b *bulk) apply(ctx context.Context, people *crew, c change) (*bulkResult, error) {
	j, err := openJournal(ctx, b.Graph, people.tenant)
	if err != nil {
		return nil, err
	}
	before, err := b.Graph.Counters(ctx, people.tenant)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	suspended := map[string]bool{}
	for _, p := range c.suspended.people {
		suspended[p.id] = true
	}
	// Both kinds of change are in flight together, as in a pull request that has both.
	err = people.patchAll(ctx, func(i int) string {
		if suspended[people.people[i].id] {
			return suspendPatch
		}
		return c.merge
	})
	if err != nil {
		return nil, err
	}
	if err := j.awaitEffects(ctx, c.effects, 100*time.Millisecond, settleTimeout); err != nil {
		return nil, err
	}
	took := &bulkResult{}
	if took.last, took.suspended, err = j.lastWrites(ctx, began); err != nil {
		return nil, err
	}
	if err := people.awaitSettled(ctx); err != nil {
		return nil, err
	}
	took.settled = time.Since(began)
	after, err := b.Graph.Counters(ctx, people.tenant)
	if err != nil {
		return nil, err
	}
	took.writes, took.refused, took.tooEarly = after.Writes-before.Writes, after.Throttled-before.Throttled, after.TooEarly-before.TooEarly
	took.wrong, err = b.countWrong(ctx, j, c)
	return took, err
}

// countWrong counts the people of a change who had not each effect once.
func (b *bulk) countWrong(ctx context.Context, j *journal, c change) (int, error) {
	wrong, err := j.wrongEffects(ctx, c.suspended.people, graphsim.EffectBlock, graphsim.EffectRevoke)
	if err != nil {
		return 0, err
	}
	effects := []graphsim.Effect{graphsim.EffectLicense}
	if _, located := c.effects[graphsim.EffectUpdate]; located {
		effects = append(effects, graphsim.EffectUpdate)
	}
	more, err := j.wrongEffects(ctx, c.licensed.people, effects...)
	return wrong + more, err
}

// lastWrites are when the last write of a change arrived that was not refused, and the
// last block among them.
func (j *journal) lastWrites(ctx context.Context, began time.Time) (last, block time.Duration, err error) {
	entries, err := j.read(ctx, nil)
	if err != nil {
		return 0, 0, err
	}
	for i := range entries {
		e := &entries[i]
		if e.Method == http.MethodGet || e.Status >= http.StatusBadRequest {
			continue
		}
		took := e.Time.Sub(began.Round(0))
		last = max(last, took)
		if len(e.Fields) == 1 && e.Fields[0] == "accountEnabled" {
			block = max(block, took)
		}
	}
	return last, block, nil
}
