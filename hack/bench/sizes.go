package main

import (
	"fmt"
	"slices"
	"strconv"
)

// shape is the size of a world.
type shape struct {
	tenants, users int // users of each tenant
}

// String is how the table names a shape.
func (s shape) String() string {
	if s.tenants == 1 {
		return thousands(s.users) + " users"
	}
	return fmt.Sprintf("%s × %s", thousands(s.tenants), thousands(s.users))
}

// total is the number of users of all tenants.
func (s shape) total() int { return s.tenants * s.users }

// sizes are the worlds of a run.
type sizes struct {
	// small and large are single tenants.
	small, large shape
	// fleet is many clients of a provider; steps are the numbers of Tenants at which its
	// growth is looked at.
	fleet shape
	steps []int
}

func fullSizes() sizes {
	return sizes{small: shape{1, 10_000}, large: shape{1, 100_000}, fleet: shape{300, 100}, steps: []int{1, 10, 100, 300}}
}

// shortSizes are there to see that everything works; every world costs time of its own.
func shortSizes() sizes {
	return sizes{small: shape{1, 500}, large: shape{1, 500}, fleet: shape{10, 20}, steps: []int{1, 10}}
}

// all shapes, the cheapest first.
func (s sizes) all() []shape { return slices.Compact([]shape{s.fleet, s.small, s.large}) }

// stepsOf are the numbers of Tenants at which the growth of a world is looked at.
func (s sizes) stepsOf(want shape) []int {
	if want == s.fleet {
		return s.steps
	}
	return []int{want.tenants}
}

// thousands writes a number with commas.
func thousands(n int) string {
	if n < 0 {
		return "-" + thousands(-n)
	}
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
