package graphsim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// onPremisesMastered is Graph's refusal to write what Active Directory masters.
const onPremisesMastered = "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."

// userPatch is a decoded PATCH body.
type userPatch struct {
	fields   []field
	password *passwordChange
}

// passwordChange is the writable part of passwordProfile.
type passwordChange struct {
	Password *string `json:"password"`
	Force    *bool   `json:"forceChangePasswordNextSignIn"`
	ForceMFA *bool   `json:"forceChangePasswordNextSignInWithMfa"`
}

// patchUser: api/user-update.md. One refused property refuses the whole.
func patchUser(c *call) (*response, error) {
	body, err := c.jsonBody()
	if err != nil {
		return nil, err
	}
	patch, err := c.srv.schema.decodePatch(body)
	if err != nil {
		return nil, err
	}
	c.entry.Fields = patch.names(c.srv.schema)
	if err := c.mayWrite(patch); err != nil {
		return nil, err
	}
	r, err := c.account(c.params[0])
	if err != nil {
		return nil, err
	}
	if err := c.mayTouch(r.current.id, patch); err != nil {
		return nil, err
	}
	if err := c.tenant.checkPatch(r, patch, c.srv.opts.SyncedBlock); err != nil {
		return nil, err
	}
	c.applyPatch(r, patch)
	return noContent(), nil
}

// decodePatch checks names and values. Annotations are ignored.
func (s *userSchema) decodePatch(body map[string]json.RawMessage) (*userPatch, error) {
	names := make([]string, 0, len(body))
	for name := range body {
		names = append(names, name)
	}
	slices.Sort(names)
	patch := &userPatch{}
	for _, name := range names {
		if strings.Contains(name, "@odata.") {
			continue
		}
		prop, ok := s.lookup(name)
		if !ok {
			return nil, badRequest("Property '" + name + "' does not exist as a declared property or extension property.")
		}
		def := &s.props[prop]
		if def.is(sharePoint) {
			return nil, denied() // app-only cannot write these
		}
		if !def.is(writable) {
			return nil, badRequest("Property '"+def.name+"' is read-only and cannot be set.", errorDetail{"ReadOnly", "Property is read-only.", def.name})
		}
		if prop == propPasswordProfile {
			patch.password = &passwordChange{}
			if json.Unmarshal(body[name], patch.password) != nil {
				return nil, invalidValue(def)
			}
			continue
		}
		value, err := def.decode(body[name])
		if err != nil {
			return nil, err
		}
		patch.fields = append(patch.fields, field{prop, value})
	}
	return patch, nil
}

// decode reads a value of the property's type and checks nullability and length.
func (p *property) decode(raw json.RawMessage) (any, error) {
	if string(raw) == "null" {
		if p.is(notNullable) {
			return nil, invalidValue(p)
		}
		return nil, nil
	}
	var (
		value any
		err   error
	)
	switch p.kind {
	case kindString:
		value, err = decodeAs[string](raw)
	case kindBool:
		value, err = decodeAs[bool](raw)
	case kindInt:
		value, err = decodeAs[int](raw)
	case kindTime:
		value, err = decodeAs[time.Time](raw)
	case kindStrings:
		value, err = decodeAs[[]string](raw)
	default:
		value, err = decodeAs[any](raw)
	}
	if err != nil {
		return nil, odataBadRequest("Cannot convert the literal '" + string(raw) + "' to the expected type of property '" + p.name + "'.")
	}
	return value, p.checkLength(value)
}

func decodeAs[T any](raw json.RawMessage) (T, error) {
	var v T
	err := json.Unmarshal(raw, &v)
	return v, err
}

func (p *property) checkLength(value any) error {
	texts, _ := value.([]string)
	if s, ok := value.(string); ok {
		texts = []string{s}
		if s == "" && p.is(notNullable) {
			return invalidValue(p)
		}
	}
	for _, s := range texts {
		if p.maxLen > 0 && utf8.RuneCountInString(s) > p.maxLen {
			return invalidValue(p)
		}
	}
	if p.name == "businessPhones" && len(texts) > 1 {
		return invalidValue(p)
	}
	return nil
}

