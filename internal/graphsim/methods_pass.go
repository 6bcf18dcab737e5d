package graphsim

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// EffectTemporaryAccessPass counts passes issued through Graph.
const EffectTemporaryAccessPass Effect = "temporaryAccessPass"

// temporaryPass is an account's Temporary Access Pass
// (resources/temporaryaccesspassauthenticationmethod.md); an account has one at most.
type temporaryPass struct {
	id       string
	secret   string // empty after a fixture was loaded
	created  time.Time
	start    time.Time
	lifetime int // minutes
	once     bool
	used     bool
}

// TemporaryAccessPassPolicy says who may get a Temporary Access Pass, and for how
// long (resources/temporaryaccesspassauthenticationmethodconfiguration.md). Zero
// values are Microsoft's: disabled, 60 minutes, between 60 and 480, 8 characters.
type TemporaryAccessPassPolicy struct {
	Enabled         bool `json:"enabled,omitempty"`
	DefaultLifetime int  `json:"defaultLifetimeInMinutes,omitempty"`
	MinimumLifetime int  `json:"minimumLifetimeInMinutes,omitempty"`
	MaximumLifetime int  `json:"maximumLifetimeInMinutes,omitempty"`
	DefaultLength   int  `json:"defaultLength,omitempty"`
	// UsableOnce allows passes for one sign-in only.
	UsableOnce bool `json:"isUsableOnce,omitempty"`
	// Groups, by display name or id, are whose members it is for; empty is everybody.
	Groups []string `json:"groups,omitempty"`
}

// TemporaryAccessPassSpec is a pass that was issued. Its secret is no part of it.
type TemporaryAccessPassSpec struct {
	User     string    `json:"user"` // UPN or object id
	ID       string    `json:"id"`
	Created  time.Time `json:"created"`
	Start    time.Time `json:"start"`
	Lifetime int       `json:"lifetimeInMinutes"`
	Once     bool      `json:"isUsableOnce,omitempty"`
	Used     bool      `json:"used,omitempty"`
}

func (p TemporaryAccessPassPolicy) withDefaults() TemporaryAccessPassPolicy {
	p.DefaultLifetime = cmp.Or(p.DefaultLifetime, 60)
	p.MinimumLifetime = cmp.Or(p.MinimumLifetime, 60)
	p.MaximumLifetime = cmp.Or(p.MaximumLifetime, 480)
	p.DefaultLength = cmp.Or(p.DefaultLength, 8)
	return p
}

// check refuses what the policy of a tenant cannot be.
func (p TemporaryAccessPassPolicy) check() error {
	p = p.withDefaults()
	switch {
	case p.MinimumLifetime < 10 || p.MaximumLifetime > 43200 || p.MinimumLifetime > p.MaximumLifetime:
		return errors.New("lifetimes of a Temporary Access Pass are between 10 and 43200 minutes")
	case p.DefaultLifetime < p.MinimumLifetime || p.DefaultLifetime > p.MaximumLifetime:
		return errors.New("the default lifetime of a Temporary Access Pass is between the minimum and the maximum")
	case p.DefaultLength < 8 || p.DefaultLength > 48:
		return errors.New("a Temporary Access Pass has 8 to 48 characters")
	default:
		return nil
	}
}

// mayUsePass reports whether the policy is for the account.
func (t *tenant) mayUsePass(id string) bool {
	p := t.passPolicy
	return p.Enabled && (len(p.Groups) == 0 || slices.ContainsFunc(p.Groups, func(key string) bool {
		g, err := t.groupByKey(key)
		return err == nil && slices.Contains(t.memberIDs(g, true), id)
	}))
}

// usability says whether a pass works now, and why not.
func (t *tenant) usability(id string, p *temporaryPass, now time.Time) (usable bool, reason string) {
	switch {
	case !t.mayUsePass(id):
		return false, "DisabledByPolicy"
	case p.once && p.used:
		return false, "OneTimeUsed"
	case now.Before(p.start):
		return false, "NotYetValid"
	case !now.Before(p.start.Add(time.Duration(p.lifetime) * time.Minute)):
		return false, "Expired"
	default:
		return true, "EnabledByPolicy"
	}
}

