package graph

import (
	"context"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// SetEnabled lets the account sign in, or blocks it. It sends accountEnabled and
// nothing else: one refused property would sink the others
// (https://learn.microsoft.com/graph/api/user-update).
func (c *Client) SetEnabled(ctx context.Context, id string, enabled bool) (directory.Receipt, error) {
	op := protecting(serviceUsers)
	if enabled {
		op = writing(serviceUsers)
	}
	return c.patchUserAs(ctx, op, id, map[string]any{"accountEnabled": enabled})
}

// RevokeSessions voids all sessions begun until now; access tokens live on for up to
// an hour (https://learn.microsoft.com/graph/api/user-revokesigninsessions).
func (c *Client) RevokeSessions(ctx context.Context, id string) (directory.Receipt, error) {
	account, err := c.user(id)
	if err != nil {
		return directory.Receipt{}, err
	}
	return c.write(ctx, protecting(serviceUsers), abstractions.POST, account.RevokeSignInSessions().BaseRequestBuilder, nil)
}

// RequirePasswordChange makes the next sign-in ask for a new password. The password
// itself is not sent, so it stays (https://learn.microsoft.com/graph/api/resources/passwordprofile).
func (c *Client) RequirePasswordChange(ctx context.Context, id string) (directory.Receipt, error) {
	return c.patchUser(ctx, id, map[string]any{"passwordProfile": passwordProfile{ForceChange: true}})
}

// passwordProfile asks for a new password
// (https://learn.microsoft.com/graph/api/resources/passwordprofile).
type passwordProfile struct {
	Password    string `json:"password,omitempty"`
	ForceChange bool   `json:"forceChangePasswordNextSignIn"`
}

func (c *Client) patchUser(ctx context.Context, id string, properties map[string]any) (directory.Receipt, error) {
	return c.patchUserAs(ctx, writing(serviceUsers), id, properties)
}

func (c *Client) patchUserAs(ctx context.Context, op operation, id string, properties map[string]any) (directory.Receipt, error) {
	account, err := c.user(id)
	if err != nil {
		return directory.Receipt{}, err
	}
	return c.write(ctx, op, abstractions.PATCH, account.BaseRequestBuilder, properties)
}
