package main

import "context"

const (
	whatTenantTime     = "time to all Ready per added tenant"
	whatTenantCPU      = "manager CPU per added tenant"
	whatTenantRequests = "Graph requests per added tenant"
)

// tenantsScenario looks at how the fleet grew: what one more tenant costs must not depend
// on how many there are.
func tenantsScenario() scenario {
	return scenario{
		name:   "tenants",
		shapes: func(s sizes) []shape { return []shape{s.fleet} },
		coldly: true,
		run:    grown,
	}
}

func grown(_ context.Context, w *world) ([]figure, error) {
	var figures []figure
	for i, g := range w.growth {
		added := float64(g.added)
		step := []figure{
			{What: "time to all Ready", Value: g.after.at.Sub(g.before.at).Seconds(), Unit: "s"},
			{What: whatTenantTime, Value: g.after.at.Sub(g.before.at).Seconds() / added, Unit: "s"},
			{What: whatTenantCPU, Value: (g.rest.manager.cpu - g.before.manager.cpu).Seconds() / added, Unit: "s"},
			{What: whatTenantRequests, Value: float64(g.rest.graph.Requests-g.before.graph.Requests) / added},
			{What: "goroutines", Value: g.rest.manager.goroutines},
			{What: "RSS", Value: float64(g.rest.manager.rss) / (1 << 20), Unit: "MiB"},
		}
		for j := range step {
			step[j].Case = shape{g.tenants, w.shape.users}.String()
			if linear(&step[j]) && i > 1 {
				earlier := w.growth[1]
				before, _ := find(figures, "", shape{earlier.tenants, w.shape.users}.String(), step[j].What)
				step[j].Beside, step[j].BesideValue = "at "+before.Case, before.Value
				step[j].Goal = ratioAtMost(1.5)
			}
		}
		figures = append(figures, step...)
	}
	return figures, nil
}

// linear is true for what one more tenant must not add more of the more there are.
func linear(f *figure) bool {
	switch f.What {
	case whatTenantTime, whatTenantCPU, whatTenantRequests:
		return true
	default:
		return false
	}
}
