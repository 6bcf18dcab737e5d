package v1alpha1_test

import (
	"errors"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// beRefused matches the API server's refusal (422) for one cause: the field, and
// the very message that a person reads.
func beRefused(field, message string) gomegatypes.GomegaMatcher {
	return SatisfyAll(
		Satisfy(apierrors.IsInvalid),
		WithTransform(causes, ContainElement(field+": "+message)),
	)
}

// causes are the causes of a refusal as "field: message".
func causes(err error) []string {
	var list []string
	if status, ok := errors.AsType[*apierrors.StatusError](err); ok && status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			list = append(list, cause.Field+": "+cause.Message)
		}
	}
	return list
}

const (
	guid      = "6d1f0c1e-3f6f-4a52-9f6e-0d4f5a1b2c3d"
	otherGUID = "7e2f0c1e-3f6f-4a52-9f6e-0d4f5a1b2c3d"
)

// invalid is how the API server words a rule's refusal of a scalar.
func invalid(value, message string) string {
	return fmt.Sprintf("Invalid value: %q: %s", value, message)
}

// repeated is a YAML flow list of n entries, each made by the format from its
// index.
func repeated(n int, format string) string {
	entries := make([]string, n)
	for i := range entries {
		entries[i] = fmt.Sprintf(format, i)
	}
	return "[" + strings.Join(entries, ", ") + "]"
}

var _ = DescribeTable("A manifest is accepted",
	func(ctx SpecContext, kind, spec string) { applied(ctx, kind, spec) },

	Entry("Connection without grants", "Connection", `{secretRef: {name: msp-app}}`),
	Entry("Connection that grants one namespace two tenants, and one tenant to two namespaces", "Connection",
		`{secretRef: {name: msp-app}, grants: [
		  {namespace: contoso, tenantID: `+guid+`}, {namespace: contoso, tenantID: `+otherGUID+`}, {namespace: fabrikam, tenantID: `+guid+`}]}`),
	Entry("Connection with 5000 grants", "Connection",
		`{secretRef: {name: msp-app}, grants: `+repeated(5000, "{namespace: client-%d, tenantID: "+guid+"}")+`}`),

	Entry("Tenant by GUID through a Connection", "Tenant", `{tenantID: `+guid+`, connectionRef: {name: msp}}`),
	Entry("Tenant by GUID in capitals", "Tenant", `{tenantID: `+strings.ToUpper(guid)+`, connectionRef: {name: msp}}`),
	Entry("Tenant by domain with credentials of its own", "Tenant", `{tenantID: contoso.onmicrosoft.com, credentials: {secretRef: {name: app}}}`),
	Entry("Tenant by a domain in capitals, with digits and hyphens", "Tenant", `{tenantID: My-Firm24.co.UK, connectionRef: {name: msp}}`),
	Entry("Tenant with everything said", "Tenant", `{displayName: Contoso Ltd, tenantID: contoso.com, cloud: USGovDoD, connectionRef: {name: msp},
		managementPolicy: Enforce, paused: true, sync: {interval: 90s, discovery: {users: Members}},
		defaults: {usageLocation: DE, preferredLanguage: de-DE, firstSignInTTL: 72h},
		safeguards: {protected: [{user: breakglass@contoso.com}, {group: VIPs}], privileged: [admin@contoso.com], deletionGrace: 1h}}`),
	Entry("Tenant read every 10 seconds", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, sync: {interval: 10s}}`),
	Entry("Tenant read once a day", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, sync: {interval: 24h}}`),
	Entry("Tenant that protects 64 accounts", "Tenant",
		`{tenantID: contoso.com, connectionRef: {name: msp}, safeguards: {protected: `+repeated(64, "{user: vip%d@contoso.com}")+`}}`),

	Entry("ManagedUser that declares nothing", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com}`),
	Entry("ManagedUser with everything said", "ManagedUser", `{tenantRef: {name: contoso}, id: `+guid+`, userPrincipalName: alice@contoso.com,
		managementPolicy: Observe, creationPolicy: Create, deletionPolicy: Delete, paused: true, suspended: true, forcePasswordChange: true,
		startAt: "2026-12-01T08:00:00+01:00", firstSignIn: TemporaryAccessPass, manager: bob@contoso.com, allowPrivileged: true,
		profile: {displayName: Alice Smith, givenName: Alice, surname: Smith, jobTitle: Clerk, department: Sales, companyName: Contoso, officeLocation: "1.01",
		  streetAddress: Unter den Linden 1, city: Berlin, state: Berlin, postalCode: "10117", country: Germany, mobilePhone: "+49 171 392001",
		  businessPhone: "+49 30 23125001", usageLocation: DE, preferredLanguage: de-DE, employeeID: E00042, employeeType: Employee},
		licenses: [{sku: SPB, disabledPlans: [YAMMER_ENTERPRISE], until: "2027-01-01T00:00:00Z"}],
		groups: [{name: Sales, until: "2027-01-01T00:00:00Z"}], applications: [{name: Portal, role: Manager, until: "2027-01-01T00:00:00Z"}],
		directoryRoles: [{name: Helpdesk Administrator, scope: /, until: "2027-01-01T00:00:00Z"}]}`),
	Entry("ManagedUser of a guest", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: "ann_fabrikam.com#EXT#@contoso.onmicrosoft.com"}`),
	Entry("ManagedUser with an apostrophe and an umlaut", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: "sinéad.o'brien@bücher.example"}`),
	Entry("ManagedUser with a level and a latch that is off", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, forcePasswordChange: false, passwordChangedSince: "2026-11-20T10:00:00Z"}`),
)

