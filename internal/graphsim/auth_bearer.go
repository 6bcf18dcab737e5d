package graphsim

import (
	"errors"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	signingAlgorithm = "ES256"
	signingKeyID     = "graphsim"
	// defaultUserRole is in every token's wids claim.
	defaultUserRole = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"
)

// accessClaims are the claims of an app-only access token
// (entra-docs identity-platform/access-token-claims-reference.md).
type accessClaims struct {
	jwt.RegisteredClaims
	AppDisplayName string   `json:"app_displayname"`
	AppID          string   `json:"appid"`
	AppIDACR       string   `json:"appidacr"`
	IDP            string   `json:"idp"`
	IDType         string   `json:"idtyp"`
	ObjectID       string   `json:"oid"`
	Roles          []string `json:"roles,omitempty"`
	TenantID       string   `json:"tid"`
	Series         uint64   `json:"xms_series"` // of the tenant's tokens, the simulator's own claim
	UTI            string   `json:"uti"`
	Version        string   `json:"ver"`
	WIDs           []string `json:"wids"`
}

// sign issues an access token. What the app may do is frozen into it.
func (s *Server) sign(t *tenant, app *application, sp *servicePrincipal, resource, appidacr string) (string, error) {
	now := s.clock.Now()
	issuer := "https://sts.windows.net/" + t.id + "/"
	roles := slices.Clone(sp.permissions)
	slices.Sort(roles)
	wids := []string{defaultUserRole}
	wids = append(wids, t.rolesOf(sp.id, t.inForce(now))...)
	token := jwt.NewWithClaims(jwt.SigningMethodES256, accessClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Audience: jwt.ClaimStrings{resource}, Issuer: issuer, Subject: sp.id,
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(s.opts.TokenLifetime)),
		},
		AppDisplayName: app.displayName, AppID: app.id, AppIDACR: appidacr, IDP: issuer, IDType: "app",
		ObjectID: sp.id, Roles: roles, TenantID: t.id, Series: t.tokenSeries.Load(), UTI: guid(s.opts.Seed, "uti", itoa(s.seq.Add(1))),
		Version: "1.0", WIDs: wids,
	})
	token.Header["kid"] = signingKeyID
	return token.SignedString(s.signer)
}

// authenticate reads the bearer token and finds its tenant and app.
func (s *Server) authenticate(c *call) error {
	scheme, raw, _ := strings.Cut(c.req.header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || raw == "" {
		return unauthenticated("Access token is empty.")
	}
	claims := accessClaims{}
	_, err := jwt.ParseWithClaims(strings.TrimSpace(raw), &claims, func(*jwt.Token) (any, error) {
		return &s.signer.PublicKey, nil
	}, jwt.WithValidMethods([]string{signingAlgorithm}), jwt.WithTimeFunc(s.clock.Now), jwt.WithExpirationRequired())
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return unauthenticated("IDX14100: JWT is not well formed, there are no dots (.).")
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return unauthenticated("Lifetime validation failed, the token is not yet valid.")
	case errors.Is(err, jwt.ErrTokenExpired):
		return unauthenticated("Lifetime validation failed, the token is expired.")
	case err != nil:
		return unauthenticated("Access token validation failure. Invalid signature.")
	}
	t, ok := s.tenants.Load().byID[claims.TenantID]
	if !ok {
		return unauthenticated("Access token validation failure. Invalid tenant.")
	}
	if claims.Series != t.tokenSeries.Load() {
		return unauthenticated("Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp")
	}
	app, ok := (*s.apps.Load())[claims.AppID]
	if !ok {
		return unauthenticated("Access token validation failure. Invalid application.")
	}
	c.tenant, c.app, c.roles = t, app, claims.Roles
	c.entry.Tenant, c.entry.App = t.id, app.id
	return nil
}
