package throttle

import (
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// patience is how long somebody is expected after the moment they were told to come.
const patience = time.Minute

// forgetTurn is how long after their turn somebody who never came is remembered.
const forgetTurn = time.Hour

// turns serves a limit so scarce that whoever is quickest would take it all. Who
// cannot be served gets a place in line and the time of their turn. The line is
// served in order, but for those who are not there when they are due: they are
// served first once they come. So a late comer costs each of the others at most one
// turn, and nobody is overtaken twice.
type turns struct {
	pace     *rate.Limiter
	interval time.Duration
	line     []place // in order
}

// place is somebody's place in line.
type place struct {
	holder *Budget
	due    time.Time
	// here is until when the holder, who came when due, counts as being here.
	here time.Time
}

func newTurns(limit Limit) *turns {
	interval := limit.Window / time.Duration(limit.Count)
	return &turns{pace: rate.NewLimiter(rate.Every(interval), 1), interval: interval}
}

// take serves the holder, or tells how long until its turn.
func (t *turns) take(holder *Budget, now time.Time) time.Duration {
	at := t.find(holder)
	if at < 0 {
		return t.join(holder, now)
	}
	if wait := t.line[at].due.Sub(now); wait > 0 {
		return wait
	}
	before := t.hereBefore(at, now)
	if before == 0 && t.pace.AllowN(now, 1) {
		t.line = slices.Delete(t.line, at, at+1)
		return 0
	}
	wait := t.next(now).Sub(now) + time.Duration(before)*t.interval
	t.line[at].here = now.Add(wait + patience)
	return wait
}

// join serves somebody who has no place, or gives them the last one.
func (t *turns) join(holder *Budget, now time.Time) time.Duration {
	t.line = slices.DeleteFunc(t.line, func(p place) bool { return p.due.Add(forgetTurn).Before(now) })
	if !t.expected(now) && t.pace.AllowN(now, 1) {
		return 0
	}
	due := t.next(now)
	if last := len(t.line) - 1; last >= 0 && due.Before(t.line[last].due.Add(t.interval)) {
		due = t.line[last].due.Add(t.interval)
	}
	t.line = append(t.line, place{holder: holder, due: due})
	return due.Sub(now)
}

// forget takes the holder out of the line.
func (t *turns) forget(holder *Budget) {
	if at := t.find(holder); at >= 0 {
		t.line = slices.Delete(t.line, at, at+1)
	}
}

// left is 1 when somebody without a place would be served now.
func (t *turns) left(now time.Time) int {
	if !t.expected(now) && t.pace.TokensAt(now) >= 1 {
		return 1
	}
	return 0
}

// idle tells that nothing of the limit is spent, and nobody stands in line.
func (t *turns) idle(now time.Time) bool { return len(t.line) == 0 && t.pace.TokensAt(now) >= 1 }

func (t *turns) find(holder *Budget) int {
	return slices.IndexFunc(t.line, func(p place) bool { return p.holder == holder })
}

// expected tells whether anybody in line has still to come.
func (t *turns) expected(now time.Time) bool {
	return slices.ContainsFunc(t.line, func(p place) bool {
		return !p.due.Add(patience).Before(now) || !p.here.Before(now)
	})
}

// hereBefore counts those who are here and come before the one at this place.
func (t *turns) hereBefore(at int, now time.Time) int {
	n := 0
	for _, p := range t.line[:at] {
		if !p.here.Before(now) {
			n++
		}
	}
	return n
}

// next is when the next one can be served, a nanosecond late rather than early.
func (t *turns) next(now time.Time) time.Time {
	missing := max(0, 1-t.pace.TokensAt(now))
	return now.Add(time.Duration(missing*float64(t.interval)) + 1)
}
