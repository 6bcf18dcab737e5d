package graph

import (
	"context"
	"net/http"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"github.com/m365-operator/m365-operator/internal/directory"
)

const serviceMethods = "authenticationMethods"

// authenticationMethod is what all methods have in common
// (https://learn.microsoft.com/graph/api/resources/authenticationmethod).
type authenticationMethod struct {
	Type string `json:"@odata.type"`
	ID   string `json:"id"`
}

// AuthenticationMethods reads what the account has registered now
// (https://learn.microsoft.com/graph/api/authentication-list-methods).
func (c *Client) AuthenticationMethods(ctx context.Context, id string) ([]directory.AuthenticationMethod, error) {
	account, err := c.user(id)
	if err != nil {
		return nil, err
	}
	read, err := all[authenticationMethod](ctx, c, auditing(serviceMethods), func() (*abstractions.RequestInformation, error) {
		return account.Authentication().Methods().ToGetRequestInformation(ctx, nil)
	})
	if err != nil {
		return nil, err
	}
	methods := make([]directory.AuthenticationMethod, 0, len(read))
	for _, m := range read {
		kind := strings.TrimPrefix(m.Type, "#microsoft.graph.")
		methods = append(methods, directory.AuthenticationMethod{ID: m.ID, Type: strings.TrimSuffix(kind, "AuthenticationMethod")})
	}
	return methods, nil
}

// temporaryAccessPass is a pass as told when it is made
// (https://learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethod).
type temporaryAccessPass struct {
	Pass              string     `json:"temporaryAccessPass"`
	CreatedDateTime   *time.Time `json:"createdDateTime"`
	StartDateTime     *time.Time `json:"startDateTime"`
	LifetimeInMinutes int32      `json:"lifetimeInMinutes"`
	IsUsableOnce      bool       `json:"isUsableOnce"`
}

// CreateTemporaryAccessPass issues a pass as the tenant's policy has it: nothing is
// asked for, so nothing but the policy can make Graph call it a bad request
// (https://learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods).
func (c *Client) CreateTemporaryAccessPass(ctx context.Context, id string) (*directory.TemporaryAccessPass, directory.Receipt, error) {
	account, err := c.user(id)
	if err != nil {
		return nil, directory.Receipt{}, err
	}
	op := auditing(serviceMethods)
	op.cost.Writes, op.cost.Urgent = 1, true
	to := account.Authentication().TemporaryAccessPassMethods().BaseRequestBuilder
	a, err := c.writeAt(ctx, op, abstractions.POST, to, struct{}{})
	if err != nil {
		return nil, directory.Receipt{}, kindInstead(err, directory.KindInvalid, directory.KindPolicy)
	}
	receipt := a.receipt()
	made, err := decode[temporaryAccessPass](a)
	if err != nil || made.Pass == "" {
		// The cause is left out: it may quote the answer, which holds the pass.
		return nil, directory.Receipt{}, &directory.Error{
			Kind: directory.KindTransient, Status: http.StatusCreated, Message: "a pass was made, but not told",
			OutcomeUnknown: true, RequestID: receipt.RequestID,
		}
	}
	return made.convert(receipt.Time), receipt, nil
}

// convert reads when the pass starts: when it says, when it was made, or now.
func (p *temporaryAccessPass) convert(now time.Time) *directory.TemporaryAccessPass {
	starts := now
	for _, at := range []*time.Time{p.StartDateTime, p.CreatedDateTime} {
		if t := utc(at); !t.IsZero() {
			starts = t
			break
		}
	}
	return &directory.TemporaryAccessPass{
		Pass: p.Pass, UsableOnce: p.IsUsableOnce,
		Starts: starts, Expires: starts.Add(time.Duration(p.LifetimeInMinutes) * time.Minute),
	}
}
