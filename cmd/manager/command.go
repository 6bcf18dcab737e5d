package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/m365-operator/m365-operator/controllers"
	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/tenancy"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

func newCommand() *cobra.Command {
	o := defaultOptions()
	cmd := &cobra.Command{
		Use:   "manager",
		Short: "Make Microsoft 365 users follow what Kubernetes objects declare",
		Args:  cobra.NoArgs,
		// Of the module, or the commit, that this was built from.
		Version: version(),
		// Errors are printed once, by main, and a failure is no misuse.
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			logger := zap.New(zap.UseFlagOptions(&o.zap))
			ctrl.SetLogger(logger)
			klog.SetLogger(logger)
			logger.Info("starting", "version", cmd.Version, "namespace", o.namespace, "shard", o.shard, "observeOnly", o.observeOnly)
			return run(cmd.Context(), o)
		},
	}
	o.bind(cmd.Flags())
	return cmd
}

// version is what the toolchain recorded of the build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}

// run works until the context ends or the Lease is lost.
func run(ctx context.Context, o *options) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("reach Kubernetes: %w", err)
	}
	config.QPS, config.Burst = o.kubeAPIQPS, o.kubeAPIBurst
	mgr, err := newManager(config, o)
	if err != nil {
		return err
	}
	if err := saveMemory(mgr, os.Getenv("GOGC")); err != nil {
		return err
	}
	auditOut, closeAudit, err := openAuditLog(o.auditLog)
	if err != nil {
		return err
	}
	defer closeAudit()
	log := audit.NewLog(auditOut)
	if err := registerAudit(metrics.Registry, log); err != nil {
		return err
	}
	if err := setup(mgr, o, log); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// setup wires the controllers: one budget and one transport for all tenants.
func setup(mgr ctrl.Manager, o *options, log *audit.Log) error {
	authorities, err := readAuthorities(o.caFile)
	if err != nil {
		return err
	}
	now := clock.RealClock{}
	pool, err := tenancy.NewPool(tenancy.Options{
		Reader: mgr.GetAPIReader(), Client: mgr.GetClient(), Namespace: o.namespace,
		Endpoints: o.endpoints, Transport: graph.NewTransport(authorities), Timeout: o.graphTimeout,
		Governor: throttle.New(now, throttle.DefaultLimits().Share(o.shards)), Clock: now,
		Registerer: metrics.Registry, Workers: o.workers,
	})
	if err != nil {
		return err
	}
	policy := outcome.NewPolicy()
	policy.BlockedRetry = o.blockedRetry
	return controllers.Setup(mgr, controllers.Options{
		Connections: pool, Inventory: inventory.New(inventory.Options{Clock: now}),
		Clock: now, Audit: log, Policy: policy,
		ObserveOnly: o.observeOnly, AllowRoleGrants: o.allowRoleGrants, Namespace: o.namespace,
		AdoptionWindow: o.adoptionWindow, ConsistencyWindow: o.consistencyWindow,
		Shard: o.shard, Shards: o.shards, Workers: o.workers, Registerer: metrics.Registry,
	})
}

// readAuthorities reads a PEM file; none means the system's authorities.
func readAuthorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file) //nolint:gosec // the administrator's choice
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("--ca-file: %s holds no certificate in PEM form", file)
	}
	return pool, nil
}

// openAuditLog opens the file for appending, so that a restart loses nothing.
func openAuditLog(name string) (out io.Writer, closeFile func(), err error) {
	if name == toStandardOutput {
		return os.Stdout, func() {}, nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the administrator's choice
	if err != nil {
		return nil, nil, fmt.Errorf("--audit-log: %w", err)
	}
	return file, func() { _ = file.Close() }, nil // every line was written unbuffered
}

// registerAudit lets an alert tell when changes leave no trace.
func registerAudit(registerer prometheus.Registerer, log *audit.Log) error {
	failures := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "m365_audit_failures_total",
		Help: "Changes in Microsoft 365 whose audit line could not be written.",
	}, func() float64 { return float64(log.Failed()) })
	if err := registerer.Register(failures); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}
