package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// RecordDirectoryRoles is the name of the record that guards the DirectoryRoles facet's
// calls. Names that begin so, and a slash, are of roles that were found declared and
// not held when the object was adopted.
const RecordDirectoryRoles = "DirectoryRoles"

// tenantScope is the directory scope of the whole tenant.
const tenantScope = "/"

func planDirectoryRoles(in Input, plan *Plan) *Facet {
	d := directoryRoles{in: in}
	g := grants{
		in: in, kind: v1alpha1.ClaimDirectoryRole, condition: v1alpha1.ConditionDirectoryRoles,
		record: RecordDirectoryRoles, fine: "the directory roles are as declared",
		begun:   in.RolesBegun,
		resolve: d.resolve, holds: d.holds, give: d.give, take: d.take,
	}
	f := g.plan(plan)
	if f == nil {
		return nil
	}
	for _, claim := range g.claims {
		if note, ok := d.adopted(claim); ok {
			f.Records = append(f.Records, note)
		}
	}
	return f
}

// directoryRoles never gives a role back that somebody else took away.
type directoryRoles struct{ in Input }

// resolve refuses the roles that may give themselves every other one.
func (d *directoryRoles) resolve(ref Ref) Target {
	target := d.in.named(ref)
	claim, _ := findClaim(d.in.Claims, ref)
	if neverGranted(claim.ID) || neverGranted(strings.ToLower(target.ID)) {
		return Target{Reason: v1alpha1.ReasonInvalidSpec, Message: ref.label() + " can give itself every other role " +
			"and is never granted from here: grant it in the Entra admin center"}
	}
	return target
}

// adopted is the record of a role that was declared, and not held, when the object was
// adopted: what cannot be known to be new is not granted.
func (d *directoryRoles) adopted(claim v1alpha1.Claim) (note v1alpha1.Record, ok bool) {
	if claim.Held {
		return note, false
	}
	note, remembered := d.in.record(adoptedRoleRecord(claim), claim.ID)
	if !remembered {
		_, claimed := findClaim(d.in.Claims, refOf(claim))
		adopt(&note)
		return note, d.in.Adopting && !claimed
	}
	return note, true
}

// holds counts active roles: one that the person may activate is not held.
func (d *directoryRoles) holds(claim v1alpha1.Claim) holding {
	how := absent
	if !d.in.RolesKnown {
		how = unread
	}
	for _, role := range d.in.Roles {
		switch {
		case !isRole(role, claim):
		case role.Path == v1alpha1.RoleDirect:
			return direct
		case role.Path == v1alpha1.RoleGroup:
			how = inherited
		}
	}
	return how
}

func isRole(role Role, claim v1alpha1.Claim) bool {
	return role.RoleID == claim.ID && strings.EqualFold(role.Scope, claim.Qualifier)
}

func (d *directoryRoles) give(i item, found *findings) *Change {
	label := refOf(i.claim).label()
	if d.eligible(i.claim) {
		found.note("the person may activate %s (Privileged Identity Management), which is not the same as holding it", label)
	}
	_, adopted := d.adopted(i.claim)
	switch {
	case i.claim.Held:
		found.decline(v1alpha1.ReasonTakenElsewhere, "somebody else took %s away, and it is not given back: to grant "+
			"it again, take the entry off spec.directoryRoles and list it again", label)
	case adopted:
		found.decline(v1alpha1.ReasonAdopted, "%s was declared, and not held, when this object was adopted, and is not "+
			"granted: to grant it, take the entry off spec.directoryRoles and list it again", label)
	case !d.in.AllowRoleGrants:
		d.refuseGrants(label, found)
	default:
		return &Change{Action: AssignRole, Target: i.claim.ID, Scope: i.claim.Qualifier, To: label}
	}
	return nil
}

func (d *directoryRoles) take(claim v1alpha1.Claim, found *findings) *Change {
	label := refOf(claim).label()
	if neverGranted(claim.ID) {
		found.refuse(v1alpha1.ReasonInvalidSpec, "%s is never taken away from here: do it in the Entra admin center", label)
		return nil
	}
	if !d.in.AllowRoleGrants {
		d.refuseGrants(label, found)
		return nil
	}
	return &Change{Action: RemoveRole, Target: claim.ID, Scope: claim.Qualifier, From: label}
}

func (d *directoryRoles) refuseGrants(label string, found *findings) {
	found.refuse(v1alpha1.ReasonAccessDenied, "%s is not changed: the manager runs without --allow-role-grants", label)
}

// eligible tells whether the person may activate the role.
func (d *directoryRoles) eligible(claim v1alpha1.Claim) bool {
	return slices.ContainsFunc(d.in.Roles, func(role Role) bool {
		return role.Path == v1alpha1.RoleEligible && isRole(role, claim)
	})
}

// neverGranted tells of the roles that may give themselves every other one.
func neverGranted(roleID string) bool {
	switch roleID {
	case directory.GlobalAdministrator, directory.PrivilegedRoleAdministrator,
		directory.PrivilegedAuthenticationAdministrator:
		return true
	default:
		return false
	}
}

// adoptedRoleRecord names the record of a role at a scope, within the length of a
// record's name.
func adoptedRoleRecord(claim v1alpha1.Claim) string {
	sum := sha256.Sum256([]byte(claim.ID + strings.ToLower(claim.Qualifier)))
	return RecordDirectoryRoles + "/" + hex.EncodeToString(sum[:8])
}
