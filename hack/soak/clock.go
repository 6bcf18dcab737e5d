package main

import (
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

// shiftedClock is the machine's clock with an offset that only grows: it runs in real
// time, and is put forward when there is nothing to do. Now and Since are of that time,
// which is all that the operator asks of a clock; timers would be the machine's.
type shiftedClock struct {
	clock.RealClock
	offset atomic.Int64
}

var _ clock.Clock = &shiftedClock{}

// Now is the simulated time.
func (c *shiftedClock) Now() time.Time {
	return c.RealClock.Now().Add(time.Duration(c.offset.Load()))
}

// Since is the simulated time that has passed.
func (c *shiftedClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// step puts the clock forward.
func (c *shiftedClock) step(d time.Duration) { c.offset.Add(int64(d)) }
