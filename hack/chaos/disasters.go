package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// disaster strikes a whole tenant. It is what a cluster that is rebuilt from Git looks
// like to the operator, or what somebody with too many rights does.
type disaster struct {
	name string
	// able tells whether the tenant can be struck now.
	able   func(*tenant) bool
	strike func(*campaign, context.Context, *tenant) error
}

func disasters() []disaster {
	runs := func(t *tenant) bool { return !t.paused && !t.observing }
	return []disaster{
		{"tenant paused", runs, func(c *campaign, ctx context.Context, t *tenant) error {
			t.paused = true
			return c.confirm(ctx, t, map[string]any{"paused": true})
		}},
		{"status deleted", (*tenant).isOpen, (*campaign).loseStatus},
		{"namespace deleted", (*tenant).isOpen, (*campaign).loseNamespace},
		{"tenant only observed", runs, func(c *campaign, ctx context.Context, t *tenant) error {
			if err := c.seeOff(ctx, t); err != nil {
				return err
			}
			t.observing = true
			return c.confirm(ctx, t, map[string]any{"managementPolicy": v1alpha1.ManagementPolicyObserve})
		}},
	}
}

// disasters are those of a round: all of them come in turn, several at once where there
// are few rounds.
func (o options) disasters(round int) []disaster {
	if round == 0 {
		return nil
	}
	all := disasters()
	atOnce := max(1, (len(all)+o.rounds-1)/o.rounds)
	var now []disaster
	for i := range atOnce {
		now = append(now, all[((round-1)*atOnce+i)%len(all)])
	}
	return now
}

// isOpen tells whether everybody in the tenant is managed, and known by the name that is
// declared: of the others it could not be told what the loss of their memory means.
func (t *tenant) isOpen() bool {
	if !t.steady || t.paused || t.observing {
		return false
	}
	for _, p := range t.people {
		if p.leaving != nil || p.declared && (p.resting() || p.observed()) {
			return false
		}
	}
	return true
}

// disasters begin a round: a tenant that was stopped goes on, and one of them meets a
// disaster. Which one is the rounds' turn, so that every kind comes.
func (c *campaign) disasters(ctx context.Context, round int) error {
	for _, t := range c.world.tenants {
		if t.paused || t.observing {
			t.paused, t.observing, t.calm = false, false, true
			c.tally.operations["tenant goes on"]++
			if err := c.confirm(ctx, t, map[string]any{"paused": false, "managementPolicy": v1alpha1.ManagementPolicyEnforce}); err != nil {
				return err
			}
			t.converge()
		}
	}
	for _, d := range c.options.disasters(round) {
		if err := c.meet(ctx, round, d); err != nil {
			return err
		}
	}
	return nil
}

// meet lets one of the tenants that can meet a disaster.
func (c *campaign) meet(ctx context.Context, round int, d disaster) error {
	for _, i := range c.rng.Perm(len(c.world.tenants)) {
		t := c.world.tenants[i]
		if t.calm || !d.able(t) {
			continue
		}
		c.say("%s: %s", t.namespace, d.name)
		c.tally.operations[d.name]++
		for _, p := range t.people {
			p.note("round %d, %6.1f s: %s", round, time.Since(c.began).Seconds(), d.name)
		}
		return d.strike(c, ctx, t)
	}
	return nil
}

func (t *tenant) converge() {
	for _, p := range t.people {
		p.converge()
	}
}

// seeOff waits until everybody who is leaving has left. Under observation they would be
// let go at once, and nothing done.
func (c *campaign) seeOff(ctx context.Context, t *tenant) error {
	for _, p := range t.people {
		if p.leaving == nil {
			continue
		}
		err := untilIn(ctx, 2*writeTimeout, "the departure of "+p.name, func(ctx context.Context) error {
			object := p.object()
			err := c.stack.Client.Get(ctx, client.ObjectKeyFromObject(object), object)
			if apierrors.IsNotFound(err) {
				return nil
			}
			return fmt.Errorf("it is still there: %v (%w)", object.Status.Conditions, err)
		})
		if err != nil {
			return err
		}
		p.settleDeparture()
	}
	return nil
}

// confirm changes a Tenant and waits until the operator says that it knows: what is
// declared afterwards may not overtake it.
func (c *campaign) confirm(ctx context.Context, t *tenant, spec map[string]any) error {
	if err := c.patchTenant(ctx, t, spec); err != nil {
		return err
	}
	return until(ctx, "the operator to take note of "+t.namespace, func(ctx context.Context) error {
		tenant := t.object()
		if err := c.stack.Client.Get(ctx, client.ObjectKeyFromObject(tenant), tenant); err != nil {
			return err
		}
		if tenant.Status.ObservedGeneration != tenant.Generation {
			return fmt.Errorf("generation %d of %d is observed", tenant.Status.ObservedGeneration, tenant.Generation)
		}
		return nil
	})
}

// loseStatus takes all status of a tenant away while the manager is down, as a cluster
// that is restored without it. Nobody may be acted upon: everything counts as found.
func (c *campaign) loseStatus(ctx context.Context, t *tenant) error {
	t.calm = true
	return c.crew.without(ctx, func() error {
		if err := c.loseStatusOf(ctx, t.object()); err != nil {
			return err
		}
		for _, p := range t.people {
			if !p.declared {
				continue
			}
			if err := c.loseStatusOf(ctx, p.object()); err != nil {
				return err
			}
			p.forget()
		}
		return nil
	})
}

// loseStatusOf takes the status of one object away.
func (c *campaign) loseStatusOf(ctx context.Context, object client.Object) error {
	none := client.RawPatch(types.JSONPatchType, []byte(`[{"op":"remove","path":"/status"}]`))
	return insist(ctx, "lose the status of "+object.GetName(), func(ctx context.Context) error {
		err := c.stack.Client.Status().Patch(ctx, object, none, fieldManager)
		if apierrors.IsInvalid(err) { // it has none
			return nil
		}
		return err
	})
}

// loseNamespace deletes a tenant's namespace under the manager's eyes, and makes it again
// from Git. The accounts are left alone, whatever their objects' deletionPolicy.
func (c *campaign) loseNamespace(ctx context.Context, t *tenant) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: t.namespace}}
	err := insist(ctx, "delete namespace "+t.namespace, func(ctx context.Context) error {
		return client.IgnoreNotFound(c.stack.Client.Delete(ctx, namespace))
	})
	if err != nil {
		return err
	}
	err = until(ctx, "the end of namespace "+t.namespace, func(ctx context.Context) error {
		err := c.stack.Client.Get(ctx, client.ObjectKeyFromObject(namespace), namespace)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is still there: %v (%w)", namespace.Status.Conditions, err)
	})
	if err != nil {
		return err
	}
	for _, p := range t.people {
		p.forget()
		p.memory.credential, p.memory.requested = false, "" // they went with the namespace
	}
	t.calm = true
	for number := range c.world.tenants {
		if c.world.tenants[number] == t {
			return c.declareTenant(ctx, number, t)
		}
	}
	return nil
}
