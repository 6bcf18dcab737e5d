package kube

import (
	"cmp"
	"slices"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// FindRecord returns the record of this name; false when there is none.
func FindRecord(records []v1alpha1.Record, name string) (v1alpha1.Record, bool) {
	if at := indexOf(records, name); at >= 0 {
		return records[at], true
	}
	return v1alpha1.Record{}, false
}

// UpsertRecord returns the records with this one added, or in place of the one of
// the same name, sorted by name. The given ones stay as they are.
func UpsertRecord(records []v1alpha1.Record, record v1alpha1.Record) []v1alpha1.Record {
	updated := append(DeleteRecord(records, record.Name), record)
	slices.SortFunc(updated, func(a, b v1alpha1.Record) int { return cmp.Compare(a.Name, b.Name) })
	return updated
}

// DeleteRecord returns the records without the one of this name. The given ones stay
// as they are.
func DeleteRecord(records []v1alpha1.Record, name string) []v1alpha1.Record {
	return slices.DeleteFunc(slices.Clone(records), func(r v1alpha1.Record) bool { return r.Name == name })
}

func indexOf(records []v1alpha1.Record, name string) int {
	return slices.IndexFunc(records, func(r v1alpha1.Record) bool { return r.Name == name })
}
