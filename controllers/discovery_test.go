package controllers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	applyv1alpha1 "github.com/m365-operator/m365-operator/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("discovery", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		scope(ctx, w, v1alpha1.DiscoverAll)
		w.mustSync(ctx)
	})
	discover := func(ctx context.Context) map[string]*v1alpha1.ManagedUser {
		GinkgoHelper()
		_, err := w.discovery.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKey{Namespace: w.namespace, Name: "contoso"}})
		Expect(err).NotTo(HaveOccurred())
		return w.objects(ctx)
	}
	generatedFor := func(ctx context.Context, upn string) *v1alpha1.ManagedUser {
		GinkgoHelper()
		for _, user := range discover(ctx) {
			if user.Spec.UserPrincipalName == upn {
				Expect(user.Labels).To(HaveKey(v1alpha1.DiscoveredLabel))
				return user
			}
		}
		Fail("no object for " + upn)
		return nil
	}

	It("is woken by an object of its own that turns out to be too many, and removes it", func(ctx context.Context) {
		generated := generatedFor(ctx, upnAlice)
		w.declare(ctx, upnAlice) // as if it had come into the cache before the other
		before := generated.DeepCopy()
		_, err := w.pass(ctx, generated)
		Expect(err).NotTo(HaveOccurred())
		Expect(condition(generated, v1alpha1.ConditionReady)).To(Equal("False/Duplicate"))
		Expect(concernsDiscovery().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: generated})).To(BeTrue())
		Expect(concernsDiscovery().Update(event.UpdateEvent{ObjectOld: generated, ObjectNew: generated})).To(BeFalse(), "once")
		Expect(discover(ctx)).NotTo(HaveKey(generated.Name))
	})

	It("makes an object that declares nothing for every account, and settles", func(ctx context.Context) {
		objects := discover(ctx)
		Expect(objects).To(HaveLen(5))
		for name, user := range objects {
			Expect(name).To(MatchRegexp(`^[a-z0-9-]+-[0-9a-f]{6}$`))
			Expect(user.Labels).To(HaveKeyWithValue(v1alpha1.DiscoveredLabel, "true"))
			Expect(user.OwnerReferences).To(BeEmpty())
			Expect(user.Finalizers).To(BeEmpty())
			Expect(user.Spec.Suspended).To(BeNil())
			w.mustPass(ctx, user)
			Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
			before := user.ResourceVersion
			discover(ctx)
			w.mustPass(ctx, user)
			Expect(user.ResourceVersion).To(Equal(before))
		}
		Expect(w.sim.Counters("").Writes).To(BeZero())
		Expect(w.eventReasons()).To(HaveEach("Succeeded"), "none for discovered objects, only the Tenant's own")
	})

	It("keeps an object's name whatever the account is called later", func(ctx context.Context) {
		before := generatedFor(ctx, upnAlice)
		w.outsider(upnAlice, map[string]any{"userPrincipalName": "alice.miller@contoso.com"})
		w.mustSync(ctx)
		Expect(generatedFor(ctx, "alice.miller@contoso.com").Name).To(Equal(before.Name))
		Expect(w.objects(ctx)).To(HaveLen(5))
	})

	It("covers no guests under Members, and nobody under None", func(ctx context.Context) {
		guest := "guest_other.com#EXT#@contoso.com"
		_, err := w.sim.AddUser(w.tenantID, account(guest, "Gina Guest", "userType", "Guest"))
		Expect(err).NotTo(HaveOccurred())
		w.mustSync(ctx)
		Expect(discover(ctx)).To(HaveLen(6))
		scope(ctx, w, v1alpha1.DiscoverMembers)
		Expect(discover(ctx)).To(HaveLen(5))
		scope(ctx, w, v1alpha1.DiscoverNone)
		Expect(discover(ctx)).To(BeEmpty())
	})

	It("follows accounts that go and come back", func(ctx context.Context) {
		id := generatedFor(ctx, upnAlice).Spec.ID
		Expect(w.sim.DeleteUser(w.tenantID, upnAlice)).To(Succeed())
		w.mustSync(ctx)
		Expect(discover(ctx)).To(HaveLen(4))
		Expect(w.sim.RestoreUser(w.tenantID, id)).To(Succeed())
		w.mustSync(ctx)
		Expect(discover(ctx)).To(HaveLen(5))
	})

	It("removes nothing when a reading fails or is not complete", func(ctx context.Context) {
		discover(ctx)
		w.restart()
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Path: "/users/delta", Status: 503})
		Expect(err).NotTo(HaveOccurred())
		_, _, err = w.sync(ctx)
		Expect(err).To(HaveOccurred())
		Expect(discover(ctx)).To(HaveLen(5))
	})

	DescribeTable("yields to whoever declares something, and observes again when that ends",
		func(ctx context.Context, take func(context.Context, *v1alpha1.ManagedUser), release func(context.Context, *v1alpha1.ManagedUser)) {
			alice := generatedFor(ctx, upnAlice)
			take(ctx, alice)
			taken := discover(ctx)[alice.Name]
			Expect(taken.UID).To(Equal(alice.UID))
			Expect(taken.Labels).NotTo(HaveKey(v1alpha1.DiscoveredLabel))
			Expect(taken.Spec.ID).To(Equal(alice.Spec.ID), "a field that nobody else owns stays")
			Expect(taken.Spec.UserPrincipalName).To(Equal(upnAlice))
			w.mustPass(ctx, taken)
			Expect(taken.Status.State).To(Equal(v1alpha1.StateSuspended))
			before := taken.ResourceVersion
			discover(ctx)
			Expect(discover(ctx)[alice.Name].ResourceVersion).To(Equal(before), "settles")

			release(ctx, taken)
			again := generatedFor(ctx, upnAlice)
			Expect(again.Spec.Suspended).To(BeNil())
			Expect(discover(ctx)).To(HaveLen(5))
		},
		Entry("by server-side apply", func(ctx context.Context, u *v1alpha1.ManagedUser) {
			Expect(api.Apply(ctx, applyv1alpha1.ManagedUser(u.Name, u.Namespace).WithSpec(applyv1alpha1.ManagedUserSpec().
				WithTenantRef(applyv1alpha1.ObjectReference().WithName("contoso")).
				WithUserPrincipalName(upnAlice).WithSuspended(true)), client.FieldOwner("flux"))).To(Succeed())
		}, func(ctx context.Context, u *v1alpha1.ManagedUser) {
			Expect(api.Delete(ctx, u)).To(Succeed())
		}),
		Entry("by client-side apply", func(ctx context.Context, u *v1alpha1.ManagedUser) {
			file := filepath.Join(GinkgoT().TempDir(), "alice.yaml")
			Expect(os.WriteFile(file, fmt.Appendf(nil, `{apiVersion: identity.m365-operator.io/v1alpha1, kind: ManagedUser,
				metadata: {name: %s, namespace: %s}, spec: {tenantRef: {name: contoso}, userPrincipalName: %s, suspended: true}}`,
				u.Name, u.Namespace, upnAlice), 0o600)).To(Succeed())
			_, err := plane.Kubectl(ctx, "", "apply", "-f", file)
			Expect(err).NotTo(HaveOccurred())
		}, func(ctx context.Context, u *v1alpha1.ManagedUser) {
			Expect(api.Delete(ctx, u)).To(Succeed())
		}),
		Entry("by an edit", func(ctx context.Context, u *v1alpha1.ManagedUser) {
			u.Spec.Suspended = ptr.To(true)
			Expect(api.Update(ctx, u, client.FieldOwner("kubectl-edit"))).To(Succeed())
		}, func(ctx context.Context, u *v1alpha1.ManagedUser) {
			Expect(api.Get(ctx, client.ObjectKeyFromObject(u), u)).To(Succeed())
			u.Spec.Suspended = nil
			Expect(api.Update(ctx, u, client.FieldOwner("kubectl-edit"))).To(Succeed())
		}),
	)

	It("comes back to an object whose status is written while it yields", func(ctx context.Context) {
		alice := generatedFor(ctx, upnAlice)
		w.edit(ctx, alice, suspended(true))
		var between sync.Once
		w.discovery.Client = interceptor.NewClient(newUncached(), interceptor.Funcs{
			Apply: func(ctx context.Context, c client.WithWatch, obj runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
				between.Do(func() { w.mustPass(ctx, alice) })
				return c.Apply(ctx, obj, opts...)
			},
		})
		request := ctrl.Request{NamespacedName: client.ObjectKey{Namespace: w.namespace, Name: "contoso"}}
		res, err := w.discovery.Reconcile(ctx, request)
		Expect(err).NotTo(HaveOccurred())
		Expect(w.objects(ctx)[alice.Name].Labels).To(HaveKey(v1alpha1.DiscoveredLabel), "what was decided is void")
		Expect(res.RequeueAfter).To(Equal(batchPause), "no later change of the object concerns discovery")
		res, err = w.discovery.Reconcile(ctx, request)
		Expect(err).NotTo(HaveOccurred())
		Expect(res).To(BeZero())
		Expect(w.objects(ctx)[alice.Name].Labels).NotTo(HaveKey(v1alpha1.DiscoveredLabel))
	})

	It("yields to a declared object of another name", func(ctx context.Context) {
		alice := generatedFor(ctx, upnAlice)
		declared := w.declare(ctx, upnAlice)
		objects := discover(ctx)
		Expect(objects).NotTo(HaveKey(alice.Name))
		Expect(objects).To(HaveKey(declared.Name))
		Expect(objects).To(HaveLen(5))
	})

	It("takes what it still keeps along when the Tenant goes, and touches no person", func(ctx context.Context) {
		discover(ctx)
		bob := w.declare(ctx, upnBob, suspended(false))
		discover(ctx)
		Expect(api.Delete(ctx, w.tenant(ctx))).To(Succeed())
		w.mustGone(ctx)
		Expect(w.objects(ctx)).To(HaveLen(1))
		Expect(w.objects(ctx)).To(HaveKey(bob.Name))
		Expect(w.sim.Counters("").Writes).To(BeZero())
	})

	It("leaves an object that is taken over at the instant its Tenant goes", func(ctx context.Context) {
		alice := generatedFor(ctx, upnAlice)
		Expect(api.Delete(ctx, w.tenant(ctx))).To(Succeed())
		raced := false
		racing, ok := w.client.(client.WithWatch)
		Expect(ok).To(BeTrue())
		w.tenants.Client = interceptor.NewClient(racing, interceptor.Funcs{
			Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
				if obj.GetName() == alice.Name && !raced {
					raced = true
					taken := alice.DeepCopy()
					taken.Spec.Suspended = ptr.To(true)
					Expect(api.Update(ctx, taken, client.FieldOwner("git"))).To(Succeed())
				}
				return c.Delete(ctx, obj, opts...)
			},
		})
		w.mustGone(ctx)
		Expect(raced).To(BeTrue())
		Expect(w.objects(ctx)).To(HaveLen(1))
		Expect(w.objects(ctx)).To(HaveKey(alice.Name))
	})
})

func scope(ctx context.Context, w *world, users v1alpha1.DiscoveryScope) {
	GinkgoHelper()
	tenant := w.tenant(ctx)
	tenant.Spec.Sync.Discovery.Users = users
	Expect(api.Update(ctx, tenant)).To(Succeed())
}

// objects are the ManagedUsers of the world, by name.
func (w *world) objects(ctx context.Context) map[string]*v1alpha1.ManagedUser {
	GinkgoHelper()
	var list v1alpha1.ManagedUserList
	Expect(api.List(ctx, &list, client.InNamespace(w.namespace))).To(Succeed())
	byName := map[string]*v1alpha1.ManagedUser{}
	for i := range list.Items {
		byName[list.Items[i].Name] = &list.Items[i]
	}
	return byName
}
