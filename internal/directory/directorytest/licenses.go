package directorytest

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// Subscriptions of which specs take seats. The two of Exchange exclude each other; the
// phone system needs a plan for calls that it does not bring.
const (
	office    = "SPE_E3"
	exchange  = "EXCHANGESTANDARD"
	exchange2 = "EXCHANGEENTERPRISE"
	phone     = "MCOEV"
)

// licensable opens a world with one account that can be given licences.
func (s *suite) licensable(subscriptions map[string]int) (w World, d directory.Directory, id string) {
	GinkgoHelper()
	w = s.open(Tenant{Subscriptions: subscriptions})
	id = w.AddAccount(Account{UserPrincipalName: "alice@" + w.Domain(), UsageLocation: "DE"})
	return w, w.Directory(), id
}

func add(sku directory.SKU, disabledPlans ...string) directory.LicenseChange {
	return directory.LicenseChange{Add: []directory.License{{SKU: sku.ID, DisabledPlans: disabledPlans}}}
}

func remove(sku directory.SKU) directory.LicenseChange {
	return directory.LicenseChange{Remove: []string{sku.ID}}
}

func (s *suite) assignsLicenses() {
	It("assigns, changes plans and removes", func(ctx SpecContext) {
		w, d, id := s.licensable(map[string]int{office: 2})
		sku := subscription(d, office)
		Expect(sku.Plans).NotTo(BeEmpty())
		plan := sku.Plans[0].ID

		do(d.AssignLicenses(ctx, id, add(sku, plan)))
		w.Settle()
		read := account(d, id)
		Expect(read.SKUs).To(HaveExactElements(sku.ID))
		Expect(read.Licenses).To(HaveExactElements(directory.LicenseAssignment{SKU: sku.ID, DisabledPlans: []string{plan}}))
		Expect(subscription(d, office).Consumed).To(BeEquivalentTo(1))
		Expect(everything(d.LicenseStates)).To(HaveExactElements(directory.User{ID: id, Licenses: read.Licenses}))

		do(d.AssignLicenses(ctx, id, add(sku)))
		w.Settle()
		Expect(account(d, id).Licenses).To(HaveExactElements(directory.LicenseAssignment{SKU: sku.ID}))
		Expect(subscription(d, office).Consumed).To(BeEquivalentTo(1))

		do(d.AssignLicenses(ctx, id, remove(sku)))
		w.Settle()
		Expect(account(d, id)).To(HaveValue(And(HaveField("SKUs", BeEmpty()), HaveField("Licenses", BeEmpty()))))
		Expect(subscription(d, office).Consumed).To(BeZero())
	})

	It("swaps licences that exclude each other in one call", func(ctx SpecContext) {
		w, d, id := s.licensable(map[string]int{exchange: 1, exchange2: 1})
		one, two := subscription(d, exchange), subscription(d, exchange2)
		do(d.AssignLicenses(ctx, id, add(one)))
		swap := add(two)
		swap.Remove = []string{one.ID}
		do(d.AssignLicenses(ctx, id, swap))
		w.Settle()
		Expect(account(d, id).SKUs).To(HaveExactElements(two.ID))
	})

	It("tells what a group gives, and what it could not give", func(ctx SpecContext) {
		w, d, id := s.licensable(map[string]int{office: 1})
		late := w.AddAccount(Account{UserPrincipalName: "late@" + w.Domain(), UsageLocation: "DE"})
		group := w.AddGroup(Group{DisplayName: "Licensed", Licenses: []string{office}})
		do(d.AddMember(ctx, group, id))
		w.Settle()
		do(d.AddMember(ctx, group, late))
		w.Settle()
		sku := subscription(d, office)
		Expect(account(d, id)).To(HaveValue(And(HaveField("SKUs", HaveExactElements(sku.ID)),
			HaveField("Licenses", HaveExactElements(directory.LicenseAssignment{SKU: sku.ID, Group: group})))))
		Expect(account(d, late)).To(HaveValue(And(HaveField("SKUs", BeEmpty()),
			HaveField("Licenses", HaveExactElements(directory.LicenseAssignment{SKU: sku.ID, Group: group, Error: "CountViolation"})))))
	})
}

func (s *suite) refusesLicenses() {
	refused := func(d directory.LicenseWriter, id string, change directory.LicenseChange, kinds ...directory.Kind) {
		GinkgoHelper()
		_, err := d.AssignLicenses(context.Background(), id, change)
		expectRefused(err, kinds...)
	}

	It("without a seat", func() {
		w, d, id := s.licensable(map[string]int{office: 1})
		bob := w.AddAccount(Account{UserPrincipalName: "bob@" + w.Domain(), UsageLocation: "DE"})
		do(d.AssignLicenses(context.Background(), bob, add(subscription(d, office))))
		refused(d, id, add(subscription(d, office)), directory.KindNoSeat)
	})

	It("without a usage location", func() {
		w := s.open(Tenant{Subscriptions: map[string]int{office: 1}})
		id := w.AddAccount(Account{UserPrincipalName: "alice@" + w.Domain()})
		refused(w.Directory(), id, add(subscription(w.Directory(), office)), directory.KindUsageLocation)
	})

	It("for plans that exclude or lack each other, wholly", func() {
		w, d, id := s.licensable(map[string]int{exchange: 1, exchange2: 1, phone: 1})
		both := add(subscription(d, exchange))
		both.Add = append(both.Add, add(subscription(d, exchange2)).Add...)
		refused(d, id, both, directory.KindPlanConflict)
		refused(d, id, add(subscription(d, phone)), directory.KindPlanConflict)
		w.Settle()
		Expect(account(d, id).SKUs).To(BeEmpty())
	})

	It("of a group, and those that are not there", func(ctx SpecContext) {
		w, d, id := s.licensable(map[string]int{office: 2})
		sku := subscription(d, office)
		refused(d, id, remove(sku), directory.KindNotFound)
		do(d.AddMember(ctx, w.AddGroup(Group{DisplayName: "Licensed", Licenses: []string{office}}), id))
		w.Settle()
		refused(d, id, remove(sku), directory.KindInherited)
	})

	It("of no subscription, to nobody, and no change at all", func() {
		_, d, id := s.licensable(map[string]int{office: 1})
		refused(d, id, add(directory.SKU{ID: nobody}), directory.KindInvalid)
		refused(d, nobody, add(subscription(d, office)), directory.KindNotFound)
		refused(d, id, directory.LicenseChange{}, directory.KindInvalid)
	})
}
