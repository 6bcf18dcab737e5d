package inventory

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/m365-operator/m365-operator/internal/directory"
)

var _ = Describe("What many accounts share", func() {
	someone := func(id, title, plan string) directory.User {
		return directory.User{
			ID: id, UserPrincipalName: id + "@contoso.com", Enabled: directory.Yes, JobTitle: title, SKUs: []string{"sku"},
			Licenses: []directory.LicenseAssignment{{SKU: "sku", DisabledPlans: []string{plan}}},
			Profile:  &directory.Profile{OfficeLocation: "office of " + title},
		}
	}
	var (
		clock  *clocktesting.FakePassiveClock
		tenant *Tenant
	)
	deliver := func(user directory.User) {
		tenant.write(func(w *writer) { w.deliver(user, fromLive) })
	}
	BeforeEach(func() {
		clock = clocktesting.NewFakePassiveClock(time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC))
		tenant = New(Options{Clock: clock}).Tenant(types.NamespacedName{Namespace: "contoso", Name: "contoso"})
	})

	It("is forgotten when no account has it any more", func() {
		for i := range 100 {
			deliver(someone("alice", fmt.Sprint("title ", i), fmt.Sprint("plan ", i)))
		}
		Expect(tenant.interned.strings).To(HaveKey("title 0"))

		tenant.forgetUnused()

		Expect(tenant.interned.strings).To(HaveLen(4)) // title, office, product and plan
		Expect(tenant.interned.lists).To(HaveLen(2))
		Expect(tenant.interned.assignments).To(HaveLen(1))
		Expect(tenant.interned.profiles).To(HaveLen(1))
		Expect(tenant.facts.licenses).To(HaveLen(1))
		Expect(tenant.facts.parts).To(HaveLen(1))
	})

	It("stays at one address for those who come later", func() {
		deliver(someone("alice", "Accountant", "plan"))
		tenant.forgetUnused()
		deliver(someone("bob", "Accountant", "plan"))

		alice, bob := &tenant.accounts["alice"].shown, &tenant.accounts["bob"].shown
		Expect(&bob.User.SKUs[0]).To(BeIdenticalTo(&alice.User.SKUs[0]))
		Expect(&bob.User.Licenses[0]).To(BeIdenticalTo(&alice.User.Licenses[0]))
		Expect(bob.User.Profile).To(BeIdenticalTo(alice.User.Profile))
		Expect(&bob.Licenses[0]).To(BeIdenticalTo(&alice.Licenses[0]))
	})

	It("stays while it is only expected", func() {
		deliver(someone("alice", "Accountant", "plan"))
		tenant.Expect("alice", Expectation{Attributes: directory.Attributes{directory.AttributeJobTitle: "Boss"}})
		tenant.forgetUnused()
		Expect(tenant.interned.strings).To(HaveKey("Accountant"))
		Expect(tenant.interned.strings).To(HaveKey("Boss"))
	})

	DescribeTable("an account that is gone", func(permanent bool, remembered time.Duration) {
		deliver(someone("alice", "Accountant", "plan"))
		remove := func(permanent bool) {
			tenant.write(func(w *writer) {
				w.round.number++
				w.removeBy(directory.Removal{ID: "alice", Permanent: permanent})
			})
		}
		remove(false)
		clock.SetTime(clock.Now().Add(10 * 24 * time.Hour))
		if permanent {
			remove(true)
		}
		forgetAfter := func(d time.Duration) {
			clock.SetTime(clock.Now().Add(d))
			(&run{Tenant: tenant}).forgetPurged()
		}

		forgetAfter(remembered)
		Expect(tenant.accounts).To(HaveLen(1))
		forgetAfter(2 * time.Second)
		Expect(tenant.accounts).To(BeEmpty())
		Expect(tenant.order).To(BeEmpty())
	},
		Entry("is remembered as long as it can be restored", false, 20*24*time.Hour),
		Entry("is forgotten a day after it is gone for good", true, 24*time.Hour),
	)
})