var _ = DescribeTable("A manifest is refused",
	func(ctx SpecContext, kind, spec, field, message string) {
		Expect(apply(ctx, manifest(kind, spec))).To(beRefused(field, message))
	},

	Entry("Connection without Secret", "Connection", `{}`, "spec.secretRef", `Required value`),
	Entry("Connection with a nameless Secret", "Connection", `{secretRef: {}}`, "spec.secretRef.name", `Required value`),
	Entry("Connection with an empty Secret name", "Connection", `{secretRef: {name: ""}}`,
		"spec.secretRef.name", `Invalid value: "": spec.secretRef.name in body should be at least 1 chars long`),
	Entry("Connection with a Secret name too long", "Connection", `{secretRef: {name: `+strings.Repeat("a", 254)+`}}`,
		"spec.secretRef.name", `Too long: may not be more than 253 bytes`),
	Entry("grant without namespace", "Connection", `{secretRef: {name: a}, grants: [{tenantID: `+guid+`}]}`,
		"spec.grants[0].namespace", `Required value`),
	Entry("grant of a namespace without name", "Connection", `{secretRef: {name: a}, grants: [{namespace: "", tenantID: `+guid+`}]}`,
		"spec.grants[0].namespace", `Invalid value: "": spec.grants[0].namespace in body should be at least 1 chars long`),
	Entry("grant of a namespace name too long", "Connection", `{secretRef: {name: a}, grants: [{namespace: `+strings.Repeat("a", 64)+`, tenantID: `+guid+`}]}`,
		"spec.grants[0].namespace", `Too long: may not be more than 63 bytes`),
	Entry("grant without tenant", "Connection", `{secretRef: {name: a}, grants: [{namespace: contoso}]}`,
		"spec.grants[0].tenantID", `Required value`),
	Entry("grant of a tenant by domain", "Connection", `{secretRef: {name: a}, grants: [{namespace: contoso, tenantID: contoso.com}]}`,
		"spec.grants[0].tenantID", invalid("contoso.com", grantMessage)),
	Entry("grant of a tenant by GUID in capitals", "Connection", `{secretRef: {name: a}, grants: [{namespace: contoso, tenantID: `+strings.ToUpper(guid)+`}]}`,
		"spec.grants[0].tenantID", invalid(strings.ToUpper(guid), grantMessage)),
	Entry("5001 grants", "Connection", `{secretRef: {name: a}, grants: `+repeated(5001, "{namespace: client-%d, tenantID: "+guid+"}")+`}`,
		"spec.grants", `Too many: 5001: must have at most 5000 items`),

	Entry("Tenant without tenantID", "Tenant", `{connectionRef: {name: msp}}`, "spec.tenantID", `Required value`),
	Entry("Tenant by a bare word", "Tenant", `{tenantID: contoso, connectionRef: {name: msp}}`, "spec.tenantID", invalid("contoso", tenantIDMessage)),
	Entry("Tenant by an address", "Tenant", `{tenantID: "https://contoso.com", connectionRef: {name: msp}}`, "spec.tenantID", invalid("https://contoso.com", tenantIDMessage)),
	Entry("Tenant by a path", "Tenant", `{tenantID: "contoso.com/x", connectionRef: {name: msp}}`, "spec.tenantID", invalid("contoso.com/x", tenantIDMessage)),
	Entry("Tenant by common, which is no tenant", "Tenant", `{tenantID: common, connectionRef: {name: msp}}`, "spec.tenantID", invalid("common", tenantIDMessage)),
	Entry("Tenant by nothing", "Tenant", `{tenantID: "", connectionRef: {name: msp}}`, "spec.tenantID", invalid("", tenantIDMessage)),
	Entry("Tenant by too long a domain", "Tenant", `{tenantID: `+strings.Repeat("a.", 126)+`com, connectionRef: {name: msp}}`,
		"spec.tenantID", `Too long: may not be more than 253 bytes`),
	Entry("Tenant without a way in", "Tenant", `{tenantID: contoso.com}`, "spec", wayInMessage),
	Entry("Tenant with two ways in", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, credentials: {secretRef: {name: app}}}`,
		"spec", wayInMessage),
	Entry("Tenant with a nameless Connection", "Tenant", `{tenantID: contoso.com, connectionRef: {}}`, "spec.connectionRef.name", `Required value`),
	Entry("Tenant with credentials without Secret", "Tenant", `{tenantID: contoso.com, credentials: {}}`, "spec.credentials.secretRef", `Required value`),
	Entry("Tenant in a cloud that is none", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, cloud: "https://graph.example.com"}`,
		"spec.cloud", `Unsupported value: "https://graph.example.com": supported values: "Global", "USGov", "USGovDoD", "China"`),
	Entry("Tenant with another policy", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, managementPolicy: Delete}`,
		"spec.managementPolicy", `Unsupported value: "Delete": supported values: "Observe", "Enforce"`),
	Entry("Tenant with another discovery", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, sync: {discovery: {users: Guests}}}`,
		"spec.sync.discovery.users", `Unsupported value: "Guests": supported values: "None", "Members", "All"`),
	Entry("Tenant read too often", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, sync: {interval: 9s}}`,
		"spec.sync.interval", invalid("9s", intervalMessage)),
	Entry("Tenant read too seldom", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, sync: {interval: 24h1s}}`,
		"spec.sync.interval", invalid("24h1s", intervalMessage)),
	Entry("Tenant read at a pace that is none", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, sync: {interval: daily}}`,
		"spec.sync.interval", `Invalid value: "string": type conversion error from 'string' to 'google.protobuf.Duration' evaluating rule: `+intervalMessage),
	Entry("Tenant that protects neither user nor group", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, safeguards: {protected: [{}]}}`,
		"spec.safeguards.protected[0]", protectedMessage),
	Entry("Tenant that protects user and group in one entry", "Tenant",
		`{tenantID: contoso.com, connectionRef: {name: msp}, safeguards: {protected: [{user: a@b.example, group: VIPs}]}}`,
		"spec.safeguards.protected[0]", protectedMessage),
	Entry("Tenant that protects 65 accounts", "Tenant",
		`{tenantID: contoso.com, connectionRef: {name: msp}, safeguards: {protected: `+repeated(65, "{user: vip%d@contoso.com}")+`}}`,
		"spec.safeguards.protected", `Too many: 65: must have at most 64 items`),
	Entry("Tenant that lists nobody as administrator", "Tenant",
		`{tenantID: contoso.com, connectionRef: {name: msp}, safeguards: {privileged: [""]}}`,
		"spec.safeguards.privileged[0]", `Invalid value: "": spec.safeguards.privileged[0] in body should be at least 1 chars long`),

	Entry("ManagedUser without Tenant", "ManagedUser", `{userPrincipalName: alice@contoso.com}`, "spec.tenantRef", `Required value`),
	Entry("ManagedUser of a nameless Tenant", "ManagedUser", `{tenantRef: {name: ""}, userPrincipalName: alice@contoso.com}`,
		"spec.tenantRef.name", `Invalid value: "": spec.tenantRef.name in body should be at least 1 chars long`),
	Entry("ManagedUser without name", "ManagedUser", `{tenantRef: {name: contoso}}`, "spec.userPrincipalName", `Required value`),
	Entry("ManagedUser by a bare name", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: alice}`, "spec.userPrincipalName", invalid("alice", nameMessage)),
	Entry("ManagedUser by a name with a space", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: "al ice@contoso.com"}`, "spec.userPrincipalName", invalid("al ice@contoso.com", nameMessage)),
	Entry("ManagedUser at two domains", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: "alice@contoso@contoso.com"}`, "spec.userPrincipalName", invalid("alice@contoso@contoso.com", nameMessage)),
	Entry("ManagedUser at half a domain", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: alice@contoso}`, "spec.userPrincipalName", invalid("alice@contoso", nameMessage)),
	Entry("ManagedUser with too long a name", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: `+strings.Repeat("a", 250)+`@contoso.com}`,
		"spec.userPrincipalName", `Too long: may not be more than 256 bytes`),
	Entry("ManagedUser with an id that is none", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, id: alice}`, "spec.id", invalid("alice", idMessage)),
	Entry("ManagedUser with an id in capitals", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, id: `+strings.ToUpper(guid)+`}`, "spec.id", invalid(strings.ToUpper(guid), idMessage)),
	Entry("ManagedUser with another policy", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, managementPolicy: Manage}`,
		"spec.managementPolicy", `Unsupported value: "Manage": supported values: "Observe", "Enforce"`),
	Entry("ManagedUser to be deleted with its object", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, deletionPolicy: Offboard}`,
		"spec.deletionPolicy", `Unsupported value: "Offboard": supported values: "Retain", "Suspend", "Delete"`),
	Entry("ManagedUser with the latch and the level", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, forcePasswordChange: true, passwordChangedSince: "2026-11-20T10:00:00Z"}`,
		"spec", `Invalid value: set either forcePasswordChange or passwordChangedSince, not both`),
	Entry("ManagedUser with a date instead of a time", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, passwordChangedSince: "2026-11-20"}`,
		"spec.passwordChangedSince", `Invalid value: "2026-11-20": spec.passwordChangedSince in body must be of type date-time: "2026-11-20"`),
)

const (
	grantMessage     = `tenantID must be the tenant's GUID in lower case: a domain name can move to another tenant, so a grant cannot rest on it`
	tenantIDMessage  = `tenantID must be the tenant's GUID or one of its verified domains`
	wayInMessage     = `Invalid value: exactly one of connectionRef and credentials must be set`
	protectedMessage = `Invalid value: exactly one of user and group must be set`
	intervalMessage  = `interval must be between 10s and 24h`
	nameMessage      = `userPrincipalName must be a sign-in name like alice@contoso.com`
	idMessage        = `id must be the account's object id, a GUID in lower case`
)

