package graphsim

import (
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

// Clock is the simulator's own time: a base clock plus an offset that Step makes grow
// and Skew changes either way. Over a real clock it ticks in real time; over a fake
// clock it stands still until stepped.
type Clock struct {
	base   clock.Clock
	offset atomic.Int64
}

// NewClock returns a Clock over base. A nil base means the machine's clock.
func NewClock(base clock.Clock) *Clock {
	if base == nil {
		base = clock.RealClock{}
	}
	return &Clock{base: base}
}

// Now is the simulated time, in UTC.
func (c *Clock) Now() time.Time {
	return c.base.Now().Add(time.Duration(c.offset.Load())).UTC()
}

// Step moves the simulated time forward by d. A base clock that can itself be
// stepped is stepped, so that timers waiting on it fire.
func (c *Clock) Step(d time.Duration) {
	if stepper, ok := c.base.(interface{ Step(time.Duration) }); ok {
		stepper.Step(d)
		return
	}
	c.offset.Add(int64(d))
}

// Skew moves the simulated time by d, backwards if negative, as when a machine's clock
// is set. The base clock and what waits on it know nothing of it.
func (c *Clock) Skew(d time.Duration) { c.offset.Add(int64(d)) }

// After fires when the base clock has advanced by d.
func (c *Clock) After(d time.Duration) <-chan time.Time { return c.base.After(d) }
