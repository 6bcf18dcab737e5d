package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"

	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// graphFault is a kind of fault that graphsim itself injects: into the first request that
// fits, for certain, and into a share of the others.
type graphFault struct {
	name  string
	stack *stack.Stack
	// faults are drawn from; together they are armed all at once.
	faults   []graphsim.Fault
	together bool

	mu       sync.Mutex
	injected int
	armed    map[int]bool
}

// share of the requests that fail while a fault lasts.
const share = 0.15

// tokenEndpoint of every tenant.
const tokenEndpoint = "/oauth2/v2.0/token" //nolint:gosec // a path, not a credential

// graphFaults are the kinds that graphsim knows. Some strike before the request has its
// effect, some after it.
func graphFaults(s *stack.Stack) []injector {
	either := func(f graphsim.Fault) []graphsim.Fault {
		after := f
		after.After = true
		return []graphsim.Fault{f, after}
	}
	lost := func(name string, f graphsim.Fault) injector {
		var all []graphsim.Fault
		for _, write := range []graphsim.Fault{ // a batch would be a POST as well, and write nothing
			{Method: http.MethodPatch},
			{Method: http.MethodDelete},
			{Method: http.MethodPost, Path: "/users/{id}/revokeSignInSessions"},
			{Method: http.MethodPost, Path: "/users/{id}/assignLicense"},
		} {
			f.Method, f.Path = write.Method, write.Path
			all = append(all, f)
		}
		return &graphFault{name: name, stack: s, faults: all, together: true, armed: map[int]bool{}}
	}
	token := func(f graphsim.Fault) graphsim.Fault {
		f.Path = tokenEndpoint
		return f
	}
	kind := func(name string, faults ...graphsim.Fault) *graphFault {
		return &graphFault{name: name, stack: s, faults: faults, armed: map[int]bool{}}
	}
	return []injector{
		kind("Graph 429", graphsim.Fault{Kind: graphsim.FaultStatus, Status: http.StatusTooManyRequests, RetryAfter: 1}),
		kind("Graph 5xx", append(either(graphsim.Fault{Kind: graphsim.FaultStatus, Status: http.StatusServiceUnavailable}),
			either(graphsim.Fault{Kind: graphsim.FaultStatus, Status: http.StatusGatewayTimeout})...)...),
		kind("Graph timeout", either(graphsim.Fault{Kind: graphsim.FaultHang})...),
		kind("Graph half-closed", either(graphsim.Fault{Kind: graphsim.FaultHalfClosed})...),
		kind("Graph corrupt JSON", either(graphsim.Fault{Kind: graphsim.FaultCorrupt})...),
		kind("Graph wrong content type", either(graphsim.Fault{Kind: graphsim.FaultContentType})...),
		kind("Graph huge page", graphsim.Fault{Kind: graphsim.FaultHuge, Method: http.MethodGet, Bytes: 64 << 20}),
		kind("Graph endless pages", graphsim.Fault{Kind: graphsim.FaultLoop}),
		lost("drop before the effect", graphsim.Fault{Kind: graphsim.FaultReset}),
		lost("drop after the effect", graphsim.Fault{Kind: graphsim.FaultReset, After: true}),
		tokenless{kind("token endpoint down", token(graphsim.Fault{Kind: graphsim.FaultStatus}), token(graphsim.Fault{Kind: graphsim.FaultContentType}),
			token(graphsim.Fault{Kind: graphsim.FaultHang}), token(graphsim.Fault{Kind: graphsim.FaultReset}))},
	}
}

func (g *graphFault) Name() string { return g.name }

// Inject arms one of the faults, or all of those that belong together.
func (g *graphFault) Inject(ctx context.Context, rng *rand.Rand) (func(context.Context) error, error) {
	drawn := []graphsim.Fault{g.faults[rng.IntN(len(g.faults))]}
	if g.together {
		drawn = g.faults
	}
	var faults []graphsim.Fault
	for _, fault := range drawn {
		certain, some := fault, fault
		certain.Count, some.Rate = 1, share
		faults = append(faults, certain, some)
	}
	var ids []int
	undo := func(ctx context.Context) error { return g.disarm(ctx, ids) }
	for _, f := range faults {
		var armed struct {
			ID int `json:"id"`
		}
		if err := g.stack.Graph.Call(ctx, http.MethodPost, "faults", f, &armed); err != nil {
			return undo, err
		}
		ids = append(ids, armed.ID)
		g.mu.Lock()
		g.armed[armed.ID] = true
		g.mu.Unlock()
	}
	return undo, nil
}

// disarm ends faults, and keeps how often they struck.
func (g *graphFault) disarm(ctx context.Context, ids []int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, id := range ids {
		struck, err := g.struck(ctx, map[int]bool{id: true})
		if err != nil {
			return err
		}
		if err := g.stack.Graph.Call(ctx, http.MethodDelete, "faults/"+strconv.Itoa(id), nil, nil); err != nil {
			return err
		}
		g.injected += struck
		delete(g.armed, id)
	}
	return nil
}

// struck is how often faults that are armed have struck.
func (g *graphFault) struck(ctx context.Context, ids map[int]bool) (int, error) {
	var faults []graphsim.Fault
	if err := g.stack.Graph.Call(ctx, http.MethodGet, "faults", nil, &faults); err != nil {
		return 0, err
	}
	struck := 0
	for _, f := range faults {
		if ids[f.ID] {
			struck += f.Injected
		}
	}
	return struck, nil
}

// Injected counts those that are armed as well.
func (g *graphFault) Injected(ctx context.Context) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	struck, err := g.struck(ctx, g.armed)
	return g.injected + struck, err
}
