package config_test

import (
	"path/filepath"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	group = "identity.m365-operator.io"
)

// may asks the real authorizer whether somebody may do something. The resource
// may have a subresource: tenants/status.
func may(ctx SpecContext, who, verb, apiGroup, resource, namespace string) bool {
	GinkgoHelper()
	return mayToward(ctx, who, verb, apiGroup, resource, namespace, "")
}

// mayToward asks the same about one object.
func mayToward(ctx SpecContext, who, verb, apiGroup, resource, namespace, object string) bool {
	GinkgoHelper()
	name, subresource := filepath.Split(resource)
	if name == "" {
		name, subresource = subresource, ""
	}
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: verb, Group: apiGroup, Resource: filepath.Clean(name), Subresource: subresource, Namespace: namespace, Name: object,
		},
	}}
	Expect(as(who).Create(ctx, review)).To(Succeed())
	return review.Status.Allowed
}

var _ = DescribeTable("The manager may",
	func(ctx SpecContext, apiGroup, resource, namespace string, verbs ...string) {
		for _, verb := range verbs {
			Expect(may(ctx, manager, verb, apiGroup, resource, namespace)).To(BeTrue(), verb)
		}
	},
	Entry("read Connections", group, "connections", "", "get", "list", "watch"),
	Entry("read Tenants and keep their finalizer", group, "tenants", "", "get", "list", "watch", "patch"),
	Entry("read and discover ManagedUsers", group, "managedusers", "", "get", "list", "watch", "create", "patch", "delete"),
	Entry("write a Connection's status", group, "connections/status", "", "patch", "update"),
	Entry("write a Tenant's status", group, "tenants/status", contoso, "patch", "update"),
	Entry("write a ManagedUser's status", group, "managedusers/status", contoso, "patch", "update"),
	Entry("own what a ManagedUser owns", group, "managedusers/finalizers", contoso, "update"),
	Entry("see whether a namespace is on its way out", "", "namespaces", "", "get"),
	Entry("tell Events", "events.k8s.io", "events", contoso, "create", "patch"),
	Entry("read a Secret in its own namespace", "", "secrets", "m365-system", "get"),
	Entry("tell of leading in its own namespace", "", "events", "m365-system", "create", "patch"),
)

var _ = DescribeTable("The manager may not",
	func(ctx SpecContext, apiGroup, resource, namespace string, verbs ...string) {
		for _, verb := range verbs {
			Expect(may(ctx, manager, verb, apiGroup, resource, namespace)).To(BeFalse(), verb)
		}
	},
	Entry("list or write Secrets in its own namespace", "", "secrets", "m365-system", "list", "watch", "create", "update", "patch", "delete"),
	Entry("touch Secrets in a client's namespace", "", "secrets", contoso, "get", "list", "watch", "create", "update", "patch", "delete"),
	Entry("touch Secrets everywhere", "", "secrets", "", "get", "list", "watch"),
	Entry("write Connections", group, "connections", "", "create", "update", "patch", "delete"),
	Entry("create or delete Tenants", group, "tenants", contoso, "create", "delete", "deletecollection"),
	Entry("delete ManagedUsers by the collection", group, "managedusers", contoso, "deletecollection"),
	Entry("replace ManagedUsers", group, "managedusers", contoso, "update"),
	Entry("give itself a verb of the policies", group, "managedusers", contoso, "privileged", "deleteaccount"),
	Entry("list or change namespaces", "", "namespaces", "", "list", "watch", "create", "update", "patch", "delete"),
	Entry("lead elsewhere", "coordination.k8s.io", "leases", contoso, "get", "create", "update"),
	Entry("read ConfigMaps", "", "configmaps", "m365-system", "get", "list"),
	Entry("run pods", "", "pods", "m365-system", "create", "list"),
	Entry("mint tokens", "", "serviceaccounts/token", "m365-system", "create"),
	Entry("change its own rights", rbacv1.GroupName, "clusterroles", "", "get", "create", "update", "patch", "bind", "escalate"),
	Entry("impersonate", "", "users", "", "impersonate"),
)

var _ = It("The manager holds its own Lease, and no other", func(ctx SpecContext) {
	Expect(may(ctx, manager, "create", "coordination.k8s.io", "leases", "m365-system")).To(BeTrue())
	for _, verb := range []string{"get", "update"} {
		Expect(mayToward(ctx, manager, verb, "coordination.k8s.io", "leases", "m365-system", "m365-operator")).To(BeTrue(), verb)
		Expect(mayToward(ctx, manager, verb, "coordination.k8s.io", "leases", "m365-system", "another")).To(BeFalse(), verb)
	}
})

