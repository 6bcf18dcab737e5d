package throttle_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/m365-operator/m365-operator/internal/throttle"
)

func TestThrottle(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Throttle")
}

var start = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// world is a governor on a clock that only the spec moves.
type world struct {
	*throttle.Governor
	clock *clocktesting.FakePassiveClock
}

func newWorld(limits throttle.Limits) world {
	clock := clocktesting.NewFakePassiveClock(start)
	return world{Governor: throttle.New(clock, limits), clock: clock}
}

func (w world) now() time.Duration     { return w.clock.Since(start) }
func (w world) pass(d time.Duration)   { w.clock.SetTime(w.clock.Now().Add(d)) }
func (w world) at(since time.Duration) { w.clock.SetTime(start.Add(since)) }

// spend reserves until refused; it returns how often it was granted, and the wait.
func spend(b *throttle.Budget, cost throttle.Cost) (int, time.Duration) {
	for n := 0; ; n++ {
		if wait := b.Reserve(cost); wait > 0 {
			return n, wait
		}
	}
}

// exact are the documented limits without headroom.
func exact() throttle.Limits {
	l := throttle.DefaultLimits()
	l.Use, l.UseOfWrites, l.Urgent, l.Protective = 1, 1, 0, 0
	return l
}

// ledger remembers what was granted, to look for overrun windows.
type ledger []entry

type entry struct {
	at time.Duration
	n  int
}

func (l *ledger) add(at time.Duration, n int) {
	*l = append(*l, entry{at, n})
}

func (l *ledger) total() int {
	sum := 0
	for _, e := range *l {
		sum += e.n
	}
	return sum
}

// most is the most in any window of this length, the window's end left out.
func (l *ledger) most(window time.Duration) int {
	most, sum, from := 0, 0, 0
	for _, e := range *l {
		sum += e.n
		for ; (*l)[from].at <= e.at-window; from++ {
			sum -= (*l)[from].n
		}
		most = max(most, sum)
	}
	return most
}

// inOrder sorts a ledger by time.
func inOrder(l ledger) *ledger {
	slices.SortStableFunc(l, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	return &l
}
