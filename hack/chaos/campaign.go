package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// campaign is one run.
type campaign struct {
	options options
	out     io.Writer
	began   time.Time
	stack   *stack.Stack
	crew    *crew
	world   world
	// operations draw from rng alone, so that a seed repeats them.
	rng    *rand.Rand
	faults *weather
	tally  tally
	// journal is Graph's, as far as it was recorded.
	journal []graphsim.Entry
}

// run starts everything, lets the campaign happen, reports it, and stops everything.
func run(ctx context.Context, out io.Writer, o options) (err error) {
	s, err := stack.New("chaos")
	if err != nil {
		return err
	}
	c := &campaign{options: o, out: out, began: time.Now(), stack: s, crew: newCrew(s), rng: rand.New(rand.NewPCG(o.seed, 1)), tally: newTally()} //nolint:gosec // repeatable on purpose
	defer func() { err = errors.Join(err, c.crew.end()) }()
	c.say("seed %d: at most %d operations in %d rounds, over %d tenants of %d people", o.seed, o.ops, o.rounds, o.tenants, o.people)
	if err := c.start(ctx); err != nil {
		return fmt.Errorf("start: %w: see %s", err, s.LogDir())
	}
	c.faults = newWeather(c, injectors(c.crew))
	violations, err := c.fight(ctx)
	if err != nil {
		return fmt.Errorf("%w: see %s; repeat with: %s", err, s.LogDir(), o.command())
	}
	return c.report(ctx, violations)
}

// say writes a line with the time since the beginning; when the terminal is gone, nobody
// listens.
func (c *campaign) say(format string, values ...any) {
	_, _ = fmt.Fprintf(c.out, "%6.1f s  %s\n", time.Since(c.began).Seconds(), fmt.Sprintf(format, values...))
}

// fight is the campaign itself: storms, after each of which everything settles and is
// compared. In round 0 there are operations alone, so that there is something to lose in
// the others. The first round that does not compare ends it.
func (c *campaign) fight(ctx context.Context) ([]violation, error) {
	violations, err := c.settle(ctx, false)
	if err != nil || len(violations) > 0 {
		return violations, err
	}
	c.say("all people are as they were found")
	for round := 0; round <= c.options.rounds; round++ {
		if time.Since(c.began) > c.options.duration {
			c.say("time is up after %d rounds", round)
			break
		}
		if violations, err = c.storm(ctx, round); err != nil || len(violations) > 0 {
			return violations, err
		}
		if violations, err = c.settle(ctx, false); err != nil || len(violations) > 0 {
			return violations, err
		}
		c.say("round %d is as the model has it", round)
	}
	if violations, err = c.settle(ctx, true); err != nil || len(violations) > 0 {
		return violations, err
	}
	return c.rest(ctx)
}

// storm does a round's operations while faults strike, and returns what did not hold
// meanwhile.
func (c *campaign) storm(ctx context.Context, round int) ([]violation, error) {
	for _, t := range c.world.tenants {
		for _, p := range t.people {
			p.touched = map[string]bool{}
		}
		t.calm = false
	}
	guard := c.watch(ctx)
	err := c.rage(ctx, round)
	violations, failed := guard.end()
	complaints, unread := c.crew.complaints()
	violations = append(violations, complaints...)
	c.say("storm %d is over, after %d operations in all", round, c.tally.total())
	return violations, errors.Join(err, failed, unread)
}

func (c *campaign) rage(ctx context.Context, round int) error {
	if err := c.disasters(ctx, round); err != nil {
		return err
	}
	faults := c.faults.begin(ctx, round)
	for range c.options.ops / (c.options.rounds + 1) {
		if err := c.operate(ctx, round); err != nil {
			return errors.Join(err, faults.end(ctx))
		}
		c.pause(ctx)
	}
	return faults.end(ctx)
}

