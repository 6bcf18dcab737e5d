package v1alpha1_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
)

// alice is a ManagedUser that says this, beside who it is.
func alice(says string) string {
	return `{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, ` + says + `}`
}

// contoso is a Tenant that says this, beside which it is.
func contoso(says string) string {
	return `{tenantID: contoso.com, connectionRef: {name: msp}, ` + says + `}`
}

// beAccepted matches no refusal.
func beAccepted() gomegatypes.GomegaMatcher { return Succeed() }

var _ = DescribeTable("A profile keeps Graph's limits",
	func(ctx SpecContext, field string, limit int) {
		path := "spec.profile." + field
		of := func(n int) string { return alice(fmt.Sprintf(`profile: {%s: "%s"}`, field, strings.Repeat("ü", n))) }
		applied(ctx, "ManagedUser", of(limit))
		Expect(apply(ctx, manifest("ManagedUser", of(limit+1)))).To(beRefused(path, fmt.Sprintf("Too long: may not be more than %d bytes", limit)))
	},
	Entry(nil, "displayName", 256), Entry(nil, "givenName", 64), Entry(nil, "surname", 64), Entry(nil, "jobTitle", 128),
	Entry(nil, "department", 64), Entry(nil, "companyName", 64), Entry(nil, "officeLocation", 128), Entry(nil, "streetAddress", 1024),
	Entry(nil, "city", 128), Entry(nil, "state", 128), Entry(nil, "postalCode", 40), Entry(nil, "country", 128),
	Entry(nil, "mobilePhone", 64), Entry(nil, "businessPhone", 64), Entry(nil, "employeeID", 16), Entry(nil, "employeeType", 64),
)

var _ = It("All of a profile can be cleared, but for what an account cannot be without", func(ctx SpecContext) {
	user := applied(ctx, "ManagedUser", alice(`manager: "", profile: {givenName: "", surname: "", jobTitle: "", department: "", companyName: "",
		officeLocation: "", streetAddress: "", city: "", state: "", postalCode: "", country: "", mobilePhone: "", businessPhone: "",
		preferredLanguage: "", employeeID: "", employeeType: ""}`))
	Expect(spec(ctx, user)).To(HaveKeyWithValue("manager", ""))
	Expect(spec(ctx, user)["profile"]).To(SatisfyAll(HaveLen(16), HaveEach("")))
})

var _ = DescribeTable("What a ManagedUser says of a person",
	func(ctx SpecContext, says string, expected gomegatypes.GomegaMatcher) {
		Expect(apply(ctx, cleaned(manifest("ManagedUser", alice(says))))).To(expected)
	},
	Entry("no name at all", `profile: {displayName: ""}`,
		beRefused("spec.profile.displayName", `Invalid value: "": spec.profile.displayName in body should be at least 1 chars long`)),
	Entry("a field that Graph keeps for delegated access", `profile: {aboutMe: x}`, MatchError(ContainSubstring(".spec.profile.aboutMe: field not declared in schema"))),

	Entry("a country", `profile: {usageLocation: CH}`, beAccepted()),
	Entry("a country in small letters", `profile: {usageLocation: de}`, beRefused("spec.profile.usageLocation", invalid("de", profileLocationMessage))),
	Entry("a country by name", `profile: {usageLocation: Germany}`, beRefused("spec.profile.usageLocation", `Too long: may not be more than 2 bytes`)),
	Entry("half a country", `profile: {usageLocation: D}`, beRefused("spec.profile.usageLocation", invalid("D", profileLocationMessage))),
	Entry("no country", `profile: {usageLocation: ""}`, beRefused("spec.profile.usageLocation", invalid("", profileLocationMessage))),

	Entry("a language", `profile: {preferredLanguage: en}`, beAccepted()),
	Entry("a language with script and region", `profile: {preferredLanguage: zh-Hant-TW}`, beAccepted()),
	Entry("a language with an underscore", `profile: {preferredLanguage: de_DE}`, beRefused("spec.profile.preferredLanguage", invalid("de_DE", profileLanguageMessage))),
	Entry("a language too long", `profile: {preferredLanguage: de-`+strings.Repeat("a", 30)+`}`,
		beRefused("spec.profile.preferredLanguage", `Too long: may not be more than 32 bytes`)),

	Entry("a manager", `manager: "sinéad.o'brien@contoso.com"`, beAccepted()),
	Entry("no manager", `manager: ""`, beAccepted()),
	Entry("a manager by name", `manager: Bob Hartmann`, beRefused("spec.manager", invalid("Bob Hartmann", managerMessage))),
	Entry("a manager by id", `manager: `+guid, beRefused("spec.manager", invalid(guid, managerMessage))),
	Entry("a manager with too long a name", `manager: `+strings.Repeat("a", 250)+`@contoso.com`, beRefused("spec.manager", `Too long: may not be more than 256 bytes`)),
)

