package graphsim

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Entry is one request in the journal.
type Entry struct {
	Seq uint64 `json:"seq"`
	// Time is when the request had arrived whole, by the simulated clock and to the
	// nanosecond: before any fault, lock or budget held it up.
	Time      time.Time `json:"time"`
	Tenant    string    `json:"tenant,omitempty"`
	App       string    `json:"app,omitempty"`
	Method    string    `json:"method"`
	Template  string    `json:"template,omitempty"` // empty when there is no such endpoint
	Path      string    `json:"path"`
	Query     string    `json:"query,omitempty"`
	Fields    []string  `json:"fields,omitempty"` // property names of a PATCH, never values
	Status    int       `json:"status"`
	Code      string    `json:"code,omitempty"`
	RU        int       `json:"ru"`
	RequestID string    `json:"requestId"`
	Throttled bool      `json:"throttled,omitempty"`
	TooEarly  bool      `json:"tooEarly,omitempty"`
	Absent    bool      `json:"absent,omitempty"` // not simulated
	Fault     string    `json:"fault,omitempty"`
	// FaultAfter tells that the fault struck after the effect.
	FaultAfter bool   `json:"faultAfter,omitempty"`
	Batch      uint64 `json:"batch,omitempty"` // seq of the batch it was part of
}

// Counters sum up what clients did. Requests to the token endpoint are counted apart.
type Counters struct {
	Requests      uint64            `json:"requests"`
	Writes        uint64            `json:"writes"`
	Throttled     uint64            `json:"throttled"`
	TooEarly      uint64            `json:"tooEarly"`
	Absent        uint64            `json:"absent"`
	ResourceUnits uint64            `json:"resourceUnits"`
	Tokens        uint64            `json:"tokens"`
	TokenFailures uint64            `json:"tokenFailures"`
	ByPath        map[string]uint64 `json:"byPath"`
	ByStatus      map[int]uint64    `json:"byStatus"`
	// TokenRefusals count the answers of the token endpoint by AADSTS number.
	TokenRefusals map[int]uint64 `json:"tokenRefusals"`
	// Faults count the faults that were injected, by kind; with /after those that
	// struck after the effect.
	Faults map[string]uint64 `json:"faults"`
	// DeltaExpired count the delta links that were refused for their age.
	DeltaExpired uint64 `json:"deltaExpired"`
	// Effects count real state transitions made through Graph, by [Effect].
	Effects map[Effect]uint64 `json:"effects"`
	// UserEffects are the same per account id; given for one tenant only.
	UserEffects map[string]map[Effect]uint64 `json:"userEffects,omitempty"`
}

// Effect is a class of state transition. A request that changes nothing has none.
type Effect string

// Effects of Graph requests on accounts.
const (
	EffectBlock         Effect = "block"
	EffectUnblock       Effect = "unblock"
	EffectRevoke        Effect = "revoke"
	EffectPasswordForce Effect = "passwordForce" // the flag from false to true
	EffectPasswordSet   Effect = "passwordSet"
	EffectRename        Effect = "rename"
	EffectUpdate        Effect = "update" // any other property
	EffectCreate        Effect = "create"
	EffectDelete        Effect = "delete"  // to the deleted items
	EffectRestore       Effect = "restore" // from there
	EffectPurge         Effect = "purge"   // for good
	EffectManager       Effect = "manager" // assigned, changed or taken away
	EffectMailbox       Effect = "mailbox" // its settings
)

// Effects are all that there are.
func Effects() []Effect {
	return []Effect{
		EffectBlock, EffectUnblock, EffectRevoke, EffectPasswordForce, EffectPasswordSet, EffectRename, EffectUpdate,
		EffectCreate, EffectDelete, EffectRestore, EffectPurge, EffectManager, EffectMailbox,
		EffectLicense, EffectUnlicense, EffectPlans, EffectJoin, EffectLeave, EffectAppGrant, EffectAppRemove,
		EffectRoleGrant, EffectRoleRemove, EffectTemporaryAccessPass, EffectMethodDelete,
	}
}

func newCounters() Counters {
	return Counters{
		ByPath: map[string]uint64{}, ByStatus: map[int]uint64{}, TokenRefusals: map[int]uint64{}, Faults: map[string]uint64{},
		Effects: map[Effect]uint64{}, UserEffects: map[string]map[Effect]uint64{},
	}
}

// statistics are a tenant's journal and counters, or those of requests that
// belong to no tenant.
type statistics struct {
	mu       sync.Mutex
	limit    int
	ring     []Entry
	next     int
	counters Counters
}

func newStatistics(limit int) *statistics {
	return &statistics{limit: limit, counters: newCounters()}
}

