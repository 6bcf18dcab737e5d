// Package stack runs the whole product on loopback: a Kubernetes control plane, a
// simulated Microsoft Graph and the manager, each a process of its own, with the
// manifests that are shipped. The demo, the playground and tests of the whole
// start it here.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/testenv"
	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
	"github.com/m365-operator/m365-operator/internal/testenv/process"
)

// Namespace is the manager's own, as config/rbac makes it.
const Namespace = "m365-system"

// Stack is what runs. Its parts are started in the order of the fields, and
// stopped the other way round.
type Stack struct {
	// Root of the repository, and the folder for logs and the like.
	Root, Dir string

	// ControlPlane serves Kubernetes; Client is its administrator's, past any cache.
	ControlPlane *controlplane.ControlPlane
	Client       client.Client
	// Kubeconfig is the file that the administrator's kubectl needs.
	Kubeconfig string

	// Graph is the simulated Microsoft Graph.
	Graph *Graph

	// MetricsURL and ProbesURL are the manager's.
	MetricsURL, ProbesURL string

	graphsim *process.Process
	only     *Replica // of StartManager
	replicas []*Replica
}

// New prepares a stack with the binaries of bin/ and an empty folder below it.
func New(name string) (*Stack, error) {
	root, err := controlplane.RepositoryRoot()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "bin", name)
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("empty %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make %s: %w", dir, err)
	}
	return &Stack{Root: root, Dir: dir}, nil
}

// StartControlPlane starts Kubernetes with our kinds, and with the manager's
// ServiceAccount, RBAC and admission policies as they are shipped.
func (s *Stack) StartControlPlane(ctx context.Context) error {
	plane, err := testenv.Start(ctx, testenv.Options{
		ControllerManager: true,
		LogDir:            s.LogDir(),
		Apply:             []string{"config/rbac", "config/admission"},
	})
	if err != nil {
		return err
	}
	s.ControlPlane = plane
	s.Kubeconfig = filepath.Join(s.Dir, "kubeconfig")
	if err := controlplane.WriteKubeconfig(plane.Config, s.Kubeconfig); err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("register kinds: %w", err)
	}
	unlimited := rest.CopyConfig(plane.Config)
	unlimited.QPS = -1
	if s.Client, err = client.New(unlimited, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("make the client: %w", err)
	}
	return nil
}

// Stop stops everything that was started. It may be called twice.
func (s *Stack) Stop() error {
	errs := []error{s.StopManager()}
	for _, r := range s.replicas {
		errs = append(errs, r.Stop())
	}
	if s.graphsim != nil {
		errs = append(errs, s.graphsim.Stop())
		s.graphsim = nil
	}
	if s.ControlPlane != nil {
		errs = append(errs, s.ControlPlane.Stop())
		s.ControlPlane = nil
	}
	return errors.Join(errs...)
}

// Failed returns an error that names a program of ours that ended by itself, and
// nil while all run.
func (s *Stack) Failed() error {
	errs := []error{s.OthersFailed(), ended("the manager", s.Manager())}
	for _, r := range s.replicas {
		errs = append(errs, ended(r.Name, r.process))
	}
	return errors.Join(errs...)
}

// OthersFailed is Failed without the managers, which may be started again.
func (s *Stack) OthersFailed() error {
	err := ended("graphsim", s.graphsim)
	if s.ControlPlane != nil {
		err = errors.Join(err, ended("kube-controller-manager", s.ControlPlane.ControllerManager()))
	}
	return err
}

func ended(name string, p *process.Process) error {
	if p == nil {
		return nil
	}
	select {
	case <-p.Done():
	default:
		return nil
	}
	if err := p.Err(); err != nil {
		return fmt.Errorf("%s ended by itself: %w", name, err)
	}
	return fmt.Errorf("%s ended by itself with exit code 0", name)
}

// LogDir is where every program leaves its log.
func (s *Stack) LogDir() string { return filepath.Join(s.Dir, "logs") }

// start runs a binary of bin/, with a log of its own that a restart appends to.
func (s *Stack) start(ctx context.Context, binary string, env []string, args ...string) (*process.Process, error) {
	return s.startAs(ctx, binary, binary, env, args...)
}

// startAs is start with another name for the log.
func (s *Stack) startAs(ctx context.Context, name, binary string, env []string, args ...string) (*process.Process, error) {
	path := filepath.Join(s.Root, "bin", binary)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("bin/%s is missing: run `make build`", binary)
	}
	log, err := os.OpenFile(filepath.Join(s.LogDir(), name+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", binary, err)
	}
	defer func() { _ = log.Close() }() // the program has its own handle
	return process.Start(ctx, process.Options{Output: log, Env: env}, path, args...)
}
