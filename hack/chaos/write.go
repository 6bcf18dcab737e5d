package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// Every write here is repeated until the API server takes it, since it is restarted in
// mid-run, and may be repeated without harm.
const (
	writeEvery   = 100 * time.Millisecond
	writeTimeout = time.Minute
	callTimeout  = 5 * time.Second
	fieldManager = client.FieldOwner("git")
)

// insist repeats a write until it succeeds. What the API server refuses for good ends it.
func insist(ctx context.Context, what string, write func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, writeEvery, writeTimeout, true, func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		last = write(ctx)
		if apierrors.IsInvalid(last) || apierrors.IsForbidden(last) || apierrors.IsBadRequest(last) {
			return false, last
		}
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w (%w)", what, err, last)
	}
	return nil
}

func (p *person) object() *v1alpha1.ManagedUser {
	return &v1alpha1.ManagedUser{ObjectMeta: metav1.ObjectMeta{Namespace: p.tenant.namespace, Name: p.name}, Spec: *p.spec.DeepCopy()}
}

// create makes somebody's object.
func (c *campaign) create(ctx context.Context, p *person) error {
	return insist(ctx, "create "+p.name, func(ctx context.Context) error {
		err := c.stack.Client.Create(ctx, p.object(), fieldManager)
		if apierrors.IsAlreadyExists(err) { // the answer was lost
			return nil
		}
		return err
	})
}

// update writes the differences between two specs.
func (c *campaign) update(ctx context.Context, p *person, before v1alpha1.ManagedUserSpec) error {
	old := p.object()
	old.Spec = before
	patch := client.MergeFrom(old)
	return insist(ctx, "update "+p.name, func(ctx context.Context) error {
		return c.stack.Client.Patch(ctx, p.object(), patch, fieldManager)
	})
}

func (c *campaign) remove(ctx context.Context, p *person) error {
	return insist(ctx, "delete "+p.name, func(ctx context.Context) error {
		return client.IgnoreNotFound(c.stack.Client.Delete(ctx, p.object()))
	})
}

// annotate asks for a pass over an object.
func (c *campaign) annotate(ctx context.Context, object client.Object, value string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{v1alpha1.RequestedAtAnnotation: value}}})
	if err != nil {
		return err
	}
	return insist(ctx, "annotate "+object.GetName(), func(ctx context.Context) error {
		return c.stack.Client.Patch(ctx, object, client.RawPatch(types.MergePatchType, patch), fieldManager)
	})
}

func (t *tenant) object() *v1alpha1.Tenant {
	return &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: t.namespace, Name: t.namespace}}
}

// patchTenant changes a Tenant's spec by a merge patch.
func (c *campaign) patchTenant(ctx context.Context, t *tenant, spec map[string]any) error {
	patch, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		return err
	}
	return insist(ctx, "patch Tenant "+t.namespace, func(ctx context.Context) error {
		return c.stack.Client.Patch(ctx, t.object(), client.RawPatch(types.MergePatchType, patch), fieldManager)
	})
}

// until waits for something to become true, and says what is still missing.
func until(ctx context.Context, what string, missing func(context.Context) error) error {
	return untilIn(ctx, writeTimeout, what, missing)
}

// untilIn is until with a time of its own.
func untilIn(ctx context.Context, timeout time.Duration, what string, missing func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, timeout, true, func(ctx context.Context) (bool, error) {
		last = missing(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w (%w)", what, err, last)
	}
	return nil
}

// awaitMemory waits until the Tenant's memory has begun, and until what is declared from
// now on is later than what was found, in the API server's seconds.
func (c *campaign) awaitMemory(ctx context.Context, t *tenant) error {
	return until(ctx, "the memory of "+t.namespace, func(ctx context.Context) error {
		tenant := t.object()
		if err := c.stack.Client.Get(ctx, client.ObjectKeyFromObject(tenant), tenant); err != nil {
			return err
		}
		through := tenant.Status.AdoptedThrough
		if through == nil || !time.Now().After(through.Add(time.Second)) {
			return fmt.Errorf("it has not begun: %v", tenant.Status.Conditions)
		}
		return nil
	})
}
