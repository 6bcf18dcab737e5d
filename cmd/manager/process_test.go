package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/testenv/process"
)

// managerProcess is a running manager.
type managerProcess struct {
	*process.Process
	// log holds its standard output and error, and audit its audit lines.
	log, audit      string
	metrics, probes string
}

// startManager starts the manager against the provider's simulator, under the rights
// that are shipped. It need not be ready yet. Whatever it wrote until the end of the
// spec, or of its container, must hold no secret.
func (p *provider) startManager(ctx context.Context, more ...string) *managerProcess {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	addresses := freeAddresses(ctx, 2)
	m := &managerProcess{
		log: filepath.Join(dir, "log"), audit: filepath.Join(dir, "audit.jsonl"),
		metrics: "http://" + addresses[0] + "/metrics", probes: "http://" + addresses[1],
	}
	output, err := os.Create(m.log)
	Expect(err).NotTo(HaveOccurred())
	args := append([]string{
		"--graph-endpoint=" + p.sim.URL(), "--login-endpoint=" + p.sim.URL(), "--ca-file=" + p.caFile,
		"--namespace=" + managerNamespace, "--audit-log=" + m.audit, "--adoption-window=1ms", "--consistency-window=8s",
		"--metrics-bind-address=" + addresses[0], "--health-probe-bind-address=" + addresses[1], "--zap-log-level=debug",
	}, more...)
	m.Process, err = process.Start(context.WithoutCancel(ctx),
		process.Options{Output: output, Env: []string{"KUBECONFIG=" + access}}, binary, args...)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		Expect(m.Kill()).To(Succeed())
		Expect(output.Close()).To(Succeed())
		m.report()
		p.expectNoSecrets(readFile(m.log))
		Expect(readFile(m.log)).NotTo(SatisfyAny(ContainSubstring("panic:"), ContainSubstring("DATA RACE")))
		if _, err := os.Stat(m.audit); err == nil { // it appears with leadership or not at all
			p.expectNoSecrets(readFile(m.audit))
		}
	})
	return m
}

// report shows the end of the log of a spec that failed.
func (m *managerProcess) report() {
	if !CurrentSpecReport().Failed() {
		return
	}
	lines := strings.Split(readFile(m.log), "\n")
	GinkgoWriter.Printf("the manager %d wrote at last:\n%s\n", m.PID(), strings.Join(lines[max(0, len(lines)-60):], "\n"))
}

// runManager starts a manager and waits until it is ready.
func (p *provider) runManager(ctx context.Context, more ...string) *managerProcess {
	GinkgoHelper()
	m := p.startManager(ctx, more...)
	m.awaitReady(ctx)
	return m
}

func (m *managerProcess) awaitReady(ctx context.Context) {
	GinkgoHelper()
	Eventually(func(g Gomega, ctx context.Context) {
		g.Expect(m.Done()).NotTo(BeClosed(), "the manager ended")
		status, _ := fetch(ctx, g, m.probes+"/readyz")
		g.Expect(status).To(Equal(http.StatusOK))
	}).WithContext(ctx).Should(Succeed())
}

// end asks the manager to end, which it must do well.
func (m *managerProcess) end() {
	GinkgoHelper()
	Expect(m.Done()).NotTo(BeClosed(), "the manager had ended by itself")
	Expect(m.Stop()).To(Succeed())
}

// freeze stops the process where it stands, and thaw lets it go on.
func (m *managerProcess) freeze() {
	GinkgoHelper()
	Expect(syscall.Kill(m.PID(), syscall.SIGSTOP)).To(Succeed())
}

func (m *managerProcess) thaw() {
	GinkgoHelper()
	Expect(syscall.Kill(m.PID(), syscall.SIGCONT)).To(Succeed())
}

// fetch gets a page over http.
func fetch(ctx context.Context, g Gomega, url string) (status int, body string) {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	g.Expect(err).NotTo(HaveOccurred())
	response, err := http.DefaultClient.Do(request)
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }() // it was read to its end
	content, err := io.ReadAll(response.Body)
	g.Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(content)
}

// freeAddresses finds loopback addresses that nobody listens on.
func freeAddresses(ctx context.Context, n int) []string {
	GinkgoHelper()
	addresses := make([]string, n)
	for i := range addresses {
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		defer func() { _ = listener.Close() }() // held until all are chosen, so that they differ
		addresses[i] = listener.Addr().String()
	}
	return addresses
}
