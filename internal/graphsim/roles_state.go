package graphsim

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// roleAssignment gives a role to a user, a group or a service principal.
type roleAssignment struct {
	id          string
	principalID string
	roleID      string
	scope       string
	since       time.Time
	until       time.Time // of one that was taken away; zero otherwise
}

// roleAssignment resolves what a spec names.
func (t *tenant) roleAssignment(spec RoleSpec, now time.Time) (roleAssignment, error) {
	def, ok := roleByKey(spec.Role)
	if !ok {
		return roleAssignment{}, fmt.Errorf("no directory role %q", spec.Role)
	}
	if spec.Scope == "" {
		spec.Scope = "/"
	}
	principal := t.principalID(spec.Principal)
	if err := t.mayHoldRoles(principal); err != nil {
		return roleAssignment{}, err
	}
	return roleAssignment{
		id: t.assignmentID(def.id, principal, spec.Scope), principalID: principal, roleID: def.id, scope: spec.Scope, since: now,
	}, nil
}

// mayHoldRoles: users, service principals, and groups made for it
// (entra-docs role-based-access-control/groups-concept.md).
func (t *tenant) mayHoldRoles(principal string) error {
	if g, ok := t.group(principal); ok {
		if !g.roleAssignable {
			return fmt.Errorf("group %q is not role-assignable", g.displayName)
		}
		return nil
	}
	if _, ok := t.users[principal]; ok {
		return nil
	}
	if _, _, ok := t.principalByID(principal); ok {
		return nil
	}
	if _, ok := t.application(principal); ok {
		return nil
	}
	return fmt.Errorf("no principal %q", principal)
}

// principalByID finds a service principal and its app id by object id.
func (t *tenant) principalByID(id string) (sp *servicePrincipal, app string, ok bool) {
	for app, sp := range t.principals {
		if sp.id == id {
			return sp, app, true
		}
	}
	return nil, "", false
}

// assignmentID is how Microsoft Entra ID names an assignment: both GUIDs in base64,
// and a number that tells scopes apart, 1 for the whole tenant.
func (t *tenant) assignmentID(role, principal, scope string) string {
	number := uint64(1)
	if scope != "/" {
		sum := digest(t.seed, scope)
		number = 2 + uint64(sum[0])<<8 + uint64(sum[1])
	}
	raw := append(guidBytes(role), guidBytes(principal)...)
	return base64.RawURLEncoding.EncodeToString(raw) + "-" + itoa(number)
}

// guidBytes are a GUID's bytes in Microsoft's order: the first three groups are
// little-endian.
func guidBytes(id string) []byte {
	u, err := uuid.Parse(id)
	if err != nil { // object ids are GUIDs unless a test said otherwise
		sum := digest(0, id)
		return sum[:16]
	}
	slices.Reverse(u[0:4])
	slices.Reverse(u[4:6])
	slices.Reverse(u[6:8])
	return u[:]
}

// assign adds an assignment, once.
func (t *tenant) assign(spec RoleSpec, now time.Time) error {
	a, err := t.roleAssignment(spec, now)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(t.assignments, func(b roleAssignment) bool { return a.id == b.id }) {
		t.assignments = append(t.assignments, a)
	}
	return nil
}

// makeEligible adds an eligibility, once.
func (t *tenant) makeEligible(spec RoleSpec, now time.Time) error {
	e, err := t.roleAssignment(spec, now)
	if err != nil {
		return err
	}
	e.id += "-e"
	if !slices.ContainsFunc(t.eligibilities, func(b roleAssignment) bool { return e.id == b.id }) {
		t.eligibilities = append(t.eligibilities, e)
	}
	return nil
}

// withdraw takes assignments away. They stay in force as long as changes lag.
func (t *tenant) withdraw(now time.Time, gone func(roleAssignment) bool) {
	lag := t.quirks.RoleLag
	t.withdrawn = slices.DeleteFunc(t.withdrawn, func(a roleAssignment) bool { return !now.Before(a.until.Add(lag)) })
	t.assignments = slices.DeleteFunc(t.assignments, func(a roleAssignment) bool {
		if !gone(a) {
			return false
		}
		if a.until = now; lag > 0 {
			t.withdrawn = append(t.withdrawn, a)
		}
		return true
	})
}

