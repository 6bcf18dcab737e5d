package main

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/kube"
)

// violation is what is not as the model has it.
type violation struct {
	// person whom it is about; nil when it is about nobody in particular.
	person *person
	what   string
}

func (v violation) String() string {
	if v.person == nil {
		return v.what
	}
	return v.person.tenant.namespace + "/" + v.person.name + ": " + v.what
}

// compare compares all of a tenant with the model.
func (t *tenant) compare(s *survey) []violation {
	all := t.compareTenant(s)
	known := set{}
	for _, p := range t.people {
		p.meet(s)
		known[p.account.id] = true
		for _, what := range p.compare(s) {
			all = append(all, violation{p, what})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.raw)) {
		before, stranger := t.strangers[id]
		switch {
		case stranger && before != s.raw[id]:
			all = append(all, violation{what: fmt.Sprintf("the account %s that nobody declares was changed:\n  from %s\n  to   %s", id, before, s.raw[id])})
		case stranger && len(s.effects[id]) > 0:
			all = append(all, violation{what: fmt.Sprintf("something happened to the account %s that nobody declares: %v", id, s.effects[id])})
		case !stranger && !known[id]:
			all = append(all, violation{what: "there is an account that nobody asked for: " + s.raw[id]})
		}
	}
	for id := range t.strangers {
		if _, there := s.raw[id]; !there {
			all = append(all, violation{what: "the account " + id + " that nobody declares is gone"})
		}
	}
	return append(all, t.compareSecrets(s)...)
}

// compareTenant compares what the Tenant says with the model. Whatever troubled it is over.
func (t *tenant) compareTenant(s *survey) []violation {
	want := "True/" + string(v1alpha1.ReasonSucceeded)
	if t.paused {
		want = "False/" + string(v1alpha1.ReasonPaused)
	}
	ready, _ := kube.Condition(&s.tenant, v1alpha1.ConditionReady)
	if have := string(ready.Status) + "/" + ready.Reason; have != want {
		return []violation{{what: fmt.Sprintf("Ready of the Tenant %s is %q, and must be %q: %s", t.namespace, have, want, ready.Message)}}
	}
	return nil
}

// compareSecrets proves that no credential lies about that belongs to nobody.
func (t *tenant) compareSecrets(s *survey) []violation {
	owners := set{}
	for _, object := range s.objects {
		owners[string(object.UID)] = true
	}
	var all []violation
	for _, name := range slices.Sorted(maps.Keys(s.secrets)) {
		if owner := s.secrets[name]; owner == "" || !owners[owner] {
			all = append(all, violation{what: "the Secret " + t.namespace + "/" + name + " belongs to nobody"})
		}
	}
	return all
}

// meet learns the id of an account that was made.
func (p *person) meet(s *survey) {
	if id, ok := s.ids[p.account.upn]; ok && p.account.exists && p.account.id == "" {
		p.account.id = id
	}
}

// compare compares what there is of somebody with the model.
func (p *person) compare(s *survey) []string {
	seen := sight{account: s.accounts[p.account.id], effects: s.effects[p.account.id], object: s.objects[p.name], secrets: s.secrets}
	if p.leaving != nil {
		switch {
		case !p.leaving.due:
			return nil // its grace may be over, or not
		case seen.object != nil:
			return []string{"the object is still there, and its grace is over"}
		}
		p.settleDeparture()
	}
	found := p.compareAccount(seen.account)
	found = append(found, p.compareEffects(seen.effects)...)
	if p.declared != (seen.object != nil) {
		return append(found, fmt.Sprintf("there is an object: %t, must be %t", seen.object != nil, p.declared))
	}
	if p.declared {
		found = append(found, p.compareObject(&seen)...)
	}
	return found
}

// settleDeparture is the end that an object's deletion means.
func (p *person) settleDeparture() {
	p.account, p.effects = p.leaving.after, p.leaving.effects
	p.undeclare()
}

func (p *person) compareAccount(have account) []string {
	want := p.account
	var found []string
	differ := func(what string, have, want any) {
		if fmt.Sprint(have) != fmt.Sprint(want) {
			found = append(found, fmt.Sprintf("%s is %v in Microsoft 365, and must be %v", what, have, want))
		}
	}
	differ("the account's existence", have.exists, want.exists)
	differ("its deletion", have.deleted, want.deleted)
	if !want.exists || want.deleted || len(found) > 0 {
		return found
	}
	differ("userPrincipalName", have.upn, want.upn)
	differ("accountEnabled", have.enabled, want.enabled)
	differ("forceChangePasswordNextSignIn", have.forced, want.forced)
	differ("the manager", have.manager, want.manager)
	for _, attribute := range attributes() {
		differ(attribute.name, have.profile[attribute.name], want.profile[attribute.name])
	}
	for _, l := range listings() {
		differ(l.name, have.held[l.kind], want.held[l.kind])
	}
	return found
}

