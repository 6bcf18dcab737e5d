package inventory

import (
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// licenseStatesRound reads how accounts come by their licences, since the changes among
// the users do not tell of errors and paths
// (https://learn.microsoft.com/graph/api/user-delta).
func licenseStatesRound(t *Tenant) *round {
	var users []directory.User
	began := t.round.number
	return &round{
		tasks: []task{pages(directory.Reader.LicenseStates, func(items []directory.User) { users = items })},
		store: func(s *run) (int, Reason) {
			changed := 0
			for portion := range slices.Chunk(users, writePortion) {
				changed += s.emit(s.write(func(w *writer) {
					for i := range portion {
						w.learnStates(strings.ToLower(portion[i].ID), portion[i].Licenses, began)
					}
				}))
			}
			return changed, ""
		},
	}
}

// learnStates stores how an account comes by its licences, unless it was heard of since
// the reading began, or the licences differ: then the changes tell better.
func (w *writer) learnStates(id string, licenses []directory.LicenseAssignment, began uint32) {
	a, ok := w.accounts[id]
	if !ok || a.shown.Gone != GoneNot || a.hold != nil || a.told >= began || !slices.Equal(given(licenses), a.shown.User.SKUs) {
		return
	}
	raw := a.raw()
	raw.Licenses = w.interned.licenses(licenses)
	if raw.Licenses == nil {
		raw.Licenses = []directory.LicenseAssignment{}
	}
	w.update(a, raw, GoneNot)
}

// given are the ids of the SKUs that the account has, sorted.
func given(licenses []directory.LicenseAssignment) []string {
	var skus []string
	for i := range licenses {
		if licenses[i].Error == "" {
			skus = append(skus, licenses[i].SKU)
		}
	}
	slices.Sort(skus)
	return slices.Compact(skus)
}
