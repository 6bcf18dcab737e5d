package graphsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// AddUser makes an account and returns its id. Properties are Graph's, in Go or
// JSON form; userPrincipalName is required, the rest gets sensible values.
func (s *Server) AddUser(tenantKey string, properties map[string]any) (string, error) {
	var id string
	err := s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		var err error
		id, err = t.addUser(properties, now)
		return err
	})
	return id, err
}

// addUsers makes the accounts of a spec, which may be each other's managers.
func (t *tenant) addUsers(specs []map[string]any) error {
	managers := map[string]any{}
	for _, spec := range specs {
		name, led := managerIn(spec)
		manager := spec[name]
		if led {
			spec = maps.Clone(spec)
			delete(spec, name)
		}
		id, err := t.addUser(spec, t.created)
		if err != nil {
			return err
		}
		if led {
			managers[id] = manager
		}
	}
	for _, id := range slices.Sorted(maps.Keys(managers)) {
		if err := t.linkManager(id, managers[id]); err != nil {
			return err
		}
	}
	return nil
}

func (t *tenant) addUser(properties map[string]any, now time.Time) (string, error) {
	fields, id, err := t.fieldsOf(properties)
	if err != nil {
		return "", err
	}
	fields, activity := splitActivity(fields)
	id, err = t.insert(id, completeLicenses(&user{}, fields, now), now)
	if err == nil && activity != nil {
		t.signIns[id] = *activity
	}
	return id, err
}

// insert makes an account of the fields, with sensible values for what they lack.
// An empty id is derived from the seed.
func (t *tenant) insert(id string, fields []field, now time.Time) (string, error) {
	u := newUser(fields)
	upn := u.upn()
	if upn == "" {
		return "", errors.New("userPrincipalName is required")
	}
	if _, taken := t.upns[canonicalUPN(upn)]; taken && u.time(propDeletedDateTime).IsZero() {
		return "", fmt.Errorf("userPrincipalName %s is taken", upn)
	}
	if _, exists := t.users[strings.ToLower(id)]; exists {
		return "", fmt.Errorf("id %s is taken", id)
	}
	if id == "" {
		id = guid(t.seed, t.id, "user", canonicalUPN(upn), itoa(uint64(len(t.order))))
	}
	nickname, _, _ := strings.Cut(upn, "@")
	var missing []field
	for _, fallback := range []field{
		{propAccountEnabled, true},
		{propBusinessPhones, []string{}},
		{propDisplayName, nickname},
		{propMailNickname, nickname},
		{propUserType, "Member"},
		{propCreatedDateTime, now},
		{propLastPasswordChange, now},
		{propSignInSessionsValidFrom, now},
	} {
		if _, set := u.get(fallback.prop); !set {
			missing = append(missing, fallback)
		}
	}
	u, _ = u.with(missing)
	u = &user{id: strings.ToLower(id), fields: u.fields}
	t.provisionMailbox(t.create(u, now), now)
	return u.id, nil
}

// fieldsOf resolves names and values, in a fixed order.
func (t *tenant) fieldsOf(properties map[string]any) (fields []field, id string, err error) {
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		prop, ok := t.schema.lookup(name)
		if !ok {
			return nil, "", fmt.Errorf("a user has no property %q", name)
		}
		value, err := t.schema.coerce(prop, properties[name])
		if err != nil {
			return nil, "", fmt.Errorf("property %s: %w", name, err)
		}
		if prop == propObjectID {
			id, _ = value.(string)
			continue
		}
		if key, given := value.(string); given && prop == propManager {
			value = t.principalID(key)
			if r, ok := t.users[t.principalID(key)]; !ok || r.purged {
				return nil, "", fmt.Errorf("manager: no user %q", key)
			}
		}
		fields = append(fields, field{prop, value})
	}
	return fields, id, nil
}

// withUser runs f for an account found by UPN or id, deleted ones by id only.
func (s *Server) withUser(tenantKey, key string, f func(t *tenant, r *userRecord, now time.Time) error) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		r, _ := t.find(key)
		if r == nil || r.purged {
			return fmt.Errorf("no user %q", key)
		}
		return f(t, r, now)
	})
}

// UserState is everything the simulator knows of an account, also what Graph
// never shows.
type UserState struct {
	Properties  map[string]json.RawMessage `json:"properties"`
	Deleted     bool                       `json:"deleted"`
	ForceChange bool                       `json:"forceChangePasswordNextSignIn"`
	ForceMFA    bool                       `json:"forceChangePasswordNextSignInWithMfa"`
	Roles       []string                   `json:"roles"`
	// Methods are what the person registered for authentication.
	Methods []string `json:"methodsRegistered"`
	// Mailbox is empty for an account without one.
	Mailbox MailboxPurpose `json:"mailbox,omitempty"`
	// OnPremisesEnabled is accountEnabled in Active Directory, null when not synced.
	OnPremisesEnabled *bool `json:"onPremisesAccountEnabled"`
}

