package graphsim

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// App is an app registration.
type App struct {
	ClientID    string `json:"clientID"`
	DisplayName string `json:"displayName,omitempty"`
	// Secret never expires; Secrets may.
	Secret       string       `json:"secret,omitempty"`
	Secrets      []SecretSpec `json:"secrets,omitempty"`
	Certificates []string     `json:"certificates,omitempty"` // PEM
}

// SecretSpec is a client secret; the zero time is never.
type SecretSpec struct {
	Value   string    `json:"value"`
	Expires time.Time `json:"expires,omitzero"`
}

// Grant is what one tenant's administrator consented to for an app.
type Grant struct {
	ClientID       string   `json:"clientID"`
	Permissions    []string `json:"permissions"`
	DirectoryRoles []string `json:"directoryRoles,omitempty"` // names or template ids
}

// TenantSpec describes a tenant to be made. The zero ID is derived from the seed;
// no Domains means one, NAME.onmicrosoft.com; no Grants means the simulator's own
// app with [DefaultPermissions] and the User Administrator role. Users given here
// are as old as the tenant, three years.
type TenantSpec struct {
	ID          string           `json:"id,omitempty"`
	DisplayName string           `json:"displayName"`
	Country     string           `json:"country,omitempty"`
	Created     time.Time        `json:"created,omitzero"` // three years ago if zero
	Domains     []DomainSpec     `json:"domains,omitempty"`
	SKUs        []SKUSpec        `json:"skus,omitempty"`
	Grants      []Grant          `json:"grants"`
	Users       []map[string]any `json:"users,omitempty"`
	Hidden      []HiddenSpec     `json:"hidden,omitempty"`

	Groups            []GroupSpec             `json:"groups,omitempty"`
	Roles             []RoleSpec              `json:"roles,omitempty"`
	Eligibilities     []RoleSpec              `json:"eligibilities,omitempty"`
	Registrations     []RegistrationSpec      `json:"registrations,omitempty"`
	SecurityDefaults  bool                    `json:"securityDefaults,omitempty"`
	ConditionalAccess []ConditionalAccessSpec `json:"conditionalAccess,omitempty"`
	Rooms             []RoomSpec              `json:"rooms,omitempty"`

	Applications []ApplicationSpec `json:"applications,omitempty"`

	Devices        []DeviceSpec        `json:"devices,omitempty"`
	ManagedDevices []ManagedDeviceSpec `json:"managedDevices,omitempty"`
	SignIns        []SignInSpec        `json:"signIns,omitempty"`

	TemporaryAccessPassPolicy TemporaryAccessPassPolicy `json:"temporaryAccessPassPolicy,omitzero"`
	TemporaryAccessPasses     []TemporaryAccessPassSpec `json:"temporaryAccessPasses,omitempty"`
	Mailboxes                 []MailboxSpec             `json:"mailboxes,omitempty"`

	// Quota is how many objects the tenant may hold; 0 is what tenants usually may.
	Quota int `json:"quota,omitempty"`

	// Sync is what synchronizes an Active Directory into the tenant.
	Sync SyncClient `json:"sync,omitempty"`
}

// DomainSpec is a domain of a tenant.
type DomainSpec struct {
	Name       string `json:"name"`
	Federated  bool   `json:"federated,omitempty"`
	Unverified bool   `json:"unverified,omitempty"`
	Default    bool   `json:"default,omitempty"`
}

// SKUSpec is a subscription, by the part number of the catalogue.
type SKUSpec struct {
	PartNumber string `json:"partNumber"`
	Enabled    int    `json:"enabled"`
	Warning    int    `json:"warning,omitempty"`
	Suspended  int    `json:"suspended,omitempty"`
}

// TenantInfo is a tenant in short.
type TenantInfo struct {
	ID            string `json:"id"`
	DisplayName   string `json:"displayName"`
	DefaultDomain string `json:"defaultDomain"`
	Users         int    `json:"users"`
}

// AddApp registers an app. Registering it again replaces its credentials.
func (s *Server) AddApp(a App) error {
	registered, err := a.registration()
	if err != nil {
		return err
	}
	s.edit.Lock()
	defer s.edit.Unlock()
	s.register(registered)
	return nil
}

// register makes apps known. The caller holds s.edit.
func (s *Server) register(registered ...*application) {
	apps := maps.Clone(*s.apps.Load())
	for _, a := range registered {
		apps[a.id] = a
	}
	s.apps.Store(&apps)
}