func invalidValue(p *property) error {
	message := "Invalid value specified for property '" + p.name + "' of resource 'User'."
	return badRequest(message, errorDetail{"InvalidValue", message, p.name})
}

// names lists the properties written, for the journal.
func (p *userPatch) names(s *userSchema) []string {
	var names []string
	for _, f := range p.fields {
		names = append(names, s.props[f.prop].name)
	}
	if p.password != nil {
		names = append(names, "passwordProfile")
	}
	return names
}

func (p *userPatch) has(prop propID) bool {
	if prop == propPasswordProfile {
		return p.password != nil
	}
	return slices.ContainsFunc(p.fields, func(f field) bool { return f.prop == prop })
}

func (p *userPatch) get(prop propID) (any, bool) {
	i := slices.IndexFunc(p.fields, func(f field) bool { return f.prop == prop })
	if i < 0 {
		return nil, false
	}
	return p.fields[i].value, true
}

// checkPatch refuses what the account's state does not allow. The caller holds
// the tenant's lock.
func (t *tenant) checkPatch(r *userRecord, p *userPatch, block SyncedBlock) error {
	if r.current.boolean(propOnPremisesSyncEnabled) {
		for i := range t.schema.props {
			prop := propID(i)
			refused := t.schema.props[i].is(mastered) || prop == propAccountEnabled && block == SyncedBlockRefuse
			if p.has(prop) && refused {
				return badRequest(onPremisesMastered)
			}
		}
	}
	if err := t.checkValues(p, r.current.id); err != nil {
		return err
	}
	if p.password == nil {
		return nil
	}
	if t.federated(r.current.upn()) {
		return badRequest("Password cannot be set for a federated user.", errorDetail{"InvalidValue", "The user's domain is federated.", "passwordProfile"})
	}
	return checkComplexity(p.password)
}

// checkValues refuses values that no account, or none beside those there are, may
// have. self is empty for a new account.
func (t *tenant) checkValues(p *userPatch, self string) error {
	if v, ok := p.get(propUserPrincipalName); ok {
		upn, _ := v.(string)
		if err := t.checkUPNForm(upn); err != nil {
			return err
		}
		if err := t.checkUPNFree(self, upn); err != nil {
			return err
		}
	}
	if v, ok := p.get(propUsageLocation); ok && !isCountry(v) {
		return invalidValue(&t.schema.props[propUsageLocation])
	}
	if v, ok := p.get(propMailNickname); ok {
		if nickname, _ := v.(string); strings.ContainsFunc(nickname, notInNickname) {
			return invalidValue(&t.schema.props[propMailNickname])
		}
	}
	if v, ok := p.get(propMail); ok && v != nil {
		address, _ := v.(string)
		return t.checkMail(self, address)
	}
	return nil
}

// notInNickname: resources/user.md, mailNickname.
func notInNickname(r rune) bool {
	return r <= ' ' || r > 126 || strings.ContainsRune(`@()\[]";:<>,`, r)
}

func (t *tenant) checkMail(self, address string) error {
	if name, host, ok := strings.Cut(address, "@"); !ok || name == "" || !strings.Contains(host, ".") || strings.ContainsAny(address, " ,;") {
		return invalidValue(&t.schema.props[propMail])
	}
	return t.checkAddress(self, address)
}

