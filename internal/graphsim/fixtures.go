package graphsim

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// Fixture is a whole world, or a part of one: app registrations and tenants with
// everything in them. What a tenant's history was (the change log, requests,
// counters) and passwords are no part of it.
type Fixture struct {
	Apps    []App        `json:"apps,omitempty"`
	Tenants []TenantSpec `json:"tenants,omitempty"`
}

// HiddenSpec is what Graph never shows of an account.
type HiddenSpec struct {
	User        string `json:"user"` // object id or UPN
	ForceChange bool   `json:"forceChangePasswordNextSignIn,omitempty"`
	ForceMFA    bool   `json:"forceChangePasswordNextSignInWithMfa,omitempty"`
	// OnPremises are the properties in which Active Directory differs.
	OnPremises map[string]any `json:"onPremises,omitempty"`
	// OnPremisesGone: deleted in Active Directory; OnPremisesRemoved: and therefore in
	// the tenant by the sync engine.
	OnPremisesGone    bool `json:"onPremisesGone,omitempty"`
	OnPremisesRemoved bool `json:"onPremisesRemoved,omitempty"`
}

// ReadFixture reads the JSON form; unknown names are errors.
func ReadFixture(r io.Reader) (Fixture, error) {
	var f Fixture
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return Fixture{}, fmt.Errorf("read fixture: %w", err)
	}
	return f, nil
}

// Load adds a fixture's apps and tenants. A tenant that exists is made anew, and its
// delta links end. A fixture that is wrong changes nothing.
func (s *Server) Load(f Fixture) error {
	var apps []*application
	for _, a := range f.Apps {
		registered, err := a.registration()
		if err != nil {
			return err
		}
		apps = append(apps, registered)
	}
	s.edit.Lock()
	defer s.edit.Unlock()
	old := s.tenants.Load()
	d := &directory{byID: maps.Clone(old.byID), order: slices.Clone(old.order)}
	for _, spec := range f.Tenants {
		t, err := s.newTenant(spec, len(d.order))
		if err != nil {
			return fmt.Errorf("tenant %s: %w", spec.DisplayName, err)
		}
		t.born(s.clock.Now())
		d.put(t)
	}
	s.register(apps...)
	s.tenants.Store(d)
	return nil
}

// put adds a tenant, or replaces the one with its id.
func (d *directory) put(t *tenant) {
	if old, exists := d.byID[t.id]; exists {
		d.order[slices.Index(d.order, old)] = t
	} else {
		d.order = append(d.order, t)
	}
	d.byID[t.id] = t
}

// Dump writes down one tenant, by GUID or domain, or all of them and every app when
// the key is empty. Loading it gives the same state.
func (s *Server) Dump(tenantKey string) (Fixture, error) {
	var f Fixture
	dump := func(t *tenant, _ time.Time) error {
		f.Tenants = append(f.Tenants, t.spec())
		return nil
	}
	if tenantKey != "" {
		return f, s.inTenant(tenantKey, dump)
	}
	apps := *s.apps.Load()
	for _, id := range slices.Sorted(maps.Keys(apps)) {
		f.Apps = append(f.Apps, apps[id].spec())
	}
	for _, info := range s.Tenants() {
		if err := s.inTenant(info.ID, dump); err != nil {
			return Fixture{}, err
		}
	}
	return f, nil
}

func (a *application) spec() App {
	a.mu.Lock()
	defer a.mu.Unlock()
	app := App{ClientID: a.id, DisplayName: a.displayName}
	for _, s := range a.secrets {
		app.Secrets = append(app.Secrets, SecretSpec{Value: s.value, Expires: s.expires})
	}
	for _, c := range a.certificates {
		app.Certificates = append(app.Certificates, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})))
	}
	return app
}

// spec describes the tenant as it is now.
func (t *tenant) spec() TenantSpec {
	spec := TenantSpec{
		ID: t.id, DisplayName: t.displayName, Country: t.country, Created: t.created,
		SecurityDefaults: t.securityDefaults, ConditionalAccess: slices.Clone(t.policies), Rooms: slices.Clone(t.rooms),
		Sync: t.sync.client, Roles: t.roleSpecs(t.assignments), Eligibilities: t.roleSpecs(t.eligibilities),
		Grants: []Grant{},
	}
	if t.quota != defaultQuota {
		spec.Quota = t.quota
	}
	for _, d := range t.domains {
		spec.Domains = append(spec.Domains, DomainSpec{Name: d.name, Federated: d.federated, Unverified: !d.verified, Default: d.isDefault})
	}
	for _, sku := range t.skus {
		spec.SKUs = append(spec.SKUs, SKUSpec{PartNumber: sku.partNumber, Enabled: sku.enabled, Warning: sku.warning, Suspended: sku.suspended})
	}
	for _, app := range slices.Sorted(maps.Keys(t.principals)) {
		sp := t.principals[app]
		spec.Grants = append(spec.Grants, Grant{ClientID: app, Permissions: slices.Clone(sp.permissions), DirectoryRoles: t.rolesOf(sp.id, t.assignments)})
	}
	for _, g := range t.groups {
		spec.Groups = append(spec.Groups, g.spec())
	}
	spec.TemporaryAccessPassPolicy = t.passPolicy
	t.describeDevices(&spec)
	for _, s := range t.signInLog {
		if r, ok := t.users[s.User]; ok && !r.purged {
			spec.SignIns = append(spec.SignIns, s)
		}
	}
	for _, a := range t.apps.order {
		spec.Applications = append(spec.Applications, t.describeApplication(a))
	}
	t.describeAccounts(&spec)
	return spec
}

