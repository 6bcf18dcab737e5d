package main

import (
	"os"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// asked is an entry of the journal.
func asked(template, query string, units int) graphsim.Entry {
	return graphsim.Entry{Method: "GET", Template: template, Query: query, RU: units}
}

const report = "/reports/authenticationMethods/userRegistrationDetails"

var _ = Describe("What the feeds cost", func() {
	It("is told apart by what was asked for, and divided by how often", func() {
		costs, err := feedCosts([]graphsim.Entry{
			asked("/users/delta", "%24select=id", 1), asked("/users/delta", "%24skiptoken=a", 1), asked("/users/delta", "%24deltatoken=b", 1),
			asked("/users/delta", "$deltatoken=c", 1),
			asked(report, "%24top=999", 2), asked(report, "%24skiptoken=x", 2), asked(report, "%24top=999", 2), asked(report, "$skiptoken=y", 2),
			asked("/roleManagement/directory/roleAssignments", "", 1), asked("/roleManagement/directory/roleDefinitions", "", 1),
			asked("/groups/{id}/members", "", 3), asked("/groups/delta", "", 1),
			{Method: "GET", Template: "/users", Query: "%24select=signInActivity", Fault: "status"},
		}, 1)
		Expect(err).NotTo(HaveOccurred())
		Expect(costs).To(Equal(map[feed]cost{
			feedUserList: {2, 2}, feedUsers: {1, 1}, feedRegistrations: {2, 4}, feedRoles: {3, 5}, feedGroupList: {1, 1},
		}))
	})

	It("is shared by tenants that do not have it", func() {
		costs, err := feedCosts([]graphsim.Entry{asked(report, "", 1)}, 4)
		Expect(err).NotTo(HaveOccurred())
		Expect(costs[feedRegistrations]).To(Equal(cost{0.25, 0.25}))
	})

	It("must not be overlooked", func() {
		_, err := feedCosts([]graphsim.Entry{asked("/planner/tasks", "", 1)}, 1)
		Expect(err).To(MatchError("no feed is known to ask for GET /planner/tasks"))
	})

	It("is spread over the intervals at which it is really read", func() {
		readings := map[feed]cost{feedRegistrations: {2, 4}}
		// Changes 1; registrations every hour 2 of 30 shares; sign-ins of 500 people once in a
		// day; what changed among the groups once in ten minutes.
		at := perInterval(readings, cost{1, 1}, 500, 2*time.Minute)
		Expect(at.pages).To(BeNumerically("~", 1+2/30.0+1/720.0+1/5.0, 1e-9))
		Expect(at.units).To(BeNumerically("~", 1+4/30.0+1/720.0+1/5.0, 1e-9))
	})

	It("is hardly more for 100,000 users, whose reports are read less often", func() {
		readings := map[feed]cost{feedRegistrations: {101, 101}, feedUserList: {500, 500}}
		at := perInterval(readings, cost{1, 1}, 100_000, 2*time.Minute)
		Expect(at.pages).To(BeNumerically("<", 2.2))
	})
})

var _ = Describe("Syncs of settled tenants", func() {
	It("are counted by readings of the users, with what each took and what all took besides", func() {
		syncs, users, all := roundsIn([]graphsim.Entry{
			asked("/users/delta", "%24deltatoken=a", 1), asked("/subscribedSkus", "", 3),
			asked("/users/delta", "$deltatoken=b", 1), asked("/users/delta", "$skiptoken=c", 2),
		})
		Expect(syncs).To(Equal(2.0))
		Expect(users).To(Equal(cost{1.5, 2}))
		Expect(all).To(Equal(cost{2, 3.5}))
	})

	It("may be none", func() {
		syncs, users, _ := roundsIn([]graphsim.Entry{asked("/organization", "", 1)})
		Expect(syncs).To(BeZero())
		Expect(users).To(BeZero())
	})
})

var _ = DescribeTable("A number of pages is reached",
	func(pages uint64, average float64, tenants int, want bool) {
		Expect(reached(pages, average*float64(tenants))).To(Equal(want))
	},
	Entry("all", uint64(10), 1.0, 10, true),
	Entry("all but one", uint64(9), 1.0, 10, false),
	Entry("all of an average that is no whole number", uint64(100), 100.0/300.0, 300, true),
	Entry("all but one of such", uint64(99), 100.0/300.0, 300, false),
	Entry("none is wanted", uint64(0), 0.0, 10, true),
)

var _ = Describe("What the bare download selects", func() {
	It("is what the manager selected", func() {
		Expect(selectedIn([]graphsim.Entry{
			asked("/users", "%24select=id", 1), asked("/users/delta", "%24deltatoken=a", 1), asked("/users/delta", "%24select=id%2Cmail", 1),
		})).To(Equal("id,mail"))
	})

	It("is not guessed", func() {
		_, err := selectedIn([]graphsim.Entry{asked("/users/delta", "%24deltatoken=a", 1)})
		Expect(err).To(HaveOccurred())
	})
})

var _ = Describe("Metrics", func() {
	const text = `# HELP other Something else.
# TYPE other counter
other{a="b"} 7
# HELP controller_runtime_reconcile_total Total number of reconciliations per controller
# TYPE controller_runtime_reconcile_total counter
controller_runtime_reconcile_total{controller="tenant",result="success"} 3
controller_runtime_reconcile_total{controller="tenant",result="requeue_after"} 4
controller_runtime_reconcile_total{controller="manageduser",result="success"} 5
# TYPE go_goroutines gauge
go_goroutines 42
`

	It("are read by name and added up by label", func() {
		found, err := parse(strings.NewReader(text), "controller_runtime_reconcile_total", "go_goroutines")
		Expect(err).NotTo(HaveOccurred())
		Expect(found).To(HaveLen(2))
		Expect(found.sum("controller_runtime_reconcile_total", of(controllerTenants))).To(Equal(7.0))
		Expect(found.sum("controller_runtime_reconcile_total", every)).To(Equal(12.0))
		Expect(found.sum("go_goroutines", every)).To(Equal(42.0))
		Expect(found.sum("absent", every)).To(BeZero())
	})

	It("of a process are read as /proc has them", func() {
		rss, peak := memoryOf([]byte("Name:\tmanager\nVmPeak:\t 9999 kB\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\nThreads:\t12\n"))
		Expect(rss).To(BeEquivalentTo(1 << 20))
		Expect(peak).To(BeEquivalentTo(2 << 20))
	})

	It("of this process are there", func() {
		now, err := usageOf(os.Getpid())
		Expect(err).NotTo(HaveOccurred())
		Expect(now.cpu).To(BeNumerically(">", 0))
		Expect(now.rss).To(BeNumerically(">", 1<<20))
		Expect(now.peak).To(BeNumerically(">=", now.rss))
	})
})
