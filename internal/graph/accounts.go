package graph

import (
	"context"
	"net/http"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	graphdirectory "github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// CreateUser makes an account. What is returned holds the properties of Graph's
// default selection only, so neither profile nor licences
// (https://learn.microsoft.com/graph/api/user-post-users).
func (c *Client) CreateUser(ctx context.Context, want directory.NewUser) (*directory.User, directory.Receipt, error) {
	body, err := newAccount(want)
	if err != nil {
		return nil, directory.Receipt{}, err
	}
	to := users.NewUsersRequestBuilderInternal(c.path(), c.adapter).BaseRequestBuilder
	a, err := c.writeAt(ctx, writing(serviceUsers), abstractions.POST, to, body)
	if err != nil {
		return nil, directory.Receipt{}, err
	}
	made, err := decode[user](a)
	if err != nil || made.ID == "" {
		return nil, directory.Receipt{}, &directory.Error{
			Kind: directory.KindTransient, Status: http.StatusCreated, Message: "an account was made, but not told",
			OutcomeUnknown: true, RequestID: a.receipt().RequestID, Err: err,
		}
	}
	converted := c.convertUser(made)
	converted.Profile, converted.Licenses = nil, nil // which the answer does not hold
	return &converted, a.receipt(), nil
}

// newAccount is the body that makes an account. It holds a password: never log it.
func newAccount(want directory.NewUser) (map[string]any, error) {
	body := map[string]any{}
	for name, value := range want.Attributes {
		if value == "" {
			continue
		}
		if err := putAttribute(body, name, value); err != nil {
			return nil, err
		}
	}
	if want.DisplayName != "" {
		body[string(directory.AttributeDisplayName)] = want.DisplayName
	}
	body["accountEnabled"] = want.Enabled
	body["mailNickname"] = want.MailNickname
	body["userPrincipalName"] = want.UserPrincipalName
	body["passwordProfile"] = passwordProfile{Password: want.Password, ForceChange: true}
	return body, nil
}

// RenameUser changes the user principal name, and nothing else
// (https://learn.microsoft.com/graph/api/user-update).
func (c *Client) RenameUser(ctx context.Context, id, upn string) (directory.Receipt, error) {
	return c.patchUser(ctx, id, map[string]any{"userPrincipalName": upn})
}

// DeleteUser deletes an account; it can be restored for 30 days
// (https://learn.microsoft.com/graph/api/user-delete).
func (c *Client) DeleteUser(ctx context.Context, id string) (directory.Receipt, error) {
	account, err := c.user(id)
	if err != nil {
		return directory.Receipt{}, err
	}
	return c.write(ctx, writing(serviceUsers), abstractions.DELETE, account.BaseRequestBuilder, nil)
}

// RestoreUser brings a deleted account back
// (https://learn.microsoft.com/graph/api/directory-deleteditems-restore).
func (c *Client) RestoreUser(ctx context.Context, id string) (directory.Receipt, error) {
	id, err := objectID(id)
	if err != nil {
		return directory.Receipt{}, err
	}
	to := graphdirectory.NewDeletedItemsRequestBuilderInternal(c.path(), c.adapter).ByDirectoryObjectId(id).Restore().BaseRequestBuilder
	return c.write(ctx, writing(serviceDeleted), abstractions.POST, to, nil)
}
