package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// removal is how long a client's objects may take to go.
const removal = 2 * time.Minute

var _ = Describe("A client whose people's objects say Delete", func() {
	It("goes with its namespace, five hundred people and all, and nobody is touched", func(ctx SpecContext) {
		p := newProvider(ctx, "namespace")
		c := p.newCustomers(ctx, []string{"contoso"}, 500)[0]
		m := p.runManager(ctx)
		c.settle(ctx)
		c.deleteAccounts(ctx)
		c.settle(ctx)
		c.expectFinalizers(ctx)

		c.kubectlDelete(ctx, "namespace/"+c.namespace)
		c.expectNoWrite(ctx)
		m.end()
	}, SpecTimeout(specPatience))

	It("is pruned as a folder, in any order, and nobody is touched", func(ctx SpecContext) {
		p := newProvider(ctx, "prune")
		rng := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 4))
		orders := map[string]func(namespace, tenant, users []client.Object) []client.Object{
			"users-first": func(namespace, tenant, users []client.Object) []client.Object {
				return slices.Concat(users, tenant, namespace)
			},
			"tenant-first": func(namespace, tenant, users []client.Object) []client.Object {
				return slices.Concat(tenant, users, namespace)
			},
			"namespace-first": func(namespace, tenant, users []client.Object) []client.Object {
				return slices.Concat(namespace, tenant, users)
			},
			"shuffled": func(namespace, tenant, users []client.Object) []client.Object {
				all := slices.Concat(namespace, tenant, users)
				rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				return all
			},
		}
		names := []string{"users-first", "tenant-first", "namespace-first", "shuffled"}
		clients := p.newCustomers(ctx, names, 40)
		m := p.runManager(ctx)
		for _, c := range clients {
			c.settle(ctx)
			c.deleteAccounts(ctx)
		}
		for _, c := range clients {
			c.settle(ctx)
			c.expectFinalizers(ctx)
		}
		for i, c := range clients {
			folder := orders[names[i]](c.manifests())
			c.kubectlDelete(ctx, "--filename="+manifest(folder...))
		}
		for _, c := range clients {
			c.expectNoWrite(ctx)
		}
		m.end()
	}, SpecTimeout(specPatience))
})

// deleteAccounts declares of everybody that the account goes with its object.
func (c *customer) deleteAccounts(ctx context.Context) {
	GinkgoHelper()
	c.declare(ctx, func(_ int, spec *v1alpha1.ManagedUserSpec) { spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
}

// expectFinalizers proves that everybody is bound, and that the deletion of every object
// would mean something.
func (c *customer) expectFinalizers(ctx context.Context) {
	GinkgoHelper()
	users := c.users(ctx, Default)
	Expect(users).To(HaveLen(len(c.people)))
	for _, user := range users {
		Expect(user.Status.ID).NotTo(BeEmpty(), user.Name)
		Expect(user.Finalizers).To(ConsistOf(v1alpha1.AccountFinalizer), user.Name)
	}
}

// manifests name what makes up the client.
func (c *customer) manifests() (namespace, tenant, users []client.Object) {
	ours := func(kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind}
	}
	for _, name := range c.objects() {
		users = append(users, &v1alpha1.ManagedUser{TypeMeta: ours("ManagedUser"), ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: name}})
	}
	namespace = append(namespace, &corev1.Namespace{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: c.namespace},
	})
	tenant = append(tenant, &v1alpha1.Tenant{TypeMeta: ours("Tenant"), ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "tenant"}})
	return namespace, tenant, users
}

// kubectlDelete removes what is named, and waits until it is gone with the namespace.
func (c *customer) kubectlDelete(ctx context.Context, what string) {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(ctx, removal)
	defer cancel()
	begin := c.sim.Now()
	_, err := plane.Kubectl(ctx, "", "delete", "--ignore-not-found", what)
	Expect(err).NotTo(HaveOccurred())
	err = api.Get(ctx, client.ObjectKey{Name: c.namespace}, &corev1.Namespace{})
	Expect(apierrors.IsNotFound(err)).To(BeTrue(), "kubectl waits until the namespace is gone")
	AddReportEntry("gone", fmt.Sprintf("%s with %d people in %.1f s", c.namespace, len(c.people), c.sim.Now().Sub(begin).Seconds()))
}

// expectNoWrite proves that nothing is left, and that Graph was asked to change nothing.
func (c *customer) expectNoWrite(ctx context.Context) {
	GinkgoHelper()
	Expect(c.users(ctx, Default)).To(BeEmpty())
	Expect(c.writes()).To(BeZero())
	Expect(c.sim.Counters(c.tenantID).Effects).To(BeEmpty())
	ids, err := c.sim.UserIDs(c.tenantID)
	Expect(err).NotTo(HaveOccurred())
	Expect(slices.Sorted(slices.Values(ids))).To(ContainElements(c.ids))
}
