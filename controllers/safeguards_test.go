package controllers

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("safeguards", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx, func(t *graphsim.TenantSpec) {
			t.Groups = []graphsim.GroupSpec{{DisplayName: "Board", Members: []string{upnBob}}}
		})
	})
	guard := func(ctx context.Context, change func(*v1alpha1.Safeguards)) *v1alpha1.Tenant {
		GinkgoHelper()
		tenant := w.tenant(ctx)
		change(&tenant.Spec.Safeguards)
		Expect(api.Update(ctx, tenant)).To(Succeed())
		return w.mustSync(ctx)
	}
	refused := func(ctx context.Context, user *v1alpha1.ManagedUser, because string) {
		GinkgoHelper()
		w.mustPass(ctx, user)
		Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("False/Protected"))
		Expect(condition(user, v1alpha1.ConditionStalled)).To(Equal("True/Protected"))
		Expect(message(user, v1alpha1.ConditionReady)).To(ContainSubstring(because))
		Expect(user.Status.Sync).To(Equal(v1alpha1.SyncBlocked))
		Expect(user.Status.PendingChanges).NotTo(BeEmpty())
		Expect(w.sim.Counters("").Writes).To(BeZero())
	}
	listed := func(upns ...string) func(*v1alpha1.Safeguards) {
		return func(s *v1alpha1.Safeguards) { s.Privileged = upns }
	}
	allowed := func(s *v1alpha1.ManagedUserSpec) { s.AllowPrivileged = true }

	It("protect an account under whatever name", func(ctx context.Context) {
		guard(ctx, func(s *v1alpha1.Safeguards) { s.Protected = []v1alpha1.ProtectedEntry{{User: "ALICE@contoso.com"}} })
		alice := w.declare(ctx, upnAlice, suspended(true))
		refused(ctx, alice, "is protected")
		w.settles(ctx, alice)

		w.outsider(upnAlice, map[string]any{"userPrincipalName": "renamed@contoso.com"})
		w.outsider(upnBob, map[string]any{"userPrincipalName": upnAlice})
		w.mustSync(ctx)
		renamed := w.declare(ctx, "renamed@contoso.com", suspended(true))
		Expect(api.Delete(ctx, alice)).To(Succeed())
		refused(ctx, renamed, "is protected")
	})

	It("protect the members of a group", func(ctx context.Context) {
		guard(ctx, func(s *v1alpha1.Safeguards) { s.Protected = []v1alpha1.ProtectedEntry{{Group: "Board"}} })
		bob := w.declare(ctx, upnBob)
		w.mustPass(ctx, bob)
		w.edit(ctx, bob, forced(true))
		refused(ctx, bob, "is protected")
		alice := w.declare(ctx, upnAlice, suspended(true))
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
		w.settles(ctx, alice, bob)
	})

	It("let nothing disruptive happen while an entry is unresolved", func(ctx context.Context) {
		tenant := guard(ctx, func(s *v1alpha1.Safeguards) {
			s.Protected = []v1alpha1.ProtectedEntry{{User: "typo@contoso.com"}, {Group: "No Such"}}
		})
		Expect(condition(tenant, v1alpha1.ConditionSafeguardsReady)).To(Equal("False/Unresolved"))
		Expect(message(tenant, v1alpha1.ConditionSafeguardsReady)).To(ContainSubstring("typo@contoso.com, No Such"))
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("False/Unresolved"))
		alice := w.declare(ctx, upnAlice, suspended(true))
		refused(ctx, alice, "SafeguardsReady")

		tenant = guard(ctx, func(s *v1alpha1.Safeguards) { s.Protected = nil })
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
	})

	It("touch an administrator only where both say so", func(ctx context.Context) {
		w.mustSync(ctx)
		admin := w.declare(ctx, upnAdmin, suspended(true))
		refused(ctx, admin, "list it in the Tenant's spec.safeguards.privileged and set spec.allowPrivileged")
		guard(ctx, listed(upnAdmin))
		refused(ctx, admin, "set spec.allowPrivileged")
		w.edit(ctx, admin, allowed)
		Expect(w.sim.SetGrant(w.tenantID, graphsim.Grant{
			ClientID: w.sim.ClientID(), Permissions: graphsim.DefaultPermissions(), DirectoryRoles: []string{"Global Administrator"},
		})).To(Succeed())
		w.mustPass(ctx, admin)
		Expect(admin.Status.State).To(Equal(v1alpha1.StateSuspended), message(admin, v1alpha1.ConditionReady))
	})

	It("keep the last active Global Administrator", func(ctx context.Context) {
		guard(ctx, listed(upnRoot))
		root := w.declare(ctx, upnRoot, suspended(true), allowed)
		refused(ctx, root, "last active Global Administrator")
		w.settles(ctx, root)
	})

	It("keep one of the last two, whoever decides first", func(ctx context.Context) {
		Expect(w.sim.AssignRole(w.tenantID, upnAdmin, "Global Administrator")).To(Succeed())
		Expect(w.sim.SetGrant(w.tenantID, graphsim.Grant{
			ClientID: w.sim.ClientID(), Permissions: graphsim.DefaultPermissions(), DirectoryRoles: []string{"Global Administrator"},
		})).To(Succeed())
		guard(ctx, listed(upnRoot, upnAdmin))
		root := w.declare(ctx, upnRoot, suspended(true), allowed)
		admin := w.declare(ctx, upnAdmin, suspended(true), allowed)
		done := make(chan struct{}, 2)
		for _, user := range []*v1alpha1.ManagedUser{root, admin} {
			go func() {
				defer GinkgoRecover()
				defer func() { done <- struct{}{} }()
				_, err := w.users.Reconcile(ctx, user.DeepCopy())
				Expect(err).NotTo(HaveOccurred())
			}()
		}
		<-done
		<-done
		w.mustPass(ctx, root)
		w.mustPass(ctx, admin)
		Expect([]v1alpha1.UserState{root.Status.State, admin.Status.State}).To(ConsistOf(v1alpha1.StateActive, v1alpha1.StateSuspended))
		Expect(w.sim.Counters("").Effects[graphsim.EffectBlock]).To(BeEquivalentTo(1))
	})
})
