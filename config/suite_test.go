package config_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/testenv"
	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
)

// Who acts in these specs, all under the real authorizer.
const (
	masters          = "masters"           // group system:masters, past RBAC
	clusterAdmin     = "cluster-admin"     // every right that RBAC can give
	manager          = "manager"           // ServiceAccount m365-manager in m365-system
	impostor         = "impostor"          // ServiceAccount m365-manager in contoso, cluster-admin
	viewer           = "viewer"            // ClusterRole m365-viewer in contoso
	editor           = "editor"            // ClusterRole m365-editor in contoso
	privilegedEditor = "privileged-editor" // ClusterRole m365-privileged-editor in contoso
	accountDeleter   = "account-deleter"   // ClusterRoles m365-account-deleter and m365-editor in contoso
)

// patience is how long kube-apiserver may take to learn of a change by watch.
const patience = time.Minute

// contoso is the client's namespace that all specs share.
const contoso = "contoso"

var (
	plane  *controlplane.ControlPlane
	scheme = runtime.NewScheme()
	people map[string]client.WithWatch
)

func TestConfig(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(patience)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Manifests")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())

	var err error
	plane, err = testenv.Start(GinkgoT().Context(), testenv.Options{Apply: []string{"config/rbac", "config/admission"}})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(plane.Stop()).To(Succeed()) })

	people = map[string]client.WithWatch{masters: clientFor(plane.Config)}
	makeNamespace(ctx, contoso)
	Expect(as(masters).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "m365-manager", Namespace: contoso}})).To(Succeed())
	bindEverywhere(ctx, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: "m365-manager", Namespace: contoso})
	bindEverywhere(ctx, person(clusterAdmin))

	people[manager] = clientFor(serviceAccount(ctx, "m365-system"))
	people[impostor] = clientFor(serviceAccount(ctx, contoso))
	for _, name := range []string{clusterAdmin, viewer, editor, privilegedEditor, accountDeleter} {
		config, err := plane.User(name)
		Expect(err).NotTo(HaveOccurred())
		people[name] = clientFor(config)
	}
	for _, name := range []string{viewer, editor, privilegedEditor, accountDeleter} {
		bind(ctx, contoso, name)
	}
	bindTo(ctx, contoso, editor, accountDeleter)
	waitForPolicies(ctx)
}, NodeTimeout(5*time.Minute))

func clientFor(config *rest.Config) client.WithWatch {
	GinkgoHelper()
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	return c
}

// as is the access of one of the people above.
func as(who string) client.WithWatch {
	GinkgoHelper()
	Expect(people).To(HaveKey(who))
	return people[who]
}

func serviceAccount(ctx context.Context, namespace string) *rest.Config {
	GinkgoHelper()
	config, err := plane.ServiceAccount(ctx, namespace, "m365-manager", time.Hour)
	Expect(err).NotTo(HaveOccurred())
	return config
}

func person(name string) rbacv1.Subject {
	return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}
}

func makeNamespace(ctx context.Context, name string) {
	GinkgoHelper()
	Expect(as(masters).Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})).To(Succeed())
}

// bind gives a person in a namespace the shipped ClusterRole of the same name.
func bind(ctx context.Context, namespace, name string) {
	GinkgoHelper()
	bindTo(ctx, namespace, name, name)
}

// bindTo gives a person in a namespace a shipped ClusterRole.
func bindTo(ctx context.Context, namespace, role, name string) {
	GinkgoHelper()
	Expect(as(masters).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: name + "-", Namespace: namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "m365-" + role},
		Subjects:   []rbacv1.Subject{person(name)},
	})).To(Succeed())
}

// bindEverywhere gives somebody every right that RBAC can give.
func bindEverywhere(ctx context.Context, subject rbacv1.Subject) {
	GinkgoHelper()
	Expect(as(masters).Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "all-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{subject},
	})).To(Succeed())
}

// manifest is an object in contoso, named after the running spec, with the given
// content in YAML.
func manifest(kind, content string) *unstructured.Unstructured {
	GinkgoHelper()
	object := &unstructured.Unstructured{}
	Expect(yaml.Unmarshal([]byte(content), &object.Object)).To(Succeed())
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	object.SetName(fmt.Sprintf("spec-%d", CurrentSpecReport().StartTime.UnixNano()))
	if kind != "Connection" {
		object.SetNamespace(contoso)
	}
	return object
}

// waitForPolicies waits until kube-apiserver, which learns of policies by watch,
// enforces each of them, and knows the people's bindings.
func waitForPolicies(ctx context.Context) {
	GinkgoHelper()
	probes := map[string]func() error{
		"m365-privileged": func() error {
			return as(editor).Create(ctx, manifest("ManagedUser", privilegedUser), client.DryRunAll)
		},
		"m365-safeguards": func() error {
			return as(editor).Create(ctx, manifest("Tenant", tenantWith(`privileged: [admin@contoso.com]`)), client.DryRunAll)
		},
		"m365-account-deletion": func() error {
			return as(editor).Create(ctx, manifest("ManagedUser", deletedUser), client.DryRunAll)
		},
		"m365-shard-label": func() error {
			user := manifest("ManagedUser", plainUser)
			user.SetLabels(map[string]string{v1alpha1.ShardLabel: "A"})
			return as(editor).Create(ctx, user, client.DryRunAll)
		},
		"m365-discovered-label": func() error {
			return as(editor).Create(ctx, manifest("ManagedUser", discoveredUser), client.DryRunAll)
		},
		"m365-status": func() error { return probeStatus(ctx) },
	}
	for policy, probe := range probes {
		Eventually(ctx, probe).Should(beRefusedBy(policy), policy)
	}
}

func probeStatus(ctx context.Context) error {
	probe := manifest("ManagedUser", plainUser)
	probe.SetName("probe")
	if err := client.IgnoreAlreadyExists(as(masters).Create(ctx, probe)); err != nil {
		return err
	}
	return as(clusterAdmin).Status().Patch(ctx, probe,
		client.RawPatch("application/merge-patch+json", []byte(`{"status":{"state":"Active"}}`)), client.DryRunAll)
}
