package kube

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// Priorities of a pass. What a watch tells has the first, what a restart or a resync
// of the cache tells the last.
const (
	// PriorityUrgent: somebody is to be shut out.
	PriorityUrgent = 100
	// PriorityPerson: a person is waiting for it.
	PriorityPerson = 0
	// PrioritySync: a sync found something changed.
	PrioritySync = -50
	// PriorityResync: nothing is known to have changed.
	PriorityResync = handler.LowPriority
)

// Waker is a source of reconcile requests from within the process. It puts them into
// the controller's queue at their priority, never blocks, and is safe for concurrent
// use.
type Waker struct {
	mu    sync.Mutex
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
	// kept are the requests and their priorities until there is a queue.
	kept map[reconcile.Request]int
}

var _ source.Source = &Waker{}

// NewWaker returns a Waker that keeps what it is told until it is started.
func NewWaker() *Waker { return &Waker{kept: map[reconcile.Request]int{}} }

// Start takes the controller's queue and gives it what was kept. The controller
// calls it.
func (w *Waker) Start(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = queue
	for _, request := range inOrder(w.kept) {
		w.add(w.kept[request], request)
	}
	w.kept = nil
	return nil
}

// Wake asks for passes. Requests that already wait are not doubled; they keep the
// higher priority.
func (w *Waker) Wake(priority int, requests ...reconcile.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.queue != nil {
		w.add(priority, requests...)
		return
	}
	for _, request := range requests {
		if before, ok := w.kept[request]; !ok || before < priority {
			w.kept[request] = priority
		}
	}
}

func (w *Waker) add(priority int, requests ...reconcile.Request) {
	if queue, ok := w.queue.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		queue.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, requests...)
		return
	}
	for _, request := range requests {
		w.queue.Add(request)
	}
}

// inOrder lists requests by priority, then by name.
func inOrder(kept map[reconcile.Request]int) []reconcile.Request {
	return slices.SortedFunc(maps.Keys(kept), func(a, b reconcile.Request) int {
		return cmp.Or(cmp.Compare(kept[b], kept[a]), cmp.Compare(a.String(), b.String()))
	})
}
