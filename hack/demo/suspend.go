package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// oneSync is the longest that drift may last: the interval, what Graph's delta is
// late, and a slow machine's share.
const oneSync = 30 * time.Second

// conditions is how kubectl shows an object's conditions in a line each.
const conditions = `-o jsonpath='{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\n"}{end}'`

func inNamespace(namespace string) client.ListOption { return client.InNamespace(namespace) }

// signIn checks a ManagedUser's state and its SignIn facet.
func signIn(state v1alpha1.UserState, status metav1.ConditionStatus, reason v1alpha1.Reason) func(*v1alpha1.ManagedUser) error {
	return func(user *v1alpha1.ManagedUser) error {
		if err := expect("state of "+user.Name, user.Status.State, state); err != nil {
			return err
		}
		if err := hasCondition(user, v1alpha1.ConditionSignIn, status, reason); err != nil {
			return err
		}
		return ready(user)
	}
}

func (d *demo) suspendAlice(ctx context.Context) error {
	d.screen.say("Alice must be out at once. One line changes in Git, and the merged manifest is applied, here by hand, usually\n" +
		"by Flux or Argo CD:")
	since, err := d.lastRequest(ctx, contoso)
	if err != nil {
		return err
	}
	if err := d.edit("samples/contoso/users.yaml", "alice", "  suspended: false", "  suspended: true"); err != nil {
		return err
	}
	start := time.Now()
	if err := d.kubectl(ctx, "apply -k samples/contoso"); err != nil {
		return err
	}
	alice, err := d.until(ctx, contoso, "alice", "is suspended",
		signIn(v1alpha1.StateSuspended, metav1.ConditionTrue, v1alpha1.ReasonSucceeded))
	if err != nil {
		return err
	}
	d.screen.took("Alice is suspended", start)
	if err := d.enabled(ctx, contoso, "alice", false); err != nil {
		return err
	}
	if d.aliceBlocked, err = d.lastRequest(ctx, contoso); err != nil {
		return err
	}
	once := map[graphsim.Effect]uint64{graphsim.EffectBlock: 1, graphsim.EffectRevoke: 1}
	if err := d.effects(ctx, contoso, alice.Status.ID, once); err != nil {
		return err
	}
	for _, command := range []string{
		"get muser alice -n contoso", "get muser alice -n contoso -o yaml", "events -n contoso --for ManagedUser.identity.m365-operator.io/alice",
	} {
		if err := d.kubectl(ctx, command); err != nil {
			return err
		}
	}
	d.screen.say("What Graph got: sign-in blocked first, then the sessions revoked, both once.")
	if err := d.showRequestsAbout(ctx, contoso, alice.Status.ID, since); err != nil {
		return err
	}
	d.screen.say("And what is left for an auditor, with the request ids that Microsoft's support asks for:")
	return d.showAudit(d.upn(contoso, "alice"))
}

func (d *demo) unblockAlice(ctx context.Context) error {
	d.screen.say("Git says suspended: true. Two syncs later somebody who does not know lets Alice in again, in Microsoft's portal.\n" +
		"Drift towards more access is corrected within one sync (" + syncInterval + " here, 2 min by default):")
	if err := d.eventually(ctx, "Alice's tenant was synced twice", func(ctx context.Context) error {
		syncs, err := d.syncsSince(ctx, contoso, d.aliceBlocked)
		if err == nil && syncs < 2 {
			err = fmt.Errorf("synced %d times", syncs)
		}
		return err
	}); err != nil {
		return err
	}
	alice, err := d.user(ctx, contoso, "alice")
	if err != nil {
		return err
	}
	since, err := d.lastRequest(ctx, contoso)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := d.outside(ctx, contoso, "alice", map[string]any{"accountEnabled": true}); err != nil {
		return err
	}
	err = d.eventually(ctx, "Alice is blocked again", func(ctx context.Context) error { return d.enabled(ctx, contoso, "alice", false) })
	if err != nil {
		return err
	}
	d.screen.took("Alice is blocked again", start)
	if took := time.Since(start); took > oneSync {
		return fmt.Errorf("that took longer than one sync: %s", took)
	}
	if _, err := d.until(ctx, contoso, "alice", "is as declared",
		signIn(v1alpha1.StateSuspended, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)); err != nil {
		return err
	}
	again := map[graphsim.Effect]uint64{graphsim.EffectBlock: 2, graphsim.EffectRevoke: 1}
	if err := d.effects(ctx, contoso, alice.Status.ID, again); err != nil {
		return err
	}
	return d.showRequestsAbout(ctx, contoso, alice.Status.ID, since)
}

func (d *demo) blockDave(ctx context.Context) error {
	d.screen.say("Git says suspended: false of Dave. A colleague blocks him in the portal, and will have a reason. Drift never\n" +
		"widens access: he stays blocked, and his object says so. More of him ten syncs later.")
	since, err := d.lastRequest(ctx, fabrikam)
	if err != nil {
		return err
	}
	d.daveBlocked, d.daveBlockedAt = since, time.Now()
	if err := d.outside(ctx, fabrikam, "dave", map[string]any{"accountEnabled": false}); err != nil {
		return err
	}
	if _, err := d.until(ctx, fabrikam, "dave", "is known to be blocked", daveIsBlocked); err != nil {
		return err
	}
	d.screen.took("It is known that Dave is blocked", d.daveBlockedAt)
	return d.kubectl(ctx, "get muser dave -n fabrikam "+conditions)
}

var daveIsBlocked = signIn(v1alpha1.StateSuspended, metav1.ConditionFalse, v1alpha1.ReasonBlockedElsewhere)

func (d *demo) daveStaysBlocked(ctx context.Context) error {
	const syncs = 10
	interval, err := time.ParseDuration(syncInterval)
	if err != nil {
		return err
	}
	readings := 0
	err = d.eventually(ctx, "Dave's tenant was synced ten times", func(ctx context.Context) error {
		var err error
		if readings, err = d.syncsSince(ctx, fabrikam, d.daveBlocked); err != nil {
			return err
		}
		if readings < syncs || time.Since(d.daveBlockedAt) < syncs*interval {
			return fmt.Errorf("synced %d times in %s", readings, seconds(time.Since(d.daveBlockedAt)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	dave, err := d.user(ctx, fabrikam, "dave")
	if err != nil {
		return err
	}
	if err := daveIsBlocked(dave); err != nil {
		return err
	}
	if err := d.enabled(ctx, fabrikam, "dave", false); err != nil {
		return err
	}
	before := map[graphsim.Effect]uint64{graphsim.EffectPasswordForce: 1}
	if err := d.effects(ctx, fabrikam, dave.Status.ID, before); err != nil {
		return err
	}
	d.screen.say(fmt.Sprintf("%s and %d syncs later Dave is still blocked. Nothing was written, and nothing new was said.",
		seconds(time.Since(d.daveBlockedAt)), readings))
	for _, command := range []string{
		"get muser dave -n fabrikam -o wide", "events -n fabrikam --for ManagedUser.identity.m365-operator.io/dave",
	} {
		if err := d.kubectl(ctx, command); err != nil {
			return err
		}
	}
	return nil
}
