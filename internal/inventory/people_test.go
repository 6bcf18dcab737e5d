package inventory_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

var _ = Describe("Applications", func() {
	var w *world
	BeforeEach(func() {
		w = newWorld()
		pagesOfGroups(w, "", "g1", page(group("g1", "a", "b"), group("g2", "c")))
		w.graph.applications.pages["app"] = &portal
		w.graph.assigned.pages["app"] = &directory.Page[directory.AppRoleAssignment]{
			Items: []directory.AppRoleAssignment{assigned("A", "r-user"), assigned("g1", "R-ADMIN")}, Next: "/2",
		}
		w.graph.assigned.pages["app/2"] = assignments(assigned("b", directory.DefaultAppRole), assigned("c", "r-old"))
		w.settled(person("a"), person("b"), person("c"), person("d"))
	})
	role := func(id, name, via string) inventory.AppRole {
		return inventory.AppRole{ApplicationID: "app", Application: "Portal", RoleID: id, Role: name, ViaGroup: via}
	}

	It("are read when somebody asks for them, with the ways to their roles", func() {
		Expect(w.graph.applications.links).To(BeEmpty())
		_, ok := w.tenant.Application("app")
		Expect(ok).To(BeFalse())
		w.syncWith(everything())
		known, ok := w.tenant.Application("APP")
		Expect(ok).To(BeTrue())
		Expect(known).To(Equal(portal))
		Expect(w.seen("a").AppRoles).To(Equal([]inventory.AppRole{role("r-admin", "Admin", "g1"), role("r-user", "User", "")}))
		Expect(w.seen("b").AppRoles).To(Equal([]inventory.AppRole{role("r-admin", "Admin", "g1"), role(directory.DefaultAppRole, "Default", "")}))
		Expect(w.seen("c").AppRoles).To(Equal([]inventory.AppRole{role("r-old", "r-old", "")}))
		Expect(w.seen("d").AppRoles).To(BeEmpty())
		Expect(w.heardIDs()).To(ContainElements("a", "b", "c"))
	})

	It("wake nobody when they say the same, and those concerned when not", func() {
		w.syncWith(everything())
		w.heard = nil
		w.clock.Step(15 * time.Minute)
		w.syncWith(everything())
		Expect(w.heardIDs()).To(BeEmpty())
		w.graph.assigned.pages["app/2"] = assignments(assigned("d", "r-user"))
		w.clock.Step(15 * time.Minute)
		w.syncWith(everything())
		Expect(w.heardIDs()).To(Equal([]string{"b", "c", "d"}))
	})

	It("are forgotten when nobody asks for them", func() {
		w.syncWith(everything())
		w.heard = nil
		w.sync()
		_, ok := w.tenant.Application("app")
		Expect(ok).To(BeFalse())
		Expect(w.seen("a").AppRoles).To(BeEmpty())
		Expect(w.heardIDs()).To(ContainElements("a", "b", "c"))
		for _, status := range w.tenant.Summary().Feeds {
			Expect(status.Name).NotTo(BeElementOf(inventory.FeedApplications, inventory.FeedManagers))
		}
	})

	It("that cannot be read do not keep the others from being known", func() {
		w.graph.applications.pages["two"] = &directory.Application{ID: "two", DisplayName: "Two"}
		w.graph.assigned.pages["two"] = assignments(assigned("d", directory.DefaultAppRole))
		w.graph.assigned.errors = []error{refusal(directory.KindForbidden)}
		w.syncWith(inventory.SyncRequest{Applications: []string{"app", "gone", "two"}})
		_, ok := w.tenant.Application("app")
		Expect(ok).To(BeFalse(), "without its assignments nothing is known of it")
		_, ok = w.tenant.Application("two")
		Expect(ok).To(BeTrue())
		Expect(w.seen("d").AppRoles).To(HaveLen(1))
		Expect(w.feed(inventory.FeedApplications).Reason).To(Equal(inventory.ReasonPermissionMissing))
	})
})

