package inventory

import (
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// membershipFacts are the tenant's groups and who is directly in them.
type membershipFacts struct {
	// reason tells why they are not known; empty when they are.
	reason Reason
	groups map[string]directory.Group
	// memberOf are the groups of members of any kind, sorted; equal lists are at one
	// address, which lists has by their hash.
	memberOf map[string][]directory.Group
	lists    map[uint64][]directory.Group
	seed     maphash.Seed
}

// newMemberships are those of a tenant without members.
func newMemberships(groups map[string]directory.Group) membershipFacts {
	return membershipFacts{
		groups: groups, memberOf: map[string][]directory.Group{},
		lists: map[uint64][]directory.Group{}, seed: maphash.MakeSeed(),
	}
}

// dropMemberships forgets groups and members.
func dropMemberships(f *facts, reason Reason) { f.memberships = membershipFacts{reason: reason} }

// has tells whether a member is in a group.
func (f *membershipFacts) has(member, group string) bool {
	return indexOf(f.memberOf[member], group) >= 0
}

// set stores the groups of a member.
func (f *membershipFacts) set(member string, groups []directory.Group) {
	if len(groups) == 0 {
		delete(f.memberOf, member)
		return
	}
	slices.SortFunc(groups, compareGroups)
	f.memberOf[member] = f.shared(groups)
}

// shared is the one copy of a list.
func (f *membershipFacts) shared(groups []directory.Group) []directory.Group {
	var h maphash.Hash
	h.SetSeed(f.seed)
	for i := range groups {
		_, _ = h.WriteString(groups[i].ID)
		_ = h.WriteByte(0)
	}
	key := h.Sum64()
	if known, ok := f.lists[key]; ok && slices.Equal(known, groups) {
		return known
	}
	groups = slices.Clip(groups)
	f.lists[key] = groups
	return groups
}

// described are groups with what is known of each by now, without those that are gone.
func (f *membershipFacts) described(groups []directory.Group) []directory.Group {
	described := make([]directory.Group, 0, len(groups))
	for i := range groups {
		if group, ok := f.groups[groups[i].ID]; ok {
			described = append(described, group)
		}
	}
	return described
}

func compareGroups(a, b directory.Group) int {
	return cmp.Or(cmp.Compare(a.DisplayName, b.DisplayName), cmp.Compare(a.ID, b.ID))
}

func indexOf(groups []directory.Group, id string) int {
	return slices.IndexFunc(groups, func(g directory.Group) bool { return g.ID == id })
}

// groupsOf are the groups of an account, with what the operator itself just changed; nil
// when groups are not known.
func (f *facts) groupsOf(id string, links []linkHold) []directory.Group {
	if f.memberships.reason != "" {
		return nil
	}
	groups := f.memberships.memberOf[id]
	for _, h := range links {
		if h.Kind != LinkGroup {
			continue
		}
		at := indexOf(groups, h.Target)
		switch {
		case h.present && at < 0:
			group, ok := f.memberships.groups[h.Target]
			if !ok {
				group.ID = h.Target
			}
			groups = append(slices.Clone(groups), group)
			slices.SortFunc(groups, compareGroups)
		case !h.present && at >= 0:
			groups = slices.Delete(slices.Clone(groups), at, at+1)
		}
	}
	return groups
}
