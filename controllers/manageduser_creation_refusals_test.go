package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// unmade is a reason for which an account is not made.
type unmade struct {
	upn     string
	arrange func(context.Context, *world)
	reason  v1alpha1.Reason
	says    string
	later   time.Duration
}

var _ = DescribeTable("an account that is not made",
	func(ctx context.Context, u unmade) {
		w := newWorld(ctx, staffed, func(spec *graphsim.TenantSpec) {
			spec.Domains = append(spec.Domains, graphsim.DomainSpec{Name: "contoso.example", Unverified: true})
		})
		w.grantSecrets(ctx)
		w.mustSync(ctx)
		u.arrange(ctx, w)
		accounts := len(w.dump().Users)
		nina := w.declare(ctx, u.upn, starter)
		again := func() {
			GinkgoHelper()
			res := w.mustPass(ctx, nina)
			Expect(condition(nina, v1alpha1.ConditionAccount)).To(Equal("False/"+string(u.reason)), message(nina, v1alpha1.ConditionAccount))
			Expect(message(nina, v1alpha1.ConditionAccount)).To(ContainSubstring(u.says))
			Expect(condition(nina, v1alpha1.ConditionReady)).To(Equal("False/" + string(u.reason)))
			Expect(nina.Status.PendingChanges).To(ConsistOf(HaveField("Action", "CreateAccount")))
			Expect(res.RequeueAfter).To(Equal(u.later))
			Expect(nina.Status.ID).To(BeEmpty())
			Expect(nina.Status.Records).To(BeEmpty(), "an attempt that certainly failed is forgotten")
			Expect(w.dump().Users).To(HaveLen(accounts))
			Expect(w.secrets(ctx)).To(HaveLen(1), "one password, for the next attempt")
		}
		again()
		password := w.secrets(ctx)[0].Data["password"]
		w.clock.Step(6 * time.Hour)
		w.mustSync(ctx)
		w.eventReasons()
		before, writes := nina.Status.DeepCopy(), w.sim.Counters("").Writes
		again()
		Expect(&nina.Status).To(BeComparableTo(before))
		Expect(w.eventReasons()).To(BeEmpty())
		Expect(w.sim.Counters("").Writes-writes).To(BeEquivalentTo(1), "tried once again")
		Expect(w.secrets(ctx)[0].Data["password"]).To(Equal(password))
	},
	Entry("since the tenant is full", unmade{
		upn: upnNew, arrange: func(_ context.Context, w *world) { Expect(w.sim.SetQuota(w.tenantID, 1)).To(Succeed()) },
		reason: v1alpha1.ReasonConflict, says: "quota", later: hours,
	}),
	Entry("in a domain that is not verified", unmade{
		upn: "nina.new@contoso.example", arrange: func(context.Context, *world) {},
		reason: v1alpha1.ReasonInvalidSpec, says: "correct the manifest", later: hours,
	}),
	Entry("since somebody takes the name at that moment", unmade{
		upn: upnNew, arrange: answering("POST", "/users", 409, "Request_MultipleObjectsWithSameKeyValue"),
		reason: v1alpha1.ReasonConflict, says: "same name", later: hours,
	}),
	Entry("since Microsoft 365 does not like the password", unmade{
		upn: upnNew, arrange: answering("POST", "/users", 400, "Request_BadRequest"),
		reason: v1alpha1.ReasonInvalidSpec, says: "Request_BadRequest", later: hours,
	}),
	Entry("since the permission is missing", unmade{
		upn: upnNew, arrange: func(ctx context.Context, w *world) { w.consent(ctx, false, "User.ReadWrite.All") },
		reason: v1alpha1.ReasonAccessDenied, says: "permission", later: hours,
	}),
)

var _ = DescribeTable("an account that is not restored",
	func(ctx context.Context, arrange func(context.Context, *world, string), reason v1alpha1.Reason, says string) {
		w := newWorld(ctx, staffed)
		w.grantSecrets(ctx)
		id, err := w.sim.AddUser(w.tenantID, account(upnNew, "Nina Old"))
		Expect(err).NotTo(HaveOccurred())
		Expect(w.sim.DeleteUser(w.tenantID, id)).To(Succeed())
		tenant := w.tenant(ctx)
		tenant.Spec.Safeguards.Privileged = []string{id}
		Expect(api.Update(ctx, tenant)).To(Succeed())
		w.mustSync(ctx)
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.ID, s.AllowPrivileged = id, true })
		arrange(ctx, w, id)
		for range 2 {
			writes := w.sim.Counters("").Writes
			res := w.mustPass(ctx, nina)
			Expect(condition(nina, v1alpha1.ConditionAccount)).To(Equal("False/"+string(reason)), message(nina, v1alpha1.ConditionAccount))
			Expect(message(nina, v1alpha1.ConditionAccount)).To(ContainSubstring(says))
			Expect(res.RequeueAfter).To(Equal(hours))
			Expect(nina.Status.PendingChanges).To(ConsistOf(HaveField("Action", "RestoreAccount")))
			Expect(nina.Status.Records).To(BeEmpty())
			Expect(w.secrets(ctx)).To(BeEmpty(), "whoever comes back has a password")
			Expect(w.sim.Counters("").Writes - writes).To(BeEquivalentTo(1))
			w.clock.Step(6 * time.Hour)
		}
		Expect(w.sim.Counters(w.tenantID).UserEffects[id][graphsim.EffectRestore]).To(BeZero())
	},
	Entry("since its name was taken meanwhile", func(_ context.Context, w *world, _ string) {
		_, err := w.sim.AddUser(w.tenantID, account(upnNew, "Nina Next"))
		Expect(err).NotTo(HaveOccurred())
	}, v1alpha1.ReasonConflict, "same name"),
	Entry("since the permission is missing", func(ctx context.Context, w *world, _ string) {
		w.consent(ctx, false, "User.DeleteRestore.All", "User.ReadWrite.All")
	}, v1alpha1.ReasonAccessDenied, "permission"),
)

