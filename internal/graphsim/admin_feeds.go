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
	handle("POST /_sim/tenants/{tenant}/reports/refresh", func(r *http.Request) (any, error) {
		return nil, s.RefreshReports(r.PathValue("tenant"))
	})
}
