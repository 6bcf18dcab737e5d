package inventory_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

// pagesOfChanges links pages in order, from a link on to the resume link at the end.
func pagesOfChanges(w *world, from, resume string, pages ...directory.UserChanges) {
	link := from
	for i := range pages {
		page := pages[i]
		if i == len(pages)-1 {
			page.Resume = resume
		} else {
			page.Next = from + "/" + string(rune('a'+i))
		}
		w.graph.users.pages[link] = &page
		link = page.Next
	}
}

func usersPage(users ...directory.User) directory.UserChanges {
	return directory.UserChanges{Users: users}
}

func removedPage(removals ...directory.Removal) directory.UserChanges {
	return directory.UserChanges{Removed: removals}
}

var _ = Describe("The first round", func() {
	It("makes the tenant synced only when its last page is stored", func() {
		w := newWorld()
		pagesOfChanges(w, "", "r1", usersPage(person("a")), usersPage(person("b")))
		w.graph.users.errors = []error{nil, throttled(time.Minute)}

		result, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{})
		Expect(directory.KindOf(err)).To(Equal(directory.KindThrottled))
		Expect(result.Complete).To(BeFalse())
		Expect(w.tenant.Synced()).To(BeFalse())
		Expect(w.feed(inventory.FeedUsers).NextDue).To(Equal(epoch.Add(time.Minute)))
		Expect(w.heard).To(BeEmpty(), "nothing is said before all is known")
		Expect(w.seen("a").User.DisplayName).To(Equal("a"))

		w.clock.SetTime(epoch.Add(time.Minute))
		result = w.sync()
		Expect(result.Complete).To(BeTrue())
		Expect(result.First).To(BeTrue())
		Expect(w.tenant.Synced()).To(BeTrue())
		Expect(w.graph.users.links).To(Equal([]string{"", "/a", "/a"}), "it goes on from the page that failed")
		Expect(slices.Compact(w.heardIDs())).To(Equal([]string{"a", "b"}))

		Expect(w.sync().First).To(BeFalse())
	})

	It("says each account first with all that the feeds told which it waited for", func() {
		w := newWorld()
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a")}, Resume: "r1"}
		w.graph.registrations.pages[""] = &directory.Page[directory.Registration]{
			Items: []directory.Registration{{ID: "a", MFARegistered: true}},
		}
		var mfa []inventory.MFAState
		w.store.Subscribe(func(types.NamespacedName, []inventory.Change) { mfa = append(mfa, w.seen("a").MFA.State) })
		w.sync()
		Expect(w.heard[0]).To(Equal(inventory.Change{ID: "a", Names: []string{"a@contoso.com"}, Identity: true}))
		Expect(w.heard[1:]).To(HaveEach(inventory.Change{ID: "a", Names: []string{"a@contoso.com"}}), "what is read after it")
		Expect(mfa[0]).To(Equal(inventory.MFARegistered))
		Expect(w.seen("a").MFA.State).To(Equal(inventory.MFARegistered))
	})

	It("takes removals for accounts that are gone", func() {
		w := newWorld()
		pagesOfChanges(w, "", "r1",
			removedPage(directory.Removal{ID: "soft"}, directory.Removal{ID: "hard", Permanent: true}),
			usersPage(person("a")))
		w.sync()
		Expect(w.seen("soft").Gone).To(Equal(inventory.GoneDeleted))
		Expect(w.seen("hard").Gone).To(Equal(inventory.GonePurged))
		Expect(w.tenant.Summary().Users.Total).To(Equal(1))
	})

	It("goes on after a page that is empty", func() {
		w := newWorld()
		pagesOfChanges(w, "", "r1", usersPage(), usersPage(), usersPage(person("a")))
		Expect(w.sync().Complete).To(BeTrue())
		Expect(w.seen("a").Gone).To(Equal(inventory.GoneNot))
	})

	DescribeTable("a page that ends nowhere is an error, not the end",
		func(page directory.UserChanges) {
			w := newWorld()
			pagesOfChanges(w, "", "r1", usersPage(person("a")), usersPage())
			w.graph.users.pages["/a"] = &page
			_, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{})
			Expect(err).To(HaveOccurred())
			Expect(w.tenant.Synced()).To(BeFalse())
		},
		Entry("without a link", directory.UserChanges{}),
		Entry("with both links", directory.UserChanges{Next: "/b", Resume: "r1"}),
		Entry("that leads to itself", directory.UserChanges{Next: "/a"}),
	)

	It("keeps what it stored when the context ends, and goes on", func() {
		w := newWorld()
		ctx, cancel := context.WithCancel(context.Background())
		pagesOfChanges(w, "", "r1", usersPage(person("a")), usersPage(person("b")))
		w.graph.users.during = func(link string) {
			if link == "/a" {
				cancel()
			}
		}
		result, err := w.tenant.Sync(ctx, w.graph, inventory.SyncRequest{})
		Expect(err).To(MatchError(context.Canceled))
		Expect(result.NextDue).To(Equal(epoch), "there is more to read at once")
		Expect(w.graph.asked()).To(Equal(2), "nothing else is asked")

		w.graph.users.during = nil
		Expect(w.sync().Complete).To(BeTrue())
		Expect(w.graph.users.links).To(Equal([]string{"", "/a", "/a"}))
	})
})

