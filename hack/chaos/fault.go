package main

import (
	"context"
	"math/rand/v2"
)

// injector is one kind of fault. The campaign lets several strike at once, each of them
// for a few seconds at a time, and counts what really struck: a fault that was not
// injected proves nothing.
type injector interface {
	// Name of the kind, as the table at the end has it.
	Name() string
	// Inject lets the fault strike, or arms it for requests to come. undo ends it, and
	// leaves everything as it was before; it is called once, also when the campaign ends
	// early, and may be nil when nothing is left to be undone. What is random is drawn
	// from rng alone.
	Inject(ctx context.Context, rng *rand.Rand) (undo func(context.Context) error, err error)
	// Injected is how often the fault has really struck since the campaign began.
	Injected(ctx context.Context) (int, error)
}
