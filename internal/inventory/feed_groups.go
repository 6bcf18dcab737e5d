package inventory

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// dropGroups forgets all memberships.
func dropGroups(f *facts, _ Reason) { f.groups = map[string]map[string]bool{} }

// want notes the groups whose members must be known, and makes a group that is new
// among them due at once.
func (t *Tenant) want(ids []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	wanted := make(map[string]bool, len(ids))
	added := false
	for _, id := range ids {
		id = strings.ToLower(id)
		added = added || !t.wanted[id]
		wanted[id] = true
	}
	t.wanted = wanted
	for id := range t.facts.groups {
		if !wanted[id] {
			delete(t.facts.groups, id)
		}
	}
	if !added {
		return
	}
	for _, f := range t.feeds {
		if f.status.Name != FeedGroups {
			continue
		}
		f.round = nil
		if !f.status.isHeldUp(t.now()) {
			f.status.NextDue = t.now()
		}
	}
}

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
	r.store = func(s *run) (int, Reason) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if reflect.DeepEqual(s.facts.groups, groups) {
			return 0, missing
		}
		s.facts.groups = groups
		return 1, missing
	}
	return r
}
