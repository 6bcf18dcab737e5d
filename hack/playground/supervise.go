package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"k8s.io/utils/clock"

	"github.com/m365-operator/m365-operator/internal/testenv/process"
)

// brokenWithin is how soon after its start a manager that ends by itself is taken to
// be broken: to start it again would only repeat it.
const brokenWithin = 10 * time.Second

// programs are what a supervisor watches over.
type programs interface {
	Manager() *process.Process
	RestartManager(ctx context.Context) error
	// OthersFailed names programs beside the manager that ended.
	OthersFailed() error
}

// supervisor starts the manager again whenever it ends, as a Deployment does, so that
// it can be killed to see that nothing is lost or repeated.
type supervisor struct {
	programs
	out   io.Writer
	clock clock.PassiveClock
	// restarted is called when the manager has another process id.
	restarted func() error
	// since when the manager runs.
	since time.Time
}

func newSupervisor(p programs, out io.Writer, c clock.PassiveClock, restarted func() error) *supervisor {
	return &supervisor{programs: p, out: out, clock: c, restarted: restarted, since: c.Now()}
}

// run watches until ctx ends. It fails when anything but the manager ends, and when
// the manager is broken.
func (s *supervisor) run(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			if err := s.OthersFailed(); err != nil && ctx.Err() == nil {
				return err
			}
		case <-s.Manager().Done():
			if ctx.Err() != nil {
				return nil // everything is being stopped
			}
			if err := s.restart(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// restart starts the manager again.
func (s *supervisor) restart(ctx context.Context) error {
	end := s.Manager().Err()
	if end != nil && !killed(end) && s.clock.Since(s.since) < brokenWithin {
		return fmt.Errorf("the manager ended by itself as soon as it was started: %w", end)
	}
	if end == nil {
		end = errors.New("manager ended in good order")
	}
	if err := s.RestartManager(ctx); err != nil {
		return err
	}
	s.since = s.clock.Now()
	say(s.out, "The %s: as a Deployment would, it is started again, as process %d.", end, s.Manager().PID())
	return s.restarted()
}

// killed tells whether a program ended by a signal rather than by itself.
func killed(end error) bool {
	exit, ok := errors.AsType[*exec.ExitError](end)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}