var _ = DescribeTable("A field that does nothing yet is not taken silently",
	func(ctx SpecContext, kind, spec, field string) {
		Expect(apply(ctx, manifest(kind, spec))).To(MatchError(ContainSubstring(field + ": field not declared in schema")))
	},
	Entry("Connection", "Connection", `{secretRef: {name: a}, workloadIdentity: {clientID: x}}`, ".spec.workloadIdentity"),
	Entry("Tenant", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, offboarding: {}}`, ".spec.offboarding"),
	Entry("ManagedUser", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: a@b.example, offboard: {start: Immediately}}`, ".spec.offboard"),
)

var _ = DescribeTable("A change is accepted",
	func(ctx SpecContext, kind, before, after string) {
		object := applied(ctx, kind, before)
		changed := manifest(kind, after)
		changed.SetName(object.GetName())
		Expect(apply(ctx, changed)).To(Succeed())
	},
	Entry("of a Tenant from a Connection to credentials of its own", "Tenant",
		`{tenantID: contoso.com, connectionRef: {name: msp}}`, `{tenantID: contoso.com, credentials: {secretRef: {name: app}}}`),
	Entry("of a Tenant that names its default cloud", "Tenant",
		`{tenantID: contoso.com, connectionRef: {name: msp}}`, `{tenantID: contoso.com, connectionRef: {name: msp}, cloud: Global}`),
	Entry("that pins the person", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com}`,
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, id: `+guid+`}`),
	Entry("of the name of a person", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com}`, `{tenantRef: {name: contoso}, userPrincipalName: alice.smith@contoso.com}`),
	Entry("from the latch to the level", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, forcePasswordChange: true}`,
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, passwordChangedSince: "2026-11-20T10:00:00Z"}`),
)

var _ = DescribeTable("A change is refused",
	func(ctx SpecContext, kind, before, after, field, message string) {
		object := applied(ctx, kind, before)
		changed := manifest(kind, after)
		changed.SetName(object.GetName())
		Expect(apply(ctx, changed)).To(beRefused(field, message))
	},
	Entry("of a Tenant's tenant", "Tenant",
		`{tenantID: contoso.com, connectionRef: {name: msp}}`, `{tenantID: fabrikam.com, connectionRef: {name: msp}}`,
		"spec.tenantID", invalid("fabrikam.com", "tenantID is immutable: make another Tenant for another tenant")),
	Entry("of a Tenant's cloud", "Tenant",
		`{tenantID: contoso.com, connectionRef: {name: msp}}`, `{tenantID: contoso.com, connectionRef: {name: msp}, cloud: China}`,
		"spec.cloud", invalid("China", "cloud is immutable: a tenant does not move between clouds")),
	Entry("of a person's tenant", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com}`, `{tenantRef: {name: fabrikam}, userPrincipalName: alice@contoso.com}`,
		"spec.tenantRef", `Invalid value: tenantRef is immutable: an account does not move between tenants`),
	Entry("of the person", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, id: `+guid+`}`,
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, id: `+otherGUID+`}`,
		"spec", `Invalid value: id is immutable once set and may not be removed: it pins the person`),
	Entry("that unpins the person", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com, id: `+guid+`}`,
		`{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com}`,
		"spec", `Invalid value: id is immutable once set and may not be removed: it pins the person`),
)

// Server-side apply refuses these before validation, in words of its own.
var _ = DescribeTable("An entry said twice is refused",
	func(ctx SpecContext, kind, spec, field, message string) {
		Expect(admin.Create(ctx, manifest(kind, spec))).To(beRefused(field, message))
	},
	Entry("a grant of one tenant to one namespace", "Connection",
		`{secretRef: {name: a}, grants: [{namespace: contoso, tenantID: `+guid+`}, {namespace: contoso, tenantID: `+guid+`}]}`,
		"spec.grants[1]", `Duplicate value: {"namespace":"contoso","tenantID":"`+guid+`"}`),
	Entry("an administrator that may be touched", "Tenant",
		`{tenantID: contoso.com, connectionRef: {name: msp}, safeguards: {privileged: [a@b.example, a@b.example]}}`,
		"spec.safeguards.privileged[1]", `Duplicate value: "a@b.example"`),
	Entry("a plan that is switched off", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: a@b.example, licenses: [{sku: SPB, disabledPlans: [YAMMER_ENTERPRISE, YAMMER_ENTERPRISE]}]}`,
		"spec.licenses[0].disabledPlans[1]", `Duplicate value: "YAMMER_ENTERPRISE"`),
)