func (st *statistics) record(e *Entry, label string, write bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.ring) < st.limit {
		st.ring = append(st.ring, *e)
	} else {
		st.ring[st.next] = *e
		st.next = (st.next + 1) % st.limit
	}
	c := &st.counters
	c.Requests++
	c.ResourceUnits += uint64(e.RU) //nolint:gosec // never negative
	c.ByPath[label]++
	c.ByStatus[e.Status]++
	countIf(&c.Writes, write)
	countIf(&c.Throttled, e.Throttled)
	countIf(&c.TooEarly, e.TooEarly)
	countIf(&c.Absent, e.Absent)
}

func countIf(n *uint64, yes bool) {
	if yes {
		*n++
	}
}

// token counts a request for a token; refusal is the AADSTS number, 0 for none.
func (st *statistics) token(ok bool, refusal int) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.counters.Tokens++
	countIf(&st.counters.TokenFailures, !ok)
	if refusal != 0 {
		st.counters.TokenRefusals[refusal]++
	}
}

func (st *statistics) fault(f *Fault) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.counters.Faults[f.label()]++
}

func (st *statistics) deltaExpired() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.counters.DeltaExpired++
}

func (st *statistics) effect(id string, e Effect) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.counters.Effects[e]++
	if st.counters.UserEffects[id] == nil {
		st.counters.UserEffects[id] = map[Effect]uint64{}
	}
	st.counters.UserEffects[id][e]++
}

func (st *statistics) entries() []Entry {
	st.mu.Lock()
	defer st.mu.Unlock()
	return append(slices.Clone(st.ring[st.next:]), st.ring[:st.next]...)
}

// addTo adds these counters to sum; with users, those per account too.
func (st *statistics) addTo(sum *Counters, users bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	c := &st.counters
	sum.Requests += c.Requests
	sum.Writes += c.Writes
	sum.Throttled += c.Throttled
	sum.TooEarly += c.TooEarly
	sum.Absent += c.Absent
	sum.ResourceUnits += c.ResourceUnits
	sum.Tokens += c.Tokens
	sum.TokenFailures += c.TokenFailures
	sum.DeltaExpired += c.DeltaExpired
	addCounts(sum.TokenRefusals, c.TokenRefusals)
	addCounts(sum.Faults, c.Faults)
	addCounts(sum.ByPath, c.ByPath)
	addCounts(sum.ByStatus, c.ByStatus)
	addCounts(sum.Effects, c.Effects)
	if !users {
		return
	}
	for id, effects := range c.UserEffects {
		if sum.UserEffects[id] == nil {
			sum.UserEffects[id] = map[Effect]uint64{}
		}
		addCounts(sum.UserEffects[id], effects)
	}
}

func addCounts[K comparable](sum, add map[K]uint64) {
	for k, n := range add {
		sum[k] += n
	}
}

// newEntry begins a journal entry.
func (s *Server) newEntry(req *request, now time.Time) *Entry {
	seq := s.seq.Add(1)
	return &Entry{
		Seq: seq, Time: now, Method: req.method, Path: req.path, Query: req.query,
		RequestID: guid(s.opts.Seed, "request", itoa(seq)), Batch: req.batch,
	}
}

// record writes the journal and the counters of a Graph request.
func (s *Server) record(c *call) {
	label := "absent"
	write := false
	if c.endpoint != nil {
		label = c.endpoint.label()
		write = c.endpoint.writes()
	}
	st := s.stats
	if c.tenant != nil {
		st = c.tenant.stats
	}
	st.record(c.entry, label, write)
}

// Requests returns the journal of one tenant, or of all when tenant is empty,
// oldest first. Only the last [Options.Journal] of each tenant are kept.
func (s *Server) Requests(tenant string) []Entry {
	var all []Entry
	for _, st := range s.statisticsOf(tenant) {
		all = append(all, st.entries()...)
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}

// Counters returns the counters of one tenant, or the sum of all when tenant is empty.
func (s *Server) Counters(tenant string) Counters {
	sum := newCounters()
	for _, st := range s.statisticsOf(tenant) {
		st.addTo(&sum, tenant != "")
	}
	if tenant == "" {
		sum.UserEffects = nil
	}
	return sum
}

func (s *Server) statisticsOf(tenant string) []*statistics {
	if tenant != "" {
		if t, ok := s.tenantByKey(tenant); ok {
			return []*statistics{t.stats}
		}
		return nil
	}
	all := []*statistics{s.stats}
	for _, t := range s.tenants.Load().order {
		all = append(all, t.stats)
	}
	return all
}
