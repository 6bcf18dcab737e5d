package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/plan"
)

// errQuiet ends a pass that has nothing to say.
var errQuiet = errors.New("nothing to say yet")

// finish summarises the pass into the status, writes it when it changed, and decides
// when to come back.
func (r *ManagedUserReconciler) finish(ctx context.Context, s *userScope, err error) (ctrl.Result, error) {
	r.giveBack(s)
	switch {
	case errors.Is(err, errQuiet) && !s.user.DeletionTimestamp.IsZero():
		return ctrl.Result{}, nil
	case errors.Is(err, errQuiet):
		s.quiet, err = true, nil
	case errors.Is(err, errDone):
		err = nil
	}
	problem := outcome.Classify(err)
	if isVoid(err) {
		return r.Policy.Result(problem)
	}
	if s.found {
		s.look(s.id)
	}
	summarizeUser(s, problem, r.Clock.Now())
	if patchErr := s.status.Patch(ctx, s.user); patchErr != nil {
		if apierrors.IsNotFound(patchErr) {
			return ctrl.Result{}, nil
		}
		return r.Policy.Result(outcome.Classify(errors.Join(err, patchErr)))
	}
	if s.wants && s.user.Status.ObservedGeneration != s.observed {
		r.Tenants.Wake(kube.PriorityPerson, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(s.tenant)})
	}
	r.tellReleased(s)
	r.Events.Transitions(s.user, s.before, s.user.Status.Conditions)
	res, err := r.Policy.Result(problem)
	if err == nil && s.wakeAfter > 0 && (res.RequeueAfter == 0 || s.wakeAfter < res.RequeueAfter) {
		res.RequeueAfter = s.wakeAfter
	}
	return res, err
}

// giveBack gives back what the pass took, and lets the next have it: also when this one
// was called for it and ended before.
func (r *ManagedUserReconciler) giveBack(s *userScope) {
	s.done()
	r.callNext(s.user)
}

func (r *ManagedUserReconciler) callNext(user *v1alpha1.ManagedUser) {
	if conn, ok := r.Connections.Lookup(tenantKeyOf(user)); ok {
		conn.CallNext()
	}
}

// isVoid is true for what ends a pass without a word: somebody changed the object, so
// what was decided is void and the next pass sees; or the tenant is busy, or another
// manager's.
func isVoid(err error) bool {
	return apierrors.IsConflict(err) || errors.Is(err, errBusy) || errors.Is(err, errMoved)
}

func tenantKeyOf(user *v1alpha1.ManagedUser) types.NamespacedName {
	return types.NamespacedName{Namespace: user.Namespace, Name: user.Spec.TenantRef.Name}
}

// findTenant finds the Tenant and what is known of it. Until its users have been read
// completely in this process, a pass says nothing.
func (r *ManagedUserReconciler) findTenant(ctx context.Context, s *userScope) error {
	key := tenantKeyOf(s.user)
	var tenant v1alpha1.Tenant
	if err := r.Client.Get(ctx, key, &tenant, client.UnsafeDisableDeepCopy); err != nil {
		if apierrors.IsNotFound(err) {
			return outcome.Waiting(v1alpha1.ReasonWaiting, fmt.Sprintf("there is no Tenant %q in this namespace", key.Name))
		}
		return fmt.Errorf("get tenant: %w", err)
	}
	if shardOf(&tenant) != r.Shard {
		if isDiscovered(s.user) && !kube.OwnedByOthers(s.user) {
			return errQuiet // it follows its Tenant by itself
		}
		return mismatch(s.user, &tenant)
	}
	if !r.Shard.serves(&tenant) {
		return errQuiet // it has just come to this manager
	}
	known, ok := r.Inventory.Lookup(key)
	if !ok || !known.Synced() || !tenant.DeletionTimestamp.IsZero() || tenant.Spec.Paused || tenant.Status.AdoptedThrough == nil {
		return errQuiet
	}
	s.tenant, s.known = &tenant, known
	s.observing = r.observes(&tenant, s.user)
	s.conn, _ = r.Connections.Lookup(key)
	if value, pending := kube.RequestedAt(s.user, s.user.Status.LastHandledReconcileAt); pending {
		s.requested = value
	}
	return nil
}

