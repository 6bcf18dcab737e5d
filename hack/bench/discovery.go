package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

const (
	// bareWorkers is how many requests the bare client has under way, as many as the
	// manager may have of either kind.
	bareWorkers = 16
	// ceilingSample bounds the objects that it makes, ceilingTime how long it goes on.
	ceilingSample = 4000
	ceilingTime   = 10 * time.Second
)

// discoveryScenario looks at how a new Tenant came to have an object for everybody, and at
// how fast the same API server takes the same objects from a client that does nothing else.
func discoveryScenario() scenario {
	return scenario{
		name:   "discovery",
		shapes: func(s sizes) []shape { return []shape{s.small, s.large} },
		coldly: true,
		run:    discovered,
	}
}

func discovered(ctx context.Context, w *world) ([]figure, error) {
	ceiling, err := w.ceiling(ctx)
	if err != nil {
		return nil, err
	}
	g := w.growth[0]
	n := float64(g.users)
	inAll, fromFirst := g.after.at.Sub(g.before.at), g.after.at.Sub(g.first)
	in, beside := w.String(), "bare client, 16 workers, create + status patch"
	return []figure{
		{
			Case: in, What: "objects with status a second, from the first one on", Value: n / fromFirst.Seconds(), Unit: "/s",
			Beside: beside, BesideValue: ceiling, Goal: ratioAtLeast(0.7),
		},
		{Case: in, What: "the same, from the Tenant's creation on", Value: n / inAll.Seconds(), Unit: "/s", Beside: beside, BesideValue: ceiling},
		{Case: in, What: "from the Tenant's creation to the first object", Value: g.first.Sub(g.before.at).Seconds(), Unit: "s"},
		{Case: in, What: "from the Tenant's creation to the last Ready", Value: inAll.Seconds(), Unit: "s"},
		{Case: in, What: "API writes per user", Value: (g.after.api.ours - g.before.api.ours) / n},
		{Case: in, What: "API writes per user until all was read", Value: (w.settled.api.ours - g.before.api.ours) / n},
		{Case: in, What: "manager CPU per user", Value: (g.after.manager.cpu - g.before.manager.cpu).Seconds() * 1000 / n, Unit: "ms"},
	}, nil
}

// ceilings is how often the ceiling is measured: the best counts.
const ceilings = 3

// ceiling measures how many of the objects that discovery made the API server takes in a
// second, spec first and status after, while no manager runs. They are removed again.
func (w *world) ceiling(ctx context.Context) (perSecond float64, err error) {
	if err := w.killManager(ctx); err != nil {
		return 0, err
	}
	const namespace = "ceiling"
	if err := w.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		return 0, fmt.Errorf("create namespace: %w", err)
	}
	var users v1alpha1.ManagedUserList
	if err := w.Client.List(ctx, &users, client.InNamespace(stack.ClientNamespace(0)), client.Limit(ceilingSample)); err != nil {
		return 0, fmt.Errorf("list users: %w", err)
	}
	bare, err := w.asManager(ctx)
	if err != nil {
		return 0, err
	}
	for range ceilings {
		once, err := w.copyUsers(ctx, bare, users.Items, namespace)
		if err != nil {
			return 0, err
		}
		perSecond = max(perSecond, once)
	}
	return perSecond, nil
}

func (w *world) copyUsers(ctx context.Context, bare client.Client, users []v1alpha1.ManagedUser, namespace string) (perSecond float64, err error) {
	began, made := time.Now(), 0
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(bareWorkers)
	for ; made < len(users) && time.Since(began) < ceilingTime; made++ {
		user := &users[made]
		group.Go(func() error { return copyUser(working, bare, user, namespace) })
	}
	err = group.Wait()
	took := time.Since(began)
	if err := errors.Join(err, w.removeCopies(ctx, users[:made], namespace)); err != nil {
		return 0, err
	}
	return float64(made) / took.Seconds(), nil
}

// removeCopies deletes them one by one, since deleting them all by one request takes longer
// than the API server lets a request take.
func (w *world) removeCopies(ctx context.Context, users []v1alpha1.ManagedUser, namespace string) error {
	var group errgroup.Group
	group.SetLimit(bareWorkers)
	for i := range users {
		group.Go(func() error {
			user := &v1alpha1.ManagedUser{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: users[i].Name}}
			if err := client.IgnoreNotFound(w.Client.Delete(ctx, user)); err != nil {
				return fmt.Errorf("delete a copy: %w", err)
			}
			return nil
		})
	}
	return group.Wait()
}

// asManager is a client with the manager's own rights, so that the API server has the same
// to check.
func (w *world) asManager(ctx context.Context) (client.Client, error) {
	access, err := w.ControlPlane.ServiceAccount(ctx, stack.Namespace, stack.ServiceAccount, time.Hour)
	if err != nil {
		return nil, err
	}
	access.QPS = -1 // as the manager's
	c, err := client.New(access, client.Options{Scheme: w.Client.Scheme()})
	if err != nil {
		return nil, fmt.Errorf("make the bare client: %w", err)
	}
	return c, nil
}

// copyUser makes an object with the labels, spec and status of another.
func copyUser(ctx context.Context, c client.Client, from *v1alpha1.ManagedUser, namespace string) error {
	user := &v1alpha1.ManagedUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: from.Name, Labels: from.Labels},
		Spec:       *from.Spec.DeepCopy(),
	}
	if err := c.Create(ctx, user); err != nil {
		return fmt.Errorf("create user: %w", err)
	}
	bare := user.DeepCopy()
	user.Status = *from.Status.DeepCopy()
	if err := c.Status().Patch(ctx, user, client.MergeFrom(bare)); err != nil {
		return fmt.Errorf("patch the status of a user: %w", err)
	}
	return nil
}
