package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// maxConfiguration bounds the OpenID configuration; it has about 2 KiB.
const maxConfiguration = 1 << 20

// ResolveTenantID returns the GUID of a tenant that is named by its GUID, which
// costs no request, or by one of its verified domains, which the login host's public
// OpenID configuration resolves
// (https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc). A domain of
// no tenant is KindUnknownTenant.
func ResolveTenantID(ctx context.Context, transport http.RoundTripper, login, tenant string) (string, error) {
	if id, err := uuid.Parse(tenant); err == nil {
		return id.String(), nil
	}
	address := strings.TrimSuffix(login, "/") + "/" + url.PathEscape(tenant) + "/v2.0/.well-known/openid-configuration"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", &directory.Error{Kind: directory.KindInvalid, Message: "tenant's name", Err: err}
	}
	response, err := (&http.Client{Transport: transport, CheckRedirect: noRedirect}).Do(request)
	if err != nil {
		return "", &directory.Error{Kind: directory.KindTransient, Message: "resolve the tenant's domain", Err: err}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxConfiguration))
	if err != nil {
		return "", &directory.Error{Kind: directory.KindTransient, Status: response.StatusCode, Err: err}
	}
	if response.StatusCode != http.StatusOK {
		return "", loginError(response.StatusCode, response.Header, string(body), nil)
	}
	id, err := issuerTenant(body)
	if err != nil {
		return "", &directory.Error{Kind: directory.KindTransient, Status: response.StatusCode, Err: err}
	}
	return id, nil
}

// issuerTenant reads the tenant's GUID out of https://<login>/<GUID>/v2.0.
func issuerTenant(body []byte) (string, error) {
	var configuration struct {
		Issuer string `json:"issuer"`
	}
	if err := json.Unmarshal(body, &configuration); err != nil {
		return "", fmt.Errorf("OpenID configuration: %w", err)
	}
	issuer, err := url.Parse(configuration.Issuer)
	if err != nil {
		return "", fmt.Errorf("OpenID issuer: %w", err)
	}
	id, err := uuid.Parse(strings.Split(strings.TrimPrefix(issuer.Path, "/"), "/")[0])
	if err != nil {
		return "", fmt.Errorf("OpenID issuer names no tenant: %w", err)
	}
	return id.String(), nil
}
