package kube

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// SpecOwners are the managed-fields entries of those who own a field under spec,
// without the fields themselves. Applied to its own result it changes nothing.
func SpecOwners(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var owners []metav1.ManagedFieldsEntry
	for _, entry := range entries {
		kept := entry.FieldsV1 == nil // came through here before
		if kept || ownsSpec(entry) {
			owners = append(owners, metav1.ManagedFieldsEntry{Manager: entry.Manager, Operation: entry.Operation, Time: entry.Time})
		}
	}
	return owners
}

// WithoutSpecOwners are the managed-fields entries of those who own no field under spec.
// The entries must come from the API server, not from a cache that keeps owners only.
func WithoutSpecOwners(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	return slices.DeleteFunc(slices.Clone(entries), ownsSpec)
}

func ownsSpec(entry metav1.ManagedFieldsEntry) bool {
	return entry.Subresource == "" && strings.Contains(entry.FieldsV1.GetRawString(), `"f:spec":`)
}

// OwnedByOthers tells whether anybody but discovery owns a field under the spec.
func OwnedByOthers(obj metav1.Object) bool {
	for _, entry := range SpecOwners(obj.GetManagedFields()) {
		if entry.Manager != v1alpha1.DiscoveryFieldManager {
			return true
		}
	}
	return false
}

// DeclaredAt is when what an object declares was last changed by anybody but
// discovery, by the API server's clock; its creation when nobody else declared
// anything.
func DeclaredAt(obj metav1.Object) metav1.Time {
	at := obj.GetCreationTimestamp()
	for _, entry := range SpecOwners(obj.GetManagedFields()) {
		if entry.Manager != v1alpha1.DiscoveryFieldManager && entry.Time != nil && entry.Time.After(at.Time) {
			at = *entry.Time
		}
	}
	return at
}
