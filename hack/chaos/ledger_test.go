package main

import (
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/plan"
)

var _ = Describe("The audit log", func() {
	var (
		w       *world
		p, q    *person
		told    book
		effects map[*person]map[graphsim.Effect]uint64
	)
	BeforeEach(func() {
		t := modelled(0)
		w, told, effects = &world{tenants: []*tenant{t}}, book{}, map[*person]map[graphsim.Effect]uint64{}
		p, q = t.people[2], t.people[3]
	})
	line := func(p *person, action plan.Action, from, to string, result audit.Result) {
		told.enter(&audit.Entry{
			Object: audit.Object{Namespace: p.tenant.namespace, Name: p.name}, Action: string(action), From: from, To: to, Result: result,
		})
	}
	effect := func(p *person, effect graphsim.Effect, n uint64) {
		if effects[p] == nil {
			effects[p] = map[graphsim.Effect]uint64{}
		}
		effects[p][effect] = n
	}

	It("tells of every effect that somebody may have", func() {
		never := []graphsim.Effect{
			graphsim.EffectPasswordSet, graphsim.EffectPurge, graphsim.EffectMailbox, graphsim.EffectPlans, graphsim.EffectMethodDelete,
		}
		for _, effect := range graphsim.Effects() {
			_, told := traces()[effect]
			Expect(told).NotTo(Equal(slices.Contains(never, effect)), string(effect))
		}
	})

	It("agrees with effects that have their lines", func() {
		effect(p, graphsim.EffectBlock, 1)
		effect(p, graphsim.EffectUpdate, 3)
		effect(p, graphsim.EffectLicense, 2)
		effect(p, graphsim.EffectUnlicense, 1)
		line(p, plan.BlockSignIn, "enabled", "blocked", audit.Unknown)
		line(p, plan.UpdateProfile, "city: , jobTitle: ", "city: x, jobTitle: y", audit.Done)
		line(p, plan.UpdateProfile, "", "usageLocation: DE", audit.Done)
		line(p, plan.RemoveLicenses, "C", "A, B", audit.Done)
		Expect(w.compareAudit(effects, told, nil)).To(BeEmpty())
	})

	DescribeTable("is found out when it lacks a line", func(e graphsim.Effect, action plan.Action, to string, result audit.Result) {
		effect(p, e, 2)
		line(p, action, "", to, audit.Done)
		line(p, action, "", to, result)
		Expect(w.compareAudit(effects, told, nil)).To(ConsistOf(HaveField("String()", ContainSubstring("left no audit line ("))))
	},
		Entry("of a block", graphsim.EffectBlock, plan.AllowSignIn, "", audit.Done),
		Entry("of a licence", graphsim.EffectLicense, plan.AssignLicenses, "", audit.Done),
		Entry("of a property", graphsim.EffectUpdate, plan.UpdateProfile, "x: y", audit.Refused),
		Entry("of a group", graphsim.EffectJoin, plan.AddToGroup, "", audit.Refused),
		Entry("since nothing of the kind can be told", graphsim.EffectMailbox, plan.UpdateProfile, "x: y", audit.Done),
	)

	It("is found out when somebody else has the line", func() {
		effect(p, graphsim.EffectRevoke, 1)
		line(q, plan.RevokeSessions, "", "", audit.Done)
		Expect(w.compareAudit(effects, told, nil)).To(HaveLen(1))
	})

	Describe("of a manager that was cut off", func() {
		at := time.Date(2026, time.May, 1, 12, 0, 0, 0, time.UTC)
		entry := func(seq uint64, after time.Duration, method, path string) graphsim.Entry {
			return graphsim.Entry{Seq: seq, Time: at.Add(after), Method: method, Path: path}
		}
		journal := func() []graphsim.Entry {
			return []graphsim.Entry{
				entry(10, 0, "PATCH", "/v1.0/users/"+q.account.id),
				entry(20, 20*time.Second, "GET", "/v1.0/users"),
				entry(30, 21*time.Second, "POST", "/v1.0/users/"+p.account.id+"/revokeSignInSessions"),
				entry(40, 22*time.Second, "GET", "/v1.0/users"),
				entry(50, 40*time.Second, "POST", "/v1.0/users"),
			}
		}
		It("is forgiven the call that was under way", func() {
			effect(p, graphsim.EffectRevoke, 1)
			Expect(w.compareAudit(effects, told, silencesIn(journal(), []uint64{40}))).To(BeEmpty())
			Expect(w.compareAudit(effects, told, silencesIn(journal(), nil))).To(HaveLen(1))
		})
		It("is not forgiven a second one, nor one of long before", func() {
			effect(p, graphsim.EffectRevoke, 1)
			effect(p, graphsim.EffectBlock, 1)
			Expect(w.compareAudit(effects, told, silencesIn(journal(), []uint64{40}))).To(HaveLen(1))
			effect(p, graphsim.EffectBlock, 0)
			effect(q, graphsim.EffectBlock, 1)
			Expect(w.compareAudit(effects, told, silencesIn(journal(), []uint64{40}))).To(HaveLen(1))
		})
		It("is forgiven a call that names nobody once", func() {
			effect(p, graphsim.EffectCreate, 1)
			Expect(w.compareAudit(effects, told, silencesIn(journal(), []uint64{50}))).To(BeEmpty())
			effect(q, graphsim.EffectCreate, 1)
			Expect(w.compareAudit(effects, told, silencesIn(journal(), []uint64{50}))).To(HaveLen(1))
		})
	})

	It("is not needed of writes that were lost before they had an effect", func() {
		before, after := lostWrites([]graphsim.Entry{
			{Method: "GET", Fault: "reset", FaultAfter: true},
			{Method: "POST", Fault: "reset", FaultAfter: true},
			{Method: "PATCH", Fault: "hang"},
			{Method: "DELETE"},
			{Method: "POST", Template: "/$batch", Fault: "hang"},
		})
		Expect([]int{before, after}).To(Equal([]int{1, 1}))
	})

	It("is entered by object", func() {
		line(p, plan.RevokeSessions, "", "", audit.Done)
		Expect(told).To(HaveKeyWithValue(types.NamespacedName{Namespace: p.tenant.namespace, Name: p.name},
			map[graphsim.Effect]uint64{graphsim.EffectRevoke: 1}))
	})
})
