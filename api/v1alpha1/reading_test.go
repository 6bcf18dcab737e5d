package v1alpha1_test

import (
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// report writes a status, given in YAML, as the operator would.
func report(ctx SpecContext, object *unstructured.Unstructured, status string) error {
	GinkgoHelper()
	var content map[string]any
	Expect(yaml.Unmarshal([]byte(status), &content)).To(Succeed())
	patch, err := json.Marshal(map[string]any{"status": content})
	Expect(err).NotTo(HaveOccurred())
	return admin.Status().Patch(ctx, object, client.RawPatch("application/merge-patch+json", patch))
}

// table asks for one object's table, as `kubectl get -o wide` does.
func table(ctx SpecContext, resource, name string) *metav1.Table {
	GinkgoHelper()
	clientset, err := kubernetes.NewForConfig(plane.Config)
	Expect(err).NotTo(HaveOccurred())
	body, err := clientset.RESTClient().Get().
		AbsPath("apis", v1alpha1.GroupVersion.Group, v1alpha1.GroupVersion.Version, resource).
		Param("fieldSelector", "metadata.name="+name).
		SetHeader("Accept", "application/json;as=Table;g=meta.k8s.io;v=v1").
		Do(ctx).Raw()
	Expect(err).NotTo(HaveOccurred())
	result := &metav1.Table{}
	Expect(json.Unmarshal(body, result)).To(Succeed())
	return result
}

// columns splits a table's columns into those that are always shown and those
// that are shown by -o wide.
func columns(t *metav1.Table) (narrow, wide []string) {
	for _, column := range t.ColumnDefinitions {
		if column.Priority == 0 {
			narrow = append(narrow, column.Name)
		} else {
			wide = append(wide, column.Name)
		}
	}
	return narrow, wide
}

// row is the one row of a table by column, without the age.
func row(t *metav1.Table) map[string]any {
	GinkgoHelper()
	Expect(t.Rows).To(HaveLen(1))
	cells := map[string]any{}
	for i, column := range t.ColumnDefinitions {
		if column.Name != "Age" {
			cells[column.Name] = t.Rows[0].Cells[i]
		}
	}
	return cells
}

const readyStatus = `conditions: [{type: Ready, status: "True", reason: Succeeded, message: ok, lastTransitionTime: "2026-11-20T10:00:00Z"}]`

var _ = Describe("kubectl get", func() {
	It("shows a Connection's key and readiness", func(ctx SpecContext) {
		connection := applied(ctx, "Connection", `{secretRef: {name: msp-app}}`)
		Expect(report(ctx, connection, `{clientID: `+guid+`, credential: ClientCertificate, `+readyStatus+`}`)).To(Succeed())

		shown := table(ctx, "connections", connection.GetName())

		narrow, wide := columns(shown)
		Expect(narrow).To(Equal([]string{"Name", "Client-ID", "Credential", "Ready", "Age"}))
		Expect(wide).To(Equal([]string{"Reason", "Expires"}))
		Expect(row(shown)).To(Equal(map[string]any{
			"Name": connection.GetName(), "Client-ID": guid, "Credential": "ClientCertificate",
			"Ready": "True", "Reason": "Succeeded", "Expires": nil,
		}))
	})

	It("shows a Tenant's people in numbers", func(ctx SpecContext) {
		tenant := applied(ctx, "Tenant", `{tenantID: contoso.com, connectionRef: {name: msp}, managementPolicy: Enforce}`)
		Expect(report(ctx, tenant, `{tenantID: `+guid+`, displayName: Contoso Ltd, `+readyStatus+`,
			shard: a, users: {total: 40, admins: 3, suspended: 4, mfaRegistered: 20, mfaNotRegistered: 5, mfaUnknown: 6, suspendedLicensed: 1, drifted: 2}}`)).To(Succeed())

		shown := table(ctx, "tenants", tenant.GetName())

		narrow, wide := columns(shown)
		Expect(narrow).To(Equal([]string{"Name", "Display-Name", "Policy", "Users", "MFA", "No-MFA", "Admins", "Suspended", "Drifted", "Ready", "Age"}))
		Expect(wide).To(Equal([]string{"Reason", "Shard", "Tenant-ID", "MFA-Unknown", "Suspended-Licensed"}))
		Expect(row(shown)).To(Equal(map[string]any{
			"Name": tenant.GetName(), "Display-Name": "Contoso Ltd", "Policy": "Enforce",
			"Users": 40.0, "MFA": 20.0, "No-MFA": 5.0, "Admins": 3.0, "Suspended": 4.0, "Drifted": 2.0, "Ready": "True",
			"Reason": "Succeeded", "Shard": "a", "Tenant-ID": guid, "MFA-Unknown": 6.0, "Suspended-Licensed": 1.0,
		}))
	})

	It("shows a person's state, MFA, admin and licence", func(ctx SpecContext) {
		user := applied(ctx, "ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com}`)
		Expect(report(ctx, user, `{displayName: Alice Smith, state: Active, mfa: {state: Registered}, admin: "False", licensed: "True",
			userPrincipalName: alice@contoso.com, mail: alice.smith@contoso.com, `+readyStatus+`}`)).To(Succeed())

		shown := table(ctx, "managedusers", user.GetName())

		narrow, wide := columns(shown)
		Expect(narrow).To(Equal([]string{"Name", "Display-Name", "State", "MFA", "Admin", "Licensed", "Ready", "Age"}))
		Expect(wide).To(Equal([]string{"UPN", "Mail", "Last-Sign-In", "Tenant", "Reason"}))
		Expect(row(shown)).To(Equal(map[string]any{
			"Name": user.GetName(), "Display-Name": "Alice Smith", "State": "Active", "MFA": "Registered",
			"Admin": "False", "Licensed": "True", "Ready": "True",
			"UPN": "alice@contoso.com", "Mail": "alice.smith@contoso.com", "Last-Sign-In": nil, "Tenant": "contoso", "Reason": "Succeeded",
		}))
	})
})

var _ = Describe("Field selectors", Ordered, func() {
	var alice, bob *unstructured.Unstructured

	BeforeAll(func(ctx SpecContext) {
		alice = manifest("ManagedUser", `{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com}`)
		bob = manifest("ManagedUser", `{tenantRef: {name: fabrikam}, userPrincipalName: bob@fabrikam.com}`)
		alice.SetName("selected-alice")
		bob.SetName("selected-bob")
		for _, user := range []*unstructured.Unstructured{alice, bob} {
			Expect(apply(ctx, user)).To(Succeed())
			DeferCleanup(func(ctx SpecContext) { Expect(admin.Delete(ctx, user)).To(Succeed()) })
		}
		Expect(report(ctx, alice, `{state: Active, sync: InSync, accountType: Person, mfa: {state: NotRegistered}, admin: "True", licensed: "False"}`)).To(Succeed())
		Expect(report(ctx, bob, `{state: Suspended, sync: Blocked, accountType: Guest, mfa: {state: NotApplicable}, admin: Unknown, licensed: "True"}`)).To(Succeed())
	})

	DescribeTable("find people",
		func(ctx SpecContext, selector client.MatchingFields, expected string) {
			var found v1alpha1.ManagedUserList
			Expect(admin.List(ctx, &found, selector)).To(Succeed())
			Expect(found.Items).To(ConsistOf(HaveField("Name", expected)))
		},
		Entry("by state", client.MatchingFields{"status.state": "Suspended"}, "selected-bob"),
		Entry("by MFA", client.MatchingFields{"status.mfa.state": "NotRegistered"}, "selected-alice"),
		Entry("by admin", client.MatchingFields{"status.admin": "True"}, "selected-alice"),
		Entry("by licence", client.MatchingFields{"status.licensed": "True"}, "selected-bob"),
		Entry("by sync", client.MatchingFields{"status.sync": "Blocked"}, "selected-bob"),
		Entry("by kind of account", client.MatchingFields{"status.accountType": "Guest"}, "selected-bob"),
		Entry("by Tenant", client.MatchingFields{"spec.tenantRef.name": "fabrikam"}, "selected-bob"),
		Entry("by name", client.MatchingFields{"spec.userPrincipalName": "alice@contoso.com"}, "selected-alice"),
	)
})

var _ = Describe("Discovery", func() {
	It("knows the kinds by their short names and in the category m365", func() {
		discoverer, err := discovery.NewDiscoveryClientForConfig(plane.Config)
		Expect(err).NotTo(HaveOccurred())
		list, err := discoverer.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
		Expect(err).NotTo(HaveOccurred())

		type names struct {
			Kind       string
			Namespaced bool
			Short      []string
			Categories []string
		}
		var found []names
		for _, resource := range list.APIResources {
			if resource.ShortNames != nil {
				found = append(found, names{resource.Kind, resource.Namespaced, resource.ShortNames, resource.Categories})
			}
		}
		Expect(found).To(ConsistOf(
			names{"Connection", false, []string{"m365connection", "m365connections"}, []string{"m365"}},
			names{"Tenant", true, []string{"m365tenant", "m365tenants"}, []string{"m365"}},
			names{"ManagedUser", true, []string{"muser", "musers"}, []string{"m365"}},
		))
	})
})

var _ = DescribeTable("A status outside the contract is refused",
	func(ctx SpecContext, kind, spec, status, field, message string) {
		Expect(report(ctx, applied(ctx, kind, spec), status)).To(beRefused(field, message))
	},
	Entry("a Connection's credential", "Connection", `{secretRef: {name: a}}`, `{credential: Password}`,
		"status.credential", `Unsupported value: "Password": supported values: "ClientSecret", "ClientCertificate"`),
	Entry("a domain's authentication", "Tenant", tenantSpec, `{domains: [{name: a.example, authentication: None}]}`,
		"status.domains[0].authentication", `Unsupported value: "None": supported values: "Managed", "Federated"`),
	Entry("a capability said to be maybe", "Tenant", tenantSpec, `{capabilities: [{name: x, available: Maybe}]}`,
		"status.capabilities[0].available", `Unsupported value: "Maybe": supported values: "True", "False", "Unknown"`),
	Entry("security defaults not said", "Tenant", tenantSpec, `{mfaPolicy: {}}`, "status.mfaPolicy.securityDefaults", `Required value`),
	Entry("a reference of another kind", "Tenant", tenantSpec, `{safeguards: {resolved: [{kind: Device, name: x, id: y}]}}`,
		"status.safeguards.resolved[0].kind", `Unsupported value: "Device": supported values: "User", "Group"`),
	Entry("a state", "ManagedUser", userSpec, `{state: Offboarded}`,
		"status.state", `Unsupported value: "Offboarded": supported values: "Active", "Suspended", "Staged", "Deleted", "NotFound"`),
	Entry("a sync", "ManagedUser", userSpec, `{sync: Held}`,
		"status.sync", `Unsupported value: "Held": supported values: "InSync", "Pending", "Blocked", "Unknown"`),
	Entry("a source", "ManagedUser", userSpec, `{source: Portal}`, "status.source", `Unsupported value: "Portal": supported values: "Graph"`),
	Entry("a kind of account", "ManagedUser", userSpec, `{accountType: Robot}`,
		"status.accountType", `Unsupported value: "Robot": supported values: "Person", "Guest", "Shared", "Room", "Equipment", "Service", "Unknown"`),
	Entry("an MFA state", "ManagedUser", userSpec, `{mfa: {state: Enabled}}`,
		"status.mfa.state", `Unsupported value: "Enabled": supported values: "Registered", "NotRegistered", "NotApplicable", "Unknown"`),
	Entry("an MFA reason", "ManagedUser", userSpec, `{mfa: {state: Unknown, reason: Shy}}`,
		"status.mfa.reason", `Unsupported value: "Shy": supported values: "SignInBlocked", "Guest", "Shared", "Room", "Equipment", "Service", "PremiumRequired", "PermissionMissing", "NotReported", "NotRead"`),
	Entry("a boolean instead of a fact that may be unknown", "ManagedUser", userSpec, `{admin: false}`,
		"status.admin", `Invalid value: "boolean": admin in body must be of type string: "boolean"`),
	Entry("a role's path", "ManagedUser", userSpec, `{roles: [{name: x, path: Magic}]}`,
		"status.roles[0].path", `Unsupported value: "Magic": supported values: "Direct", "Group", "Eligible"`),
	Entry("a licence without SKU", "ManagedUser", userSpec, `{licenses: [{name: x}]}`, "status.licenses[0].sku", `Required value`),
	Entry("groups without their number", "ManagedUser", userSpec, `{groups: {names: [Sales]}}`, "status.groups.total", `Required value`),
	Entry("an application without name", "ManagedUser", userSpec, `{applications: {total: 1, items: [{role: Admin}]}}`,
		"status.applications.items[0].name", `Required value`),
	Entry("a device said to be managed maybe", "ManagedUser", userSpec, `{devices: {total: 1, items: [{id: x, managed: Maybe}]}}`,
		"status.devices.items[0].managed", `Unsupported value: "Maybe": supported values: "True", "False", "Unknown"`),
	Entry("a boolean for a validated device", "ManagedUser", userSpec, `{validatedDevice: true}`,
		"status.validatedDevice", `Invalid value: "boolean": validatedDevice in body must be of type string: "boolean"`),
	Entry("an alert", "ManagedUser", userSpec, `{alerts: [Fire]}`,
		"status.alerts[0]", `Unsupported value: "Fire": supported values: "RecentlyLockedOut", "LicenseError", "SuspendedButLicensed", "SharedCanSignIn", "UndeclaredAdmin", "Stale"`),
	Entry("an alert twice", "ManagedUser", userSpec, `{alerts: [Stale, Stale]}`, "status.alerts[1]", `Duplicate value: "Stale"`),
	Entry("a first sign-in without its Secret", "ManagedUser", userSpec, `{firstSignIn: {}}`, "status.firstSignIn.secretName", `Required value`),
	Entry("a claim of another kind", "ManagedUser", userSpec, `{claims: [{kind: Device, name: x, id: y}]}`,
		"status.claims[0].kind", `Unsupported value: "Device": supported values: "License", "Group", "Application", "DirectoryRole", "Manager"`),
	Entry("a claim that names nothing", "ManagedUser", userSpec, `{claims: [{kind: Group, name: Sales}]}`, "status.claims[0].id", `Required value`),
	Entry("a claim said twice", "ManagedUser", userSpec, `{claims: [{kind: Group, name: Sales, id: y}, {kind: Group, name: Sales, id: z}]}`,
		"status.claims[1]", `Duplicate value: {"kind":"Group","name":"Sales","qualifier":""}`),
	Entry("an undeclared admin without id", "Tenant", tenantSpec, `{undeclaredAdmins: [{userPrincipalName: x@contoso.com}]}`,
		"status.undeclaredAdmins[0].id", `Required value`),
	Entry("a record's phase", "ManagedUser", userSpec, `{records: [{name: x, cause: "1", phase: Lost, time: "2026-11-20T10:00:00Z"}]}`,
		"status.records[0].phase", `Unsupported value: "Lost": supported values: "Owed", "Started", "Done"`),
)

const (
	tenantSpec = `{tenantID: contoso.com, connectionRef: {name: msp}}`
	userSpec   = `{tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com}`
)
