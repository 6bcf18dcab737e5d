package graphsim

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// FaultKind is what an injected fault does.
type FaultKind string

// Kinds of faults.
const (
	FaultStatus FaultKind = "status" // answer Status
	FaultDelay  FaultKind = "delay"  // answer rightly, but after Delay
	FaultHang   FaultKind = "hang"   // never answer
	FaultReset  FaultKind = "reset"  // cut the connection

	FaultHalfClosed  FaultKind = "halfClosed"  // cut the connection after half of the body
	FaultCorrupt     FaultKind = "corrupt"     // a body that is no JSON, of the length that was announced
	FaultContentType FaultKind = "contentType" // 200 and the login page of a proxy
	FaultHuge        FaultKind = "huge"        // a body that goes on for Bytes
	FaultLoop        FaultKind = "loop"        // an empty page that leads to itself; of GET only
)

func faultKinds() []FaultKind {
	return []FaultKind{
		FaultStatus, FaultDelay, FaultHang, FaultReset,
		FaultHalfClosed, FaultCorrupt, FaultContentType, FaultHuge, FaultLoop,
	}
}

// Fault makes matching requests fail. Empty Tenant, Method or Path match all; Path
// is a template as the journal has it, such as /users/{id}, or
// /oauth2/v2.0/token for the token endpoint. What else the login host has, such as
// /v2.0/.well-known/openid-configuration, fails only when it is named.
type Fault struct {
	ID     int       `json:"id"`
	Kind   FaultKind `json:"kind"`
	Tenant string    `json:"tenant,omitempty"`
	Method string    `json:"method,omitempty"`
	Path   string    `json:"path,omitempty"`
	// Query is a part of the query, such as signInActivity, without regard to case;
	// empty matches all. Later pages of a listing carry theirs sealed.
	Query string `json:"query,omitempty"`
	// Rate is the share of matching requests that fail; zero means all.
	Rate float64 `json:"rate,omitempty"`
	// Count is how often the fault is injected at most; zero means for ever.
	Count int `json:"count,omitempty"`
	// After injects the fault after the request had its effect, into the answer that
	// it would have had; else there is no effect, and a body is made up.
	After bool `json:"after,omitempty"`
	// Status and Code of FaultStatus; 503 and ServiceNotAvailable when empty.
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	// RetryAfter in seconds is sent with FaultStatus.
	RetryAfter int `json:"retryAfter,omitempty"`
	// DelaySeconds of FaultDelay.
	DelaySeconds float64 `json:"delaySeconds,omitempty"`
	// Bytes that FaultHuge adds to a body; 64 MiB when zero.
	Bytes int `json:"bytes,omitempty"`
	// Injected is how often the fault really was injected.
	Injected int `json:"injected"`
}

// Before reports whether the fault strikes before the request has its effect.
func (f *Fault) Before() bool { return !f.After }

// label names the fault in [Counters]: its kind, and /after if it struck then.
func (f *Fault) label() string {
	if f.After {
		return string(f.Kind) + "/after"
	}
	return string(f.Kind)
}

func (f *Fault) validate() error {
	if !slices.Contains(faultKinds(), f.Kind) {
		return fmt.Errorf("unknown fault kind %q", f.Kind)
	}
	if f.Rate < 0 || f.Rate > 1 {
		return fmt.Errorf("fault rate %v is not within 0 and 1", f.Rate)
	}
	return nil
}

func (f *Fault) matches(tenant, method, path, query string) bool {
	return (f.Tenant == "" || strings.EqualFold(f.Tenant, tenant)) &&
		(f.Method == "" || strings.EqualFold(f.Method, method)) &&
		(f.Path == "" && path != configurationTemplate && path != keysTemplate || strings.EqualFold(f.Path, path)) &&
		(f.Query == "" || strings.Contains(strings.ToLower(query), strings.ToLower(f.Query))) &&
		(f.Kind != FaultLoop || method == http.MethodGet) &&
		(f.Count == 0 || f.Injected < f.Count)
}

// faultBoard holds the faults in force.
type faultBoard struct {
	armed  atomic.Bool // spares the lock while there are none
	mu     sync.Mutex
	seed   uint64
	nextID int
	faults []*armedFault
}

type armedFault struct {
	Fault
	rng *rand.Rand
}

// pick decides whether a request fails, and counts it.
func (b *faultBoard) pick(tenant, method, path, query string) *Fault {
	if !b.armed.Load() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		if !f.matches(tenant, method, path, query) || f.Rate > 0 && f.rng.Float64() >= f.Rate {
			continue
		}
		f.Injected++
		picked := f.Fault
		return &picked
	}
	return nil
}

// AddFault arms a fault and returns its id.
func (s *Server) AddFault(f Fault) (int, error) {
	if err := f.validate(); err != nil {
		return 0, err
	}
	b := &s.faults
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nextID++
	f.ID, f.Injected = b.nextID, 0
	b.faults = append(b.faults, &armedFault{Fault: f, rng: rand.New(rand.NewPCG(b.seed, uint64(f.ID)))}) //nolint:gosec // reproducible on purpose
	b.armed.Store(true)
	return f.ID, nil
}

// Faults lists the faults in force with the number of injections so far. What was
// injected by faults that are no longer in force stays in [Counters].
func (s *Server) Faults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	list := make([]Fault, 0, len(s.faults.faults))
	for _, f := range s.faults.faults {
		list = append(list, f.Fault)
	}
	return list
}

// RemoveFault disarms a fault; id 0 disarms all. It reports whether there was one.
func (s *Server) RemoveFault(id int) bool {
	b := &s.faults
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.faults[:0:0]
	for _, f := range b.faults {
		if id != 0 && f.ID != id {
			kept = append(kept, f)
		}
	}
	removed := len(kept) < len(b.faults)
	b.faults = kept
	b.armed.Store(len(kept) > 0)
	return removed
}
