package throttle

import (
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Governor keeps the budgets of all tenants and applications. It is safe for
// concurrent use.
type Governor struct {
	clock  clock.PassiveClock
	limits Limits // as they are kept

	mu      sync.Mutex
	budgets map[pair]*Budget
	apps    map[string]*app
	tenants map[string]*tenant
}

// pair is an application in a tenant.
type pair struct{ clientID, tenantID string }

// app is what an application has spent over all its tenants.
type app struct {
	units, writes, requests, reports *window
	signIns                          *turns
}

// tenant is what all our applications have spent in a tenant.
type tenant struct {
	writes, conditionalAccess *window
}

// New returns a Governor with nothing spent.
func New(clock clock.PassiveClock, limits Limits) *Governor {
	return &Governor{
		clock:   clock,
		limits:  limits.used(),
		budgets: map[pair]*Budget{},
		apps:    map[string]*app{},
		tenants: map[string]*tenant{},
	}
}

// Budget returns the budget of an application in a tenant: always the same one for
// the same two. It starts as that of the smallest tenant.
func (g *Governor) Budget(clientID, tenantID string) *Budget {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := pair{clientID, tenantID}
	b, ok := g.budgets[key]
	if !ok || b.forgotten {
		g.sweep()
		b, ok = g.budgets[key]
	}
	if !ok {
		b = &Budget{
			governor: g,
			app:      g.app(clientID),
			tenant:   g.tenant(tenantID),
			units:    newWindow(g.limits.ofSize(0)),
			writes:   newWindow(g.limits.Writes),
			reports:  newWindow(g.limits.Reports),
			outlook:  newWindow(g.limits.Outlook),
			intune:   newWindow(g.limits.Intune),
			pauses:   map[Class]pause{},
		}
		g.budgets[key] = b
	}
	b.forgotten = false
	return b
}

// Forget lets go of the budget of an application in a tenant that is no longer
// served. What it spent, and a pause that Graph asked for, are remembered until
// Graph has forgotten them too.
func (g *Governor) Forget(clientID, tenantID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b, ok := g.budgets[pair{clientID, tenantID}]; ok {
		b.forgotten = true
		b.app.signIns.forget(b)
	}
	g.sweep()
}

// sweep drops what is forgotten and has nothing to remember.
func (g *Governor) sweep() {
	now := g.clock.Now()
	for key, b := range g.budgets {
		if b.forgotten && b.idle(now) {
			delete(g.budgets, key)
		}
	}
	inUse, apps := map[*tenant]bool{}, map[*app]bool{}
	for _, b := range g.budgets {
		inUse[b.tenant], apps[b.app] = true, true
	}
	for id, t := range g.tenants {
		if !inUse[t] && t.idle(now) {
			delete(g.tenants, id)
		}
	}
	for id, a := range g.apps {
		if !apps[a] && a.idle(now) {
			delete(g.apps, id)
		}
	}
}

func (g *Governor) app(clientID string) *app {
	a, ok := g.apps[clientID]
	if !ok {
		a = &app{
			units:    newWindow(g.limits.AppResourceUnits),
			writes:   newWindow(g.limits.AppWrites),
			requests: newWindow(g.limits.AppRequests),
			reports:  newWindow(g.limits.AppReports),
			signIns:  newTurns(g.limits.AppSignInActivity),
		}
		g.apps[clientID] = a
	}
	return a
}

func (g *Governor) tenant(tenantID string) *tenant {
	t, ok := g.tenants[tenantID]
	if !ok {
		t = &tenant{
			writes:            newWindow(g.limits.TenantWrites),
			conditionalAccess: newWindow(g.limits.ConditionalAccess),
		}
		g.tenants[tenantID] = t
	}
	return t
}

func (a *app) idle(now time.Time) bool {
	return a.units.idle(now) && a.writes.idle(now) && a.requests.idle(now) && a.reports.idle(now) && a.signIns.idle(now)
}

func (t *tenant) idle(now time.Time) bool {
	return t.writes.idle(now) && t.conditionalAccess.idle(now)
}
