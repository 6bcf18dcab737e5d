package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

func onDeletion(policy v1alpha1.DeletionPolicy) func(*v1alpha1.ManagedUserSpec) {
	return func(s *v1alpha1.ManagedUserSpec) { s.DeletionPolicy = policy }
}

var _ = Describe("the deletion of an object", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		w.mustSync(ctx)
		w.clock.SetTime(time.Now()) //nolint:forbidigo // deletion timestamps are the API server's
		w.mustSync(ctx)
	})

	// deleted declares Alice, lets her settle, and deletes her object.
	deleted := func(ctx context.Context, policy v1alpha1.DeletionPolicy) *v1alpha1.ManagedUser {
		GinkgoHelper()
		alice := w.declare(ctx, upnAlice, onDeletion(policy))
		w.mustPass(ctx, alice)
		Expect(alice.Finalizers).To(ConsistOf(v1alpha1.AccountFinalizer))
		w.eventReasons()
		Expect(api.Delete(ctx, alice)).To(Succeed())
		return alice
	}
	// finish passes until the object is gone.
	gone := func(ctx context.Context, user *v1alpha1.ManagedUser) {
		GinkgoHelper()
		Expect(api.Get(ctx, client.ObjectKeyFromObject(user), user)).To(Succeed())
		_, err := w.users.Reconcile(ctx, user.DeepCopy())
		Expect(err).NotTo(HaveOccurred())
		Expect(api.Get(ctx, client.ObjectKeyFromObject(user), &v1alpha1.ManagedUser{})).To(MatchError(ContainSubstring("not found")))
	}
	untouched := func() {
		GinkgoHelper()
		Expect(w.sim.Counters("").Writes).To(BeZero())
		Expect(w.eventReasons()).To(ContainElement("DeletionDropped"))
	}

	It("keeps a finalizer only while it means something", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		Expect(alice.Finalizers).To(BeEmpty())
		w.edit(ctx, alice, onDeletion(v1alpha1.DeletionPolicyDelete))
		w.mustPass(ctx, alice)
		Expect(alice.Finalizers).To(ConsistOf(v1alpha1.AccountFinalizer))
		w.settles(ctx, alice)
		w.edit(ctx, alice, onDeletion(v1alpha1.DeletionPolicyRetain))
		w.mustPass(ctx, alice)
		Expect(alice.Finalizers).To(BeEmpty())
		Expect(api.Delete(ctx, alice)).To(Succeed())
		Expect(w.sim.Counters("").Writes).To(BeZero())
	})

	It("is held, then suspends", func(ctx context.Context) {
		alice := deleted(ctx, v1alpha1.DeletionPolicySuspend)
		res := w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionAccount)).To(Equal("False/DeletionHeld"), message(alice, v1alpha1.ConditionAccount))
		Expect(alice.Status.PendingChanges).To(ConsistOf(HaveField("Action", "BlockSignIn"), HaveField("Action", "RevokeSessions")))
		Expect(res.RequeueAfter).To(BeNumerically("<=", 15*time.Minute))
		Expect(w.sim.Counters("").Writes).To(BeZero())

		w.clock.Step(16 * time.Minute)
		gone(ctx, alice)
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(1))
		Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
		Expect(w.audit.String()).To(ContainSubstring("BlockSignIn"))
	})

	It("is held, then deletes", func(ctx context.Context) {
		id := w.id(upnAlice)
		alice := deleted(ctx, v1alpha1.DeletionPolicyDelete)
		w.mustPass(ctx, alice)
		w.clock.Step(16 * time.Minute)
		gone(ctx, alice)
		Expect(w.sim.Counters(w.tenantID).UserEffects[id][graphsim.EffectDelete]).To(BeEquivalentTo(1))
	})

	It("does nothing when it is revoked by Retain", func(ctx context.Context) {
		alice := deleted(ctx, v1alpha1.DeletionPolicyDelete)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, onDeletion(v1alpha1.DeletionPolicyRetain))
		gone(ctx, alice)
		untouched()
	})

	It("does nothing when the object is abandoned", func(ctx context.Context) {
		alice := deleted(ctx, v1alpha1.DeletionPolicyDelete)
		w.mustPass(ctx, alice)
		metav1.SetMetaDataAnnotation(&alice.ObjectMeta, v1alpha1.AbandonAnnotation, "yes")
		Expect(api.Update(ctx, alice)).To(Succeed())
		gone(ctx, alice)
		untouched()
	})

	It("does nothing when the Tenant is abandoned", func(ctx context.Context) {
		alice := deleted(ctx, v1alpha1.DeletionPolicyDelete)
		tenant := w.tenant(ctx)
		metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, v1alpha1.AbandonAnnotation, "yes")
		Expect(api.Update(ctx, tenant)).To(Succeed())
		gone(ctx, alice)
		untouched()
	})

	It("does nothing when the Tenant goes as well", func(ctx context.Context) {
		alice := deleted(ctx, v1alpha1.DeletionPolicyDelete)
		w.mustPass(ctx, alice)
		Expect(api.Delete(ctx, w.tenant(ctx))).To(Succeed())
		gone(ctx, alice)
		untouched()
	})

	It("does nothing when the Tenant is gone", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, onDeletion(v1alpha1.DeletionPolicySuspend))
		w.mustPass(ctx, alice)
		Expect(api.Delete(ctx, w.tenant(ctx))).To(Succeed())
		w.mustGone(ctx)
		Expect(api.Delete(ctx, alice)).To(Succeed())
		gone(ctx, alice)
		untouched()
	})

	It("does nothing when the namespace goes", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, onDeletion(v1alpha1.DeletionPolicyDelete))
		w.mustPass(ctx, alice)
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}
		Expect(api.Delete(ctx, namespace)).To(Succeed())
		Expect(client.IgnoreNotFound(api.Delete(ctx, alice))).To(Succeed())
		gone(ctx, alice)
		untouched()
	})

	It("does nothing when the object was declared again meanwhile", func(ctx context.Context) {
		alice := deleted(ctx, v1alpha1.DeletionPolicyDelete)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) { s.AllowPrivileged = true })
		gone(ctx, alice)
		untouched()
	})

	It("does nothing when its file was only renamed", func(ctx context.Context) {
		alice := deleted(ctx, v1alpha1.DeletionPolicyDelete)
		again := &v1alpha1.ManagedUser{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "alice-adams"},
			Spec:       v1alpha1.ManagedUserSpec{TenantRef: v1alpha1.ObjectReference{Name: "contoso"}, UserPrincipalName: upnAlice},
		}
		Expect(api.Create(ctx, again, client.FieldOwner("git"))).To(Succeed())
		w.clock.Step(time.Hour)
		gone(ctx, alice)
		untouched()
	})

	It("does nothing under Observe", func(ctx context.Context) {
		alice := deleted(ctx, v1alpha1.DeletionPolicyDelete)
		tenant := w.tenant(ctx)
		tenant.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
		Expect(api.Update(ctx, tenant)).To(Succeed())
		gone(ctx, alice)
		untouched()
	})

	It("does nothing to who was never found", func(ctx context.Context) {
		nobody := w.declare(ctx, "nobody@contoso.com", onDeletion(v1alpha1.DeletionPolicyDelete))
		w.mustPass(ctx, nobody)
		Expect(api.Delete(ctx, nobody)).To(Succeed())
		gone(ctx, nobody)
		untouched()
	})

	It("does not touch the protected, and says so", func(ctx context.Context) {
		tenant := w.tenant(ctx)
		tenant.Spec.Safeguards.Protected = []v1alpha1.ProtectedEntry{{User: upnAlice}}
		Expect(api.Update(ctx, tenant)).To(Succeed())
		w.mustSync(ctx)
		alice := deleted(ctx, v1alpha1.DeletionPolicyDelete)
		w.mustPass(ctx, alice)
		w.clock.Step(time.Hour)
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionAccount)).To(Equal("False/Protected"))
		Expect(alice.Finalizers).NotTo(BeEmpty())
		Expect(w.sim.Counters("").Writes).To(BeZero())
	})

	It("repeats nothing after an answer was lost", func(ctx context.Context) {
		id := w.id(upnAlice)
		alice := deleted(ctx, v1alpha1.DeletionPolicyDelete)
		w.mustPass(ctx, alice)
		w.clock.Step(16 * time.Minute)
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Method: "DELETE", After: true, Count: 1})
		Expect(err).NotTo(HaveOccurred())
		_, err = w.pass(ctx, alice)
		Expect(err).To(HaveOccurred())
		w.clock.Step(2 * time.Minute)
		w.restart()
		w.mustSync(ctx)
		gone(ctx, alice)
		Expect(w.sim.Counters(w.tenantID).UserEffects[id][graphsim.EffectDelete]).To(BeEquivalentTo(1))
	})
})
