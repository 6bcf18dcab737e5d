package main

import (
	"math/rand/v2"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("Two managers", func() {
	It("act once, although the leader freezes in the middle of its work and goes on after its lease", func(ctx SpecContext) {
		p := newProvider(ctx, "takeover")
		c := p.newCustomers(ctx, []string{"contoso"}, 30)[0]
		// Graph takes its time, so that calls are under way whenever the leader freezes.
		for _, change := range []graphsim.Fault{
			{Method: "PATCH", Path: "/users/{id}"}, {Method: "POST", Path: "/users/{id}/revokeSignInSessions"},
		} {
			change.Kind, change.After, change.DelaySeconds = graphsim.FaultDelay, true, 0.2
			_, err := c.sim.AddFault(change)
			Expect(err).NotTo(HaveOccurred())
		}
		lease := []string{
			"--leader-elect", "--leader-election-lease-duration=6s",
			"--leader-election-renew-deadline=4s", "--leader-election-retry-period=500ms",
		}
		first := p.runManager(ctx, lease...)
		c.settle(ctx)
		leader := leaseHolder(ctx)
		second := p.runManager(ctx, lease...)

		rng := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 2))
		until := c.writes() + 5 + rng.Uint64N(30)
		c.declare(ctx, func(_ int, spec *v1alpha1.ManagedUserSpec) {
			spec.Suspended, spec.ForcePasswordChange = ptr.To(true), ptr.To(true)
		})
		Eventually(c.writes).WithContext(ctx).WithPolling(time.Millisecond).Should(BeNumerically(">=", until))
		first.freeze()
		Expect(c.unsettled(ctx)).NotTo(BeEmpty(), "frozen too late to prove anything")

		c.settle(ctx)
		Expect(leaseHolder(ctx)).NotTo(SatisfyAny(Equal(leader), BeEmpty()))
		first.thaw()
		Eventually(first.Done()).WithContext(ctx).Should(BeClosed())
		Expect(first.Err()).To(HaveOccurred(), "a manager that lost its lease ends, and says so")
		c.nextSyncs(ctx, 1)
		c.settle(ctx)
		for person := range c.people {
			Expect(c.effects(person)).To(Equal(map[graphsim.Effect]uint64{
				graphsim.EffectBlock: 1, graphsim.EffectRevoke: 1, graphsim.EffectPasswordForce: 1,
			}), func() string { return dump(c.user(ctx, Default, person)) })
		}
		second.end()
		Expect(leaseHolder(ctx)).To(BeEmpty(), "a manager that ends gives its lease back")
	}, SpecTimeout(specPatience))
})
