package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/plan"
)

// action is how a change is made, what readings will show then, and what is said of it.
type action struct {
	call func(ctx context.Context, dir directory.Directory, id string, change plan.Change) (directory.Receipt, error)
	// expect takes note of what readings will show; nil when nothing.
	expect func(known *inventory.Tenant, id string, change plan.Change, receipt directory.Receipt)
	// done is the kind of refusal that tells that the change had been made already.
	done directory.Kind
	// event and note tell people of it.
	event, note string
}

// actions are all that planned facets ask for.
func actions() map[plan.Action]action {
	all := signInActions()
	maps.Copy(all, accountActions())
	maps.Copy(all, belongingActions())
	return all
}

func signInActions() map[plan.Action]action {
	return map[plan.Action]action{
		plan.BlockSignIn: {
			call: func(ctx context.Context, dir directory.Directory, id string, _ plan.Change) (directory.Receipt, error) {
				return dir.SetEnabled(ctx, id, false)
			},
			expect: expectEnabled(directory.No),
			event:  "SignInBlocked", note: "sign-in was blocked",
		},
		plan.AllowSignIn: {
			call: func(ctx context.Context, dir directory.Directory, id string, _ plan.Change) (directory.Receipt, error) {
				return dir.SetEnabled(ctx, id, true)
			},
			expect: expectEnabled(directory.Yes),
			event:  "SignInAllowed", note: "sign-in was allowed",
		},
		plan.RevokeSessions: {
			call: func(ctx context.Context, dir directory.Directory, id string, _ plan.Change) (directory.Receipt, error) {
				return dir.RevokeSessions(ctx, id)
			},
			expect: func(known *inventory.Tenant, id string, _ plan.Change, receipt directory.Receipt) {
				known.Expect(id, inventory.Expectation{SessionsValidFrom: receipt.Time})
			},
			event: "SessionsRevoked",
			note:  "all sessions were revoked; access tokens already issued may live for up to an hour",
		},
		plan.RequirePasswordChange: {
			call: func(ctx context.Context, dir directory.Directory, id string, _ plan.Change) (directory.Receipt, error) {
				return dir.RequirePasswordChange(ctx, id)
			},
			event: "PasswordChangeRequired", note: "the next sign-in asks for a new password",
		},
	}
}

func accountActions() map[plan.Action]action {
	return map[plan.Action]action{
		plan.RenameAccount: {
			call: func(ctx context.Context, dir directory.Directory, id string, c plan.Change) (directory.Receipt, error) {
				return dir.RenameUser(ctx, id, c.To)
			},
			expect: func(known *inventory.Tenant, id string, c plan.Change, _ directory.Receipt) {
				known.Expect(id, inventory.Expectation{UserPrincipalName: c.To})
			},
			event: "AccountRenamed", note: "the account was renamed",
		},
		plan.DeleteAccount: {
			call: func(ctx context.Context, dir directory.Directory, id string, _ plan.Change) (directory.Receipt, error) {
				return dir.DeleteUser(ctx, id)
			},
			expect: func(known *inventory.Tenant, id string, _ plan.Change, _ directory.Receipt) { known.Deleted(id) },
			done:   directory.KindNotFound,
			event:  "AccountDeleted", note: "the account was deleted; it can be restored for 30 days",
		},
		plan.UpdateProfile: {
			call: func(ctx context.Context, dir directory.Directory, id string, c plan.Change) (directory.Receipt, error) {
				return dir.UpdateUser(ctx, id, c.Attributes)
			},
			expect: func(known *inventory.Tenant, id string, c plan.Change, _ directory.Receipt) {
				known.Expect(id, inventory.Expectation{Attributes: c.Attributes})
			},
			event: "ProfileUpdated", note: "the profile was updated",
		},
		plan.SetManager: {
			call: func(ctx context.Context, dir directory.Directory, id string, c plan.Change) (directory.Receipt, error) {
				return dir.SetManager(ctx, id, c.Target)
			},
			expect: expectLink(inventory.LinkManager, true),
			event:  "ManagerSet", note: "the manager was set",
		},
		plan.RemoveManager: {
			call: func(ctx context.Context, dir directory.Directory, id string, _ plan.Change) (directory.Receipt, error) {
				return dir.RemoveManager(ctx, id)
			},
			expect: expectLink(inventory.LinkManager, false),
			done:   directory.KindNotFound,
			event:  "ManagerRemoved", note: "the manager was removed",
		},
	}
}

