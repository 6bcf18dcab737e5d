package main

import "context"

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
	in := w.String()
	return []figure{
		{Case: in, What: whatMemory, Value: float64(now.rss) / mebibyte, Unit: "MiB"},
		{Case: in, What: "highest RSS since its start", Value: float64(now.peak) / mebibyte, Unit: "MiB"},
		{Case: in, What: "goroutines", Value: now.goroutines},
	}, nil
}

// slope is what one more user adds.
func slope(figures []figure) []figure {
	return acrossSizes(figures, "memory", whatMemory, func(small, large figure) figure {
		return figure{
			What: "RSS per user", Unit: "bytes", Goal: valueAtMost(8192),
			Value: (large.Value - small.Value) * (1 << 20) / float64(large.single-small.single),
		}
	})
}
