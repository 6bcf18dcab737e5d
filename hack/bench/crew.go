package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// person is somebody whose object is changed by a scenario.
type person struct {
	object types.NamespacedName
	id     string // of the account
}

// crew is the people of one case, in a tenant of their own unless they belong to a
// larger one: no case spends another's budget of writes.
type crew struct {
	s         *stack.Stack
	tenant    string // id at graphsim
	namespace string
	people    []person
}

const (
	// applyWorkers is how many objects are changed at once, as `kubectl apply` by a
	// pipeline for many clients does.
	applyWorkers = 16
	// gitWorkers is how many objects Flux applies at once unless told otherwise
	// (https://fluxcd.io/flux/components/kustomize/options, --concurrent-ssa). Its default
	// of 50 requests a second is not kept to: the load is the heavier for it.
	gitWorkers = 4
)

// settleTimeout bounds every wait for objects that have nothing to wait for.
const settleTimeout = 10 * time.Minute

// simulateCrew makes a simulated tenant of people who are alike.
func simulateCrew(ctx context.Context, s *stack.Stack, of crewSpec) (tenant string, err error) {
	spec := graphsim.TenantSpec{
		DisplayName: of.title, Country: "DE",
		Domains: []graphsim.DomainSpec{{Name: of.title + ".example", Default: true}},
		SKUs:    []graphsim.SKUSpec{{PartNumber: bulkSKU, Enabled: of.n}},
	}
	for i := range of.n {
		properties := maps.Clone(of.account)
		if properties == nil {
			properties = map[string]any{}
		}
		properties["userPrincipalName"] = fmt.Sprintf("user%05d@%s.example", i, of.title)
		spec.Users = append(spec.Users, properties)
	}
	var made struct{ ID string }
	if err := s.Graph.Call(ctx, http.MethodPost, "tenants", spec, &made); err != nil {
		return "", fmt.Errorf("simulate the tenant %s: %w", of.title, err)
	}
	return made.ID, nil
}

// crewSpec is a crew to be made.
type crewSpec struct {
	title   string
	n       int
	account map[string]any // what every account has beyond a name
}

// newCrews makes tenants, has the operator discover their people, and waits until all
// are Ready.
func newCrews(ctx context.Context, s *stack.Stack, specs ...crewSpec) ([]*crew, error) {
	crews := make([]*crew, 0, len(specs))
	for _, spec := range specs {
		tenant, err := simulateCrew(ctx, s, spec)
		if err != nil {
			return nil, err
		}
		i := len(s.Graph.TenantIDs)
		s.Graph.TenantIDs = append(s.Graph.TenantIDs, tenant)
		if err := errors.Join(grantTenant(ctx, s, i), s.ApplyTenant(ctx, i)); err != nil {
			return nil, err
		}
		crews = append(crews, &crew{s: s, tenant: tenant, namespace: stack.ClientNamespace(i)})
	}
	for i, c := range crews {
		if err := c.awaitDiscovered(ctx, specs[i].n); err != nil {
			return nil, fmt.Errorf("wait for the people of %s: %w", specs[i].title, err)
		}
	}
	return crews, nil
}

// awaitDiscovered waits until n people are there and settled, and takes them all.
func (c *crew) awaitDiscovered(ctx context.Context, n int) error {
	return wait.PollUntilContextTimeout(ctx, time.Second, settleTimeout, true, func(ctx context.Context) (bool, error) {
		var list v1alpha1.ManagedUserList
		if err := c.s.Client.List(ctx, &list, client.InNamespace(c.namespace)); err != nil {
			return false, fmt.Errorf("list users: %w", err)
		}
		c.people = nil
		for i := range list.Items {
			if isSettled(&list.Items[i]) {
				c.people = append(c.people, personOf(&list.Items[i]))
			}
		}
		return len(c.people) == n, c.s.Failed()
	})
}

// grantTenant lets the namespace of tenant number i use the one Connection.
func grantTenant(ctx context.Context, s *stack.Stack, i int) error {
	var connection v1alpha1.Connection
	if err := s.Client.Get(ctx, client.ObjectKey{Name: stack.ConnectionName}, &connection); err != nil {
		return fmt.Errorf("get the connection: %w", err)
	}
	connection.Spec.Grants = append(connection.Spec.Grants,
		v1alpha1.Grant{Namespace: stack.ClientNamespace(i), TenantID: s.Graph.TenantIDs[i]})
	if err := s.Client.Update(ctx, &connection); err != nil {
		return fmt.Errorf("grant a tenant: %w", err)
	}
	return nil
}

