package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// ends are what is known of how managers ended.
type ends struct {
	mu sync.Mutex
	// disturbed is when Kubernetes was last troubled on purpose.
	disturbed time.Time
	// read is how far each manager's log was read.
	read map[string]int64
	// unexcused are ends that nothing here explains.
	unexcused []string
	// silenced are the numbers of Graph's last requests when a manager ended, or was
	// frozen, in the midst of its work.
	silenced []uint64
}

// disturb notes that Kubernetes is troubled now.
func (e *ends) disturb() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.disturbed = time.Now()
}

// silences are the numbers of Graph's requests at which managers were cut off.
func (e *ends) silences() []uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.silenced)
}

// aftermath is for how long a manager may end for the sake of a trouble in Kubernetes:
// longer than its calls last.
const aftermath = time.Minute

// judge finds out why a manager has ended by itself. Whoever has the turn calls it.
func (m *crew) judge(ctx context.Context, r *stack.Replica) error {
	if err := m.silence(ctx); err != nil {
		return err
	}
	said, err := m.lastWords(r.Name)
	if err != nil {
		return err
	}
	m.ends.mu.Lock()
	defer m.ends.mu.Unlock()
	troubled := time.Since(m.ends.disturbed) < aftermath
	if exit := r.Process().Err(); !excused(exit, said, troubled) {
		m.ends.unexcused = append(m.ends.unexcused, fmt.Sprintf("%s ended by itself (%v): %q", r.Name, exit, said))
	}
	return nil
}

// excused tells whether a manager ended as it must: since it had lost its Lease, or since
// it could not reach a Kubernetes that was troubled.
func excused(exit error, said string, troubled bool) bool {
	switch {
	case exit == nil: // it may not end well by itself
		return false
	case said == "error: leader election lost":
		return true
	case troubled && strings.HasPrefix(said, "error: make the manager: "):
		return true // it began nothing: whatever an API server says that is just starting
	}
	for _, cause := range []string{"connection refused", "connection reset", "EOF", "timed out", "timeout", "deadline exceeded", "caches to sync"} {
		if troubled && strings.HasPrefix(said, "error: ") && strings.Contains(said, cause) {
			return true
		}
	}
	return false
}

// lastWords are what a manager said at its end: the last line since it was last asked that
// is not of its log.
func (m *crew) lastWords(name string) (string, error) {
	log, err := os.ReadFile(m.logOf(name))
	if err != nil {
		return "", fmt.Errorf("read the log of %s: %w", name, err)
	}
	m.ends.mu.Lock()
	defer m.ends.mu.Unlock()
	news := string(log[min(m.ends.read[name], int64(len(log))):])
	m.ends.read[name] = int64(len(log))
	return lastPlainLine(news), nil
}

// lastPlainLine is the last line that is not JSON.
func lastPlainLine(log string) string {
	last := ""
	for line := range strings.Lines(log) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "{") {
			last = line
		}
	}
	return last
}

func (m *crew) logOf(name string) string { return filepath.Join(m.stack.LogDir(), name+".log") }

// silence notes that a manager was cut off just now, and may not have told of the calls
// that it had begun.
func (m *crew) silence(ctx context.Context) error {
	last := uint64(0)
	if before := m.ends.silences(); len(before) > 0 {
		last = before[len(before)-1]
	}
	requests, err := m.stack.Graph.Requests(ctx, "", last)
	if err != nil || len(requests) == 0 { // then nothing was under way
		return err
	}
	m.ends.mu.Lock()
	defer m.ends.mu.Unlock()
	m.ends.silenced = append(m.ends.silenced, requests[len(requests)-1].Seq)
	return nil
}

// complaints are what managers did that none may do: to end by themselves, or to panic.
func (m *crew) complaints() ([]violation, error) {
	m.ends.mu.Lock()
	defer m.ends.mu.Unlock()
	var all []violation
	for _, what := range m.ends.unexcused {
		all = append(all, violation{what: what})
	}
	var errs []error
	for _, r := range m.stack.Replicas() {
		log, err := os.ReadFile(m.logOf(r.Name))
		errs = append(errs, err)
		for _, line := range panics(string(log)) {
			all = append(all, violation{what: r.Name + " panicked: " + line})
		}
	}
	return all, errors.Join(errs...)
}

// panics are the lines of a log that tell of one, whether it was caught or not.
func panics(log string) (lines []string) {
	for line := range strings.Lines(log) {
		for _, sign := range []string{"Observed a panic", "panic:", "[recovered]", "fatal error:", "DATA RACE"} {
			if strings.Contains(line, sign) {
				lines = append(lines, strings.TrimSpace(line))
				break
			}
		}
	}
	return lines
}