// compareEffects proves that everything was done as often as must be, and what nobody
// asked for never.
func (p *person) compareEffects(have map[graphsim.Effect]uint64) []string {
	var found []string
	for _, effect := range graphsim.Effects() {
		least, most := p.effects[effect], p.effects[effect]+p.maybe[effect]
		if n := have[effect]; n < least || n > most {
			found = append(found, fmt.Sprintf("%s happened %d times, and must have happened %s", effect, n, times(least, most)))
		}
	}
	return found
}

// learn takes note of what a settled world has: how often everything was done that may
// have been done more or less often.
func (t *tenant) learn(s *survey) {
	for _, p := range t.people {
		if p.leaving == nil {
			p.effects, p.maybe = map[graphsim.Effect]uint64{}, map[graphsim.Effect]uint64{}
			maps.Copy(p.effects, s.effects[p.account.id])
		}
	}
}

func times(least, most uint64) string {
	if least == most {
		return fmt.Sprintf("%d times", least)
	}
	return fmt.Sprintf("%d to %d times", least, most)
}

// compareObject compares what the object says with the model.
func (p *person) compareObject(s *sight) []string {
	if p.tenant.paused {
		return nil // it is not even looked at
	}
	status := s.object.Status
	if status.ObservedGeneration != s.object.Generation {
		return []string{fmt.Sprintf("observedGeneration is %d of %d", status.ObservedGeneration, s.object.Generation)}
	}
	var found []string
	said := func(kind, want string) {
		if have := saying(s.object, kind); have != want {
			condition, _ := kube.Condition(s.object, kind)
			found = append(found, fmt.Sprintf("%s is %q, and must be %q: %s", kind, have, want, condition.Message))
		}
	}
	said(v1alpha1.ConditionReady, p.readiness())
	if p.resting() || p.observed() || p.lost() {
		return found
	}
	for _, e := range entries() {
		if e.facet != "" && e.verdict != nil {
			said(e.facet, e.verdict(p))
		}
		if e.expect != nil {
			found = append(found, e.expect(p, s)...)
		}
	}
	for _, record := range status.Records {
		if record.Phase == v1alpha1.PhaseStarted {
			found = append(found, fmt.Sprintf("the record %s is still %s", record.Name, record.Phase))
		}
	}
	found = append(found, p.compareStatus(&status)...)
	if have := s.secrets[p.name+"-first-sign-in"] != ""; have != p.memory.credential {
		found = append(found, fmt.Sprintf("there is a credential for the first sign-in: %t, must be %t", have, p.memory.credential))
	}
	if status.ID != p.account.id {
		found = append(found, fmt.Sprintf("status.id is %q, and must be %q", status.ID, p.account.id))
	}
	return found
}

// compareStatus compares what the status sums up.
func (p *person) compareStatus(status *v1alpha1.ManagedUserStatus) []string {
	state := v1alpha1.StateActive
	if !p.account.enabled {
		state = v1alpha1.StateSuspended
	}
	var found []string
	if status.State != state {
		found = append(found, fmt.Sprintf("status.state is %q, and must be %q", status.State, state))
	}
	if want := p.syncState(); status.Sync != want {
		found = append(found, fmt.Sprintf("status.sync is %q, and must be %q", status.Sync, want))
	}
	if n := len(status.PendingChanges); n > 0 && p.readiness() != refusedVerdict {
		found = append(found, fmt.Sprintf("%d changes are pending, such as %v", n, status.PendingChanges[0]))
	}
	if status.LastHandledReconcileAt != p.memory.requested {
		found = append(found, fmt.Sprintf("the pass %q was asked for, and %q was answered", p.memory.requested, status.LastHandledReconcileAt))
	}
	return found
}

// syncState is what status.sync must say.
func (p *person) syncState() v1alpha1.SyncState {
	for _, e := range entries() {
		if e.verdict == nil {
			continue
		}
		switch e.verdict(p) {
		case refusedVerdict, "False/" + string(v1alpha1.ReasonBlockedElsewhere), "False/" + string(v1alpha1.ReasonAdopted):
			return v1alpha1.SyncBlocked
		}
	}
	return v1alpha1.SyncInSync
}

// saying is a condition's status and reason; empty when there is none. What Ready says of
// an object that looks on depends on what it would do.
func saying(object *v1alpha1.ManagedUser, kind string) string {
	condition, ok := kube.Condition(object, kind)
	switch {
	case !ok:
		return ""
	case kind == v1alpha1.ConditionReady && condition.Status == metav1.ConditionTrue:
		return "True"
	default:
		return string(condition.Status) + "/" + condition.Reason
	}
}

// readiness is what Ready must say.
func (p *person) readiness() string {
	switch {
	case p.spec.Paused:
		return "False/Paused"
	case p.lost():
		return "False/NotFound"
	}
	for _, e := range entries() {
		if e.verdict != nil && e.verdict(p) == refusedVerdict && !p.observed() {
			return refusedVerdict
		}
	}
	return "True"
}
