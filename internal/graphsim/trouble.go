package graphsim

import "time"

// ExpireDelta makes every delta token that was issued in the tenant so far too old, as
// when Microsoft drops the state behind it
// (concepts/delta-query-overview.md, "Synchronization reset").
func (s *Server) ExpireDelta(tenantKey string) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		t.deltaSeries++
		return nil
	})
}

// RevokeTokens makes Graph refuse every access token that was issued for the tenant so
// far, as continuous access evaluation does for workload identities that are disabled or
// deleted (entra-docs identity/conditional-access/concept-continuous-access-evaluation-workload.md).
func (s *Server) RevokeTokens(tenantKey string) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		t.tokenSeries.Add(1)
		return nil
	})
}

// rewind brings what happened later than now, by a clock that was then set back, to now,
// so that no lag lasts longer for it. Times that clients see stay, but for those of an
// application's assignments, which are of that kind too.
func (t *tenant) rewind(now time.Time) {
	t.log.rewind(now)
	t.groupLog.rewind(now)
	for _, r := range t.records {
		for i := range r.past {
			r.past[i].until = earlier(r.past[i].until, now)
		}
	}
	for _, list := range [][]roleAssignment{t.assignments, t.withdrawn} {
		for i := range list {
			list[i].since, list[i].until = earlier(list[i].since, now), earlier(list[i].until, now)
		}
	}
	for _, a := range t.apps.removed {
		a.created, a.removed = earlier(a.created, now), earlier(a.removed, now)
	}
	for _, list := range t.apps.byApp {
		for _, a := range list {
			a.created = earlier(a.created, now)
		}
	}
	for i := range t.licensing {
		t.licensing[i].at = earlier(t.licensing[i].at, now.Add(t.quirks.GroupLicenseLag))
	}
	t.sync.last = earlier(t.sync.last, now)
	if t.report != nil {
		t.report.taken = earlier(t.report.taken, now)
	}
	for _, b := range t.budgets {
		b.rewind(now)
	}
}

// rewind is tenant.rewind for a log: the changes are in the order of their times.
func (l *history[S]) rewind(now time.Time) {
	for i := len(l.entries) - 1; i >= 0 && l.entries[i].at.After(now); i-- {
		l.entries[i].at = now
	}
}

func (b *appBudget) rewind(now time.Time) {
	for _, m := range []*meter{&b.units, &b.writes, &b.reports, &b.signIns, b.policies, b.tenant} {
		m.rewind(now)
	}
	for _, m := range b.mailboxes {
		m.rewind(now)
	}
}

func (b *globalBudget) rewind(now time.Time) {
	for _, m := range []*meter{&b.units, &b.writes, &b.reports, &b.signIns, &b.requests} {
		m.rewind(now)
	}
}

// rewind ends a window that began in what is now the future.
func (m *meter) rewind(now time.Time) {
	if m.start.After(now) {
		m.start, m.used, m.until = now, 0, now
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
