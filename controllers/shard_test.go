package controllers

import (
	"context"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	applyv1alpha1 "github.com/m365-operator/m365-operator/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// serving makes a process the manager of a Shard, which sees the Shard's users only.
func (m *manager) serving(shard Shard) *manager {
	seen := interceptor.NewClient(m.client.(client.WithWatch), interceptor.Funcs{ //nolint:forcetypeassert // newManager made it
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			err := c.List(ctx, list, opts...)
			if users, ok := list.(*v1alpha1.ManagedUserList); ok {
				users.Items = filter(users.Items, func(u *v1alpha1.ManagedUser) bool { return shard.selector().Matches(labels.Set(u.Labels)) })
			}
			return err
		},
	})
	m.tenants.Shard, m.tenants.Client, m.tenants.Divided = shard, seen, true
	m.discovery.Shard, m.discovery.Client, m.discovery.Divided = shard, seen, true
	m.users.Shard, m.users.Client, m.users.Divided = shard, seen, true
	m.tenants.Index, m.discovery.Index, m.users.Index = listed{seen}, listed{seen}, listed{seen}
	return m
}

// shards are managers of the world: without a shard, and of two.
func (w *world) shards() (unlabelled, a, b *manager) {
	GinkgoHelper()
	unlabelled, a, b = w.newManager(newUncached()), w.newManager(newUncached()), w.newManager(newUncached())
	return unlabelled.serving(""), a.serving("a"), b.serving("b")
}

// label puts an object into a Shard, as a person does.
func label(ctx context.Context, obj client.Object, shard Shard) {
	GinkgoHelper()
	Expect(api.Get(ctx, client.ObjectKeyFromObject(obj), obj)).To(Succeed())
	before := obj.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy is of its original's type
	all := map[string]string{}
	for key, value := range obj.GetLabels() {
		if key != v1alpha1.ShardLabel {
			all[key] = value
		}
	}
	for key, value := range shard.labels() {
		all[key] = value
	}
	obj.SetLabels(all)
	Expect(api.Patch(ctx, obj, client.MergeFrom(before), client.FieldOwner("kubectl-label"))).To(Succeed())
}

// syncBy lets a manager make a pass over the Tenant as it is now.
func (w *world) syncBy(ctx context.Context, m *manager) *v1alpha1.Tenant {
	GinkgoHelper()
	w.manager = m
	return w.mustSync(ctx)
}

// discoverBy lets a manager make a pass over the discovered objects.
func (w *world) discoverBy(ctx context.Context, m *manager) map[string]*v1alpha1.ManagedUser {
	GinkgoHelper()
	_, err := m.discovery.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKey{Namespace: w.namespace, Name: "contoso"}})
	Expect(err).NotTo(HaveOccurred())
	return w.objects(ctx)
}