var _ = DescribeTable("Defaults",
	func(ctx SpecContext, kind, given string, expected gomegatypes.GomegaMatcher) {
		Expect(spec(ctx, applied(ctx, kind, given))).To(expected)
	},
	Entry("a Tenant observes, in the worldwide cloud", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}}`,
		SatisfyAll(HaveKeyWithValue("managementPolicy", "Observe"), HaveKeyWithValue("cloud", "Global"))),
	Entry("a Tenant is read every two minutes", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, sync: {}}`,
		HaveKeyWithValue("sync", HaveKeyWithValue("interval", "2m"))),
	Entry("discovery is off", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, sync: {discovery: {}}}`,
		HaveKeyWithValue("sync", HaveKeyWithValue("discovery", HaveKeyWithValue("users", "None")))),
	Entry("a ManagedUser retains, and says nothing else", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: a@b.example}`,
		Equal(map[string]any{"tenantRef": map[string]any{"name": "contoso"}, "userPrincipalName": "a@b.example", "deletionPolicy": "Retain", "creationPolicy": "Never"})),
	Entry("the role of an application without roles", "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: a@b.example, applications: [{name: Portal}]}`,
		HaveKeyWithValue("applications", ConsistOf(map[string]any{"name": "Portal", "role": "Default"}))),
	Entry("the scope of a directory role", "ManagedUser",
		`{tenantRef: {name: contoso}, userPrincipalName: a@b.example, allowPrivileged: true, directoryRoles: [{name: Reports Reader}]}`,
		HaveKeyWithValue("directoryRoles", ConsistOf(map[string]any{"name": "Reports Reader", "scope": "/"}))),
	Entry("a deletion waits a quarter of an hour", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, safeguards: {}}`,
		HaveKeyWithValue("safeguards", Equal(map[string]any{"deletionGrace": "15m"}))),
	Entry("a first password is kept for a week", "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, defaults: {}}`,
		HaveKeyWithValue("defaults", Equal(map[string]any{"firstSignInTTL": "168h"}))),
	Entry("a Connection grants nothing", "Connection", `{secretRef: {name: a}}`,
		Equal(map[string]any{"secretRef": map[string]any{"name": "a"}})),
)
