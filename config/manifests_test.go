package config_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// render builds a kustomization, given relative to this folder.
func render(ctx SpecContext, folder string) string {
	GinkgoHelper()
	out, err := plane.Kubectl(ctx, "", "kustomize", folder)
	Expect(err).NotTo(HaveOccurred())
	return out
}

// rendered are a kustomization's objects of one kind.
func rendered[T any](ctx SpecContext, folder, kind string) []T {
	GinkgoHelper()
	var found []T
	for _, document := range strings.Split(render(ctx, folder), "\n---\n") {
		object := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(document), &object.Object)).To(Succeed())
		if object.GetKind() != kind {
			continue
		}
		var typed T
		Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &typed)).To(Succeed())
		found = append(found, typed)
	}
	return found
}

var _ = Describe("config/default", func() {
	It("is taken whole by a cluster", func(ctx SpecContext) {
		_, err := plane.Kubectl(ctx, "", "apply", "--server-side", "--dry-run=server", "--kustomize=default")
		Expect(err).NotTo(HaveOccurred())
	})

	It("runs a pod that the restricted Pod Security Standard admits in the manager's namespace", func(ctx SpecContext) {
		deployments := rendered[appsv1.Deployment](ctx, "default", "Deployment")
		Expect(deployments).To(HaveLen(1))
		template := deployments[0].Spec.Template
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "manager", Namespace: deployments[0].Namespace, Labels: template.Labels},
			Spec:       template.Spec,
		}
		Expect(as(masters).Create(ctx, pod.DeepCopy(), client.DryRunAll)).To(Succeed())

		pod.Spec.SecurityContext.RunAsNonRoot = nil
		Expect(as(masters).Create(ctx, pod, client.DryRunAll)).To(MatchError(ContainSubstring(`violates PodSecurity "restricted`)),
			"the standard is not enforced here, so the check above proved nothing")
	})

	It("runs under the ServiceAccount that has the rights, with a root file system that is read-only", func(ctx SpecContext) {
		pod := rendered[appsv1.Deployment](ctx, "default", "Deployment")[0].Spec.Template.Spec
		Expect(pod.ServiceAccountName).To(Equal("m365-manager"))
		Expect(pod.Containers).To(HaveEach(HaveField("SecurityContext.ReadOnlyRootFilesystem", HaveValue(BeTrue()))))
	})
})

var _ = Describe("config/shard", func() {
	It("is taken by a cluster beside config/default, of which it replaces nothing", func(ctx SpecContext) {
		_, err := plane.Kubectl(ctx, "", "apply", "--server-side", "--dry-run=server", "--kustomize=shard")
		Expect(err).NotTo(HaveOccurred())
		names := func(folder string) []string {
			return matches(`(?m)^kind: \w+\nmetadata:\n(?:  +.*\n)*?  name: (\S+)$`, render(ctx, folder))
		}
		Expect(names("shard")).To(HaveLen(4))
		for _, name := range names("shard") {
			Expect(names("default")).NotTo(ContainElement(name))
		}
	})

	It("runs a manager of one shard under the ServiceAccount that has the rights, with a Lease and pods of its own", func(ctx SpecContext) {
		shard, other := rendered[appsv1.Deployment](ctx, "shard", "Deployment")[0], rendered[appsv1.Deployment](ctx, "default", "Deployment")[0]
		Expect(shard.Spec.Template.Spec.ServiceAccountName).To(Equal("m365-manager"))
		Expect(shard.Spec.Template.Spec.Containers[0].Args).To(HaveExactElements(append(
			other.Spec.Template.Spec.Containers[0].Args, "--shard-selector="+v1alpha1.ShardLabel+"=a", "--shards=2")))
		for _, service := range rendered[corev1.Service](ctx, "default", "Service") {
			Expect(labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(shard.Spec.Template.Labels))).To(BeFalse())
		}
		Expect(labels.SelectorFromSet(other.Spec.Selector.MatchLabels).Matches(labels.Set(shard.Spec.Template.Labels))).To(BeFalse())
		role := rendered[rbacv1.Role](ctx, "shard", "Role")[0]
		Expect(role.Rules).To(HaveEach(HaveField("ResourceNames", ConsistOf("m365-operator-a"))))
	})
})

var _ = It("The component identity carries the manager's name to the policies of a renamed namespace", func(ctx SpecContext) {
	overlay := GinkgoT().TempDir()
	here, err := filepath.Abs(".")
	Expect(err).NotTo(HaveOccurred())
	reach, err := filepath.Rel(overlay, here)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.Mkdir(filepath.Join(overlay, "elsewhere"), 0o700)).To(Succeed())
	write := func(path, content string) {
		GinkgoHelper()
		Expect(os.WriteFile(filepath.Join(overlay, path), []byte(content), 0o600)).To(Succeed())
	}
	write("elsewhere/kustomization.yaml", "namespace: identity\nresources: [../"+reach+"/default]\n")
	write("kustomization.yaml", "resources: [elsewhere]\ncomponents: ["+reach+"/identity]\n")

	out := render(ctx, overlay)

	Expect(out).NotTo(ContainSubstring("m365-system"))
	unquoted := strings.ReplaceAll(out, "''", "'")
	Expect(matches(`'system:serviceaccount:'\s+\+\s+('identity')\s+\+\s+':m365-manager'`, unquoted)).To(HaveLen(3))
})

