package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
)

// finish summarises the pass into the status, writes it when it changed, and decides
// when to come back.
func (r *TenantReconciler) finish(ctx context.Context, s *tenantScope, err error) (ctrl.Result, error) {
	problem := outcome.Classify(err)
	if s.deleting || apierrors.IsConflict(err) {
		return r.Policy.Result(problem)
	}
	if err := r.countManaged(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	if s.known == nil {
		s.known, _ = r.Inventory.Lookup(client.ObjectKeyFromObject(s.tenant))
	}
	if err := r.findUndeclared(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	s.readSince = r.Started
	before := s.tenant.Status.DeepCopy()
	summarizeTenant(s, problem, r.Clock.Now())
	if patchErr := s.status.Patch(ctx, s.tenant); patchErr != nil {
		if apierrors.IsNotFound(patchErr) {
			return ctrl.Result{}, nil
		}
		return r.Policy.Result(outcome.Classify(errors.Join(err, patchErr)))
	}
	r.tellUndeclared(s, before)
	r.Events.Transitions(s.tenant, s.before, s.tenant.Status.Conditions)
	r.Metrics.set(s.tenant)
	if problem == nil && !s.paused {
		return ctrl.Result{RequeueAfter: r.nextSync(s)}, nil
	}
	return r.Policy.Result(problem)
}

// nextSync is when the tenant is to be read again. A little jitter keeps many tenants
// from asking at once.
func (r *TenantReconciler) nextSync(s *tenantScope) time.Duration {
	next := s.interval()
	if r.Policy.Jitter != nil {
		next -= time.Duration(r.Policy.Jitter() * float64(next) / 10)
	}
	now := r.Clock.Now()
	if feed := s.result.NextFeed; !feed.IsZero() && next-feed.Sub(now) > feedPatience {
		next = max(feed.Sub(now), time.Second)
	}
	if due := s.result.NextDue; !due.IsZero() {
		next = min(next, max(due.Sub(now), time.Second))
	}
	return next
}

// feedPatience is how long a feed may wait for the users' next round, so that both take
// one pass: every pass asks what changed among the users.
const feedPatience = 5 * time.Minute

func (r *TenantReconciler) ensureFinalizer(ctx context.Context, s *tenantScope) error {
	return r.patchFinalizer(ctx, s, controllerutil.AddFinalizer)
}

func (r *TenantReconciler) patchFinalizer(ctx context.Context, s *tenantScope, change func(client.Object, string) bool) error {
	wanted := s.tenant.DeepCopy()
	if !change(wanted, v1alpha1.TenantFinalizer) {
		return nil
	}
	patch := client.MergeFromWithOptions(s.tenant.DeepCopy(), client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, wanted, patch, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return fmt.Errorf("patch finalizers: %w", err)
	}
	*s.tenant = *wanted
	s.status.Rebase(s.tenant)
	return nil
}

// connect turns the credentials into a directory, and proves them by a token.
func (r *TenantReconciler) connect(ctx context.Context, s *tenantScope) error {
	conn, err := r.Pool.Connect(ctx, s.tenant)
	if err != nil {
		return err
	}
	identity, err := conn.Directory.Identity(ctx)
	if err != nil {
		return err
	}
	key := client.ObjectKeyFromObject(s.tenant)
	s.conn, s.identity, s.known = conn, identity, r.Inventory.Tenant(key)
	s.tenant.Status.TenantID = conn.TenantID
	if !equality.Semantic.DeepEqual(s.tenant.Status.Capabilities, capabilities(identity, s.known)) {
		s.known.Recheck() // what was refused may be granted now
	}
	return nil
}

// claim stops when another Tenant that is connected manages the same tenant and came
// first. The message names no other namespace.
func (r *TenantReconciler) claim(ctx context.Context, s *tenantScope) error {
	var rivals v1alpha1.TenantList
	if err := r.Client.List(ctx, &rivals, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list tenants: %w", err)
	}
	for i := range rivals.Items {
		rival := &rivals.Items[i]
		if rival.UID == s.tenant.UID || !rival.DeletionTimestamp.IsZero() || !r.holds(rival, s.conn.TenantID) {
			continue
		}
		if isOlder(s.tenant, rival) {
			r.forget(rival) // it yields at its next pass; its users rest from now on
			continue
		}
		r.forget(s.tenant)
		return outcome.Blocked(v1alpha1.ReasonDuplicate,
			"an older Tenant manages this Microsoft 365 tenant already: remove one of the two").After(duplicateRetry)
	}
	return nil
}

// isOlder orders Tenants, those made within the same second by their ids.
func isOlder(a, b *v1alpha1.Tenant) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.UID < b.UID
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}

// holds tells whether a Tenant is connected to a Microsoft 365 tenant: as its status
// says, or as this process has just found and not written yet.
func (r *TenantReconciler) holds(rival *v1alpha1.Tenant, tenantID string) bool {
	if rival.Status.TenantID == tenantID && kube.IsTrue(rival, v1alpha1.ConditionSynced) {
		return true
	}
	key := client.ObjectKeyFromObject(rival)
	conn, connected := r.Pool.Lookup(key)
	known, read := r.Inventory.Lookup(key)
	return connected && conn.TenantID == tenantID && read && known.Synced()
}

// duplicateRetry is how often a Tenant looks whether the one it yields to is gone.
const duplicateRetry = 10 * time.Minute

// resolveGroups resolves the groups that safeguards name, each once.
func (r *TenantReconciler) resolveGroups(ctx context.Context, s *tenantScope) error {
	forgetUnused(s.tenant)
	for _, ref := range references(s.tenant) {
		if ref.kind != v1alpha1.ReferenceGroup || resolved(s.tenant, ref.kind, ref.name) != "" {
			continue
		}
		group, err := s.conn.Directory.Group(ctx, ref.name)
		switch directory.KindOf(err) {
		case "":
			remember(s.tenant, ref, group.ID)
		case directory.KindNotFound, directory.KindConflict, directory.KindForbidden:
			// Unresolved: the condition SafeguardsReady says so, and nothing disruptive runs.
		default:
			return err
		}
	}
	return nil
}

// sync reads what changed.
func (r *TenantReconciler) sync(ctx context.Context, s *tenantScope) error {
	request := inventory.SyncRequest{Force: s.requested != ""}
	if s.tenant.Status.Safeguards != nil {
		for _, ref := range s.tenant.Status.Safeguards.Resolved {
			if ref.Kind == v1alpha1.ReferenceGroup {
				request.Groups = append(request.Groups, ref.ID)
			}
		}
	}
	if err := errors.Join(r.want(ctx, s, &request), r.recall(ctx, s)); err != nil {
		return err
	}
	result, err := s.known.Sync(ctx, s.conn.Directory, request)
	s.result, s.read = result, result.Complete
	s.conn.SetUsers(s.known.Summary().Users.Total)
	if result.First {
		return errors.Join(err, r.wakeUsers(ctx, s))
	}
	return err
}

// wakeUsers wakes all users of a tenant that has just been read for the first time:
// also those whose account is not there.
func (r *TenantReconciler) wakeUsers(ctx context.Context, s *tenantScope) error {
	users, err := r.Index.OfTenant(ctx, s.tenant.Namespace, s.tenant.Name)
	if err != nil {
		return err
	}
	wakeUsers(r.Users, kube.PriorityResync, users, false)
	return nil
}

// resolveAccounts resolves the accounts that safeguards name, each once: a name that
// later means somebody else is not followed.
func (r *TenantReconciler) resolveAccounts(_ context.Context, s *tenantScope) error {
	if !s.known.Synced() {
		return nil
	}
	for _, ref := range references(s.tenant) {
		if ref.kind != v1alpha1.ReferenceUser || resolved(s.tenant, ref.kind, ref.name) != "" {
			continue
		}
		if id := resolveAccount(s.known, ref.name); id != "" {
			remember(s.tenant, ref, id)
		}
	}
	return nil
}

// adopt notes, once in a Tenant's life or after its status was lost, until when what
// objects declare was there already. Times are the API server's throughout.
func (r *TenantReconciler) adopt(ctx context.Context, s *tenantScope) error {
	if s.tenant.Status.AdoptedThrough != nil || !s.known.Synced() {
		return nil
	}
	through := metav1.NewTime(s.tenant.CreationTimestamp.Add(r.AdoptionWindow)).Rfc3339Copy()
	users := metav1.PartialObjectMetadataList{}
	users.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ManagedUserList"))
	if err := r.Reader.List(ctx, &users, client.InNamespace(s.tenant.Namespace)); err != nil {
		return fmt.Errorf("list managed users: %w", err)
	}
	for i := range users.Items {
		if declared := kube.DeclaredAt(&users.Items[i]); declared.After(through.Time) {
			through = declared
		}
	}
	s.tenant.Status.AdoptedThrough = &through
	return nil
}

// countManaged counts the accounts that somebody declares something about.
func (r *TenantReconciler) countManaged(ctx context.Context, s *tenantScope) error {
	users, err := r.Index.Declared(ctx, s.tenant.Namespace, s.tenant.Name)
	if err != nil {
		return err
	}
	for _, user := range users {
		s.managed++
		if sync := user.Status.Sync; sync == v1alpha1.SyncPending || sync == v1alpha1.SyncBlocked {
			s.drifted++
		}
	}
	return nil
}

// removeDiscovered deletes the objects that discovery made and nobody took over. An
// object that changes at this very moment is not deleted.
func (r *TenantReconciler) removeDiscovered(ctx context.Context, s *tenantScope) error {
	if !controllerutil.ContainsFinalizer(s.tenant, v1alpha1.TenantFinalizer) {
		return nil
	}
	r.forget(s.tenant) // so that discovery makes no more
	var users v1alpha1.ManagedUserList
	err := r.Reader.List(ctx, &users, client.InNamespace(s.tenant.Namespace), client.HasLabels{v1alpha1.DiscoveredLabel})
	if err != nil {
		return fmt.Errorf("list managed users: %w", err)
	}
	return forEachUser(ctx, pointersTo(users.Items), func(ctx context.Context, user *v1alpha1.ManagedUser) error {
		if user.Spec.TenantRef.Name != s.tenant.Name || kube.OwnedByOthers(user) {
			return nil
		}
		return deleteUnchanged(ctx, r.Client, user)
	})
}

// letGo lets the object go.
func (r *TenantReconciler) letGo(ctx context.Context, s *tenantScope) error {
	err := r.patchFinalizer(ctx, s, controllerutil.RemoveFinalizer)
	return client.IgnoreNotFound(err)
}

func (r *TenantReconciler) forget(tenant *v1alpha1.Tenant) {
	key := client.ObjectKeyFromObject(tenant)
	r.Pool.Forget(key)
	r.Inventory.Forget(key)
	r.Metrics.forget(key)
}

// tenantsOf are the Tenants that use a Connection.
func (r *TenantReconciler) tenantsOf(ctx context.Context, connection client.Object) []reconcile.Request {
	var tenants v1alpha1.TenantList
	err := r.Client.List(ctx, &tenants, client.MatchingFields{indexConnection: connection.GetName()}, client.UnsafeDisableDeepCopy)
	if err != nil {
		log.FromContext(ctx).Error(err, "cannot wake the tenants of a connection")
		return nil
	}
	requests := make([]reconcile.Request, 0, len(tenants.Items))
	for i := range tenants.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&tenants.Items[i])})
	}
	return requests
}
