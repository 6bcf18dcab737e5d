package graph

import (
	"context"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// Managers reads who is whose manager, of all accounts that have one
// (https://learn.microsoft.com/graph/api/user-list-manager).
func (c *Client) Managers(ctx context.Context, link string) (*directory.Page[directory.ManagerLink], error) {
	type report struct {
		ID      string `json:"id"`
		Manager *struct {
			ID string `json:"id"`
		} `json:"manager"`
	}
	read, err := page[report](ctx, c, reading(serviceUsers, 2), link, func() (*abstractions.RequestInformation, error) {
		top := int32(999)
		return users.NewUsersRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &users.UsersRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.UsersRequestBuilderGetQueryParameters{
					Select: []string{"id"}, Expand: []string{"manager($select=id)"}, Top: &top,
				},
			})
	})
	if err != nil {
		return nil, err
	}
	result := &directory.Page[directory.ManagerLink]{Next: read.NextLink}
	for _, r := range read.Value {
		if r.Manager != nil {
			result.Items = append(result.Items, directory.ManagerLink{
				UserID: strings.ToLower(r.ID), Manager: c.texts.of(strings.ToLower(r.Manager.ID)),
			})
		}
	}
	return result, nil
}

// SetManager may be repeated
// (https://learn.microsoft.com/graph/api/user-post-manager).
func (c *Client) SetManager(ctx context.Context, id, managerID string) (directory.Receipt, error) {
	account, err := c.user(id)
	if err != nil {
		return directory.Receipt{}, err
	}
	if err := objectIDs(&managerID); err != nil {
		return directory.Receipt{}, err
	}
	return c.write(ctx, writing(serviceUsers), abstractions.PUT, account.Manager().Ref().BaseRequestBuilder, c.reference("users", managerID))
}

// RemoveManager removes the link, never the manager: without /$ref Graph would delete
// an account (https://learn.microsoft.com/graph/api/user-delete-manager).
func (c *Client) RemoveManager(ctx context.Context, id string) (directory.Receipt, error) {
	account, err := c.user(id)
	if err != nil {
		return directory.Receipt{}, err
	}
	return c.write(ctx, writing(serviceUsers), abstractions.DELETE, account.Manager().Ref().BaseRequestBuilder, nil)
}