func (a *App) registration() (*application, error) {
	registered := &application{id: strings.ToLower(a.ClientID), displayName: a.DisplayName, budget: newGlobalBudget()}
	if a.Secret != "" {
		registered.secrets = []appSecret{{value: a.Secret}}
	}
	for _, s := range a.Secrets {
		registered.secrets = append(registered.secrets, appSecret{value: s.Value, expires: s.Expires})
	}
	for _, text := range a.Certificates {
		certs, err := parseCertificates([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("app %s: %w", a.ClientID, err)
		}
		registered.certificates = append(registered.certificates, certs...)
	}
	return registered, nil
}

// parseCertificates reads PEM blocks.
func parseCertificates(rest []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return certs, nil
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
}

// ClientID and ClientSecret are those of the simulator's own app.
func (s *Server) ClientID() string { return s.opts.ClientID }

// ClientSecret is the secret of the simulator's own app.
func (s *Server) ClientSecret() string { return s.opts.ClientSecret }

func (s *Server) app(clientID string) (*application, error) {
	a, ok := (*s.apps.Load())[strings.ToLower(clientID)]
	if !ok {
		return nil, fmt.Errorf("no app %q", clientID)
	}
	return a, nil
}

// SetSecret adds a secret to an app, or changes when it expires; the zero time is never.
func (s *Server) SetSecret(clientID, value string, expires time.Time) error {
	a, err := s.app(clientID)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.secrets = slices.DeleteFunc(a.secrets, func(have appSecret) bool { return have.value == value })
	a.secrets = append(a.secrets, appSecret{value: value, expires: expires})
	return nil
}

// RemoveSecret takes a secret off an app.
func (s *Server) RemoveSecret(clientID, value string) error {
	a, err := s.app(clientID)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.secrets = slices.DeleteFunc(a.secrets, func(have appSecret) bool { return have.value == value })
	return nil
}

// SetCertificates replaces the certificates of an app.
func (s *Server) SetCertificates(clientID string, certs ...*x509.Certificate) error {
	a, err := s.app(clientID)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.certificates = slices.Clone(certs)
	return nil
}

// AddTenant makes a tenant and returns its id.
func (s *Server) AddTenant(spec TenantSpec) (string, error) {
	return s.addTenant(spec, func(*tenant) error { return nil })
}

// addTenant makes a tenant, has it populated, and only then lets requests see it.
func (s *Server) addTenant(spec TenantSpec, populate func(*tenant) error) (string, error) {
	s.edit.Lock()
	defer s.edit.Unlock()
	old := s.tenants.Load()
	t, err := s.newTenant(spec, len(old.order))
	if err != nil {
		return "", err
	}
	if err := populate(t); err != nil {
		return "", err
	}
	if _, exists := old.byID[t.id]; exists {
		return "", fmt.Errorf("tenant %s exists", t.id)
	}
	d := &directory{byID: maps.Clone(old.byID), order: append(slices.Clone(old.order), t)}
	d.byID[t.id] = t
	t.born(s.clock.Now())
	s.tenants.Store(d)
	return t.id, nil
}

func (s *Server) newTenant(spec TenantSpec, index int) (*tenant, error) {
	now := s.clock.Now()
	if spec.ID == "" {
		spec.ID = guid(s.opts.Seed, "tenant", strconv.Itoa(index))
	}
	if spec.Created.IsZero() {
		spec.Created = now.AddDate(-3, 0, 0)
	}
	t := &tenant{
		id: strings.ToLower(spec.ID), seed: s.opts.Seed, schema: s.schema, clock: s.clock, quirks: s.opts.Quirks,
		epoch:       guid(s.opts.Seed, "epoch", strings.ToLower(spec.ID), now.String()),
		displayName: spec.DisplayName, country: spec.Country, created: spec.Created,
		users: map[string]*userRecord{}, upns: map[string]string{}, signIns: map[string]signInActivity{},
		registrations: map[string]registration{}, mailboxes: map[string]MailboxSpec{}, mailPlans: s.mailPlans, groupsByID: map[string]*group{},
		consumed: map[string]int{}, principals: map[string]*servicePrincipal{}, budgets: map[string]*appBudget{},
		devices: newDevices(),
		stats:   newStatistics(s.opts.Journal),
	}
	t.setQuota(spec.Quota)
	t.setDomains(spec.Domains)
	if err := t.setSKUs(spec.SKUs); err != nil {
		return nil, err
	}
	if spec.Grants == nil {
		spec.Grants = []Grant{{ClientID: s.opts.ClientID, Permissions: DefaultPermissions(), DirectoryRoles: []string{roleUserAdministrator}}}
	}
	for _, g := range spec.Grants {
		if err := t.grant(g, t.created); err != nil {
			return nil, err
		}
	}
	if err := t.addUsers(spec.Users); err != nil {
		return nil, err
	}
	if err := t.setSync(spec.Sync, now); err != nil {
		return nil, err
	}
	if err := t.setPeople(spec); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *tenant) setDomains(specs []DomainSpec) {
	t.domains = nil
	if len(specs) == 0 {
		specs = []DomainSpec{{Name: "tenant-" + t.id[:8] + ".onmicrosoft.com", Default: true}}
	}
	for _, d := range specs {
		t.domains = append(t.domains, domain{
			name: d.Name, federated: d.Federated, verified: !d.Unverified, isDefault: d.Default,
			isInitial: strings.HasSuffix(d.Name, ".onmicrosoft.com"),
		})
	}
}

func (t *tenant) setSKUs(specs []SKUSpec) error {
	known := catalogue()
	t.skus = nil
	for _, spec := range specs {
		sku, ok := known[spec.PartNumber]
		if !ok {
			return fmt.Errorf("no product %q in the catalogue", spec.PartNumber)
		}
		sku.enabled, sku.warning, sku.suspended = spec.Enabled, spec.Warning, spec.Suspended
		t.skus = append(t.skus, &sku)
	}
	return nil
}

// grant consents to an app.
func (t *tenant) grant(g Grant, now time.Time) error {
	sp := &servicePrincipal{id: guid(t.seed, t.id, "service principal", strings.ToLower(g.ClientID)), permissions: slices.Clone(g.Permissions)}
	t.principals[strings.ToLower(g.ClientID)] = sp
	return t.setAppRoles(sp, g.DirectoryRoles, now)
}

// Tenants lists the tenants in the order they were made.
func (s *Server) Tenants() []TenantInfo {
	var infos []TenantInfo
	for _, t := range s.tenants.Load().order {
		t.mu.Lock()
		infos = append(infos, TenantInfo{t.id, t.displayName, t.defaultDomain(), len(t.upns)})
		t.mu.Unlock()
	}
	return infos
}

// inTenant runs f under the lock of the tenant with that GUID or domain.
func (s *Server) inTenant(key string, f func(t *tenant, now time.Time) error) error {
	t, ok := s.tenantByKey(key)
	if !ok {
		return fmt.Errorf("no tenant %q", key)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := s.clock.Now()
	t.settle(now)
	return f(t, now)
}

// SetGrant consents to an app in a tenant, or changes what it was granted. Tokens
// already issued keep their permissions; directory roles count within
// [Quirks.RoleLag].
func (s *Server) SetGrant(tenantKey string, g Grant) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error { return t.grant(g, now) })
}

