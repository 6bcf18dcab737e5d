package main

import (
	"math/rand/v2"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// measured are daily samples of one measure.
func measured(measure string, days int, value func(day int) float64) []sample {
	samples := make([]sample, days)
	for i := range samples {
		samples[i] = sample{at: time.Duration(i+1) * day, values: map[string]float64{measure: value(i)}}
	}
	return samples
}

func historyOf(samples []sample) *history {
	h := newHistory()
	for i := range samples {
		h.add(&samples[i])
	}
	return h
}

func leaks(samples []sample) []string {
	var names []string
	for _, f := range judge(historyOf(samples)) {
		if f.leak {
			names = append(names, f.measure)
		}
	}
	return names
}

var _ = Describe("The verdict", func() {
	noise := rand.New(rand.NewPCG(1, 2))
	around := func(level, by float64) float64 { return level + by*noise.NormFloat64() }

	DescribeTable("finds", func(measure string, value func(day int) float64) {
		Expect(leaks(measured(measure, 21, value))).To(Equal([]string{measure}))
	},
		Entry("a goroutine a day", measureGoroutines, func(day int) float64 { return 150 + float64(day) }),
		Entry("two goroutines a week, of some that come and go", measureGoroutines,
			func(day int) float64 { return around(150+2*float64(day)/7, 0.2) }),
		Entry("2 % of the heap a week, in noise", measureHeap, func(day int) float64 { return around(11000+220*float64(day)/7, 30) }),
		Entry("a series for every client that left", measureSeries, func(day int) float64 { return around(600+5*float64(day), 10) }),
		Entry("an entry a day", censusPrefix+"inventory.Store.tenants", func(day int) float64 { return 10 + float64(day) }),
		Entry("a map that begins to fill after a week", censusPrefix+"safeguard.Admins.tenants",
			func(day int) float64 { return max(0, float64(day-7)) }),
		Entry("work that grows with time", measurePasses, func(day int) float64 { return around(17000+400*float64(day), 300) }),
	)

	DescribeTable("does not find", func(measure string, value func(day int) float64) {
		Expect(leaks(measured(measure, 21, value))).To(BeEmpty())
	},
		Entry("what stays", measureGoroutines, func(int) float64 { return 150 }),
		Entry("what comes and goes", measureSecrets, func(int) float64 { return around(20, 5) }),
		Entry("what fills up at first", measureHeap, func(day int) float64 { return around(11000-3000/float64(day*day+1), 30) }),
		Entry("one step", measureFiles, func(day int) float64 {
			if day < 12 {
				return 28
			}
			return 29
		}),
		Entry("less and less", measureRSS, func(day int) float64 { return 66000 - 100*float64(day) }),
		Entry("half a percent of the heap a week", measureHeap, func(day int) float64 { return 11000 + 55*float64(day)/7 }),
	)

	It("raises no false alarm over hundreds of measures that wander about", func() {
		for range 300 {
			level := 50.0
			wander := measured(measureSecrets, 21, func(int) float64 {
				level += 0.5*(50-level) + 3*noise.NormFloat64()
				return level
			})
			Expect(leaks(wander)).To(BeEmpty())
		}
	})

	It("tells nothing of too few samples, nor of too short a time", func() {
		grows := func(day int) float64 { return 100 + 50*float64(day) }
		Expect(leaks(measured(measureGoroutines, 8, grows))).To(BeEmpty())
		short := measured(measureGoroutines, 21, grows)
		for i := range short {
			short[i].at /= 24
		}
		Expect(leaks(short)).To(BeEmpty())
	})

	It("puts the worst first", func() {
		samples := measured(measureGoroutines, 21, func(day int) float64 { return 100 + 50*float64(day) })
		for i := range samples {
			samples[i].values[measureFiles] = 20
		}
		Expect(judge(historyOf(samples))[0].measure).To(Equal(measureGoroutines))
	})

	DescribeTable("needs no trend for what there can be no reason for", func(measure string, value float64, problem string) {
		s := sample{values: map[string]float64{
			measureTenants: 10, measureUsers: 500, censusPrefix + "inventory.Store.tenants": 10, censusPrefix + "tenancy.Pool.tenants": 9,
		}}
		Expect(tooMany(&s)).To(BeEmpty())
		s.values[measure] = value
		Expect(tooMany(&s)).To(HaveExactElements(ContainSubstring(problem)))
	},
		Entry("tenants that are gone", censusPrefix+"inventory.Store.tenants", 11.0, "inventory.Store.tenants: 11, more than 10"),
		Entry("connections that are gone", censusPrefix+"tenancy.Pool.tenants", 11.0, "tenancy.Pool.tenants"),
		Entry("Secrets whose owner is gone", measureOrphans, 1.0, "more than 0"),
		Entry("passes over what is gone", measureWaiting, 600.0, "one for each object"),
	)
})
