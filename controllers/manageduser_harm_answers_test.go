package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("what must not happen to answers that are lost", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx, staffed)
		w.grantSecrets(ctx)
		w.mustSync(ctx)
		w.clock.SetTime(time.Now()) //nolint:forbidigo // deletion timestamps are the API server's
		w.mustSync(ctx)
	})
	lose := func(method, path string, after bool) {
		GinkgoHelper()
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Method: method, Path: path, Count: 1, After: after})
		Expect(err).NotTo(HaveOccurred())
	}

	It("is that the object goes though the sessions were never revoked", func(ctx context.Context) {
		id := w.id(upnAlice)
		alice := w.declare(ctx, upnAlice, onDeletion(v1alpha1.DeletionPolicySuspend))
		w.mustPass(ctx, alice)
		Expect(api.Delete(ctx, alice)).To(Succeed())
		w.mustPass(ctx, alice)
		w.clock.Step(16 * time.Minute)
		lose("POST", "/users/{id}/revokeSignInSessions", false)
		_, _ = w.pass(ctx, alice)
		for range 4 {
			w.clock.Step(70 * time.Second)
			if err := api.Get(ctx, clientKey(alice), alice); err != nil {
				break
			}
			_, _ = w.users.Reconcile(ctx, alice.DeepCopy())
		}
		Expect(w.sim.Counters(w.tenantID).UserEffects[id][graphsim.EffectRevoke]).To(BeEquivalentTo(1), "revoked")
	})

	It("is that the object goes though somebody had opened the account", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, suspended(true), onDeletion(v1alpha1.DeletionPolicySuspend))
		w.mustPass(ctx, alice)
		w.clock.Step(20 * time.Minute)
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(api.Delete(ctx, alice)).To(Succeed())
		w.mustPass(ctx, alice)
		w.clock.Step(16 * time.Minute)
		w.mustSync(ctx)
		w.outsider(upnAlice, map[string]any{"accountEnabled": true})
		w.clock.Step(30 * time.Second)
		Expect(api.Get(ctx, clientKey(alice), alice)).To(Succeed())
		_, _ = w.users.Reconcile(ctx, alice.DeepCopy())
		Expect(w.state(upnAlice)).To(HaveKeyWithValue("accountEnabled", false))
	})

	It("is that its own account is taken for a stranger's after an edit", func(ctx context.Context) {
		lose("POST", "/users", true)
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil })
		_, err := w.pass(ctx, nina)
		Expect(err).To(HaveOccurred())
		w.edit(ctx, nina, func(s *v1alpha1.ManagedUserSpec) { s.Profile.JobTitle = ptr.To("Clerk") })
		w.clock.Step(2 * time.Minute)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(nina.Status.ID).NotTo(BeEmpty())
	})

	It("is that an account made under the name before is abandoned", func(ctx context.Context) {
		lose("POST", "/users", true)
		nina := w.declare(ctx, "nina.typo@contoso.com", starter, func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil })
		_, err := w.pass(ctx, nina)
		Expect(err).To(HaveOccurred())
		w.edit(ctx, nina, func(s *v1alpha1.ManagedUserSpec) { s.UserPrincipalName = upnNew })
		w.mustPass(ctx, nina)
		_, a := w.sim.User(w.tenantID, "nina.typo@contoso.com")
		_, b := w.sim.User(w.tenantID, upnNew)
		Expect(a != nil || b != nil).To(BeTrue(), "two accounts, both enabled, with the same password")
	})

	It("is that a name declared after a lost request is not looked at", func(ctx context.Context) {
		lose("POST", "/users", false)
		nina := w.declare(ctx, "nina.typo@contoso.com", starter, func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil })
		_, err := w.pass(ctx, nina)
		Expect(err).To(HaveOccurred())
		_, err = w.sim.AddUser(w.tenantID, account(upnNew, "Nina Before"))
		Expect(err).NotTo(HaveOccurred())
		w.edit(ctx, nina, func(s *v1alpha1.ManagedUserSpec) { s.UserPrincipalName = upnNew })
		w.clock.Step(2 * time.Minute)
		w.mustPass(ctx, nina)
		Expect(nina.Status.ID).To(Equal(w.id(upnNew)), "the account of this name, which was there before")
		Expect(w.sim.Counters("").ByPath["POST /users"]).To(BeEquivalentTo(1), "the request that was lost")
		Expect(w.secrets(ctx)).To(BeEmpty(), "its password is nobody's")
	})

	It("is that the password of an account is lost which a slow replica did not show", func(ctx context.Context) {
		quirks = graphsim.Quirks{ReadLag: 3 * time.Minute, ReadStale: 1}
		defer func() { quirks = graphsim.Quirks{} }()
		w := newWorld(ctx, staffed)
		w.grantSecrets(ctx)
		w.mustSync(ctx)
		w.clock.Step(10 * time.Minute)
		w.mustSync(ctx)
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Method: "POST", Path: "/users", Count: 1, After: true})
		Expect(err).NotTo(HaveOccurred())
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil })
		_, err = w.pass(ctx, nina)
		Expect(err).To(HaveOccurred())
		w.clock.Step(70 * time.Second)
		_, _ = w.pass(ctx, nina)
		w.clock.Step(5 * time.Minute)
		w.mustSync(ctx)
		_, _ = w.pass(ctx, nina)
		Expect(w.secrets(ctx)).To(HaveLen(1), "the only copy of the password")
	})

	It("is that a licence stays which a replica did not show when its time was up", func(ctx context.Context) {
		quirks = graphsim.Quirks{ReadLag: 30 * time.Second, ReadStale: 1}
		defer func() { quirks = graphsim.Quirks{} }()
		w := newWorld(ctx, staffed, func(spec *graphsim.TenantSpec) {
			for _, user := range spec.Users {
				user["usageLocation"] = "DE"
			}
		})
		w.touchable(ctx, upnAlice)
		w.mustSync(ctx)
		w.outsider(upnAlice, map[string]any{"jobTitle": "Clerk"}) // unread as yet: a replica's account is no echo
		w.clock.Step(40 * time.Second)
		until := metav1.NewTime(w.clock.Now().Add(20 * time.Second))
		alice := w.declare(ctx, upnAlice, licensed("SPB"), func(s *v1alpha1.ManagedUserSpec) { s.Licenses[0].Until = &until })
		w.mustPass(ctx, alice)
		Expect(w.skusOf(upnAlice)).To(ConsistOf("SPB"))

		By("reading it in the changes, and no more where its end is carried out")
		w.clock.Step(10 * time.Second)
		_, _, err := w.sync(ctx)
		Expect(err).NotTo(HaveOccurred())
		w.mustPass(ctx, alice)
		w.clock.Step(10 * time.Second)
		res := w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionLicenses)).To(Equal("Unknown/Waiting"), message(alice, v1alpha1.ConditionLicenses))
		Expect(message(alice, v1alpha1.ConditionLicenses)).To(ContainSubstring("is being read back"))
		Expect(res.RequeueAfter).To(And(BeNumerically(">", 0), BeNumerically("<=", 40*time.Second)))

		w.clock.Step(40 * time.Second)
		w.mustPass(ctx, alice)
		Expect(w.skusOf(upnAlice)).To(BeEmpty())
		Expect(alice.Status.Claims).To(BeEmpty())
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		w.settles(ctx, alice)
	})

	It("is that the first reading of a new account is taken for the revocation of its sessions", func(ctx context.Context) {
		lose("POST", "/users/{id}/revokeSignInSessions", false)
		nina := w.declare(ctx, upnNew, starter, suspended(true), func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil })
		_, _ = w.pass(ctx, nina)
		for range 3 {
			w.mustSync(ctx)
			_, _ = w.pass(ctx, nina)
		}
		Expect(w.effects(upnNew, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
	})

	It("is that nobody looks whether a removal was made", func(ctx context.Context) {
		w := newWorld(ctx, staffed)
		w.touchable(ctx, upnAlice)
		w.clock.Step(10 * time.Minute)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, portal("MSPortal", "User"))
		w.mustPass(ctx, alice)
		for range 3 {
			w.mustSync(ctx)
		}
		w.clock.Step(20 * time.Minute) // the application was read since
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		_, err := w.sim.AddFault(graphsim.Fault{
			Kind: graphsim.FaultReset, Method: "DELETE", Path: "/users/{id}/appRoleAssignments/{assignment}", Count: 1, After: true,
		})
		Expect(err).NotTo(HaveOccurred())
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) { s.Applications = []v1alpha1.ApplicationEntry{} })
		_, err = w.pass(ctx, alice)
		Expect(err).To(HaveOccurred())
		Expect(w.appRolesOf(upnAlice)).To(BeEmpty())

		w.restart()
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(alice.Status.Claims).NotTo(BeEmpty(), "what another process gave may not show yet")
		w.clock.Step(time.Minute)
		w.mustPass(ctx, alice)
		Expect(alice.Status.Claims).NotTo(BeEmpty(), "what is known was read before")
		Expect(condition(alice, v1alpha1.ConditionApplications)).To(Equal("Unknown/Waiting"))
		_, _, err = w.sync(ctx)
		Expect(err).NotTo(HaveOccurred())
		w.mustPass(ctx, alice)
		Expect(alice.Status.Claims).To(BeEmpty())
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(alice, v1alpha1.ConditionReady))
		w.settles(ctx, alice)
	})

	DescribeTable("is that what was given a moment ago stays although it was taken off the list",
		func(ctx context.Context, listed, none func(*v1alpha1.ManagedUserSpec), held func(*world) int) {
			quirks = graphsim.Quirks{ReadLag: time.Minute, ReadStale: 1}
			defer func() { quirks = graphsim.Quirks{} }()
			w := newWorld(ctx, staffed)
			w.touchable(ctx, upnAlice)
			w.users.AllowRoleGrants = true
			w.clock.Step(10 * time.Minute)
			w.mustSync(ctx)
			alice := w.declare(ctx, upnAlice, mayHoldRoles, listed)
			w.mustPass(ctx, alice)
			w.clock.Step(2 * time.Minute)
			w.mustSync(ctx)
			w.mustPass(ctx, alice)
			Expect(held(w)).To(Equal(1))
			w.edit(ctx, alice, none)
			w.mustPass(ctx, alice)
			w.edit(ctx, alice, listed)
			w.mustPass(ctx, alice) // replicas do not show it yet
			w.edit(ctx, alice, none)
			w.mustPass(ctx, alice)
			for range 2 {
				w.clock.Step(2 * time.Minute)
				w.mustSync(ctx)
				w.mustPass(ctx, alice)
			}
			Expect(held(w)).To(BeZero())
			Expect(alice.Status.Claims).To(BeEmpty())
			Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(alice, v1alpha1.ConditionReady))
		},
		Entry("an application's role", portal("MSPortal", "User"),
			func(s *v1alpha1.ManagedUserSpec) { s.Applications = []v1alpha1.ApplicationEntry{} },
			func(w *world) int { return len(w.appRolesOf(upnAlice)) }),
		Entry("a directory role", holdsRoles(roleReader), holdsRoles(),
			func(w *world) int { return len(w.rolesOf(upnAlice)) }),
	)
})

func clientKey(u *v1alpha1.ManagedUser) types.NamespacedName {
	return types.NamespacedName{Namespace: u.Namespace, Name: u.Name}
}
