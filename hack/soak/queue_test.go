package main

import (
	"context"
	"math/rand/v2"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func keyOf(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: name, Name: name}
}

func requestOf(name string) reconcile.Request { return reconcile.Request{NamespacedName: keyOf(name)} }

// world is a pace with one queue, and somebody who works on it.
type world struct {
	pace  *pace
	queue *queue
	// handed tells who was handed out and when, after the beginning.
	handed []handed
	begin  time.Time
}

type handed struct {
	name     string
	at       time.Duration
	priority int
}

func newWorld() *world {
	GinkgoHelper()
	c := &shiftedClock{}
	w := &world{
		begin: c.Now(),
		pace: &pace{
			clock: c, agenda: &agenda{rng: rand.New(rand.NewPCG(1, 2))},
			ahead: func(context.Context, time.Duration) error { return nil },
		},
	}
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Minute, time.Hour)
	made := w.pace.newQueue("one", limiter)
	w.queue = made.(*queue)
	return w
}

// work hands everything out until the queue is shut down, and again after what the
// worker says.
func (w *world) work(again func(reconcile.Request) priorityqueue.AddOpts) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			request, priority, shutdown := w.queue.GetWithPriority()
			if shutdown {
				return
			}
			w.handed = append(w.handed, handed{request.Name, w.pace.clock.Since(w.begin), priority})
			if next := again(request); next.After > 0 || next.RateLimited {
				w.queue.AddWithOpts(next, request)
			}
			w.queue.Done(request)
		}
	}()
	DeferCleanup(func() {
		w.queue.ShutDown()
		<-done
	})
}

func never(reconcile.Request) priorityqueue.AddOpts { return priorityqueue.AddOpts{} }

var _ = Describe("Time", func() {
	It("goes by at once when there is nothing to do, and nobody comes early", func(ctx SpecContext) {
		w := newWorld()
		w.work(func(reconcile.Request) priorityqueue.AddOpts {
			return priorityqueue.AddOpts{After: 2 * time.Hour}
		})
		w.queue.Add(requestOf("tenant"))

		Expect(w.pace.until(ctx, w.begin.Add(24*time.Hour))).To(Succeed())

		Expect(w.handed).To(HaveLen(12))
		for i, pass := range w.handed {
			Expect(pass.at).To(BeNumerically(">=", time.Duration(i)*2*time.Hour))
			Expect(pass.at).To(BeNumerically("<", time.Duration(i)*(2*time.Hour+grain)+time.Minute))
		}
	}, SpecTimeout(time.Minute))

	It("has a failure tried again after a growing while", func(ctx SpecContext) {
		w := newWorld()
		w.work(func(reconcile.Request) priorityqueue.AddOpts { return priorityqueue.AddOpts{RateLimited: true} })
		w.queue.Add(requestOf("tenant"))

		Expect(w.pace.until(ctx, w.begin.Add(8*time.Minute))).To(Succeed())

		Expect(w.handed).To(HaveLen(4)) // at 0, 1, 1+2 and 1+2+4 minutes
	}, SpecTimeout(time.Minute))

	It("keeps one appointment for each, the earliest with the highest priority", func(ctx SpecContext) {
		w := newWorld()
		w.queue.AddWithOpts(priorityqueue.AddOpts{After: time.Hour, Priority: ptr.To(5)}, requestOf("tenant"))
		w.queue.AddWithOpts(priorityqueue.AddOpts{After: 3 * time.Hour}, requestOf("tenant"))
		w.queue.AddAfter(requestOf("other"), 2*time.Hour)
		Expect(w.queue.waiting).To(HaveLen(2))
		w.work(never)

		Expect(w.pace.until(ctx, w.begin.Add(30*time.Minute))).To(Succeed())
		Expect(w.handed).To(BeEmpty())
		Expect(w.pace.until(ctx, w.begin.Add(90*time.Minute))).To(Succeed())
		Expect(w.handed).To(HaveLen(1))
		Expect(w.handed[0].priority).To(Equal(5))
		w.queue.Add(requestOf("other"))
		Expect(w.pace.until(ctx, w.begin.Add(24*time.Hour))).To(Succeed())

		Expect(w.handed).To(HaveLen(2))
		Expect(w.queue.waiting).To(BeEmpty())
	}, SpecTimeout(time.Minute))

	It("stands on the agenda in order", func(ctx SpecContext) {
		w := newWorld()
		var told []string
		say := func(what string) func(context.Context) error {
			return func(context.Context) error {
				told = append(told, what)
				return nil
			}
		}
		w.pace.agenda.at(w.begin.Add(2*time.Hour), say("two"))
		w.pace.agenda.at(w.begin.Add(time.Hour), say("one"))
		w.pace.agenda.at(w.begin.Add(48*time.Hour), say("never"))

		Expect(w.pace.until(ctx, w.begin.Add(24*time.Hour))).To(Succeed())

		Expect(told).To(Equal([]string{"one", "two"}))
	}, SpecTimeout(time.Minute))

	It("brings what happens often about as often as said", func(ctx SpecContext) {
		w := newWorld()
		n := 0
		w.pace.agenda.often(w.begin, 24, func(context.Context) error { n++; return nil })

		Expect(w.pace.until(ctx, w.begin.Add(20*day))).To(Succeed())

		Expect(n).To(BeNumerically("~", 480, 66)) // three times the square root
	}, SpecTimeout(time.Minute))
})

var _ = DescribeTable("The writes of the manager are told apart by what they write", func(path, resource string) {
	Expect(resourceOf(path)).To(Equal(resource))
},
	Entry(nil, "/api/v1/namespaces/contoso/secrets/one", "secrets"),
	Entry(nil, "/api/v1/namespaces/contoso", "namespaces"),
	Entry(nil, "/apis/events.k8s.io/v1/namespaces/contoso/events", "events"),
	Entry(nil, "/apis/identity.m365-operator.io/v1alpha1/namespaces/contoso/managedusers/one/status", "managedusers"),
	Entry(nil, "/apis/identity.m365-operator.io/v1alpha1/connections/msp/status", "connections"),
	Entry(nil, "/", ""),
)
