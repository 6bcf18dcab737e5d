package graphsim

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// checkAssertion verifies a certificate credential
// (entra-docs identity-platform/certificate-credentials.md): signed with RS256 or
// PS256 by a registered certificate named by x5t or x5t#S256, for this endpoint,
// by this client, and in its time.
func (s *Server) checkAssertion(req *request, t *tenant, app *application, assertion string) *stsError {
	claims := jwt.RegisteredClaims{}
	_, err := jwt.ParseWithClaims(assertion, &claims, func(token *jwt.Token) (any, error) {
		x5t, _ := token.Header["x5t"].(string)
		x5tS256, _ := token.Header["x5t#S256"].(string)
		cert := app.certificateFor(x5t, x5tS256)
		if cert == nil {
			return nil, errors.New("no such certificate")
		}
		return cert.PublicKey, nil
	}, jwt.WithValidMethods([]string{"RS256", "PS256"}), jwt.WithTimeFunc(s.opts.Wall.Now), jwt.WithLeeway(5*time.Minute), jwt.WithExpirationRequired())
	switch {
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		return badAssertion("The key was not found.")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenMalformed):
		return badAssertion("Key was found, but use of the key to verify the signature failed.")
	case err != nil:
		return assertionNotTimely()
	case !strings.EqualFold(claims.Issuer, app.id) || !strings.EqualFold(claims.Subject, app.id):
		return assertionSubject()
	case !slices.ContainsFunc(claims.Audience, func(aud string) bool { return s.isAudience(aud, req.baseURL, t) }):
		return assertionAudience()
	}
	return nil
}

// isAudience accepts the token endpoint and the issuer, with the tenant as GUID
// or as any of its domains. The caller holds the tenant's lock.
func (s *Server) isAudience(aud, baseURL string, t *tenant) bool {
	rest, ok := strings.CutPrefix(aud, baseURL+"/")
	if !ok {
		return false
	}
	key, path, _ := strings.Cut(rest, "/")
	if path != "v2.0" && "/"+path != tokenTemplate {
		return false
	}
	if strings.EqualFold(key, t.id) {
		return true
	}
	_, ok = t.domain(key)
	return ok
}
