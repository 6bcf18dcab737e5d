package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const (
	// hours and minutes are when a person's repair, and a seat, are looked for.
	hours   = 6 * time.Hour
	minutes = 10 * time.Minute
)

func phone(s *v1alpha1.ManagedUserSpec) {
	s.Profile = &v1alpha1.UserProfile{MobilePhone: ptr.To("+49 170 1")}
}

func managedBy(upn string) func(*v1alpha1.ManagedUserSpec) {
	return func(s *v1alpha1.ManagedUserSpec) { s.Manager = ptr.To(upn) }
}

func portal(name, role string) func(*v1alpha1.ManagedUserSpec) {
	return func(s *v1alpha1.ManagedUserSpec) {
		s.Applications = []v1alpha1.ApplicationEntry{{Name: name, Role: role}}
	}
}

func renamed(upn string) func(*v1alpha1.ManagedUserSpec) {
	return func(s *v1alpha1.ManagedUserSpec) { s.UserPrincipalName = upn }
}

// privileged declares something of an administrator who may be touched.
func privileged(change func(*v1alpha1.ManagedUserSpec)) func(*v1alpha1.ManagedUserSpec) {
	return func(s *v1alpha1.ManagedUserSpec) {
		s.AllowPrivileged = true
		change(s)
	}
}

func helpdesk(s *v1alpha1.ManagedUserSpec) {
	s.AllowPrivileged = true
	s.DirectoryRoles = []v1alpha1.DirectoryRoleEntry{{Name: "Helpdesk Administrator", Scope: "/"}}
}

func products(skus ...graphsim.SKUSpec) func(*graphsim.TenantSpec) {
	return func(spec *graphsim.TenantSpec) { spec.SKUs = append(spec.SKUs, skus...) }
}

// answering makes the next requests of a kind fail with a status and a code.
func answering(method, path string, status int, code string) func(context.Context, *world) {
	return func(_ context.Context, w *world) {
		GinkgoHelper()
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Method: method, Path: path, Status: status, Code: code})
		Expect(err).NotTo(HaveOccurred())
	}
}

func touching(upns ...string) func(context.Context, *world) {
	return func(ctx context.Context, w *world) { w.touchable(ctx, upns...) }
}

// holding gives an account a product, as an outsider.
func holding(upn, skuID string) func(context.Context, *world) {
	return func(_ context.Context, w *world) {
		w.outsider(upn, map[string]any{"assignedLicenses": []any{map[string]any{"skuId": skuID}}})
	}
}

const powerBI = "f8a1db68-be16-40ed-86d5-cb42ce701560"

