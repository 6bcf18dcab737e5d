package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// scenario is something to measure.
type scenario struct {
	// name chooses it.
	name string
	// shapes are the worlds it runs in; none is a scenario that concludes from others' figures.
	shapes func(sizes) []shape
	// coldly is true when it needs no manager that runs.
	coldly bool
	// run measures in one world.
	run func(context.Context, *world) ([]figure, error)
	// conclude compares what was measured in several worlds; it may be nil.
	conclude func([]figure) []figure
}

// scenarios are all there are, in the order in which they share a world.
func scenarios() []scenario {
	return []scenario{
		tenantsScenario(),
		settledScenario(),
		discoveryScenario(),
		coldScenario(),
		memoryScenario(),
		reactionScenario(),
		bulkScenario(),
	}
}

// choose picks scenarios by name, all when none is named, and keeps their order.
func choose(all []scenario, names []string) ([]scenario, error) {
	if len(names) == 0 {
		return all, nil
	}
	known := make([]string, 0, len(all))
	var chosen []scenario
	for _, s := range all {
		known = append(known, s.name)
		if slices.Contains(names, s.name) {
			chosen = append(chosen, s)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no scenario %q: there are %s", name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}
