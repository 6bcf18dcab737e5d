package plan_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/plan"
)

const portal = "MSPortal"

// portalRoles lists roles of the portal.
func portalRoles(roles ...string) inputOption {
	return func(in *plan.Input) {
		in.Spec.Applications = []v1alpha1.ApplicationEntry{}
		for _, role := range roles {
			in.Spec.Applications = append(in.Spec.Applications, v1alpha1.ApplicationEntry{Name: portal, Role: role})
		}
	}
}

// offers resolves a role of the portal, whose assignments have been read.
func offers(role, id string) inputOption {
	return target(v1alpha1.ClaimApplication, portal, role, plan.Target{ID: "p", RoleID: id, Known: true})
}

func assigned(roleID, viaGroup string) inputOption {
	return func(in *plan.Input) {
		in.AppRoles = append(in.AppRoles, plan.AppRole{ApplicationID: "p", RoleID: roleID, ViaGroup: viaGroup})
	}
}

func portalClaim(role, id string) inputOption {
	return func(in *plan.Input) {
		in.Claims = append(in.Claims, v1alpha1.Claim{
			Kind: v1alpha1.ClaimApplication, Name: portal, Qualifier: role, ID: "p", RoleID: id, Held: true,
		})
	}
}

var _ = DescribeTable("applications",
	func(w outcome, options []inputOption) {
		comes(v1alpha1.ConditionApplications, plan.RecordApplications, w, options...)
	},
	result("nothing when the list is not declared", outcome{}, assigned("m", "")),
	result("assigns the role that is listed",
		outcome{changes: list("AssignAppRole p m"), claims: list("MSPortal=p/m"), status: yes, reason: v1alpha1.ReasonSucceeded},
		portalRoles("Manager"), offers("Manager", "m")),
	result("claims what was there before",
		outcome{claims: list("MSPortal=p/m+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		portalRoles("Manager"), offers("Manager", "m"), assigned("m", "")),
	result("is satisfied by a group that holds the role",
		outcome{claims: list("MSPortal=p/m+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		portalRoles("Manager"), offers("Manager", "m"), assigned("m", "g")),
	result("changes a role by giving before taking",
		outcome{
			changes: list("AssignAppRole p a", "RemoveAppRole! p m ends:MSPortal"), claims: list("MSPortal=p/a", "MSPortal=p/m+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		portalRoles("Admin"), offers("Admin", "a"), offers("Manager", "m"), portalClaim("Manager", "m"), assigned("m", "")),
	result("tells roles of one application apart",
		outcome{
			changes: list("RemoveAppRole! p m ends:MSPortal"), claims: list("MSPortal=p/m+", "MSPortal=p/u+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		portalRoles("User"), offers("User", "u"), offers("Manager", "m"), portalClaim("User", "u"), portalClaim("Manager", "m"),
		assigned("m", ""), assigned("u", "")),
	result("keeps a role that another entry still means",
		outcome{claims: list("MSPortal=p/m+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		portalRoles("m"), offers("m", "m"), offers("Manager", "m"), portalClaim("Manager", "m"), portalClaim("m", "m"), assigned("m", "")),
	result("drops a claim on what comes through a group alone, and says so",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded, says: list("through a group")},
		portalRoles(), offers("Manager", "m"), portalClaim("Manager", "m"), assigned("m", "g")),
	result("keeps a claim on what comes through a group, while its own role may not have shown",
		outcome{
			claims: list("MSPortal=p/m+"), status: maybe, reason: v1alpha1.ReasonWaiting,
			says: list("was given role Manager of application MSPortal is being read back"), wake: time.Minute,
		},
		portalRoles(), offers("Manager", "m"), portalClaim("Manager", "m"), assigned("m", "g"), written(now)),
	result("takes away its own although a group holds the role as well",
		outcome{
			changes: list("RemoveAppRole! p m ends:MSPortal"), claims: list("MSPortal=p/m+"), status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		portalRoles(), offers("Manager", "m"), portalClaim("Manager", "m"), assigned("m", ""), assigned("m", "g")),
	result("lets go when the list is gone, and changes nothing",
		outcome{released: list("MSPortal=p/m+")}, portalClaim("Manager", "m"), assigned("m", "")),
	result("waits until the application's assignments have been read, which its claim asks for",
		outcome{claims: list("MSPortal=p/m"), status: maybe, reason: v1alpha1.ReasonWaiting},
		portalRoles("Manager"), target(v1alpha1.ClaimApplication, portal, "Manager", plan.Target{ID: "p", RoleID: "m"})),
	result("waits before it takes for absent what it has not read",
		outcome{claims: list("MSPortal=p/m+"), status: maybe, reason: v1alpha1.ReasonWaiting},
		portalRoles(), portalClaim("Manager", "m")),
	result("drops a claim in an application that is gone",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded},
		portalRoles(), portalClaim("Manager", "m"),
		unresolved(v1alpha1.ClaimApplication, portal, "Manager", v1alpha1.ReasonNotFound, "gone")),
	result("refuses an application that is gone while it is listed",
		outcome{claims: list("MSPortal=p/m+"), status: no, reason: v1alpha1.ReasonNotFound, refused: true, says: list("gone")},
		portalRoles("Manager"), portalClaim("Manager", "m"),
		unresolved(v1alpha1.ClaimApplication, portal, "Manager", v1alpha1.ReasonNotFound, "gone")),
	result("refuses a role that the application has not",
		outcome{status: no, reason: v1alpha1.ReasonUnresolved, refused: true, says: list("no role Chief")},
		portalRoles("Chief"), unresolved(v1alpha1.ClaimApplication, portal, "Chief", v1alpha1.ReasonUnresolved, "no role Chief")),
	result("waits before it repeats a call of unknown outcome",
		outcome{
			claims: list("MSPortal=p/m"), status: maybe, reason: v1alpha1.ReasonProgressing, wake: time.Minute,
			records: starting(plan.RecordApplications),
		},
		portalRoles("Manager"), offers("Manager", "m"), begun(plan.RecordApplications, now)),
	result("then repeats it",
		outcome{changes: list("AssignAppRole p m"), claims: list("MSPortal=p/m"), status: yes, reason: v1alpha1.ReasonSucceeded},
		portalRoles("Manager"), offers("Manager", "m"), begun(plan.RecordApplications, earlier)),
)
