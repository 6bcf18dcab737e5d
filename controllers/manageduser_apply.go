package controllers

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/plan"
	"github.com/m365-operator/m365-operator/internal/safeguard"
)

// applyFacet makes a facet's changes in order, up to the first that is refused or
// fails.
func (r *ManagedUserReconciler) applyFacet(ctx context.Context, s *userScope, result *facetResult) error {
	for i, change := range result.facet.Changes {
		refusal, err := r.guard(ctx, s, change)
		if err == nil && refusal == "" {
			err = r.apply(ctx, s, result.facet.Condition, change)
		}
		if err != nil || refusal != "" {
			result.pending = result.facet.Changes[i:]
			result.refusal = string(refusal)
			return err
		}
	}
	return nil
}

// lastAdminRetry is how often it is looked whether the last Global Administrator still
// is.
const lastAdminRetry = 10 * time.Minute

// guard asks the safeguards.
func (r *ManagedUserReconciler) guard(ctx context.Context, s *userScope, change plan.Change) (safeguard.Refusal, error) {
	subject, rules := subjectOf(s), rulesOf(s.tenant)
	if refusal := safeguard.Check(change.Action, subject, rules); refusal != "" {
		if safeguard.Check(change.Action, onceRead(s.known, subject), rules) == "" {
			return "", outcome.Waiting(v1alpha1.ReasonProgressing,
				"waiting until the tenant's administrators and protected groups have been read")
		}
		return refusal, nil
	}
	if change.Action != plan.BlockSignIn || !mayBeGlobalAdmin(s.seen) {
		return "", nil
	}
	dir, err := s.directory()
	if err != nil {
		return "", err
	}
	decision, err := r.Admins.Reserve(ctx, s.conn.TenantID, s.id, dir)
	switch {
	case err != nil:
		return "", err
	case decision == safeguard.LastOne:
		s.wake(lastAdminRetry) // nothing about this account changes when there is another
		return "the account is the last active Global Administrator of the tenant: make another one first", nil
	case decision == safeguard.Busy:
		return "", outcome.Waiting(v1alpha1.ReasonProgressing,
			"another Global Administrator of the tenant is being decided on").After(workerRetry)
	default:
		return "", nil
	}
}

// mayBeGlobalAdmin tells whether the account holds the role, or may for all that is
// known.
func mayBeGlobalAdmin(seen inventory.Observation) bool {
	if seen.Admin == directory.Unknown {
		return true
	}
	for _, role := range seen.Roles {
		if role.RoleID == directory.GlobalAdministrator && role.Path != inventory.RoleEligible {
			return true
		}
	}
	return false
}

func subjectOf(s *userScope) safeguard.Subject {
	return safeguard.Subject{
		ID: s.id, Admin: s.seen.Admin,
		SyncService:     s.seen.Type == inventory.AccountService,
		Protected:       protection(s.tenant, s.known, s.id),
		AllowPrivileged: s.user.Spec.AllowPrivileged,
	}
}

// protection tells whether a protected entry of the Tenant covers an account.
func protection(tenant *v1alpha1.Tenant, known *inventory.Tenant, id string) directory.Tristate {
	result := directory.No
	for _, entry := range tenant.Spec.Safeguards.Protected {
		if entry.User != "" && resolved(tenant, v1alpha1.ReferenceUser, entry.User) == id {
			return directory.Yes
		}
		if entry.Group == "" {
			continue
		}
		switch known.InGroup(resolved(tenant, v1alpha1.ReferenceGroup, entry.Group), id) {
		case directory.Yes:
			return directory.Yes
		case directory.Unknown:
			result = directory.Unknown
		case directory.No:
		}
	}
	return result
}

func rulesOf(tenant *v1alpha1.Tenant) safeguard.Rules {
	rules := safeguard.Rules{
		Ready:      unresolvedProtected(tenant) == nil,
		Privileged: map[string]bool{},
	}
	for _, name := range tenant.Spec.Safeguards.Privileged {
		if id := resolved(tenant, v1alpha1.ReferenceUser, name); id != "" {
			rules.Privileged[id] = true
		}
	}
	return rules
}

// apply makes one change. Its intent is written first, over exactly the state that
// the decision was made from: only that write's success permits the call.
func (r *ManagedUserReconciler) apply(ctx context.Context, s *userScope, facet string, change plan.Change) error {
	dir, err := s.directory()
	if err != nil {
		return err
	}
	record, _ := kube.FindRecord(s.user.Status.Records, change.Record)
	record.Phase = v1alpha1.PhaseStarted
	record.Baseline = change.Baseline
	record.Time = metav1.NewTime(r.Clock.Now())
	if change.Again {
		record.Count++
	}
	s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, record)
	if err := s.status.Patch(ctx, s.user); err != nil {
		r.undo(s, change)
		return err
	}
	if r.outdated(record) {
		record.Phase = v1alpha1.PhaseOwed
		s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, record)
		r.undo(s, change)
		return outcome.Waiting(v1alpha1.ReasonProgressing, "the operator was held up before it could act").After(workerRetry)
	}

	ctx, cancel := context.WithTimeout(ctx, r.ConsistencyWindow/2)
	defer cancel()
	receipt, err := call(ctx, dir, s.id, change.Action)
	r.record(ctx, s, facet, change, record.Cause, receipt, err)
	switch {
	case err == nil:
		record.Phase = v1alpha1.PhaseDone
		r.settled(s, change, receipt, &record)
	case !directory.OutcomeUnknown(err):
		record.Phase = v1alpha1.PhaseOwed
		r.undo(s, change)
	}
	s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, record)
	return err
}

