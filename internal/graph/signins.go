package graph

import (
	"context"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/auditlogs"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// LockedOut reads the sign-ins that smart lockout refused, error 50053, since a time,
// the latest first, as Graph orders them. It needs AuditLog.Read.All and Entra ID P1
// (https://learn.microsoft.com/graph/api/signin-list).
func (c *Client) LockedOut(ctx context.Context, since time.Time, link string) (*directory.Page[directory.LockedOut], error) {
	type attempt struct {
		UserID          string     `json:"userId"`
		CreatedDateTime *time.Time `json:"createdDateTime"`
	}
	return convertPage(ctx, c, auditing("auditLogs"), link, func() (*abstractions.RequestInformation, error) {
		filter := "createdDateTime ge " + since.UTC().Format(time.RFC3339) + " and status/errorCode eq 50053"
		return auditlogs.NewSignInsRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &auditlogs.SignInsRequestBuilderGetRequestConfiguration{
				QueryParameters: &auditlogs.SignInsRequestBuilderGetQueryParameters{Filter: &filter},
			})
	}, func(a *attempt) directory.LockedOut {
		return directory.LockedOut{UserID: strings.ToLower(a.UserID), Time: utc(a.CreatedDateTime)}
	})
}
