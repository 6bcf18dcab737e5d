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

// turnBack is a clock that was set back, or forward.
type turnBack struct{ before, now time.Time }

// of is when something happened, by the clock as it is now, that is seen everywhere after a
// lag: it is seen then no later than it would have been, and what was seen stays seen.
func (b turnBack) of(at time.Time, lag time.Duration) time.Time {
	if at.After(b.before.Add(-lag)) {
		return earlier(at, at.Add(b.now.Sub(b.before)))
	}
	return earlier(at, b.now.Add(-lag))
}

// rewind brings what happened into a time before now, by a clock that was then set back,
// so that no lag lasts longer for it or begins anew. Times that clients see stay, but for
// those of an application's assignments, which are of that kind too.
func (t *tenant) rewind(back turnBack) {
	now, lag := back.now, t.quirks.ReadLag
	t.log.rewind(back, t.quirks.DeltaLag)
	t.groupLog.rewind(back, t.quirks.DeltaLag)
	for _, r := range t.records {
		for i := range r.past {
			r.past[i].until = back.of(r.past[i].until, lag)
		}
	}
	for _, list := range [][]roleAssignment{t.assignments, t.withdrawn} {
		for i := range list {
			list[i].since, list[i].until = back.of(list[i].since, lag), back.of(list[i].until, lag)
		}
	}
	for _, a := range t.apps.removed {
		a.created, a.removed = back.of(a.created, lag), back.of(a.removed, lag)
	}
	for _, list := range t.apps.byApp {
		for _, a := range list {
			a.created = back.of(a.created, lag)
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

// rewind is tenant.rewind for a log, which stays in the order of its times.
func (l *history[S]) rewind(back turnBack, lag time.Duration) {
	for i := range l.entries {
		l.entries[i].at = back.of(l.entries[i].at, lag)
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
