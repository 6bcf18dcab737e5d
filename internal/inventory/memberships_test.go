package inventory_test

import (
	"context"
	"maps"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

// group tells of a group by its id, which makes its name, and of who joined.
func group(id string, joined ...string) directory.GroupMembership {
	return directory.GroupMembership{Group: directory.Group{ID: id, DisplayName: "Group " + strings.ToLower(id)}, Joined: joined}
}

func left(id string, members ...string) directory.GroupMembership {
	told := group(id)
	told.Left = members
	return told
}

func removedGroup(id string) directory.GroupMembership {
	return directory.GroupMembership{Group: directory.Group{ID: id}, Removed: true}
}

func renamed(id, name string) directory.GroupMembership {
	return directory.GroupMembership{Group: directory.Group{ID: id, DisplayName: name}}
}

// pagesOfGroups links pages in order, from a link on to the resume link at the end.
func pagesOfGroups(w *world, from, resume string, pages ...[]directory.GroupMembership) {
	link := from
	for i, told := range pages {
		page := &directory.GroupChanges{Groups: told}
		if i == len(pages)-1 {
			page.Resume = resume
		} else {
			page.Next = from + "/" + string(rune('a'+i))
		}
		w.graph.groups.pages[link] = page
		link = page.Next
	}
}

func page(told ...directory.GroupMembership) []directory.GroupMembership { return told }

// groupNames are the display names of an account's groups.
func (w *world) groupNames(id string) []string {
	GinkgoHelper()
	var names []string
	for _, g := range w.seen(id).Groups {
		names = append(names, g.DisplayName)
	}
	return names
}

// inGroups is a tenant with accounts a, b and c, groups g1 (a, b) and g2 (b), and a device
// among the members.
func inGroups() *world {
	w := newWorld()
	pagesOfGroups(w, "", "g1", page(group("g1", "a")), page(group("g2", "B", "device")), page(group("G1", "b")))
	return w.settled(person("a"), person("b"), person("c"))
}

var _ = Describe("Memberships", func() {
	var w *world
	BeforeEach(func() { w = inGroups() })

	// later is the next round: it is told by pages.
	later := func(pages ...[]directory.GroupMembership) {
		GinkgoHelper()
		pagesOfGroups(w, "g1", "g1", pages...)
		w.clock.Step(15 * time.Minute)
		w.sync()
	}

	It("are told from pages that split a group", func() {
		Expect(w.groupNames("a")).To(Equal([]string{"Group g1"}))
		Expect(w.groupNames("b")).To(Equal([]string{"Group g1", "Group g2"}))
		Expect(w.groupNames("c")).To(BeEmpty())
		Expect(w.seen("c").GroupsReason).To(BeEmpty())
		Expect(w.tenant.GroupsKnown()).To(BeTrue())
		known, ok := w.tenant.Group("G1")
		Expect(ok).To(BeTrue())
		Expect(known).To(Equal(directory.Group{ID: "g1", DisplayName: "Group g1"}))
	})

	DescribeTable("follow a later round",
		func(pages [][]directory.GroupMembership, changed []string, a, b, c []string) {
			later(pages...)
			Expect(w.graph.groups.links).To(HaveLen(len(pages)))
			Expect(w.graph.groups.links[0]).To(Equal("g1"), "it resumes")
			Expect(w.heardIDs()).To(ConsistOf(changed))
			Expect(w.groupNames("a")).To(ConsistOf(a))
			Expect(w.groupNames("b")).To(ConsistOf(b))
			Expect(w.groupNames("c")).To(ConsistOf(c))
		},
		Entry("in which nothing happened", [][]directory.GroupMembership{page()},
			[]string{}, []string{"Group g1"}, []string{"Group g1", "Group g2"}, nil),
		Entry("that repeats what is known", [][]directory.GroupMembership{page(group("g1", "a"), left("g2", "a"))},
			[]string{}, []string{"Group g1"}, []string{"Group g1", "Group g2"}, nil),
		Entry("in which somebody joins, twice", [][]directory.GroupMembership{page(group("g2", "c"), group("g2", "c"))},
			[]string{"c"}, []string{"Group g1"}, []string{"Group g1", "Group g2"}, []string{"Group g2"}),
		Entry("in which somebody leaves", [][]directory.GroupMembership{page(left("g1", "b"))},
			[]string{"b"}, []string{"Group g1"}, []string{"Group g2"}, nil),
		Entry("in which a group comes, on several pages", [][]directory.GroupMembership{page(group("g3", "a")), page(), page(group("g3", "c"))},
			[]string{"a", "c"}, []string{"Group g1", "Group g3"}, []string{"Group g1", "Group g2"}, []string{"Group g3"}),
		Entry("in which a group goes", [][]directory.GroupMembership{page(removedGroup("g1"))},
			[]string{"a", "b"}, nil, []string{"Group g2"}, nil),
		Entry("in which a group goes that nobody knew", [][]directory.GroupMembership{page(removedGroup("g9"))},
			[]string{}, []string{"Group g1"}, []string{"Group g1", "Group g2"}, nil),
		Entry("in which a group gets another name", [][]directory.GroupMembership{page(renamed("g2", "Sales"))},
			[]string{"b"}, []string{"Group g1"}, []string{"Group g1", "Sales"}, nil),
		Entry("that tells of members only", [][]directory.GroupMembership{page(directory.GroupMembership{
			Group: directory.Group{ID: "g2"}, Joined: []string{"c"},
		})}, []string{"c"}, []string{"Group g1"}, []string{"Group g1", "Group g2"}, []string{"Group g2"}),
	)

	DescribeTable("are read from the beginning when a round says two things",
		func(pages ...[]directory.GroupMembership) {
			later(pages...)
			w.graph.groups.links = nil
			pagesOfGroups(w, "", "g9", page(group("g1", "c")))
			w.clock.Step(15 * time.Minute)
			w.sync()
			Expect(w.graph.groups.links).To(Equal([]string{""}))
			Expect(w.groupNames("a")).To(BeEmpty())
			Expect(w.groupNames("c")).To(Equal([]string{"Group g1"}))

			By("once")
			w.graph.groups.links = nil
			w.clock.Step(15 * time.Minute)
			w.sync()
			Expect(w.graph.groups.links).To(Equal([]string{"g9"}))
		},
		Entry("of a member", page(group("g1", "c")), page(left("g1", "c"))),
		Entry("of a group", page(removedGroup("g1")), page(group("g1", "a"))),
		Entry("of a group, the other way round", page(group("g1", "a")), page(removedGroup("g1"))),
		Entry("of its name", page(renamed("g1", "Sales")), page(renamed("g1", "Group g1"))),
	)

	It("of accounts that come later are known before", func() {
		later(page(group("g1", "late")))
		w.tell("r1", "r2", person("late"))
		Expect(w.groupNames("late")).To(Equal([]string{"Group g1"}))
	})

	It("are sorted by name", func() {
		later(page(renamed("g1", "Zulu"), renamed("g2", "Alpha")))
		Expect(w.groupNames("b")).To(Equal([]string{"Alpha", "Zulu"}))
	})

	It("go on with the page that failed, and are stored when all of it came", func() {
		pagesOfGroups(w, "g1", "g2", page(group("g2", "c")), page(group("g2", "a")))
		w.graph.groups.errors = []error{nil, throttled(time.Minute)}
		w.clock.Step(15 * time.Minute)
		w.sync()
		Expect(w.groupNames("c")).To(BeEmpty())
		w.clock.Step(time.Minute)
		w.sync()
		Expect(w.graph.groups.links).To(Equal([]string{"g1", "g1/a", "g1/a"}))
		Expect(w.heardIDs()).To(Equal([]string{"a", "c"}))
	})

	It("are read from the beginning when the link is no longer valid, and nothing flaps", func() {
		pagesOfGroups(w, "", "g5", page(group("g1", "a", "b")), page(group("g2", "c")))
		w.graph.groups.errors = []error{refusal(directory.KindResync)}
		w.clock.Step(15 * time.Minute)
		w.sync()
		Expect(w.graph.groups.links).To(Equal([]string{"g1", "", "/a"}))
		Expect(w.heardIDs()).To(Equal([]string{"b", "c"}))
		w.clock.Step(15 * time.Minute)
		w.sync()
		Expect(w.graph.groups.links).To(HaveExactElements("g1", "", "/a", "g5"))
	})

	It("begin anew when a page in their midst is no longer there", func() {
		pagesOfGroups(w, "g1", "g2", page(group("g2", "c")), page())
		w.graph.groups.errors = []error{nil, refusal(directory.KindInvalid)}
		w.clock.Step(15 * time.Minute)
		w.sync()
		Expect(w.tenant.GroupsKnown()).To(BeTrue(), "that is no refusal")
		w.clock.Step(time.Minute)
		w.sync()
		Expect(w.graph.groups.links).To(Equal([]string{"g1", "g1/a", "g1", "g1/a"}))
		Expect(w.groupNames("c")).To(Equal([]string{"Group g2"}))
	})

	It("are not known without the permission, and all read anew with it", func() {
		w.graph.groups.errors = []error{refusal(directory.KindForbidden)}
		w.clock.Step(15 * time.Minute)
		w.sync()
		Expect(w.seen("b").Groups).To(BeNil())
		Expect(w.seen("b").GroupsReason).To(Equal(inventory.ReasonPermissionMissing))
		Expect(w.tenant.GroupsKnown()).To(BeFalse())
		_, ok := w.tenant.Group("g1")
		Expect(ok).To(BeFalse())
		w.graph.groups.links = nil
		w.tenant.Recheck()
		w.sync()
		Expect(w.graph.groups.links).To(Equal([]string{"", "/a", "/b"}))
		Expect(w.groupNames("b")).To(Equal([]string{"Group g1", "Group g2"}))
	})

	It("are read from the beginning once a day", func() {
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a"), person("b"), person("c")}, Resume: "r1"}
		for at := epoch; at.Before(epoch.Add(48 * time.Hour)); at = at.Add(10 * time.Minute) {
			w.clock.SetTime(at)
			w.sync()
		}
		fromTheBeginning := 0
		for _, link := range w.graph.groups.links {
			if link == "" {
				fromTheBeginning++
			}
		}
		Expect(fromTheBeginning).To(BeNumerically("~", 2, 1))
		Expect(len(w.graph.groups.links)).To(BeNumerically("~", 48*6, 10))
		Expect(w.heardIDs()).To(BeEmpty(), "what says the same changes nothing")
	})

	DescribeTable("are not believed from a page that ends nowhere",
		func(next directory.GroupChanges) {
			w.graph.groups.pages["g1"] = &next
			w.clock.Step(15 * time.Minute)
			w.sync()
			Expect(w.feed(inventory.FeedMemberships).Err).To(HaveOccurred())
			Expect(w.groupNames("a")).To(Equal([]string{"Group g1"}))
		},
		Entry("without a link", directory.GroupChanges{Groups: page(left("g1", "a"))}),
		Entry("with both links", directory.GroupChanges{Groups: page(left("g1", "a")), Next: "x", Resume: "y"}),
		Entry("that leads to itself", directory.GroupChanges{Groups: page(left("g1", "a")), Next: "g1"}),
	)

	It("do not keep a tenant from being synced", func() {
		slow := newWorld()
		slow.graph.groups.errors = []error{throttled(time.Hour)}
		slow.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a")}, Resume: "r1"}
		Expect(slow.sync().First).To(BeTrue())
		Expect(slow.seen("a").GroupsReason).To(Equal(inventory.ReasonNotRead))
	})

	It("agree with a model after any course of events", func() {
		random := rand.New(rand.NewSource(GinkgoRandomSeed()))
		model := map[string]map[string]bool{"g1": {"a": true, "b": true}, "g2": {"b": true}}
		for range 200 {
			told := map[string]directory.GroupMembership{}
			for range random.Intn(4) {
				id := "g" + strconv.Itoa(1+random.Intn(4))
				if _, ok := told[id]; ok {
					continue // one round says one thing
				}
				if random.Intn(5) == 0 {
					delete(model, id)
					told[id] = removedGroup(id)
					continue
				}
				change, before := group(id), model[id]
				model[id] = map[string]bool{}
				for _, user := range []string{"a", "b", "c"} {
					if random.Intn(2) == 0 {
						model[id][user] = true
						change.Joined = append(change.Joined, user)
					} else if before[user] || random.Intn(2) == 0 {
						change.Left = append(change.Left, user)
					}
				}
				told[id] = change
			}
			var pages [][]directory.GroupMembership
			for _, id := range []string{"g3", "g1", "g4", "g2"} {
				if change, ok := told[id]; ok {
					pages = append(pages, page(change))
				}
			}
			all := page()
			for id, members := range model {
				all = append(all, group(id, slices.Collect(maps.Keys(members))...))
			}
			pagesOfGroups(w, "", "g1", all) // once a day it is that
			later(append(pages, page())...)
			for _, user := range []string{"a", "b", "c"} {
				var expected []string
				for id, members := range model {
					if members[user] {
						expected = append(expected, "Group "+id)
					}
				}
				Expect(w.groupNames(user)).To(ConsistOf(expected))
			}
		}
	})
})

var _ = Describe("A feed that is not in a hurry", func() {
	It("waits until the tenant is synced, and is read in the same sync, but for mailboxes", func() {
		w := newWorld()
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a", mail("a@contoso.com"))}, Resume: "r1"}
		late := func() int {
			return len(w.graph.lockouts.links) + len(w.graph.purposes.links) + len(w.graph.states.links) +
				len(w.graph.devices.links) + len(w.graph.managed.links)
		}
		var before []int
		w.store.Subscribe(func(types.NamespacedName, []inventory.Change) { before = append(before, late()) })
		result, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{Force: true})
		Expect(err).NotTo(HaveOccurred())
		Expect(result.First).To(BeTrue())
		Expect(result.NextDue).To(Equal(epoch))
		Expect(before[0]).To(BeZero(), "whoever waits for the tenant does not wait for these")
		Expect(late()).To(Equal(4))
		Expect(w.graph.purposes.links).To(BeEmpty())
		Expect(soonest(w.sync())).To(BeTemporally(">", epoch))
		Expect(late()).To(Equal(5))
	})
})
