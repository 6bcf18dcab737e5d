package plan

import (
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/skunames"
)

// possession is how an account has a licence, or should have it.
type possession struct {
	// direct is assigned to the account itself; nil when it is not.
	direct *directory.LicenseAssignment
	// group comes through a group, one that works before one that does not.
	group *directory.LicenseAssignment
}

// directly tells whether the account's own assignment works.
func (p possession) directly() bool { return p.direct != nil && p.direct.Error == "" }

// works tells whether the account has the licence.
func (p possession) works() bool { return p.directly() || p.group != nil && p.group.Error == "" }

func (w *licensing) possession(sku string) possession {
	var has possession
	for n := range w.in.User.Licenses {
		one := &w.in.User.Licenses[n]
		switch {
		case one.SKU != sku:
		case one.Group == "":
			has.direct = one
		case has.group == nil || has.group.Error != "":
			has.group = one
		}
	}
	return has
}

// plans resolves service plans to ids, sorted; nil when none are declared.
func (w *licensing) plans(sku directory.SKU, names []string, label string) ([]string, bool) {
	if names == nil {
		return nil, true
	}
	ids := make([]string, 0, len(names))
	for _, name := range names {
		n := slices.IndexFunc(sku.Plans, func(p directory.ServicePlan) bool {
			return strings.EqualFold(p.Name, name) || strings.EqualFold(p.ID, name)
		})
		if n < 0 {
			w.findings.refuse(v1alpha1.ReasonInvalidSpec, "%s has no service plan %s that can be disabled; it has: %s",
				label, name, some(planNames(sku.Plans)))
			return nil, false
		}
		ids = append(ids, sku.Plans[n].ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids), true
}

// without names plans that are switched off.
func (w *licensing) without(id string, plans []string) string {
	if len(plans) == 0 {
		return ""
	}
	sku, _ := w.sku(id)
	names := slices.Clone(plans)
	for n, plan := range plans {
		for _, p := range sku.Plans {
			if p.ID == plan {
				names[n] = p.Name
			}
		}
	}
	slices.Sort(names)
	return " without " + strings.Join(names, ", ")
}

func (w *licensing) sku(id string) (directory.SKU, bool) {
	for _, sku := range w.in.SKUs {
		if sku.ID == id {
			return sku, true
		}
	}
	return directory.SKU{}, false
}

// label names a subscription as administrators know it.
func (w *licensing) label(claim v1alpha1.Claim) string {
	name := claim.Name
	if sku, ok := w.sku(claim.ID); ok {
		name = sku.PartNumber
	}
	if friendly := skunames.Name(name); friendly != "" {
		return name + " (" + friendly + ")"
	}
	return name
}

func (w *licensing) group(id string) string {
	if group, ok := w.in.Groups[id]; ok && group.DisplayName != "" {
		return group.DisplayName
	}
	return id
}

// subscription resolves an entry from the tenant's subscriptions.
func (in Input) subscription(ref Ref) Target {
	names := make([]string, 0, len(in.SKUs))
	for _, sku := range in.SKUs {
		if strings.EqualFold(sku.PartNumber, ref.Name) || strings.EqualFold(sku.ID, ref.Name) {
			return Target{ID: sku.ID}
		}
		names = append(names, sku.PartNumber)
	}
	slices.Sort(names)
	return Target{
		Reason:  v1alpha1.ReasonNotFound,
		Message: "the tenant has no subscription " + ref.Name + "; it has: " + some(names),
	}
}

// errorReason tells what to do about a licence that could not be given.
func errorReason(code string) v1alpha1.Reason {
	if code == noSeatError {
		return v1alpha1.ReasonNoSeat
	}
	return v1alpha1.ReasonConflict
}

func planNames(plans []directory.ServicePlan) []string {
	names := make([]string, 0, len(plans))
	for _, p := range plans {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return names
}

// maxNames is how many names a message lists as a hint.
const maxNames = 12

// some lists a few names.
func some(names []string) string {
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > maxNames:
		return strings.Join(names[:maxNames], ", ") + ", …"
	default:
		return strings.Join(names, ", ")
	}
}

// sameSet compares without regard to order and case.
func sameSet(a, b []string) bool {
	return slices.Equal(normal(a), normal(b))
}

func normal(names []string) []string {
	all := make([]string, 0, len(names))
	for _, name := range names {
		all = append(all, strings.ToLower(name))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