// inForce are the assignments that count when somebody acts: changes take up to 15
// minutes (entra-docs role-based-access-control/manage-roles-portal.md).
func (t *tenant) inForce(now time.Time) []roleAssignment {
	lag := t.quirks.RoleLag
	if lag == 0 {
		return t.assignments
	}
	var inForce []roleAssignment
	for _, a := range t.assignments {
		if !now.Before(a.since.Add(lag)) {
			inForce = append(inForce, a)
		}
	}
	for _, a := range t.withdrawn {
		if now.Before(a.until.Add(lag)) && !now.Before(a.since.Add(lag)) {
			inForce = append(inForce, a)
		}
	}
	return inForce
}

// rolesOf lists the directory roles that the assignments give a principal, direct
// and through groups.
func (t *tenant) rolesOf(id string, assignments []roleAssignment) []string {
	var roles []string
	for _, a := range assignments {
		if slices.Contains(roles, a.roleID) {
			continue
		}
		if a.principalID == id || t.isMember(a.principalID, id) {
			roles = append(roles, a.roleID)
		}
	}
	return roles
}

// inRoleAssignableGroup reports membership or ownership of a role-assignable group.
func (t *tenant) inRoleAssignableGroup(id string) bool {
	joined := t.memberships(id)
	if joined != nil && slices.ContainsFunc(*joined, func(m membership) bool { return m.group.roleAssignable }) {
		return true
	}
	return slices.ContainsFunc(t.groups, func(g *group) bool { return g.roleAssignable && slices.Contains(g.owners, id) })
}

// appRoles are the directory roles in force of an app's service principal.
func (t *tenant) appRoles(sp *servicePrincipal, now time.Time) map[string]bool {
	held := map[string]bool{}
	for _, role := range t.rolesOf(sp.id, t.inForce(now)) {
		held[role] = true
	}
	return held
}

// setAppRoles makes the service principal hold these roles and no others.
func (t *tenant) setAppRoles(sp *servicePrincipal, keys []string, now time.Time) error {
	wanted := map[string]bool{}
	for _, key := range keys {
		def, ok := roleByKey(key)
		if !ok {
			return fmt.Errorf("no directory role %q", key)
		}
		wanted[def.id] = true
	}
	t.withdraw(now, func(a roleAssignment) bool { return a.principalID == sp.id && !wanted[a.roleID] })
	var err error
	for _, key := range keys {
		err = errors.Join(err, t.assign(RoleSpec{Role: key, Principal: sp.id}, now))
	}
	return err
}

// AssignRole gives an account, a group or a service principal a directory role, by
// name or template id. The principal is a UPN, a group's display name or an object
// id.
func (s *Server) AssignRole(tenantKey, principal, role string) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		return t.assign(RoleSpec{Role: role, Principal: principal}, now)
	})
}

// RemoveRole takes a directory role away.
func (s *Server) RemoveRole(tenantKey, principal, role string) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		def, ok := roleByKey(role)
		if !ok {
			return fmt.Errorf("no directory role %q", role)
		}
		principal = t.principalID(principal)
		t.withdraw(now, func(a roleAssignment) bool { return a.principalID == principal && a.roleID == def.id })
		return nil
	})
}

// MakeEligible lets a principal activate a directory role by Privileged Identity
// Management.
func (s *Server) MakeEligible(tenantKey, principal, role string) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		return t.makeEligible(RoleSpec{Role: role, Principal: principal}, now)
	})
}

// RemoveEligibility takes an eligibility away.
func (s *Server) RemoveEligibility(tenantKey, principal, role string) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		def, ok := roleByKey(role)
		if !ok {
			return fmt.Errorf("no directory role %q", role)
		}
		principal = t.principalID(principal)
		t.eligibilities = slices.DeleteFunc(t.eligibilities, func(e roleAssignment) bool {
			return e.principalID == principal && e.roleID == def.id
		})
		return nil
	})
}

func roleByKey(key string) (roleDefinition, bool) {
	roles := builtInRoles()
	i := slices.IndexFunc(roles, func(r roleDefinition) bool {
		return strings.EqualFold(r.id, key) || strings.EqualFold(r.name, key)
	})
	if i < 0 {
		return roleDefinition{}, false
	}
	return roles[i], true
}
