package controllers

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/testenv"
	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
)

const managerNamespace = "m365-system"

var (
	plane  *controlplane.ControlPlane
	scheme *runtime.Scheme
	// api is a person's client, which is allowed everything; managed is the manager's,
	// under the shipped RBAC.
	api     client.WithWatch
	managed *rest.Config
)

func TestControllers(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Controllers")
}

var _ = BeforeSuite(func(ctx context.Context) {
	ctrl.SetLogger(GinkgoLogr)
	scheme = runtime.NewScheme()
	Expect(corev1.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())

	var err error
	plane, err = testenv.Start(ctx, testenv.Options{Apply: []string{"config/rbac", "config/admission"}})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() error { return plane.Stop() })
	plane.Config.QPS = -1
	api, err = client.NewWithWatch(plane.Config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	managed, err = plane.ServiceAccount(ctx, managerNamespace, "m365-manager", time.Hour)
	Expect(err).NotTo(HaveOccurred())
	managed.QPS = -1
})

// indexes is a client.FieldIndexer that remembers, so that a client that reads past
// every cache can look up by index: specs see the API server as it is.
type indexes map[string]client.IndexerFunc

func (i indexes) IndexField(_ context.Context, _ client.Object, field string, f client.IndexerFunc) error {
	i[field] = f
	return nil
}

// newUncached returns the manager's own client, without a cache but with its indexes.
func newUncached() client.WithWatch {
	GinkgoHelper()
	known := indexes{}
	Expect(addIndexes(context.Background(), known)).To(Succeed())
	c, err := client.NewWithWatch(managed, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	return interceptor.NewClient(c, interceptor.Funcs{List: known.list})
}

func (i indexes) list(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
	options := client.ListOptions{}
	options.ApplyOptions(opts)
	if options.FieldSelector == nil {
		return c.List(ctx, list, &options)
	}
	requirement := options.FieldSelector.Requirements()[0]
	options.FieldSelector = nil
	if err := c.List(ctx, list, &options); err != nil {
		return err
	}
	matches := func(obj client.Object) bool {
		for _, value := range i[requirement.Field](obj) {
			if value == requirement.Value {
				return true
			}
		}
		return false
	}
	if l, ok := list.(*v1alpha1.TenantList); ok {
		l.Items = filter(l.Items, func(t *v1alpha1.Tenant) bool { return matches(t) })
	}
	return nil
}

func filter[T any](items []T, keep func(*T) bool) []T {
	var kept []T
	for i := range items {
		if keep(&items[i]) {
			kept = append(kept, items[i])
		}
	}
	return kept
}

// listed is a UserIndex past every cache.
type listed struct{ client.Reader }

func (l listed) In(ctx context.Context, namespace string) ([]*v1alpha1.ManagedUser, error) {
	var users v1alpha1.ManagedUserList
	err := l.List(ctx, &users, client.InNamespace(namespace))
	return pointersTo(users.Items), err
}

func (l listed) OfTenant(ctx context.Context, namespace, tenant string) ([]*v1alpha1.ManagedUser, error) {
	return l.those(ctx, namespace, func(u *v1alpha1.ManagedUser) bool { return u.Spec.TenantRef.Name == tenant })
}

func (l listed) Declared(ctx context.Context, namespace, tenant string) ([]*v1alpha1.ManagedUser, error) {
	return l.those(ctx, namespace, func(u *v1alpha1.ManagedUser) bool { return u.Spec.TenantRef.Name == tenant && !isDiscovered(u) })
}

func (l listed) ByAccount(ctx context.Context, namespace, tenant, idOrName string) ([]*v1alpha1.ManagedUser, error) {
	return l.those(ctx, namespace, func(u *v1alpha1.ManagedUser) bool { return u.Spec.TenantRef.Name == tenant && means(u, idOrName) })
}

func (l listed) those(ctx context.Context, namespace string, keep func(*v1alpha1.ManagedUser) bool) ([]*v1alpha1.ManagedUser, error) {
	users, err := l.In(ctx, namespace)
	return filterUsers(users, keep), err
}
