package inventory_test

import (
	"context"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

var _ = Describe("What the operator just wrote", func() {
	var w *world
	expectBlocked := inventory.Expectation{Enabled: directory.No}
	enabled := func() directory.Tristate { return w.seen("a").User.Enabled }

	BeforeEach(func() { w = newWorld().settled(person("a", sessionsFrom(epoch.Add(-time.Hour)))) })

	It("is observed at once, with what follows from it", func() {
		w.tenant.Expect("a", expectBlocked)
		Expect(enabled()).To(Equal(directory.No))
		Expect(w.seen("a").MFA.Reason).To(Equal(inventory.ReasonSignInBlocked))
		Expect(w.tenant.Summary().Users.Suspended).To(Equal(1))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
	})

	It("stays when Graph shows it, and then belongs to Graph", func() {
		w.tenant.Expect("a", expectBlocked)
		w.heard = nil
		w.tell("r1", "r2", person("a", blocked, sessionsFrom(epoch.Add(-time.Hour))))
		Expect(enabled()).To(Equal(directory.No))
		Expect(w.heardIDs()).To(BeEmpty())

		By("an outsider's act thereafter")
		w.tell("r2", "r3", person("a", titled("Cook"), sessionsFrom(epoch.Add(-time.Hour))))
		Expect(enabled()).To(Equal(directory.Yes))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
	})

	It("outlasts readings from before it, in a change or live", func() {
		w.tenant.Expect("a", expectBlocked)
		w.heard = nil
		w.tell("r1", "r2", person("a", titled("Cook"), sessionsFrom(epoch.Add(-time.Hour))))
		Expect(enabled()).To(Equal(directory.No))
		Expect(w.seen("a").User.JobTitle).To(Equal("Cook"), "the rest is news")
		state := w.tenant.Refresh(person("a", titled("Cook"), sessionsFrom(epoch.Add(-time.Hour))))
		Expect(state).To(Equal(inventory.ExpectationOpen))
		Expect(enabled()).To(Equal(directory.No))
	})

	It("outlasts the account from before the write that comes after the one that shows it", func() {
		w.tenant.Expect("a", expectBlocked)
		w.tell("r1", "r2", person("a", blocked, sessionsFrom(epoch.Add(-time.Hour))))
		w.heard = nil
		live := person("a", sessionsFrom(epoch.Add(-time.Hour))) // from a replica that lags
		w.graph.user.pages["a"] = &live
		w.tell("r2", "r3", person("a", sessionsFrom(epoch.Add(-time.Hour))))
		Expect(enabled()).To(Equal(directory.No))
		Expect(w.heardIDs()).To(BeEmpty(), "it does not flap")

		By("giving in when that was the truth after all")
		w.clock.SetTime(epoch.Add(10 * time.Minute))
		w.sync()
		Expect(enabled()).To(Equal(directory.Yes))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
	})

	It("is told from somebody's act, which looks the same, by a live reading", func() {
		w.tenant.Expect("a", expectBlocked)
		w.tell("r1", "r2", person("a", blocked, sessionsFrom(epoch.Add(-time.Hour))))
		w.clock.SetTime(epoch.Add(3 * time.Minute))
		live := person("a", sessionsFrom(epoch.Add(-time.Hour)))
		w.graph.user.pages["a"] = &live
		w.tell("r2", "r3", person("a", sessionsFrom(epoch.Add(-time.Hour))))
		Expect(enabled()).To(Equal(directory.Yes), "within the same sync")

		By("and an echo by the same means")
		w.tenant.Expect("a", expectBlocked)
		w.tell("r3", "r4", person("a", blocked, sessionsFrom(epoch.Add(-time.Hour))))
		w.clock.SetTime(epoch.Add(6 * time.Minute))
		live = person("a", blocked, sessionsFrom(epoch.Add(-time.Hour)))
		w.tell("r4", "r5", person("a", sessionsFrom(epoch.Add(-time.Hour))))
		Expect(enabled()).To(Equal(directory.No))
	})

	It("is undone by somebody before it showed, and found so by a live reading", func() {
		w.tenant.Expect("a", expectBlocked)
		w.tell("r1", "r2", person("a", sessionsFrom(epoch.Add(-time.Hour)))) // as before the write
		Expect(enabled()).To(Equal(directory.No))
		Expect(w.graph.user.links).To(BeEmpty(), "it may still come")

		w.clock.SetTime(epoch.Add(2 * time.Minute))
		live := person("a", sessionsFrom(epoch.Add(-time.Hour)))
		w.graph.user.pages["a"] = &live
		w.sync()
		Expect(enabled()).To(Equal(directory.Yes))
		w.sync()
		Expect(w.graph.user.links).To(HaveLen(1), "once")
	})

	It("may have been read before it was expected", func() {
		w.tell("r1", "r2", person("a", blocked, sessionsFrom(epoch.Add(-time.Hour))))
		w.tenant.Expect("a", expectBlocked)
		w.tell("r2", "r3", person("a", titled("Cook"), sessionsFrom(epoch.Add(-time.Hour))))
		Expect(enabled()).To(Equal(directory.Yes), "what differs from it is news")
	})

	It("is undone by somebody right after it, and found so in the same sync", func() {
		w.tenant.Expect("a", inventory.Expectation{Enabled: directory.No, SessionsValidFrom: epoch})
		live := person("a", sessionsFrom(epoch))
		w.graph.user.pages["a"] = &live
		w.tell("r1", "r2", live)
		Expect(enabled()).To(Equal(directory.Yes))
		Expect(w.graph.user.links).To(HaveLen(1))
	})

	It("ends after ten minutes, also between two syncs", func() {
		w.graph.user.errors = []error{throttled(time.Hour), throttled(time.Hour)}
		w.tenant.Expect("a", expectBlocked)
		w.heard = nil
		w.clock.SetTime(epoch.Add(10*time.Minute - time.Second))
		Expect(w.sync().NextDue).To(BeTemporally("<=", epoch.Add(10*time.Minute)))
		Expect(enabled()).To(Equal(directory.No))
		w.clock.SetTime(epoch.Add(10 * time.Minute))
		Expect(enabled()).To(Equal(directory.Yes))
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		Expect(w.tenant.Summary().Users.Suspended).To(Equal(0))
	})

	It("counts from the last write", func() {
		w.graph.user.errors = []error{throttled(time.Hour), throttled(time.Hour)}
		w.tenant.Expect("a", expectBlocked)
		w.clock.SetTime(epoch.Add(6 * time.Minute))
		w.tenant.Expect("a", inventory.Expectation{SessionsValidFrom: epoch.Add(6 * time.Minute)})
		w.clock.SetTime(epoch.Add(12 * time.Minute))
		w.sync()
		Expect(enabled()).To(Equal(directory.No))
		Expect(w.seen("a").User.SessionsValidFrom).To(Equal(epoch.Add(6 * time.Minute)))
	})

	It("takes Graph's own time of a revocation", func() {
		w.tenant.Expect("a", inventory.Expectation{SessionsValidFrom: epoch.Add(2 * time.Second)})
		Expect(w.seen("a").User.SessionsValidFrom).To(Equal(epoch.Add(2 * time.Second)))
		state := w.tenant.Refresh(person("a", sessionsFrom(epoch.Add(time.Second))))
		Expect(state).To(Equal(inventory.ExpectationMet))
		Expect(w.seen("a").User.SessionsValidFrom).To(Equal(epoch.Add(time.Second)))
	})

	It("masks the echo of a write that another followed", func() {
		w.tenant.Expect("a", expectBlocked)
		w.tenant.Expect("a", inventory.Expectation{Enabled: directory.Yes})
		w.heard = nil
		live := person("a", sessionsFrom(epoch.Add(-time.Hour)))
		w.graph.user.pages["a"] = &live
		w.tell("r1", "r2", person("a", blocked, sessionsFrom(epoch.Add(-time.Hour))))
		Expect(enabled()).To(Equal(directory.Yes))
		w.tell("r2", "r3", person("a", sessionsFrom(epoch.Add(-time.Hour))))
		Expect(enabled()).To(Equal(directory.Yes))
		Expect(w.heardIDs()).To(BeEmpty())
	})

	DescribeTable("a live reading tells how it stands",
		func(prepare func(), live directory.User, expected inventory.ExpectationState, shown directory.Tristate) {
			prepare()
			Expect(w.tenant.Refresh(live)).To(Equal(expected))
			Expect(enabled()).To(Equal(shown))
		},
		Entry("nothing expected", func() {}, person("a", blocked), inventory.ExpectationNone, directory.No),
		Entry("met", func() { w.tenant.Expect("a", expectBlocked) },
			person("a", blocked), inventory.ExpectationMet, directory.No),
		Entry("not shown yet", func() { w.tenant.Expect("a", expectBlocked) },
			person("a"), inventory.ExpectationOpen, directory.No),
		Entry("shown, and changed by somebody since", func() {
			w.tenant.Expect("a", expectBlocked)
			w.tenant.Refresh(person("a", blocked))
		}, person("a", sessionsFrom(epoch)), inventory.ExpectationBroken, directory.Yes),
		Entry("too late to matter", func() {
			w.tenant.Expect("a", expectBlocked)
			w.clock.SetTime(epoch.Add(time.Hour))
		}, person("a"), inventory.ExpectationNone, directory.Yes),
		Entry("withdrawn", func() {
			w.tenant.Expect("a", expectBlocked)
			w.tenant.Expect("a", inventory.Expectation{})
		}, person("a"), inventory.ExpectationNone, directory.Yes),
	)

	It("is dated for as long as it may be missed in a reading", func() {
		begun := w.tenant.Written("a")
		Expect(begun).To(Equal(epoch), "what another process wrote before this one began is not known")
		w.clock.Step(time.Hour)
		w.tenant.Expect("a", expectBlocked)
		Expect(w.tenant.Written("a")).To(Equal(begun), "that gave nothing")
		w.tenant.Expect("A", inventory.Expectation{Licenses: &directory.LicenseChange{Add: []directory.License{{SKU: "s"}}}})
		w.tenant.ExpectLink(inventory.Link{Kind: inventory.LinkGroup, User: "B", Target: "g"}, true)
		Expect(w.tenant.Written("a")).To(Equal(w.clock.Now()))
		Expect(w.tenant.Written("b")).To(Equal(w.clock.Now()), "whoever that is")
		Expect(w.tenant.WrittenLately("A")).To(BeTrue())
		w.clock.Step(time.Minute)
		Expect(w.tenant.WrittenLately("A")).To(BeFalse())
		w.tenant.ExpectLink(inventory.Link{Kind: inventory.LinkGroup, User: "a", Target: "g"}, true)
		Expect(w.tenant.Written("a")).To(Equal(w.clock.Now()))
		w.clock.Step(time.Hour)
		w.sync()
		Expect(w.tenant.Written("a")).To(Equal(begun))
	})

	It("is withdrawn at once", func() {
		w.tenant.Expect("a", expectBlocked)
		w.tenant.Expect("a", inventory.Expectation{})
		Expect(enabled()).To(Equal(directory.Yes))
	})

	It("is forgotten with the account", func() {
		w.tenant.Expect("a", expectBlocked)
		w.graph.users.pages["r1"] = &directory.UserChanges{Removed: []directory.Removal{{ID: "a"}}, Resume: "r2"}
		w.sync()
		Expect(w.seen("a").Gone).To(Equal(inventory.GoneDeleted))
		Expect(enabled()).To(Equal(directory.Yes), "as last read")
		w.tell("r2", "r3", person("a"))
		Expect(enabled()).To(Equal(directory.Yes))
	})

	It("is of no use for an account that is not known", func() {
		w.tenant.Expect("x", expectBlocked)
		_, ok := w.tenant.ByID("x")
		Expect(ok).To(BeFalse())
	})

	It("survives a complete reading that is older", func() {
		w.tenant.Expect("a", expectBlocked)
		w.graph.users.errors = []error{refusal(directory.KindResync)}
		w.sync()
		Expect(enabled()).To(Equal(directory.No))
	})
})

var _ = Describe("A live reading", func() {
	It("adds an account that the changes do not tell of yet", func() {
		w := newWorld().settled(person("a"))
		w.tenant.Refresh(person("new"))
		Expect(w.heardIDs()).To(Equal([]string{"new"}))
		id, ok := w.tenant.ByName("new@contoso.com")
		Expect(ok).To(BeTrue())
		Expect(id).To(Equal("new"))
	})

	It("that finds nothing marks the account, until the changes tell of it", func() {
		w := newWorld().settled(person("a"))
		w.tenant.Remove("A")
		Expect(w.seen("a").Gone).To(Equal(inventory.GoneVanished))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		w.tenant.Remove("a")
		w.tenant.Remove("unknown")
		Expect(w.heardIDs()).To(BeEmpty())
		w.tell("r1", "r2", person("a"))
		Expect(w.seen("a").Gone).To(Equal(inventory.GoneNot))
	})

	Context("that differs from what the changes told, which a lagging replica may lack,", func() {
		var w *world
		enabled := func() directory.Tristate { return w.seen("a").User.Enabled }
		// asked are how often it was read live since the last time.
		asked := func() int {
			defer func() { w.graph.user.links = nil }()
			return len(w.graph.user.links)
		}
		BeforeEach(func() {
			w = newWorld().settled(person("a"))
			w.tell("r1", "r2", person("a", blocked))
			w.graph.users.pages["r2"] = &directory.UserChanges{Resume: "r2"}
			truth := person("a", blocked)
			w.graph.user.pages["a"] = &truth
		})

		It("is read again when no replica lags any more", func() {
			w.tenant.Refresh(person("a"))
			Expect(enabled()).To(Equal(directory.Yes))
			w.heard = nil
			Expect(w.sync().NextDue).To(Equal(w.clock.Now().Add(time.Minute)))
			w.clock.Step(time.Minute - time.Second)
			w.sync()
			Expect(asked()).To(BeZero())

			w.clock.Step(time.Second)
			w.sync()
			Expect(asked()).To(Equal(1))
			Expect(enabled()).To(Equal(directory.No))
			Expect(w.heardIDs()).To(Equal([]string{"a"}))

			By("until two agree")
			w.clock.Step(time.Minute)
			w.sync()
			Expect(asked()).To(Equal(1))
			w.clock.Step(time.Hour)
			w.sync()
			Expect(asked()).To(BeZero())
		})

		It("is not, when the changes tell more of it", func() {
			w.tenant.Refresh(person("a"))
			w.tell("r2", "r3", person("a", titled("Cook")))
			w.graph.users.pages["r3"] = &directory.UserChanges{Resume: "r3"}
			w.clock.Step(time.Minute)
			w.sync()
			Expect(asked()).To(BeZero())
			Expect(enabled()).To(Equal(directory.Yes))
		})

		It("is not, when it told what was known, or what the operator wrote", func() {
			w.tenant.Refresh(person("a", blocked))
			w.tenant.Expect("a", inventory.Expectation{Enabled: directory.Yes})
			w.tenant.Refresh(person("a", blocked))
			w.tenant.Refresh(person("a"))
			w.clock.Step(time.Minute)
			w.sync()
			Expect(asked()).To(BeZero())
		})

		It("is read again when it found nothing", func() {
			w.tenant.Remove("a")
			w.clock.Step(time.Minute)
			w.sync()
			Expect(asked()).To(Equal(1))
			Expect(w.seen("a").Gone).To(Equal(inventory.GoneNot))
		})

		It("is read again when it found what the changes said is gone", func() {
			w.graph.users.pages["r2"] = &directory.UserChanges{Removed: []directory.Removal{{ID: "a"}}, Resume: "r3"}
			w.graph.users.pages["r3"] = &directory.UserChanges{Resume: "r3"}
			w.sync()
			Expect(w.seen("a").Gone).To(Equal(inventory.GoneDeleted))
			w.tenant.Refresh(person("a", blocked))
			Expect(w.seen("a").Gone).To(Equal(inventory.GoneNot))
			delete(w.graph.user.pages, "a")
			w.clock.Step(time.Minute)
			w.sync()
			Expect(asked()).To(Equal(1))
			Expect(w.seen("a").Gone).To(Equal(inventory.GoneDeleted))
		})

		It("is read again however long that cannot be done", func() {
			w.tenant.Refresh(person("a"))
			w.graph.user.errors = slices.Repeat([]error{refusal(directory.KindThrottled)}, 20)
			for range 20 {
				w.clock.Step(time.Minute)
				Expect(w.sync().NextDue).To(Or(BeZero(), BeTemporally(">", w.clock.Now())), "at the pace of the syncs")
			}
			Expect(enabled()).To(Equal(directory.Yes))
			w.sync()
			Expect(enabled()).To(Equal(directory.No))
		})

		It("is believed when nobody may read it, and others are read all the same", func() {
			truth := person("z")
			w.graph.user.pages["z"] = &truth
			w.tell("r2", "r3", person("z", blocked))
			w.graph.users.pages["r3"] = &directory.UserChanges{Resume: "r3"}
			w.tenant.Refresh(person("a"))
			w.tenant.Refresh(person("z", titled("Cook")))
			w.graph.user.errors = []error{refusal(directory.KindForbidden)}
			w.clock.Step(time.Minute)
			w.sync()
			Expect(asked()).To(Equal(2))
			Expect(w.seen("z").User.JobTitle).To(BeEmpty())
			w.clock.Step(time.Minute)
			w.sync()
			Expect(w.graph.user.links).To(Equal([]string{"z"}))
			Expect(enabled()).To(Equal(directory.Yes))
		})

		It("is read again when it hid behind what the operator wrote", func() {
			w.tenant.Expect("a", inventory.Expectation{Enabled: directory.Yes})
			w.tell("r2", "r3", person("a"))
			w.graph.users.pages["r3"] = &directory.UserChanges{Resume: "r3"}
			truth := person("a")
			w.graph.user.pages["a"] = &truth
			Expect(w.tenant.Refresh(person("a", blocked))).To(Equal(inventory.ExpectationOpen))
			Expect(enabled()).To(Equal(directory.Yes))
			w.clock.Step(time.Minute)
			w.sync()
			Expect(asked()).To(Equal(1))
			w.clock.Step(time.Hour)
			w.sync()
			Expect(enabled()).To(Equal(directory.Yes))
		})
	})

	Context("that resolves a doubt, and may come from a lagging replica as well,", func() {
		var w *world
		BeforeEach(func() {
			w = newWorld().settled(person("a"))
			w.tenant.Expect("a", inventory.Expectation{Enabled: directory.No})
			w.tell("r1", "r2", person("a", blocked))
			w.clock.Step(20 * time.Second)
		})
		// later is an hour later.
		later := func() {
			GinkgoHelper()
			for range 30 {
				w.clock.Step(2 * time.Minute)
				w.sync()
			}
		}

		It("does not hide for ever that somebody undid what the operator wrote", func() {
			stale, truth := person("a", blocked), person("a")
			w.graph.user.pages["a"] = &stale
			w.tell("r2", "r3", person("a"))
			w.graph.users.pages["r3"] = &directory.UserChanges{Resume: "r3"}
			w.graph.user.pages["a"] = &truth
			later()
			Expect(w.seen("a").User.Enabled).To(Equal(directory.Yes))
		})

		It("does not hide for ever that an account is gone which the operator made", func() {
			w.tenant.Created(person("n"))
			w.tell("r2", "r3", person("n"))
			w.clock.Step(2 * time.Minute)
			stale := person("n")
			w.graph.user.pages["n"] = &stale
			w.graph.users.pages["r3"] = &directory.UserChanges{Removed: []directory.Removal{{ID: "n"}}, Resume: "r4"}
			w.graph.users.pages["r4"] = &directory.UserChanges{Resume: "r4"}
			w.sync()
			delete(w.graph.user.pages, "n")
			later()
			Expect(w.seen("n").Gone).NotTo(Equal(inventory.GoneNot))
		})
	})

	It("says nothing before the tenant is synced", func() {
		w := newWorld()
		w.tenant.Refresh(person("a"))
		w.tenant.Expect("a", inventory.Expectation{Enabled: directory.No})
		w.tenant.Remove("a")
		Expect(w.heard).To(BeEmpty())
		_, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
	})
})
