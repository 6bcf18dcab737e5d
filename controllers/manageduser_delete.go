package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/plan"
)

// defaultDeletionGrace is the API's default of the Tenant's safeguards.deletionGrace.
const defaultDeletionGrace = 15 * time.Minute

// recordDelete guards the deletion of the account.
const recordDelete = "Delete"

// ensureFinalizer keeps a finalizer on the object exactly while its deletion means
// something for the account.
func (r *ManagedUserReconciler) ensureFinalizer(ctx context.Context, s *userScope) error {
	if destructive(s.user) {
		return r.patchFinalizer(ctx, s, controllerutil.AddFinalizer)
	}
	return r.patchFinalizer(ctx, s, controllerutil.RemoveFinalizer)
}

func destructive(user *v1alpha1.ManagedUser) bool {
	return user.Spec.DeletionPolicy == v1alpha1.DeletionPolicySuspend || user.Spec.DeletionPolicy == v1alpha1.DeletionPolicyDelete
}

func (r *ManagedUserReconciler) patchFinalizer(ctx context.Context, s *userScope, change func(client.Object, string) bool) error {
	before := s.user.DeepCopy()
	if !change(s.user, v1alpha1.AccountFinalizer) {
		return nil
	}
	changed := s.user.DeepCopy()
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, changed, patch, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return fmt.Errorf("patch finalizers: %w", err)
	}
	s.user.SetResourceVersion(changed.GetResourceVersion())
	s.status.Rebase(s.user)
	return nil
}

// finalize does to the account what the deleted object's policy says, or lets the object
// go without. Deletion is weak evidence: everything that speaks against it counts.
func (r *ManagedUserReconciler) finalize(ctx context.Context, s *userScope) error {
	if !controllerutil.ContainsFinalizer(s.user, v1alpha1.AccountFinalizer) {
		return errQuiet
	}
	why, err := r.withdrawn(ctx, s)
	if err != nil {
		return err
	}
	if why != "" {
		return r.letGo(ctx, s, why)
	}
	if s.user.Spec.Paused {
		s.paused = true
		return nil
	}
	if err := run(ctx, s, r.findTenant, r.observe); err != nil {
		if s.known != nil && isGone(s) {
			return r.release(ctx, s)
		}
		return err
	}
	switch why, err := r.contradicted(ctx, s); {
	case err != nil:
		return err
	case why != "":
		return r.letGo(ctx, s, why)
	}
	if err := r.forget(ctx, s); err != nil {
		return err
	}
	if left := due(s).Sub(r.Clock.Now()); left > 0 {
		return r.hold(s, left)
	}
	return r.end(ctx, s)
}

// hold says what will be done and when, and how to prevent it.
func (r *ManagedUserReconciler) hold(s *userScope, left time.Duration) error {
	facet := r.ending(s)
	s.wakeAfter = 0
	message := fmt.Sprintf("the object was deleted: its deletionPolicy %s is carried out at %s; to leave the account alone, "+
		"set deletionPolicy to Retain or the annotation %s", s.user.Spec.DeletionPolicy,
		due(s).UTC().Format(time.RFC3339), v1alpha1.AbandonAnnotation)
	s.facets = append(s.facets, facetResult{
		facet: plan.Facet{Condition: v1alpha1.ConditionAccount, Verdict: plan.Verdict{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDeletionHeld, Message: message,
		}},
		pending: facet.Changes,
	})
	return outcome.Waiting(v1alpha1.ReasonDeletionHeld, message).After(left)
}

func isGone(s *userScope) bool {
	seen, ok := s.known.ByID(s.id)
	return s.known.Synced() && s.id != "" && (!ok || seen.Gone != inventory.GoneNot)
}

// withdrawn tells why nothing may be done to the account, read past the cache; empty when
// nothing says so.
func (r *ManagedUserReconciler) withdrawn(ctx context.Context, s *userScope) (string, error) {
	user := s.user
	_, abandoned := user.Annotations[v1alpha1.AbandonAnnotation]
	switch {
	case !destructive(user):
		return "its deletionPolicy is Retain", nil
	case abandoned:
		return "it carries the annotation " + v1alpha1.AbandonAnnotation, nil
	case user.Status.ID == "":
		if attempt, tried := creationAttempt(user); tried {
			return "whether an account was made is not known: look for " + attemptedName(attempt), nil
		}
		return "it was never bound to an account", nil
	case declaredAgain(user):
		return "it was declared again after its deletion", nil
	}
	var namespace corev1.Namespace
	switch err := r.Reader.Get(ctx, types.NamespacedName{Name: user.Namespace}, &namespace); {
	case apierrors.IsNotFound(err), err == nil && !namespace.DeletionTimestamp.IsZero():
		return "its namespace goes as well", nil
	case err != nil:
		return "", fmt.Errorf("get namespace: %w", err)
	}
	var tenant v1alpha1.Tenant
	key := tenantKeyOf(user)
	switch err := r.Reader.Get(ctx, key, &tenant); {
	case apierrors.IsNotFound(err), err == nil && !tenant.DeletionTimestamp.IsZero():
		return "its Tenant goes as well", nil
	case err != nil:
		return "", fmt.Errorf("get tenant: %w", err)
	}
	if _, abandoned := tenant.Annotations[v1alpha1.AbandonAnnotation]; abandoned {
		return "its Tenant carries the annotation " + v1alpha1.AbandonAnnotation, nil
	}
	if r.observes(&tenant, user) {
		return "the management policy is Observe", nil
	}
	return "", nil
}

