package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/m365-operator/m365-operator/internal/testenv/process"
)

// shells are programs whose manager is a shell script.
type shells struct {
	script string

	mu      sync.Mutex
	manager *process.Process
	others  error
}

func (s *shells) Manager() *process.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.manager
}

func (s *shells) RestartManager(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	s.manager, err = process.Start(ctx, process.Options{}, "/bin/sh", "-c", s.script)
	return err
}

func (s *shells) OthersFailed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.others
}

func (s *shells) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.others = err
}

var _ = Describe("The supervisor", func() {
	var (
		clock   *clocktesting.FakePassiveClock
		out     *gbytes.Buffer
		written chan int
		ended   chan error
		cancel  context.CancelFunc
	)

	// supervise begins to watch over a manager that runs this script.
	supervise := func(ctx context.Context, script string) *shells {
		GinkgoHelper()
		ctx, cancel = context.WithCancel(ctx)
		DeferCleanup(func() { cancel() })
		clock = clocktesting.NewFakePassiveClock(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC))
		pids, end := make(chan int, 10), make(chan error, 1)
		out, written, ended = gbytes.NewBuffer(), pids, end
		programs := &shells{script: script}
		Expect(programs.RestartManager(ctx)).To(Succeed())
		s := newSupervisor(programs, out, clock, func() error {
			pids <- programs.Manager().PID()
			return nil
		})
		go func() { end <- s.run(ctx) }()
		return programs
	}

	It("starts a manager again as often as it is killed, and ends when interrupted", func(ctx SpecContext) {
		programs := supervise(ctx, "exec sleep 600")
		for range 3 {
			before := programs.Manager().PID()
			Expect(syscall.Kill(before, syscall.SIGKILL)).To(Succeed())
			var after int
			Eventually(ctx, written).Should(Receive(&after))
			Expect(after).NotTo(Equal(before))
			Expect(out).To(gbytes.Say(`ended: signal: killed: as a Deployment would, it is started again, as process %d\.`, after))
		}
		Expect(ended).NotTo(Receive())

		cancel()
		Eventually(ctx, ended).Should(Receive(BeNil()))
		Expect(written).To(BeEmpty())
	}, SpecTimeout(time.Minute))

	It("starts a manager again that was asked to end", func(ctx SpecContext) {
		programs := supervise(ctx, "exec sleep 600")
		Expect(syscall.Kill(programs.Manager().PID(), syscall.SIGTERM)).To(Succeed())
		Eventually(ctx, written).Should(Receive())
		Expect(out).To(gbytes.Say(`ended in good order: as a Deployment would`))
	}, SpecTimeout(time.Minute))

	It("does not repeat a manager that cannot start", func(ctx SpecContext) {
		supervise(ctx, "exit 3")
		Eventually(ctx, ended).Should(Receive(MatchError(
			"the manager ended by itself as soon as it was started: sh ended: exit status 3")))
		Expect(written).To(BeEmpty())
	}, SpecTimeout(time.Minute))

	It("starts a manager again that gave up after a while, as when it loses its lease", func(ctx SpecContext) {
		fifo := filepath.Join(GinkgoT().TempDir(), "end")
		Expect(syscall.Mkfifo(fifo, 0o600)).To(Succeed())
		programs := supervise(ctx, `read -r code <"`+fifo+`"; exit "$code"`)
		clock.SetTime(clock.Now().Add(brokenWithin))
		before := programs.Manager().PID()

		Expect(os.WriteFile(fifo, []byte("1\n"), 0o600)).To(Succeed())

		Eventually(ctx, written).Should(Receive(Not(Equal(before))))
		Expect(out).To(gbytes.Say(`ended: exit status 1: as a Deployment would`))
	}, SpecTimeout(time.Minute))

	It("ends when anything else does", func(ctx SpecContext) {
		programs := supervise(ctx, "exec sleep 600")
		gone := errors.New("graphsim ended by itself")
		programs.fail(gone)
		Eventually(ctx, ended).Should(Receive(MatchError(gone)))
	}, SpecTimeout(time.Minute))
})
