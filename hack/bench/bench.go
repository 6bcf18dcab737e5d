package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// bench is a run.
type bench struct {
	out     io.Writer
	sizes   sizes
	short   bool
	load    string // of the machine when the run began
	loads   []scenarioLoad
	figures []figure
}

// measure makes one world after the other and lets the scenarios that want it measure.
// A scenario that fails does not keep the others from measuring.
func (b *bench) measure(ctx context.Context, chosen []scenario) error {
	b.load = loadAverage()
	var errs []error
	for _, want := range b.sizes.all() {
		var here []scenario
		for _, s := range chosen {
			if slices.Contains(s.shapes(b.sizes), want) {
				here = append(here, s)
			}
		}
		if len(here) == 0 || ctx.Err() != nil {
			continue
		}
		if err := b.inWorld(ctx, want, here); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", want, err))
		}
	}
	for _, s := range chosen {
		if s.conclude != nil {
			b.add(s.name, s.conclude(b.figures))
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// inWorld makes a world, measures in it, and stops it.
func (b *bench) inWorld(ctx context.Context, want shape, here []scenario) (err error) {
	b.say("A world of %s:", want)
	w := &world{bench: b, shape: want}
	defer func() { err = errors.Join(err, w.stop()) }()
	if err := w.begin(ctx); err != nil {
		return err
	}
	var errs []error
	for _, s := range here {
		began, load := time.Now(), loadAverage()
		b.loads = append(b.loads, scenarioLoad{s.name, want.String(), load})
		figures, err := b.runOne(ctx, w, s)
		for i := range figures {
			if want.tenants == 1 {
				figures[i].single = want.users
			}
		}
		b.add(s.name, figures)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		}
		b.say("  %s (%.1f s, load average before it %s)", s.name, time.Since(began).Seconds(), load)
	}
	return errors.Join(errs...)
}

func (b *bench) runOne(ctx context.Context, w *world, s scenario) ([]figure, error) {
	if !s.coldly {
		if err := w.ensureManager(ctx); err != nil {
			return nil, err
		}
	}
	return s.run(ctx, w)
}

// add completes figures and keeps them.
func (b *bench) add(scenario string, figures []figure) {
	for _, f := range figures {
		f.Scenario = scenario
		f.compare()
		f.judge(b.short)
		b.figures = append(b.figures, f)
	}
}

// say tells how far the run is; when the terminal is gone, nobody listens.
func (b *bench) say(format string, values ...any) {
	_, _ = fmt.Fprintf(b.out, format+"\n", values...)
}

// loadAverage is how busy the machine was within the last minute, with other things.
func loadAverage() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(content), " ")
	return first
}
