package graphsim

import (
	"slices"
	"time"
)

// membership is where an account or a group is a direct member: the other half of
// group.members, so that joining and leaving cost what the member is in, however
// large the groups are.
type membership struct {
	group *group
	place int // among the group's members
}

// memberships of an account or a group; nil when there is no such object.
func (t *tenant) memberships(id string) *[]membership {
	if r, ok := t.users[id]; ok {
		return &r.joined
	}
	if g, ok := t.groupsByID[id]; ok {
		return &g.joined
	}
	return nil
}

// isMember reports direct membership, which is all there is in role-assignable groups.
func (t *tenant) isMember(groupID, id string) bool {
	joined := t.memberships(id)
	return joined != nil && slices.ContainsFunc(*joined, func(m membership) bool { return m.group.id == groupID })
}

// join adds a member, once.
func (t *tenant) join(g *group, id string, now time.Time) {
	joined := t.memberships(id)
	if joined == nil || t.isMember(g.id, id) {
		return
	}
	*joined = append(*joined, membership{g, len(g.members)})
	g.members = append(g.members, id)
	t.logMember(g, id, false, now)
	t.licensesOwed(g, id, now)
}

// leave takes a member out, if it is one.
func (t *tenant) leave(g *group, id string, now time.Time) {
	if !t.isMember(g.id, id) {
		return
	}
	t.forgetMembership(g, id)
	t.logMember(g, id, true, now)
	t.licensesOwed(g, id, now)
}

// forgetMembership empties a member's place.
func (t *tenant) forgetMembership(g *group, id string) {
	joined := t.memberships(id)
	*joined = slices.DeleteFunc(*joined, func(m membership) bool {
		if m.group == g {
			g.members[m.place] = ""
		}
		return m.group == g
	})
}

func (t *tenant) logMember(g *group, id string, left bool, now time.Time) {
	if r, ok := t.users[id]; ok && !r.live() && !left {
		return // a deleted account is shown nowhere
	}
	t.groupLog.append(revision[*groupEvent]{
		at: now, id: g.id, kind: changeUpdated, state: &groupEvent{profile: g.groupProfile, member: id, left: left},
	})
}

// showMember tells the groups of an account that was deleted or restored: its
// memberships are hidden while it lies among the deleted items.
func (t *tenant) showMember(r *userRecord, now time.Time) {
	for _, m := range r.joined {
		t.logMember(m.group, r.current.id, !r.live(), now)
	}
	if r.live() {
		t.oweLicenses(r.current.id, now) // it may have left or joined groups meanwhile
	}
}

// memberIDs are the accounts and groups in a group, without deleted accounts;
// transitive adds what its groups contain, each once.
func (t *tenant) memberIDs(g *group, transitive bool) []string {
	seen := map[string]bool{g.id: true}
	var ids []string
	for queue := []*group{g}; len(queue) > 0; queue = queue[1:] {
		for _, id := range queue[0].members {
			if r, ok := t.users[id]; id == "" || seen[id] || ok && !r.live() {
				continue
			}
			seen[id] = true
			ids = append(ids, id)
			if nested, ok := t.group(id); ok && transitive {
				queue = append(queue, nested)
			}
		}
	}
	return ids
}

// groupsOf are the groups an object is in, as they were made; transitive adds what
// those are in, each once.
func (t *tenant) groupsOf(id string, transitive bool) []*group {
	seen := map[*group]bool{}
	var found []*group
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		joined := t.memberships(queue[0])
		if joined == nil {
			continue
		}
		for _, m := range *joined {
			if seen[m.group] {
				continue
			}
			seen[m.group] = true
			found = append(found, m.group)
			if transitive {
				queue = append(queue, m.group.id)
			}
		}
	}
	slices.SortFunc(found, func(a, b *group) int { return a.number - b.number })
	return found
}
