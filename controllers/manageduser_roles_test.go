package controllers

import (
	"context"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const (
	roleHelpdesk = "Helpdesk Administrator"
	roleReader   = "Reports Reader"
)

func holdsRoles(names ...string) func(*v1alpha1.ManagedUserSpec) {
	return func(s *v1alpha1.ManagedUserSpec) {
		s.AllowPrivileged = true
		s.DirectoryRoles = []v1alpha1.DirectoryRoleEntry{}
		for _, name := range names {
			s.DirectoryRoles = append(s.DirectoryRoles, v1alpha1.DirectoryRoleEntry{Name: name, Scope: "/"})
		}
	}
}

var _ = Describe("directory roles", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx, staffed, products(graphsim.SKUSpec{PartNumber: "AAD_PREMIUM_P2", Enabled: 5}))
		w.touchable(ctx, upnAlice)
		w.users.AllowRoleGrants = true
	})
	// later lets everybody see what somebody else did to roles.
	later := func(ctx context.Context, user *v1alpha1.ManagedUser) time.Duration {
		GinkgoHelper()
		w.clock.Step(20 * time.Minute)
		w.mustSync(ctx)
		return w.mustPass(ctx, user).RequeueAfter
	}
	granted := func(ctx context.Context, change ...func(*v1alpha1.ManagedUserSpec)) *v1alpha1.ManagedUser {
		GinkgoHelper()
		alice := w.declare(ctx, upnAlice, append([]func(*v1alpha1.ManagedUserSpec){holdsRoles(roleHelpdesk, roleReader)}, change...)...)
		w.mustPass(ctx, alice)
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionDirectoryRoles)).To(Equal("True/Succeeded"), message(alice, v1alpha1.ConditionDirectoryRoles))
		Expect(w.rolesOf(upnAlice)).To(ConsistOf(roleHelpdesk, roleReader))
		return alice
	}

	It("are granted once, shown with their path, and settle", func(ctx context.Context) {
		alice := granted(ctx)
		Expect(w.effects(upnAlice, graphsim.EffectRoleGrant)).To(BeEquivalentTo(2))
		later(ctx, alice)
		Expect(alice.Status.Admin).To(Equal(v1alpha1.True))
		Expect(alice.Status.Roles).To(ConsistOf(
			v1alpha1.RoleStatus{Name: roleHelpdesk, Scope: "/", Path: v1alpha1.RoleDirect},
			v1alpha1.RoleStatus{Name: roleReader, Scope: "/", Path: v1alpha1.RoleDirect}))
		Expect(claimsOf(alice)).To(ConsistOf("DirectoryRole/"+roleHelpdesk, "DirectoryRole/"+roleReader))
		w.settles(ctx, alice)
	})

	It("are not granted unless the manager runs so", func(ctx context.Context) {
		w.users.AllowRoleGrants = false
		alice := w.declare(ctx, upnAlice, holdsRoles(roleHelpdesk), clerk().declare)
		res := w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionDirectoryRoles)).To(Equal("False/AccessDenied"))
		Expect(message(alice, v1alpha1.ConditionDirectoryRoles)).To(ContainSubstring("--allow-role-grants"))
		Expect(res.RequeueAfter).To(Equal(hours))
		Expect(clerk().done(w, upnAlice)).To(BeTrue())
		Expect(w.rolesOf(upnAlice)).To(BeEmpty())
		w.settles(ctx, alice)
	})

	It("are not taken away unless the manager runs so", func(ctx context.Context) {
		alice := granted(ctx)
		w.users.AllowRoleGrants = false
		w.edit(ctx, alice, holdsRoles(roleReader))
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionDirectoryRoles)).To(Equal("False/AccessDenied"))
		Expect(w.rolesOf(upnAlice)).To(ConsistOf(roleHelpdesk, roleReader))
		Expect(claimsOf(alice)).To(HaveLen(2), "it is not forgotten")
		w.settles(ctx, alice)
	})

	It("go to nobody whom the Tenant does not list", func(ctx context.Context) {
		bob := w.declare(ctx, upnBob, holdsRoles(roleHelpdesk), clerk().declare)
		w.mustPass(ctx, bob)
		Expect(condition(bob, v1alpha1.ConditionDirectoryRoles)).To(Equal("False/Protected"))
		Expect(message(bob, v1alpha1.ConditionDirectoryRoles)).To(ContainSubstring("spec.safeguards.privileged"))
		Expect(condition(bob, v1alpha1.ConditionReady)).To(Equal("False/Protected"))
		Expect(bob.Status.PendingChanges).To(ConsistOf(SatisfyAll(HaveField("Action", "AssignRole"), HaveField("Reason", "Protected"))))
		Expect(clerk().done(w, upnBob)).To(BeTrue())
		Expect(w.rolesOf(upnBob)).To(BeEmpty())
		w.settles(ctx, bob)
	})

	It("are taken away exactly as listed", func(ctx context.Context) {
		Expect(w.sim.AssignRole(w.tenantID, upnAlice, "Guest Inviter")).To(Succeed())
		w.clock.Step(20 * time.Minute)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, holdsRoles(roleHelpdesk, roleReader))
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, holdsRoles(roleReader))
		w.mustPass(ctx, alice)
		Expect(w.rolesOf(upnAlice)).To(ConsistOf(roleReader, "Guest Inviter"))
		w.edit(ctx, alice, holdsRoles())
		w.mustPass(ctx, alice)
		Expect(w.rolesOf(upnAlice)).To(ConsistOf("Guest Inviter"))
		Expect(alice.Status.Claims).To(BeEmpty())
		w.settles(ctx, alice)
	})

	It("are let go when the list disappears", func(ctx context.Context) {
		alice := granted(ctx)
		w.eventReasons()
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) { s.DirectoryRoles = nil })
		w.mustPass(ctx, alice)
		Expect(w.eventReasons()).To(ContainElement("ClaimsReleased"))
		Expect(w.rolesOf(upnAlice)).To(ConsistOf(roleHelpdesk, roleReader))
		w.settles(ctx, alice)
	})

	It("end when their time is up", func(ctx context.Context) {
		end := metav1.NewTime(w.clock.Now().Add(3 * time.Hour))
		alice := granted(ctx, func(s *v1alpha1.ManagedUserSpec) { s.DirectoryRoles[0].Until = ptr.To(end) })
		res := w.mustPass(ctx, alice)
		Expect(res.RequeueAfter).To(BeNumerically("~", 3*time.Hour, 10*time.Minute))
		w.clock.SetTime(end.Time)
		w.mustPass(ctx, alice)
		Expect(w.rolesOf(upnAlice)).To(ConsistOf(roleReader))
		Expect(w.effects(upnAlice, graphsim.EffectRoleRemove)).To(BeEquivalentTo(1))
		w.settles(ctx, alice)
	})

	It("are not given back when somebody took them away, until they are listed anew", func(ctx context.Context) {
		alice := granted(ctx)
		later(ctx, alice)
		Expect(w.sim.RemoveRole(w.tenantID, upnAlice, roleHelpdesk)).To(Succeed())
		w.eventReasons()
		later(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionDirectoryRoles)).To(Equal("False/TakenElsewhere"))
		Expect(message(alice, v1alpha1.ConditionDirectoryRoles)).To(ContainSubstring(roleHelpdesk))
		Expect(w.eventReasons()).To(ContainElement("TakenElsewhere"))
		Expect(w.rolesOf(upnAlice)).To(ConsistOf(roleReader))
		w.settles(ctx, alice)

		By("nor after the status was lost")
		w.loseStatus(ctx, alice)
		w.restart()
		w.users.AllowRoleGrants = true
		w.mustSync(ctx)
		later(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionDirectoryRoles)).To(Equal("False/Adopted"), message(alice, v1alpha1.ConditionDirectoryRoles))
		Expect(w.rolesOf(upnAlice)).To(ConsistOf(roleReader))
		w.settles(ctx, alice)

		By("being listed anew")
		w.edit(ctx, alice, holdsRoles(roleReader))
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, holdsRoles(roleHelpdesk, roleReader))
		w.mustPass(ctx, alice)
		Expect(w.rolesOf(upnAlice)).To(ConsistOf(roleHelpdesk, roleReader))
		w.settles(ctx, alice)
	})

	It("are enough when a group gives them, and stay then", func(ctx context.Context) {
		Expect(w.sim.AddGroupMember(w.tenantID, "Operators", upnAlice)).To(Succeed())
		Expect(w.sim.AssignRole(w.tenantID, "Operators", roleHelpdesk)).To(Succeed())
		w.clock.Step(20 * time.Minute)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, holdsRoles(roleHelpdesk))
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionDirectoryRoles)).To(Equal("True/Succeeded"), message(alice, v1alpha1.ConditionDirectoryRoles))
		Expect(alice.Status.Roles).To(ConsistOf(SatisfyAll(HaveField("Path", v1alpha1.RoleGroup), HaveField("ViaGroup", w.groupID("Operators")))))
		w.edit(ctx, alice, holdsRoles())
		w.mustPass(ctx, alice)
		Expect(message(alice, v1alpha1.ConditionDirectoryRoles)).To(ContainSubstring("through a group"))
		Expect(w.sim.Counters("").Writes).To(BeZero())
		w.settles(ctx, alice)
	})

	It("are granted beside a right to activate them, and say so", func(ctx context.Context) {
		Expect(w.sim.MakeEligible(w.tenantID, upnAlice, roleHelpdesk)).To(Succeed())
		w.clock.Step(20 * time.Minute)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		Expect(alice.Status.Roles).To(ConsistOf(HaveField("Path", v1alpha1.RoleEligible)))
		Expect(alice.Status.Admin).To(Equal(v1alpha1.True))
		w.edit(ctx, alice, holdsRoles(roleHelpdesk))
		w.mustPass(ctx, alice)
		Expect(message(alice, v1alpha1.ConditionDirectoryRoles)).To(ContainSubstring("activate"))
		Expect(w.rolesOf(upnAlice)).To(ConsistOf(roleHelpdesk))
		w.settles(ctx, alice)
	})

	DescribeTable("never are the roles that give themselves every other one, whatever admission let through",
		func(ctx context.Context, name string) {
			alice := granted(ctx)
			writes := w.sim.Counters("").Writes
			slipped := alice.DeepCopy()
			holdsRoles(roleHelpdesk, roleReader, name)(&slipped.Spec)
			_, err := w.users.Reconcile(ctx, slipped)
			Expect(err).NotTo(HaveOccurred())
			Expect(condition(slipped, v1alpha1.ConditionDirectoryRoles)).To(Equal("False/InvalidSpec"))
			Expect(message(slipped, v1alpha1.ConditionDirectoryRoles)).To(ContainSubstring("never granted"))
			Expect(w.sim.Counters("").Writes).To(Equal(writes))
		},
		Entry("Global Administrator", "Global Administrator"),
		Entry("Privileged Role Administrator", "Privileged Role Administrator"),
		Entry("Privileged Authentication Administrator, by its id", directory.PrivilegedAuthenticationAdministrator),
	)

	It("are claimed again after the status was lost", func(ctx context.Context) {
		alice := granted(ctx)
		later(ctx, alice)
		writes := w.sim.Counters("").Writes
		w.loseStatus(ctx, alice)
		w.restart()
		w.users.AllowRoleGrants = true
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(claimsOf(alice)).To(ConsistOf("DirectoryRole/"+roleHelpdesk, "DirectoryRole/"+roleReader))
		Expect(w.sim.Counters("").Writes).To(Equal(writes))
		w.settles(ctx, alice)
		w.edit(ctx, alice, holdsRoles(roleReader))
		w.mustPass(ctx, alice)
		Expect(w.rolesOf(upnAlice)).To(ConsistOf(roleReader))
	})

	It("that are not there are named", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, holdsRoles("Emperor"))
		res := w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionDirectoryRoles)).To(Equal("False/Unresolved"))
		Expect(message(alice, v1alpha1.ConditionDirectoryRoles)).To(ContainSubstring(`directory role "Emperor"`))
		Expect(res.RequeueAfter).To(Equal(unresolvedRetry))
		w.settles(ctx, alice)
	})
})

