package config_test

import (
	"fmt"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/controllers"
)

// beRefusedBy matches the refusal of one policy: 403 with the reason Forbidden,
// never 422, on which a GitOps tool that forces would delete the object.
func beRefusedBy(policy string) gomegatypes.GomegaMatcher {
	return SatisfyAll(
		MatchError(ContainSubstring("ValidatingAdmissionPolicy '%s'", policy)),
		HaveField("ErrStatus.Code", int32(http.StatusForbidden)),
		HaveField("ErrStatus.Reason", metav1.StatusReasonForbidden),
	)
}

const (
	userSpec       = `tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com`
	plainUser      = `spec: {` + userSpec + `}`
	suspendedUser  = `spec: {` + userSpec + `, suspended: true}`
	privilegedUser = `spec: {` + userSpec + `, allowPrivileged: true}`
	deletedUser    = `spec: {` + userSpec + `, deletionPolicy: Delete}`
	discoveredUser = `{metadata: {labels: {identity.m365-operator.io/discovered: "true"}}, spec: {` + userSpec + `}}`
)

// tenantWith is a Tenant with the given safeguards.
func tenantWith(safeguards string) string {
	return fmt.Sprintf(`spec: {tenantID: contoso.com, connectionRef: {name: msp}, safeguards: {%s}}`, safeguards)
}

// existing is an object that stands when the spec begins.
func existing(ctx SpecContext, kind, content string) *unstructured.Unstructured {
	GinkgoHelper()
	object := manifest(kind, content)
	Expect(as(masters).Create(ctx, object)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		Expect(client.IgnoreNotFound(as(masters).Delete(ctx, object))).To(Succeed())
	})
	return object
}

// create lets somebody create an object that is cleaned up after the spec.
func create(ctx SpecContext, who, kind, content string) error {
	GinkgoHelper()
	object := manifest(kind, content)
	DeferCleanup(func(ctx SpecContext) {
		Expect(client.IgnoreNotFound(as(masters).Delete(ctx, object))).To(Succeed())
	})
	return as(who).Create(ctx, object)
}

// change lets somebody replace an object that stands by another content.
func change(ctx SpecContext, who, kind, before, after string) error {
	GinkgoHelper()
	object := existing(ctx, kind, before)
	changed := manifest(kind, after)
	changed.SetResourceVersion(object.GetResourceVersion())
	return as(who).Update(ctx, changed)
}

var _ = Describe("The privileged policy", func() {
	const policy = "m365-privileged"
	const helpdeskUser = `spec: {` + userSpec + `, allowPrivileged: true, directoryRoles: [{name: Helpdesk Administrator}]}`

	DescribeTable("on creation",
		func(ctx SpecContext, who, content string, expected gomegatypes.GomegaMatcher) {
			Expect(create(ctx, who, "ManagedUser", content)).To(expected)
		},
		Entry("lets an editor manage a person", editor, suspendedUser, Succeed()),
		Entry("lets an editor say that no administrator may be touched", editor, `spec: {`+userSpec+`, allowPrivileged: false}`, Succeed()),
		Entry("refuses an editor an administrator", editor, privilegedUser, beRefusedBy(policy)),
		Entry("lets a privileged editor touch an administrator", privilegedEditor, privilegedUser, Succeed()),
		Entry("lets a cluster administrator, who may everything", clusterAdmin, privilegedUser, Succeed()),
		Entry("refuses an editor to make an administrator", editor, helpdeskUser, beRefusedBy(policy)),
		Entry("lets a privileged editor make one", privilegedEditor, helpdeskUser, Succeed()),
		Entry("lets an editor say that there are no roles", editor, `spec: {`+userSpec+`, directoryRoles: []}`, Succeed()),
	)

	DescribeTable("on change",
		func(ctx SpecContext, who, before, after string, expected gomegatypes.GomegaMatcher) {
			Expect(change(ctx, who, "ManagedUser", before, after)).To(expected)
		},
		Entry("refuses an editor to reach for an administrator", editor, plainUser, privilegedUser, beRefusedBy(policy)),
		Entry("lets a privileged editor", privilegedEditor, plainUser, privilegedUser, Succeed()),
		Entry("refuses an editor to change what is declared of one", editor,
			privilegedUser, `spec: {`+userSpec+`, allowPrivileged: true, suspended: true}`, beRefusedBy(policy)),
		Entry("lets a privileged editor", privilegedEditor,
			privilegedUser, `spec: {`+userSpec+`, allowPrivileged: true, suspended: true}`, Succeed()),
		Entry("lets an editor ask for a pass", editor, privilegedUser,
			`{metadata: {annotations: {reconcile.fluxcd.io/requestedAt: now}}, spec: {`+userSpec+`, allowPrivileged: true}}`, Succeed()),
		Entry("lets an editor let go of an administrator", editor, privilegedUser, suspendedUser, Succeed()),
		Entry("lets an editor write again what stands", editor, privilegedUser, privilegedUser, Succeed()),
		Entry("refuses an editor to grant a role", editor, privilegedUser, helpdeskUser, beRefusedBy(policy)),
		Entry("refuses an editor to take all roles away", editor, helpdeskUser, `spec: {`+userSpec+`, directoryRoles: []}`, beRefusedBy(policy)),
		Entry("lets a privileged editor take all roles away", privilegedEditor, helpdeskUser, `spec: {`+userSpec+`, allowPrivileged: true, directoryRoles: []}`, Succeed()),
		Entry("lets an editor let go of roles, which takes none", editor, helpdeskUser, plainUser, Succeed()),
		Entry("lets an editor change something else of a person without roles", editor,
			`spec: {`+userSpec+`, directoryRoles: []}`, `spec: {`+userSpec+`, directoryRoles: [], suspended: true}`, Succeed()),
	)
})

