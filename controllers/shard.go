package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
)

// Shard is the part of all Tenants that one manager serves: those whose ShardLabel has
// this value. The empty Shard is those without the label.
//
// Every Tenant so belongs to exactly one Shard, whatever the label says, which
// selectors in general cannot promise: they overlap, and leave gaps.
type Shard string

// ParseShard reads the value of --shard-selector. Empty means the Tenants without the
// label.
func ParseShard(selector string) (Shard, error) {
	if selector == "" {
		return "", nil
	}
	key, value, _ := strings.Cut(selector, "=")
	value = strings.TrimPrefix(value, "=")
	if key != v1alpha1.ShardLabel || value == "" {
		return "", fmt.Errorf("must be %s=<name>, not %q: one label decides, so that no Tenant has two managers or none", v1alpha1.ShardLabel, selector)
	}
	if problems := validation.IsDNS1123Label(value); len(problems) > 0 {
		return "", fmt.Errorf("%q cannot be the name of a shard: %s", value, problems[0])
	}
	return Shard(value), nil
}

// shardOf is the Shard that an object says it belongs to.
func shardOf(obj client.Object) Shard { return Shard(obj.GetLabels()[v1alpha1.ShardLabel]) }

// sees tells whether the Shard's manager has the object in its cache: an empty label is
// not the same as none.
func (s Shard) sees(obj client.Object) bool {
	_, labelled := obj.GetLabels()[v1alpha1.ShardLabel]
	return shardOf(obj) == s && labelled == (s != "")
}

// selector finds the objects of the Shard.
func (s Shard) selector() labels.Selector {
	if s == "" {
		return s.requires(selection.DoesNotExist)
	}
	return s.requires(selection.Equals, string(s))
}

// others finds the objects of all other Shards.
func (s Shard) others() labels.Selector {
	if s == "" {
		return s.requires(selection.Exists)
	}
	return s.requires(selection.NotEquals, string(s))
}

func (s Shard) requires(operator selection.Operator, values ...string) labels.Selector {
	requirement, err := labels.NewRequirement(v1alpha1.ShardLabel, operator, values)
	if err != nil {
		return labels.Nothing() // ParseShard returns no such value
	}
	return labels.NewSelector().Add(*requirement)
}

// serves tells whether the Tenant is this Shard's: its label says so, and its manager has
// taken it.
func (s Shard) serves(tenant *v1alpha1.Tenant) bool {
	return shardOf(tenant) == s && tenant.Status.Shard == string(s)
}

// labels are what an object of the Shard carries.
func (s Shard) labels() map[string]string {
	if s == "" {
		return nil
	}
	return map[string]string{v1alpha1.ShardLabel: string(s)}
}

// strayPage is how many strays are read at once: a large tenant has as many of them as
// accounts while it is handed over.
const strayPage = 500

// strays are the ManagedUsers of a namespace that another Shard's manager sees, and this
// one's cache does not; of their status, only the account and its type are kept.
func (s Shard) strays(ctx context.Context, reader client.Reader, namespace string) ([]v1alpha1.ManagedUser, error) {
	var found []v1alpha1.ManagedUser
	for next := ""; ; {
		var page v1alpha1.ManagedUserList
		err := reader.List(ctx, &page, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: s.others()},
			client.Limit(strayPage), client.Continue(next))
		if err != nil {
			return nil, fmt.Errorf("list managed users of other shards: %w", err)
		}
		for i := range page.Items {
			stray := page.Items[i]
			stray.Status = v1alpha1.ManagedUserStatus{ID: stray.Status.ID, AccountType: stray.Status.AccountType}
			stray.ManagedFields = kube.SpecOwners(stray.ManagedFields)
			found = append(found, stray)
		}
		if next = page.Continue; next == "" {
			return found, nil
		}
	}
}

// mismatch is what a user is told whose Tenant is another manager's.
func mismatch(user *v1alpha1.ManagedUser, tenant *v1alpha1.Tenant) error {
	remedy := fmt.Sprintf("set the label %s=%s on this object", v1alpha1.ShardLabel, string(shardOf(tenant)))
	if shardOf(tenant) == "" {
		remedy = "take the label " + v1alpha1.ShardLabel + " off this object"
	}
	return outcome.Blocked(v1alpha1.ReasonShardMismatch, fmt.Sprintf(
		"this object belongs to %s and its Tenant to %s, so nothing is done: %s", shardOf(user).name(), shardOf(tenant).name(), remedy))
}