var _ = DescribeTable("The life of an account",
	func(ctx SpecContext, says string, expected gomegatypes.GomegaMatcher) {
		Expect(apply(ctx, cleaned(manifest("ManagedUser", alice(says))))).To(expected)
	},
	Entry("is not begun", `creationPolicy: Never`, beAccepted()),
	Entry("is begun with a name", `creationPolicy: Create, profile: {displayName: Alice Smith}`, beAccepted()),
	Entry("is begun again for a deleted account", `id: `+guid+`, creationPolicy: Create, profile: {displayName: Alice Smith}`, beAccepted()),
	Entry("cannot begin without a name", `creationPolicy: Create`, beRefused("spec", `Invalid value: `+creationMessage)),
	Entry("cannot begin with half a name", `creationPolicy: Create, profile: {givenName: Alice}`, beRefused("spec", `Invalid value: `+creationMessage)),
	Entry("begins in no other way", `creationPolicy: Invite`, beRefused("spec.creationPolicy", `Unsupported value: "Invite": supported values: "Never", "Create"`)),

	Entry("is opened later", `startAt: "2026-12-01T08:00:00+01:00"`, beAccepted()),
	Entry("is opened at a time, not on a day", `startAt: "2026-12-01"`,
		beRefused("spec.startAt", `Invalid value: "2026-12-01": spec.startAt in body must be of type date-time: "2026-12-01"`)),

	Entry("begins with a password", `creationPolicy: Create, firstSignIn: Password, profile: {displayName: Alice}`, beAccepted()),
	Entry("begins with a pass", `creationPolicy: Create, firstSignIn: TemporaryAccessPass, profile: {displayName: Alice}`, beAccepted()),
	Entry("begins with nothing else", `creationPolicy: Create, firstSignIn: SMS, profile: {displayName: Alice}`,
		beRefused("spec.firstSignIn", `Unsupported value: "SMS": supported values: "Password", "TemporaryAccessPass"`)),
	Entry("has no first sign-in that is not begun here", `firstSignIn: Password`, beRefused("spec", `Invalid value: `+firstSignInMessage)),
	Entry("has none that must not be begun", `creationPolicy: Never, firstSignIn: Password`, beRefused("spec", `Invalid value: `+firstSignInMessage)),

	Entry("outlives its object", `deletionPolicy: Retain`, beAccepted()),
	Entry("is suspended with its object", `deletionPolicy: Suspend`, beAccepted()),
	Entry("ends with its object", `deletionPolicy: Delete`, beAccepted()),
	Entry("ends in no other way", `deletionPolicy: Purge`,
		beRefused("spec.deletionPolicy", `Unsupported value: "Purge": supported values: "Retain", "Suspend", "Delete"`)),
)

