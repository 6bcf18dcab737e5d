package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// maxNote is the longest note of an Event, in bytes; the API server refuses 1,024
// and more (k8s.io/kubernetes/pkg/apis/core/validation).
const maxNote = 999

// Events tells people what became of an object: on transitions and actions, never on
// every pass, and nothing about objects that only discovery keeps.
type Events struct {
	recorder events.EventRecorder
}

// NewEvents returns Events that are sent by the recorder.
func NewEvents(recorder events.EventRecorder) *Events { return &Events{recorder: recorder} }

// Normal tells of something done, such as action SignInBlocked.
func (e *Events) Normal(obj client.Object, reason, action, note string) {
	e.send(obj, corev1.EventTypeNormal, reason, action, note)
}

// Warning tells of something that a person should look at.
func (e *Events) Warning(obj client.Object, reason, action, note string) {
	e.send(obj, corev1.EventTypeWarning, reason, action, note)
}

// Transitions tells what changed between the conditions before a pass and after it,
// each change once: a facet speaks before Ready, which repeats the same reason.
// Being at work, waiting or throttled is no news, nor is the end of a throttling.
func (e *Events) Transitions(obj client.Object, before, after []metav1.Condition) {
	told := map[string]bool{}
	for _, condition := range facetsFirst(after) {
		repeats := condition.Type == v1alpha1.ConditionReady && told[condition.Reason]
		if repeats || !isNews(before, condition) {
			continue
		}
		told[condition.Reason] = true
		kind := corev1.EventTypeWarning
		if isCalm(condition) {
			kind = corev1.EventTypeNormal
		}
		e.send(obj, kind, condition.Reason, condition.Type, condition.Message)
	}
}

// facetsFirst lists the conditions that are told: Stalled and Reconciling only
// repeat what the others say.
func facetsFirst(conditions []metav1.Condition) []metav1.Condition {
	told := slices.DeleteFunc(slices.Clone(conditions), func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ConditionReconciling || c.Type == v1alpha1.ConditionStalled
	})
	slices.SortStableFunc(told, func(a, b metav1.Condition) int {
		return rank(a) - rank(b)
	})
	return told
}

func rank(c metav1.Condition) int {
	if c.Type == v1alpha1.ConditionReady {
		return 1
	}
	return 0
}

func isNews(before []metav1.Condition, now metav1.Condition) bool {
	quiet := []v1alpha1.Reason{v1alpha1.ReasonProgressing, v1alpha1.ReasonWaiting, v1alpha1.ReasonThrottled}
	if slices.Contains(quiet, v1alpha1.Reason(now.Reason)) {
		return false
	}
	was := meta.FindStatusCondition(before, now.Type)
	if was == nil {
		// That all is well is said once, of the whole.
		return now.Type == v1alpha1.ConditionReady || now.Reason != string(v1alpha1.ReasonSucceeded)
	}
	if was.Reason == string(v1alpha1.ReasonThrottled) && now.Status == metav1.ConditionTrue {
		return false
	}
	return was.Status != now.Status || was.Reason != now.Reason
}

// isCalm tells whether a transition needs nobody's attention.
func isCalm(c metav1.Condition) bool {
	if c.Status == metav1.ConditionTrue {
		return true
	}
	reason := v1alpha1.Reason(c.Reason)
	return reason == v1alpha1.ReasonPaused || reason == v1alpha1.ReasonObserved
}

func (e *Events) send(obj client.Object, kind, reason, action, note string) {
	if _, discovered := obj.GetLabels()[v1alpha1.DiscoveredLabel]; discovered && !OwnedByOthers(obj) {
		return
	}
	e.recorder.Eventf(obj, nil, kind, reason, action, "%s", shorten(note))
}

// shorten cuts a note between characters.
func shorten(note string) string {
	const ellipsis = "…"
	if len(note) <= maxNote {
		return note
	}
	return strings.ToValidUTF8(note[:maxNote-len(ellipsis)], "") + ellipsis
}
