package inventory_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

var withMail = mail("a@contoso.com")

var _ = Describe("The account's type, by its mailbox", func() {
	room := func(r *fakeReader) {
		r.rooms.pages[""] = &directory.Page[directory.Room]{Items: []directory.Room{{Mail: "a@contoso.com"}}}
	}
	service := func(r *fakeReader) {
		r.assignments.pages[""] = holdings(holds("a", inventory.DirectorySynchronizationAccounts))
	}
	DescribeTable("is told by its purpose",
		func(user directory.User, purpose directory.MailboxPurpose, prepare func(*fakeReader), expected inventory.AccountType, calls int) {
			w := newWorld()
			w.graph.purposes.pages["a"] = purpose
			if prepare != nil {
				prepare(w.graph)
			}
			w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{user}, Resume: "r1"}
			w.sync()
			w.sync()
			Expect(w.seen("a").Type).To(Equal(expected))
			Expect(w.graph.purposes.links).To(HaveLen(calls))
			if reason := w.seen("a").MFA.Reason; expected != inventory.AccountPerson && expected != inventory.AccountUnknown {
				Expect(string(reason)).To(Equal(string(expected)))
				Expect(w.seen("a").MFA.State).To(Equal(inventory.MFANotApplicable))
			}
		},
		Entry("a user's", person("a", withMail), directory.MailboxUser, nil, inventory.AccountPerson, 1),
		Entry("a linked one", person("a", withMail), directory.MailboxLinked, nil, inventory.AccountPerson, 1),
		Entry("others", person("a", withMail), directory.MailboxOthers, nil, inventory.AccountPerson, 1),
		Entry("none", person("a", withMail), directory.MailboxNone, nil, inventory.AccountPerson, 1),
		Entry("shared", person("a", withMail), directory.MailboxShared, nil, inventory.AccountShared, 1),
		Entry("a room's", person("a", withMail), directory.MailboxRoom, nil, inventory.AccountRoom, 1),
		Entry("equipment", person("a", withMail), directory.MailboxEquipment, nil, inventory.AccountEquipment, 1),
		Entry("a room's, by the list of rooms", person("a", withMail), directory.MailboxUser, room, inventory.AccountRoom, 0),
		Entry("no address", person("a"), directory.MailboxShared, nil, inventory.AccountPerson, 0),
		Entry("a guest's address", person("a", withMail, guest), directory.MailboxShared, nil, inventory.AccountGuest, 0),
		Entry("a synchronization account's", person("a", withMail), directory.MailboxShared, service, inventory.AccountService, 0),
		Entry("rooms refused", person("a", withMail), directory.MailboxUser, func(r *fakeReader) {
			r.rooms.errors = []error{refusal(directory.KindForbidden)}
		}, inventory.AccountPerson, 1),
		Entry("no such service", person("a", withMail), directory.MailboxUser, func(r *fakeReader) {
			r.purposes.errors = []error{refusal(directory.KindUnavailable)}
		}, inventory.AccountPerson, 1),
		Entry("throttled", person("a", withMail), directory.MailboxUser, func(r *fakeReader) {
			r.purposes.errors = []error{throttled(time.Minute)}
		}, inventory.AccountUnknown, 1),
		Entry("not permitted", person("a", withMail), directory.MailboxUser, func(r *fakeReader) {
			r.purposes.errors = []error{refusal(directory.KindForbidden)}
		}, inventory.AccountUnknown, 1),
		Entry("roles not permitted", person("a", withMail), directory.MailboxUser, func(r *fakeReader) {
			r.definitions.errors = []error{refusal(directory.KindForbidden)}
		}, inventory.AccountUnknown, 1),
		Entry("shared, roles not permitted", person("a", withMail), directory.MailboxShared, func(r *fakeReader) {
			r.definitions.errors = []error{refusal(directory.KindForbidden)}
		}, inventory.AccountShared, 1),
	)
})

