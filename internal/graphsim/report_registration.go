package graphsim

import (
	"slices"
	"time"
)

// registrationPage is the number of accounts on a page, and the most $top may ask
// for. Microsoft does not say; its other reports have 1,000 (api/signin-list.md).
const registrationPage = 1000

// registrationReport is what Microsoft knew of everybody's authentication methods
// when it last looked.
type registrationReport struct {
	taken   time.Time
	entries map[string]registrationEntry // by account id
}

// registrationEntry is an account of the report, as it was then.
type registrationEntry struct {
	user         *user
	registration registration
	admin        bool
}

// registrationSchema is resources/userregistrationdetails.md.
func registrationSchema() *entitySchema {
	flag := func(name string) property {
		return property{name: name, kind: kindBool, flags: inDefault | filterEq}
	}
	return newEntitySchema("microsoft.graph.userRegistrationDetails", "UserRegistrationDetails", []property{
		{name: "id", flags: inDefault},
		{name: "userPrincipalName", flags: inDefault | filterable},
		{name: "userDisplayName", flags: inDefault | filterable},
		{name: "userType", flags: inDefault | filterEq},
		flag("isAdmin"), flag("isSsprRegistered"), flag("isSsprEnabled"), flag("isSsprCapable"),
		flag("isMfaRegistered"), flag("isMfaCapable"), flag("isPasswordlessCapable"),
		{name: "methodsRegistered", kind: kindStrings, flags: inDefault | filterable},
		flag("isSystemPreferredAuthenticationMethodEnabled"),
		{name: "systemPreferredAuthenticationMethods", kind: kindStrings, flags: inDefault | filterable},
		{name: "userPreferredMethodForSecondaryAuthentication", flags: inDefault | filterEq},
		{name: "lastUpdatedDateTime", kind: kindTime, flags: inDefault},
	})
}

// listRegistrations: api/authenticationmethodsroot-list-userregistrationdetails.md.
func listRegistrations(c *call) (*response, error) {
	if !c.tenant.hasP1() {
		return nil, premiumRequired()
	}
	taken, entry := c.tenant.registrationsAt(c.now)
	l := &listing{
		schema: c.srv.types.registration, context: "reports/authenticationMethods/userRegistrationDetails",
		page: registrationPage, maxTop: registrationPage, absent: []string{"orderby", "count"},
		length: len(c.tenant.order),
		at: func(place int) (properties, bool) {
			e, ok := entry(c.tenant.order[place])
			if !ok {
				return nil, false
			}
			return e.row(taken), true
		},
	}
	return c.list(l.plainly())
}

// registrationsAt gives access to the report as it is now: a snapshot as old as the
// quirks allow, or the present state if they allow no age.
func (t *tenant) registrationsAt(now time.Time) (taken time.Time, entry func(id string) (registrationEntry, bool)) {
	if t.quirks.ReportLag == 0 {
		admins := t.administrators()
		return now, func(id string) (registrationEntry, bool) { return t.registrationEntry(id, admins, now) }
	}
	if t.report == nil || now.Sub(t.report.taken) >= t.quirks.ReportLag {
		t.takeReport(now)
	}
	report := t.report
	return report.taken, func(id string) (registrationEntry, bool) {
		e, ok := report.entries[id]
		return e, ok
	}
}

// takeReport looks at every account now.
func (t *tenant) takeReport(now time.Time) {
	t.report = &registrationReport{taken: now, entries: make(map[string]registrationEntry, len(t.upns))}
	admins := t.administrators()
	for _, id := range t.order {
		if e, ok := t.registrationEntry(id, admins, now); ok {
			t.report.entries[id] = e
		}
	}
}

// registrationEntry leaves out deleted and blocked accounts, as the report does
// (entra-docs authentication/howto-authentication-methods-activity.md).
func (t *tenant) registrationEntry(id string, admins map[string]bool, now time.Time) (registrationEntry, bool) {
	r := t.users[id]
	if !r.live() || !r.current.boolean(propAccountEnabled) {
		return registrationEntry{}, false
	}
	reg := t.registrations[id]
	if p, ok := t.passes[id]; ok {
		if usable, _ := t.usability(id, p, now); usable {
			reg.methods = append(slices.Clone(reg.methods), "temporaryAccessPass")
		}
	}
	return registrationEntry{user: r.current, registration: reg, admin: admins[id]}, true
}

