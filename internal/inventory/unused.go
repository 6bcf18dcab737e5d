package inventory

import (
	"maps"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// forgetUnused drops what is kept once for many accounts and no account has any more:
// titles, departments, products that nobody holds. Without it a tenant's memory would
// grow with every word that was ever used there. What an account brings meanwhile is
// kept twice at worst, until the next time.
func (t *Tenant) forgetUnused() {
	fresh := newInterner()
	for portion := range t.portions() {
		t.mu.RLock()
		for _, a := range portion {
			fresh.adopt(&a.shown.User)
			if a.hold != nil {
				fresh.adopt(&a.hold.read)
			}
		}
		t.mu.RUnlock()
	}
	parts, licenses := map[*string]bool{}, map[*directory.LicenseAssignment]bool{}
	for _, list := range fresh.lists {
		parts[&list[0]] = true
	}
	for _, list := range fresh.assignments {
		licenses[&list[0]] = true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.interned = fresh
	maps.DeleteFunc(t.facts.parts, func(list *string, _ []string) bool { return !parts[list] })
	maps.DeleteFunc(t.facts.licenses, func(list *directory.LicenseAssignment, _ []License) bool { return !licenses[list] })
}

// adopt takes over what an account shares with others, at the address where it is.
func (n *interner) adopt(u *directory.User) {
	n.adoptStrings(u.JobTitle, u.Department, u.UsageLocation, u.UserType, u.OnPremises.Domain)
	n.adoptStrings(u.SKUs...)
	adoptList(n.lists, listKey(u.SKUs), u.SKUs)
	for i := range u.Licenses {
		l := &u.Licenses[i]
		n.adoptStrings(l.SKU, l.Group, l.Error)
		n.adoptStrings(l.DisabledPlans...)
		adoptList(n.lists, listKey(l.DisabledPlans), l.DisabledPlans)
	}
	adoptList(n.assignments, licensesKey(u.Licenses), u.Licenses)
	if p := u.Profile; p != nil {
		n.adoptStrings(sharedTexts(p)...)
		if _, known := n.profiles[*p]; !known && !isOwn(p) {
			n.profiles[*p] = p
		}
	}
}

func (n *interner) adoptStrings(all ...string) {
	for _, s := range all {
		if _, known := n.strings[s]; !known && s != "" {
			n.strings[s] = s
		}
	}
}

func adoptList[T any](lists map[string][]T, key string, list []T) {
	if _, known := lists[key]; !known && len(list) > 0 {
		lists[key] = list
	}
}
