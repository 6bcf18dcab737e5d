package plan

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// RecordLicenses is the name of the record that guards the Licenses facet's call.
const RecordLicenses = "Licenses"

// noSeatError is the error of a licence for which there was no seat
// (https://learn.microsoft.com/graph/api/resources/licenseassignmentstate).
const noSeatError = "CountViolation"

// planLicenses makes the whole difference in one call: what is taken away makes room
// for what excludes it (https://learn.microsoft.com/graph/api/user-assignlicense).
func planLicenses(in Input, plan *Plan) *Facet {
	l, declared := in.list(v1alpha1.ClaimLicense, in.subscription, plan)
	if !declared {
		return nil
	}
	f := &Facet{Condition: v1alpha1.ConditionLicenses}
	if in.SKUs == nil || in.User.Licenses == nil {
		l.findings.wait("the licences have not been read yet")
		f.Verdict = l.findings.verdict("")
		f.Records = keep(in.Records, RecordLicenses)
		plan.Claims = append(plan.Claims, claimsOf(in.Claims, v1alpha1.ClaimLicense)...)
		return f
	}

	w := licensing{in: in, findings: l.findings}
	for _, want := range w.wishes(l.items) {
		w.satisfy(want)
	}
	w.locate(plan)
	for _, end := range l.gone {
		w.end(end, l.items)
	}
	f.Changes, f.located = w.changes(), w.located
	f.Verdict = w.findings.verdict("the licences are as declared")
	switch {
	case w.findings.waits():
		f.Changes, f.Records = nil, keep(in.Records, RecordLicenses)
		w.claims = slices.Concat(w.claims, w.dropped, w.lacking)
	case len(f.Changes)+len(w.dropped)+len(w.lacking) > 0 && in.unsettled(f, RecordLicenses, true, plan):
		w.claims = slices.Concat(w.claims, w.dropped, w.lacking)
	case len(w.lacking) > 0 && !w.believesAbsence(f, plan):
		w.claims = append(w.claims, w.lacking...)
	}
	// What was observed may be older than what was written last.
	plan.NeedsLive = plan.NeedsLive || !in.Live && len(f.Changes) > 0 && w.contradicts
	plan.Claims = append(plan.Claims, w.claims...)
	return f
}

// believesAbsence tells whether claims may be dropped because the account, as it was read,
// lacks what they hold: only a live reading, made when no replica lags behind the grant any
// more. Nothing that is to be done for the account waits for one.
func (w *licensing) believesAbsence(f *Facet, plan *Plan) bool {
	switch {
	case !w.in.elapsedSince(w.in.Written, plan):
		if f.Verdict.Status == metav1.ConditionTrue {
			f.Verdict = Verdict{
				Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonWaiting,
				Message: "whether " + w.label(w.lacking[0]) + " was assigned is being read back",
			}
		}
		return false
	case w.in.Live:
		return true
	case len(f.Changes)+len(plan.Changes()) > 0: // the pass after they were made reads
		return false
	default:
		plan.NeedsLive = true
		return false
	}
}

// licensing gathers the difference.
type licensing struct {
	in       Input
	findings findings
	claims   []v1alpha1.Claim
	// dropped are claims that hold nothing any more, taken those that the call ends.
	dropped, taken []v1alpha1.Claim
	// lacking are claims on what the account lacks, as it was read.
	lacking []v1alpha1.Claim

	add          []directory.License
	remove       []string
	lost, gained []string
	// usageLocation is written before the call; empty when the account has one.
	usageLocation string
	// located is true when the profile's change writes the usage location before the call.
	located bool
	// unmet names an entry that was never held and cannot be had for now.
	unmet string
	// contradicts is true when the account has lost what it had, or still has what it
	// is to lose.
	contradicts bool
	// disables is true when plans in use are switched off.
	disables bool
}

// wish is a subscription that one or more entries ask for.
type wish struct {
	claims []v1alpha1.Claim
	// plans are the names or ids of those to be switched off; nil when any may be.
	plans []string
	held  bool
}

