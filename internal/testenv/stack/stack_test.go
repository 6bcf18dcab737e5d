package stack

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

func TestStack(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Stack")
}

// inShell is a stack whose binaries are shell scripts.
func inShell(scripts map[string]string) *Stack {
	root := GinkgoT().TempDir()
	s := &Stack{Root: root, Dir: filepath.Join(root, "bin", "stack")}
	Expect(os.MkdirAll(s.LogDir(), 0o750)).To(Succeed())
	for name, script := range scripts {
		Expect(os.WriteFile(filepath.Join(root, "bin", name), []byte("#!/bin/sh\n"+script), 0o700)).To(Succeed())
	}
	DeferCleanup(func() { _ = s.Stop() })
	return s
}

// credentials is a graphsim that writes what the real one writes, and goes on.
const credentials = `
for arg; do
  case $arg in
    --ca-out=*) ca=${arg#*=} ;;
    --credentials-out=*) out=${arg#*=} ;;
  esac
done
cp "$(dirname "$0")/ca.pem" "$ca"
printf 'GRAPH_URL=https://127.0.0.1:1\nGRAPH_CA=%s\nTENANT_IDS=one,two\nCLIENT_ID=app\nCLIENT_SECRET=a=b~c\n' "$ca" >"$out"
exec sleep 600
`

// graphsimCA is a certificate that a simulator made.
func graphsimCA() []byte {
	sim, err := graphsim.New(graphsim.Options{})
	Expect(err).NotTo(HaveOccurred())
	return sim.CAPEM()
}

func must[T any](value T, err error) T {
	GinkgoHelper()
	Expect(err).NotTo(HaveOccurred())
	return value
}

