package main

import (
	"fmt"
	"maps"
	"math/rand/v2"

	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// policyEntry is whether the operator may act at all.
func policyEntry() entry {
	restless := func(p *person) bool { return isOrdinary(p) && p.untouched() && !p.frozen() && !p.tenant.steady }
	rested := func(p *person) bool { return isOrdinary(p) && p.untouched() }
	return entry{
		name: "policy",
		acts: []act{
			{name: "pause", weight: 2, able: restless, do: func(_ *rand.Rand, p *person) deed {
				p.spec.Paused = true
				return deed{}
			}},
			{name: "go on", weight: 12, able: func(p *person) bool { return rested(p) && p.spec.Paused }, do: func(_ *rand.Rand, p *person) deed {
				p.spec.Paused = false
				return deed{alone: true}
			}},
			{name: "observe", weight: 2, able: restless, do: func(_ *rand.Rand, p *person) deed {
				p.spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
				return deed{}
			}},
			{name: "enforce", weight: 12, able: func(p *person) bool { return rested(p) && p.observed() && !p.tenant.observing }, do: func(_ *rand.Rand, p *person) deed {
				p.spec.ManagementPolicy = v1alpha1.ManagementPolicyEnforce
				return deed{alone: true}
			}},
		},
	}
}

// requestEntry is somebody who cannot wait.
func requestEntry() entry {
	return entry{
		name: "request",
		acts: []act{{name: "ask for a pass", weight: 5, able: isAlive, do: func(rng *rand.Rand, p *person) deed {
			p.memory.requested = fmt.Sprintf("%016x", rng.Uint64())
			return deed{annotate: p.memory.requested}
		}}},
	}
}

// objectEntry is the object's own life.
func objectEntry() entry {
	quiet := func(p *person) bool { return isOrdinary(p) && !p.frozen() }
	ending := func(policy v1alpha1.DeletionPolicy) act {
		return act{name: "delete, " + string(policy), weight: 4, able: func(p *person) bool {
			declared := p.spec.DeletionPolicy == policy || p.spec.DeletionPolicy == "" && policy == v1alpha1.DeletionPolicyRetain
			return quiet(p) && p.untouched() && declared && (policy == v1alpha1.DeletionPolicyRetain || !p.tenant.steady)
		}, do: remove}
	}
	return entry{
		name: "object",
		acts: []act{
			// What is declared only just before it is deleted, nobody may have seen.
			{name: "declare a deletionPolicy", weight: 3, able: quiet, do: declarePolicy},
			ending(v1alpha1.DeletionPolicyRetain), ending(v1alpha1.DeletionPolicySuspend), ending(v1alpha1.DeletionPolicyDelete),
			{name: "declare again", weight: 20, able: func(p *person) bool {
				return !p.declared && p.leaving == nil && !p.lost() && p.untouched()
			}, do: declareAgain},
		},
	}
}

func declarePolicy(rng *rand.Rand, p *person) deed {
	policies := []v1alpha1.DeletionPolicy{v1alpha1.DeletionPolicyRetain, v1alpha1.DeletionPolicySuspend, v1alpha1.DeletionPolicyDelete}
	p.spec.DeletionPolicy = policies[rng.IntN(len(policies))]
	return deed{note: string(p.spec.DeletionPolicy)}
}

// remove deletes the object. What its policy does to the account comes a grace later.
func remove(_ *rand.Rand, p *person) deed {
	switch p.spec.DeletionPolicy {
	case v1alpha1.DeletionPolicyDelete:
		p.leaving = &departure{after: p.account, effects: maps.Clone(p.effects)}
		p.leaving.after.deleted = true
		p.leaving.effects[graphsim.EffectDelete]++
	case v1alpha1.DeletionPolicySuspend:
		p.leaving = &departure{after: p.account, effects: maps.Clone(p.effects)}
		if p.memory.signIn != signInBlocked {
			p.leaving.effects[graphsim.EffectRevoke]++
		}
		if p.account.enabled {
			p.leaving.after.enabled = false
			p.leaving.effects[graphsim.EffectBlock]++
		}
	default:
		p.undeclare()
	}
	return deed{alone: true, ends: true}
}

// undeclare is that the object is gone, and with it what was remembered.
func (p *person) undeclare() {
	p.declared, p.leaving = false, nil
	p.spec = v1alpha1.ManagedUserSpec{}
	p.memory = newPerson(p.tenant, p.name).memory
}

// declareAgain makes an object for an account that has none.
func declareAgain(rng *rand.Rand, p *person) deed {
	p.declared = true
	p.spec = v1alpha1.ManagedUserSpec{
		TenantRef: v1alpha1.ObjectReference{Name: p.tenant.namespace}, UserPrincipalName: p.account.upn,
	}
	switch rng.IntN(3) {
	case 0:
		p.spec.Suspended = ptr.To(true)
	case 1:
		p.spec.Suspended = ptr.To(false)
	}
	return deed{alone: true}
}
