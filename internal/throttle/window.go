package throttle

import (
	"slices"
	"time"
)

// grains is into how many parts of a window spending is lumped together. A lump
// leaves the window with its latest part, so a limit is never overrun, and at most a
// part in so many of it is lost.
const grains = 256

// window is a limit over any window of its length, however that is placed. A token
// bucket (golang.org/x/time/rate) would not do: with a burst it lets burst + limit
// through, and without one it makes a hundred waiting calls trickle.
type window struct {
	limit Limit
	lumps []lump // oldest first
	used  int
}

// lump is spending close together in time.
type lump struct {
	since, last time.Time
	n           int
}

func newWindow(limit Limit) *window { return &window{limit: limit} }

// wait tells how long until n more keep the spending within allowed; 0 is now.
func (w *window) wait(now time.Time, n, allowed int) time.Duration {
	w.expire(now)
	over := w.used + n - allowed
	if over <= 0 {
		return 0
	}
	for _, l := range w.lumps {
		if over -= l.n; over <= 0 {
			return l.last.Add(w.limit.Window).Sub(now)
		}
	}
	return w.limit.Window // more than is ever allowed: ask again, it may be by then
}

// take spends n.
func (w *window) take(now time.Time, n int) {
	if n == 0 {
		return
	}
	w.used += n
	if last := len(w.lumps) - 1; last >= 0 && now.Sub(w.lumps[last].since) < w.limit.Window/grains {
		w.lumps[last].last = now
		w.lumps[last].n += n
		return
	}
	w.lumps = append(w.lumps, lump{since: now, last: now, n: n})
}

// left tells what may be spent now.
func (w *window) left(now time.Time) int {
	w.expire(now)
	return max(0, w.limit.Count-w.used)
}

// idle tells whether nothing is spent.
func (w *window) idle(now time.Time) bool {
	w.expire(now)
	return w.used == 0
}

func (w *window) expire(now time.Time) {
	gone := 0
	for ; gone < len(w.lumps) && !now.Before(w.lumps[gone].last.Add(w.limit.Window)); gone++ {
		w.used -= w.lumps[gone].n
	}
	if gone > 0 {
		w.lumps = slices.Delete(w.lumps, 0, gone)
	}
}
