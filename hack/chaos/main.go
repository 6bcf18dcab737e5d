// Command chaos lets a seeded campaign of operations and faults loose on the whole
// product, on this machine, and compares what is left with a model: the state of every
// account, how often everything was done, and what the objects say. It ends with code 0
// only when nothing was lost and nothing repeated, and when every kind of fault really
// struck.
//
// The sequence of operations is the same for the same seed and size, up to where the time
// is up. When processes run, and when faults strike, is the machine's.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctrl.SetLogger(logr.Discard()) // of the libraries; what matters is said below
	err = run(ctx, os.Stdout, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\nchaos:", err)
		os.Exit(1)
	}
}
