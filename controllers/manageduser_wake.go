package controllers

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

// wakeChanged wakes the objects of accounts whose observation changed, found by id
// and by name: an object may not be bound yet, or see its name go to somebody else.
func (r *ManagedUserReconciler) wakeChanged(tenant types.NamespacedName, changes []inventory.Change) {
	ctx := context.Background()
	known, _ := r.Inventory.Lookup(tenant)
	for _, change := range changes {
		open := false
		if known != nil {
			seen, found := known.ByID(change.ID)
			open = found && canSignIn(seen)
		}
		for _, key := range append([]string{change.ID}, change.Names...) {
			users, err := r.Index.ByAccount(ctx, tenant.Namespace, tenant.Name, key)
			if err != nil {
				log.FromContext(ctx).Error(err, "cannot wake the users of a tenant", "tenant", tenant)
				return
			}
			wakeUsers(r.Waker, kube.PrioritySync, users, open)
		}
	}
}

// wakeUsers wakes users, before all others those who are to be shut out and are not;
// open tells that these can sign in, whatever was last said of them.
func wakeUsers(waker *kube.Waker, priority int, users []*v1alpha1.ManagedUser, open bool) {
	var urgent, others []*v1alpha1.ManagedUser
	for _, user := range users {
		if isUrgent(user, open) {
			urgent = append(urgent, user)
		} else {
			others = append(others, user)
		}
	}
	waker.Wake(kube.PriorityUrgent, requestsFor(urgent)...)
	waker.Wake(priority, requestsFor(others)...)
}

func canSignIn(seen inventory.Observation) bool {
	return seen.Gone == inventory.GoneNot && seen.User.Enabled == directory.Yes
}

// bringsSuspension passes on that somebody is to be shut out. What it passes on is woken
// by suspensionsFirst and by nothing else: a second request would come while the first pass
// works, and have another begin from an object that this one has written meanwhile.
func bringsSuspension() predicate.Predicate {
	brings := func(obj client.Object) bool {
		user, ok := obj.(*v1alpha1.ManagedUser)
		return ok && isUrgent(user, false)
	}
	return predicate.Funcs{
		CreateFunc:  func(e event.CreateEvent) bool { return brings(e.Object) },
		UpdateFunc:  func(e event.UpdateEvent) bool { return brings(e.ObjectNew) },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// suspensionsFirst puts an object that is to shut somebody out before all others, also
// when the operator begins its work.
func (r *ManagedUserReconciler) suspensionsFirst() handler.EventHandler {
	enqueue := func(obj client.Object) {
		r.Waker.Wake(kube.PriorityUrgent, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(obj)})
	}
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, _ queue) { enqueue(e.Object) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, _ queue) { enqueue(e.ObjectNew) },
	}
}

// whenSeen has passes begin that were put off until the cache showed what the one before
// had written, at the priority that they wait with.
func (r *ManagedUserReconciler) whenSeen() handler.EventHandler {
	return handler.Funcs{
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, _ workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			if r.writes.Seen(e.ObjectNew) {
				r.Waker.Wake(kube.PriorityResync, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(e.ObjectNew)})
			}
		},
	}
}

// isUrgent tells whether somebody is to be shut out who is not yet, or not any more.
func isUrgent(user *v1alpha1.ManagedUser, open bool) bool {
	return user.Spec.Suspended != nil && *user.Spec.Suspended && (open || user.Status.State != v1alpha1.StateSuspended)
}

// waiterFor is how a pass stands in line for its tenant's workers.
func (r *ManagedUserReconciler) waiterFor(s *userScope) tenancy.Waiter {
	request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(s.user)}
	priority := kube.PrioritySync
	switch {
	case isUrgent(s.user, s.found && canSignIn(s.seen)):
		priority = kube.PriorityUrgent
	case s.user.Generation != s.observed || s.requested != "":
		priority = kube.PriorityPerson
	}
	return tenancy.Waiter{
		Key: request.NamespacedName, Priority: priority, Urgent: priority == kube.PriorityUrgent,
		Call: func() { r.Waker.Wake(priority, request) },
	}
}

// siblings are the other objects for the account of one that is gone.
func (r *ManagedUserReconciler) siblings(ctx context.Context, obj client.Object) []reconcile.Request {
	user, ok := obj.(*v1alpha1.ManagedUser)
	if !ok {
		return nil
	}
	var requests []reconcile.Request
	for _, key := range []string{user.Spec.UserPrincipalName, boundID(user)} {
		if key == "" {
			continue
		}
		users, err := r.Index.ByAccount(ctx, user.Namespace, user.Spec.TenantRef.Name, key)
		if err != nil {
			log.FromContext(ctx).Error(err, "cannot find the other objects of an account")
			return requests
		}
		requests = append(requests, requestsFor(users)...)
	}
	return slices.Compact(requests)
}

// tenantChanged wakes all users of a Tenant when something they depend on changed.
func (r *ManagedUserReconciler) tenantChanged(
	ctx context.Context, e event.UpdateEvent, _ workqueue.TypedRateLimitingInterface[reconcile.Request],
) {
	before, ok := e.ObjectOld.(*v1alpha1.Tenant)
	if !ok {
		return
	}
	after, ok := e.ObjectNew.(*v1alpha1.Tenant)
	if !ok || !concernsUsers(before, after) {
		return
	}
	r.wakeAll(ctx, after)
}

// tenantGone wakes all users of a Tenant that was deleted.
func (r *ManagedUserReconciler) tenantGone(
	ctx context.Context, e event.DeleteEvent, _ workqueue.TypedRateLimitingInterface[reconcile.Request],
) {
	r.wakeAll(ctx, e.Object)
}

func (r *ManagedUserReconciler) wakeAll(ctx context.Context, tenant client.Object) {
	users, err := r.Index.OfTenant(ctx, tenant.GetNamespace(), tenant.GetName())
	if err != nil {
		log.FromContext(ctx).Error(err, "cannot wake the users of a tenant")
		return
	}
	wakeUsers(r.Waker, kube.PrioritySync, users, false)
}

// concernsUsers tells whether a change of a Tenant may change what its users' passes
// do.
func concernsUsers(before, after *v1alpha1.Tenant) bool {
	return shardOf(before) != shardOf(after) || before.Status.Shard != after.Status.Shard ||
		before.Spec.ManagementPolicy != after.Spec.ManagementPolicy ||
		before.Spec.Paused != after.Spec.Paused ||
		before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() ||
		before.Annotations[v1alpha1.AbandonAnnotation] != after.Annotations[v1alpha1.AbandonAnnotation] ||
		!equality.Semantic.DeepEqual(before.Spec.Defaults, after.Spec.Defaults) ||
		!equality.Semantic.DeepEqual(before.Spec.Safeguards, after.Spec.Safeguards) ||
		!equality.Semantic.DeepEqual(before.Status.Safeguards, after.Status.Safeguards) ||
		!equality.Semantic.DeepEqual(before.Status.Capabilities, after.Status.Capabilities) ||
		!before.Status.AdoptedThrough.Equal(after.Status.AdoptedThrough) ||
		kube.IsTrue(before, v1alpha1.ConditionSynced) != kube.IsTrue(after, v1alpha1.ConditionSynced) ||
		kube.IsTrue(before, v1alpha1.ConditionSafeguardsReady) != kube.IsTrue(after, v1alpha1.ConditionSafeguardsReady)
}
