package main

import (
	"context"
	"math/rand/v2"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("A manager that is killed", Ordered, func() {
	const (
		people = 60
		kills  = 8
	)
	var c *customer

	BeforeAll(func(ctx SpecContext) {
		p := newProvider(ctx, "kills")
		c = p.newCustomers(ctx, []string{"contoso"}, people)[0]
		m := p.runManager(ctx)
		c.settle(ctx)
		m.end()
	}, NodeTimeout(specPatience))

	It("does everything once and loses nothing, though answers are lost as well", func(ctx SpecContext) {
		faults := loseAnswers(c)
		since := metav1.NewTime(c.sim.Now().Add(-time.Hour))
		c.declare(ctx, func(person int, spec *v1alpha1.ManagedUserSpec) {
			spec.Suspended = ptr.To(true)
			if person%2 == 0 {
				spec.ForcePasswordChange = ptr.To(true)
			} else {
				spec.PasswordChangedSince = &since
			}
		})

		rng := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 1))
		for range kills {
			killInTheMiddle(ctx, c, rng, 12, func() {})
		}
		Expect(c.unsettled(ctx)).NotTo(BeEmpty(), "killed too late to prove anything")
		m := c.runManager(ctx)
		c.settle(ctx)

		for person := range c.people {
			Expect(c.effects(person)).To(Equal(map[graphsim.Effect]uint64{
				graphsim.EffectBlock: 1, graphsim.EffectRevoke: 1, graphsim.EffectPasswordForce: 1,
			}), func() string { return dump(c.user(ctx, Default, person)) })
		}
		for _, user := range c.users(ctx, Default) {
			Expect(user.Status.State).To(Equal(v1alpha1.StateSuspended), user.Name)
			Expect(condition(&user, v1alpha1.ConditionSignIn)).To(Equal("True/Succeeded"), user.Name)
			Expect(condition(&user, v1alpha1.ConditionPasswordChange)).To(Equal("False/Waiting"), user.Name)
		}
		for _, fault := range c.sim.Faults() {
			Expect(fault.Injected).To(BeNumerically(">", 0), "%s, after its effect: %t", fault.Path, fault.After)
		}
		for _, fault := range faults {
			Expect(c.sim.RemoveFault(fault)).To(BeTrue())
		}
		m.end()
	}, SpecTimeout(specPatience))

	It("repeats nothing when all status is lost too", func(ctx SpecContext) {
		for person := range c.people {
			if person%2 != 0 { // the level form needs no memory, but an answer
				Expect(c.sim.ChangePassword(c.tenantID, c.people[person])).To(Succeed())
			}
		}
		writes := c.writes()
		loseStatus(ctx, c)

		m := c.runManager(ctx)
		c.settle(ctx)
		c.nextSyncs(ctx, 1)
		c.settle(ctx)
		Expect(c.writes()).To(Equal(writes), "passwords, revocations and blocks")
		for person := range c.people {
			user := c.user(ctx, Default, person)
			Expect(user.Status.State).To(Equal(v1alpha1.StateSuspended), user.Name)
			want := "False/Adopted"
			if person%2 != 0 {
				want = "True/Succeeded"
			}
			Expect(condition(user, v1alpha1.ConditionPasswordChange)).To(Equal(want), user.Name)
		}
		m.end()
	}, SpecTimeout(specPatience))
})

// loseAnswers makes Graph's answers to changes get lost, before and after their
// effect.
func loseAnswers(c *customer) []int {
	GinkgoHelper()
	var armed []int
	for _, change := range []graphsim.Fault{
		{Method: "PATCH", Path: "/users/{id}"}, {Method: "POST", Path: "/users/{id}/revokeSignInSessions"},
	} {
		for _, after := range []bool{false, true} {
			change.Kind, change.Tenant, change.After, change.Rate = graphsim.FaultReset, c.tenantID, after, 0.1
			id, err := c.sim.AddFault(change)
			Expect(err).NotTo(HaveOccurred())
			armed = append(armed, id)
		}
	}
	return armed
}

// killInTheMiddle runs a manager up to a random moment after it asked Graph for a
// random number of changes, at most so many. Just before, something else may happen.
func killInTheMiddle(ctx context.Context, c *customer, rng *rand.Rand, most uint64, meanwhile func()) {
	GinkgoHelper()
	until := c.writes() + 1 + rng.Uint64N(most)
	m := c.startManager(ctx)
	Eventually(c.writes).WithContext(ctx).WithPolling(time.Millisecond).Should(BeNumerically(">=", until))
	meanwhile()
	<-time.NewTimer(time.Duration(rng.Int64N(int64(50 * time.Millisecond)))).C
	Expect(m.Done()).NotTo(BeClosed(), "the manager ended by itself")
	Expect(m.Kill()).To(Succeed())
}

// loseStatus takes the status from every object, as a cluster that is rebuilt from
// Git does.
func loseStatus(ctx context.Context, c *customer) {
	GinkgoHelper()
	tenant := c.tenant(ctx, Default)
	tenant.Status = v1alpha1.TenantStatus{}
	Expect(api.Status().Update(ctx, tenant)).To(Succeed())
	for _, user := range c.users(ctx, Default) {
		user.Status = v1alpha1.ManagedUserStatus{}
		Expect(api.Status().Update(ctx, &user)).To(Succeed())
	}
	connection := &v1alpha1.Connection{}
	Expect(api.Get(ctx, client.ObjectKey{Name: c.name}, connection)).To(Succeed())
	connection.Status = v1alpha1.ConnectionStatus{}
	Expect(api.Status().Update(ctx, connection)).To(Succeed())
}
