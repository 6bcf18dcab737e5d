package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/controllers"
)

const (
	// leaseName of the leader among those that serve the Tenants without a shard's label.
	leaseName = "m365-operator"
	// shutdownTimeout lets calls that are under way to Microsoft Graph end, so that
	// their outcome is known. The Deployment grants 45 s.
	shutdownTimeout = 35 * time.Second
	// cacheSyncTimeout bounds one readiness probe.
	cacheSyncTimeout = time.Second
)

// leaseOf is the name of a shard's Lease: every shard has a leader of its own.
func leaseOf(shard controllers.Shard) string {
	if shard == "" {
		return leaseName
	}
	return leaseName + "-" + string(shard)
}

// newManager makes a manager that never lists or watches Secrets, and gives the
// Lease back when it ends.
func newManager(config *rest.Config, o *options) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("register kinds: %w", err)
	}
	shutdown := shutdownTimeout
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme,
		Cache:  controllers.CacheOptions(o.shard),
		Client: client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},

		LeaderElection:          o.leaderElect,
		LeaderElectionID:        leaseOf(o.shard),
		LeaderElectionNamespace: o.namespace,
		LeaseDuration:           &o.lease, RenewDeadline: &o.renew, RetryPeriod: &o.retry,
		// main returns as soon as the manager has stopped, which this rests on.
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &shutdown,

		Metrics:                server.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress: o.probes,
		PprofBindAddress:       o.profiles,
	})
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	if err := errors.Join(
		mgr.AddHealthzCheck("ping", healthz.Ping),
		mgr.AddReadyzCheck("cache", cacheSynced(mgr.GetCache())),
	); err != nil {
		return nil, fmt.Errorf("add probes: %w", err)
	}
	return mgr, nil
}

// cacheSynced is ready once every watched kind has been listed.
func cacheSynced(informers cache.Informers) healthz.Checker {
	return func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), cacheSyncTimeout)
		defer cancel()
		if !informers.WaitForCacheSync(ctx) {
			return errors.New("the cache is not synced")
		}
		return nil
	}
}
