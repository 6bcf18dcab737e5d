package controllers

import (
	"context"
	"fmt"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
)

// DiscoveryReconciler makes a ManagedUser that declares nothing for every account
// that has none, and yields as soon as anybody declares something. It works through
// one Tenant at a time.
type DiscoveryReconciler struct {
	Client client.Client
	// Reader reads past the cache, to see who owns which field.
	Reader    client.Reader
	Inventory *inventory.Store
	Index     UserIndex
	// Shard are the Tenants that this manager serves; Divided is true when this manager
	// was told that there are others.
	Shard   Shard
	Divided bool
	// Workers is how many Tenants are worked through at once.
	Workers int
	// Waker wakes Tenants whose accounts changed.
	Waker *kube.Waker

	// searches holds, by Tenant, what is known of its objects of other Shards: a search.
	searches sync.Map
	// NewQueue makes the queue; nil for controller-runtime's.
	NewQueue NewQueue
}

// search is what is known of objects that carry another Shard's label than their Tenant;
// "" is nothing.
type search string

const (
	// searchDue: they have to be looked for, since the Tenant was another manager's, or
	// since those that were found have not all been dealt with.
	searchDue search = "Due"
	// searchDone: those that were there have been dealt with.
	searchDone search = "Done"
	// searchFresh: none was there in this run of batches.
	searchFresh search = "Fresh"
)

// after is what is known after a pass, which failed, or has to go on, or neither.
func (s search) after(more bool, err error) search {
	if s == searchDue && !more && err == nil || s == searchFresh && (!more || err != nil) {
		return searchDone
	}
	return s
}

// Reconcile brings the discovered objects of one Tenant in line with its accounts.
func (r *DiscoveryReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var tenant v1alpha1.Tenant
	if err := r.Client.Get(ctx, req.NamespacedName, &tenant); err != nil {
		if apierrors.IsNotFound(err) {
			return ctrl.Result{}, r.removeAll(ctx, req.NamespacedName)
		}
		return ctrl.Result{}, fmt.Errorf("get tenant: %w", err)
	}
	if !r.Shard.serves(&tenant) {
		r.searches.Store(req.NamespacedName, searchDue)
		return ctrl.Result{}, nil
	}
	if tenant.Spec.Paused || !tenant.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	known, ok := r.Inventory.Lookup(req.NamespacedName)
	if !ok || !known.Synced() || tenant.Status.AdoptedThrough == nil {
		return ctrl.Result{}, nil // woken when the tenant has been read, and that is written down
	}
	d, err := r.survey(ctx, &tenant, known)
	if err != nil || d == nil {
		return ctrl.Result{}, err
	}
	more, err := r.apply(ctx, d)
	r.searches.Store(req.NamespacedName, d.search.after(more, err))
	if err == nil && more {
		return ctrl.Result{RequeueAfter: batchPause}, nil
	}
	return ctrl.Result{}, err
}

// mustSearch tells whether objects of other Shards have to be looked for: once a Tenant has
// come to this manager, and before objects are made, for they may be there under another
// label.
func (r *DiscoveryReconciler) mustSearch(ctx context.Context, d *discovery) (bool, error) {
	switch {
	case d.search == searchDue:
		return true, nil
	case d.search == searchFresh:
		return false, nil
	case d.search == searchDone || len(d.create) > 0:
		return len(d.create) > 0, nil
	default:
		return divided(ctx, r.Client, r.Divided)
	}
}

// survey finds what is to be done, past the cache where it has to. A Tenant that went
// meanwhile is left alone, and there is nothing to be done.
func (r *DiscoveryReconciler) survey(ctx context.Context, tenant *v1alpha1.Tenant, known *inventory.Tenant) (*discovery, error) {
	users, err := r.Index.In(ctx, tenant.Namespace)
	if err != nil {
		return nil, err
	}
	d := newDiscovery(tenant, known, users)
	key := client.ObjectKeyFromObject(tenant)
	stored, _ := r.searches.Load(key)
	d.search, _ = stored.(search)
	if must, err := r.mustSearch(ctx, d); err != nil || !must {
		return d, err
	}
	strays, err := r.Shard.strays(ctx, r.Reader, tenant.Namespace)
	if err != nil {
		return nil, err
	}
	if len(strays) == 0 {
		d.search = searchFresh
		return d, nil
	}
	var current v1alpha1.Tenant
	if err := r.Reader.Get(ctx, key, &current); client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("get tenant: %w", err)
	}
	if current.UID != tenant.UID || !r.Shard.serves(&current) {
		return nil, nil
	}
	d = newDiscovery(tenant, known, slices.Concat(users, pointersTo(strays)))
	d.search = searchDue
	return d, nil
}

// SetupWithManager registers the controller.
func (r *DiscoveryReconciler) SetupWithManager(mgr ctrl.Manager) error {
	r.Inventory.Subscribe(func(tenant types.NamespacedName, changes []inventory.Change) {
		if slices.ContainsFunc(changes, func(c inventory.Change) bool { return c.Identity }) {
			r.Waker.Wake(kube.PrioritySync, reconcile.Request{NamespacedName: tenant})
		}
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named("discovery").
		For(&v1alpha1.Tenant{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, taken()))).
		Watches(&v1alpha1.Tenant{}, &handler.EnqueueRequestForObject{}, builder.WithPredicates(becomesAdopted())).
		Watches(&v1alpha1.ManagedUser{}, handler.EnqueueRequestsFromMapFunc(tenantOf), builder.WithPredicates(concernsDiscovery())).
		WatchesRawSource(r.Waker).
		WithOptions(queueOptions(r.Workers, r.NewQueue)).
		Complete(r)
}

func tenantOf(_ context.Context, obj client.Object) []reconcile.Request {
	user, ok := obj.(*v1alpha1.ManagedUser)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: user.Namespace, Name: user.Spec.TenantRef.Name}}}
}

func saysDuplicate(user *v1alpha1.ManagedUser) bool {
	ready, ok := kube.Condition(user, v1alpha1.ConditionReady)
	return ok && ready.Reason == string(v1alpha1.ReasonDuplicate)
}

// becomesAdopted passes on that the passes of a Tenant's users have something to say from
// now on: an object made earlier would be written twice.
func becomesAdopted() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok := e.ObjectOld.(*v1alpha1.Tenant)
			if !ok {
				return false
			}
			after, ok := e.ObjectNew.(*v1alpha1.Tenant)
			return ok && before.Status.AdoptedThrough == nil && after.Status.AdoptedThrough != nil
		},
	}
}

// concernsDiscovery passes on what may end or begin discovery's interest in an
// account: objects that come and go, are bound, or change hands. What discovery itself
// made is what it knows, but for one that turns out to be too many: the other may have come
// into the cache before it.
func concernsDiscovery() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool {
			user, ok := e.Object.(*v1alpha1.ManagedUser)
			return ok && (!isDiscovered(user) || kube.OwnedByOthers(user))
		},
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok := e.ObjectOld.(*v1alpha1.ManagedUser)
			if !ok {
				return false
			}
			after, ok := e.ObjectNew.(*v1alpha1.ManagedUser)
			return ok && (isDiscovered(before) != isDiscovered(after) || kube.OwnedByOthers(before) != kube.OwnedByOthers(after) ||
				boundID(before) != boundID(after) || isDiscovered(after) && saysDuplicate(after) && !saysDuplicate(before))
		},
	}
}
