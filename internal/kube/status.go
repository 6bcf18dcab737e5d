package kube

import (
	"context"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// StatusPatcher writes the status of one object, as often as a pass needs it, and
// only over the state that the pass has seen. It is for one goroutine.
type StatusPatcher struct {
	client client.Client
	seen   client.Object // as the API server last had it
}

// NewStatusPatcher remembers the object as it was read. Take it before any change.
func NewStatusPatcher(c client.Client, obj client.Object) *StatusPatcher {
	p := &StatusPatcher{client: c}
	p.Rebase(obj)
	return p
}

// Rebase takes the object as now known to the API server: to be called after a write
// of its metadata, which answers with the whole object.
func (p *StatusPatcher) Rebase(obj client.Object) {
	p.seen = deepCopy(obj)
}

// Patch writes the object's status when it differs from what the API server has.
//
// It is a compare-and-swap: when anybody has changed the object since it was read,
// nothing is written and the error is a conflict (apierrors.IsConflict). So a step
// whose intent was written with it is the caller's alone to take. After a write the
// object carries its new resourceVersion, and the next write compares with that.
func (p *StatusPatcher) Patch(ctx context.Context, obj client.Object) error {
	status := statusOf(obj)
	if equality.Semantic.DeepEqual(statusOf(p.seen).Interface(), status.Interface()) {
		return nil
	}
	wanted := deepCopy(p.seen)
	statusOf(wanted).Set(statusOf(deepCopy(obj)))
	same, err := p.sameOnTheWire(wanted)
	if err != nil || same {
		return err
	}
	patch := client.MergeFromWithOptions(deepCopy(p.seen), client.MergeFromWithOptimisticLock{})
	if err := p.client.Status().Patch(ctx, wanted, patch, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return fmt.Errorf("patch status: %w", err)
	}
	p.seen = wanted
	obj.SetResourceVersion(wanted.GetResourceVersion())
	return nil
}

// sameOnTheWire tells whether nothing is left of a difference once it is written
// down, as of fractions of a second.
func (p *StatusPatcher) sameOnTheWire(wanted client.Object) (bool, error) {
	data, err := client.MergeFrom(p.seen).Data(wanted)
	if err != nil {
		return false, fmt.Errorf("compare status: %w", err)
	}
	return string(data) == "{}", nil
}

// statusOf is the Status field, which every kind with a status subresource has.
func statusOf(obj client.Object) reflect.Value {
	return reflect.ValueOf(obj).Elem().FieldByName("Status")
}

func deepCopy(obj client.Object) client.Object {
	return obj.DeepCopyObject().(client.Object) //nolint:errcheck,forcetypeassert // a copy is of its original's type
}