var _ = DescribeTable("a missing permission is said of the facet that needs it, and stops nothing else", isRefused,
	Entry("to block", refusal{
		without: []string{"User.EnableDisableAccount.All", "User.ReadWrite.All"}, spec: suspended(true), companion: marketer(),
		facet: v1alpha1.ConditionSignIn, reason: v1alpha1.ReasonAccessDenied, says: []string{"permission"}, later: hours, tries: 1,
	}),
	Entry("to revoke sessions", refusal{
		without: []string{"User.RevokeSessions.All", "User.ReadWrite.All"}, spec: suspended(true),
		companion: companion{done: func(w *world, upn string) bool { return w.state(upn)["accountEnabled"] == false }},
		facet:     v1alpha1.ConditionSignIn, reason: v1alpha1.ReasonAccessDenied, later: hours, tries: 1,
	}),
	Entry("to ask for a password", refusal{
		without: []string{"User-PasswordProfile.ReadWrite.All", "User.ReadWrite.All"}, spec: forced(true), companion: marketer(),
		facet: v1alpha1.ConditionPasswordChange, reason: v1alpha1.ReasonAccessDenied, says: []string{"passwords"}, later: hours, tries: 1,
	}),
	Entry("to ask for a password: the directory role", refusal{
		bare: true, spec: forced(true), companion: clerk(),
		facet: v1alpha1.ConditionPasswordChange, reason: v1alpha1.ReasonAccessDenied, says: []string{"directory role"}, later: hours, tries: 1,
	}),
	Entry("to write a profile", refusal{
		without: []string{"User.ReadWrite.All"}, companion: marketer(),
		spec:  func(s *v1alpha1.ManagedUserSpec) { s.Profile = &v1alpha1.UserProfile{JobTitle: ptr.To("Clerk")} },
		facet: v1alpha1.ConditionProfile, reason: v1alpha1.ReasonAccessDenied, later: hours, tries: 1,
	}),
	Entry("to rename", refusal{
		without: []string{"User.ReadWrite.All"}, first: marketer().declare, spec: renamed("alice.young@contoso.com"),
		facet: v1alpha1.ConditionAccount, reason: v1alpha1.ReasonAccessDenied, later: hours, tries: 1,
	}),
	Entry("to set a manager", refusal{
		without: []string{"User.ReadWrite.All"}, spec: managedBy(upnBob), companion: marketer(),
		facet: v1alpha1.ConditionManager, reason: v1alpha1.ReasonAccessDenied, later: hours, tries: 1,
	}),
	Entry("to remove a manager", refusal{
		without: []string{"User.ReadWrite.All"}, first: managedBy(upnBob), spec: managedBy(""), companion: marketer(),
		facet: v1alpha1.ConditionManager, reason: v1alpha1.ReasonAccessDenied, later: hours, tries: 1,
	}),
	Entry("to assign licences", refusal{
		without: []string{"LicenseAssignment.ReadWrite.All", "User.ReadWrite.All"}, spec: licensed("SPB"), companion: marketer(),
		facet: v1alpha1.ConditionLicenses, reason: v1alpha1.ReasonAccessDenied, later: hours, tries: 1,
	}),
	Entry("to take licences away", refusal{
		without: []string{"LicenseAssignment.ReadWrite.All", "User.ReadWrite.All"}, first: licensed("SPB"), spec: licensed(), companion: marketer(),
		facet: v1alpha1.ConditionLicenses, reason: v1alpha1.ReasonAccessDenied, later: hours, tries: 1,
	}),
	Entry("to add to groups, of each", refusal{
		without: []string{"GroupMember.ReadWrite.All"}, spec: groups("Sales", "Marketing"), companion: clerk(),
		facet: v1alpha1.ConditionGroups, reason: v1alpha1.ReasonAccessDenied, later: hours, tries: 2,
	}),
	Entry("to remove from groups", refusal{
		without: []string{"GroupMember.ReadWrite.All"}, first: groups("Sales"), spec: groups(), companion: clerk(),
		facet: v1alpha1.ConditionGroups, reason: v1alpha1.ReasonAccessDenied, later: hours, tries: 1,
	}),
	Entry("to read groups", refusal{
		without: []string{"GroupMember.ReadWrite.All", "GroupMember.Read.All"}, spec: groups("Sales"), companion: clerk(),
		facet: v1alpha1.ConditionGroups, reason: v1alpha1.ReasonAccessDenied, says: []string{`look up the group "Sales"`}, later: hours,
	}),
	Entry("to assign app roles", refusal{
		without: []string{"AppRoleAssignment.ReadWrite.All"}, spec: portal("MSPortal", "Manager"), companion: clerk(),
		facet: v1alpha1.ConditionApplications, reason: v1alpha1.ReasonAccessDenied, later: hours, tries: 1,
	}),
	Entry("to remove app roles", refusal{
		without: []string{"AppRoleAssignment.ReadWrite.All"}, first: portal("MSPortal", "Manager"), companion: clerk(),
		spec:  func(s *v1alpha1.ManagedUserSpec) { s.Applications = []v1alpha1.ApplicationEntry{} },
		facet: v1alpha1.ConditionApplications, reason: v1alpha1.ReasonAccessDenied, later: hours, tries: aReading,
	}),
	Entry("to read applications", refusal{
		without: []string{"Application.Read.All"}, spec: portal("MSPortal", "Manager"), companion: clerk(),
		facet: v1alpha1.ConditionApplications, reason: v1alpha1.ReasonAccessDenied, says: []string{"look up the application"}, later: hours,
	}),
	Entry("to grant directory roles", refusal{
		without: []string{"RoleManagement.ReadWrite.Directory"}, arrange: touching(upnAlice), spec: helpdesk, companion: marketer(),
		facet: v1alpha1.ConditionDirectoryRoles, reason: v1alpha1.ReasonAccessDenied, says: []string{"permission"}, later: hours, tries: 1,
	}),
)

