package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// write is a change of each kind, and how to see that it was made.
type write struct {
	method, path string
	first, spec  func(*v1alpha1.ManagedUserSpec)
	effect       graphsim.Effect
}

// writes are those of the lists and the profile.
func writes() map[string]write {
	return map[string]write{
		"a profile":      {method: "PATCH", path: "/users/{id}", spec: clerk().declare, effect: graphsim.EffectUpdate},
		"a manager":      {method: "PUT", path: "/users/{id}/manager/$ref", spec: managedBy(upnBob), effect: graphsim.EffectManager},
		"licences":       {method: "POST", path: "/users/{id}/assignLicense", spec: licensed("SPB"), effect: graphsim.EffectLicense},
		"a group":        {method: "POST", path: "/groups/{id}/members/$ref", spec: groups("Sales"), effect: graphsim.EffectJoin},
		"a group's loss": {method: "DELETE", path: "/groups/{id}/members/{id}/$ref", first: groups("Sales"), spec: groups(), effect: graphsim.EffectLeave},
		"an application": {method: "POST", path: "/users/{id}/appRoleAssignments", spec: portal("MSPortal", "Manager"), effect: graphsim.EffectAppGrant},
		"a role":         {method: "POST", path: "/roleManagement/directory/roleAssignments", spec: helpdesk, effect: graphsim.EffectRoleGrant},
		"a name":         {method: "PATCH", path: "/users/{id}", first: clerk().declare, spec: renamed("alice.young@contoso.com"), effect: graphsim.EffectRename},
	}
}

var _ = Describe("a failure that passes", func() {
	// meet declares a change in a world where the request for it fails once.
	meet := func(ctx context.Context, change write, fault graphsim.Fault) (*world, *v1alpha1.ManagedUser) {
		GinkgoHelper()
		w := newWorld(ctx, staffed, located)
		w.touchable(ctx, upnAlice)
		w.users.AllowRoleGrants = true
		first := func(*v1alpha1.ManagedUserSpec) {}
		if change.first != nil {
			first = change.first
		}
		alice := w.declare(ctx, upnAlice, first, mayHoldRoles)
		for range 2 {
			w.mustPass(ctx, alice)
			w.mustSync(ctx)
		}
		fault.Method, fault.Path, fault.Count = change.method, change.path, 1
		_, err := w.sim.AddFault(fault)
		Expect(err).NotTo(HaveOccurred())
		w.edit(ctx, alice, change.spec)
		return w, alice
	}
	// done passes until the change is made, and proves that it was made once.
	done := func(ctx context.Context, w *world, alice *v1alpha1.ManagedUser, change write) {
		GinkgoHelper()
		for range 3 {
			w.mustSync(ctx)
			w.mustPass(ctx, alice)
		}
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(alice, v1alpha1.ConditionReady))
		Expect(w.sim.Faults()[0].Injected).To(Equal(1))
		Expect(w.effects(alice.Status.ID, change.effect)).To(BeEquivalentTo(1))
		w.settles(ctx, alice)
	}
	// untilAsked passes until the fault has struck: some changes wait for a reading.
	untilAsked := func(ctx context.Context, w *world, alice *v1alpha1.ManagedUser) (time.Duration, error) {
		GinkgoHelper()
		res, err := w.pass(ctx, alice)
		if err == nil && w.sim.Faults()[0].Injected == 0 {
			w.mustSync(ctx)
			res, err = w.pass(ctx, alice)
		}
		Expect(w.sim.Faults()[0].Injected).To(Equal(1), "injected faults")
		return res.RequeueAfter, err
	}

	for name, change := range writes() {
		It("waits as long as it is told to: "+name, func(ctx context.Context) {
			w, alice := meet(ctx, change, graphsim.Fault{Kind: graphsim.FaultStatus, Status: 429, RetryAfter: 90})
			later, err := untilAsked(ctx, w, alice)
			Expect(err).NotTo(HaveOccurred())
			Expect(later).To(Equal(90 * time.Second))
			Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("Unknown/Throttled"))
			Expect(condition(alice, v1alpha1.ConditionStalled)).To(BeEmpty())
			Expect(alice.Status.Sync).To(Equal(v1alpha1.SyncPending))
			done(ctx, w, alice, change)
		})
		It("tries again after somebody else's change at the same moment: "+name, func(ctx context.Context) {
			w, alice := meet(ctx, change, graphsim.Fault{Kind: graphsim.FaultStatus, Status: 409, Code: "Directory_ConcurrencyViolation"})
			_, err := untilAsked(ctx, w, alice)
			Expect(err).To(HaveOccurred(), "comes back soon")
			Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("Unknown/Retrying"))
			Expect(message(alice, v1alpha1.ConditionReady)).To(ContainSubstring("at this moment"))
			done(ctx, w, alice, change)
		})
		It("reads back what an outage left unknown: "+name, func(ctx context.Context) {
			w, alice := meet(ctx, change, graphsim.Fault{Kind: graphsim.FaultStatus, Status: 503, After: true})
			_, err := untilAsked(ctx, w, alice)
			Expect(err).To(HaveOccurred())
			Expect(condition(alice, v1alpha1.ConditionReady)).To(HavePrefix("Unknown/"))
			writes := w.sim.Counters("").Writes
			w.mustPass(ctx, alice)
			Expect(w.sim.Counters("").Writes).To(Equal(writes), "not before it can be read back")
			done(ctx, w, alice, change)
		})
	}
})

