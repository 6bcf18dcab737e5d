package main

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestPlayground(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Playground")
}

var _ = DescribeTable("Arguments that are refused",
	func(args ...string) {
		_, _, err := arguments(args)
		Expect(err).To(HaveOccurred())
	},
	Entry("none"),
	Entry("one", "3"),
	Entry("no number", "3", "many"),
	Entry("no tenant", "0", "10"),
	Entry("no user", "3", "0"),
)
