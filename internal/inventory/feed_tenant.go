package inventory

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// privilegedIdentityPlans are the service plans that bring Privileged Identity
// Management
// (https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference).
var privilegedIdentityPlans = []string{"AAD_PREMIUM_P2", "Entra_Identity_Governance"}

// organizationRound reads the tenant itself and its domains.
func organizationRound(t *Tenant) *round {
	var organization *directory.Organization
	var domains []directory.Domain
	var missing Reason
	return &round{
		tasks: []task{
			once(directory.Reader.Organization, func(o *directory.Organization) { organization = o }),
			t.optional("domains", func(reason Reason) { missing = reason },
				once(directory.Reader.Domains, func(all []directory.Domain) {
					domains = slices.DeleteFunc(slices.Clone(all), func(d directory.Domain) bool { return !d.Verified })
					slices.SortFunc(domains, func(a, b directory.Domain) int { return cmp.Compare(a.Name, b.Name) })
				})),
		},
		store: func(s *run) (int, Reason) { return s.storeOrganization(organization, domains, missing), missing },
	}
}

// storeOrganization keeps the domains known before when they can no longer be read.
func (s *run) storeOrganization(organization *directory.Organization, domains []directory.Domain, missing Reason) int {
	s.mu.Lock()
	changed := !reflect.DeepEqual(s.facts.organization, organization)
	s.facts.organization = organization
	moved := missing == "" && !slices.Equal(s.facts.domains, domains)
	if moved {
		s.facts.domains = domains
		s.facts.federated = make(map[string]bool, len(domains))
		for _, domain := range domains {
			s.facts.federated[strings.ToLower(domain.Name)] = domain.Federated
		}
	}
	s.mu.Unlock()
	switch {
	case moved:
		return 1 + s.rederive()
	case changed:
		return 1
	default:
		return 0
	}
}

// licensesRound reads the tenant's subscriptions.
func licensesRound(*Tenant) *round {
	var skus []directory.SKU
	return &round{
		tasks: []task{once(directory.Reader.SKUs, func(all []directory.SKU) {
			skus = append([]directory.SKU{}, all...) // none is not the same as not read
			slices.SortFunc(skus, func(a, b directory.SKU) int {
				return cmp.Or(cmp.Compare(a.PartNumber, b.PartNumber), cmp.Compare(a.ID, b.ID))
			})
		})},
		store: func(s *run) (int, Reason) { return s.storeLicenses(skus), "" },
	}
}

func (s *run) storeLicenses(skus []directory.SKU) int {
	partNumbers := make(map[string]string, len(skus))
	privileged := directory.No
	for i := range skus {
		partNumbers[strings.ToLower(skus[i].ID)] = skus[i].PartNumber
		if bringsPrivilegedIdentity(&skus[i]) {
			privileged = directory.Yes
		}
	}
	s.mu.Lock()
	changed := s.facts.partNumbers == nil || !reflect.DeepEqual(s.facts.skus, skus)
	moved := s.facts.privilegedIdentity != privileged || !reflect.DeepEqual(s.facts.partNumbers, partNumbers)
	s.facts.skus, s.facts.partNumbers, s.facts.privilegedIdentity = skus, partNumbers, privileged
	clear(s.facts.parts)
	clear(s.facts.licenses)
	s.mu.Unlock()
	switch {
	case moved:
		return 1 + s.rederive()
	case changed:
		return 1
	default:
		return 0
	}
}

// bringsPrivilegedIdentity is false for a subscription without a usable seat.
func bringsPrivilegedIdentity(sku *directory.SKU) bool {
	return sku.Enabled+sku.Warning > 0 && slices.ContainsFunc(sku.ServicePlans, func(plan string) bool {
		return slices.Contains(privilegedIdentityPlans, plan)
	})
}

// policiesRound reads how the tenant demands multifactor authentication.
func policiesRound(t *Tenant) *round {
	var read Policies
	return &round{
		tasks: []task{
			t.optional("securityDefaults", func(reason Reason) { read.SecurityDefaultsReason = reason },
				once(directory.Reader.SecurityDefaults, func(on bool) { read.SecurityDefaults = directory.TristateOf(on) })),
			t.optional("conditionalAccess", func(reason Reason) { read.ConditionalAccessReason = reason },
				pages(directory.Reader.ConditionalAccessPolicies, func(all []directory.ConditionalAccessPolicy) {
					read.ConditionalAccess = demandingMFA(all)
				})),
		},
		store: func(s *run) (int, Reason) {
			missing := cmp.Or(read.SecurityDefaultsReason, read.ConditionalAccessReason)
			s.mu.Lock()
			defer s.mu.Unlock()
			if reflect.DeepEqual(s.facts.policies, read) {
				return 0, missing
			}
			s.facts.policies = read
			return 1, missing
		},
	}
}

func dropPolicies(f *facts, reason Reason) {
	f.policies = Policies{SecurityDefaultsReason: reason, ConditionalAccessReason: reason}
}

func demandingMFA(all []directory.ConditionalAccessPolicy) []directory.ConditionalAccessPolicy {
	demanding := slices.DeleteFunc(slices.Clone(all), func(p directory.ConditionalAccessPolicy) bool { return !p.DemandsMFA })
	slices.SortFunc(demanding, func(a, b directory.ConditionalAccessPolicy) int {
		return cmp.Or(cmp.Compare(a.DisplayName, b.DisplayName), cmp.Compare(a.State, b.State))
	})
	return demanding
}
