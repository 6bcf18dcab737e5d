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

// claimsOf are the names that an object holds.
func claimsOf(user *v1alpha1.ManagedUser) []string {
	names := []string{}
	for _, claim := range user.Status.Claims {
		names = append(names, string(claim.Kind)+"/"+claim.Name)
	}
	return names
}

func groups(names ...string) func(*v1alpha1.ManagedUserSpec) {
	return func(s *v1alpha1.ManagedUserSpec) {
		s.Groups = []v1alpha1.GroupEntry{}
		for _, name := range names {
			s.Groups = append(s.Groups, v1alpha1.GroupEntry{Name: name})
		}
	}
}

func licensed(skus ...string) func(*v1alpha1.ManagedUserSpec) {
	return func(s *v1alpha1.ManagedUserSpec) {
		s.Licenses = []v1alpha1.LicenseEntry{}
		for _, sku := range skus {
			s.Licenses = append(s.Licenses, v1alpha1.LicenseEntry{SKU: sku})
		}
	}
}

var _ = Describe("lists", func() {
	var (
		w     *world
		alice *v1alpha1.ManagedUser
	)
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx, staffed, func(spec *graphsim.TenantSpec) {
			spec.Groups[0].Members = []string{upnAlice} // in Sales before anybody said so
			for _, user := range spec.Users {
				user["usageLocation"] = "DE"
			}
		})
		w.mustSync(ctx)
		alice = w.declare(ctx, upnAlice, groups("Sales", "Marketing"), licensed("SPB", "POWER_BI_PRO"), func(s *v1alpha1.ManagedUserSpec) {
			s.Applications = []v1alpha1.ApplicationEntry{{Name: "MSPortal", Role: "User"}, {Name: "MSPortal", Role: "Training Only"}}
			s.Manager = ptr.To(upnBob)
		})
		for range 2 {
			w.mustPass(ctx, alice)
			w.mustSync(ctx)
		}
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(alice, v1alpha1.ConditionReady))
		Expect(w.groupsOf(upnAlice)).To(ConsistOf("Sales", "Marketing", "Leisure"))
		Expect(w.skusOf(upnAlice)).To(ConsistOf("SPB", "POWER_BI_PRO"))
		Expect(w.appRolesOf(upnAlice)).To(ConsistOf("MSPortal/Portal.User", "MSPortal/Portal.Training"))
		w.settles(ctx, alice)
	})

	It("take away exactly the entry that was removed, also one that was there before", func(ctx context.Context) {
		w.edit(ctx, alice, groups("Marketing"), licensed("SPB"), func(s *v1alpha1.ManagedUserSpec) { s.Applications = s.Applications[:1] })
		w.mustPass(ctx, alice)
		Expect(w.groupsOf(upnAlice)).To(ConsistOf("Marketing", "Leisure"))
		Expect(w.skusOf(upnAlice)).To(ConsistOf("SPB"))
		Expect(w.appRolesOf(upnAlice)).To(ConsistOf("MSPortal/Portal.User"))
		Expect(claimsOf(alice)).To(ConsistOf("Group/Marketing", "License/SPB", "Application/MSPortal", "Manager/"+upnBob))
		w.settles(ctx, alice)
	})

	It("take away all that was listed when they are empty, and nothing else", func(ctx context.Context) {
		w.edit(ctx, alice, groups(), licensed(), func(s *v1alpha1.ManagedUserSpec) {
			s.Applications, s.Manager = []v1alpha1.ApplicationEntry{}, ptr.To("")
		})
		w.mustPass(ctx, alice)
		Expect(w.groupsOf(upnAlice)).To(ConsistOf("Leisure"))
		Expect(w.skusOf(upnAlice)).To(BeEmpty())
		Expect(w.appRolesOf(upnAlice)).To(BeEmpty())
		Expect(w.managerOf(upnAlice)).To(BeEmpty())
		Expect(alice.Status.Claims).To(BeEmpty())
		w.settles(ctx, alice)
	})

	It("do not hold up a suspension whose pass cannot read the account", func(ctx context.Context) {
		fault, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Method: "GET", Path: "/users/{id}", Status: 503})
		Expect(err).NotTo(HaveOccurred())
		w.edit(ctx, alice, groups(), licensed(), suspended(true))
		_, err = w.pass(ctx, alice)
		Expect(err).To(HaveOccurred())
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(1))
		Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
		Expect(condition(alice, v1alpha1.ConditionSignIn)).To(Equal("True/Succeeded"))
		Expect(condition(alice, v1alpha1.ConditionReady)).NotTo(HavePrefix("True"))
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
		Expect(w.skusOf(upnAlice)).To(ConsistOf("SPB", "POWER_BI_PRO"))
		Expect(alice.Status.PendingChanges).To(ContainElement(HaveField("Facet", v1alpha1.ConditionLicenses)))
		Expect(claimsOf(alice)).To(ContainElements("License/SPB", "License/POWER_BI_PRO", "Group/Sales"))

		w.sim.RemoveFault(fault)
		w.clock.Step(time.Minute)
		w.mustPass(ctx, alice)
		Expect(w.skusOf(upnAlice)).To(BeEmpty())
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(1))
		Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		w.settles(ctx, alice)
	})

	It("let go when they disappear, and say so", func(ctx context.Context) {
		w.eventReasons()
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) {
			s.Groups, s.Licenses, s.Applications, s.Manager = nil, nil, nil, nil
		})
		w.mustPass(ctx, alice)
		Expect(w.eventReasons()).To(ContainElement("ClaimsReleased"))
		Expect(alice.Status.Claims).To(BeEmpty())
		w.settles(ctx, alice)

		By("leaving it alone when they come back empty")
		w.edit(ctx, alice, groups(), licensed())
		w.mustPass(ctx, alice)
		Expect(w.groupsOf(upnAlice)).To(ConsistOf("Sales", "Marketing", "Leisure"))
		Expect(w.skusOf(upnAlice)).To(ConsistOf("SPB", "POWER_BI_PRO"))
		Expect(w.managerOf(upnAlice)).To(Equal(upnBob))
		w.settles(ctx, alice)
	})

	It("do not follow a name to another object", func(ctx context.Context) {
		Expect(w.sim.RenameGroup(w.tenantID, "Sales", "Vertrieb")).To(Succeed())
		_, err := w.sim.AddGroup(w.tenantID, graphsim.GroupSpec{DisplayName: "Sales", ID: "5a1e5000-0000-4000-8000-000000000001"})
		Expect(err).NotTo(HaveOccurred())
		w.clock.Step(20 * time.Minute)
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.groupsOf(upnAlice)).To(ConsistOf("Vertrieb", "Marketing", "Leisure"))
		w.settles(ctx, alice)

		w.edit(ctx, alice, groups("Marketing"))
		w.mustPass(ctx, alice)
		Expect(w.groupsOf(upnAlice)).To(ConsistOf("Marketing", "Leisure"))
		w.settles(ctx, alice)
	})

	It("give back what somebody took away", func(ctx context.Context) {
		Expect(w.sim.RemoveGroupMember(w.tenantID, "Sales", upnAlice)).To(Succeed())
		Expect(w.sim.UnassignApplication(w.tenantID, "MSPortal", upnAlice, "Portal.User")).To(Succeed())
		w.clock.Step(20 * time.Minute)
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.groupsOf(upnAlice)).To(ConsistOf("Sales", "Marketing", "Leisure"))
		Expect(w.appRolesOf(upnAlice)).To(ConsistOf("MSPortal/Portal.User", "MSPortal/Portal.Training"))
		w.settles(ctx, alice)
	})

	It("end entries when their time is up", func(ctx context.Context) {
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) {
			s.Groups[0].Until = ptr.To(metav1.NewTime(w.clock.Now().Add(time.Hour)))
			s.Licenses[1].Until = ptr.To(metav1.NewTime(w.clock.Now().Add(2 * time.Hour)))
		})
		res := w.mustPass(ctx, alice)
		Expect(res.RequeueAfter).To(BeNumerically("<=", time.Hour))
		Expect(w.groupsOf(upnAlice)).To(ConsistOf("Sales", "Marketing", "Leisure"))
		w.clock.Step(time.Hour)
		w.mustPass(ctx, alice)
		Expect(w.groupsOf(upnAlice)).To(ConsistOf("Marketing", "Leisure"))
		w.clock.Step(time.Hour)
		w.mustPass(ctx, alice)
		Expect(w.skusOf(upnAlice)).To(ConsistOf("SPB"))
		w.settles(ctx, alice)
	})

	It("are claimed again after the status was lost, and nobody loses anything", func(ctx context.Context) {
		writes := w.sim.Counters("").Writes
		w.loseStatus(ctx, alice)
		w.restart()
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.sim.Counters("").Writes).To(Equal(writes))
		Expect(claimsOf(alice)).To(ConsistOf("Group/Sales", "Group/Marketing", "License/SPB", "License/POWER_BI_PRO",
			"Application/MSPortal", "Application/MSPortal", "Manager/"+upnBob))
		w.settles(ctx, alice)
	})

	It("claim nothing under Observe, and show what would be done", func(ctx context.Context) {
		bob := w.declare(ctx, upnBob, groups("Sales"), licensed("SPB"), func(s *v1alpha1.ManagedUserSpec) {
			s.ManagementPolicy = v1alpha1.ManagementPolicyObserve
		})
		w.mustPass(ctx, bob)
		Expect(bob.Status.Claims).To(BeEmpty())
		Expect(bob.Status.PendingChanges).To(ConsistOf(HaveField("Action", "AssignLicenses"), HaveField("Action", "AddToGroup")))
		w.settles(ctx, bob)
	})
})

