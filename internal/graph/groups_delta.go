package graph

import (
	"context"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// groupChange is a group in groups/delta. A large group comes several times, each with
// a part of its members (https://learn.microsoft.com/graph/delta-query-groups).
type groupChange struct {
	group
	Members []struct {
		ID      string   `json:"id"`
		Removed *removed `json:"@removed"`
	} `json:"members@delta"`
	Removed *removed `json:"@removed"`
}

// GroupChanges reads one page of groups/delta
// (https://learn.microsoft.com/graph/api/group-delta).
func (c *Client) GroupChanges(ctx context.Context, link string) (*directory.GroupChanges, error) {
	read, err := page[groupChange](ctx, c, reading(serviceGroups, 1), link, func() (*abstractions.RequestInformation, error) {
		return groups.NewGroupsRequestBuilderInternal(c.path(), c.adapter).Delta().
			ToGetRequestInformation(ctx, &groups.DeltaRequestBuilderGetRequestConfiguration{
				QueryParameters: &groups.DeltaRequestBuilderGetQueryParameters{Select: append(groupProperties(), "members")},
			})
	})
	if err != nil {
		return nil, err
	}
	if err := read.oneLink(); err != nil {
		return nil, err
	}
	changes := &directory.GroupChanges{Next: read.NextLink, Resume: read.DeltaLink}
	for i := range read.Value {
		changes.Groups = append(changes.Groups, read.Value[i].convertChange())
	}
	return changes, nil
}

func (g *groupChange) convertChange() directory.GroupMembership {
	if g.Removed != nil {
		return directory.GroupMembership{Group: directory.Group{ID: strings.ToLower(g.ID)}, Removed: true}
	}
	change := directory.GroupMembership{Group: *g.convert()}
	for _, m := range g.Members {
		id := strings.ToLower(m.ID)
		if m.Removed != nil {
			change.Left = append(change.Left, id)
		} else {
			change.Joined = append(change.Joined, id)
		}
	}
	return change
}