var _ = DescribeTable("a temporary access pass that is not issued leaves the account as declared",
	func(ctx context.Context, arrange func(context.Context, *world), reason v1alpha1.Reason, says string) {
		w := newWorld(ctx, staffed)
		w.grantSecrets(ctx)
		w.mustSync(ctx)
		arrange(ctx, w)
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) {
			s.FirstSignIn = v1alpha1.FirstSignInTemporaryAccessPass
		})
		for range 2 { // the application's role needs a second
			w.mustPass(ctx, nina)
			w.mustSync(ctx)
		}
		w.clock.Step(40 * time.Hour) // the account is not new any more, nor to the report of registrations
		var before *v1alpha1.ManagedUserStatus
		for range 3 {
			w.mustSync(ctx)
			res := w.mustPass(ctx, nina)
			Expect(condition(nina, v1alpha1.ConditionFirstSignIn)).To(Equal("False/"+string(reason)), message(nina, v1alpha1.ConditionFirstSignIn))
			Expect(message(nina, v1alpha1.ConditionFirstSignIn)).To(ContainSubstring(says))
			Expect(condition(nina, v1alpha1.ConditionReady)).To(Equal("False/" + string(reason)))
			Expect(res.RequeueAfter).To(Equal(hours))
			if before != nil {
				Expect(attemptless(&nina.Status)).To(BeComparableTo(attemptless(before)))
			}
			before = nina.Status.DeepCopy()
		}
		Expect(w.groupsOf(upnNew)).To(ConsistOf("Sales", "Marketing"))
		Expect(w.skusOf(upnNew)).To(ConsistOf("SPB"))
		Expect(w.appRolesOf(upnNew)).To(ConsistOf("MSPortal/Portal.Manager"))
		Expect(w.secrets(ctx)).To(BeEmpty())
		Expect(w.effects(upnNew, graphsim.EffectCreate)).To(BeEquivalentTo(1))

		By("issuing it once it may be")
		Expect(w.sim.SetTemporaryAccessPassPolicy(w.tenantID, graphsim.TemporaryAccessPassPolicy{Enabled: true})).To(Succeed())
		w.consent(ctx, false)
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(w.secret(ctx, nina).Data).To(HaveKey("temporaryAccessPass"))
		Expect(w.effects(upnNew, graphsim.EffectTemporaryAccessPass)).To(BeEquivalentTo(1))
		w.settles(ctx, nina)
	},
	Entry("since the policy forbids it", func(_ context.Context, w *world) {
		Expect(w.sim.SetTemporaryAccessPassPolicy(w.tenantID, graphsim.TemporaryAccessPassPolicy{})).To(Succeed())
	}, v1alpha1.ReasonNotWritable, "authentication methods policy"),
	Entry("since the permission is missing", func(ctx context.Context, w *world) {
		w.consent(ctx, false, "UserAuthenticationMethod.ReadWrite.All")
	}, v1alpha1.ReasonAccessDenied, "permission"),
)

var _ = DescribeTable("an account that is not ended keeps its object",
	func(ctx context.Context, policy v1alpha1.DeletionPolicy, facet string, without []string) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		w.clock.SetTime(time.Now()) //nolint:forbidigo // deletion timestamps are the API server's
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, onDeletion(policy))
		w.mustPass(ctx, alice)
		w.consent(ctx, false, without...)
		Expect(api.Delete(ctx, alice)).To(Succeed())
		w.mustPass(ctx, alice) // held
		w.clock.Step(16 * time.Minute)
		for range 2 {
			writes := w.sim.Counters("").Writes
			res := w.mustPass(ctx, alice)
			Expect(condition(alice, facet)).To(Equal("False/AccessDenied"), message(alice, facet))
			Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("False/AccessDenied"))
			Expect(res.RequeueAfter).To(Equal(hours))
			Expect(alice.Finalizers).To(ConsistOf(v1alpha1.AccountFinalizer))
			Expect(w.sim.Counters("").Writes - writes).To(BeEquivalentTo(1))
			w.clock.Step(6 * time.Hour)
			w.mustSync(ctx)
		}
		Expect(w.state(upnAlice)).To(HaveKeyWithValue("accountEnabled", true))
		w.consent(ctx, false)
		_, err := w.users.Reconcile(ctx, alice.DeepCopy())
		Expect(err).NotTo(HaveOccurred())
		Expect(w.object(ctx, alice)).To(BeFalse(), "done once it may be")
	},
	Entry("by deletion", v1alpha1.DeletionPolicyDelete, v1alpha1.ConditionAccount, []string{"User.DeleteRestore.All", "User.ReadWrite.All"}),
	Entry("by suspension", v1alpha1.DeletionPolicySuspend, v1alpha1.ConditionSignIn, []string{"User.EnableDisableAccount.All", "User.ReadWrite.All"}),
)
