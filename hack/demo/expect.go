package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

const (
	// pollEvery is how often something awaited is looked at.
	pollEvery = 200 * time.Millisecond
	// patience is how long it may take: a sync is due every ten seconds, Graph's
	// delta is some seconds late, and a machine may be slow.
	patience = 90 * time.Second
)

// eventually waits until check has nothing to object, and fails with its last
// objection.
func (d *demo) eventually(ctx context.Context, what string, check func(context.Context) error) error {
	var objection error
	err := wait.PollUntilContextTimeout(ctx, pollEvery, patience, true, func(ctx context.Context) (bool, error) {
		if err := d.noSurprises(ctx); err != nil {
			return false, err
		}
		objection = check(ctx)
		return objection == nil, nil
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case objection != nil && wait.Interrupted(err):
		return fmt.Errorf("waited %s until %s: %w", patience, what, objection)
	default:
		return err
	}
}

// user reads a ManagedUser.
func (d *demo) user(ctx context.Context, namespace, name string) (*v1alpha1.ManagedUser, error) {
	var user v1alpha1.ManagedUser
	return &user, d.stack.Client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, &user)
}

// users reads all ManagedUsers that the options select.
func (d *demo) users(ctx context.Context, options ...client.ListOption) ([]v1alpha1.ManagedUser, error) {
	var list v1alpha1.ManagedUserList
	err := d.stack.Client.List(ctx, &list, options...)
	return list.Items, err
}

// until waits until a ManagedUser is as check wants it, and returns it.
func (d *demo) until(
	ctx context.Context, namespace, name, what string, check func(*v1alpha1.ManagedUser) error,
) (*v1alpha1.ManagedUser, error) {
	var found *v1alpha1.ManagedUser
	err := d.eventually(ctx, namespace+"/"+name+" "+what, func(ctx context.Context) error {
		user, err := d.user(ctx, namespace, name)
		if err != nil {
			return err
		}
		found = user
		return check(user)
	})
	return found, err
}

// conditioned is any of our kinds.
type conditioned interface {
	client.Object
	GetConditions() []metav1.Condition
}

// hasCondition objects to another status or reason than these; an empty reason is any.
func hasCondition(object conditioned, kind string, status metav1.ConditionStatus, reason v1alpha1.Reason) error {
	name := object.GetNamespace() + "/" + object.GetName()
	c := apimeta.FindStatusCondition(object.GetConditions(), kind)
	switch {
	case c == nil:
		return fmt.Errorf("%s has no condition %s", name, kind)
	case c.ObservedGeneration != object.GetGeneration():
		return fmt.Errorf("%s: the condition %s speaks of generation %d, not of %d", name, kind, c.ObservedGeneration, object.GetGeneration())
	case c.Status != status || reason != "" && c.Reason != string(reason):
		return fmt.Errorf("%s: the condition %s is %s/%s (%s), not %s/%s", name, kind, c.Status, c.Reason, c.Message, status, reason)
	}
	return nil
}

// ready objects while the object is not Ready.
func ready(object conditioned) error {
	return hasCondition(object, v1alpha1.ConditionReady, metav1.ConditionTrue, "")
}

// expect objects when a value is not as it must be.
func expect[T comparable](what string, have, want T) error {
	if have == want {
		return nil
	}
	return fmt.Errorf("%s is %v, not %v", what, have, want)
}
