package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// shortest is the least simulated time, filling up aside, in which a growth a week can
// be seen.
const shortest = 3 * day

// finding is what became of a measure.
type finding struct {
	measure string
	trend   trend
	allowed float64
	leak    bool
}

// boundOf is how much a measure may grow in a week. What is counted one by one has to
// stay as it is, but for the chance that decides who is there at the moment.
func boundOf(measure string) bound {
	switch measure {
	case measureHeap:
		return bound{share: 0.01, count: 16}
	case measureRSS: // the allocator's, which keeps what was needed once
		return bound{share: 0.02, count: 1024}
	case measureGoroutines, measureFiles, measureTenants:
		return bound{count: 1}
	case measureEvents, measureWrites, measureGraph, measureChanges, measurePasses, measureActs:
		return bound{share: 0.05, count: 5}
	}
	if strings.HasPrefix(measure, censusPrefix) {
		return bound{share: 0.02, count: 2}
	}
	return bound{share: 0.01, count: 1}
}

// judge looks for what grows, the worst first. It finds nothing in what is too short to
// tell: see tellable.
func judge(h *history) []finding {
	findings := make([]finding, 0, len(h.points))
	for measure, points := range h.points {
		points = settled(points)
		f := finding{measure: measure, trend: fit(points)}
		f.allowed = boundOf(measure).of(f.trend.level)
		f.leak = tellable(points) && f.trend.leaks(boundOf(measure))
		findings = append(findings, f)
	}
	slices.SortFunc(findings, func(a, b finding) int {
		return cmp.Or(cmp.Compare(b.excess(), a.excess()), cmp.Compare(a.measure, b.measure))
	})
	return findings
}

// tooMany tells what there is more of than there can be reason for, at the time of a
// sample. It needs no trend, so the shortest soak shows it.
func tooMany(s *sample) []string {
	v := s.values
	var found []string
	for _, rule := range []struct {
		measure string
		most    float64
		reason  string
	}{
		{censusPrefix + "inventory.Store.tenants", v[measureTenants], "one for each Tenant"},
		{censusPrefix + "tenancy.Pool.tenants", v[measureTenants], "one for each Tenant"},
		{censusPrefix + "throttle.Governor.budgets", 2 * v[measureTenants], "one for each Tenant, and of those who left just now"},
		{measureOrphans, 0, "what belongs to nobody goes with its owner"},
		{measureWaiting, v[measureUsers] + 2*v[measureTenants] + 1, "one for each object"},
	} {
		if v[rule.measure] > rule.most {
			found = append(found, fmt.Sprintf("%s: %.0f, more than %.0f: %s", rule.measure, v[rule.measure], rule.most, rule.reason))
		}
	}
	return found
}

// excess is how many times what is allowed it grows, beyond doubt.
func (f *finding) excess() float64 {
	return (f.trend.growth - certainty*f.trend.doubt) / f.allowed
}

// tellable tells whether a trend can be read from the points.
func tellable(points []point) bool {
	return len(points) >= fewest && points[len(points)-1].at-points[0].at >= shortest
}
