package throttle

import "time"

// Class is a service of Microsoft Graph with limits of its own.
type Class string

// The classes.
const (
	// Identity is users, groups, roles and the rest of the directory.
	Identity Class = "Identity"
	// Reports is the reports, audit logs and authentication methods.
	Reports Class = "Reports"
	// SignInActivity is users with signInActivity selected: ten calls a minute over
	// all tenants of an application, served by turns.
	SignInActivity Class = "SignInActivity"
	// ConditionalAccess is Conditional Access and Identity Protection.
	ConditionalAccess Class = "ConditionalAccess"
	// Outlook is mailboxes and their settings.
	Outlook Class = "Outlook"
	// Intune is the management of devices.
	Intune Class = "Intune"
)

// Cost is what a call spends.
type Cost struct {
	Class Class
	// ResourceUnits and Writes as Graph's table of costs has them.
	ResourceUnits, Writes int
	// Urgent calls may also spend what is kept back from the others, so that a large
	// synchronization never delays a suspension.
	Urgent bool
	// Protective writes shut somebody out. They may also spend what is kept back from
	// other writes, so that a bulk change never delays a suspension.
	Protective bool
}

// Usage is what is left to spend at this moment.
type Usage struct {
	ResourceUnits     int
	Writes            int
	Reports           int
	ConditionalAccess int
	// SignInActivity is 1 when nobody stands in line for it, otherwise 0.
	SignInActivity int
}

// Budget is what an application may ask of a tenant. It is safe for concurrent use.
type Budget struct {
	governor *Governor
	app      *app
	tenant   *tenant

	units, writes, reports, outlook, intune *window

	pauses    map[Class]pause
	slow      slowdown
	forgotten bool
}

// demand is what a call spends of one window.
type demand struct {
	window     *window
	n, allowed int
}

// Reserve spends the cost and returns 0, or spends nothing and returns how long to
// wait before asking again.
func (b *Budget) Reserve(cost Cost) time.Duration {
	b.governor.mu.Lock()
	defer b.governor.mu.Unlock()
	now := b.governor.clock.Now()

	wait := b.paused(cost.Class, now)
	demands := b.demands(cost, now)
	for _, d := range demands {
		wait = max(wait, d.window.wait(now, d.n, d.allowed))
	}
	// Last, because a turn is for those who can use it.
	if wait == 0 && cost.Class == SignInActivity {
		wait = b.app.signIns.take(b, now)
	}
	if wait > 0 {
		return wait
	}
	for _, d := range demands {
		d.window.take(now, d.n)
	}
	return 0
}

// demands lists what a call spends, and of how much.
func (b *Budget) demands(cost Cost, now time.Time) []demand {
	all := func(w *window, n int) demand { return demand{w, n, w.limit.Count} }
	common := func(w *window, n int, most float64) demand {
		if cost.Urgent {
			most = 1
		}
		return demand{w, n, int(float64(w.limit.Count) * most)}
	}
	most := 1 - b.governor.limits.Urgent
	demands := []demand{
		common(b.app.requests, 1, most),
		common(b.app.units, cost.ResourceUnits, most),
		common(b.units, cost.ResourceUnits, most*b.slow.factor(now)),
	}
	if cost.Writes > 0 {
		for _, w := range []*window{b.writes, b.tenant.writes, b.app.writes} {
			d := all(w, cost.Writes)
			if !cost.Protective {
				d.allowed = max(1, int(float64(d.allowed)*(1-b.governor.limits.Protective)))
			}
			demands = append(demands, d)
		}
	}
	switch cost.Class {
	case Reports:
		demands = append(demands, all(b.reports, 1), all(b.app.reports, 1))
	case ConditionalAccess:
		demands = append(demands, all(b.tenant.conditionalAccess, 1))
	case Outlook:
		demands = append(demands, all(b.outlook, 1))
	case Intune:
		demands = append(demands, all(b.intune, 1))
	case Identity, SignInActivity:
	}
	return demands
}

// SetUsers tells how many users the tenant has: larger tenants are given more.
func (b *Budget) SetUsers(n int) {
	b.governor.mu.Lock()
	defer b.governor.mu.Unlock()
	b.units.limit = b.governor.limits.ofSize(n)
}

// Left tells what is left to spend at this moment.
func (b *Budget) Left() Usage {
	b.governor.mu.Lock()
	defer b.governor.mu.Unlock()
	now := b.governor.clock.Now()
	return Usage{
		ResourceUnits:     min(b.units.left(now), b.app.units.left(now)),
		Writes:            min(b.writes.left(now), b.tenant.writes.left(now), b.app.writes.left(now)),
		Reports:           min(b.reports.left(now), b.app.reports.left(now)),
		ConditionalAccess: b.tenant.conditionalAccess.left(now),
		SignInActivity:    b.app.signIns.left(now),
	}
}

func (b *Budget) idle(now time.Time) bool {
	for _, p := range b.pauses {
		if now.Before(p.until) {
			return false
		}
	}
	return b.units.idle(now) && b.writes.idle(now) && b.reports.idle(now) && b.outlook.idle(now) && b.intune.idle(now)
}