var _ = Describe("A later round", func() {
	It("wakes those that changed and nobody else", func() {
		w := newWorld().settled(person("a"), person("b"))
		w.tell("r1", "r2", person("a", titled("Cook")), person("b"))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		Expect(w.seen("a").User.JobTitle).To(Equal("Cook"))
	})

	It("survives a replay", func() {
		w := newWorld().settled(person("a"))
		w.tell("r1", "r2", person("a", titled("Cook")))
		w.heard = nil
		w.tell("r2", "r3", person("a", titled("Cook")))
		Expect(w.heardIDs()).To(BeEmpty())
	})

	It("survives the same object twice in a round", func() {
		w := newWorld().settled(person("a"))
		pagesOfChanges(w, "r1", "r2", usersPage(person("a", titled("Cook")), person("a", titled("Cook"))), usersPage(person("a", titled("Cook"))))
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		Expect(w.graph.user.links).To(BeEmpty(), "there is nothing to doubt")
	})

	It("wakes by the old name and the new", func() {
		w := newWorld().settled(person("a"))
		w.tell("r1", "r2", person("a", named("Anna@Contoso.com")))
		Expect(w.heard).To(Equal([]inventory.Change{{ID: "a", Names: []string{"anna@contoso.com", "a@contoso.com"}, Identity: true}}))
		id, ok := w.tenant.ByName("ANNA@contoso.com")
		Expect(ok).To(BeTrue())
		Expect(id).To(Equal("a"))
		_, ok = w.tenant.ByName("a@contoso.com")
		Expect(ok).To(BeFalse())
	})

	It("follows a name that passes from one account to another, in either order", func() {
		w := newWorld().settled(person("a"), person("b"))
		w.tell("r1", "r2", person("b", named("a@contoso.com")))
		id, _ := w.tenant.ByName("a@contoso.com")
		Expect(id).To(Equal("b"), "the later claim counts")
		w.tell("r2", "r3", person("a", named("old-a@contoso.com")))
		id, _ = w.tenant.ByName("a@contoso.com")
		Expect(id).To(Equal("b"), "letting go takes nothing from the new owner")
		w.tell("r3", "r4", person("a"))
		w.tell("r4", "r5", person("a", named("old-a@contoso.com")))
		id, _ = w.tenant.ByName("a@contoso.com")
		Expect(id).To(Equal("b"), "an account that takes a name for a moment gives it back")
	})

	It("keeps what a reading leaves out", func() {
		w := newWorld().settled(person("a", blocked, titled("Cook"), licensed("sku-1")))
		w.tell("r1", "r2", directory.User{ID: "a", DisplayName: "Anna"})
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		o := w.seen("a")
		Expect(o.User.Enabled).To(Equal(directory.No))
		Expect(o.User.JobTitle).To(Equal("Cook"))
		Expect(o.User.SKUs).To(Equal([]string{"sku-1"}))
		Expect(o.User.DisplayName).To(Equal("Anna"))
		Expect(o.User.UserPrincipalName).To(Equal("a@contoso.com"))
	})

	It("clears what a complete reading no longer has", func() {
		w := newWorld().settled(person("a", titled("Cook"), licensed("sku-1")))
		w.tell("r1", "r2", person("a"))
		Expect(w.seen("a").User.JobTitle).To(BeEmpty())
		Expect(w.seen("a").Licensed).To(Equal(directory.No))
	})

	It("sees deletion, restoring and the final end", func() {
		w := newWorld().settled(person("a"))
		w.graph.users.pages["r1"] = &directory.UserChanges{Removed: []directory.Removal{{ID: "a"}}, Resume: "r2"}
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		Expect(w.seen("a").Gone).To(Equal(inventory.GoneDeleted))
		Expect(w.seen("a").User.DisplayName).To(Equal("a"), "what was last seen is kept")
		_, ok := w.tenant.ByName("a@contoso.com")
		Expect(ok).To(BeFalse())

		w.tell("r2", "r3", person("a"))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		Expect(w.seen("a").Gone).To(Equal(inventory.GoneNot))
		id, _ := w.tenant.ByName("a@contoso.com")
		Expect(id).To(Equal("a"))

		w.graph.users.pages["r3"] = &directory.UserChanges{Removed: []directory.Removal{{ID: "a", Permanent: true}}, Resume: "r4"}
		w.sync()
		Expect(w.seen("a").Gone).To(Equal(inventory.GonePurged))
		w.graph.users.pages["r4"] = &directory.UserChanges{Removed: []directory.Removal{{ID: "a"}}, Resume: "r5"}
		w.sync()
		Expect(w.seen("a").Gone).To(Equal(inventory.GonePurged), "a late notice takes nothing back")
	})
})

