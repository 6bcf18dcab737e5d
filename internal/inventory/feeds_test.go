package inventory_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

var _ = Describe("A feed", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	// forced must succeed.
	forced := func() inventory.SyncResult {
		GinkgoHelper()
		result, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{Force: true})
		Expect(err).NotTo(HaveOccurred())
		return result
	}

	It("is read at the first sync, and then only when it is due", func() {
		w.settled(person("a"))
		for _, status := range w.tenant.Summary().Feeds {
			Expect(status.AsOf).To(Equal(epoch), string(status.Name))
			Expect(status.Reason).To(BeEmpty(), string(status.Name))
		}
		result := w.sync()
		Expect(w.graph.asked()).To(Equal(1), "a settled sync asks for the users' changes only")
		Expect(result.Changed).To(BeZero())
		Expect(result.NextDue).To(BeZero(), "nothing that cannot wait")
		w.clock.SetTime(result.NextFeed)
		w.sync()
		Expect(w.graph.asked()).To(BeNumerically(">", 2))
	})

	It("is read as often as it should be over a day", func() {
		w.settled(person("a"))
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a")}, Resume: "r1"}
		for at := epoch; !at.After(epoch.Add(48 * time.Hour)); at = at.Add(time.Minute) {
			w.clock.SetTime(at)
			w.sync()
		}
		perDay := func(links []string) float64 { return float64(len(links)) / 2 }
		Expect(perDay(w.graph.assignments.links)).To(BeNumerically("~", 24*6, 2))
		Expect(perDay(w.graph.registrations.links)).To(BeNumerically("~", 24, 2))
		Expect(perDay(w.graph.rooms.links)).To(BeNumerically("~", 4, 1))
		Expect(perDay(w.graph.signIns.links)).To(BeNumerically("~", 1, 0.5))
		Expect(w.graph.members.links).To(BeEmpty())
	})

	It("is read less often the more calls it takes, but once a day", func() {
		daily := func(pages int) int {
			w := newWorld()
			w.settled(person("a"))
			for i := range pages {
				page := &directory.Page[directory.Registration]{}
				if i+1 < pages {
					page.Next = fmt.Sprint(i + 1)
				}
				link := ""
				if i > 0 {
					link = fmt.Sprint(i)
				}
				w.graph.registrations.pages[link] = page
			}
			begin := len(w.graph.registrations.links)
			for at := epoch; !at.After(epoch.Add(10 * 24 * time.Hour)); at = at.Add(10 * time.Minute) {
				w.clock.SetTime(at)
				w.sync()
			}
			return (len(w.graph.registrations.links) - begin) / 10
		}
		Expect(daily(1)).To(BeNumerically("~", 24, 1))
		Expect(daily(11)).To(BeNumerically("~", 11*24, 22), "ten thousand people")
		Expect(daily(101)).To(BeNumerically("~", 144, 30), "a hundred thousand: a page in ten minutes")
		Expect(daily(1001)).To(BeNumerically("~", 1001, 110), "a million: once a day")
	})

	It("is read in time, however much there is, when safeguards rest on it", func() {
		w.settled(person("a"))
		const pages = 60
		for i := range pages {
			page := &directory.Page[directory.RoleAssignment]{}
			if i+1 < pages {
				page.Next = fmt.Sprint(i + 1)
			}
			link := ""
			if i > 0 {
				link = fmt.Sprint(i)
			}
			w.graph.assignments.pages[link] = page
		}
		w.clock.Step(10 * time.Minute)
		w.sync()
		Expect(w.feed(inventory.FeedRoles).NextDue).To(BeTemporally("<=", w.clock.Now().Add(10*time.Minute)))
	})

	It("is not read later since it was held up", func() {
		w.settled(person("a"))
		w.clock.SetTime(w.feed(inventory.FeedRegistrations).NextDue)
		for range 40 {
			w.graph.registrations.errors = []error{&directory.Error{Kind: directory.KindThrottled, RetryAfter: 10 * time.Second}}
			w.sync()
			w.clock.Step(11 * time.Second)
		}
		w.sync()
		Expect(w.feed(inventory.FeedRegistrations).AsOf).To(Equal(w.clock.Now()))
		Expect(w.feed(inventory.FeedRegistrations).NextDue).To(BeTemporally("<=", w.clock.Now().Add(time.Hour)))
	})

	It("spreads many tenants over its interval", func() {
		due := map[time.Time]int{}
		for i := range 300 {
			tenant := w.store.Tenant(types.NamespacedName{Namespace: fmt.Sprint("client-", i), Name: "tenant"})
			_, err := tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{})
			Expect(err).NotTo(HaveOccurred())
			for _, status := range tenant.Summary().Feeds {
				if status.Name != inventory.FeedSignIns {
					continue
				}
				Expect(status.NextDue).To(BeTemporally(">=", epoch.Add(6*time.Hour)))
				Expect(status.NextDue).To(BeTemporally("<=", epoch.Add(30*time.Hour)))
				due[status.NextDue.Truncate(time.Hour)]++
			}
		}
		for hour, tenants := range due {
			Expect(tenants).To(BeNumerically("<", 40), hour.String())
		}
	})

	It("keeps its moment over a restart", func() {
		w.settled(person("a"))
		other := newWorld()
		other.clock.SetTime(epoch.Add(3 * time.Hour))
		other.settled(person("a"))
		one, two := w.feed(inventory.FeedSignIns).NextDue, other.feed(inventory.FeedSignIns).NextDue
		Expect(two.Sub(one) % (24 * time.Hour)).To(BeZero())
	})

	It("in trouble fails neither the users nor the other feeds", func() {
		w.graph.organization.errors = []error{refusal(directory.KindTransient)}
		w.graph.assignments.errors = []error{throttled(5 * time.Minute)}
		w.settled(person("a"))
		Expect(w.tenant.Synced()).To(BeTrue())
		Expect(w.feed(inventory.FeedOrganization).NextDue).To(Equal(epoch.Add(30 * time.Second)))
		Expect(w.feed(inventory.FeedRoles).NextDue).To(Equal(epoch.Add(5 * time.Minute)))
		Expect(directory.KindOf(w.feed(inventory.FeedRoles).Err)).To(Equal(directory.KindThrottled))
		Expect(w.feed(inventory.FeedRoles).Reason).To(Equal(inventory.ReasonNotRead))
		Expect(w.feed(inventory.FeedSignIns).AsOf).To(Equal(epoch))

		By("trying again in time, not before")
		w.sync()
		Expect(w.graph.organization.links).To(BeEmpty())
		w.clock.SetTime(epoch.Add(5 * time.Minute))
		w.sync()
		Expect(w.feed(inventory.FeedOrganization).Err).NotTo(HaveOccurred())
		Expect(w.feed(inventory.FeedRoles).Reason).To(BeEmpty())
	})

	It("waits longer from failure to failure, and has its old data meanwhile", func() {
		w.graph.registrations.pages[""] = report(directory.Registration{ID: "a", MFARegistered: true})
		w.settled(person("a"))
		w.clock.SetTime(epoch.Add(90 * time.Minute))
		var waits []time.Duration
		for range 7 {
			w.graph.registrations.errors = []error{refusal(directory.KindTransient)}
			w.sync()
			status := w.feed(inventory.FeedRegistrations)
			Expect(status.Err).To(HaveOccurred())
			Expect(status.Reason).To(BeEmpty())
			waits = append(waits, status.NextDue.Sub(w.clock.Now()))
			w.clock.SetTime(status.NextDue)
		}
		Expect(waits).To(Equal([]time.Duration{
			30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute,
		}))
		Expect(w.seen("a").MFA.State).To(Equal(inventory.MFARegistered))
		Expect(w.heardIDs()).To(BeEmpty())

		By("starting over after a success")
		w.sync()
		Expect(w.feed(inventory.FeedRegistrations).Err).NotTo(HaveOccurred())
		w.clock.SetTime(w.feed(inventory.FeedRegistrations).NextDue)
		w.graph.registrations.errors = []error{refusal(directory.KindTransient)}
		w.sync()
		Expect(w.feed(inventory.FeedRegistrations).NextDue).To(Equal(w.clock.Now().Add(30 * time.Second)))
	})

	It("goes on with the page that failed", func() {
		w.graph.registrations.pages[""] = &directory.Page[directory.Registration]{
			Items: []directory.Registration{{ID: "a", MFARegistered: true}}, Next: "2",
		}
		w.graph.registrations.pages["2"] = report(directory.Registration{ID: "b", MFARegistered: true})
		w.graph.registrations.errors = []error{nil, throttled(time.Minute)}
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a"), person("b")}, Resume: "r1"}
		w.sync()
		Expect(w.seen("a").MFA.Reason).To(Equal(inventory.ReasonNotRead), "half a report says nothing")
		w.clock.SetTime(epoch.Add(time.Minute))
		w.sync()
		Expect(w.graph.registrations.links).To(Equal([]string{"", "2", "2"}))
		Expect(w.seen("a").MFA.State).To(Equal(inventory.MFARegistered))
		Expect(w.seen("b").MFA.State).To(Equal(inventory.MFARegistered))
	})

	It("begins anew when its next page is no longer there", func() {
		w.graph.rooms.pages[""] = &directory.Page[directory.Room]{Items: []directory.Room{{Mail: "x"}}, Next: "2"}
		w.graph.rooms.errors = []error{nil, refusal(directory.KindInvalid)}
		w.settled(person("a"))
		Expect(w.feed(inventory.FeedRooms).Reason).To(Equal(inventory.ReasonNotRead), "that is no refusal")
		w.clock.SetTime(epoch.Add(time.Minute))
		w.sync()
		Expect(w.graph.rooms.links).To(Equal([]string{"", "2"}))
		Expect(w.feed(inventory.FeedRooms).Reason).To(BeEmpty())
	})

	It("begins anew when half of it is too old", func() {
		w.graph.rooms.pages[""] = &directory.Page[directory.Room]{Next: "2"}
		w.graph.rooms.errors = []error{nil, throttled(7 * time.Hour)}
		w.settled(person("a"))
		w.clock.SetTime(epoch.Add(7 * time.Hour))
		w.sync()
		Expect(w.graph.rooms.links).To(Equal([]string{"", "2"}))
	})

	DescribeTable("that the tenant refuses is asked again after six hours",
		func(kind directory.Kind, reason inventory.Reason) {
			w.graph.registrations.errors = []error{refusal(kind)}
			w.settled(person("a"))
			Expect(w.feed(inventory.FeedRegistrations).Reason).To(Equal(reason))
			for at := epoch; at.Before(epoch.Add(6 * time.Hour)); at = at.Add(10 * time.Minute) {
				w.clock.SetTime(at)
				w.sync()
			}
			Expect(w.graph.registrations.links).To(BeEmpty())
			w.clock.SetTime(epoch.Add(6 * time.Hour))
			w.sync()
			Expect(w.graph.registrations.links).To(HaveLen(1))
			Expect(w.feed(inventory.FeedRegistrations).Reason).To(BeEmpty())
			Expect(w.heardIDs()).To(Equal([]string{"a"}))
		},
		Entry("for want of a licence", directory.KindPremiumRequired, inventory.ReasonPremiumRequired),
		Entry("for want of a permission", directory.KindForbidden, inventory.ReasonPermissionMissing),
		Entry("for another cause", directory.KindNotFound, inventory.ReasonUnavailable),
	)

	It("that the tenant refuses in part is asked for that part after six hours", func() {
		w.graph.eligibilities.errors = []error{refusal(directory.KindPremiumRequired)}
		w.graph.policies.errors = []error{refusal(directory.KindPremiumRequired)}
		w.graph.defaults.pages[""] = true
		w.settled(person("a"))
		Expect(w.tenant.Summary().Policies).To(Equal(inventory.Policies{
			SecurityDefaults: directory.Yes, ConditionalAccessReason: inventory.ReasonPremiumRequired,
		}))
		for at := epoch; at.Before(epoch.Add(6 * time.Hour)); at = at.Add(10 * time.Minute) {
			w.clock.SetTime(at)
			w.sync()
		}
		Expect(len(w.graph.assignments.links)).To(BeNumerically(">", 30))
		Expect(w.graph.eligibilities.links).To(BeEmpty())
		Expect(w.graph.policies.links).To(BeEmpty())
		w.clock.SetTime(epoch.Add(8 * time.Hour))
		w.sync()
		Expect(w.graph.eligibilities.links).To(HaveLen(1))
		Expect(w.graph.policies.links).To(HaveLen(1))
	})

	DescribeTable("that was refused is asked at once",
		func(again func()) {
			w.graph.registrations.errors = []error{refusal(directory.KindForbidden)}
			w.graph.eligibilities.errors = []error{refusal(directory.KindForbidden)}
			w.graph.skus.pages[""] = []directory.SKU{seats(1, "AAD_PREMIUM_P2")}
			w.settled(person("a"))
			w.sync()
			Expect(w.graph.registrations.links).To(BeEmpty())
			again()
			Expect(w.graph.registrations.links).To(HaveLen(1))
			Expect(w.graph.eligibilities.links).To(HaveLen(1))
			Expect(w.seen("a").Admin).To(Equal(directory.No))
			w.sync()
			Expect(w.graph.registrations.links).To(HaveLen(1))
		},
		Entry("on request", func() { forced() }),
		Entry("when the permissions changed", func() {
			w.tenant.Recheck()
			w.sync()
			Expect(w.graph.organization.links).To(BeEmpty(), "the others have nothing to do with it")
		}),
	)

	It("is read on request, all of them", func() {
		w.settled(person("a"))
		w.clock.SetTime(epoch.Add(time.Minute))
		result := forced()
		for _, status := range result.Feeds {
			Expect(status.AsOf).To(Equal(epoch.Add(time.Minute)), string(status.Name))
		}
	})

	It("is not read before the wait it was told is over, not even on request", func() {
		w.graph.users.errors = []error{throttled(5 * time.Minute)}
		w.graph.rooms.errors = []error{throttled(10 * time.Minute)}
		for _, at := range []time.Duration{0, 4 * time.Minute} {
			w.clock.SetTime(epoch.Add(at))
			_, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{Force: true})
			Expect(directory.KindOf(err)).To(Equal(directory.KindThrottled))
			Expect(directory.RetryAfter(err)).To(Equal(5*time.Minute - at))
		}
		w.clock.SetTime(epoch.Add(5 * time.Minute))
		forced()
		Expect(w.graph.users.links).To(HaveLen(2))
		Expect(w.graph.rooms.links).To(HaveLen(1))
		w.clock.SetTime(epoch.Add(10 * time.Minute))
		w.sync()
		Expect(w.graph.rooms.links).To(HaveLen(2))
	})

	It("is not asked for when the credentials are wrong", func() {
		w.graph.users.errors = []error{refusal(directory.KindCredentials)}
		result, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{})
		Expect(directory.KindOf(err)).To(Equal(directory.KindCredentials))
		Expect(w.graph.asked()).To(Equal(1))
		Expect(result.NextDue).To(BeTemporally(">", epoch.Add(10*time.Minute)), "nothing is due before that is mended")
	})

	It("is read although the users are throttled", func() {
		w.graph.users.errors = []error{throttled(time.Minute)}
		result, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{})
		Expect(directory.KindOf(err)).To(Equal(directory.KindThrottled))
		Expect(result.NextDue).To(Equal(epoch.Add(time.Minute)))
		Expect(w.feed(inventory.FeedOrganization).AsOf).To(Equal(epoch))
		Expect(w.tenant.Synced()).To(BeFalse())
	})

	It("counts no failure when the context ends", func() {
		ctx, cancel := context.WithCancel(context.Background())
		w.graph.rooms.during = func(string) { cancel() }
		_, err := w.tenant.Sync(ctx, w.graph, inventory.SyncRequest{})
		Expect(err).NotTo(HaveOccurred(), "the users were read")
		Expect(w.tenant.Synced()).To(BeTrue())
		Expect(w.feed(inventory.FeedRooms).Err).NotTo(HaveOccurred())
		w.graph.rooms.during = nil
		w.sync()
		Expect(w.feed(inventory.FeedRooms).AsOf).To(Equal(epoch))
	})
})

