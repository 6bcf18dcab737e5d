package graphsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Effects of Graph requests on licences, one per product.
const (
	EffectLicense   Effect = "license"
	EffectUnlicense Effect = "unlicense"
	EffectPlans     Effect = "plans" // other service plans of a product that is held
)

// licenseRequest is the body of assignLicense.
type licenseRequest struct {
	add    []assignedLicense
	remove []string
}

// assignLicense: api/user-assignlicense.md. All of it is done, or nothing.
func assignLicense(c *call) (*response, error) {
	asked, err := readLicenseRequest(c.req.body)
	if err != nil {
		return nil, err
	}
	c.entry.Fields = []string{"addLicenses", "removeLicenses"}
	r, err := c.account(c.params[0])
	if err != nil {
		return nil, err
	}
	if err := c.tenant.checkProducts(asked); err != nil {
		return nil, err
	}
	states, err := c.tenant.relicensed(r.current, asked, c)
	if err != nil {
		return nil, err
	}
	before := r.current.licenseStates()
	c.tenant.setLicenses(r, states, c.now)
	c.countLicenseEffects(r.current.id, before, asked)
	return c.licensedUser(r), nil
}

// licensedUser answers with the account.
func (c *call) licensedUser(r *userRecord) *response {
	return jsonResponse(c.renderUser(r.current, c.srv.schema.defaults, c.context("users/$entity")...))
}

