package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// listing is one of the spec's lists whose entries claim. Its things have names, of which
// that of an application's role is "application/role".
type listing struct {
	name string
	kind v1alpha1.ClaimKind
	// facet is the type of the condition.
	facet string
	// give and take are the effects of one thing more and less.
	give, take graphsim.Effect
	// offers are the names of the things that there are.
	offers func(*tenant) []string
	// read are the things on the list, declared whether there is a list at all; write
	// replaces it, nil by none.
	read  func(*v1alpha1.ManagedUserSpec) (names []string, declared bool)
	write func(*v1alpha1.ManagedUserSpec, []string)
	// until ends the last thing on the list.
	until func(*v1alpha1.ManagedUserSpec, metav1.Time)
	// able tells whom the list is for; nil when for everybody.
	able func(*person) bool
	// outside is a portal's way to give and to take; nil when nobody does.
	outside func(p *person, thing string, give bool) func(context.Context, *stack.Graph) error
}

func listings() []listing {
	return []listing{licenseListing(), groupListing(), applicationListing(), roleListing()}
}

func licensesEntry() entry     { return listEntry(licenseListing()) }
func groupsEntry() entry       { return listEntry(groupListing()) }
func applicationsEntry() entry { return listEntry(applicationListing()) }
func rolesEntry() entry        { return listEntry(roleListing()) }

func listEntry(l listing) entry {
	able := l.able
	if able == nil {
		able = isOrdinary
	}
	acts := []act{
		{name: "add to " + l.name, weight: 8, able: able, do: l.add},
		{name: "take off " + l.name, weight: 5, able: able, do: l.remove},
		{name: "empty " + l.name, weight: 2, able: able, do: l.empty},
		{name: "leave " + l.name + " away", weight: 2, able: able, do: l.leave},
		{name: "add to " + l.name + " until", weight: 2, able: func(p *person) bool { return able(p) && !p.frozen() }, do: l.borrow},
	}
	if l.outside != nil {
		acts = append(acts, act{name: "outsider gives from " + l.name, weight: 2, able: able, do: l.giveOutside},
			act{name: "outsider takes from " + l.name, weight: 4, able: able, do: l.takeOutside})
	}
	return entry{
		name: l.name, facet: l.facet, acts: acts,
		converge: l.converge,
		forget: func(p *person) {
			names, _ := l.read(&p.spec)
			p.memory.claims[l.kind] = setOf(names)
		},
		verdict: func(p *person) string {
			if _, declared := l.read(&p.spec); declared {
				return "True/Succeeded"
			}
			return ""
		},
		expect: l.expect,
	}
}

func setOf(names []string) set {
	s := set{}
	for _, name := range names {
		s[name] = true
	}
	return s
}

// pick is one of the things, and those on the list without it.
func (l listing) pick(rng *rand.Rand, p *person) (thing string, others []string) {
	offers := l.offers(p.tenant)
	thing = offers[rng.IntN(len(offers))]
	names, _ := l.read(&p.spec)
	for _, name := range names {
		if name != thing {
			others = append(others, name)
		}
	}
	return thing, others
}

func (l listing) add(rng *rand.Rand, p *person) deed {
	thing, others := l.pick(rng, p)
	l.write(&p.spec, append(others, thing))
	return deed{note: thing}
}

func (l listing) remove(rng *rand.Rand, p *person) deed {
	names, declared := l.read(&p.spec)
	if !declared || len(names) == 0 {
		return l.empty(rng, p)
	}
	thing := names[rng.IntN(len(names))]
	others := []string{}
	for _, name := range names {
		if name != thing {
			others = append(others, name)
		}
	}
	l.write(&p.spec, others)
	return deed{note: thing}
}

func (l listing) empty(_ *rand.Rand, p *person) deed {
	l.write(&p.spec, []string{})
	return deed{}
}

func (l listing) leave(_ *rand.Rand, p *person) deed {
	l.write(&p.spec, nil)
	return deed{}
}

// lending is for how long something is lent by an entry with an end.
const lending = 4 * time.Second