// mayHoldRoles lets the object have what makes an administrator.
func mayHoldRoles(s *v1alpha1.ManagedUserSpec) { s.AllowPrivileged = true }

// race is a change that somebody else made before.
type race struct {
	first, spec func(*v1alpha1.ManagedUserSpec)
	unseen      func(w *world) error
	facet       string
	effect      graphsim.Effect
	became      func(w *world) bool
}

var _ = DescribeTable("what somebody else did already is done",
	func(ctx context.Context, r race) {
		w := newWorld(ctx, staffed, located)
		w.touchable(ctx, upnAlice)
		w.users.AllowRoleGrants = true
		alice := w.declare(ctx, upnAlice, r.first, mayHoldRoles)
		for range 2 {
			w.mustPass(ctx, alice)
			w.mustSync(ctx)
		}
		w.clock.Step(2 * time.Minute) // until every replica shows what was done
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		before := w.effects(upnAlice, r.effect)
		Expect(r.unseen(w)).To(Succeed())
		w.edit(ctx, alice, r.spec)
		w.mustPass(ctx, alice)
		Expect(condition(alice, r.facet)).To(Equal("True/Succeeded"), message(alice, r.facet))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(alice, v1alpha1.ConditionReady))
		Expect(r.became(w)).To(BeTrue())
		Expect(w.effects(upnAlice, r.effect)).To(Equal(before))
		w.settles(ctx, alice)
	},
	Entry("a group joined", race{
		first: groups(), spec: groups("Sales"), facet: v1alpha1.ConditionGroups, effect: graphsim.EffectJoin,
		unseen: func(w *world) error { return w.sim.AddGroupMember(w.tenantID, "Sales", upnAlice) },
		became: func(w *world) bool { return len(w.groupsOf(upnAlice)) == 2 },
	}),
	Entry("a group left", race{
		first: groups("Sales"), spec: groups(), facet: v1alpha1.ConditionGroups, effect: graphsim.EffectLeave,
		unseen: func(w *world) error { return w.sim.RemoveGroupMember(w.tenantID, "Sales", upnAlice) },
		became: func(w *world) bool { return len(w.groupsOf(upnAlice)) == 1 },
	}),
	Entry("an application's role given", race{
		first: portal("MSPortal", "User"), spec: func(s *v1alpha1.ManagedUserSpec) {
			s.Applications = append(s.Applications, v1alpha1.ApplicationEntry{Name: "MSPortal", Role: "Manager"})
		}, facet: v1alpha1.ConditionApplications, effect: graphsim.EffectAppGrant,
		unseen: func(w *world) error {
			return w.sim.AssignApplication(w.tenantID, "MSPortal", graphsim.AppAssignmentSpec{Principal: upnAlice, Role: "Portal.Manager"})
		},
		became: func(w *world) bool { return len(w.appRolesOf(upnAlice)) == 2 },
	}),
	Entry("an application's role taken", race{
		first: portal("MSPortal", "User"), spec: func(s *v1alpha1.ManagedUserSpec) { s.Applications = []v1alpha1.ApplicationEntry{} },
		facet: v1alpha1.ConditionApplications, effect: graphsim.EffectAppRemove,
		unseen: func(w *world) error {
			return w.sim.UnassignApplication(w.tenantID, "MSPortal", upnAlice, "Portal.User")
		},
		became: func(w *world) bool { return len(w.appRolesOf(upnAlice)) == 0 },
	}),
	Entry("a directory role given", race{
		first: func(*v1alpha1.ManagedUserSpec) {}, spec: helpdesk, facet: v1alpha1.ConditionDirectoryRoles, effect: graphsim.EffectRoleGrant,
		unseen: func(w *world) error { return w.sim.AssignRole(w.tenantID, upnAlice, "Helpdesk Administrator") },
		became: func(*world) bool { return true },
	}),
	Entry("a directory role taken", race{
		first: helpdesk, spec: func(s *v1alpha1.ManagedUserSpec) { s.DirectoryRoles = []v1alpha1.DirectoryRoleEntry{} },
		facet: v1alpha1.ConditionDirectoryRoles, effect: graphsim.EffectRoleRemove,
		unseen: func(w *world) error { return w.sim.RemoveRole(w.tenantID, upnAlice, "Helpdesk Administrator") },
		became: func(*world) bool { return true },
	}),
	Entry("a manager removed", race{
		first: managedBy(upnBob), spec: managedBy(""), facet: v1alpha1.ConditionManager, effect: graphsim.EffectManager,
		unseen: func(w *world) error { return w.sim.PatchUser(w.tenantID, upnAlice, map[string]any{"manager": nil}) },
		became: func(w *world) bool { return w.managerOf(upnAlice) == "" },
	}),
)