// RevokeGrant removes the app from the tenant.
func (s *Server) RevokeGrant(tenantKey, clientID string) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		if sp, ok := t.principals[strings.ToLower(clientID)]; ok {
			t.withdraw(now, func(a roleAssignment) bool { return a.principalID == sp.id })
			delete(t.principals, strings.ToLower(clientID))
		}
		return nil
	})
}

// SetSKUs replaces the subscriptions of a tenant.
func (s *Server) SetSKUs(tenantKey string, specs []SKUSpec) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error { return t.setSKUs(specs) })
}

// SetDomains replaces the domains of a tenant.
func (s *Server) SetDomains(tenantKey string, specs []DomainSpec) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error { t.setDomains(specs); return nil })
}

func (t *tenant) principalID(key string) string {
	if r, ok := t.find(key); ok {
		return r.current.id
	}
	for _, g := range t.groups {
		if g.displayName == key {
			return g.id
		}
	}
	return strings.ToLower(key)
}

// coerce turns a value given in Go or JSON form into the form snapshots hold.
func (s *userSchema) coerce(prop propID, value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	switch prop { //nolint:exhaustive // complex types only
	case propAssignedLicenses:
		return decodeAs[[]assignedLicense](raw)
	case propLicenseAssignmentStates:
		return decodeAs[[]licenseAssignmentState](raw)
	case propSignInActivity:
		return decodeAs[signInActivity](raw)
	}
	switch s.props[prop].kind {
	case kindString:
		return decodeAs[string](raw)
	case kindBool:
		return decodeAs[bool](raw)
	case kindInt:
		return decodeAs[int](raw)
	case kindTime:
		return decodeAs[time.Time](raw)
	case kindStrings:
		return decodeAs[[]string](raw)
	default:
		return decodeAs[any](raw)
	}
}
