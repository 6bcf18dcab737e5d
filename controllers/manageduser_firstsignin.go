package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sethvargo/go-password/password"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/plan"
)

// The Secret that holds the credential for a first sign-in.
const (
	secretTypeFirstSignIn = "identity.m365-operator.io/first-sign-in" //nolint:gosec // a type, not a credential
	secretSuffix          = "-first-sign-in"
	secretUPN             = "userPrincipalName"
	secretPassword        = "password"
	secretPass            = "temporaryAccessPass"
)

// recordFirstSignIn remembers the credential for the first sign-in; its baseline is
// Graph's time after which a change of the password is the person's own.
const recordFirstSignIn = "FirstSignIn"

// defaultFirstSignInTTL is the API's default of the Tenant's defaults.firstSignInTTL.
const defaultFirstSignInTTL = 7 * 24 * time.Hour

func firstSignInMethod(user *v1alpha1.ManagedUser) v1alpha1.FirstSignInMethod {
	if user.Spec.FirstSignIn == "" {
		return v1alpha1.FirstSignInPassword
	}
	return user.Spec.FirstSignIn
}

// firstSignInRecord is the memory of the credential of an account that was just made: a
// password is given already, a pass is owed.
func firstSignInRecord(user *v1alpha1.ManagedUser, since time.Time, now metav1.Time) v1alpha1.Record {
	method := firstSignInMethod(user)
	record := v1alpha1.Record{
		Name: recordFirstSignIn, Value: string(method), Cause: causeOf(user), Phase: v1alpha1.PhaseDone,
		Baseline: since.UTC().Format(time.RFC3339), Time: now,
	}
	if method == v1alpha1.FirstSignInTemporaryAccessPass {
		record.Phase = v1alpha1.PhaseOwed
	}
	return record
}

// firstPassword is the password of a new account: the one that an earlier attempt chose,
// else a new one, which is in its Secret before anybody hears of it. With a temporary
// access pass nobody needs to know it, and it is kept nowhere.
func (r *ManagedUserReconciler) firstPassword(ctx context.Context, s *userScope) (string, error) {
	chosen, err := newPassword()
	if err != nil {
		return "", err
	}
	if firstSignInMethod(s.user) == v1alpha1.FirstSignInTemporaryAccessPass {
		return chosen, nil
	}
	secret, err := r.chooseSecret(ctx, s, chosen)
	if err != nil {
		return "", secretProblem(err)
	}
	if kept := string(secret.Data[secretPassword]); kept != "" {
		chosen = kept
	}
	s.user.Status.FirstSignIn = &v1alpha1.FirstSignInStatus{SecretName: secret.Name, Expires: expiryOf(secret)}
	return chosen, nil
}

// chooseSecret keeps the password in the object's Secret: the one that an earlier attempt
// made, under the name and for the time that hold now, or a new one.
func (r *ManagedUserReconciler) chooseSecret(ctx context.Context, s *userScope, chosen string) (*corev1.Secret, error) {
	from := r.Clock.Now()
	if start := s.user.Spec.StartAt; start != nil && start.After(from) {
		from = start.Time // nobody signs in before
	}
	ttl := firstSignInTTL(s.tenant)
	expires := metav1.NewTime(from.Add(ttl)).Rfc3339Copy()
	secret, err := r.ownSecret(ctx, s)
	if apierrors.IsNotFound(err) {
		secret = r.newSecret(s, expires, map[string]string{secretUPN: s.user.Spec.UserPrincipalName, secretPassword: chosen})
		return secret, r.Client.Create(ctx, secret, client.FieldOwner(v1alpha1.FieldManager))
	}
	if err != nil {
		return nil, err
	}
	changed := secret.DeepCopy()
	changed.Data[secretUPN] = []byte(s.user.Spec.UserPrincipalName)
	if s.user.Status.FirstSignIn == nil { // nothing says that the operator chose what is in it
		changed.Data[secretPassword] = []byte(chosen)
	}
	if at := expiryOf(secret); at == nil || expires.Sub(at.Time) > ttl/2 {
		changed.Annotations = map[string]string{expiresAnnotation: expires.UTC().Format(time.RFC3339)}
	}
	return changed, r.patchSecret(ctx, secret, changed)
}

