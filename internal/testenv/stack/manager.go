package stack

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
	"github.com/m365-operator/m365-operator/internal/testenv/process"
)

// ServiceAccount is what the manager runs as.
const ServiceAccount = "m365-manager"

// tokenLifetime outlives any playground.
const tokenLifetime = 7 * 24 * time.Hour

// AuditLog is the file that the manager leaves its audit lines in.
func (s *Stack) AuditLog() string { return filepath.Join(s.Dir, "audit.jsonl") }

// StartManager starts the manager under its ServiceAccount, so that it may do what
// the shipped RBAC grants and nothing else, and waits until it is ready.
func (s *Stack) StartManager(ctx context.Context, more ...string) error {
	kubeconfig := filepath.Join(s.Dir, "manager.kubeconfig")
	access, err := s.ControlPlane.ServiceAccount(ctx, Namespace, ServiceAccount, tokenLifetime)
	if err != nil {
		return err
	}
	if err := controlplane.WriteKubeconfig(access, kubeconfig); err != nil {
		return err
	}
	addresses, err := freeAddresses(ctx, 2)
	if err != nil {
		return err
	}
	s.MetricsURL, s.ProbesURL = "http://"+addresses[0]+"/metrics", "http://"+addresses[1]
	s.managerEnv = []string{"KUBECONFIG=" + kubeconfig}
	s.managerArgs = append([]string{
		"--graph-endpoint=" + s.Graph.URL, "--login-endpoint=" + s.Graph.URL, "--ca-file=" + s.Graph.CAFile,
		"--namespace=" + Namespace, "--leader-elect", "--audit-log=" + s.AuditLog(),
		"--metrics-bind-address=" + addresses[0], "--health-probe-bind-address=" + addresses[1],
	}, more...)
	if err := s.RestartManager(ctx); err != nil {
		return err
	}
	return s.waitReady(ctx)
}

// RestartManager starts the manager, which has ended, as it was started before and
// with the same addresses. It does not wait until it is ready.
func (s *Stack) RestartManager(ctx context.Context) error {
	manager, err := s.start(ctx, "manager", s.managerEnv, s.managerArgs...)
	if err != nil {
		return err
	}
	s.manager = manager
	return nil
}

// Manager is the manager that was started last, or nil.
func (s *Stack) Manager() *process.Process { return s.manager }

// waitReady waits until the manager says so.
func (s *Stack) waitReady(ctx context.Context) error {
	err := wait.PollUntilContextTimeout(ctx, pollEvery, startTimeout, true, func(ctx context.Context) (bool, error) {
		if err := s.Failed(); err != nil {
			return false, err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.ProbesURL+"/readyz", nil)
		if err != nil {
			return false, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil //nolint:nilerr // it does not listen yet
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	})
	if err != nil {
		return fmt.Errorf("wait for the manager: %w", err)
	}
	return nil
}

// StopManager asks the manager to end, and waits.
func (s *Stack) StopManager() error {
	if s.manager == nil {
		return nil
	}
	err := s.manager.Stop()
	s.manager = nil
	return err
}

// KillManager ends the manager by SIGKILL.
func (s *Stack) KillManager() error {
	if s.manager == nil {
		return nil
	}
	err := s.manager.Kill()
	s.manager = nil
	return err
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
