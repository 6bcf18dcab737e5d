package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
)

// CacheOptions keep the cache lean: of the managed fields, the largest part of a
// small object, it keeps only who owns something under a ManagedUser's spec, and of all
// ManagedUsers only those of the Shard. Tenants are few, and a Shard's users may name
// another's: all of them are kept.
func CacheOptions(shard Shard) cache.Options {
	return cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.ManagedUser{}: {Label: shard.selector(), Transform: keepSpecOwners},
		},
	}
}

func keepSpecOwners(in any) (any, error) {
	if user, ok := in.(*v1alpha1.ManagedUser); ok {
		user.ManagedFields = kube.SpecOwners(user.ManagedFields)
	}
	return in, nil
}
