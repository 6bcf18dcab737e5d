package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/plan"
)

// resolve finds out what the names in the spec's lists mean: each once, from then on the
// claim knows. What cannot be asked now is left to another pass.
func (r *ManagedUserReconciler) resolve(ctx context.Context, s *userScope) error {
	s.targets = map[plan.Ref]plan.Target{}
	var failed []error
	for _, wanted := range plan.Wanted(&s.user.Spec, s.user.Status.Claims) {
		target, err := s.claimed(ctx, wanted)
		if wanted.ID == "" {
			target, err = s.target(ctx, refOf(wanted))
		}
		if err != nil { // it waits, and nothing else does
			failed = append(failed, err)
			continue
		}
		if target.Reason == v1alpha1.ReasonUnresolved {
			s.wake(unresolvedRetry)
		}
		s.targets[refOf(wanted)] = target
	}
	s.lookups = errors.Join(failed...)
	return nil
}

// unresolvedRetry is how often a name that means nothing is looked up again: what it
// means may be about to be made.
const unresolvedRetry = 10 * time.Minute

func refOf(claim v1alpha1.Claim) plan.Ref {
	return plan.Ref{Kind: claim.Kind, Name: claim.Name, Qualifier: claim.Qualifier}
}

// target finds out what a name means.
func (s *userScope) target(ctx context.Context, ref plan.Ref) (plan.Target, error) {
	find := map[v1alpha1.ClaimKind]func(context.Context, plan.Ref) (plan.Target, error){
		v1alpha1.ClaimGroup: s.findGroup, v1alpha1.ClaimApplication: s.findApplication,
		v1alpha1.ClaimDirectoryRole: s.findRole, v1alpha1.ClaimManager: s.findManager,
	}[ref.Kind]
	target, err := find(ctx, ref)
	switch directory.KindOf(err) {
	case "":
		return target, nil
	case directory.KindNotFound:
		return unresolved("there is no %s %q in the tenant: correct the name", ref), nil
	case directory.KindConflict:
		return unresolved("more than one %s is called %q: name it by its id", ref), nil
	case directory.KindForbidden:
		return plan.Target{Reason: v1alpha1.ReasonAccessDenied, Message: fmt.Sprintf(
			"the application may not look up the %s %q: see the Tenant's status.capabilities", nounOf(ref.Kind), ref.Name)}, nil
	default:
		return plan.Target{}, err
	}
}

func unresolved(format string, ref plan.Ref) plan.Target {
	return plan.Target{Reason: v1alpha1.ReasonUnresolved, Message: fmt.Sprintf(format, nounOf(ref.Kind), ref.Name)}
}

func nounOf(kind v1alpha1.ClaimKind) string {
	return map[v1alpha1.ClaimKind]string{
		v1alpha1.ClaimLicense: "subscription", v1alpha1.ClaimGroup: "group", v1alpha1.ClaimApplication: "application",
		v1alpha1.ClaimDirectoryRole: "directory role", v1alpha1.ClaimManager: "account",
	}[kind]
}

// claimed is what a claim was first found to mean, with what is known of it now.
func (s *userScope) claimed(ctx context.Context, claim v1alpha1.Claim) (plan.Target, error) {
	target := plan.Target{ID: claim.ID, RoleID: claim.RoleID, Known: true}
	switch claim.Kind {
	case v1alpha1.ClaimGroup:
		return s.claimedGroup(ctx, claim)
	case v1alpha1.ClaimApplication:
		return s.claimedApplication(ctx, claim)
	case v1alpha1.ClaimManager:
		if seen, ok := s.known.ByID(claim.ID); claim.ID != "" && ok && seen.Gone != inventory.GoneNot {
			return unresolved("the %s %q is gone from the tenant: remove the entry, or remove it and list it again to mean another one", refOf(claim)), nil
		}
	case v1alpha1.ClaimLicense, v1alpha1.ClaimDirectoryRole:
	}
	return target, nil
}

// claimedGroup looks in what is known, then in the directory: the group may be newer than
// the last reading, or gone.
func (s *userScope) claimedGroup(ctx context.Context, claim v1alpha1.Claim) (plan.Target, error) {
	target := plan.Target{ID: claim.ID, Known: true}
	if group, ok := s.known.Group(claim.ID); ok {
		target.Group = &group
		return target, nil
	}
	if claim.ID == "" || !s.known.GroupsKnown() {
		return target, nil
	}
	dir, err := s.directory()
	if err != nil {
		return plan.Target{}, err
	}
	target.Group, err = dir.Group(ctx, claim.ID)
	if directory.KindOf(err) == directory.KindNotFound {
		return unresolved("the %s %q is gone from the tenant: remove the entry, or remove it and list it again to mean another one", refOf(claim)), nil
	}
	return target, err
}

// claimedApplication waits for the application's assignments, unless it is gone.
func (s *userScope) claimedApplication(ctx context.Context, claim v1alpha1.Claim) (plan.Target, error) {
	target := plan.Target{ID: claim.ID, RoleID: claim.RoleID}
	if _, target.Known = s.known.Application(claim.ID); target.Known || claim.ID == "" {
		return target, nil
	}
	dir, err := s.directory()
	if err != nil {
		return plan.Target{}, err
	}
	_, err = dir.Application(ctx, claim.ID)
	if directory.KindOf(err) == directory.KindNotFound {
		return unresolved("the %s %q is gone from the tenant: remove the entry, or remove it and list it again to mean another one", refOf(claim)), nil
	}
	return target, err
}

