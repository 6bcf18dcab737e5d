package graphsim_test

import (
	"os"
	"path/filepath"
	"regexp"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var ruleID = regexp.MustCompile(`GS-[A-Z]+-[0-9]{2}`)

// mentions returns the rule ids that the files name.
func mentions(files ...string) map[string]bool {
	GinkgoHelper()
	ids := map[string]bool{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		Expect(err).NotTo(HaveOccurred())
		for _, id := range ruleID.FindAllString(string(raw), -1) {
			ids[id] = true
		}
	}
	return ids
}

var _ = Describe("The rules in force", func() {
	It("are each proved by a spec and described in the documentation, and no others are", func() {
		specs, err := filepath.Glob("*_test.go")
		Expect(err).NotTo(HaveOccurred())
		more, err := filepath.Glob("*/*_test.go")
		Expect(err).NotTo(HaveOccurred())
		specs = append(specs, more...)
		registered := map[string]bool{}
		for _, r := range graphsim.Rules() {
			registered[r.ID] = true
		}
		Expect(mentions(specs...)).To(Equal(registered))
		Expect(mentions("../../docs/graphsim.md")).To(Equal(registered))
	})
})