var _ = Describe("Managers", func() {
	It("are read when somebody asks for them", func() {
		w := newWorld()
		w.graph.managers.pages[""] = managerLinks(directory.ManagerLink{UserID: "A", Manager: "B"}, directory.ManagerLink{UserID: "b"})
		w.settled(person("a"), person("b"))
		Expect(w.seen("a").ManagerKnown).To(BeFalse())
		Expect(w.graph.managers.links).To(BeEmpty())
		w.syncWith(everything())
		Expect(w.seen("a").Manager).To(Equal("b"))
		Expect(w.seen("b").Manager).To(BeEmpty())
		Expect(w.seen("b").ManagerKnown).To(BeTrue())
		Expect(w.heardIDs()).To(Equal([]string{"a", "b"}))

		w.graph.managers.pages[""] = managerLinks(directory.ManagerLink{UserID: "a", Manager: "c"}, directory.ManagerLink{UserID: "b"})
		w.clock.Step(2 * time.Hour)
		w.syncWith(everything())
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		w.clock.Step(2 * time.Hour)
		w.syncWith(everything())
		Expect(w.heardIDs()).To(BeEmpty())

		w.sync()
		Expect(w.seen("a").ManagerKnown).To(BeFalse())
		Expect(w.seen("a").Manager).To(BeEmpty())
	})

	It("are not known without the permission", func() {
		w := newWorld()
		w.graph.managers.errors = []error{refusal(directory.KindForbidden)}
		w.settled(person("a"))
		w.syncWith(everything())
		Expect(w.seen("a").ManagerKnown).To(BeFalse())
		Expect(w.feed(inventory.FeedManagers).Reason).To(Equal(inventory.ReasonPermissionMissing))
	})
})

func ways(list ...directory.LicenseAssignment) func(*directory.User) {
	return func(u *directory.User) {
		u.Licenses = append([]directory.LicenseAssignment{}, list...)
		for _, l := range list {
			if l.Error == "" {
				u.SKUs = append(u.SKUs, l.SKU)
			}
		}
	}
}

func states(users ...directory.User) *directory.Page[directory.User] {
	return &directory.Page[directory.User]{Items: users}
}

var _ = Describe("The ways to licences", func() {
	direct := directory.LicenseAssignment{SKU: "sku-1", DisabledPlans: []string{"plan-1"}}
	grouped := directory.LicenseAssignment{SKU: "sku-2", Group: "g1"}
	failed := directory.LicenseAssignment{SKU: "sku-2", Group: "g1", Error: "CountViolation"}
	var w *world
	BeforeEach(func() {
		w = newWorld()
		w.graph.skus.pages[""] = []directory.SKU{{ID: "sku-1", PartNumber: "SPE_E3"}, {ID: "sku-2", PartNumber: "FLOW_FREE"}}
		w.settled(person("a", ways(direct, grouped)), person("b", ways()), person("c"))
	})

	It("come with the account, sorted by part number", func() {
		Expect(w.seen("a").Licenses).To(Equal([]inventory.License{
			{SKU: "sku-2", PartNumber: "FLOW_FREE", ViaGroup: "g1"},
			{SKU: "sku-1", PartNumber: "SPE_E3", DisabledPlans: []string{"plan-1"}},
		}))
		Expect(w.seen("b").Licenses).To(And(BeEmpty(), Not(BeNil())))
		Expect(w.seen("c").Licenses).To(BeNil(), "they were not read")
	})

	It("stay when a reading does not tell of them", func() {
		w.tell("r1", "r2", person("a", licensed("sku-1", "sku-2"), titled("Cook")))
		Expect(w.seen("a").Licenses).To(HaveLen(2))
	})

	It("take other names with the subscriptions", func() {
		w.graph.skus.pages[""] = []directory.SKU{{ID: "sku-1", PartNumber: "A_NAME"}}
		w.clock.Step(15 * time.Minute)
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		Expect(w.seen("a").Licenses[0].PartNumber).To(Equal("A_NAME"))
		Expect(w.seen("a").Licenses[1].PartNumber).To(Equal("sku-2"))
	})

	DescribeTable("are read of all accounts now and then",
		func(told directory.User, meanwhile func(), expected []inventory.License, heard []string) {
			w.graph.states.pages[""] = states(told, directory.User{ID: "x"})
			w.graph.states.during = func(string) { meanwhile() }
			w.clock.Step(13 * time.Hour)
			w.sync()
			Expect(w.graph.states.links).NotTo(BeEmpty())
			Expect(w.seen("a").Licenses).To(Equal(expected))
			Expect(w.heardIDs()).To(Equal(heard))
		},
		Entry("an error that came without a change of licences", person("a", ways(direct, grouped, directory.LicenseAssignment{SKU: "sku-9", Group: "g2", Error: "Other"})),
			func() {}, []inventory.License{
				{SKU: "sku-2", PartNumber: "FLOW_FREE", ViaGroup: "g1"},
				{SKU: "sku-1", PartNumber: "SPE_E3", DisabledPlans: []string{"plan-1"}},
				{SKU: "sku-9", PartNumber: "sku-9", ViaGroup: "g2", Error: "Other"},
			}, []string{"a"}),
		Entry("the same", person("a", ways(direct, grouped)), func() {}, []inventory.License{
			{SKU: "sku-2", PartNumber: "FLOW_FREE", ViaGroup: "g1"},
			{SKU: "sku-1", PartNumber: "SPE_E3", DisabledPlans: []string{"plan-1"}},
		}, []string{}),
		Entry("other licences, of which the changes tell better", person("a", ways(direct, failed)), func() {}, []inventory.License{
			{SKU: "sku-2", PartNumber: "FLOW_FREE", ViaGroup: "g1"},
			{SKU: "sku-1", PartNumber: "SPE_E3", DisabledPlans: []string{"plan-1"}},
		}, []string{}),
		Entry("of an account that the operator writes meanwhile", person("a", ways(grouped, directory.LicenseAssignment{SKU: "sku-1"})),
			func() { w.tenant.Expect("a", inventory.Expectation{Enabled: directory.No}) }, []inventory.License{
				{SKU: "sku-2", PartNumber: "FLOW_FREE", ViaGroup: "g1"},
				{SKU: "sku-1", PartNumber: "SPE_E3", DisabledPlans: []string{"plan-1"}},
			}, []string{"a"}),
	)

	It("that failed are counted", func() {
		w.tell("r1", "r2", person("a", ways(direct, failed)))
		Expect(w.tenant.Summary().Users.LicenseErrors).To(Equal(1))
		w.tell("r2", "r3", person("a", ways(direct)))
		Expect(w.tenant.Summary().Users.LicenseErrors).To(BeZero())
	})
})