var _ = DescribeTable("Entries of the lists",
	func(ctx SpecContext, says string, expected gomegatypes.GomegaMatcher) {
		Expect(apply(ctx, cleaned(manifest("ManagedUser", alice(says))))).To(expected)
	},
	Entry("a licence by GUID, all of its plans on", `licenses: [{sku: `+guid+`, disabledPlans: []}]`, beAccepted()),
	Entry("64 licences", `licenses: `+repeated(64, "{sku: SKU_%d}"), beAccepted()),
	Entry("65 licences", `licenses: `+repeated(65, "{sku: SKU_%d}"), beRefused("spec.licenses", `Too many: 65: must have at most 64 items`)),
	Entry("a licence twice", `licenses: [{sku: SPB}, {sku: SPE_E3}, {sku: SPB, disabledPlans: [YAMMER_ENTERPRISE]}]`,
		beRefused("spec.licenses", `Invalid value: licenses must name each sku once`)),
	Entry("a licence of nothing", `licenses: [{}]`, beRefused("spec.licenses[0].sku", `Required value`)),
	Entry("a licence without name", `licenses: [{sku: ""}]`,
		beRefused("spec.licenses[0].sku", `Invalid value: "": spec.licenses[0].sku in body should be at least 1 chars long`)),
	Entry("a licence with too long a name", `licenses: [{sku: `+strings.Repeat("A", 129)+`}]`, beRefused("spec.licenses[0].sku", `Too long: may not be more than 128 bytes`)),
	Entry("a licence until a day", `licenses: [{sku: SPB, until: "2027-01-01"}]`,
		beRefused("spec.licenses[0].until", `Invalid value: "2027-01-01": spec.licenses[0].until in body must be of type date-time: "2027-01-01"`)),
	Entry("a licence without a nameless plan", `licenses: [{sku: SPB, disabledPlans: [""]}]`,
		beRefused("spec.licenses[0].disabledPlans[0]", `Invalid value: "": spec.licenses[0].disabledPlans[0] in body should be at least 1 chars long`)),
	Entry("a licence without 101 plans", `licenses: [{sku: SPB, disabledPlans: `+repeated(101, "P%d")+`}]`,
		beRefused("spec.licenses[0].disabledPlans", `Too many: 101: must have at most 100 items`)),

	Entry("a group by name, and one by id", `groups: [{name: All Company}, {name: `+guid+`}]`, beAccepted()),
	Entry("128 groups with names as long as can be", `groups: `+repeated(128, "{name: "+strings.Repeat("g", 250)+"-%d}"), beAccepted()),
	Entry("129 groups", `groups: `+repeated(129, "{name: g-%d}"), beRefused("spec.groups", `Too many: 129: must have at most 128 items`)),
	Entry("a group twice", `groups: [{name: Sales}, {name: Sales}]`, beRefused("spec.groups", `Invalid value: groups must name each group once`)),
	Entry("a group without name", `groups: [{name: ""}]`,
		beRefused("spec.groups[0].name", `Invalid value: "": spec.groups[0].name in body should be at least 1 chars long`)),
	Entry("a group with too long a name", `groups: [{name: `+strings.Repeat("g", 257)+`}]`, beRefused("spec.groups[0].name", `Too long: may not be more than 256 bytes`)),

	Entry("two roles of an application", `applications: [{name: Portal, role: Admin}, {name: Portal, role: User}]`, beAccepted()),
	Entry("a role twice", `applications: [{name: Portal, role: User}, {name: Portal, role: User}]`,
		beRefused("spec.applications", `Invalid value: applications must name each role of an application once`)),
	Entry("the default role twice, once not said", `applications: [{name: Portal}, {name: Portal, role: Default}]`,
		beRefused("spec.applications", `Invalid value: applications must name each role of an application once`)),
	Entry("a role of no application", `applications: [{role: User}]`, beRefused("spec.applications[0].name", `Required value`)),
	Entry("a role without name", `applications: [{name: Portal, role: ""}]`,
		beRefused("spec.applications[0].role", `Invalid value: "": spec.applications[0].role in body should be at least 1 chars long`)),
	Entry("65 roles", `applications: `+repeated(65, "{name: Portal, role: r-%d}"), beRefused("spec.applications", `Too many: 65: must have at most 64 items`)),
)

var _ = DescribeTable("Directory roles",
	func(ctx SpecContext, says string, expected gomegatypes.GomegaMatcher) {
		Expect(apply(ctx, cleaned(manifest("ManagedUser", alice(says))))).To(expected)
	},
	Entry("are granted where an administrator may be touched", `allowPrivileged: true, directoryRoles: [{name: Helpdesk Administrator}]`, beAccepted()),
	Entry("are granted for two scopes", `allowPrivileged: true, directoryRoles: [{name: Helpdesk Administrator}, {name: Helpdesk Administrator, scope: /administrativeUnits/`+guid+`}]`, beAccepted()),
	Entry("are taken away, all of them, also where none may be granted", `directoryRoles: []`, beAccepted()),
	Entry("need allowPrivileged", `directoryRoles: [{name: Helpdesk Administrator}]`, beRefused("spec", `Invalid value: `+rolesMessage)),
	Entry("need allowPrivileged to be true", `allowPrivileged: false, directoryRoles: [{name: Helpdesk Administrator}]`, beRefused("spec", `Invalid value: `+rolesMessage)),
	Entry("are named once for a scope", `allowPrivileged: true, directoryRoles: [{name: Helpdesk Administrator}, {name: Helpdesk Administrator, scope: /}]`,
		beRefused("spec.directoryRoles", `Invalid value: directoryRoles must name each role once for a scope`)),
	Entry("have a scope that is a path", `allowPrivileged: true, directoryRoles: [{name: Helpdesk Administrator, scope: Berlin}]`,
		beRefused("spec.directoryRoles[0].scope", invalid("Berlin", `scope must be / or the path of an administrative unit, like /administrativeUnits/<id>`))),
	Entry("are sixteen at most", `allowPrivileged: true, directoryRoles: `+repeated(17, "{name: r-%d}"), beRefused("spec.directoryRoles", `Too many: 17: must have at most 16 items`)),
)

var _ = DescribeTable("The roles that can give themselves every other one are never granted",
	func(ctx SpecContext, name string) {
		Expect(apply(ctx, manifest("ManagedUser", alice(`allowPrivileged: true, directoryRoles: [{name: `+name+`}]`)))).To(
			beRefused("spec.directoryRoles[0]", `Forbidden: this role can give itself every other one and is never granted from here: grant it in the Entra admin center`))
	},
	Entry(nil, "Global Administrator"), Entry(nil, "global administrator"), Entry(nil, "62e90394-69f5-4237-9190-012177145e10"),
	Entry(nil, "Privileged Role Administrator"), Entry(nil, "e8611ab8-c189-46e8-94e1-60213ab1f814"), Entry(nil, "E8611AB8-C189-46E8-94E1-60213AB1F814"),
	Entry(nil, "Privileged Authentication Administrator"), Entry(nil, "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"),
)