// observes tells whether nothing may be changed.
func (r *ManagedUserReconciler) observes(tenant *v1alpha1.Tenant, user *v1alpha1.ManagedUser) bool {
	return r.ObserveOnly || tenant.Spec.ManagementPolicy != v1alpha1.ManagementPolicyEnforce ||
		user.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve
}

// observe finds the account: the one the object is bound to, else the one its name
// means now.
func (r *ManagedUserReconciler) observe(ctx context.Context, s *userScope) error {
	s.id = boundID(s.user)
	if s.id == "" {
		id, ok := s.known.ByName(s.user.Spec.UserPrincipalName)
		if _, attempted := creationAttempt(s.user); attempted {
			ok = false // whether that account is ours is still to be found out
		}
		switch {
		case ok:
			s.id = id
		case s.user.Spec.CreationPolicy == v1alpha1.CreationPolicyCreate:
			s.missing = true
			return nil
		default:
			return outcome.Blocked(v1alpha1.ReasonNotFound,
				"there is no account with this userPrincipalName in the tenant: correct the name, or set creationPolicy to Create")
		}
	}
	s.look(s.id)
	if isUrgent(s.user, s.found && canSignIn(s.seen)) {
		s.status.InTurn(nil)
	}
	switch {
	case s.found && s.seen.Gone == inventory.GoneNot:
		noteRestored(s)
		return r.recallCredential(ctx, s)
	case restorable(s):
		s.missing = true
		return nil
	case !s.found:
		return outcome.Blocked(v1alpha1.ReasonNotFound, "there is no account with the id "+s.id+" in the tenant")
	case s.seen.Gone == inventory.GoneDeleted:
		return outcome.Blocked(v1alpha1.ReasonNotFound,
			"the account was deleted: restore it in Microsoft 365 within 30 days, or remove this object")
	default:
		return outcome.Blocked(v1alpha1.ReasonNotFound, "the account is gone for good: remove this object")
	}
}

// noteRestored ends an attempt to restore an account that is there.
func noteRestored(s *userScope) {
	if attempt, ok := kube.FindRecord(s.user.Status.Records, recordRestore); ok && attempt.Phase != v1alpha1.PhaseDone {
		attempt.Phase = v1alpha1.PhaseDone
		s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, attempt)
	}
}

// restorable tells whether the spec asks to restore a deleted account: the object names
// it by its id, says Create, and has never seen it alive. One that is deleted later stays
// deleted, and a forgotten status restores nobody.
func restorable(s *userScope) bool {
	attempt, tried := kube.FindRecord(s.user.Status.Records, recordRestore)
	tried = tried && attempt.Phase == v1alpha1.PhaseStarted
	return s.user.Spec.ID != "" && s.user.Spec.CreationPolicy == v1alpha1.CreationPolicyCreate && s.seen.Gone != inventory.GonePurged &&
		(tried || s.user.Status.ID == "" && !adopting(s))
}

// identify stops when the object would act on another person than the one it is bound
// to, or on one that an older object manages.
func (r *ManagedUserReconciler) identify(ctx context.Context, s *userScope) error {
	name := s.user.Spec.UserPrincipalName
	if other, ok := s.known.ByName(name); ok && other != s.id {
		return outcome.Blocked(v1alpha1.ReasonDifferentPerson, fmt.Sprintf(
			"this object is bound to the account %s, but %s is now the name of the account %s: nothing is done; "+
				"correct userPrincipalName, or make another object for the other person", s.id, name, other))
	}
	if s.user.Status.ID != "" && s.user.Status.ID != s.id {
		return outcome.Blocked(v1alpha1.ReasonDifferentPerson, fmt.Sprintf(
			"this object was bound to the account %s before spec.id named %s: make another object for the other person",
			s.user.Status.ID, s.id))
	}
	rivals, err := r.rivals(ctx, s, s.id, s.seen.User.UserPrincipalName)
	if err != nil {
		return err
	}
	for _, rival := range rivals {
		if comesBefore(rival, s.user) {
			return duplicateOf(rival)
		}
	}
	return nil
}

