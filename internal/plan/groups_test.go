package plan_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/plan"
)

func groups(names ...string) inputOption {
	return func(in *plan.Input) {
		in.Spec.Groups = []v1alpha1.GroupEntry{}
		for _, name := range names {
			in.Spec.Groups = append(in.Spec.Groups, v1alpha1.GroupEntry{Name: name})
		}
	}
}

func groupUntil(name string, at time.Time) inputOption {
	return func(in *plan.Input) {
		in.Spec.Groups = append(in.Spec.Groups, v1alpha1.GroupEntry{Name: name, Until: until(at)})
	}
}

// knows resolves a name to a group, changed as the options say.
func knows(name, id string, change ...func(*directory.Group)) inputOption {
	group := directory.Group{ID: id, DisplayName: name}
	for _, c := range change {
		c(&group)
	}
	return target(v1alpha1.ClaimGroup, name, "", plan.Target{ID: id, Group: &group})
}

// member puts the account into a group.
func member(name, id string, change ...func(*directory.Group)) inputOption {
	group := directory.Group{ID: id, DisplayName: name}
	for _, c := range change {
		c(&group)
	}
	return func(in *plan.Input) { in.Groups[id] = group }
}

func inGroup(name, id string) inputOption { return claim(v1alpha1.ClaimGroup, name, "", id, true) }

func groupsRead(in *plan.Input) { in.Groups = map[string]directory.Group{} }

func dynamic(g *directory.Group)        { g.Dynamic = true }
func onPremises(g *directory.Group)     { g.Synced = true }
func distribution(g *directory.Group)   { g.MailEnabled = true }
func microsoft365(g *directory.Group)   { g.MailEnabled, g.Unified = true, true }
func roleAssignable(g *directory.Group) { g.RoleAssignable = true }
func privileged(in *plan.Input)         { in.Spec.AllowPrivileged = true }

