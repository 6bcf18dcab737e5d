package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestCommand(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "graphsim command")
}

// run starts the command, lets it say where it is, and stops it at once.
func run(args ...string) (map[string]string, error) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	cmd := newCommand()
	cmd.SetArgs(args)
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(GinkgoWriter)
	err := cmd.ExecuteContext(ctx)
	values := map[string]string{}
	for line := range strings.Lines(out.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = value
	}
	return values, err
}

var _ = Describe("graphsim", func() {
	const fixture = "../../internal/graphsim/testdata/fixture.json"

	It("says where it is, who it knows and how to be trusted", func() {
		ca, credentials := filepath.Join(GinkgoT().TempDir(), "ca.pem"), filepath.Join(GinkgoT().TempDir(), "env")
		values, err := run("--tenants=2", "--users=3", "--ca-out="+ca)
		Expect(err).NotTo(HaveOccurred())
		Expect(values).To(And(HaveKeyWithValue("GRAPH_URL", HavePrefix("https://127.0.0.1:")), HaveKeyWithValue("GRAPH_CA", ca),
			HaveKeyWithValue("TENANT_IDS", MatchRegexp("^[0-9a-f-]{36},[0-9a-f-]{36}$")),
			HaveKeyWithValue("CLIENT_ID", HaveLen(36)), HaveKeyWithValue("CLIENT_SECRET", Not(BeEmpty()))))
		Expect(os.ReadFile(ca)).To(ContainSubstring("BEGIN CERTIFICATE"))

		values, err = run("--tenants=1", "--users=1", "--client-id=00000000-0000-4000-8000-000000000001", "--credentials-out="+credentials)
		Expect(err).NotTo(HaveOccurred())
		Expect(values).To(BeEmpty())
		Expect(os.ReadFile(credentials)).To(ContainSubstring("CLIENT_ID=00000000-0000-4000-8000-000000000001\n"))
	})

	It("loads a fixture, instead of seeded tenants or beside them", func() {
		values, err := run("--fixture=" + fixture)
		Expect(err).NotTo(HaveOccurred())
		Expect(values["TENANT_IDS"]).To(Equal("5b0d1a5e-0000-4000-8000-00000000b001"))
		values, err = run("--fixture="+fixture, "--tenants=1", "--users=1")
		Expect(err).NotTo(HaveOccurred())
		Expect(strings.Split(values["TENANT_IDS"], ",")).To(And(HaveLen(2), ContainElement("5b0d1a5e-0000-4000-8000-00000000b001")))
	})

	DescribeTable("does not start on", func(complaint string, args ...string) {
		_, err := run(args...)
		Expect(err).To(MatchError(ContainSubstring(complaint)))
	},
		Entry("a fixture that is not there", "open fixture", "--fixture=nowhere.json"),
		Entry("a fixture that is none", "read fixture", "--fixture=main.go"),
		Entry("an address that is none", "listen address", "--listen=nowhere"),
		Entry("a file it cannot write", "write CA", "--users=1", "--ca-out=/nowhere/ca.pem"),
		Entry("credentials it cannot write", "write credentials", "--users=1", "--credentials-out=/nowhere/env"),
	)
})