// crewOf takes n ordinary people of tenant number i, who were discovered before.
func crewOf(ctx context.Context, s *stack.Stack, i, n int) (*crew, error) {
	c := &crew{s: s, tenant: s.Graph.TenantIDs[i], namespace: stack.ClientNamespace(i)}
	page := &v1alpha1.ManagedUserList{}
	for {
		err := s.Client.List(ctx, page, client.InNamespace(c.namespace), client.Limit(1000), client.Continue(page.Continue))
		if err != nil {
			return nil, fmt.Errorf("list users: %w", err)
		}
		for j := range page.Items {
			if user := &page.Items[j]; ordinary(user) && len(c.people) < n {
				c.people = append(c.people, personOf(user))
			}
		}
		switch {
		case len(c.people) == n:
			return c, nil
		case page.Continue == "":
			return nil, fmt.Errorf("%s has only %d ordinary people of the %d that are needed", c.namespace, len(c.people), n)
		}
	}
}

// ordinary people are active, licensed and without a directory role, and nothing is
// declared of them yet.
func ordinary(user *v1alpha1.ManagedUser) bool {
	return user.Status.State == v1alpha1.StateActive && user.Status.Licensed == v1alpha1.True &&
		user.Status.Admin == v1alpha1.False && user.Spec.Suspended == nil && isSettled(user)
}

func personOf(user *v1alpha1.ManagedUser) person {
	return person{object: client.ObjectKeyFromObject(user), id: user.Status.ID}
}

// isSettled tells whether nothing is left to do for the present generation.
func isSettled(user *v1alpha1.ManagedUser) bool {
	return user.Status.ID != "" && user.Status.ObservedGeneration == user.Generation &&
		apimeta.IsStatusConditionTrue(user.Status.Conditions, v1alpha1.ConditionReady)
}

// split gives the first n people, who are not part of the crew from then on.
func (c *crew) split(n int) *crew {
	part := *c
	part.people, c.people = c.people[:n], c.people[n:]
	return &part
}

// patch changes the object of a person, and returns when the API server accepted it.
func (c *crew) patch(ctx context.Context, p person, merge string) error {
	user := &v1alpha1.ManagedUser{ObjectMeta: metav1.ObjectMeta{Namespace: p.object.Namespace, Name: p.object.Name}}
	if err := c.s.Client.Patch(ctx, user, client.RawPatch(types.MergePatchType, []byte(merge))); err != nil {
		return fmt.Errorf("patch %s: %w", p.object, err)
	}
	return nil
}

// patchAll changes the objects of all at once.
func (c *crew) patchAll(ctx context.Context, merge func(i int) string) error {
	return c.patchEach(ctx, applyWorkers, merge)
}

// patchEach changes the objects of all, so many at a time.
func (c *crew) patchEach(ctx context.Context, workers int, merge func(i int) string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i, p := range c.people {
		group.Go(func() error { return c.patch(ctx, p, merge(i)) })
	}
	return group.Wait()
}

// declare has everybody's manifest say that they are not suspended, as Git does long
// before it says that they are, and waits until that is settled.
func (c *crew) declare(ctx context.Context) error {
	if err := c.patchAll(ctx, func(int) string { return `{"spec":{"suspended":false}}` }); err != nil {
		return err
	}
	return c.awaitSettled(ctx)
}

// awaitSettled waits until nothing is left to do for any of the crew.
func (c *crew) awaitSettled(ctx context.Context) error {
	left := c.people
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, settleTimeout, true, func(ctx context.Context) (bool, error) {
		for len(left) > 0 {
			var user v1alpha1.ManagedUser
			if err := c.s.Client.Get(ctx, left[0].object, &user); err != nil {
				return false, err
			}
			if !isSettled(&user) {
				return false, nil
			}
			left = left[1:]
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("%d users are not settled, first %s: %w", len(left), left[0].object, errors.Join(err, c.s.Failed()))
	}
	return nil
}

// patchTenant changes the crew's Tenant.
func (c *crew) patchTenant(ctx context.Context, merge string) error {
	tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: c.namespace}}
	if err := c.s.Client.Patch(ctx, tenant, client.RawPatch(types.MergePatchType, []byte(merge))); err != nil {
		return fmt.Errorf("patch the Tenant %s: %w", c.namespace, err)
	}
	return nil
}

// sync asks for a reading of the whole tenant.
func (c *crew) sync(ctx context.Context, ticket string) error {
	return c.patchTenant(ctx, fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.RequestedAtAnnotation, ticket))
}

// awaitSync waits until the reading with that ticket was done.
func (c *crew) awaitSync(ctx context.Context, ticket string) error {
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, settleTimeout, true, func(ctx context.Context) (bool, error) {
		var tenant v1alpha1.Tenant
		if err := c.s.Client.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: c.namespace}, &tenant); err != nil {
			return false, err
		}
		return tenant.Status.LastHandledReconcileAt == ticket, c.s.Failed()
	})
	if err != nil {
		return fmt.Errorf("wait for a sync of %s: %w", c.namespace, err)
	}
	return nil
}
