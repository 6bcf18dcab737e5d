package plan

import (
	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// RecordManager is the name of the record that guards the Manager facet's calls.
const RecordManager = "Manager"

func planManager(in Input, plan *Plan) *Facet {
	l, declared := in.list(v1alpha1.ClaimManager, in.named, plan)
	if !declared {
		return nil
	}
	f := &Facet{Condition: v1alpha1.ConditionManager}
	earlier := make([]v1alpha1.Claim, 0, len(l.gone))
	for _, end := range l.gone {
		earlier = append(earlier, end.claim)
	}
	found := l.findings
	want, ok := in.wantedManager(l, plan, &found)
	switch {
	case !ok:
	case !in.ManagerKnown:
		found.wait("who the manager is has not been read yet")
	case want == in.Manager:
		earlier = nil
	case in.User.OnPremises.Synced == directory.Yes:
		found.refuse(v1alpha1.ReasonMasteredOnPremises, "Active Directory masters the manager: change that for %s "+
			"there, or take it out of the spec", onPremisesName(in.User))
	default:
		f.Changes = []Change{in.changeManager(want, earlier)}
	}
	if found.waits() {
		f.Records = keep(in.Records, RecordManager)
	}
	f.Verdict = found.verdict("the manager is as declared")
	if len(f.Changes) > 0 {
		in.unsettled(f, RecordManager, false, plan)
	}
	plan.Claims = append(plan.Claims, earlier...)
	return f
}

// wantedManager is the id of the manager that is declared, empty for none; false when
// that cannot be said. It claims the entry.
func (in Input) wantedManager(l list, plan *Plan, found *findings) (id string, ok bool) {
	for _, i := range l.items {
		if i.claim.ID != "" {
			i.claim.Held = in.wasHeld(i.claim) || in.ManagerKnown && i.claim.ID == in.Manager
			plan.Claims = append(plan.Claims, i.claim)
		}
		if i.missing(found) {
			return "", false
		}
		if i.claim.ID == in.User.ID {
			found.refuse(v1alpha1.ReasonInvalidSpec, "nobody is his or her own manager: name somebody else")
			return "", false
		}
		id = i.claim.ID
	}
	return id, true
}

// changeManager drops the claim on the manager before.
func (in Input) changeManager(want string, earlier []v1alpha1.Claim) Change {
	change := Change{
		Action: SetManager, Record: RecordManager, Level: true, Claims: earlier,
		From: in.Manager, Target: want,
	}
	for _, claim := range earlier {
		if claim.ID == in.Manager {
			change.From = claim.Name
		}
	}
	if want == "" {
		change.Action = RemoveManager
	} else {
		change.To = *in.Spec.Manager
	}
	return change
}
