package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// fabrikam is Dave's and Erin's employer.
const fabrikam = "fabrikam"

func (d *demo) forceDave(ctx context.Context) error {
	d.screen.say("Dave's password was seen on a screenshot. The latch asks once, at his next sign-in:")
	since, err := d.lastRequest(ctx, fabrikam)
	if err != nil {
		return err
	}
	if err := d.edit("samples/fabrikam/users.yaml", "dave", "  forcePasswordChange: false", "  forcePasswordChange: true"); err != nil {
		return err
	}
	start := time.Now()
	if err := d.kubectl(ctx, "apply -k samples/fabrikam"); err != nil {
		return err
	}
	dave, err := d.until(ctx, fabrikam, "dave", "was asked for a new password", func(user *v1alpha1.ManagedUser) error {
		if err := hasCondition(user, v1alpha1.ConditionPasswordChange, metav1.ConditionFalse, v1alpha1.ReasonWaiting); err != nil {
			return err
		}
		return ready(user)
	})
	if err != nil {
		return err
	}
	d.screen.took("Dave will be asked", start)
	account, err := d.account(ctx, fabrikam, "dave")
	if err != nil {
		return err
	}
	if err := expect("forceChangePasswordNextSignIn in Microsoft 365", account.ForceChange, true); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get muser dave -n fabrikam "+conditions); err != nil {
		return err
	}
	d.screen.say("Waiting for a person is not work left for the operator, so Ready stays True. What Graph got:")
	if err := d.showRequestsAbout(ctx, fabrikam, dave.Status.ID, since); err != nil {
		return err
	}
	return d.daveSignsIn(ctx, dave.Status.ID)
}

// daveSignsIn lets the person answer: some seconds later, as people do.
func (d *demo) daveSignsIn(ctx context.Context, id string) error {
	asked, err := d.graphTime(ctx)
	if err != nil {
		return err
	}
	if err := d.eventually(ctx, "Dave has typed", func(ctx context.Context) error {
		now, err := d.graphTime(ctx)
		if err == nil && now.Sub(asked) < 2*time.Second {
			err = errors.New("he is still typing")
		}
		return err
	}); err != nil {
		return err
	}
	path := stack.UserPath(d.tenantID[fabrikam], id) + "/changePassword"
	if err := d.stack.Graph.Call(ctx, http.MethodPost, path, nil, nil); err != nil {
		return err
	}
	start := time.Now()
	if _, err := d.until(ctx, fabrikam, "dave", "has a new password", func(user *v1alpha1.ManagedUser) error {
		return hasCondition(user, v1alpha1.ConditionPasswordChange, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	}); err != nil {
		return err
	}
	d.screen.took("Dave signs in and chooses a new one; the next sync sees it", start)
	if err := d.effects(ctx, fabrikam, id, map[graphsim.Effect]uint64{graphsim.EffectPasswordForce: 1}); err != nil {
		return err
	}
	return d.kubectl(ctx, "get muser dave -n fabrikam "+conditions)
}

// graphTime is what time it is in Microsoft 365.
func (d *demo) graphTime(ctx context.Context) (time.Time, error) {
	var clock struct{ Now time.Time }
	return clock.Now, d.stack.Graph.Call(ctx, http.MethodGet, "clock", nil, &clock)
}
