package tenancy

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("A tenant's share of all workers", func(all, common, kept int) {
	w := newWorkers(all)
	Expect([]int{w.common, w.kept}).To(Equal([]int{common, kept}))
},
	Entry("of one is that", 1, 1, 0),
	Entry("of two leaves one to others", 2, 1, 0),
	Entry("of three", 3, 1, 1),
	Entry("of four", 4, 1, 1),
	Entry("of sixteen", 16, 4, 2),
	Entry("of as many as there are by default", DefaultWorkers, 8, 4),
)
