package skunames

import (
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestSKUNames(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "SKU names")
}

var _ = DescribeTable("the name of a SKU",
	func(sku, name string) { Expect(Name(sku)).To(Equal(name)) },
	Entry("by part number", "SPE_E3", "Microsoft 365 E3"),
	Entry("by GUID", "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", "Microsoft 365 Business Premium"),
	Entry("without regard to case", "o365_Business_Premium", "Microsoft 365 Business Standard"),
	Entry("of one that is not known", "SPE_E9", ""),
	Entry("of nothing", "", ""),
)

var _ = It("says each part number and GUID once", func() {
	seen := map[string]bool{"": true}
	for _, p := range products() {
		Expect(p.name).NotTo(BeEmpty(), p.partNumber)
		Expect(seen).NotTo(HaveKey(strings.ToUpper(p.partNumber)), p.name)
		seen[strings.ToUpper(p.partNumber)] = true
		if p.id != "" {
			Expect(p.id).To(MatchRegexp(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`))
			Expect(seen).NotTo(HaveKey(strings.ToUpper(p.id)), p.name)
			seen[strings.ToUpper(p.id)] = true
		}
	}
})