var _ = Describe("A shard", func() {
	DescribeTable("is told by one label",
		func(selector string, shard Shard, refused types.GomegaMatcher) {
			got, err := ParseShard(selector)
			Expect(err).To(refused)
			Expect(got).To(Equal(shard))
		},
		Entry("none", "", Shard(""), Succeed()),
		Entry("one", v1alpha1.ShardLabel+"=a", Shard("a"), Succeed()),
		Entry("one, as selectors may have it", v1alpha1.ShardLabel+"==eu-west", Shard("eu-west"), Succeed()),
		Entry("another label", "region=eu", Shard(""), MatchError(ContainSubstring(v1alpha1.ShardLabel+"=<name>"))),
		Entry("no value", v1alpha1.ShardLabel+"=", Shard(""), MatchError(ContainSubstring("=<name>"))),
		Entry("its presence", v1alpha1.ShardLabel, Shard(""), MatchError(ContainSubstring("=<name>"))),
		Entry("its absence", "!"+v1alpha1.ShardLabel, Shard(""), MatchError(ContainSubstring("=<name>"))),
		Entry("another value than one", v1alpha1.ShardLabel+"!=a", Shard(""), MatchError(ContainSubstring("=<name>"))),
		Entry("several", v1alpha1.ShardLabel+" in (a,b)", Shard(""), MatchError(ContainSubstring("=<name>"))),
		Entry("two labels", v1alpha1.ShardLabel+"=a,region=eu", Shard(""), MatchError(ContainSubstring("cannot be the name"))),
		Entry("what no Lease can be named after", v1alpha1.ShardLabel+"=A_1", Shard(""), MatchError(ContainSubstring("cannot be the name"))),
	)

	DescribeTable("has its users in the cache, and no others",
		func(shard Shard, sees ...string) {
			for of, user := range map[string]labels.Set{
				"none": {"app": "x"}, "a": {v1alpha1.ShardLabel: "a"}, "b": {v1alpha1.ShardLabel: "b"},
				"nobody": {v1alpha1.ShardLabel: ""},
			} {
				for _, options := range CacheOptions(shard).ByObject {
					Expect(options.Label.Matches(user)).To(Equal(sees[0] == of), of)
				}
				labelled := &v1alpha1.ManagedUser{ObjectMeta: metav1.ObjectMeta{Labels: user}}
				Expect(shard.sees(labelled)).To(Equal(sees[0] == of), of)
				Expect(shard.others().Matches(user)).To(Equal(sees[0] != of), of)
			}
		},
		Entry("unlabelled", Shard(""), "none"), Entry("a", Shard("a"), "a"), Entry("b", Shard("b"), "b"),
	)

	It("wakes the passes that a move concerns, and no others", func() {
		before := &v1alpha1.Tenant{}
		relabelled, held := before.DeepCopy(), before.DeepCopy()
		relabelled.Labels = Shard("a").labels()
		held.Status.Shard = "a"
		change := func(after *v1alpha1.Tenant) event.UpdateEvent {
			return event.UpdateEvent{ObjectOld: before, ObjectNew: after}
		}
		Expect(moved().Update(change(relabelled))).To(BeTrue())
		Expect(moved().Update(change(held))).To(BeFalse())
		Expect(taken().Update(change(held))).To(BeTrue())
		Expect(taken().Update(change(relabelled))).To(BeFalse())
		Expect(concernsUsers(before, relabelled)).To(BeTrue())
		Expect(concernsUsers(before, held)).To(BeTrue())
	})
})