var _ = DescribeTable("an administrator's account needs a role of the application's as well", isRefused,
	Entry("for phones, not for the title", refusal{
		upn: upnAdmin, bare: true, arrange: touching(upnAdmin), spec: privileged(phone), companion: clerk(),
		facet: v1alpha1.ConditionProfile, reason: v1alpha1.ReasonAccessDenied, says: []string{"administrators", "directory role"}, later: hours, tries: 1,
	}),
	Entry("for the name", refusal{
		upn: upnAdmin, first: func(s *v1alpha1.ManagedUserSpec) { s.AllowPrivileged = true }, bare: true, arrange: touching(upnAdmin),
		spec: renamed("ada.new@contoso.com"), companion: marketer(),
		facet: v1alpha1.ConditionAccount, reason: v1alpha1.ReasonAccessDenied, says: []string{"administrators"}, later: hours, tries: 1,
	}),
	Entry("to be blocked", refusal{
		upn: upnAdmin, bare: true, arrange: touching(upnAdmin), spec: privileged(suspended(true)), companion: clerk(),
		facet: v1alpha1.ConditionSignIn, reason: v1alpha1.ReasonAccessDenied, says: []string{"administrators"}, later: hours, tries: 1,
	}),
)

var _ = DescribeTable("licences that cannot be had are named", isRefused,
	Entry("no usage location anywhere", refusal{
		tenant: func(spec *graphsim.TenantSpec) { delete(spec.Users[0], "usageLocation") }, spec: licensed("SPB"), companion: clerk(),
		facet: v1alpha1.ConditionLicenses, reason: v1alpha1.ReasonInvalidSpec, says: []string{"SPB", "usageLocation"}, later: hours,
	}),
	Entry("a usage location that Microsoft does not sell to", refusal{
		tenant: func(spec *graphsim.TenantSpec) { spec.Users[0]["usageLocation"] = "KP" }, spec: licensed("SPB"), companion: clerk(),
		facet: v1alpha1.ConditionLicenses, reason: v1alpha1.ReasonInvalidSpec, says: []string{"usage location"}, later: hours, tries: 1,
	}),
	Entry("a seat that somebody took at that moment", refusal{
		tenant: func(spec *graphsim.TenantSpec) { spec.SKUs[1].Enabled = 1 }, unseen: holding(upnBob, powerBI),
		spec: licensed("POWER_BI_PRO"), companion: clerk(),
		facet: v1alpha1.ConditionLicenses, reason: v1alpha1.ReasonNoSeat, says: []string{"POWER_BI_PRO", "seats"}, later: minutes,
	}),
	Entry("no seat left", refusal{
		tenant: func(spec *graphsim.TenantSpec) { spec.SKUs[1].Enabled = 1 },
		arrange: func(ctx context.Context, w *world) {
			holding(upnBob, powerBI)(ctx, w)
			w.clock.Step(20 * time.Minute)
		},
		spec: licensed("POWER_BI_PRO", "SPB"), companion: clerk(),
		facet: v1alpha1.ConditionLicenses, reason: v1alpha1.ReasonNoSeat, says: []string{"POWER_BI_PRO", "1 seats"}, later: minutes,
	}),
	Entry("a subscription that the tenant lacks", refusal{
		spec: licensed("SPE_E5"), companion: clerk(),
		facet: v1alpha1.ConditionLicenses, reason: v1alpha1.ReasonNotFound, says: []string{"SPE_E5", "POWER_BI_PRO, SPB"}, later: hours,
	}),
	Entry("a plan that the subscription lacks", refusal{
		spec: func(s *v1alpha1.ManagedUserSpec) {
			s.Licenses = []v1alpha1.LicenseEntry{{SKU: "SPB", DisabledPlans: []string{"NO_SUCH"}}}
		},
		companion: clerk(),
		facet:     v1alpha1.ConditionLicenses, reason: v1alpha1.ReasonInvalidSpec, says: []string{"NO_SUCH", "AAD_PREMIUM"}, later: hours,
	}),
	Entry("plans that exclude each other", refusal{
		tenant: products(graphsim.SKUSpec{PartNumber: "EXCHANGESTANDARD", Enabled: 5}, graphsim.SKUSpec{PartNumber: "EXCHANGEENTERPRISE", Enabled: 5}),
		spec:   licensed("EXCHANGESTANDARD", "EXCHANGEENTERPRISE"), companion: clerk(),
		facet: v1alpha1.ConditionLicenses, reason: v1alpha1.ReasonInvalidSpec, says: []string{"exclude"}, later: hours, tries: 1,
	}),
	Entry("a plan that needs another", refusal{
		tenant: products(graphsim.SKUSpec{PartNumber: "MCOEV", Enabled: 5}), spec: licensed("MCOEV"), companion: clerk(),
		facet: v1alpha1.ConditionLicenses, reason: v1alpha1.ReasonInvalidSpec, says: []string{"need each other"}, later: hours, tries: 1,
	}),
	Entry("a group that has no seat to give", refusal{
		tenant: func(spec *graphsim.TenantSpec) {
			spec.SKUs[1].Enabled = 1
			spec.Groups = append(spec.Groups, graphsim.GroupSpec{
				DisplayName: "Analysts", Members: []string{upnBob, upnAlice}, Licenses: []graphsim.LicenseSpec{{SKU: "POWER_BI_PRO"}},
			})
		},
		spec: licensed("POWER_BI_PRO"), companion: clerk(),
		facet: v1alpha1.ConditionLicenses, reason: v1alpha1.ReasonNoSeat, says: []string{"POWER_BI_PRO", "seats are taken"}, later: minutes,
	}),
)

