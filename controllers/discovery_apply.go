package controllers

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	applyv1alpha1 "github.com/m365-operator/m365-operator/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
)

const (
	// batchSize bounds what one pass writes, so that no Tenant holds a worker for long.
	batchSize = 1000
	// batchPause lets other Tenants have their turn, and the cache see what was made.
	batchPause = 250 * time.Millisecond
	// parallelWrites to the API server of one pass.
	parallelWrites = 16
)

// apply does what a discovery found to do, up to a batch; more tells whether
// something is left.
func (r *DiscoveryReconciler) apply(ctx context.Context, d *discovery) (more bool, err error) {
	todo := slices.Concat(d.create, d.update)
	more = len(d.relabel) > 0 // that they come into the cache wakes nobody
	if len(todo) > batchSize {
		todo, more = todo[:batchSize], true
	}
	var held atomic.Bool
	var group errgroup.Group
	group.SetLimit(parallelWrites)
	for _, want := range todo {
		group.Go(func() error { return r.write(ctx, d.tenant, want) })
	}
	// All at once: the next pass would have to look for them again.
	for _, user := range d.relabel {
		group.Go(func() error { return r.relabel(ctx, d.tenant, user) })
	}
	for _, user := range d.remove {
		group.Go(func() error { return deleteUnchanged(ctx, r.Client, user) })
	}
	for _, user := range d.yield {
		group.Go(func() error {
			err := r.handOver(ctx, user)
			if apierrors.IsConflict(err) { // it changed just now, in a way that need not wake discovery
				held.Store(true)
				return nil
			}
			return err
		})
	}
	for _, user := range d.takeBackAll {
		group.Go(func() error {
			return r.write(ctx, d.tenant, desiredUser{
				name: user.Name, id: user.Spec.ID, userPrincipalName: user.Spec.UserPrincipalName,
			})
		})
	}
	err = group.Wait()
	return more || held.Load(), err
}

// write applies a discovered object.
func (r *DiscoveryReconciler) write(ctx context.Context, tenant *v1alpha1.Tenant, want desiredUser) error {
	user := applyv1alpha1.ManagedUser(want.name, tenant.Namespace).
		WithLabels(map[string]string{v1alpha1.DiscoveredLabel: "true"}).
		WithLabels(shardOf(tenant).labels()).
		WithSpec(applyv1alpha1.ManagedUserSpec().
			WithTenantRef(applyv1alpha1.ObjectReference().WithName(tenant.Name)).
			WithID(want.id).
			WithUserPrincipalName(want.userPrincipalName))
	err := r.Client.Apply(ctx, user, client.FieldOwner(v1alpha1.DiscoveryFieldManager))
	if apierrors.IsConflict(err) {
		return nil // somebody else owns the field now: the next pass yields
	}
	if apierrors.HasStatusCause(err, "NamespaceTerminating") || apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("apply discovered user: %w", err)
	}
	return nil
}

// relabel brings a discovered object into its Tenant's Shard, whoever set the label it
// has, unless it changed since it was read.
func (r *DiscoveryReconciler) relabel(ctx context.Context, tenant *v1alpha1.Tenant, stray *v1alpha1.ManagedUser) error {
	changed := stray.DeepCopy()
	changed.Labels = map[string]string{}
	maps.Copy(changed.Labels, stray.Labels)
	delete(changed.Labels, v1alpha1.ShardLabel)
	maps.Copy(changed.Labels, shardOf(tenant).labels())
	patch := client.MergeFromWithOptions(stray, client.MergeFromWithOptimisticLock{})
	err := r.Client.Patch(ctx, changed, patch, client.FieldOwner(v1alpha1.DiscoveryFieldManager))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("relabel discovered user: %w", err)
	}
	return nil
}

// handOver drops the label from an object that somebody else declares something on,
// and lets go of every field that has another owner. The others stay, for without
// them the object would be void.
func (r *DiscoveryReconciler) handOver(ctx context.Context, cached *v1alpha1.ManagedUser) error {
	var user v1alpha1.ManagedUser
	if err := r.Reader.Get(ctx, client.ObjectKeyFromObject(cached), &user); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !isDiscovered(&user) || !kube.OwnedByOthers(&user) {
		return nil
	}
	owned := fieldsOfOthers(user.ManagedFields)
	spec := applyv1alpha1.ManagedUserSpec()
	if !owned.Has(fieldpath.MakePathOrDie("spec", "tenantRef", "name")) {
		spec.WithTenantRef(applyv1alpha1.ObjectReference().WithName(user.Spec.TenantRef.Name))
	}
	if !owned.Has(fieldpath.MakePathOrDie("spec", "id")) {
		spec.WithID(user.Spec.ID)
	}
	if !owned.Has(fieldpath.MakePathOrDie("spec", "userPrincipalName")) {
		spec.WithUserPrincipalName(user.Spec.UserPrincipalName)
	}
	config := applyv1alpha1.ManagedUser(user.Name, user.Namespace).WithSpec(spec).WithResourceVersion(user.ResourceVersion)
	if !owned.Has(fieldpath.MakePathOrDie("metadata", "labels", v1alpha1.ShardLabel)) {
		config.WithLabels(shardOf(&user).labels())
	}
	err := r.Client.Apply(ctx, config, client.FieldOwner(v1alpha1.DiscoveryFieldManager))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("hand over discovered user: %w", err)
	}
	return nil
}

// fieldsOfOthers are the fields that anybody but discovery owns.
func fieldsOfOthers(entries []metav1.ManagedFieldsEntry) *fieldpath.Set {
	all := fieldpath.NewSet()
	for _, entry := range entries {
		if entry.Manager == v1alpha1.DiscoveryFieldManager || entry.Subresource != "" || entry.FieldsV1 == nil {
			continue
		}
		var set fieldpath.Set
		if err := set.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())); err == nil {
			all = all.Union(&set)
		}
	}
	return all
}

// removeAll deletes what is left of a Tenant that is gone.
func (r *DiscoveryReconciler) removeAll(ctx context.Context, tenant types.NamespacedName) error {
	users, err := r.Index.OfTenant(ctx, tenant.Namespace, tenant.Name)
	if err != nil {
		return err
	}
	return forEachUser(ctx, users, func(ctx context.Context, user *v1alpha1.ManagedUser) error {
		if !isDiscovered(user) || kube.OwnedByOthers(user) {
			return nil
		}
		return deleteUnchanged(ctx, r.Client, user)
	})
}

// forEachUser calls f for every object, several at a time.
func forEachUser(
	ctx context.Context, users []*v1alpha1.ManagedUser, f func(context.Context, *v1alpha1.ManagedUser) error,
) error {
	var group errgroup.Group
	group.SetLimit(parallelWrites)
	for _, user := range users {
		group.Go(func() error { return f(ctx, user) })
	}
	return group.Wait()
}

// deleteUnchanged deletes an object unless it changed since it was read: it may have
// been taken over at this very moment. The conflict then says so.
func deleteUnchanged(ctx context.Context, c client.Client, user *v1alpha1.ManagedUser) error {
	err := c.Delete(ctx, user.DeepCopy(), client.Preconditions{UID: &user.UID, ResourceVersion: &user.ResourceVersion})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete discovered user: %w", err)
	}
	return nil
}
