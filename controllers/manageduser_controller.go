package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/safeguard"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

// Connections knows the connected tenants.
type Connections interface {
	Lookup(tenant types.NamespacedName) (*tenancy.Connection, bool)
}

// ManagedUserReconciler makes accounts what their ManagedUsers declare, and tells in
// their status what they are.
type ManagedUserReconciler struct {
	Client client.Client
	// Reader reads past the cache: Secrets, and what speaks against a deletion.
	Reader      client.Reader
	Connections Connections
	Inventory   *inventory.Store
	Index       UserIndex
	Admins      *safeguard.Admins
	Audit       *audit.Log
	Events      *kube.Events
	Clock       clock.Clock
	Policy      outcome.Policy
	// ObserveOnly is the manager's own: no account of any tenant is changed.
	ObserveOnly bool
	// AllowRoleGrants is the manager's own: without it no directory role is assigned or
	// removed.
	AllowRoleGrants bool
	// ConsistencyWindow is how long Graph's readings may lag behind a write.
	// An intent permits its call within half of it.
	ConsistencyWindow time.Duration
	// Shard are the Tenants that this manager serves; Divided is true when this manager
	// was told that there are others.
	Shard   Shard
	Divided bool
	// Workers is how many users are worked on at once.
	Workers int
	// Waker wakes users whose observation changed, Tenants the Tenant that has to read
	// what an object names first.
	Waker, Tenants *kube.Waker
	// NewQueue makes the queue; nil for controller-runtime's.
	NewQueue NewQueue
	// Turns are for the writes of passes that shut nobody out; nil for no bound.
	Turns kube.Turns

	// writes are those of passes that the cache does not show yet.
	writes kube.Writes
}

// Reconcile makes one account what its object declares.
func (r *ManagedUserReconciler) Reconcile(ctx context.Context, user *v1alpha1.ManagedUser) (res ctrl.Result, err error) {
	if shardOf(user) != r.Shard {
		return ctrl.Result{}, nil
	}
	if r.writes.PutOff(user, r.Clock.Now()) {
		r.callNext(user)                                          // it may have been called for a worker
		return ctrl.Result{RequeueAfter: kube.SightPatience}, nil // woken when the cache shows what was written
	}
	s := newUserScope(r.Client, user)
	s.waiter = func() tenancy.Waiter { return r.waiterFor(s) }
	s.status.InTurn(r.Turns)
	read := user.ResourceVersion
	defer func() {
		res, err = r.finish(ctx, s, err)
		if user.ResourceVersion != read && user.DeletionTimestamp.IsZero() {
			r.writes.Note(user, r.Clock.Now())
		}
	}()

	switch {
	case !user.DeletionTimestamp.IsZero():
		return ctrl.Result{}, r.finalize(ctx, s)
	case user.Spec.Paused:
		s.paused = true
		return ctrl.Result{}, nil
	default:
		return ctrl.Result{}, run(ctx, s,
			r.ensureFinalizer, // persisted before the first change of the account
			r.findTenant,      // known and read in this process, or there is nothing to say
			r.refresh,         // the account, from the directory, when somebody asked for it
			r.observe,         // it, from the inventory
			r.ensureAccount,   // made or restored, if there is none and the spec says so
			r.identify,        // the same person as ever, and no other object's
			r.resolve,         // what the names in the spec's lists mean
			r.work,            // what is declared, within the safeguards
		)
	}
}

// SetupWithManager registers the controller.
func (r *ManagedUserReconciler) SetupWithManager(mgr ctrl.Manager) error {
	r.Inventory.Subscribe(r.wakeChanged)
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.ManagedUser{}, builder.WithPredicates(kube.Changed(), predicate.Not(bringsSuspension()))).
		Watches(&v1alpha1.ManagedUser{}, r.suspensionsFirst(), builder.WithPredicates(kube.Changed(), bringsSuspension())).
		Watches(&v1alpha1.ManagedUser{}, handler.EnqueueRequestsFromMapFunc(r.siblings), builder.WithPredicates(onlyDeletes())).
		Watches(&v1alpha1.ManagedUser{}, r.whenSeen()).
		Watches(&v1alpha1.Tenant{}, handler.Funcs{UpdateFunc: r.tenantChanged, DeleteFunc: r.tenantGone}).
		WatchesRawSource(r.Waker).
		WithOptions(queueOptions(r.Workers, r.NewQueue)).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

func onlyDeletes() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(event.UpdateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}
