package main

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("A tenant whose Graph hangs", func() {
	It("does not delay another tenant's suspension", func(ctx SpecContext) {
		p := newProvider(ctx, "isolation")
		clients := p.newCustomers(ctx, []string{"hanging", "healthy"}, 20)
		hanging, healthy := clients[0], clients[1]
		p.runManager(ctx, "--graph-timeout=1h", "--consistency-window=2h", "--workers=16")
		hanging.settle(ctx)
		healthy.settle(ctx)

		_, err := p.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultHang, Tenant: hanging.tenantID})
		Expect(err).NotTo(HaveOccurred())
		suspend := func(_ int, spec *v1alpha1.ManagedUserSpec) { spec.Suspended = ptr.To(true) }
		hanging.declare(ctx, suspend)
		// A quarter of the workers, half as many more for suspensions, and the tenant's own sync.
		open := func() int { return p.sim.Faults()[0].Injected }
		Eventually(open).WithContext(ctx).Should(Equal(16/4 + 16/8 + 1))
		answered := p.sim.Counters(hanging.tenantID).Requests

		healthy.declare(ctx, suspend)
		healthy.settle(ctx)
		for person := range healthy.people {
			Expect(healthy.effects(person)).To(HaveKeyWithValue(graphsim.EffectBlock, uint64(1)))
			Expect(healthy.effects(person)).To(HaveKeyWithValue(graphsim.EffectRevoke, uint64(1)))
		}
		// Requests are counted when they end: all of the hanging tenant's are still open.
		Expect(p.sim.Counters(hanging.tenantID).Requests).To(Equal(answered))
		Expect(open()).To(Equal(16/4+16/8+1), "a tenant holds no more of the workers than it may")
		Expect(hanging.writes()).To(BeZero())
	}, SpecTimeout(specPatience))
})