// pause is the time between two operations: none, or some.
func (c *campaign) pause(ctx context.Context) {
	pause := time.Duration(c.rng.Int64N(int64(2 * c.options.pause)))
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

// draws is how often a pair of a person and an act is drawn before an operation is given
// up: in the end there is nobody left whom this round has not touched.
const draws = 1000

// operate lets somebody do something.
func (c *campaign) operate(ctx context.Context, round int) error {
	p, e, a := c.draw()
	if p == nil {
		return nil
	}
	return c.carryOut(ctx, round, p, e, a)
}

// draw draws who does what; nobody when this round has touched everybody.
func (c *campaign) draw() (*person, entry, act) {
	all := entries()
	total := 0
	for _, e := range all {
		for _, a := range e.acts {
			total += a.weight
		}
	}
	for range draws {
		t := c.world.tenants[c.rng.IntN(len(c.world.tenants))]
		p := t.people[c.rng.IntN(len(t.people))]
		e, a := actAt(all, c.rng.IntN(total))
		if !t.calm && !p.touched[e.name] && (a.able == nil || a.able(p)) {
			return p, e, a
		}
	}
	return nil, entry{}, act{}
}

// actAt is the act that a number below the sum of all weights means.
func actAt(all []entry, at int) (entry, act) {
	for _, e := range all {
		for _, a := range e.acts {
			if at -= a.weight; at < 0 {
				return e, a
			}
		}
	}
	return entry{}, act{}
}

// change changes the model.
func (c *campaign) change(round int, p *person, e entry, a act) deed {
	d := a.do(c.rng, p)
	p.touched[e.name] = true
	if d.alone {
		p.touch()
	}
	p.note("round %d, %6.1f s: %s %s", round, time.Since(c.began).Seconds(), a.name, d.note)
	p.converge()
	return d
}

// carryOut changes the model, and then the world.
func (c *campaign) carryOut(ctx context.Context, round int, p *person, e entry, a act) error {
	declared, spec := p.declared, *p.spec.DeepCopy()
	d := c.change(round, p, e, a)
	c.tally.operations[a.name]++
	c.tally.drawn++
	switch {
	case d.outside != nil:
		return d.outside(ctx, c.stack.Graph)
	case d.annotate != "":
		return c.annotate(ctx, p.object(), d.annotate)
	case !declared && p.declared:
		return c.create(ctx, p)
	case d.ends:
		return c.remove(ctx, p)
	default:
		return c.update(ctx, p, spec)
	}
}

// tellEvery is how often it is told what is waited for.
const tellEvery = 20 * time.Second

// settle waits until everything is as the model has it, and returns what is not when the
// time for that is over. Tenants are asked once, when all replicas know what
// outsiders did, to read everything anew, so that this is seen now and not within the
// hour; to ask again and again would hide a wake-up that was lost.
func (c *campaign) settle(ctx context.Context, last bool) ([]violation, error) {
	c.world.departures(last)
	bound := c.options.settle + time.Minute // the grace of those who were deleted
	var violations []violation
	begin, told, asked := time.Now(), time.Now(), false
	for time.Since(begin) < bound {
		if err := c.stack.OthersFailed(); err != nil {
			return nil, err
		}
		if !asked && time.Since(begin) > consistencyWindow {
			asked = true
			if err := c.askAll(ctx); err != nil {
				return nil, err
			}
		}
		var err error
		if violations, err = c.compare(ctx); err != nil {
			return nil, err
		}
		if len(violations) == 0 {
			return nil, c.record(ctx)
		}
		if len(violations) > 0 && time.Since(told) > tellEvery {
			told = time.Now()
			c.say("%d things are not settled yet, such as %s", len(violations), violations[0])
		}
		if err := c.wait(ctx, time.Second/2); err != nil {
			return nil, err
		}
	}
	return c.compare(ctx)
}

func (c *campaign) wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// askAll asks every Tenant to read everything.
func (c *campaign) askAll(ctx context.Context) error {
	for _, t := range c.world.tenants {
		if err := c.annotate(ctx, t.object(), time.Now().Format(time.RFC3339Nano)); err != nil {
			return err
		}
	}
	return nil
}

// compare compares everything with the model, which learns from what is settled.
func (c *campaign) compare(ctx context.Context) ([]violation, error) {
	var all []violation
	surveys := make([]*survey, len(c.world.tenants))
	for i, t := range c.world.tenants {
		s, err := c.survey(ctx, t)
		if err != nil {
			return nil, err
		}
		surveys[i] = s
		all = append(all, t.compare(s)...)
	}
	if len(all) == 0 {
		for i, t := range c.world.tenants {
			t.learn(surveys[i])
		}
	}
	return all, nil
}

// rests are how many times it is looked whether a settled world rests: reports that
// Microsoft rations may still come in, and change what objects show.
const rests = 6

// rest proves that a settled world stays as it is: more than a sync of every tenant
// without a write to an object, and none to Microsoft 365 at all.
func (c *campaign) rest(ctx context.Context) ([]violation, error) {
	var restless []violation
	for range rests {
		writes, objects, err := c.changes(ctx)
		if err != nil || len(writes) > 0 {
			return writes, err
		}
		if restless = objects; len(restless) == 0 {
			break
		}
	}
	more, err := c.compare(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.record(ctx); err != nil {
		return nil, err
	}
	untold, err := c.compareAudit(ctx)
	if err != nil {
		return nil, err
	}
	complaints, err := c.crew.complaints()
	return slices.Concat(restless, more, untold, complaints), err
}

// changes are what changes within more than a sync: in Microsoft 365, and of objects.
func (c *campaign) changes(ctx context.Context) (writes, objects []violation, err error) {
	before, err := c.prints(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := c.wait(ctx, syncInterval+2*time.Second); err != nil {
		return nil, nil, err
	}
	after, err := c.prints(ctx)
	if err != nil {
		return nil, nil, err
	}
	for key, was := range before {
		change := violation{what: key + " changed although everything was settled: " + difference(was, after[key])}
		switch {
		case after[key] == was:
		case strings.HasPrefix(key, writesTo):
			writes = append(writes, change)
		default:
			objects = append(objects, change)
		}
	}
	return writes, objects, nil
}

// writesTo begins what is printed of the writes to a tenant.
const writesTo = "the number of writes to "

// prints are what changes with every write: versions of objects, and counts of writes.
func (c *campaign) prints(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	for _, t := range c.world.tenants {
		counters, err := c.stack.Graph.Counters(ctx, t.id)
		if err != nil {
			return nil, err
		}
		all[writesTo+t.domain] = fmt.Sprint(counters.Writes)
		s, err := c.survey(ctx, t)
		if err != nil {
			return nil, err
		}
		for _, object := range s.objects {
			all["the object "+client.ObjectKeyFromObject(object).String()] = printed(object.ObjectMeta, object.Status)
		}
		all["the Tenant "+t.namespace] = printed(s.tenant.ObjectMeta, s.tenant.Status)
	}
	return all, nil
}
