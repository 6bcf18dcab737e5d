package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"

	"github.com/m365-operator/m365-operator/internal/directory"
)

const serviceGroups = "groups"

// group is a group (https://learn.microsoft.com/graph/api/resources/group).
type group struct {
	ID                    string   `json:"id"`
	DisplayName           string   `json:"displayName"`
	GroupTypes            []string `json:"groupTypes"`
	MailEnabled           bool     `json:"mailEnabled"`
	OnPremisesSyncEnabled *bool    `json:"onPremisesSyncEnabled"`
	IsAssignableToRole    *bool    `json:"isAssignableToRole"`
}

func groupProperties() []string {
	return []string{"id", "displayName", "groupTypes", "mailEnabled", "onPremisesSyncEnabled", "isAssignableToRole"}
}

func (g *group) convert() *directory.Group {
	return &directory.Group{
		ID:             strings.ToLower(g.ID),
		DisplayName:    g.DisplayName,
		Dynamic:        slices.Contains(g.GroupTypes, "DynamicMembership"),
		Unified:        slices.Contains(g.GroupTypes, "Unified"),
		MailEnabled:    g.MailEnabled,
		Synced:         g.OnPremisesSyncEnabled != nil && *g.OnPremisesSyncEnabled,
		RoleAssignable: g.IsAssignableToRole != nil && *g.IsAssignableToRole,
	}
}

// Group finds a group by object id or exact display name, which need not be unique
// (https://learn.microsoft.com/graph/api/group-list).
func (c *Client) Group(ctx context.Context, key string) (*directory.Group, error) {
	if id, err := uuid.Parse(key); err == nil {
		return c.groupByID(ctx, id.String())
	}
	read, err := page[group](ctx, c, reading(serviceGroups, 1), "", func() (*abstractions.RequestInformation, error) {
		filter := "displayName eq " + quote(key)
		top := int32(2)
		return groups.NewGroupsRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &groups.GroupsRequestBuilderGetRequestConfiguration{
				QueryParameters: &groups.GroupsRequestBuilderGetQueryParameters{
					Filter: &filter, Select: groupProperties(), Top: &top,
				},
			})
	})
	if err != nil {
		return nil, err
	}
	found, err := only(read.Value, "group")
	if err != nil {
		return nil, err
	}
	return found.convert(), nil
}

// only is the one item that was found under a name.
func only[T any](found []T, what string) (*T, error) {
	switch len(found) {
	case 0:
		return nil, &directory.Error{Kind: directory.KindNotFound, Message: "no " + what + " of this name"}
	case 1:
		return &found[0], nil
	}
	return nil, &directory.Error{Kind: directory.KindConflict, Message: "more than one " + what + " of this name"}
}

func (c *Client) groupByID(ctx context.Context, id string) (*directory.Group, error) {
	request, err := groups.NewGroupsRequestBuilderInternal(c.path(), c.adapter).ByGroupId(id).
		ToGetRequestInformation(ctx, &groups.GroupItemRequestBuilderGetRequestConfiguration{
			QueryParameters: &groups.GroupItemRequestBuilderGetQueryParameters{Select: groupProperties()},
		})
	if err != nil {
		return nil, unbuildable(err)
	}
	read, err := get[group](ctx, c, reading(serviceGroups, 1), request)
	if err != nil {
		return nil, err
	}
	if read.ID == "" {
		return nil, nameless("group")
	}
	return read.convert(), nil
}

// GroupMembers reads the object ids of the users in a group, also through nested
// groups. The cast is an advanced query: it asks for the header and the count, on
// every page (https://learn.microsoft.com/graph/aad-advanced-queries).
func (c *Client) GroupMembers(ctx context.Context, groupID, link string) (*directory.Page[string], error) {
	groupID, err := objectID(groupID)
	if err != nil {
		return nil, err
	}
	type member struct {
		ID string `json:"id"`
	}
	return convertPage(ctx, c, reading(serviceGroups, 4), link, func() (*abstractions.RequestInformation, error) {
		top, count := int32(999), true
		return groups.NewGroupsRequestBuilderInternal(c.path(), c.adapter).ByGroupId(groupID).TransitiveMembers().GraphUser().
			ToGetRequestInformation(ctx, &groups.ItemTransitiveMembersGraphUserRequestBuilderGetRequestConfiguration{
				Headers: eventual(),
				QueryParameters: &groups.ItemTransitiveMembersGraphUserRequestBuilderGetQueryParameters{
					Select: []string{"id"}, Top: &top, Count: &count,
				},
			})
	}, func(m *member) string { return strings.ToLower(m.ID) })
}
