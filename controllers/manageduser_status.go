package controllers

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
)

// summarizeUser turns what a pass found out into the object's status. It is pure.
func summarizeUser(s *userScope, problem *outcome.Problem, now time.Time) {
	user := s.user
	if s.quiet {
		if user.Status.ObservedGeneration == 0 {
			setReady(user, now, metav1.ConditionUnknown, v1alpha1.ReasonWaiting,
				fmt.Sprintf("waiting for the Tenant %q to be read", user.Spec.TenantRef.Name))
			user.Status.ObservedGeneration = user.Generation
		}
		return
	}
	if s.found {
		before := user.Status.DeepCopy()
		describe(user, s.seen)
		user.Status.Manager = managerOf(s)
		user.Status.Alerts = alerts(s, now)
		keepUnread(&user.Status, before, s.unread, s.seen)
	}
	if s.known != nil {
		if !s.found {
			user.Status.State = v1alpha1.StateNotFound
		}
		user.Status.Sync = v1alpha1.SyncUnknown
		user.Status.PendingChanges = pendingChanges(s)
		if s.missing || s.found && s.seen.Gone == inventory.GoneNot {
			user.Status.Sync = syncState(s, problem)
		}
		setFacetConditions(s, now)
		acknowledge(s, problem)
	}
	user.Status.ObservedGeneration = user.Generation
	setReadiness(s, problem, now)
}

// describe copies what is known of the account.
func describe(user *v1alpha1.ManagedUser, seen inventory.Observation) {
	st, account := &user.Status, seen.User
	st.Source = v1alpha1.SourceGraph
	st.State = stateOf(seen)
	if st.State == v1alpha1.StateSuspended && isStaged(user) {
		st.State = v1alpha1.StateStaged
	}
	st.AccountType = v1alpha1.AccountType(seen.Type)
	st.UserPrincipalName, st.DisplayName = account.UserPrincipalName, account.DisplayName
	st.GivenName, st.Surname, st.Mail = account.GivenName, account.Surname, account.Mail
	st.JobTitle, st.Department, st.UserType = account.JobTitle, account.Department, account.UserType
	st.OnPremises = onPremises(account.OnPremises)
	st.MFA = mfaStatus(seen.MFA, st.MFA)
	st.Admin = knowledge(seen.Admin)
	st.Roles = roles(seen.Roles)
	st.Licensed = knowledge(seen.Licensed)
	describeBelongings(st, seen)
	st.LastSignIn = &v1alpha1.LastSignIn{Successful: timeOf(seen.SignIn.LastSuccessful), Reason: string(seen.SignIn.Reason)}
	st.LastPasswordChange = timeOf(account.LastPasswordChange)
}

func stateOf(seen inventory.Observation) v1alpha1.UserState {
	switch {
	case seen.Gone == inventory.GoneDeleted:
		return v1alpha1.StateDeleted
	case seen.Gone != inventory.GoneNot:
		return v1alpha1.StateNotFound
	case seen.User.Enabled == directory.No:
		return v1alpha1.StateSuspended
	case seen.User.Enabled == directory.Yes:
		return v1alpha1.StateActive
	default:
		return ""
	}
}

func knowledge(t directory.Tristate) v1alpha1.Knowledge {
	switch t {
	case directory.Yes:
		return v1alpha1.True
	case directory.No:
		return v1alpha1.False
	default:
		return v1alpha1.Unknown
	}
}

func timeOf(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	seconds := metav1.NewTime(t).Rfc3339Copy()
	return &seconds
}

func onPremises(p directory.OnPremises) *v1alpha1.OnPremises {
	if p.Synced != directory.Yes && p.SAMAccountName == "" {
		return nil
	}
	return &v1alpha1.OnPremises{
		Synced: p.Synced == directory.Yes, SAMAccountName: p.SAMAccountName, Domain: p.Domain, LastSyncTime: timeOf(p.LastSync),
	}
}

// mfaStatus keeps what was said before, with its time, while the report says the same, or
// what is older, or does not list the account any more.
func mfaStatus(m inventory.MFA, before *v1alpha1.MFAStatus) *v1alpha1.MFAStatus {
	now := &v1alpha1.MFAStatus{
		State: v1alpha1.MFAState(m.State), Reason: v1alpha1.MFAReason(m.Reason),
		Methods: m.Methods, DefaultMethod: m.DefaultMethod, AsOf: timeOf(m.AsOf),
	}
	if before == nil || before.AsOf == nil {
		return now
	}
	if m.Reason == inventory.ReasonNotReported || now.AsOf != nil && before.AsOf.After(now.AsOf.Time) {
		return before
	}
	same := *now
	same.AsOf = before.AsOf
	if equality.Semantic.DeepEqual(&same, before) {
		return &same
	}
	return now
}

