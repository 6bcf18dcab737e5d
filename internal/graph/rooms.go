package graph

import (
	"context"
	"net/http"
	"strconv"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/places"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// roomsPerPage is the most that one page of places holds.
const roomsPerPage = 100

// room is a room's mailbox (https://learn.microsoft.com/graph/api/resources/room).
type room struct {
	EmailAddress string `json:"emailAddress"`
}

// Rooms reads the rooms' mailboxes. It needs Place.Read.All, and exists in the
// worldwide cloud only: elsewhere it is KindForbidden without a call
// (https://learn.microsoft.com/graph/api/place-list). Where a full page carries no
// link, the next one is asked for by its offset.
func (c *Client) Rooms(ctx context.Context, link string) (*directory.Page[directory.Room], error) {
	if c.cloud != CloudGlobal {
		return nil, &directory.Error{
			Kind: directory.KindForbidden, Status: http.StatusNotFound, Code: "NotInThisCloud",
			Message: "places are not available in this cloud",
		}
	}
	offset := 0
	if n, err := strconv.Atoi(link); err == nil {
		offset, link = n, ""
	}
	result, err := convertPage(ctx, c, reading("places", 1), link, func() (*abstractions.RequestInformation, error) {
		return c.roomsFrom(ctx, offset)
	}, func(r *room) directory.Room { return directory.Room{Mail: r.EmailAddress} })
	if err != nil {
		return nil, err
	}
	if result.Next == "" && len(result.Items) == roomsPerPage {
		result.Next = strconv.Itoa(offset + roomsPerPage)
	}
	return result, nil
}

func (c *Client) roomsFrom(ctx context.Context, offset int) (*abstractions.RequestInformation, error) {
	parameters := &places.GraphRoomRequestBuilderGetQueryParameters{Top: new(int32)}
	*parameters.Top = roomsPerPage
	if offset > 0 {
		skip := int32(offset) //nolint:gosec // counts pages that were read
		parameters.Skip = &skip
	}
	return places.NewGraphRoomRequestBuilderInternal(c.path(), c.adapter).
		ToGetRequestInformation(ctx, &places.GraphRoomRequestBuilderGetRequestConfiguration{QueryParameters: parameters})
}
