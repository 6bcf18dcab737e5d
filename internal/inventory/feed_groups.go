package inventory

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// dropGroups forgets all memberships.
func dropGroups(f *facts, _ Reason) { f.groups = map[string]map[string]bool{} }

// groupsRound reads the members of the wanted groups. One that cannot be read does
// not keep the others from being known.
func groupsRound(t *Tenant) *round {
	t.mu.RLock()
	ids := slices.Sorted(maps.Keys(t.wanted))
	t.mu.RUnlock()
	groups := map[string]map[string]bool{}
	var missing Reason
	r := &round{}
	for _, id := range ids {
		r.tasks = append(r.tasks, t.optional("group/"+id,
			func(reason Reason) { missing = cmp.Or(missing, reason) },
			pages(groupMembers(id), func(members []string) {
				groups[id] = make(map[string]bool, len(members))
				for _, member := range members {
					groups[id][strings.ToLower(member)] = true
				}
			})))
	}
	r.store = func(s *run) (int, Reason) { return s.storeGroups(groups), missing }
	return r
}

// storeGroups puts the memberships in the place of those known, and tells of the
// accounts that joined or left; of all when a group became known or unknown.
func (s *run) storeGroups(groups map[string]map[string]bool) int {
	s.mu.Lock()
	before := s.facts.groups
	s.facts.groups = groups
	s.mu.Unlock()
	moved := map[string]bool{}
	for id := range s.wanted {
		was, wasKnown := before[id]
		is, isKnown := groups[id]
		if wasKnown != isKnown {
			return s.tellTo(s.emit, func(string) bool { return true })
		}
		for member := range was {
			moved[member] = moved[member] || !is[member]
		}
		for member := range is {
			moved[member] = moved[member] || !was[member]
		}
	}
	return s.tellTo(s.emit, func(id string) bool { return moved[id] })
}