// readLicenseRequest wants both lists, possibly empty.
func readLicenseRequest(body []byte) (*licenseRequest, error) {
	var raw struct {
		AddLicenses *[]struct {
			SKUID         *string  `json:"skuId"`
			DisabledPlans []string `json:"disabledPlans"`
		} `json:"addLicenses"`
		RemoveLicenses *[]string `json:"removeLicenses"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, odataBadRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	var missing []string
	if raw.AddLicenses == nil {
		missing = append(missing, "addLicenses")
	}
	if raw.RemoveLicenses == nil {
		missing = append(missing, "removeLicenses")
	}
	if len(missing) > 0 {
		return nil, badRequest("One or more parameters of the operation 'assignLicense' are missing from the request payload. The missing parameters are: " + strings.Join(missing, ", ") + ".")
	}
	asked := &licenseRequest{}
	for _, l := range *raw.AddLicenses {
		ids := l.DisabledPlans
		if l.SKUID != nil {
			ids = append([]string{*l.SKUID}, ids...)
		}
		guids, err := readGUIDs(ids)
		if err != nil || l.SKUID == nil {
			return nil, notGUID()
		}
		asked.add = append(asked.add, assignedLicense{SKUID: guids[0], DisabledPlans: guids[1:]})
	}
	var err error
	asked.remove, err = readGUIDs(*raw.RemoveLicenses)
	return asked, err
}

func notGUID() error {
	return odataBadRequest("Cannot convert a primitive value to the expected type 'Edm.Guid'. See the inner exception for more details.")
}

func readGUIDs(texts []string) ([]string, error) {
	guids := []string{}
	for _, text := range texts {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, notGUID()
		}
		guids = append(guids, id.String())
	}
	return guids, nil
}

// checkProducts refuses what no account could be given: products that the tenant
// has no subscription of, plans that are no part of them, contradictions.
func (t *tenant) checkProducts(asked *licenseRequest) error {
	seen := map[string]bool{}
	for _, id := range asked.remove {
		if seen[id] {
			return badRequest("License " + id + " is named more than once.")
		}
		seen[id] = true
	}
	for _, l := range asked.add {
		if seen[l.SKUID] {
			return badRequest("License " + l.SKUID + " is named more than once.")
		}
		seen[l.SKUID] = true
		sku, ok := t.sku(l.SKUID)
		if !ok {
			return badRequest("License " + l.SKUID + " does not correspond to a valid company License.")
		}
		for _, plan := range l.DisabledPlans {
			if !slices.ContainsFunc(sku.plans, func(p servicePlan) bool { return p.id == plan }) {
				return badRequest("License assignment failed because service plan " + plan + " does not belong to the license " + l.SKUID + ".")
			}
		}
	}
	return nil
}

// relicensed is what the account's assignments would be, or why they cannot.
func (t *tenant) relicensed(u *user, asked *licenseRequest, c *call) ([]licenseAssignmentState, error) {
	states := u.licenseStates()
	direct := func(skuID string) func(licenseAssignmentState) bool {
		return func(s licenseAssignmentState) bool { return s.SKUID == skuID && s.from("") }
	}
	for _, id := range asked.remove {
		if !slices.ContainsFunc(states, direct(id)) {
			return nil, notRemovable(states, id)
		}
		states = slices.DeleteFunc(states, direct(id))
	}
	if len(asked.add) > 0 {
		if problem := badLocation(u.str(propUsageLocation)); problem != nil {
			return nil, problem.refusal()
		}
	}
	for _, l := range asked.add {
		if problem := t.shortage(u, l.SKUID); problem != nil {
			return nil, problem.refusal()
		}
		states = append(slices.DeleteFunc(states, direct(l.SKUID)), directLicense(l, c.now))
	}
	if problem := t.exclusion(states); problem != nil {
		return nil, problem.refusal()
	}
	if problem := t.dependency(states); problem != nil {
		return nil, problem.refusal()
	}
	return states, nil
}

// notRemovable tells what comes from a group from what is not there.
func notRemovable(states []licenseAssignmentState, skuID string) error {
	if slices.ContainsFunc(states, func(s licenseAssignmentState) bool { return s.SKUID == skuID && s.active() }) {
		return badRequest("User license is inherited from a group membership and it cannot be removed directly from the user.")
	}
	return badRequest("User does not have a corresponding license.")
}

func (c *call) countLicenseEffects(id string, before []licenseAssignmentState, asked *licenseRequest) {
	for _, l := range asked.add {
		i := slices.IndexFunc(before, func(s licenseAssignmentState) bool { return s.SKUID == l.SKUID && s.from("") })
		switch {
		case i < 0:
			c.tenant.stats.effect(id, EffectLicense)
		case !slices.Equal(before[i].DisabledPlans, l.DisabledPlans):
			c.tenant.stats.effect(id, EffectPlans)
		}
	}
	for range asked.remove {
		c.tenant.stats.effect(id, EffectUnlicense)
	}
}

// reprocessLicenses: api/user-reprocesslicenseassignment.md. What still cannot be
// given is the answer's error.
func reprocessLicenses(c *call) (*response, error) {
	r, err := c.account(c.params[0])
	if err != nil {
		return nil, err
	}
	c.tenant.giveLicenses(r, c.now)
	for _, s := range r.current.licenseStates() {
		if s.Error != noViolation && s.Error != otherViolation {
			return nil, c.tenant.reprocessRefusal(r, s)
		}
	}
	return c.licensedUser(r), nil
}

// reprocessRefusal says in the words of a direct assignment what is wrong with one
// by a group.
func (t *tenant) reprocessRefusal(r *userRecord, failed licenseAssignmentState) error {
	var others []licenseAssignmentState
	for _, s := range r.current.licenseStates() {
		if !s.from(*failed.AssignedByGroup) || s.State == licenseActive {
			others = append(others, s)
		}
	}
	problem := t.dependency(others) // it would be missed
	if failed.State == licenseError {
		failed.State = licenseActive
		_, problem = t.impossible(r, others, []licenseAssignmentState{failed})
	}
	if problem == nil {
		return badRequest("License assignment failed.")
	}
	return problem.refusal()
}

// assignGroupLicense: api/group-assignlicense.md. Members get theirs later.
func assignGroupLicense(c *call) (*response, error) {
	asked, err := readLicenseRequest(c.req.body)
	if err != nil {
		return nil, err
	}
	g, ok := c.tenant.group(c.params[0])
	if !ok {
		return nil, notFound(c.params[0])
	}
	if !g.securityEnabled() {
		return nil, badRequest("License assignment is allowed for security enabled groups only.")
	}
	if err := c.tenant.checkProducts(asked); err != nil {
		return nil, err
	}
	licenses := slices.Clone(g.licenses)
	for _, id := range asked.remove {
		count := len(licenses)
		licenses = slices.DeleteFunc(licenses, func(l assignedLicense) bool { return l.SKUID == id })
		if len(licenses) == count {
			return nil, badRequest("Group does not have a corresponding license.")
		}
	}
	for _, l := range asked.add {
		licenses = append(slices.DeleteFunc(licenses, func(have assignedLicense) bool { return have.SKUID == l.SKUID }), l)
	}
	c.tenant.licenseGroup(g, licenses, c.now)
	res := jsonResponse(object(append(c.context("groups/$entity"), c.srv.types.group.project(g.row(), c.srv.types.group.defaults)...)...))
	res.status = http.StatusAccepted
	return res, nil
}

// licenseDetails: api/user-list-licensedetails.md.
func licenseDetails(c *call) (*response, error) {
	if err := c.query.refuse("top", "skip", "filter", "orderby", "search", "expand", "count"); err != nil {
		return nil, err
	}
	r, err := c.account(c.params[0])
	if err != nil {
		return nil, err
	}
	u := c.replica(r)
	var values []json.RawMessage
	for _, l := range u.licenses() {
		members, err := project(c.query, "microsoft.graph.licenseDetails", c.tenant.licenseMembers(u, l))
		if err != nil {
			return nil, err
		}
		values = append(values, object(members...))
	}
	return collection(c.context("users('"+u.id+"')/licenseDetails"), values), nil
}

func (t *tenant) licenseMembers(u *user, l assignedLicense) []jsonMember {
	plans, partNumber := []json.RawMessage{}, ""
	if sku, ok := t.sku(l.SKUID); ok {
		partNumber = sku.partNumber
		for _, p := range sku.plans {
			status := "Success"
			if slices.Contains(l.DisabledPlans, p.id) {
				status = "Disabled"
			}
			plans = append(plans, object(
				jsonMember{"servicePlanId", p.id}, jsonMember{"servicePlanName", p.name},
				jsonMember{"provisioningStatus", status}, jsonMember{"appliesTo", p.appliesTo()}))
		}
	}
	return []jsonMember{
		{"id", guid(t.seed, t.id, "license details", u.id, l.SKUID)}, {"skuId", l.SKUID}, {"skuPartNumber", partNumber}, {"servicePlans", plans},
	}
}
