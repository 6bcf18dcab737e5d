package plan_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/plan"
)

const (
	helpdesk   = "Helpdesk Administrator"
	helpdeskID = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
)

func roles(names ...string) inputOption {
	return func(in *plan.Input) {
		in.Spec.DirectoryRoles = []v1alpha1.DirectoryRoleEntry{}
		for _, name := range names {
			in.Spec.DirectoryRoles = append(in.Spec.DirectoryRoles, v1alpha1.DirectoryRoleEntry{Name: name, Scope: "/"})
		}
	}
}

func roleAt(name, scope string) inputOption {
	return func(in *plan.Input) {
		in.Spec.DirectoryRoles = append(in.Spec.DirectoryRoles, v1alpha1.DirectoryRoleEntry{Name: name, Scope: scope})
	}
}

func means(name, id string) inputOption {
	return target(v1alpha1.ClaimDirectoryRole, name, "/", plan.Target{ID: id})
}

func holds(id, scope string, path v1alpha1.RolePath) inputOption {
	return func(in *plan.Input) {
		in.Roles = append(in.Roles, plan.Role{RoleID: id, Scope: scope, Path: path})
	}
}

func roleClaim(name, id string, held bool) inputOption {
	return claim(v1alpha1.ClaimDirectoryRole, name, "/", id, held)
}

func rolesUnread(in *plan.Input)  { in.RolesKnown = false }
func grantsDenied(in *plan.Input) { in.AllowRoleGrants = false }
func adoptedRole(in *plan.Input)  { in.Records = append(in.Records, adoptedRecords()...) }
func settlement() plan.Plan {
	return plan.For(input(rolesAllowed, roles(helpdesk), means(helpdesk, helpdeskID), adopting))
}
func adoptedRecords() []v1alpha1.Record { return settlement().Records() }

func rolesAllowed(in *plan.Input) { in.RolesKnown, in.AllowRoleGrants = true, true }

// remembers is the phase of the record of an adopted role.
func remembers() map[string]v1alpha1.RecordPhase {
	return map[string]v1alpha1.RecordPhase{adoptedRecords()[0].Name: done}
}