// describeAccounts adds the accounts in the order they were made. Those that were
// purged are gone.
func (t *tenant) describeAccounts(spec *TenantSpec) {
	for _, id := range t.order {
		r := t.users[id]
		if r.purged {
			continue
		}
		spec.Users = append(spec.Users, t.describe(r.current))
		if hidden := t.hidden(r); !hidden.empty() {
			spec.Hidden = append(spec.Hidden, hidden)
		}
		if mailbox, ok := t.mailboxSpec(r); ok {
			spec.Mailboxes = append(spec.Mailboxes, mailbox)
		}
		if reg, ok := t.registrations[id]; ok {
			spec.Registrations = append(spec.Registrations, RegistrationSpec{User: id, Methods: reg.methods, Preferred: reg.preferred, Since: reg.since})
		}
		if p, ok := t.passes[id]; ok {
			spec.TemporaryAccessPasses = append(spec.TemporaryAccessPasses, TemporaryAccessPassSpec{
				User: id, ID: p.id, Created: p.created, Start: p.start, Lifetime: p.lifetime, Once: p.once, Used: p.used,
			})
		}
	}
}

func (t *tenant) describe(u *user) map[string]any {
	properties := map[string]any{"id": u.id}
	for _, f := range u.fields {
		if id, link := f.value.(string); link && f.prop == propManager && t.users[id].purged {
			continue
		}
		properties[t.schema.props[f.prop].name] = f.value
	}
	if activity, ok := t.signIns[u.id]; ok {
		properties[t.schema.props[propSignInActivity].name] = activity
	}
	return properties
}

func (t *tenant) hidden(r *userRecord) HiddenSpec {
	h := HiddenSpec{User: r.current.id, ForceChange: r.forceChange, ForceMFA: r.forceMFA}
	if r.onPremises == nil {
		return h
	}
	h.OnPremisesGone, h.OnPremisesRemoved = r.onPremises.gone, r.onPremises.removed
	for i := range t.schema.props {
		prop := propID(i)
		want, _ := r.onPremises.state.get(prop)
		have, _ := r.current.get(prop)
		if !t.schema.onPremises(prop) || sameValue(want, have) {
			continue
		}
		if h.OnPremises == nil {
			h.OnPremises = map[string]any{}
		}
		h.OnPremises[t.schema.props[i].name] = want
	}
	return h
}

func (h *HiddenSpec) empty() bool {
	return !h.ForceChange && !h.ForceMFA && len(h.OnPremises) == 0 && !h.OnPremisesGone && !h.OnPremisesRemoved
}

// hide sets what Graph never shows.
func (t *tenant) hide(h HiddenSpec) error {
	r, ok := t.users[t.principalID(h.User)]
	if !ok {
		return fmt.Errorf("no user %q", h.User)
	}
	r.forceChange, r.forceMFA = h.ForceChange, h.ForceMFA
	if r.onPremises == nil {
		return nil
	}
	fields, _, err := t.fieldsOf(h.OnPremises)
	if err != nil {
		return err
	}
	r.onPremises.gone, r.onPremises.removed = h.OnPremisesGone, h.OnPremisesRemoved
	r.onPremises.state, _ = r.onPremises.state.with(fields)
	return nil
}

func (g *group) spec() GroupSpec {
	return GroupSpec{
		ID: g.id, DisplayName: g.displayName, Description: g.description, RoleAssignable: g.roleAssignable, Mail: g.mail,
		Types: slices.Clone(g.types), MembershipRule: g.membershipRule, Distribution: g.distribution, Synced: g.synced,
		Members: slices.DeleteFunc(slices.Clone(g.members), func(id string) bool { return id == "" }),
		Owners:  slices.Clone(g.owners), Licenses: licenseSpecs(g.licenses),
	}
}

// roleSpecs leaves out what apps hold: that is part of their grants.
func (t *tenant) roleSpecs(assignments []roleAssignment) []RoleSpec {
	var specs []RoleSpec
	for _, a := range assignments {
		if _, _, isApp := t.principalByID(a.principalID); isApp {
			continue
		}
		specs = append(specs, RoleSpec{Role: a.roleID, Principal: a.principalID, Scope: a.scope})
	}
	return specs
}
