package main

import (
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("The end of a manager", func() {
	failed := errors.New("exit status 1")
	DescribeTable("is excused", func(exit error, said string, troubled, want bool) {
		Expect(excused(exit, said, troubled)).To(Equal(want))
	},
		Entry("when it lost its Lease", failed, "error: leader election lost", false, true),
		Entry("when it cannot reach an API server that was ended", failed, `error: Get "https://127.0.0.1:1/api": dial tcp 127.0.0.1:1: connect: connection refused`, true, true),
		Entry("when it meets an API server that is just starting", failed,
			"error: make the manager: failed to determine if *v1alpha1.ManagedUser is namespaced: failed to get restmapping: failed to get server groups: unknown", true, true),
		Entry("not when it cannot begin although nobody troubled the API server", failed, "error: make the manager: no matches for kind", false, false),
		Entry("not when nobody troubled the API server", failed, `error: Get "https://127.0.0.1:1/api": dial tcp 127.0.0.1:1: connect: connection refused`, false, false),
		Entry("not when it ends for another cause meanwhile", failed, "error: no such flag", true, false),
		Entry("not by a panic meanwhile", failed, "panic: runtime error: connection refused", true, false),
		Entry("not without a word", failed, "", true, false),
		Entry("not when it ends well by itself", nil, "", true, false),
	)

	It("is told by the last line that is no log", func() {
		Expect(lastPlainLine("error: the first\n{\"level\":\"info\"}\nerror: the last\n{\"level\":\"error\"}\n")).To(Equal("error: the last"))
		Expect(lastPlainLine("{\"level\":\"info\"}\n")).To(BeEmpty())
	})

	It("is a panic, also where it was caught", func() {
		Expect(panics("{\"msg\":\"Observed a panic\",\"x\":1}\n{\"msg\":\"well\"}\npanic: no\n")).To(HaveLen(2))
		Expect(panics("{\"msg\":\"well\"}\n")).To(BeEmpty())
	})
})
