package inventory

import (
	"context"
	"maps"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// lockoutsLast is for how long a refusal by smart lockout is told.
const lockoutsLast = 24 * time.Hour

// lockoutsRound reads whom smart lockout refused within the last day.
func lockoutsRound(t *Tenant) *round {
	since := t.now().Add(-lockoutsLast)
	var refused []directory.LockedOut
	return &round{
		tasks: []task{pages(func(reader directory.Reader, ctx context.Context, link string) (*directory.Page[directory.LockedOut], error) {
			return reader.LockedOut(ctx, since, link)
		}, func(items []directory.LockedOut) { refused = items })},
		store: func(s *run) (int, Reason) {
			latest := map[string]time.Time{}
			s.mu.Lock()
			for _, r := range refused {
				id, at := s.canonical(r.UserID), r.Time.UTC()
				if at.After(latest[id]) && !at.Before(since) {
					latest[id] = at
				}
			}
			same := maps.EqualFunc(s.facts.lockouts, latest, time.Time.Equal)
			s.facts.lockouts = latest
			s.mu.Unlock()
			if same {
				return 0, ""
			}
			return s.rederive(), ""
		},
	}
}

func dropLockouts(f *facts, _ Reason) { f.lockouts = nil }
