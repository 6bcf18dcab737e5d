package main

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("When a load went on", func() {
	start := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	after := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	page := func(ms int, query string, status int) graphsim.Entry {
		return graphsim.Entry{Time: after(ms), Method: http.MethodGet, Template: deltaTemplate, Query: query, Status: status}
	}

	It("is, for a reading of all users, from its first page to its last", func() {
		readings := fullReadings([]graphsim.Entry{
			page(0, "$deltatoken=a", 200), page(5, "$skiptoken=of-what-changed", 200),
			page(10, "$deltatoken=b", 410), page(12, "$select=id", 200), page(20, "%24skiptoken=c", 200),
			{Time: after(25), Template: "/organization", Status: 200},
			page(30, "%24skiptoken=d", 200), page(40, "%24deltatoken=e", 200), page(45, "%24skiptoken=of-what-changed", 200),
			page(50, "$select=id", 503), page(60, "$select=id", 200),
		})
		Expect(readings).To(HaveExactElements(span{after(12), after(30)}, span{after(60), after(60)}))
	})

	It("is, for bursts of changes, from the first patch to the arrival of the last change", func() {
		change := func(ms int, field string) graphsim.Entry {
			return graphsim.Entry{Time: after(ms), Template: userTemplate, Fields: []string{field}}
		}
		spans := burstSpans([]time.Time{after(0), after(100), after(200)}, []graphsim.Entry{
			change(10, "jobTitle"), change(30, "jobTitle"), change(50, "accountEnabled"), change(110, "jobTitle"),
		}, "jobTitle")
		Expect(spans).To(HaveExactElements(span{after(0), after(30)}, span{after(100), after(110)}, span{after(200), after(200)}))
	})

	It("holds its two ends and nothing beyond", func() {
		s := span{after(10), after(20)}
		Expect([]bool{s.holds(after(9)), s.holds(after(10)), s.holds(after(20)), s.holds(after(21))}).To(HaveExactElements(false, true, true, false))
	})
})

var _ = Describe("Suspensions during a load", func() {
	ctx := context.Background()

	It("wait until it goes on, and end with it", func() {
		u := newUnderway(2)
		waiting := make(chan error)
		go func() { waiting <- u.await(ctx) }()
		u.begin()
		Expect(<-waiting).To(Succeed())
		u.begin() // again, which changes nothing
		u.end()
		close(u.over)
		Expect(u.await(ctx)).To(MatchError(errLoadOver))
	})

	It("end when there are enough that were accepted while it went on", func() {
		u := newUnderway(2)
		u.accepted() // too early
		u.begin()
		u.accepted()
		u.end()
		u.accepted() // between two rounds
		Expect(u.isEnough()).To(BeFalse())
		u.begin()
		u.accepted()
		u.accepted()
		Expect(u.isEnough()).To(BeTrue())
		Expect(u.await(ctx)).To(MatchError(errLoadOver))
		Expect(u.rest(ctx, time.Hour)).To(Succeed(), "the load needs not go on")
		u.stop()
	})

	It("end the load when there are no more people", func() {
		u := newUnderway(2)
		u.stop()
		Expect(u.isEnough()).To(BeTrue())
	})

	It("end with the run", func() {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		Expect(newUnderway(1).await(ended)).To(MatchError(context.Canceled))
		Expect(newUnderway(1).rest(ended, time.Hour)).To(MatchError(context.Canceled))
	})
})

var _ = DescribeTable("Bursts fit into what may be written",
	func(people, samples, want int) { Expect(burstsInWindow(people, samples)).To(Equal(want)) },
	Entry("a thousand people and 300 suspensions", 1000, 300, 2),
	Entry("nothing but a thousand people", 1000, 0, 3),
	Entry("few", 50, 20, 59),
	Entry("one burst there must be", 3000, 300, 1),
	Entry("nobody", 0, 0, 3000),
)

var _ = DescribeTable("People are picked from everywhere",
	func(n int, want ...string) { Expect(spread([]string{"a", "b", "c", "d", "e"}, n)).To(Equal(want)) },
	Entry("some", 2, "a", "c"),
	Entry("all", 5, "a", "b", "c", "d", "e"),
	Entry("no more than there are", 2000, "a", "b", "c", "d", "e"),
)
