package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

func TestDemo(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Demo")
}

// checkedOut is a demo with its Git in an empty folder.
func checkedOut() (*demo, *bytes.Buffer) {
	root, err := controlplane.RepositoryRoot()
	Expect(err).NotTo(HaveOccurred())
	var shown bytes.Buffer
	d := &demo{stack: &stack.Stack{Root: root, Dir: GinkgoT().TempDir()}, screen: newScreen(&shown)}
	Expect(d.meetTenants([]graphsim.TenantInfo{
		{ID: "id-of-contoso", DefaultDomain: "contoso.com"},
		{ID: "id-of-fabrikam", DefaultDomain: "fabrikam.com"},
		{ID: "id-of-adventure-works", DefaultDomain: "adventure-works.com"},
	})).To(Succeed())
	Expect(d.checkOut()).To(Succeed())
	return d, &shown
}

func manifest(d *demo, file string) string {
	content, err := os.ReadFile(filepath.Join(d.stack.Dir, file))
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}

var _ = Describe("The demo's Git", func() {
	It("is config/samples with the simulated tenants' ids and a short interval", func() {
		d, _ := checkedOut()
		for _, tenant := range sampleTenants() {
			text := manifest(d, "samples/"+tenant.namespace+"/tenant.yaml")
			Expect(text).To(ContainSubstring("tenantID: id-of-" + tenant.namespace + "\n"))
			Expect(text).To(ContainSubstring("  sync:\n    interval: 10s\n"))
			Expect(manifest(d, "samples/connection.yaml")).To(ContainSubstring("tenantID: id-of-" + tenant.namespace + "\n"))
		}
		Expect(manifest(d, "samples/contoso/users.yaml")).NotTo(ContainSubstring(leak))
		Expect(manifest(d, "samples/contoso/users.yaml")).To(ContainSubstring("passwordChangedSince: "))
	})

	It("changes one line of one object, and shows it", func() {
		d, shown := checkedOut()
		before := manifest(d, "samples/contoso/users.yaml")

		Expect(d.edit("samples/contoso/users.yaml", "alice", "  suspended: false", "  suspended: true")).To(Succeed())

		after := manifest(d, "samples/contoso/users.yaml")
		Expect(after).NotTo(Equal(before))
		Expect(after).To(HaveLen(len(before) - 1))
		Expect(shown.String()).To(ContainSubstring("-    suspended: false\n  +    suspended: true"))
	})

	It("takes a line away, and shows it", func() {
		d, shown := checkedOut()
		Expect(d.edit(onboarding, "nina", "    - name: All Company\n", "")).To(Succeed())
		Expect(manifest(d, onboarding)).NotTo(ContainSubstring("All Company"))
		Expect(shown.String()).To(HaveSuffix("(nina)\n  -      - name: All Company\n\n"))
	})

	It("has Nina start at once", func() {
		d, _ := checkedOut()
		Expect(manifest(d, onboarding)).NotTo(ContainSubstring(starts))
		Expect(manifest(d, onboarding)).To(ContainSubstring("  startAt: \""))
		Expect(manifest(d, onboarding)).To(ContainSubstring("  userPrincipalName: " + nina + "\n"))
	})

	It("refuses to change what is not there", func() {
		d, _ := checkedOut()
		Expect(d.edit("samples/contoso/users.yaml", "alice", "  suspended: maybe", "")).To(MatchError(ContainSubstring("no line")))
		Expect(d.edit("samples/contoso/users.yaml", "nobody", "  suspended: false", "")).To(MatchError(ContainSubstring("there is no nobody")))
	})

	It("is for the tenants of the samples only", func() {
		d := &demo{}
		Expect(d.meetTenants([]graphsim.TenantInfo{{DisplayName: "Others", DefaultDomain: "others.example"}})).
			To(MatchError(ContainSubstring("others.example")))
	})
})

var _ = DescribeTable("Words of a command",
	func(command string, want ...string) { Expect(words(command)).To(Equal(want)) },
	Entry("are parted by blanks", "get musers -A", "get", "musers", "-A"),
	Entry("are held together by quotes", "get -o jsonpath='{range .a}{\"\\n\"} b'", "get", "-o", `jsonpath={range .a}{"\n"} b`),
)
