package graphsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// LicenseSpec is a licence: SKU is a part number or a product id, DisabledPlans are
// names or ids of service plans.
type LicenseSpec struct {
	SKU           string   `json:"sku"`
	DisabledPlans []string `json:"disabledPlans,omitempty"`
}

// States of a licence assignment (resources/licenseassignmentstate.md).
const (
	licenseActive          = "Active"
	licenseActiveWithError = "ActiveWithError"
	licenseError           = "Error"
)

// Errors of a licence assignment.
const (
	noViolation         = "None"
	countViolation      = "CountViolation"
	exclusiveViolation  = "MutuallyExclusiveViolation"
	dependencyViolation = "DependencyViolation"
	locationViolation   = "ProhibitedInUsageLocationViolation"
	otherViolation      = "Other"
)

// licenseProblem is why licences cannot be held as asked.
type licenseProblem struct {
	violation string
	plan      string // of which there is too much or too little
	message   string
}

func (p *licenseProblem) refusal() error { return badRequest(p.message) }

func (s *licenseAssignmentState) active() bool {
	return s.State == licenseActive || s.State == licenseActiveWithError
}

// from reports whether the licence comes from the group, or directly when it is
// empty.
func (s *licenseAssignmentState) from(groupID string) bool {
	return s.AssignedByGroup == nil && groupID == "" || s.AssignedByGroup != nil && *s.AssignedByGroup == groupID
}

// licensesOf resolves what a spec names among the subscriptions.
func (t *tenant) licensesOf(specs []LicenseSpec) ([]assignedLicense, error) {
	var licenses []assignedLicense
	for _, spec := range specs {
		sku, ok := t.sku(spec.SKU)
		if !ok {
			return nil, fmt.Errorf("no subscription of %q", spec.SKU)
		}
		l := assignedLicense{SKUID: sku.skuID, DisabledPlans: []string{}}
		for _, key := range spec.DisabledPlans {
			i := slices.IndexFunc(sku.plans, func(p servicePlan) bool { return p.id == key || strings.EqualFold(p.name, key) })
			if i < 0 {
				return nil, fmt.Errorf("no service plan %q in %s", key, sku.partNumber)
			}
			l.DisabledPlans = append(l.DisabledPlans, sku.plans[i].id)
		}
		licenses = append(licenses, l)
	}
	return licenses, nil
}

func licenseSpecs(licenses []assignedLicense) []LicenseSpec {
	var specs []LicenseSpec
	for _, l := range licenses {
		specs = append(specs, LicenseSpec{SKU: l.SKUID, DisabledPlans: slices.Clone(l.DisabledPlans)})
	}
	return specs
}

// licenseStates are the assignments of an account. What holds no assignment of its
// own, since an outsider only said that it is held, is a direct one.
func (u *user) licenseStates() []licenseAssignmentState {
	raw, _ := u.get(propLicenseAssignmentStates)
	known, _ := raw.([]licenseAssignmentState)
	var states []licenseAssignmentState
	held := u.licenses()
	for _, s := range known {
		if !s.active() || slices.ContainsFunc(held, func(l assignedLicense) bool { return l.SKUID == s.SKUID }) {
			states = append(states, s)
		}
	}
	for _, l := range held {
		if !slices.ContainsFunc(states, func(s licenseAssignmentState) bool { return s.SKUID == l.SKUID && s.active() }) {
			states = append(states, directLicense(l, u.time(propCreatedDateTime)))
		}
	}
	return states
}

// completeLicenses makes what an outsider says of licences agree: every product that
// is held has an assignment, and an active assignment is held.
func completeLicenses(before *user, fields []field, now time.Time) []field {
	next, _ := before.with(fields)
	said := func(prop propID) bool {
		return slices.ContainsFunc(fields, func(f field) bool { return f.prop == prop })
	}
	products, states := said(propAssignedLicenses), said(propLicenseAssignmentStates)
	switch {
	case products && !states:
		complete := next.licenseStates()
		for i := range complete {
			if complete[i].LastUpdatedDateTime.IsZero() {
				complete[i].LastUpdatedDateTime = now
			}
		}
		return append(fields, field{propLicenseAssignmentStates, complete})
	case states && !products:
		raw, _ := next.get(propLicenseAssignmentStates)
		assignments, _ := raw.([]licenseAssignmentState)
		return append(fields, field{propAssignedLicenses, held(assignments)})
	default:
		return fields
	}
}

