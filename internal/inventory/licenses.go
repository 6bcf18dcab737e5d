package inventory

import (
	"cmp"
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// learnLicenses keeps what lists of licences say for all accounts that share them.
func (f *facts) learnLicenses(user *directory.User) {
	if ids := user.SKUs; len(ids) > 0 {
		if _, ok := f.parts[&ids[0]]; !ok {
			f.parts[&ids[0]] = f.resolveParts(ids)
		}
	}
	if list := user.Licenses; len(list) > 0 {
		if _, ok := f.licenses[&list[0]]; !ok {
			f.licenses[&list[0]] = f.resolveLicenses(list)
		}
	}
}

func (f *facts) partsOf(ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	if parts, ok := f.parts[&ids[0]]; ok {
		return parts
	}
	return f.resolveParts(ids)
}

// resolveParts are the part numbers of SKUs, sorted; an id that the tenant does not
// list stays an id.
func (f *facts) resolveParts(ids []string) []string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = f.partNumber(id)
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}

func (f *facts) partNumber(id string) string {
	return cmp.Or(f.partNumbers[strings.ToLower(id)], id)
}

// licensesOf is nil for licences that were not read, and not for none.
func (f *facts) licensesOf(list []directory.LicenseAssignment) []License {
	if len(list) == 0 {
		if list == nil {
			return nil
		}
		return []License{}
	}
	if licenses, ok := f.licenses[&list[0]]; ok {
		return licenses
	}
	return f.resolveLicenses(list)
}

func (f *facts) resolveLicenses(list []directory.LicenseAssignment) []License {
	licenses := make([]License, len(list))
	for i := range list {
		licenses[i] = License{
			SKU: list[i].SKU, PartNumber: f.partNumber(list[i].SKU), ViaGroup: list[i].Group,
			DisabledPlans: list[i].DisabledPlans, Error: list[i].Error,
		}
	}
	slices.SortStableFunc(licenses, func(a, b License) int {
		return cmp.Or(cmp.Compare(a.PartNumber, b.PartNumber), cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.ViaGroup, b.ViaGroup))
	})
	return licenses
}

func equalLicenses(a, b License) bool {
	return a.SKU == b.SKU && a.PartNumber == b.PartNumber && a.ViaGroup == b.ViaGroup && a.Error == b.Error &&
		slices.Equal(a.DisabledPlans, b.DisabledPlans)
}

func equalAssignments(a, b directory.LicenseAssignment) bool {
	return a.SKU == b.SKU && a.Group == b.Group && a.Error == b.Error && slices.Equal(a.DisabledPlans, b.DisabledPlans)
}
