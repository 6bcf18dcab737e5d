package graph

import (
	"context"
	"errors"

	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

// codeNoMailbox is the code of an account that has no mailbox in the cloud (observed).
const codeNoMailbox = "MailboxNotEnabledForRESTAPI"

// MailboxPurpose tells what the account's mailbox is used for. It needs
// MailboxSettings.Read (https://learn.microsoft.com/graph/api/user-get-mailboxsettings).
func (c *Client) MailboxPurpose(ctx context.Context, id string) (directory.MailboxPurpose, error) {
	account, err := c.user(id)
	if err != nil {
		return "", err
	}
	request, err := account.MailboxSettings().ToGetRequestInformation(ctx, &users.ItemMailboxSettingsRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.ItemMailboxSettingsRequestBuilderGetQueryParameters{Select: []string{"userPurpose"}},
	})
	if err != nil {
		return "", unbuildable(err)
	}
	type settings struct {
		UserPurpose directory.MailboxPurpose `json:"userPurpose"`
	}
	read, err := get[settings](ctx, c, operation{"mailboxSettings", throttle.Cost{Class: throttle.Outlook}}, request)
	if e, ok := errors.AsType[*directory.Error](err); ok && e.Code == codeNoMailbox {
		return directory.MailboxNone, nil
	}
	if err != nil {
		return "", err
	}
	if read.UserPurpose == "" {
		return "", &directory.Error{Kind: directory.KindTransient, Message: "mailbox settings without a purpose"}
	}
	return read.UserPurpose, nil
}
