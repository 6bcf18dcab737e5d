package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"

	"github.com/m365-operator/m365-operator/internal/testenv/process"
)

// Component is etcd or kube-apiserver, to be troubled: ended and started again with the
// same data, port and certificates, or halted for a while. It finds its process in
// /proc, so it needs Linux. It is not for several goroutines at once.
type Component struct {
	name string
	pid  int
	argv []string
	log  *os.File // nil discards
	// own is the process that took the place of envtest's, nil before.
	own *process.Process
}

// APIServer is kube-apiserver.
func (c *ControlPlane) APIServer() (*Component, error) {
	return c.component("kube-apiserver", c.environment.ControlPlane.GetAPIServer().CertDir)
}

// Etcd is etcd.
func (c *ControlPlane) Etcd() (*Component, error) {
	return c.component("etcd", c.environment.ControlPlane.Etcd.DataDir)
}

// EtcdURL is where etcd serves its clients, and its metrics below /metrics.
func (c *ControlPlane) EtcdURL() string { return c.environment.ControlPlane.Etcd.URL.String() }

// component finds our child of that name that has a folder of its own among its arguments.
func (c *ControlPlane) component(name, folder string) (*Component, error) {
	for _, known := range c.components {
		if known.name == name {
			return known, nil
		}
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", name, err)
	}
	for _, command := range commands {
		raw, err := os.ReadFile(command)
		if err != nil {
			continue // it has ended meanwhile
		}
		argv := strings.Split(strings.TrimRight(string(raw), "\x00"), "\x00")
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(command)))
		if err != nil || filepath.Base(argv[0]) != name || !isChild(pid) ||
			!slices.ContainsFunc(argv, func(arg string) bool { return strings.HasSuffix(arg, "="+folder) }) {
			continue
		}
		found := &Component{name: name, pid: pid, argv: argv, log: c.logOf(name)}
		c.components = append(c.components, found)
		return found, nil
	}
	return nil, fmt.Errorf("no process of %s with %s", name, folder)
}

// isChild tells whether this program started the process.
func isChild(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && bytes.Contains(status, fmt.Appendf(nil, "\nPPid:\t%d\n", os.Getpid()))
}

func (c *ControlPlane) logOf(component string) *os.File {
	for _, log := range c.logs {
		if filepath.Base(log.Name()) == component+".log" {
			return log
		}
	}
	return nil
}

// PID is the process id, of the process that was started last.
func (p *Component) PID() int { return p.pid }

// Signal sends a signal. SIGSTOP halts it and SIGCONT lets it go on.
func (p *Component) Signal(signal syscall.Signal) error {
	if err := syscall.Kill(p.pid, signal); err != nil {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

// End ends it by a signal, SIGKILL or SIGTERM, and waits until it is gone. While it is
// watched, kube-apiserver takes a minute to obey SIGTERM, which is longer than End waits.
func (p *Component) End(ctx context.Context, signal syscall.Signal) error {
	if err := p.Signal(signal); err != nil {
		return err
	}
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, stopTimeout, true, func(context.Context) (bool, error) {
		return errors.Is(syscall.Kill(p.pid, 0), syscall.ESRCH), nil
	})
	if err != nil {
		return fmt.Errorf("wait for the end of %s: %w", p.name, err)
	}
	return nil
}

// Start starts it again as it was started before. It does not wait until it serves. It
// ends with the control plane, not with ctx.
func (p *Component) Start(ctx context.Context) error {
	opts := process.Options{Grace: stopTimeout}
	if p.log != nil {
		opts.Output = p.log
	}
	own, err := process.Start(context.WithoutCancel(ctx), opts, p.argv[0], p.argv[1:]...)
	if err != nil {
		return err
	}
	p.own, p.pid = own, own.PID()
	return nil
}

// Stutter makes it slow until ctx ends: it is halted for so long, again and again, and
// runs for so long in between. It returns how often it was halted.
func (p *Component) Stutter(ctx context.Context, clk clock.Clock, halt, run time.Duration) (int, error) {
	halts := 0
	for ; ctx.Err() == nil; halts++ {
		if err := p.Signal(syscall.SIGSTOP); err != nil {
			return halts, err
		}
		pause(ctx, clk, halt)
		if err := p.Signal(syscall.SIGCONT); err != nil {
			return halts, err
		}
		pause(ctx, clk, run)
	}
	return halts, nil
}

func pause(ctx context.Context, clk clock.Clock, d time.Duration) {
	timer := clk.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C():
	case <-ctx.Done():
	}
}

// stop ends what took the place of envtest's process.
func (p *Component) stop() error {
	if p.own == nil {
		return nil
	}
	select {
	case <-p.own.Done():
		return nil // it was ended on purpose
	default:
	}
	return p.own.Stop()
}

// WaitReady waits until kube-apiserver says that it is ready.
func (c *ControlPlane) WaitReady(ctx context.Context) error {
	clientset, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return fmt.Errorf("wait for kube-apiserver: %w", err)
	}
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, startTimeout, true, func(ctx context.Context) (bool, error) {
		return clientset.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil, nil
	})
	if err != nil {
		return fmt.Errorf("wait for kube-apiserver: %w", err)
	}
	return nil
}