func isCountry(v any) bool {
	s, ok := v.(string)
	return ok && len(s) == 2 && strings.Trim(strings.ToUpper(s), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// checkUPNForm: api/user-post-users.md, userPrincipalName, and entra-docs
// authentication/concept-sspr-policy.md.
func (t *tenant) checkUPNForm(upn string) error {
	name, host, ok := strings.Cut(upn, "@")
	if !ok || name == "" || strings.HasSuffix(name, ".") || strings.ContainsFunc(name, notInUPN) {
		return badRequest("Property userPrincipalName is invalid.", errorDetail{"InvalidValue", "Property userPrincipalName is invalid.", "userPrincipalName"})
	}
	if d, known := t.domain(host); !known || !d.verified {
		message := "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization."
		return badRequest(message, errorDetail{"InvalidValue", message, "userPrincipalName"})
	}
	return nil
}

func notInUPN(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	default:
		return !strings.ContainsRune("'.-_!#^~", r)
	}
}

// checkUPNFree refuses a principal name that another account has, as its name or
// among its addresses.
func (t *tenant) checkUPNFree(self, upn string) error {
	if holder, taken := t.upns[canonicalUPN(upn)]; taken && holder != self {
		message := "Another object with the same value for property userPrincipalName already exists."
		return badRequest(message, errorDetail{"ObjectConflict", message, "userPrincipalName"})
	}
	return t.checkAddress(self, upn)
}

// federated reports whether the principal name is in a federated domain.
func (t *tenant) federated(upn string) bool {
	_, host, _ := strings.Cut(upn, "@")
	d, ok := t.domain(host)
	return ok && d.federated
}

// checkComplexity: Microsoft's rule for passwords.
func checkComplexity(p *passwordChange) error {
	if p.Password == nil || strongPassword(*p.Password) {
		return nil
	}
	message := "The specified password does not comply with password complexity requirements. Please provide a different password."
	return badRequest(message, errorDetail{"PasswordProfileInvalid", message, "password"})
}

// strongPassword: 8 to 256 characters, three of four classes.
func strongPassword(password string) bool {
	if n := utf8.RuneCountInString(password); n < 8 || n > 256 {
		return false
	}
	classes := 0
	for _, class := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"} {
		if strings.ContainsAny(password, class) {
			classes++
		}
	}
	symbol := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}
	if strings.ContainsFunc(password, symbol) {
		classes++
	}
	return classes >= 3
}

// applyPatch makes the change and counts its effects.
func (c *call) applyPatch(r *userRecord, p *userPatch) {
	fields := p.fields
	if mail, ok := p.get(propMail); ok && mail != nil {
		address, _ := mail.(string)
		fields = append(slices.Clone(fields), field{propProxyAddresses, withPrimary(r.current, address)})
	}
	if p.password != nil {
		fields = append(slices.Clone(fields), c.applyPassword(r, p.password)...)
	}
	wasEnabled := r.current.boolean(propAccountEnabled)
	changed := c.tenant.apply(r, fields, c.now)
	for i := range c.srv.schema.props {
		if prop := propID(i); changed.has(prop) {
			c.countEffect(r, prop, wasEnabled)
		}
	}
}

func (c *call) countEffect(r *userRecord, prop propID, wasEnabled bool) {
	stats, id := c.tenant.stats, r.current.id
	switch {
	case prop == propAccountEnabled && wasEnabled:
		stats.effect(id, EffectBlock)
	case prop == propAccountEnabled:
		stats.effect(id, EffectUnblock)
	case prop == propUserPrincipalName:
		stats.effect(id, EffectRename)
	case prop == propLastPasswordChange, prop == propSignInSessionsValidFrom: // counted as passwordSet
	case prop == propProxyAddresses: // counted with mail
	default:
		stats.effect(id, EffectUpdate)
	}
}

// applyPassword changes what is never readable, and returns what is.
func (c *call) applyPassword(r *userRecord, p *passwordChange) []field {
	if p.Force != nil {
		if *p.Force && !r.forceChange {
			c.tenant.stats.effect(r.current.id, EffectPasswordForce)
		}
		r.forceChange = *p.Force
	}
	if p.ForceMFA != nil {
		r.forceMFA = *p.ForceMFA
	}
	if p.Password == nil {
		return nil
	}
	r.password = *p.Password
	if p.Force == nil { // Graph's default when a password is set
		r.forceChange = true
	}
	c.tenant.stats.effect(r.current.id, EffectPasswordSet)
	return []field{{propLastPasswordChange, c.now}}
}

// revokeSignInSessions: api/user-revokesigninsessions.md. It moves
// signInSessionsValidFromDateTime every time it is called.
func revokeSignInSessions(c *call) (*response, error) {
	r, err := c.account(c.params[0])
	if err != nil {
		return nil, err
	}
	c.tenant.apply(r, []field{{propSignInSessionsValidFrom, c.now}}, c.now)
	c.tenant.stats.effect(r.current.id, EffectRevoke)
	return jsonResponse(object(append(c.context("Edm.Boolean"), jsonMember{"value", true})...)), nil
}
