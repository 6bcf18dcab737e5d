package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// passwordLatch is what a person was asked for by spec.forcePasswordChange.
const passwordLatch = "forcePasswordChange=true"

// passwordEntry is spec.forcePasswordChange, which asks once, and
// spec.passwordChangedSince, which asks until there is an answer.
func passwordEntry() entry {
	return entry{
		name: "password", facet: v1alpha1.ConditionPasswordChange,
		acts: []act{
			{name: "force password change", weight: 9, able: mayChange, do: askLatch(ptr.To(true))},
			{name: "do not force it any more", weight: 5, able: mayChange, do: askLatch(ptr.To(false))},
			{name: "ask for a password since", weight: 3, able: mayChange, do: askSince},
			{name: "leave passwords away", weight: 2, able: mayChange, do: askLatch(nil)},
			{name: "person chooses a password", weight: 6, able: isOrdinary, do: choose},
		},
		converge: convergePassword,
		observe: func(p *person) {
			if p.memory.asked != passwordValue(p) {
				p.memory.asked, p.memory.adopted, p.memory.answered = "", false, false
			}
		},
		forget: func(p *person) {
			if value := passwordValue(p); value == passwordLatch {
				p.memory.asked, p.memory.adopted, p.memory.answered = value, true, false
			} else {
				p.memory.asked = ""
			}
		},
		verdict: passwordVerdict,
	}
}

func askLatch(value *bool) func(*rand.Rand, *person) deed {
	return func(_ *rand.Rand, p *person) deed {
		p.spec.ForcePasswordChange, p.spec.PasswordChangedSince = value, nil
		return deed{}
	}
}

// leaks are times, all of them long past, after which a password must have been chosen.
func leak(number int) time.Time {
	return time.Date(2026, time.January, 1+number, 0, 0, 0, 0, time.UTC)
}

func askSince(rng *rand.Rand, p *person) deed {
	since := metav1.NewTime(leak(rng.IntN(300)))
	p.spec.ForcePasswordChange, p.spec.PasswordChangedSince = nil, &since
	return deed{note: since.Format(time.DateOnly)}
}

func choose(_ *rand.Rand, p *person) deed {
	p.account.forced, p.account.changed = false, true
	p.memory.answered, p.memory.credential = true, false
	return deed{outside: func(ctx context.Context, g *stack.Graph) error {
		return g.Call(ctx, http.MethodPost, stack.UserPath(p.tenant.id, p.account.id)+"/changePassword", nil, nil)
	}}
}

// passwordValue is what the person is asked for; empty when nothing is.
func passwordValue(p *person) string {
	switch {
	case p.spec.PasswordChangedSince != nil && p.account.changed:
		return ""
	case p.spec.PasswordChangedSince != nil:
		return "passwordChangedSince=" + p.spec.PasswordChangedSince.UTC().Format(time.RFC3339)
	case p.spec.ForcePasswordChange != nil && *p.spec.ForcePasswordChange:
		return passwordLatch
	default:
		return ""
	}
}

func convergePassword(p *person) {
	value := passwordValue(p)
	if value == p.memory.asked {
		return
	}
	p.memory.asked, p.memory.adopted, p.memory.answered = value, false, false
	if p.protected { // what was found is not asked for, and no more is what is new
		p.memory.asked = ""
		return
	}
	if value != "" && !p.account.forced {
		p.account.forced = true
		p.did(graphsim.EffectPasswordForce)
	}
}

func passwordVerdict(p *person) string {
	latch := p.spec.ForcePasswordChange != nil && *p.spec.ForcePasswordChange
	switch value := passwordValue(p); {
	case value == "" && p.spec.PasswordChangedSince != nil:
		return "True/Succeeded"
	case value == "":
		return ""
	case p.protected && !p.memory.adopted:
		return refusedVerdict
	case latch && p.memory.answered:
		return "True/Succeeded"
	case p.memory.adopted:
		return "False/Adopted"
	default:
		return "False/Waiting"
	}
}

// firstSignInEntry is the credential of an account that was made here. Choosing a
// password is the person's use of it.
func firstSignInEntry() entry {
	return entry{
		name: "first sign-in", facet: v1alpha1.ConditionFirstSignIn,
		verdict: func(p *person) string {
			if p.memory.credential {
				return "False/Waiting"
			}
			return ""
		},
	}
}
