package main

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"syscall"
	"time"

	"k8s.io/utils/clock"

	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// apiServerRestart ends kube-apiserver by SIGKILL and starts it again.
type apiServerRestart struct {
	stack     *stack.Stack
	crew      *crew
	turn      chan struct{}
	restarted atomic.Int64
}

func (a *apiServerRestart) Name() string { return "API server restarted" }

// Inject leaves it off for a moment. It serves again when it is undone.
func (a *apiServerRestart) Inject(ctx context.Context, rng *rand.Rand) (func(context.Context) error, error) {
	select {
	case a.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	release := func(context.Context) error {
		<-a.turn
		return nil
	}
	server, err := a.stack.ControlPlane.APIServer()
	if err != nil {
		return release, err
	}
	a.crew.ends.disturb()
	defer a.crew.ends.disturb()
	if err := server.End(context.WithoutCancel(ctx), syscall.SIGKILL); err != nil {
		return release, err
	}
	a.restarted.Add(1)
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(rng.Int64N(int64(longestFault)))):
	}
	if err := server.Start(ctx); err != nil {
		return release, err
	}
	return func(ctx context.Context) error {
		defer func() { <-a.turn }()
		return a.stack.ControlPlane.WaitReady(ctx)
	}, nil
}

// Injected counts restarts.
func (a *apiServerRestart) Injected(context.Context) (int, error) {
	return int(a.restarted.Load()), nil
}

// slowEtcd halts etcd again and again, so that every write to Kubernetes takes long.
type slowEtcd struct {
	stack *stack.Stack
	crew  *crew
	turn  chan struct{}
	halts atomic.Int64
}

func (e *slowEtcd) Name() string { return "etcd slow" }

// Inject makes it slow until it is undone.
func (e *slowEtcd) Inject(ctx context.Context, rng *rand.Rand) (func(context.Context) error, error) {
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	etcd, err := e.stack.ControlPlane.Etcd()
	if err != nil {
		<-e.turn
		return nil, err
	}
	e.crew.ends.disturb()
	slow, calm := context.WithCancel(context.WithoutCancel(ctx))
	over := make(chan error, 1)
	halt := 50*time.Millisecond + time.Duration(rng.Int64N(int64(250*time.Millisecond)))
	go func() { over <- e.stutter(slow, etcd, halt) }()
	return func(context.Context) error {
		defer func() { <-e.turn }()
		e.crew.ends.disturb()
		calm()
		return <-over
	}, nil
}

// stutter lets it run for a sixth of the time.
func (e *slowEtcd) stutter(ctx context.Context, etcd *controlplane.Component, halt time.Duration) error {
	for ctx.Err() == nil {
		second, cancel := context.WithTimeout(ctx, time.Second)
		halts, err := etcd.Stutter(second, clock.RealClock{}, halt, halt/5)
		cancel()
		e.halts.Add(int64(halts))
		if err != nil {
			return err
		}
	}
	return nil
}

// Injected counts the times that it was halted, by the second.
func (e *slowEtcd) Injected(context.Context) (int, error) { return int(e.halts.Load()), nil }
