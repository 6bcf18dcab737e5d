package controllers

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
)

// heldAnnotation tells since when a deleted object is held, and that nothing was left on
// it by which it is known who declared it.
const heldAnnotation = "identity.m365-operator.io/held"

// forget takes from a deleted object all by which those who apply manifests know theirs:
// their labels, their annotations and their ownership of fields. Applying a manifest
// again that stands unchanged writes nothing at all, so a prune that was reverted could
// not be told from one that was not; what was taken away is written again.
func (r *ManagedUserReconciler) forget(ctx context.Context, s *userScope) error {
	if !heldSince(s.user).IsZero() {
		return nil
	}
	var stored v1alpha1.ManagedUser // the cache has no managed fields
	if err := r.Reader.Get(ctx, client.ObjectKeyFromObject(s.user), &stored); err != nil {
		return fmt.Errorf("get managed user: %w", err)
	}
	if stored.ResourceVersion != s.user.ResourceVersion {
		return heldUp()
	}
	changed := stored.DeepCopy()
	maps.DeleteFunc(changed.Labels, foreign)
	maps.DeleteFunc(changed.Annotations, foreign)
	metav1.SetMetaDataAnnotation(&changed.ObjectMeta, heldAnnotation, r.Clock.Now().UTC().Format(time.RFC3339))
	changed.ManagedFields = kube.WithoutSpecOwners(stored.ManagedFields)
	patch := client.MergeFromWithOptions(&stored, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, changed, patch, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return fmt.Errorf("hold deletion: %w", err)
	}
	s.user.Labels, s.user.Annotations = changed.Labels, changed.Annotations
	s.user.ManagedFields = kube.SpecOwners(changed.ManagedFields)
	s.user.SetResourceVersion(changed.GetResourceVersion())
	s.status.Rebase(s.user)
	return nil
}

// foreign tells labels and annotations of others from the operator's own, and from what
// merely asks for a pass.
func foreign(key, _ string) bool {
	return !strings.HasPrefix(key, v1alpha1.GroupVersion.Group+"/") && key != v1alpha1.RequestedAtAnnotation
}

// heldSince is zero for an object that is not held.
func heldSince(user *v1alpha1.ManagedUser) time.Time {
	at, err := time.Parse(time.RFC3339, user.Annotations[heldAnnotation])
	if err != nil {
		return time.Time{}
	}
	return at
}

// declaredAgain tells whether somebody applied a deleted object's manifest again, or
// changed what it declares.
func declaredAgain(user *v1alpha1.ManagedUser) bool {
	if heldSince(user).IsZero() {
		return kube.DeclaredAt(user).After(user.DeletionTimestamp.Time)
	}
	if len(kube.SpecOwners(user.ManagedFields)) > 0 {
		return true
	}
	for _, known := range []map[string]string{user.Labels, user.Annotations} {
		for key, value := range known {
			if foreign(key, value) {
				return true
			}
		}
	}
	return false
}
