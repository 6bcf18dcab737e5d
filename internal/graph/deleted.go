package graph

import (
	"context"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	graphdirectory "github.com/microsoftgraph/msgraph-sdk-go/directory"

	"github.com/m365-operator/m365-operator/internal/directory"
)

const serviceDeleted = "deletedItems"

type deletedUser struct {
	ID                string     `json:"id"`
	UserPrincipalName string     `json:"userPrincipalName"`
	DisplayName       string     `json:"displayName"`
	DeletedDateTime   *time.Time `json:"deletedDateTime"`
}

// DeletedUsers reads the accounts that carried a name when they were deleted. Their
// names are found by their end, since Graph puts the object id before them, which
// makes it an advanced query: it asks for the header and the count, on every page
// (https://learn.microsoft.com/graph/api/directory-deleteditems-list,
// https://learn.microsoft.com/graph/aad-advanced-queries).
func (c *Client) DeletedUsers(ctx context.Context, upn, link string) (*directory.Page[directory.DeletedUser], error) {
	if upn == "" {
		return nil, &directory.Error{Kind: directory.KindInvalid, Message: "no name"}
	}
	read, err := convertPage(ctx, c, urgentReading(serviceDeleted), link, func() (*abstractions.RequestInformation, error) {
		top, count, filter := int32(999), true, "endsWith(userPrincipalName,"+quote(upn)+")"
		return graphdirectory.NewDeletedItemsRequestBuilderInternal(c.path(), c.adapter).GraphUser().
			ToGetRequestInformation(ctx, &graphdirectory.DeletedItemsGraphUserRequestBuilderGetRequestConfiguration{
				Headers: eventual(),
				QueryParameters: &graphdirectory.DeletedItemsGraphUserRequestBuilderGetQueryParameters{
					Filter: &filter, Count: &count, Top: &top,
					Select: []string{"id", "userPrincipalName", "displayName", "deletedDateTime"},
				},
			})
	}, func(u *deletedUser) directory.DeletedUser {
		return directory.DeletedUser{
			ID: strings.ToLower(u.ID), UserPrincipalName: formerName(u.ID, u.UserPrincipalName),
			DisplayName: u.DisplayName, Deleted: utc(u.DeletedDateTime),
		}
	})
	if err != nil {
		return nil, err
	}
	// The end of a name may be another one: ann@contoso.com is one of joann@contoso.com.
	same := read.Items[:0]
	for _, u := range read.Items {
		if strings.EqualFold(u.UserPrincipalName, upn) {
			same = append(same, u)
		}
	}
	read.Items = same
	return read, nil
}

// formerName is a deleted account's name without the object id that Graph puts before
// it, so that the name is free
// (https://learn.microsoft.com/graph/api/directory-deleteditems-get shows it).
func formerName(id, upn string) string {
	for _, prefix := range []string{strings.ReplaceAll(id, "-", ""), id} {
		if n := len(prefix); n > 0 && len(upn) > n && strings.EqualFold(upn[:n], prefix) {
			return upn[n:]
		}
	}
	return upn
}

// eventual are the headers of an advanced query
// (https://learn.microsoft.com/graph/aad-advanced-queries).
func eventual() *abstractions.RequestHeaders {
	headers := abstractions.NewRequestHeaders()
	headers.Add("ConsistencyLevel", "eventual")
	return headers
}
