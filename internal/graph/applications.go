package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/m365-operator/m365-operator/internal/directory"
)

const serviceApplications = "servicePrincipals"

// servicePrincipal is an application in this tenant
// (https://learn.microsoft.com/graph/api/resources/serviceprincipal).
type servicePrincipal struct {
	ID          string    `json:"id"`
	AppID       string    `json:"appId"`
	DisplayName string    `json:"displayName"`
	AppRoles    []appRole `json:"appRoles"`
}

// appRole is one of its roles
// (https://learn.microsoft.com/graph/api/resources/approle).
type appRole struct {
	ID                 string   `json:"id"`
	DisplayName        string   `json:"displayName"`
	Value              string   `json:"value"`
	IsEnabled          bool     `json:"isEnabled"`
	AllowedMemberTypes []string `json:"allowedMemberTypes"`
}

// Application finds an application by its service principal's id, its app id or its
// exact display name, which need not be unique
// (https://learn.microsoft.com/graph/api/serviceprincipal-list).
func (c *Client) Application(ctx context.Context, key string) (*directory.Application, error) {
	filter := "displayName eq " + quote(key)
	if id, err := uuid.Parse(key); err == nil {
		filter = "id eq " + quote(id.String()) + " or appId eq " + quote(id.String())
	}
	read, err := page[servicePrincipal](ctx, c, reading(serviceApplications, 1), "", func() (*abstractions.RequestInformation, error) {
		top := int32(2)
		return serviceprincipals.NewServicePrincipalsRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &serviceprincipals.ServicePrincipalsRequestBuilderGetRequestConfiguration{
				QueryParameters: &serviceprincipals.ServicePrincipalsRequestBuilderGetQueryParameters{
					Filter: &filter, Select: []string{"id", "appId", "displayName", "appRoles"}, Top: &top,
				},
			})
	})
	if err != nil {
		return nil, err
	}
	found, err := only(read.Value, "application")
	if err != nil {
		return nil, err
	}
	return found.convert(), nil
}

func (p *servicePrincipal) convert() *directory.Application {
	application := &directory.Application{ID: strings.ToLower(p.ID), AppID: strings.ToLower(p.AppID), DisplayName: p.DisplayName}
	for _, r := range p.AppRoles {
		application.Roles = append(application.Roles, directory.AppRole{
			ID: strings.ToLower(r.ID), DisplayName: r.DisplayName, Value: r.Value, Enabled: r.IsEnabled,
			ForUsers: slices.Contains(r.AllowedMemberTypes, "User"),
		})
	}
	return application
}

// appRoleAssignment gives a principal a role in an application
// (https://learn.microsoft.com/graph/api/resources/approleassignment).
type appRoleAssignment struct {
	ID            string `json:"id"`
	PrincipalID   string `json:"principalId"`
	PrincipalType string `json:"principalType"`
	ResourceID    string `json:"resourceId"`
	AppRoleID     string `json:"appRoleId"`
}

func convertAppRoleAssignment(a *appRoleAssignment) directory.AppRoleAssignment {
	return directory.AppRoleAssignment{
		ID: a.ID, PrincipalID: strings.ToLower(a.PrincipalID), PrincipalKind: principalKind(a.PrincipalType),
		ApplicationID: strings.ToLower(a.ResourceID), RoleID: strings.ToLower(a.AppRoleID),
	}
}

// ApplicationAssignments reads who is assigned to an application
// (https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto).
func (c *Client) ApplicationAssignments(ctx context.Context, applicationID, link string) (*directory.Page[directory.AppRoleAssignment], error) {
	applicationID, err := objectID(applicationID)
	if err != nil {
		return nil, err
	}
	return convertPage(ctx, c, reading(serviceApplications, 1), link, func() (*abstractions.RequestInformation, error) {
		top := int32(999)
		return serviceprincipals.NewServicePrincipalsRequestBuilderInternal(c.path(), c.adapter).
			ByServicePrincipalId(applicationID).AppRoleAssignedTo().
			ToGetRequestInformation(ctx, &serviceprincipals.ItemAppRoleAssignedToRequestBuilderGetRequestConfiguration{
				QueryParameters: &serviceprincipals.ItemAppRoleAssignedToRequestBuilderGetQueryParameters{Top: &top},
			})
	}, convertAppRoleAssignment)
}

// UserAppRoles reads the roles assigned to the account itself
// (https://learn.microsoft.com/graph/api/user-list-approleassignments).
func (c *Client) UserAppRoles(ctx context.Context, id, link string) (*directory.Page[directory.AppRoleAssignment], error) {
	account, err := c.user(id)
	if err != nil {
		return nil, err
	}
	return convertPage(ctx, c, urgentReading(serviceUsers), link, func() (*abstractions.RequestInformation, error) {
		top := int32(999)
		return account.AppRoleAssignments().
			ToGetRequestInformation(ctx, &users.ItemAppRoleAssignmentsRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.ItemAppRoleAssignmentsRequestBuilderGetQueryParameters{Top: &top},
			})
	}, convertAppRoleAssignment)
}

// AssignAppRole assigns a role in an application
// (https://learn.microsoft.com/graph/api/user-post-approleassignments).
func (c *Client) AssignAppRole(ctx context.Context, userID, applicationID, roleID string) (directory.Receipt, error) {
	if err := objectIDs(&userID, &applicationID, &roleID); err != nil {
		return directory.Receipt{}, err
	}
	account, err := c.user(userID)
	if err != nil {
		return directory.Receipt{}, err
	}
	return c.write(ctx, writing(serviceUsers), abstractions.POST, account.AppRoleAssignments().BaseRequestBuilder, map[string]string{
		"principalId": userID, "resourceId": applicationID, "appRoleId": roleID,
	})
}

// RemoveAppRole removes an assignment by its own id
// (https://learn.microsoft.com/graph/api/user-delete-approleassignments).
func (c *Client) RemoveAppRole(ctx context.Context, userID, assignment string) (directory.Receipt, error) {
	account, err := c.user(userID)
	if err != nil {
		return directory.Receipt{}, err
	}
	if err := assignmentID(assignment); err != nil {
		return directory.Receipt{}, err
	}
	to := account.AppRoleAssignments().ByAppRoleAssignmentId(assignment).BaseRequestBuilder
	return c.write(ctx, writing(serviceUsers), abstractions.DELETE, to, nil)
}
