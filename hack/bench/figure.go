package main

// figure is one measured value, beside what it is compared with.
type figure struct {
	Scenario string `json:"scenario"`
	Case     string `json:"case"`
	What     string `json:"what"`

	Value float64 `json:"value"`
	Unit  string  `json:"unit"`

	// Beside names the ceiling or the peer that the same run measured, if there is one,
	// with its value in the same unit and what share of it, or multiple, the figure is.
	Beside      string   `json:"beside,omitempty"`
	BesideValue float64  `json:"besideValue,omitempty"`
	Ratio       *float64 `json:"ratio,omitempty"`

	Goal *goal `json:"goal,omitempty"`
	// Met is nil when there is no goal, or when it was not judged.
	Met *bool `json:"met,omitempty"`

	// single is the number of users where there is one tenant.
	single int
}

// goal is what a figure is to be.
type goal struct {
	// Of is what is compared with the bound: the value or the ratio.
	Of goalOf `json:"of"`
	// AtLeast is true when more is better, otherwise less is.
	AtLeast bool    `json:"atLeast,omitempty"`
	Bound   float64 `json:"bound"`
	// Counts is true for what does not depend on the machine: requests, writes, refusals.
	// The other goals are judged at full size only.
	Counts bool `json:"counts,omitempty"`
}

// goalOf is what a goal is about.
type goalOf string

const (
	ofValue goalOf = "value"
	ofRatio goalOf = "ratio"
)

// countAtMost is a goal about a number of things.
func countAtMost(bound float64) *goal { return &goal{Of: ofValue, Bound: bound, Counts: true} }

// valueAtMost is a goal about a time or a size.
func valueAtMost(bound float64) *goal { return &goal{Of: ofValue, Bound: bound} }

// ratioAtMost is a goal about how much worse than a peer something may be.
func ratioAtMost(bound float64) *goal { return &goal{Of: ofRatio, Bound: bound} }

// ratioAtLeast is a goal about what share of a ceiling something is to reach.
func ratioAtLeast(bound float64) *goal { return &goal{Of: ofRatio, Bound: bound, AtLeast: true} }

// compare fills in the ratio.
func (f *figure) compare() {
	if f.Beside == "" || f.BesideValue == 0 {
		return
	}
	ratio := f.Value / f.BesideValue
	f.Ratio = &ratio
}

// judge fills in whether the goal was met; in a short run only goals that count are.
func (f *figure) judge(short bool) {
	if f.Goal == nil || short && !f.Goal.Counts {
		return
	}
	value := f.Value
	if f.Goal.Of == ofRatio {
		if f.Ratio == nil { // nothing to compare with: that is no success
			met := false
			f.Met = &met
			return
		}
		value = *f.Ratio
	}
	met := value <= f.Goal.Bound
	if f.Goal.AtLeast {
		met = value >= f.Goal.Bound
	}
	f.Met = &met
}

// find returns the figure of a scenario for a case.
func find(figures []figure, scenario, in, what string) (figure, bool) {
	for i := range figures {
		if f := &figures[i]; f.Scenario == scenario && f.Case == in && f.What == what {
			return *f, true
		}
	}
	return figure{}, false
}

// acrossSizes compares what a scenario measured in the smallest and in the largest world
// of one tenant; there is nothing to compare when only one was there.
func acrossSizes(figures []figure, scenario, what string, compare func(small, large figure) figure) []figure {
	var small, large *figure
	for i := range figures {
		f := &figures[i]
		if f.Scenario != scenario || f.What != what || f.single == 0 {
			continue
		}
		if small == nil || f.single < small.single {
			small = f
		}
		if large == nil || f.single > large.single {
			large = f
		}
	}
	if small == nil || small == large {
		return nil
	}
	concluded := compare(*small, *large)
	concluded.Case = small.Case + " → " + large.Case
	return []figure{concluded}
}
