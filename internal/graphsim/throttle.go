package graphsim

import (
	"net/http"
	"strings"
	"time"
)

// costClass says which budgets an endpoint draws on.
type costClass uint8

const (
	classRead    costClass = iota // identity read: resource units
	classWrite                    // identity write: resource units and writes
	classReport                   // reports, audit logs, authentication methods
	classPolicy                   // conditional access: one request a second and tenant
	classMailbox                  // Outlook: requests per app and mailbox
	classGlobal                   // only what counts for all of Graph
	classBatch                    // draws on nothing itself: its parts do
)

// writes reports whether the endpoint changes anything, as the counters see it.
func (e *endpoint) writes() bool {
	return e.class == classWrite || (e.class == classMailbox || e.class == classReport) && e.method != http.MethodGet
}

// Limits of concepts/throttling-limits.md.
const (
	smallTenant, mediumTenant = 50, 500
	identityWindow            = 10 * time.Second
)

// meter is a budget per window of time.
type meter struct {
	limit  int
	window time.Duration
	// silent budgets refuse without Retry-After.
	silent bool

	start time.Time
	used  int
	until time.Time // refused callers were told to stay away until then
}

// left rolls the window on and returns what remains of it.
func (m *meter) left(now time.Time) int {
	if now.Sub(m.start) >= m.window {
		m.start, m.used = now, 0
	}
	return m.limit - m.used
}

// charge is an amount to be drawn from a meter.
type charge struct {
	meter  *meter
	amount int
	scope  string
}

// appBudget is what one app may draw in one tenant.
type appBudget struct {
	units, writes, reports, signIns meter
	mailboxes                       map[string]*meter // by account id
	// Of the tenant as a whole, over all apps.
	policies *meter
	tenant   *meter
}

func newAppBudget() *appBudget {
	return &appBudget{
		units:     meter{limit: 3500, window: identityWindow},
		writes:    meter{limit: 3000, window: 150 * time.Second},
		reports:   meter{limit: 5, window: 10 * time.Second},
		signIns:   meter{limit: 10, window: time.Minute},
		mailboxes: map[string]*meter{},
		policies:  &meter{limit: 1, window: time.Second, silent: true},
		tenant:    &meter{limit: 18000, window: 5 * time.Minute},
	}
}

// globalBudget is what one app may draw over all tenants.
type globalBudget struct {
	units, writes, reports, signIns meter
	requests                        meter // of every kind
}

func newGlobalBudget() globalBudget {
	return globalBudget{
		units:    meter{limit: 150000, window: 20 * time.Second},
		writes:   meter{limit: 35000, window: 5 * time.Minute},
		reports:  meter{limit: 122, window: 10 * time.Second},
		signIns:  meter{limit: 10, window: time.Minute},
		requests: meter{limit: 130000, window: 10 * time.Second},
	}
}

// budgetOf returns the app's budget in the tenant; budgets of a tenant share what
// counts over all apps.
func (t *tenant) budgetOf(app string) *appBudget {
	if b, ok := t.budgets[app]; ok {
		return b
	}
	b := newAppBudget()
	for _, other := range t.budgets {
		b.policies, b.tenant = other.policies, other.tenant
		break
	}
	t.budgets[app] = b
	return b
}

// unitLimit depends on the size of the tenant.
func (t *tenant) unitLimit() int {
	switch n := len(t.upns); {
	case n < smallTenant:
		return 3500
	case n <= mediumTenant:
		return 5000
	default:
		return 8000
	}
}

// units is the cost of a call in resource units.
func (c *call) units(asked *query) int {
	n := c.endpoint.cost
	if asked.has("select") {
		n--
	}
	if top := asked.get("top"); asked.has("top") && (len(top) == 1 || len(top) == 2 && top[0] == '1') {
		n-- // $top below 20
	}
	if asked.has("expand") {
		n++
	}
	return max(n, 1)
}

// asked is the query that a later page belongs to, for links carry it sealed, or the
// call's own.
func (c *call) asked() *query {
	var first struct{ Query string }
	if !c.query.has("skiptoken") || c.srv.sealer.open(c.query.get("skiptoken"), &first) != nil || first.Query == "" {
		return c.query
	}
	q, err := parseQuery(first.Query)
	if err != nil { // it was read once
		return c.query
	}
	return q
}

// throttle charges a call to every budget it draws on, or refuses it. A refused
// call is charged to none.
func (s *Server) throttle(c *call) error {
	if !s.throttling.Load() || c.endpoint.class == classBatch {
		return nil
	}
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	charges := s.charges(c)
	for _, ch := range charges {
		if ch.meter.left(c.now) >= ch.amount {
			continue
		}
		c.entry.TooEarly = c.now.Before(ch.meter.until)
		if !ch.meter.silent {
			ch.meter.until = ch.meter.start.Add(ch.meter.window)
		}
		return tooManyRequests(ch, c.now)
	}
	for _, ch := range charges {
		ch.meter.used += ch.amount
		if share := float64(ch.meter.used) / float64(ch.meter.limit); share > c.used {
			c.used, c.scope = share, ch.scope
		}
	}
	return nil
}

func (s *Server) charges(c *call) []charge {
	own, global := c.tenant.budgetOf(c.app.id), &c.app.budget
	own.units.limit = c.tenant.unitLimit()
	asked := c.asked()
	charges := []charge{{&global.requests, 1, "Application"}}
	both := func(a, b *meter, n int) {
		charges = append(charges, charge{a, n, "Tenant_Application"}, charge{b, n, "Application"})
	}
	switch c.endpoint.class { //nolint:exhaustive // the others draw on nothing of the kind
	case classWrite:
		both(&own.writes, &global.writes, 1)
		charges = append(charges, charge{own.tenant, 1, "Tenant"})
		fallthrough
	case classRead:
		c.entry.RU = c.units(asked)
		both(&own.units, &global.units, c.entry.RU)
	case classReport:
		both(&own.reports, &global.reports, 1)
	case classMailbox:
		charges = append(charges, charge{own.mailbox(c.mailboxKey()), 1, "Application_Mailbox"})
	case classPolicy:
		charges = append(charges, charge{own.policies, 1, "Tenant"})
	}
	if strings.Contains(strings.ToLower(asked.get("select")+asked.get("filter")), "signinactivity") {
		both(&own.signIns, &global.signIns, 1)
	}
	return charges
}

func tooManyRequests(ch charge, now time.Time) *graphError {
	e := &graphError{
		status: http.StatusTooManyRequests, code: "TooManyRequests",
		message: "Too many requests. Please retry after the interval specified in the Retry-After header.",
		header:  http.Header{"X-Ms-Throttle-Scope": {ch.scope + "/ReadWrite"}},
	}
	if !ch.meter.silent {
		e.retryAfter = max(ch.meter.until.Sub(now), time.Second)
	}
	return e
}
