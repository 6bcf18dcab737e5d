package controllers

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// CacheOptions keep the cache lean: of the managed fields, the largest part of a
// small object, it keeps only who owns something under a ManagedUser's spec.
func CacheOptions() cache.Options {
	return cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.ManagedUser{}: {Transform: keepSpecOwners},
		},
	}
}

func keepSpecOwners(in any) (any, error) {
	if user, ok := in.(*v1alpha1.ManagedUser); ok {
		user.ManagedFields = specOwners(user.ManagedFields)
	}
	return in, nil
}

// specOwners are the entries of those who own a field under spec, without the fields.
func specOwners(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var owners []metav1.ManagedFieldsEntry
	for _, entry := range entries {
		kept := entry.FieldsV1 == nil // came through here before
		if !kept && (entry.Subresource != "" || !strings.Contains(entry.FieldsV1.GetRawString(), `"f:spec":`)) {
			continue
		}
		owners = append(owners, metav1.ManagedFieldsEntry{Manager: entry.Manager, Operation: entry.Operation})
	}
	return owners
}

// ownedByOthers tells whether anybody but discovery owns a field under the spec of a
// cached object.
func ownedByOthers(user *v1alpha1.ManagedUser) bool {
	for _, entry := range specOwners(user.ManagedFields) {
		if entry.Manager != v1alpha1.DiscoveryFieldManager {
			return true
		}
	}
	return false
}
