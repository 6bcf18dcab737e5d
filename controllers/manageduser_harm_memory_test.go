package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("what must not happen to lists and memory", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx, staffed, func(spec *graphsim.TenantSpec) {
			spec.Applications = append(spec.Applications, graphsim.ApplicationSpec{
				DisplayName: "Other", Roles: []graphsim.AppRoleSpec{{DisplayName: "User", Value: "Other.User"}},
			})
		})
		w.grantSecrets(ctx)
		w.mustSync(ctx)
	})
	apps := func(names ...string) func(*v1alpha1.ManagedUserSpec) {
		return func(s *v1alpha1.ManagedUserSpec) {
			s.Applications = []v1alpha1.ApplicationEntry{}
			for _, n := range names {
				s.Applications = append(s.Applications, v1alpha1.ApplicationEntry{Name: n, Role: "User"})
			}
		}
	}

	It("is that an application which is gone keeps a leaver's other access", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, apps("MSPortal", "Other"))
		w.mustPass(ctx, alice)
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		w.clock.Step(20 * time.Minute)
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.appRolesOf(upnAlice)).To(ConsistOf("MSPortal/Portal.User", "Other/Other.User"))
		Expect(w.sim.RemoveApplication(w.tenantID, "Other")).To(Succeed())
		for range 3 {
			w.clock.Step(20 * time.Minute)
			w.mustSync(ctx)
			w.mustPass(ctx, alice)
		}
		w.edit(ctx, alice, apps())
		for range 4 {
			w.mustPass(ctx, alice)
			w.clock.Step(time.Hour)
			w.mustSync(ctx)
		}
		Expect(w.appRolesOf(upnAlice)).To(BeEmpty())
	})

	It("is a second account for a person who was renamed, after a loss of status", func(ctx context.Context) {
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil })
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.outsider(upnNew, map[string]any{"userPrincipalName": "nina.wed@contoso.com"})
		w.clock.Step(20 * time.Minute)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.loseStatus(ctx, nina)
		w.restart()
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		_, err := w.sim.User(w.tenantID, upnNew)
		Expect(err).To(HaveOccurred(), "a second account of Nina, with a second licence")
	})

	It("is that an account which was deleted for good is made again, after a loss of status", func(ctx context.Context) {
		w.clock.SetTime(time.Now()) //nolint:forbidigo // when an object was declared is the API server's to say
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil })
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		id := nina.Status.ID
		Expect(w.sim.DeleteUser(w.tenantID, id)).To(Succeed())
		Expect(w.sim.PurgeUser(w.tenantID, id)).To(Succeed())
		w.clock.Step(20 * time.Minute)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.loseStatus(ctx, nina)
		w.restart()
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		_, err := w.sim.User(w.tenantID, upnNew)
		Expect(err).To(HaveOccurred(), "the account again")
	})

	It("is that a lookup which fails keeps a leaver signed in", func(ctx context.Context) {
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Status: 503, Method: "GET", Path: "/servicePrincipals"})
		Expect(err).NotTo(HaveOccurred())
		alice := w.declare(ctx, upnAlice, suspended(true), apps("MSPortal"))
		_, _ = w.pass(ctx, alice)
		Expect(w.state(upnAlice)).To(HaveKeyWithValue("accountEnabled", false))
	})
	It("is that a lookup which is refused keeps a leaver signed in", func(ctx context.Context) {
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Status: 400, Code: "Request_BadRequest", Method: "GET", Path: "/groups"})
		Expect(err).NotTo(HaveOccurred())
		alice := w.declare(ctx, upnAlice, suspended(true), groups("no such"))
		_, _ = w.pass(ctx, alice)
		Expect(w.state(upnAlice)).To(HaveKeyWithValue("accountEnabled", false))
	})

	It("is that what may not be read is waited for without end", func(ctx context.Context) {
		alice := w.declare(ctx, upnAlice, apps("MSPortal"))
		w.mustPass(ctx, alice)
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.appRolesOf(upnAlice)).To(ConsistOf("MSPortal/Portal.User"))
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Status: 403, Code: "Authorization_RequestDenied", Method: "GET", Path: "/servicePrincipals/{id}/appRoleAssignedTo"})
		Expect(err).NotTo(HaveOccurred())
		w.edit(ctx, alice, apps())
		w.restart()
		for range 3 {
			w.mustSync(ctx)
			w.mustPass(ctx, alice)
		}
		Expect(condition(alice, v1alpha1.ConditionApplications)).To(Equal("False/AccessDenied"), message(alice, v1alpha1.ConditionApplications))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("False/AccessDenied"))
	})

	It("is that who was blocked after the start is let in", func(ctx context.Context) {
		start := w.clock.Now().Add(time.Hour)
		nina := w.declare(ctx, upnNew, starter, suspended(false), func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil; s.StartAt = ptr.To(metav1.NewTime(start)) })
		w.mustPass(ctx, nina)
		w.clock.Step(2 * time.Hour)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.outsider(upnNew, map[string]any{"accountEnabled": false})
		w.clock.Step(20 * time.Minute)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(condition(nina, v1alpha1.ConditionSignIn)).To(Equal("False/BlockedElsewhere"))
		w.edit(ctx, nina, func(s *v1alpha1.ManagedUserSpec) { s.StartAt = nil })
		w.mustPass(ctx, nina)
		Expect(w.state(upnNew)).To(HaveKeyWithValue("accountEnabled", false))
	})
})
