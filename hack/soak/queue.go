package main

import (
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// queue is controller-runtime's own, but that what is to come later comes by the
// simulated clock. As in the original a request waits once, for the earliest of its
// times and with the highest of its priorities.
type queue struct {
	priorityqueue.PriorityQueue[reconcile.Request]
	name    string
	clock   clock.PassiveClock
	limiter workqueue.TypedRateLimiter[reconcile.Request]

	// passes counts the requests that were handed out, working those not done yet.
	passes, working atomic.Int64

	mu      sync.Mutex
	waiting map[reconcile.Request]appointment
}

// appointment is when a request wants to be handed out.
type appointment struct {
	at       time.Time
	priority int
}

func newQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request], c clock.PassiveClock) *queue {
	return &queue{
		PriorityQueue: priorityqueue.New(name, func(o *priorityqueue.Opts[reconcile.Request]) { o.RateLimiter = limiter }),
		name:          name, clock: c, limiter: limiter, waiting: map[reconcile.Request]appointment{},
	}
}

// AddWithOpts adds requests.
func (q *queue) AddWithOpts(o priorityqueue.AddOpts, requests ...reconcile.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, request := range requests {
		after := o.After
		if o.RateLimited {
			if delay := q.limiter.When(request); after == 0 || delay < after {
				after = delay
			}
		}
		next := appointment{at: q.clock.Now().Add(after), priority: ptr.Deref(o.Priority, 0)}
		if before, waits := q.waiting[request]; waits {
			next.priority = max(next.priority, before.priority)
			if before.at.Before(next.at) {
				next.at = before.at
			}
		}
		if after > 0 {
			q.waiting[request] = next
			continue
		}
		q.hand(request, next.priority)
	}
}

// hand makes a request ready; the caller holds the lock.
func (q *queue) hand(request reconcile.Request, priority int) {
	delete(q.waiting, request)
	q.PriorityQueue.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, request)
}

// Add makes a request ready.
func (q *queue) Add(request reconcile.Request) { q.AddWithOpts(priorityqueue.AddOpts{}, request) }

// AddAfter adds a request for later.
func (q *queue) AddAfter(request reconcile.Request, after time.Duration) {
	q.AddWithOpts(priorityqueue.AddOpts{After: after}, request)
}

// AddRateLimited adds a request that failed.
func (q *queue) AddRateLimited(request reconcile.Request) {
	q.AddWithOpts(priorityqueue.AddOpts{RateLimited: true}, request)
}

// GetWithPriority hands out a request, and waits for one.
func (q *queue) GetWithPriority() (request reconcile.Request, priority int, shutdown bool) {
	request, priority, shutdown = q.PriorityQueue.GetWithPriority()
	if !shutdown {
		q.working.Add(1)
		q.passes.Add(1)
	}
	return request, priority, shutdown
}

// Get hands out a request, and waits for one.
func (q *queue) Get() (request reconcile.Request, shutdown bool) {
	request, _, shutdown = q.GetWithPriority()
	return request, shutdown
}

// Done ends the work on a request.
func (q *queue) Done(request reconcile.Request) {
	q.PriorityQueue.Done(request)
	q.working.Add(-1)
}

// release makes ready what is due.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.clock.Now()
	for request, next := range q.waiting {
		if !next.at.After(now) {
			q.hand(request, next.priority)
		}
	}
}

// next is when the first request wants to be handed out; false when none waits.
func (q *queue) next() (time.Time, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var first time.Time
	for _, next := range q.waiting {
		if first.IsZero() || next.at.Before(first) {
			first = next.at
		}
	}
	return first, !first.IsZero()
}

// later counts the requests that wait for their time.
func (q *queue) later() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// idle tells that nothing is ready and nothing is worked on.
func (q *queue) idle() bool { return q.Len() == 0 && q.working.Load() == 0 }