// passMembers is a pass as Graph shows it: without its secret.
func (t *tenant) passMembers(id string, p *temporaryPass, now time.Time) []jsonMember {
	usable, reason := t.usability(id, p, now)
	return []jsonMember{
		{"temporaryAccessPass", nil},
		{"createdDateTime", p.created},
		{"startDateTime", p.start},
		{"lifetimeInMinutes", p.lifetime},
		{"isUsableOnce", p.once},
		{"isUsable", usable},
		{"methodUsabilityReason", reason},
	}
}

// createTemporaryAccessPass: api/authentication-post-temporaryaccesspassmethods.md.
// A new pass replaces the one before.
func createTemporaryAccessPass(c *call) (*response, error) {
	r, err := c.methodOwner()
	if err != nil {
		return nil, err
	}
	id := r.current.id
	if externalGuest(r.current) {
		return nil, methodRefused("Temporary Access Pass cannot be added to an external guest user.")
	}
	if !c.tenant.mayUsePass(id) {
		return nil, methodRefused("Converged UserCredentialPolicy does not allow creating or updating this authentication method. AuthMethodType [TemporaryAccessPass].")
	}
	p, err := c.readPass()
	if err != nil {
		return nil, err
	}
	number := itoa(c.entry.Seq)
	p.id = guid(c.tenant.seed, c.tenant.id, id, "pass", number)
	sum := digest(c.tenant.seed, c.tenant.id, id, "pass secret", number)
	p.secret = base64.StdEncoding.EncodeToString(append(sum[:], sum[:]...))[:c.tenant.passPolicy.withDefaults().DefaultLength]
	if c.tenant.passes == nil {
		c.tenant.passes = map[string]*temporaryPass{}
	}
	c.tenant.passes[id] = p
	c.tenant.stats.effect(id, EffectTemporaryAccessPass)
	shown := authMethod{collection: collectionAccessPass, id: p.id, members: c.tenant.passMembers(id, p, c.now)}
	shown.members[0].value = p.secret
	return created(shown.render(true, c.context("users('"+id+"')/authentication/temporaryAccessPassMethods/$entity")...)), nil
}

// readPass decodes a pass to be made and holds it against the policy.
func (c *call) readPass() (*temporaryPass, error) {
	policy := c.tenant.passPolicy.withDefaults()
	p := &temporaryPass{created: c.now, start: c.now, lifetime: policy.DefaultLifetime, once: policy.UsableOnce}
	body, err := c.readBody("microsoft.graph.temporaryAccessPassAuthenticationMethod", "startDateTime", "lifetimeInMinutes", "isUsableOnce")
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		raw := body[name]
		if string(raw) == "null" {
			continue
		}
		switch name {
		case "startDateTime":
			p.start, err = decodeAs[time.Time](raw)
		case "lifetimeInMinutes":
			p.lifetime, err = decodeAs[int](raw)
		case "isUsableOnce":
			p.once, err = decodeAs[bool](raw)
		}
		if err != nil {
			return nil, odataBadRequest("Cannot convert the literal '" + string(raw) + "' to the expected type of property '" + name + "'.")
		}
	}
	if p.lifetime < policy.MinimumLifetime || p.lifetime > policy.MaximumLifetime {
		return nil, methodRefused("The lifetime of the Temporary Access Pass must be between " + strconv.Itoa(policy.MinimumLifetime) + " and " + strconv.Itoa(policy.MaximumLifetime) + " minutes.")
	}
	if policy.UsableOnce && !p.once {
		return nil, methodRefused("The Temporary Access Pass policy requires one-time use.")
	}
	return p, nil
}

