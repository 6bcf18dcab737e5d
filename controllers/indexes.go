package controllers

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// indexConnection finds the cached Tenants by their Connection.
const indexConnection = "connection"

func addIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.Tenant{}, indexConnection, onTenant(func(t *v1alpha1.Tenant) string {
		if t.Spec.ConnectionRef == nil {
			return ""
		}
		return t.Spec.ConnectionRef.Name
	}))
	if err != nil {
		return fmt.Errorf("index tenants: %w", err)
	}
	return nil
}

func onTenant(value func(*v1alpha1.Tenant) string) client.IndexerFunc {
	return func(obj client.Object) []string {
		if t, ok := obj.(*v1alpha1.Tenant); ok && value(t) != "" {
			return []string{value(t)}
		}
		return nil
	}
}

// boundID is the account that an object is bound to: the one it names, else the one
// it was first found to mean.
func boundID(u *v1alpha1.ManagedUser) string {
	if u.Spec.ID != "" {
		return u.Spec.ID
	}
	return u.Status.ID
}

func isDiscovered(u *v1alpha1.ManagedUser) bool {
	_, ok := u.Labels[v1alpha1.DiscoveredLabel]
	return ok
}

func requestsFor(users []*v1alpha1.ManagedUser) []reconcile.Request {
	requests := make([]reconcile.Request, 0, len(users))
	for _, user := range users {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(user)})
	}
	return requests
}

// pointersTo leads to the items of a list.
func pointersTo(users []v1alpha1.ManagedUser) []*v1alpha1.ManagedUser {
	pointers := make([]*v1alpha1.ManagedUser, len(users))
	for i := range users {
		pointers[i] = &users[i]
	}
	return pointers
}
