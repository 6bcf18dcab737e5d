package throttle_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/throttle"
)

var (
	read   = throttle.Cost{Class: throttle.Identity, ResourceUnits: 1}
	write  = throttle.Cost{Class: throttle.Identity, ResourceUnits: 1, Writes: 1, Urgent: true}
	report = throttle.Cost{Class: throttle.Reports}
)

var _ = Describe("After a refusal by Graph", func() {
	var w world
	var b *throttle.Budget
	BeforeEach(func() {
		w = newWorld(throttle.DefaultLimits())
		b = w.Budget("app", "contoso")
	})

	It("nothing is asked in the tenant until the directory's pause is over, not even what is urgent", func() {
		b.Throttled(throttle.Identity, 90*time.Second)
		w.pass(30 * time.Second)
		for _, cost := range []throttle.Cost{read, write, report, {Class: throttle.SignInActivity}} {
			Expect(b.Reserve(cost)).To(Equal(60 * time.Second))
		}
		Expect(w.Budget("app", "fabrikam").Reserve(read)).To(BeZero(), "another tenant goes on")
		w.pass(60 * time.Second)
		Expect(b.Reserve(read)).To(BeZero())
	})

	It("only the class is left alone when another service refused", func() {
		b.Throttled(throttle.Reports, time.Minute)
		Expect(b.Reserve(report)).To(Equal(time.Minute))
		Expect(b.Reserve(read)).To(BeZero())
	})

	It("a shorter pause does not cut a longer one", func() {
		b.Throttled(throttle.Identity, time.Minute)
		b.Throttled(throttle.Identity, time.Second)
		Expect(b.Reserve(read)).To(Equal(time.Minute))
	})

	It("pauses grow while Graph does not say how long, and start anew later", func() {
		for _, want := range []int{10, 20, 40, 80, 160, 300, 300} {
			pause := time.Duration(want) * time.Second
			b.Throttled(throttle.Identity, 0)
			Expect(b.Reserve(read)).To(Equal(pause))
			w.pass(pause)
			Expect(b.Reserve(read)).To(BeZero())
		}
		w.pass(time.Hour)
		b.Throttled(throttle.Identity, 0)
		Expect(b.Reserve(read)).To(Equal(10 * time.Second))
	})

	It("a pause outlives the tenant's removal and return", func() {
		b.Throttled(throttle.Identity, time.Minute)
		w.Forget("app", "contoso")
		Expect(w.Budget("app", "contoso").Reserve(read)).To(Equal(time.Minute))
	})

	It("what was spent outlives the tenant's removal and return, and no longer", func() {
		spend(b, report)
		w.Forget("app", "contoso")
		Expect(w.Budget("app", "contoso").Reserve(report)).NotTo(BeZero())

		w.Forget("app", "contoso")
		w.pass(time.Hour)
		Expect(w.Budget("app", "contoso")).NotTo(BeIdenticalTo(b))
	})
})

var _ = Describe("When Graph reports how much of the limit is used", func() {
	DescribeTable("calls that are not urgent are held back before any is refused",
		func(percentage float64, most int) {
			w := newWorld(exact())
			b := w.Budget("app", "contoso")
			b.Observe(percentage)

			n, wait := spend(b, read)
			Expect(n).To(BeNumerically("~", most, 1), "rounding aside")
			if percentage > 0.8 {
				Expect(wait).To(BeNumerically("<=", 10*time.Second))
				Expect(b.Reserve(write)).To(BeZero(), "what is urgent goes on")
			}
			w.pass(10 * time.Second)
			n, _ = spend(b, read)
			Expect(n).To(BeNumerically(">=", 3499), "the window is over")
		},
		Entry("below what Graph ever reports", 0.5, 3500),
		Entry("at four fifths", 0.8, 3500),
		Entry("halfway", 0.9, 1750),
		Entry("at the limit", 1.0, 350),
		Entry("beyond it", 1.8, 350),
	)
})
