package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/plan"
)

func TestChaos(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Chaos")
}

var _ = Describe("The entries", func() {
	It("cover every facet, each once", func() {
		covered := map[string]string{}
		for _, e := range entries() {
			if e.facet == "" {
				continue
			}
			Expect(covered).NotTo(HaveKey(e.facet), "%s and %s", covered[e.facet], e.name)
			Expect(e.verdict).NotTo(BeNil(), "what the condition of %s must say", e.name)
			covered[e.facet] = e.name
		}
		for _, condition := range append(plan.Conditions(), v1alpha1.ConditionFirstSignIn) {
			Expect(covered).To(HaveKey(condition), "make an entry for the facet, and list it in entries")
		}
		Expect(covered).To(HaveLen(len(plan.Conditions()) + 1))
	})

	It("have names and weights", func() {
		names := set{}
		for _, e := range entries() {
			for _, a := range e.acts {
				Expect(names).NotTo(HaveKey(a.name))
				Expect(a.weight).To(BeNumerically(">", 0), a.name)
				names[a.name] = true
			}
		}
	})
})

// drawn are the operations of a seed, on a model alone.
func drawn(seed uint64, rounds, operations int) (lines []string, w *world) {
	rng := rand.New(rand.NewPCG(seed, 1))
	w = &world{tenants: []*tenant{modelled(0), modelled(1), modelled(1)}}
	c := &campaign{rng: rng, world: *w}
	for range rounds {
		for _, t := range w.tenants {
			for _, p := range t.people {
				p.touched = map[string]bool{}
			}
		}
		for range operations {
			p, e, a := c.draw()
			if p == nil {
				continue
			}
			d := c.change(1, p, e, a)
			lines = append(lines, fmt.Sprint(p.tenant.domain, p.name, a.name, d.note))
		}
	}
	return lines, w
}

// modelled is a tenant of which all people with an account are declared.
func modelled(number int) *tenant {
	t := newTenant(number, 20)
	for _, p := range t.people {
		if p.account.exists {
			p.declared = true
			p.account.id, p.account.upn, p.account.enabled = p.name, t.upnOf(p.name), true
			p.memory.name = p.account.upn
			p.spec.UserPrincipalName = p.account.upn
		}
	}
	for _, name := range bossNames {
		t.bosses[t.upnOf(name)] = name
	}
	return t
}

var _ = Describe("A seed", func() {
	It("means the same operations every time, and another one others", func() {
		first, _ := drawn(7, 5, 100)
		again, _ := drawn(7, 5, 100)
		other, _ := drawn(8, 5, 100)
		Expect(len(first)).To(BeNumerically(">", 300))
		Expect(again).To(Equal(first))
		Expect(other).NotTo(Equal(first))
	})

	It("lets every act happen", func() {
		lines, w := drawn(1, 40, 100)
		for _, e := range entries() {
			for _, a := range e.acts {
				Expect(lines).To(ContainElement(ContainSubstring(a.name)), a.name)
			}
		}
		Expect(w.tenants).NotTo(BeEmpty())
	})
})

// asModelled is what a survey finds when all is as the model has it.
func asModelled(t *tenant) *survey {
	s := &survey{
		graphSurvey: graphSurvey{accounts: map[string]account{}, raw: map[string]string{}, ids: map[string]string{}},
		effects:     map[string]map[graphsim.Effect]uint64{}, objects: map[string]*v1alpha1.ManagedUser{}, secrets: map[string]string{},
	}
	for _, p := range t.people {
		if p.account.exists && p.account.id == "" {
			p.account.id = p.name // just made
		}
		if p.account.exists {
			s.accounts[p.account.id], s.raw[p.account.id], s.ids[p.account.upn] = copied(p.account), "{}", p.account.id
			s.effects[p.account.id] = maps.Clone(p.effects)
		}
		if p.declared {
			s.objects[p.name] = said(p)
			s.objects[p.name].UID = types.UID(p.name)
		}
		if p.memory.credential {
			s.secrets[p.name+"-first-sign-in"] = p.name
		}
	}
	s.tenant.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "Succeeded"}}
	maps.Copy(s.raw, t.strangers)
	return s
}

func copied(a account) account {
	a.profile = maps.Clone(a.profile)
	held := map[v1alpha1.ClaimKind]set{}
	for kind, things := range a.held {
		held[kind] = maps.Clone(things)
	}
	a.held = held
	return a
}

