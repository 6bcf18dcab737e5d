package graph

import (
	"cmp"
	"context"
	"slices"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// licenseState is one way by which an account has a licence
// (https://learn.microsoft.com/graph/api/resources/licenseassignmentstate).
type licenseState struct {
	SKUID           string   `json:"skuId"`
	AssignedByGroup string   `json:"assignedByGroup"`
	DisabledPlans   []string `json:"disabledPlans"`
	State           string   `json:"state"`
	Error           string   `json:"error"`
}

// LicenseStates reads how all accounts come by their licences: users/delta does not
// track that (https://learn.microsoft.com/graph/api/user-delta).
func (c *Client) LicenseStates(ctx context.Context, link string) (*directory.Page[directory.User], error) {
	type licensed struct {
		ID     string         `json:"id"`
		States []licenseState `json:"licenseAssignmentStates"`
	}
	return convertPage(ctx, c, reading(serviceUsers, 1), link, func() (*abstractions.RequestInformation, error) {
		top := int32(999)
		return users.NewUsersRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &users.UsersRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.UsersRequestBuilderGetQueryParameters{
					Select: []string{"id", "licenseAssignmentStates"}, Top: &top,
				},
			})
	}, func(l *licensed) directory.User {
		return directory.User{ID: strings.ToLower(l.ID), Licenses: c.convertLicenses(l.States)}
	})
}

// convertLicenses sorts by SKU and group, and keeps one copy of what many have. It is
// never nil: no licences is something that was read.
func (c *Client) convertLicenses(states []licenseState) []directory.LicenseAssignment {
	if len(states) == 0 {
		return []directory.LicenseAssignment{}
	}
	result := make([]directory.LicenseAssignment, 0, len(states))
	for _, s := range states {
		result = append(result, directory.LicenseAssignment{
			SKU:           c.texts.of(strings.ToLower(s.SKUID)),
			Group:         c.texts.of(strings.ToLower(s.AssignedByGroup)),
			DisabledPlans: c.plans(s.DisabledPlans),
			Error:         c.texts.of(s.problem()),
		})
	}
	slices.SortFunc(result, func(a, b directory.LicenseAssignment) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Group, b.Group))
	})
	return c.licenses.of(licensesKey(result), result)
}

// problem is empty for a licence that was given.
func (s *licenseState) problem() string {
	switch {
	case s.Error != "" && s.Error != "None":
		return s.Error
	case s.State == "Error":
		return "Other"
	}
	return ""
}

// plans is nil when no plan is switched off.
func (c *Client) plans(ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	plans := make([]string, 0, len(ids))
	for _, id := range ids {
		plans = append(plans, c.texts.of(strings.ToLower(id)))
	}
	slices.Sort(plans)
	return plans
}

func licensesKey(licenses []directory.LicenseAssignment) string {
	var key strings.Builder
	for _, l := range licenses {
		key.WriteString(l.SKU + "|" + l.Group + "|" + l.Error + "|" + strings.Join(l.DisabledPlans, ",") + "\n")
	}
	return key.String()
}

// AssignLicenses makes the whole change or nothing, in one request with both lists:
// Graph wants them even when empty
// (https://learn.microsoft.com/graph/api/user-assignlicense). A licence to be removed
// that the account does not have is KindNotFound.
func (c *Client) AssignLicenses(ctx context.Context, id string, change directory.LicenseChange) (directory.Receipt, error) {
	type assigned struct {
		SKU           string   `json:"skuId"`
		DisabledPlans []string `json:"disabledPlans"`
	}
	body := struct {
		Add    []assigned `json:"addLicenses"`
		Remove []string   `json:"removeLicenses"`
	}{Add: []assigned{}, Remove: []string{}}
	for _, l := range change.Add {
		body.Add = append(body.Add, assigned{l.SKU, append([]string{}, l.DisabledPlans...)})
	}
	body.Remove = append(body.Remove, change.Remove...)
	if len(body.Add)+len(body.Remove) == 0 {
		return directory.Receipt{}, &directory.Error{Kind: directory.KindInvalid, Message: "no licence to change"}
	}
	ids := pointers(body.Remove)
	for i := range body.Add {
		ids = append(append(ids, &body.Add[i].SKU), pointers(body.Add[i].DisabledPlans)...)
	}
	if err := objectIDs(ids...); err != nil {
		return directory.Receipt{}, err
	}
	account, err := c.user(id)
	if err != nil {
		return directory.Receipt{}, err
	}
	return c.write(ctx, writing(serviceUsers), abstractions.POST, account.AssignLicense().BaseRequestBuilder, body)
}

func pointers(texts []string) []*string {
	all := make([]*string, len(texts))
	for i := range texts {
		all[i] = &texts[i]
	}
	return all
}
