package graph

import (
	"context"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/rolemanagement"

	"github.com/m365-operator/m365-operator/internal/directory"
)

const serviceRoles = "roleManagement"

// roleAssignment gives a principal a role, active or eligible
// (https://learn.microsoft.com/graph/api/resources/unifiedroleassignment).
type roleAssignment struct {
	ID               string `json:"id"`
	PrincipalID      string `json:"principalId"`
	RoleDefinitionID string `json:"roleDefinitionId"`
	DirectoryScopeID string `json:"directoryScopeId"`
	Principal        *struct {
		Type string `json:"@odata.type"`
	} `json:"principal"`
}

// RoleDefinitions reads the directory's roles, built in and custom
// (https://learn.microsoft.com/graph/api/rbacapplication-list-roledefinitions).
func (c *Client) RoleDefinitions(ctx context.Context, link string) (*directory.Page[directory.RoleDefinition], error) {
	type definition struct {
		ID          string `json:"id"`
		DisplayName string `json:"displayName"`
	}
	return convertPage(ctx, c, reading(serviceRoles, 1), link, func() (*abstractions.RequestInformation, error) {
		return rolemanagement.NewDirectoryRoleDefinitionsRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &rolemanagement.DirectoryRoleDefinitionsRequestBuilderGetRequestConfiguration{
				QueryParameters: &rolemanagement.DirectoryRoleDefinitionsRequestBuilderGetQueryParameters{
					Select: []string{"id", "displayName"},
				},
			})
	}, func(d *definition) directory.RoleDefinition {
		return directory.RoleDefinition{ID: strings.ToLower(d.ID), DisplayName: d.DisplayName}
	})
}

// RoleAssignments reads who holds a role, in any scope
// (https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments).
func (c *Client) RoleAssignments(ctx context.Context, link string) (*directory.Page[directory.RoleAssignment], error) {
	return convertPage(ctx, c, reading(serviceRoles, 2), link, func() (*abstractions.RequestInformation, error) {
		return c.roleAssignments().
			ToGetRequestInformation(ctx, &rolemanagement.DirectoryRoleAssignmentsRequestBuilderGetRequestConfiguration{
				QueryParameters: &rolemanagement.DirectoryRoleAssignmentsRequestBuilderGetQueryParameters{
					Expand: []string{"principal"},
				},
			})
	}, convertRoleAssignment)
}

// RoleEligibilities reads who may activate a role. It needs Entra ID P2 or Governance
// (https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances).
func (c *Client) RoleEligibilities(ctx context.Context, link string) (*directory.Page[directory.RoleAssignment], error) {
	return convertPage(ctx, c, reading(serviceRoles, 2), link, func() (*abstractions.RequestInformation, error) {
		return rolemanagement.NewDirectoryRoleEligibilityScheduleInstancesRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &rolemanagement.DirectoryRoleEligibilityScheduleInstancesRequestBuilderGetRequestConfiguration{
				QueryParameters: &rolemanagement.DirectoryRoleEligibilityScheduleInstancesRequestBuilderGetQueryParameters{
					Expand: []string{"principal"},
				},
			})
	}, convertRoleAssignment)
}

func convertRoleAssignment(a *roleAssignment) directory.RoleAssignment {
	kind := ""
	if a.Principal != nil {
		kind = a.Principal.Type
	}
	return directory.RoleAssignment{
		ID:            a.ID,
		PrincipalID:   strings.ToLower(a.PrincipalID),
		PrincipalKind: principalKind(kind),
		RoleID:        strings.ToLower(a.RoleDefinitionID),
		Scope:         a.DirectoryScopeID,
	}
}

// principalKind reads an object's type, or an assignment's principalType.
func principalKind(graphType string) directory.PrincipalKind {
	switch graphType {
	case "#microsoft.graph.user", "User":
		return directory.PrincipalUser
	case "#microsoft.graph.group", "Group":
		return directory.PrincipalGroup
	case "#microsoft.graph.servicePrincipal", "ServicePrincipal":
		return directory.PrincipalServicePrincipal
	}
	return directory.PrincipalUnknown
}
