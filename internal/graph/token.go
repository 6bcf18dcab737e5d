package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// tokens hands out access tokens. azidentity keeps and refreshes them; a token that
// Graph refused before its time is forgotten by starting with an empty cache.
type tokens struct {
	scope string
	fresh func() (azcore.TokenCredential, error)

	mu         sync.Mutex
	credential azcore.TokenCredential
	last       string
}

func newTokens(scope string, fresh func() (azcore.TokenCredential, error)) (*tokens, error) {
	credential, err := fresh()
	if err != nil {
		return nil, err
	}
	return &tokens{scope: scope, fresh: fresh, credential: credential}, nil
}

// get returns a valid token, or a *directory.Error that says why there is none.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	credential := t.credential
	t.mu.Unlock()

	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{t.scope}})
	if err != nil {
		return "", loginFailure(err)
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	if credential == t.credential {
		t.last = token.Token
	}
	return token.Token, nil
}

// discard makes the next get fetch a new token, unless another call already did.
func (t *tokens) discard(refused string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if refused != t.last {
		return nil
	}
	credential, err := t.fresh()
	if err != nil {
		return err
	}
	t.credential, t.last = credential, ""
	return nil
}

// Identity tells who the operator is, from the claims of its access token. They are
// not verified: the token came from the login host itself, and only Graph decides
// what it is worth (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
func (c *Client) Identity(ctx context.Context) (*directory.Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	token, err := c.tokens.get(ctx)
	if err != nil {
		return nil, err
	}
	claims, err := parseClaims(token)
	if err != nil {
		return nil, &directory.Error{Kind: directory.KindTransient, Message: "unreadable access token", Err: err}
	}
	return &directory.Identity{
		TenantID:           strings.ToLower(claims.TenantID),
		ClientID:           strings.ToLower(claims.AppID),
		ServicePrincipalID: strings.ToLower(claims.ObjectID),
		Permissions:        claims.Roles,
	}, nil
}

type claims struct {
	TenantID string   `json:"tid"`
	ObjectID string   `json:"oid"`
	AppID    string   `json:"appid"`
	Roles    []string `json:"roles"`
}

// parseClaims reads the claims of a JSON web token without verifying it. Its errors
// never hold any of the token.
func parseClaims(token string) (*claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("token has not three parts")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fmt.Errorf("decode claims: %w", err)
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, errors.New("claims are not of the expected form")
	}
	return &c, nil
}
