package plan

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// RecordName is the name of the record that remembers the user principal name as last
// declared, by which a change of the spec differs from one made elsewhere.
const RecordName = "UserPrincipalName"

// planAccount renames the account when the spec's user principal name changes. One that
// was changed elsewhere is neither reversed nor taken for another account.
func planAccount(in Input, plan *Plan) *Facet {
	if !in.Declared {
		return nil
	}
	renamed := !strings.EqualFold(in.User.UserPrincipalName, in.Spec.UserPrincipalName)
	name := in.declaredName()
	switch {
	case !renamed:
		in.found(&name)
	case name.Phase == v1alpha1.PhaseStarted && in.settle(name, plan):
		name.Phase = v1alpha1.PhaseOwed
	}
	f := &Facet{Condition: v1alpha1.ConditionAccount, Records: []v1alpha1.Record{name}}
	switch {
	case name.Phase == v1alpha1.PhaseStarted:
		f.Verdict = Verdict{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProgressing,
			Message: "whether the account was renamed is being read back",
		}
	case name.Phase == v1alpha1.PhaseOwed && in.User.OnPremises.Synced == directory.Yes:
		f.Verdict = Verdict{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonMasteredOnPremises, Refused: true,
			Message: fmt.Sprintf("Active Directory masters the user principal name: rename %s there", onPremisesName(in.User)),
		}
	case name.Phase == v1alpha1.PhaseOwed:
		f.Changes = []Change{{
			Action: RenameAccount, Record: RecordName,
			From: in.User.UserPrincipalName, To: in.Spec.UserPrincipalName,
		}}
		f.Verdict = accountThere()
	case in.Spec.CreationPolicy == v1alpha1.CreationPolicyCreate:
		f.Verdict = accountThere()
	default:
		plan.kept = append(plan.kept, name)
		return nil
	}
	return f
}

func accountThere() Verdict {
	return Verdict{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSucceeded, Message: "the account is there"}
}

// declaredName is the memory of the name that was last declared: done when it was found,
// owed when the spec has another since.
func (in Input) declaredName() v1alpha1.Record {
	name, known := in.record(RecordName, in.Spec.UserPrincipalName)
	if known {
		return name
	}
	before := keep(in.Records, RecordName)
	if len(before) == 0 || strings.EqualFold(before[0].Value, in.Spec.UserPrincipalName) {
		name.Phase = v1alpha1.PhaseDone
	}
	return name
}
