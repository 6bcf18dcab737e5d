package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// StatusPatcher writes the status of one object, as often as a pass needs it, and
// only over the state that the pass has seen. It is for one goroutine.
type StatusPatcher struct {
	client client.Client
	seen   client.Object // as the API server last had it
	turns  Turns         // what a write waits for; nil for nothing
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

// InTurn has the writes wait for their turn.
func (p *StatusPatcher) InTurn(turns Turns) { p.turns = turns }

// Patch writes the object's status when it differs from what the API server has.
//
// It is a compare-and-swap: when anybody has changed the object since it was read,
// nothing is written and the error is a conflict (apierrors.IsConflict). So a step
// whose intent was written with it is the caller's alone to take. After a write the
// object carries its new resourceVersion, and the next write compares with that.
func (p *StatusPatcher) Patch(ctx context.Context, obj client.Object) error {
	if equality.Semantic.DeepEqual(statusOf(p.seen).Interface(), statusOf(obj).Interface()) {
		return nil
	}
	patch, err := p.difference(obj)
	if err != nil || patch == nil {
		return err
	}
	done, err := p.turns.Take(ctx)
	if err != nil {
		return fmt.Errorf("patch status: %w", err)
	}
	defer done()
	answer := deepCopy(obj)
	if err := p.client.Status().Patch(ctx, answer, patch, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return fmt.Errorf("patch status: %w", err)
	}
	p.seen = answer
	obj.SetResourceVersion(answer.GetResourceVersion())
	return nil
}

// difference is the merge patch that leads from the status as it was seen to the
// object's; nil when nothing is left of it once it is written down, as of fractions of
// a second. Only the status is compared: most of an object is not, and every pass that
// writes pays for it.
func (p *StatusPatcher) difference(obj client.Object) (client.Patch, error) {
	before, err := json.Marshal(statusOf(p.seen).Interface())
	if err != nil {
		return nil, fmt.Errorf("compare status: %w", err)
	}
	after, err := json.Marshal(statusOf(obj).Interface())
	if err != nil {
		return nil, fmt.Errorf("compare status: %w", err)
	}
	status, err := jsonpatch.CreateMergePatch(before, after)
	if err != nil {
		return nil, fmt.Errorf("compare status: %w", err)
	}
	if string(status) == "{}" {
		return nil, nil //nolint:nilnil // no patch is what was found
	}
	data, err := json.Marshal(mergePatch{Metadata: seenVersion{p.seen.GetResourceVersion()}, Status: status})
	if err != nil {
		return nil, fmt.Errorf("compare status: %w", err)
	}
	return client.RawPatch(types.MergePatchType, data), nil
}

// mergePatch of a status, which is refused when the object has another version.
type mergePatch struct {
	Metadata seenVersion     `json:"metadata"`
	Status   json.RawMessage `json:"status"`
}

type seenVersion struct {
	ResourceVersion string `json:"resourceVersion"`
}

// statusOf is the Status field, which every kind with a status subresource has.
func statusOf(obj client.Object) reflect.Value {
	return reflect.ValueOf(obj).Elem().FieldByName("Status")
}

func deepCopy(obj client.Object) client.Object {
	return obj.DeepCopyObject().(client.Object) //nolint:errcheck,forcetypeassert // a copy is of its original's type
}
