package kube

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// Conditioned is an object with conditions.
type Conditioned interface {
	GetGeneration() int64
	GetConditions() []metav1.Condition
	SetConditions(conditions []metav1.Condition)
}

// SetCondition sets a condition of the object's present generation. Its transition
// time moves to now only when its status changes. Reconciling and Stalled exist only
// while they are true: with another status they are deleted.
func SetCondition(
	obj Conditioned, now time.Time, kind string, status metav1.ConditionStatus, reason v1alpha1.Reason, message string,
) {
	if status != metav1.ConditionTrue && (kind == v1alpha1.ConditionReconciling || kind == v1alpha1.ConditionStalled) {
		DeleteCondition(obj, kind)
		return
	}
	conditions := obj.GetConditions()
	meta.SetStatusCondition(&conditions, metav1.Condition{
		Type:               kind,
		Status:             status,
		ObservedGeneration: obj.GetGeneration(),
		LastTransitionTime: metav1.NewTime(now.Truncate(time.Second)),
		Reason:             string(reason),
		Message:            message,
	})
	obj.SetConditions(conditions)
}

// DeleteCondition removes a condition, if it is there.
func DeleteCondition(obj Conditioned, kind string) {
	conditions := obj.GetConditions()
	meta.RemoveStatusCondition(&conditions, kind)
	obj.SetConditions(conditions)
}

// Condition returns a copy of a condition; false when there is none.
func Condition(obj Conditioned, kind string) (metav1.Condition, bool) {
	if c := meta.FindStatusCondition(obj.GetConditions(), kind); c != nil {
		return *c, true
	}
	return metav1.Condition{}, false
}

// IsTrue tells whether a condition is there and True.
func IsTrue(obj Conditioned, kind string) bool {
	return meta.IsStatusConditionTrue(obj.GetConditions(), kind)
}
