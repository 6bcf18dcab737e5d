// Command soak has the operator live through simulated weeks on this machine, with
// people, clients and Microsoft doing what they do, and looks for anything that grows.
// It ends with code 0 only when nothing does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// options are the values of the flags.
type options struct {
	minutes float64
	clients int
	people  int
	seed    uint64
	every   time.Duration
}

// profileEvery is the mean number of allocated bytes between two that the heap profile
// knows: fine enough for a leak of some KiB a day, at little cost.
const profileEvery = 16 << 10

// spare is how many clients may come besides those who are there at first.
const spare = 200

func main() {
	runtime.MemProfileRate = profileEvery
	o := options{}
	flag.Float64Var(&o.minutes, "minutes", 60, "how long to run, in the machine's time")
	flag.IntVar(&o.clients, "clients", 10, "clients at a time")
	flag.IntVar(&o.people, "people", 50, "people of each client")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of what happens when")
	flag.DurationVar(&o.every, "every", 0, "simulated time between samples (default: by how long it runs, at most a day)")
	flag.Parse()
	if o.every == 0 {
		o.every = samplesEvery(o.minutes)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\nThe soak failed:", err)
		os.Exit(1)
	}
}

// samplesEvery is how much simulated time passes between two samples: a day, or less
// when there will not be many days.
func samplesEvery(minutes float64) time.Duration {
	switch {
	case minutes < 2:
		return time.Hour
	case minutes < 20:
		return 6 * time.Hour
	default:
		return day
	}
}

// run soaks the operator, and stops everything.
func run(ctx context.Context, o options) (err error) {
	s, err := stack.New("soak")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := s.StartControlPlane(ctx); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.LogDir(), "manager.log"))
	if err != nil {
		return fmt.Errorf("log of the controllers: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	logger := zap.New(zap.WriteTo(log))
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	if err := s.StartGraph(ctx, o.clients+spare, o.people); err != nil {
		return err
	}
	return newSoak(s, o, os.Stdout).live(ctx)
}
