package main

import (
	"context"
	"math/rand/v2"
	"sync/atomic"

	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// managerKill ends the manager by SIGKILL wherever it stands.
type managerKill struct {
	stack  *stack.Stack
	killed atomic.Int64
}

func (k *managerKill) Name() string { return "manager killed" }

// Inject kills the manager, and starts it again when it is undone.
func (k *managerKill) Inject(context.Context, *rand.Rand) (func(context.Context) error, error) {
	if err := k.stack.KillManager(); err != nil {
		return nil, err
	}
	k.killed.Add(1)
	return k.stack.RestartManager, nil
}

// Injected counts kills.
func (k *managerKill) Injected(context.Context) (int, error) { return int(k.killed.Load()), nil }
