package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// revokeTokens makes Graph refuse all access tokens, so that new ones are asked for.
func revokeTokens(ctx context.Context, s *stack.Stack) error {
	var errs []error
	for _, id := range s.Graph.TenantIDs {
		errs = append(errs, s.Graph.Call(ctx, http.MethodPost, "tenants/"+id+"/tokens/revoke", nil, nil))
	}
	return errors.Join(errs...)
}

// tokenless is a fault of the token endpoint while everybody needs a token.
type tokenless struct{ *graphFault }

// Inject arms the fault, and revokes the tokens that there are.
func (t tokenless) Inject(ctx context.Context, rng *rand.Rand) (func(context.Context) error, error) {
	undo, err := t.graphFault.Inject(ctx, rng)
	if err != nil {
		return undo, err
	}
	return undo, revokeTokens(ctx, t.stack)
}

// clockSkew sets Microsoft's clock forward, which begins behind the operator's and so ends
// ahead of it. It is never set back: what it dated before would lie in its future, and
// from dates nobody could tell what happened first.
type clockSkew struct {
	stack *stack.Stack
	set   atomic.Int64
}

const (
	// behind is how far Microsoft's clock is behind the operator's at first.
	behind = 45 * time.Minute
	// furthest that it is set forward at a time.
	furthest = 20 * time.Minute
)

func (s *clockSkew) Name() string { return "clock skewed" }

// Inject sets the clock; that is not undone.
func (s *clockSkew) Inject(ctx context.Context, rng *rand.Rand) (func(context.Context) error, error) {
	if err := skew(context.WithoutCancel(ctx), s.stack, time.Duration(rng.Int64N(int64(furthest)))); err != nil {
		return nil, err
	}
	s.set.Add(1)
	return func(context.Context) error { return nil }, nil
}

// skew sets Microsoft's clock.
func skew(ctx context.Context, s *stack.Stack, by time.Duration) error {
	return s.Graph.Call(ctx, http.MethodPost, "clock", map[string]string{"skew": by.String()}, nil)
}

// Injected counts how often it was set.
func (s *clockSkew) Injected(context.Context) (int, error) { return int(s.set.Load()), nil }

// deltaExpiry makes the delta links of all tenants expire.
type deltaExpiry struct{ stack *stack.Stack }

func (d *deltaExpiry) Name() string { return "delta links expired" }

// Inject lets them expire; nothing can be undone.
func (d *deltaExpiry) Inject(ctx context.Context, _ *rand.Rand) (func(context.Context) error, error) {
	var errs []error
	for _, id := range d.stack.Graph.TenantIDs {
		errs = append(errs, d.stack.Graph.Call(ctx, http.MethodPost, "tenants/"+id+"/delta/expire", nil, nil))
	}
	return nil, errors.Join(errs...)
}

// Injected counts links that were used after that.
func (d *deltaExpiry) Injected(ctx context.Context) (int, error) {
	counters, err := d.stack.Graph.Counters(ctx, "")
	return int(counters.DeltaExpired), err //nolint:gosec // a count of minutes
}

// secretRotation lets the operator's client secret expire, and gives it the next one
// after a while.
type secretRotation struct {
	stack   *stack.Stack
	turn    chan struct{}
	current string // empty: the first one
}

func (s *secretRotation) Name() string { return "Secret rotated" }

// Inject makes the next secret at Microsoft; undoing it brings it to Kubernetes.
func (s *secretRotation) Inject(ctx context.Context, rng *rand.Rand) (func(context.Context) error, error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.current == "" {
		s.current = s.stack.Graph.ClientSecret
	}
	ctx = context.WithoutCancel(ctx) // half a rotation could not be undone
	old, next := s.current, fmt.Sprintf("next~%016x", rng.Uint64())
	err := errors.Join(
		s.expire(ctx, next, time.Time{}),
		s.expire(ctx, old, time.Unix(1, 0)),
		revokeTokens(ctx, s.stack),
	)
	return func(ctx context.Context) error {
		defer func() { <-s.turn }()
		s.current = next
		return insist(ctx, "rotate the Secret", func(ctx context.Context) error {
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: stack.Namespace, Name: stack.ConnectionName}}
			if err := s.stack.Client.Get(ctx, client.ObjectKeyFromObject(secret), secret); err != nil {
				return err
			}
			secret.Data["clientSecret"] = []byte(next)
			return s.stack.Client.Update(ctx, secret)
		})
	}, err
}

