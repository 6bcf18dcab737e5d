package directorytest

import (
	"context"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
)

func (s *suite) writesMemberships() {
	It("adds and removes once, and never the account", func(ctx SpecContext) {
		w, d, id := s.person()
		for _, kind := range []Group{{DisplayName: "Sales"}, {DisplayName: "Team", Unified: true}} {
			group := w.AddGroup(kind)
			do(d.AddMember(ctx, group, id))
			w.Settle()
			Expect(everything(of(d.GroupMembers, group))).To(HaveExactElements(id))
			_, err := d.AddMember(ctx, group, id)
			expectRefused(err, directory.KindExists)
			do(d.RemoveMember(ctx, group, id))
			w.Settle()
			Expect(everything(of(d.GroupMembers, group))).To(BeEmpty())
			_, err = d.RemoveMember(ctx, group, id)
			expectRefused(err, directory.KindNotFound)
			Expect(account(d, id).ID).To(Equal(id))
		}
	})

	It("leaves to others the groups that they write", func(ctx SpecContext) {
		w, d, id := s.person()
		for _, group := range []string{
			w.AddGroup(Group{DisplayName: "News", Distribution: true}), w.AddGroup(Group{DisplayName: "Synced", Synced: true}),
		} {
			_, err := d.AddMember(ctx, group, id)
			expectRefused(err, directory.KindUnwritable)
			_, err = d.RemoveMember(ctx, group, id)
			expectRefused(err, directory.KindUnwritable)
		}
		// Graph may call a rule's group a lack of privileges.
		_, err := d.AddMember(ctx, w.AddGroup(Group{DisplayName: "Everybody", Dynamic: true}), id)
		expectRefused(err, directory.KindUnwritable, directory.KindForbidden)
	})

	It("does not know nobody and no group", func(ctx SpecContext) {
		w, d, id := s.person()
		_, err := d.AddMember(ctx, w.AddGroup(Group{DisplayName: "Sales"}), nobody)
		expectRefused(err, directory.KindNotFound)
		_, err = d.AddMember(ctx, nobody, id)
		expectRefused(err, directory.KindNotFound)
	})
}

// groupRound is what groups/delta told, with the members that joined less those that
// left, and where the next round begins.
type groupRound struct {
	groups  map[string]directory.Group
	joined  map[string][]string
	left    map[string][]string
	removed []string
	resume  string
}

func groupChanges(d directory.GroupReader, link string) groupRound {
	GinkgoHelper()
	r := groupRound{groups: map[string]directory.Group{}, joined: map[string][]string{}, left: map[string][]string{}}
	for r.resume == "" {
		page, err := d.GroupChanges(context.Background(), link)
		Expect(err).NotTo(HaveOccurred())
		Expect([]string{page.Next, page.Resume}).To(ConsistOf(BeEmpty(), Not(BeEmpty())), "exactly one link")
		for _, g := range page.Groups {
			if g.Removed {
				r.removed = append(r.removed, g.Group.ID)
				continue
			}
			r.groups[g.Group.ID] = g.Group
			r.joined[g.Group.ID] = append(r.joined[g.Group.ID], g.Joined...)
			r.left[g.Group.ID] = append(r.left[g.Group.ID], g.Left...)
		}
		link, r.resume = page.Next, page.Resume
	}
	return r
}

func (s *suite) followsGroups() {
	It("tells all groups and members first, then what changed", func(ctx SpecContext) {
		w, d, id := s.person()
		bob := w.AddAccount(Account{UserPrincipalName: "bob@" + w.Domain()})
		sales := w.AddGroup(Group{DisplayName: "Sales", Members: []string{id}})
		export := w.AddGroup(Group{DisplayName: "Export"})
		w.Settle()
		first := groupChanges(d, "")
		Expect(first.groups).To(Equal(map[string]directory.Group{
			sales: {ID: sales, DisplayName: "Sales"}, export: {ID: export, DisplayName: "Export"},
		}))
		Expect(first.joined[sales]).To(HaveExactElements(id))
		Expect(first.joined[export]).To(BeEmpty())

		do(d.AddMember(ctx, sales, bob))
		do(d.RemoveMember(ctx, sales, id))
		w.RenameGroup(export, "Exports")
		w.Settle()
		second := groupChanges(d, first.resume)
		Expect(second.joined[sales]).To(HaveExactElements(bob))
		Expect(second.left[sales]).To(HaveExactElements(id))
		Expect(second.groups[export].DisplayName).To(Equal("Exports"))
		Expect(second.removed).To(BeEmpty())

		w.RemoveGroup(export)
		w.Settle()
		third := groupChanges(d, second.resume)
		Expect(third.removed).To(HaveExactElements(export))
		Expect(third.groups).To(BeEmpty())
	})

	It("tells all members of a large group, each once", func() {
		w := s.open(Tenant{})
		var members []string
		for i := range 450 {
			members = append(members, w.AddAccount(Account{UserPrincipalName: fmt.Sprintf("u%d@%s", i, w.Domain())}))
		}
		group := w.AddGroup(Group{DisplayName: "All", Members: members})
		w.Settle()
		told := groupChanges(w.Directory(), "").joined[group]
		slices.Sort(told)
		slices.Sort(members)
		Expect(told).To(Equal(members))
		Expect(everything(of(w.Directory().GroupMembers, group))).To(ConsistOf(members))
	})

	It("tells an empty tenant", func() {
		Expect(groupChanges(s.open(Tenant{}).Directory(), "").groups).To(BeEmpty())
	})
}

func (s *suite) findsGroups() {
	It("by id or exact name, and tells their kind", func(ctx SpecContext) {
		w := s.open(Tenant{})
		for _, g := range []Group{
			{DisplayName: "O'Brien's"},
			{DisplayName: "Team", Unified: true},
			{DisplayName: "News", Distribution: true},
			{DisplayName: "Everybody", Dynamic: true},
			{DisplayName: "From AD", Synced: true},
			{DisplayName: "Admins", RoleAssignable: true},
		} {
			want := directory.Group{
				ID: w.AddGroup(g), DisplayName: g.DisplayName, Dynamic: g.Dynamic, Unified: g.Unified, Synced: g.Synced,
				RoleAssignable: g.RoleAssignable, MailEnabled: g.Unified || g.Distribution,
			}
			w.Settle()
			Expect(w.Directory().Group(ctx, g.DisplayName)).To(HaveValue(Equal(want)))
			Expect(w.Directory().Group(ctx, want.ID)).To(HaveValue(Equal(want)))
			Expect(groupChanges(w.Directory(), "").groups).To(HaveKeyWithValue(want.ID, want))
		}
	})

	It("but guesses none", func(ctx SpecContext) {
		w := s.open(Tenant{})
		w.AddGroup(Group{DisplayName: "Sales"})
		w.AddGroup(Group{DisplayName: "Sales"})
		_, err := w.Directory().Group(ctx, "Sales")
		expectRefused(err, directory.KindConflict)
		_, err = w.Directory().Group(ctx, "Sal")
		expectRefused(err, directory.KindNotFound)
		_, err = w.Directory().Group(ctx, nobody)
		expectRefused(err, directory.KindNotFound)
	})

	It("and the members through nested groups", func(ctx SpecContext) {
		w, d, id := s.person()
		inner := w.AddGroup(Group{DisplayName: "Inner", Members: []string{id}})
		outer := w.AddGroup(Group{DisplayName: "Outer", Members: []string{inner}})
		Expect(everything(of(d.GroupMembers, outer))).To(HaveExactElements(id))
		_, err := d.GroupMembers(ctx, nobody, "")
		expectRefused(err, directory.KindNotFound)
	})
}
