package graphsim

import "slices"

// groupHistory is what groups/delta reads.
type groupHistory struct{ history[*groupEvent] }

// groupItem sums up the changes of a group that end in e and that the client has not
// seen: what changed of its properties, and of each member whether it joined or left
// last.
func (l *groupHistory) groupItem(e *revision[*groupEvent], st *deltaState) groupItem {
	it := groupItem{version: e.version, profile: e.state.profile}
	switch e.kind { //nolint:exhaustive // the others bring it
	case changeDeleted:
		it.removed = "changed"
	case changePurged:
		it.removed = "deleted"
	}
	seen := map[string]bool{}
	for change := e; change != nil && change.version > st.From; change = l.at(change.previous) {
		it.full = it.full || change.kind == changeCreated
		it.mask = it.mask.union(change.mask)
		if it.before == nil && change.before != nil {
			it.before = change.before.profile
		}
		if id := change.state.member; st.Members && id != "" && !seen[id] {
			seen[id] = true
			it.members = append(it.members, memberItem{id: id, left: change.state.left})
		}
	}
	it.mask = it.mask.intersection(st.Select)
	if it.mask.empty() {
		it.before = nil
	}
	if it.removed != "" {
		it.members = nil
	}
	slices.Reverse(it.members)
	return it
}
