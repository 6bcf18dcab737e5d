package controllers

import (
	"context"
	"encoding/json"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// indexed is an object of a Tenant for an account, as the cache has it.
func indexed(namespace, tenant, name, upn, id string) *v1alpha1.ManagedUser {
	return &v1alpha1.ManagedUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.ManagedUserSpec{TenantRef: v1alpha1.ObjectReference{Name: tenant}, UserPrincipalName: upn, ID: id},
	}
}

var _ = Describe("The index of cached users", func() {
	var (
		users   *cachedUsers
		indexer toolscache.Indexer
	)
	BeforeEach(func() {
		indexer = toolscache.NewIndexer(toolscache.MetaNamespaceKeyFunc, userIndexers())
		Expect(indexer.AddIndexers(toolscache.Indexers{toolscache.NamespaceIndex: toolscache.MetaNamespaceIndexFunc})).To(Succeed())
		users = &cachedUsers{indexer: indexer}
	})
	names := func(found []*v1alpha1.ManagedUser, err error) []string {
		GinkgoHelper()
		Expect(err).NotTo(HaveOccurred())
		all := make([]string, 0, len(found))
		for _, user := range found {
			all = append(all, user.Namespace+"/"+user.Name)
		}
		return all
	}

	It("knows namespaces, Tenants and accounts apart", func(ctx context.Context) {
		Expect(indexer.Add(indexed("one", "a", "alice", "Alice@contoso.com", "ID-1"))).To(Succeed())
		Expect(indexer.Add(indexed("one", "b", "alice-b", "alice@contoso.com", "id-1"))).To(Succeed())
		Expect(indexer.Add(indexed("two", "a", "alice", "alice@contoso.com", ""))).To(Succeed())
		discovered := indexed("one", "a", "bob", "bob@contoso.com", "id-2")
		discovered.Labels = map[string]string{v1alpha1.DiscoveredLabel: "true"}
		Expect(indexer.Add(discovered)).To(Succeed())

		Expect(names(users.In(ctx, "one"))).To(ConsistOf("one/alice", "one/alice-b", "one/bob"))
		Expect(names(users.OfTenant(ctx, "one", "a"))).To(ConsistOf("one/alice", "one/bob"))
		Expect(names(users.Declared(ctx, "one", "a"))).To(ConsistOf("one/alice"))
		Expect(names(users.ByAccount(ctx, "one", "a", "ALICE@contoso.com"))).To(ConsistOf("one/alice"))
		Expect(names(users.ByAccount(ctx, "one", "a", "id-1"))).To(ConsistOf("one/alice"))
		Expect(names(users.ByAccount(ctx, "two", "a", "id-1"))).To(BeEmpty())
		Expect(names(users.ByAccount(ctx, "one", "a", ""))).To(BeEmpty(), "an object that is not bound is nobody's")
	})

	It("follows an object that is bound and renamed", func(ctx context.Context) {
		before := indexed("one", "a", "alice", "alice@contoso.com", "")
		Expect(indexer.Add(before)).To(Succeed())
		after := before.DeepCopy()
		after.Spec.UserPrincipalName, after.Status.ID = "anna@contoso.com", "id-1"
		Expect(indexer.Update(after)).To(Succeed())
		Expect(names(users.ByAccount(ctx, "one", "a", "alice@contoso.com"))).To(BeEmpty())
		Expect(names(users.ByAccount(ctx, "one", "a", "anna@contoso.com"))).To(ConsistOf("one/alice"))
		Expect(names(users.ByAccount(ctx, "one", "a", "id-1"))).To(ConsistOf("one/alice"))
	})

	It("tells accounts apart that fall into one bucket", func(ctx context.Context) {
		const many = accountBuckets + 1 // so two of them must
		for i := range many {
			Expect(indexer.Add(indexed("one", "a", fmt.Sprintf("user-%d", i), fmt.Sprintf("user-%d@contoso.com", i), ""))).To(Succeed())
		}
		for i := range many {
			Expect(names(users.ByAccount(ctx, "one", "a", fmt.Sprintf("user-%d@contoso.com", i)))).To(ConsistOf(fmt.Sprintf("one/user-%d", i)))
		}
	})
})

var _ = Describe("A cached user", func() {
	It("says what it said, but for fields that nobody asks after", func() {
		transform := userTransform()
		for i := range 3 { // the second time from what was kept of the first
			user := &v1alpha1.ManagedUser{}
			Expect(json.Unmarshal(cachedJSON(GinkgoTB(), 7), user)).To(Succeed())
			want := user.DeepCopy()
			kept, err := transform(user)
			Expect(err).NotTo(HaveOccurred())
			Expect(kept).To(BeIdenticalTo(user))
			Expect(user.ManagedFields).To(HaveLen(1), "round %d", i)
			user.ManagedFields, want.ManagedFields = nil, nil
			Expect(user).To(Equal(want), "round %d", i)
		}
	})

	It("shares its labels only with objects that have the same", func() {
		transform := userTransform()
		labelled := func(labels map[string]string) map[string]string {
			user := &v1alpha1.ManagedUser{ObjectMeta: metav1.ObjectMeta{Labels: labels}}
			_, err := transform(user)
			Expect(err).NotTo(HaveOccurred())
			return user.Labels
		}
		for range 2 {
			for _, labels := range []map[string]string{
				{v1alpha1.DiscoveredLabel: "true"},
				{v1alpha1.DiscoveredLabel: "true", v1alpha1.ShardLabel: "a"},
				{v1alpha1.DiscoveredLabel: "true", v1alpha1.ShardLabel: "b"},
				{"team": "sales"},
				nil,
			} {
				Expect(labelled(labels)).To(Equal(labels))
			}
		}
	})
})