var _ = Describe("What may be older than what is known", func() {
	It("is settled by a live reading when one round says two things", func() {
		w := newWorld().settled(person("a", titled("Cook")))
		pagesOfChanges(w, "r1", "r2", usersPage(person("a", titled("Chef"))), usersPage(person("a", titled("Cook"))))
		live := person("a", titled("Chef"))
		w.graph.user.pages["a"] = &live
		w.sync()
		Expect(w.seen("a").User.JobTitle).To(Equal("Chef"))
		Expect(w.graph.user.links).To(Equal([]string{"a"}))
		Expect(w.heardIDs()).To(Equal([]string{"a"}), "it does not flap")

		w.sync()
		Expect(w.graph.user.links).To(HaveLen(1), "settled is settled")
	})

	It("is settled by a live reading when a round says gone and there, or there and gone", func() {
		w := newWorld().settled(person("a"), person("b"))
		w.graph.users.pages["r1"] = &directory.UserChanges{Removed: []directory.Removal{{ID: "a"}}, Next: "r1/a"}
		w.graph.users.pages["r1/a"] = &directory.UserChanges{
			Users: []directory.User{person("a"), person("b", titled("Cook"))}, Next: "r1/b",
		}
		w.graph.users.pages["r1/b"] = &directory.UserChanges{Removed: []directory.Removal{{ID: "b"}}, Resume: "r2"}
		live := person("b", titled("Cook"))
		w.graph.user.pages["b"] = &live
		w.sync()
		Expect(w.seen("a").Gone).To(Equal(inventory.GoneDeleted))
		Expect(w.seen("b").Gone).To(Equal(inventory.GoneNot))
		Expect(w.heardIDs()).To(Equal([]string{"a", "b"}))
	})

	It("is told by times that only move forward", func() {
		w := newWorld().settled(person("a", blocked, sessionsFrom(epoch)))
		w.graph.user.errors = []error{throttled(time.Minute)}
		w.tell("r1", "r2", person("a", sessionsFrom(epoch.Add(-time.Hour))))
		Expect(w.seen("a").User.Enabled).To(Equal(directory.No))
		Expect(w.heardIDs()).To(BeEmpty())

		By("believing what comes next")
		w.tell("r2", "r3", person("a", sessionsFrom(epoch.Add(time.Minute))))
		Expect(w.seen("a").User.Enabled).To(Equal(directory.Yes))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		Expect(w.graph.user.links).To(HaveLen(1))
	})

	It("is believed when nothing newer comes", func() {
		w := newWorld().settled(person("a", sessionsFrom(epoch)))
		older := person("a", titled("Cook"), sessionsFrom(epoch.Add(-time.Hour)))
		w.graph.user.pages["a"] = &older
		w.tell("r1", "r2", older)
		Expect(w.seen("a").User.JobTitle).To(BeEmpty())
		result := w.sync()
		Expect(result.NextDue).To(BeTemporally("<=", epoch.Add(10*time.Minute)))
		w.clock.SetTime(epoch.Add(9 * time.Minute))
		w.sync()
		Expect(w.seen("a").User.JobTitle).To(BeEmpty())

		w.clock.SetTime(epoch.Add(10 * time.Minute))
		w.sync()
		Expect(w.seen("a").User.JobTitle).To(Equal("Cook"))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
	})

	It("brings no purged account back", func() {
		w := newWorld().settled(person("a"))
		w.graph.users.pages["r1"] = &directory.UserChanges{Removed: []directory.Removal{{ID: "a", Permanent: true}}, Resume: "r2"}
		w.sync()
		w.tell("r2", "r3", person("a"))
		Expect(w.seen("a").Gone).To(Equal(inventory.GonePurged))
		w.clock.SetTime(epoch.Add(time.Hour))
		w.sync()
		Expect(w.seen("a").Gone).To(Equal(inventory.GonePurged))
	})
})

