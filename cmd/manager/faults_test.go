package main

import (
	"context"
	"slices"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("A manager whose Graph fails now and then", func() {
	const people = 40

	It("converges without a user that flaps", func(ctx SpecContext) {
		p := newProvider(ctx, "faults")
		c := p.newCustomers(ctx, []string{"contoso"}, people)[0]
		failNowAndThen(c)
		users, tenant := follow(ctx, c, &v1alpha1.ManagedUserList{}), follow(ctx, c, &v1alpha1.TenantList{})
		m := p.runManager(ctx, "--graph-timeout=2s")
		c.settle(ctx)
		c.declare(ctx, func(person int, spec *v1alpha1.ManagedUserSpec) {
			if person%2 == 0 {
				spec.Suspended, spec.ForcePasswordChange = ptr.To(true), ptr.To(true)
			}
		})
		c.settle(ctx)
		c.nextSyncs(ctx, 1)
		c.settle(ctx)
		m.end()

		for person := range c.people {
			user := c.user(ctx, Default, person)
			states, effects := []string{"Active"}, map[graphsim.Effect]uint64(nil)
			if person%2 == 0 {
				states = append(states, "Suspended")
				effects = map[graphsim.Effect]uint64{
					graphsim.EffectBlock: 1, graphsim.EffectRevoke: 1, graphsim.EffectPasswordForce: 1,
				}
			}
			Expect(users.statesOf(user.Name)).To(Equal(states), user.Name)
			Expect(c.effects(person)).To(Equal(effects), user.Name)
			Expect(users.readinessOf(user.Name)).NotTo(ContainElement(HavePrefix("False/")), user.Name)
		}
		Expect(tenant.readinessOf("tenant")).NotTo(ContainElement(HavePrefix("False/")))
		for _, fault := range c.sim.Faults() {
			if fault.Count > 0 {
				Expect(fault.Injected).To(Equal(fault.Count), "%s %d", fault.Kind, fault.Status)
			}
		}
		Expect(c.sim.Counters("").TooEarly).To(BeZero(), "requests before Retry-After had passed")
	}, SpecTimeout(specPatience))
})

// failNowAndThen turns one in twenty of Graph's answers into a failure, and one of
// each kind for certain.
func failNowAndThen(c *customer) {
	GinkgoHelper()
	for _, fault := range []graphsim.Fault{
		{Kind: graphsim.FaultStatus, Status: 503},
		{Kind: graphsim.FaultStatus, Status: 429, RetryAfter: 1},
		{Kind: graphsim.FaultHang},
		{Kind: graphsim.FaultReset},
	} {
		fault.Count = 1
		_, err := c.sim.AddFault(fault)
		Expect(err).NotTo(HaveOccurred())
		fault.Count, fault.Rate = 0, 0.0125
		_, err = c.sim.AddFault(fault)
		Expect(err).NotTo(HaveOccurred())
	}
}

// history is every state and readiness that objects of one kind went through.
type history struct {
	mu                sync.Mutex
	states, readiness map[string][]string
}

// follow watches the client's objects of a kind from now on.
func follow(ctx context.Context, c *customer, list client.ObjectList) *history {
	GinkgoHelper()
	h := &history{states: map[string][]string{}, readiness: map[string][]string{}}
	watching, err := api.Watch(ctx, list, client.InNamespace(c.namespace))
	Expect(err).NotTo(HaveOccurred())
	var done sync.WaitGroup
	done.Go(func() {
		for event := range watching.ResultChan() {
			if event.Type == watch.Added || event.Type == watch.Modified {
				h.note(event.Object)
			}
		}
	})
	DeferCleanup(func() {
		watching.Stop()
		done.Wait()
	})
	return h
}

// note adds what an object says now, where it differs from what it said before.
func (h *history) note(obj any) {
	said, ok := obj.(conditioned)
	if !ok {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	add(h.readiness, said.GetName(), condition(said, v1alpha1.ConditionReady))
	if user, ok := obj.(*v1alpha1.ManagedUser); ok {
		add(h.states, user.Name, string(user.Status.State))
	}
}

func add(all map[string][]string, name, value string) {
	said := all[name]
	if value != "" && (len(said) == 0 || said[len(said)-1] != value) {
		all[name] = append(said, value)
	}
}

func (h *history) statesOf(name string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.states[name])
}

func (h *history) readinessOf(name string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.readiness[name])
}
