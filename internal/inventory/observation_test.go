package inventory_test

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

func report(lines ...directory.Registration) *directory.Page[directory.Registration] {
	return &directory.Page[directory.Registration]{Items: lines}
}

func holdings(items ...directory.RoleAssignment) *directory.Page[directory.RoleAssignment] {
	return &directory.Page[directory.RoleAssignment]{Items: items}
}

func holds(principal, role string, change ...func(*directory.RoleAssignment)) directory.RoleAssignment {
	holding := directory.RoleAssignment{PrincipalID: principal, PrincipalKind: directory.PrincipalUser, RoleID: role, Scope: "/"}
	for _, f := range change {
		f(&holding)
	}
	return holding
}

func byGroup(a *directory.RoleAssignment) { a.PrincipalKind = directory.PrincipalGroup }

func byUnknown(a *directory.RoleAssignment) { a.PrincipalKind = directory.PrincipalUnknown }

func seats(enabled int32, plans ...string) directory.SKU {
	return directory.SKU{ID: "sku-1", PartNumber: "SPE_E5", Enabled: enabled, ServicePlans: plans}
}

func guest(u *directory.User) { u.UserType = directory.GuestUserType }

func mail(address string) func(*directory.User) {
	return func(u *directory.User) { u.Mail = address }
}

func onlyNames(u *directory.User) { u.Enabled = directory.Unknown }

var _ = Describe("MFA", func() {
	notApplicable := func(reason inventory.Reason) inventory.MFA {
		return inventory.MFA{State: inventory.MFANotApplicable, Reason: reason}
	}
	unknown := func(reason inventory.Reason) inventory.MFA {
		return inventory.MFA{State: inventory.MFAUnknown, Reason: reason}
	}
	DescribeTable("is said only as far as it is known",
		func(user directory.User, prepare func(*fakeReader), expected inventory.MFA) {
			w := newWorld()
			w.graph.registrations.pages[""] = report(
				directory.Registration{ID: "a", MFARegistered: true, Methods: []string{"sms", "fido2"}, DefaultMethod: "push", Updated: epoch},
				directory.Registration{ID: "b", Methods: []string{"email"}, Updated: epoch})
			w.graph.rooms.pages[""] = &directory.Page[directory.Room]{Items: []directory.Room{{Mail: "Room@Contoso.com"}}}
			if prepare != nil {
				prepare(w.graph)
			}
			w.settled(user)
			Expect(w.seen(user.ID).MFA).To(Equal(expected))
		},
		Entry("registered", person("a"), nil, inventory.MFA{
			State: inventory.MFARegistered, Methods: []string{"fido2", "sms"}, DefaultMethod: "push", AsOf: epoch,
		}),
		Entry("not registered", person("b"), nil, inventory.MFA{
			State: inventory.MFANotRegistered, Methods: []string{"email"}, AsOf: epoch,
		}),
		Entry("not in the report", person("c"), nil, unknown(inventory.ReasonNotReported)),
		Entry("a guest", person("a", guest), nil, notApplicable(inventory.ReasonGuest)),
		Entry("a blocked guest", person("a", guest, blocked), nil, notApplicable(inventory.ReasonGuest)),
		Entry("a room, in any case", person("a", mail("room@CONTOSO.com")), nil, notApplicable(inventory.ReasonRoom)),
		Entry("no room without mail", person("a"), func(r *fakeReader) {
			r.rooms.pages[""] = &directory.Page[directory.Room]{Items: []directory.Room{{}}}
		}, inventory.MFA{State: inventory.MFARegistered, Methods: []string{"fido2", "sms"}, DefaultMethod: "push", AsOf: epoch}),
		Entry("a synchronization account", person("a"), func(r *fakeReader) {
			r.assignments.pages[""] = holdings(holds("a", "D29B2B05-8046-44BA-8758-1E26182FCF32"))
		}, notApplicable(inventory.ReasonService)),
		Entry("blocked", person("a", blocked), nil, notApplicable(inventory.ReasonSignInBlocked)),
		Entry("blocked, in a tenant without P1", person("a", blocked), func(r *fakeReader) {
			r.registrations.errors = []error{refusal(directory.KindPremiumRequired)}
		}, notApplicable(inventory.ReasonSignInBlocked)),
		Entry("without P1", person("a"), func(r *fakeReader) {
			r.registrations.errors = []error{refusal(directory.KindPremiumRequired)}
		}, unknown(inventory.ReasonPremiumRequired)),
		Entry("without the permission", person("a"), func(r *fakeReader) {
			r.registrations.errors = []error{refusal(directory.KindForbidden)}
		}, unknown(inventory.ReasonPermissionMissing)),
		Entry("not read yet", person("a"), func(r *fakeReader) {
			r.registrations.errors = []error{throttled(time.Hour)}
		}, unknown(inventory.ReasonNotRead)),
	)

	It("keeps its date while the report says the same", func() {
		w := newWorld()
		w.graph.registrations.pages[""] = report(directory.Registration{ID: "a", Methods: []string{"sms", "push"}, Updated: epoch})
		w.settled(person("a"))
		w.graph.registrations.pages[""] = report(directory.Registration{ID: "a", Methods: []string{"push", "sms"}, Updated: epoch.Add(time.Hour)})
		w.clock.SetTime(epoch.Add(2 * time.Hour))
		w.sync()
		Expect(w.heardIDs()).To(BeEmpty())
		Expect(w.feed(inventory.FeedRegistrations).AsOf).To(Equal(epoch.Add(2 * time.Hour)))
		Expect(w.seen("a").MFA.AsOf).To(Equal(epoch))

		w.graph.registrations.pages[""] = report(directory.Registration{ID: "a", MFARegistered: true, Methods: []string{"sms"}, Updated: epoch.Add(3 * time.Hour)})
		w.clock.SetTime(epoch.Add(4 * time.Hour))
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		Expect(w.seen("a").MFA.AsOf).To(Equal(epoch.Add(3 * time.Hour)))
	})

	It("forgets what the tenant no longer tells", func() {
		w := newWorld()
		w.graph.registrations.pages[""] = report(directory.Registration{ID: "a", MFARegistered: true})
		w.settled(person("a"))
		w.graph.registrations.errors = []error{refusal(directory.KindPremiumRequired)}
		w.clock.SetTime(epoch.Add(2 * time.Hour))
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		Expect(w.seen("a").MFA).To(Equal(unknown(inventory.ReasonPremiumRequired)))
	})
})

