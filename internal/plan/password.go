package plan

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// RecordPasswordChange is the name of the record that the PasswordChange facet keeps.
const RecordPasswordChange = "PasswordChange"

const valueLatch = "forcePasswordChange=true"

func planPasswordChange(in Input, plan *Plan) *Facet {
	since := in.Spec.PasswordChangedSince
	latch := in.Spec.ForcePasswordChange != nil && *in.Spec.ForcePasswordChange
	if since == nil && !latch {
		return nil
	}
	f := &Facet{Condition: v1alpha1.ConditionPasswordChange}
	if verdict, ok := passwordElsewhere(in); ok {
		f.Verdict = verdict
		f.Records = keep(in.Records, RecordPasswordChange) // it may be here again one day
		return f
	}
	if verdict, ok := passwordLevel(in, plan); ok {
		f.Verdict = verdict
		return f
	}

	value := valueLatch
	if since != nil {
		value = "passwordChangedSince=" + formatTime(since.Time)
	}
	ask, known := in.record(RecordPasswordChange, value)
	if !known && latch && in.Adopting {
		adopt(&ask)
		ask.Baseline = formatTime(in.User.LastPasswordChange)
	}
	if ask.Phase == v1alpha1.PhaseStarted {
		settlePassword(in, plan, &ask)
	}
	if ask.Phase == v1alpha1.PhaseOwed {
		// The baseline must be Graph's value of now: an older one would take a change
		// made before we asked for the answer to our asking.
		plan.NeedsLive = plan.NeedsLive || !in.Live
		f.Changes = []Change{{
			Action: RequirePasswordChange, Record: RecordPasswordChange,
			Baseline: formatTime(in.User.LastPasswordChange),
		}}
	}
	f.Verdict = passwordVerdict(in, ask, latch)
	f.Records = []v1alpha1.Record{ask}
	return f
}

// passwordLevel tells of a level that is reached, or that is not asked for yet.
func passwordLevel(in Input, plan *Plan) (Verdict, bool) {
	since := in.Spec.PasswordChangedSince
	switch {
	case since == nil:
		return Verdict{}, false
	case in.User.LastPasswordChange.After(since.Time):
		return passwordChanged(), true
	case since.After(in.Now):
		plan.wake(since.Sub(in.Now))
		return Verdict{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonWaiting,
			Message: "passwordChangedSince lies in the future: the person is asked from then on",
		}, true
	default:
		return Verdict{}, false
	}
}

// passwordElsewhere tells of accounts whose password is not Microsoft 365's.
func passwordElsewhere(in Input) (Verdict, bool) {
	switch {
	case in.Federated == directory.Yes:
		return Verdict{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNotApplicable,
			Message: "the account's domain is federated: another identity provider holds its password",
		}, true
	case strings.EqualFold(in.User.UserType, directory.GuestUserType):
		return Verdict{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNotApplicable,
			Message: "a guest signs in with the password of the home organization",
		}, true
	case in.User.OnPremises.Synced == directory.Yes:
		return Verdict{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonMasteredOnPremises, Refused: true,
			Message: fmt.Sprintf("Active Directory masters the password: ask %s for a new one there "+
				"(User must change password at next logon)", onPremisesName(in.User)),
		}, true
	default:
		return Verdict{}, false
	}
}

// settlePassword decides whether an attempt to ask took place. Asking again before
// the person answered changes nothing, so without proof it is repeated.
func settlePassword(in Input, plan *Plan, ask *v1alpha1.Record) {
	if movedSince(in.User.LastPasswordChange, ask.Baseline) {
		in.found(ask)
		return
	}
	if in.settle(*ask, plan) {
		ask.Phase = v1alpha1.PhaseOwed
	}
}

func passwordVerdict(in Input, ask v1alpha1.Record, latch bool) Verdict {
	switch {
	case ask.Phase == v1alpha1.PhaseStarted:
		return Verdict{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProgressing,
			Message: "whether the person was asked for a new password is being read back",
		}
	case latch && ask.Phase == v1alpha1.PhaseDone && movedSince(in.User.LastPasswordChange, ask.Baseline):
		return passwordChanged()
	case ask.Cause == CauseAdopted:
		return Verdict{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonAdopted,
			Message: "not asked: forcePasswordChange was already true when this object was adopted; set it to false " +
				"and then to true to ask, or use passwordChangedSince",
		}
	default:
		return Verdict{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonWaiting,
			Message: "asked: waiting for the person to sign in and choose a new password",
		}
	}
}

func passwordChanged() Verdict {
	return Verdict{
		Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSucceeded,
		Message: "the password was changed as asked",
	}
}