func belongingActions() map[plan.Action]action {
	return map[plan.Action]action{
		plan.AssignLicenses: licenseAction("LicensesAssigned", "licences were assigned"),
		plan.RemoveLicenses: licenseAction("LicensesChanged", "licences were taken away"),
		plan.AddToGroup: {
			call: func(ctx context.Context, dir directory.Directory, id string, c plan.Change) (directory.Receipt, error) {
				return dir.AddMember(ctx, c.Target, id)
			},
			expect: expectLink(inventory.LinkGroup, true),
			done:   directory.KindExists,
			event:  "GroupJoined", note: "the account was added to a group",
		},
		plan.RemoveFromGroup: {
			call: func(ctx context.Context, dir directory.Directory, id string, c plan.Change) (directory.Receipt, error) {
				return dir.RemoveMember(ctx, c.Target, id)
			},
			expect: expectLink(inventory.LinkGroup, false),
			done:   directory.KindNotFound,
			event:  "GroupLeft", note: "the account was removed from a group",
		},
		plan.AssignAppRole: {
			call: func(ctx context.Context, dir directory.Directory, id string, c plan.Change) (directory.Receipt, error) {
				return dir.AssignAppRole(ctx, id, c.Target, c.RoleID)
			},
			expect: expectLink(inventory.LinkAppRole, true),
			done:   directory.KindExists,
			event:  "AppRoleAssigned", note: "a role in an application was assigned",
		},
		plan.RemoveAppRole: {
			call:   removeAppRole,
			expect: expectLink(inventory.LinkAppRole, false),
			done:   directory.KindNotFound,
			event:  "AppRoleRemoved", note: "a role in an application was removed",
		},
		plan.AssignRole: {
			call: func(ctx context.Context, dir directory.Directory, id string, c plan.Change) (directory.Receipt, error) {
				return dir.AssignRole(ctx, id, c.Target, c.Scope)
			},
			expect: expectLink(inventory.LinkRole, true),
			done:   directory.KindExists,
			event:  "RoleAssigned", note: "a directory role was assigned",
		},
		plan.RemoveRole: {
			call:   removeRole,
			expect: expectLink(inventory.LinkRole, false),
			done:   directory.KindNotFound,
			event:  "RoleRemoved", note: "a directory role was removed",
		},
	}
}

func licenseAction(event, note string) action {
	return action{
		call: changeLicenses,
		expect: func(known *inventory.Tenant, id string, c plan.Change, _ directory.Receipt) {
			known.Expect(id, inventory.Expectation{Licenses: c.Licenses})
		},
		event: event, note: note,
	}
}

// changeLicenses makes the whole difference. A licence to be removed that is gone already
// refuses the call, which is then made anew from a fresh reading.
func changeLicenses(ctx context.Context, dir directory.Directory, id string, c plan.Change) (directory.Receipt, error) {
	receipt, err := dir.AssignLicenses(ctx, id, *c.Licenses)
	refused, ok := errors.AsType[*directory.Error](err)
	if !ok || refused.Kind != directory.KindNotFound || refused.Status != http.StatusBadRequest {
		return receipt, err
	}
	if len(c.Licenses.Add) == 0 && len(c.Licenses.Remove) == 1 {
		return receipt, errUnlisted
	}
	return receipt, &directory.Error{Kind: directory.KindConcurrency, Status: refused.Status, Err: err}
}

func expectEnabled(enabled directory.Tristate) func(*inventory.Tenant, string, plan.Change, directory.Receipt) {
	return func(known *inventory.Tenant, id string, _ plan.Change, _ directory.Receipt) {
		known.Expect(id, inventory.Expectation{Enabled: enabled})
	}
}

func expectLink(kind inventory.LinkKind, present bool) func(*inventory.Tenant, string, plan.Change, directory.Receipt) {
	return func(known *inventory.Tenant, id string, c plan.Change, _ directory.Receipt) {
		known.ExpectLink(linkOf(kind, id, c), present)
	}
}

func linkOf(kind inventory.LinkKind, id string, c plan.Change) inventory.Link {
	return inventory.Link{Kind: kind, User: id, Target: c.Target, Qualifier: c.RoleID + c.Scope}
}

func removeAppRole(ctx context.Context, dir directory.Directory, id string, c plan.Change) (directory.Receipt, error) {
	assignment, err := assignmentOf(
		func(link string) (*directory.Page[directory.AppRoleAssignment], error) {
			return dir.UserAppRoles(ctx, id, link)
		},
		func(a directory.AppRoleAssignment) bool { return a.ApplicationID == c.Target && a.RoleID == c.RoleID },
		func(a directory.AppRoleAssignment) string { return a.ID })
	if err != nil {
		return directory.Receipt{}, err
	}
	return dir.RemoveAppRole(ctx, id, assignment)
}

func removeRole(ctx context.Context, dir directory.Directory, id string, c plan.Change) (directory.Receipt, error) {
	assignment, err := assignmentOf(
		func(link string) (*directory.Page[directory.RoleAssignment], error) {
			return dir.UserRoleAssignments(ctx, id, link)
		},
		func(a directory.RoleAssignment) bool { return a.RoleID == c.Target && a.Scope == c.Scope },
		func(a directory.RoleAssignment) string { return a.ID })
	if err != nil {
		return directory.Receipt{}, err
	}
	return dir.RemoveRole(ctx, assignment)
}

// errUnlisted tells that what is to be removed is not listed.
var errUnlisted = errors.New("no such assignment")

// perform makes a change. One that had been made already is made.
func perform(ctx context.Context, dir directory.Directory, known *inventory.Tenant, id string, change plan.Change) (directory.Receipt, error) {
	a, ok := actions()[change.Action]
	if !ok {
		return directory.Receipt{}, fmt.Errorf("unknown action %q", change.Action)
	}
	receipt, err := a.call(ctx, dir, id, change)
	made := errors.Is(err, errUnlisted) || err != nil && a.done != "" && directory.KindOf(err) == a.done
	switch {
	case !made:
		return receipt, err
	case len(change.Claims) > 0 && known.WrittenLately(id):
		// The operator may have given it a moment ago: a replica without it proves nothing.
		return receipt, outcome.Waiting(v1alpha1.ReasonProgressing,
			"waiting until Microsoft 365 shows everywhere what is to be removed").After(youngRetry).Because(err)
	default:
		return receipt, nil
	}
}
