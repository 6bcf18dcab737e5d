package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/plan"
)

var _ = Describe("a password change", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		w.mustSync(ctx)
	})
	asked := func(upn string) uint64 {
		GinkgoHelper()
		return w.effects(upn, graphsim.EffectPasswordForce)
	}

	It("is asked for once, and again only after it has been false", func(ctx context.Context) {
		bob := w.declare(ctx, upnBob)
		w.mustPass(ctx, bob)
		w.edit(ctx, bob, forced(true))
		w.mustPass(ctx, bob)
		Expect(asked(upnBob)).To(BeEquivalentTo(1))
		Expect(condition(bob, v1alpha1.ConditionPasswordChange)).To(Equal("False/Waiting"))
		Expect(condition(bob, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), "waiting for a person does not hold Ready")
		w.settles(ctx, bob)

		By("the person answers")
		w.clock.Step(time.Hour)
		Expect(w.sim.ChangePassword(w.tenantID, upnBob)).To(Succeed())
		w.mustSync(ctx)
		w.mustPass(ctx, bob)
		Expect(condition(bob, v1alpha1.ConditionPasswordChange)).To(Equal("True/Succeeded"))
		w.settles(ctx, bob)
		Expect(asked(upnBob)).To(BeEquivalentTo(1))

		By("the latch is released and set again")
		w.edit(ctx, bob, forced(false))
		w.mustPass(ctx, bob)
		Expect(condition(bob, v1alpha1.ConditionPasswordChange)).To(BeEmpty())
		w.edit(ctx, bob, forced(true))
		w.mustPass(ctx, bob)
		Expect(asked(upnBob)).To(BeEquivalentTo(2))
	})

	It("does not take an earlier change for the answer", func(ctx context.Context) {
		bob := w.declare(ctx, upnBob)
		w.mustPass(ctx, bob)
		Expect(w.sim.ChangePassword(w.tenantID, upnBob)).To(Succeed()) // no sync has shown it yet
		w.edit(ctx, bob, forced(true))
		w.mustPass(ctx, bob)
		w.mustSync(ctx)
		w.mustPass(ctx, bob)
		Expect(condition(bob, v1alpha1.ConditionPasswordChange)).To(Equal("False/Waiting"))
	})

	It("is a level with passwordChangedSince", func(ctx context.Context) {
		since := metav1.NewTime(w.clock.Now())
		bob := w.declare(ctx, upnBob, func(s *v1alpha1.ManagedUserSpec) { s.PasswordChangedSince = &since })
		w.mustPass(ctx, bob)
		Expect(asked(upnBob)).To(BeEquivalentTo(1))
		w.settles(ctx, bob)
		w.clock.Step(time.Minute)
		Expect(w.sim.ChangePassword(w.tenantID, upnBob)).To(Succeed())
		w.mustSync(ctx)
		w.mustPass(ctx, bob)
		Expect(condition(bob, v1alpha1.ConditionPasswordChange)).To(Equal("True/Succeeded"))
		Expect(bob.Status.Records).NotTo(ContainElement(HaveField("Name", plan.RecordPasswordChange)), "a level needs no memory")
		w.settles(ctx, bob)
	})

	It("waits for a date, and keeps Ready meanwhile", func(ctx context.Context) {
		since := metav1.NewTime(w.clock.Now().Add(time.Hour))
		bob := w.declare(ctx, upnBob, func(s *v1alpha1.ManagedUserSpec) { s.PasswordChangedSince = &since })
		Expect(w.mustPass(ctx, bob).RequeueAfter).To(BeNumerically("~", time.Hour, time.Second))
		Expect(condition(bob, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		Expect(asked(upnBob)).To(BeZero())
	})

	It("is refused where Active Directory masters the password", func(ctx context.Context) {
		user := w.declare(ctx, upnSync, forced(true))
		w.mustPass(ctx, user)
		Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("False/MasteredOnPremises"))
		Expect(condition(user, v1alpha1.ConditionStalled)).To(Equal("True/MasteredOnPremises"))
		Expect(w.sim.Counters("").Writes).To(BeZero())
		w.settles(ctx, user)
	})

	DescribeTable("asks once though the answer to the asking was lost",
		func(ctx context.Context, after bool) {
			bob := w.declare(ctx, upnBob)
			w.mustPass(ctx, bob)
			w.edit(ctx, bob, forced(true))
			_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Method: "PATCH", Path: "/users/{id}", Count: 1, After: after})
			Expect(err).NotTo(HaveOccurred())
			_, err = w.pass(ctx, bob)
			Expect(err).To(HaveOccurred())
			Expect(w.sim.Faults()[0].Injected).To(Equal(1))
			w.restart()
			w.mustSync(ctx)
			for range 3 {
				w.clock.Step(time.Minute)
				w.mustPass(ctx, bob)
			}
			Expect(asked(upnBob)).To(BeEquivalentTo(1))
			Expect(condition(bob, v1alpha1.ConditionPasswordChange)).To(Equal("False/Waiting"))
			w.settles(ctx, bob)
		},
		Entry("before it took effect", false),
		Entry("after it took effect", true),
	)
})
