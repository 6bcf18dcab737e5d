package throttle_test

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/throttle"
)

var signIns = throttle.Cost{Class: throttle.SignInActivity, ResourceUnits: 1}

// visit is a tenant's next attempt to read a page.
type visit struct {
	at     time.Duration
	seq    int
	tenant int
}

type agenda []visit

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].seq < a[j].seq
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(visit)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// day plays tenants that each want pages, and come back when told to.
type day struct {
	world
	agenda  agenda
	wants   []int             // pages still wanted, by tenant
	served  [][]time.Duration // when, by tenant
	order   []int
	granted ledger
	visits  int
	// late is how much later than told a tenant comes.
	late func(wait time.Duration) time.Duration
	// again is when a tenant whose page was served asks for the next.
	again time.Duration
}

func newDay(tenants, pages int) *day {
	d := &day{
		world: newWorld(throttle.DefaultLimits()),
		wants: make([]int, tenants), served: make([][]time.Duration, tenants),
		late: func(time.Duration) time.Duration { return 0 }, again: time.Second,
	}
	for tenant := range tenants {
		d.wants[tenant] = pages
		d.come(tenant, time.Duration(tenant)*time.Millisecond)
	}
	return d
}

func (d *day) come(tenant int, at time.Duration) {
	d.visits++
	heap.Push(&d.agenda, visit{at: at, seq: d.visits, tenant: tenant})
}

func (d *day) play(length time.Duration) {
	for len(d.agenda) > 0 && d.agenda[0].at < length {
		v := heap.Pop(&d.agenda).(visit)
		d.at(v.at)
		wait := d.Budget("app", fmt.Sprint(v.tenant)).Reserve(signIns)
		if wait > 0 {
			d.come(v.tenant, v.at+wait+d.late(wait))
			continue
		}
		d.granted.add(v.at, 1)
		d.order = append(d.order, v.tenant)
		d.served[v.tenant] = append(d.served[v.tenant], v.at)
		if d.wants[v.tenant]--; d.wants[v.tenant] > 0 {
			d.come(v.tenant, v.at+d.again)
		}
	}
}

var _ = Describe("What is scarce over all tenants", func() {
	It("is served to 300 tenants in the order they came, over a day, without an overrun", func() {
		d := newDay(300, 20)
		d.play(24 * time.Hour)

		Expect(d.granted.most(time.Minute)).To(BeNumerically("<=", 10))
		Expect(d.order).To(HaveLen(300 * 20))
		for round := range 20 {
			Expect(slices.IsSorted(d.order[round*300:(round+1)*300])).To(BeTrue(), "round %d", round)
		}
		Expect(d.visits).To(BeNumerically("<=", 2*300*20), "each asked once and came once")
		last := d.granted[len(d.granted)-1].at
		Expect(last).To(BeNumerically("<", 300*20*7*time.Second), "little of the limit is lost")
	})

	It("starves nobody when all come late, by a tenth of what they were told and more", func() {
		d := newDay(300, 1000)
		random := rand.New(rand.NewPCG(3, 3))
		d.late = func(wait time.Duration) time.Duration {
			return time.Duration(random.Float64() * float64(wait/10+5*time.Second))
		}
		d.play(24 * time.Hour)

		Expect(d.granted.most(time.Minute)).To(BeNumerically("<=", 10))
		fewest, most := len(d.served[0]), len(d.served[0])
		for _, times := range d.served {
			fewest, most = min(fewest, len(times)), max(most, len(times))
			for i := 1; i < len(times); i++ {
				Expect(times[i] - times[i-1]).To(BeNumerically("<", 90*time.Minute))
			}
		}
		Expect(fewest).To(BeNumerically(">=", most*8/10))
		Expect(d.granted.total()).To(BeNumerically(">=", 9*60*24*7/10))
	})

	It("goes on past tenants that never come back", func() {
		d := newDay(300, 2)
		gone := func(tenant int) bool { return tenant%2 == 1 }
		for tenant := range 300 {
			d.at(time.Duration(tenant) * time.Millisecond)
			if wait := d.Budget("app", fmt.Sprint(tenant)).Reserve(signIns); wait == 0 {
				d.granted.add(d.now(), 1)
			}
		}
		d.agenda = slices.DeleteFunc(d.agenda, func(v visit) bool { return gone(v.tenant) })
		heap.Init(&d.agenda)
		d.play(24 * time.Hour)
		for tenant := range 300 {
			if !gone(tenant) {
				Expect(d.served[tenant]).To(HaveLen(2), "tenant %d", tenant)
			}
		}
		Expect(d.granted.most(time.Minute)).To(BeNumerically("<=", 10))
	})

	It("gives a tenant that asks all the time no more turns than the others", func() {
		d := newDay(10, 50)
		d.wants[0] = 100000
		for second := time.Duration(0); second < 2*time.Hour; second += time.Second {
			d.play(second)
			d.at(second)
			if d.Budget("app", "0").Reserve(signIns) == 0 {
				d.granted.add(second, 1)
				d.order = append(d.order, 0)
			}
		}
		Expect(d.granted.most(time.Minute)).To(BeNumerically("<=", 10))
		for tenant := 1; tenant < 10; tenant++ {
			Expect(d.served[tenant]).To(HaveLen(50), "tenant %d", tenant)
		}
		greedy := 0
		for _, tenant := range d.order[:500] {
			if tenant == 0 {
				greedy++
			}
		}
		Expect(greedy).To(BeNumerically("~", 50, 1))
	})

	It("is free again for whoever asks once the line is empty", func() {
		w := newWorld(throttle.DefaultLimits())
		a, b := w.Budget("app", "a"), w.Budget("app", "b")
		Expect(a.Reserve(signIns)).To(BeZero())
		wait := b.Reserve(signIns)
		Expect(wait).To(BeNumerically("~", 6667*time.Millisecond, time.Millisecond))
		Expect(b.Left().SignInActivity).To(BeZero())
		w.pass(wait)
		Expect(a.Reserve(signIns)).NotTo(BeZero(), "the turn is kept for the one who was refused")
		Expect(b.Reserve(signIns)).To(BeZero())

		w.Forget("app", "a")
		w.pass(time.Minute)
		Expect(b.Left().SignInActivity).To(Equal(1))
		Expect(b.Reserve(signIns)).To(BeZero())
	})

	It("is not held up by a tenant that Graph told to pause", func() {
		w := newWorld(throttle.DefaultLimits())
		a, b, c := w.Budget("app", "a"), w.Budget("app", "b"), w.Budget("app", "c")
		Expect(a.Reserve(signIns)).To(BeZero())
		Expect(b.Reserve(signIns)).NotTo(BeZero())
		b.Throttled(throttle.SignInActivity, time.Hour)
		wait := c.Reserve(signIns)
		w.pass(wait)
		Expect(c.Reserve(signIns)).To(BeZero())
	})
})
