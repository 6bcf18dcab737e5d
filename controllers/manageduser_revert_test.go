package controllers

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

const fluxLabel = "kustomize.toolkit.fluxcd.io/name"

// manifestOfAlice is a file in Git that stays as it is.
func manifestOfAlice(namespace string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{
			"tenantRef": map[string]any{"name": "contoso"}, "userPrincipalName": upnAlice, "deletionPolicy": "Delete",
		},
	}}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ManagedUser"))
	object.SetNamespace(namespace)
	object.SetName("alice")
	return object
}

func serverSide(ctx context.Context, manifest *unstructured.Unstructured) error {
	return api.Apply(ctx, client.ApplyConfigurationFromUnstructured(manifest), client.FieldOwner("git"))
}

func clientSide(ctx context.Context, manifest *unstructured.Unstructured) error {
	content, err := json.Marshal(manifest.Object)
	if err != nil {
		return err
	}
	file := filepath.Join(GinkgoT().TempDir(), "alice.json")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return err
	}
	_, err = plane.Kubectl(ctx, "", "apply", "--filename="+file)
	return err
}

// likeFlux applies what differs from what stands, without regard to who owns it, as
// kustomize-controller does.
func likeFlux(ctx context.Context, manifest *unstructured.Unstructured) error {
	labelled := manifest.DeepCopy()
	labelled.SetLabels(map[string]string{fluxLabel: "contoso"})
	var stands v1alpha1.ManagedUser
	if err := api.Get(ctx, client.ObjectKeyFromObject(manifest), &stands); client.IgnoreNotFound(err) != nil {
		return err
	}
	if stands.Labels[fluxLabel] == "contoso" {
		return nil
	}
	return serverSide(ctx, labelled)
}

var _ = Describe("a prune that was reverted", func() {
	var w *world
	var alice *v1alpha1.ManagedUser
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		w.mustSync(ctx)
		w.clock.SetTime(time.Now()) //nolint:forbidigo // deletion timestamps are the API server's
		w.mustSync(ctx)
		alice = &v1alpha1.ManagedUser{}
		alice.Namespace, alice.Name = w.namespace, "alice"
	})

	DescribeTable("leaves the account alone, though the manifest is what it was",
		func(ctx context.Context, write func(context.Context, *unstructured.Unstructured) error) {
			Expect(write(ctx, manifestOfAlice(w.namespace))).To(Succeed())
			w.mustPass(ctx, alice)
			Expect(api.Delete(ctx, alice)).To(Succeed())
			w.mustPass(ctx, alice)
			Expect(condition(alice, v1alpha1.ConditionAccount)).To(Equal("False/DeletionHeld"))

			Expect(write(ctx, manifestOfAlice(w.namespace))).To(Succeed())

			w.clock.Step(time.Hour)
			w.eventReasons()
			Expect(api.Get(ctx, client.ObjectKeyFromObject(alice), alice)).To(Succeed())
			_, err := w.users.Reconcile(ctx, alice.DeepCopy())
			Expect(err).NotTo(HaveOccurred())
			Expect(api.Get(ctx, client.ObjectKeyFromObject(alice), alice)).To(MatchError(ContainSubstring("not found")))
			Expect(w.eventReasons()).To(ContainElement("DeletionDropped"))
			Expect(w.sim.Counters("").Writes).To(BeZero())
		},
		Entry("by server-side apply", serverSide),
		Entry("by kubectl apply", clientSide),
		Entry("by a tool that compares before it applies", likeFlux),
	)

	It("has a whole grace although the operator was away", func(ctx context.Context) {
		Expect(serverSide(ctx, manifestOfAlice(w.namespace))).To(Succeed())
		w.mustPass(ctx, alice)
		Expect(api.Delete(ctx, alice)).To(Succeed())
		w.clock.Step(24 * time.Hour)
		w.mustSync(ctx)

		res := w.mustPass(ctx, alice)

		Expect(condition(alice, v1alpha1.ConditionAccount)).To(Equal("False/DeletionHeld"))
		Expect(res.RequeueAfter).To(BeNumerically("~", 15*time.Minute, 5*time.Second))
		Expect(w.sim.Counters("").Writes).To(BeZero())
	})

	It("is not seen in a request for a pass", func(ctx context.Context) {
		Expect(serverSide(ctx, manifestOfAlice(w.namespace))).To(Succeed())
		w.mustPass(ctx, alice)
		Expect(api.Delete(ctx, alice)).To(Succeed())
		w.mustPass(ctx, alice)
		_, err := plane.Kubectl(ctx, "", "annotate", "--namespace="+w.namespace, "muser", "alice", v1alpha1.RequestedAtAnnotation+"=now")
		Expect(err).NotTo(HaveOccurred())
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionAccount)).To(Equal("False/DeletionHeld"))
		before := alice.ResourceVersion
		w.mustPass(ctx, alice)
		Expect(alice.ResourceVersion).To(Equal(before))
	})
})