var _ = Describe("The tenant's own lists", func() {
	It("tell no subscriptions from subscriptions that were not read", func() {
		w := newWorld()
		Expect(w.tenant.SKUs()).To(BeNil())
		w.settled(person("a"))
		Expect(w.tenant.SKUs()).To(And(BeEmpty(), Not(BeNil())))
	})

	It("lead from a name or an id to a directory role", func() {
		w := newWorld()
		Expect(w.tenant.RolesKnown()).To(BeFalse())
		w.graph.definitions.pages[""] = &directory.Page[directory.RoleDefinition]{Items: []directory.RoleDefinition{
			{ID: "r-help", DisplayName: "Helpdesk Administrator"}, {ID: "r-1", DisplayName: "Twin"}, {ID: "r-2", DisplayName: "twin"},
		}}
		w.settled(person("a"))
		Expect(w.tenant.RolesKnown()).To(BeTrue())
		for _, name := range []string{"helpdesk administrator", "R-HELP"} {
			role, ok := w.tenant.RoleNamed(name)
			Expect(ok).To(BeTrue(), name)
			Expect(role.ID).To(Equal("r-help"))
		}
		for _, name := range []string{"twin", "nobody", ""} {
			_, ok := w.tenant.RoleNamed(name)
			Expect(ok).To(BeFalse(), name)
		}
	})

	It("hold the admins, as they come and go", func() {
		w := newWorld()
		w.graph.assignments.pages[""] = holdings(holds("b", "r"), holds("a", "r"), holds("c", "r"))
		w.settled(person("a"), person("b"), person("c"), person("d"))
		ids := func() []string {
			var ids []string
			for _, o := range w.tenant.Admins() {
				ids = append(ids, o.User.ID)
			}
			return ids
		}
		Expect(ids()).To(Equal([]string{"a", "b", "c"}))
		w.tenant.Deleted("a")
		w.tenant.ExpectLink(inventory.Link{Kind: inventory.LinkRole, User: "b", Target: "r", Qualifier: "/"}, false)
		w.tenant.ExpectLink(inventory.Link{Kind: inventory.LinkRole, User: "d", Target: "r", Qualifier: "/"}, true)
		Expect(ids()).To(Equal([]string{"c", "d"}))
	})
})

var _ = Describe("Lockouts", func() {
	at := func(user string, hours int) directory.LockedOut {
		return directory.LockedOut{UserID: user, Time: epoch.Add(time.Duration(hours) * time.Hour)}
	}
	lockouts := func(items ...directory.LockedOut) *directory.Page[directory.LockedOut] {
		return &directory.Page[directory.LockedOut]{Items: items}
	}

	It("are told for a day, the latest of each account", func() {
		w := newWorld()
		w.graph.lockouts.pages[""] = lockouts(at("A", -1), at("a", -5), at("b", -2))
		w.settled(person("a"), person("b"), person("c"))
		Expect(w.graph.lockoutsSince).To(Equal([]time.Time{epoch.Add(-24 * time.Hour)}))
		Expect(w.seen("a").LockedOut).To(Equal(epoch.Add(-time.Hour)))
		Expect(w.seen("b").LockedOut).To(Equal(epoch.Add(-2 * time.Hour)))
		Expect(w.seen("c").LockedOut).To(BeZero())

		w.clock.Step(30 * time.Minute)
		w.sync()
		Expect(w.heardIDs()).To(BeEmpty())
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a"), person("b"), person("c")}, Resume: "r1"}
		w.clock.SetTime(epoch.Add(22*time.Hour + 30*time.Minute))
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"b"}), "it is older than a day")
		Expect(w.seen("b").LockedOut).To(BeZero())
	})

	It("are not known without the licence", func() {
		w := newWorld()
		w.graph.lockouts.errors = []error{refusal(directory.KindPremiumRequired)}
		w.settled(person("a"))
		Expect(w.feed(inventory.FeedLockouts).Reason).To(Equal(inventory.ReasonPremiumRequired))
	})
})

