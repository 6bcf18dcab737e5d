package main

import (
	"fmt"
	"math/rand/v2"

	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// attribute is one that people and outsiders change.
type attribute struct {
	// name is Graph's.
	name  string
	field func(*v1alpha1.UserProfile) **string
}

func attributes() []attribute {
	return []attribute{
		{"displayName", func(p *v1alpha1.UserProfile) **string { return &p.DisplayName }},
		{"jobTitle", func(p *v1alpha1.UserProfile) **string { return &p.JobTitle }},
		{"department", func(p *v1alpha1.UserProfile) **string { return &p.Department }},
		{"city", func(p *v1alpha1.UserProfile) **string { return &p.City }},
		{"companyName", func(p *v1alpha1.UserProfile) **string { return &p.CompanyName }},
		{"mobilePhone", func(p *v1alpha1.UserProfile) **string { return &p.MobilePhone }},
		{"usageLocation", func(p *v1alpha1.UserProfile) **string { return &p.UsageLocation }},
	}
}

// profileEntry is spec.profile: what is declared is written, "" clears, what is absent
// is left alone.
func profileEntry() entry {
	return entry{
		name: "profile", facet: v1alpha1.ConditionProfile,
		acts: []act{
			{name: "write profile", weight: 14, able: isAlive, do: writeProfile},
			{name: "clear profile field", weight: 4, able: isAlive, do: clearProfile},
			{name: "leave profile away", weight: 3, able: isAlive, do: leaveProfile},
			{name: "outsider changes profile", weight: 6, able: isAlive, do: profileOutside},
		},
		converge: convergeProfile,
		verdict: func(p *person) string {
			if p.spec.Profile == nil {
				return ""
			}
			return "True/Succeeded"
		},
	}
}

func isAlive(p *person) bool { return p.declared && p.leaving == nil && !p.lost() }

// fresh is a value that differs from whatever was there, where there are enough.
func fresh(rng *rand.Rand, name string) string {
	switch name {
	case "usageLocation":
		return []string{"DE", "AT", "CH", "FR"}[rng.IntN(4)]
	case "mobilePhone":
		return fmt.Sprintf("+49 170 %07d", rng.IntN(10_000_000))
	default:
		return fmt.Sprintf("%s No %d", name, rng.IntN(1_000_000))
	}
}

// declareProfile returns the profile to be changed, a copy of what is declared.
func declareProfile(p *person) *v1alpha1.UserProfile {
	if p.spec.Profile == nil {
		p.spec.Profile = &v1alpha1.UserProfile{}
	} else {
		p.spec.Profile = p.spec.Profile.DeepCopy()
	}
	return p.spec.Profile
}

func writeProfile(rng *rand.Rand, p *person) deed {
	profile, note := declareProfile(p), ""
	for range 1 + rng.IntN(3) {
		a := attributes()[rng.IntN(len(attributes()))]
		value := fresh(rng, a.name)
		*a.field(profile) = &value
		note += fmt.Sprintf("%s=%q ", a.name, value)
	}
	return deed{note: note}
}

func clearProfile(rng *rand.Rand, p *person) deed {
	clearable := attributes()[1:6] // a display name and a usage location cannot be cleared
	a := clearable[rng.IntN(len(clearable))]
	*a.field(declareProfile(p)) = ptr.To("")
	return deed{note: a.name}
}

func leaveProfile(_ *rand.Rand, p *person) deed {
	if p.spec.CreationPolicy == v1alpha1.CreationPolicyCreate { // which needs a name
		p.spec.Profile = &v1alpha1.UserProfile{DisplayName: p.spec.Profile.DisplayName}
	} else {
		p.spec.Profile = nil
	}
	return deed{}
}

func profileOutside(rng *rand.Rand, p *person) deed {
	a := attributes()[rng.IntN(len(attributes()))]
	value := fresh(rng, a.name)
	p.account.profile[a.name] = value
	return deed{note: fmt.Sprintf("%s=%q", a.name, value), outside: p.outside(map[string]any{a.name: value})}
}

func convergeProfile(p *person) {
	if p.spec.Profile == nil {
		return
	}
	for _, a := range attributes() {
		if want := *a.field(p.spec.Profile); want != nil && *want != p.account.profile[a.name] {
			p.account.profile[a.name] = *want
			p.did(graphsim.EffectUpdate)
		}
	}
}
