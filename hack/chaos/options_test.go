package main

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("The command that repeats a campaign", func() {
	It("says everything that the sequence depends on", func() {
		o, err := parse([]string{"--short", "--seed=7", "--ops=99", "--minutes=2.5", "--rounds=3", "--only=manager killed", "--no-faults"})
		Expect(err).NotTo(HaveOccurred())
		Expect(o.command()).To(Equal(
			`make chaos SEED=7 OPS=99 MINUTES=2.5 SHORT=1 CHAOS_ARGS='--rounds=3 --no-faults --only="manager killed"'`))
	})
})