var _ = Describe("A link that is no longer valid", func() {
	It("starts from the beginning, keeps what is known meanwhile, and then drops who vanished", func() {
		w := newWorld().settled(person("a"), person("b"), person("c"))
		pagesOfChanges(w, "", "r9", usersPage(person("a")), usersPage(person("c", titled("Cook"))))
		w.graph.users.errors = []error{refusal(directory.KindResync), nil, throttled(time.Minute)}

		_, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{})
		Expect(directory.KindOf(err)).To(Equal(directory.KindThrottled))
		Expect(w.graph.users.links).To(Equal([]string{"r1", "", "/a"}))
		Expect(w.tenant.Synced()).To(BeTrue())
		Expect(w.seen("b").Gone).To(Equal(inventory.GoneNot), "a partial round removes nothing")
		Expect(w.heardIDs()).To(BeEmpty())

		w.clock.SetTime(epoch.Add(time.Minute))
		w.sync()
		Expect(w.seen("b").Gone).To(Equal(inventory.GoneVanished))
		Expect(w.heardIDs()).To(Equal([]string{"b", "c"}))
		Expect(w.tenant.Summary().Users.Total).To(Equal(2))

		w.graph.forget()
		w.sync()
		Expect(w.graph.users.links).To(Equal([]string{"r9"}))
	})

	It("starts again in the midst of a round too", func() {
		w := newWorld()
		pagesOfChanges(w, "", "r1", usersPage(person("a")), usersPage(person("b")))
		w.graph.users.errors = []error{nil, refusal(directory.KindResync)}
		Expect(w.sync().Complete).To(BeTrue())
		Expect(w.graph.users.links).To(Equal([]string{"", "/a", "", "/a"}))
	})

	It("is an error when the beginning is not valid either", func() {
		w := newWorld().settled(person("a"))
		w.graph.users.errors = []error{refusal(directory.KindResync), refusal(directory.KindResync)}
		_, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{})
		Expect(directory.KindOf(err)).To(Equal(directory.KindResync))
		Expect(w.seen("a").Gone).To(Equal(inventory.GoneNot))
	})

	It("does not take an account for vanished that was just read live", func() {
		w := newWorld().settled(person("a"))
		w.tenant.Refresh(person("new"))
		w.graph.users.errors = []error{refusal(directory.KindResync)}
		w.sync()
		Expect(w.seen("new").Gone).To(Equal(inventory.GoneNot))
		w.clock.SetTime(epoch.Add(11 * time.Minute))
		w.graph.users.errors = []error{refusal(directory.KindResync)}
		w.sync()
		Expect(w.seen("new").Gone).To(Equal(inventory.GoneVanished))
	})
})