var _ = Describe("The users' feed", func() {
	It("says why it cannot be read", func() {
		w := newWorld()
		w.graph.users.errors = []error{refusal(directory.KindForbidden)}
		_, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{})
		Expect(directory.KindOf(err)).To(Equal(directory.KindForbidden))
		Expect(w.feed(inventory.FeedUsers).Reason).To(Equal(inventory.ReasonPermissionMissing))
		w.sync()
		Expect(w.feed(inventory.FeedUsers).Reason).To(BeEmpty())
		Expect(w.feed(inventory.FeedUsers).AsOf).To(Equal(epoch))
	})

	It("tells when a round last changed anything", func() {
		w := newWorld().settled(person("a"))
		w.clock.SetTime(epoch.Add(time.Minute))
		w.tell("r1", "r2", person("a"))
		Expect(w.feed(inventory.FeedUsers).ChangedAt).To(Equal(epoch))
		w.tell("r2", "r3", person("a", titled("Cook")))
		Expect(w.feed(inventory.FeedUsers).ChangedAt).To(Equal(epoch.Add(time.Minute)))
	})
})

var _ = Describe("A group that a sync is asked for", func() {
	var w *world
	BeforeEach(func() {
		w = newWorld().settled(person("a"), person("b"))
		w.graph.members.pages["g1"] = &directory.Page[string]{Items: []string{"A"}}
		w.graph.members.pages["g2"] = &directory.Page[string]{Items: []string{"b"}}
	})

	It("is read at once when it is new, then at its own pace", func() {
		Expect(w.tenant.InGroup("g1", "a")).To(Equal(directory.Unknown))
		w.sync("G1")
		Expect(w.tenant.InGroup("g1", "a")).To(Equal(directory.Yes))
		Expect(w.tenant.InGroup("G1", "b")).To(Equal(directory.No))
		w.sync("g1")
		Expect(w.graph.members.links).To(Equal([]string{"g1"}))
		w.sync("g1", "g2")
		Expect(w.tenant.InGroup("g2", "b")).To(Equal(directory.Yes))
		w.clock.SetTime(epoch.Add(15 * time.Minute))
		w.graph.members.pages["g1"] = &directory.Page[string]{}
		w.sync("g1", "g2")
		Expect(w.tenant.InGroup("g1", "a")).To(Equal(directory.No))
	})

	It("wakes those who join or leave, and everybody when it becomes known or unknown", func() {
		w.sync("g1")
		Expect(w.heardIDs()).To(Equal([]string{"a", "b"}))
		w.graph.members.pages["g1"] = &directory.Page[string]{Items: []string{"b"}}
		w.clock.SetTime(epoch.Add(15 * time.Minute))
		w.sync("g1")
		Expect(w.heardIDs()).To(Equal([]string{"a", "b"}))
		w.graph.members.pages["g1"] = &directory.Page[string]{Items: []string{"b", "a"}}
		w.clock.SetTime(epoch.Add(30 * time.Minute))
		w.sync("g1")
		Expect(w.heard).To(Equal([]inventory.Change{{ID: "a", Names: []string{"a@contoso.com"}, Identity: true}}))
		w.heard = nil
		w.clock.SetTime(epoch.Add(45 * time.Minute))
		w.sync("g1")
		Expect(w.heardIDs()).To(BeEmpty())
		w.graph.members.errors = []error{refusal(directory.KindForbidden)}
		w.clock.SetTime(epoch.Add(60 * time.Minute))
		w.sync("g1")
		Expect(w.heardIDs()).To(Equal([]string{"a", "b"}))
	})

	It("is unknown when it cannot be read, and the others are not", func() {
		w.graph.members.errors = []error{refusal(directory.KindForbidden)}
		w.sync("g1", "g2")
		Expect(w.tenant.InGroup("g1", "a")).To(Equal(directory.Unknown))
		Expect(w.tenant.InGroup("g2", "b")).To(Equal(directory.Yes))
		Expect(w.feed(inventory.FeedGroups).Reason).To(Equal(inventory.ReasonPermissionMissing))
	})

	It("is unknown when it is gone", func() {
		w.sync("g1", "gone")
		Expect(w.tenant.InGroup("gone", "a")).To(Equal(directory.Unknown))
		Expect(w.feed(inventory.FeedGroups).Reason).To(Equal(inventory.ReasonUnavailable))
	})

	It("is forgotten when nobody asks for it", func() {
		w.sync("g1")
		w.sync()
		Expect(w.tenant.InGroup("g1", "a")).To(Equal(directory.Unknown))
		for _, status := range w.tenant.Summary().Feeds {
			Expect(status.Name).NotTo(Equal(inventory.FeedGroups))
		}
	})

	It("honours the wait it was told", func() {
		w.graph.members.errors = []error{throttled(time.Minute)}
		w.sync("g1")
		w.sync("g1")
		Expect(w.graph.members.links).To(HaveLen(1))
		w.clock.SetTime(epoch.Add(time.Minute))
		w.sync("g1")
		Expect(w.tenant.InGroup("g1", "a")).To(Equal(directory.Yes))
	})
})
