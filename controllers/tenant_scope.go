package controllers

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

// tenantScope is what one pass over a Tenant found out.
type tenantScope struct {
	tenant *v1alpha1.Tenant
	status *kube.StatusPatcher
	before []metav1.Condition

	paused, deleting bool
	requested        string

	conn     *tenancy.Connection
	known    *inventory.Tenant
	identity *directory.Identity
	result   inventory.SyncResult
	// read is true when this pass read the users to the end of a round.
	read bool
	// readSince is since when this process reads tenants.
	readSince time.Time

	managed, drifted int
	// undeclared are the administrators that nothing in Git declares, if that is known.
	undeclared      []v1alpha1.UndeclaredAdmin
	undeclaredKnown bool
}

func newTenantScope(c client.Client, tenant *v1alpha1.Tenant) *tenantScope {
	s := &tenantScope{
		tenant: tenant,
		status: kube.NewStatusPatcher(c, tenant),
		before: append([]metav1.Condition(nil), tenant.Status.Conditions...),
	}
	if value, pending := kube.RequestedAt(tenant, tenant.Status.LastHandledReconcileAt); pending {
		s.requested = value
	}
	return s
}

// interval between two readings of what changed among the users.
func (s *tenantScope) interval() time.Duration {
	if s.tenant.Spec.Sync.Interval == nil {
		return defaultInterval
	}
	return s.tenant.Spec.Sync.Interval.Duration
}

// defaultInterval is the API's default of spec.sync.interval.
const defaultInterval = 2 * time.Minute

// resolved is the id that a name of the safeguards was resolved to; empty when it was
// not.
func resolved(tenant *v1alpha1.Tenant, kind v1alpha1.ReferenceKind, name string) string {
	if tenant.Status.Safeguards == nil {
		return ""
	}
	for _, r := range tenant.Status.Safeguards.Resolved {
		if r.Kind == kind && strings.EqualFold(r.Name, name) {
			return r.ID
		}
	}
	return ""
}

// reference is a name that the safeguards use.
type reference struct {
	kind v1alpha1.ReferenceKind
	name string
}

// references are the names that the safeguards use, each once.
func references(tenant *v1alpha1.Tenant) []reference {
	var all []reference
	seen := map[reference]bool{}
	add := func(kind v1alpha1.ReferenceKind, name string) {
		key := reference{kind, strings.ToLower(name)}
		if name != "" && !seen[key] {
			seen[key] = true
			all = append(all, reference{kind, name})
		}
	}
	for _, entry := range tenant.Spec.Safeguards.Protected {
		add(v1alpha1.ReferenceUser, entry.User)
		add(v1alpha1.ReferenceGroup, entry.Group)
	}
	for _, name := range tenant.Spec.Safeguards.Privileged {
		add(v1alpha1.ReferenceUser, name)
	}
	return all
}

// unresolvedProtected are the protected entries that could not be resolved.
func unresolvedProtected(tenant *v1alpha1.Tenant) []string {
	var names []string
	for _, entry := range tenant.Spec.Safeguards.Protected {
		switch {
		case entry.User != "" && resolved(tenant, v1alpha1.ReferenceUser, entry.User) == "":
			names = append(names, entry.User)
		case entry.Group != "" && resolved(tenant, v1alpha1.ReferenceGroup, entry.Group) == "":
			names = append(names, entry.Group)
		}
	}
	return names
}

// remember keeps what a name was resolved to.
func remember(tenant *v1alpha1.Tenant, ref reference, id string) {
	if tenant.Status.Safeguards == nil {
		tenant.Status.Safeguards = &v1alpha1.SafeguardsStatus{}
	}
	st := tenant.Status.Safeguards
	st.Resolved = append(st.Resolved, v1alpha1.ResolvedReference{Kind: ref.kind, Name: ref.name, ID: id})
}

// forgetUnused drops the resolutions of names that the spec no longer uses.
func forgetUnused(tenant *v1alpha1.Tenant) {
	if tenant.Status.Safeguards == nil {
		return
	}
	var kept []v1alpha1.ResolvedReference
	for _, ref := range references(tenant) {
		if id := resolved(tenant, ref.kind, ref.name); id != "" {
			kept = append(kept, v1alpha1.ResolvedReference{Kind: ref.kind, Name: ref.name, ID: id})
		}
	}
	tenant.Status.Safeguards.Resolved = kept
	if kept == nil {
		tenant.Status.Safeguards = nil
	}
}

// resolveAccount finds the account that a name or an id means.
func resolveAccount(known *inventory.Tenant, name string) string {
	if seen, ok := known.ByID(strings.ToLower(name)); ok && seen.Gone == inventory.GoneNot {
		return seen.User.ID
	}
	id, _ := known.ByName(name)
	return id
}