// patchSecret writes a Secret over the one that was read, if they differ.
func (r *ManagedUserReconciler) patchSecret(ctx context.Context, before, after *corev1.Secret) error {
	if equality.Semantic.DeepEqual(before, after) {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	return r.Client.Patch(ctx, after, patch, client.FieldOwner(v1alpha1.FieldManager))
}

// renameSecret tells the name that the account has now.
func (r *ManagedUserReconciler) renameSecret(ctx context.Context, s *userScope) error {
	secret, err := r.ownSecret(ctx, s)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	changed := secret.DeepCopy()
	changed.Data[secretUPN] = []byte(s.user.Spec.UserPrincipalName)
	return r.patchSecret(ctx, secret, changed)
}

func firstSignInTTL(tenant *v1alpha1.Tenant) time.Duration {
	if d := tenant.Spec.Defaults.FirstSignInTTL; d != nil {
		return d.Duration
	}
	return defaultFirstSignInTTL
}

// newPassword is 24 random characters of four classes, without those that look alike.
func newPassword() (string, error) {
	generator, err := password.NewGenerator(&password.GeneratorInput{
		LowerLetters: "abcdefghijkmnpqrstuvwxyz", UpperLetters: "ABCDEFGHJKLMNPQRSTUVWXYZ", Digits: "23456789", Symbols: "!#%+-=?@_",
	})
	if err != nil {
		return "", fmt.Errorf("choose password: %w", err)
	}
	for {
		chosen, err := generator.Generate(24, 4, 3, false, true)
		if err != nil {
			return "", fmt.Errorf("choose password: %w", err)
		}
		if strings.ToLower(chosen) != chosen && strings.ToUpper(chosen) != chosen {
			return chosen, nil
		}
	}
}

// expiresAnnotation tells when the Secret is removed at the latest.
const expiresAnnotation = "identity.m365-operator.io/expires"

func expiryOf(secret *corev1.Secret) *metav1.Time {
	at, err := time.Parse(time.RFC3339, secret.Annotations[expiresAnnotation])
	if err != nil {
		return nil
	}
	return &metav1.Time{Time: at}
}

func (r *ManagedUserReconciler) newSecret(s *userScope, expires metav1.Time, data map[string]string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.user.Namespace, Name: secretName(s.user.Name),
			Labels:      map[string]string{"app.kubernetes.io/managed-by": v1alpha1.FieldManager},
			Annotations: map[string]string{expiresAnnotation: expires.UTC().Format(time.RFC3339)},
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(s.user, v1alpha1.GroupVersion.WithKind("ManagedUser")),
			},
		},
		Type: secretTypeFirstSignIn, StringData: data,
	}
}

// secretName leaves room for the suffix within a Secret's name.
func secretName(object string) string {
	return object[:min(len(object), 253-len(secretSuffix))] + secretSuffix
}

// errForeignSecret tells of a Secret that somebody else made.
var errForeignSecret = outcome.Blocked(v1alpha1.ReasonConflict,
	"there is a Secret with the name for the first sign-in that the operator did not make, and does not touch: remove or rename it")

// ownSecret reads the Secret that this object owns.
func (r *ManagedUserReconciler) ownSecret(ctx context.Context, s *userScope) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := r.Reader.Get(ctx, types.NamespacedName{Namespace: s.user.Namespace, Name: secretName(s.user.Name)}, secret)
	if err != nil {
		return nil, err
	}
	if !metav1.IsControlledBy(secret, s.user) || secret.Type != secretTypeFirstSignIn {
		return nil, errForeignSecret
	}
	return secret, nil
}

func secretProblem(err error) error {
	if apierrors.IsForbidden(err) {
		return outcome.Blocked(v1alpha1.ReasonAccessDenied,
			"the operator may not write Secrets in this namespace, where the credential for the first sign-in goes: "+
				"apply config/rbac/tenant-namespace/first-sign-in there").After(accessRetry).Because(err)
	}
	return err
}

