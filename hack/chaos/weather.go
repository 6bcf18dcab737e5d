package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// atOnce is how many kinds of faults strike at once.
const atOnce = 3

// How long a fault lasts.
const (
	shortestFault = 500 * time.Millisecond
	longestFault  = 2500 * time.Millisecond
	// patience is how long it lasts at most until it has struck.
	patience = 10 * time.Second
)

// weather lets faults strike.
type weather struct {
	c     *campaign
	kinds []injector
	// busy is held while a kind strikes, which none does twice at once.
	busy []sync.Mutex
}

func newWeather(c *campaign, kinds []injector) *weather {
	kinds = slices.DeleteFunc(kinds, func(kind injector) bool {
		return c.options.noFaults || !strings.Contains(kind.Name(), c.options.only)
	})
	return &weather{c: c, kinds: kinds, busy: make([]sync.Mutex, len(kinds))}
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
// In round 0 none does.
func (w *weather) begin(ctx context.Context, round int) *front {
	kinds := w.kinds
	if round == 0 {
		kinds = nil
	}
	ctx, stop := context.WithCancel(ctx)
	f := &front{stop: stop, once: make(chan struct{})}
	rng := rand.New(rand.NewPCG(w.c.options.seed, uint64(1000+round))) //nolint:gosec // repeatable on purpose
	order := make(chan strike)
	var first sync.WaitGroup
	first.Add(len(kinds))
	f.working.Go(func() {
		defer close(order)
		for turn := 0; len(kinds) > 0; turn++ {
			turns := rng.Perm(len(kinds))
			if turn == 0 {
				slices.SortStableFunc(turns, func(a, b int) int { return lateness(kinds[a]) - lateness(kinds[b]) })
			}
			for _, kind := range turns {
				s := strike{kind: kinds[kind], busy: &w.busy[kind], seed: rng.Uint64(), done: func() {}}
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
				if ctx.Err() == nil {
					f.failed(s.carryOut(ctx))
				}
			}
		})
	}
	go func() {
		first.Wait()
		close(f.once)
	}()
	return f
}

// lateness puts what strikes only writes first in a storm: later there may be none left
// to strike.
func lateness(kind injector) int {
	if g, ok := kind.(*graphFault); ok && g.together {
		return 0
	}
	return 1
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
	busy *sync.Mutex
	seed uint64
	done func()
}

// carryOut lets a fault strike for a while. It is undone whatever happens.
func (s strike) carryOut(ctx context.Context) error {
	defer s.done()
	s.busy.Lock()
	defer s.busy.Unlock()
	rng := rand.New(rand.NewPCG(s.seed, 0)) //nolint:gosec // repeatable on purpose
	before, err := s.kind.Injected(ctx)
	if err != nil {
		return fmt.Errorf("count %s: %w", s.kind.Name(), err)
	}
	undo, err := s.kind.Inject(ctx, rng)
	if err == nil {
		s.last(ctx, shortestFault+time.Duration(rng.Int64N(int64(longestFault-shortestFault))), before)
	} else {
		err = fmt.Errorf("inject %s: %w", s.kind.Name(), err)
	}
	if undo == nil {
		return err
	}
	if failed := undo(context.WithoutCancel(ctx)); failed != nil {
		err = errors.Join(err, fmt.Errorf("undo %s: %w", s.kind.Name(), failed))
	}
	return err
}

// last waits as long as a fault is to last, and a little longer for one that has not
// struck.
func (s strike) last(ctx context.Context, lasting time.Duration, before int) {
	for waited := time.Duration(0); waited < patience; waited += shortestFault {
		select {
		case <-ctx.Done():
			return
		case <-time.After(shortestFault):
		}
		if lasting -= shortestFault; lasting > 0 {
			continue
		}
		if n, err := s.kind.Injected(ctx); err != nil || n > before {
			return
		}
	}
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
