package v1alpha1_test

import (
	"context"
	"fmt"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/testenv"
	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
)

// The control plane of the suite and an administrator's client. Specs share
// both and tell their objects apart by name.
var (
	plane *controlplane.ControlPlane
	admin client.Client
)

func TestAPI(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "API v1alpha1")
}

var _ = BeforeSuite(func() {
	var err error
	plane, err = testenv.Start(GinkgoT().Context(), testenv.Options{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(plane.Stop()).To(Succeed()) })

	scheme := runtime.NewScheme()
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	admin, err = client.New(plane.Config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
})

// manifest is an object of the given kind whose name is that of the running
// spec's own, with the given spec in YAML.
func manifest(kind, spec string) *unstructured.Unstructured {
	GinkgoHelper()
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	object.SetName(fmt.Sprintf("spec-%d", CurrentSpecReport().StartTime.UnixNano()))
	if kind != "Connection" {
		object.SetNamespace("default")
	}
	var content map[string]any
	Expect(yaml.Unmarshal([]byte(spec), &content)).To(Succeed())
	object.Object["spec"] = content
	return object
}

// apply applies an object server-side, as Flux and kubectl do; object becomes
// what the API server answered.
func apply(ctx context.Context, object *unstructured.Unstructured) error {
	object.SetManagedFields(nil)
	object.SetResourceVersion("")
	return admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("git"))
}

// cleaned is an object that goes after the spec, if it came to be.
func cleaned(object *unstructured.Unstructured) *unstructured.Unstructured {
	DeferCleanup(func(ctx SpecContext) { Expect(client.IgnoreNotFound(admin.Delete(ctx, object))).To(Succeed()) })
	return object
}

// applied is a manifest that the API server took.
func applied(ctx context.Context, kind, spec string) *unstructured.Unstructured {
	GinkgoHelper()
	object := cleaned(manifest(kind, spec))
	Expect(apply(ctx, object)).To(Succeed())
	return object
}

// spec reads the spec as the API server now holds it.
func spec(ctx context.Context, object *unstructured.Unstructured) map[string]any {
	GinkgoHelper()
	stored := object.DeepCopy()
	Expect(admin.Get(ctx, client.ObjectKeyFromObject(object), stored)).To(Succeed())
	content, ok := stored.Object["spec"].(map[string]any)
	Expect(ok).To(BeTrue())
	return content
}