var _ = Describe("Methods that were read live", func() {
	method := func(kind string) directory.AuthenticationMethod {
		return directory.AuthenticationMethod{ID: kind, Type: kind}
	}
	var w *world
	BeforeEach(func() {
		w = newWorld()
		w.graph.registrations.pages[""] = report(directory.Registration{ID: "a", MFARegistered: true, Methods: []string{"fido2"}, DefaultMethod: "push", Updated: epoch})
		w.settled(person("a"))
	})
	reported := func(updated time.Time, methods ...string) inventory.MFA {
		GinkgoHelper()
		w.graph.registrations.pages[""] = report(directory.Registration{ID: "A", MFARegistered: true, Methods: methods, Updated: updated})
		w.clock.Step(2 * time.Hour)
		w.sync()
		return w.seen("a").MFA
	}

	DescribeTable("tell whether a second factor is registered",
		func(methods []directory.AuthenticationMethod, expected inventory.MFA) {
			w.tenant.LearnMethods("A", methods, epoch.Add(time.Minute))
			expected.AsOf = epoch.Add(time.Minute)
			Expect(w.seen("a").MFA).To(Equal(expected))
			Expect(w.heardIDs()).To(Equal([]string{"a"}))
		},
		Entry("none", nil, inventory.MFA{State: inventory.MFANotRegistered}),
		Entry("a password only", []directory.AuthenticationMethod{method("password")},
			inventory.MFA{State: inventory.MFANotRegistered, Methods: []string{"password"}}),
		Entry("two phones", []directory.AuthenticationMethod{method("phone"), method("password"), method("phone")},
			inventory.MFA{State: inventory.MFARegistered, Methods: []string{"password", "phone"}}),
	)

	It("count until the report has a later line", func() {
		w.tenant.LearnMethods("a", nil, epoch.Add(time.Hour))
		Expect(reported(epoch.Add(time.Hour), "sms").State).To(Equal(inventory.MFANotRegistered))
		Expect(reported(epoch.Add(time.Hour+time.Second), "sms").Methods).To(Equal([]string{"sms"}))
	})

	It("do not count when they are older than the report, or than others", func() {
		w.tenant.LearnMethods("a", nil, epoch.Add(-time.Hour))
		Expect(w.seen("a").MFA.State).To(Equal(inventory.MFARegistered))
		w.tenant.LearnMethods("a", []directory.AuthenticationMethod{method("phone")}, epoch.Add(time.Hour))
		w.tenant.LearnMethods("a", nil, epoch.Add(time.Minute))
		Expect(w.seen("a").MFA.State).To(Equal(inventory.MFARegistered))
		Expect(w.seen("a").MFA.Methods).To(Equal([]string{"phone"}))
	})

	It("keep their date while they say the same, and wake nobody", func() {
		w.tenant.LearnMethods("a", nil, epoch.Add(time.Minute))
		w.heard = nil
		w.tenant.LearnMethods("a", nil, epoch.Add(time.Hour))
		Expect(w.heard).To(BeEmpty())
		Expect(w.seen("a").MFA.AsOf).To(Equal(epoch.Add(time.Minute)))
		Expect(reported(epoch.Add(30*time.Minute), "sms").State).To(Equal(inventory.MFANotRegistered), "they were read after that")
	})

	It("are known in a tenant without P1, and not asked of a guest", func() {
		w.graph.registrations.errors = []error{refusal(directory.KindPremiumRequired)}
		w.clock.Step(2 * time.Hour)
		w.sync()
		w.tenant.LearnMethods("a", nil, w.clock.Now())
		Expect(w.seen("a").MFA.State).To(Equal(inventory.MFANotRegistered))
		w.tell("r1", "r2", person("a", guest))
		Expect(w.seen("a").MFA.Reason).To(Equal(inventory.ReasonGuest))
		w.tenant.LearnMethods("x", nil, epoch)
	})
})