// borrow lists something that the account does not have for a moment. When the operator
// was not there in time, it was never given.
func (l listing) borrow(rng *rand.Rand, p *person) deed {
	thing, others := l.pick(rng, p)
	if p.account.held[l.kind][thing] || p.memory.claims[l.kind][thing] {
		return l.add(rng, p)
	}
	l.write(&p.spec, append(others, thing))
	l.until(&p.spec, metav1.NewTime(time.Now().Add(lending)))
	p.maybe[l.give]++
	p.maybe[l.take]++
	return deed{note: thing}
}

func (l listing) giveOutside(rng *rand.Rand, p *person) deed {
	thing, _ := l.pick(rng, p)
	p.account.held[l.kind][thing] = true
	return deed{note: thing, outside: l.outside(p, thing, true)}
}

func (l listing) takeOutside(rng *rand.Rand, p *person) deed {
	held := p.account.held[l.kind].sorted()
	if len(held) == 0 {
		return l.giveOutside(rng, p)
	}
	thing := held[rng.IntN(len(held))]
	delete(p.account.held[l.kind], thing)
	return deed{note: thing, outside: l.outside(p, thing, false)}
}

// converge gives what is listed, and takes what was claimed and is not listed any more.
// Without a list, all claims are let go.
func (l listing) converge(p *person) {
	names, declared := l.read(&p.spec)
	if !declared {
		p.memory.claims[l.kind] = set{}
		return
	}
	held, wanted := p.account.held[l.kind], setOf(names)
	for _, name := range names {
		if !held[name] {
			held[name] = true
			p.did(l.give)
		}
	}
	for name := range p.memory.claims[l.kind] {
		if !wanted[name] && held[name] {
			delete(held, name)
			p.did(l.take)
		}
	}
	p.memory.claims[l.kind] = wanted
}

// expect compares the claims.
func (l listing) expect(p *person, s *sight) []string {
	claimed := set{}
	for _, claim := range s.object.Status.Claims {
		if claim.Kind == l.kind {
			claimed[thingOf(claim.Name, claim.Qualifier, l.kind)] = true
		}
	}
	if have, want := claimed.String(), p.memory.claims[l.kind].String(); have != want {
		return []string{"claims on " + l.name + " are " + have + ", and must be " + want}
	}
	return nil
}

// thingOf is how the model names what a claim holds.
func thingOf(name, qualifier string, kind v1alpha1.ClaimKind) string {
	if kind == v1alpha1.ClaimApplication {
		return name + "/" + qualifier
	}
	return name
}

// inForce are the names of entries that have no end: one with an end is over once
// everything has settled.
func inForce[E any](all []E, of func(E) (string, *metav1.Time)) (names []string) {
	for _, e := range all {
		if name, until := of(e); until == nil {
			names = append(names, name)
		}
	}
	return names
}

// entriesNamed makes entries without an end; nil of nil, which is no list.
func entriesNamed[E any](names []string, of func(string) E) []E {
	if names == nil {
		return nil
	}
	all := make([]E, 0, len(names))
	for _, name := range names {
		all = append(all, of(name))
	}
	return all
}

func licenseListing() listing {
	return listing{
		name: "licenses", kind: v1alpha1.ClaimLicense, facet: v1alpha1.ConditionLicenses,
		give: graphsim.EffectLicense, take: graphsim.EffectUnlicense,
		offers: func(*tenant) []string { return []string{"SPB", "POWER_BI_PRO", "AAD_PREMIUM_P2"} },
		read: func(spec *v1alpha1.ManagedUserSpec) ([]string, bool) {
			return inForce(spec.Licenses, func(e v1alpha1.LicenseEntry) (string, *metav1.Time) { return e.SKU, e.Until }), spec.Licenses != nil
		},
		write: func(spec *v1alpha1.ManagedUserSpec, names []string) {
			spec.Licenses = entriesNamed(names, func(name string) v1alpha1.LicenseEntry { return v1alpha1.LicenseEntry{SKU: name} })
		},
		until: func(spec *v1alpha1.ManagedUserSpec, at metav1.Time) { spec.Licenses[len(spec.Licenses)-1].Until = &at },
	}
}

