package main

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
)

// managerKill ends the manager that leads by SIGKILL wherever it stands.
type managerKill struct {
	crew   *crew
	killed atomic.Int64
}

func (k *managerKill) Name() string { return "manager killed" }

// Inject kills the manager. It is started again at once, and another takes over.
func (k *managerKill) Inject(ctx context.Context, _ *rand.Rand) (func(context.Context) error, error) {
	if err := k.crew.acquire(ctx); err != nil {
		return nil, err
	}
	defer k.crew.release()
	leader, err := k.crew.leader(ctx, nil)
	if err != nil {
		return nil, err
	}
	if err := leader.Kill(); err != nil {
		return nil, err
	}
	k.killed.Add(1)
	return nil, k.crew.silence(context.WithoutCancel(ctx))
}

// Injected counts kills.
func (k *managerKill) Injected(context.Context) (int, error) { return int(k.killed.Load()), nil }

// leaderChange freezes the manager that leads, wherever it stands, until another has
// taken over, and lets it wake up in the belief that it leads still.
type leaderChange struct {
	crew    *crew
	changed atomic.Int64
}

func (l *leaderChange) Name() string { return "leader changed" }

// Inject returns when another manager leads.
func (l *leaderChange) Inject(ctx context.Context, _ *rand.Rand) (func(context.Context) error, error) {
	if err := l.crew.acquire(ctx); err != nil {
		return nil, err
	}
	release := func(context.Context) error {
		l.crew.release()
		return nil
	}
	frozen, err := l.crew.leader(ctx, nil)
	if err != nil {
		return release, err
	}
	if err := frozen.Freeze(); err != nil {
		return release, err
	}
	wake := func(context.Context) error {
		defer l.crew.release()
		return frozen.Thaw()
	}
	if err := l.crew.silence(ctx); err != nil {
		return wake, err
	}
	if _, err := l.crew.leader(ctx, frozen); err != nil {
		return wake, err
	}
	l.changed.Add(1)
	return func(ctx context.Context) error {
		defer l.crew.release()
		if err := frozen.Thaw(); err != nil {
			return err
		}
		return l.crew.ended(ctx, frozen)
	}, nil
}

// Injected counts changes of the leader while the old one was frozen.
func (l *leaderChange) Injected(context.Context) (int, error) { return int(l.changed.Load()), nil }