var _ = DescribeTable("what cannot be written of an account is said", isRefused,
	Entry("names that Active Directory masters, not the usage location", refusal{
		upn: upnSync, companion: companion{done: func(w *world, upn string) bool { return w.state(upn)["usageLocation"] == "AT" }},
		spec: func(s *v1alpha1.ManagedUserSpec) {
			s.Profile = &v1alpha1.UserProfile{DisplayName: ptr.To("Other"), MobilePhone: ptr.To("+49 170 1"), UsageLocation: ptr.To("AT")}
		},
		facet: v1alpha1.ConditionProfile, reason: v1alpha1.ReasonMasteredOnPremises, later: hours,
		says: []string{"displayName, mobilePhone", `corp.contoso.com\sven`},
	}),
	Entry("a value that Microsoft 365 refuses", refusal{
		spec:      func(s *v1alpha1.ManagedUserSpec) { s.Profile = &v1alpha1.UserProfile{City: ptr.To("Munich")} },
		unseen:    answering("PATCH", "/users/{id}", 400, "Request_BadRequest"),
		companion: marketer(),
		facet:     v1alpha1.ConditionProfile, reason: v1alpha1.ReasonInvalidSpec, says: []string{"Request_BadRequest"}, later: hours, tries: 1,
	}),
	Entry("the manager of an account that Active Directory masters", refusal{
		upn: upnSync, spec: managedBy(upnBob), companion: marketer(),
		facet: v1alpha1.ConditionManager, reason: v1alpha1.ReasonMasteredOnPremises, says: []string{`corp.contoso.com\sven`}, later: hours,
	}),
	Entry("a manager that is not there", refusal{
		spec: managedBy("nobody@contoso.com"), companion: clerk(),
		facet: v1alpha1.ConditionManager, reason: v1alpha1.ReasonUnresolved, says: []string{`account "nobody@contoso.com"`}, later: unresolvedRetry,
	}),
	Entry("oneself as manager", refusal{
		spec: managedBy(upnAlice), companion: clerk(),
		facet: v1alpha1.ConditionManager, reason: v1alpha1.ReasonInvalidSpec, says: []string{"own manager"}, later: hours,
	}),
)

