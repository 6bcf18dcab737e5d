package kube

import "context"

// Turns are for writes that can wait: so many of them go to the API server at once, that
// others, which take no turn, find it free. They are safe for concurrent use; nil ones are
// always to be had.
type Turns chan struct{}

// NewTurns makes turns for so many at once.
func NewTurns(n int) Turns { return make(Turns, n) }

// Take waits for a turn, which done ends; the error is that of a context that ended before.
func (t Turns) Take(ctx context.Context) (done func(), err error) {
	if t == nil {
		return func() {}, nil
	}
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
