package main

import (
	"math"
	"slices"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// fewest samples that a trend is read from.
const fewest = 8

// certainty is how many of its standard errors a growth has to exceed what is allowed
// by. With the second test below it keeps sixty measures of some dozen samples from
// raising a false alarm.
const certainty = 4

// point is a sample of one measure, so long after the beginning.
type point struct {
	at    time.Duration
	value float64
}

// trend is the straight line through points, by least squares.
type trend struct {
	// level is the mean, growth that of a week, and doubt its standard error.
	level, growth, doubt float64
	// lifted is true when every one of the last third of the points is above every one
	// of the first third.
	lifted bool
}

// fit draws the line.
func fit(points []point) trend {
	n := float64(len(points))
	var meanX, meanY float64
	for _, p := range points {
		meanX += weeks(p.at) / n
		meanY += p.value / n
	}
	var sxx, sxy, syy float64
	for _, p := range points {
		x, y := weeks(p.at)-meanX, p.value-meanY
		sxx, sxy, syy = sxx+x*x, sxy+x*y, syy+y*y
	}
	t := trend{level: meanY}
	if sxx == 0 || n < 3 {
		return t
	}
	t.growth = sxy / sxx
	t.doubt = math.Sqrt(max(0, syy-t.growth*sxy)/(n-2)/sxx) * inertia(points, t, meanX)
	third := len(points) / 3
	t.lifted = slices.MinFunc(points[len(points)-third:], byValue).value > slices.MaxFunc(points[:third], byValue).value
	return t
}

// inertia is by how much the standard error is too small because what is left over of
// one sample is left over of the next as well: for residues whose correlation from one to
// the next is r, it is the square root of (1+r)/(1-r).
func inertia(points []point, t trend, meanX float64) float64 {
	const most = 0.9
	var products, squares, last float64
	for i, p := range points {
		residue := p.value - t.level - t.growth*(weeks(p.at)-meanX)
		if squares += residue * residue; i > 0 {
			products += residue * last
		}
		last = residue
	}
	if squares == 0 {
		return 1
	}
	r := min(max(0, products/squares), most)
	return math.Sqrt((1 + r) / (1 - r))
}

func weeks(d time.Duration) float64 { return float64(d) / float64(week) }

func byValue(a, b point) int {
	switch {
	case a.value < b.value:
		return -1
	case a.value > b.value:
		return 1
	default:
		return 0
	}
}

// bound is how much a measure may grow in a week: a share of its level, and so many.
type bound struct{ share, count float64 }

func (b bound) of(level float64) float64 { return b.share*level + b.count }

// leaks tells whether the trend grows by more than the bound, beyond doubt.
func (t trend) leaks(b bound) bool {
	return t.lifted && t.growth-certainty*t.doubt > b.of(t.level)
}

// settled drops the first quarter of the time, in which everything fills up.
func settled(points []point) []point {
	if len(points) == 0 {
		return nil
	}
	from := points[len(points)-1].at / 4
	return slices.DeleteFunc(slices.Clone(points), func(p point) bool { return p.at < from })
}