var _ = DescribeTable("groups",
	func(w outcome, options []inputOption) {
		comes(v1alpha1.ConditionGroups, plan.RecordGroups, w, append([]inputOption{groupsRead}, options...)...)
	},
	result("nothing when the list is not declared", outcome{}, member("Own", "o")),
	result("adds to what is listed, and claims it first",
		outcome{changes: list("AddToGroup s"), claims: list("Sales=s"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "s")),
	result("claims what was there before",
		outcome{claims: list("Sales=s+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "s"), member("Sales", "s")),
	result("adds to Microsoft 365 groups",
		outcome{changes: list("AddToGroup s"), claims: list("Sales=s"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "s", microsoft365)),
	result("settles",
		outcome{claims: list("Sales=s+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "s"), inGroup("Sales", "s"), member("Sales", "s"), member("Own", "o")),
	result("gives back what somebody took away",
		outcome{changes: list("AddToGroup s"), claims: list("Sales=s+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "s"), inGroup("Sales", "s")),
	result("adds on adoption too",
		outcome{changes: list("AddToGroup s"), claims: list("Sales=s"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "s"), adopting),
	result("takes away exactly the one that left the list",
		outcome{
			changes: list("RemoveFromGroup! m ends:Mail"), claims: list("Mail=m+", "Sales=s+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		groups("Sales"), knows("Sales", "s"), inGroup("Sales", "s"), inGroup("Mail", "m"),
		member("Sales", "s"), member("Mail", "m"), member("Own", "o")),
	result("takes away all that is claimed from an empty list, and nothing else",
		outcome{
			changes: list("RemoveFromGroup! m ends:Mail", "RemoveFromGroup! s ends:Sales"), claims: list("Mail=m+", "Sales=s+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		groups(), inGroup("Mail", "m"), inGroup("Sales", "s"), member("Sales", "s"), member("Mail", "m"), member("Own", "o")),
	result("drops a claim on what the account has no more",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded}, groups(), inGroup("Sales", "s"), written(earlier)),
	result("keeps a claim on what it may have given too lately to be read, and does the rest",
		outcome{
			changes: list("RemoveFromGroup! m ends:Mail"), claims: list("Mail=m+", "Sales=s+"), wake: time.Minute,
			status: maybe, reason: v1alpha1.ReasonWaiting, says: list("whether the account was given group Sales is being read back"),
		},
		groups(), inGroup("Mail", "m"), inGroup("Sales", "s"), member("Mail", "m"), written(now)),
	result("lets go when the list is gone, and changes nothing",
		outcome{released: list("Mail=m+", "Sales=s+")}, inGroup("Sales", "s"), inGroup("Mail", "m"), member("Sales", "s")),
	result("does not follow a name to another group",
		outcome{claims: list("Sales=s+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "other"), inGroup("Sales", "s"), member("Sales", "s")),
	result("grants once what two entries mean",
		outcome{changes: list("AddToGroup s"), claims: list("Sales=s", "s=s"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales", "s"), knows("Sales", "s"), knows("s", "s")),
	result("keeps what another entry still means",
		outcome{claims: list("s=s+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("s"), knows("s", "s"), inGroup("Sales", "s"), inGroup("s", "s"), member("Sales", "s")),
	result("takes away once what two claims held",
		outcome{
			changes: list("RemoveFromGroup! s ends:Sales ends:s"), claims: list("Sales=s+", "s=s+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		groups(), inGroup("Sales", "s"), inGroup("s", "s"), member("Sales", "s")),

	result("keeps an entry until its time, and wakes then",
		outcome{changes: list("AddToGroup s"), claims: list("Sales=s"), status: yes, reason: v1alpha1.ReasonSucceeded, wake: time.Hour},
		groupUntil("Sales", now.Add(time.Hour)), knows("Sales", "s")),
	result("takes away when the time has come",
		outcome{
			changes: list("RemoveFromGroup! s ends:Sales"), claims: list("Sales=s+"), status: yes, reason: v1alpha1.ReasonSucceeded,
			says: list("Sales ended at 2026-11-20T10:00:00Z"),
		},
		groupUntil("Sales", now), knows("Sales", "s"), inGroup("Sales", "s"), member("Sales", "s")),
	result("does nothing for an entry that ended before it was claimed, and says so",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded, says: list("Sales ended")},
		groupUntil("Sales", earlier), knows("Sales", "s"), member("Sales", "s")),

	result("refuses a name that means nothing, and makes the other changes",
		outcome{
			changes: list("AddToGroup m"), claims: list("Mail=m"), status: no, reason: v1alpha1.ReasonUnresolved, refused: true,
			says: list("two groups are called Sales"),
		},
		groups("Sales", "Mail"), knows("Mail", "m"),
		unresolved(v1alpha1.ClaimGroup, "Sales", "", v1alpha1.ReasonUnresolved, "two groups are called Sales")),
	result("takes away although another entry means nothing",
		outcome{
			changes: list("RemoveFromGroup! m ends:Mail"), claims: list("Mail=m+"),
			status: no, reason: v1alpha1.ReasonNotFound, refused: true,
		},
		groups("Sales"), inGroup("Mail", "m"), member("Mail", "m"),
		unresolved(v1alpha1.ClaimGroup, "Sales", "", v1alpha1.ReasonNotFound, "no group Sales")),
	result("refuses a claimed group that is gone, and keeps the claim",
		outcome{claims: list("Sales=s+"), status: no, reason: v1alpha1.ReasonNotFound, refused: true},
		groups("Sales"), inGroup("Sales", "s"),
		unresolved(v1alpha1.ClaimGroup, "Sales", "", v1alpha1.ReasonNotFound, "group Sales is gone")),
	result("refuses a dynamic group",
		outcome{claims: list("Sales=s"), status: no, reason: v1alpha1.ReasonNotWritable, refused: true, says: list("rule")},
		groups("Sales"), knows("Sales", "s", dynamic)),
	result("refuses a synchronized group",
		outcome{claims: list("Sales=s"), status: no, reason: v1alpha1.ReasonNotWritable, refused: true, says: list("Active Directory")},
		groups("Sales"), knows("Sales", "s", onPremises)),
	result("refuses a distribution list",
		outcome{claims: list("Sales=s"), status: no, reason: v1alpha1.ReasonNotWritable, refused: true, says: list("Exchange")},
		groups("Sales"), knows("Sales", "s", distribution)),
	result("refuses a role-assignable group",
		outcome{claims: list("Sales=s"), status: no, reason: v1alpha1.ReasonProtected, refused: true, says: list("allowPrivileged")},
		groups("Sales"), knows("Sales", "s", roleAssignable)),
	result("and later still, claimed as it is",
		outcome{claims: list("Sales=s"), status: no, reason: v1alpha1.ReasonProtected, refused: true},
		groups("Sales"), knows("Sales", "s", roleAssignable), claim(v1alpha1.ClaimGroup, "Sales", "", "s", false)),
	result("refuses it without the manager's switch",
		outcome{claims: list("Sales=s"), status: no, reason: v1alpha1.ReasonAccessDenied, refused: true, says: list("--allow-role-grants")},
		groups("Sales"), knows("Sales", "s", roleAssignable), privileged),
	result("adds to it where object and manager may",
		outcome{changes: list("AddToGroup s"), claims: list("Sales=s"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "s", roleAssignable), privileged, func(in *plan.Input) { in.AllowRoleGrants = true }),
	result("is content with being a member of what it could not write",
		outcome{claims: list("Sales=s+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "s", dynamic), member("Sales", "s", dynamic)),
	result("refuses to take away from what it cannot write, and keeps the claim",
		outcome{claims: list("Sales=s+"), status: no, reason: v1alpha1.ReasonNotWritable, refused: true, says: list("cannot be left")},
		groups(), inGroup("Sales", "s"), member("Sales", "s", dynamic)),
	result("names each that is refused, with the first reason",
		outcome{
			claims: list("Mail=m", "Sales=s"), status: no, reason: v1alpha1.ReasonNotWritable, refused: true,
			says: list("Sales", "Mail", "allowPrivileged"),
		},
		groups("Sales", "Mail"), knows("Sales", "s", dynamic), knows("Mail", "m", roleAssignable)),

	result("waits until memberships have been read, and touches no claim",
		outcome{claims: list("Mail=m+"), status: maybe, reason: v1alpha1.ReasonWaiting},
		groups("Sales"), knows("Sales", "s"), inGroup("Mail", "m"), func(in *plan.Input) { in.Groups = nil }),
	result("waits until a name was looked up, before it takes anything away",
		outcome{claims: list("Mail=m+"), status: maybe, reason: v1alpha1.ReasonWaiting},
		groups("Sales"), inGroup("Mail", "m"), member("Mail", "m")),
	result("waits until it is known what a group is",
		outcome{claims: list("Sales=s+"), status: maybe, reason: v1alpha1.ReasonWaiting},
		groups("Sales"), inGroup("Sales", "s")),

	result("waits before it repeats a call of unknown outcome",
		outcome{
			claims: list("Sales=s"), status: maybe, reason: v1alpha1.ReasonProgressing, wake: time.Minute,
			records: starting(plan.RecordGroups),
		},
		groups("Sales"), knows("Sales", "s"), begun(plan.RecordGroups, now)),
	result("then repeats it",
		outcome{changes: list("AddToGroup s"), claims: list("Sales=s"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "s"), begun(plan.RecordGroups, earlier)),
	result("keeps a claim that may yet show",
		outcome{
			claims: list("Sales=s"), status: maybe, reason: v1alpha1.ReasonWaiting, wake: time.Minute,
			says: list("whether the account was given group Sales is being read back"), records: starting(plan.RecordGroups),
		},
		groups(), claim(v1alpha1.ClaimGroup, "Sales", "", "s", false), begun(plan.RecordGroups, now)),
	result("keeps it until the memberships were read late enough to show a call whose answer was lost",
		outcome{
			claims: list("Sales=s"), status: maybe, reason: v1alpha1.ReasonWaiting, records: starting(plan.RecordGroups),
			reread: []v1alpha1.ClaimKind{v1alpha1.ClaimGroup},
			says:   list("whether the account was given group Sales is being read back"),
		},
		groups(), claim(v1alpha1.ClaimGroup, "Sales", "", "s", false), begun(plan.RecordGroups, earlier), groupsBegun(earlier.Add(time.Minute-1))),
	result("drops it when they were, and do not show it",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded},
		groups(), claim(v1alpha1.ClaimGroup, "Sales", "", "s", false), begun(plan.RecordGroups, earlier), groupsBegun(earlier.Add(time.Minute))),
	result("repeats at once a call that was refused",
		outcome{changes: list("AddToGroup s"), claims: list("Sales=s"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "s"), record(plan.RecordGroups, "", owed, now, "")),
	result("calls a group as the spec does while its own name is not known",
		outcome{changes: list("AddToGroup s"), claims: list("Sales=s"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), target(v1alpha1.ClaimGroup, "Sales", "", plan.Target{ID: "s", Group: &directory.Group{}})),
	result("forgets a call that shows as made",
		outcome{claims: list("Sales=s+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		groups("Sales"), knows("Sales", "s"), member("Sales", "s"), begun(plan.RecordGroups, now)),
)

var _ = Describe("group changes", func() {
	It("are tried one by one, under the group's own name", func() {
		f := plan.For(input(groupsRead, groups("9c"), member("Mail", "m"), inGroup("Mail", "m"),
			target(v1alpha1.ClaimGroup, "9c", "", plan.Target{ID: "9C", Group: &directory.Group{ID: "9c", DisplayName: "Sales"}}))).Facets[0]
		Expect(f.Independent).To(BeTrue())
		Expect(f.Changes[0].To).To(Equal("Sales"))
		Expect(f.Changes[0].Target).To(Equal("9c"))
		Expect(f.Changes[1].From).To(Equal("Mail"))
	})

	It("are refused in a message of bounded length that counts the rest", func() {
		names := make([]string, 0, 128)
		options := []inputOption{groupsRead}
		for n := range 128 {
			name := string(rune('a'+n%26)) + string(rune('a'+n/26))
			names = append(names, name)
			options = append(options, knows(name, name, distribution))
		}
		message := plan.For(input(append(options, groups(names...))...)).Facets[0].Verdict.Message
		Expect(len(message)).To(BeNumerically("<", 4200))
		Expect(message).To(MatchRegexp(`; and \d+ more$`))
	})
})

var _ = It("asks for what names mean, and what is known of what is claimed", func() {
	in := input(groups("Sales", "Mail"), inGroup("Sales", "s"), inGroup("Old", "o"), manager("Bob@Contoso.com"),
		claim(v1alpha1.ClaimApplication, "Portal", "User", "p", true))
	in.Spec.Licenses = []v1alpha1.LicenseEntry{{SKU: "SPE_E3"}}
	Expect(plan.Wanted(in.Spec, in.Claims)).To(Equal([]v1alpha1.Claim{
		{Kind: v1alpha1.ClaimGroup, Name: "Mail"},
		{Kind: v1alpha1.ClaimGroup, Name: "Old", ID: "o", Held: true},
		{Kind: v1alpha1.ClaimGroup, Name: "Sales", ID: "s", Held: true},
		{Kind: v1alpha1.ClaimManager, Name: bob},
	}))
})
