package graphsim

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// AddApplication makes an enterprise application and returns the object id of its
// service principal.
func (s *Server) AddApplication(tenantKey string, spec ApplicationSpec) (string, error) {
	var id string
	err := s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		a, err := t.addApplication(spec, now)
		if err == nil {
			id = a.id
		}
		return err
	})
	return id, err
}

// AssignApplication gives a role of an application, as an outsider; once.
func (s *Server) AssignApplication(tenantKey, application string, spec AppAssignmentSpec) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		a, err := t.applicationByKey(application)
		if err != nil {
			return err
		}
		return t.assignApp(a, spec, now)
	})
}

// UnassignApplication takes a role of an application away, as an outsider.
func (s *Server) UnassignApplication(tenantKey, application, principal, role string) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		a, err := t.applicationByKey(application)
		if err != nil {
			return err
		}
		roleID, err := a.roleByKey(role)
		if err != nil {
			return err
		}
		id, err := t.appPrincipal(principal)
		if err != nil {
			return err
		}
		g, held := t.assignmentOf(a, id, roleID)
		if !held {
			return fmt.Errorf("%s does not hold that role of %s", principal, a.displayName)
		}
		t.takeAppRole(g, now)
		return nil
	})
}

// SetApplicationRoles replaces the roles of an application, as its owner may.
// Assignments of a role that is gone go with it.
func (s *Server) SetApplicationRoles(tenantKey, application string, roles []AppRoleSpec) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		a, err := t.applicationByKey(application)
		if err != nil {
			return err
		}
		a.roles = nil
		for _, spec := range roles {
			a.roles = append(a.roles, spec.role(t.seed, a.appID))
		}
		for _, g := range slices.Clone(t.apps.byApp[a.id]) {
			if _, err := a.roleByKey(g.roleID); err != nil {
				t.takeAppRole(g, now)
			}
		}
		return nil
	})
}

// RemoveApplication deletes an application with its assignments, as an outsider.
func (s *Server) RemoveApplication(tenantKey, application string) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		a, err := t.applicationByKey(application)
		if err != nil {
			return err
		}
		for _, g := range slices.Clone(t.apps.byApp[a.id]) {
			t.takeAppRole(g, now)
		}
		t.forgetAppRoles(a.id, now)
		t.withdraw(now, func(r roleAssignment) bool { return r.principalID == a.id })
		t.apps.order = slices.DeleteFunc(t.apps.order, func(have *enterpriseApp) bool { return have == a })
		return nil
	})
}

// adminApplications is what outsiders do to enterprise applications.
func (s *Server) adminApplications(handle adminRoute) {
	handle("POST /_sim/tenants/{tenant}/applications", func(r *http.Request) (any, error) {
		var spec ApplicationSpec
		if err := readJSON(r, &spec); err != nil {
			return nil, err
		}
		id, err := s.AddApplication(r.PathValue("tenant"), spec)
		return map[string]string{"id": id}, err
	})
	handle("DELETE /_sim/tenants/{tenant}/applications/{application}", func(r *http.Request) (any, error) {
		return nil, s.RemoveApplication(r.PathValue("tenant"), r.PathValue("application"))
	})
	handle("PUT /_sim/tenants/{tenant}/applications/{application}/roles", func(r *http.Request) (any, error) {
		var roles []AppRoleSpec
		if err := readJSON(r, &roles); err != nil {
			return nil, err
		}
		return nil, s.SetApplicationRoles(r.PathValue("tenant"), r.PathValue("application"), roles)
	})
	handle("POST /_sim/tenants/{tenant}/applications/{application}/assignments", func(r *http.Request) (any, error) {
		var spec AppAssignmentSpec
		if err := readJSON(r, &spec); err != nil {
			return nil, err
		}
		return nil, s.AssignApplication(r.PathValue("tenant"), r.PathValue("application"), spec)
	})
	handle("DELETE /_sim/tenants/{tenant}/applications/{application}/assignments/{principal}/{role}", func(r *http.Request) (any, error) {
		return nil, s.UnassignApplication(r.PathValue("tenant"), r.PathValue("application"), r.PathValue("principal"), r.PathValue("role"))
	})
}