// User returns the present state of an account.
func (s *Server) User(tenantKey, key string) (UserState, error) {
	var st UserState
	err := s.withUser(tenantKey, key, func(t *tenant, r *userRecord, _ time.Time) error {
		st = UserState{
			Properties: map[string]json.RawMessage{"id": mustJSON(r.current.id)}, Deleted: !r.live(),
			ForceChange: r.forceChange, ForceMFA: r.forceMFA, Roles: t.rolesOf(r.current.id, t.assignments),
			Methods: slices.Clone(t.registrations[r.current.id].methods), Mailbox: r.mailbox,
		}
		if r.onPremises != nil {
			enabled := r.onPremises.state.boolean(propAccountEnabled) && !r.onPremises.gone
			st.OnPremisesEnabled = &enabled
		}
		for _, f := range r.current.fields {
			st.Properties[t.schema.props[f.prop].name] = mustJSON(f.value)
		}
		if activity, ok := t.signIns[r.current.id]; ok {
			st.Properties["signInActivity"] = mustJSON(activity)
		}
		return nil
	})
	return st, err
}

// PatchUser is an outsider's act: an administrator in a portal, a script. It knows
// no permission and counts as nobody's effect. passwordProfile may set the flags
// that Graph never shows.
func (s *Server) PatchUser(tenantKey, key string, properties map[string]any) error {
	return s.withUser(tenantKey, key, func(t *tenant, r *userRecord, now time.Time) error {
		properties = maps.Clone(properties)
		if profile, ok := properties["passwordProfile"]; ok {
			delete(properties, "passwordProfile")
			change, err := decodeAs[passwordChange](mustJSON(profile))
			if err != nil {
				return fmt.Errorf("passwordProfile: %w", err)
			}
			r.forceFlags(change)
		}
		fields, _, err := t.fieldsOf(properties)
		if err != nil {
			return err
		}
		fields, activity := splitActivity(fields)
		fields = completeLicenses(r.current, fields, now)
		next, _ := r.current.with(fields)
		if holder, taken := t.upns[canonicalUPN(next.upn())]; taken && holder != next.id {
			return fmt.Errorf("userPrincipalName %s is taken", next.upn())
		}
		t.apply(r, fields, now)
		t.provisionMailbox(r, now)
		if activity != nil {
			t.signIns[next.id] = *activity
		}
		return nil
	})
}

func (r *userRecord) forceFlags(change passwordChange) {
	if change.Force != nil {
		r.forceChange = *change.Force
	}
	if change.ForceMFA != nil {
		r.forceMFA = *change.ForceMFA
	}
}

// splitActivity takes sign-in activity, whose changes are never tracked, out of
// what goes into the change log.
func splitActivity(fields []field) ([]field, *signInActivity) {
	var activity *signInActivity
	kept := slices.DeleteFunc(fields, func(f field) bool {
		if a, ok := f.value.(signInActivity); ok {
			activity = &a
		}
		return f.prop == propSignInActivity
	})
	return kept, activity
}

// ChangePassword is the person changing their own password at sign-in.
func (s *Server) ChangePassword(tenantKey, key string) error {
	return s.withUser(tenantKey, key, func(t *tenant, r *userRecord, now time.Time) error {
		r.forceChange, r.forceMFA = false, false
		r.password = "" // theirs alone
		t.apply(r, []field{{propLastPasswordChange, now}}, now)
		return nil
	})
}

// HasPassword tells whether an account's password is the one that was set through Graph
// as given. Nobody is shown a password.
func (s *Server) HasPassword(tenantKey, key, password string) (bool, error) {
	same := false
	err := s.withUser(tenantKey, key, func(_ *tenant, r *userRecord, _ time.Time) error {
		same = password != "" && r.password == password
		return nil
	})
	return same, err
}

// DeleteUser moves an account to the deleted items, as an outsider.
func (s *Server) DeleteUser(tenantKey, key string) error {
	return s.withUser(tenantKey, key, func(t *tenant, r *userRecord, now time.Time) error {
		if !r.live() {
			return fmt.Errorf("user %q is deleted already", key)
		}
		t.softDelete(r, now)
		return nil
	})
}

// RestoreUser brings a deleted account back, by object id.
func (s *Server) RestoreUser(tenantKey, id string) error {
	return s.withUser(tenantKey, id, func(t *tenant, r *userRecord, now time.Time) error {
		if r.live() {
			return fmt.Errorf("user %q is not deleted", id)
		}
		if _, taken := t.upns[canonicalUPN(r.current.upn())]; taken {
			return fmt.Errorf("userPrincipalName %s is taken", r.current.upn())
		}
		t.restore(r, now)
		return nil
	})
}

// PurgeUser removes an account for good.
func (s *Server) PurgeUser(tenantKey, key string) error {
	return s.withUser(tenantKey, key, func(t *tenant, r *userRecord, now time.Time) error {
		t.purge(r, now)
		return nil
	})
}

// UserIDs lists the live accounts of a tenant in the order they were made.
func (s *Server) UserIDs(tenantKey string) ([]string, error) {
	var ids []string
	err := s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		for _, id := range t.order {
			if t.users[id].live() {
				ids = append(ids, id)
			}
		}
		return nil
	})
	return ids, err
}