func duplicateOf(rival *v1alpha1.ManagedUser) error {
	return outcome.Blocked(v1alpha1.ReasonDuplicate,
		fmt.Sprintf("the ManagedUser %q manages this account already: remove one of the two", rival.Name)).After(duplicateRetry)
}

// rivals are the other objects that mean the same account and are not going.
func (r *ManagedUserReconciler) rivals(ctx context.Context, s *userScope, keys ...string) ([]*v1alpha1.ManagedUser, error) {
	var found []*v1alpha1.ManagedUser
	for _, key := range keys {
		users, err := r.Index.ByAccount(ctx, s.user.Namespace, s.tenant.Name, key)
		if err != nil {
			return nil, err
		}
		for _, rival := range users {
			same := boundID(rival) == s.id || boundID(rival) == ""
			if same && rival.UID != s.user.UID && rival.DeletionTimestamp.IsZero() {
				found = append(found, rival)
			}
		}
	}
	return found, nil
}

// comesBefore orders objects for the same account: declared before discovered, older
// before younger.
func comesBefore(a, b *v1alpha1.ManagedUser) bool {
	if isDiscovered(a) != isDiscovered(b) {
		return isDiscovered(b)
	}
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Name < b.Name
}

// refresh reads the account from the directory when somebody asked for a pass, by its
// name when the object is not bound yet.
func (r *ManagedUserReconciler) refresh(ctx context.Context, s *userScope) error {
	if s.requested == "" {
		return nil
	}
	key := boundID(s.user)
	if key == "" {
		key = s.user.Spec.UserPrincipalName
	}
	return r.readLive(ctx, s, key)
}

// readLive reads an account from the directory into the inventory.
func (r *ManagedUserReconciler) readLive(ctx context.Context, s *userScope, key string) error {
	dir, err := s.directory()
	if err != nil {
		return err
	}
	user, err := dir.User(ctx, key)
	if directory.KindOf(err) == directory.KindNotFound {
		s.known.Remove(key)
		return nil
	}
	if err != nil {
		return err
	}
	s.known.Refresh(*user)
	s.live = true
	return nil
}

// readMethods reads what the account has registered, since somebody asked. That nobody
// may read it is no failure of the pass.
func (r *ManagedUserReconciler) readMethods(ctx context.Context, s *userScope, dir directory.Directory, id string) error {
	s.known.AskPurpose(id)
	methods, err := dir.AuthenticationMethods(ctx, id)
	if err == nil {
		s.known.LearnMethods(id, methods, r.Clock.Now())
		return nil
	}
	if problem := outcome.Classify(err); problem.Class == outcome.ClassBlocked && !outcome.TenantTrouble(problem) {
		return nil
	}
	return err
}

// work does what is declared: what the facets plan, and the credential of an account that
// was made here. One that fails does not hold up the other.
func (r *ManagedUserReconciler) work(ctx context.Context, s *userScope) error {
	err := r.enforce(ctx, s)
	if isVoid(err) {
		return err
	}
	credential := r.ensureFirstSignIn(ctx, s)
	if isVoid(credential) {
		return credential
	}
	methods := r.readAsked(ctx, s)
	if isVoid(methods) {
		return methods
	}
	return errors.Join(err, credential, methods, s.lookups)
}

// readAsked reads what the account has registered when somebody asked for a pass. It comes
// last: Microsoft rations such readings, and nothing that is declared waits for them.
func (r *ManagedUserReconciler) readAsked(ctx context.Context, s *userScope) error {
	if s.requested == "" {
		return nil
	}
	dir, err := s.directory()
	if err != nil {
		return err
	}
	return r.readMethods(ctx, s, dir, s.id)
}

