package graphsim

import "net/http"

// adminFeeds is what outsiders do to the tenant-wide reports and lists.
func (s *Server) adminFeeds(handle adminRoute) {
	handle("PUT /_sim/tenants/{tenant}/users/{user}/registration", func(r *http.Request) (any, error) {
		var spec RegistrationSpec
		if err := readJSON(r, &spec); err != nil {
			return nil, err
		}
		spec.User = r.PathValue("user")
		return nil, s.SetRegistration(r.PathValue("tenant"), spec)
	})
	handle("PUT /_sim/tenants/{tenant}/eligibilities/{role}/{principal}", func(r *http.Request) (any, error) {
		return nil, s.MakeEligible(r.PathValue("tenant"), r.PathValue("principal"), r.PathValue("role"))
	})
	handle("DELETE /_sim/tenants/{tenant}/eligibilities/{role}/{principal}", func(r *http.Request) (any, error) {
		return nil, s.RemoveEligibility(r.PathValue("tenant"), r.PathValue("principal"), r.PathValue("role"))
	})
	handle("PATCH /_sim/tenants/{tenant}/groups/{group}", func(r *http.Request) (any, error) {
		var body struct {
			DisplayName string `json:"displayName"`
		}
		if err := readJSON(r, &body); err != nil {
			return nil, err
		}
		return nil, s.RenameGroup(r.PathValue("tenant"), r.PathValue("group"), body.DisplayName)
	})
	handle("DELETE /_sim/tenants/{tenant}/groups/{group}", func(r *http.Request) (any, error) {
		return nil, s.RemoveGroup(r.PathValue("tenant"), r.PathValue("group"))
	})
	handle("PUT /_sim/tenants/{tenant}/groups/{group}/members/{member}", func(r *http.Request) (any, error) {
		return nil, s.AddGroupMember(r.PathValue("tenant"), r.PathValue("group"), r.PathValue("member"))
	})
	handle("DELETE /_sim/tenants/{tenant}/groups/{group}/members/{member}", func(r *http.Request) (any, error) {
		return nil, s.RemoveGroupMember(r.PathValue("tenant"), r.PathValue("group"), r.PathValue("member"))
	})
	handle("PUT /_sim/tenants/{tenant}/groups/{group}/licenses", func(r *http.Request) (any, error) {
		var licenses []LicenseSpec
		if err := readJSON(r, &licenses); err != nil {
			return nil, err
		}
		return nil, s.SetGroupLicenses(r.PathValue("tenant"), r.PathValue("group"), licenses)
	})
	s.adminPolicies(handle)
	handle("POST /_sim/tenants/{tenant}/reports/refresh", func(r *http.Request) (any, error) {
		return nil, s.RefreshReports(r.PathValue("tenant"))
	})
}

// adminPolicies replaces policies and rooms as a whole.
func (s *Server) adminPolicies(handle adminRoute) {
	handle("PUT /_sim/tenants/{tenant}/securityDefaults", func(r *http.Request) (any, error) {
		var body struct {
			IsEnabled bool `json:"isEnabled"`
		}
		if err := readJSON(r, &body); err != nil {
			return nil, err
		}
		return nil, s.SetSecurityDefaults(r.PathValue("tenant"), body.IsEnabled)
	})
	handle("PUT /_sim/tenants/{tenant}/conditionalAccess", func(r *http.Request) (any, error) {
		var policies []ConditionalAccessSpec
		if err := readJSON(r, &policies); err != nil {
			return nil, err
		}
		return nil, s.SetConditionalAccess(r.PathValue("tenant"), policies)
	})
	handle("PUT /_sim/tenants/{tenant}/rooms", func(r *http.Request) (any, error) {
		var rooms []RoomSpec
		if err := readJSON(r, &rooms); err != nil {
			return nil, err
		}
		return nil, s.SetRooms(r.PathValue("tenant"), rooms)
	})
}
