package kube_test

import (
	"context"
	"fmt"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/internal/kube"
)

func request(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "contoso", Name: name}}
}

// drain takes what waits in the queue, with its priorities.
func drain(queue priorityqueue.PriorityQueue[reconcile.Request], n int) []string {
	var got []string
	for range n {
		item, priority, _ := queue.GetWithPriority()
		got = append(got, fmt.Sprintf("%s %d", item.Name, priority))
		queue.Done(item)
	}
	return got
}

var _ = Describe("A waker", func() {
	var (
		waker *kube.Waker
		queue priorityqueue.PriorityQueue[reconcile.Request]
	)
	BeforeEach(func() {
		waker = kube.NewWaker()
		queue = priorityqueue.New[reconcile.Request]("test")
		DeferCleanup(queue.ShutDown)
	})

	It("keeps what it is told before there is a queue, once, at the highest priority", func(ctx SpecContext) {
		waker.Wake(kube.PriorityResync, request("alice"), request("bob"))
		waker.Wake(kube.PriorityPerson, request("bob"))
		waker.Wake(kube.PrioritySync, request("carol"), request("bob"))
		Expect(waker.Start(ctx, queue)).To(Succeed())
		Expect(drain(queue, 3)).To(Equal([]string{"bob 0", "carol -50", "alice -100"}))
		Expect(queue.Len()).To(BeZero())
	})

	It("lets a person pass before a sync, and a sync before a resync", func(ctx SpecContext) {
		Expect(waker.Start(ctx, queue)).To(Succeed())
		waker.Wake(kube.PriorityResync, request("a"), request("b"))
		waker.Wake(kube.PrioritySync, request("c"))
		waker.Wake(kube.PriorityPerson, request("d"))
		waker.Wake(kube.PrioritySync, request("b"))
		Expect(drain(queue, 4)).To(Equal([]string{"d 0", "c -50", "b -50", "a -100"}))
	})

	It("serves a queue without priorities", func(ctx SpecContext) {
		plain := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		DeferCleanup(plain.ShutDown)
		waker.Wake(kube.PriorityResync, request("alice"))
		Expect(waker.Start(ctx, plain)).To(Succeed())
		waker.Wake(kube.PriorityPerson, request("bob"), request("alice"))
		Expect(plain.Len()).To(Equal(2))
	})

	It("loses nothing that is told while it starts", func() {
		plain := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		DeferCleanup(plain.ShutDown)
		var tellers sync.WaitGroup
		for teller := range 8 {
			tellers.Go(func() {
				for i := range 100 {
					waker.Wake(kube.PrioritySync, request(fmt.Sprint(teller, "-", i)))
				}
			})
		}
		Expect(waker.Start(context.Background(), plain)).To(Succeed())
		tellers.Wait()
		Expect(plain.Len()).To(Equal(800))
	})

	It("blocks nobody after the controller has stopped", func(ctx SpecContext) {
		stopped := priorityqueue.New[reconcile.Request]("stopped")
		Expect(waker.Start(ctx, stopped)).To(Succeed())
		stopped.ShutDown()
		waker.Wake(kube.PriorityPerson, request("alice"))
	})
})
