package plan

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// Names of the records that the SignIn facet keeps.
const (
	RecordSignIn   = "SignIn"
	RecordSessions = "Sessions"
)

const (
	valueSuspended = "suspended=true"
	valueAllowed   = "suspended=false"
)

func planSignIn(in Input, plan *Plan) *Facet {
	suspended := in.Spec.Suspended != nil && *in.Spec.Suspended
	switch {
	case in.Spec.Suspended == nil && in.Spec.StartAt == nil:
		return nil
	case in.User.Enabled == directory.Unknown:
		return &Facet{
			Condition: v1alpha1.ConditionSignIn,
			Records:   keep(in.Records, RecordSignIn, RecordSessions, RecordStart),
			Verdict: Verdict{
				Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonWaiting,
				Message: "Microsoft 365 has not told yet whether sign-in is blocked",
			},
		}
	case suspended:
		plan.kept = append(plan.kept, keep(in.Records, RecordStart)...)
		return planSuspended(in, plan)
	}
	if f := planStart(in, plan); f != nil || in.Spec.Suspended == nil {
		return f
	}
	return planAllowed(in, plan)
}

// planSuspended blocks sign-in and keeps it blocked, and revokes the sessions once.
func planSuspended(in Input, plan *Plan) *Facet {
	block, known := in.record(RecordSignIn, valueSuspended)
	revoke, _ := in.record(RecordSessions, valueSuspended)
	blocked := in.User.Enabled == directory.No
	if !known && in.Adopting && blocked {
		adopt(&block)
		adopt(&revoke)
	}

	f := &Facet{Condition: v1alpha1.ConditionSignIn}
	again := !blocked && block.Phase == v1alpha1.PhaseDone
	f.Verdict = suspendedVerdict(in.User, block.Count, again)
	if blocked {
		in.found(&block)
	} else {
		plan.NeedsLive = plan.NeedsLive || (again && !in.Live)
		f.Changes = append(f.Changes, Change{
			Action: BlockSignIn, Record: RecordSignIn, Again: again,
			From: string(v1alpha1.StateActive), To: string(v1alpha1.StateSuspended),
		})
	}
	if revoke.Phase == v1alpha1.PhaseStarted {
		if movedSince(in.User.SessionsValidFrom, revoke.Baseline) {
			in.found(&revoke)
		} else if in.settle(revoke, plan) {
			revoke.Phase = v1alpha1.PhaseOwed
		}
	}
	if revoke.Phase == v1alpha1.PhaseOwed {
		f.Changes = append(f.Changes, Change{
			Action: RevokeSessions, Record: RecordSessions,
			Baseline: formatTime(in.User.SessionsValidFrom),
		})
	}
	if revoke.Phase == v1alpha1.PhaseStarted {
		f.Verdict = Verdict{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProgressing,
			Message: "sign-in is blocked; whether the sessions were revoked is being read back",
		}
	}
	f.Records = []v1alpha1.Record{block, revoke}
	return f
}

// suspendedVerdict holds once the account is blocked, the last time included.
func suspendedVerdict(user directory.User, count int32, again bool) Verdict {
	if again {
		count++
	}
	if user.OnPremises.Synced != directory.Yes {
		return Verdict{
			Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSucceeded,
			Message: "sign-in is blocked",
		}
	}
	message := fmt.Sprintf("sign-in is blocked in the cloud only: disable %s in Active Directory as well, or each "+
		"synchronization lets the account in again until it is blocked anew", onPremisesName(user))
	if count > 0 {
		message += fmt.Sprintf(" (so far %d times)", count)
	}
	return Verdict{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonMasteredOnPremises, Message: message}
}

// planAllowed lets the account sign in once; one that somebody else blocks later
// stays blocked.
func planAllowed(in Input, plan *Plan) *Facet {
	allow, known := in.record(RecordSignIn, valueAllowed)
	blocked := in.User.Enabled == directory.No
	if !known && in.Adopting {
		adopt(&allow)
	}
	if !blocked && allow.Phase != v1alpha1.PhaseStarted {
		in.found(&allow)
	}

	f := &Facet{Condition: v1alpha1.ConditionSignIn, Verdict: Verdict{
		Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSucceeded, Message: "sign-in is allowed",
	}}
	if allow.Phase == v1alpha1.PhaseStarted {
		f.Verdict = settleAllowed(in, plan, &allow, blocked)
	}
	switch {
	case blocked && allow.Phase == v1alpha1.PhaseOwed:
		f.Changes = []Change{{
			Action: AllowSignIn, Record: RecordSignIn,
			From: string(v1alpha1.StateSuspended), To: string(v1alpha1.StateActive),
		}}
	case blocked && allow.Phase == v1alpha1.PhaseDone:
		plan.NeedsLive = plan.NeedsLive || !in.Live && !in.BlockedElsewhere
		f.Verdict = blockedElsewhere()
	}
	f.Records = []v1alpha1.Record{allow}
	return f
}

// settleAllowed decides whether an attempt to allow sign-in took place.
func settleAllowed(in Input, plan *Plan, allow *v1alpha1.Record, blocked bool) Verdict {
	switch {
	case !blocked:
		in.found(allow)
	case in.settle(*allow, plan):
		allow.Phase = v1alpha1.PhaseOwed
	default:
		return Verdict{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProgressing,
			Message: "whether sign-in was allowed is being read back",
		}
	}
	return Verdict{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSucceeded, Message: "sign-in is allowed"}
}

func blockedElsewhere() Verdict {
	return Verdict{
		Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonBlockedElsewhere,
		Message: "somebody else blocked sign-in, and it stays blocked: to let the person in, " +
			"unblock the account where it was blocked, or set spec.suspended to true and then to false",
	}
}

// keep returns the records with the given names.
func keep(records []v1alpha1.Record, names ...string) []v1alpha1.Record {
	var kept []v1alpha1.Record
	for _, r := range records {
		for _, name := range names {
			if r.Name == name {
				kept = append(kept, r)
			}
		}
	}
	return kept
}

// onPremisesName is how Active Directory's own tools name the account.
func onPremisesName(u directory.User) string {
	switch {
	case u.OnPremises.SAMAccountName == "":
		return "the account"
	case u.OnPremises.Domain == "":
		return u.OnPremises.SAMAccountName
	default:
		return u.OnPremises.Domain + `\` + u.OnPremises.SAMAccountName
	}
}
