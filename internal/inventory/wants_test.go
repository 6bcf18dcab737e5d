package inventory_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

// wantCase is one kind of write: the account before it and after it.
type wantCase struct {
	want          inventory.Expectation
	before, after directory.User
}

func wantCases() map[string]wantCase {
	read := func(u *directory.User) { u.Profile = &directory.Profile{City: "Bern"} }
	grouped := directory.LicenseAssignment{SKU: "sku-2", Group: "g1"}
	return map[string]wantCase{
		"name": {
			want:   inventory.Expectation{UserPrincipalName: "anna@contoso.com"},
			before: person("a"),
			after:  person("a", named("anna@contoso.com")),
		},
		"attribute of the account": {
			want:   inventory.Expectation{Attributes: directory.Attributes{directory.AttributeJobTitle: "Cook"}},
			before: person("a", titled("Waiter")),
			after:  person("a", titled("Cook")),
		},
		"attributes of the profile, one of them cleared": {
			want: inventory.Expectation{Attributes: directory.Attributes{
				directory.AttributeCity: "", directory.AttributeMobilePhone: "+41 1",
			}},
			before: person("a", read),
			after:  person("a", func(u *directory.User) { u.Profile = &directory.Profile{MobilePhone: "+41 1"} }),
		},
		"licence added": {
			want:   inventory.Expectation{Licenses: &directory.LicenseChange{Add: []directory.License{{SKU: "SKU-1", DisabledPlans: []string{"p2", "P1"}}}}},
			before: person("a", ways(grouped)),
			after:  person("a", ways(directory.LicenseAssignment{SKU: "sku-1", DisabledPlans: []string{"p1", "p2"}}, grouped)),
		},
		"licence removed": {
			want:   inventory.Expectation{Licenses: &directory.LicenseChange{Remove: []string{"SKU-1"}}},
			before: person("a", ways(directory.LicenseAssignment{SKU: "sku-1"}, grouped)),
			after:  person("a", ways(grouped)),
		},
		"licence exchanged": {
			want:   inventory.Expectation{Licenses: &directory.LicenseChange{Add: []directory.License{{SKU: "sku-3"}}, Remove: []string{"sku-1"}}},
			before: person("a", ways(directory.LicenseAssignment{SKU: "sku-1"})),
			after:  person("a", ways(directory.LicenseAssignment{SKU: "sku-3"})),
		},
		"licence with other plans": {
			want:   inventory.Expectation{Licenses: &directory.LicenseChange{Add: []directory.License{{SKU: "sku-1"}}}},
			before: person("a", ways(directory.LicenseAssignment{SKU: "sku-1", DisabledPlans: []string{"p1"}})),
			after:  person("a", ways(directory.LicenseAssignment{SKU: "sku-1"})),
		},
	}
}

