// Package process runs the programs that suites, the demo and the playground
// are made of, and makes sure that none outlives them.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// DefaultGrace is how long a stopped program may take to end by itself.
const DefaultGrace = 20 * time.Second

// Options says how a program is run. The zero value discards its output.
type Options struct {
	// Dir is the working folder; empty means that of the caller.
	Dir string
	// Env is added to the environment of the caller, as NAME=value.
	Env []string
	// Output receives standard output and standard error. It is written to by
	// this program only; an *os.File costs no copying.
	Output io.Writer
	// Grace is the time between SIGTERM and SIGKILL; zero means DefaultGrace.
	Grace time.Duration
}

// Process is a program that was started and not yet waited for.
type Process struct {
	name   string
	cmd    *exec.Cmd
	cancel context.CancelFunc
	done   chan struct{}
	err    error // of Wait; read only after done is closed
}

// Start runs the program at path. It is stopped when ctx ends, as by Stop.
func Start(ctx context.Context, opts Options, path string, args ...string) (*Process, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = opts.Dir
	cmd.Env = append(os.Environ(), opts.Env...)
	cmd.Stdout, cmd.Stderr = opts.Output, opts.Output
	cmd.WaitDelay = opts.Grace
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = DefaultGrace
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	// A group of its own: Ctrl-C reaches the caller alone, which then stops
	// its programs in the right order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}

	p := &Process{name: filepath.Base(path), cmd: cmd, cancel: cancel, done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	return p, nil
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err tells how the program ended: nil while it runs, after exit code 0 and after
// SIGTERM, else an error that wraps an *exec.ExitError.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.exitError()
	default:
		return nil
	}
}

// Stop asks the program to end, waits for it, and kills it when its grace is
// over. It returns an error when the program had failed before, ended with
// another code than 0, or had to be killed. It may be called again.
func (p *Process) Stop() error {
	p.cancel()
	<-p.done
	return p.exitError()
}

// Signal sends a signal: SIGSTOP halts the program and SIGCONT lets it go on. A program
// that was halted cannot obey Stop.
func (p *Process) Signal(signal syscall.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

// Kill ends the program by SIGKILL, which it cannot see coming, and waits.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	<-p.done
	p.cancel()
	return nil
}

// exitError reads the outcome from the process itself, since Wait reports the
// end of a stopped program as an ended context.
func (p *Process) exitError() error {
	state := p.cmd.ProcessState
	if state == nil {
		return fmt.Errorf("wait for %s: %w", p.name, p.err)
	}
	status, ok := state.Sys().(syscall.WaitStatus)
	terminated := ok && status.Signaled() && status.Signal() == syscall.SIGTERM
	if state.Success() || terminated {
		return nil
	}
	return fmt.Errorf("%s ended: %w", p.name, &exec.ExitError{ProcessState: state})
}