func (u *user) licenses() []assignedLicense {
	raw, _ := u.get(propAssignedLicenses)
	held, _ := raw.([]assignedLicense)
	return held
}

func directLicense(l assignedLicense, at time.Time) licenseAssignmentState {
	return licenseAssignmentState{
		SKUID: l.SKUID, DisabledPlans: append([]string{}, l.DisabledPlans...), State: licenseActive, Error: noViolation, LastUpdatedDateTime: at,
	}
}

// held merges assignments: a product is held if one of them is active, and a plan
// is disabled if all of them disable it.
func held(states []licenseAssignmentState) []assignedLicense {
	merged := []assignedLicense{}
	for _, s := range states {
		if !s.active() {
			continue
		}
		i := slices.IndexFunc(merged, func(l assignedLicense) bool { return l.SKUID == s.SKUID })
		if i < 0 {
			merged = append(merged, assignedLicense{SKUID: s.SKUID, DisabledPlans: append([]string{}, s.DisabledPlans...)})
			continue
		}
		merged[i].DisabledPlans = slices.DeleteFunc(merged[i].DisabledPlans, func(plan string) bool { return !slices.Contains(s.DisabledPlans, plan) })
	}
	return merged
}

// enabledPlans are the service plans that the assignments give, each once.
func (t *tenant) enabledPlans(states []licenseAssignmentState) []string {
	var plans []string
	for _, l := range held(states) {
		sku, ok := t.sku(l.SKUID)
		if !ok {
			continue
		}
		for _, p := range sku.plans {
			if !p.company && !slices.Contains(l.DisabledPlans, p.id) && !slices.Contains(plans, p.id) {
				plans = append(plans, p.id)
			}
		}
	}
	return plans
}

// exclusion finds plans that nobody may have together.
func (t *tenant) exclusion(states []licenseAssignmentState) *licenseProblem {
	plans := t.enabledPlans(states)
	for _, family := range exclusivePlans() {
		var found []string
		for _, plan := range plans {
			if slices.Contains(family, plan) {
				found = append(found, plan)
			}
		}
		if len(found) > 1 {
			return &licenseProblem{exclusiveViolation, found[1], "License assignment failed because service plans " + strings.Join(found, ",") + " are mutually exclusive"}
		}
	}
	return nil
}

// dependency finds a plan that lacks the plans it works with.
func (t *tenant) dependency(states []licenseAssignmentState) *licenseProblem {
	plans, needs := t.enabledPlans(states), planNeeds()
	for _, plan := range plans {
		needed := needs[plan]
		if len(needed) > 0 && !slices.ContainsFunc(needed, func(n string) bool { return slices.Contains(plans, n) }) {
			return &licenseProblem{dependencyViolation, plan, "License assignment failed because service plan " + plan + " depends on the service plan(s) " + strings.Join(needed, ",")}
		}
	}
	return nil
}

// shortage tells whether a product has no unit left for an account that holds none.
func (t *tenant) shortage(u *user, skuID string) *licenseProblem {
	sku, ok := t.sku(skuID)
	holds := slices.ContainsFunc(u.licenses(), func(l assignedLicense) bool { return l.SKUID == skuID })
	if ok && (holds || t.consumed[skuID] < sku.seats()) {
		return nil
	}
	return &licenseProblem{countViolation, "", "Subscription with SKU " + skuID + " does not have any available licenses."}
}

// badLocation tells whether an account may be licensed where it is. Microsoft sells
// nothing to the countries under embargo.
func badLocation(location string) *licenseProblem {
	embargoed := slices.Contains([]string{"CU", "IR", "KP", "SY"}, strings.ToUpper(location))
	if isCountry(location) && !embargoed {
		return nil
	}
	return &licenseProblem{locationViolation, "", "License assignment cannot be done for user with invalid usage location."}
}

// setLicenses makes the account hold what the assignments say, and gives it a
// mailbox when one comes with it.
func (t *tenant) setLicenses(r *userRecord, states []licenseAssignmentState, now time.Time) {
	t.apply(r, []field{{propAssignedLicenses, held(states)}, {propLicenseAssignmentStates, states}}, now)
	t.provisionMailbox(r, now)
}
