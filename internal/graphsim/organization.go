package graphsim

import (
	"encoding/json"
	"strings"
)

// listOrganization: api/organization-list.md. There is exactly one.
func listOrganization(c *call) (*response, error) {
	members, err := project(c.query, "microsoft.graph.organization", c.tenant.organization())
	if err != nil {
		return nil, err
	}
	return collection(c.context("organization"), []json.RawMessage{object(members...)}), nil
}

func getOrganization(c *call) (*response, error) {
	if !strings.EqualFold(c.params[0], c.tenant.id) {
		return nil, notFound(c.params[0])
	}
	members, err := project(c.query, "microsoft.graph.organization", c.tenant.organization())
	if err != nil {
		return nil, err
	}
	return entity(c.context("organization/$entity"), members), nil
}

func (t *tenant) organization() []jsonMember {
	verified := []json.RawMessage{}
	for _, d := range t.domains {
		if d.verified {
			verified = append(verified, object(
				jsonMember{"capabilities", "Email, OfficeCommunicationsOnline"}, jsonMember{"isDefault", d.isDefault},
				jsonMember{"isInitial", d.isInitial}, jsonMember{"name", d.name}, jsonMember{"type", d.authentication()}))
		}
	}
	var synced, lastSync any
	if t.sync.client != SyncNone {
		synced, lastSync = true, t.sync.last
	}
	return []jsonMember{
		{"id", t.id},
		{"deletedDateTime", nil},
		{"businessPhones", []string{}},
		{"city", nil},
		{"country", nil},
		{"countryLetterCode", t.country},
		{"createdDateTime", t.created},
		{"defaultUsageLocation", nil},
		{"displayName", t.displayName},
		{"marketingNotificationEmails", []string{}},
		{"mobileDeviceManagementAuthority", nil},
		{"onPremisesLastSyncDateTime", lastSync},
		{"onPremisesSyncEnabled", synced},
		{"postalCode", nil},
		{"preferredLanguage", "en"},
		{"securityComplianceNotificationMails", []string{}},
		{"securityComplianceNotificationPhones", []string{}},
		{"state", nil},
		{"street", nil},
		{"technicalNotificationMails", []string{}},
		{"tenantType", "AAD"},
		{"assignedPlans", []string{}},
		{"provisionedPlans", []string{}},
		{"verifiedDomains", verified},
	}
}

func (d domain) authentication() string {
	if d.federated {
		return "Federated"
	}
	return "Managed"
}

// listDomains: api/domain-list.md.
func listDomains(c *call) (*response, error) {
	var values []json.RawMessage
	for _, d := range c.tenant.domains {
		members, err := project(c.query, "microsoft.graph.domain", d.members())
		if err != nil {
			return nil, err
		}
		values = append(values, object(members...))
	}
	return collection(c.context("domains"), values), nil
}

func getDomain(c *call) (*response, error) {
	d, ok := c.tenant.domain(c.params[0])
	if !ok {
		return nil, notFound(c.params[0])
	}
	members, err := project(c.query, "microsoft.graph.domain", d.members())
	if err != nil {
		return nil, err
	}
	return entity(c.context("domains/$entity"), members), nil
}

func (d domain) members() []jsonMember {
	return []jsonMember{
		{"id", d.name},
		{"authenticationType", d.authentication()},
		{"availabilityStatus", nil},
		{"isAdminManaged", true},
		{"isDefault", d.isDefault},
		{"isInitial", d.isInitial},
		{"isRoot", true},
		{"isVerified", d.verified},
		{"supportedServices", []string{"Email", "OfficeCommunicationsOnline"}},
		{"passwordValidityPeriodInDays", nil},
		{"passwordNotificationWindowInDays", nil},
		{"state", nil},
	}
}

// listSKUs: api/subscribedsku-list.md. $top is refused.
func listSKUs(c *call) (*response, error) {
	if err := c.query.refuse("top", "skip", "filter", "orderby", "search", "expand", "count"); err != nil {
		return nil, err
	}
	var values []json.RawMessage
	for _, s := range c.tenant.skus {
		members, err := project(c.query, "microsoft.graph.subscribedSku", c.tenant.skuMembers(s))
		if err != nil {
			return nil, err
		}
		values = append(values, object(members...))
	}
	return collection(c.context("subscribedSkus"), values), nil
}

func getSKU(c *call) (*response, error) {
	for _, s := range c.tenant.skus {
		if !strings.EqualFold(c.params[0], c.tenant.id+"_"+s.skuID) {
			continue
		}
		members, err := project(c.query, "microsoft.graph.subscribedSku", c.tenant.skuMembers(s))
		if err != nil {
			return nil, err
		}
		return entity(c.context("subscribedSkus/$entity"), members), nil
	}
	return nil, notFound(c.params[0])
}

func (t *tenant) skuMembers(s *subscribedSKU) []jsonMember {
	plans := []json.RawMessage{}
	for _, p := range s.plans {
		plans = append(plans, object(
			jsonMember{"servicePlanId", p.id}, jsonMember{"servicePlanName", p.name},
			jsonMember{"provisioningStatus", "Success"}, jsonMember{"appliesTo", p.appliesTo()}))
	}
	return []jsonMember{
		{"accountName", t.displayName},
		{"accountId", t.id},
		{"appliesTo", "User"},
		{"capabilityStatus", s.status()},
		{"consumedUnits", t.consumed[s.skuID]},
		{"id", t.id + "_" + s.skuID},
		{"skuId", s.skuID},
		{"skuPartNumber", s.partNumber},
		{"subscriptionIds", []string{guid(t.seed, t.id, "subscription", s.partNumber)}},
		{"prepaidUnits", map[string]int{"enabled": s.enabled, "suspended": s.suspended, "warning": s.warning, "lockedOut": 0}},
		{"servicePlans", plans},
	}
}
