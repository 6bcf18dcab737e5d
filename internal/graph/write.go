package graph

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/google/uuid"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// at is where one of the SDK's request builders leads.
type at = abstractions.BaseRequestBuilder

// writeAt sends a change to where a builder of the SDK leads. The body is ours: the
// SDK's models cannot clear a property, and leave out empty lists that Graph asks for.
func (c *Client) writeAt(ctx context.Context, op operation, method abstractions.HttpMethod, to at, body any) (*answer, error) {
	template, _, _ := strings.Cut(to.UrlTemplate, "{?")
	template, _, _ = strings.Cut(template, "?") // a change has no query, which the template of a $ref demands
	request := abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(method, template, to.PathParameters)
	request.Headers.TryAdd("Accept", "application/json")
	if body != nil {
		content, err := json.Marshal(body)
		if err != nil {
			return nil, unbuildable(err)
		}
		request.SetStreamContentAndContentType(content, "application/json")
	}
	return c.call(ctx, op, request)
}

// write is writeAt for a change whose answer tells nothing more.
func (c *Client) write(ctx context.Context, op operation, method abstractions.HttpMethod, to at, body any) (directory.Receipt, error) {
	a, err := c.writeAt(ctx, op, method, to, body)
	if err != nil {
		return directory.Receipt{}, err
	}
	return a.receipt(), nil
}

// user is the builder of the account with this object id. A name is refused: between
// its reading and a write it may pass to somebody else.
func (c *Client) user(id string) (*users.UserItemRequestBuilder, error) {
	id, err := objectID(id)
	if err != nil {
		return nil, err
	}
	return users.NewUsersRequestBuilderInternal(c.path(), c.adapter).ByUserId(id), nil
}

// reference points to another object of the tenant
// (https://learn.microsoft.com/graph/api/group-post-members).
type reference struct {
	ID string `json:"@odata.id"`
}

func (c *Client) reference(collection, id string) reference {
	return reference{c.adapter.GetBaseUrl() + "/" + collection + "/" + id}
}

// objectID is an object id in Graph's own form; KindInvalid for anything else.
func objectID(id string) (string, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return "", &directory.Error{Kind: directory.KindInvalid, Message: "not an object id", Err: err}
	}
	return parsed.String(), nil
}

// objectIDs is objectID for several.
func objectIDs(ids ...*string) error {
	for _, id := range ids {
		parsed, err := objectID(*id)
		if err != nil {
			return err
		}
		*id = parsed
	}
	return nil
}

// assignmentID checks the id of an assignment, which is no GUID but a text of Graph's
// own making. An empty one would change the collection itself.
func assignmentID(id string) error {
	if id == "" || strings.Trim(id, ".") == "" || strings.ContainsAny(id, `/\?#%`) {
		return &directory.Error{Kind: directory.KindInvalid, Message: "not the id of an assignment"}
	}
	return nil
}

// quote makes a text of OData's filter language
// (https://learn.microsoft.com/graph/query-parameters#escaping-single-quotes).
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
