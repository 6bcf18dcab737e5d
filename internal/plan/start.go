package plan

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// RecordStart is the name of the record that remembers whether an account was opened at
// its start.
const RecordStart = "Start"

// StartValue is the value of the record of a start. An account that is made blocked owes
// its opening from then on.
func StartValue(at time.Time) string { return "startAt=" + formatTime(at) }

// planStart keeps an account blocked until its start, and opens it once. It returns nil
// when the start is behind: from then on suspended alone decides.
func planStart(in Input, plan *Plan) *Facet {
	at := in.Spec.StartAt
	if at == nil {
		return nil
	}
	start := in.openingOf(at.Time, plan)
	early := at.After(in.Now)
	if start.Phase == v1alpha1.PhaseDone {
		plan.kept = append(plan.kept, start)
		return nil
	}
	f := &Facet{Condition: v1alpha1.ConditionSignIn, Records: append(keep(in.Records, RecordSessions), start)}
	if in.Spec.Suspended != nil { // false: the start opens for both
		allow, _ := in.record(RecordSignIn, valueAllowed)
		in.found(&allow)
		f.Records = append(f.Records, allow)
	}
	switch {
	case start.Phase == v1alpha1.PhaseStarted:
		f.Verdict = Verdict{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProgressing,
			Message: "whether the account was opened is being read back",
		}
	case early:
		stage(in, plan, f)
	default:
		f.Changes = []Change{{
			Action: AllowSignIn, Record: RecordStart,
			From: string(v1alpha1.StateStaged), To: string(v1alpha1.StateActive),
		}}
		f.Verdict = Verdict{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSucceeded, Message: "sign-in is allowed"}
	}
	return f
}

// openingOf is the memory of an account's opening at its start, as far as it is settled.
func (in Input) openingOf(at time.Time, plan *Plan) v1alpha1.Record {
	start, known := in.record(RecordStart, StartValue(at))
	blocked := in.User.Enabled == directory.No
	early := at.After(in.Now)
	switch {
	case start.Phase == v1alpha1.PhaseDone && known:
	case !known && !early:
		adopt(&start) // whoever is blocked so late was blocked by somebody
	case !blocked && (!known || !early):
		plan.NeedsLive = plan.NeedsLive || known && !in.Live // it may have been read before it was staged
		in.found(&start)
	case start.Phase == v1alpha1.PhaseStarted && in.settle(start, plan):
		start.Phase = v1alpha1.PhaseOwed
	}
	return start
}

// stage keeps the account blocked before its start, against whoever opens it.
func stage(in Input, plan *Plan, f *Facet) {
	plan.wake(in.Spec.StartAt.Sub(in.Now))
	f.Verdict = Verdict{
		Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonWaiting,
		Message: fmt.Sprintf("the account is made ready and stays blocked until %s", formatTime(in.Spec.StartAt.Time)),
	}
	if in.User.Enabled == directory.No {
		return
	}
	plan.NeedsLive = plan.NeedsLive || !in.Live
	f.Changes = []Change{{
		Action: BlockSignIn, Record: RecordStage, Level: true, Disruptive: true,
		From: string(v1alpha1.StateActive), To: string(v1alpha1.StateStaged),
	}}
}

// RecordStage guards the call that blocks an account again before its start.
const RecordStage = "Stage"