var _ = Describe("A Tenant of a shard", func() {
	It("is left alone by every other manager, and told to be the one's that its label names", func(ctx context.Context) {
		w := newWorld(ctx)
		unlabelled, a, b := w.shards()
		label(ctx, w.tenant(ctx), "a")
		for _, other := range []*manager{unlabelled, b} {
			before := w.tenant(ctx)
			Expect(w.syncBy(ctx, other).ResourceVersion).To(Equal(before.ResourceVersion))
			Expect(other.writes.Load()).To(BeZero())
		}
		Expect(w.sim.Counters("").Requests).To(BeZero())

		Expect(w.syncBy(ctx, a).Status.Shard).To(Equal("a"))
		alice := w.declare(ctx, upnAlice, suspended(true))
		label(ctx, alice, "a")
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		w.settles(ctx, alice)
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(1))
	})

	It("without a label needs no word of its holder", func(ctx context.Context) {
		w := newWorld(ctx)
		Expect(w.mustSync(ctx).Status.Shard).To(BeEmpty())
	})

	It("is forgotten by the manager that it leaves, and taken by a compare-and-swap", func(ctx context.Context) {
		w := newWorld(ctx)
		unlabelled, a, b := w.shards()
		stale := w.syncBy(ctx, unlabelled)
		label(ctx, w.tenant(ctx), "b")
		toB := w.tenant(ctx)
		label(ctx, w.tenant(ctx), "a")
		Expect(w.syncBy(ctx, a).Status.Shard).To(Equal("a"))

		By("one that sees an older Tenant takes nothing from whom the label names now")
		before := w.tenant(ctx)
		for m, seen := range map[*manager]*v1alpha1.Tenant{b: toB, unlabelled: stale} {
			seen.Spec.DisplayName = "something to say"
			_, err := m.tenants.Reconcile(ctx, seen)
			Expect(err).NotTo(HaveOccurred(), "it looks again, and sees")
		}
		Expect(w.tenant(ctx)).To(BeComparableTo(before))

		By("the one before lets go of all it knew, and says nothing")
		Expect(w.syncBy(ctx, unlabelled)).To(BeComparableTo(before))
		key := client.ObjectKeyFromObject(before)
		_, connected := unlabelled.pool.Lookup(key)
		_, known := unlabelled.inventory.Lookup(key)
		Expect([]bool{connected, known}).To(HaveEach(BeFalse()))

		By("and it can come back")
		label(ctx, w.tenant(ctx), "")
		Expect(w.syncBy(ctx, unlabelled).Status.Shard).To(BeEmpty())
		Expect(condition(w.tenant(ctx), v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
	})

	It("yields to an older one of another shard for the same Microsoft 365 tenant", func(ctx context.Context) {
		w := newWorld(ctx)
		_, a, b := w.shards()
		label(ctx, w.tenant(ctx), "a")
		w.syncBy(ctx, a)
		rival := w.newTenant()
		rival.Name, rival.Labels = "rival", Shard("b").labels()
		Expect(api.Create(ctx, rival)).To(Succeed())
		byB := func() {
			GinkgoHelper()
			_, err := b.tenants.Reconcile(ctx, rival.DeepCopy())
			Expect(err).NotTo(HaveOccurred())
			Expect(api.Get(ctx, client.ObjectKeyFromObject(rival), rival)).To(Succeed())
		}
		byB()
		older, younger := w.syncBy(ctx, a), rival
		if isOlder(younger, older) {
			older, younger = younger, older
		}
		byB()
		Expect(condition(older, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		Expect(condition(younger, v1alpha1.ConditionReady)).To(Equal("False/Duplicate"))
	})

	It("is woken when another shard's turns out to hold the same Microsoft 365 tenant", func(ctx context.Context) {
		w := newWorld(ctx)
		unlabelled, _, _ := w.shards()
		w.syncBy(ctx, unlabelled)
		unread := w.newTenant()
		unread.Labels = Shard("a").labels()
		unread.Status.TenantID = w.tenantID
		read := unread.DeepCopy()
		read.Status.Conditions = w.tenant(ctx).Status.Conditions
		queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[ctrl.Request]())
		defer queue.ShutDown()
		unlabelled.tenants.rivalRead(ctx, event.UpdateEvent{ObjectOld: read, ObjectNew: read}, queue)
		Expect(queue.Len()).To(BeZero(), "that is no news")
		unlabelled.tenants.rivalRead(ctx, event.UpdateEvent{ObjectOld: unread, ObjectNew: read}, queue)
		Expect(queue.Len()).To(Equal(1))
		woken, _ := queue.Get()
		Expect(woken.NamespacedName).To(Equal(client.ObjectKeyFromObject(w.tenant(ctx))))
	})
})

var _ = Describe("A user", func() {
	DescribeTable("whose label is not its Tenant's is told which to set, and is left alone",
		func(ctx context.Context, tenant, user Shard, remedy string) {
			w := newWorld(ctx)
			unlabelled, a, b := w.shards()
			managers := map[Shard]*manager{"": unlabelled, "a": a, "b": b}
			label(ctx, w.tenant(ctx), tenant)
			w.syncBy(ctx, managers[tenant])
			alice := w.declare(ctx, upnAlice, suspended(true))
			label(ctx, alice, user)
			w.manager = managers[user]
			w.mustPass(ctx, alice)
			said := alice.ResourceVersion
			for _, m := range []*manager{managers[user], managers[tenant]} {
				w.manager = m
				w.mustPass(ctx, alice)
				Expect(alice.ResourceVersion).To(Equal(said), "once is enough, and it is not the other's to say")
			}
			Expect(condition(alice, v1alpha1.ConditionStalled)).To(Equal("True/ShardMismatch"))
			Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("False/ShardMismatch"))
			Expect(message(alice, v1alpha1.ConditionReady)).To(ContainSubstring(remedy))
			Expect(w.sim.Counters("").Writes).To(BeZero())

			By("and is what it declares as soon as it has the label")
			label(ctx, alice, tenant)
			w.manager = managers[tenant]
			w.mustPass(ctx, alice)
			Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
			Expect(condition(alice, v1alpha1.ConditionStalled)).To(BeEmpty())
			w.settles(ctx, alice)
		},
		Entry("none", Shard("a"), Shard(""), "set the label "+v1alpha1.ShardLabel+"=a"),
		Entry("one too many", Shard(""), Shard("a"), "take the label "+v1alpha1.ShardLabel+" off"),
		Entry("another", Shard("b"), Shard("a"), "set the label "+v1alpha1.ShardLabel+"=b"),
	)

	It("waits without a word until the new manager has taken and read the Tenant", func(ctx context.Context) {
		w := newWorld(ctx)
		unlabelled, a, _ := w.shards()
		w.syncBy(ctx, unlabelled)
		alice := w.declare(ctx, upnAlice, suspended(true))
		w.mustPass(ctx, alice)
		label(ctx, w.tenant(ctx), "a")
		label(ctx, alice, "a")
		before := alice.ResourceVersion
		w.manager = a
		w.mustPass(ctx, alice)
		Expect(alice.ResourceVersion).To(Equal(before))
		w.mustSync(ctx)
		w.settles(ctx, alice)
		Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1), "by the manager before")
	})

	DescribeTable("is not touched by a manager that was frozen while the Tenant was handed over",
		func(ctx context.Context, divided, relabelled bool) {
			w := newWorld(ctx)
			unlabelled, a, _ := w.shards()
			unlabelled.users.Divided = divided
			staleTenant := w.syncBy(ctx, unlabelled)
			alice := w.declare(ctx, upnAlice)
			w.mustPass(ctx, alice)
			w.edit(ctx, alice, suspended(true), forced(true))
			staleAlice := alice.DeepCopy()

			label(ctx, w.tenant(ctx), "a")
			if relabelled {
				label(ctx, alice, "a")
			}
			w.syncBy(ctx, a)
			if relabelled {
				w.mustPass(ctx, alice)
				w.mustPass(ctx, alice)
			}
			writes, apiWrites := w.sim.Counters("").Writes, unlabelled.writes.Load()
			before := w.user(ctx, alice)

			unlabelled.users.Client = asItWas(unlabelled.users.Client, staleTenant)
			for range 2 {
				_, err := unlabelled.users.Reconcile(ctx, staleAlice.DeepCopy())
				Expect(err).NotTo(HaveOccurred())
				w.clock.Step(10 * time.Second)
			}
			Expect(w.sim.Counters("").Writes).To(Equal(writes), "writes to Graph")
			Expect(w.user(ctx, alice)).To(BeComparableTo(before))
			if divided || !relabelled {
				Expect(unlabelled.writes.Load()).To(Equal(apiWrites), "attempts to write")
			}
			if relabelled {
				Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
				Expect(w.effects(upnAlice, graphsim.EffectPasswordForce)).To(BeEquivalentTo(1))
			}
		},
		Entry("with its users", true, true),
		Entry("with its users, and the manager was told of no other", false, true),
		Entry("without them", true, false),
		Entry("without them, and the manager was told of no other", false, false),
	)

	It("is acted upon no more once the Tenant was taken in the middle of a pass", func(ctx context.Context) {
		w := newWorld(ctx)
		unlabelled, a, _ := w.shards()
		w.syncBy(ctx, unlabelled)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, suspended(true))
		frozen := w.newManager(afterStatusPatch(newUncached(), 1, func() {
			label(ctx, w.tenant(ctx), "a")
			_, err := a.tenants.Reconcile(ctx, w.tenant(ctx))
			Expect(err).NotTo(HaveOccurred())
		})).serving("")
		_, err := frozen.tenants.Reconcile(ctx, w.tenant(ctx))
		Expect(err).NotTo(HaveOccurred())
		_, err = frozen.users.Reconcile(ctx, w.user(ctx, alice))
		Expect(err).NotTo(HaveOccurred())
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(1), "its intent was on record: the call was under way")
		Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeZero())

		By("and the next manager does the rest, once")
		label(ctx, alice, "a")
		for range 4 {
			w.syncBy(ctx, a)
			w.mustPass(ctx, alice)
		}
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(1))
		Expect(w.effects(upnAlice, graphsim.EffectRevoke)).To(BeEquivalentTo(1))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
	})

	It("that was renamed into another shard keeps its account, as one that was renamed does", func(ctx context.Context) {
		w := newWorld(ctx)
		_, a, _ := w.shards()
		label(ctx, w.tenant(ctx), "a")
		w.syncBy(ctx, a)
		w.clock.SetTime(time.Now()) //nolint:forbidigo // deletion timestamps are the API server's
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, onDeletion(v1alpha1.DeletionPolicyDelete))
		label(ctx, alice, "a")
		w.mustPass(ctx, alice)
		renamed := alice.DeepCopy()
		renamed.ObjectMeta = *w.tenant(ctx).ObjectMeta.DeepCopy()
		renamed.Name, renamed.UID, renamed.ResourceVersion, renamed.Labels, renamed.Finalizers = "alice-adams", "", "", nil, nil
		Expect(api.Create(ctx, renamed)).To(Succeed()) // the manifest lacks the label
		Expect(api.Delete(ctx, alice)).To(Succeed())
		Expect(api.Get(ctx, client.ObjectKeyFromObject(alice), alice)).To(Succeed())
		_, err := w.users.Reconcile(ctx, alice.DeepCopy())
		Expect(err).NotTo(HaveOccurred())
		Expect(api.Get(ctx, client.ObjectKeyFromObject(alice), alice)).To(MatchError(ContainSubstring("not found")))
		Expect(w.eventReasons()).To(ContainElement("DeletionDropped"))
		Expect(w.sim.Counters("").Writes).To(BeZero())
	})
})

