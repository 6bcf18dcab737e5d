package throttle_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/throttle"
)

var _ = Describe("A budget", func() {
	DescribeTable("grants what the limit allows and says when to come back",
		func(cost throttle.Cost, granted int, window time.Duration) {
			w := newWorld(exact())
			b := w.Budget("app", "contoso")

			n, wait := spend(b, cost)
			Expect(n).To(Equal(granted))
			Expect(wait).To(Equal(window))

			w.pass(window - 1)
			Expect(b.Reserve(cost)).To(Equal(time.Duration(1)), "a nanosecond early")
			w.pass(1)
			n, _ = spend(b, cost)
			Expect(n).To(Equal(granted))
		},
		Entry("resource units of a small tenant", throttle.Cost{Class: throttle.Identity, ResourceUnits: 2}, 1750, 10*time.Second),
		Entry("writes", throttle.Cost{Class: throttle.Identity, ResourceUnits: 1, Writes: 1, Urgent: true}, 3000, 150*time.Second),
		Entry("reports", throttle.Cost{Class: throttle.Reports}, 5, 10*time.Second),
		Entry("Conditional Access", throttle.Cost{Class: throttle.ConditionalAccess}, 1, time.Second),
		Entry("mailboxes", throttle.Cost{Class: throttle.Outlook}, 10000, 10*time.Minute),
		Entry("Intune", throttle.Cost{Class: throttle.Intune}, 2000, 20*time.Second),
	)

	DescribeTable("gives larger tenants more", func(users, granted int) {
		b := newWorld(exact()).Budget("app", "contoso")
		b.SetUsers(users)
		n, _ := spend(b, throttle.Cost{Class: throttle.Identity, ResourceUnits: 1})
		Expect(n).To(Equal(granted))
	},
		Entry("small", 49, 3500),
		Entry("medium", 50, 5000),
		Entry("still medium", 500, 5000),
		Entry("large", 501, 8000),
	)

	It("takes nothing for a call that is refused", func() {
		b := newWorld(exact()).Budget("app", "contoso")
		spend(b, throttle.Cost{Class: throttle.Reports})
		before := b.Left()
		for range 1000 {
			Expect(b.Reserve(throttle.Cost{Class: throttle.Reports, ResourceUnits: 100, Writes: 10})).NotTo(BeZero())
		}
		Expect(b.Left()).To(Equal(before))
		Expect(before).To(Equal(throttle.Usage{
			ResourceUnits: 3500, Writes: 3000, ConditionalAccess: 1, SignInActivity: 1,
		}))
	})

	It("is the same one for the same application and tenant, another for any other", func() {
		w := newWorld(exact())
		Expect(w.Budget("app", "contoso")).To(BeIdenticalTo(w.Budget("app", "contoso")))
		Expect(w.Budget("app", "contoso")).NotTo(BeIdenticalTo(w.Budget("app", "fabrikam")))
		Expect(w.Budget("app", "contoso")).NotTo(BeIdenticalTo(w.Budget("other", "contoso")))
	})

	DescribeTable("shares the limits of one application over all its tenants",
		func(cost throttle.Cost, eachTenant, together int, window time.Duration) {
			w := newWorld(exact())
			sum, tenants := 0, 0
			for ; ; tenants++ {
				b := w.Budget("app", fmt.Sprint("tenant-", tenants))
				b.SetUsers(1000)
				n, wait := spend(b, cost)
				sum += n
				if n < eachTenant {
					Expect(wait).To(Equal(window))
					break
				}
			}
			Expect(sum).To(Equal(together))
			n, _ := spend(w.Budget("another-app", "tenant-0"), cost)
			Expect(n).To(BeNumerically(">", 0), "another application has limits of its own")
		},
		Entry("resource units", throttle.Cost{Class: throttle.Identity, ResourceUnits: 100}, 80, 1500, 20*time.Second),
		Entry("requests", throttle.Cost{Class: throttle.Identity, ResourceUnits: 1}, 8000, 130000, 10*time.Second),
		Entry("reports", throttle.Cost{Class: throttle.Reports}, 5, 122, 10*time.Second),
		Entry("writes", throttle.Cost{Class: throttle.Identity, ResourceUnits: 1, Writes: 1}, 3000, 35000, 5*time.Minute),
	)

	It("shares the limits of one tenant among all applications", func() {
		w := newWorld(exact())
		sum := 0
		for i := range 7 {
			n, _ := spend(w.Budget(fmt.Sprint("app-", i), "contoso"), throttle.Cost{Class: throttle.Identity, Writes: 1})
			sum += n
		}
		Expect(sum).To(Equal(18000))
		Expect(w.Budget("app-0", "contoso").Reserve(throttle.Cost{Class: throttle.ConditionalAccess})).To(BeZero())
		Expect(w.Budget("app-1", "contoso").Reserve(throttle.Cost{Class: throttle.ConditionalAccess})).To(Equal(time.Second))
	})

	DescribeTable("is divided among shards, which never overrun together", func(shards int) {
		var reports, signIns ledger
		for shard := range shards {
			w := newWorld(exact().Share(shards))
			w.pass(time.Duration(shard) * 77 * time.Millisecond) // no two at the same moment
			for w.now() < 3*time.Minute {
				for tenant := range 30 {
					n, _ := spend(w.Budget("app", fmt.Sprint(shard, "-", tenant)), throttle.Cost{Class: throttle.Reports})
					reports.add(w.now(), n)
				}
				n, _ := spend(w.Budget("app", fmt.Sprint(shard)), throttle.Cost{Class: throttle.SignInActivity})
				signIns.add(w.now(), n)
				w.pass(500 * time.Millisecond)
			}
		}
		Expect(inOrder(reports).most(10 * time.Second)).To(And(BeNumerically("<=", 122), BeNumerically(">=", 110)))
		Expect(inOrder(signIns).most(time.Minute)).To(And(BeNumerically("<=", 10), BeNumerically(">=", 5)))
	},
		Entry("one", 1), Entry("two", 2), Entry("three", 3), Entry("seven", 7), Entry("ten", 10),
	)

	DescribeTable("leaves three shards together no more than one manager has: of",
		func(cost throttle.Cost, each int, whole throttle.Limit) {
			var granted ledger
			for shard := range 3 {
				w := newWorld(throttle.DefaultLimits().Share(3))
				w.pass(time.Duration(shard) * 77 * time.Millisecond) // no two at the same moment
				for w.now() < 3*whole.Window {
					for tenant := range 20 {
						n, _ := spend(w.Budget("app", fmt.Sprint(shard, "-", tenant)), cost)
						granted.add(w.now(), n*each)
					}
					w.pass(whole.Window / 20)
				}
			}
			Expect(inOrder(granted).most(whole.Window)).To(And(
				BeNumerically("<=", whole.Count), BeNumerically(">", whole.Count*7/10)), "spent, and worth sharing")
		},
		Entry("resource units", throttle.Cost{Class: throttle.Identity, ResourceUnits: 10, Urgent: true}, 10, throttle.DefaultLimits().AppResourceUnits),
		Entry("writes", throttle.Cost{Class: throttle.Identity, Writes: 5, Urgent: true}, 5, throttle.DefaultLimits().AppWrites),
		Entry("requests", throttle.Cost{Class: throttle.Outlook, Urgent: true}, 1, throttle.DefaultLimits().AppRequests),
		Entry("calls to reports", throttle.Cost{Class: throttle.Reports, Urgent: true}, 1, throttle.DefaultLimits().AppReports),
	)

	It("never asks for more than is there, even of the smallest part", func() {
		w := newWorld(exact().Share(100))
		b := w.Budget("app", "contoso")
		Expect(b.Reserve(throttle.Cost{Class: throttle.SignInActivity})).To(BeZero())
		Expect(b.Reserve(throttle.Cost{Class: throttle.SignInActivity})).To(BeNumerically("~", 10*time.Minute, time.Second))
		Expect(b.Reserve(throttle.Cost{Class: throttle.Identity, ResourceUnits: 1})).To(BeZero())
	})

	It("overruns no sliding window, whatever is asked and however answers are late", func() {
		w := newWorld(throttle.DefaultLimits())
		b := w.Budget("app", "contoso")
		random := rand.New(rand.NewPCG(7, 7))
		var units, writes, reports, policies ledger
		for range 60000 {
			w.pass(time.Duration(random.ExpFloat64() * float64(8*time.Millisecond)))
			late := w.now() + time.Duration(random.Float64()*float64(100*time.Millisecond))
			cost := throttle.Cost{Class: throttle.Identity, ResourceUnits: random.IntN(12), Writes: 1 + random.IntN(2), Urgent: random.IntN(2) == 0}
			cost.Class = []throttle.Class{throttle.Identity, throttle.Identity, throttle.Reports, throttle.ConditionalAccess}[random.IntN(4)]
			if b.Reserve(cost) > 0 {
				continue
			}
			units.add(late, cost.ResourceUnits)
			writes.add(late, cost.Writes)
			switch cost.Class {
			case throttle.Reports:
				reports.add(late, 1)
			case throttle.ConditionalAccess:
				policies.add(late, 1)
			default:
			}
		}
		Expect(inOrder(units).most(10 * time.Second)).To(And(BeNumerically("<=", 3500), BeNumerically(">", 3000)))
		Expect(inOrder(writes).most(150 * time.Second)).To(And(BeNumerically("<=", 3000), BeNumerically(">", 2000)))
		Expect(inOrder(reports).most(10 * time.Second)).To(Equal(5))
		Expect(inOrder(policies).most(time.Second)).To(Equal(1))
	})

	It("spends at least 95 % of the quota of writes when there is enough to do", func() {
		w := newWorld(throttle.DefaultLimits())
		b := w.Budget("app", "contoso")
		var writes ledger
		for w.now() < 2*time.Hour {
			if b.Reserve(throttle.Cost{Class: throttle.Identity, ResourceUnits: 1, Writes: 1, Urgent: true}) == 0 {
				writes.add(w.now(), 1)
			}
			w.pass(20 * time.Millisecond)
		}
		quota := 3000 * 2 * time.Hour / (150 * time.Second)
		Expect(writes.total()).To(BeNumerically(">=", int(quota)*95/100))
		Expect(writes.most(150 * time.Second)).To(BeNumerically("<=", 3000))
	})

	It("keeps a slice for urgent calls, so that a large sync delays no suspension", func() {
		w := newWorld(throttle.DefaultLimits())
		b := w.Budget("app", "contoso")
		n, _ := spend(b, throttle.Cost{Class: throttle.Identity, ResourceUnits: 1})
		Expect(n).To(Equal(3150))
		urgent, _ := spend(b, throttle.Cost{Class: throttle.Identity, ResourceUnits: 1, Writes: 1, Urgent: true})
		Expect(urgent).To(Equal(350))
	})

	It("keeps some writes for those that shut somebody out, so that a bulk change delays no suspension", func() {
		w := newWorld(throttle.DefaultLimits())
		b := w.Budget("app", "contoso")
		n, wait := spend(b, throttle.Cost{Class: throttle.Identity, ResourceUnits: 1, Writes: 1, Urgent: true})
		Expect(n).To(Equal(2970))
		Expect(wait).To(BeNumerically(">", 2*time.Minute))
		protective, _ := spend(b, throttle.Cost{Class: throttle.Identity, ResourceUnits: 1, Writes: 1, Urgent: true, Protective: true})
		Expect(protective).To(Equal(30))
	})

	It("grants concurrent callers no more than one alone", func() {
		b := newWorld(exact()).Budget("app", "contoso")
		var granted atomic.Int64
		var callers sync.WaitGroup
		for range 16 {
			callers.Go(func() {
				n, _ := spend(b, throttle.Cost{Class: throttle.Identity, Writes: 1})
				granted.Add(int64(n))
			})
		}
		callers.Wait()
		Expect(granted.Load()).To(BeEquivalentTo(3000))
	})
})
