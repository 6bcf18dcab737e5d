package kube_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

func TestKube(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Kube")
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func newScheme() *runtime.Scheme {
	GinkgoHelper()
	scheme := runtime.NewScheme()
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	return scheme
}

func newUser(name string) *v1alpha1.ManagedUser {
	return &v1alpha1.ManagedUser{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "contoso", Generation: 3},
		Spec:       v1alpha1.ManagedUserSpec{TenantRef: v1alpha1.ObjectReference{Name: "contoso"}},
	}
}

// read reads the object as it stands in the API server.
func read(ctx SpecContext, c client.Client, obj client.Object) *v1alpha1.ManagedUser {
	GinkgoHelper()
	user := &v1alpha1.ManagedUser{}
	Expect(c.Get(ctx, client.ObjectKeyFromObject(obj), user)).To(Succeed())
	return user
}