// wishes brings together the entries that mean the same subscription, and claims them.
func (w *licensing) wishes(items []item) []wish {
	var all []wish
	for _, i := range items {
		if i.claim.ID == "" {
			i.missing(&w.findings)
			w.unmet = i.claim.Name
			continue
		}
		plans := w.declaredPlans(i.claim.Name)
		n := slices.IndexFunc(all, func(other wish) bool { return sameThing(other.claims[0], i.claim) })
		switch {
		case n < 0:
			all = append(all, wish{plans: plans, held: w.in.wasHeld(i.claim)})
			n = len(all) - 1
		case all[n].plans == nil:
			all[n].plans = plans
		case plans != nil && !sameSet(all[n].plans, plans):
			w.findings.refuse(v1alpha1.ReasonInvalidSpec, "%s is listed twice with different disabledPlans, of which "+
				"the first hold: list it once", w.label(i.claim))
		}
		all[n].claims = append(all[n].claims, i.claim)
	}
	return all
}

// declaredPlans are the disabledPlans of an entry.
func (w *licensing) declaredPlans(name string) []string {
	n := slices.IndexFunc(w.in.Spec.Licenses, func(l v1alpha1.LicenseEntry) bool { return l.SKU == name })
	return w.in.Spec.Licenses[n].DisabledPlans
}

// satisfy claims what a wish means, and asks for what is missing.
func (w *licensing) satisfy(want wish) {
	has := w.possession(want.claims[0].ID)
	for _, claim := range want.claims {
		claim.Held = want.held || has.works()
		w.claims = append(w.claims, claim)
	}
	if !w.assign(want, has) && !has.works() && !want.held {
		w.unmet = w.label(want.claims[0])
	}
}

// assign asks for what a wish lacks; false when it cannot be had.
func (w *licensing) assign(want wish, has possession) bool {
	claim := want.claims[0]
	label := w.label(claim)
	sku, listed := w.sku(claim.ID)
	if !listed && (want.plans != nil || !has.works()) {
		w.findings.refuse(v1alpha1.ReasonNotFound, "the tenant has no subscription %s any more", label)
		return false
	}
	plans, ok := w.plans(sku, want.plans, label)
	switch {
	case !ok:
		return false
	case has.directly():
		w.replan(claim, label, has.direct, plans)
		return true
	case has.works():
		if plans != nil {
			w.findings.note("%s comes through group %s, which decides over its plans", label, w.group(has.group.Group))
		}
		return true
	case has.direct != nil:
		w.findings.refuse(errorReason(has.direct.Error), "%s is assigned, but Microsoft 365 could not give it (%s): "+
			"resolve that in the Microsoft 365 admin center", label, has.direct.Error)
		return false
	default:
		return w.buy(want, has, sku, plans)
	}
}

// buy takes a seat, if there is one.
func (w *licensing) buy(want wish, has possession, sku directory.SKU, plans []string) bool {
	label := w.label(want.claims[0])
	if has.group != nil && has.group.Error == noSeatError || sku.Enabled+sku.Warning <= sku.Consumed {
		w.findings.refuse(v1alpha1.ReasonNoSeat, "%s: all %d seats are taken: buy more or free one", label, sku.Enabled+sku.Warning)
		return false
	}
	if has.group != nil {
		w.findings.note("group %s could not give %s (%s)", w.group(has.group.Group), label, has.group.Error)
	}
	w.add = append(w.add, directory.License{SKU: sku.ID, DisabledPlans: plans})
	w.gained = append(w.gained, label)
	w.contradicts = w.contradicts || want.held
	return true
}

