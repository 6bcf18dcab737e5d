package process_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/testenv/process"
)

func TestProcess(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Process")
}

// shell starts a script and waits until it says that it is ready.
func shell(ctx context.Context, opts process.Options, script string) *process.Process {
	GinkgoHelper()
	ready := filepath.Join(GinkgoT().TempDir(), "ready")
	opts.Env = append(opts.Env, "READY="+ready)
	p, err := process.Start(ctx, opts, "/bin/sh", "-c", script)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(p.Kill)
	Eventually(ready).WithTimeout(10 * time.Second).Should(BeAnExistingFile())
	return p
}

func alive(p *process.Process) bool { return syscall.Kill(p.PID(), 0) == nil }

var _ = Describe("A process", func() {
	It("gets its environment, folder and output", func(ctx SpecContext) {
		dir := GinkgoT().TempDir()
		var output bytes.Buffer
		p, err := process.Start(ctx, process.Options{Dir: dir, Env: []string{"NAME=value"}, Output: &output},
			"/bin/sh", "-c", `echo "$NAME"; pwd; echo warned >&2`)
		Expect(err).NotTo(HaveOccurred())
		Eventually(ctx, p.Done()).Should(BeClosed())

		Expect(p.Err()).NotTo(HaveOccurred())
		Expect(strings.Fields(output.String())).To(Equal([]string{"value", dir, "warned"}))
	}, SpecTimeout(time.Minute))

	It("says when a program cannot be started", func(ctx SpecContext) {
		_, err := process.Start(ctx, process.Options{}, "/nonexistent/program")
		Expect(err).To(MatchError(ContainSubstring("start program")))
	})

	DescribeTable("reports how it ended by itself",
		func(ctx SpecContext, code int, matcher OmegaMatcher) {
			p, err := process.Start(ctx, process.Options{}, "/bin/sh", "-c", "exit "+strconv.Itoa(code))
			Expect(err).NotTo(HaveOccurred())
			Eventually(ctx, p.Done()).Should(BeClosed())
			Expect(p.Err()).To(matcher)
			Expect(p.Stop()).To(matcher)
		},
		Entry("well", SpecTimeout(time.Minute), 0, Not(HaveOccurred())),
		Entry("badly", SpecTimeout(time.Minute), 3, MatchError("sh ended: exit status 3")),
	)

	DescribeTable("is stopped",
		func(ctx SpecContext, trap string, matcher OmegaMatcher) {
			p := shell(ctx, process.Options{Grace: 500 * time.Millisecond}, trap+`; : >"$READY"; while :; do sleep 0.05; done`)
			Expect(p.Err()).NotTo(HaveOccurred())

			Expect(p.Stop()).To(matcher)
			Expect(alive(p)).To(BeFalse())
		},
		Entry("when it ends in good order", SpecTimeout(time.Minute), `trap 'exit 0' TERM`, Not(HaveOccurred())),
		Entry("when it does not handle signals", SpecTimeout(time.Minute), `:`, Not(HaveOccurred())),
		Entry("when it fails on the way", SpecTimeout(time.Minute), `trap 'exit 4' TERM`, MatchError("sh ended: exit status 4")),
		Entry("when it ignores being asked", SpecTimeout(time.Minute), `trap '' TERM`, MatchError("sh ended: signal: killed")),
	)

	It("is stopped when its context ends", func(ctx SpecContext) {
		running, cancel := context.WithCancel(ctx)
		p := shell(running, process.Options{}, `: >"$READY"; while :; do sleep 0.05; done`)
		cancel()
		Eventually(ctx, p.Done()).Should(BeClosed())
		Expect(alive(p)).To(BeFalse())
	}, SpecTimeout(time.Minute))

	It("is killed without being asked", func(ctx SpecContext) {
		farewell := filepath.Join(GinkgoT().TempDir(), "farewell")
		p := shell(ctx, process.Options{Env: []string{"FAREWELL=" + farewell}},
			`trap ': >"$FAREWELL"; exit 0' TERM; : >"$READY"; while :; do sleep 0.05; done`)

		Expect(p.Kill()).To(Succeed())

		Expect(alive(p)).To(BeFalse())
		_, err := os.Stat(farewell)
		Expect(err).To(MatchError(os.ErrNotExist))
		Expect(p.Kill()).To(Succeed(), "again")
		var exit *exec.ExitError
		Expect(errors.As(p.Err(), &exit)).To(BeTrue())
		Expect(exit.Sys()).To(BeEquivalentTo(syscall.SIGKILL))
	}, SpecTimeout(time.Minute))

	It("is not reached by a signal to the group of its starter", func(ctx SpecContext) {
		p := shell(ctx, process.Options{}, `: >"$READY"; while :; do sleep 0.05; done`)
		group, err := syscall.Getpgid(p.PID())
		Expect(err).NotTo(HaveOccurred())
		Expect(group).To(Equal(p.PID()))
	}, SpecTimeout(time.Minute))
})