// outdated tells whether an intent was written too long ago to act upon: this process
// was frozen, or its clock moved. After the consistency window another one may have
// read back, and acted in its place. Half of the window is left for the call itself.
func (r *ManagedUserReconciler) outdated(intent v1alpha1.Record) bool {
	return r.Clock.Since(intent.Time.Time) >= r.ConsistencyWindow/2
}

func call(ctx context.Context, dir directory.Directory, id string, action plan.Action) (directory.Receipt, error) {
	switch action {
	case plan.BlockSignIn:
		return dir.SetEnabled(ctx, id, false)
	case plan.AllowSignIn:
		return dir.SetEnabled(ctx, id, true)
	case plan.RevokeSessions:
		return dir.RevokeSessions(ctx, id)
	case plan.RequirePasswordChange:
		return dir.RequirePasswordChange(ctx, id)
	default:
		return directory.Receipt{}, fmt.Errorf("unknown action %q", action)
	}
}

// settled takes note of a change that was made: what readings will show, and what
// people should hear.
func (r *ManagedUserReconciler) settled(s *userScope, change plan.Change, receipt directory.Receipt, record *v1alpha1.Record) {
	note := map[plan.Action]string{
		plan.BlockSignIn:           "sign-in was blocked",
		plan.AllowSignIn:           "sign-in was allowed",
		plan.RevokeSessions:        "all sessions were revoked; access tokens already issued may live for up to an hour",
		plan.RequirePasswordChange: "the next sign-in asks for a new password",
	}[change.Action]
	if change.Again {
		note += " again, since something had allowed it"
	}
	switch change.Action {
	case plan.BlockSignIn:
		s.known.Expect(s.id, inventory.Expectation{Enabled: directory.No})
	case plan.AllowSignIn:
		s.known.Expect(s.id, inventory.Expectation{Enabled: directory.Yes})
	case plan.RevokeSessions:
		s.known.Expect(s.id, inventory.Expectation{SessionsValidFrom: receipt.Time})
	case plan.RequirePasswordChange:
		// A change counts as the person's answer only when it is later than our asking.
		if at := receipt.Time.UTC().Format(time.RFC3339); !receipt.Time.IsZero() && at > record.Baseline {
			record.Baseline = at
		}
	}
	r.Events.Normal(s.user, pastOf(change.Action), string(change.Action), note)
}

// pastOf names what happened, as Events do.
func pastOf(action plan.Action) string {
	return map[plan.Action]string{
		plan.BlockSignIn:           "SignInBlocked",
		plan.AllowSignIn:           "SignInAllowed",
		plan.RevokeSessions:        "SessionsRevoked",
		plan.RequirePasswordChange: "PasswordChangeRequired",
	}[action]
}

// undo takes back what was reserved for a change that certainly did not happen.
func (r *ManagedUserReconciler) undo(s *userScope, change plan.Change) {
	if change.Action == plan.BlockSignIn {
		r.Admins.Release(s.conn.TenantID, s.id)
	}
}

// record writes the audit line: the one place that every change of Microsoft 365
// passes.
func (r *ManagedUserReconciler) record(
	ctx context.Context, s *userScope, facet string, change plan.Change, cause string, receipt directory.Receipt, err error,
) {
	result, kind := audit.ResultOf(err)
	entry := audit.Entry{
		Time: r.Clock.Now(),
		Object: audit.Object{
			Kind: "ManagedUser", Namespace: s.user.Namespace, Name: s.user.Name, UID: string(s.user.UID),
		},
		Tenant: s.conn.TenantID, AccountID: s.id, AccountName: s.seen.User.UserPrincipalName,
		Facet: facet, Action: string(change.Action), From: change.From, To: change.To,
		Generation: s.user.Generation, Cause: cause,
		Ticket: s.user.Annotations[v1alpha1.TicketAnnotation], Reason: s.user.Annotations[v1alpha1.ReasonAnnotation],
		RequestID: receipt.RequestID, Result: result, Error: kind,
	}
	logger := log.FromContext(ctx)
	if err := r.Audit.Record(entry); err != nil {
		logger.Error(err, "cannot write the audit line", "action", entry.Action)
	}
	logger.Info("changed Microsoft 365", "action", strings.ToLower(entry.Action), "result", result, "requestID", receipt.RequestID)
}
