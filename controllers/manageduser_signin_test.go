package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("suspended", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		tenant := w.mustSync(ctx)
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(tenant, v1alpha1.ConditionReady))
	})

	It("blocks, revokes once, and settles", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateActive))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		Expect(condition(alice, v1alpha1.ConditionSignIn)).To(BeEmpty())

		w.edit(ctx, alice, suspended(true))
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
		Expect(condition(alice, v1alpha1.ConditionSignIn)).To(Equal("True/Succeeded"))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(1))
		Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
		Expect(w.eventReasons()).To(ContainElements("SignInBlocked", "SessionsRevoked"))
		w.settles(ctx, alice)
		w.settles(ctx, alice)
	})

	It("blocks again what an outsider allowed, without another revocation", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, suspended(true))
		w.mustPass(ctx, alice)
		w.mustSync(ctx)
		w.outsider(upnAlice, map[string]any{"accountEnabled": true})
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(2))
		Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
		w.settles(ctx, alice)
	})

	It("leaves an account that somebody else blocked, ten syncs long", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, suspended(false))
		w.mustPass(ctx, alice)
		w.outsider(upnAlice, map[string]any{"accountEnabled": false})
		for range 10 {
			w.mustSync(ctx)
			w.mustPass(ctx, alice)
		}
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
		Expect(condition(alice, v1alpha1.ConditionSignIn)).To(Equal("False/BlockedElsewhere"))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		Expect(w.effects(upnAlice, graphsim.EffectUnblock)).To(BeZero())
		Expect(w.eventReasons()).To(ContainElement("BlockedElsewhere"))
		w.settles(ctx, alice)

		By("a change of the spec opens it once")
		w.edit(ctx, alice, suspended(true))
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, suspended(false))
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateActive))
		Expect(w.effects(upnAlice, graphsim.EffectUnblock)).To(BeEquivalentTo(1))
		w.settles(ctx, alice)
	})

	It("lets in whom we blocked", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, suspended(true))
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, suspended(false))
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateActive))
		w.settles(ctx, alice)
	})

	It("says where to finish for a synchronized account", func(ctx context.Context) {
		user := w.declare(ctx, upnSync, suspended(true))
		w.mustPass(ctx, user)
		Expect(user.Status.State).To(Equal(v1alpha1.StateSuspended))
		Expect(condition(user, v1alpha1.ConditionSignIn)).To(Equal("False/MasteredOnPremises"))
		Expect(message(user, v1alpha1.ConditionSignIn)).To(ContainSubstring(`corp.contoso.com\sven`))
		w.settles(ctx, user)

		By("and blocks it again after each synchronization that undid it")
		Expect(w.sim.SetSync(w.tenantID, graphsim.SyncConnect)).To(Succeed())
		for cycle := range 2 {
			w.clock.Step(30 * time.Minute) // Connect's own cycle comes due
			w.mustSync(ctx)
			w.mustPass(ctx, user)
			Expect(user.Status.State).To(Equal(v1alpha1.StateSuspended))
			Expect(w.effects(upnSync, graphsim.EffectBlock)).To(BeEquivalentTo(cycle + 2))
			Expect(message(user, v1alpha1.ConditionSignIn)).To(ContainSubstring("so far %d times", cycle+1))
		}
		Expect(w.effects(upnSync, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
		Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))

		By("until it is disabled in Active Directory")
		Expect(w.sim.PatchOnPremises(w.tenantID, upnSync, map[string]any{"accountEnabled": false})).To(Succeed())
		w.clock.Step(30 * time.Minute)
		w.settles(ctx, user)
		Expect(w.effects(upnSync, graphsim.EffectBlock)).To(BeEquivalentTo(3))
	})

	It("only shows what it would do under Observe", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, suspended(true), func(s *v1alpha1.ManagedUserSpec) {
			s.ManagementPolicy = v1alpha1.ManagementPolicyObserve
		})
		w.mustPass(ctx, alice)
		Expect(alice.Status.Sync).To(Equal(v1alpha1.SyncPending))
		Expect(alice.Status.PendingChanges).To(HaveLen(2))
		Expect(alice.Status.PendingChanges[0].Action).To(Equal("BlockSignIn"))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Observed"))
		Expect(w.sim.Counters("").Writes).To(BeZero())
		w.settles(ctx, alice)
	})

	It("repeats nothing when all status is lost", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, suspended(true))
		bob := w.declare(ctx, upnBob, suspended(false), forced(true))
		w.mustPass(ctx, alice)
		w.mustPass(ctx, bob)
		before := w.sim.Counters("").Writes

		tenant := w.tenant(ctx)
		tenant.Status = v1alpha1.TenantStatus{}
		Expect(api.Status().Update(ctx, tenant)).To(Succeed())
		for _, user := range []*v1alpha1.ManagedUser{alice, bob} {
			user.Status = v1alpha1.ManagedUserStatus{}
			Expect(api.Status().Update(ctx, user)).To(Succeed())
		}
		w.restart()
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		w.mustPass(ctx, bob)
		Expect(w.sim.Counters("").Writes).To(Equal(before))
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
		Expect(condition(bob, v1alpha1.ConditionPasswordChange)).To(Equal("False/Adopted"))
		w.settles(ctx, alice, bob)
	})

	It("has one effect though a second reconciler's cache is frozen", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, suspended(true))
		frozen := alice.DeepCopy()
		other := w.newManager(newUncached())
		_, err := other.tenants.Reconcile(ctx, w.tenant(ctx))
		Expect(err).NotTo(HaveOccurred())

		w.mustPass(ctx, alice)
		res, err := other.users.Reconcile(ctx, frozen)
		Expect(err).NotTo(HaveOccurred())
		Expect(res.RequeueAfter).To(BeNumerically(">", 0))
		Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
		Expect(w.sim.Counters("").ByPath["POST /users/{id}/revokeSignInSessions"]).To(BeEquivalentTo(1))
		Expect(w.sim.Counters("").ByPath["PATCH /users/{id}"]).To(BeEquivalentTo(1))
	})

	DescribeTable("settles a revocation whose answer was lost",
		func(ctx context.Context, after bool) {
			alice := w.declare(ctx, upnAlice, suspended(true))
			fault, err := w.sim.AddFault(graphsim.Fault{
				Kind: graphsim.FaultReset, Method: "POST", Path: "/users/{id}/revokeSignInSessions", Count: 1, After: after,
			})
			Expect(err).NotTo(HaveOccurred())
			_, err = w.pass(ctx, alice)
			Expect(err).To(HaveOccurred())
			Expect(w.sim.Faults()).To(ContainElement(SatisfyAll(HaveField("ID", fault), HaveField("Injected", 1))))
			Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))

			w.restart() // as if the process had been killed
			w.mustSync(ctx)
			w.clock.Step(time.Minute)
			for range 3 {
				w.mustPass(ctx, alice)
				w.clock.Step(time.Minute)
			}
			Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(1))
			Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
			Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
			w.settles(ctx, alice)
		},
		Entry("before it took effect", false),
		Entry("after it took effect", true),
	)
})
