package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// crew are the managers: two, of which one leads. As a Deployment would, it starts those
// again that have ended, for a manager that loses its Lease ends by itself.
type crew struct {
	stack *stack.Stack
	// turn is had by whoever troubles the managers, or looks after them.
	turn chan struct{}
	// restarts are how often a manager that had ended was started again.
	restarts atomic.Uint64
	ends     ends
}

func newCrew(s *stack.Stack) *crew {
	return &crew{stack: s, turn: make(chan struct{}, 1), ends: ends{read: map[string]int64{}}}
}

// acquire waits for the turn.
func (m *crew) acquire(ctx context.Context) error {
	select {
	case m.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *crew) release() { <-m.turn }

// start starts the managers, and looks after them until ctx ends.
func (m *crew) start(ctx context.Context, args ...string) error {
	for _, name := range []string{"manager-1", "manager-2"} {
		if _, err := m.stack.StartReplica(ctx, name, args...); err != nil {
			return err
		}
	}
	go m.lookAfter(ctx)
	return nil
}

func (m *crew) lookAfter(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
		if m.acquire(ctx) != nil {
			return
		}
		_ = m.restart(ctx) // the next time tells no less
		m.release()
	}
}

// end stops everything that runs. Nobody is started again.
func (m *crew) end() error {
	m.turn <- struct{}{} // for good
	return m.stack.Stop()
}

// restart starts those again that have ended. The caller has the turn.
func (m *crew) restart(ctx context.Context) error {
	var errs []error
	for _, r := range m.stack.Replicas() {
		if r.Running() || ctx.Err() != nil {
			continue
		}
		if r.Process() != nil { // nobody here ended it
			if err := m.judge(ctx, r); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		errs = append(errs, r.Restart(ctx))
		m.restarts.Add(1)
	}
	return errors.Join(errs...)
}

// without does something while no manager runs.
func (m *crew) without(ctx context.Context, do func() error) error {
	if err := m.acquire(ctx); err != nil {
		return err
	}
	defer m.release()
	for _, r := range m.stack.Replicas() {
		if err := r.Stop(); err != nil {
			return err
		}
	}
	return errors.Join(do(), m.restart(ctx))
}

// leader waits until a manager other than the one given, if one is, leads. The caller has
// the turn.
func (m *crew) leader(ctx context.Context, than *stack.Replica) (leader *stack.Replica, err error) {
	err = until(ctx, "a leader", func(ctx context.Context) error {
		if err := m.restart(ctx); err != nil {
			return err
		}
		for _, r := range m.stack.Replicas() {
			if r == than {
				continue
			}
			if leads, err := r.Leads(ctx); leads || err != nil {
				leader = r
				return err
			}
		}
		return errors.New("nobody leads")
	})
	return leader, err
}

// ended waits for the end of a frozen leader that has lost its Lease.
func (m *crew) ended(ctx context.Context, r *stack.Replica) error {
	return until(ctx, "the end of "+r.Name+", which has lost its Lease", func(context.Context) error {
		if r.Running() {
			return fmt.Errorf("%s runs", r.Name)
		}
		return nil
	})
}