var _ = Describe("A stack", func() {
	It("names the make target when a binary is missing", func(ctx SpecContext) {
		s := inShell(nil)
		Expect(s.StartGraph(ctx, 1, 1)).To(MatchError(ContainSubstring("bin/graphsim is missing: run `make build`")))
	}, SpecTimeout(time.Minute))

	It("does not wait for a simulator that has ended", func(ctx SpecContext) {
		s := inShell(map[string]string{"graphsim": "echo broken; exit 3"})
		Expect(s.StartGraph(ctx, 1, 1)).To(MatchError(ContainSubstring("graphsim ended by itself: graphsim ended: exit status 3")))
		Expect(os.ReadFile(filepath.Join(s.LogDir(), "graphsim.log"))).To(BeEquivalentTo("broken\n"))
	}, SpecTimeout(time.Minute))

	It("learns from the simulator who to be, and stops it", func(ctx SpecContext) {
		s := inShell(map[string]string{"graphsim": credentials})
		Expect(os.WriteFile(filepath.Join(s.Root, "bin", "ca.pem"), graphsimCA(), 0o600)).To(Succeed())

		Expect(s.StartGraph(ctx, 2, 1)).To(Succeed())

		Expect(s.Graph.URL).To(Equal("https://127.0.0.1:1"))
		Expect(s.Graph.TenantIDs).To(HaveExactElements("one", "two"))
		Expect(s.Graph.ClientID).To(Equal("app"))
		Expect(s.Graph.ClientSecret).To(Equal("a=b~c"))
		Expect(s.Failed()).To(Succeed())

		program := s.graphsim
		Expect(s.Stop()).To(Succeed())
		Expect(program.Done()).To(BeClosed())
		Expect(s.Stop()).To(Succeed())
	}, SpecTimeout(time.Minute))

	It("starts a manager that was killed again, as it was", func(ctx SpecContext) {
		s := inShell(map[string]string{"manager": `echo "$@ $KUBECONFIG"; exec sleep 600`})
		s.only = &Replica{
			Name: "manager", stack: s,
			args: []string{"--leader-elect", "--namespace=here"}, env: []string{"KUBECONFIG=there"},
		}
		log := func() string { return string(must(os.ReadFile(filepath.Join(s.LogDir(), "manager.log")))) }
		const line = "--leader-elect --namespace=here there\n"
		Expect(s.RestartManager(ctx)).To(Succeed())
		Eventually(ctx, log).Should(Equal(line))
		first := s.Manager()

		Expect(syscall.Kill(first.PID(), syscall.SIGKILL)).To(Succeed())
		Eventually(ctx, first.Done()).Should(BeClosed())
		Expect(s.Failed()).To(MatchError("the manager ended by itself: manager ended: signal: killed"))
		Expect(s.OthersFailed()).To(Succeed())

		Expect(s.RestartManager(ctx)).To(Succeed())
		Eventually(ctx, log).Should(Equal(line + line))
		Expect(s.Manager().PID()).NotTo(Equal(first.PID()))
		Expect(s.Failed()).To(Succeed())
		second := s.Manager()
		Expect(s.Stop()).To(Succeed())
		Expect(second.Done()).To(BeClosed())
	}, SpecTimeout(time.Minute))

	It("freezes, kills and restarts one of several managers, the others go on", func(ctx SpecContext) {
		s := inShell(map[string]string{"manager": `echo "$@"; while :; do echo on; sleep 0.05; done`})
		log := func(name string) func() string {
			return func() string { return string(must(os.ReadFile(filepath.Join(s.LogDir(), name+".log")))) }
		}
		for _, name := range []string{"manager-1", "manager-2"} {
			r := &Replica{Name: name, stack: s, args: []string{"I am " + name}}
			s.replicas = append(s.replicas, r)
			Expect(r.Restart(ctx)).To(Succeed())
			Eventually(ctx, log(name)).Should(HavePrefix("I am " + name + "\n"))
		}
		first, second := s.Replicas()[0], s.Replicas()[1]
		Expect(first.Running()).To(BeTrue())

		Expect(first.Freeze()).To(Succeed())
		state := func() string { return string(must(os.ReadFile(fmt.Sprintf("/proc/%d/stat", first.Process().PID())))) }
		Eventually(ctx, state).Should(ContainSubstring(") T "))
		frozen, goesOn := log("manager-1")(), log("manager-2")()
		Eventually(ctx, log("manager-2")).ShouldNot(HaveLen(len(goesOn)))
		Expect(log("manager-1")()).To(Equal(frozen))
		Expect(first.Running()).To(BeTrue())
		Expect(first.Thaw()).To(Succeed())
		Eventually(ctx, log("manager-1")).ShouldNot(HaveLen(len(frozen)))

		Expect(first.Kill()).To(Succeed())
		Expect(first.Running()).To(BeFalse())
		Expect(first.Kill()).To(Succeed())
		Expect(s.Failed()).To(Succeed(), "it was killed on purpose")
		Expect(first.Restart(ctx)).To(Succeed())
		Expect(first.Running()).To(BeTrue())

		Expect(syscall.Kill(second.Process().PID(), syscall.SIGKILL)).To(Succeed())
		Eventually(ctx, second.Running).Should(BeFalse())
		Expect(s.Failed()).To(MatchError("manager-2 ended by itself: manager ended: signal: killed"))

		Expect(first.Freeze()).To(Succeed())
		program := first.Process()
		_ = s.Stop() // which tells of the second
		Expect(program.Done()).To(BeClosed())
	}, SpecTimeout(time.Minute))

	DescribeTable("knows who leads", func(ctx SpecContext, metrics string, leads bool) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, metrics) }))
		DeferCleanup(server.Close)
		s := inShell(map[string]string{"manager": "exec sleep 600"})
		r := &Replica{Name: "manager-1", stack: s, MetricsURL: server.URL}
		s.replicas = append(s.replicas, r)
		Expect(r.Leads(ctx)).To(BeFalse(), "it does not run")
		Expect(r.Restart(ctx)).To(Succeed())
		Expect(r.Leads(ctx)).To(Equal(leads))
		if !leads {
			r = nil
		}
		Expect(s.Leader(ctx)).To(Equal(r))
	},
		Entry("by the metric", "# TYPE x gauge\nleader_election_master_status{name=\"m365-operator\"} 1\n", true, SpecTimeout(time.Minute)),
		Entry("who does not", "leader_election_master_status{name=\"m365-operator\"} 0\n", false, SpecTimeout(time.Minute)),
		Entry("who does not say", "other 1\n", false, SpecTimeout(time.Minute)),
	)

	It("finds a port for each that asks", func(ctx SpecContext) {
		addresses, err := freeAddresses(ctx, 3)
		Expect(err).NotTo(HaveOccurred())
		Expect(addresses).To(HaveLen(3))
		Expect(addresses[0]).NotTo(Equal(addresses[1]))
		Expect(addresses[1]).NotTo(Equal(addresses[2]))
	}, SpecTimeout(time.Minute))
})
