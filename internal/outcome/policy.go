package outcome

import (
	"math/rand/v2"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	// conflictRetry is how soon a pass is repeated that met a newer object. It gives
	// the cache a moment to catch up.
	conflictRetry = 100 * time.Millisecond
	// shortestPause is the pause after a refusal that did not say how long to wait.
	shortestPause = 10 * time.Second
	// widestSpread is within how long those come back who waited for the same.
	widestSpread = 3 * time.Second
)

// Policy decides when to come back. Its zero value does not jitter and uses the
// delays of NewPolicy.
type Policy struct {
	// Jitter returns a number in [0, 1); nil for none.
	Jitter func() float64
	// BlockedRetry is how often what only a person can repair is tried again (6h).
	BlockedRetry time.Duration
	// WaitingPoll is how often what is waited for is looked at, besides being watched
	// (10m).
	WaitingPoll time.Duration
}

// NewPolicy returns the policy that the operator runs with.
func NewPolicy() Policy {
	return Policy{Jitter: rand.Float64, BlockedRetry: 6 * time.Hour, WaitingPoll: 10 * time.Minute}
}

// Result is what a reconciler returns about a problem; the empty one for nil.
func (p Policy) Result(problem *Problem) (reconcile.Result, error) {
	if problem == nil {
		return reconcile.Result{}, nil
	}
	parts := problem.parts
	if len(parts) == 0 {
		parts = []*Problem{problem}
	}
	if pause := longestPause(parts); pause > 0 {
		return after(p.past(pause)), nil
	}
	next := time.Duration(0)
	for _, part := range parts {
		if part.Class == ClassTransient {
			return reconcile.Result{}, problem
		}
		if delay := p.delay(part); next == 0 || delay < next {
			next = delay
		}
	}
	return after(next), nil
}

// delay is when one problem wants to be looked at again.
func (p Policy) delay(problem *Problem) time.Duration {
	switch {
	case problem.Silent():
		return problem.RetryAfter
	case problem.RetryAfter > 0:
		return p.later(problem.RetryAfter)
	case problem.Class == ClassBlocked:
		return p.Blocked()
	default:
		return p.around(orElse(p.WaitingPoll, 10*time.Minute))
	}
}

// Blocked is when what only a person can repair is looked at again, jittered: of what is
// refused without a call no problem tells.
func (p Policy) Blocked() time.Duration { return p.around(orElse(p.BlockedRetry, 6*time.Hour)) }

// later adds up to a tenth, so that many do not come back at the same moment.
func (p Policy) later(d time.Duration) time.Duration {
	if p.Jitter == nil {
		return d
	}
	return d + time.Duration(p.Jitter()*float64(d)/10)
}

// past is soon after a pause. The budget grants who comes back what there is, and tells
// the others when: a few seconds keep them apart, while a tenth of a pause of minutes
// would leave a quota unused for so long.
func (p Policy) past(pause time.Duration) time.Duration {
	return min(p.later(pause), pause+widestSpread)
}

// around adds or takes up to a tenth.
func (p Policy) around(d time.Duration) time.Duration {
	if p.Jitter == nil {
		return d
	}
	return d + time.Duration((2*p.Jitter()-1)*float64(d)/10)
}

func after(d time.Duration) reconcile.Result { return reconcile.Result{RequeueAfter: d} }

func orElse(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}