var _ = Describe("Discovery in shards", func() {
	var (
		w             *world
		unlabelled, a *manager
	)
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		unlabelled, a, _ = w.shards()
		scope(ctx, w, v1alpha1.DiscoverAll)
		w.syncBy(ctx, unlabelled)
		Expect(w.discoverBy(ctx, unlabelled)).To(HaveLen(5))
	})
	request := func() ctrl.Request {
		return ctrl.Request{NamespacedName: client.ObjectKey{Namespace: w.namespace, Name: "contoso"}}
	}
	in := func(shard Shard) types.GomegaMatcher {
		return HaveEach(WithTransform(func(u *v1alpha1.ManagedUser) Shard { return shardOf(u) }, Equal(shard)))
	}

	It("takes its objects along when the Tenant moves, whoever labelled them, and makes none anew", func(ctx context.Context) {
		before := w.objects(ctx)
		for _, to := range []struct {
			shard Shard
			by    *manager
		}{{"a", a}, {"", unlabelled}, {"a", a}} {
			label(ctx, w.tenant(ctx), to.shard)
			w.syncBy(ctx, to.by)
			after := w.discoverBy(ctx, to.by)
			Expect(after).To(in(to.shard))
			Expect(after).To(HaveLen(len(before)))
			for name, user := range after {
				Expect(user.UID).To(Equal(before[name].UID))
				w.mustPass(ctx, user)
				Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
			}
			writes := to.by.writes.Load()
			w.discoverBy(ctx, to.by)
			Expect(to.by.writes.Load()).To(Equal(writes), "once is enough")
			for _, user := range after { // what a person labels belongs to the person
				label(ctx, user, to.shard)
			}
		}
	})

	It("removes its objects when it was ended while the Tenant moved", func(ctx context.Context) {
		label(ctx, w.tenant(ctx), "a")
		scope(ctx, w, v1alpha1.DiscoverNone)
		w.syncBy(ctx, a)
		Expect(w.discoverBy(ctx, a)).To(BeEmpty())
	})

	It("still removes them after a pass that failed", func(ctx context.Context) {
		label(ctx, w.tenant(ctx), "a")
		scope(ctx, w, v1alpha1.DiscoverNone)
		w.syncBy(ctx, a)
		var conflict sync.Once
		a.discovery.Client = interceptor.NewClient(a.discovery.Client.(client.WithWatch), interceptor.Funcs{ //nolint:forcetypeassert // newManager made it
			Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
				err := error(nil)
				conflict.Do(func() {
					err = apierrors.NewConflict(schema.GroupResource{Resource: "managedusers"}, obj.GetName(), errMoved)
				})
				if err != nil {
					return err
				}
				return c.Delete(ctx, obj, opts...)
			},
		})
		_, err := a.discovery.Reconcile(ctx, request())
		Expect(err).To(MatchError(apierrors.IsConflict, "IsConflict"))
		Expect(w.objects(ctx)).To(HaveLen(1))
		Expect(w.discoverBy(ctx, a)).To(BeEmpty())
	})

	It("goes on after it brought objects along, for nobody else wakes it", func(ctx context.Context) {
		label(ctx, w.tenant(ctx), "a")
		w.syncBy(ctx, a)
		Expect(a.discovery.Reconcile(ctx, request())).To(Equal(ctrl.Result{RequeueAfter: batchPause}))
		Expect(a.discovery.Reconcile(ctx, request())).To(BeZero())
	})

	It("removes the younger of two objects for one account", func(ctx context.Context) {
		before := w.objects(ctx)
		for _, user := range before {
			if user.Spec.UserPrincipalName != upnAlice {
				continue
			}
			for _, shard := range []Shard{"", "b"} {
				twin := applyv1alpha1.ManagedUser("zz-twin-"+string(shard)+"x", w.namespace).
					WithLabels(map[string]string{v1alpha1.DiscoveredLabel: "true"}).WithLabels(shard.labels()).
					WithSpec(applyv1alpha1.ManagedUserSpec().WithTenantRef(applyv1alpha1.ObjectReference().WithName("contoso")).
						WithID(user.Spec.ID).WithUserPrincipalName(upnAlice))
				Expect(api.Apply(ctx, twin, client.FieldOwner(v1alpha1.DiscoveryFieldManager))).To(Succeed())
			}
		}
		Expect(w.objects(ctx)).To(HaveLen(7))
		label(ctx, w.tenant(ctx), "a")
		w.syncBy(ctx, a)
		after := w.discoverBy(ctx, a)
		Expect(after).To(HaveLen(5))
		for name := range before {
			Expect(after[name].UID).To(Equal(before[name].UID))
		}
	})

	It("takes the object that its cache still has, and the API server has elsewhere, for one", func(ctx context.Context) {
		stale := v1alpha1.ManagedUserList{}
		Expect(api.List(ctx, &stale, client.InNamespace(w.namespace))).To(Succeed())
		for _, user := range w.objects(ctx) {
			label(ctx, user, "b")
		}
		known, ok := w.inventory.Lookup(client.ObjectKeyFromObject(w.tenant(ctx)))
		Expect(ok).To(BeTrue())
		strays, err := Shard("").strays(ctx, api, w.namespace)
		Expect(err).NotTo(HaveOccurred())
		d := newDiscovery(w.tenant(ctx), known, append(pointersTo(stale.Items), pointersTo(strays)...))
		Expect(d.remove).To(BeEmpty())
		Expect(d.relabel).To(HaveLen(5))
	})

	It("looks past the cache when a Tenant came, or objects are to be made, and not otherwise", func(ctx context.Context) {
		lists := 0
		unlabelled.discovery.Divided = false
		unlabelled.discovery.Reader = interceptor.NewClient(newUncached(), interceptor.Funcs{
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				lists++
				return c.List(ctx, list, opts...)
			},
		})
		w.discoverBy(ctx, unlabelled)
		Expect(lists).To(BeZero())
		_, err := w.sim.AddUser(w.tenantID, account("carol@contoso.com", "Carol"))
		Expect(err).NotTo(HaveOccurred())
		w.syncBy(ctx, unlabelled)
		w.discoverBy(ctx, unlabelled)
		w.discoverBy(ctx, unlabelled)
		Expect(lists).To(Equal(1))
		for _, shard := range []Shard{"a", ""} {
			label(ctx, w.tenant(ctx), shard)
			w.syncBy(ctx, map[Shard]*manager{"a": a, "": unlabelled}[shard])
			w.discoverBy(ctx, unlabelled)
		}
		Expect(lists).To(Equal(2))
	})

	DescribeTable("knows of objects of other shards", func(before search, more, failed bool, after search) {
		var err error
		if failed {
			err = errMoved
		}
		Expect(before.after(more, err)).To(Equal(after))
	},
		Entry("nothing as long as some were not dealt with", searchDue, false, true, searchDue),
		Entry("nothing as long as some wait for another pass", searchDue, true, false, searchDue),
		Entry("what was dealt with", searchDue, false, false, searchDone),
		Entry("that there are none, until all batches are through", searchFresh, true, false, searchFresh),
		Entry("and to look again before the next one", searchFresh, false, false, searchDone),
		Entry("and to look again when a batch failed", searchFresh, true, true, searchDone),
		Entry("what it knew", searchDone, true, false, searchDone),
	)

	It("takes along what is known of people's mailboxes", func(ctx context.Context) {
		reads := func() uint64 { return w.sim.Counters("").ByPath["GET /users/{id}/mailboxSettings"] }
		for range 3 {
			w.clock.Step(time.Hour)
			w.syncBy(ctx, unlabelled)
		}
		unknown := 0
		for _, user := range w.objects(ctx) {
			w.mustPass(ctx, user)
			if _, ok := purposes()[user.Status.AccountType]; !ok {
				unknown++
			}
		}
		before := reads()
		Expect(before).To(BeEquivalentTo(5))
		Expect(unknown).To(BeNumerically("<", 5))
		label(ctx, w.tenant(ctx), "a")
		for range 3 {
			w.clock.Step(time.Hour)
			w.syncBy(ctx, a)
		}
		Expect(reads() - before).To(BeEquivalentTo(unknown))
	})

	It("says nothing about its objects while they are between two managers", func(ctx context.Context) {
		for _, user := range w.objects(ctx) {
			w.mustPass(ctx, user)
		}
		label(ctx, w.tenant(ctx), "a")
		for _, user := range w.objects(ctx) {
			before := user.ResourceVersion
			w.mustPass(ctx, user)
			Expect(user.ResourceVersion).To(Equal(before))
		}
	})

	It("leaves objects to the manager that took the Tenant, though its own view is old", func(ctx context.Context) {
		stale := w.tenant(ctx)
		label(ctx, w.tenant(ctx), "a")
		w.syncBy(ctx, a)
		w.discoverBy(ctx, a)
		before := w.objects(ctx)

		unlabelled.discovery.Client = asItWas(unlabelled.discovery.Client, stale)
		Expect(w.discoverBy(ctx, unlabelled)).To(BeComparableTo(before))
	})

	It("makes none for an account that Git declares under another label", func(ctx context.Context) {
		label(ctx, w.tenant(ctx), "a")
		carol := "carol@contoso.com"
		_, err := w.sim.AddUser(w.tenantID, account(carol, "Carol"))
		Expect(err).NotTo(HaveOccurred())
		w.declare(ctx, carol)
		w.syncBy(ctx, a)
		objects := w.discoverBy(ctx, a)
		Expect(objects).To(HaveLen(6))
		Expect(objects["carol"].Labels).To(BeEmpty(), "it is Git's")
	})

	It("leaves the label on an object that Git takes over, until Git sets another", func(ctx context.Context) {
		label(ctx, w.tenant(ctx), "a")
		w.syncBy(ctx, a)
		for _, user := range w.discoverBy(ctx, a) {
			if user.Spec.UserPrincipalName == upnAlice {
				w.edit(ctx, user, suspended(true))
				w.discoverBy(ctx, a)
				w.mustPass(ctx, user)
				Expect(user.Labels).To(Equal(Shard("a").labels()))
				Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
			}
		}
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(1))
	})
})

// asItWas is a client whose cache still has the Tenant as it was.
func asItWas(c client.Client, tenant *v1alpha1.Tenant) client.Client {
	return interceptor.NewClient(c.(client.WithWatch), interceptor.Funcs{ //nolint:forcetypeassert // newManager made it
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if t, ok := obj.(*v1alpha1.Tenant); ok && key == client.ObjectKeyFromObject(tenant) {
				tenant.DeepCopyInto(t)
				return nil
			}
			return c.Get(ctx, key, obj, opts...)
		},
	})
}