var _ = Describe("The account-deletion policy", func() {
	const policy = "m365-account-deletion"

	DescribeTable("on creation",
		func(ctx SpecContext, who, content string, expected gomegatypes.GomegaMatcher) {
			Expect(create(ctx, who, "ManagedUser", content)).To(expected)
		},
		Entry("refuses an editor to let an account be deleted", editor, deletedUser, beRefusedBy(policy)),
		Entry("refuses the manager", manager, deletedUser, beRefusedBy(policy)),
		Entry("lets an account deleter", accountDeleter, deletedUser, Succeed()),
		Entry("lets a privileged editor", privilegedEditor, deletedUser, Succeed()),
		Entry("lets a cluster administrator", clusterAdmin, deletedUser, Succeed()),
		Entry("lets an editor let an account be suspended", editor, `spec: {`+userSpec+`, deletionPolicy: Suspend}`, Succeed()),
		Entry("refuses an account deleter an administrator all the same", accountDeleter,
			`spec: {`+userSpec+`, deletionPolicy: Delete, allowPrivileged: true}`, beRefusedBy("m365-privileged")),
	)

	DescribeTable("on change",
		func(ctx SpecContext, who, before, after string, expected gomegatypes.GomegaMatcher) {
			Expect(change(ctx, who, "ManagedUser", before, after)).To(expected)
		},
		Entry("refuses an editor to let an account be deleted", editor, plainUser, deletedUser, beRefusedBy(policy)),
		Entry("refuses an editor to go on from suspending", editor, `spec: {`+userSpec+`, deletionPolicy: Suspend}`, deletedUser, beRefusedBy(policy)),
		Entry("lets an account deleter", accountDeleter, plainUser, deletedUser, Succeed()),
		Entry("refuses an editor to lead it to another name", editor, deletedUser,
			`spec: {tenantRef: {name: contoso}, userPrincipalName: bob@contoso.com, deletionPolicy: Delete}`, beRefusedBy(policy)),
		Entry("refuses an editor to lead it to another account", editor, deletedUser,
			`spec: {`+userSpec+`, id: 6d1f0c1e-3f6f-4a52-9f6e-0d4f5a1b2c3d, deletionPolicy: Delete}`, beRefusedBy(policy)),
		Entry("lets an account deleter", accountDeleter, deletedUser,
			`spec: {`+userSpec+`, id: 6d1f0c1e-3f6f-4a52-9f6e-0d4f5a1b2c3d, deletionPolicy: Delete}`, Succeed()),
		Entry("lets an editor change something else", editor, deletedUser, `spec: {`+userSpec+`, deletionPolicy: Delete, suspended: true}`, Succeed()),
		Entry("lets an editor write again what stands", editor, deletedUser, deletedUser, Succeed()),
		Entry("lets an editor go back", editor, deletedUser, plainUser, Succeed()),
	)

	DescribeTable("while an object is on its way out",
		func(ctx SpecContext, who, patch string, expected gomegatypes.GomegaMatcher) {
			user := existing(ctx, "ManagedUser", `{metadata: {finalizers: [identity.m365-operator.io/account]}, spec: {`+userSpec+`, deletionPolicy: Suspend}}`)
			DeferCleanup(func(ctx SpecContext) {
				release := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
				Expect(client.IgnoreNotFound(as(masters).Patch(ctx, user, release))).To(Succeed())
			})
			Expect(as(editor).Delete(ctx, user)).To(Succeed())
			Expect(as(who).Patch(ctx, user, client.RawPatch(types.MergePatchType, []byte(patch)))).To(expected)
		},
		Entry("lets an editor abandon the deletion", editor, `{"metadata":{"annotations":{"identity.m365-operator.io/abandon":"not meant"}}}`, Succeed()),
		Entry("lets an editor go back to Retain", editor, `{"spec":{"deletionPolicy":"Retain"}}`, Succeed()),
		Entry("refuses an editor to make it worse", editor, `{"spec":{"deletionPolicy":"Delete"}}`, beRefusedBy(policy)),
		Entry("lets the manager let it go", manager, `{"metadata":{"finalizers":null}}`, Succeed()),
	)
})

