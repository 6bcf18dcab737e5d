package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/kube"
)

var _ = Describe("An intent", func() {
	DescribeTable("permits nothing once another process may have taken over: frozen before the",
		func(ctx context.Context, intent int, blocks uint64) {
			w := newWorld(ctx)
			w.mustSync(ctx)
			alice := w.declare(ctx, upnAlice)
			w.mustPass(ctx, alice)
			w.edit(ctx, alice, suspended(true))

			other := w.manager
			frozen := w.newManager(afterStatusPatch(newUncached(), intent, func() {
				w.manager = other
				for range 4 { // takes over, and settles what it finds
					w.clock.Step(time.Minute)
					w.mustPass(ctx, alice)
				}
				Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
			}))
			_, err := frozen.tenants.Reconcile(ctx, w.tenant(ctx))
			Expect(err).NotTo(HaveOccurred())
			res, err := frozen.users.Reconcile(ctx, w.user(ctx, alice))
			Expect(err).NotTo(HaveOccurred())
			Expect(res.RequeueAfter).To(BeNumerically(">", 0))

			Expect(w.sim.Counters("").ByPath["PATCH /users/{id}"]).To(Equal(blocks))
			Expect(w.sim.Counters("").ByPath["POST /users/{id}/revokeSignInSessions"]).To(BeEquivalentTo(1))
			w.mustPass(ctx, alice)
			Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
			w.settles(ctx, alice)
		},
		Entry("block", 1, uint64(1)),
		Entry("revocation", 2, uint64(1)),
	)

	It("is not written again while the cache shows the object without it", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, suspended(true))
		stale := alice.DeepCopy()
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))

		writes, calls := w.writes.Load(), w.sim.Counters("").Requests
		res, err := w.users.Reconcile(ctx, stale.DeepCopy())
		Expect(err).NotTo(HaveOccurred())
		Expect(res.RequeueAfter).To(Equal(kube.SightPatience))
		Expect(w.writes.Load()).To(Equal(writes))
		Expect(w.sim.Counters("").Requests).To(Equal(calls))

		queue := priorityqueue.New[reconcile.Request]("seen")
		DeferCleanup(queue.ShutDown)
		w.users.Waker = kube.NewWaker()
		Expect(w.users.Waker.Start(ctx, queue)).To(Succeed())
		shows := w.users.whenSeen()
		shows.Update(ctx, event.UpdateEvent{ObjectOld: stale, ObjectNew: stale}, queue)
		Expect(queue.Len()).To(BeZero(), "that is what was there before")
		shows.Update(ctx, event.UpdateEvent{ObjectOld: stale, ObjectNew: alice}, queue)
		next, priority, _ := queue.GetWithPriority()
		Expect(next.NamespacedName).To(Equal(client.ObjectKeyFromObject(alice)))
		Expect(priority).To(Equal(kube.PriorityResync), "what waits keeps a higher one of its own")
		w.settles(ctx, alice)
	})

	DescribeTable("that nobody took over is acted upon later", func(ctx context.Context, jump time.Duration) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, suspended(true))

		w.manager = w.newManager(afterStatusPatch(newUncached(), 1, func() { w.clock.Step(jump) }))
		w.users.Clock = standstill{w.clock}
		w.mustSync(ctx)
		Expect(w.mustPass(ctx, alice).RequeueAfter).To(BeNumerically(">", 0))
		Expect(w.sim.Counters("").Writes).To(BeZero())
		w.mustPass(ctx, alice)
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(1))
		Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
		w.settles(ctx, alice)
	},
		Entry("when the machine was suspended", time.Hour),
		Entry("when the clock was set back", -time.Second),
	)
})

// standstill is a clock of a machine that is suspended now and then: what it measures by
// itself stands still meanwhile, the time of day goes on.
type standstill struct{ clock.Clock }

func (standstill) Since(time.Time) time.Duration { return 0 }

// afterStatusPatch calls f after the nth write of a ManagedUser's status.
func afterStatusPatch(c client.WithWatch, n int, f func()) client.WithWatch {
	return interceptor.NewClient(c, interceptor.Funcs{
		SubResourcePatch: func(
			ctx context.Context, c client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption,
		) error {
			err := c.SubResource(sub).Patch(ctx, obj, patch, opts...)
			if _, ok := obj.(*v1alpha1.ManagedUser); ok && err == nil {
				if n--; n == 0 {
					f()
				}
			}
			return err
		},
	})
}

// user reads a ManagedUser as it is now.
func (w *world) user(ctx context.Context, user *v1alpha1.ManagedUser) *v1alpha1.ManagedUser {
	GinkgoHelper()
	now := &v1alpha1.ManagedUser{}
	Expect(api.Get(ctx, client.ObjectKeyFromObject(user), now)).To(Succeed())
	return now
}