func groupListing() listing {
	return listing{
		name: "groups", kind: v1alpha1.ClaimGroup, facet: v1alpha1.ConditionGroups,
		give: graphsim.EffectJoin, take: graphsim.EffectLeave,
		offers: func(*tenant) []string { return []string{"Sales", "Service", "Everybody at the Lake", "Project Möwe"} },
		read: func(spec *v1alpha1.ManagedUserSpec) ([]string, bool) {
			return inForce(spec.Groups, func(e v1alpha1.GroupEntry) (string, *metav1.Time) { return e.Name, e.Until }), spec.Groups != nil
		},
		write: func(spec *v1alpha1.ManagedUserSpec, names []string) {
			spec.Groups = entriesNamed(names, func(name string) v1alpha1.GroupEntry { return v1alpha1.GroupEntry{Name: name} })
		},
		until: func(spec *v1alpha1.ManagedUserSpec, at metav1.Time) { spec.Groups[len(spec.Groups)-1].Until = &at },
		outside: func(p *person, thing string, give bool) func(context.Context, *stack.Graph) error {
			return func(ctx context.Context, g *stack.Graph) error {
				method := http.MethodDelete
				if give {
					method = http.MethodPut
				}
				path := "tenants/" + p.tenant.id + "/groups/" + url.PathEscape(thing) + "/members/" + p.account.id
				return g.Call(ctx, method, path, nil, nil)
			}
		},
	}
}

func applicationListing() listing {
	split := func(thing string) (name, role string) {
		name, role, _ = strings.Cut(thing, "/")
		return name, role
	}
	return listing{
		name: "applications", kind: v1alpha1.ClaimApplication, facet: v1alpha1.ConditionApplications,
		give: graphsim.EffectAppGrant, take: graphsim.EffectAppRemove,
		offers: func(*tenant) []string { return []string{"Ledger/Reader", "Ledger/Booker", "Wiki/Editor"} },
		read: func(spec *v1alpha1.ManagedUserSpec) ([]string, bool) {
			return inForce(spec.Applications, func(e v1alpha1.ApplicationEntry) (string, *metav1.Time) {
				return e.Name + "/" + e.Role, e.Until
			}), spec.Applications != nil
		},
		write: func(spec *v1alpha1.ManagedUserSpec, names []string) {
			spec.Applications = entriesNamed(names, func(thing string) v1alpha1.ApplicationEntry {
				name, role := split(thing)
				return v1alpha1.ApplicationEntry{Name: name, Role: role}
			})
		},
		until: func(spec *v1alpha1.ManagedUserSpec, at metav1.Time) {
			spec.Applications[len(spec.Applications)-1].Until = &at
		},
		outside: func(p *person, thing string, give bool) func(context.Context, *stack.Graph) error {
			name, role := split(thing)
			path := "tenants/" + p.tenant.id + "/applications/" + url.PathEscape(name) + "/assignments"
			return func(ctx context.Context, g *stack.Graph) error {
				if give {
					return g.Call(ctx, http.MethodPost, path, graphsim.AppAssignmentSpec{Principal: p.account.id, Role: role}, nil)
				}
				return g.Call(ctx, http.MethodDelete, path+"/"+p.account.id+"/"+url.PathEscape(role), nil, nil)
			}
		},
	}
}

func roleListing() listing {
	return listing{
		name: "directory roles", kind: v1alpha1.ClaimDirectoryRole, facet: v1alpha1.ConditionDirectoryRoles,
		give: graphsim.EffectRoleGrant, take: graphsim.EffectRoleRemove,
		offers: func(*tenant) []string { return []string{"Reports Reader", "Message Center Reader"} },
		read: func(spec *v1alpha1.ManagedUserSpec) ([]string, bool) {
			return inForce(spec.DirectoryRoles, func(e v1alpha1.DirectoryRoleEntry) (string, *metav1.Time) {
				return e.Name, e.Until
			}), spec.DirectoryRoles != nil
		},
		write: func(spec *v1alpha1.ManagedUserSpec, names []string) {
			spec.DirectoryRoles = entriesNamed(names, func(name string) v1alpha1.DirectoryRoleEntry {
				return v1alpha1.DirectoryRoleEntry{Name: name, Scope: "/"}
			})
		},
		until: func(spec *v1alpha1.ManagedUserSpec, at metav1.Time) {
			spec.DirectoryRoles[len(spec.DirectoryRoles)-1].Until = &at
		},
		able: func(p *person) bool { return p.privileged && isAlive(p) },
	}
}