var _ = Describe("The own-secrets policy", Ordered, func() {
	const policy = "m365-own-secrets"
	const people = "first-sign-ins"
	const firstSignIn = "identity.m365-operator.io/first-sign-in"
	owner := metav1.OwnerReference{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ManagedUser", Name: "nina", UID: "6d1f0c1e-3f6f-4a52-9f6e-0d4f5a1b2c3d"}

	secret := func(kind corev1.SecretType, owners ...metav1.OwnerReference) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				GenerateName: "spec-", Namespace: people, OwnerReferences: owners,
				Annotations: map[string]string{corev1.ServiceAccountNameKey: "default"},
			},
			Type: kind,
		}
	}

	BeforeAll(func(ctx SpecContext) {
		makeNamespace(ctx, people)
		applyRole(ctx, people, "config/rbac/tenant-namespace/first-sign-in")
		Eventually(ctx, func() error {
			return as(manager).Create(ctx, secret(firstSignIn, owner), client.DryRunAll)
		}).Should(Succeed())
		Eventually(ctx, func() error {
			return as(manager).Create(ctx, secret(corev1.SecretTypeOpaque, owner), client.DryRunAll)
		}).Should(beRefusedBy(policy))
	})

	DescribeTable("on creation",
		func(ctx SpecContext, who string, made *corev1.Secret, expected gomegatypes.GomegaMatcher) {
			Expect(as(who).Create(ctx, made)).To(expected)
		},
		Entry("lets the manager make one for a first sign-in", manager, secret(firstSignIn, owner), Succeed()),
		Entry("refuses the manager another type", manager, secret(corev1.SecretTypeOpaque, owner), beRefusedBy(policy)),
		Entry("refuses the manager a token of a ServiceAccount", manager, secret(corev1.SecretTypeServiceAccountToken, owner), beRefusedBy(policy)),
		Entry("refuses the manager one that nobody owns", manager, secret(firstSignIn), beRefusedBy(policy)),
		Entry("refuses the manager one that another kind owns", manager, secret(firstSignIn,
			metav1.OwnerReference{APIVersion: "v1", Kind: "Pod", Name: "x", UID: "x"}), beRefusedBy(policy)),
		Entry("minds nobody else", clusterAdmin, secret(corev1.SecretTypeOpaque), Succeed()),
	)

	DescribeTable("on what stands",
		func(ctx SpecContext, kind corev1.SecretType, patch string, patched, deleted gomegatypes.GomegaMatcher) {
			standing := secret(kind, owner)
			Expect(as(masters).Create(ctx, standing)).To(Succeed())
			Expect(as(manager).Patch(ctx, standing, client.RawPatch(types.MergePatchType, []byte(patch)))).To(patched)
			Expect(as(manager).Delete(ctx, standing)).To(deleted)
		},
		Entry("lets the manager write and delete its own", corev1.SecretType(firstSignIn), `{"data":{"password":"eA=="}}`, Succeed(), Succeed()),
		Entry("refuses to leave its own without owner", corev1.SecretType(firstSignIn), `{"metadata":{"ownerReferences":null}}`, beRefusedBy(policy), Succeed()),
		Entry("refuses somebody else's", corev1.SecretTypeOpaque, `{"data":{"password":"eA=="}}`, beRefusedBy(policy), beRefusedBy(policy)),
	)
})

