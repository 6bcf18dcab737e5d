package controllers

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// UserIndex finds ManagedUsers within a namespace. What it returns may be the cache's
// own: it must not be changed.
type UserIndex interface {
	// In are all of a namespace.
	In(ctx context.Context, namespace string) ([]*v1alpha1.ManagedUser, error)
	// OfTenant are those of a Tenant.
	OfTenant(ctx context.Context, namespace, tenant string) ([]*v1alpha1.ManagedUser, error)
	// Declared are those of them that somebody else than discovery keeps.
	Declared(ctx context.Context, namespace, tenant string) ([]*v1alpha1.ManagedUser, error)
	// ByAccount are those of a Tenant that mean the account with an object id, or with a
	// user principal name.
	ByAccount(ctx context.Context, namespace, tenant, idOrName string) ([]*v1alpha1.ManagedUser, error)
}

// Indexes of the cached ManagedUsers.
const (
	indexTenant   = "tenant"
	indexDeclared = "declared"
	indexAccount  = "account"
)

// accountBuckets is how many values the index by account has. The cache keeps a set for
// every value of an index, which costs 200 bytes and more beside its key: one for each
// id and one for each name would take more memory than what is known of the account.
// That leaves a dozen objects to look at in a cluster of 100,000 (BenchmarkByAccount).
const accountBuckets = 1 << 14

// cachedUsers are the ManagedUsers in the manager's cache. It hands out the cached
// objects themselves, of which a list of the client's would be made of copies.
type cachedUsers struct {
	indexer toolscache.Indexer
}

// newCachedUsers adds the indexes to the cache, before it is started.
func newCachedUsers(ctx context.Context, informers cache.Informers) (*cachedUsers, error) {
	informer, err := informers.GetInformer(ctx, &v1alpha1.ManagedUser{}, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("index managed users: %w", err)
	}
	shared, ok := informer.(toolscache.SharedIndexInformer)
	if !ok {
		return nil, errors.New("index managed users: the cache has more than one informer for them")
	}
	if err := shared.AddIndexers(userIndexers()); err != nil {
		return nil, fmt.Errorf("index managed users: %w", err)
	}
	return &cachedUsers{indexer: shared.GetIndexer()}, nil
}

func userIndexers() toolscache.Indexers {
	return toolscache.Indexers{
		indexTenant: onUser(func(u *v1alpha1.ManagedUser) []string {
			return []string{tenantKey(u.Namespace, u.Spec.TenantRef.Name)}
		}),
		indexDeclared: onUser(func(u *v1alpha1.ManagedUser) []string {
			if isDiscovered(u) {
				return nil
			}
			return []string{tenantKey(u.Namespace, u.Spec.TenantRef.Name)}
		}),
		indexAccount: onUser(func(u *v1alpha1.ManagedUser) []string {
			values := []string{accountBucket(u.Namespace, u.Spec.TenantRef.Name, u.Spec.UserPrincipalName)}
			if id := boundID(u); id != "" {
				values = append(values, accountBucket(u.Namespace, u.Spec.TenantRef.Name, id))
			}
			return values
		}),
	}
}

func onUser(values func(*v1alpha1.ManagedUser) []string) toolscache.IndexFunc {
	return func(obj any) ([]string, error) {
		if u, ok := obj.(*v1alpha1.ManagedUser); ok {
			return values(u), nil
		}
		return nil, nil
	}
}

func tenantKey(namespace, tenant string) string { return namespace + "/" + tenant }

func accountBucket(namespace, tenant, idOrName string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(tenantKey(namespace, tenant) + "/" + strings.ToLower(idOrName))) // never fails
	return strconv.FormatUint(uint64(h.Sum32()%accountBuckets), 36)
}

func (c *cachedUsers) In(_ context.Context, namespace string) ([]*v1alpha1.ManagedUser, error) {
	return c.find(toolscache.NamespaceIndex, namespace)
}

func (c *cachedUsers) OfTenant(_ context.Context, namespace, tenant string) ([]*v1alpha1.ManagedUser, error) {
	return c.find(indexTenant, tenantKey(namespace, tenant))
}

func (c *cachedUsers) Declared(_ context.Context, namespace, tenant string) ([]*v1alpha1.ManagedUser, error) {
	return c.find(indexDeclared, tenantKey(namespace, tenant))
}

func (c *cachedUsers) ByAccount(_ context.Context, namespace, tenant, idOrName string) ([]*v1alpha1.ManagedUser, error) {
	users, err := c.find(indexAccount, accountBucket(namespace, tenant, idOrName))
	return filterUsers(users, func(u *v1alpha1.ManagedUser) bool {
		return u.Namespace == namespace && u.Spec.TenantRef.Name == tenant && means(u, idOrName)
	}), err
}

// find looks an index up.
func (c *cachedUsers) find(index, value string) ([]*v1alpha1.ManagedUser, error) {
	found, err := c.indexer.ByIndex(index, value)
	if err != nil {
		return nil, fmt.Errorf("find managed users: %w", err)
	}
	users := make([]*v1alpha1.ManagedUser, 0, len(found))
	for _, obj := range found {
		if user, ok := obj.(*v1alpha1.ManagedUser); ok {
			users = append(users, user)
		}
	}
	return users, nil
}

// filterUsers keeps some of a list, in its place.
func filterUsers(users []*v1alpha1.ManagedUser, keep func(*v1alpha1.ManagedUser) bool) []*v1alpha1.ManagedUser {
	kept := users[:0]
	for _, user := range users {
		if keep(user) {
			kept = append(kept, user)
		}
	}
	return kept
}

// means tells whether an object names an account, or is bound to it, by its id or its
// name.
func means(user *v1alpha1.ManagedUser, idOrName string) bool {
	key := strings.ToLower(idOrName)
	return strings.ToLower(user.Spec.UserPrincipalName) == key || boundID(user) != "" && strings.ToLower(boundID(user)) == key
}
