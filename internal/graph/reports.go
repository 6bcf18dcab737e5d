package graph

import (
	"context"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/reports"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

// registration is a line of the authentication methods report
// (https://learn.microsoft.com/graph/api/resources/userregistrationdetails).
type registration struct {
	ID              string     `json:"id"`
	IsMFARegistered bool       `json:"isMfaRegistered"`
	Methods         []string   `json:"methodsRegistered"`
	DefaultMethod   string     `json:"userPreferredMethodForSecondaryAuthentication"`
	LastUpdated     *time.Time `json:"lastUpdatedDateTime"`
}

// Registrations reads who registered for multifactor authentication. It needs
// AuditLog.Read.All and Entra ID P1
// (https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails).
func (c *Client) Registrations(ctx context.Context, link string) (*directory.Page[directory.Registration], error) {
	return convertPage(ctx, c, auditing("reports"), link, func() (*abstractions.RequestInformation, error) {
		top := int32(999)
		return reports.NewAuthenticationMethodsUserRegistrationDetailsRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &reports.AuthenticationMethodsUserRegistrationDetailsRequestBuilderGetRequestConfiguration{
				QueryParameters: &reports.AuthenticationMethodsUserRegistrationDetailsRequestBuilderGetQueryParameters{
					Select: []string{
						"id", "isMfaRegistered", "methodsRegistered",
						"userPreferredMethodForSecondaryAuthentication", "lastUpdatedDateTime",
					},
					Top: &top,
				},
			})
	}, c.convertRegistration)
}

func (c *Client) convertRegistration(r *registration) directory.Registration {
	for i := range r.Methods {
		r.Methods[i] = c.texts.of(r.Methods[i])
	}
	return directory.Registration{
		ID:            strings.ToLower(r.ID),
		MFARegistered: r.IsMFARegistered,
		Methods:       r.Methods,
		DefaultMethod: c.texts.of(r.DefaultMethod),
		Updated:       utc(r.LastUpdated),
	}
}

// signIn is an account's sign-in activity
// (https://learn.microsoft.com/graph/api/resources/signinactivity). lastSignInDateTime
// counts failed attempts too, so it is not read.
type signIn struct {
	ID       string `json:"id"`
	Activity *struct {
		LastSuccessful *time.Time `json:"lastSuccessfulSignInDateTime"`
	} `json:"signInActivity"`
}

// SignIns reads when accounts last signed in. It needs AuditLog.Read.All and Entra ID
// P1; 500 a page is the most (https://learn.microsoft.com/graph/api/user-list).
func (c *Client) SignIns(ctx context.Context, link string) (*directory.Page[directory.SignIn], error) {
	op := operation{"signInActivity", throttle.Cost{Class: throttle.SignInActivity, ResourceUnits: 1}}
	return convertPage(ctx, c, op, link, func() (*abstractions.RequestInformation, error) {
		top := int32(500)
		return users.NewUsersRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &users.UsersRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.UsersRequestBuilderGetQueryParameters{
					Select: []string{"id", "signInActivity"}, Top: &top,
				},
			})
	}, func(s *signIn) directory.SignIn {
		result := directory.SignIn{ID: strings.ToLower(s.ID)}
		if s.Activity != nil {
			result.LastSuccessful = utc(s.Activity.LastSuccessful)
		}
		return result
	})
}
