package plan

import (
	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// RecordApplications is the name of the record that guards the Applications facet's
// calls.
const RecordApplications = "Applications"

func planApplications(in Input, plan *Plan) *Facet {
	g := grants{
		in: in, kind: v1alpha1.ClaimApplication, condition: v1alpha1.ConditionApplications, record: RecordApplications,
		fine:    "the roles in applications are as declared",
		begun:   in.AppRolesBegun,
		resolve: in.named, holds: in.appRole, give: giveAppRole, take: takeAppRole,
	}
	return g.plan(plan)
}

// appRole tells how the account has a role in an application. Groups within a group
// that is assigned do not count
// (https://learn.microsoft.com/entra/identity/enterprise-apps/assign-user-or-group-access-portal).
func (in Input) appRole(claim v1alpha1.Claim) holding {
	how := absent
	if !in.Targets[refOf(claim)].Known {
		how = unread
	}
	for _, role := range in.AppRoles {
		switch {
		case role.ApplicationID != claim.ID || role.RoleID != claim.RoleID:
		case role.ViaGroup == "":
			return direct
		default:
			how = inherited
		}
	}
	return how
}

func giveAppRole(i item, _ *findings) *Change {
	return &Change{
		Action: AssignAppRole, Target: i.claim.ID, RoleID: i.claim.RoleID,
		To: i.claim.Name + ": " + i.claim.Qualifier,
	}
}

func takeAppRole(claim v1alpha1.Claim, _ *findings) *Change {
	return &Change{
		Action: RemoveAppRole, Target: claim.ID, RoleID: claim.RoleID,
		From: claim.Name + ": " + claim.Qualifier,
	}
}
