package controllers

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/safeguard"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

// Options are what the controllers share.
type Options struct {
	Connections *tenancy.Pool
	Inventory   *inventory.Store
	Clock       clock.Clock
	Audit       *audit.Log
	Policy      outcome.Policy
	// ObserveOnly keeps every account of every tenant as it is.
	ObserveOnly bool
	// AllowRoleGrants lets directory roles be assigned and removed.
	AllowRoleGrants bool
	// Namespace is the manager's own, where Connections' Secrets are.
	Namespace string
	// AdoptionWindow after a Tenant's creation: objects made within it count as found.
	AdoptionWindow time.Duration
	// ConsistencyWindow is how long Graph's readings may lag behind a write.
	ConsistencyWindow time.Duration
	// Shard are the Tenants that this manager serves, and Shards the number of managers
	// among which all Tenants are divided, as far as this one was told.
	Shard  Shard
	Shards int
	// Workers is how many users are worked on at once; half as many tenants are.
	Workers    int
	Registerer prometheus.Registerer
	// NewQueue makes the controllers' queues; nil for controller-runtime's, whose delays
	// are by the machine's clock, whatever Clock says.
	NewQueue NewQueue
}

// adminHold is for how long a blocked Global Administrator counts as blocked although
// readings show otherwise.
const adminHold = 10 * time.Minute

const (
	// firstRetry and lastRetry bound the growing delays after a failure: the first is
	// long enough not to hammer a service in trouble with many objects at once.
	firstRetry = 500 * time.Millisecond
	lastRetry  = 5 * time.Minute
)

// ordinaryWrites is how many status writes of ordinary passes the API server gets at once.
// Where it shares two cores with everything else, more would not make it faster, but have
// suspensions wait behind them; with 20 ms for a write these are 200 a second.
func ordinaryWrites(workers int) int { return max(1, workers/8) }

// tenantWorkers is how many tenants are read, and discovered, at once.
func tenantWorkers(workers int) int { return max(1, workers/2) }

// NewQueue makes a controller's queue. Its limiter counts failures, and tells the delay
// after each.
type NewQueue func(
	controller string, limiter workqueue.TypedRateLimiter[reconcile.Request],
) workqueue.TypedRateLimitingInterface[reconcile.Request]

func queueOptions(workers int, newQueue NewQueue) controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: workers, NewQueue: newQueue,
		RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry),
	}
}

// accessRetry is how often a Tenant that has no access looks whether it was repaired,
// at the cost of one token request: a new Secret, a consent and a permission announce
// themselves to nobody.
const accessRetry = 10 * time.Minute

func accessPolicy(policy outcome.Policy) outcome.Policy {
	policy.BlockedRetry = min(policy.BlockedRetry, accessRetry)
	return policy
}

// Setup registers the indexes and the controllers.
func Setup(mgr ctrl.Manager, o Options) error {
	if err := addIndexes(context.Background(), mgr.GetFieldIndexer()); err != nil {
		return err
	}
	index, err := newCachedUsers(context.Background(), mgr.GetCache())
	if err != nil {
		return err
	}
	metrics, err := newUserMetrics(o.Registerer)
	if err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	events := kube.NewEvents(mgr.GetEventRecorder(v1alpha1.FieldManager))
	users, tenants := kube.NewWaker(), kube.NewWaker()
	told := o.Shard != "" || o.Shards > 1
	reconcilers := []interface{ SetupWithManager(ctrl.Manager) error }{
		&TenantReconciler{
			Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Pool: o.Connections, Inventory: o.Inventory, Index: index,
			Events: events, Clock: o.Clock, Policy: accessPolicy(o.Policy), Metrics: metrics, Started: o.Clock.Now(),
			AdoptionWindow: o.AdoptionWindow, Shard: o.Shard, Divided: told, Workers: tenantWorkers(o.Workers), Users: users, Waker: tenants, NewQueue: o.NewQueue,
		},
		&DiscoveryReconciler{
			Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Inventory: o.Inventory, Index: index, Shard: o.Shard, Divided: told,
			Workers: tenantWorkers(o.Workers), Waker: kube.NewWaker(), NewQueue: o.NewQueue,
		},
		&ManagedUserReconciler{
			Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Connections: o.Connections, Inventory: o.Inventory, Index: index,
			Admins: safeguard.NewAdmins(o.Clock, adminHold), Audit: o.Audit, Events: events, Clock: o.Clock, Policy: o.Policy,
			ObserveOnly: o.ObserveOnly, AllowRoleGrants: o.AllowRoleGrants, ConsistencyWindow: o.ConsistencyWindow,
			Shard: o.Shard, Divided: told, Workers: o.Workers, Waker: users, Tenants: tenants, NewQueue: o.NewQueue, Turns: kube.NewTurns(ordinaryWrites(o.Workers)),
		},
	}
	if o.Shard == "" { // Connections carry no label
		reconcilers = append(reconcilers, &ConnectionReconciler{
			Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Namespace: o.Namespace,
			Events: events, Clock: o.Clock, Policy: o.Policy, NewQueue: o.NewQueue,
		})
	}
	for _, reconciler := range reconcilers {
		if err := reconciler.SetupWithManager(mgr); err != nil {
			return fmt.Errorf("set up controller: %w", err)
		}
	}
	return nil
}
