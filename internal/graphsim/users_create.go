package graphsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// defaultQuota is how many objects a tenant with a verified domain holds
// (entra-docs users/directory-service-limits-restrictions.md).
const defaultQuota = 300000

// createUser: api/user-post-users.md. The answer shows the default properties.
func createUser(c *call) (*response, error) {
	body, err := c.jsonBody()
	if err != nil {
		return nil, err
	}
	wanted, err := c.srv.schema.decodeCreate(body)
	if err != nil {
		return nil, err
	}
	c.entry.Fields = wanted.names(c.srv.schema)
	if err := c.mayWrite(wanted); err != nil {
		return nil, err
	}
	if err := c.tenant.checkCreate(wanted); err != nil {
		return nil, err
	}
	r, err := c.applyCreate(wanted)
	if err != nil {
		return nil, err
	}
	res := jsonResponse(c.renderUser(r.current, c.srv.schema.defaults, c.context("users/$entity")...))
	res.status = http.StatusCreated
	res.header.Set("Location", c.objectURL(r.current.id))
	return res, nil
}

// jsonBody reads an object of any members.
func (c *call) jsonBody() (map[string]json.RawMessage, error) {
	body := map[string]json.RawMessage{}
	if err := json.Unmarshal(c.req.body, &body); err != nil {
		return nil, odataBadRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return body, nil
}

// objectURL is how the directory itself addresses a user.
func (c *call) objectURL(id string) string {
	return c.req.baseURL + "/v2/" + c.tenant.id + "/directoryObjects/" + id + "/Microsoft.DirectoryServices.User"
}

// requiredToCreate are the properties no account is made without.
func requiredToCreate() []propID {
	return []propID{propAccountEnabled, propDisplayName, propMailNickname, propPasswordProfile, propUserPrincipalName}
}

// decodeCreate reads the body of a creation: as that of a change, but that nulls say
// nothing, and some properties must be there.
func (s *userSchema) decodeCreate(body map[string]json.RawMessage) (*userPatch, error) {
	for name, raw := range body {
		if strings.HasSuffix(name, "@odata.bind") {
			return nil, notSimulated("a reference in a new user: " + name)
		}
		if _, known := s.lookup(name); known && string(raw) == "null" {
			delete(body, name)
		}
	}
	wanted, err := s.decodePatch(body)
	if err != nil {
		return nil, err
	}
	for _, prop := range requiredToCreate() {
		if !wanted.has(prop) {
			return nil, valueRequired(s.props[prop].name)
		}
	}
	if p := wanted.password.Password; p == nil || *p == "" {
		return nil, valueRequired("passwordProfile")
	}
	return wanted, nil
}

func valueRequired(name string) error {
	return badRequest("Property " + name + " value is required but is empty or missing.")
}

// checkCreate refuses what the tenant does not allow.
func (t *tenant) checkCreate(wanted *userPatch) error {
	if err := t.checkValues(wanted, ""); err != nil {
		return err
	}
	value, _ := wanted.get(propUserPrincipalName)
	upn, _ := value.(string)
	if !t.federated(upn) {
		if err := checkComplexity(wanted.password); err != nil {
			return err
		}
	} else if id, _ := wanted.get(propOnPremisesImmutableID); id == nil {
		return valueRequired("onPremisesImmutableId")
	}
	if t.objects() >= t.quota {
		return &graphError{
			status: http.StatusForbidden, code: "Directory_QuotaExceeded",
			message: "The directory object quota limit for the Tenant has been exceeded. Please ask your administrator to increase the quota limit or delete objects to reduce the used quota.",
		}
	}
	return nil
}

// objects counts what the quota counts; what lies among the deleted items still does.
func (t *tenant) objects() int { return len(t.order) - t.purged + len(t.groups) + len(t.principals) }

// applyCreate makes the account. Replicas that lag do not know it yet.
func (c *call) applyCreate(wanted *userPatch) (*userRecord, error) {
	t, fields := c.tenant, wanted.fields
	if mail, ok := wanted.get(propMail); ok {
		address, _ := mail.(string)
		fields = append(slices.Clone(fields), field{propProxyAddresses, withPrimary(&user{}, address)})
	}
	id, err := t.insert("", fields, c.now)
	if err != nil {
		return nil, err
	}
	r := t.users[id]
	r.password = *wanted.password.Password
	r.forceChange = true // Graph's default when a password is set
	r.forceFlags(*wanted.password)
	r.appear(c.now, t.quirks.ReadLag)
	t.stats.effect(id, EffectCreate)
	return r, nil
}

// SetQuota changes how many objects a tenant may hold; 0 is what tenants usually may.
func (s *Server) SetQuota(tenantKey string, objects int) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		t.setQuota(objects)
		return nil
	})
}

func (t *tenant) setQuota(objects int) {
	if objects == 0 {
		objects = defaultQuota
	}
	t.quota = objects
}
