package graph

import (
	"context"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/rolemanagement"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// UserRoleAssignments reads the roles assigned to the account itself
// (https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments).
func (c *Client) UserRoleAssignments(ctx context.Context, id, link string) (*directory.Page[directory.RoleAssignment], error) {
	id, err := objectID(id)
	if err != nil {
		return nil, err
	}
	read, err := convertPage(ctx, c, urgentReading(serviceRoles), link, func() (*abstractions.RequestInformation, error) {
		filter := "principalId eq " + quote(id)
		return c.roleAssignments().
			ToGetRequestInformation(ctx, &rolemanagement.DirectoryRoleAssignmentsRequestBuilderGetRequestConfiguration{
				QueryParameters: &rolemanagement.DirectoryRoleAssignmentsRequestBuilderGetQueryParameters{Filter: &filter},
			})
	}, convertRoleAssignment)
	if err != nil {
		return nil, err
	}
	for i := range read.Items {
		read.Items[i].PrincipalKind = directory.PrincipalUser // which is not expanded here
	}
	return read, nil
}

// AssignRole assigns a directory role in a scope, / for the whole tenant
// (https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignments).
func (c *Client) AssignRole(ctx context.Context, userID, roleID, scope string) (directory.Receipt, error) {
	if err := objectIDs(&userID, &roleID); err != nil {
		return directory.Receipt{}, err
	}
	if !strings.HasPrefix(scope, "/") {
		return directory.Receipt{}, &directory.Error{Kind: directory.KindInvalid, Message: "not a scope"}
	}
	receipt, err := c.write(ctx, writing(serviceRoles), abstractions.POST, c.roleAssignments().BaseRequestBuilder, map[string]string{
		"principalId": userID, "roleDefinitionId": roleID, "directoryScopeId": scope,
	})
	// Nothing else than the same assignment can be in conflict with a new one.
	return receipt, kindInstead(err, directory.KindConflict, directory.KindExists)
}

// RemoveRole removes an assignment by its own id
// (https://learn.microsoft.com/graph/api/unifiedroleassignment-delete).
func (c *Client) RemoveRole(ctx context.Context, assignment string) (directory.Receipt, error) {
	if err := assignmentID(assignment); err != nil {
		return directory.Receipt{}, err
	}
	to := c.roleAssignments().ByUnifiedRoleAssignmentId(assignment).BaseRequestBuilder
	return c.write(ctx, writing(serviceRoles), abstractions.DELETE, to, nil)
}

func (c *Client) roleAssignments() *rolemanagement.DirectoryRoleAssignmentsRequestBuilder {
	return rolemanagement.NewDirectoryRoleAssignmentsRequestBuilderInternal(c.path(), c.adapter)
}
