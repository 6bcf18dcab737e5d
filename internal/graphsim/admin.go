package graphsim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// adminHandler is the simulator's own API under /_sim/. It asks for no
// credentials: the simulator listens on loopback. Everything it does is also a
// method of Server.
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { adminAnswer(w, r, f) })
	}
	handle("GET /_sim/rules", func(*http.Request) (any, error) { return Rules(), nil })
	handle("GET /_sim/requests", s.adminRequests)
	handle("GET /_sim/counters", func(r *http.Request) (any, error) { return s.Counters(r.URL.Query().Get("tenant")), nil })
	handle("GET /_sim/clock", func(*http.Request) (any, error) { return map[string]time.Time{"now": s.Now()}, nil })
	handle("GET /_sim/throttling", func(*http.Request) (any, error) { return throttlingSwitch{s.Throttling()}, nil })
	handle("PUT /_sim/throttling", func(r *http.Request) (any, error) {
		var body throttlingSwitch
		if err := readJSON(r, &body); err != nil {
			return nil, err
		}
		s.SetThrottling(body.Enabled)
		return nil, nil
	})
	handle("POST /_sim/clock", s.adminClock)
	handle("GET /_sim/faults", func(*http.Request) (any, error) { return s.Faults(), nil })
	handle("POST /_sim/faults", s.adminAddFault)
	handle("DELETE /_sim/faults", s.adminRemoveFault)
	handle("DELETE /_sim/faults/{id}", s.adminRemoveFault)
	s.adminTenants(handle)
	s.adminTrouble(handle)
	s.adminUsers(handle)
	s.adminApps(handle)
	s.adminSync(handle)
	handle("GET /_sim/fixture", func(r *http.Request) (any, error) { return s.Dump(r.URL.Query().Get("tenant")) })
	handle("POST /_sim/fixture", func(r *http.Request) (any, error) {
		f, err := ReadFixture(r.Body)
		if err != nil {
			return nil, err
		}
		return nil, s.Load(f)
	})
	s.adminFeeds(handle)
	s.adminApplications(handle)
	s.adminMethods(handle)
	s.adminDevices(handle)
	s.adminSignIns(handle)
	s.adminAccounts(handle)
	return mux
}

// adminAnswer writes what a handler returned: 204 for nothing, 400 for an error.
func adminAnswer(w http.ResponseWriter, r *http.Request, f func(*http.Request) (any, error)) {
	v, err := f(r)
	status := http.StatusOK
	switch {
	case err != nil:
		status, v = http.StatusBadRequest, map[string]string{"error": err.Error()}
	case v == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(mustJSON(v), '\n')) // the client has gone if this fails
}