var _ = Describe("Roles", func() {
	named := func(id, name string) directory.RoleDefinition {
		return directory.RoleDefinition{ID: id, DisplayName: name}
	}
	It("come with their path, through groups and by eligibility", func() {
		w := newWorld()
		w.graph.definitions.pages[""] = &directory.Page[directory.RoleDefinition]{Items: []directory.RoleDefinition{named("r-help", "Helpdesk"), named("r-user", "User Admin")}}
		w.graph.assignments.pages[""] = &directory.Page[directory.RoleAssignment]{Items: []directory.RoleAssignment{holds("a", "r-help")}, Next: "2"}
		w.graph.assignments.pages["2"] = holdings(holds("g1", "r-user", byGroup), holds("sp", "r-user", func(h *directory.RoleAssignment) {
			h.PrincipalKind = directory.PrincipalServicePrincipal
		}))
		w.graph.eligibilities.pages[""] = holdings(holds("b", "r-unlisted"), holds("g2", "r-help", byGroup))
		w.graph.members.pages["g1"] = &directory.Page[string]{Items: []string{"a"}, Next: "/2"}
		w.graph.members.pages["g1/2"] = &directory.Page[string]{Items: []string{"C"}}
		w.graph.members.pages["g2"] = &directory.Page[string]{Items: []string{"c"}}
		w.settled(person("a"), person("b"), person("c"), person("d"))

		Expect(w.seen("a").Roles).To(Equal([]inventory.Role{
			{Name: "Helpdesk", RoleID: "r-help", Scope: "/", Path: inventory.RoleDirect},
			{Name: "User Admin", RoleID: "r-user", Scope: "/", Path: inventory.RoleGroup, ViaGroup: "g1"},
		}))
		Expect(w.seen("b").Roles).To(Equal([]inventory.Role{
			{Name: "r-unlisted", RoleID: "r-unlisted", Scope: "/", Path: inventory.RoleEligible},
		}))
		Expect(w.seen("c").Roles).To(Equal([]inventory.Role{
			{Name: "Helpdesk", RoleID: "r-help", Scope: "/", Path: inventory.RoleEligible, ViaGroup: "g2"},
			{Name: "User Admin", RoleID: "r-user", Scope: "/", Path: inventory.RoleGroup, ViaGroup: "g1"},
		}))
		Expect(w.seen("d").Admin).To(Equal(directory.No))
		for _, id := range []string{"a", "b", "c"} {
			Expect(w.seen(id).Admin).To(Equal(directory.Yes), id)
		}
		Expect(w.tenant.Summary().Users.Admins).To(Equal(3))
		Expect(w.tenant.Summary().Users.AdminsKnown).To(BeTrue())
	})

	It("reads a principal of unknown kind as a group, unless it is an account", func() {
		w := newWorld()
		w.graph.assignments.pages[""] = holdings(holds("a", "r", byUnknown), holds("g", "r", byUnknown), holds("x", "r", byUnknown))
		w.graph.members.pages["g"] = &directory.Page[string]{Items: []string{"b"}}
		w.settled(person("a"), person("b"), person("c"))
		Expect(w.seen("a").Roles[0].Path).To(Equal(inventory.RoleDirect))
		Expect(w.seen("b").Roles[0].ViaGroup).To(Equal("g"))
		Expect(w.seen("c").Admin).To(Equal(directory.No))
	})

	premium := refusal(directory.KindPremiumRequired)
	forbidden := refusal(directory.KindForbidden)
	DescribeTable("nobody is said to be no admin unless all ways to a role were read",
		func(prepare func(*fakeReader), expected directory.Tristate, missing inventory.Reason) {
			w := newWorld()
			prepare(w.graph)
			w.settled(person("a"))
			Expect(w.seen("a").Admin).To(Equal(expected))
			Expect(w.feed(inventory.FeedRoles).Reason).To(Equal(missing))
			Expect(w.tenant.Summary().Users.AdminsKnown).To(Equal(expected == directory.No))
		},
		Entry("all read", func(*fakeReader) {}, directory.No, inventory.Reason("")),
		Entry("not read yet", func(r *fakeReader) { r.assignments.errors = []error{throttled(time.Hour)} },
			directory.Unknown, inventory.ReasonNotRead),
		Entry("not permitted", func(r *fakeReader) { r.definitions.errors = []error{forbidden} },
			directory.Unknown, inventory.ReasonPermissionMissing),
		Entry("no eligibilities, and no P2", func(r *fakeReader) {
			r.eligibilities.errors = []error{premium}
			r.skus.pages[""] = []directory.SKU{seats(5, "AAD_PREMIUM")}
		}, directory.No, inventory.Reason("")),
		Entry("no eligibilities, and P2", func(r *fakeReader) {
			r.eligibilities.errors = []error{premium}
			r.skus.pages[""] = []directory.SKU{seats(5, "AAD_PREMIUM_P2")}
		}, directory.Unknown, inventory.ReasonPremiumRequired),
		Entry("no eligibilities, and a P2 without seats", func(r *fakeReader) {
			r.eligibilities.errors = []error{premium}
			r.skus.pages[""] = []directory.SKU{seats(0, "AAD_PREMIUM_P2")}
		}, directory.No, inventory.Reason("")),
		Entry("no permission for eligibilities, and P2", func(r *fakeReader) {
			r.eligibilities.errors = []error{forbidden}
			r.skus.pages[""] = []directory.SKU{seats(5, "AAD_PREMIUM_P2")}
		}, directory.Unknown, inventory.ReasonPermissionMissing),
		Entry("no permission for eligibilities, and no P2", func(r *fakeReader) {
			r.eligibilities.errors = []error{forbidden}
		}, directory.No, inventory.Reason("")),
		Entry("no permission for eligibilities, and licences unknown", func(r *fakeReader) {
			r.eligibilities.errors = []error{forbidden}
			r.skus.errors = []error{forbidden}
		}, directory.Unknown, inventory.ReasonPermissionMissing),
		Entry("a group that holds a role cannot be read", func(r *fakeReader) {
			r.assignments.pages[""] = holdings(holds("g", "r", byGroup))
			r.members.errors = []error{forbidden}
		}, directory.Unknown, inventory.ReasonPermissionMissing),
		Entry("a group that may activate a role cannot be read, in a tenant with P2", func(r *fakeReader) {
			r.eligibilities.pages[""] = holdings(holds("g", "r", byGroup))
			r.members.errors = []error{forbidden}
			r.skus.pages[""] = []directory.SKU{seats(5, "AAD_PREMIUM_P2")}
		}, directory.Unknown, inventory.ReasonPermissionMissing),
		Entry("a group that holds a role is gone", func(r *fakeReader) {
			r.assignments.pages[""] = holdings(holds("g", "r", byGroup))
		}, directory.No, inventory.Reason("")),
	)

	It("wake those who gained or lost one, and nobody else", func() {
		w := newWorld()
		w.graph.assignments.pages[""] = holdings(holds("a", "r"), holds("b", "r"))
		w.settled(person("a"), person("b"), person("c"), person("d"))
		w.graph.assignments.pages[""] = holdings(holds("b", "r"), holds("c", "r"), holds("c", "r"))
		w.clock.SetTime(epoch.Add(15 * time.Minute))
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"a", "c"}))
		Expect(w.seen("a").Admin).To(Equal(directory.No))
		Expect(w.seen("c").Roles).To(HaveLen(1))

		w.graph.assignments.pages[""] = holdings(holds("b", "r"), holds("b", "r2"), holds("c", "r"))
		w.clock.SetTime(epoch.Add(30 * time.Minute))
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"b"}), "another role is news of an admin too")
	})

	It("are told of service principals, as far as they hold them over the whole tenant", func() {
		w := newWorld()
		held, known := w.tenant.PrincipalRoles("sp")
		Expect(held).To(BeEmpty())
		Expect(known).To(BeFalse())
		ofApp := func(h *directory.RoleAssignment) { h.PrincipalKind = directory.PrincipalServicePrincipal }
		w.graph.assignments.pages[""] = holdings(holds("SP", "r1", ofApp), holds("sp", "r1", ofApp), holds("sp", "r3", ofApp, func(h *directory.RoleAssignment) {
			h.Scope = "/administrativeUnits/1"
		}))
		w.graph.eligibilities.pages[""] = holdings(holds("sp", "r2", ofApp))
		w.settled(person("a"))
		held, known = w.tenant.PrincipalRoles("sp")
		Expect(held).To(Equal([]string{"r1"}))
		Expect(known).To(BeTrue())
		Expect(w.tenant.Summary().Users.Admins).To(BeZero())
	})
})

