package plan

import (
	"fmt"
	"strings"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// RecordProfile is the name of the record that guards the Profile facet's calls.
const RecordProfile = "Profile"

// attributeClass is a set of attributes that are written together: they are mastered
// in the same place and need the same permission.
type attributeClass struct {
	// mastered on premises, on accounts that are synchronized
	// (https://learn.microsoft.com/graph/api/user-update).
	mastered   bool
	attributes []profileAttribute
}

type profileAttribute struct {
	name  directory.Attribute
	value *string
}

// declaredProfile sorts what a profile declares into classes. Phone numbers are
// sensitive: on an administrator's account they need more than the others
// (https://learn.microsoft.com/graph/api/resources/users#who-can-perform-sensitive-actions).
func declaredProfile(p *v1alpha1.UserProfile) []attributeClass {
	return []attributeClass{
		{mastered: true, attributes: []profileAttribute{
			{directory.AttributeDisplayName, p.DisplayName},
			{directory.AttributeGivenName, p.GivenName},
			{directory.AttributeSurname, p.Surname},
			{directory.AttributeJobTitle, p.JobTitle},
			{directory.AttributeDepartment, p.Department},
			{directory.AttributeCompanyName, p.CompanyName},
			{directory.AttributeOfficeLocation, p.OfficeLocation},
			{directory.AttributeStreetAddress, p.StreetAddress},
			{directory.AttributeCity, p.City},
			{directory.AttributeState, p.State},
			{directory.AttributePostalCode, p.PostalCode},
			{directory.AttributeCountry, p.Country},
			{directory.AttributePreferredLanguage, p.PreferredLanguage},
			{directory.AttributeEmployeeID, p.EmployeeID},
			{directory.AttributeEmployeeType, p.EmployeeType},
		}},
		{mastered: true, attributes: []profileAttribute{
			{directory.AttributeMobilePhone, p.MobilePhone},
			{directory.AttributeBusinessPhone, p.BusinessPhone},
		}},
		{attributes: []profileAttribute{
			{directory.AttributeUsageLocation, p.UsageLocation},
		}},
	}
}

func planProfile(in Input, plan *Plan) *Facet {
	if in.Spec.Profile == nil {
		return nil
	}
	f := &Facet{Condition: v1alpha1.ConditionProfile, Independent: true}
	var found findings
	var mastered []string
	for _, class := range declaredProfile(in.Spec.Profile) {
		change, differing := in.updateClass(class, &found)
		switch {
		case len(differing) == 0:
		case class.mastered && in.User.OnPremises.Synced == directory.Yes:
			mastered = append(mastered, differing...)
		default:
			f.Changes = append(f.Changes, change)
		}
	}
	if len(mastered) > 0 {
		found.refuse(v1alpha1.ReasonMasteredOnPremises, "Active Directory masters %s: change that for %s there, "+
			"or take it out of spec.profile", strings.Join(mastered, ", "), onPremisesName(in.User))
	}
	if found.waits() {
		f.Changes = nil
		f.Records = keep(in.Records, RecordProfile)
	}
	f.Verdict = found.verdict("the profile is as declared")
	if len(f.Changes) == 0 || in.unsettled(f, RecordProfile, true, plan) {
		return f
	}
	// What was observed may be an older state than the one written last.
	plan.NeedsLive = plan.NeedsLive || !in.Live
	return f
}

// updateClass is the change that a class of attributes needs, and the names of those
// that differ.
func (in Input) updateClass(class attributeClass, found *findings) (Change, []string) {
	change := Change{
		Action: UpdateProfile, Record: RecordProfile, Level: true, Attributes: directory.Attributes{},
	}
	var differing, from, to []string
	for _, a := range class.attributes {
		if a.value == nil {
			continue
		}
		value, known := in.User.Attribute(a.name)
		switch {
		case !known:
			found.wait("%s has not been read yet", a.name)
		case value != *a.value:
			change.Attributes[a.name] = *a.value
			differing = append(differing, string(a.name))
			from = append(from, fmt.Sprintf("%s: %s", a.name, shown(value)))
			to = append(to, fmt.Sprintf("%s: %s", a.name, shown(*a.value)))
		}
	}
	change.From, change.To = values(from), values(to)
	return change, differing
}

// shown makes an empty value visible.
func shown(value string) string {
	if value == "" {
		return `""`
	}
	return value
}

// ProfileAttributes are the attributes that a profile declares, those to be cleared as
// empty ones.
func ProfileAttributes(p *v1alpha1.UserProfile) directory.Attributes {
	declared := directory.Attributes{}
	if p == nil {
		return declared
	}
	for _, class := range declaredProfile(p) {
		for _, a := range class.attributes {
			if a.value != nil {
				declared[a.name] = *a.value
			}
		}
	}
	return declared
}