// ensureFirstSignIn issues the pass that is owed, tells of the credential while it is
// there, and removes it when it has served or its time is up.
func (r *ManagedUserReconciler) ensureFirstSignIn(ctx context.Context, s *userScope) error {
	record, known := kube.FindRecord(s.user.Status.Records, recordFirstSignIn)
	switch {
	case s.observing, !known && s.user.Status.FirstSignIn == nil:
		return nil
	case !known: // chosen for an account that somebody else made
		if err := r.removeSecret(ctx, s); err != nil {
			return secretProblem(err)
		}
		s.user.Status.FirstSignIn = nil
		return nil
	}
	result := facetResult{facet: plan.Facet{Condition: v1alpha1.ConditionFirstSignIn}}
	var err error
	switch {
	case record.Phase != v1alpha1.PhaseDone:
		err = r.issuePass(ctx, s, record, &result)
	case s.user.Status.FirstSignIn == nil && laterThan(s.seen.User.LastPasswordChange, record.Baseline):
		s.user.Status.Records = kube.DeleteRecord(s.user.Status.Records, recordFirstSignIn)
	case s.user.Status.FirstSignIn == nil:
		result.facet.Verdict = signInVerdict(v1alpha1.ReasonWaiting,
			"the credential was removed when its time was up, and the person has not used it: ask for another one")
	default:
		err = r.keepCredential(ctx, s, record, &result)
	}
	if err != nil {
		if isVoid(err) {
			return err
		}
		result.problem = outcome.Classify(err)
	}
	if result.facet.Verdict.Status != "" || err != nil {
		s.facets = append(s.facets, result)
	}
	return err
}

func signInVerdict(reason v1alpha1.Reason, message string) plan.Verdict {
	return plan.Verdict{Status: metav1.ConditionFalse, Reason: reason, Message: message}
}

// keepCredential removes a credential that has served or whose time is up.
func (r *ManagedUserReconciler) keepCredential(ctx context.Context, s *userScope, record v1alpha1.Record, result *facetResult) error {
	credential := s.user.Status.FirstSignIn
	if s.renamed {
		if err := r.renameSecret(ctx, s); err != nil {
			return secretProblem(err)
		}
	}
	used := record.Value == string(v1alpha1.FirstSignInPassword) && laterThan(s.seen.User.LastPasswordChange, record.Baseline)
	left := time.Duration(0)
	if credential.Expires != nil {
		left = credential.Expires.Sub(r.Clock.Now())
	}
	if !used && left > 0 {
		s.wake(left)
		result.facet.Verdict = signInVerdict(v1alpha1.ReasonWaiting, fmt.Sprintf(
			"the credential is in the Secret %q: waiting for the person's first sign-in", credential.SecretName))
		return nil
	}
	if err := r.removeSecret(ctx, s); err != nil {
		return secretProblem(err)
	}
	s.user.Status.FirstSignIn = nil
	if used || record.Value == string(v1alpha1.FirstSignInTemporaryAccessPass) {
		s.user.Status.Records = kube.DeleteRecord(s.user.Status.Records, recordFirstSignIn)
		r.Events.Normal(s.user, "FirstSignInRemoved", "RemoveSecret", "the credential for the first sign-in was removed: it has served, or its time is up")
		return nil
	}
	result.facet.Verdict = signInVerdict(v1alpha1.ReasonWaiting,
		"the credential was removed when its time was up, and the person has not used it: ask for another one")
	return nil
}

func laterThan(t time.Time, baseline string) bool {
	base, err := time.Parse(time.RFC3339, baseline)
	return err == nil && t.Truncate(time.Second).After(base)
}

// removeSecret removes the Secret that this object owns, if it is there.
func (r *ManagedUserReconciler) removeSecret(ctx context.Context, s *userScope) error {
	secret, err := r.ownSecret(ctx, s)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	precondition := client.Preconditions{UID: &secret.UID, ResourceVersion: &secret.ResourceVersion}
	return client.IgnoreNotFound(r.Client.Delete(ctx, secret, precondition))
}