// said is an object that says what the model expects.
func said(p *person) *v1alpha1.ManagedUser {
	object := p.object()
	object.Status.ID = p.account.id
	add := func(kind, verdict string) {
		if verdict == "" {
			return
		}
		status, reason, _ := strings.Cut(verdict, "/")
		object.Status.Conditions = append(object.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionStatus(status), Reason: reason})
	}
	object.Status.State = v1alpha1.StateActive
	if !p.account.enabled {
		object.Status.State = v1alpha1.StateSuspended
	}
	object.Status.Sync, object.Status.LastHandledReconcileAt = p.syncState(), p.memory.requested
	add(v1alpha1.ConditionReady, p.readiness())
	for _, e := range entries() {
		if e.facet != "" {
			add(e.facet, e.verdict(p))
		}
	}
	for _, l := range listings() {
		for _, thing := range p.memory.claims[l.kind].sorted() {
			claim := v1alpha1.Claim{Kind: l.kind, Name: thing}
			if l.kind == v1alpha1.ClaimApplication {
				claim.Name, claim.Qualifier, _ = strings.Cut(thing, "/")
			}
			object.Status.Claims = append(object.Status.Claims, claim)
		}
	}
	return object
}

var _ = Describe("The oracle", func() {
	var t *tenant
	var s *survey
	seen := func() (lines []string) {
		for _, v := range t.compare(s) {
			lines = append(lines, v.String())
		}
		return lines
	}
	BeforeEach(func() {
		_, w := drawn(3, 4, 150)
		t = w.tenants[0]
		t.strangers = map[string]string{"root": "{}"}
		s = asModelled(t)
		Expect(seen()).To(BeEmpty())
	})
	// ordinary is somebody who holds everything that is asked for.
	ordinary := func(able func(*person) bool) *person {
		GinkgoHelper()
		for _, p := range t.people {
			if isOrdinary(p) && !p.frozen() && able(p) {
				return p
			}
		}
		Fail("there is nobody like that")
		return nil
	}
	anybody := func(*person) bool { return true }

	DescribeTable("sees", func(able func(*person) bool, tamper func(*person, *account, *v1alpha1.ManagedUser), what string) {
		p := ordinary(able)
		a := s.accounts[p.account.id]
		tamper(p, &a, s.objects[p.name])
		s.accounts[p.account.id] = a
		Expect(seen()).To(ContainElement(And(ContainSubstring(p.name), ContainSubstring(what))))
	},
		Entry("a block that is lost", anybody, func(_ *person, a *account, _ *v1alpha1.ManagedUser) { a.enabled = !a.enabled }, "accountEnabled"),
		Entry("a password that nobody was asked for", anybody, func(_ *person, a *account, _ *v1alpha1.ManagedUser) { a.forced = !a.forced }, "forceChange"),
		Entry("another name", anybody, func(_ *person, a *account, _ *v1alpha1.ManagedUser) { a.upn = "x@y.z" }, "userPrincipalName"),
		Entry("another manager", anybody, func(_ *person, a *account, _ *v1alpha1.ManagedUser) { a.manager = "x" }, "the manager"),
		Entry("another profile", anybody, func(_ *person, a *account, _ *v1alpha1.ManagedUser) { a.profile["city"] = "x" }, "city"),
		Entry("a group too many", anybody, func(_ *person, a *account, _ *v1alpha1.ManagedUser) { a.held[v1alpha1.ClaimGroup]["x"] = true }, "groups is"),
		Entry("a licence too many", anybody, func(_ *person, a *account, _ *v1alpha1.ManagedUser) { a.held[v1alpha1.ClaimLicense]["x"] = true }, "licenses is"),
		Entry("a role too many", anybody, func(_ *person, a *account, _ *v1alpha1.ManagedUser) { a.held[v1alpha1.ClaimDirectoryRole]["x"] = true }, "roles is"),
		Entry("a deleted account", anybody, func(_ *person, a *account, _ *v1alpha1.ManagedUser) { a.deleted = true }, "deletion"),
		Entry("a second revocation", anybody, func(p *person, _ *account, _ *v1alpha1.ManagedUser) {
			s.effects[p.account.id][graphsim.EffectRevoke]++
		}, "revoke happened"),
		Entry("a second account", anybody, func(p *person, _ *account, _ *v1alpha1.ManagedUser) {
			s.effects[p.account.id][graphsim.EffectCreate]++
		}, "create happened"),
		Entry("an update that was lost", func(p *person) bool { return p.effects[graphsim.EffectUpdate] > 0 }, func(p *person, _ *account, _ *v1alpha1.ManagedUser) {
			s.effects[p.account.id][graphsim.EffectUpdate]--
		}, "update happened"),
		Entry("a pass that is not over", anybody, func(_ *person, _ *account, o *v1alpha1.ManagedUser) { o.Generation++ }, "observedGeneration"),
		Entry("a claim that is lost", func(p *person) bool { return len(p.memory.claims[v1alpha1.ClaimGroup]) > 0 },
			func(_ *person, _ *account, o *v1alpha1.ManagedUser) { o.Status.Claims = nil }, "claims on groups"),
		Entry("a condition that lies", anybody, func(_ *person, _ *account, o *v1alpha1.ManagedUser) {
			o.Status.Conditions[0].Status = metav1.ConditionUnknown
		}, "Ready is"),
		Entry("an intent that was forgotten", anybody, func(_ *person, _ *account, o *v1alpha1.ManagedUser) {
			o.Status.Records = []v1alpha1.Record{{Name: "Sessions", Phase: v1alpha1.PhaseStarted}}
		}, "the record Sessions"),
		Entry("another state", anybody, func(_ *person, _ *account, o *v1alpha1.ManagedUser) { o.Status.State = v1alpha1.StateStaged }, "status.state"),
		Entry("another sync", anybody, func(_ *person, _ *account, o *v1alpha1.ManagedUser) { o.Status.Sync = v1alpha1.SyncPending }, "status.sync"),
		Entry("a change that is pending", anybody, func(_ *person, _ *account, o *v1alpha1.ManagedUser) {
			o.Status.PendingChanges = []v1alpha1.PendingChange{{Action: "BlockSignIn"}}
		}, "changes are pending"),
		Entry("a pass that was asked for and forgotten", func(p *person) bool { return p.memory.requested != "" },
			func(_ *person, _ *account, o *v1alpha1.ManagedUser) { o.Status.LastHandledReconcileAt = "" }, "was asked for"),
		Entry("a credential that is gone", func(p *person) bool { return p.memory.credential },
			func(p *person, _ *account, _ *v1alpha1.ManagedUser) { delete(s.secrets, p.name+"-first-sign-in") }, "there is a credential"),
		Entry("a credential that nobody needs", func(p *person) bool { return !p.memory.credential },
			func(p *person, _ *account, _ *v1alpha1.ManagedUser) { s.secrets[p.name+"-first-sign-in"] = p.name }, "there is a credential"),
	)

	It("sees an object that is gone", func() {
		delete(s.objects, ordinary(anybody).name)
		Expect(seen()).To(ContainElement(ContainSubstring("there is an object: false")))
	})

	It("sees what happens to those whom nobody declares", func() {
		s.raw["root"], s.raw["double"] = `{"accountEnabled":false}`, "{}"
		Expect(seen()).To(ConsistOf(
			ContainSubstring("was changed"), ContainSubstring("nobody asked for")))
		s.raw = asModelled(t).raw
		s.effects["root"] = map[graphsim.Effect]uint64{graphsim.EffectRevoke: 1}
		Expect(seen()).To(ConsistOf(ContainSubstring("something happened")))
		delete(s.effects, "root")
		delete(s.raw, "root")
		Expect(seen()).To(ConsistOf(ContainSubstring("is gone")))
	})

	It("sees a Secret without an owner, and one whose owner is gone", func() {
		s.secrets["somebody-first-sign-in"], s.secrets["nobody-first-sign-in"] = "gone", ""
		Expect(seen()).To(ConsistOf(ContainSubstring("belongs to nobody"), ContainSubstring("belongs to nobody")))
	})

	It("sees every effect that nobody asked for", func() {
		p := ordinary(anybody)
		for _, effect := range graphsim.Effects() {
			s.effects[p.account.id] = maps.Clone(p.effects)
			s.effects[p.account.id][effect] += p.maybe[effect] + 1
			Expect(seen()).To(ConsistOf(ContainSubstring(string(effect)+" happened")), string(effect))
		}
	})

	It("learns how often things were done, so that a doubt is over with its round", func() {
		p := ordinary(anybody)
		p.maybe[graphsim.EffectRevoke] = 1
		Expect(seen()).To(BeEmpty())
		t.learn(s)
		s.effects[p.account.id] = maps.Clone(p.effects)
		s.effects[p.account.id][graphsim.EffectRevoke]++
		Expect(seen()).To(ConsistOf(ContainSubstring("revoke happened")))
	})

	It("sees a Tenant that is not ready, and one that goes on though it is paused", func() {
		s.tenant.Status.Conditions[0].Status, s.tenant.Status.Conditions[0].Reason = metav1.ConditionUnknown, "Retrying"
		Expect(seen()).To(ConsistOf(ContainSubstring("Ready of the Tenant")))
		t.paused = true
		s.tenant.Status.Conditions[0].Status, s.tenant.Status.Conditions[0].Reason = metav1.ConditionTrue, "Succeeded"
		Expect(seen()).To(ConsistOf(ContainSubstring("must be \"False/Paused\"")))
	})

	It("lets people leave by the round, whenever their objects go", func() {
		w, p := &world{tenants: []*tenant{t}}, ordinary(anybody)
		p.spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
		remove(nil, p)
		object := s.objects[p.name]
		delete(s.objects, p.name)
		w.departures(false)
		Expect(seen()).To(BeEmpty())
		Expect(p.leaving).NotTo(BeNil(), "an object that is gone early changes nothing")

		w.departures(false)
		s.objects[p.name] = object
		Expect(seen()).To(ConsistOf(ContainSubstring("still there")))

		delete(s.objects, p.name)
		Expect(seen()).To(ContainElement(ContainSubstring("its deletion")), "the account must be gone as well")
		Expect(p.leaving).To(BeNil())
	})
})
