package main

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
)

var _ = Describe("A quantile", func() {
	hundred := make([]time.Duration, 0, 100)
	for i := 100; i > 0; i-- {
		hundred = append(hundred, time.Duration(i))
	}

	DescribeTable("is the smallest value that its share of all does not exceed",
		func(values []time.Duration, q float64, want int) {
			Expect(quantile(values, q)).To(Equal(time.Duration(want)))
		},
		Entry("of nothing", nil, 0.5, 0),
		Entry("of one", []time.Duration{7}, 0.99, 7),
		Entry("the median of two", []time.Duration{9, 3}, median, 3),
		Entry("the median of three", []time.Duration{9, 3, 5}, median, 5),
		Entry("the median of a hundred", hundred, median, 50),
		Entry("the tail of a hundred", hundred, tail, 99),
		Entry("the tail of twenty is the worst", hundred[:20], tail, 100),
		Entry("the least", hundred, 0.0, 1),
	)

	It("leaves the values as they are", func() {
		values := []time.Duration{3, 1, 2}
		quantile(values, median)
		Expect(values).To(HaveExactElements(time.Duration(3), time.Duration(1), time.Duration(2)))
	})
})

var _ = Describe("Reactions", func() {
	start := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	after := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	alice, bob := person{types.NamespacedName{Name: "alice"}, "a"}, person{types.NamespacedName{Name: "bob"}, "b"}
	both := &crew{people: []person{alice, bob}}
	moments := []moment{{sent: after(0), accepted: after(4)}, {sent: after(50), accepted: after(55)}}

	It("are counted from the sending and from the answer, each person's own", func() {
		arrived := map[string]time.Time{"b": after(54), "a": after(10), "somebody else": after(1)}
		took, err := compareMoments(both, moments, arrived, nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(took.sent).To(HaveExactElements(10*time.Millisecond, 4*time.Millisecond))
		Expect(took.accepted).To(HaveExactElements(6*time.Millisecond, -time.Millisecond), "a watch may be faster than an answer")
		Expect(took.met).To(BeNil())
		Expect(took.people).To(HaveLen(2))
	})

	It("count only where they were accepted while the load went on, and tell what share that is", func() {
		arrived := map[string]time.Time{"a": after(10), "b": after(200)}
		took, err := compareMoments(both, moments, arrived, func(t time.Time) bool { return t.Equal(after(55)) })
		Expect(err).NotTo(HaveOccurred())
		Expect(took.accepted).To(HaveExactElements(145 * time.Millisecond))
		Expect(took.sent).To(HaveExactElements(150 * time.Millisecond))
		Expect(took.met).To(HaveValue(Equal(0.5)))
		Expect(took.crew.people).To(HaveLen(2), "both are to be blocked and revoked once")
	})

	It("are not made up for somebody whose block is not in the journal", func() {
		_, err := compareMoments(both, moments, map[string]time.Time{"a": after(10)}, nil)
		Expect(err).To(MatchError(ContainSubstring("bob")))
	})

	DescribeTable("find the account that a request is about",
		func(path, want string) { Expect(accountIn(path)).To(Equal(want)) },
		Entry("itself", "/v1.0/users/6d1f", "6d1f"),
		Entry("an action on it", "/v1.0/users/6d1f/revokeSignInSessions", "6d1f"),
		Entry("nobody", "/v1.0/organization", ""),
	)
})