var _ = Describe("The account's type", func() {
	DescribeTable("is a person's only when rooms and roles were read",
		func(user directory.User, prepare func(*fakeReader), expected inventory.AccountType) {
			w := newWorld()
			prepare(w.graph)
			w.settled(user)
			Expect(w.seen("a").Type).To(Equal(expected))
		},
		Entry("person", person("a"), func(*fakeReader) {}, inventory.AccountPerson),
		Entry("guest, whatever was read", person("a", guest), func(r *fakeReader) {
			r.rooms.errors = []error{refusal(directory.KindForbidden)}
		}, inventory.AccountGuest),
		Entry("rooms refused, without mail", person("a"), func(r *fakeReader) {
			r.rooms.errors = []error{refusal(directory.KindForbidden)}
		}, inventory.AccountPerson),
		Entry("roles refused", person("a"), func(r *fakeReader) {
			r.definitions.errors = []error{refusal(directory.KindForbidden)}
		}, inventory.AccountUnknown),
		Entry("eligible for synchronization only", person("a"), func(r *fakeReader) {
			r.eligibilities.pages[""] = holdings(holds("a", inventory.DirectorySynchronizationAccounts))
		}, inventory.AccountPerson),
	)
})

var _ = Describe("Licences", func() {
	It("come by part number, or by id when the tenant does not list them", func() {
		w := newWorld()
		w.graph.skus.pages[""] = []directory.SKU{{ID: "SKU-1", PartNumber: "SPE_E3"}, {ID: "sku-2", PartNumber: "FLOW_FREE"}}
		w.settled(person("a", licensed("sku-1", "sku-2", "sku-3")), person("b"))
		Expect(w.seen("a").SKUs).To(Equal([]string{"FLOW_FREE", "SPE_E3", "sku-3"}))
		Expect(w.seen("a").Licensed).To(Equal(directory.Yes))
		Expect(w.seen("b").Licensed).To(Equal(directory.No))

		w.graph.skus.pages[""] = []directory.SKU{{ID: "sku-1", PartNumber: "SPE_E3"}, {ID: "sku-2", PartNumber: "FLOW_FREE"}, {ID: "sku-3", PartNumber: "VISIO"}}
		w.clock.SetTime(epoch.Add(15 * time.Minute))
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		Expect(w.seen("a").SKUs).To(Equal([]string{"FLOW_FREE", "SPE_E3", "VISIO"}))
	})

	It("are unknown when only names may be read", func() {
		w := newWorld().settled(person("a", onlyNames))
		Expect(w.seen("a").Licensed).To(Equal(directory.Unknown))
	})

	It("wake nobody when only seats were taken", func() {
		w := newWorld()
		w.graph.skus.pages[""] = []directory.SKU{{ID: "sku-1", PartNumber: "SPE_E3", Consumed: 1}}
		w.settled(person("a", licensed("sku-1")))
		w.graph.skus.pages[""] = []directory.SKU{{ID: "sku-1", PartNumber: "SPE_E3", Consumed: 2}}
		w.clock.SetTime(epoch.Add(15 * time.Minute))
		Expect(w.sync().Changed).To(Equal(1))
		Expect(w.heardIDs()).To(BeEmpty())
		Expect(w.tenant.Summary().SKUs[0].Consumed).To(Equal(int32(2)))
	})
})