// findGroup asks the directory what a name means: what is known may be minutes old, and
// the claim keeps the meaning for ever.
func (s *userScope) findGroup(ctx context.Context, ref plan.Ref) (plan.Target, error) {
	if id, err := uuid.Parse(ref.Name); err == nil {
		if group, ok := s.known.Group(id.String()); ok {
			return plan.Target{ID: group.ID, Group: &group, Known: true}, nil
		}
	}
	dir, err := s.directory()
	if err != nil {
		return plan.Target{}, err
	}
	group, err := dir.Group(ctx, ref.Name)
	if err != nil {
		return plan.Target{}, err
	}
	return plan.Target{ID: group.ID, Group: group, Known: true}, nil
}

func (s *userScope) findApplication(ctx context.Context, ref plan.Ref) (plan.Target, error) {
	dir, err := s.directory()
	if err != nil {
		return plan.Target{}, err
	}
	application, err := dir.Application(ctx, ref.Name)
	if err != nil {
		return plan.Target{}, err
	}
	target := plan.Target{ID: application.ID}
	_, target.Known = s.known.Application(application.ID)
	if target.RoleID = appRole(application, ref.Qualifier); target.RoleID == "" {
		return plan.Target{Reason: v1alpha1.ReasonUnresolved, Message: fmt.Sprintf(
			"the application %q has no role %q for users; it has %s", ref.Name, ref.Qualifier, roleNames(application))}, nil
	}
	return target, nil
}

// defaultRole is the role of an entry that names none.
const defaultRole = "Default"

// appRole finds a role by display name, value or id; empty when there is none for users.
func appRole(application *directory.Application, name string) string {
	usable := usableRoles(application)
	for _, role := range usable {
		if role.DisplayName == name || role.Value == name || strings.EqualFold(role.ID, name) {
			return role.ID
		}
	}
	if len(usable) == 0 && name == defaultRole {
		return directory.DefaultAppRole
	}
	return ""
}

func usableRoles(application *directory.Application) []directory.AppRole {
	return slices.DeleteFunc(slices.Clone(application.Roles), func(role directory.AppRole) bool { return !role.Enabled || !role.ForUsers })
}

func roleNames(application *directory.Application) string {
	var names []string
	for _, role := range usableRoles(application) {
		names = append(names, role.DisplayName)
	}
	if len(names) == 0 {
		return "none: leave role out"
	}
	slices.Sort(names)
	return strings.Join(names[:min(len(names), 10)], ", ")
}

func (s *userScope) findRole(_ context.Context, ref plan.Ref) (plan.Target, error) {
	role, ok := s.known.RoleNamed(ref.Name)
	switch {
	case ok:
		return plan.Target{ID: role.ID, Known: true}, nil
	case !s.known.RolesKnown():
		return plan.Target{Reason: v1alpha1.ReasonWaiting, Message: "the tenant's directory roles have not been read"}, nil
	default:
		return plan.Target{}, &directory.Error{Kind: directory.KindNotFound}
	}
}

func (s *userScope) findManager(ctx context.Context, ref plan.Ref) (plan.Target, error) {
	dir, err := s.directory()
	if err != nil {
		return plan.Target{}, err
	}
	manager, err := dir.User(ctx, ref.Name)
	if err != nil {
		return plan.Target{}, err
	}
	return plan.Target{ID: manager.ID, Known: true}, nil
}

// describeInput adds to a plan's input what is known of the account beyond itself.
func (s *userScope) describeInput(in *plan.Input) {
	in.Targets = s.targets
	in.SKUs = s.known.SKUs()
	in.Manager, in.ManagerKnown = s.seen.Manager, s.seen.ManagerKnown
	in.ManagerKnown = in.ManagerKnown || s.made
	if s.seen.GroupsReason == "" || s.made {
		in.Groups = make(map[string]directory.Group, len(s.seen.Groups))
		for _, group := range s.seen.Groups {
			in.Groups[group.ID] = group
		}
	}
	for _, role := range s.seen.AppRoles {
		in.AppRoles = append(in.AppRoles, plan.AppRole{ApplicationID: role.ApplicationID, RoleID: role.RoleID, ViaGroup: role.ViaGroup})
	}
	for _, role := range s.seen.Roles {
		in.Roles = append(in.Roles, plan.Role{RoleID: role.RoleID, Scope: role.Scope, Path: v1alpha1.RolePath(role.Path)})
	}
	in.RolesKnown = s.known.RolesKnown()
	in.GroupsBegun, in.AppRolesBegun = s.known.LinksBegun(inventory.LinkGroup), s.known.LinksBegun(inventory.LinkAppRole)
	in.RolesBegun = s.known.LinksBegun(inventory.LinkRole)
}

// needsReading tells whether something is declared that has not been read, since nobody
// named it before.
func (s *userScope) needsReading(in plan.Input) bool {
	for ref, target := range in.Targets {
		if ref.Kind == v1alpha1.ClaimApplication && target.ID != "" && !target.Known {
			return true
		}
	}
	return in.Spec.Manager != nil && !in.ManagerKnown
}

// assignmentOf finds the id of a direct assignment, read live: only so it can be removed.
func assignmentOf[T any](
	read func(link string) (*directory.Page[T], error), match func(T) bool, id func(T) string,
) (string, error) {
	for link := ""; ; {
		page, err := read(link)
		if err != nil {
			return "", err
		}
		for _, item := range page.Items {
			if match(item) {
				return id(item), nil
			}
		}
		if link = page.Next; link == "" {
			return "", errUnlisted
		}
	}
}
