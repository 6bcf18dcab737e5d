package inventory

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// add takes over what is expected as well. crossed becomes true when something is expected
// otherwise than before.
func (e *Expectation) add(want Expectation, crossed *bool) {
	if want.Enabled != directory.Unknown {
		*crossed = *crossed || e.Enabled != directory.Unknown && e.Enabled != want.Enabled
		e.Enabled = want.Enabled
	}
	if !want.SessionsValidFrom.IsZero() {
		e.SessionsValidFrom = want.SessionsValidFrom.UTC()
	}
	if want.UserPrincipalName != "" {
		*crossed = *crossed || e.UserPrincipalName != "" && !strings.EqualFold(e.UserPrincipalName, want.UserPrincipalName)
		e.UserPrincipalName = want.UserPrincipalName
	}
	if len(want.Attributes) > 0 {
		attributes := maps.Clone(want.Attributes)
		for name, value := range e.Attributes {
			if now, ok := attributes[name]; ok {
				*crossed = *crossed || now != value
				continue
			}
			attributes[name] = value
		}
		e.Attributes = attributes
	}
	if want.Licenses != nil {
		e.Licenses = addLicenses(e.Licenses, want.Licenses, crossed)
	}
}

// addLicenses is one change after another.
func addLicenses(before, change *directory.LicenseChange, crossed *bool) *directory.LicenseChange {
	all := &directory.LicenseChange{}
	for _, license := range change.Add {
		plans := slices.Clone(license.DisabledPlans)
		for i := range plans {
			plans[i] = strings.ToLower(plans[i])
		}
		slices.Sort(plans)
		all.Add = append(all.Add, directory.License{SKU: strings.ToLower(license.SKU), DisabledPlans: plans})
	}
	for _, sku := range change.Remove {
		all.Remove = append(all.Remove, strings.ToLower(sku))
	}
	if before == nil {
		return all
	}
	for _, license := range before.Add {
		if concerns(all, license.SKU) {
			*crossed = true
			continue
		}
		all.Add = append(all.Add, license)
	}
	for _, sku := range before.Remove {
		if concerns(all, sku) {
			*crossed = true
			continue
		}
		all.Remove = append(all.Remove, sku)
	}
	return all
}

// concerns tells whether a change adds or removes a SKU.
func concerns(change *directory.LicenseChange, sku string) bool {
	return slices.Contains(change.Remove, sku) ||
		slices.ContainsFunc(change.Add, func(l directory.License) bool { return l.SKU == sku })
}

func (e *Expectation) showsName(user *directory.User) bool {
	return e.UserPrincipalName == "" || strings.EqualFold(user.UserPrincipalName, e.UserPrincipalName)
}

// showsAttributes passes over what was not read.
func (e *Expectation) showsAttributes(user *directory.User) bool {
	for name, want := range e.Attributes {
		if value, known := user.Attribute(name); known && value != want {
			return false
		}
	}
	return true
}

// overlayAttributes leaves unknown what was not read.
func (e *Expectation) overlayAttributes(user *directory.User) {
	for name, want := range e.Attributes {
		if value, known := user.Attribute(name); known && value != want {
			user.SetAttribute(name, want)
		}
	}
}

// showsLicenses goes by the ids alone when the paths were not read.
func (e *Expectation) showsLicenses(user *directory.User) bool {
	if e.Licenses == nil {
		return true
	}
	for _, want := range e.Licenses.Add {
		if user.Licenses == nil && !slices.Contains(user.SKUs, want.SKU) {
			return false
		}
		if user.Licenses != nil && !slices.ContainsFunc(user.Licenses, func(l directory.LicenseAssignment) bool {
			return l.Group == "" && l.SKU == want.SKU && slices.Equal(l.DisabledPlans, want.DisabledPlans)
		}) {
			return false
		}
	}
	for _, sku := range e.Licenses.Remove {
		if user.Licenses == nil && slices.Contains(user.SKUs, sku) || slices.ContainsFunc(user.Licenses, isDirect(sku)) {
			return false
		}
	}
	return true
}

func isDirect(sku string) func(directory.LicenseAssignment) bool {
	return func(l directory.LicenseAssignment) bool { return l.Group == "" && l.SKU == sku }
}

// overlayLicenses shows the licences as they will be: those of groups stay.
func (e *Expectation) overlayLicenses(user *directory.User) {
	if user.Licenses != nil {
		list := slices.DeleteFunc(slices.Clone(user.Licenses), func(l directory.LicenseAssignment) bool {
			return l.Group == "" && concerns(e.Licenses, l.SKU)
		})
		for _, add := range e.Licenses.Add {
			list = append(list, directory.LicenseAssignment{SKU: add.SKU, DisabledPlans: add.DisabledPlans})
		}
		slices.SortStableFunc(list, func(a, b directory.LicenseAssignment) int {
			return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Group, b.Group))
		})
		user.Licenses = list
	}
	skus := slices.DeleteFunc(slices.Clone(user.SKUs), func(sku string) bool {
		return slices.Contains(e.Licenses.Remove, sku) && !slices.ContainsFunc(user.Licenses, func(l directory.LicenseAssignment) bool {
			return l.SKU == sku && l.Error == ""
		})
	})
	for _, add := range e.Licenses.Add {
		skus = append(skus, add.SKU)
	}
	slices.Sort(skus)
	user.SKUs = slices.Compact(skus)
}

// mask is an account with what is expected, and what follows from it, as it was before.
func (e *Expectation) mask(user directory.User, before *directory.User) directory.User {
	if e.Enabled != directory.Unknown {
		user.Enabled = before.Enabled
	}
	if !e.SessionsValidFrom.IsZero() {
		user.SessionsValidFrom = before.SessionsValidFrom
	}
	if e.UserPrincipalName != "" {
		user.UserPrincipalName, user.Mail = before.UserPrincipalName, before.Mail
	}
	for name := range e.Attributes {
		if value, known := before.Attribute(name); known {
			user.SetAttribute(name, value)
		}
	}
	if e.Licenses != nil { // with a mailbox comes an address
		user.SKUs, user.Licenses, user.Mail = before.SKUs, before.Licenses, before.Mail
	}
	return user
}
