package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/m365-operator/m365-operator/internal/audit"
)

// tally counts what was done.
type tally struct {
	operations map[string]int
	// drawn are those that a seed draws.
	drawn int
}

func newTally() tally { return tally{operations: map[string]int{}} }

func (t tally) total() int {
	total := 0
	for _, n := range t.operations {
		total += n
	}
	return total
}

// excerpt is how many lines of evidence a violation shows at most.
const excerpt = 40

// shown is how many violations are shown with their evidence.
const shown = 10

// report prints the table, and an error unless all went well.
func (c *campaign) report(ctx context.Context, violations []violation) error {
	if err := c.table(ctx); err != nil {
		return err
	}
	for i, v := range violations {
		if i == shown {
			c.say("… and %d more", len(violations)-shown)
			break
		}
		c.say("VIOLATION (seed %d): %s", c.options.seed, v)
		if next := i + 1; v.person != nil && (next == len(violations) || violations[next].person != v.person || next == shown) {
			c.evidence(v.person)
		}
	}
	if len(violations) > 0 {
		return fmt.Errorf("%d things are not as the model has them: see %s; repeat with: %s", len(violations), c.stack.LogDir(), c.options.command())
	}
	return c.prove(ctx)
}

// prove returns an error unless enough happened to prove anything.
func (c *campaign) prove(ctx context.Context) error {
	silent, err := c.faults.silent(ctx)
	if err != nil {
		return err
	}
	for _, d := range disasters() {
		if c.tally.operations[d.name] == 0 {
			silent = append(silent, d.name)
		}
	}
	if _, after := lostWrites(c.journal); after == 0 && !c.options.noFaults && c.options.only == "" {
		silent = append(silent, "an answer that was lost after a write")
	}
	if len(silent) > 0 {
		return fmt.Errorf("these never happened, so nothing is proved of them: %s", strings.Join(silent, ", "))
	}
	if c.tally.drawn < c.options.ops/2 {
		return fmt.Errorf("the time was up after %d of %d operations, which is too few to prove anything: give it more", c.tally.drawn, c.options.ops)
	}
	c.say("%d of %d operations: nothing was lost and nothing was repeated", c.tally.drawn, c.options.ops)
	return nil
}

// evidence shows what is known of somebody.
func (c *campaign) evidence(p *person) {
	show := func(title string, lines []string) {
		_, _ = fmt.Fprintf(c.out, "    %s:\n", title) // nobody listens when it fails
		for _, line := range lines[max(0, len(lines)-excerpt):] {
			_, _ = fmt.Fprintf(c.out, "      %s\n", line)
		}
	}
	show("operations", p.log)
	lines, err := c.auditLines(func(e *audit.Entry) bool {
		return e.Object.Namespace == p.tenant.namespace && e.Object.Name == p.name
	})
	if err != nil {
		lines = []string{err.Error()}
	}
	show("audit lines", lines)
}

// auditLines are those of the audit log that are wanted.
func (c *campaign) auditLines(want func(*audit.Entry) bool) ([]string, error) {
	file, err := os.Open(c.stack.AuditLog())
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	var lines []string
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		var e audit.Entry
		if err := json.Unmarshal(scanner.Bytes(), &e); err != nil {
			continue // a kill cut it off
		}
		if want(&e) {
			lines = append(lines, fmt.Sprintf("%6.1f s: %s %s -> %s, generation %d, %s %s",
				e.Time.Sub(c.began).Seconds(), e.Action, e.From, e.To, e.Generation, e.Result, e.Error))
		}
	}
	return lines, scanner.Err()
}

// table prints what happened, by kind.
func (c *campaign) table(ctx context.Context) error {
	if err := c.record(ctx); err != nil {
		return err
	}
	effects, requests, writes := map[string]uint64{}, uint64(0), uint64(0)
	for _, t := range c.world.tenants {
		counters, err := c.stack.Graph.Counters(ctx, t.id)
		if err != nil {
			return err
		}
		for effect, n := range counters.Effects {
			effects[string(effect)] += n
		}
		requests += counters.Requests
		writes += counters.Writes
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "\noperations\t%d\n", c.tally.total()) // nobody listens when it fails
	for _, name := range slices.Sorted(maps.Keys(c.tally.operations)) {
		_, _ = fmt.Fprintf(w, "  %s\t%d\n", name, c.tally.operations[name])
	}
	_, _ = fmt.Fprintf(w, "faults\t\n")
	for _, kind := range c.faults.kinds {
		n, err := kind.Injected(ctx)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w, "  %s\t%d\n", kind.Name(), n)
	}
	before, after := lostWrites(c.journal)
	_, _ = fmt.Fprintf(w, "writes that faults struck\t\n  before their effect\t%d\n  after it, so that the answer was lost\t%d\n", before, after)
	_, _ = fmt.Fprintf(w, "effects in Microsoft 365\t\n")
	for _, name := range slices.Sorted(maps.Keys(effects)) {
		_, _ = fmt.Fprintf(w, "  %s\t%d\n", name, effects[name])
	}
	_, _ = fmt.Fprintf(w, "managers started again\t%d\n", c.crew.restarts.Load())
	_, _ = fmt.Fprintf(w, "requests to Graph\t%d, of which %d writes\n", requests, writes)
	_, _ = fmt.Fprintf(w, "time\t%s\n\n", time.Since(c.began).Round(time.Second))
	return w.Flush()
}