var _ = DescribeTable("groups that are not written are named", isRefused,
	Entry("by a rule", refusal{
		spec: groups("Everybody", "Sales"), companion: clerk(),
		facet: v1alpha1.ConditionGroups, reason: v1alpha1.ReasonNotWritable, says: []string{"Everybody", "rule"}, later: hours,
	}),
	Entry("by Active Directory", refusal{
		spec: groups("Branch"), companion: marketer(),
		facet: v1alpha1.ConditionGroups, reason: v1alpha1.ReasonNotWritable, says: []string{"Branch", "Active Directory"}, later: hours,
	}),
	Entry("by Exchange", refusal{
		spec: groups("News"), companion: marketer(),
		facet: v1alpha1.ConditionGroups, reason: v1alpha1.ReasonNotWritable, says: []string{"News", "Exchange"}, later: hours,
	}),
	Entry("that may hold roles, without allowPrivileged", refusal{
		spec: groups("Operators"), companion: marketer(),
		facet: v1alpha1.ConditionGroups, reason: v1alpha1.ReasonProtected, says: []string{"Operators", "allowPrivileged"}, later: hours,
	}),
	Entry("that may hold roles, for whom nobody listed", refusal{
		spec: privileged(groups("Operators")), companion: marketer(),
		facet: v1alpha1.ConditionGroups, reason: v1alpha1.ReasonProtected, says: []string{"safeguards.privileged"},
	}),
	Entry("whose name is not there", refusal{
		spec: groups("No Such"), companion: marketer(),
		facet: v1alpha1.ConditionGroups, reason: v1alpha1.ReasonUnresolved, says: []string{`group "No Such"`}, later: unresolvedRetry,
	}),
	Entry("whose name means two", refusal{
		tenant: func(spec *graphsim.TenantSpec) {
			spec.Groups = append(spec.Groups,
				graphsim.GroupSpec{DisplayName: "Twins", ID: "5a1e5000-0000-4000-8000-000000000001"},
				graphsim.GroupSpec{DisplayName: "Twins", ID: "5a1e5000-0000-4000-8000-000000000002"})
		},
		spec: groups("Twins"), companion: marketer(),
		facet: v1alpha1.ConditionGroups, reason: v1alpha1.ReasonUnresolved, says: []string{"more than one group", "Twins", "by its id"}, later: unresolvedRetry,
	}),
)

var _ = DescribeTable("applications and their roles are named", isRefused,
	Entry("an application that is not there", refusal{
		spec: portal("No Such", "User"), companion: clerk(),
		facet: v1alpha1.ConditionApplications, reason: v1alpha1.ReasonUnresolved, says: []string{`application "No Such"`}, later: unresolvedRetry,
	}),
	Entry("a role that is not there", refusal{
		spec: portal("MSPortal", "Emperor"), companion: clerk(),
		facet: v1alpha1.ConditionApplications, reason: v1alpha1.ReasonUnresolved, says: []string{"Emperor", "Admin, Manager, Training Only, User"}, later: unresolvedRetry,
	}),
	Entry("a role that is switched off", refusal{
		tenant: func(spec *graphsim.TenantSpec) { spec.Applications[0].Roles[0].Disabled = true },
		spec:   portal("MSPortal", "Admin"), companion: clerk(),
		facet: v1alpha1.ConditionApplications, reason: v1alpha1.ReasonUnresolved, says: []string{"Admin", "Manager, Training Only, User"}, later: unresolvedRetry,
	}),
)
