package controllers

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

var _ = Describe("What was said before a restart", func() {
	It("is not taken back by a pass during which it is read", func(ctx context.Context) {
		w := newWorld(ctx, func(spec *graphsim.TenantSpec) {
			spec.SignIns = []graphsim.SignInSpec{{User: upnAlice, ErrorCode: 50053, Created: time.Date(2026, 11, 20, 7, 0, 0, 0, time.UTC)}}
		})
		w.mustSync(ctx)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		Expect(alice.Status.Alerts).To(ContainElement(v1alpha1.AlertRecentlyLockedOut))

		w.restart()
		down, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Method: http.MethodGet, Path: "/auditLogs/signIns"})
		Expect(err).NotTo(HaveOccurred())
		w.mustSync(ctx)
		s := newUserScope(w.client, alice.DeepCopy())
		Expect(w.users.findTenant(ctx, s)).To(Succeed())
		Expect(w.users.observe(ctx, s)).To(Succeed())
		Expect(s.unread).To(ContainElement(inventory.FeedLockouts))

		w.sim.RemoveFault(down)
		w.clock.Step(time.Hour)
		w.mustSync(ctx)
		Expect(s.known.Unread()).NotTo(ContainElement(inventory.FeedLockouts))
		summarizeUser(s, nil, w.clock.Now())
		Expect(s.user.Status.Alerts).To(ContainElement(v1alpha1.AlertRecentlyLockedOut))
	})
})
