// Package kubetest is what suites check on every object of this API.
package kubetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// maxMessage is the longest message that a person still reads, in bytes.
const maxMessage = 1024

// Object is an object with conditions.
type Object interface {
	client.Object
	GetConditions() []metav1.Condition
}

// Consistent is a Gomega matcher.
type Consistent struct{ broken error }

// BeConsistent matches an object whose status holds what holds after every pass:
// the conditions speak of the object's generation, with a reason and a message fit
// for people; Ready is there; Reconciling and Stalled are there only while True, not
// both, and one of them whenever Ready is False; kstatus reads the same.
func BeConsistent() *Consistent { return &Consistent{} }

// Match tells whether the object is consistent.
func (m *Consistent) Match(actual any) (bool, error) {
	obj, ok := actual.(Object)
	if !ok {
		return false, fmt.Errorf("BeConsistent wants an object with conditions, not a %T", actual)
	}
	m.broken = errors.Join(checkGeneration(obj), checkEach(obj), checkTogether(obj), checkKstatus(obj))
	return m.broken == nil, nil
}

// FailureMessage lists what is wrong.
func (m *Consistent) FailureMessage(actual any) string {
	obj, ok := actual.(Object)
	if !ok {
		return ""
	}
	return fmt.Sprintf("the status of %T %s/%s is not consistent:\n%v\nconditions: %+v",
		actual, obj.GetNamespace(), obj.GetName(), m.broken, obj.GetConditions())
}

// NegatedFailureMessage says that nothing is wrong.
func (m *Consistent) NegatedFailureMessage(actual any) string {
	return fmt.Sprintf("the status of %T is consistent", actual)
}

func checkGeneration(obj Object) error {
	observed := reflect.ValueOf(obj).Elem().FieldByName("Status").FieldByName("ObservedGeneration").Int()
	if observed == 0 || observed != obj.GetGeneration() {
		return fmt.Errorf("status.observedGeneration is %d, the generation is %d", observed, obj.GetGeneration())
	}
	return nil
}

func checkEach(obj Object) error {
	var broken []error
	seen := map[string]bool{}
	for _, c := range obj.GetConditions() {
		if seen[c.Type] {
			broken = append(broken, fmt.Errorf("%s: there are several", c.Type))
		}
		seen[c.Type] = true
		if c.ObservedGeneration != obj.GetGeneration() {
			broken = append(broken, fmt.Errorf("%s: speaks of generation %d", c.Type, c.ObservedGeneration))
		}
		if c.LastTransitionTime.IsZero() {
			broken = append(broken, fmt.Errorf("%s: has no transition time", c.Type))
		}
		if c.Reason == "" {
			broken = append(broken, fmt.Errorf("%s: has no reason", c.Type))
		}
		if fault := messageFault(c.Message); fault != "" {
			broken = append(broken, fmt.Errorf("%s: its message %s: %q", c.Type, fault, c.Message))
		}
	}
	return errors.Join(broken...)
}

// messageFault tells what makes a message unfit for people; empty when it is fit.
func messageFault(message string) string {
	switch {
	case message == "":
		return "is empty"
	case len(message) > maxMessage:
		return "is too long"
	case strings.TrimSpace(message) != message:
		return "has space around it"
	case strings.ContainsAny(message, "\n\r\t"):
		return "has more than one line"
	case strings.ContainsAny(message[len(message)-1:], ":;,("):
		return "ends in mid-sentence"
	case strings.Contains(message, "%!"), strings.Contains(message, "<nil>"):
		return "was not formatted rightly"
	default:
		return ""
	}
}

func checkTogether(obj Object) error {
	ready := meta.FindStatusCondition(obj.GetConditions(), v1alpha1.ConditionReady)
	if ready == nil {
		return errors.New("there is no Ready")
	}
	reconciling := meta.FindStatusCondition(obj.GetConditions(), v1alpha1.ConditionReconciling)
	stalled := meta.FindStatusCondition(obj.GetConditions(), v1alpha1.ConditionStalled)
	var broken []error
	for _, c := range []*metav1.Condition{reconciling, stalled} {
		if c != nil && c.Status != metav1.ConditionTrue {
			broken = append(broken, fmt.Errorf("%s: is there although it is %s", c.Type, c.Status))
		}
	}
	if reconciling != nil && stalled != nil {
		broken = append(broken, errors.New("both Reconciling and Stalled are there"))
	}
	if stalled != nil && ready.Status == metav1.ConditionTrue {
		broken = append(broken, errors.New("there is Stalled although Ready is True"))
	}
	if ready.Status == metav1.ConditionFalse && reconciling == nil && stalled == nil {
		broken = append(broken, errors.New("neither Reconciling nor Stalled tells who is to act, although Ready is False"))
	}
	return errors.Join(broken...)
}

// checkKstatus asks what Flux, Argo CD and kpt ask.
func checkKstatus(obj Object) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		return err
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil {
		return fmt.Errorf("kstatus: %w", err)
	}
	if want := expected(obj); result.Status != want {
		return fmt.Errorf("kstatus reads %s (%s), not %s", result.Status, result.Message, want)
	}
	return nil
}

func expected(obj Object) status.Status {
	is := func(kind string) bool { return meta.IsStatusConditionTrue(obj.GetConditions(), kind) }
	switch {
	case !obj.GetDeletionTimestamp().IsZero():
		return status.TerminatingStatus
	case is(v1alpha1.ConditionStalled):
		return status.FailedStatus
	case is(v1alpha1.ConditionReady) && !is(v1alpha1.ConditionReconciling):
		return status.CurrentStatus
	default:
		return status.InProgressStatus
	}
}