var _ = Describe("Mailboxes", func() {
	It("are read some at a time, the newest first, each once", func() {
		w := newWorld()
		var users []directory.User
		for i := range 120 {
			users = append(users, person(fmt.Sprintf("%03d", i), withMail))
		}
		w.graph.users.pages[""] = &directory.UserChanges{Users: users, Resume: "r1"}
		Expect(w.sync().NextDue).To(Equal(epoch))
		Expect(w.graph.purposes.links).To(BeEmpty(), "the tenant is synced first")

		result := w.sync()
		Expect(w.graph.purposes.links).To(HaveLen(50))
		Expect(w.graph.purposes.links[0]).To(Equal("119"))
		Expect(w.feed(inventory.FeedMailboxes).Reason).To(Equal(inventory.ReasonNotRead))
		Expect(result.NextDue).To(Equal(epoch.Add(10 * time.Second)))

		w.tell("r1", "r2", person("new", withMail))
		Expect(w.graph.purposes.links).To(HaveLen(100))
		Expect(w.graph.purposes.links[50]).To(Equal("new"))

		w.sync()
		Expect(w.graph.purposes.links).To(HaveLen(121))
		Expect(w.feed(inventory.FeedMailboxes).Reason).To(BeEmpty())
		Expect(w.seen("000").Type).To(Equal(inventory.AccountPerson))

		w.heard = nil
		w.clock.Step(3 * time.Hour)
		w.sync()
		Expect(w.graph.purposes.links).To(HaveLen(121))
		Expect(w.feed(inventory.FeedMailboxes).AsOf).To(Equal(w.clock.Now()))
	})

	It("may be recalled before their accounts are known", func() {
		w := newWorld()
		w.tenant.RecallPurpose("A", directory.MailboxShared)
		w.tenant.RecallPurpose("nomail", directory.MailboxUser)
		w.settled(person("a", withMail), person("nomail"))
		Expect(w.seen("a").Type).To(Equal(inventory.AccountShared))
		w.sync()
		Expect(w.graph.purposes.links).To(BeEmpty())

		By("forgetting it of an account that gets its first address later")
		w.graph.purposes.pages["nomail"] = directory.MailboxRoom
		w.tell("r1", "r2", person("nomail", mail("room@contoso.com")))
		Expect(w.seen("nomail").Type).To(Equal(inventory.AccountRoom))
	})

	It("need not be read of which an earlier process tells", func() {
		w := newWorld()
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{
			person("a", withMail), person("b", mail("b@contoso.com")), person("nomail"),
		}, Resume: "r1"}
		w.sync()
		w.heard = nil
		w.tenant.RecallPurpose("A", directory.MailboxShared)
		w.tenant.RecallPurpose("nomail", directory.MailboxShared)
		w.tenant.RecallPurpose("x", directory.MailboxShared)
		w.tenant.RecallPurpose("b", "")
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		Expect(w.seen("a").Type).To(Equal(inventory.AccountShared))
		Expect(w.seen("nomail").Type).To(Equal(inventory.AccountPerson))
		w.sync()
		Expect(w.graph.purposes.links).To(Equal([]string{"b"}))

		By("ignoring it once the mailbox was read")
		w.tenant.RecallPurpose("b", directory.MailboxRoom)
		Expect(w.seen("b").Type).To(Equal(inventory.AccountPerson))

		By("reading it again when asked to")
		w.graph.purposes.pages["a"] = directory.MailboxEquipment
		w.tenant.AskPurpose("A")
		w.tenant.AskPurpose("x")
		w.sync()
		Expect(w.graph.purposes.links).To(Equal([]string{"b", "a"}))
		Expect(w.seen("a").Type).To(Equal(inventory.AccountEquipment))
		w.sync()
		Expect(w.graph.purposes.links).To(HaveLen(2))
	})

	DescribeTable("are read again when they may have been converted",
		func(change func(*directory.User), calls int, expected inventory.AccountType) {
			w := newWorld().settled(person("a", withMail, licensed("sku-1")))
			w.graph.purposes.pages["a"] = directory.MailboxShared
			w.tell("r1", "r2", person("a", withMail, licensed("sku-1"), change))
			Expect(w.graph.purposes.links).To(HaveLen(calls))
			Expect(w.seen("a").Type).To(Equal(expected))
		},
		Entry("blocked", blocked, 1, inventory.AccountShared),
		Entry("without a licence", licensed(), 1, inventory.AccountShared),
		Entry("another address", mail("b@contoso.com"), 1, inventory.AccountShared),
		Entry("another title", titled("Cook"), 0, inventory.AccountPerson),
	)

	It("stop at a refusal, and are asked for after six hours", func() {
		w := newWorld()
		w.graph.purposes.errors = []error{refusal(directory.KindForbidden)}
		w.settled(person("a", withMail), person("b", mail("b@contoso.com")))
		Expect(w.feed(inventory.FeedMailboxes).Reason).To(Equal(inventory.ReasonPermissionMissing))
		w.tenant.AskPurpose("a")
		w.clock.Step(time.Hour)
		w.sync()
		Expect(w.graph.purposes.links).To(BeEmpty())
		w.clock.Step(5 * time.Hour)
		w.sync()
		Expect(w.graph.purposes.links).To(HaveLen(2))
	})

	It("of accounts that are not found are asked for later, the others at once", func() {
		w := newWorld()
		w.graph.purposes.errors = []error{refusal(directory.KindNotFound)}
		w.settled(person("a", withMail), person("b", mail("b@contoso.com")))
		Expect(w.seen("a").Type).To(Equal(inventory.AccountPerson))
		Expect(w.seen("b").Type).To(Equal(inventory.AccountUnknown), "it was the first")
		w.sync()
		Expect(w.graph.purposes.links).To(BeEmpty())
		w.clock.Step(15 * time.Minute)
		w.sync()
		Expect(w.graph.purposes.links).To(Equal([]string{"b"}))
	})

	It("go on after throttling with those that were not read", func() {
		w := newWorld()
		w.graph.purposes.errors = []error{nil, throttled(time.Minute)}
		w.settled(person("a", withMail), person("b", mail("b@contoso.com")))
		w.sync()
		Expect(w.graph.purposes.links).To(BeEmpty())
		w.clock.Step(time.Minute)
		w.sync()
		Expect(w.graph.purposes.links).To(Equal([]string{"a"}))
		Expect(w.seen("b").Type).To(Equal(inventory.AccountPerson))
	})

	It("of accounts that are gone are not read", func() {
		w := newWorld().settled(person("a", withMail))
		w.tenant.AskPurpose("a")
		w.tenant.Remove("a")
		w.sync()
		Expect(w.graph.purposes.links).To(BeEmpty())
	})
})