// issuePass issues the temporary access pass once the account is open. A lost answer is
// settled by another pass, which takes the place of the first.
func (r *ManagedUserReconciler) issuePass(ctx context.Context, s *userScope, record v1alpha1.Record, result *facetResult) error {
	change := plan.Change{Action: plan.IssueTemporaryAccessPass, Record: recordFirstSignIn, Disruptive: true}
	result.facet.Changes = []plan.Change{change}
	if s.seen.User.Enabled != directory.Yes || isTrue(s.user.Spec.Suspended) { // blocked in this pass, perhaps
		result.facet.Verdict = signInVerdict(v1alpha1.ReasonWaiting, "the temporary access pass is issued when the account is opened")
		return nil
	}
	if left := record.Time.Add(r.ConsistencyWindow).Sub(r.Clock.Now()); record.Phase == v1alpha1.PhaseStarted && left > 0 {
		return outcome.Waiting(v1alpha1.ReasonProgressing, "whether a temporary access pass was issued is not known: another one follows").After(left)
	}
	result.pending = result.facet.Changes
	refusal, err := r.guard(ctx, s, change)
	if err != nil || refusal != "" {
		result.refusal = string(refusal)
		result.facet.Verdict = signInVerdict(v1alpha1.ReasonProtected, string(refusal))
		return err
	}
	dir, err := s.directory()
	if err != nil {
		return err
	}
	if err := r.mayWriteSecret(ctx, s); err != nil {
		return err
	}
	record.Phase, record.Time = v1alpha1.PhaseStarted, metav1.NewTime(r.Clock.Now())
	call, cancel, err := r.intend(ctx, s, record)
	if err != nil {
		return err
	}
	defer cancel()
	pass, receipt, err := dir.CreateTemporaryAccessPass(call, s.id)
	r.record(ctx, s, v1alpha1.ConditionFirstSignIn, change, record.Cause, receipt, err)
	if err != nil {
		if !directory.OutcomeUnknown(err) {
			record.Phase = v1alpha1.PhaseOwed
			s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, record)
		}
		return r.young(s, err)
	}
	if err := r.storePass(ctx, s, pass); err != nil {
		return secretProblem(err)
	}
	record.Phase = v1alpha1.PhaseDone
	s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, record)
	r.Events.Normal(s.user, "TemporaryAccessPassIssued", string(change.Action), "a temporary access pass was put into the Secret "+s.user.Status.FirstSignIn.SecretName)
	result.pending = nil
	result.facet.Verdict = signInVerdict(v1alpha1.ReasonWaiting, fmt.Sprintf(
		"the credential is in the Secret %q: waiting for the person's first sign-in", s.user.Status.FirstSignIn.SecretName))
	s.wake(pass.Expires.Sub(r.Clock.Now()))
	return nil
}

// mayWriteSecret finds out, before a pass is issued that is told only once, that there is
// a place for it.
func (r *ManagedUserReconciler) mayWriteSecret(ctx context.Context, s *userScope) error {
	secret := r.newSecret(s, metav1.NewTime(r.Clock.Now()), nil)
	err := r.Client.Create(ctx, secret, client.DryRunAll, client.FieldOwner(v1alpha1.FieldManager))
	if apierrors.IsAlreadyExists(err) {
		_, err = r.ownSecret(ctx, s)
	}
	return secretProblem(err)
}

// storePass puts a pass into the object's Secret, in the place of an earlier one.
func (r *ManagedUserReconciler) storePass(ctx context.Context, s *userScope, pass *directory.TemporaryAccessPass) error {
	expires := metav1.NewTime(pass.Expires).Rfc3339Copy()
	data := map[string]string{secretUPN: s.seen.User.UserPrincipalName, secretPass: pass.Pass}
	secret := r.newSecret(s, expires, data)
	err := r.Client.Create(ctx, secret, client.FieldOwner(v1alpha1.FieldManager))
	if apierrors.IsAlreadyExists(err) {
		var own *corev1.Secret
		if own, err = r.ownSecret(ctx, s); err != nil {
			return err
		}
		changed := own.DeepCopy()
		changed.Annotations = secret.Annotations
		changed.Data = map[string][]byte{secretUPN: []byte(data[secretUPN]), secretPass: []byte(data[secretPass])}
		err = r.patchSecret(ctx, own, changed)
	}
	if err != nil {
		return err
	}
	s.user.Status.FirstSignIn = &v1alpha1.FirstSignInStatus{SecretName: secret.Name, Expires: &expires}
	return nil
}

// recallCredential finds the credential of an account that this object made, after its
// status was lost.
func (r *ManagedUserReconciler) recallCredential(ctx context.Context, s *userScope) error {
	st := &s.user.Status
	lost := st.ID == "" && len(st.Records) == 0 && st.FirstSignIn == nil
	if !lost || s.observing || s.user.Spec.CreationPolicy != v1alpha1.CreationPolicyCreate {
		return nil
	}
	secret, err := r.ownSecret(ctx, s)
	if err != nil {
		if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) || errors.Is(err, errForeignSecret) {
			return nil
		}
		return err
	}
	record := firstSignInRecord(s.user, s.seen.User.Created, metav1.NewTime(r.Clock.Now()))
	record.Phase, record.Cause = v1alpha1.PhaseDone, plan.CauseAdopted
	s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, record)
	s.user.Status.FirstSignIn = &v1alpha1.FirstSignInStatus{SecretName: secret.Name, Expires: expiryOf(secret)}
	return nil
}