// enforce plans the facets and makes their changes.
func (r *ManagedUserReconciler) enforce(ctx context.Context, s *userScope) error {
	p := plan.For(r.input(s))
	if p.NeedsLive && !s.observing {
		if err := r.readLive(ctx, s, s.id); err != nil {
			return r.postpone(ctx, s, p, err)
		}
		if err := r.observe(ctx, s); err != nil {
			return err
		}
		p = plan.For(r.input(s))
	}
	s.wake(p.WakeAfter)
	records := p.Records()
	if s.observing {
		records = remembered(s.user.Status.Records, records)
	} else {
		s.user.Status.Claims = p.Claims
		s.released = p.Released
		r.reread(s, p.Reread)
	}
	s.user.Status.Records = sortedRecords(append(records, lifeRecords(s.user)...))
	s.user.Status.ID = s.id
	witness(s.user)

	var problems []error
	for _, facet := range p.Facets {
		result := facetResult{facet: facet}
		if facet.Verdict.Refused { // what a name lacks may come without a word to this object
			s.wake(r.Policy.Blocked())
		}
		result.facet.Verdict = explain(s, facet)
		switch {
		case facet.Verdict.Reason == v1alpha1.ReasonNoSeat:
			s.wake(outcome.SeatRetry)
		case facet.Verdict.Reason == v1alpha1.ReasonWaiting && facet.Verdict.Status == metav1.ConditionUnknown:
			s.wake(unreadRetry)
		}
		switch {
		case s.observing:
			result.pending = facet.Changes
		case facet.RestsOn(s.left()):
			result.pending = facet.Changes
			result.problem = outcome.Classify(outcome.Waiting(v1alpha1.ReasonProgressing, plan.UsageLocationFirst))
		default:
			err := r.carryOut(ctx, s, &result)
			if isVoid(err) {
				return err
			}
			problems = append(problems, err)
		}
		s.facets = append(s.facets, result)
	}
	return errors.Join(problems...)
}

// left are the changes that this pass should have made and has not.
func (s *userScope) left() []plan.Change {
	var left []plan.Change
	for _, result := range s.facets {
		left = append(left, result.pending...)
	}
	return left
}

// reread has the Tenant read anew what claims of some kinds wait for.
func (r *ManagedUserReconciler) reread(s *userScope, kinds []v1alpha1.ClaimKind) {
	for _, kind := range kinds {
		s.known.AskLinks(linkKinds[kind])
	}
	if len(kinds) > 0 {
		r.Tenants.Wake(kube.PriorityPerson, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(s.tenant)})
	}
}

// linkKinds are what claims are about that join an account to something else.
var linkKinds = map[v1alpha1.ClaimKind]inventory.LinkKind{
	v1alpha1.ClaimGroup: inventory.LinkGroup, v1alpha1.ClaimApplication: inventory.LinkAppRole,
	v1alpha1.ClaimDirectoryRole: inventory.LinkRole,
}

// explain tells of what waits for a reading that only a person can make possible.
func explain(s *userScope, facet plan.Facet) plan.Verdict {
	feed, rests := map[string]inventory.FeedName{
		v1alpha1.ConditionGroups: inventory.FeedMemberships, v1alpha1.ConditionLicenses: inventory.FeedLicenses,
		v1alpha1.ConditionApplications: inventory.FeedApplications, v1alpha1.ConditionManager: inventory.FeedManagers,
		v1alpha1.ConditionDirectoryRoles: inventory.FeedRoles,
	}[facet.Condition]
	if !rests || facet.Verdict.Status != metav1.ConditionUnknown || facet.Verdict.Reason != v1alpha1.ReasonWaiting {
		return facet.Verdict
	}
	for _, status := range s.known.Summary().Feeds {
		if status.Name != feed {
			continue
		}
		switch status.Reason {
		case inventory.ReasonPermissionMissing:
			return plan.Verdict{
				Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonAccessDenied, Refused: true,
				Message: "the application may not read what this rests on: grant it the permission (see the Tenant's status.capabilities)",
			}
		case inventory.ReasonPremiumRequired, inventory.ReasonUnavailable:
			return plan.Verdict{
				Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNotApplicable, Refused: true,
				Message: "the tenant does not offer the reading that this rests on: take it out of the spec",
			}
		default:
		}
	}
	return facet.Verdict
}

// unreadRetry is how often it is looked whether what is waited for has been read: what a
// reading does not change wakes nobody.
const unreadRetry = 30 * time.Second

// lifeRecords are those that no facet plans.
func lifeRecords(user *v1alpha1.ManagedUser) []v1alpha1.Record {
	return slices.DeleteFunc(slices.Clone(user.Status.Records), func(r v1alpha1.Record) bool {
		return r.Name != recordCreate && r.Name != recordRestore && r.Name != recordFirstSignIn
	})
}

