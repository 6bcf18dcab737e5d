package graph

import (
	"context"
	"strings"

	"github.com/google/uuid"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"

	"github.com/m365-operator/m365-operator/internal/directory"
)

const serviceGroups = "groups"

type group struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}

func (g *group) convert() *directory.Group {
	return &directory.Group{ID: strings.ToLower(g.ID), DisplayName: g.DisplayName}
}

// Group finds a group by object id or exact display name, which need not be unique
// (https://learn.microsoft.com/graph/api/group-list).
func (c *Client) Group(ctx context.Context, key string) (*directory.Group, error) {
	if id, err := uuid.Parse(key); err == nil {
		return c.groupByID(ctx, id.String())
	}
	read, err := page[group](ctx, c, reading(serviceGroups, 1), "", func() (*abstractions.RequestInformation, error) {
		filter := "displayName eq '" + strings.ReplaceAll(key, "'", "''") + "'"
		top := int32(2)
		return groups.NewGroupsRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &groups.GroupsRequestBuilderGetRequestConfiguration{
				QueryParameters: &groups.GroupsRequestBuilderGetQueryParameters{
					Filter: &filter, Select: []string{"id", "displayName"}, Top: &top,
				},
			})
	})
	switch {
	case err != nil:
		return nil, err
	case len(read.Value) == 0:
		return nil, &directory.Error{Kind: directory.KindNotFound, Message: "no group of this name"}
	case len(read.Value) > 1:
		return nil, &directory.Error{Kind: directory.KindConflict, Message: "several groups carry this name"}
	}
	return read.Value[0].convert(), nil
}

func (c *Client) groupByID(ctx context.Context, id string) (*directory.Group, error) {
	request, err := groups.NewGroupsRequestBuilderInternal(c.path(), c.adapter).ByGroupId(id).
		ToGetRequestInformation(ctx, &groups.GroupItemRequestBuilderGetRequestConfiguration{
			QueryParameters: &groups.GroupItemRequestBuilderGetQueryParameters{Select: []string{"id", "displayName"}},
		})
	if err != nil {
		return nil, unbuildable(err)
	}
	read, err := get[group](ctx, c, reading(serviceGroups, 1), request)
	if err != nil {
		return nil, err
	}
	return read.convert(), nil
}

// GroupMembers reads the object ids of the users in a group, also through nested
// groups. The cast is an advanced query: it asks for the header and the count, on
// every page (https://learn.microsoft.com/graph/aad-advanced-queries).
func (c *Client) GroupMembers(ctx context.Context, groupID, link string) (*directory.Page[string], error) {
	if _, err := uuid.Parse(groupID); err != nil {
		return nil, &directory.Error{Kind: directory.KindInvalid, Message: "not an object id", Err: err}
	}
	type member struct {
		ID string `json:"id"`
	}
	return convertPage(ctx, c, reading(serviceGroups, 4), link, func() (*abstractions.RequestInformation, error) {
		top, count := int32(999), true
		headers := abstractions.NewRequestHeaders()
		headers.Add("ConsistencyLevel", "eventual")
		return groups.NewGroupsRequestBuilderInternal(c.path(), c.adapter).ByGroupId(groupID).TransitiveMembers().GraphUser().
			ToGetRequestInformation(ctx, &groups.ItemTransitiveMembersGraphUserRequestBuilderGetRequestConfiguration{
				Headers: headers,
				QueryParameters: &groups.ItemTransitiveMembersGraphUserRequestBuilderGetQueryParameters{
					Select: []string{"id"}, Top: &top, Count: &count,
				},
			})
	}, func(m *member) string { return strings.ToLower(m.ID) })
}
