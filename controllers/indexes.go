package controllers

import (
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// Indexes of the cache. Those of ManagedUsers begin with the Tenant's name, since
// names are looked up within a namespace.
const (
	// indexTenant finds the ManagedUsers of a Tenant.
	indexTenant = "tenant"
	// indexDeclared finds those of them that somebody else than discovery keeps.
	indexDeclared = "declared"
	// indexAccount finds ManagedUsers by account id or user principal name.
	indexAccount = "account"
	// indexConnection finds Tenants by their Connection.
	indexConnection = "connection"
)

// accountKey is the value under which a ManagedUser is found by an id or a name.
func accountKey(tenant, idOrName string) string {
	return tenant + "/" + strings.ToLower(idOrName)
}

func addIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	for _, index := range []struct {
		obj    client.Object
		name   string
		values client.IndexerFunc
	}{
		{&v1alpha1.ManagedUser{}, indexTenant, onUser(func(u *v1alpha1.ManagedUser) []string {
			return []string{u.Spec.TenantRef.Name}
		})},
		{&v1alpha1.ManagedUser{}, indexDeclared, onUser(func(u *v1alpha1.ManagedUser) []string {
			if isDiscovered(u) {
				return nil
			}
			return []string{u.Spec.TenantRef.Name}
		})},
		{&v1alpha1.ManagedUser{}, indexAccount, onUser(accountKeys)},
		{&v1alpha1.Tenant{}, indexConnection, onTenant(func(t *v1alpha1.Tenant) string {
			if t.Spec.ConnectionRef == nil {
				return ""
			}
			return t.Spec.ConnectionRef.Name
		})},
	} {
		if err := indexer.IndexField(ctx, index.obj, index.name, index.values); err != nil {
			return fmt.Errorf("index %s: %w", index.name, err)
		}
	}
	return nil
}

func accountKeys(u *v1alpha1.ManagedUser) []string {
	tenant := u.Spec.TenantRef.Name
	keys := []string{accountKey(tenant, u.Spec.UserPrincipalName)}
	if id := boundID(u); id != "" {
		keys = append(keys, accountKey(tenant, id))
	}
	return keys
}

func onUser(values func(*v1alpha1.ManagedUser) []string) client.IndexerFunc {
	return func(obj client.Object) []string {
		if u, ok := obj.(*v1alpha1.ManagedUser); ok {
			return values(u)
		}
		return nil
	}
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

// usersBy lists ManagedUsers by an index. The objects are the cache's own: they must
// not be changed.
func usersBy(ctx context.Context, c client.Reader, namespace, index, value string) ([]v1alpha1.ManagedUser, error) {
	var users v1alpha1.ManagedUserList
	err := c.List(ctx, &users, client.InNamespace(namespace), client.MatchingFields{index: value}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("list managed users: %w", err)
	}
	return users.Items, nil
}

func requestsFor(users []v1alpha1.ManagedUser) []reconcile.Request {
	requests := make([]reconcile.Request, 0, len(users))
	for i := range users {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&users[i])})
	}
	return requests
}
