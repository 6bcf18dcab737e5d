package main

import (
	"context"
	"slices"
)

const whatMemory = "RSS"

// memoryScenario looks at the manager at rest, after a cold start.
func memoryScenario() scenario {
	return scenario{
		name:     "memory",
		shapes:   func(s sizes) []shape { return s.all() },
		run:      memory,
		conclude: slope,
	}
}

func memory(ctx context.Context, w *world) ([]figure, error) {
	now, err := w.managerCounts(ctx)
	if err != nil {
		return nil, err
	}
	const mebibyte = 1 << 20
	in := w.shape.String()
	return []figure{
		{Case: in, What: whatMemory, Value: float64(now.rss) / mebibyte, Unit: "MiB"},
		{Case: in, What: "highest RSS since its start", Value: float64(now.peak) / mebibyte, Unit: "MiB"},
		{Case: in, What: "goroutines", Value: now.goroutines},
	}, nil
}

// slope is what one more user adds, from the smaller to the larger of single tenants.
func slope(figures []figure) []figure {
	var concluded []figure
	for _, s := range []sizes{fullSizes(), shortSizes()} {
		small, found := find(figures, "memory", s.small.String(), whatMemory)
		large, alsoFound := find(figures, "memory", s.large.String(), whatMemory)
		if found && alsoFound {
			concluded = append(concluded, figure{
				Case: s.small.String() + " → " + s.large.String(), What: "RSS per user", Unit: "bytes",
				Value: (large.Value - small.Value) * (1 << 20) / float64(s.large.total()-s.small.total()),
				Goal:  valueAtMost(8192),
			})
		}
	}
	return slices.Clip(concluded)
}