var _ = Describe("The domain of the name", func() {
	DescribeTable("tells who authenticates",
		func(upn string, expected directory.Tristate) {
			w := newWorld()
			w.graph.domains.pages[""] = []directory.Domain{
				{Name: "Contoso.com", Verified: true},
				{Name: "fed.contoso.com", Verified: true, Federated: true},
				{Name: "unverified.com", Federated: true},
			}
			w.settled(person("a", named(upn)))
			Expect(w.seen("a").Federated).To(Equal(expected))
		},
		Entry("managed", "a@contoso.com", directory.No),
		Entry("federated", "a@FED.contoso.com", directory.Yes),
		Entry("a guest's name", "a_b.com#EXT#@contoso.com", directory.No),
		Entry("not verified", "a@unverified.com", directory.Unknown),
		Entry("not listed", "a@other.com", directory.Unknown),
	)

	It("wakes its users when it is federated", func() {
		w := newWorld()
		w.graph.domains.pages[""] = []directory.Domain{{Name: "contoso.com", Verified: true}, {Name: "other.com", Verified: true}}
		w.settled(person("a"), person("b", named("b@other.com")))
		w.graph.domains.pages[""] = []directory.Domain{{Name: "contoso.com", Verified: true}, {Name: "other.com", Verified: true, Federated: true}}
		w.clock.SetTime(epoch.Add(2 * time.Hour))
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"b"}))
	})
})

