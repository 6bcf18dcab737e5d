package graphsim

import (
	"encoding/json"
	"slices"
	"strings"
)

// groupItem is one element of a page of groups/delta.
type groupItem struct {
	version uint64
	profile *groupProfile
	before  *groupProfile // as the group was before it last changed; nil if unknown
	mask    propSet
	removed string // reason of @removed
	full    bool   // the whole object, not only what changed
	members []memberItem
}

// memberItem is an element of members@delta.
type memberItem struct {
	id   string
	left bool
}

// deltaGroups: api/group-delta.md, concepts/delta-query-groups.md.
func deltaGroups(c *call) (*response, error) {
	if err := c.refuseDeltaOptions(); err != nil {
		return nil, err
	}
	members, err := c.takeMembers()
	if err != nil {
		return nil, err
	}
	st, err := c.deltaState(deltaFeed{c.srv.types.group, c.tenant.groupLog.versionAt})
	if err != nil {
		return nil, err
	}
	st.Members = st.Members || members
	if strings.EqualFold(c.query.get("deltatoken"), "latest") {
		return c.groupPage(st, nil, true)
	}
	if st.Emptied = c.emptyPage(st); st.Emptied {
		return c.groupPage(st, nil, false)
	}
	turn := c.changedGroups
	if st.Initial {
		turn = c.allGroups
	}
	items, last := turn(st, c.srv.opts.DeltaPageSize)
	if !st.Calm {
		items = c.disturbGroups(st, items)
	}
	return c.groupPage(st, items, last)
}

// takeMembers takes the navigation out of $select and says whether memberships are
// wanted: they are when nothing is selected. A token knows by itself.
func (c *call) takeMembers() (bool, error) {
	token := c.query.get("deltatoken")
	if c.query.get("skiptoken") != "" || token != "" && !strings.EqualFold(token, "latest") {
		return false, nil
	}
	names, given := c.query.selectNames()
	if !given {
		return true, nil
	}
	if slices.ContainsFunc(names, func(name string) bool { return equalName(name, "owners") }) {
		return false, notSimulated("owners on /groups/delta")
	}
	plain := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return equalName(name, "members") })
	c.query.options["select"] = strings.Join(append(plain, "id"), ",")
	return len(plain) < len(names), nil
}

// allGroups collects a page of a first round. A page has so many groups at most, and
// so many members: a group with more comes again on the pages that follow.
func (c *call) allGroups(st *deltaState, size int) (items []groupItem, last bool) {
	groups, room := c.tenant.groups, size
	next, _ := slices.BinarySearchFunc(groups, st.Offset, func(g *group, number int) int { return g.number - number })
	for ; next < len(groups); next++ {
		g := groups[next]
		if len(items) == size {
			return items, false
		}
		if g.number != st.Offset { // the one that was begun has gone
			st.Offset, st.Member = g.number, 0
		}
		if len(st.IDs) == 0 || slices.Contains(st.IDs, g.id) {
			it := groupItem{profile: g.groupProfile, full: true}
			for ; st.Members && st.Member < len(g.members) && room > 0; st.Member++ {
				if id := g.members[st.Member]; c.tenant.shown(id) {
					it.members = append(it.members, memberItem{id: id})
					room--
				}
			}
			items = append(items, it)
			if st.Members && st.Member < len(g.members) {
				return items, false
			}
		}
		st.Offset, st.Member = g.number+1, 0
	}
	return items, true
}

// shown reports whether a member is there to be seen.
func (t *tenant) shown(id string) bool {
	if r, ok := t.users[id]; ok {
		return r.live()
	}
	_, isGroup := t.groupsByID[id]
	return isGroup
}

// changedGroups folds the round's changes into one item per group, in the order of
// the last change, with what became of each member that came or went.
func (c *call) changedGroups(st *deltaState, size int) (items []groupItem, last bool) {
	log, room := &c.tenant.groupLog, size
	for _, e := range log.between(st.Seen, st.To) {
		if len(items) == size || room == 0 {
			return items, false
		}
		later := e.next != 0 && e.next <= st.To
		if !later && (len(st.IDs) == 0 || slices.Contains(st.IDs, e.id)) {
			it := log.groupItem(&e, st)
			rest := it.members[min(st.Member, len(it.members)):]
			it.members = rest[:min(room, len(rest))]
			room -= len(it.members)
			if it.removed != "" || it.full || !it.mask.empty() || len(it.members) > 0 {
				items = append(items, it)
				st.Offset++
			}
			if len(it.members) < len(rest) {
				st.Member += len(it.members)
				return items, false
			}
		}
		st.Seen, st.Member = e.version, 0
	}
	return items, true
}

// disturbGroups does to a page what disturb does to accounts.
func (c *call) disturbGroups(st *deltaState, items []groupItem) []groupItem {
	q, out := c.tenant.quirks, slices.Clone(items)
	for _, it := range items {
		version := itoa(it.version)
		if chance(c.tenant.seed, "repeat", it.profile.id, version) < q.DeltaRepeat {
			out = append(out, it)
		}
		if it.full || it.removed != "" || chance(c.tenant.seed, "stale", it.profile.id, version) >= q.DeltaStale {
			continue
		}
		if it.before != nil {
			it.profile = it.before
		}
		it.members = slices.Clone(it.members)
		for i := range it.members {
			it.members[i].left = !it.members[i].left
		}
		out = append(out, it)
		st.Lied = true
	}
	return out
}

// groupPage renders a page of groups.
func (c *call) groupPage(st *deltaState, items []groupItem, last bool) (*response, error) {
	var values []json.RawMessage
	for _, it := range items {
		values = append(values, c.renderGroupDelta(st, it))
	}
	context := "groups"
	if st.Given {
		context += "(" + strings.Join(c.srv.types.group.names(st.Select), ",") + ")"
	}
	return c.deltaAnswer(st, context, values, last)
}

// names lists the selected properties in the schema's order.
func (s *entitySchema) names(sel propSet) []string {
	var names []string
	for i := range s.props {
		if sel.has(propID(i)) {
			names = append(names, s.props[i].name)
		}
	}
	return names
}

// renderGroupDelta leaves out what was never set.
func (c *call) renderGroupDelta(st *deltaState, it groupItem) json.RawMessage {
	if it.removed != "" {
		return object(jsonMember{"id", it.profile.id}, jsonMember{"@removed", map[string]string{"reason": it.removed}})
	}
	sel := st.Select
	if st.Minimal && !it.full {
		sel = it.mask
		sel.add(propObjectID)
	}
	var members []jsonMember
	for _, m := range c.srv.types.group.project(it.profile.row(), sel) {
		if m.value != nil {
			members = append(members, m)
		}
	}
	if len(it.members) > 0 {
		members = append(members, jsonMember{"members@delta", c.renderMembers(it.members)})
	}
	return object(members...)
}

// renderMembers shows the id and type of members, and which of them left.
func (c *call) renderMembers(items []memberItem) []json.RawMessage {
	out := make([]json.RawMessage, 0, len(items))
	for _, m := range items {
		typeName := typeGroup
		if _, isUser := c.tenant.users[m.id]; isUser {
			typeName = typeUser
		}
		members := []jsonMember{{"@odata.type", typeName}, {"id", m.id}}
		if m.left {
			members = append(members, jsonMember{"@removed", map[string]string{"reason": "deleted"}})
		}
		out = append(out, object(members...))
	}
	return out
}
