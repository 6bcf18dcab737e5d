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

// userProperties is what is read of an account. All can be selected in users/delta; it
// tracks all but licenseAssignmentStates, which comes with other changes
// (https://learn.microsoft.com/graph/api/user-delta).
func userProperties() []string {
	return []string{
		"id", "userPrincipalName", "displayName", "givenName", "surname", "mail", "jobTitle", "department",
		"usageLocation", "userType", "accountEnabled", "onPremisesSyncEnabled", "onPremisesSamAccountName",
		"onPremisesDomainName", "onPremisesLastSyncDateTime", "createdDateTime", "lastPasswordChangeDateTime",
		"signInSessionsValidFromDateTime", "assignedLicenses", "licenseAssignmentStates",
		"companyName", "officeLocation", "streetAddress", "city", "state", "postalCode", "country",
		"mobilePhone", "businessPhones", "preferredLanguage", "employeeId", "employeeType",
	}
}

// user is an account as Graph answers it
// (https://learn.microsoft.com/graph/api/resources/user).
type user struct {
	ID                         string         `json:"id"`
	UserPrincipalName          string         `json:"userPrincipalName"`
	DisplayName                string         `json:"displayName"`
	GivenName                  string         `json:"givenName"`
	Surname                    string         `json:"surname"`
	Mail                       string         `json:"mail"`
	JobTitle                   string         `json:"jobTitle"`
	Department                 string         `json:"department"`
	UsageLocation              string         `json:"usageLocation"`
	UserType                   string         `json:"userType"`
	AccountEnabled             *bool          `json:"accountEnabled"`
	OnPremisesSyncEnabled      *bool          `json:"onPremisesSyncEnabled"`
	OnPremisesSamAccountName   string         `json:"onPremisesSamAccountName"`
	OnPremisesDomainName       string         `json:"onPremisesDomainName"`
	OnPremisesLastSyncDateTime *time.Time     `json:"onPremisesLastSyncDateTime"`
	CreatedDateTime            *time.Time     `json:"createdDateTime"`
	LastPasswordChangeDateTime *time.Time     `json:"lastPasswordChangeDateTime"`
	SignInSessionsValidFrom    *time.Time     `json:"signInSessionsValidFromDateTime"`
	AssignedLicenses           []license      `json:"assignedLicenses"`
	LicenseAssignmentStates    []licenseState `json:"licenseAssignmentStates"`
	CompanyName                string         `json:"companyName"`
	OfficeLocation             string         `json:"officeLocation"`
	StreetAddress              string         `json:"streetAddress"`
	City                       string         `json:"city"`
	State                      string         `json:"state"`
	PostalCode                 string         `json:"postalCode"`
	Country                    string         `json:"country"`
	MobilePhone                string         `json:"mobilePhone"`
	BusinessPhones             []string       `json:"businessPhones"`
	PreferredLanguage          string         `json:"preferredLanguage"`
	EmployeeID                 string         `json:"employeeId"`
	EmployeeType               string         `json:"employeeType"`
	Removed                    *removed       `json:"@removed"`
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
	read, err := get[user](ctx, c, urgentReading(serviceUsers), request)
	if err != nil {
		return nil, err
	}
	if read.ID == "" {
		return nil, nameless("account")
	}
	found := c.convertUser(read)
	return &found, nil
}

// Namesakes reads the accounts that carry a name as user principal name or as an
// address of mail, in one plain query: Graph needs no advanced one for these
// (https://learn.microsoft.com/graph/aad-advanced-queries#user-properties).
func (c *Client) Namesakes(ctx context.Context, upn string) (*directory.Namesakes, error) {
	if upn == "" {
		return nil, &directory.Error{Kind: directory.KindInvalid, Message: "no name"}
	}
	filter := "userPrincipalName eq " + quote(upn) + " or mail eq " + quote(upn) +
		" or proxyAddresses/any(p:p eq " + quote("smtp:"+upn) + ")"
	request, err := users.NewUsersRequestBuilderInternal(c.path(), c.adapter).
		ToGetRequestInformation(ctx, &users.UsersRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Select: userProperties(), Filter: &filter},
		})
	if err != nil {
		return nil, unbuildable(err)
	}
	a, err := c.call(ctx, urgentReading(serviceUsers), request)
	if err != nil {
		return nil, err
	}
	read, err := decode[collection[user]](a)
	if err != nil {
		return nil, err
	}
	if err := read.check(""); err != nil {
		return nil, err
	}
	found := &directory.Namesakes{Time: a.receipt().Time}
	for i := range read.Value {
		found.Accounts = append(found.Accounts, c.convertUser(&read.Value[i]))
	}
	return found, nil
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
	if err := read.oneLink(); err != nil {
		return nil, err
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
		Enabled:           tristate(u.AccountEnabled),
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
		Licenses:           c.convertLicenses(u.LicenseAssignmentStates),
		Profile:            c.convertProfile(u),
	}
}

// convertProfile is never nil: nothing set is something that was read.
func (c *Client) convertProfile(u *user) *directory.Profile {
	profile := directory.Profile{
		CompanyName:       c.texts.of(u.CompanyName),
		OfficeLocation:    c.texts.of(u.OfficeLocation),
		StreetAddress:     c.texts.of(u.StreetAddress),
		City:              c.texts.of(u.City),
		State:             c.texts.of(u.State),
		PostalCode:        c.texts.of(u.PostalCode),
		Country:           c.texts.of(u.Country),
		MobilePhone:       u.MobilePhone,
		PreferredLanguage: c.texts.of(u.PreferredLanguage),
		EmployeeID:        u.EmployeeID,
		EmployeeType:      c.texts.of(u.EmployeeType),
	}
	if len(u.BusinessPhones) > 0 {
		profile.BusinessPhone = u.BusinessPhones[0] // Graph allows one
	}
	return c.profiles.of(profile)
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