// name of the Shard in a message.
func (s Shard) name() string {
	if s == "" {
		return "no shard"
	}
	return fmt.Sprintf("the shard %q", string(s))
}

// divided tells whether there may be other managers: this one was told so, or some Tenant
// carries a Shard's label.
func divided(ctx context.Context, cached client.Reader, told bool) (bool, error) {
	if told {
		return true, nil
	}
	var labelled v1alpha1.TenantList
	err := cached.List(ctx, &labelled, client.HasLabels{v1alpha1.ShardLabel}, client.Limit(1), client.UnsafeDisableDeepCopy)
	if err != nil {
		return false, fmt.Errorf("list tenants of shards: %w", err)
	}
	return len(labelled.Items) > 0, nil
}

// errMoved ends a pass whose Tenant is another manager's, although the cache did not know
// it yet. It says nothing: what is to be said is the other's.
var errMoved = errors.New("another manager serves the Tenant")

// confirm reads past the cache whether the Tenant still is this manager's, before
// anything is changed in Microsoft 365. It comes after the intent's time was taken: from
// there on a manager that is frozen acts within half of the consistency window or not
// at all, however long ago the Tenant was taken from it.
func (r *ManagedUserReconciler) confirm(ctx context.Context, s *userScope) error {
	others, err := divided(ctx, r.Client, r.Divided)
	if err != nil || !others {
		return err
	}
	var tenant v1alpha1.Tenant
	err = r.Reader.Get(ctx, client.ObjectKeyFromObject(s.tenant), &tenant)
	switch {
	case err != nil && !apierrors.IsNotFound(err):
		return fmt.Errorf("get tenant: %w", err)
	case err != nil, tenant.UID != s.tenant.UID, !r.Shard.serves(&tenant):
		return outcome.Waiting(v1alpha1.ReasonProgressing, "the Tenant is being handed over").After(workerRetry).Because(errMoved)
	}
	return nil
}

// straysFor are the objects for the account that the cache does not hold, since they lack
// their Tenant's label.
func (r *ManagedUserReconciler) straysFor(ctx context.Context, s *userScope) ([]*v1alpha1.ManagedUser, error) {
	strays, err := r.Shard.strays(ctx, r.Reader, s.user.Namespace)
	if err != nil {
		return nil, err
	}
	var found []*v1alpha1.ManagedUser
	for _, stray := range pointersTo(strays) {
		same := stray.Spec.TenantRef.Name == s.tenant.Name && (means(stray, s.id) || means(stray, s.seen.User.UserPrincipalName))
		if same && stray.DeletionTimestamp.IsZero() {
			found = append(found, stray)
		}
	}
	return found, nil
}

// take makes this manager the Tenant's holder. The label is the authority, so there is
// nobody to wait for, dead or alive: what is written is written over exactly the Tenant
// that carries the label, and every later write of the one before is a conflict.
func (r *TenantReconciler) take(ctx context.Context, s *tenantScope) error {
	s.tenant.Status.Shard = string(r.Shard)
	return s.status.Patch(ctx, s.tenant)
}

// rivalRead wakes this Shard's Tenants when another manager's turns out to hold the same
// Microsoft 365 tenant: one of the two has to yield, now rather than at its next sync.
func (r *TenantReconciler) rivalRead(
	ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request],
) {
	before, ok := e.ObjectOld.(*v1alpha1.Tenant)
	if !ok {
		return
	}
	after, ok := e.ObjectNew.(*v1alpha1.Tenant)
	if !ok || shardOf(after) == r.Shard || !kube.IsTrue(after, v1alpha1.ConditionSynced) ||
		kube.IsTrue(before, v1alpha1.ConditionSynced) && before.Status.TenantID == after.Status.TenantID {
		return
	}
	var tenants v1alpha1.TenantList
	if err := r.Client.List(ctx, &tenants, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "cannot wake the rivals of a tenant")
		return
	}
	for i := range tenants.Items {
		if rival := &tenants.Items[i]; shardOf(rival) == r.Shard && rival.Status.TenantID == after.Status.TenantID {
			queue.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(rival)})
		}
	}
}

// taken passes on Tenants that a manager took.
func taken() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.Tenant)
		if !ok {
			return false
		}
		after, ok := e.ObjectNew.(*v1alpha1.Tenant)
		return ok && before.Status.Shard != after.Status.Shard
	}}
}

// moved passes on Tenants that go to another Shard, or come from one.
func moved() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld != nil && e.ObjectNew != nil && shardOf(e.ObjectOld) != shardOf(e.ObjectNew)
	}}
}