// applyRole applies a kustomization, given relative to the repository, to a client's
// namespace.
func applyRole(ctx SpecContext, namespace, folder string) {
	GinkgoHelper()
	root, err := filepath.Abs("..")
	Expect(err).NotTo(HaveOccurred())
	_, err = plane.Kubectl(ctx, root, "apply", "--namespace="+namespace, "--kustomize="+folder)
	Expect(err).NotTo(HaveOccurred())
}

var _ = DescribeTable("A client's namespace lets the manager do with its Secrets what it says, and no more",
	func(ctx SpecContext, client, folder string, allowed, refused []string) {
		makeNamespace(ctx, client)
		for _, verb := range append(slices.Clone(allowed), refused...) {
			Expect(may(ctx, manager, verb, "", "secrets", client)).To(BeFalse(), verb)
		}

		applyRole(ctx, client, folder)

		for _, verb := range allowed {
			Eventually(ctx, func() bool { return may(ctx, manager, verb, "", "secrets", client) }).Should(BeTrue(), verb)
		}
		for _, verb := range refused {
			Expect(may(ctx, manager, verb, "", "secrets", client)).To(BeFalse(), verb)
		}
		for _, verb := range allowed {
			Expect(may(ctx, manager, verb, "", "secrets", contoso)).To(BeFalse(), verb+" elsewhere")
		}
	},
	Entry("for credentials of its own", "own-credentials", "config/rbac/tenant-namespace/credentials",
		[]string{"get"}, []string{"list", "watch", "create", "update", "patch", "delete", "deletecollection"}),
	Entry("for first sign-ins", "own-starters", "config/rbac/tenant-namespace/first-sign-in",
		[]string{"get", "create", "patch", "delete"}, []string{"list", "watch", "update", "deletecollection"}),
	Entry("for both", "own-everything", "config/rbac/tenant-namespace",
		[]string{"get", "create", "patch", "delete"}, []string{"list", "watch", "update", "deletecollection"}),
)

var _ = DescribeTable("In the namespace of a client, the shipped ClusterRole",
	func(ctx SpecContext, who, resource string, allowed, refused []string) {
		for _, verb := range allowed {
			Expect(may(ctx, who, verb, group, resource, contoso)).To(BeTrue(), verb)
			Expect(may(ctx, who, verb, group, resource, "m365-system")).To(BeFalse(), verb+" elsewhere")
		}
		for _, verb := range refused {
			Expect(may(ctx, who, verb, group, resource, contoso)).To(BeFalse(), verb)
		}
	},
	Entry("m365-viewer reads Tenants", viewer, "tenants", reading, writing),
	Entry("m365-viewer reads ManagedUsers", viewer, "managedusers", reading, append([]string{"privileged", "deleteaccount"}, writing...)),
	Entry("m365-viewer writes no status", viewer, "managedusers/status", nil, writing),
	Entry("m365-editor keeps Tenants", editor, "tenants", append(reading, writing...), []string{"deletecollection"}),
	Entry("m365-editor keeps ManagedUsers", editor, "managedusers", append(reading, writing...), []string{"privileged", "deleteaccount", "deletecollection"}),
	Entry("m365-editor has no Connections", editor, "connections", nil, append(reading, writing...)),
	Entry("m365-editor writes no status", editor, "managedusers/status", nil, writing),
	Entry("m365-privileged-editor keeps Tenants", privilegedEditor, "tenants", append(reading, writing...), nil),
	Entry("m365-privileged-editor may touch administrators", privilegedEditor, "managedusers", append([]string{"privileged", "deleteaccount"}, writing...), nil),
	Entry("m365-account-deleter, beside m365-editor, lets accounts be deleted", accountDeleter, "managedusers",
		append([]string{"deleteaccount"}, writing...), []string{"privileged"}),
	Entry("m365-privileged-editor has no Connections", privilegedEditor, "connections", nil, append(reading, writing...)),
)

var (
	reading = []string{"get", "list", "watch"}
	writing = []string{"create", "update", "patch", "delete"}
)

var _ = It("No shipped ClusterRole is aggregated into another", func(ctx SpecContext) {
	var roles rbacv1.ClusterRoleList
	Expect(as(masters).List(ctx, &roles)).To(Succeed())
	shipped := 0
	for _, role := range roles.Items {
		if !isOurs(&role) {
			continue
		}
		shipped++
		Expect(role.Labels).To(BeEmpty(), role.Name)
		Expect(role.AggregationRule).To(BeNil(), role.Name)
	}
	Expect(shipped).To(Equal(5))
})

func isOurs(object client.Object) bool {
	ours, err := filepath.Match("m365-*", object.GetName())
	return err == nil && ours
}
