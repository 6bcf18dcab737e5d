package graph

import (
	"context"
	"slices"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/identity"
	"github.com/microsoftgraph/msgraph-sdk-go/policies"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

// SecurityDefaults tells whether Microsoft's security defaults are on
// (https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get).
func (c *Client) SecurityDefaults(ctx context.Context) (bool, error) {
	type policy struct {
		IsEnabled *bool `json:"isEnabled"`
	}
	request, err := policies.NewIdentitySecurityDefaultsEnforcementPolicyRequestBuilderInternal(c.path(), c.adapter).
		ToGetRequestInformation(ctx, nil)
	if err != nil {
		return false, unbuildable(err)
	}
	read, err := get[policy](ctx, c, reading("policies", 1), request)
	if err != nil {
		return false, err
	}
	if read.IsEnabled == nil {
		return false, nameless("policy")
	}
	return *read.IsEnabled, nil
}

// conditionalAccessPolicy is a policy as far as multifactor authentication goes
// (https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy).
type conditionalAccessPolicy struct {
	DisplayName   string         `json:"displayName"`
	State         string         `json:"state"`
	GrantControls *grantControls `json:"grantControls"`
}

// grantControls are what a policy demands
// (https://learn.microsoft.com/graph/api/resources/conditionalaccessgrantcontrols).
type grantControls struct {
	Operator string   `json:"operator"`
	BuiltIn  []string `json:"builtInControls"`
	Custom   []string `json:"customAuthenticationFactors"`
	Terms    []string `json:"termsOfUse"`
	Strength *struct {
		// Satisfied is mfa, none, or a value unknown as yet.
		Satisfied string `json:"requirementsSatisfied"`
	} `json:"authenticationStrength"`
}

// demandMFA is true when nobody passes without multifactor authentication. With OR,
// any other control would do instead.
func (g *grantControls) demandMFA() bool {
	if g == nil {
		return false
	}
	var controls []bool // whether each is multifactor authentication
	for _, control := range g.BuiltIn {
		controls = append(controls, control == "mfa")
	}
	controls = append(controls, make([]bool, len(g.Custom)+len(g.Terms))...)
	if g.Strength != nil {
		controls = append(controls, g.Strength.Satisfied != "none")
	}
	if g.Operator == "OR" {
		return len(controls) > 0 && !slices.Contains(controls, false)
	}
	return slices.Contains(controls, true)
}

// ConditionalAccessPolicies reads the policies; it needs Entra ID P1. Whom a policy
// covers is not read: DemandsMFA speaks of those it covers
// (https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies).
func (c *Client) ConditionalAccessPolicies(ctx context.Context, link string) (*directory.Page[directory.ConditionalAccessPolicy], error) {
	op := operation{"conditionalAccess", throttle.Cost{Class: throttle.ConditionalAccess, ResourceUnits: 1}}
	return convertPage(ctx, c, op, link, func() (*abstractions.RequestInformation, error) {
		return identity.NewConditionalAccessPoliciesRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, nil)
	}, func(p *conditionalAccessPolicy) directory.ConditionalAccessPolicy {
		return directory.ConditionalAccessPolicy{
			DisplayName: p.DisplayName, State: p.State, DemandsMFA: p.GrantControls.demandMFA(),
		}
	})
}
