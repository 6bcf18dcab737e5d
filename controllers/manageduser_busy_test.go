package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

var _ = Describe("A tenant that holds all its workers", func() {
	It("lets the next one come back without a word", func(ctx context.Context) {
		w := newWorld(ctx)
		queue := priorityqueue.New[reconcile.Request]("busy")
		DeferCleanup(queue.ShutDown)
		w.users.Waker = kube.NewWaker()
		Expect(w.users.Waker.Start(ctx, queue)).To(Succeed())
		tenant := w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, suspended(true))
		conn, ok := w.pool.Lookup(client.ObjectKeyFromObject(tenant))
		Expect(ok).To(BeTrue())
		var held []func()
		for range tenancy.DefaultWorkers/4 + tenancy.DefaultWorkers/8 {
			release, ok := conn.TryAcquire(tenancy.Waiter{Urgent: true})
			Expect(ok).To(BeTrue())
			held = append(held, release)
		}

		before, writes := alice.ResourceVersion, w.writes.Load()
		Expect(w.mustPass(ctx, alice).RequeueAfter).To(Equal(callRetry))
		Expect(alice.ResourceVersion).To(Equal(before))
		Expect(w.writes.Load()).To(Equal(writes))

		Expect(queue.Len()).To(BeZero())
		held[0]()
		called, priority, _ := queue.GetWithPriority()
		Expect(called.NamespacedName).To(Equal(client.ObjectKeyFromObject(alice)))
		Expect(priority).To(Equal(kube.PriorityUrgent), "somebody is to be shut out")
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
		w.settles(ctx, alice)
	})

	It("sees a suspension before all other changes, until it is done", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		queue := priorityqueue.New[reconcile.Request]("urgent")
		DeferCleanup(queue.ShutDown)
		w.users.Waker = kube.NewWaker()
		Expect(w.users.Waker.Start(ctx, queue)).To(Succeed())
		alice, bob := w.declare(ctx, upnAlice, suspended(true)), w.declare(ctx, upnBob, forced(true))
		handler, brings := w.users.suspensionsFirst(), bringsSuspension()
		created := func(u *v1alpha1.ManagedUser) event.CreateEvent { return event.CreateEvent{Object: u} }
		updated := func(u *v1alpha1.ManagedUser) event.UpdateEvent { return event.UpdateEvent{ObjectOld: u, ObjectNew: u} }

		Expect(brings.Create(created(bob))).To(BeFalse())
		Expect(brings.Update(updated(bob))).To(BeFalse())
		Expect(brings.Create(created(alice))).To(BeTrue())
		handler.Create(ctx, created(alice), queue)
		first, priority, _ := queue.GetWithPriority()
		Expect(first.NamespacedName).To(Equal(client.ObjectKeyFromObject(alice)))
		Expect(priority).To(Equal(kube.PriorityUrgent))
		Expect(queue.Len()).To(BeZero(), "the other one comes by the common way")
		queue.Done(first)

		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
		Expect(brings.Update(updated(alice))).To(BeFalse())
	})

	It("has a suspension written while all other writes wait for their turn", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		alice, bob := w.declare(ctx, upnAlice, suspended(true)), w.declare(ctx, upnBob)
		w.users.Turns = kube.NewTurns(1)
		done, err := w.users.Turns.Take(ctx)
		Expect(err).NotTo(HaveOccurred())

		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
		w.clock.Step(time.Hour)
		w.outsider(upnAlice, map[string]any{"accountEnabled": true})
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(2), "let in by somebody else, shut out again")

		waiting, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		_, err = w.users.Reconcile(waiting, w.user(ctx, bob))
		Expect(err).To(MatchError(context.DeadlineExceeded))
		done()
		w.mustPass(ctx, bob)
		Expect(bob.Status.State).To(Equal(v1alpha1.StateActive))
		w.settles(ctx, alice, bob)
	})

	Describe("sees", func() {
		drained := func(waker *kube.Waker) map[string]int {
			GinkgoHelper()
			queue := priorityqueue.New[reconcile.Request]("drained")
			defer queue.ShutDown()
			Expect(waker.Start(context.Background(), queue)).To(Succeed())
			priorities := map[string]int{}
			for queue.Len() > 0 {
				request, priority, _ := queue.GetWithPriority()
				priorities[request.Name] = priority
				queue.Done(request)
			}
			return priorities
		}

		It("a suspension that was declared while it was away before everybody else", func(ctx context.Context) {
			w := newWorld(ctx)
			w.mustSync(ctx)
			alice, bob := w.declare(ctx, upnAlice), w.declare(ctx, upnBob)
			w.mustPass(ctx, alice)
			w.mustPass(ctx, bob)
			w.edit(ctx, alice, suspended(true))
			w.restart()
			w.mustSync(ctx)
			Expect(drained(w.tenants.Users)).To(Equal(map[string]int{"alice": kube.PriorityUrgent, "bob": kube.PriorityResync}))
		})

		It("somebody who was let in elsewhere before everybody else", func(ctx context.Context) {
			w := newWorld(ctx)
			w.mustSync(ctx)
			alice := w.declare(ctx, upnAlice, suspended(true))
			w.mustPass(ctx, alice)
			w.clock.Step(time.Hour)
			w.mustSync(ctx)
			w.mustPass(ctx, alice)
			Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
			w.users.Waker = kube.NewWaker()
			change := []inventory.Change{{ID: w.id(upnAlice)}}
			w.users.wakeChanged(client.ObjectKeyFromObject(w.tenant(ctx)), change)
			Expect(drained(w.users.Waker)).To(Equal(map[string]int{"alice": kube.PrioritySync}))

			w.outsider(upnAlice, map[string]any{"accountEnabled": true})
			w.mustSync(ctx)
			w.users.Waker = kube.NewWaker()
			w.users.wakeChanged(client.ObjectKeyFromObject(w.tenant(ctx)), change)
			Expect(drained(w.users.Waker)).To(Equal(map[string]int{"alice": kube.PriorityUrgent}))
		})
	})
})
