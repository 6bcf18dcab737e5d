package inventory

import (
	"maps"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// managersRound reads who is whose manager.
func managersRound(*Tenant) *round {
	r := &round{}
	var links []directory.ManagerLink
	r.tasks = []task{pages(directory.Reader.Managers, func(items []directory.ManagerLink) { links = items })}
	r.store = func(s *run) (int, Reason) {
		managers := map[string]string{}
		s.mu.Lock()
		for _, link := range links {
			if link.Manager != "" {
				managers[s.canonical(link.UserID)] = s.canonical(link.Manager)
			}
		}
		same := s.facts.managers != nil && maps.Equal(s.facts.managers, managers)
		s.facts.managers = managers
		s.mu.Unlock()
		changed := 0
		if !same {
			changed = s.rederive()
		}
		return changed + s.meetLinks(LinkManager, r), ""
	}
	return r
}

func dropManagers(f *facts, _ Reason) { f.managers = nil }
