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

// Sizes of a full and of a short run. The short ones are there to see that everything
// works; every world costs time of its own.
const (
	fullSizes  = "10000,100000,300x100"
	shortSizes = "500,500,10x20"
)

// parseSizes reads "10000,100000,300x100": the users of the two single tenants, and the
// fleet.
func parseSizes(text string) (sizes, error) {
	var s sizes
	s.small.tenants, s.large.tenants = 1, 1
	_, err := fmt.Sscanf(text, "%d,%d,%dx%d", &s.small.users, &s.large.users, &s.fleet.tenants, &s.fleet.users)
	if err != nil || min(s.small.users, s.large.users, s.fleet.tenants, s.fleet.users) < 1 {
		return s, fmt.Errorf("sizes are to be like 10000,100000,300x100, not %q", text)
	}
	for _, step := range []int{1, 10, 100} {
		if step < s.fleet.tenants {
			s.steps = append(s.steps, step)
		}
	}
	s.steps = append(s.steps, s.fleet.tenants)
	return s, nil
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