var _ = Describe("The last sign-in", func() {
	signedIn := func(id string, at time.Time) *directory.Page[directory.SignIn] {
		return &directory.Page[directory.SignIn]{Items: []directory.SignIn{{ID: id, LastSuccessful: at}}}
	}
	midnight := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

	It("is told in steps of a day", func() {
		w := newWorld()
		w.graph.signIns.pages[""] = signedIn("a", midnight.Add(9*time.Hour))
		w.settled(person("a"), person("b"))
		Expect(w.seen("a").SignIn).To(Equal(inventory.SignIn{Known: true, LastSuccessful: midnight}))
		Expect(w.seen("b").SignIn).To(Equal(inventory.SignIn{Reason: inventory.ReasonNotReported}))

		w.graph.signIns.pages[""] = signedIn("a", midnight.Add(10*time.Hour))
		w.clock.SetTime(epoch.Add(36 * time.Hour))
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a"), person("b")}, Resume: "r1"}
		w.sync()
		Expect(w.feed(inventory.FeedSignIns).AsOf).To(Equal(epoch.Add(36 * time.Hour)))
		Expect(w.heardIDs()).To(BeEmpty())

		w.graph.signIns.pages[""] = signedIn("a", midnight.Add(25*time.Hour))
		w.clock.SetTime(epoch.Add(72 * time.Hour))
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
	})

	It("may be known to be none", func() {
		w := newWorld()
		w.graph.signIns.pages[""] = signedIn("a", time.Time{})
		w.settled(person("a"))
		Expect(w.seen("a").SignIn).To(Equal(inventory.SignIn{Known: true}))
	})

	It("says why it is not known", func() {
		w := newWorld()
		w.graph.signIns.errors = []error{refusal(directory.KindPremiumRequired)}
		w.settled(person("a"))
		Expect(w.seen("a").SignIn).To(Equal(inventory.SignIn{Reason: inventory.ReasonPremiumRequired}))
	})
})