// administrators are the accounts with an active directory role, direct or through
// a group.
func (t *tenant) administrators() map[string]bool {
	admins := map[string]bool{}
	for _, a := range t.assignments {
		admins[a.principalID] = true
	}
	for _, g := range t.groups {
		if !admins[g.id] {
			continue
		}
		for _, id := range g.members {
			admins[id] = true
		}
	}
	return admins
}

// row derives what the report says from what is registered.
func (e *registrationEntry) row(taken time.Time) row {
	has := func(f func(method string) bool) bool { return slices.ContainsFunc(e.registration.methods, f) }
	mfa, sspr := has(strongMethod), has(resetMethod)
	userType := "member"
	if e.user.str(propUserType) == "Guest" {
		userType = "guest"
	}
	preferred := e.registration.preferred
	system := systemPreferred(e.registration.methods)
	if preferred == "" {
		preferred = system
	}
	systemPreferred := []string{}
	if system != "none" {
		systemPreferred = []string{system}
	}
	return row{
		e.user.id, e.user.upn(), e.user.str(propDisplayName), userType, e.admin,
		sspr, e.admin, sspr && e.admin, // administrators are always enabled for self-service reset
		mfa, mfa, has(passwordlessMethod), append([]string{}, e.registration.methods...),
		true, systemPreferred, preferred, taken,
	}
}

// strongMethod reports whether a method counts as a second factor.
func strongMethod(method string) bool {
	switch method {
	case "email", "securityQuestion", "temporaryAccessPass":
		return false
	default:
		return true
	}
}

// resetMethod reports whether self-service password reset takes a method.
func resetMethod(method string) bool {
	switch method {
	case "email", "securityQuestion", "mobilePhone", "alternateMobilePhone", "officePhone",
		"microsoftAuthenticatorPush", "softwareOneTimePasscode", "hardwareOneTimePasscode":
		return true
	default:
		return false
	}
}

func passwordlessMethod(method string) bool {
	switch method {
	case "fido2SecurityKey", "passKeyDeviceBound", "passKeyDeviceBoundAuthenticator", "passKeyDeviceBoundWindowsHello",
		"windowsHelloForBusiness", "microsoftAuthenticatorPasswordless", "macOsSecureEnclaveKey":
		return true
	default:
		return false
	}
}

// systemPreferred is the strongest of the methods that a second factor is asked by,
// as a userDefaultAuthenticationMethod.
func systemPreferred(methods []string) string {
	for _, m := range []struct{ registered, asked string }{
		{"microsoftAuthenticatorPush", "push"},
		{"microsoftAuthenticatorPasswordless", "push"},
		{"softwareOneTimePasscode", "oath"},
		{"hardwareOneTimePasscode", "oath"},
		{"mobilePhone", "sms"},
		{"alternateMobilePhone", "voiceAlternateMobile"},
		{"officePhone", "voiceOffice"},
	} {
		if slices.Contains(methods, m.registered) {
			return m.asked
		}
	}
	return "none"
}

// SetRegistration is a person registering authentication methods, or losing them:
// an empty list leaves a password only.
func (s *Server) SetRegistration(tenantKey string, spec RegistrationSpec) error {
	return s.withUser(tenantKey, spec.User, func(t *tenant, r *userRecord, now time.Time) error {
		if spec.Since.IsZero() {
			spec.Since = now
		}
		t.registrations[r.current.id] = registration{methods: slices.Clone(spec.Methods), preferred: spec.Preferred, since: spec.Since}
		return nil
	})
}

// RefreshReports makes Microsoft look at every account now, instead of within
// [Quirks.ReportLag].
func (s *Server) RefreshReports(tenantKey string) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		t.takeReport(now)
		return nil
	})
}
