package graphsim

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Paths below a tenant of the login host.
const (
	tokenTemplate         = "/oauth2/v2.0/token" //nolint:gosec // a path
	configurationTemplate = "/v2.0/.well-known/openid-configuration"
	keysTemplate          = "/discovery/v2.0/keys"
)

// login answers the identity platform's part of the host: token endpoint, OpenID
// metadata, and the discovery documents clients ask for.
func (s *Server) login(req *request, segs []string) *response {
	path := "/" + strings.Join(segs, "/")
	switch {
	case req.method == http.MethodGet && path == "/common/discovery/instance":
		return s.instanceDiscovery(req)
	case req.method == http.MethodGet && path == "/metadata/endpoints":
		return cloudMetadata(req)
	case len(segs) < 2:
		return s.unknownPath(req)
	}
	return s.loginOf(req, segs[0], "/"+strings.Join(segs[1:], "/"))
}

// loginOf answers what belongs to a tenant, which may be an unknown one, through the
// faults in force.
func (s *Server) loginOf(req *request, key, template string) *response {
	stats, tenantID := s.stats, ""
	if t, known := s.tenantByKey(key); known {
		stats, tenantID = t.stats, t.id
	}
	fault := s.faults.pick(tenantID, req.method, template, req.query)
	if fault == nil {
		return s.loginAnswer(req, key, template)
	}
	stats.fault(fault)
	var res *response
	if !fault.Before() {
		res = s.loginAnswer(req, key, template)
	}
	if spoilt := s.inject(req, fault, &Entry{}, res); spoilt != nil {
		if fault.Before() && template == tokenTemplate {
			stats.token(false, 0)
		}
		return spoilt
	}
	if res != nil {
		return res
	}
	return s.loginAnswer(req, key, template)
}

func (s *Server) loginAnswer(req *request, key, template string) *response {
	switch req.method + " " + template {
	case "POST " + tokenTemplate:
		return s.token(req, key)
	case "GET " + configurationTemplate:
		return s.openIDConfiguration(req, key)
	case "GET " + keysTemplate:
		return s.keys()
	default:
		return s.unknownPath(req)
	}
}

func (s *Server) unknownPath(req *request) *response {
	now := s.clock.Now()
	e := s.newEntry(req, now)
	e.Absent, e.Status, e.Code = true, http.StatusNotImplemented, "NotSimulated"
	s.stats.record(e, "absent", false)
	return notSimulated(req.method+" "+req.path).response(now, e.RequestID, e.RequestID)
}

func (s *Server) stsRefusal(e *stsError, req *request) *response {
	correlation := req.header.Get("client-request-id")
	trace := guid(s.opts.Seed, "trace", itoa(s.seq.Add(1)))
	if correlation == "" {
		correlation = trace
	}
	return e.response(s.clock.Now(), trace, correlation)
}

func (s *Server) openIDConfiguration(req *request, key string) *response {
	t, ok := s.tenantByKey(key)
	if !ok {
		return s.stsRefusal(tenantNotFound(key), req)
	}
	base := req.baseURL + "/" + t.id
	return plainJSON(map[string]any{
		"token_endpoint":                        base + tokenTemplate,
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{signingAlgorithm},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"issuer":                                base + "/v2.0",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"tenant_region_scope":                   "EU",
		"cloud_instance_name":                   "microsoftonline.com",
		"msgraph_host":                          strings.TrimPrefix(req.baseURL, "https://"),
	})
}

