package stack

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/m365-operator/m365-operator/internal/testenv/process"
)

// answerTimeout is how long a replica may take to tell whether it leads; a frozen one
// never does.
const answerTimeout = time.Second

// Replica is a manager. Several compete for one Lease: the one that holds it leads, the
// others wait. It is not for several goroutines at once.
type Replica struct {
	// Name tells its log from the others'.
	Name string
	// MetricsURL and ProbesURL stay the same when it is started again.
	MetricsURL, ProbesURL string

	stack     *Stack
	env, args []string
	process   *process.Process // nil when it was stopped or killed
}

// StartReplica starts one manager more, beside those there are, and waits until it is
// ready. Its log has its name.
func (s *Stack) StartReplica(ctx context.Context, name string, more ...string) (*Replica, error) {
	r, err := s.newReplica(ctx, name, more...)
	if err != nil {
		return nil, err
	}
	s.replicas = append(s.replicas, r)
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	return r, s.waitReady(ctx, r)
}

// Replicas are those that StartReplica started, running or not.
func (s *Stack) Replicas() []*Replica { return s.replicas }

// Leader is the replica that leads, or nil when none does at this moment.
func (s *Stack) Leader(ctx context.Context) (*Replica, error) {
	for _, r := range s.replicas {
		if leads, err := r.Leads(ctx); leads || err != nil {
			return r, err
		}
	}
	return nil, nil //nolint:nilnil // nobody is no error
}

// start starts it as it was started before.
func (r *Replica) start(ctx context.Context) error {
	started, err := r.stack.startAs(ctx, r.Name, "manager", r.env, r.args...)
	if err != nil {
		return err
	}
	r.process = started
	return nil
}

// Restart starts it again after it has ended, with the same addresses, and does not wait
// until it is ready. It ends with the stack, not with ctx.
func (r *Replica) Restart(ctx context.Context) error { return r.start(context.WithoutCancel(ctx)) }

// Running tells whether its process has not ended; a frozen one has not.
func (r *Replica) Running() bool {
	if r.process == nil {
		return false
	}
	select {
	case <-r.process.Done():
		return false
	default:
		return true
	}
}

// Process is its process, or nil when it was stopped or killed.
func (r *Replica) Process() *process.Process { return r.process }

// Stop asks it to end, and waits.
func (r *Replica) Stop() error {
	if r.process == nil {
		return nil
	}
	_ = r.process.Signal(syscall.SIGCONT) // a frozen one could not obey
	err := r.process.Stop()
	r.process = nil
	return err
}

// Kill ends it by SIGKILL.
func (r *Replica) Kill() error {
	if r.process == nil {
		return nil
	}
	err := r.process.Kill()
	r.process = nil
	return err
}

// Freeze halts it wherever it is, as a machine that is paused or starved does.
func (r *Replica) Freeze() error { return r.process.Signal(syscall.SIGSTOP) }

// Thaw lets it go on, in the belief that no time has passed.
func (r *Replica) Thaw() error { return r.process.Signal(syscall.SIGCONT) }

// Leads tells whether it says that it leads, by the metric of client-go. One that does
// not run, or does not answer in time, does not lead.
func (r *Replica) Leads(ctx context.Context) (bool, error) {
	if !r.Running() {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.MetricsURL, nil)
	if err != nil {
		return false, fmt.Errorf("metrics of %s: %w", r.Name, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, nil // it does not listen yet, or no more
	}
	defer func() { _ = response.Body.Close() }() // it is only read
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if line := lines.Text(); strings.HasPrefix(line, "leader_election_master_status{") {
			return strings.HasSuffix(line, " 1"), nil
		}
	}
	return false, nil
}

// waitReady waits until it says so.
func (s *Stack) waitReady(ctx context.Context, r *Replica) error {
	err := wait.PollUntilContextTimeout(ctx, pollEvery, startTimeout, true, func(ctx context.Context) (bool, error) {
		if err := s.Failed(); err != nil {
			return false, err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.ProbesURL+"/readyz", nil)
		if err != nil {
			return false, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil //nolint:nilerr // it does not listen yet
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w", r.Name, err)
	}
	return nil
}
