package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// accountEntry is that the account is there, and its name.
func accountEntry() entry {
	return entry{
		name: "account", facet: v1alpha1.ConditionAccount,
		acts: []act{
			{name: "create", weight: 12, able: mayBeCreated, do: create},
			{name: "rename", weight: 4, able: isOrdinary, do: rename},
			// Without status, nobody could tell whom the manifest means then.
			{name: "outsider renames", weight: 2, able: func(p *person) bool { return isOrdinary(p) && !p.tenant.steady }, do: renameOutside},
			{name: "outsider deletes", weight: 1, able: func(p *person) bool { return isOrdinary(p) && p.untouched() }, do: deleteOutside},
		},
		converge: convergeAccount,
		forget:   func(p *person) { p.memory.name = p.spec.UserPrincipalName },
		verdict: func(p *person) string {
			if p.spec.CreationPolicy == v1alpha1.CreationPolicyCreate {
				return "True/Succeeded"
			}
			return ""
		},
	}
}

// isOrdinary is true for people with whom everything may be tried.
func isOrdinary(p *person) bool {
	return p.declared && p.leaving == nil && !p.lost() && !p.protected && !p.privileged
}

func mayBeCreated(p *person) bool {
	return !p.declared && p.leaving == nil && !p.account.exists && p.untouched() && !p.tenant.paused && !p.tenant.observing
}

func create(rng *rand.Rand, p *person) deed {
	p.declared = true
	p.spec = v1alpha1.ManagedUserSpec{
		TenantRef: v1alpha1.ObjectReference{Name: p.tenant.namespace}, UserPrincipalName: p.tenant.upnOf(p.name),
		CreationPolicy: v1alpha1.CreationPolicyCreate,
		Profile: &v1alpha1.UserProfile{
			DisplayName: ptr.To("New " + p.name), Department: ptr.To(fmt.Sprintf("Department %d", rng.IntN(5))), UsageLocation: ptr.To("DE"),
		},
	}
	if rng.IntN(3) == 0 {
		p.spec.Suspended = ptr.To(true)
	}
	for _, l := range listings() {
		if l.kind != v1alpha1.ClaimDirectoryRole && rng.IntN(2) == 0 {
			l.write(&p.spec, []string{l.offers(p.tenant)[0]})
		}
	}
	return deed{note: "an account for somebody new", alone: true}
}

func rename(rng *rand.Rand, p *person) deed {
	p.spec.UserPrincipalName = p.tenant.upnOf(fmt.Sprintf("%s.%d", p.name, rng.IntN(1_000_000)))
	return deed{note: "to " + p.spec.UserPrincipalName}
}

func renameOutside(rng *rand.Rand, p *person) deed {
	p.account.upn = p.tenant.upnOf(fmt.Sprintf("%s.elsewhere.%d", p.name, rng.IntN(1_000_000)))
	return deed{note: "to " + p.account.upn, outside: p.outside(map[string]any{"userPrincipalName": p.account.upn})}
}

func deleteOutside(_ *rand.Rand, p *person) deed {
	p.account.deleted = true
	return deed{alone: true, outside: func(ctx context.Context, g *stack.Graph) error {
		state, err := g.User(ctx, p.tenant.id, p.account.id)
		if err != nil || state.Deleted {
			return err
		}
		return g.Call(ctx, http.MethodDelete, stack.UserPath(p.tenant.id, p.account.id), nil, nil)
	}}
}

// outside is somebody's change of an account in a portal.
func (p *person) outside(change map[string]any) func(context.Context, *stack.Graph) error {
	return func(ctx context.Context, g *stack.Graph) error {
		return g.Call(ctx, http.MethodPatch, stack.UserPath(p.tenant.id, p.account.id), change, nil)
	}
}

// convergeAccount makes what is missing, and renames when the declared name is another
// than the one before: what is changed elsewhere is left so.
func convergeAccount(p *person) {
	if !p.account.exists {
		makeAccount(p)
	}
	if p.memory.name != "" && !strings.EqualFold(p.memory.name, p.spec.UserPrincipalName) &&
		!strings.EqualFold(p.account.upn, p.spec.UserPrincipalName) {
		p.account.upn = p.spec.UserPrincipalName
		p.did(graphsim.EffectRename)
	}
	p.memory.name = p.spec.UserPrincipalName
}

// makeAccount makes an account with all that is declared of itself.
func makeAccount(p *person) {
	a := &p.account
	a.exists, a.upn, a.enabled = true, p.spec.UserPrincipalName, p.spec.Suspended == nil || !*p.spec.Suspended
	a.forced, a.changed = true, true
	for _, attribute := range attributes() {
		if value := *attribute.field(p.spec.Profile); value != nil {
			a.profile[attribute.name] = *value
		}
	}
	p.memory.credential = true
	p.did(graphsim.EffectCreate)
}