var _ = Describe("config/samples", func() {
	It("is taken whole by a cluster with the shipped policies", func(ctx SpecContext) {
		out, err := plane.Kubectl(ctx, "", "kustomize", "samples")
		Expect(err).NotTo(HaveOccurred())
		for _, name := range []string{"fabrikam", "adventure-works"} {
			makeNamespace(ctx, name)
		}
		manifests := filepath.Join(GinkgoT().TempDir(), "samples.yaml")
		Expect(os.WriteFile(manifests, []byte(out), 0o600)).To(Succeed())

		_, err = plane.Kubectl(ctx, "", "apply", "--server-side", "--dry-run=server", "--filename="+manifests)

		Expect(err).NotTo(HaveOccurred())
	})

	It("grants every Tenant what it asks for, and refers to what is there", func(ctx SpecContext) {
		connections := rendered[v1alpha1.Connection](ctx, "samples", "Connection")
		tenants := rendered[v1alpha1.Tenant](ctx, "samples", "Tenant")
		users := rendered[v1alpha1.ManagedUser](ctx, "samples", "ManagedUser")
		Expect(connections).To(HaveLen(1))
		Expect(tenants).To(HaveLen(3))

		known := map[client.ObjectKey]bool{}
		for _, tenant := range tenants {
			known[client.ObjectKeyFromObject(&tenant)] = true
			Expect(tenant.Spec.ConnectionRef).To(HaveValue(HaveField("Name", connections[0].Name)))
			Expect(connections[0].Spec.Grants).To(ContainElement(
				v1alpha1.Grant{Namespace: tenant.Namespace, TenantID: tenant.Spec.TenantID}))
		}
		for _, user := range users {
			Expect(known).To(HaveKey(client.ObjectKey{Namespace: user.Namespace, Name: user.Spec.TenantRef.Name}), user.Name)
		}
	})

	It("tells a life of one person, whose manifests are taken one after another", func(ctx SpecContext) {
		var nina v1alpha1.ManagedUser
		key := types.NamespacedName{Namespace: contoso, Name: "nina"}
		DeferCleanup(func(ctx SpecContext) {
			Expect(as(masters).Delete(ctx, &v1alpha1.ManagedUser{ObjectMeta: metav1.ObjectMeta{Namespace: contoso, Name: key.Name}})).To(Succeed())
		})
		for _, step := range []struct {
			file string
			says gomegatypes.GomegaMatcher
		}{
			{"onboarding.yaml", SatisfyAll(
				HaveField("CreationPolicy", v1alpha1.CreationPolicyCreate), HaveField("FirstSignIn", v1alpha1.FirstSignInPassword),
				HaveField("Licenses", HaveLen(1)), HaveField("Groups", HaveLen(2)), HaveField("Applications", HaveLen(1)))},
			{"license-change.yaml", HaveField("Licenses", HaveExactElements(
				HaveField("DisabledPlans", ConsistOf("YAMMER_ENTERPRISE")), HaveField("Until", Not(BeNil()))))},
			{"portal-access.yaml", SatisfyAll(
				HaveField("Applications", ConsistOf(v1alpha1.ApplicationEntry{Name: "MSPortal", Role: "Manager"})),
				HaveField("Groups", ContainElement(v1alpha1.GroupEntry{Name: "MSPortal Users"})))},
			{"leaver.yaml", SatisfyAll(
				HaveField("Suspended", HaveValue(BeTrue())), HaveField("DeletionPolicy", v1alpha1.DeletionPolicySuspend),
				HaveField("Licenses", And(BeEmpty(), Not(BeNil()))), HaveField("Groups", And(BeEmpty(), Not(BeNil()))),
				HaveField("Applications", And(BeEmpty(), Not(BeNil()))), HaveField("Manager", HaveValue(BeEmpty())))},
		} {
			By(step.file)
			_, err := plane.Kubectl(ctx, "", "apply", "--as="+editor, "--server-side", "--field-manager=git", "--filename=samples/life/"+step.file)
			Expect(err).NotTo(HaveOccurred())
			Expect(as(masters).Get(ctx, key, &nina)).To(Succeed())
			Expect(nina.Spec).To(step.says)
			Expect(nina.Spec.UserPrincipalName).To(Equal("nina.keller@contoso.com"))
		}
	})
})
