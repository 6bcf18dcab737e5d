package graphsim

// Ids of built-in authentication strengths (resources/authenticationstrengthpolicy.md).
const strengthPhishingResistant = "00000000-0000-0000-0000-000000000004"

// policies decide how the tenant demands a second factor: by conditional access
// where Entra ID P1 allows it, else by security defaults.
func (g *seeding) policies() {
	g.people.SecurityDefaults = !g.premium
	g.people.TemporaryAccessPassPolicy = TemporaryAccessPassPolicy{Enabled: g.premium}
	if !g.premium {
		return
	}
	exempt := []string{}
	if r, ok := g.t.find("breakglass@" + g.company.domain); ok {
		exempt = append(exempt, r.current.id)
	}
	everywhere := func(p ConditionalAccessSpec) ConditionalAccessSpec {
		p.ID = guid(g.t.seed, g.t.id, "policy", p.DisplayName)
		p.ExcludeUsers, p.Applications, p.Operator = exempt, []string{"All"}, "OR"
		if p.ClientAppTypes == nil {
			p.ClientAppTypes = []string{"all"}
		}
		return p
	}
	demand := ConditionalAccessSpec{DisplayName: "CA001 - Require MFA for all users", State: "enabled", IncludeUsers: []string{"All"}, BuiltInControls: []string{"mfa"}}
	if g.index%4 == 2 {
		demand = ConditionalAccessSpec{
			DisplayName: "CA001 - Require MFA for administrators", State: "enabled", BuiltInControls: []string{"mfa"},
			IncludeRoles: []string{roleGlobalAdministrator, rolePrivilegedRole, roleUserAdministrator, roleHelpdeskAdministrator},
		}
	}
	g.people.ConditionalAccess = []ConditionalAccessSpec{
		everywhere(demand),
		everywhere(ConditionalAccessSpec{
			DisplayName: "CA002 - Block legacy authentication", State: "enabled", IncludeUsers: []string{"All"},
			ClientAppTypes: []string{"exchangeActiveSync", "other"}, BuiltInControls: []string{"block"},
		}),
		everywhere(ConditionalAccessSpec{
			DisplayName: "CA003 - Phishing-resistant MFA for administrators (pilot)", State: "enabledForReportingButNotEnforced",
			IncludeRoles: []string{roleGlobalAdministrator}, AuthenticationStrength: strengthPhishingResistant,
		}),
	}
}