// replan switches the plans of a licence, when they are declared and others.
func (w *licensing) replan(claim v1alpha1.Claim, label string, direct *directory.LicenseAssignment, plans []string) {
	if plans == nil || sameSet(plans, direct.DisabledPlans) {
		return
	}
	w.add = append(w.add, directory.License{SKU: claim.ID, DisabledPlans: plans})
	w.lost = append(w.lost, label+w.without(claim.ID, direct.DisabledPlans))
	w.gained = append(w.gained, label+w.without(claim.ID, plans))
	w.contradicts = true
	for _, plan := range plans {
		w.disables = w.disables || !slices.Contains(direct.DisabledPlans, plan)
	}
}

// locate gives the account the Tenant's usage location before its first licence, which
// Microsoft 365 demands. One that the profile declares is the profile's to write.
func (w *licensing) locate(plan *Plan) {
	if len(w.add) == 0 || w.in.User.UsageLocation != "" {
		return
	}
	if profile := w.in.Spec.Profile; profile != nil && profile.UsageLocation != nil {
		if w.located = slices.ContainsFunc(plan.Changes(), writesUsageLocation); !w.located {
			w.findings.wait(UsageLocationFirst)
		}
		return
	}
	w.usageLocation = w.in.Defaults.UsageLocation
	if w.usageLocation == "" {
		w.findings.refuse(v1alpha1.ReasonInvalidSpec, "%s cannot be assigned without a usage location: set "+
			"spec.profile.usageLocation here, or spec.defaults.usageLocation of the Tenant", values(w.gained))
		w.unmet = w.gained[0]
		w.add, w.lost, w.gained = nil, nil, nil
		w.contradicts, w.disables = false, false
	}
}

// UsageLocationFirst is what licences wait for.
const UsageLocationFirst = "the usage location must be written first"

// RestsOn tells whether the facet's changes would be refused as long as one of those that
// are left is not made.
func (f Facet) RestsOn(left []Change) bool {
	return f.located && len(f.Changes) > 0 && slices.ContainsFunc(left, writesUsageLocation)
}

func writesUsageLocation(c Change) bool {
	_, ok := c.Attributes[directory.AttributeUsageLocation]
	return ok
}

// end takes away what a claim holds, unless an entry still asks for it. What left the
// list stays for as long as what may have been listed in its place cannot be had.
func (w *licensing) end(end ending, items []item) {
	has := w.possession(end.claim.ID)
	label := w.label(end.claim)
	switch {
	case slices.ContainsFunc(items, func(i item) bool { return sameThing(i.claim, end.claim) }):
		w.dropped = append(w.dropped, end.claim)
	case has.direct == nil:
		if has.group != nil {
			w.findings.note("%s comes through group %s, and stays", label, w.group(has.group.Group))
		}
		w.lacking = append(w.lacking, end.claim)
	case w.unmet != "" && !end.expired:
		w.findings.note("%s is taken away once %s can be assigned, or has left the list as well", label, w.unmet)
		w.claims = append(w.claims, end.claim)
	default:
		w.claims = append(w.claims, end.claim)
		w.taken = append(w.taken, end.claim)
		w.contradicts = true
		if !slices.Contains(w.remove, end.claim.ID) {
			w.remove = append(w.remove, end.claim.ID)
			w.lost = append(w.lost, label)
		}
	}
}

// changes are the call, and the usage location before it.
func (w *licensing) changes() []Change {
	if len(w.add)+len(w.remove) == 0 {
		return nil
	}
	var changes []Change
	if w.usageLocation != "" {
		changes = append(changes, Change{
			Action: UpdateProfile, Record: RecordLicenses, Level: true, To: "usageLocation: " + w.usageLocation,
			Attributes: directory.Attributes{directory.AttributeUsageLocation: w.usageLocation},
		})
	}
	call := Change{
		Action: AssignLicenses, Record: RecordLicenses, Level: true, Disruptive: w.disables,
		From: values(w.lost), To: values(w.gained), Claims: w.taken,
		Licenses: &directory.LicenseChange{Add: w.add, Remove: w.remove},
	}
	if len(w.remove) > 0 {
		call.Action, call.Disruptive = RemoveLicenses, true
	}
	return append(changes, call)
}