var _ = DescribeTable("directory roles",
	func(w outcome, options []inputOption) {
		comes(v1alpha1.ConditionDirectoryRoles, plan.RecordDirectoryRoles, w, append([]inputOption{rolesAllowed}, options...)...)
	},
	result("nothing when the list is not declared", outcome{}, holds(helpdeskID, "/", v1alpha1.RoleDirect)),
	result("grants what is listed",
		outcome{
			changes: list("AssignRole " + helpdeskID + " /"), claims: list(helpdesk + "=" + helpdeskID),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		roles(helpdesk), means(helpdesk, helpdeskID)),
	result("claims what was there before, on adoption too",
		outcome{claims: list(helpdesk + "=" + helpdeskID + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		roles(helpdesk), means(helpdesk, helpdeskID), holds(helpdeskID, "/", v1alpha1.RoleDirect), adopting),
	result("is satisfied by a role through a group",
		outcome{claims: list(helpdesk + "=" + helpdeskID + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		roles(helpdesk), means(helpdesk, helpdeskID), holds(helpdeskID, "/", v1alpha1.RoleGroup)),
	result("is not satisfied by a role that may be activated, and says so",
		outcome{
			changes: list("AssignRole " + helpdeskID + " /"), claims: list(helpdesk + "=" + helpdeskID),
			status: yes, reason: v1alpha1.ReasonSucceeded, says: list("may activate"),
		},
		roles(helpdesk), means(helpdesk, helpdeskID), holds(helpdeskID, "/", v1alpha1.RoleEligible)),
	result("tells scopes apart",
		outcome{
			changes: list("AssignRole " + helpdeskID + " /administrativeUnits/1"), claims: list(helpdesk + "=" + helpdeskID),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		roleAt(helpdesk, "/administrativeUnits/1"), holds(helpdeskID, "/", v1alpha1.RoleDirect),
		target(v1alpha1.ClaimDirectoryRole, helpdesk, "/administrativeUnits/1", plan.Target{ID: helpdeskID})),
	result("moves a role from one scope to another",
		outcome{
			changes: list("AssignRole "+helpdeskID+" /administrativeUnits/1", "RemoveRole! "+helpdeskID+" / ends:"+helpdesk),
			claims:  list(helpdesk+"="+helpdeskID+"+", helpdesk+"="+helpdeskID), status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		roleAt(helpdesk, "/administrativeUnits/1"), holds(helpdeskID, "/", v1alpha1.RoleDirect), roleClaim(helpdesk, helpdeskID, true),
		target(v1alpha1.ClaimDirectoryRole, helpdesk, "/administrativeUnits/1", plan.Target{ID: helpdeskID})),
	result("takes away what left the list",
		outcome{
			changes: list("RemoveRole! " + helpdeskID + " / ends:" + helpdesk), claims: list(helpdesk + "=" + helpdeskID + "+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		roles(), roleClaim(helpdesk, helpdeskID, true), holds(helpdeskID, "/", v1alpha1.RoleDirect)),
	result("drops a claim on what comes through a group alone, and says so",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded, says: list("through a group")},
		roles(), roleClaim(helpdesk, helpdeskID, true), holds(helpdeskID, "/", v1alpha1.RoleGroup)),
	result("lets go when the list is gone, and changes nothing",
		outcome{released: list(helpdesk + "=" + helpdeskID + "+")},
		roleClaim(helpdesk, helpdeskID, true), holds(helpdeskID, "/", v1alpha1.RoleDirect)),
	result("drops the claim on a role that was taken away, with its entry",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded}, roles(), roleClaim(helpdesk, helpdeskID, true)),

	result("does not give back what somebody took away",
		outcome{
			claims: list(helpdesk + "=" + helpdeskID + "+"), status: no, reason: v1alpha1.ReasonTakenElsewhere,
			says: list("take the entry off"),
		},
		roles(helpdesk), means(helpdesk, helpdeskID), roleClaim(helpdesk, helpdeskID, true)),
	result("nor under another name of the same role",
		outcome{claims: list(helpdeskID + "=" + helpdeskID + "+"), status: no, reason: v1alpha1.ReasonTakenElsewhere},
		roles(helpdeskID), means(helpdeskID, helpdeskID), roleClaim(helpdesk, helpdeskID, true)),
	result("does not grant on adoption, but remembers",
		outcome{
			claims: list(helpdesk + "=" + helpdeskID), status: no, reason: v1alpha1.ReasonAdopted,
			says: list("take the entry off"), records: remembers(),
		},
		roles(helpdesk), means(helpdesk, helpdeskID), adopting),
	result("nor after it, while it remembers",
		outcome{
			claims: list(helpdesk + "=" + helpdeskID), status: no, reason: v1alpha1.ReasonAdopted, records: remembers(),
		},
		roles(helpdesk), means(helpdesk, helpdeskID), roleClaim(helpdesk, helpdeskID, false), adoptedRole),
	result("keeps that memory while the roles are not known",
		outcome{
			claims: list(helpdesk + "=" + helpdeskID), status: maybe, reason: v1alpha1.ReasonWaiting, records: remembers(),
		},
		roles(helpdesk), means(helpdesk, helpdeskID), roleClaim(helpdesk, helpdeskID, false), adoptedRole, rolesUnread),
	result("forgets it once the role is held",
		outcome{claims: list(helpdesk + "=" + helpdeskID + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		roles(helpdesk), means(helpdesk, helpdeskID), roleClaim(helpdesk, helpdeskID, false), adoptedRole,
		holds(helpdeskID, "/", v1alpha1.RoleDirect)),
	result("and once the entry is gone",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded}, roles(), roleClaim(helpdesk, helpdeskID, false), adoptedRole),
	result("repeats a grant that was claimed and never came about, on an adopted object too",
		outcome{
			changes: list("AssignRole " + helpdeskID + " /"), claims: list(helpdesk + "=" + helpdeskID),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		roles(helpdesk), means(helpdesk, helpdeskID), roleClaim(helpdesk, helpdeskID, false), adopting),

	result("refuses to grant where the manager may not",
		outcome{
			claims: list(helpdesk + "=" + helpdeskID), status: no, reason: v1alpha1.ReasonAccessDenied, refused: true,
			says: list("--allow-role-grants"),
		},
		roles(helpdesk), means(helpdesk, helpdeskID), grantsDenied),
	result("refuses to take away where the manager may not, and keeps the claim",
		outcome{claims: list(helpdesk + "=" + helpdeskID + "+"), status: no, reason: v1alpha1.ReasonAccessDenied, refused: true},
		roles(), roleClaim(helpdesk, helpdeskID, true), holds(helpdeskID, "/", v1alpha1.RoleDirect), grantsDenied),
	result("is content without the permission where all is as declared",
		outcome{claims: list(helpdesk + "=" + helpdeskID + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		roles(helpdesk), means(helpdesk, helpdeskID), holds(helpdeskID, "/", v1alpha1.RoleDirect), grantsDenied),
	result("waits until roles have been read, and claims nothing before",
		outcome{status: maybe, reason: v1alpha1.ReasonWaiting}, roles(helpdesk), means(helpdesk, helpdeskID), rolesUnread),
	result("waits before it repeats a call of unknown outcome",
		outcome{
			claims: list(helpdesk + "=" + helpdeskID), status: maybe, reason: v1alpha1.ReasonProgressing, wake: time.Minute,
			records: starting(plan.RecordDirectoryRoles),
		},
		roles(helpdesk), means(helpdesk, helpdeskID), begun(plan.RecordDirectoryRoles, now)),
)

var _ = DescribeTable("a role that may give itself every other one",
	func(id string) {
		refused := outcome{status: no, reason: v1alpha1.ReasonInvalidSpec, refused: true, says: list("never granted")}
		comes(v1alpha1.ConditionDirectoryRoles, "", refused, rolesAllowed, roles("Chief"), means("Chief", id))
		comes(v1alpha1.ConditionDirectoryRoles, "", refused, rolesAllowed, roles("Chief"), means("Chief", id),
			holds(id, "/", v1alpha1.RoleDirect))

		claimed := input(rolesAllowed, roles("Chief"), roleClaim("Chief", id, false))
		Expect(plan.For(claimed).Changes()).To(BeEmpty())
		leaving := input(rolesAllowed, roles(), roleClaim("Chief", id, true), holds(id, "/", v1alpha1.RoleDirect))
		Expect(plan.For(leaving).Changes()).To(BeEmpty())
	},
	Entry("Global Administrator", directory.GlobalAdministrator),
	Entry("Privileged Role Administrator", directory.PrivilegedRoleAdministrator),
	Entry("Privileged Authentication Administrator", directory.PrivilegedAuthenticationAdministrator),
)
