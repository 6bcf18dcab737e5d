// Command playground runs the whole product on this machine, with as many simulated
// tenants and users as asked for, and leaves it running until Ctrl-C.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

func main() {
	tenants, users, err := arguments(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "playground:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctrl.SetLogger(logr.Discard()) // of the libraries; what matters is said below
	err = run(ctx, os.Stdout, tenants, users)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "playground:", err)
		os.Exit(1)
	}
}

// arguments are the number of tenants, and of users per tenant.
func arguments(args []string) (tenants, users int, err error) {
	if len(args) != 2 {
		return 0, 0, errors.New("usage: playground TENANTS USERS")
	}
	tenants, errTenants := strconv.Atoi(args[0])
	users, errUsers := strconv.Atoi(args[1])
	if errTenants != nil || errUsers != nil || tenants < 1 || users < 1 {
		return 0, 0, fmt.Errorf("TENANTS and USERS must be numbers from 1 on, not %q and %q", args[0], args[1])
	}
	return tenants, users, nil
}

// run starts everything, waits until all users are Ready, and then until it is
// interrupted or a program fails. The manager may be killed meanwhile.
func run(ctx context.Context, out io.Writer, tenants, users int) (err error) {
	s, err := stack.New("playground")
	if err != nil {
		return err
	}
	defer func() {
		say(out, "Stopping everything.")
		err = errors.Join(err, s.Stop())
	}()
	p := &playground{Stack: s, out: out}
	err = p.live(ctx, tenants, users)
	switch {
	case ctx.Err() != nil:
		return nil // Ctrl-C is how a playground ends
	case err != nil:
		return fmt.Errorf("%w: see %s", err, p.LogDir())
	}
	return nil
}

// playground is a stack with somebody to talk to.
type playground struct {
	*stack.Stack
	out io.Writer
}

// live starts the programs, and then fills the cluster while it watches over them.
func (p *playground) live(ctx context.Context, tenants, users int) error {
	begin := time.Now()
	err := p.start(ctx, []part{
		{"Kubernetes serves", p.StartControlPlane},
		{fmt.Sprintf("Microsoft 365 is simulated: %d tenants of %d users", tenants, users), func(ctx context.Context) error {
			return p.StartGraph(ctx, tenants, users)
		}},
		{"The manager is ready", func(ctx context.Context) error { return p.StartManager(ctx) }},
		{"bin/playground/kubeconfig and bin/playground/env are written", func(context.Context) error { return p.writeEnv() }},
	})
	if err != nil {
		return err
	}
	watched, ctx := errgroup.WithContext(ctx)
	watched.Go(func() error { return newSupervisor(p, p.out, clock.RealClock{}, p.writeEnv).run(ctx) })
	watched.Go(func() error {
		err := p.start(ctx, []part{
			{fmt.Sprintf("%d Tenants and their Connection are applied", tenants), p.applyTenants},
			{"All users are Ready", p.awaitUsers},
		})
		if err != nil {
			return err
		}
		say(p.out, "%d users of %d tenants became Ready in %.1f s, all starts included.",
			tenants*users, tenants, time.Since(begin).Seconds())
		p.hints()
		return nil
	})
	return watched.Wait()
}

// part is a part of the start.
type part struct {
	what  string
	start func(context.Context) error
}

// start starts one part after the other, and says how long each took.
func (p *playground) start(ctx context.Context, parts []part) error {
	for _, part := range parts {
		began := time.Now()
		if err := part.start(ctx); err != nil {
			return err
		}
		say(p.out, "%s (%.1f s).", part.what, time.Since(began).Seconds())
	}
	return nil
}

// say writes a line; when the terminal is gone, nobody listens.
func say(out io.Writer, format string, values ...any) {
	_, _ = fmt.Fprintf(out, format+"\n", values...)
}
