package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
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
// fails; independent ones are all tried, unless an outcome is not known.
func (r *ManagedUserReconciler) applyFacet(ctx context.Context, s *userScope, result *facetResult) error {
	var problems []error
	for i, change := range result.facet.Changes {
		refusal, err := r.guard(ctx, s, change)
		if err == nil && refusal == "" {
			err = r.young(s, naming(change, r.apply(ctx, s, result.facet.Condition, change)))
		}
		if err == nil && refusal == "" {
			continue
		}
		if refusal != "" {
			result.refusal = string(refusal)
		}
		if !result.facet.Independent || err != nil && !isRefusal(err) {
			result.pending = append(result.pending, result.facet.Changes[i:]...)
			return errors.Join(append(problems, err)...)
		}
		result.pending = append(result.pending, change)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// naming adds the licences to the refusal of a call that was for several of them.
func naming(change plan.Change, err error) error {
	if change.Licenses == nil || err == nil || !isRefusal(err) {
		return err
	}
	problem := *outcome.Classify(err)
	what := change.To
	if what == "" {
		what = change.From
	}
	problem.Message = what + ": " + problem.Message
	return &problem
}

// isRefusal tells whether a change certainly did not take place for a cause of its own.
func isRefusal(err error) bool {
	return !directory.OutcomeUnknown(err) && outcome.Classify(err).Class == outcome.ClassBlocked && !outcome.TenantTrouble(err)
}

// youth is for how long not every replica may know an account that was just made
// (https://learn.microsoft.com/graph/best-practices-concept).
const youth = 10 * time.Minute

// youngRetry is how soon a call about such an account is repeated.
const youngRetry = 10 * time.Second

// young takes a refusal to know an account that was just made for a replica's.
func (r *ManagedUserReconciler) young(s *userScope, err error) error {
	if directory.KindOf(err) != directory.KindNotFound || !r.appeared(s, recordCreate) && !r.appeared(s, recordRestore) {
		return err
	}
	return outcome.Waiting(v1alpha1.ReasonProgressing, "waiting until Microsoft 365 knows the new account everywhere").
		After(youngRetry).Because(err)
}

// lastAdminRetry is how often it is looked whether the last Global Administrator still
// is.
const lastAdminRetry = 10 * time.Minute

// guard asks the safeguards.
func (r *ManagedUserReconciler) guard(ctx context.Context, s *userScope, change plan.Change) (safeguard.Refusal, error) {
	subject, rules := subjectOf(s), rulesOf(s.tenant)
	if refusal := safeguard.Check(change, subject, rules); refusal != "" {
		if safeguard.Check(change, onceRead(s.unread, subject), rules) == "" {
			return "", outcome.Waiting(v1alpha1.ReasonProgressing,
				"waiting until the tenant's administrators and protected groups have been read")
		}
		return refusal, nil
	}
	if !reservesAdmin(change.Action) || !mayBeGlobalAdmin(s.seen) {
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

// appeared tells whether the account was made or restored a moment ago.
func (r *ManagedUserReconciler) appeared(s *userScope, record string) bool {
	act, known := kube.FindRecord(s.user.Status.Records, record)
	return known && act.Phase == v1alpha1.PhaseDone && r.Clock.Since(act.Time.Time) < youth
}

// reservesAdmin tells whether an action could take the last Global Administrator away.
func reservesAdmin(action plan.Action) bool {
	return action == plan.BlockSignIn || action == plan.DeleteAccount
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
		} else if id, err := uuid.Parse(name); err == nil { // of an account that is not there, perhaps deleted
			rules.Privileged[id.String()] = true
		}
	}
	return rules
}

// apply makes one change. Its intent is written first, over exactly the state that
// the decision was made from: only that write's success permits the call. The intent of
// a change that may be repeated covers the facet's other changes in this pass as well.
func (r *ManagedUserReconciler) apply(ctx context.Context, s *userScope, facet string, change plan.Change) error {
	dir, err := s.directory()
	if err != nil {
		return err
	}
	intent := r.intentOf(s, change)
	written := s.intended[change.Record]
	covered := change.Level && written.Equal(&intent.Time)
	if err := r.confirm(ctx, s); err != nil {
		r.undo(s, change)
		return err
	}
	s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, intent)
	if !covered {
		if err := s.status.Patch(ctx, s.user); err != nil {
			r.undo(s, change)
			return err
		}
	}
	ctx, cancel, err := r.permitted(ctx, intent)
	if err != nil {
		r.answered(s, change, intent, errHeldUp)
		return err
	}
	defer cancel()
	s.intended[change.Record] = intent.Time
	receipt, err := perform(ctx, dir, s.known, s.id, change)
	r.record(ctx, s, facet, change, intent.Cause, receipt, err)
	if err == nil {
		r.settled(s, change, receipt, &intent)
	}
	r.answered(s, change, intent, err)
	return err
}

// intentOf is the record that permits a change: of one that may be repeated, this pass's
// own as long as it is fresh.
func (r *ManagedUserReconciler) intentOf(s *userScope, change plan.Change) v1alpha1.Record {
	intent, known := kube.FindRecord(s.user.Status.Records, change.Record)
	if !known {
		intent = v1alpha1.Record{Name: change.Record, Cause: causeOf(s.user)}
	}
	intent.Phase, intent.Baseline, intent.Time = v1alpha1.PhaseStarted, change.Baseline, metav1.NewTime(r.Clock.Now())
	if change.Again {
		intent.Count++
	}
	if at, ok := s.intended[change.Record]; ok && change.Level && !r.outdated(v1alpha1.Record{Time: at}) {
		intent.Time = at
	}
	return intent
}

// answered notes what is known after a call: nothing when no answer came.
func (r *ManagedUserReconciler) answered(s *userScope, change plan.Change, intent v1alpha1.Record, err error) {
	switch {
	case directory.OutcomeUnknown(err):
		return
	case err == nil:
		s.user.Status.Claims = withoutClaims(s.user.Status.Claims, change.Claims)
	default:
		r.undo(s, change)
	}
	if change.Level {
		s.user.Status.Records = kube.DeleteRecord(s.user.Status.Records, change.Record)
		return
	}
	intent.Phase = v1alpha1.PhaseDone
	if err != nil {
		intent.Phase = v1alpha1.PhaseOwed
	}
	s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, intent)
}