var _ = Describe("The safeguards policy", func() {
	const policy = "m365-safeguards"
	const breakglass, vips, admins = `{user: breakglass@contoso.com}`, `{group: VIPs}`, `[admin@contoso.com]`

	DescribeTable("on creation",
		func(ctx SpecContext, who, safeguards string, expected gomegatypes.GomegaMatcher) {
			Expect(create(ctx, who, "Tenant", tenantWith(safeguards))).To(expected)
		},
		Entry("lets an editor protect", editor, `protected: [`+breakglass+`]`, Succeed()),
		Entry("refuses an editor to list administrators", editor, `privileged: `+admins, beRefusedBy(policy)),
		Entry("lets a privileged editor", privilegedEditor, `privileged: `+admins, Succeed()),
		Entry("lets a cluster administrator", clusterAdmin, `privileged: `+admins, Succeed()),
		Entry("lets an editor give a deletion more grace", editor, `deletionGrace: 24h`, Succeed()),
		Entry("refuses an editor to give it less than the default", editor, `deletionGrace: 1m`, beRefusedBy(policy)),
		Entry("lets a privileged editor", privilegedEditor, `deletionGrace: 1m`, Succeed()),
	)

	It("lets an editor create a Tenant that says nothing of safeguards", func(ctx SpecContext) {
		Expect(create(ctx, editor, "Tenant", `spec: {tenantID: contoso.com, connectionRef: {name: msp}}`)).To(Succeed())
	})

	DescribeTable("on change",
		func(ctx SpecContext, who, before, after string, expected gomegatypes.GomegaMatcher) {
			Expect(change(ctx, who, "Tenant", tenantWith(before), tenantWith(after))).To(expected)
		},
		Entry("lets an editor protect more", editor, `protected: [`+vips+`]`, `protected: [`+breakglass+`, `+vips+`]`, Succeed()),
		Entry("lets an editor sort", editor, `protected: [`+vips+`, `+breakglass+`]`, `protected: [`+breakglass+`, `+vips+`]`, Succeed()),
		Entry("refuses an editor to protect less", editor, `protected: [`+breakglass+`, `+vips+`]`, `protected: [`+vips+`]`, beRefusedBy(policy)),
		Entry("refuses an editor to drop the list", editor, `protected: [`+breakglass+`]`, ``, beRefusedBy(policy)),
		Entry("refuses an editor to replace an entry", editor, `protected: [`+breakglass+`]`, `protected: [`+vips+`]`, beRefusedBy(policy)),
		Entry("lets a privileged editor protect less", privilegedEditor, `protected: [`+breakglass+`]`, ``, Succeed()),
		Entry("refuses an editor to list an administrator", editor, ``, `privileged: `+admins, beRefusedBy(policy)),
		Entry("refuses an editor to list one more", editor, `privileged: `+admins, `privileged: [admin@contoso.com, ceo@contoso.com]`, beRefusedBy(policy)),
		Entry("lets a privileged editor list one more", privilegedEditor, `privileged: `+admins, `privileged: [admin@contoso.com, ceo@contoso.com]`, Succeed()),
		Entry("lets an editor list fewer", editor, `privileged: `+admins, ``, Succeed()),
		Entry("lets an editor lengthen the grace of a deletion", editor, `deletionGrace: 1h`, `deletionGrace: 2h`, Succeed()),
		Entry("refuses an editor to shorten it", editor, `deletionGrace: 2h`, `deletionGrace: 119m`, beRefusedBy(policy)),
		Entry("refuses an editor to shorten it by leaving it out", editor, `deletionGrace: 1h`, ``, beRefusedBy(policy)),
		Entry("refuses an editor to go below the default", editor, ``, `deletionGrace: 14m`, beRefusedBy(policy)),
		Entry("lets an editor say the same in other words", editor, `deletionGrace: 1h`, `deletionGrace: 60m`, Succeed()),
		Entry("lets a privileged editor shorten it", privilegedEditor, `deletionGrace: 2h`, `deletionGrace: 1m`, Succeed()),
	)

	It("lets an editor change something else beside an entry that stands", func(ctx SpecContext) {
		Expect(change(ctx, editor, "Tenant", tenantWith(`protected: [`+breakglass+`], privileged: `+admins),
			`spec: {tenantID: contoso.com, connectionRef: {name: msp}, displayName: Contoso, safeguards: {protected: [`+breakglass+`], privileged: `+admins+`}}`)).To(Succeed())
	})

	DescribeTable("on pausing",
		func(ctx SpecContext, who, synced, safeguards string, expected gomegatypes.GomegaMatcher) {
			tenant := existing(ctx, "Tenant", tenantWith(safeguards))
			if synced != "" {
				Expect(unstructured.SetNestedSlice(tenant.Object, []any{map[string]any{
					"type": v1alpha1.ConditionSynced, "status": synced, "reason": string(v1alpha1.ReasonSucceeded),
					"message": "", "lastTransitionTime": "2026-11-20T10:00:00Z",
				}}, "status", "conditions")).To(Succeed())
				Expect(as(manager).Status().Update(ctx, tenant)).To(Succeed())
			}
			pause := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"paused":true}}`))
			Expect(as(who).Patch(ctx, tenant, pause)).To(expected)
		},
		Entry("lets an editor while the tenant is being read", editor, "True", `protected: [`+breakglass+`]`, Succeed()),
		Entry("refuses an editor while it is not", editor, "False", `protected: [`+breakglass+`]`, beRefusedBy(policy)),
		Entry("refuses an editor before it was", editor, "", `protected: [`+breakglass+`]`, beRefusedBy(policy)),
		Entry("lets a privileged editor", privilegedEditor, "False", `protected: [`+breakglass+`]`, Succeed()),
		Entry("lets an editor where nobody is protected", editor, "False", ``, Succeed()),
	)

	It("lets an editor change and resume a Tenant that is paused in trouble", func(ctx SpecContext) {
		paused := `spec: {tenantID: contoso.com, connectionRef: {name: msp}, paused: %t, displayName: %s, safeguards: {protected: [` + breakglass + `]}}`
		tenant := existing(ctx, "Tenant", fmt.Sprintf(paused, true, "Contoso"))
		for _, content := range []string{fmt.Sprintf(paused, true, "Contoso Ltd"), fmt.Sprintf(paused, false, "Contoso Ltd")} {
			changed := manifest("Tenant", content)
			changed.SetResourceVersion(tenant.GetResourceVersion())
			Expect(as(editor).Update(ctx, changed)).To(Succeed())
			tenant = changed
		}
	})

	const viaConnection, viaSecret = `connectionRef: {name: msp}`, `credentials: {secretRef: {name: contoso-app}}`
	tenantVia := func(access, protected string) string {
		return fmt.Sprintf(`spec: {tenantID: contoso.com, %s, safeguards: {protected: [%s]}}`, access, protected)
	}

	DescribeTable("on a change of access",
		func(ctx SpecContext, who, before, after string, expected gomegatypes.GomegaMatcher) {
			Expect(change(ctx, who, "Tenant", before, after)).To(expected)
		},
		Entry("refuses an editor another Connection where somebody is protected", editor,
			tenantVia(viaConnection, breakglass), tenantVia(`connectionRef: {name: none}`, breakglass),
			SatisfyAll(beRefusedBy(policy), MatchError(ContainSubstring("change what the Secret holds")))),
		Entry("refuses an editor credentials in place of a Connection", editor,
			tenantVia(viaConnection, breakglass), tenantVia(viaSecret, breakglass), beRefusedBy(policy)),
		Entry("refuses an editor a Connection in place of credentials", editor,
			tenantVia(viaSecret, breakglass), tenantVia(viaConnection, breakglass), beRefusedBy(policy)),
		Entry("refuses an editor another Secret", editor,
			tenantVia(viaSecret, breakglass), tenantVia(`credentials: {secretRef: {name: none}}`, breakglass), beRefusedBy(policy)),
		Entry("lets a privileged editor", privilegedEditor,
			tenantVia(viaConnection, breakglass), tenantVia(viaSecret, breakglass), Succeed()),
		Entry("lets an editor where nobody is protected", editor, tenantVia(viaConnection, ``), tenantVia(viaSecret, ``), Succeed()),
		Entry("lets an editor who protects somebody by the same change", editor,
			tenantVia(viaConnection, ``), tenantVia(viaSecret, breakglass), Succeed()),
		Entry("lets an editor write again what stands", editor,
			tenantVia(viaSecret, breakglass), tenantVia(viaSecret, breakglass), Succeed()),
		Entry("lets an editor set how it is read", editor, tenantVia(viaConnection, breakglass),
			tenantVia(viaConnection+`, sync: {interval: 5m, discovery: {users: All}}, managementPolicy: Enforce`, breakglass), Succeed()),
	)

	DescribeTable("on deletion",
		func(ctx SpecContext, who, safeguards string, expected gomegatypes.GomegaMatcher) {
			Expect(as(who).Delete(ctx, existing(ctx, "Tenant", tenantWith(safeguards)))).To(expected)
		},
		Entry("refuses an editor to delete protection with its Tenant", editor, `protected: [`+breakglass+`]`, beRefusedBy(policy)),
		Entry("lets a privileged editor", privilegedEditor, `protected: [`+breakglass+`]`, Succeed()),
		Entry("lets an editor delete a Tenant that protects nobody", editor, `privileged: `+admins+`, deletionGrace: 1h`, Succeed()),
	)

	It("does not hold up a namespace on its way out", func(ctx SpecContext) {
		const leaving = "leaving"
		makeNamespace(ctx, leaving)
		bind(ctx, leaving, editor)
		tenant := manifest("Tenant", tenantWith(`protected: [`+breakglass+`]`))
		tenant.SetNamespace(leaving)
		Expect(as(masters).Create(ctx, tenant)).To(Succeed())
		Eventually(ctx, func() error { return as(editor).Delete(ctx, tenant, client.DryRunAll) }).Should(beRefusedBy(policy))

		Expect(as(masters).Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: leaving}})).To(Succeed())

		Eventually(ctx, func() error { return as(editor).Delete(ctx, tenant) }).Should(Succeed())
	})
})

var _ = DescribeTable("The status policy",
	func(ctx SpecContext, who, kind, content string, expected gomegatypes.GomegaMatcher) {
		object := existing(ctx, kind, content)
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"status":{"observedGeneration":1}}`))
		Expect(as(who).Status().Patch(ctx, object, patch)).To(expected)
	},
	Entry("lets the manager write a Connection's", manager, "Connection", `spec: {secretRef: {name: a}}`, Succeed()),
	Entry("lets the manager write a Tenant's", manager, "Tenant", tenantWith(``), Succeed()),
	Entry("lets the manager write a ManagedUser's", manager, "ManagedUser", plainUser, Succeed()),
	Entry("refuses a cluster administrator a Connection's", clusterAdmin, "Connection", `spec: {secretRef: {name: a}}`, beRefusedBy("m365-status")),
	Entry("refuses a cluster administrator a Tenant's", clusterAdmin, "Tenant", tenantWith(``), beRefusedBy("m365-status")),
	Entry("refuses a cluster administrator a ManagedUser's", clusterAdmin, "ManagedUser", plainUser, beRefusedBy("m365-status")),
	Entry("refuses a ServiceAccount of the same name elsewhere", impostor, "ManagedUser", plainUser, beRefusedBy("m365-status")),
	Entry("leaves system:masters a way out", masters, "ManagedUser", plainUser, Succeed()),
)

