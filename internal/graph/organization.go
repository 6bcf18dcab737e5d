package graph

import (
	"context"
	"net/http"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/domains"
	"github.com/microsoftgraph/msgraph-sdk-go/organization"
	"github.com/microsoftgraph/msgraph-sdk-go/subscribedskus"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// Organization reads the tenant itself
// (https://learn.microsoft.com/graph/api/organization-list).
func (c *Client) Organization(ctx context.Context) (*directory.Organization, error) {
	type org struct {
		ID          string `json:"id"`
		DisplayName string `json:"displayName"`
		SyncEnabled *bool  `json:"onPremisesSyncEnabled"`
	}
	read, err := page[org](ctx, c, reading("organization", 1), "", func() (*abstractions.RequestInformation, error) {
		return organization.NewOrganizationRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &organization.OrganizationRequestBuilderGetRequestConfiguration{
				QueryParameters: &organization.OrganizationRequestBuilderGetQueryParameters{
					Select: []string{"id", "displayName", "onPremisesSyncEnabled"},
				},
			})
	})
	if err != nil {
		return nil, err
	}
	if len(read.Value) != 1 {
		return nil, &directory.Error{Kind: directory.KindTransient, Status: http.StatusOK, Message: "not one organization"}
	}
	o := read.Value[0]
	return &directory.Organization{
		ID:             strings.ToLower(o.ID),
		DisplayName:    o.DisplayName,
		OnPremisesSync: directory.TristateOf(o.SyncEnabled != nil && *o.SyncEnabled),
	}, nil
}

// Domains reads the tenant's domains, verified or not
// (https://learn.microsoft.com/graph/api/domain-list).
func (c *Client) Domains(ctx context.Context) ([]directory.Domain, error) {
	type domain struct {
		ID                 string `json:"id"`
		AuthenticationType string `json:"authenticationType"`
		IsVerified         bool   `json:"isVerified"`
		IsDefault          bool   `json:"isDefault"`
		IsInitial          bool   `json:"isInitial"`
	}
	read, err := all[domain](ctx, c, reading("domains", 1), func() (*abstractions.RequestInformation, error) {
		return domains.NewDomainsRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &domains.DomainsRequestBuilderGetRequestConfiguration{
				QueryParameters: &domains.DomainsRequestBuilderGetQueryParameters{
					Select: []string{"id", "authenticationType", "isVerified", "isDefault", "isInitial"},
				},
			})
	})
	if err != nil {
		return nil, err
	}
	result := make([]directory.Domain, 0, len(read))
	for _, d := range read {
		result = append(result, directory.Domain{
			Name: d.ID, Verified: d.IsVerified, Default: d.IsDefault, Initial: d.IsInitial,
			Federated: d.AuthenticationType == "Federated",
		})
	}
	return result, nil
}

// sku is a subscription
// (https://learn.microsoft.com/graph/api/resources/subscribedsku).
type sku struct {
	SKUID         string `json:"skuId"`
	SKUPartNumber string `json:"skuPartNumber"`
	AppliesTo     string `json:"appliesTo"`
	ConsumedUnits int32  `json:"consumedUnits"`
	PrepaidUnits  struct {
		Enabled   int32 `json:"enabled"`
		Warning   int32 `json:"warning"`
		Suspended int32 `json:"suspended"`
		LockedOut int32 `json:"lockedOut"`
	} `json:"prepaidUnits"`
	ServicePlans []servicePlan `json:"servicePlans"`
}

// servicePlan is a part of a subscription
// (https://learn.microsoft.com/graph/api/resources/serviceplaninfo).
type servicePlan struct {
	ID        string `json:"servicePlanId"`
	Name      string `json:"servicePlanName"`
	AppliesTo string `json:"appliesTo"`
}

// SKUs reads the subscriptions that can be assigned to users; those of the whole
// company are left out (https://learn.microsoft.com/graph/api/subscribedsku-list).
func (c *Client) SKUs(ctx context.Context) ([]directory.SKU, error) {
	read, err := all[sku](ctx, c, reading("subscribedSkus", 2), func() (*abstractions.RequestInformation, error) {
		return subscribedskus.NewSubscribedSkusRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &subscribedskus.SubscribedSkusRequestBuilderGetRequestConfiguration{
				QueryParameters: &subscribedskus.SubscribedSkusRequestBuilderGetQueryParameters{
					Select: []string{"skuId", "skuPartNumber", "appliesTo", "consumedUnits", "prepaidUnits", "servicePlans"},
				},
			})
	})
	if err != nil {
		return nil, err
	}
	result := make([]directory.SKU, 0, len(read))
	for i := range read {
		if read[i].AppliesTo == "User" {
			result = append(result, read[i].convert())
		}
	}
	return result, nil
}

func (s *sku) convert() directory.SKU {
	names := make([]string, 0, len(s.ServicePlans))
	var plans []directory.ServicePlan // of the account, not of the company
	for _, plan := range s.ServicePlans {
		names = append(names, plan.Name)
		if plan.AppliesTo == "User" {
			plans = append(plans, directory.ServicePlan{ID: strings.ToLower(plan.ID), Name: plan.Name})
		}
	}
	return directory.SKU{
		ID:           strings.ToLower(s.SKUID),
		PartNumber:   s.SKUPartNumber,
		Enabled:      s.PrepaidUnits.Enabled,
		Warning:      s.PrepaidUnits.Warning,
		Suspended:    s.PrepaidUnits.Suspended,
		LockedOut:    s.PrepaidUnits.LockedOut,
		Consumed:     s.ConsumedUnits,
		ServicePlans: names,
		Plans:        plans,
	}
}