// withoutClaims returns the claims without those that are gone.
func withoutClaims(claims, gone []v1alpha1.Claim) []v1alpha1.Claim {
	return slices.DeleteFunc(slices.Clone(claims), func(claim v1alpha1.Claim) bool {
		return slices.ContainsFunc(gone, func(g v1alpha1.Claim) bool { return refOf(g) == refOf(claim) })
	})
}

// errHeldUp stands for a call that was not made.
var errHeldUp = errors.New("held up")

// permitted is the context of the call that an intent permits, or says that it came too
// late. Its time runs from before the intent's age is looked at: the process may be frozen
// in between.
func (r *ManagedUserReconciler) permitted(ctx context.Context, intent v1alpha1.Record) (context.Context, context.CancelFunc, error) {
	ctx, cancel := context.WithTimeout(ctx, r.ConsistencyWindow/2)
	if r.outdated(intent) {
		cancel()
		return nil, nil, heldUp()
	}
	return ctx, cancel, nil
}

// outdated tells whether an intent was written too long ago to act upon: this process
// was frozen, or its clock moved. After the consistency window another one may have
// read back, and acted in its place. Half of the window is left for the call itself.
// Times of day are compared: the monotonic clock stands still while a machine is
// suspended.
func (r *ManagedUserReconciler) outdated(intent v1alpha1.Record) bool {
	age := r.Clock.Now().Round(0).Sub(intent.Time.Round(0))
	return age < 0 || age >= r.ConsistencyWindow/2
}

// settled takes note of a change that was made: what readings will show, and what
// people should hear.
func (r *ManagedUserReconciler) settled(s *userScope, change plan.Change, receipt directory.Receipt, record *v1alpha1.Record) {
	a := actions()[change.Action]
	if a.expect != nil {
		a.expect(s.known, s.id, change, receipt)
	}
	if change.Action == plan.RequirePasswordChange {
		// A change counts as the person's answer only when it is later than our asking.
		if at := receipt.Time.UTC().Format(time.RFC3339); !receipt.Time.IsZero() && at > record.Baseline {
			record.Baseline = at
		}
	}
	s.renamed = s.renamed || change.Action == plan.RenameAccount
	note := a.note
	if change.Again {
		note += " again, since something had allowed it"
	}
	r.Events.Normal(s.user, a.event, string(change.Action), note)
}

// undo takes back what was reserved for a change that certainly did not happen.
func (r *ManagedUserReconciler) undo(s *userScope, change plan.Change) {
	if reservesAdmin(change.Action) {
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
	logger.Info("asked Microsoft 365 for a change", "action", strings.ToLower(entry.Action), "result", result, "requestID", receipt.RequestID)
}
