package graph

import (
	"context"
	"errors"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// AddMember makes an account a direct member of a group
// (https://learn.microsoft.com/graph/api/group-post-members).
func (c *Client) AddMember(ctx context.Context, groupID, userID string) (directory.Receipt, error) {
	if err := objectIDs(&groupID, &userID); err != nil {
		return directory.Receipt{}, err
	}
	receipt, err := c.write(ctx, writing(serviceGroups), abstractions.POST,
		c.members(groupID).Ref().BaseRequestBuilder, c.reference("directoryObjects", userID))
	return receipt, ofGroup(err)
}

// RemoveMember ends a direct membership. The path ends with /$ref: without it, Graph
// would delete the account itself
// (https://learn.microsoft.com/graph/api/group-delete-members).
func (c *Client) RemoveMember(ctx context.Context, groupID, userID string) (directory.Receipt, error) {
	if err := objectIDs(&groupID, &userID); err != nil {
		return directory.Receipt{}, err
	}
	receipt, err := c.write(ctx, writing(serviceGroups), abstractions.DELETE,
		c.members(groupID).ByDirectoryObjectId(userID).Ref().BaseRequestBuilder, nil)
	return receipt, ofGroup(err)
}

func (c *Client) members(groupID string) *groups.ItemMembersRequestBuilder {
	return groups.NewGroupsRequestBuilderInternal(c.path(), c.adapter).ByGroupId(groupID).Members()
}

// ofGroup judges the refusal to write members: it is the group that is mastered on
// premises or has a rule, and no account.
func ofGroup(err error) error {
	e, ok := errors.AsType[*directory.Error](err)
	if ok && e.Kind == directory.KindInvalid && strings.Contains(strings.ToLower(e.Message), "dynamic") {
		return kindInstead(err, directory.KindInvalid, directory.KindUnwritable)
	}
	return kindInstead(err, directory.KindMastered, directory.KindUnwritable)
}
