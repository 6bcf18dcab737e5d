package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("what must not happen", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx, staffed)
		w.grantSecrets(ctx)
		w.mustSync(ctx)
		w.clock.SetTime(time.Now()) //nolint:forbidigo // deletion timestamps are the API server's
		w.mustSync(ctx)
	})

	It("is that somebody is deleted whom the object was never bound to", func(ctx context.Context) {
		bob := w.id(upnBob)
		alice := w.declare(ctx, upnAlice, onDeletion(v1alpha1.DeletionPolicyDelete))
		w.mustPass(ctx, alice)
		Expect(alice.Status.ID).To(Equal(w.id(upnAlice)))
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) { s.ID = bob })
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("False/DifferentPerson"))
		Expect(api.Delete(ctx, alice)).To(Succeed())
		Expect(api.Get(ctx, client.ObjectKeyFromObject(alice), alice)).To(Succeed())
		_, err := w.users.Reconcile(ctx, alice.DeepCopy())
		Expect(err).NotTo(HaveOccurred())
		w.clock.Step(16 * time.Minute)
		_, _ = w.users.Reconcile(ctx, alice.DeepCopy())
		Expect(w.sim.Counters(w.tenantID).UserEffects[bob][graphsim.EffectDelete]).To(BeZero(), "Bob deleted")
	})

	It("is that somebody is deleted whose name has come to mean another person", func(ctx context.Context) {
		id := w.id(upnAlice)
		alice := w.declare(ctx, upnAlice, onDeletion(v1alpha1.DeletionPolicyDelete))
		w.mustPass(ctx, alice)
		w.outsider(upnAlice, map[string]any{"userPrincipalName": "alice.young@contoso.com"})
		w.outsider(upnBob, map[string]any{"userPrincipalName": upnAlice})
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("False/DifferentPerson"))
		Expect(api.Delete(ctx, alice)).To(Succeed())
		Expect(api.Get(ctx, client.ObjectKeyFromObject(alice), alice)).To(Succeed())
		_, err := w.users.Reconcile(ctx, alice.DeepCopy())
		Expect(err).NotTo(HaveOccurred())
		w.clock.Step(16 * time.Minute)
		_, _ = w.users.Reconcile(ctx, alice.DeepCopy())
		Expect(w.sim.Counters(w.tenantID).UserEffects[id][graphsim.EffectDelete]).To(BeZero(), "deleted while DifferentPerson")
	})

	It("is that the deletion of a paused object is carried out", func(ctx context.Context) {
		id := w.id(upnAlice)
		alice := w.declare(ctx, upnAlice, onDeletion(v1alpha1.DeletionPolicyDelete))
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) { s.Paused = true })
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("False/Paused"))
		Expect(api.Delete(ctx, alice)).To(Succeed())
		w.mustPass(ctx, alice)
		w.clock.Step(16 * time.Minute)
		_, _ = w.users.Reconcile(ctx, alice.DeepCopy())
		Expect(w.sim.Counters(w.tenantID).UserEffects[id][graphsim.EffectDelete]).To(BeZero(), "deleted though paused")
	})

	It("is that the first password goes before the first day", func(ctx context.Context) {
		start := w.clock.Now().Add(14 * 24 * time.Hour)
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.StartAt = ptr.To(metav1.NewTime(start)) })
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.clock.Step(8 * 24 * time.Hour)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(nina.Status.State).To(Equal(v1alpha1.StateStaged))
		Expect(w.secrets(ctx)).To(HaveLen(1), "the credential of somebody who has not started")
	})

	It("is that the Secret tells another name than the account has", func(ctx context.Context) {
		nina := w.declare(ctx, "nina.new@contsoo.com", starter)
		_, _ = w.pass(ctx, nina)
		w.edit(ctx, nina, func(s *v1alpha1.ManagedUserSpec) { s.UserPrincipalName = upnNew })
		w.mustPass(ctx, nina)
		Expect(nina.Status.ID).NotTo(BeEmpty())
		Expect(string(w.secret(ctx, nina).Data["userPrincipalName"])).To(Equal(upnNew))
	})

	It("is that everybody who ever started is read at each pass", func(ctx context.Context) {
		start := w.clock.Now().Add(time.Hour)
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.StartAt = ptr.To(metav1.NewTime(start)); s.Applications = nil })
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.clock.Step(2 * time.Hour)
		w.mustPass(ctx, nina)
		w.settles(ctx, nina)
		before := w.sim.Counters("").Requests
		for range 5 {
			w.mustPass(ctx, nina)
		}
		Expect(w.sim.Counters("").Requests-before).To(BeZero(), "Graph requests of five settled passes")
	})

	It("is that a role-assignable group makes an administrator", func(ctx context.Context) {
		Expect(w.sim.AssignRole(w.tenantID, "Operators", "Global Administrator")).To(Succeed())
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, groups("Operators"), func(s *v1alpha1.ManagedUserSpec) { s.AllowPrivileged = true })
		_, _ = w.pass(ctx, alice)
		Expect(w.groupsOf(upnAlice)).NotTo(ContainElement("Operators"), "a Global Administrator was made")
	})

	It("is that a group which is new is said to be gone", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		_, err := w.sim.AddGroup(w.tenantID, graphsim.GroupSpec{DisplayName: "Brand New"})
		Expect(err).NotTo(HaveOccurred())
		_, err = w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Method: "POST", Path: "/groups/{id}/members/$ref", Count: 1})
		Expect(err).NotTo(HaveOccurred())
		w.edit(ctx, alice, groups("Brand New"))
		_, _ = w.pass(ctx, alice)
		w.clock.Step(time.Second)
		_, _ = w.pass(ctx, alice)
		Expect(message(alice, v1alpha1.ConditionGroups)).NotTo(ContainSubstring("is gone from the tenant"))
	})

	It("is that somebody of another name is restored", func(ctx context.Context) {
		bob := w.id(upnBob)
		Expect(w.sim.DeleteUser(w.tenantID, bob)).To(Succeed())
		w.mustSync(ctx)
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.ID = bob; s.Applications = nil; s.Manager = nil })
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		_, _ = w.pass(ctx, nina)
		Expect(w.sim.Counters(w.tenantID).UserEffects[bob][graphsim.EffectRestore]).To(BeZero(), "Bob restored for Nina")
	})

	It("is that a deleted administrator is restored by whoever may edit", func(ctx context.Context) {
		tenant := w.tenant(ctx)
		tenant.Spec.Safeguards.Protected = []v1alpha1.ProtectedEntry{{User: upnAdmin}}
		Expect(api.Update(ctx, tenant)).To(Succeed())
		w.mustSync(ctx)
		id := w.id(upnAdmin)
		Expect(w.sim.DeleteUser(w.tenantID, id)).To(Succeed())
		w.mustSync(ctx)
		x := w.declare(ctx, upnAdmin, starter, func(s *v1alpha1.ManagedUserSpec) { s.ID = id; s.Applications = nil; s.Manager = nil })
		_, _ = w.pass(ctx, x)
		Expect(w.sim.Counters(w.tenantID).UserEffects[id][graphsim.EffectRestore]).To(BeZero(), "an administrator restored")
	})

	It("is that a manager who comes a second later is noticed hours later", func(ctx context.Context) {
		zoe := w.declare(ctx, "zoe.boss@contoso.com", starter, func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil; s.Manager = nil })
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil; s.Manager = ptr.To("zoe.boss@contoso.com") })
		res := w.mustPass(ctx, nina)
		var woken []string
		w.inventory.Subscribe(w.users.wakeChanged)
		w.mustPass(ctx, zoe)
		w.mustSync(ctx)
		w.mustSync(ctx)
		_ = woken
		Expect(res.RequeueAfter).To(BeNumerically("<", time.Hour))
	})

	It("is that a protected account is renamed", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice)
		tenant := w.tenant(ctx)
		tenant.Spec.Safeguards.Protected = []v1alpha1.ProtectedEntry{{User: upnAlice}}
		Expect(api.Update(ctx, tenant)).To(Succeed())
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) { s.UserPrincipalName = "x@contoso.com" })
		w.mustPass(ctx, alice)
		Expect(alice.Status.UserPrincipalName).To(Equal(upnAlice))
	})

	It("is that a start long past opens who was blocked by others", func(ctx context.Context) {
		w.outsider(upnAlice, map[string]any{"accountEnabled": false})
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, func(s *v1alpha1.ManagedUserSpec) {
			s.StartAt = ptr.To(metav1.NewTime(w.clock.Now().Add(-300 * 24 * time.Hour)))
		})
		w.mustPass(ctx, alice)
		Expect(w.state(upnAlice)).To(HaveKeyWithValue("accountEnabled", false))
	})

	It("is that a credential is missed for ever that was used", func(ctx context.Context) {
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil })
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.clock.Step(8 * 24 * time.Hour)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.clock.Step(time.Hour)
		Expect(w.sim.ChangePassword(w.tenantID, upnNew)).To(Succeed())
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(condition(nina, v1alpha1.ConditionFirstSignIn)).To(BeEmpty())
	})

	It("is that somebody is deleted again who was brought back", func(ctx context.Context) {
		id := w.id(upnAlice)
		alice := w.declare(ctx, upnAlice, onDeletion(v1alpha1.DeletionPolicyDelete))
		w.mustPass(ctx, alice)
		Expect(api.Delete(ctx, alice)).To(Succeed())
		w.mustPass(ctx, alice)
		w.clock.Step(16 * time.Minute)
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Method: "DELETE", After: true, Count: 1})
		Expect(err).NotTo(HaveOccurred())
		_, err = w.pass(ctx, alice)
		Expect(err).To(HaveOccurred())
		Expect(w.sim.RestoreUser(w.tenantID, id)).To(Succeed())
		w.clock.Step(10 * time.Minute)
		w.restart()
		w.mustSync(ctx)
		_, _ = w.users.Reconcile(ctx, alice.DeepCopy())
		Expect(w.sim.Counters(w.tenantID).UserEffects[id][graphsim.EffectDelete]).To(BeEquivalentTo(1))
	})

	It("is that the credential of an account which was refused for long goes at once", func(ctx context.Context) {
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Status: 403, Code: "Authorization_RequestDenied", Method: "POST", Path: "/users", Count: 1})
		Expect(err).NotTo(HaveOccurred())
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil })
		_, _ = w.pass(ctx, nina)
		w.clock.Step(8 * 24 * time.Hour)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(nina.Status.ID).NotTo(BeEmpty())
		Expect(w.secrets(ctx)).To(HaveLen(1), "the password of an account made just now")
	})
})
