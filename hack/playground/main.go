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
// interrupted or a program fails.
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
	err = p.start(ctx, tenants, users)
	if err == nil {
		p.hints()
		err = p.untilInterrupted(ctx)
	}
	if ctx.Err() != nil {
		return nil // Ctrl-C is how a playground ends
	}
	return err
}

// playground is a stack with somebody to talk to.
type playground struct {
	*stack.Stack
	out io.Writer
}

func (p *playground) start(ctx context.Context, tenants, users int) error {
	begin := time.Now()
	for _, part := range []struct {
		what  string
		start func(context.Context) error
	}{
		{"Kubernetes serves", p.StartControlPlane},
		{fmt.Sprintf("Microsoft 365 is simulated: %d tenants of %d users", tenants, users), func(ctx context.Context) error {
			return p.StartGraph(ctx, tenants, users)
		}},
		{"The manager is ready", func(ctx context.Context) error { return p.StartManager(ctx) }},
		{"bin/playground/kubeconfig and bin/playground/env are written", func(context.Context) error { return p.writeEnv() }},
		{fmt.Sprintf("%d Tenants and their Connection are applied", tenants), p.applyTenants},
		{"All users are Ready", func(ctx context.Context) error { return p.awaitUsers(ctx) }},
	} {
		began := time.Now()
		if err := part.start(ctx); err != nil {
			return err
		}
		say(p.out, "%s (%.1f s).", part.what, time.Since(began).Seconds())
	}
	say(p.out, "%d users of %d tenants became Ready in %.1f s, all starts included.", tenants*users, tenants, time.Since(begin).Seconds())
	return nil
}

// untilInterrupted watches over the programs.
func (p *playground) untilInterrupted(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := p.Failed(); err != nil {
				return fmt.Errorf("%w: see %s", err, p.LogDir())
			}
		}
	}
}

// say writes a line; when the terminal is gone, nobody listens.
func say(out io.Writer, format string, values ...any) {
	_, _ = fmt.Fprintf(out, format+"\n", values...)
}
