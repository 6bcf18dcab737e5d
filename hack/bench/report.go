package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// result is everything that a run found out.
type result struct {
	Commit  string    `json:"commit"`
	Go      string    `json:"go"`
	Cores   int       `json:"cores"`
	Short   bool      `json:"short"`
	Began   time.Time `json:"began"`
	Seconds float64   `json:"seconds"`
	Shapes  []string  `json:"shapes"`
	// Load is how busy the machine was, within the minute before, with other things, and
	// Loads the same when each scenario began, then with what the world before it did, too.
	Load    string         `json:"load,omitempty"`
	Loads   []scenarioLoad `json:"loads,omitempty"`
	Figures []figure       `json:"figures"`
}

// scenarioLoad is the load average of the minute before a scenario began.
type scenarioLoad struct {
	Scenario string `json:"scenario"`
	World    string `json:"world"`
	Load     string `json:"load"`
}

func newResult(ctx context.Context, b *bench, began time.Time) result {
	r := result{
		Commit: commit(ctx), Go: runtime.Version(), Cores: runtime.NumCPU(), Short: b.short,
		Began: began.UTC().Truncate(time.Second), Seconds: math.Round(time.Since(began).Seconds()),
		Figures: b.figures, Load: b.load, Loads: b.loads,
	}
	for _, s := range b.sizes.all() {
		r.Shapes = append(r.Shapes, s.String())
	}
	return r
}

// commit is what the working tree is at; empty outside of a clone.
func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func (r *result) judged() int {
	n := 0
	for i := range r.Figures {
		if r.Figures[i].Met != nil {
			n++
		}
	}
	return n
}

func (r *result) missed() int {
	n := 0
	for i := range r.Figures {
		if met := r.Figures[i].Met; met != nil && !*met {
			n++
		}
	}
	return n
}

func writeResult(file string, r result) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	if err := os.WriteFile(file, append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// printTable writes one line per figure.
func printTable(out io.Writer, figures []figure) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(cells ...string) { _, _ = fmt.Fprintln(w, strings.Join(cells, "\t")) }
	line("SCENARIO", "CASE", "WHAT", "VALUE", "BESIDE", "RATIO", "GOAL", "MET")
	for i := range figures {
		f := &figures[i]
		line(f.Scenario, f.Case, f.What, quantity(f.Value, f.Unit), f.besideText(), f.ratioText(), f.goalText(), f.metText())
	}
	_ = w.Flush() // when the terminal is gone, nobody reads
}

func (f *figure) besideText() string {
	if f.Beside == "" {
		return "–"
	}
	return quantity(f.BesideValue, f.Unit) + " " + f.Beside
}

func (f *figure) ratioText() string {
	if f.Ratio == nil {
		return "–"
	}
	text := share(f)(*f.Ratio)
	if ofCeiling(f) && *f.Ratio > 1 {
		return text + " (more than the ceiling)"
	}
	return text
}

// share writes ratios the way their goal is meant: a share of a ceiling, or a multiple of
// a peer.
func share(f *figure) func(float64) string {
	if ofCeiling(f) {
		return func(v float64) string { return number(100*v) + " %" }
	}
	return func(v float64) string { return number(v) + " ×" }
}

// ofCeiling tells whether a figure is to be a share of what a machine or a quota allows.
func ofCeiling(f *figure) bool { return f.Goal != nil && f.Goal.Of == ofRatio && f.Goal.AtLeast }

func (f *figure) goalText() string {
	if f.Goal == nil {
		return "–"
	}
	sign := "≤ "
	if f.Goal.AtLeast {
		sign = "≥ "
	}
	if f.Goal.Of == ofRatio {
		return sign + share(f)(f.Goal.Bound)
	}
	return sign + quantity(f.Goal.Bound, f.Unit)
}

func (f *figure) metText() string {
	switch {
	case f.Met == nil:
		return "–"
	case *f.Met:
		return "yes"
	default:
		return "NO"
	}
}

func quantity(v float64, unit string) string {
	if unit == "" {
		return number(v)
	}
	return number(v) + " " + unit
}

// number writes three digits that matter, and every digit before the point.
func number(v float64) string {
	switch a := math.Abs(v); {
	case v == math.Trunc(v) || a >= 100:
		return thousands(int(math.Round(v)))
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 0.1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	default:
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
}
