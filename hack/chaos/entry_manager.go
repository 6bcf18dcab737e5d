package main

import (
	"math/rand/v2"

	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// managerEntry is spec.manager; "" means none, absent leaves it as it is.
func managerEntry() entry {
	return entry{
		name: "manager", facet: v1alpha1.ConditionManager,
		acts: []act{
			{name: "set manager", weight: 7, able: isAlive, do: setManager},
			{name: "declare no manager", weight: 2, able: isAlive, do: func(_ *rand.Rand, p *person) deed {
				p.spec.Manager = ptr.To("")
				return deed{}
			}},
			{name: "leave manager away", weight: 2, able: isAlive, do: func(_ *rand.Rand, p *person) deed {
				p.spec.Manager = nil
				return deed{}
			}},
			{name: "outsider sets manager", weight: 2, able: isAlive, do: managerOutside},
		},
		converge: func(p *person) {
			if p.spec.Manager == nil {
				return
			}
			want := ""
			if *p.spec.Manager != "" {
				want = p.tenant.bosses[*p.spec.Manager]
			}
			if p.account.manager != want {
				p.account.manager = want
				p.did(graphsim.EffectManager)
			}
		},
		verdict: func(p *person) string {
			if p.spec.Manager == nil {
				return ""
			}
			return "True/Succeeded"
		},
	}
}

func setManager(rng *rand.Rand, p *person) deed {
	boss := p.tenant.boss(rng)
	p.spec.Manager = &boss
	return deed{note: boss}
}

func managerOutside(rng *rand.Rand, p *person) deed {
	boss := p.tenant.boss(rng)
	p.account.manager = p.tenant.bosses[boss]
	return deed{note: boss, outside: p.outside(map[string]any{"manager": boss})}
}

// boss is the name of somebody who may be a manager.
func (t *tenant) boss(rng *rand.Rand) string { return t.upnOf(bossNames[rng.IntN(len(bossNames))]) }

// bossNames are accounts that nobody declares.
var bossNames = [...]string{"boss-a", "boss-b", "boss-c"}
