package controllers

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("a person", func() {
	var w *world
	BeforeEach(func(ctx context.Context) { w = newWorld(ctx) })

	It("is waited for until the tenant has been read", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, suspended(true))
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("Unknown/Waiting"))
		Expect(condition(alice, v1alpha1.ConditionReconciling)).To(Equal("True/Waiting"))
		before := alice.ResourceVersion
		w.mustPass(ctx, alice)
		Expect(alice.ResourceVersion).To(Equal(before))
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
	})

	It("keeps what was last seen after a restart, until the tenant has been read again", func(ctx context.Context) {
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		w.restart()
		w.edit(ctx, alice, suspended(true))
		before := alice.ResourceVersion
		w.mustPass(ctx, alice)
		Expect(alice.ResourceVersion).To(Equal(before))
		Expect(w.sim.Counters("").Writes).To(BeZero())
	})

	It("is told when there is no Tenant of that name", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, func(s *v1alpha1.ManagedUserSpec) { s.TenantRef.Name = "nobody" })
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("Unknown/Waiting"))
		Expect(message(alice, v1alpha1.ConditionReady)).To(ContainSubstring(`"nobody"`))
	})

	It("is described in full", func(ctx context.Context) {
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		st := alice.Status
		Expect(st.ID).To(Equal(w.id(upnAlice)))
		Expect(st.DisplayName).To(Equal("Alice Adams"))
		Expect(st.JobTitle).To(Equal("Accountant"))
		Expect(st.Department).To(Equal("Finance"))
		Expect(st.Mail).To(Equal(upnAlice))
		Expect(st.AccountType).To(Equal(v1alpha1.AccountPerson))
		Expect(st.Source).To(Equal(v1alpha1.SourceGraph))
		Expect(st.MFA.State).To(Equal(v1alpha1.MFARegistered))
		Expect(st.MFA.Methods).To(ConsistOf("microsoftAuthenticatorPush"))
		Expect(st.Admin).To(Equal(v1alpha1.False))
		Expect(st.Licensed).To(Equal(v1alpha1.False))
		Expect(st.Sync).To(Equal(v1alpha1.SyncInSync))

		admin := w.declare(ctx, upnAdmin)
		w.mustPass(ctx, admin)
		Expect(admin.Status.Admin).To(Equal(v1alpha1.True))
		Expect(admin.Status.Roles).To(ConsistOf(v1alpha1.RoleStatus{
			Name: "Helpdesk Administrator", Scope: "/", Path: v1alpha1.RoleDirect,
		}))
		w.settles(ctx, alice, admin)
	})

	It("is not found, until somebody makes the account", func(ctx context.Context) {
		w.mustSync(ctx)
		carol := w.declare(ctx, "carol@contoso.com")
		w.mustPass(ctx, carol)
		Expect(condition(carol, v1alpha1.ConditionReady)).To(Equal("False/NotFound"))
		Expect(carol.Status.State).To(Equal(v1alpha1.StateNotFound))
		w.settles(ctx, carol)

		_, err := w.sim.AddUser(w.tenantID, account("carol@CONTOSO.com", "Carol Clark"))
		Expect(err).NotTo(HaveOccurred())
		w.mustSync(ctx)
		w.mustPass(ctx, carol)
		Expect(condition(carol, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
	})

	It("stays the same person when the name goes to somebody else", func(ctx context.Context) {
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		id := alice.Status.ID
		w.outsider(upnAlice, map[string]any{"userPrincipalName": "alice.old@contoso.com"})
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		Expect(message(alice, v1alpha1.ConditionReady)).To(ContainSubstring("renamed elsewhere"))
		Expect(alice.Status.UserPrincipalName).To(Equal("alice.old@contoso.com"))
		w.settles(ctx, alice)

		w.outsider(upnBob, map[string]any{"userPrincipalName": upnAlice})
		w.mustSync(ctx)
		w.edit(ctx, alice, suspended(true))
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("False/DifferentPerson"))
		Expect(alice.Status.ID).To(Equal(id))
		Expect(w.sim.Counters("").Writes).To(BeZero())
		w.settles(ctx, alice)
	})

	It("is told from another by spec.id", func(ctx context.Context) {
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, suspended(true), func(s *v1alpha1.ManagedUserSpec) { s.ID = w.id(upnBob) })
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("False/DifferentPerson"))
		Expect(w.sim.Counters("").Writes).To(BeZero())

		bob := w.declare(ctx, upnBob)
		w.mustPass(ctx, bob)
		w.edit(ctx, bob, func(s *v1alpha1.ManagedUserSpec) { s.ID = w.id(upnAdmin) })
		w.mustPass(ctx, bob)
		Expect(condition(bob, v1alpha1.ConditionReady)).To(Equal("False/DifferentPerson"))
	})

	It("belongs to the older of two objects", func(ctx context.Context) {
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		twin := alice.DeepCopy()
		twin.Name, twin.ResourceVersion, twin.UID = "zz-twin", "", ""
		twin.Spec.Suspended = alice.Spec.Suspended
		Expect(api.Create(ctx, twin)).To(Succeed())
		w.edit(ctx, twin, suspended(true))
		w.mustPass(ctx, twin)
		Expect(condition(twin, v1alpha1.ConditionReady)).To(Equal("False/Duplicate"))
		Expect(message(twin, v1alpha1.ConditionReady)).To(ContainSubstring(`"alice"`))
		Expect(w.sim.Counters("").Writes).To(BeZero())

		Expect(w.users.siblings(ctx, alice)).To(ContainElement(HaveField("Name", "zz-twin")), "woken when the older goes")
		Expect(api.Delete(ctx, alice)).To(Succeed())
		w.mustPass(ctx, twin)
		Expect(twin.Status.State).To(Equal(v1alpha1.StateSuspended))
	})

	It("is told when the account was deleted, and when it is back", func(ctx context.Context) {
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, suspended(false))
		w.mustPass(ctx, alice)
		id := w.id(upnAlice)
		Expect(w.sim.DeleteUser(w.tenantID, upnAlice)).To(Succeed())
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateDeleted))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("False/NotFound"))
		w.settles(ctx, alice)

		Expect(w.sim.RestoreUser(w.tenantID, id)).To(Succeed())
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateActive))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
	})

	It("is left alone while paused, and when the object goes", func(ctx context.Context) {
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, suspended(true), func(s *v1alpha1.ManagedUserSpec) { s.Paused = true })
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("False/Paused"))
		w.settles(ctx, alice)
		Expect(api.Delete(ctx, alice)).To(Succeed())
		Expect(client.IgnoreNotFound(api.Get(ctx, client.ObjectKeyFromObject(alice), alice))).To(Succeed())
		Expect(w.sim.Counters("").Writes).To(BeZero())
	})

	It("is read at once when somebody asks, with the age of each feed", func(ctx context.Context) {
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		w.outsider(upnAlice, map[string]any{"department": "Sales"})
		alice.Annotations = map[string]string{v1alpha1.RequestedAtAnnotation: "now-1"}
		Expect(api.Update(ctx, alice)).To(Succeed())
		reads := w.sim.Counters("").ByPath["GET /users/{id}"]
		w.mustPass(ctx, alice)
		Expect(alice.Status.Department).To(Equal("Sales"))
		Expect(alice.Status.LastHandledReconcileAt).To(Equal("now-1"))
		Expect(alice.Status.Feeds).To(ContainElement(SatisfyAll(HaveField("Name", "users"), HaveField("AsOf", Not(BeNil())))))
		Expect(w.sim.Counters("").ByPath["GET /users/{id}"]).To(Equal(reads + 1))
		w.settles(ctx, alice)
	})

	It("has no MFA state where it does not apply or cannot be known", func(ctx context.Context) {
		for upn, properties := range map[string]map[string]any{
			"guest_other.com#EXT#@contoso.com": account("guest_other.com#EXT#@contoso.com", "Gina Guest", "userType", "Guest"),
			"blocked@contoso.com":              account("blocked@contoso.com", "Blocked", "accountEnabled", false),
			"new@contoso.com":                  account("new@contoso.com", "New", "accountEnabled", true),
		} {
			_, err := w.sim.AddUser(w.tenantID, properties)
			Expect(err).NotTo(HaveOccurred(), upn)
		}
		w.mustSync(ctx)
		state := func(name, upn string) string {
			user := w.declare(ctx, name+"@contoso.com", func(s *v1alpha1.ManagedUserSpec) { s.UserPrincipalName = upn })
			w.mustPass(ctx, user)
			Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
			return string(user.Status.MFA.State) + "/" + string(user.Status.MFA.Reason)
		}
		Expect(state("guest", "guest_other.com#EXT#@contoso.com")).To(Equal("NotApplicable/Guest"))
		Expect(state("blocked", "blocked@contoso.com")).To(Equal("NotApplicable/SignInBlocked"))
	})

	It("has an unknown MFA state in a tenant without P1, and is Ready", func(ctx context.Context) {
		w = newWorld(ctx, func(t *graphsim.TenantSpec) {
			t.SKUs = []graphsim.SKUSpec{{PartNumber: "O365_BUSINESS_ESSENTIALS", Enabled: 10}}
		})
		tenant := w.mustSync(ctx)
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		Expect(tenant.Status.Feeds).To(ContainElement(SatisfyAll(
			HaveField("Name", "registrations"), HaveField("Reason", "PremiumRequired"))))
		Expect(tenant.Status.Users.MFARegistered).To(BeNil(), "none would read as nobody")
		Expect(tenant.Status.Users.MFANotRegistered).To(BeNil())
		alice := w.declare(ctx, upnAlice, suspended(true))
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		bob := w.declare(ctx, upnBob)
		w.mustPass(ctx, bob)
		Expect(bob.Status.MFA.State).To(Equal(v1alpha1.MFAUnknown))
		Expect(bob.Status.MFA.Reason).To(Equal(v1alpha1.MFAReasonPremiumRequired))
		Expect(condition(bob, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		w.settles(ctx, alice, bob)
	})
})