// postpone says of every facet that it could not be decided, since the account could not
// be read. Whoever is to be shut out does not wait for what other facets want to know.
func (r *ManagedUserReconciler) postpone(ctx context.Context, s *userScope, p plan.Plan, err error) error {
	if isVoid(err) {
		return err
	}
	problems := []error{err}
	for _, facet := range p.Facets {
		result := facetResult{facet: facet, pending: facet.Changes, problem: outcome.Classify(err)}
		if facet.ShutsOut() {
			result.pending, result.problem = nil, nil
			for _, record := range p.Decided() {
				s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, record)
			}
			s.user.Status.ID = s.id
			witness(s.user)
			err := r.carryOut(ctx, s, &result)
			if isVoid(err) {
				return err
			}
			problems = append(problems, err)
		}
		s.facets = append(s.facets, result)
	}
	return errors.Join(problems...)
}

// carryOut makes a facet's changes and notes what stands in the way.
func (r *ManagedUserReconciler) carryOut(ctx context.Context, s *userScope, result *facetResult) error {
	err := r.applyFacet(ctx, s, result)
	if err != nil && !isVoid(err) {
		result.problem = outcome.Classify(err)
	}
	return err
}

func (r *ManagedUserReconciler) input(s *userScope) plan.Input {
	in := plan.Input{
		Spec: &s.user.Spec, Generation: s.user.Generation, Records: s.user.Status.Records,
		User: s.seen.User, Federated: s.seen.Federated,
		Adopting: adopting(s), Live: s.live, BlockedElsewhere: saysBlockedElsewhere(s.user), Now: r.Clock.Now(), Settle: r.ConsistencyWindow,
		Written:  s.known.Written(s.seen.User.ID),
		Declared: !isDiscovered(s.user) || kube.OwnedByOthers(s.user), Claims: s.user.Status.Claims,
		Defaults: s.tenant.Spec.Defaults, AllowRoleGrants: r.AllowRoleGrants,
	}
	s.describeInput(&in)
	s.wants = s.needsReading(in)
	return in
}

func saysBlockedElsewhere(user *v1alpha1.ManagedUser) bool {
	c, ok := kube.Condition(user, v1alpha1.ConditionSignIn)
	return ok && c.Reason == string(v1alpha1.ReasonBlockedElsewhere)
}

// adopting tells whether what the object declares was declared before the Tenant's
// memory began: what has no record then is forgotten, not new. A change that this
// memory witnessed is new, however young the Tenant.
func adopting(s *userScope) bool {
	if seen := s.user.Status.DeclaredGeneration; seen != 0 && seen < s.user.Generation {
		return false
	}
	declared := kube.DeclaredAt(s.user)
	return !declared.After(s.tenant.Status.AdoptedThrough.Time)
}

// forgotten tells whether the object was there, as it is, when its Tenant was first read:
// that it has no memory of an account then does not mean that it never had one.
func forgotten(s *userScope) bool {
	synced, ok := kube.Condition(s.tenant, v1alpha1.ConditionSynced)
	declared := kube.DeclaredAt(s.user)
	return adopting(s) && ok && !declared.After(synced.LastTransitionTime.Time)
}

// witness remembers since when the object is declared by somebody else than discovery.
func witness(user *v1alpha1.ManagedUser) {
	if user.Status.DeclaredGeneration == 0 && (!isDiscovered(user) || kube.OwnedByOthers(user)) {
		user.Status.DeclaredGeneration = user.Generation
	}
}

// remembered are the records to keep of a plan that is not carried out: what was known
// before, and what was found done. A step for another value has not begun, so the one for
// the value before is still the last.
func remembered(before, planned []v1alpha1.Record) []v1alpha1.Record {
	var kept []v1alpha1.Record
	for _, record := range planned {
		known, ok := kube.FindRecord(before, record.Name)
		switch {
		case record.Phase == v1alpha1.PhaseDone, ok && known.Value == record.Value:
			kept = append(kept, record)
		case ok:
			kept = append(kept, known)
		}
	}
	return kept
}

func sortedRecords(records []v1alpha1.Record) []v1alpha1.Record {
	slices.SortFunc(records, func(a, b v1alpha1.Record) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return records
}
