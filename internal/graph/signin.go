package graph

import (
	"context"

	"github.com/google/uuid"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// SetEnabled lets the account sign in, or blocks it. It sends accountEnabled and
// nothing else: one refused property would sink the others
// (https://learn.microsoft.com/graph/api/user-update).
func (c *Client) SetEnabled(ctx context.Context, id string, enabled bool) (directory.Receipt, error) {
	change := models.NewUser()
	change.SetAccountEnabled(&enabled)
	return c.patchUser(ctx, id, change)
}

// RevokeSessions voids all sessions begun until now; access tokens live on for up to
// an hour (https://learn.microsoft.com/graph/api/user-revokesigninsessions).
func (c *Client) RevokeSessions(ctx context.Context, id string) (directory.Receipt, error) {
	return c.writeUser(ctx, id, func(u *users.UserItemRequestBuilder) (*abstractions.RequestInformation, error) {
		return u.RevokeSignInSessions().ToPostRequestInformation(ctx, nil)
	})
}

// RequirePasswordChange makes the next sign-in ask for a new password. The password
// itself is not sent, so it stays (https://learn.microsoft.com/graph/api/resources/passwordprofile).
func (c *Client) RequirePasswordChange(ctx context.Context, id string) (directory.Receipt, error) {
	yes := true
	profile := models.NewPasswordProfile()
	profile.SetForceChangePasswordNextSignIn(&yes)
	change := models.NewUser()
	change.SetPasswordProfile(profile)
	return c.patchUser(ctx, id, change)
}

func (c *Client) patchUser(ctx context.Context, id string, change models.Userable) (directory.Receipt, error) {
	return c.writeUser(ctx, id, func(u *users.UserItemRequestBuilder) (*abstractions.RequestInformation, error) {
		return u.ToPatchRequestInformation(ctx, change, nil)
	})
}

// writeUser changes the account with this object id. A name is refused: between its
// reading and the write it may pass to somebody else.
func (c *Client) writeUser(
	ctx context.Context, id string, build func(*users.UserItemRequestBuilder) (*abstractions.RequestInformation, error),
) (directory.Receipt, error) {
	if _, err := uuid.Parse(id); err != nil {
		return directory.Receipt{}, &directory.Error{Kind: directory.KindInvalid, Message: "not an object id", Err: err}
	}
	request, err := build(users.NewUsersRequestBuilderInternal(c.path(), c.adapter).ByUserId(id))
	if err != nil {
		return directory.Receipt{}, unbuildable(err)
	}
	a, err := c.call(ctx, writing(serviceUsers), request)
	if err != nil {
		return directory.Receipt{}, err
	}
	return a.receipt(), nil
}
