package throttle

import "time"

// The pauses after a refusal that did not say how long to wait.
const (
	firstPause = 10 * time.Second
	lastPause  = 5 * time.Minute
)

// slowAbove is the used share of a limit from which Graph reports it
// (x-ms-throttle-limit-percentage).
const slowAbove = 0.8

// slowest is the share that calls that are not urgent always keep: the report may be
// about writes, and those must not stop a tenant from being read.
const slowest = 0.1

// pause is a time in which nothing is asked.
type pause struct {
	until time.Time
	// length of the pause, while Graph does not say how long.
	length time.Duration
}

// Throttled tells that Graph refused a call, and for how long it asked to be left
// alone; 0 when it did not say. Refusals of the directory itself pause everything in
// the tenant, others only their class.
func (b *Budget) Throttled(class Class, retryAfter time.Duration) {
	b.governor.mu.Lock()
	defer b.governor.mu.Unlock()
	now := b.governor.clock.Now()

	last := b.pauses[class]
	next := pause{}
	if retryAfter <= 0 {
		next.length = firstPause
		if last.length > 0 && now.Before(last.until.Add(last.length)) {
			next.length = min(2*last.length, lastPause) // refused again at once
		}
		retryAfter = next.length
	}
	next.until = now.Add(retryAfter)
	if next.until.Before(last.until) {
		next.until = last.until
	}
	b.pauses[class] = next
}

// paused tells how long the class is left alone; 0 is not at all.
func (b *Budget) paused(class Class, now time.Time) time.Duration {
	return max(0, b.pauses[class].until.Sub(now), b.pauses[Identity].until.Sub(now))
}

// slowdown holds back calls that are not urgent before Graph refuses any.
type slowdown struct {
	until time.Time
	left  float64 // the share that they keep
}

// Observe tells which share of its limit the application has used in Graph's own
// account: 0.8 to 1.8, the value of the header x-ms-throttle-limit-percentage. For
// the next window it holds back calls that are not urgent, most of them from 1 on.
func (b *Budget) Observe(percentage float64) {
	b.governor.mu.Lock()
	defer b.governor.mu.Unlock()
	if percentage < slowAbove {
		return
	}
	b.slow = slowdown{
		until: b.governor.clock.Now().Add(b.units.limit.Window),
		left:  max(slowest, (1-percentage)/(1-slowAbove)),
	}
}

// factor is the share that is left to calls that are not urgent.
func (s slowdown) factor(now time.Time) float64 {
	if !now.Before(s.until) {
		return 1
	}
	return s.left
}