// getPassPolicy: api/temporaryaccesspassauthenticationmethodconfiguration-get.md.
func getPassPolicy(c *call) (*response, error) {
	if err := c.query.refuse("select", "top", "skip", "filter", "orderby", "search", "expand", "count"); err != nil {
		return nil, err
	}
	p := c.tenant.passPolicy.withDefaults()
	state := "disabled"
	if p.Enabled {
		state = "enabled"
	}
	targets := []json.RawMessage{}
	for _, id := range c.tenant.passTargets() {
		targets = append(targets, object(jsonMember{"targetType", "group"}, jsonMember{"id", id}, jsonMember{"isRegistrationRequired", false}))
	}
	return entity(c.context("policies/authenticationMethodsPolicy/authenticationMethodConfigurations/$entity"), []jsonMember{
		{"@odata.type", "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration"},
		{"id", "TemporaryAccessPass"},
		{"state", state},
		{"defaultLifetimeInMinutes", p.DefaultLifetime},
		{"defaultLength", p.DefaultLength},
		{"minimumLifetimeInMinutes", p.MinimumLifetime},
		{"maximumLifetimeInMinutes", p.MaximumLifetime},
		{"isUsableOnce", p.UsableOnce},
		{"excludeTargets", []string{}},
		{"includeTargets", targets},
	}), nil
}

// passTargets are the ids of the groups the policy is for.
func (t *tenant) passTargets() []string {
	if len(t.passPolicy.Groups) == 0 {
		return []string{"all_users"}
	}
	return t.principalsNamed(t.passPolicy.Groups)
}

// setPasses sets the policy, and the passes that were issued.
func (t *tenant) setPasses(policy TemporaryAccessPassPolicy, specs []TemporaryAccessPassSpec) error {
	if err := policy.check(); err != nil {
		return err
	}
	t.passPolicy = policy
	for _, s := range specs {
		r, ok := t.users[t.principalID(s.User)]
		if !ok {
			return fmt.Errorf("no user %q", s.User)
		}
		if t.passes == nil {
			t.passes = map[string]*temporaryPass{}
		}
		t.passes[r.current.id] = &temporaryPass{id: s.ID, created: s.Created, start: s.Start, lifetime: s.Lifetime, once: s.Once, used: s.Used}
	}
	return nil
}

// SetTemporaryAccessPassPolicy changes who may get a Temporary Access Pass, as an
// outsider.
func (s *Server) SetTemporaryAccessPassPolicy(tenantKey string, policy TemporaryAccessPassPolicy) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error { return t.setPasses(policy, nil) })
}

// UseTemporaryAccessPass is the person signing in with the pass; it fails where
// Microsoft would refuse the sign-in.
func (s *Server) UseTemporaryAccessPass(tenantKey, user, secret string) error {
	return s.withUser(tenantKey, user, func(t *tenant, r *userRecord, now time.Time) error {
		p, ok := t.passes[r.current.id]
		if !ok || p.secret == "" || p.secret != secret {
			return errors.New("wrong Temporary Access Pass")
		}
		if usable, reason := t.usability(r.current.id, p, now); !usable {
			return fmt.Errorf("the Temporary Access Pass is not usable: %s", reason)
		}
		if !r.current.boolean(propAccountEnabled) {
			return errors.New("the account is disabled")
		}
		p.used = true
		return nil
	})
}

// adminMethods is what outsiders do about authentication methods.
func (s *Server) adminMethods(handle adminRoute) {
	handle("PUT /_sim/tenants/{tenant}/temporaryAccessPassPolicy", func(r *http.Request) (any, error) {
		var policy TemporaryAccessPassPolicy
		if err := readJSON(r, &policy); err != nil {
			return nil, err
		}
		return nil, s.SetTemporaryAccessPassPolicy(r.PathValue("tenant"), policy)
	})
	handle("POST /_sim/tenants/{tenant}/users/{user}/temporaryAccessPass/use", func(r *http.Request) (any, error) {
		var body struct {
			Pass string `json:"temporaryAccessPass"`
		}
		if err := readJSON(r, &body); err != nil {
			return nil, err
		}
		return nil, s.UseTemporaryAccessPass(r.PathValue("tenant"), r.PathValue("user"), body.Pass)
	})
}
