package plan

import (
	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// RecordGroups is the name of the record that guards the Groups facet's calls.
const RecordGroups = "Groups"

func planGroups(in Input, plan *Plan) *Facet {
	g := grants{
		in: in, kind: v1alpha1.ClaimGroup, condition: v1alpha1.ConditionGroups, record: RecordGroups,
		fine:    "the group memberships are as declared",
		begun:   in.GroupsBegun,
		resolve: in.named, holds: in.membership, give: in.joinGroup, take: in.leaveGroup,
	}
	return g.plan(plan)
}

// membership counts direct members only: nobody else can be taken out.
func (in Input) membership(claim v1alpha1.Claim) holding {
	if in.Groups == nil {
		return unread
	}
	if _, member := in.Groups[claim.ID]; member {
		return direct
	}
	return absent
}

func (in Input) joinGroup(i item, found *findings) *Change {
	group := i.target.Group
	if group == nil {
		found.wait("%s has not been read yet", refOf(i.claim).label())
		return nil
	}
	if !in.writable(*group, groupName(*group, i.claim)+" cannot be joined", found) {
		return nil
	}
	if group.RoleAssignable && !in.AllowRoleGrants {
		found.refuse(v1alpha1.ReasonAccessDenied, "group %s cannot be joined: it may hold directory roles, and the "+
			"manager runs without --allow-role-grants", groupName(*group, i.claim))
		return nil
	}
	return &Change{
		Action: AddToGroup, Target: i.claim.ID, To: groupName(*group, i.claim), GrantsRoles: group.RoleAssignable,
	}
}

func (in Input) leaveGroup(claim v1alpha1.Claim, found *findings) *Change {
	group := in.Groups[claim.ID]
	if !in.writable(group, groupName(group, claim)+" cannot be left", found) {
		return nil
	}
	return &Change{Action: RemoveFromGroup, Target: claim.ID, From: groupName(group, claim)}
}

// writable tells whether a group's members are written here, and may be
// (https://learn.microsoft.com/graph/api/group-post-members).
func (in Input) writable(group directory.Group, refusal string, found *findings) bool {
	switch {
	case group.Dynamic:
		found.refuse(v1alpha1.ReasonNotWritable, "group %s: its rule decides who is in it", refusal)
	case group.Synced:
		found.refuse(v1alpha1.ReasonNotWritable, "group %s: change it in Active Directory", refusal)
	case group.MailEnabled && !group.Unified:
		found.refuse(v1alpha1.ReasonNotWritable, "group %s: Exchange alone writes distribution lists and "+
			"mail-enabled security groups", refusal)
	case group.RoleAssignable && !in.Spec.AllowPrivileged:
		found.refuse(v1alpha1.ReasonProtected, "group %s: it may hold directory roles, which needs "+
			"spec.allowPrivileged", refusal)
	default:
		return true
	}
	return false
}

func groupName(group directory.Group, claim v1alpha1.Claim) string {
	if group.DisplayName == "" {
		return claim.Name
	}
	return group.DisplayName
}