func readJSON(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// adminRequests filters the journal by tenant, method, template, status, and seq
// greater than since.
func (s *Server) adminRequests(r *http.Request) (any, error) {
	q := r.URL.Query()
	var since uint64
	if raw := q.Get("since"); raw != "" {
		var err error
		if since, err = strconv.ParseUint(raw, 10, 64); err != nil {
			return nil, err
		}
	}
	out := []Entry{}
	for _, e := range s.Requests(q.Get("tenant")) {
		if e.Seq > since && fits(q.Get("method"), e.Method) && fits(q.Get("template"), e.Template) && fits(q.Get("status"), strconv.Itoa(e.Status)) {
			out = append(out, e)
		}
	}
	return out, nil
}

func fits(want, have string) bool { return want == "" || strings.EqualFold(want, have) }

// adminClock lets time pass, {"step": "90m"}, or sets the clock: {"skew": "-10m"}.
func (s *Server) adminClock(r *http.Request) (any, error) {
	var body struct {
		Step string `json:"step"`
		Skew string `json:"skew"`
	}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if (body.Step == "") == (body.Skew == "") {
		return nil, errors.New("either step or skew")
	}
	d, err := time.ParseDuration(body.Step + body.Skew)
	switch {
	case err != nil:
		return nil, err
	case body.Skew != "":
		s.Skew(d)
	case d < 0:
		return nil, errors.New("time passes forward only; skew sets the clock back")
	default:
		s.Step(d)
	}
	return map[string]time.Time{"now": s.Now()}, nil
}

func (s *Server) adminAddFault(r *http.Request) (any, error) {
	var f Fault
	if err := readJSON(r, &f); err != nil {
		return nil, err
	}
	id, err := s.AddFault(f)
	if err != nil {
		return nil, err
	}
	return map[string]int{"id": id}, nil
}

func (s *Server) adminRemoveFault(r *http.Request) (any, error) {
	id := 0
	if raw := r.PathValue("id"); raw != "" {
		var err error
		if id, err = strconv.Atoi(raw); err != nil {
			return nil, err
		}
	}
	if !s.RemoveFault(id) && id != 0 {
		return nil, errors.New("no such fault")
	}
	return nil, nil
}

// adminTrouble ends what Microsoft had handed out to the apps of a tenant.
func (s *Server) adminTrouble(handle adminRoute) {
	handle("POST /_sim/tenants/{tenant}/delta/expire", func(r *http.Request) (any, error) {
		return nil, s.ExpireDelta(r.PathValue("tenant"))
	})
	handle("POST /_sim/tenants/{tenant}/tokens/revoke", func(r *http.Request) (any, error) {
		return nil, s.RevokeTokens(r.PathValue("tenant"))
	})
}

type adminRoute func(pattern string, f func(r *http.Request) (any, error))

func (s *Server) adminTenants(handle adminRoute) {
	handle("GET /_sim/tenants", func(*http.Request) (any, error) { return s.Tenants(), nil })
	handle("POST /_sim/tenants", func(r *http.Request) (any, error) {
		var spec TenantSpec
		if err := readJSON(r, &spec); err != nil {
			return nil, err
		}
		id, err := s.AddTenant(spec)
		return map[string]string{"id": id}, err
	})
	handle("PATCH /_sim/tenants/{tenant}", s.adminPatchTenant)
	handle("POST /_sim/tenants/{tenant}/groups", func(r *http.Request) (any, error) {
		var spec GroupSpec
		if err := readJSON(r, &spec); err != nil {
			return nil, err
		}
		id, err := s.AddGroup(r.PathValue("tenant"), spec)
		return map[string]string{"id": id}, err
	})
	handle("PUT /_sim/tenants/{tenant}/roles/{role}/{principal}", func(r *http.Request) (any, error) {
		return nil, s.AssignRole(r.PathValue("tenant"), r.PathValue("principal"), r.PathValue("role"))
	})
	handle("DELETE /_sim/tenants/{tenant}/roles/{role}/{principal}", func(r *http.Request) (any, error) {
		return nil, s.RemoveRole(r.PathValue("tenant"), r.PathValue("principal"), r.PathValue("role"))
	})
}

// adminPatchTenant replaces the domains, the subscriptions, the quota, or several.
func (s *Server) adminPatchTenant(r *http.Request) (any, error) {
	var body struct {
		Domains []DomainSpec `json:"domains"`
		SKUs    []SKUSpec    `json:"skus"`
		Quota   *int         `json:"quota"`
	}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	key := r.PathValue("tenant")
	var err error
	if body.Domains != nil {
		err = s.SetDomains(key, body.Domains)
	}
	if body.SKUs != nil {
		err = errors.Join(err, s.SetSKUs(key, body.SKUs))
	}
	if body.Quota != nil {
		err = errors.Join(err, s.SetQuota(key, *body.Quota))
	}
	return nil, err
}

func (s *Server) adminUsers(handle adminRoute) {
	user := func(r *http.Request) (tenant, key string) { return r.PathValue("tenant"), r.PathValue("user") }
	handle("GET /_sim/tenants/{tenant}/users", func(r *http.Request) (any, error) { return s.UserIDs(r.PathValue("tenant")) })
	handle("POST /_sim/tenants/{tenant}/users", func(r *http.Request) (any, error) {
		properties := map[string]any{}
		if err := readJSON(r, &properties); err != nil {
			return nil, err
		}
		id, err := s.AddUser(r.PathValue("tenant"), properties)
		return map[string]string{"id": id}, err
	})
	handle("GET /_sim/tenants/{tenant}/users/{user}", func(r *http.Request) (any, error) { return s.User(user(r)) })
	handle("PATCH /_sim/tenants/{tenant}/users/{user}", func(r *http.Request) (any, error) {
		properties := map[string]any{}
		if err := readJSON(r, &properties); err != nil {
			return nil, err
		}
		tenant, key := user(r)
		return nil, s.PatchUser(tenant, key, properties)
	})
	handle("DELETE /_sim/tenants/{tenant}/users/{user}", func(r *http.Request) (any, error) { return nil, s.DeleteUser(user(r)) })
	handle("POST /_sim/tenants/{tenant}/users/{user}/restore", func(r *http.Request) (any, error) { return nil, s.RestoreUser(user(r)) })
	handle("POST /_sim/tenants/{tenant}/users/{user}/purge", func(r *http.Request) (any, error) { return nil, s.PurgeUser(user(r)) })
	handle("POST /_sim/tenants/{tenant}/users/{user}/changePassword", func(r *http.Request) (any, error) { return nil, s.ChangePassword(user(r)) })
}

func (s *Server) adminApps(handle adminRoute) {
	handle("PUT /_sim/tenants/{tenant}/apps/{app}", func(r *http.Request) (any, error) {
		g := Grant{}
		if err := readJSON(r, &g); err != nil {
			return nil, err
		}
		g.ClientID = r.PathValue("app")
		return nil, s.SetGrant(r.PathValue("tenant"), g)
	})
	handle("DELETE /_sim/tenants/{tenant}/apps/{app}", func(r *http.Request) (any, error) {
		return nil, s.RevokeGrant(r.PathValue("tenant"), r.PathValue("app"))
	})
	handle("POST /_sim/apps", func(r *http.Request) (any, error) {
		var a App
		if err := readJSON(r, &a); err != nil {
			return nil, err
		}
		return nil, s.AddApp(a)
	})
	handle("PUT /_sim/apps/{app}/secrets/{secret}", func(r *http.Request) (any, error) {
		var body struct {
			Expires time.Time `json:"expires"`
		}
		if err := readJSON(r, &body); err != nil {
			return nil, err
		}
		return nil, s.SetSecret(r.PathValue("app"), r.PathValue("secret"), body.Expires)
	})
	handle("DELETE /_sim/apps/{app}/secrets/{secret}", func(r *http.Request) (any, error) {
		return nil, s.RemoveSecret(r.PathValue("app"), r.PathValue("secret"))
	})
	handle("PUT /_sim/apps/{app}/certificates", s.adminCertificates)
}

// adminCertificates replaces an app's certificates by those of a PEM body.
func (s *Server) adminCertificates(r *http.Request) (any, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	certs, err := parseCertificates(body)
	if err != nil {
		return nil, err
	}
	return nil, s.SetCertificates(r.PathValue("app"), certs...)
}