func roles(found []inventory.Role) []v1alpha1.RoleStatus {
	var all []v1alpha1.RoleStatus
	for _, r := range found[:min(len(found), maxRoles)] {
		all = append(all, v1alpha1.RoleStatus{
			Name: r.Name, Scope: r.Scope, Path: v1alpha1.RolePath(r.Path), ViaGroup: r.ViaGroup,
		})
	}
	return all
}

// pendingChanges lists what would make the account as declared, and why it is not
// done.
func pendingChanges(s *userScope) []v1alpha1.PendingChange {
	var all []v1alpha1.PendingChange
	for _, f := range s.facets {
		for _, c := range f.pending {
			all = append(all, v1alpha1.PendingChange{
				Facet: f.facet.Condition, Action: string(c.Action), From: c.From, To: c.To, Reason: pendingReason(s, f),
			})
		}
	}
	return all[:min(len(all), maxPending)]
}

func pendingReason(s *userScope, f facetResult) string {
	switch {
	case s.observing:
		return string(v1alpha1.ReasonObserved)
	case f.refusal != "":
		return string(v1alpha1.ReasonProtected)
	case f.problem != nil:
		return string(f.problem.Reason)
	default:
		return ""
	}
}

// syncState tells whether the account is as declared.
func syncState(s *userScope, problem *outcome.Problem) v1alpha1.SyncState {
	if problem != nil && problem.Class == outcome.ClassBlocked {
		return v1alpha1.SyncBlocked
	}
	state := v1alpha1.SyncInSync
	for _, f := range s.facets {
		blocked := f.refusal != "" || f.facet.Verdict.Refused ||
			f.facet.Verdict.Reason == v1alpha1.ReasonBlockedElsewhere || f.facet.Verdict.Reason == v1alpha1.ReasonAdopted
		if blocked {
			return v1alpha1.SyncBlocked
		}
		if len(f.pending) > 0 || f.facet.Verdict.Status == metav1.ConditionUnknown {
			state = v1alpha1.SyncPending
		}
	}
	return state
}

// setFacetConditions gives every declared facet its condition and takes away those of
// the others.
func setFacetConditions(s *userScope, now time.Time) {
	declared := map[string]bool{}
	for _, f := range s.facets {
		declared[f.facet.Condition] = true
		status, reason, message := facetCondition(s, f)
		kube.SetCondition(s.user, now, f.facet.Condition, status, reason, message)
	}
	if s.found || s.missing {
		for _, kind := range facetConditions() {
			if !declared[kind] {
				kube.DeleteCondition(s.user, kind)
			}
		}
	}
}

// facetConditions are the types of the conditions that are there only while something is
// to be said of their facet.
func facetConditions() []string {
	return []string{
		v1alpha1.ConditionAccount, v1alpha1.ConditionSignIn, v1alpha1.ConditionPasswordChange, v1alpha1.ConditionFirstSignIn,
		v1alpha1.ConditionProfile, v1alpha1.ConditionManager, v1alpha1.ConditionLicenses, v1alpha1.ConditionGroups,
		v1alpha1.ConditionApplications, v1alpha1.ConditionDirectoryRoles,
	}
}

func facetCondition(s *userScope, f facetResult) (metav1.ConditionStatus, v1alpha1.Reason, string) {
	verdict := f.facet.Verdict
	switch {
	case s.observing && len(f.pending) > 0:
		return metav1.ConditionFalse, v1alpha1.ReasonObserved, "not done, since the management policy is Observe: " + actionsOf(f)
	case f.refusal != "":
		return metav1.ConditionFalse, v1alpha1.ReasonProtected, f.refusal
	case f.problem == nil:
		return verdict.Status, verdict.Reason, verdict.Message
	case f.problem.Class == outcome.ClassBlocked && !outcome.TenantTrouble(f.problem):
		return metav1.ConditionFalse, f.problem.Reason, f.problem.Message
	default:
		return metav1.ConditionUnknown, waitingReason(f.problem), waitingMessage(f.problem)
	}
}

