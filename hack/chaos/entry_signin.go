package main

import (
	"math/rand/v2"

	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// What the once-only step of a sign-in was last done for.
const (
	signInBlocked = "suspended=true"
	signInAllowed = "suspended=false"
)

// signInEntry is spec.suspended: true blocks, keeps blocked and revokes once; false lets
// in once.
func signInEntry() entry {
	return entry{
		name: "sign-in", facet: v1alpha1.ConditionSignIn,
		acts: []act{
			{name: "suspend", weight: 14, able: mayChange, do: suspend(ptr.To(true))},
			{name: "unsuspend", weight: 8, able: mayChange, do: suspend(ptr.To(false))},
			{name: "leave suspended away", weight: 3, able: mayChange, do: suspend(nil)},
			{name: "outsider blocks", weight: 3, able: isOrdinary, do: enableOutside(false)},
			{name: "outsider unblocks", weight: 5, able: isOrdinary, do: enableOutside(true)},
		},
		converge: convergeSignIn,
		observe: func(p *person) {
			if p.memory.signIn != signInValue(p) {
				p.memory.signIn = ""
			}
		},
		forget:  func(p *person) { p.memory.signIn = signInValue(p) },
		verdict: signInVerdict,
	}
}

// mayChange is true for people whose sign-in may be declared, the protected included: of
// them it is proved that nothing is done.
func mayChange(p *person) bool {
	return p.declared && p.leaving == nil && !p.lost() && !p.privileged
}

func suspend(value *bool) func(*rand.Rand, *person) deed {
	return func(_ *rand.Rand, p *person) deed {
		p.spec.Suspended = value
		return deed{}
	}
}

func enableOutside(enabled bool) func(*rand.Rand, *person) deed {
	return func(_ *rand.Rand, p *person) deed {
		p.account.enabled = enabled
		return deed{outside: p.outside(map[string]any{"accountEnabled": enabled})}
	}
}

func signInValue(p *person) string {
	switch {
	case p.spec.Suspended == nil:
		return ""
	case *p.spec.Suspended:
		return signInBlocked
	default:
		return signInAllowed
	}
}

func convergeSignIn(p *person) {
	if p.protected {
		return
	}
	value := signInValue(p)
	first := p.memory.signIn != value
	p.memory.signIn = value
	switch {
	case value == signInBlocked:
		if first {
			p.did(graphsim.EffectRevoke)
		}
		if p.account.enabled {
			p.account.enabled = false
			p.did(graphsim.EffectBlock)
		}
	case value == signInAllowed && first && !p.account.enabled:
		p.account.enabled = true
		p.did(graphsim.EffectUnblock)
	}
}

func signInVerdict(p *person) string {
	switch {
	case p.spec.Suspended == nil:
		return ""
	case *p.spec.Suspended && p.protected:
		return refusedVerdict
	case !*p.spec.Suspended && !p.account.enabled:
		return "False/BlockedElsewhere"
	default:
		return "True/Succeeded"
	}
}

// refusedVerdict is that of a facet whose changes a safeguard refuses.
const refusedVerdict = "False/Protected"