var _ = Describe("A change", func() {
	It("of any property is seen", func() {
		base := reflect.ValueOf(person("a"))
		for i, user := range everyOtherUser(base) {
			w := newWorld().settled(person("a"))
			w.tell("r1", "r2", user)
			Expect(slices.Compact(w.heardIDs())).To(Equal([]string{"a"}), fmt.Sprintf("change %d: %+v", i, user))
			w.tell("r2", "r3", user)
			Expect(w.heardIDs()).To(BeEmpty(), fmt.Sprintf("repeat %d: %+v", i, user))
		}
	})
})

// everyOtherUser is the user with one property changed, for each property but the id.
func everyOtherUser(base reflect.Value) []directory.User {
	var users []directory.User
	var visit func(path []int, kind reflect.Type)
	visit = func(path []int, kind reflect.Type) {
		for i := range kind.NumField() {
			at := append(append([]int{}, path...), i)
			field := kind.Field(i)
			if field.Type == reflect.TypeFor[directory.OnPremises]() {
				visit(at, field.Type)
				continue
			}
			if field.Name == "ID" {
				continue
			}
			changed := reflect.New(base.Type()).Elem()
			changed.Set(base)
			set(changed.FieldByIndex(at))
			users = append(users, changed.Interface().(directory.User))
		}
	}
	visit(nil, base.Type())
	Expect(len(users)).To(BeNumerically(">", 15))
	return users
}

func set(field reflect.Value) {
	switch value := field.Addr().Interface().(type) {
	case *string:
		*value += "x"
	case *time.Time:
		*value = epoch.Add(time.Hour)
	case *directory.Tristate:
		*value = directory.No
	case *[]string:
		*value = []string{"sku-9"}
	case *[]directory.LicenseAssignment:
		*value = []directory.LicenseAssignment{{SKU: "sku-9"}}
	case **directory.Profile:
		*value = &directory.Profile{City: "Bern"}
	default:
		Fail("a property of a kind that this spec does not know: " + field.Type().String())
	}
}
