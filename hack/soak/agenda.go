package main

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"time"
)

// agenda is what people and Microsoft are going to do, and when.
type agenda struct {
	rng  *rand.Rand
	acts acts
}

// act is something that happens.
type act struct {
	at time.Time
	do func(context.Context) error
}

// at plans something.
func (a *agenda) at(at time.Time, do func(context.Context) error) {
	heap.Push(&a.acts, act{at: at, do: do})
}

// often plans something that happens so many times a day on average, for ever, at times
// that nobody can foresee.
func (a *agenda) often(from time.Time, perDay float64, do func(context.Context) error) {
	pause := time.Duration(a.rng.ExpFloat64() / perDay * float64(day))
	a.at(from.Add(pause), func(ctx context.Context) error {
		a.often(from.Add(pause), perDay, do)
		return do(ctx)
	})
}

// act does the first thing that is due; false when nothing is.
func (a *agenda) act(ctx context.Context, now time.Time) (bool, error) {
	if len(a.acts) == 0 || a.acts[0].at.After(now) {
		return false, nil
	}
	first, _ := heap.Pop(&a.acts).(act)
	return true, first.do(ctx)
}

// next is when something happens next; false when nothing ever does.
func (a *agenda) next() (time.Time, bool) {
	if len(a.acts) == 0 {
		return time.Time{}, false
	}
	return a.acts[0].at, true
}

// acts is a heap by time.
type acts []act

func (a acts) Len() int           { return len(a) }
func (a acts) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a acts) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push is for container/heap.
func (a *acts) Push(x any) {
	if x, ok := x.(act); ok {
		*a = append(*a, x)
	}
}

// Pop is for container/heap.
func (a *acts) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = act{}
	*a = (*a)[:last]
	return x
}
