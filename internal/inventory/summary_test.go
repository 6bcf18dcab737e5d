package inventory_test

import (
	"math/rand"
	"slices"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

// counted is what the summary must say, counted from the accounts.
func counted(t *inventory.Tenant) inventory.Counts {
	counts := inventory.Counts{AdminsKnown: true}
	count := func(condition bool, n *int) {
		if condition {
			*n++
		}
	}
	t.Range(func(o inventory.Observation) bool {
		guest, active, suspended := o.User.UserType == "Guest", o.User.Enabled == directory.Yes, o.User.Enabled == directory.No
		count(true, &counts.Total)
		count(guest, &counts.Guests)
		count(!guest, &counts.Members)
		count(active, &counts.Active)
		count(suspended, &counts.Suspended)
		count(o.Admin == directory.Yes, &counts.Admins)
		count(o.MFA.State == inventory.MFARegistered, &counts.MFARegistered)
		count(o.MFA.State == inventory.MFANotRegistered, &counts.MFANotRegistered)
		count(o.MFA.State == inventory.MFANotApplicable, &counts.MFANotApplicable)
		count(o.MFA.State == inventory.MFAUnknown, &counts.MFAUnknown)
		count(o.Licensed == directory.Yes, &counts.Licensed)
		count(o.Licensed == directory.No, &counts.Unlicensed)
		count(suspended && o.Licensed == directory.Yes, &counts.SuspendedLicensed)
		count(slices.ContainsFunc(o.Licenses, func(l inventory.License) bool { return l.Error != "" }), &counts.LicenseErrors)
		counts.AdminsKnown = counts.AdminsKnown && o.Admin != directory.Unknown
		return true
	})
	return counts
}

var _ = Describe("The summary", func() {
	It("tells of a tenant that was not read", func() {
		summary := newWorld().tenant.Summary()
		Expect(summary.Users).To(Equal(inventory.Counts{}))
		Expect(summary.Organization).To(BeNil())
		Expect(summary.Policies.ConditionalAccessReason).To(Equal(inventory.ReasonNotRead))
		Expect(summary.Feeds).To(HaveLen(14))
		for _, status := range summary.Feeds {
			Expect(status.Reason).To(Equal(inventory.ReasonNotRead))
		}
	})

	It("counts", func() {
		w := newWorld()
		w.graph.assignments.pages[""] = holdings(holds("a", "r"))
		w.graph.registrations.pages[""] = report(
			directory.Registration{ID: "a", MFARegistered: true}, directory.Registration{ID: "b"}, directory.Registration{ID: "blocked"})
		w.settled(person("a", licensed("sku-1")), person("b"), person("new"),
			person("guest", guest), person("blocked", blocked, licensed("sku-1")))
		Expect(w.tenant.Summary().Users).To(Equal(inventory.Counts{
			Total: 5, Members: 4, Guests: 1, Active: 4, Suspended: 1, Admins: 1, AdminsKnown: true,
			MFARegistered: 1, MFANotRegistered: 1, MFAUnknown: 1, MFANotApplicable: 2,
			Licensed: 2, Unlicensed: 3, SuspendedLicensed: 1,
		}))
	})

	It("holds the tenant's own facts, in order", func() {
		w := newWorld()
		w.graph.domains.pages[""] = []directory.Domain{{Name: "b.com", Verified: true}, {Name: "x.com"}, {Name: "a.com", Verified: true}}
		w.graph.skus.pages[""] = []directory.SKU{{ID: "2", PartNumber: "SPE_E3"}, {ID: "1", PartNumber: "FLOW_FREE"}}
		w.graph.policies.pages[""] = &directory.Page[directory.ConditionalAccessPolicy]{Items: []directory.ConditionalAccessPolicy{
			{DisplayName: "Report", State: "enabledForReportingButNotEnforced", DemandsMFA: true},
			{DisplayName: "Block legacy", State: "enabled"},
			{DisplayName: "All users", State: "enabled", DemandsMFA: true},
		}}
		w.settled(person("a"))
		summary := w.tenant.Summary()
		Expect(summary.Organization.DisplayName).To(Equal("Contoso"))
		Expect(summary.Domains).To(Equal([]directory.Domain{{Name: "a.com", Verified: true}, {Name: "b.com", Verified: true}}))
		Expect(summary.SKUs[0].PartNumber).To(Equal("FLOW_FREE"))
		Expect(summary.Policies).To(Equal(inventory.Policies{
			SecurityDefaults: directory.No,
			ConditionalAccess: []directory.ConditionalAccessPolicy{
				{DisplayName: "All users", State: "enabled", DemandsMFA: true},
				{DisplayName: "Report", State: "enabledForReportingButNotEnforced", DemandsMFA: true},
			},
		}))
	})

	It("keeps domains and licences that can no longer be read, and says so", func() {
		w := newWorld()
		w.graph.domains.pages[""] = []directory.Domain{{Name: "contoso.com", Verified: true}}
		w.graph.skus.pages[""] = []directory.SKU{{ID: "sku-1", PartNumber: "SPE_E3"}}
		w.settled(person("a", licensed("sku-1")))
		w.graph.domains.errors = []error{refusal(directory.KindForbidden)}
		w.graph.skus.errors = []error{refusal(directory.KindForbidden)}
		w.clock.SetTime(epoch.Add(2 * time.Hour))
		w.sync()
		Expect(w.tenant.Summary().Domains).To(HaveLen(1))
		Expect(w.feed(inventory.FeedOrganization).Reason).To(Equal(inventory.ReasonPermissionMissing))
		Expect(w.feed(inventory.FeedLicenses).Reason).To(Equal(inventory.ReasonPermissionMissing))
		Expect(w.seen("a").SKUs).To(Equal([]string{"SPE_E3"}))
		Expect(w.heardIDs()).To(BeEmpty())
	})

	It("agrees with the accounts after any course of events", func() {
		random := rand.New(rand.NewSource(GinkgoRandomSeed()))
		w := newWorld().settled()
		link := "r1"
		for step := range 300 {
			next := "s" + strconv.Itoa(step)
			page := &directory.UserChanges{Resume: next}
			for range random.Intn(5) {
				id := strconv.Itoa(random.Intn(12))
				user := person(id)
				user.Enabled = directory.Tristate(random.Intn(3))
				if random.Intn(3) == 0 {
					guest(&user)
				}
				if random.Intn(2) == 0 {
					user.SKUs = []string{"sku-1"}
				}
				switch random.Intn(6) {
				case 0:
					page.Removed = append(page.Removed, directory.Removal{ID: id})
				case 1:
					w.tenant.Expect(id, inventory.Expectation{Enabled: directory.No})
				case 2:
					w.tenant.Refresh(user)
				case 3:
					w.graph.registrations.pages[""] = report(directory.Registration{ID: id, MFARegistered: step%2 == 0})
					w.graph.assignments.pages[""] = holdings(holds(strconv.Itoa(random.Intn(12)), "r"))
				default:
					page.Users = append(page.Users, user)
				}
			}
			w.graph.users.pages[link], link = page, next
			w.clock.Step(time.Duration(random.Intn(10)) * time.Minute)
			w.sync()
			Expect(w.tenant.Summary().Users).To(Equal(counted(w.tenant)), "step %d", step)
		}
	})
})

var _ = Describe("The store", func() {
	It("knows tenants apart, and forgets", func() {
		w := newWorld().settled(person("a"))
		other := types.NamespacedName{Namespace: "fabrikam", Name: "fabrikam"}
		_, ok := w.store.Lookup(other)
		Expect(ok).To(BeFalse())
		_, ok = w.store.Tenant(other).ByID("a")
		Expect(ok).To(BeFalse())
		Expect(w.store.Tenant(contoso)).To(BeIdenticalTo(w.tenant))

		w.store.Forget(contoso)
		_, ok = w.store.Lookup(contoso)
		Expect(ok).To(BeFalse())
		w.tenant.Refresh(person("b"))
		Expect(w.heard).To(BeEmpty(), "a forgotten tenant is silent")
		Expect(w.store.Tenant(contoso).Synced()).To(BeFalse())
	})

	It("tells every subscriber, outside its locks", func() {
		w := newWorld()
		var seen []inventory.Observation
		w.store.Subscribe(func(key types.NamespacedName, changes []inventory.Change) {
			for _, change := range changes {
				o, _ := w.store.Tenant(key).ByID(change.ID)
				w.store.Tenant(key).Expect(change.ID, inventory.Expectation{})
				seen = append(seen, o)
			}
		})
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a")}, Resume: "r1"}
		w.sync()
		Expect(seen).NotTo(BeEmpty())
		Expect(seen[0].User.ID).To(Equal("a"))
	})

	It("goes through the accounts that are there, until told to stop", func() {
		users := make([]directory.User, 0, 200)
		for i := range 200 {
			users = append(users, person(strconv.Itoa(i)))
		}
		w := newWorld().settled(users...)
		w.tenant.Remove("7")
		n := 0
		w.tenant.Range(func(inventory.Observation) bool { n++; return true })
		Expect(n).To(Equal(199))
		n = 0
		w.tenant.Range(func(inventory.Observation) bool { n++; return n < 70 })
		Expect(n).To(Equal(70))
	})
})
