// Command bench measures what the product costs and how fast it is, with everything on
// this machine: a real control plane, a simulated Microsoft Graph and the manager, each a
// process of its own. It prints a table, writes JSON, and ends with code 1 when a goal was
// missed.
//
// A figure says little alone, so each stands beside the ceiling or the peer that the same
// run measured: a bare client that does the same and nothing else.
//
// What is measured are scenarios. A scenario runs in worlds: simulated tenants whose users
// are all Ready and of whom everything has been read. A world is expensive, so all
// scenarios that want the same shape share one, in the order of the list in scenarios.go.
// To add one: write a file with a function that returns a scenario, and name it in that
// list. Its run function gets the world (a stack.Stack, with helpers to count what Graph,
// the API server and the manager did) with the manager up and at rest, must leave the users
// as they were, and returns figures. What needs figures of several worlds goes to its
// conclude function. Goals that count things hold at any size; those that measure time are
// judged at full size only, on a machine that has nothing else to do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// errMissed is what a run ends with that measured everything, but not what was hoped for.
var errMissed = errors.New("a goal was missed")

func main() {
	o := options{}
	only := ""
	flag.BoolVar(&o.short, "short", false, "small sizes; only goals that count something are judged")
	flag.StringVar(&o.sizes, "sizes", "", "users of two single tenants, and a fleet (default: "+fullSizes+", or "+shortSizes+")")
	flag.StringVar(&only, "only", "", "names of scenarios, separated by commas (default: all)")
	flag.StringVar(&o.out, "out", filepath.Join("bin", "bench", "results.json"), "file for the figures as JSON")
	flag.Parse()
	o.only = strings.FieldsFunc(only, func(r rune) bool { return r == ',' || r == ' ' })

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctrl.SetLogger(logr.Discard()) // of the libraries; what matters is said below
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	short bool
	only  []string
	out   string
	sizes string
}

// run measures, and reports what was measured also when something failed.
func run(ctx context.Context, o options) error {
	chosen, err := choose(scenarios(), o.only)
	if err != nil {
		return err
	}
	if o.sizes == "" {
		o.sizes = map[bool]string{false: fullSizes, true: shortSizes}[o.short]
	}
	b := &bench{out: os.Stdout, short: o.short}
	if b.sizes, err = parseSizes(o.sizes); err != nil {
		return err
	}
	began := time.Now()
	err = b.measure(ctx, chosen)
	result := newResult(ctx, b, began)
	_, _ = fmt.Fprintln(b.out)
	printTable(b.out, result.Figures)
	err = errors.Join(err, writeResult(o.out, result))
	if err == nil && result.missed() > 0 {
		err = fmt.Errorf("%w: %d of %d", errMissed, result.missed(), result.judged())
	}
	return err
}
