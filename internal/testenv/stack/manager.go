package stack

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
	"github.com/m365-operator/m365-operator/internal/testenv/process"
)

// ServiceAccount is what the manager runs as.
const ServiceAccount = "m365-manager"

// tokenLifetime outlives any playground.
const tokenLifetime = 7 * 24 * time.Hour

// AuditLog is the file that the managers leave their audit lines in.
func (s *Stack) AuditLog() string { return filepath.Join(s.Dir, "audit.jsonl") }

// StartManager starts the manager under its ServiceAccount, so that it may do what
// the shipped RBAC grants and nothing else, and waits until it is ready.
func (s *Stack) StartManager(ctx context.Context, more ...string) error {
	only, err := s.newReplica(ctx, "manager", more...)
	if err != nil {
		return err
	}
	s.only = only
	s.MetricsURL, s.ProbesURL = only.MetricsURL, only.ProbesURL
	if err := s.RestartManager(ctx); err != nil {
		return err
	}
	return s.waitReady(ctx, only)
}

// RestartManager starts the manager, which has ended, as it was started before and
// with the same addresses. It does not wait until it is ready.
func (s *Stack) RestartManager(ctx context.Context) error { return s.only.start(ctx) }

// Manager is the manager that StartManager or RestartManager started last, or nil.
func (s *Stack) Manager() *process.Process {
	if s.only == nil {
		return nil
	}
	return s.only.process
}

// StopManager asks the manager to end, and waits.
func (s *Stack) StopManager() error {
	if s.only == nil {
		return nil
	}
	return s.only.Stop()
}

// KillManager ends the manager by SIGKILL.
func (s *Stack) KillManager() error {
	if s.only == nil {
		return nil
	}
	return s.only.Kill()
}

// newReplica prepares a manager with its access and addresses of its own.
func (s *Stack) newReplica(ctx context.Context, name string, more ...string) (*Replica, error) {
	kubeconfig := filepath.Join(s.Dir, name+".kubeconfig")
	access, err := s.ControlPlane.ServiceAccount(ctx, Namespace, ServiceAccount, tokenLifetime)
	if err != nil {
		return nil, err
	}
	if err := controlplane.WriteKubeconfig(access, kubeconfig); err != nil {
		return nil, err
	}
	addresses, err := freeAddresses(ctx, 2)
	if err != nil {
		return nil, err
	}
	return &Replica{
		Name: name, MetricsURL: "http://" + addresses[0] + "/metrics", ProbesURL: "http://" + addresses[1], stack: s,
		env: []string{"KUBECONFIG=" + kubeconfig},
		args: append([]string{
			"--graph-endpoint=" + s.Graph.URL, "--login-endpoint=" + s.Graph.URL, "--ca-file=" + s.Graph.CAFile,
			"--namespace=" + Namespace, "--leader-elect", "--audit-log=" + s.AuditLog(),
			"--metrics-bind-address=" + addresses[0], "--health-probe-bind-address=" + addresses[1],
		}, more...),
	}, nil
}

// freeAddresses finds loopback addresses that nobody listens on.
func freeAddresses(ctx context.Context, n int) ([]string, error) {
	addresses := make([]string, n)
	for i := range addresses {
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = listener.Close() }() // held until all are chosen, so that they differ
		addresses[i] = listener.Addr().String()
	}
	return addresses, nil
}