var _ = Describe("What the operator just wrote of an account", func() {
	for name, c := range wantCases() {
		Context(name, func() {
			var w *world
			BeforeEach(func() {
				w = newWorld().settled(c.before)
				w.tenant.Expect("a", c.want)
			})
			shown := func() directory.User {
				o := w.seen("a")
				Expect(o.SKUs).To(HaveLen(len(o.User.SKUs)))
				Expect(o.Licenses).To(HaveLen(len(o.User.Licenses)))
				return o.User
			}

			It("is shown at once", func() {
				Expect(shown()).To(Equal(c.after))
				Expect(w.heardIDs()).To(Equal([]string{"a"}))
				id, _ := w.tenant.ByName(c.after.UserPrincipalName)
				Expect(id).To(Equal("a"))
				Expect(w.tenant.Summary().Users).To(Equal(counted(w.tenant)))
			})

			It("is met by a reading that shows it, and changed by others after", func() {
				Expect(w.tenant.Refresh(c.after)).To(Equal(inventory.ExpectationMet))
				w.heard = nil
				other := c.before
				other.Surname = "Other"
				Expect(w.tenant.Refresh(other)).To(Equal(inventory.ExpectationBroken))
				Expect(shown()).To(Equal(other))
				Expect(w.heardIDs()).To(Equal([]string{"a"}))
			})

			It("is held against one that does not", func() {
				w.heard = nil
				Expect(w.tenant.Refresh(c.before)).To(Equal(inventory.ExpectationOpen))
				w.tell("r1", "r2", c.before)
				Expect(shown()).To(Equal(c.after))
				Expect(w.heardIDs()).To(BeEmpty())
			})

			It("is told from a late delivery by a live reading", func() {
				w.tell("r1", "r2", c.after)
				w.heard = nil
				live := c.after
				w.graph.user.pages["a"] = &live
				w.tell("r2", "r3", c.before)
				Expect(shown()).To(Equal(c.after))
				Expect(w.graph.user.links).To(Equal([]string{"a"}))
				Expect(w.heardIDs()).To(BeEmpty())
			})

			It("ends after ten minutes", func() {
				w.clock.Step(10 * time.Minute)
				Expect(shown()).To(Equal(c.before))
				w.sync()
				Expect(shown()).To(Equal(c.before))
			})
		})
	}

	It("adds up, and each step may come late", func() {
		w := newWorld().settled(person("a", ways()))
		w.tenant.Expect("a", inventory.Expectation{Attributes: directory.Attributes{directory.AttributeJobTitle: "Cook", directory.AttributeDepartment: "Kitchen"}})
		w.tenant.Expect("a", inventory.Expectation{Attributes: directory.Attributes{directory.AttributeUsageLocation: "DE"}})
		w.tenant.Expect("a", inventory.Expectation{Licenses: &directory.LicenseChange{Add: []directory.License{{SKU: "sku-1"}}}})
		w.tenant.Expect("a", inventory.Expectation{Licenses: &directory.LicenseChange{Add: []directory.License{{SKU: "sku-2"}}, Remove: []string{"sku-9"}}})
		steps := []directory.User{
			person("a", ways()),
			person("a", ways(), titled("Cook"), func(u *directory.User) { u.Department = "Kitchen" }),
			person("a", ways(directory.LicenseAssignment{SKU: "sku-1"}), titled("Cook"),
				func(u *directory.User) { u.Department, u.UsageLocation = "Kitchen", "DE" }),
		}
		final := person("a", ways(directory.LicenseAssignment{SKU: "sku-1"}, directory.LicenseAssignment{SKU: "sku-2"}), titled("Cook"),
			func(u *directory.User) { u.Department, u.UsageLocation = "Kitchen", "DE" })
		Expect(w.seen("a").User).To(Equal(final))
		w.graph.user.pages["a"] = &final
		w.heard = nil
		for _, user := range append(steps, final, steps[2], steps[0], final) {
			w.tell("r1", "r1", user)
			Expect(w.seen("a").User).To(Equal(final))
		}
		Expect(w.heardIDs()).To(BeEmpty())
	})

	It("may be taken back, and the first write come late", func() {
		w := newWorld().settled(person("a", ways()))
		for _, want := range []inventory.Expectation{
			{Attributes: directory.Attributes{directory.AttributeJobTitle: "Cook"}, UserPrincipalName: "x@contoso.com"},
			{Licenses: &directory.LicenseChange{Add: []directory.License{{SKU: "sku-1"}}}},
			{Licenses: &directory.LicenseChange{Remove: []string{"sku-1"}}},
			{Attributes: directory.Attributes{directory.AttributeJobTitle: ""}, UserPrincipalName: "a@contoso.com"},
		} {
			w.tenant.Expect("a", want)
		}
		live := person("a", ways())
		Expect(w.seen("a").User).To(Equal(live))
		w.graph.user.pages["a"] = &live
		w.heard = nil
		w.tell("r1", "r2", person("a", titled("Cook"), named("x@contoso.com"), ways(directory.LicenseAssignment{SKU: "sku-1"})))
		Expect(w.seen("a").User).To(Equal(live))
		Expect(w.heardIDs()).To(BeEmpty())
	})

	It("goes by the ids of licences when the ways were not read", func() {
		w := newWorld().settled(person("a", licensed("sku-1")))
		w.tenant.Expect("a", inventory.Expectation{Licenses: &directory.LicenseChange{Add: []directory.License{{SKU: "sku-2"}}, Remove: []string{"sku-1"}}})
		Expect(w.seen("a").User.SKUs).To(Equal([]string{"sku-2"}))
		Expect(w.seen("a").Licenses).To(BeNil())
		Expect(w.tenant.Refresh(person("a", licensed("sku-2")))).To(Equal(inventory.ExpectationMet))
	})

	It("keeps the licence that a group gives as well", func() {
		both := []directory.LicenseAssignment{{SKU: "sku-1"}, {SKU: "sku-1", Group: "g1"}}
		w := newWorld().settled(person("a", ways(both...), licensed("sku-1")))
		w.tenant.Expect("a", inventory.Expectation{Licenses: &directory.LicenseChange{Remove: []string{"sku-1"}}})
		Expect(w.seen("a").User.SKUs).To(Equal([]string{"sku-1"}))
		Expect(w.seen("a").Licenses).To(Equal([]inventory.License{{SKU: "sku-1", PartNumber: "sku-1", ViaGroup: "g1"}}))
	})

	It("leaves unknown what was not read", func() {
		w := newWorld().settled(person("a"))
		w.tenant.Expect("a", inventory.Expectation{Attributes: directory.Attributes{directory.AttributeCity: "Bern"}})
		Expect(w.seen("a").User.Profile).To(BeNil())
	})
})

var _ = Describe("A profile", func() {
	It("stays when a reading does not tell of it", func() {
		profile := func(u *directory.User) { u.Profile = &directory.Profile{City: "Bern", MobilePhone: "1"} }
		w := newWorld().settled(person("a", profile))
		w.tell("r1", "r2", person("a", titled("Cook")))
		Expect(*w.seen("a").User.Profile).To(Equal(directory.Profile{City: "Bern", MobilePhone: "1"}))
	})

	It("takes no memory of its own while it says the same", func() {
		shared := func(u *directory.User) { u.Profile = &directory.Profile{City: "Bern"} }
		own := func(u *directory.User) { u.Profile = &directory.Profile{City: "Bern", MobilePhone: "1"} }
		w := newWorld().settled(person("a", shared), person("b", shared), person("c", own))
		before := w.seen("c").User.Profile
		w.tell("r1", "r2", person("c", own, titled("Cook")))
		Expect(w.seen("c").User.Profile).To(BeIdenticalTo(before))
		Expect(w.seen("a").User.Profile).To(BeIdenticalTo(w.seen("b").User.Profile))
	})
})