// keys publishes the key that signs access tokens.
func (s *Server) keys() *response {
	raw, err := s.signer.PublicKey.Bytes()
	if err != nil { // a P-256 key always encodes
		raw = make([]byte, 65)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return plainJSON(map[string]any{"keys": []map[string]string{{
		"kty": "EC", "use": "sig", "crv": "P-256", "kid": signingKeyID, "x": encode(raw[1:33]), "y": encode(raw[33:65]),
	}}})
}

// instanceDiscovery tells MSAL that this host is an authority of its own.
func (s *Server) instanceDiscovery(req *request) *response {
	host := strings.TrimPrefix(req.baseURL, "https://")
	endpoint := req.baseURL + "/common/v2.0/.well-known/openid-configuration"
	if values, err := url.ParseQuery(req.query); err == nil {
		if tenant := authorityTenant(values.Get("authorization_endpoint")); tenant != "" {
			endpoint = req.baseURL + "/" + tenant + "/v2.0/.well-known/openid-configuration"
		}
	}
	return plainJSON(map[string]any{
		"tenant_discovery_endpoint": endpoint,
		"api-version":               "1.1",
		"metadata": []map[string]any{{
			"preferred_network": host, "preferred_cache": host, "aliases": []string{host},
		}},
	})
}

func authorityTenant(authorizationEndpoint string) string {
	u, err := url.Parse(authorizationEndpoint)
	if err != nil {
		return ""
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	return tenant
}

// cloudMetadata is the Azure Resource Manager document that tools read when they
// are pointed at another cloud by host name.
func cloudMetadata(req *request) *response {
	return plainJSON([]map[string]any{{
		"name":           "graphsim",
		"authentication": map[string]any{"loginEndpoint": req.baseURL, "audiences": []string{req.baseURL}, "tenant": "common", "identityProvider": "AAD"},
		"graph":          req.baseURL, "microsoftGraphResourceId": req.baseURL + "/", "graphAudience": req.baseURL + "/",
		"portal": req.baseURL, "resourceManager": req.baseURL + "/", "suffixes": map[string]string{},
	}})
}

func plainJSON(v any) *response {
	return &response{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body: mustJSON(v)}
}

// token answers a client credentials request
// (entra-docs identity-platform/v2-oauth2-client-creds-grant-flow.md).
func (s *Server) token(req *request, key string) *response {
	t, known := s.tenantByKey(key)
	if !known {
		refusal := tenantNotFound(key)
		s.stats.token(false, refusal.code)
		return s.stsRefusal(refusal, req)
	}
	res, refusal := s.issue(req, t)
	if refusal != nil {
		t.stats.token(false, refusal.code)
		return s.stsRefusal(refusal, req)
	}
	t.stats.token(true, 0)
	return res
}

func (s *Server) issue(req *request, t *tenant) (*response, *stsError) {
	form, err := url.ParseQuery(string(req.body))
	if err != nil {
		return nil, missingParameter("grant_type")
	}
	if refusal := checkForm(form); refusal != nil {
		return nil, refusal
	}
	app, ok := (*s.apps.Load())[strings.ToLower(form.Get("client_id"))]
	t.mu.Lock()
	defer t.mu.Unlock()
	principal, consented := t.principals[strings.ToLower(form.Get("client_id"))]
	if !ok || !consented {
		return nil, appNotFound(form.Get("client_id"), t.displayName)
	}
	resource, refusal := resourceOf(form.Get("scope"), req.baseURL, t.displayName)
	if refusal != nil {
		return nil, refusal
	}
	appidacr, refusal := s.proveClient(req, t, app, form)
	if refusal != nil {
		return nil, refusal
	}
	token, err := s.sign(t, app, principal, resource, appidacr)
	if err != nil {
		return nil, &stsError{http.StatusInternalServerError, "server_error", 90033, "A transient error has occurred. Please try again."}
	}
	seconds := int(s.opts.TokenLifetime / time.Second)
	return plainJSON(map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token,
	}), nil
}

func checkForm(form url.Values) *stsError {
	for _, name := range []string{"grant_type", "client_id", "scope"} {
		if form.Get(name) == "" {
			return missingParameter(name)
		}
	}
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return unsupportedGrant(grant)
	}
	return nil
}

// graphResources are the hosts of the four clouds (concepts/deployments.md).
func isGraphResource(resource, baseURL string) bool {
	switch resource {
	case "https://graph.microsoft.com", "https://graph.microsoft.us", "https://dod-graph.microsoft.us",
		"https://microsoftgraph.chinacloudapi.cn", baseURL:
		return true
	default:
		return false
	}
}

// resourceOf reads the resource out of the scope. The scope may repeat OpenID
// scopes, which client credentials ignore.
func resourceOf(scope, baseURL, tenantName string) (string, *stsError) {
	for part := range strings.FieldsSeq(scope) {
		resource, ok := strings.CutSuffix(part, "/.default")
		if !ok {
			continue
		}
		resource = strings.TrimSuffix(resource, "/")
		if !isGraphResource(resource, baseURL) {
			return "", unknownResource(resource, tenantName)
		}
		return resource, nil
	}
	return "", badScope(scope)
}

// proveClient checks the credential and returns the appidacr claim: 1 for a
// secret, 2 for a certificate.
func (s *Server) proveClient(req *request, t *tenant, app *application, form url.Values) (string, *stsError) {
	if assertion := form.Get("client_assertion"); assertion != "" {
		return "2", s.checkAssertion(req, t, app, assertion)
	}
	secret := form.Get("client_secret")
	if secret == "" {
		return "", noCredential()
	}
	known, valid := app.checkSecret(secret, s.clock.Now())
	switch {
	case !known:
		return "", wrongSecret(app.id)
	case !valid:
		return "", expiredSecret(app.id)
	}
	return "1", nil
}