func actionsOf(f facetResult) string {
	names := make([]string, 0, len(f.pending))
	for _, c := range f.pending {
		names = append(names, string(c.Action))
	}
	return strings.Join(names, ", ")
}

// waitingReason is the reason of something that is still to be done.
func waitingReason(p *outcome.Problem) v1alpha1.Reason {
	switch {
	case p.Class == outcome.ClassBlocked:
		return v1alpha1.ReasonWaiting
	case p.Reason == "":
		return v1alpha1.ReasonProgressing
	default:
		return p.Reason
	}
}

func waitingMessage(p *outcome.Problem) string {
	switch {
	case p.Class == outcome.ClassBlocked:
		return "waiting for the Tenant, which is in trouble: see its conditions"
	case p.Message == "":
		return "working on it"
	default:
		return p.Message
	}
}

// acknowledge answers a request for a pass, with how fresh the information is.
func acknowledge(s *userScope, problem *outcome.Problem) {
	if s.requested == "" || (problem != nil && problem.Class != outcome.ClassBlocked) {
		return
	}
	s.user.Status.LastHandledReconcileAt = s.requested
	s.user.Status.Feeds = feedsOf(s.known.Summary().Feeds)
}

// setReadiness sets Ready, and Reconciling and Stalled while they are true.
func setReadiness(s *userScope, problem *outcome.Problem, now time.Time) {
	switch {
	case s.paused:
		setStalled(s.user, now, v1alpha1.ReasonPaused, "reconciling is paused: set spec.paused to false to go on")
	case problem != nil && problem.Class == outcome.ClassBlocked && !outcome.TenantTrouble(problem):
		setStalled(s.user, now, problem.Reason, problem.Message)
	case problem != nil:
		setReady(s.user, now, metav1.ConditionUnknown, waitingReason(problem), waitingMessage(problem))
	default:
		setFacetReadiness(s, now)
	}
}

// setFacetReadiness sets Ready when all facets were worked on.
func setFacetReadiness(s *userScope, now time.Time) {
	pending := 0
	for _, f := range s.facets {
		pending += len(f.pending)
		switch {
		case f.refusal != "":
			setStalled(s.user, now, v1alpha1.ReasonProtected, f.refusal)
			return
		case f.facet.Verdict.Refused:
			setStalled(s.user, now, f.facet.Verdict.Reason, f.facet.Verdict.Message)
			return
		case f.facet.Verdict.Status == metav1.ConditionUnknown && !s.observing:
			setReady(s.user, now, metav1.ConditionUnknown, f.facet.Verdict.Reason, f.facet.Verdict.Message)
			return
		}
	}
	switch {
	case pending > 0:
		setReady(s.user, now, metav1.ConditionTrue, v1alpha1.ReasonObserved,
			fmt.Sprintf("%d pending changes are not made, since the management policy is Observe: see status.pendingChanges", pending))
	case s.found && !strings.EqualFold(s.seen.User.UserPrincipalName, s.user.Spec.UserPrincipalName):
		setReady(s.user, now, metav1.ConditionTrue, v1alpha1.ReasonSucceeded,
			"the account was renamed elsewhere: write its new name, in status.userPrincipalName, into the manifest")
	default:
		setReady(s.user, now, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "nothing is left to do")
	}
}

// setReady sets Ready; while it is Unknown the operator is at work.
func setReady(
	obj kube.Conditioned, now time.Time, status metav1.ConditionStatus, reason v1alpha1.Reason, message string,
) {
	kube.DeleteCondition(obj, v1alpha1.ConditionStalled)
	kube.SetCondition(obj, now, v1alpha1.ConditionReady, status, reason, message)
	working := metav1.ConditionFalse
	if status == metav1.ConditionUnknown {
		working = metav1.ConditionTrue
	}
	kube.SetCondition(obj, now, v1alpha1.ConditionReconciling, working, reason, message)
}

// setStalled says that only a person can help.
func setStalled(obj kube.Conditioned, now time.Time, reason v1alpha1.Reason, message string) {
	kube.DeleteCondition(obj, v1alpha1.ConditionReconciling)
	kube.SetCondition(obj, now, v1alpha1.ConditionReady, metav1.ConditionFalse, reason, message)
	kube.SetCondition(obj, now, v1alpha1.ConditionStalled, metav1.ConditionTrue, reason, message)
}
