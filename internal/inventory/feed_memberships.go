package inventory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// groupRound is how far the groups were read.
type groupRound struct {
	// resume begins the next round; empty for the beginning.
	resume string
	// listed is when all groups were last read from the beginning, and calls how many
	// that took.
	listed time.Time
	calls  int
}

// membershipReading is what a round reads of groups and their members.
type membershipReading struct {
	tenant *Tenant
	round  *round
	link   string
	// listing is true for a reading from the beginning.
	listing bool
	// groups were told of; nil for one that is gone.
	groups map[string]*directory.Group
	// members tell by group who joined (true) or left.
	members map[string]map[string]bool
	// contradicted is true when the round told two things of one group, so that one of
	// them is older. Changes come in no order.
	contradicted bool
	resume       string
}

// membershipsRound reads what changed among the groups, and from time to time all of them.
func membershipsRound(t *Tenant) *round {
	r := &membershipReading{tenant: t}
	r.restart(t.groupRound.resume)
	if !t.GroupsKnown() || t.listingDue(FeedMemberships, t.groupRound.listed, t.groupRound.calls) {
		r.restart("")
	}
	r.round = &round{tasks: []task{r.read}, store: r.store}
	return r.round
}

func (r *membershipReading) restart(link string) {
	r.link, r.listing, r.contradicted = link, link == "", false
	r.groups, r.members = map[string]*directory.Group{}, map[string]map[string]bool{}
}

// read reads one page. A link that is no longer valid starts from the beginning.
func (r *membershipReading) read(ctx context.Context, reader directory.Reader) (bool, error) {
	page, err := reader.GroupChanges(ctx, r.link)
	switch {
	case directory.KindOf(err) == directory.KindResync && r.link != "":
		r.tenant.groupRound.resume = ""
		r.restart("")
		return false, nil
	case err != nil && r.link != r.tenant.groupRound.resume && isFinal(err):
		r.restart(r.tenant.groupRound.resume)
		return false, &directory.Error{Kind: directory.KindTransient, Err: fmt.Errorf("reading starts again, a page is no longer there: %w", err)}
	case err != nil:
		return false, err
	case (page.Next == "") == (page.Resume == "") || page.Next != "" && page.Next == r.link:
		return false, &directory.Error{Kind: directory.KindTransient, Err: errPages}
	}
	r.tenant.mu.RLock()
	for i := range page.Groups {
		r.hear(&page.Groups[i])
	}
	r.tenant.mu.RUnlock()
	r.link, r.resume = page.Next, page.Resume
	return page.Next == "", nil
}

// hear takes note of what a page tells of a group; the caller holds the lock.
func (r *membershipReading) hear(told *directory.GroupMembership) {
	id := strings.ToLower(told.Group.ID)
	group, known := r.groups[id]
	r.contradicted = r.contradicted || known && (group == nil) != told.Removed
	if told.Removed {
		r.groups[id], r.members[id] = nil, nil
		return
	}
	if group == nil || told.Group.DisplayName != "" {
		described := told.Group
		described.ID = id
		r.contradicted = r.contradicted || group != nil && *group != described
		r.groups[id] = &described
	}
	members := r.members[id]
	if members == nil {
		members = map[string]bool{}
		r.members[id] = members
	}
	for _, member := range told.Joined {
		r.note(members, member, true)
	}
	for _, member := range told.Left {
		r.note(members, member, false)
	}
}

func (r *membershipReading) note(members map[string]bool, member string, joined bool) {
	member = r.tenant.canonical(member)
	before, told := members[member]
	r.contradicted = r.contradicted || told && before != joined
	members[member] = joined
}

// store puts what was read in the place of what was known, or adds it.
func (r *membershipReading) store(s *run) (changed int, missing Reason) {
	s.groupRound.resume = r.resume
	if r.listing {
		s.groupRound.listed, s.groupRound.calls = s.now(), r.round.calls
		changed = r.storeListing(s)
	} else {
		changed = r.storeChanges(s)
		if r.contradicted {
			s.groupRound.listed = time.Time{} // only a reading of all tells which is true
		}
	}
	return changed + r.meet(s), ""
}

// storeListing replaces all that was known.
func (r *membershipReading) storeListing(s *run) int {
	groups := make(map[string]directory.Group, len(r.groups))
	memberOf := map[string][]directory.Group{}
	for _, id := range slices.Sorted(maps.Keys(r.groups)) {
		group := r.groups[id]
		if group == nil {
			continue
		}
		groups[id] = *group
		for member, joined := range r.members[id] {
			if joined {
				memberOf[member] = append(memberOf[member], *group)
			}
		}
	}
	read := newMemberships(groups)
	for member, in := range memberOf {
		read.set(member, in)
	}
	s.mu.Lock()
	before := s.facts.memberships
	s.facts.memberships = read
	s.mu.Unlock()
	moved := 0
	if !maps.Equal(before.groups, groups) {
		moved = 1
	}
	return moved + s.rederive()
}

// storeChanges adds what changed, a portion of the members at a time.
func (r *membershipReading) storeChanges(s *run) int {
	moves, changed := r.describe(s)
	for group, members := range r.members {
		for member, joined := range members {
			if moves[member] == nil {
				moves[member] = map[string]bool{}
			}
			moves[member][group] = joined
		}
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(moves)), writePortion) {
		changed += s.emit(s.write(func(w *writer) {
			for _, id := range ids {
				w.move(id, moves[id])
			}
		}))
	}
	return changed
}

// describe stores the groups that are new, gone or changed, and returns the members of
// those that were known, as members who do not move.
func (r *membershipReading) describe(s *run) (members map[string]map[string]bool, changed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.facts.memberships
	affected := map[string]bool{}
	for id, group := range r.groups {
		before, known := f.groups[id]
		switch {
		case group == nil && !known:
			continue
		case group == nil:
			delete(f.groups, id)
		case known && group.DisplayName == "" || known && before == *group:
			continue
		default:
			f.groups[id] = *group
		}
		changed++
		affected[id] = known
	}
	members = map[string]map[string]bool{}
	if changed == 0 {
		return members, 0
	}
	clear(f.lists)
	for member, groups := range f.memberOf {
		if slices.ContainsFunc(groups, func(g directory.Group) bool { return affected[g.ID] }) {
			members[member] = nil
		}
	}
	return members, changed
}

// move gives a member its groups anew: joined tells by group whether it joined or left.
func (w *writer) move(id string, joined map[string]bool) {
	f := &w.facts.memberships
	groups := f.described(f.memberOf[id])
	for group, joins := range joined {
		at := indexOf(groups, group)
		switch {
		case joins == (at >= 0):
		case joins:
			groups = append(groups, f.groups[group])
		default:
			groups = slices.Delete(groups, at, at+1)
		}
	}
	f.set(w.canonical(id), groups)
	if a, ok := w.accounts[id]; ok {
		w.refresh(a)
	}
}

// meet ends what is expected of memberships that the round has shown: told of as
// expected, or found so by a reading of all that was begun later.
func (r *membershipReading) meet(s *run) int {
	if r.listing {
		return s.meetLinks(LinkGroup, r.round)
	}
	return s.emit(s.write(func(w *writer) {
		w.dropLinks(func(h linkHold) bool {
			joined, told := r.members[h.Target][h.User]
			return h.Kind == LinkGroup && told && joined == h.present
		})
	}))
}
