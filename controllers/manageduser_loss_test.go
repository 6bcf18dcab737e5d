package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("the loss of all status", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx, staffed, located)
		w.grantSecrets(ctx)
		w.mustSync(ctx)
	})
	settled := func(ctx context.Context, upn string, change ...func(*v1alpha1.ManagedUserSpec)) *v1alpha1.ManagedUser {
		GinkgoHelper()
		user := w.declare(ctx, upn, change...)
		for range 2 {
			w.mustPass(ctx, user)
			w.mustSync(ctx)
		}
		w.mustPass(ctx, user)
		Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(user, v1alpha1.ConditionReady))
		w.settles(ctx, user)
		return user
	}
	// lost proves that nothing is written to Microsoft 365 after everything was forgotten.
	lost := func(ctx context.Context, user *v1alpha1.ManagedUser) {
		GinkgoHelper()
		writes := w.sim.Counters("").Writes
		w.loseStatus(ctx, user)
		w.restart()
		for range 2 {
			w.mustSync(ctx)
			w.mustPass(ctx, user)
		}
		Expect(w.sim.Counters("").Writes).To(Equal(writes))
		Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(user, v1alpha1.ConditionReady))
		w.settles(ctx, user)
	}
	named := func(s *v1alpha1.ManagedUserSpec) {
		s.CreationPolicy = v1alpha1.CreationPolicyCreate
		s.Profile = &v1alpha1.UserProfile{DisplayName: ptr.To("Nina New")}
	}

	It("leaves a profile alone, and still corrects it", func(ctx context.Context) {
		alice := settled(ctx, upnAlice, func(s *v1alpha1.ManagedUserSpec) {
			s.Profile = &v1alpha1.UserProfile{
				JobTitle: ptr.To("Clerk"), Department: ptr.To(""), MobilePhone: ptr.To("+49 170 1"), UsageLocation: ptr.To("AT"),
			}
		})
		Expect(w.state(upnAlice)).To(HaveKeyWithValue("department", BeNil()))
		lost(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionProfile)).To(Equal("True/Succeeded"))
		w.outsider(upnAlice, map[string]any{"jobTitle": "Boss"})
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.state(upnAlice)).To(HaveKeyWithValue("jobTitle", "Clerk"))
		w.settles(ctx, alice)
	})

	It("finds the first password again, and removes it when it has served", func(ctx context.Context) {
		nina := settled(ctx, upnNew, named)
		password := w.secret(ctx, nina).Data["password"]
		expires := nina.Status.FirstSignIn.Expires.DeepCopy()
		lost(ctx, nina)
		Expect(w.secret(ctx, nina).Data["password"]).To(Equal(password))
		Expect(nina.Status.FirstSignIn.Expires).To(Equal(expires))
		Expect(condition(nina, v1alpha1.ConditionFirstSignIn)).To(Equal("False/Waiting"))
		w.clock.Step(time.Hour)
		Expect(w.sim.ChangePassword(w.tenantID, upnNew)).To(Succeed())
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(w.secrets(ctx)).To(BeEmpty())
		Expect(nina.Status.FirstSignIn).To(BeNil())
		w.settles(ctx, nina)
	})

	It("issues no second pass, and forgets the first in time", func(ctx context.Context) {
		nina := settled(ctx, upnNew, named, func(s *v1alpha1.ManagedUserSpec) { s.FirstSignIn = v1alpha1.FirstSignInTemporaryAccessPass })
		lost(ctx, nina)
		Expect(w.secret(ctx, nina).Data).To(HaveKey("temporaryAccessPass"))
		w.clock.Step(9 * time.Hour)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(w.secrets(ctx)).To(BeEmpty())
		Expect(w.effects(upnNew, graphsim.EffectTemporaryAccessPass)).To(BeEquivalentTo(1))
		w.settles(ctx, nina)
	})

	It("brings no credential back that is gone", func(ctx context.Context) {
		nina := settled(ctx, upnNew, named)
		Expect(w.sim.ChangePassword(w.tenantID, upnNew)).To(Succeed())
		w.clock.Step(8 * 24 * time.Hour)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(w.secrets(ctx)).To(BeEmpty())
		lost(ctx, nina)
		Expect(w.secrets(ctx)).To(BeEmpty())
		Expect(w.effects(upnNew, graphsim.EffectPasswordSet)).To(BeZero())
		Expect(w.effects(upnNew, graphsim.EffectCreate)).To(BeEquivalentTo(1))
	})

	It("opens nobody who waits for a start before it comes", func(ctx context.Context) {
		start := metav1.NewTime(w.clock.Now().Add(72 * time.Hour))
		nina := settled(ctx, upnNew, named, func(s *v1alpha1.ManagedUserSpec) { s.StartAt = &start })
		lost(ctx, nina)
		Expect(w.state(upnNew)).To(HaveKeyWithValue("accountEnabled", false))
		Expect(w.effects(upnNew, graphsim.EffectUnblock)).To(BeZero())
	})

	It("keeps everything of a whole person", func(ctx context.Context) {
		nina := settled(ctx, upnNew, starter)
		lost(ctx, nina)
		Expect(claimsOf(nina)).To(ConsistOf("Manager/"+upnBob, "License/SPB", "Group/Sales", "Group/Marketing", "Application/MSPortal"))
		w.edit(ctx, nina, groups("Sales"))
		w.mustPass(ctx, nina)
		Expect(w.groupsOf(upnNew)).To(ConsistOf("Sales"))
		w.settles(ctx, nina)
	})
})
