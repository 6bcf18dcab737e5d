package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	// calm is for how long, in the machine's time, nothing must have happened before the
	// clock is put forward: what the API server tells its watchers arrives within it.
	calm = 2 * time.Millisecond
	// grain is by how much the clock is put beyond the next appointment, so that what is
	// due at nearly the same time comes together. Later than asked is never too early.
	grain = 20 * time.Second
	// patience is for how long, in the machine's time, the controllers may be at work
	// without a pause. Whoever works longer turns in circles.
	patience = 3 * time.Minute
)

// pace lets time pass: in real time while anything is being worked on, and at once to
// the next appointment when nothing is.
type pace struct {
	clock *shiftedClock
	// ahead is told before the clock is put forward: another process has to follow, and
	// must not be behind.
	ahead  func(ctx context.Context, by time.Duration) error
	agenda *agenda

	mu     sync.Mutex
	queues []*queue
}

// newQueue makes a controller's queue, which this pace serves.
func (p *pace) newQueue(
	name string, limiter workqueue.TypedRateLimiter[reconcile.Request],
) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	q := newQueue(name, limiter, p.clock)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queues = append(p.queues, q)
	return q
}

func (p *pace) all() []*queue {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queues
}

// passes counts the passes of all controllers.
func (p *pace) passes() int64 {
	n := int64(0)
	for _, q := range p.all() {
		n += q.passes.Load()
	}
	return n
}

// until lets time pass up to the time, and does what is on the agenda.
func (p *pace) until(ctx context.Context, end time.Time) error {
	for p.clock.Now().Before(end) {
		if err := p.rest(ctx); err != nil {
			return err
		}
		if done, err := p.agenda.act(ctx, p.clock.Now()); err != nil || done {
			if err != nil {
				return err
			}
			continue
		}
		if err := p.jump(ctx, end); err != nil {
			return err
		}
	}
	return p.rest(ctx)
}

// rest waits until nothing was worked on for a while.
func (p *pace) rest(ctx context.Context) error {
	began, since, passes := time.Now(), time.Now(), p.passes()
	for {
		idle := true
		for _, q := range p.all() {
			q.release()
			idle = q.idle() && idle
		}
		now, made := time.Now(), p.passes()
		if !idle || made != passes {
			since, passes = now, made
		}
		if idle && now.Sub(since) >= calm {
			return nil
		}
		if now.Sub(began) > patience {
			return fmt.Errorf("the controllers never rested for %v: %s", patience, p.busy())
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(calm / 4):
		}
	}
}

// busy tells what the controllers are at.
func (p *pace) busy() string {
	var lines []string
	for _, q := range p.all() {
		lines = append(lines, fmt.Sprintf("%s: %d ready, %d worked on, %d passes so far", q.name, q.Len(), q.working.Load(), q.passes.Load()))
	}
	return strings.Join(lines, "; ")
}

// jump puts the clock forward to the next appointment.
func (p *pace) jump(ctx context.Context, end time.Time) error {
	to := end
	for _, q := range p.all() {
		if next, ok := q.next(); ok && next.Add(grain).Before(to) {
			to = next.Add(grain)
		}
	}
	if next, ok := p.agenda.next(); ok && next.Before(to) {
		to = next
	}
	by := to.Sub(p.clock.Now())
	if by <= 0 {
		return nil
	}
	if err := p.ahead(ctx, by); err != nil {
		return err
	}
	p.clock.step(by)
	return nil
}
