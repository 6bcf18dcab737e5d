package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// templates of the journal.
const (
	userTemplate    = "/users/{id}"
	revokeTemplate  = "/users/{id}/revokeSignInSessions"
	licenseTemplate = "/users/{id}/assignLicense"
	deltaTemplate   = "/users/delta"
)

// journal is what Graph was asked for in one tenant, by the machine's clock.
type journal struct {
	graph  *stack.Graph
	tenant string
	since  uint64        // what came before is not looked at
	ahead  time.Duration // how far the simulated clock is before the machine's
}

// openJournal looks at what comes from now on. Scenarios step the simulated clock by
// whole seconds only, so that is how its distance is known exactly.
func openJournal(ctx context.Context, graph *stack.Graph, tenant string) (*journal, error) {
	var clock struct{ Now time.Time }
	if err := graph.Call(ctx, http.MethodGet, "clock", nil, &clock); err != nil {
		return nil, err
	}
	j := &journal{graph: graph, tenant: tenant, ahead: time.Until(clock.Now).Round(time.Second)}
	var err error
	j.since, err = lastRequest(ctx, graph, tenant)
	return j, err
}

// lastRequest is the number of the last request that a tenant, or any, was asked.
func lastRequest(ctx context.Context, graph *stack.Graph, tenant string) (uint64, error) {
	entries, err := graph.Requests(ctx, tenant, 0)
	if n := len(entries); n > 0 {
		return entries[n-1].Seq, err
	}
	return 0, err
}

// read returns the requests that fit a filter of graphsim's journal, oldest first.
func (j *journal) read(ctx context.Context, filter url.Values) ([]graphsim.Entry, error) {
	query := url.Values{"tenant": {j.tenant}, "since": {fmt.Sprint(j.since)}}
	for name, values := range filter {
		query[name] = values
	}
	var entries []graphsim.Entry
	if err := j.graph.Call(ctx, http.MethodGet, "requests?"+query.Encode(), nil, &entries); err != nil {
		return nil, err
	}
	for i := range entries {
		entries[i].Time = entries[i].Time.Add(-j.ahead)
	}
	return entries, nil
}

// arrivals are when the first request of a kind came for each account.
func (j *journal) arrivals(ctx context.Context, method, template, field string) (map[string]time.Time, error) {
	entries, err := j.read(ctx, url.Values{"method": {method}, "template": {template}})
	if err != nil {
		return nil, err
	}
	first := map[string]time.Time{}
	for i := range entries {
		e := &entries[i]
		if field != "" && !slices.Contains(e.Fields, field) {
			continue
		}
		id := accountIn(e.Path)
		if _, again := first[id]; !again {
			first[id] = e.Time
		}
	}
	return first, nil
}

// accountIn is the account that a path is about: /v1.0/users/{id}/….
func accountIn(path string) string {
	_, rest, _ := strings.Cut(path, "/users/")
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// awaitEffects waits until the tenant's accounts have had so many effects of a kind in
// all: that is cheaper to ask than the journal.
func (j *journal) awaitEffects(ctx context.Context, want map[graphsim.Effect]uint64, every, patience time.Duration) error {
	var have map[graphsim.Effect]uint64
	err := wait.PollUntilContextTimeout(ctx, every, patience, true, func(ctx context.Context) (bool, error) {
		counters, err := j.graph.Counters(ctx, j.tenant)
		if err != nil {
			return false, err
		}
		have = counters.Effects
		for effect, n := range want {
			if have[effect] < n {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("wait for effects: Graph had %v of %v: %w", have, want, err)
	}
	return nil
}

// wrongEffects counts the people whose accounts did not have each of the effects
// exactly once.
func (j *journal) wrongEffects(ctx context.Context, people []person, want ...graphsim.Effect) (int, error) {
	counters, err := j.graph.Counters(ctx, j.tenant)
	if err != nil {
		return 0, err
	}
	wrong := 0
	for _, p := range people {
		had := counters.UserEffects[p.id]
		if slices.ContainsFunc(want, func(e graphsim.Effect) bool { return had[e] != 1 }) {
			wrong++
		}
	}
	return wrong, nil
}
