package graphsim

import "time"

// RoleSpec gives a directory role, active or eligible. Role is a name or a template
// id; Principal a UPN, a group's display name, or an object id; Scope empty is the
// whole tenant.
type RoleSpec struct {
	Role      string `json:"role"`
	Principal string `json:"principal"`
	Scope     string `json:"scope,omitempty"`
}

// RegistrationSpec is what a person has registered for authentication, in the words
// of the registration report (resources/userregistrationdetails.md). No methods
// means nothing but a password.
type RegistrationSpec struct {
	User      string   `json:"user"` // UPN or object id
	Methods   []string `json:"methods"`
	Preferred string   `json:"preferred,omitempty"` // userPreferredMethodForSecondaryAuthentication
	// Since is when; zero is when the account was made.
	Since time.Time `json:"since,omitzero"`
}

// ConditionalAccessSpec is a conditional access policy
// (resources/conditionalaccesspolicy.md). Lists hold object ids, template ids of
// roles, or the words All, None and GuestsOrExternalUsers.
type ConditionalAccessSpec struct {
	ID              string   `json:"id,omitempty"` // empty: derived from the name
	DisplayName     string   `json:"displayName"`
	State           string   `json:"state"` // enabled, disabled, enabledForReportingButNotEnforced
	IncludeUsers    []string `json:"includeUsers,omitempty"`
	ExcludeUsers    []string `json:"excludeUsers,omitempty"`
	IncludeGroups   []string `json:"includeGroups,omitempty"`
	ExcludeGroups   []string `json:"excludeGroups,omitempty"`
	IncludeRoles    []string `json:"includeRoles,omitempty"`
	ExcludeRoles    []string `json:"excludeRoles,omitempty"`
	Applications    []string `json:"applications,omitempty"`    // included ones
	ClientAppTypes  []string `json:"clientAppTypes,omitempty"`  // all, exchangeActiveSync, other, …
	Operator        string   `json:"operator,omitempty"`        // AND or OR
	BuiltInControls []string `json:"builtInControls,omitempty"` // mfa, block, compliantDevice, …
	// AuthenticationStrength is the id of a built-in authentication strength.
	AuthenticationStrength string `json:"authenticationStrength,omitempty"`
}

// RoomSpec is a room of places (resources/room.md). Its mailbox is an account of its
// own with the same mail address.
type RoomSpec struct {
	ID           string `json:"id,omitempty"` // empty: derived from the address
	DisplayName  string `json:"displayName"`
	EmailAddress string `json:"emailAddress"`
	Building     string `json:"building,omitempty"`
	FloorNumber  int    `json:"floorNumber,omitempty"`
	Capacity     int    `json:"capacity,omitempty"`
}

// registration is what an account has registered now; the report is a snapshot of it.
type registration struct {
	methods   []string
	preferred string
	since     time.Time
}

// setPeople sets what a spec says beyond accounts, after they exist.
func (t *tenant) setPeople(spec TenantSpec) error {
	if err := t.addGroups(spec.Groups, t.created); err != nil {
		return err
	}
	for _, a := range spec.Applications {
		if _, err := t.addApplication(a, t.created); err != nil {
			return err
		}
	}
	for _, r := range spec.Roles {
		if err := t.assign(r, t.created); err != nil {
			return err
		}
	}
	for _, r := range spec.Eligibilities {
		if err := t.makeEligible(r, t.created); err != nil {
			return err
		}
	}
	t.register(spec.Registrations)
	for _, h := range spec.Hidden {
		if err := t.hide(h); err != nil {
			return err
		}
	}
	for _, m := range spec.Mailboxes {
		if err := t.setMailbox(m); err != nil {
			return err
		}
	}
	t.rooms = spec.Rooms
	if err := t.setEstate(spec); err != nil {
		return err
	}
	if err := t.setPasses(spec.TemporaryAccessPassPolicy, spec.TemporaryAccessPasses); err != nil {
		return err
	}
	return t.setPolicies(spec.SecurityDefaults, spec.ConditionalAccess)
}

// setEstate sets the devices, and how people used them.
func (t *tenant) setEstate(spec TenantSpec) error {
	if err := t.putDevices(spec.Devices, spec.ManagedDevices, t.created); err != nil {
		return err
	}
	for _, s := range spec.SignIns {
		s, err := t.completeSignIn(s, t.created)
		if err != nil {
			return err
		}
		t.logSignIn(s)
	}
	return nil
}

// register records what people registered for authentication.
func (t *tenant) register(specs []RegistrationSpec) {
	for _, s := range specs {
		id, since := t.principalID(s.User), s.Since
		if since.IsZero() {
			since = t.created
			if r, ok := t.users[id]; ok {
				since = r.current.time(propCreatedDateTime)
			}
		}
		t.registrations[id] = registration{methods: s.Methods, preferred: s.Preferred, since: since}
	}
}
