package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// atOnce is how many kinds of faults strike at once.
const atOnce = 3

// How long a fault lasts.
const (
	shortestFault = 500 * time.Millisecond
	longestFault  = 2500 * time.Millisecond
)

// weather lets faults strike.
type weather struct {
	c     *campaign
	kinds []injector
}

func newWeather(c *campaign, kinds []injector) *weather {
	if c.options.noFaults {
		kinds = nil
	}
	return &weather{c: c, kinds: kinds}
}

// front is the faults of one storm.
type front struct {
	stop    context.CancelFunc
	working sync.WaitGroup
	mu      sync.Mutex
	errs    []error
	// once is closed when every kind has struck, or has been armed, once.
	once chan struct{}
}

// begin lets every kind of fault strike in an order of the seed's, and again, until end.
func (w *weather) begin(ctx context.Context, round int) *front {
	ctx, stop := context.WithCancel(ctx)
	f := &front{stop: stop, once: make(chan struct{})}
	rng := rand.New(rand.NewPCG(w.c.options.seed, uint64(1000+round))) //nolint:gosec // repeatable on purpose
	order := make(chan strike)
	var first sync.WaitGroup
	first.Add(len(w.kinds))
	f.working.Go(func() {
		defer close(order)
		for turn := 0; len(w.kinds) > 0; turn++ {
			for _, kind := range rng.Perm(len(w.kinds)) {
				s := strike{kind: w.kinds[kind], seed: rng.Uint64(), done: func() {}}
				if turn == 0 {
					s.done = first.Done
				}
				select {
				case order <- s:
				case <-ctx.Done():
					return
				}
			}
		}
	})
	for range atOnce {
		f.working.Go(func() {
			for s := range order {
				f.failed(s.carryOut(ctx))
			}
		})
	}
	go func() {
		first.Wait()
		close(f.once)
	}()
	return f
}

func (f *front) failed(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}

// latest is how long a storm goes on at most for the sake of faults that have not struck.
const latest = 45 * time.Second

// end ends the storm once every kind of fault has had its turn, and undoes all of them.
func (f *front) end(ctx context.Context) error {
	select {
	case <-f.once:
	case <-ctx.Done():
	case <-time.After(latest):
	}
	f.stop()
	f.working.Wait()
	return errors.Join(f.errs...)
}

// strike is one fault that is to happen.
type strike struct {
	kind injector
	seed uint64
	done func()
}

// carryOut lets a fault strike for a while. It is undone whatever happens.
func (s strike) carryOut(ctx context.Context) error {
	defer s.done()
	rng := rand.New(rand.NewPCG(s.seed, 0)) //nolint:gosec // repeatable on purpose
	undo, err := s.kind.Inject(ctx, rng)
	if err != nil {
		return fmt.Errorf("inject %s: %w", s.kind.Name(), err)
	}
	lasting := shortestFault + time.Duration(rng.Int64N(int64(longestFault-shortestFault)))
	select {
	case <-ctx.Done():
	case <-time.After(lasting):
	}
	if undo == nil {
		return nil
	}
	if err := undo(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("undo %s: %w", s.kind.Name(), err)
	}
	return nil
}

// silent are the kinds of faults that never struck.
func (w *weather) silent(ctx context.Context) ([]string, error) {
	var names []string
	for _, kind := range w.kinds {
		n, err := kind.Injected(ctx)
		if err != nil {
			return nil, fmt.Errorf("count %s: %w", kind.Name(), err)
		}
		if n == 0 {
			names = append(names, kind.Name())
		}
	}
	return names, nil
}
