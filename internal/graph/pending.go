package graph

import (
	"context"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// pending answers for what this package cannot do yet.
func pending() error {
	return &directory.Error{Kind: directory.KindUnavailable, Message: "not available yet"}
}

func (c *Client) Namesakes(context.Context, string) (*directory.Namesakes, error) {
	return nil, pending()
}
func (c *Client) DeletedUsers(context.Context, string, string) (*directory.Page[directory.DeletedUser], error) {
	return nil, pending()
}
func (c *Client) Managers(context.Context, string) (*directory.Page[directory.ManagerLink], error) {
	return nil, pending()
}
func (c *Client) LicenseStates(context.Context, string) (*directory.Page[directory.User], error) {
	return nil, pending()
}
func (c *Client) MailboxPurpose(context.Context, string) (directory.MailboxPurpose, error) {
	return "", pending()
}
func (c *Client) AuthenticationMethods(context.Context, string) ([]directory.AuthenticationMethod, error) {
	return nil, pending()
}
func (c *Client) UserRoleAssignments(context.Context, string, string) (*directory.Page[directory.RoleAssignment], error) {
	return nil, pending()
}
func (c *Client) UserAppRoles(context.Context, string, string) (*directory.Page[directory.AppRoleAssignment], error) {
	return nil, pending()
}
func (c *Client) LockedOut(context.Context, time.Time, string) (*directory.Page[directory.LockedOut], error) {
	return nil, pending()
}
func (c *Client) GroupChanges(context.Context, string) (*directory.GroupChanges, error) {
	return nil, pending()
}
func (c *Client) Application(context.Context, string) (*directory.Application, error) {
	return nil, pending()
}
func (c *Client) ApplicationAssignments(context.Context, string, string) (*directory.Page[directory.AppRoleAssignment], error) {
	return nil, pending()
}
func (c *Client) Devices(context.Context, string) (*directory.Page[directory.Device], error) {
	return nil, pending()
}
func (c *Client) ManagedDevices(context.Context, string) (*directory.Page[directory.ManagedDevice], error) {
	return nil, pending()
}
func (c *Client) CreateTemporaryAccessPass(context.Context, string) (*directory.TemporaryAccessPass, directory.Receipt, error) {
	return nil, directory.Receipt{}, pending()
}
func (c *Client) CreateUser(context.Context, directory.NewUser) (*directory.User, directory.Receipt, error) {
	return nil, directory.Receipt{}, pending()
}
func (c *Client) UpdateUser(context.Context, string, directory.Attributes) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) RenameUser(context.Context, string, string) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) DeleteUser(context.Context, string) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) RestoreUser(context.Context, string) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) SetManager(context.Context, string, string) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) RemoveManager(context.Context, string) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) AssignLicenses(context.Context, string, directory.LicenseChange) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) AddMember(context.Context, string, string) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) RemoveMember(context.Context, string, string) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) AssignAppRole(context.Context, string, string, string) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) RemoveAppRole(context.Context, string, string) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) AssignRole(context.Context, string, string, string) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
func (c *Client) RemoveRole(context.Context, string) (directory.Receipt, error) {
	return directory.Receipt{}, pending()
}
