package graphsim

import (
	"cmp"
	"net/http"
	"time"
)

func securityDefaultsSchema() *entitySchema {
	return newEntitySchema("microsoft.graph.identitySecurityDefaultsEnforcementPolicy", "IdentitySecurityDefaultsEnforcementPolicy", []property{
		{name: "id", flags: inDefault},
		{name: "displayName", flags: inDefault},
		{name: "description", flags: inDefault},
		{name: "isEnabled", kind: kindBool, flags: inDefault},
	})
}

// getSecurityDefaults: api/identitysecuritydefaultsenforcementpolicy-get.md.
func getSecurityDefaults(c *call) (*response, error) {
	return c.getOne(c.srv.types.securityDefaults, "policies/identitySecurityDefaultsEnforcementPolicy", row{
		"00000000-0000-0000-0000-000000000005", "Security Defaults",
		"Security defaults is a set of basic identity security mechanisms recommended by Microsoft. When enabled, these recommendations will be automatically enforced in your organization. Administrators and users will be better protected from common identity related attacks.",
		c.tenant.securityDefaults,
	})
}

func conditionalAccessSchema() *entitySchema {
	return newEntitySchema("microsoft.graph.conditionalAccessPolicy", "ConditionalAccessPolicy", []property{
		{name: "id", flags: inDefault | filterEq},
		{name: "templateId", flags: inDefault},
		{name: "displayName", flags: inDefault | filterable},
		{name: "createdDateTime", kind: kindTime, flags: inDefault},
		{name: "modifiedDateTime", kind: kindTime, flags: inDefault},
		{name: "deletedDateTime", kind: kindTime, flags: inDefault},
		{name: "state", flags: inDefault | filterEq},
		{name: "conditions", kind: kindObject, flags: inDefault},
		{name: "grantControls", kind: kindObject, flags: inDefault},
		{name: "sessionControls", kind: kindObject, flags: inDefault},
	})
}

// listConditionalAccess: api/conditionalaccessroot-list-policies.md.
func listConditionalAccess(c *call) (*response, error) {
	if !c.tenant.hasP1() {
		return nil, &graphError{
			status: http.StatusForbidden, code: "AccessDenied",
			message: "Your tenant is not licensed for this feature. Please upgrade your subscription to access it.",
		}
	}
	var rows []row
	for _, p := range c.tenant.policies {
		id := cmp.Or(p.ID, guid(c.tenant.seed, c.tenant.id, "policy", p.DisplayName))
		rows = append(rows, row{
			id, nil, p.DisplayName, c.tenant.created, nil, nil, p.State, c.tenant.conditions(p),
			p.grantControls(c.url("/$metadata#identity/conditionalAccess/policies('" + id + "')/grantControls/authenticationStrength/$entity")), nil,
		})
	}
	l := &listing{
		schema: c.srv.types.conditionalAccess, context: "identity/conditionalAccess/policies", page: directoryPage,
		maxTop: directoryPage, skip: true, count: countPlain, absent: []string{"orderby"},
	}
	return c.list(l.rows(rows))
}

// scopesMissing is how conditional access answers a token without its permission.
func scopesMissing(...string) *graphError {
	return &graphError{
		status: http.StatusForbidden, code: "AccessDenied",
		message: "You cannot perform the requested operation, required scopes are missing in the token.",
	}
}

// policyConditions is resources/conditionalaccessconditionset.md.
type policyConditions struct {
	UserRiskLevels             []string           `json:"userRiskLevels"`
	SignInRiskLevels           []string           `json:"signInRiskLevels"`
	ClientAppTypes             []string           `json:"clientAppTypes"`
	ServicePrincipalRiskLevels []string           `json:"servicePrincipalRiskLevels"`
	InsiderRiskLevels          *string            `json:"insiderRiskLevels"`
	Platforms                  *struct{}          `json:"platforms"`
	Locations                  *struct{}          `json:"locations"`
	Devices                    *struct{}          `json:"devices"`
	ClientApplications         *struct{}          `json:"clientApplications"`
	AuthenticationFlows        *struct{}          `json:"authenticationFlows"`
	Applications               policyApplications `json:"applications"`
	Users                      policyUsers        `json:"users"`
}

type policyApplications struct {
	Include  []string  `json:"includeApplications"`
	Exclude  []string  `json:"excludeApplications"`
	Actions  []string  `json:"includeUserActions"`
	Contexts []string  `json:"includeAuthenticationContextClassReferences"`
	Filter   *struct{} `json:"applicationFilter"`
}

type policyUsers struct {
	IncludeUsers  []string  `json:"includeUsers"`
	ExcludeUsers  []string  `json:"excludeUsers"`
	IncludeGroups []string  `json:"includeGroups"`
	ExcludeGroups []string  `json:"excludeGroups"`
	IncludeRoles  []string  `json:"includeRoles"`
	ExcludeRoles  []string  `json:"excludeRoles"`
	IncludeGuests *struct{} `json:"includeGuestsOrExternalUsers"`
	ExcludeGuests *struct{} `json:"excludeGuestsOrExternalUsers"`
}

