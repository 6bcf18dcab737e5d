package tenancy

import (
	"container/heap"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Waiter is who wants to work on one of a tenant's users.
type Waiter struct {
	Key types.NamespacedName
	// Priority decides who is called first; a higher one comes before a lower.
	Priority int
	// Urgent lets it have one of the workers that are kept for such. Its Priority has to
	// be above that of all who are not.
	Urgent bool
	// Call tells that a worker is free. It is called at most once for each time of
	// waiting, and must not block.
	Call func()
}

// workers are those that one tenant may hold of all workers. Whoever finds them all
// held goes and stands in line, holding nothing meanwhile: who is called may still find
// that somebody was faster, and then stands in line again.
type workers struct {
	mu sync.Mutex
	// common are free for everybody, kept only for who is urgent.
	common, kept int
	line         line
	waiting      map[types.NamespacedName]*place
	arrived      uint64
}

// newWorkers is what one tenant may hold of all workers: a quarter, and half as many more
// for who is urgent, but never all.
func newWorkers(all int) *workers {
	common := max(1, all/4)
	kept := min(max(1, common/2), max(0, all-common-1))
	return &workers{common: common, kept: kept, waiting: map[types.NamespacedName]*place{}}
}

// tryAcquire takes a worker, or puts the waiter in line.
func (w *workers) tryAcquire(waiter Waiter) (release func(), ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if from := w.freeFor(waiter); from != nil {
		*from--
		delete(w.waiting, waiter.Key)
		return sync.OnceFunc(func() { w.release(from) }), true
	}
	if had, ok := w.waiting[waiter.Key]; ok && had.Priority >= waiter.Priority {
		return nil, false
	}
	w.arrived++
	entry := &place{Waiter: waiter, number: w.arrived}
	w.waiting[waiter.Key] = entry
	heap.Push(&w.line, entry)
	return nil, false
}

// freeFor is the number from which the waiter can have one; nil when none is free. The
// caller holds the lock.
func (w *workers) freeFor(waiter Waiter) *int {
	switch {
	case w.common > 0:
		return &w.common
	case waiter.Urgent && w.kept > 0:
		return &w.kept
	default:
		return nil
	}
}

func (w *workers) release(to *int) {
	w.mu.Lock()
	*to++
	w.mu.Unlock()
	w.callNext()
}

// callNext calls the first in line when a worker is free.
func (w *workers) callNext() {
	if next := w.next(); next != nil {
		next.Call()
	}
}

func (w *workers) next() *place {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.line) > 0 && w.freeFor(w.line[0].Waiter) != nil {
		entry, _ := heap.Pop(&w.line).(*place)
		if w.waiting[entry.Key] == entry { // he neither got a worker meanwhile nor moved up
			delete(w.waiting, entry.Key)
			return entry
		}
	}
	return nil
}

// place is a place in the line.
type place struct {
	Waiter
	number uint64
}

// line is a heap: the most urgent first, and of those who came first.
type line []*place

func (l line) Len() int { return len(l) }

func (l line) Less(i, j int) bool {
	if l[i].Priority != l[j].Priority {
		return l[i].Priority > l[j].Priority
	}
	return l[i].number < l[j].number
}

func (l line) Swap(i, j int) { l[i], l[j] = l[j], l[i] }

// Push implements heap.Interface.
func (l *line) Push(x any) {
	if entry, ok := x.(*place); ok {
		*l = append(*l, entry)
	}
}

// Pop implements heap.Interface.
func (l *line) Pop() any {
	last := len(*l) - 1
	entry := (*l)[last]
	(*l)[last] = nil
	*l = (*l)[:last]
	return entry
}