var _ = Describe("The net below the delta", func() {
	It("reads all users anew once a day", func() {
		w := newWorld().settled(person("a"), person("b"))
		for at := epoch; at.Before(epoch.Add(18 * time.Hour)); at = at.Add(time.Hour) {
			w.clock.SetTime(at)
			w.sync()
		}
		Expect(w.graph.users.links).NotTo(ContainElement(""))
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a")}, Resume: "r2"}
		w.clock.SetTime(epoch.Add(24 * time.Hour))
		w.sync()
		Expect(w.graph.users.links).To(ContainElement(""))
		Expect(w.seen("b").Gone).To(Equal(inventory.GoneVanished))
	})

	It("reads a hundred thousand users anew half a week apart, since that takes five hundred calls", func() {
		const pages = 500
		w := newWorld()
		for i := range pages {
			link, next := "", fmt.Sprint(i+1)
			if i > 0 {
				link = fmt.Sprint(i)
			}
			w.graph.users.pages[link] = &directory.UserChanges{Users: []directory.User{person(fmt.Sprint("u", i))}, Next: next}
		}
		w.graph.users.pages[fmt.Sprint(pages-1)] = &directory.UserChanges{Resume: "r1"}
		w.graph.users.pages["r1"] = &directory.UserChanges{Resume: "r1"}
		w.sync()
		Expect(w.graph.users.links).To(HaveLen(pages))

		apart := time.Duration(0)
		for range 7 * 24 {
			before := len(w.graph.users.links)
			w.clock.Step(time.Hour)
			apart += time.Hour
			w.sync()
			if len(w.graph.users.links)-before >= pages {
				break
			}
		}
		Expect(apart).To(And(BeNumerically(">", 60*time.Hour), BeNumerically("<=", 82*time.Hour)))
	})

	It("forgets at last who cannot be restored", func() {
		w := newWorld().settled(person("a"), person("b"), person("c"))
		gone := func(ids ...string) {
			page := &directory.UserChanges{Resume: "r1"}
			for _, id := range ids {
				page.Removed = append(page.Removed, directory.Removal{ID: id})
			}
			w.graph.users.pages["r1"] = page
			w.sync()
		}
		gone("b", "c")
		w.tell("r1", "r1", person("c"))
		w.clock.SetTime(epoch.Add(10 * time.Hour))
		gone("b", "c")
		w.graph.users.pages["r1"] = &directory.UserChanges{Resume: "r1"}
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a")}, Resume: "r1"}
		w.clock.SetTime(epoch.Add(29 * 24 * time.Hour))
		w.sync()
		Expect(w.seen("b").Gone).To(Equal(inventory.GoneDeleted))
		Expect(w.seen("c").Gone).To(Equal(inventory.GoneDeleted))
		w.clock.SetTime(epoch.Add(30*24*time.Hour + 5*time.Hour))
		w.sync()
		_, ok := w.tenant.ByID("b")
		Expect(ok).To(BeFalse())
		Expect(w.seen("c").Gone).To(Equal(inventory.GoneDeleted), "it was restored in between")
	})
})
