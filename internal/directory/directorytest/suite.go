package directorytest

import (
	"context"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// nobody is an object id that nothing has.
const nobody = "11111111-2222-3333-4444-555555555555"

// premium is a subscription to everything that reports and policies need.
const premium = "AAD_PREMIUM_P2"

// suite makes a world for each spec.
type suite struct {
	open func(Tenant) World
}

// DescribeDirectory adds the specs of a provider to the suite that calls it. open makes
// a world of its own at each call.
func DescribeDirectory(provider string, open func(Tenant) World) bool {
	s := &suite{open: open}
	return Context(provider+" as a directory", func() {
		Context("reading accounts", s.readsAccounts)
		Context("following accounts", s.followsAccounts)
		Context("looking for a name", s.looksForNames)
		Context("making, renaming and deleting accounts", s.keepsAccounts)
		Context("writing profiles", s.writesProfiles)
		Context("deciding who signs in", s.decidesSignIns)
		Context("issuing passes", s.issuesPasses)
		Context("writing managers", s.writesManagers)
		Context("assigning licences", s.assignsLicenses)
		Context("refusing licences", s.refusesLicenses)
		Context("writing memberships", s.writesMemberships)
		Context("following groups", s.followsGroups)
		Context("finding groups", s.findsGroups)
		Context("assigning applications", s.assignsApplications)
		Context("assigning roles", s.assignsRoles)
		Context("reading one person", s.readsPersons)
		Context("reading reports", s.readsReports)
		Context("reading the tenant", s.readsTenants)
		Context("refused", s.isRefused)
		Context("failing", s.fails)
	})
}

// person opens a world with one account.
func (s *suite) person() (w World, d directory.Directory, id string) {
	GinkgoHelper()
	w = s.open(Tenant{})
	id = w.AddAccount(Account{UserPrincipalName: "alice@" + w.Domain()})
	return w, w.Directory(), id
}

// do is a change that must succeed and leave a receipt.
func do(receipt directory.Receipt, err error) {
	GinkgoHelper()
	Expect(err).NotTo(HaveOccurred())
	Expect(receipt.RequestID).NotTo(BeEmpty())
	Expect(receipt.Time).NotTo(BeZero())
}

// expectRefused is an error of one of the kinds, after which nothing was done.
func expectRefused(err error, kinds ...directory.Kind) {
	GinkgoHelper()
	Expect(err).To(HaveOccurred())
	Expect(directory.KindOf(err)).To(BeElementOf(kinds), "%v", err)
	Expect(directory.OutcomeUnknown(err)).To(BeFalse(), "%v", err)
}

// everything reads all pages.
func everything[T any](read func(ctx context.Context, link string) (*directory.Page[T], error)) []T {
	GinkgoHelper()
	var items []T
	for link := ""; ; {
		page, err := read(context.Background(), link)
		Expect(err).NotTo(HaveOccurred())
		items = append(items, page.Items...)
		if link = page.Next; link == "" {
			return items
		}
	}
}

// of binds the id that a reading is about.
func of[T any](read func(context.Context, string, string) (*directory.Page[T], error), id string) func(context.Context, string) (*directory.Page[T], error) {
	return func(ctx context.Context, link string) (*directory.Page[T], error) { return read(ctx, id, link) }
}

// account reads an account that must be there.
func account(d directory.UserReader, key string) *directory.User {
	GinkgoHelper()
	user, err := d.User(context.Background(), key)
	Expect(err).NotTo(HaveOccurred())
	return user
}

// subscription is the tenant's subscription with a part number.
func subscription(d directory.TenantReader, partNumber string) directory.SKU {
	GinkgoHelper()
	skus, err := d.SKUs(context.Background())
	Expect(err).NotTo(HaveOccurred())
	for _, sku := range skus {
		if strings.EqualFold(sku.PartNumber, partNumber) {
			return sku
		}
	}
	Fail("the tenant has no subscription " + partNumber)
	return directory.SKU{}
}