// conditions name people, groups and roles by id, whatever the spec called them.
func (t *tenant) conditions(p ConditionalAccessSpec) policyConditions {
	apps, clients := p.Applications, p.ClientAppTypes
	if len(apps) == 0 {
		apps = []string{"All"}
	}
	if len(clients) == 0 {
		clients = []string{"all"}
	}
	return policyConditions{
		UserRiskLevels: []string{}, SignInRiskLevels: []string{}, ServicePrincipalRiskLevels: []string{}, ClientAppTypes: clients,
		Applications: policyApplications{Include: apps, Exclude: []string{}, Actions: []string{}, Contexts: []string{}},
		Users: policyUsers{
			IncludeUsers: t.principalsNamed(p.IncludeUsers), ExcludeUsers: t.principalsNamed(p.ExcludeUsers),
			IncludeGroups: t.principalsNamed(p.IncludeGroups), ExcludeGroups: t.principalsNamed(p.ExcludeGroups),
			IncludeRoles: rolesNamed(p.IncludeRoles), ExcludeRoles: rolesNamed(p.ExcludeRoles),
		},
	}
}

// principalsNamed resolves accounts and groups; words such as All stay.
func (t *tenant) principalsNamed(keys []string) []string {
	ids := []string{}
	for _, key := range keys {
		id := t.principalID(key)
		_, isUser := t.users[id]
		if _, isGroup := t.group(id); !isUser && !isGroup {
			id = key
		}
		ids = append(ids, id)
	}
	return ids
}

func rolesNamed(keys []string) []string {
	ids := []string{}
	for _, key := range keys {
		if def, ok := roleByKey(key); ok {
			key = def.id
		}
		ids = append(ids, key)
	}
	return ids
}

// policyControls is resources/conditionalaccessgrantcontrols.md.
type policyControls struct {
	Operator  string                  `json:"operator"`
	BuiltIn   []string                `json:"builtInControls"`
	Custom    []string                `json:"customAuthenticationFactors"`
	Terms     []string                `json:"termsOfUse"`
	Context   string                  `json:"authenticationStrength@odata.context"`
	Strengths *authenticationStrength `json:"authenticationStrength"`
}

// grantControls is nil for a policy that demands nothing.
func (p *ConditionalAccessSpec) grantControls(context string) any {
	if len(p.BuiltInControls) == 0 && p.AuthenticationStrength == "" {
		return nil
	}
	return policyControls{
		Operator: cmp.Or(p.Operator, "OR"), BuiltIn: append([]string{}, p.BuiltInControls...), Custom: []string{}, Terms: []string{},
		Context: context, Strengths: strengthByID(p.AuthenticationStrength),
	}
}

// authenticationStrength is resources/authenticationstrengthpolicy.md.
type authenticationStrength struct {
	ID           string    `json:"id"`
	Created      time.Time `json:"createdDateTime"`
	Modified     time.Time `json:"modifiedDateTime"`
	DisplayName  string    `json:"displayName"`
	Description  string    `json:"description"`
	PolicyType   string    `json:"policyType"`
	Satisfies    string    `json:"requirementsSatisfied"`
	Combinations []string  `json:"allowedCombinations"`
}

// strengthByID knows the built-in strengths; another id is a strength of the
// tenant's own making, nil none.
func strengthByID(id string) *authenticationStrength {
	if id == "" {
		return nil
	}
	made := time.Date(2021, 12, 1, 0, 0, 0, 0, time.UTC)
	s := &authenticationStrength{
		ID: id, Created: made, Modified: made, DisplayName: "Custom strength", PolicyType: "custom", Satisfies: "mfa",
		Combinations: []string{"fido2", "windowsHelloForBusiness", "deviceBasedPush"},
	}
	switch id {
	case "00000000-0000-0000-0000-000000000002":
		s.DisplayName, s.PolicyType = "Multifactor authentication", "builtIn"
		s.Description = "Combinations of methods that satisfy strong authentication, such as a password + SMS"
		s.Combinations = append(s.Combinations, "password,microsoftAuthenticatorPush", "password,softwareOath", "password,sms")
	case "00000000-0000-0000-0000-000000000003":
		s.DisplayName, s.PolicyType = "Passwordless MFA", "builtIn"
		s.Description = "Passwordless methods that satisfy strong authentication, such as Passwordless sign-in with the Microsoft Authenticator"
	case strengthPhishingResistant:
		s.DisplayName, s.PolicyType = "Phishing-resistant MFA", "builtIn"
		s.Description = "Phishing-resistant, Passwordless methods for the strongest authentication, such as a FIDO2 security key"
		s.Combinations = []string{"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"}
	}
	return s
}
