package graph

import (
	"context"
	"slices"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/m365-operator/m365-operator/internal/directory"
)

const serviceUsers = "users"

// userProperties is what is read of an account. All are tracked by users/delta
// (https://learn.microsoft.com/graph/api/user-delta).
func userProperties() []string {
	return []string{
		"id", "userPrincipalName", "displayName", "givenName", "surname", "mail", "jobTitle", "department",
		"usageLocation", "userType", "accountEnabled", "onPremisesSyncEnabled", "onPremisesSamAccountName",
		"onPremisesDomainName", "onPremisesLastSyncDateTime", "createdDateTime", "lastPasswordChangeDateTime",
		"signInSessionsValidFromDateTime", "assignedLicenses",
	}
}

// user is an account as Graph answers it
// (https://learn.microsoft.com/graph/api/resources/user).
type user struct {
	ID                         string     `json:"id"`
	UserPrincipalName          string     `json:"userPrincipalName"`
	DisplayName                string     `json:"displayName"`
	GivenName                  string     `json:"givenName"`
	Surname                    string     `json:"surname"`
	Mail                       string     `json:"mail"`
	JobTitle                   string     `json:"jobTitle"`
	Department                 string     `json:"department"`
	UsageLocation              string     `json:"usageLocation"`
	UserType                   string     `json:"userType"`
	AccountEnabled             *bool      `json:"accountEnabled"`
	OnPremisesSyncEnabled      *bool      `json:"onPremisesSyncEnabled"`
	OnPremisesSamAccountName   string     `json:"onPremisesSamAccountName"`
	OnPremisesDomainName       string     `json:"onPremisesDomainName"`
	OnPremisesLastSyncDateTime *time.Time `json:"onPremisesLastSyncDateTime"`
	CreatedDateTime            *time.Time `json:"createdDateTime"`
	LastPasswordChangeDateTime *time.Time `json:"lastPasswordChangeDateTime"`
	SignInSessionsValidFrom    *time.Time `json:"signInSessionsValidFromDateTime"`
	AssignedLicenses           []license  `json:"assignedLicenses"`
	Removed                    *removed   `json:"@removed"`
}

type license struct {
	SKUID string `json:"skuId"`
}

// removed marks an account in users/delta that is gone
// (https://learn.microsoft.com/graph/delta-query-overview#resource-representation-in-the-delta-query-response).
type removed struct {
	Reason string `json:"reason"`
}

// User reads one account by object id or user principal name.
func (c *Client) User(ctx context.Context, key string) (*directory.User, error) {
	if key == "" {
		return nil, &directory.Error{Kind: directory.KindInvalid, Message: "no id and no name"}
	}
	request, err := users.NewUsersRequestBuilderInternal(c.path(), c.adapter).ByUserId(key).
		ToGetRequestInformation(ctx, &users.UserItemRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: userProperties()},
		})
	if err != nil {
		return nil, unbuildable(err)
	}
	read, err := get[user](ctx, c, urgentReading(serviceUsers, 1), request)
	if err != nil {
		return nil, err
	}
	found := c.convertUser(read)
	return &found, nil
}

// UserChanges reads one page of users/delta. Some accounts come twice, some come as
// they were before, a page may be empty and still have a successor; the page size is
// Graph's own choice (https://learn.microsoft.com/graph/api/user-delta).
func (c *Client) UserChanges(ctx context.Context, link string) (*directory.UserChanges, error) {
	read, err := page[user](ctx, c, reading(serviceUsers, 1), link, func() (*abstractions.RequestInformation, error) {
		return users.NewUsersRequestBuilderInternal(c.path(), c.adapter).Delta().
			ToGetRequestInformation(ctx, &users.DeltaRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.DeltaRequestBuilderGetQueryParameters{Select: userProperties()},
			})
	})
	if err != nil {
		return nil, err
	}
	if (read.NextLink == "") == (read.DeltaLink == "") {
		return nil, &directory.Error{Kind: directory.KindTransient, Message: "a page of users/delta has not one link"}
	}
	changes := &directory.UserChanges{Next: read.NextLink, Resume: read.DeltaLink}
	for i := range read.Value {
		u := &read.Value[i]
		if u.Removed != nil {
			changes.Removed = append(changes.Removed, directory.Removal{
				ID: strings.ToLower(u.ID), Permanent: u.Removed.Reason == "deleted",
			})
			continue
		}
		changes.Users = append(changes.Users, c.convertUser(u))
	}
	return changes, nil
}

// convertUser reads what Graph left out as it means it: every property was selected,
// so one that is absent was never set. accountEnabled always is, so its absence tells
// nothing.
func (c *Client) convertUser(u *user) directory.User {
	enabled := directory.Unknown
	if u.AccountEnabled != nil {
		enabled = directory.TristateOf(*u.AccountEnabled)
	}
	skus := make([]string, 0, len(u.AssignedLicenses))
	for _, l := range u.AssignedLicenses {
		skus = append(skus, c.texts.of(strings.ToLower(l.SKUID)))
	}
	slices.Sort(skus)
	return directory.User{
		ID:                strings.ToLower(u.ID),
		UserPrincipalName: u.UserPrincipalName,
		DisplayName:       u.DisplayName,
		GivenName:         u.GivenName,
		Surname:           u.Surname,
		Mail:              u.Mail,
		JobTitle:          c.texts.of(u.JobTitle),
		Department:        c.texts.of(u.Department),
		UsageLocation:     c.texts.of(u.UsageLocation),
		UserType:          c.texts.of(u.UserType),
		Enabled:           enabled,
		OnPremises: directory.OnPremises{
			Synced:         directory.TristateOf(u.OnPremisesSyncEnabled != nil && *u.OnPremisesSyncEnabled),
			SAMAccountName: u.OnPremisesSamAccountName,
			Domain:         c.texts.of(u.OnPremisesDomainName),
			LastSync:       utc(u.OnPremisesLastSyncDateTime),
		},
		Created:            utc(u.CreatedDateTime),
		LastPasswordChange: utc(u.LastPasswordChangeDateTime),
		SessionsValidFrom:  utc(u.SignInSessionsValidFrom),
		SKUs:               skus,
	}
}

// utc is zero for a time that was never set.
func utc(t *time.Time) time.Time {
	if t == nil || t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// unbuildable is a request that the SDK cannot build.
func unbuildable(err error) error {
	return &directory.Error{Kind: directory.KindInvalid, Message: "request cannot be built", Err: err}
}
