package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// expectedEffects are all that this story changes in Microsoft 365.
func expectedEffects() map[graphsim.Effect]uint64 {
	all := hired()
	all[graphsim.EffectLeave] = 1         // Nina
	all[graphsim.EffectBlock] = 3         // Bob, Alice, and Alice again
	all[graphsim.EffectRevoke] = 2        // Bob's and Alice's sessions
	all[graphsim.EffectPasswordForce] = 2 // Carol and Dave
	return all
}

func (d *demo) showCounters(ctx context.Context) error {
	counters, err := d.stack.Graph.Counters(ctx, "")
	if err != nil {
		return err
	}
	d.screen.say("Every account is read once, then only what changed, tenant by tenant:")
	var lines strings.Builder
	for _, path := range slices.Sorted(maps.Keys(counters.ByPath)) {
		_, _ = fmt.Fprintf(&lines, "%6d  %s\n", counters.ByPath[path], path) // never fails
	}
	_, _ = fmt.Fprintf(&lines, "%6d  requests, of which %d were writes, %d were throttled, %d came too early\n",
		counters.Requests, counters.Writes, counters.Throttled, counters.TooEarly)
	d.screen.shown("curl --cacert graphsim-ca.pem "+d.stack.Graph.URL+"/_sim/counters", lines.String())
	lines.Reset()
	for _, effect := range slices.Sorted(maps.Keys(counters.Effects)) {
		_, _ = fmt.Fprintf(&lines, "  %-14s %d\n", effect, counters.Effects[effect])
	}
	d.screen.say("All that was changed in Microsoft 365: Bob blocked and Carol asked for a new password by the first apply, then\n" +
		"Alice, twice, and Dave; and Nina's account.\n" + strings.TrimRight(lines.String(), "\n"))
	if err := expect("what was changed in Microsoft 365", fmt.Sprint(counters.Effects), fmt.Sprint(expectedEffects())); err != nil {
		return err
	}
	if err := expect("the number of throttled requests", counters.Throttled, 0); err != nil {
		return err
	}
	if err := d.showMetrics(ctx); err != nil {
		return err
	}
	return d.noErrorsLogged()
}

// showMetrics shows what Prometheus reads about Contoso.
func (d *demo) showMetrics(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.stack.MetricsURL, nil)
	if err != nil {
		return fmt.Errorf("read the metrics: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("read the metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it was read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the metrics: %w", err)
	}
	var lines strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "m365_") && strings.Contains(line, contoso) {
			_, _ = lines.WriteString(line) // never fails
		}
	}
	if lines.Len() == 0 {
		return errors.New("the metrics say nothing of Contoso")
	}
	d.screen.say("\nWhat Prometheus sees of Contoso; persons are in no metric:")
	d.screen.shown("curl "+d.stack.MetricsURL+" | grep contoso", lines.String())
	return nil
}

// noErrorsLogged fails when the manager had something to complain of.
func (d *demo) noErrorsLogged() error {
	log, err := os.ReadFile(filepath.Join(d.stack.LogDir(), "manager.log"))
	if err != nil {
		return fmt.Errorf("read the manager's log: %w", err)
	}
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, `"level":"error"`) {
			return fmt.Errorf("the manager logged an error: %s", strings.TrimSpace(line))
		}
	}
	return nil
}