var _ = Describe("The discovered-label policy", func() {
	const policy = "m365-discovered-label"

	DescribeTable("on creation",
		func(ctx SpecContext, who string, expected gomegatypes.GomegaMatcher) {
			Expect(create(ctx, who, "ManagedUser", discoveredUser)).To(expected)
		},
		Entry("lets the manager", manager, Succeed()),
		Entry("refuses an editor", editor, beRefusedBy(policy)),
		Entry("refuses a cluster administrator", clusterAdmin, beRefusedBy(policy)),
		Entry("refuses a ServiceAccount of the same name elsewhere", impostor, beRefusedBy(policy)),
		Entry("leaves system:masters a way out", masters, Succeed()),
	)

	DescribeTable("on change",
		func(ctx SpecContext, who, before, after string, expected gomegatypes.GomegaMatcher) {
			Expect(change(ctx, who, "ManagedUser", before, after)).To(expected)
		},
		Entry("refuses an editor to set it", editor, plainUser, discoveredUser, beRefusedBy(policy)),
		Entry("refuses an editor to change it", editor, discoveredUser,
			`{metadata: {labels: {identity.m365-operator.io/discovered: ""}}, spec: {`+userSpec+`}}`, beRefusedBy(policy)),
		Entry("lets an editor take it off", editor, discoveredUser, suspendedUser, Succeed()),
		Entry("lets an editor declare something and leave it to discovery to drop it", editor, discoveredUser,
			`{metadata: {labels: {identity.m365-operator.io/discovered: "true"}}, spec: {`+userSpec+`, suspended: true}}`, Succeed()),
	)

	It("lets the manager set it again", func(ctx SpecContext) {
		user := existing(ctx, "ManagedUser", plainUser)
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"identity.m365-operator.io/discovered":"true"}}}`))
		Expect(as(manager).Patch(ctx, user, patch)).To(Succeed())
	})
})

var _ = Describe("The shard-label policy", func() {
	const policy = "m365-shard-label"
	sharded := func(shard, spec string) string {
		return fmt.Sprintf(`{metadata: {labels: {identity.m365-operator.io/shard: %q}}, %s}`, shard, spec)
	}

	DescribeTable("lets only what a manager can be started for",
		func(ctx SpecContext, shard string, taken bool) {
			expected := beRefusedBy(policy)
			if taken {
				expected = Succeed()
			}
			Expect(create(ctx, editor, "ManagedUser", sharded(shard, plainUser))).To(expected)
			Expect(create(ctx, editor, "Tenant", sharded(shard, tenantWith("")))).To(expected)
			_, err := controllers.ParseShard(v1alpha1.ShardLabel + "=" + shard)
			Expect(err == nil).To(Equal(taken), "as the manager sees it")
		},
		Entry("a name", "a", true), Entry("a longer one", "eu-west-1", true), Entry("a number", "7", true),
		Entry("nothing", "", false), Entry("upper case", "A", false), Entry("an underscore", "a_1", false), Entry("a dot", "a.b", false),
	)

	DescribeTable("on change",
		func(ctx SpecContext, before, after string, expected gomegatypes.GomegaMatcher) {
			Expect(change(ctx, editor, "ManagedUser", before, after)).To(expected)
		},
		Entry("lets an editor move a person", sharded("a", plainUser), sharded("b", plainUser), Succeed()),
		Entry("lets an editor take it off", sharded("a", plainUser), plainUser, Succeed()),
		Entry("refuses to empty it", sharded("a", plainUser), sharded("", plainUser), beRefusedBy(policy)),
	)
})

var _ = It("Every policy fails closed, denies, answers Forbidden, and minds our group or the manager only", func(ctx SpecContext) {
	var policies admissionregistrationv1.ValidatingAdmissionPolicyList
	Expect(as(masters).List(ctx, &policies)).To(Succeed())
	var bindings admissionregistrationv1.ValidatingAdmissionPolicyBindingList
	Expect(as(masters).List(ctx, &bindings)).To(Succeed())

	Expect(policies.Items).To(HaveLen(7))
	Expect(bindings.Items).To(HaveLen(7))
	for _, policy := range policies.Items {
		Expect(policy.Spec.FailurePolicy).To(HaveValue(Equal(admissionregistrationv1.Fail)), policy.Name)
		Expect(policy.Spec.Validations).To(HaveEach(SatisfyAll(
			HaveField("Reason", HaveValue(Equal(metav1.StatusReasonForbidden))),
			HaveField("Message", Not(BeEmpty())),
		)), policy.Name)
		if policy.Name != "m365-own-secrets" {
			Expect(policy.Spec.MatchConstraints.ResourceRules).To(HaveEach(
				HaveField("APIGroups", ConsistOf("identity.m365-operator.io"))), policy.Name)
			continue
		}
		Expect(policy.Spec.MatchConditions).To(ConsistOf(HaveField("Expression",
			`request.userInfo.username == 'system:serviceaccount:' + 'm365-system' + ':m365-manager'`)))
	}
	for _, binding := range bindings.Items {
		Expect(binding.Spec.PolicyName).To(Equal(binding.Name))
		Expect(binding.Spec.ValidationActions).To(ConsistOf(admissionregistrationv1.Deny))
	}
})
