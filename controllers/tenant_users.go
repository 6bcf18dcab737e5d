package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

// maxUndeclared is the most administrators that a Tenant's status names.
const maxUndeclared = 64

// want asks for what only matters to the objects that name it: the assignments of
// applications, and managers.
func (r *TenantReconciler) want(ctx context.Context, s *tenantScope, request *inventory.SyncRequest) error {
	users, err := r.Index.Declared(ctx, s.tenant.Namespace, s.tenant.Name)
	if err != nil {
		return err
	}
	applications := map[string]bool{}
	for _, user := range users {
		request.Managers = request.Managers || user.Spec.Manager != nil
		for _, claim := range user.Status.Claims {
			if claim.Kind == v1alpha1.ClaimApplication && !applications[claim.ID] {
				applications[claim.ID] = true
				request.Applications = append(request.Applications, claim.ID)
			}
		}
	}
	slices.Sort(request.Applications)
	return nil
}

// recall tells the inventory, at its beginning, what kinds of mailboxes an earlier
// process found: each is read once in its life, not once in every process's, and not
// again when its Tenant moves to another manager.
func (r *TenantReconciler) recall(ctx context.Context, s *tenantScope) error {
	if s.known.Synced() {
		return nil
	}
	users, err := r.Index.OfTenant(ctx, s.tenant.Namespace, s.tenant.Name)
	if err != nil {
		return err
	}
	others, err := divided(ctx, r.Client, r.Divided)
	if err != nil {
		return err
	}
	if others { // who has not followed the Tenant as yet
		strays, err := r.Shard.strays(ctx, r.Reader, s.tenant.Namespace)
		if err != nil {
			return err
		}
		users = slices.Concat(users, ofTenant(s.tenant, strays))
	}
	for _, user := range users {
		if purpose, ok := purposes()[user.Status.AccountType]; ok && user.Status.ID != "" {
			s.known.RecallPurpose(user.Status.ID, purpose)
		}
	}
	return nil
}

func ofTenant(tenant *v1alpha1.Tenant, users []v1alpha1.ManagedUser) []*v1alpha1.ManagedUser {
	return slices.DeleteFunc(pointersTo(users), func(user *v1alpha1.ManagedUser) bool {
		return user.Spec.TenantRef.Name != tenant.Name
	})
}

func purposes() map[v1alpha1.AccountType]directory.MailboxPurpose {
	return map[v1alpha1.AccountType]directory.MailboxPurpose{
		v1alpha1.AccountPerson: directory.MailboxUser, v1alpha1.AccountShared: directory.MailboxShared,
		v1alpha1.AccountRoom: directory.MailboxRoom, v1alpha1.AccountEquipment: directory.MailboxEquipment,
	}
}

// findUndeclared finds the administrators of whom nothing in Git says that they are, and
// tells of those that appeared.
func (r *TenantReconciler) findUndeclared(ctx context.Context, s *tenantScope) error {
	if s.known == nil || !s.known.Synced() || !s.known.Summary().Users.AdminsKnown {
		return nil
	}
	users, err := r.Index.Declared(ctx, s.tenant.Namespace, s.tenant.Name)
	if err != nil {
		return err
	}
	allowed := map[string]bool{}
	for _, user := range users {
		if user.Spec.AllowPrivileged {
			allowed[boundID(user)] = true
		}
	}
	s.undeclaredKnown = true
	for _, seen := range s.known.Admins() {
		if isUndeclaredAdmin(s.tenant, seen, allowed[seen.User.ID]) {
			s.undeclared = append(s.undeclared, v1alpha1.UndeclaredAdmin{ID: seen.User.ID, UserPrincipalName: seen.User.UserPrincipalName})
		}
	}
	slices.SortFunc(s.undeclared, func(a, b v1alpha1.UndeclaredAdmin) int { return strings.Compare(a.ID, b.ID) })
	return nil
}

// describeUndeclared writes down the administrators that were found.
func describeUndeclared(s *tenantScope) {
	if !s.undeclaredKnown {
		return
	}
	st := &s.tenant.Status
	if st.Users != nil {
		st.Users.UndeclaredAdmins = ptr.To(count(len(s.undeclared)))
	}
	st.UndeclaredAdmins = s.undeclared[:min(len(s.undeclared), maxUndeclared)]
}

// tellUndeclared announces those that were not there when this was last written.
func (r *TenantReconciler) tellUndeclared(s *tenantScope, before *v1alpha1.TenantStatus) {
	counted := before.Users != nil && before.Users.UndeclaredAdmins != nil
	if !s.undeclaredKnown || !counted && len(before.UndeclaredAdmins) == 0 {
		return
	}
	var names []string
	for _, admin := range s.tenant.Status.UndeclaredAdmins {
		known := slices.ContainsFunc(before.UndeclaredAdmins, func(b v1alpha1.UndeclaredAdmin) bool { return b.ID == admin.ID })
		if !known {
			names = append(names, admin.UserPrincipalName)
		}
	}
	if len(names) == 0 {
		return
	}
	r.Events.Warning(s.tenant, "AdminAppeared", "Observe", fmt.Sprintf(
		"administrators that nothing in Git declares: %s; list them in safeguards.privileged or protected, or take the roles away",
		strings.Join(names, ", ")))
}
