package main

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("The quota's optimum", func() {
	DescribeTable("is a window for every quota used up before the last write, and the machine's time for the rest",
		func(writes int, want time.Duration) {
			Expect(quotaOptimum(writes, 100)).To(Equal(want))
		},
		Entry("nothing to write", 0, time.Duration(0)),
		Entry("one", 1, 10*time.Millisecond),
		Entry("just within the first window", 3000, 30*time.Second),
		Entry("one more waits for the second", 3001, 150*time.Second+10*time.Millisecond),
		Entry("a thousand more", 4000, 160*time.Second),
		Entry("the third", 6001, 300*time.Second+10*time.Millisecond),
	)
})

var _ = Describe("A bulk change", func() {
	people := func(n int) *crew {
		c := &crew{}
		for i := range n {
			c.people = append(c.people, person{id: fmt.Sprint(i)})
		}
		return c
	}

	DescribeTable("suspends one half and licenses the other, and knows what that needs",
		func(locate bool, writes int, effects map[graphsim.Effect]uint64) {
			all := people(10)
			c := halves(all, locate)
			Expect(c.suspended.people).To(HaveLen(5))
			Expect(append(c.suspended.people[:5:5], c.licensed.people...)).To(Equal(all.people))
			Expect(c.writes).To(Equal(writes))
			Expect(c.effects).To(Equal(effects))
			Expect(c.merge).To(MatchJSON(map[bool]string{
				false: `{"spec":{"licenses":[{"sku":"SPB"}]}}`,
				true:  `{"spec":{"profile":{"usageLocation":"DE"},"licenses":[{"sku":"SPB"}]}}`,
			}[locate]))
		},
		Entry("who have a usage location", false, 15,
			map[graphsim.Effect]uint64{graphsim.EffectBlock: 5, graphsim.EffectRevoke: 5, graphsim.EffectLicense: 5}),
		Entry("who have none", true, 20,
			map[graphsim.Effect]uint64{graphsim.EffectBlock: 5, graphsim.EffectRevoke: 5, graphsim.EffectLicense: 5, graphsim.EffectUpdate: 5}),
	)
})