// contradicted tells whether it is in doubt who is meant: the object stands for another
// account than the one it was bound to, or another object declares the same account,
// since its file was renamed, not removed.
func (r *ManagedUserReconciler) contradicted(ctx context.Context, s *userScope) (string, error) {
	if s.user.Status.ID != s.id {
		return "it was bound to another account than the one that its id names", nil
	}
	if other, ok := s.known.ByName(s.user.Spec.UserPrincipalName); ok && other != s.id {
		return "its userPrincipalName belongs to another account than the one it is bound to", nil
	}
	rivals, err := r.rivals(ctx, s, s.id, s.seen.User.UserPrincipalName)
	if err != nil {
		return "", err
	}
	strays, err := r.straysFor(ctx, s)
	if err != nil {
		return "", err
	}
	for _, rival := range append(rivals, strays...) {
		if !isDiscovered(rival) || kube.OwnedByOthers(rival) {
			return fmt.Sprintf("the ManagedUser %q declares the same account", rival.Name), nil
		}
	}
	return "", nil
}

// due is when the deletion is carried out: a grace after it, or after it was first held.
// Before that nobody could take it back by applying the manifest again.
func due(s *userScope) time.Time {
	began := s.user.DeletionTimestamp.Time
	if held := heldSince(s.user); held.After(began) {
		began = held
	}
	return began.Add(graceOf(s.tenant))
}

func graceOf(tenant *v1alpha1.Tenant) time.Duration {
	if d := tenant.Spec.Safeguards.DeletionGrace; d != nil {
		return d.Duration
	}
	return defaultDeletionGrace
}

// letGo lets the object go without anything being done to the account.
func (r *ManagedUserReconciler) letGo(ctx context.Context, s *userScope, why string) error {
	r.Events.Normal(s.user, "DeletionDropped", "Release", "the account is left alone: "+why)
	return r.release(ctx, s)
}

func (r *ManagedUserReconciler) release(ctx context.Context, s *userScope) error {
	if err := r.patchFinalizer(ctx, s, controllerutil.RemoveFinalizer); client.IgnoreNotFound(err) != nil {
		return err
	}
	return errQuiet
}

// end blocks or deletes the account, and lets the object go when that is done.
func (r *ManagedUserReconciler) end(ctx context.Context, s *userScope) error {
	if attempt, tried := kube.FindRecord(s.user.Status.Records, recordDelete); tried {
		return r.settleDeletion(ctx, s, attempt)
	}
	// What was last read may be minutes old; this is done once and cannot be watched.
	if err := run(ctx, s, r.readAgain, r.observe); err != nil {
		if isGone(s) {
			return r.release(ctx, s)
		}
		return err
	}
	switch why, err := r.contradicted(ctx, s); {
	case err != nil:
		return err
	case why != "":
		return r.letGo(ctx, s, why)
	}
	facet := r.ending(s)
	result := facetResult{facet: facet}
	err := r.applyFacet(ctx, s, &result)
	if err != nil && !isVoid(err) {
		result.problem = outcome.Classify(err)
	}
	s.facets = append(s.facets, result)
	unsettled := facet.Verdict.Status == metav1.ConditionUnknown
	if err != nil || unsettled || result.refusal != "" || facet.Verdict.Refused || len(result.pending) > 0 {
		return err
	}
	return r.release(ctx, s)
}

func (r *ManagedUserReconciler) readAgain(ctx context.Context, s *userScope) error {
	return r.readLive(ctx, s, s.id)
}

// settleDeletion decides about a deletion that may have taken place. An account that is
// there all the same was perhaps brought back: it is left alone.
func (r *ManagedUserReconciler) settleDeletion(ctx context.Context, s *userScope, attempt v1alpha1.Record) error {
	if left := attempt.Time.Add(r.ConsistencyWindow).Sub(r.Clock.Now()); left > 0 {
		return outcome.Waiting(v1alpha1.ReasonProgressing, "whether the account was deleted is being read back").After(left)
	}
	if err := r.readAgain(ctx, s); err != nil {
		return err
	}
	if isGone(s) {
		return r.release(ctx, s)
	}
	return r.letGo(ctx, s, "whether it was deleted and brought back is not known: delete it in Microsoft 365 if it is still to go")
}

// ending is what the object's deletion means for its account.
func (r *ManagedUserReconciler) ending(s *userScope) plan.Facet {
	if s.user.Spec.DeletionPolicy == v1alpha1.DeletionPolicyDelete {
		return plan.Facet{
			Condition: v1alpha1.ConditionAccount,
			Changes: []plan.Change{{
				Action: plan.DeleteAccount, Record: recordDelete, Level: true, Disruptive: true,
				From: string(s.user.Status.State), To: string(v1alpha1.StateDeleted),
			}},
		}
	}
	in := r.input(s)
	in.Spec = &v1alpha1.ManagedUserSpec{UserPrincipalName: s.user.Spec.UserPrincipalName, Suspended: ptr.To(true)}
	in.Declared, in.Adopting, in.Claims = false, false, nil
	p := plan.For(in)
	s.wake(p.WakeAfter)
	for _, record := range p.Records() {
		s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, record)
	}
	return p.Facets[0]
}