// loseStatus takes away all that the operator remembers, of the Tenant too.
func (w *world) loseStatus(ctx context.Context, users ...*v1alpha1.ManagedUser) {
	GinkgoHelper()
	for _, user := range users {
		Expect(api.Get(ctx, client.ObjectKeyFromObject(user), user)).To(Succeed())
		user.Status = v1alpha1.ManagedUserStatus{}
		Expect(api.Status().Update(ctx, user)).To(Succeed())
	}
	tenant := w.tenant(ctx)
	tenant.Status = v1alpha1.TenantStatus{}
	Expect(api.Status().Update(ctx, tenant)).To(Succeed())
}

var _ = Describe("licences", func() {
	It("are not asked for before the usage location that the same pass could not write", func(ctx context.Context) {
		w := newWorld(ctx, staffed, func(spec *graphsim.TenantSpec) { delete(spec.Users[0], "usageLocation") })
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Method: "PATCH", Path: "/users/{id}", Status: 429, RetryAfter: 5, Count: 1})
		Expect(err).NotTo(HaveOccurred())
		w.edit(ctx, alice, licensed("SPB"), func(s *v1alpha1.ManagedUserSpec) { s.Profile = &v1alpha1.UserProfile{UsageLocation: ptr.To("AT")} })
		_, err = w.pass(ctx, alice)
		Expect(err).NotTo(HaveOccurred())
		Expect(w.sim.Counters("").ByPath).NotTo(HaveKey("POST /users/{id}/assignLicense"))
		Expect(condition(alice, v1alpha1.ConditionLicenses)).To(Equal("Unknown/Progressing"))
		Expect(message(alice, v1alpha1.ConditionLicenses)).To(ContainSubstring("usage location"))
		Expect(alice.Status.PendingChanges).To(ContainElements(
			HaveField("Facet", v1alpha1.ConditionProfile), HaveField("Facet", v1alpha1.ConditionLicenses)))

		w.clock.Step(10 * time.Second)
		w.mustPass(ctx, alice)
		Expect(w.skusOf(upnAlice)).To(ConsistOf("SPB"))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		w.settles(ctx, alice)
	})
})
