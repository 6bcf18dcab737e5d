package main

import (
	"context"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
)

var _ = Describe("Three managers of one API server", Ordered, func() {
	var (
		p                          *provider
		contoso, fabrikam, litware *customer
		unlabelled, a, b           *managerProcess
	)
	inShard := func(name string) string { return "--shard-selector=" + v1alpha1.ShardLabel + "=" + name }

	BeforeAll(func(ctx SpecContext) {
		root, err := controlplane.RepositoryRoot()
		Expect(err).NotTo(HaveOccurred())
		_, err = plane.Kubectl(ctx, root, "apply", "--filename", "config/shard/lease_role.yaml")
		Expect(err).NotTo(HaveOccurred())

		p = newProvider(ctx, "shards")
		clients := p.newCustomers(ctx, []string{"contoso", "fabrikam", "litware"}, 8)
		contoso, fabrikam, litware = clients[0], clients[1], clients[2]
		fabrikam.moveTo(ctx, "a")
		litware.moveTo(ctx, "b")
		for _, c := range clients {
			tenant := c.tenant(ctx, Default)
			before := tenant.DeepCopy()
			tenant.Spec.Sync.Discovery.Users = v1alpha1.DiscoverAll
			Expect(api.Patch(ctx, tenant, client.MergeFrom(before))).To(Succeed())
		}
		unlabelled = p.startManager(ctx, "--leader-elect", "--shards=3")
		a = p.startManager(ctx, "--leader-elect", "--shards=3", inShard("a"))
		b = p.startManager(ctx, "--shards=3", inShard("b"))
		for _, m := range []*managerProcess{unlabelled, a, b} {
			m.awaitReady(ctx)
		}
		for _, c := range clients {
			c.settle(ctx)
		}
	}, NodeTimeout(specPatience))

	It("serve each the Tenants of its label, and discover for them", func(ctx SpecContext) {
		for _, c := range []*customer{contoso, fabrikam, litware} {
			c.awaitShard(ctx, map[*customer]string{fabrikam: "a", litware: "b"}[c])
		}
		Expect(served(ctx, unlabelled)).To(ConsistOf(contoso.namespace))
		Expect(served(ctx, a)).To(ConsistOf(fabrikam.namespace))
		Expect(served(ctx, b)).To(ConsistOf(litware.namespace))
	}, SpecTimeout(specPatience))

	It("leave one's tenants alone when it is killed, go on with their own, and take over what is moved", func(ctx SpecContext) {
		for _, change := range []graphsim.Fault{
			{Method: "PATCH", Path: "/users/{id}"}, {Method: "POST", Path: "/users/{id}/revokeSignInSessions"},
		} {
			change.Kind, change.Tenant, change.After, change.DelaySeconds = graphsim.FaultDelay, litware.tenantID, true, 0.3
			_, err := p.sim.AddFault(change)
			Expect(err).NotTo(HaveOccurred())
		}
		suspend := func(_ int, spec *v1alpha1.ManagedUserSpec) { spec.Suspended = ptr.To(true) }
		litware.declare(ctx, suspend)
		Eventually(litware.writes).WithContext(ctx).WithPolling(time.Millisecond).Should(BeNumerically(">=", 3))
		Expect(b.Kill()).To(Succeed())
		Expect(litware.unsettled(ctx)).NotTo(BeEmpty(), "killed too late to prove anything")

		writes := litware.writes()
		for _, c := range []*customer{contoso, fabrikam} {
			c.declare(ctx, suspend)
			c.settle(ctx)
			c.expectSuspendedOnce(ctx)
		}
		Expect(litware.writes()).To(Equal(writes), "nobody acts for a manager that is gone")
		Expect(litware.tenant(ctx, Default).Status.Shard).To(Equal("b"))

		litware.moveTo(ctx, "a")
		litware.awaitShard(ctx, "a")
		litware.settle(ctx)
		litware.expectSuspendedOnce(ctx)
		Expect(served(ctx, a)).To(ConsistOf(fabrikam.namespace, litware.namespace))

		By("and one that comes back finds nothing to do")
		writes = litware.writes()
		b = p.runManager(ctx, "--shards=3", inShard("b"))
		litware.nextSyncs(ctx, 1)
		Expect(served(ctx, b)).To(BeEmpty())
		Expect(litware.writes()).To(Equal(writes))
		Expect(litware.unsettled(ctx)).To(BeEmpty())

		By("each wrote down what it did, and nothing of the others'")
		for m, others := range map[*managerProcess][]*customer{unlabelled: {fabrikam, litware}, a: {contoso}, b: {contoso, fabrikam, litware}} {
			for _, c := range others {
				Expect(readFile(m.audit)).NotTo(ContainSubstring(c.tenantID))
			}
			m.end()
		}
	}, SpecTimeout(specPatience))
})

// moveTo labels the Tenant and all that Git declares, as one commit does.
func (c *customer) moveTo(ctx context.Context, shard string) {
	GinkgoHelper()
	objects := []client.Object{c.tenant(ctx, Default)}
	for person := range c.people {
		objects = append(objects, c.user(ctx, Default, person))
	}
	label := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"`+v1alpha1.ShardLabel+`":"`+shard+`"}}}`))
	for _, object := range objects {
		Expect(api.Patch(ctx, object, label, client.FieldOwner("git"))).To(Succeed())
	}
}

// awaitShard waits until a shard's manager took the Tenant, and all its users, discovered
// ones too, carry the label.
func (c *customer) awaitShard(ctx context.Context, shard string) {
	GinkgoHelper()
	Eventually(func(g Gomega, ctx context.Context) {
		g.Expect(c.tenant(ctx, g).Status.Shard).To(Equal(shard))
		users := c.users(ctx, g)
		g.Expect(users).To(HaveLen(len(c.people)+1), "the break-glass account is found, once")
		for _, user := range users {
			g.Expect(user.Labels[v1alpha1.ShardLabel]).To(Equal(shard), user.Name)
		}
	}).WithContext(ctx).Should(Succeed())
}

// expectSuspendedOnce proves that everybody was blocked once, whoever did it.
func (c *customer) expectSuspendedOnce(ctx context.Context) {
	GinkgoHelper()
	for person := range c.people {
		Expect(c.effects(person)).To(Equal(map[graphsim.Effect]uint64{
			graphsim.EffectBlock: 1, graphsim.EffectRevoke: 1,
		}), func() string { return dump(c.user(ctx, Default, person)) })
	}
}

// served are the namespaces for whose tenants a manager asks Microsoft Graph.
func served(ctx context.Context, m *managerProcess) []string {
	GinkgoHelper()
	var namespaces []string
	_, page := fetch(ctx, Default, m.metrics)
	for line := range strings.Lines(page) {
		if rest, ok := strings.CutPrefix(line, `m365_graph_budget_left{class="Writes",tenant="`); ok {
			namespace, _, _ := strings.Cut(rest, "/")
			namespaces = append(namespaces, namespace)
		}
	}
	return namespaces
}