var _ = DescribeTable("A Tenant's defaults and graces",
	func(ctx SpecContext, says string, expected gomegatypes.GomegaMatcher) {
		Expect(apply(ctx, cleaned(manifest("Tenant", contoso(says))))).To(expected)
	},
	Entry("a country and a language", `defaults: {usageLocation: DE, preferredLanguage: de-DE}`, beAccepted()),
	Entry("a country in small letters", `defaults: {usageLocation: de}`,
		beRefused("spec.defaults.usageLocation", invalid("de", `usageLocation must be a country as two capital letters, like DE`))),
	Entry("a language that is none", `defaults: {preferredLanguage: "de DE"}`,
		beRefused("spec.defaults.preferredLanguage", invalid("de DE", `preferredLanguage must be a language like de-DE`))),
	Entry("a first password kept as short as can be", `defaults: {firstSignInTTL: 1h}`, beAccepted()),
	Entry("a first password kept as long as can be", `defaults: {firstSignInTTL: 2160h}`, beAccepted()),
	Entry("a first password kept too short", `defaults: {firstSignInTTL: 59m}`,
		beRefused("spec.defaults.firstSignInTTL", invalid("59m", ttlMessage))),
	Entry("a first password kept too long", `defaults: {firstSignInTTL: 2160h1s}`,
		beRefused("spec.defaults.firstSignInTTL", invalid("2160h1s", ttlMessage))),
	Entry("a first password kept for days, which are no unit", `defaults: {firstSignInTTL: 7d}`,
		beRefused("spec.defaults.firstSignInTTL", `Invalid value: "string": type conversion error from 'string' to 'google.protobuf.Duration' evaluating rule: `+ttlMessage)),
	Entry("a grace as short as can be", `safeguards: {deletionGrace: 1m}`, beAccepted()),
	Entry("a grace as long as can be", `safeguards: {deletionGrace: 720h}`, beAccepted()),
	Entry("a grace too short", `safeguards: {deletionGrace: 59s}`, beRefused("spec.safeguards.deletionGrace", invalid("59s", graceMessage))),
	Entry("a grace too long", `safeguards: {deletionGrace: 720h1s}`, beRefused("spec.safeguards.deletionGrace", invalid("720h1s", graceMessage))),
	Entry("no grace", `safeguards: {deletionGrace: 0s}`, beRefused("spec.safeguards.deletionGrace", invalid("0s", graceMessage))),
)

const (
	profileLocationMessage = `usageLocation must be a country as two capital letters, like DE; it cannot be cleared`
	profileLanguageMessage = `preferredLanguage must be a language like de-DE, or empty`
	managerMessage         = `manager must be a sign-in name like bob@contoso.com, or empty for none`
	creationMessage        = `creationPolicy Create needs profile.displayName: an account cannot be made without a name`
	firstSignInMessage     = `firstSignIn is for accounts that are made here: set creationPolicy to Create as well`
	rolesMessage           = `directoryRoles need allowPrivileged: true: they make the account an administrator`
	ttlMessage             = `firstSignInTTL must be between 1h and 2160h`
	graceMessage           = `deletionGrace must be between 1m and 720h`
)

var _ = DescribeTable("In the course of a life",
	func(ctx SpecContext, before, after string, expected gomegatypes.GomegaMatcher) {
		changed := manifest("ManagedUser", alice(after))
		changed.SetName(applied(ctx, "ManagedUser", alice(before)).GetName())
		Expect(apply(ctx, changed)).To(expected)
	},
	Entry("a person who was made here is pinned", `creationPolicy: Create, profile: {displayName: Alice}`,
		`id: `+guid+`, creationPolicy: Create, profile: {displayName: Alice}`, beAccepted()),
	Entry("creation is no longer wanted", `creationPolicy: Create, firstSignIn: Password, profile: {displayName: Alice}`, `creationPolicy: Never`, beAccepted()),
	Entry("creation goes, and how to sign in first stays behind", `creationPolicy: Create, firstSignIn: Password, profile: {displayName: Alice}`,
		`creationPolicy: Never, firstSignIn: Password`, beRefused("spec", `Invalid value: `+firstSignInMessage)),
	Entry("an administrator gives up all roles", `allowPrivileged: true, directoryRoles: [{name: Reports Reader}]`,
		`allowPrivileged: true, directoryRoles: []`, beAccepted()),
	Entry("a deletion comes to be harmless", `deletionPolicy: Delete`, `deletionPolicy: Retain`, beAccepted()),
)
