package controllers

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("What has not been read yet", func() {
	var w *world
	fail := func(path string) {
		GinkgoHelper()
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Status: 503, Method: "GET", Path: path})
		Expect(err).NotTo(HaveOccurred())
	}

	DescribeTable("holds a disruption up without refusing it",
		func(ctx context.Context, path string) {
			w = newWorld(ctx, func(t *graphsim.TenantSpec) {
				t.Groups = []graphsim.GroupSpec{{DisplayName: "Board", Members: []string{upnBob}}}
			})
			tenant := w.tenant(ctx)
			tenant.Spec.Safeguards.Protected = []v1alpha1.ProtectedEntry{{Group: "Board"}}
			Expect(api.Update(ctx, tenant)).To(Succeed())
			fail(path)
			w.mustSync(ctx)
			alice, bob := w.declare(ctx, upnAlice, suspended(true)), w.declare(ctx, upnBob, suspended(true))
			w.mustPass(ctx, alice)
			Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("Unknown/Progressing"))
			Expect(condition(alice, v1alpha1.ConditionStalled)).To(BeEmpty())
			Expect(alice.Status.Sync).To(Equal(v1alpha1.SyncPending))
			w.mustPass(ctx, bob)
			Expect(w.sim.Counters("").Writes).To(BeZero())

			w.sim.RemoveFault(0)
			w.mustSync(ctx)
			w.mustPass(ctx, alice)
			Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
			w.mustPass(ctx, bob)
			Expect(condition(bob, v1alpha1.ConditionReady)).To(Equal("False/Protected"))
			w.settles(ctx, alice, bob)
		},
		Entry("while roles fail", "/roleManagement/directory/roleAssignments"),
		Entry("while a protected group fails", "/groups/{id}/transitiveMembers/microsoft.graph.user"),
	)

	It("leaves what was last said about a person after a restart", func(ctx context.Context) {
		w = newWorld(ctx)
		w.mustSync(ctx)
		alice, admin := w.declare(ctx, upnAlice), w.declare(ctx, upnAdmin)
		w.mustPass(ctx, alice)
		w.mustPass(ctx, admin)
		Expect(alice.Status.MFA.State).To(Equal(v1alpha1.MFARegistered))
		Expect(alice.Status.Admin).To(Equal(v1alpha1.False))
		Expect(alice.Status.AccountType).To(Equal(v1alpha1.AccountType("Person")))
		Expect(admin.Status.Admin).To(Equal(v1alpha1.True))
		Expect(admin.Status.Roles).NotTo(BeEmpty())

		for _, path := range []string{
			"/roleManagement/directory/roleAssignments", "/places/microsoft.graph.room", "/users",
			"/reports/authenticationMethods/userRegistrationDetails",
		} {
			fail(path)
		}
		w.restart()
		w.settles(ctx, alice, admin)
		w.sim.RemoveFault(0)
		w.mustSync(ctx)
		w.settles(ctx, alice, admin)
	})
})
