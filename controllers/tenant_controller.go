package controllers

import (
	"context"
	"time"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

// TenantReconciler connects tenants, keeps the inventory of their users current, and
// tells in their status what they are.
type TenantReconciler struct {
	Client client.Client
	// Reader reads past the cache, where the cache's age would matter.
	Reader    client.Reader
	Pool      *tenancy.Pool
	Inventory *inventory.Store
	Index     UserIndex
	Events    *kube.Events
	Clock     clock.Clock
	Policy    outcome.Policy
	Metrics   *userMetrics
	// Started is when this process began to read tenants.
	Started time.Time
	// AdoptionWindow after a Tenant's creation: objects made within it count as found,
	// so that a cluster rebuilt from Git repeats nothing.
	AdoptionWindow time.Duration
	// Shard are the Tenants that this manager serves; Divided is true when this manager
	// was told that there are others.
	Shard   Shard
	Divided bool
	// Workers is how many tenants are read at once.
	Workers int
	// Users wakes ManagedUsers, Waker Tenants.
	Users, Waker *kube.Waker
	// NewQueue makes the queue; nil for controller-runtime's.
	NewQueue NewQueue
}

// Reconcile reads one tenant.
func (r *TenantReconciler) Reconcile(ctx context.Context, tenant *v1alpha1.Tenant) (res ctrl.Result, err error) {
	if shardOf(tenant) != r.Shard { // or any more: what is known of it is void
		r.forget(tenant)
		return ctrl.Result{}, nil
	}
	s := newTenantScope(r.Client, tenant)
	defer func() { res, err = r.finish(ctx, s, err) }()

	switch {
	case !tenant.DeletionTimestamp.IsZero():
		s.deleting = true
		return ctrl.Result{}, run(ctx, s, r.take, r.removeDiscovered, r.letGo)
	case tenant.Spec.Paused:
		s.paused = true
		return ctrl.Result{}, nil
	default:
		return ctrl.Result{}, run(ctx, s,
			r.take, // from the manager before, if its label is new
			r.ensureFinalizer,
			r.connect,         // credentials → a connected directory
			r.claim,           // nobody else manages the same tenant …
			r.resolveGroups,   // whose members must be known to protect them
			r.sync,            // what changed → the inventory, which wakes users
			r.claim,           // … nor began to meanwhile
			r.resolveAccounts, // the safeguards' names, once
			r.adopt,           // what existed when this Tenant's memory began
		)
	}
}

// SetupWithManager registers the controller.
func (r *TenantReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.Tenant{}, builder.WithPredicates(predicate.Or(kube.Changed(), moved()))).
		Watches(&v1alpha1.Tenant{}, handler.Funcs{UpdateFunc: r.rivalRead}).
		Watches(&v1alpha1.Connection{}, handler.EnqueueRequestsFromMapFunc(r.tenantsOf)).
		WatchesRawSource(r.Waker).
		WithOptions(queueOptions(r.Workers, r.NewQueue)).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}