var _ = Describe("administrators that nothing declares", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx, products(graphsim.SKUSpec{PartNumber: "AAD_PREMIUM_P2", Enabled: 5}))
	})

	undeclared := func(tenant *v1alpha1.Tenant) []string {
		names := []string{}
		for _, admin := range tenant.Status.UndeclaredAdmins {
			names = append(names, admin.UserPrincipalName)
		}
		return names
	}
	later := func(ctx context.Context) *v1alpha1.Tenant {
		GinkgoHelper()
		w.clock.Step(20 * time.Minute)
		return w.mustSync(ctx)
	}

	It("are counted, listed, announced once, and gone when declared", func(ctx context.Context) {
		tenant := w.mustSync(ctx)
		Expect(undeclared(tenant)).To(ConsistOf(upnAdmin, upnRoot))
		Expect(tenant.Status.Users.UndeclaredAdmins).To(HaveValue(BeEquivalentTo(2)))
		Expect(w.eventReasons()).NotTo(ContainElement("AdminAppeared"), "they did not appear, they were there")

		bob := w.declare(ctx, upnBob)
		w.mustPass(ctx, bob)
		Expect(bob.Status.Alerts).NotTo(ContainElement(v1alpha1.AlertUndeclaredAdmin))
		Expect(w.sim.AssignRole(w.tenantID, upnBob, "User Administrator")).To(Succeed())
		tenant = later(ctx)
		Expect(undeclared(tenant)).To(ConsistOf(upnAdmin, upnRoot, upnBob))
		Expect(tenant.Status.Users.UndeclaredAdmins).To(HaveValue(BeEquivalentTo(3)))
		Expect(w.eventReasons()).To(ContainElement("AdminAppeared"))
		w.mustPass(ctx, bob)
		Expect(bob.Status.Alerts).To(ContainElement(v1alpha1.AlertUndeclaredAdmin))
		w.settles(ctx, bob)

		By("not announcing it again, nor in another process")
		later(ctx)
		w.restart()
		later(ctx)
		later(ctx)
		Expect(w.eventReasons()).NotTo(ContainElement("AdminAppeared"))
		Expect(undeclared(w.tenant(ctx))).To(ConsistOf(upnAdmin, upnRoot, upnBob))

		By("declaring them: by the object, by the Tenant's lists")
		w.edit(ctx, bob, mayHoldRoles)
		tenant = w.tenant(ctx)
		tenant.Spec.Safeguards.Privileged = []string{upnAdmin}
		tenant.Spec.Safeguards.Protected = []v1alpha1.ProtectedEntry{{User: upnRoot}}
		Expect(api.Update(ctx, tenant)).To(Succeed())
		tenant = later(ctx)
		Expect(undeclared(tenant)).To(BeEmpty())
		Expect(tenant.Status.Users.UndeclaredAdmins).To(HaveValue(BeZero()))
		w.mustPass(ctx, bob)
		Expect(bob.Status.Alerts).NotTo(ContainElement(v1alpha1.AlertUndeclaredAdmin))
		w.settles(ctx, bob)
	})

	It("are found through groups and eligibility, and announced anew when they come back", func(ctx context.Context) {
		w.mustSync(ctx)
		Expect(w.sim.MakeEligible(w.tenantID, upnBob, "User Administrator")).To(Succeed())
		Expect(undeclared(later(ctx))).To(ContainElement(upnBob))
		Expect(w.eventReasons()).To(ContainElement("AdminAppeared"))
		Expect(w.sim.RemoveEligibility(w.tenantID, upnBob, "User Administrator")).To(Succeed())
		Expect(undeclared(later(ctx))).NotTo(ContainElement(upnBob))
		Expect(w.eventReasons()).NotTo(ContainElement("AdminAppeared"))
		Expect(w.sim.MakeEligible(w.tenantID, upnBob, "User Administrator")).To(Succeed())
		Expect(undeclared(later(ctx))).To(ContainElement(upnBob))
		Expect(w.eventReasons()).To(ContainElement("AdminAppeared"))
	})

	It("are not invented when roles cannot be read", func(ctx context.Context) {
		tenant := w.mustSync(ctx)
		Expect(undeclared(tenant)).To(HaveLen(2))
		w.consent(ctx, false, "RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "RoleEligibilitySchedule.Read.Directory")
		tenant = later(ctx)
		Expect(tenant.Status.Users.UndeclaredAdmins).To(BeNil(), "nobody knows how many there are")
		Expect(w.eventReasons()).NotTo(ContainElement("AdminAppeared"))

		By("announcing those that appeared meanwhile")
		Expect(w.sim.AssignRole(w.tenantID, upnBob, "User Administrator")).To(Succeed())
		w.consent(ctx, false)
		Expect(undeclared(later(ctx))).To(ConsistOf(upnAdmin, upnRoot, upnBob))
		Expect(w.eventReasons()).To(ContainElement("AdminAppeared"))
	})

	It("are announced when they appeared while no process ran", func(ctx context.Context) {
		w.mustSync(ctx)
		Expect(w.sim.AssignRole(w.tenantID, upnBob, "User Administrator")).To(Succeed())
		w.restart()
		Expect(undeclared(later(ctx))).To(ContainElement(upnBob))
		Expect(w.eventReasons()).To(ContainElement("AdminAppeared"))
	})
})

func (w *world) groupID(name string) string {
	GinkgoHelper()
	groups := w.dump().Groups
	i := slices.IndexFunc(groups, func(g graphsim.GroupSpec) bool { return g.DisplayName == name })
	Expect(i).NotTo(Equal(-1))
	return groups[i].ID
}

// rolesOf are the directory roles that somebody holds, active, as the simulator has them.
func (w *world) rolesOf(upn string) []string {
	GinkgoHelper()
	state, err := w.sim.User(w.tenantID, upn)
	Expect(err).NotTo(HaveOccurred())
	names := map[string]string{
		"729827e3-9c14-49f7-bb1b-9608f156bbb8": roleHelpdesk, "4a5d8f65-41da-4de4-8968-e035b65339cf": roleReader,
		"95e79109-95c0-4d8e-aee3-d01accf2d47b": "Guest Inviter",
	}
	held := []string{}
	for _, id := range state.Roles {
		held = append(held, names[id])
	}
	return held
}