// expire sets when a secret expires; the zero time is never.
func (s *secretRotation) expire(ctx context.Context, secret string, at time.Time) error {
	path := "apps/" + url.PathEscape(s.stack.Graph.ClientID) + "/secrets/" + url.PathEscape(secret)
	return s.stack.Graph.Call(ctx, http.MethodPut, path, map[string]time.Time{"expires": at}, nil)
}

// Injected counts tokens that were refused for the secret.
func (s *secretRotation) Injected(ctx context.Context) (int, error) {
	return refusals(ctx, s.stack, 7000222, 7000215)
}

// refusals counts tokens that were refused, by AADSTS number.
func refusals(ctx context.Context, s *stack.Stack, numbers ...int) (int, error) {
	counters, err := s.Graph.Counters(ctx, "")
	n := 0
	for _, number := range numbers {
		n += int(counters.TokenRefusals[number]) //nolint:gosec // a count of minutes
	}
	return n, err
}

// consentWithdrawn removes the operator's application from a tenant, and its roles with
// it, and consents to it again after a while.
type consentWithdrawn struct {
	stack *stack.Stack
	turn  chan struct{}
}

// rolesCount is how long directory roles take to count after consent was given back.
const rolesCount = 16 * time.Minute

func (c *consentWithdrawn) Name() string { return "consent withdrawn" }

// Inject withdraws it in one tenant.
func (c *consentWithdrawn) Inject(ctx context.Context, rng *rand.Rand) (func(context.Context) error, error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	working, err := c.atWork(ctx)
	if err != nil {
		<-c.turn
		return nil, err
	}
	object := &working[rng.IntN(len(working))]
	tenant := object.Spec.TenantID
	path := "tenants/" + tenant + "/apps/" + url.PathEscape(c.stack.Graph.ClientID)
	ctx = context.WithoutCancel(ctx) // it is undone whole
	err = errors.Join(
		c.stack.Graph.Call(ctx, http.MethodDelete, path, nil, nil),
		c.stack.Graph.Call(ctx, http.MethodPost, "tenants/"+tenant+"/tokens/revoke", nil, nil),
		c.ask(ctx, object, rng),
	)
	return func(ctx context.Context) error {
		defer func() { <-c.turn }()
		return errors.Join(
			c.stack.Graph.Call(ctx, http.MethodPut, path, graphsim.Grant{
				Permissions: graphsim.DefaultPermissions(), DirectoryRoles: []string{"User Administrator"},
			}, nil),
			c.stack.Graph.Call(ctx, http.MethodPost, "clock", map[string]string{"step": rolesCount.String()}, nil),
		)
	}, err
}

// atWork are the Tenants that are not paused, for which tokens are asked for.
func (c *consentWithdrawn) atWork(ctx context.Context) ([]v1alpha1.Tenant, error) {
	var list v1alpha1.TenantList
	err := insist(ctx, "list the Tenants", func(ctx context.Context) error { return c.stack.Client.List(ctx, &list) })
	working := slices.DeleteFunc(list.Items, func(t v1alpha1.Tenant) bool { return t.Spec.Paused || !t.DeletionTimestamp.IsZero() })
	if err == nil && len(working) == 0 {
		err = errors.New("no Tenant is at work")
	}
	return working, err
}

// ask has a Tenant read at once, so that a token is missed.
func (c *consentWithdrawn) ask(ctx context.Context, tenant *v1alpha1.Tenant, rng *rand.Rand) error {
	patch := client.RawPatch(types.MergePatchType,
		fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"%x"}}}`, v1alpha1.RequestedAtAnnotation, rng.Uint64()))
	return insist(ctx, "ask for a sync", func(ctx context.Context) error {
		return client.IgnoreNotFound(c.stack.Client.Patch(ctx, tenant, patch))
	})
}

// Injected counts tokens that were refused for want of consent.
func (c *consentWithdrawn) Injected(ctx context.Context) (int, error) {
	return refusals(ctx, c.stack, 700016)
}
