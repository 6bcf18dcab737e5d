package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlrecorder "sigs.k8s.io/controller-runtime/pkg/recorder"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/controllers"
	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/tenancy"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

const (
	// graphTimeout is short: a call that hangs keeps the clock from being put forward.
	graphTimeout = 2 * time.Second
	// adoptionWindow is by the API server's clock, which is the machine's: weeks go by
	// within the default of it, in which nobody would be asked for a new password.
	adoptionWindow = time.Second
	// consistencyWindow is the manager's default.
	consistencyWindow = 2 * time.Minute
	// tokenLifetime outlives any soak.
	tokenLifetime = 7 * 24 * time.Hour
	// shutdown is how long the manager may take to end.
	shutdown = 30 * time.Second
)

// operator is the controllers as cmd/manager runs them, in this process, so that what
// they hold can be seen: real informers, queues and recorders, under the manager's own
// ServiceAccount. Only the clock is not the machine's.
type operator struct {
	manager ctrl.Manager
	traffic *traffic
	changes *lines
	audit   *os.File
	events  *recorder
	// parts are what runs: the roots of the census.
	parts []any

	stop   context.CancelCauseFunc
	ended  chan struct{}
	failed error
}

// startOperator starts the controllers.
func startOperator(ctx context.Context, s *stack.Stack, p *pace) (*operator, error) {
	o := &operator{traffic: &traffic{writes: map[string]int{}}, changes: &lines{}, ended: make(chan struct{})}
	config, err := s.ControlPlane.ServiceAccount(ctx, stack.Namespace, stack.ServiceAccount, tokenLifetime)
	if err != nil {
		return nil, err
	}
	config.Wrap(o.traffic.wrap)
	if err := o.newManager(ctx, config); err != nil {
		return nil, err
	}
	if o.audit, err = os.OpenFile(s.AuditLog(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	o.changes.out = o.audit
	if err := o.setUp(s, p, metrics.Registry); err != nil {
		return nil, errors.Join(err, o.audit.Close())
	}
	ctx, o.stop = context.WithCancelCause(ctx)
	go func() {
		defer close(o.ended)
		o.failed = o.manager.Start(ctx)
	}()
	if !o.manager.GetCache().WaitForCacheSync(ctx) {
		return nil, errors.Join(errors.New("the manager's cache did not sync"), o.end())
	}
	return o, nil
}

func (o *operator) newManager(ctx context.Context, config *rest.Config) error {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("register kinds: %w", err)
	}
	timeout := shutdown
	m, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(""),
		Client:                  client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
		Metrics:                 server.Options{BindAddress: "0"},
		HealthProbeBindAddress:  "0",
		GracefulShutdownTimeout: &timeout,
	})
	if err != nil {
		return fmt.Errorf("make the manager: %w", err)
	}
	if o.events, err = newRecorder(ctx, config, scheme, v1alpha1.FieldManager); err != nil {
		return err
	}
	o.manager = &listening{Manager: m, parts: &o.parts, events: o.events}
	return nil
}

func (o *operator) setUp(s *stack.Stack, p *pace, registerer prometheus.Registerer) error {
	authority, err := os.ReadFile(filepath.Clean(s.Graph.CAFile))
	if err != nil {
		return fmt.Errorf("read the CA of graphsim: %w", err)
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(authority) {
		return fmt.Errorf("%s holds no certificate", s.Graph.CAFile)
	}
	pool, err := tenancy.NewPool(tenancy.Options{
		Reader: o.manager.GetAPIReader(), Client: o.manager.GetClient(), Namespace: stack.Namespace,
		Endpoints: graph.Endpoints{Graph: s.Graph.URL, Login: s.Graph.URL},
		Transport: graph.NewTransport(authorities), Timeout: graphTimeout,
		Governor: throttle.New(p.clock, throttle.DefaultLimits()), Clock: p.clock,
		Registerer: registerer, Workers: tenancy.DefaultWorkers,
	})
	if err != nil {
		return err
	}
	return controllers.Setup(o.manager, controllers.Options{
		Connections: pool, Inventory: inventory.New(inventory.Options{Clock: p.clock}),
		Clock: p.clock, Audit: audit.NewLog(o.changes), Policy: outcome.NewPolicy(), Namespace: stack.Namespace,
		AdoptionWindow: adoptionWindow, ConsistencyWindow: consistencyWindow,
		Workers: tenancy.DefaultWorkers, Registerer: registerer, NewQueue: p.newQueue,
	})
}

// end stops the controllers, and tells why they had ended already, if they had.
func (o *operator) end() error {
	o.stop(errors.New("the soak is over"))
	<-o.ended
	o.events.end()
	return errors.Join(o.failed, o.audit.Close())
}

// listening is a manager that tells what is added to it, and has a recorder of its own.
type listening struct {
	ctrl.Manager
	parts  *[]any
	events *recorder
}

// GetEventRecorder is the recorder of Events.
func (l *listening) GetEventRecorder(string) ctrlrecorder.EventRecorder { return l.events }

// Add adds something that runs.
func (l *listening) Add(runnable manager.Runnable) error {
	*l.parts = append(*l.parts, runnable)
	return l.Manager.Add(runnable)
}

// lines counts what is written, one line a time.
type lines struct {
	out *os.File
	n   atomic.Int64
}

// Write implements io.Writer.
func (l *lines) Write(line []byte) (int, error) {
	l.n.Add(1)
	return l.out.Write(line)
}
