package kube

import (
	"maps"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// maxRequestedAt is how much of the annotation's value fits into
// status.lastHandledReconcileAt, in bytes.
const maxRequestedAt = 256

// Changed passes on what a person changed: the spec, a deletion, the annotation that
// asks for a pass, or any label or annotation of an object that is being deleted: it
// may take the deletion back. The operator's own writes of status wake nobody.
func Changed() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			if e.ObjectOld == nil || e.ObjectNew == nil {
				return false
			}
			if requestedAt(e.ObjectOld) != requestedAt(e.ObjectNew) {
				return true
			}
			remarked := !maps.Equal(e.ObjectOld.GetLabels(), e.ObjectNew.GetLabels()) ||
				!maps.Equal(e.ObjectOld.GetAnnotations(), e.ObjectNew.GetAnnotations())
			return remarked && !e.ObjectNew.GetDeletionTimestamp().IsZero()
		},
	})
}

// RequestedAt returns the value of the annotation that asks for a pass, as it is to
// be acknowledged in status.lastHandledReconcileAt, and whether it still is to be:
// handled is what stands there now.
func RequestedAt(obj client.Object, handled string) (value string, pending bool) {
	value = requestedAt(obj)
	return value, value != "" && value != handled
}

func requestedAt(obj client.Object) string {
	value := obj.GetAnnotations()[v1alpha1.RequestedAtAnnotation]
	if len(value) > maxRequestedAt {
		value = strings.ToValidUTF8(value[:maxRequestedAt], "")
	}
	return value
}
