package graphsim

import (
	"slices"
	"strings"
)

// servicePlan is a part of a product.
type servicePlan struct {
	id   string
	name string
	// company marks a plan that is the tenant's and nobody's: appliesTo Company.
	company bool
}

func (p servicePlan) appliesTo() string {
	if p.company {
		return "Company"
	}
	return "User"
}

// subscribedSKU is a product the tenant bought (resources/subscribedsku.md).
type subscribedSKU struct {
	skuID      string
	partNumber string
	plans      []servicePlan
	enabled    int
	warning    int
	suspended  int
}

func (s *subscribedSKU) status() string {
	switch {
	case s.enabled > 0:
		return "Enabled"
	case s.warning > 0:
		return "Warning"
	default:
		return "Suspended"
	}
}

// seats are the units that accounts may hold: those of a subscription in its grace
// period too (resources/licenseunitsdetail.md).
func (s *subscribedSKU) seats() int { return s.enabled + s.warning }

// sku finds a subscription by product id or part number.
func (t *tenant) sku(key string) (*subscribedSKU, bool) {
	i := slices.IndexFunc(t.skus, func(s *subscribedSKU) bool { return s.skuID == key || strings.EqualFold(s.partNumber, key) })
	if i < 0 {
		return nil, false
	}
	return t.skus[i], true
}

// Service plan ids that rules speak of (entra-docs users/licensing-service-plan-reference.md).
const (
	planEntraP1            = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
	planEntraP2            = "eec0eb4f-6444-4f95-aba0-50c24d67f998"
	planExchangePlan1      = "9aaf7827-d63c-4b61-89c3-182f06f82e5c"
	planExchangePlan2      = "efb87545-963c-4e0d-99df-69c6916d9eb0"
	planExchangeKiosk      = "4a82b400-a79f-41a4-b4e2-e94f5787b113"
	planSharePointPlan1    = "c7699d2e-19aa-44de-8edf-1736da088ca1"
	planSharePointPlan2    = "5dbe027f-2339-4123-9542-606e4d348a72"
	planSharePointKiosk    = "902b47e5-dcb2-4fdc-858b-c63a90a2bdb9"
	planTeams              = "57ff2da0-773e-42df-b2af-ffb7a2317929"
	planSkype              = "0feaeb32-d00e-4d66-bd5a-43b5b83db82c"
	planPhoneSystem        = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7"
	planDefenderOfficePlan = "8e0c0a52-6a6c-4d40-8370-dd62790dcd70"
)

// mailPlans are those that come with a mailbox.
func mailPlans() []string { return []string{planExchangePlan1, planExchangePlan2, planExchangeKiosk} }

// exclusivePlans are the plans of which an account may have one of each list only:
// "Service plans that cannot be assigned at the same time" of
// users/licensing-service-plan-reference.md. The page's text counts Exchange Online
// (Plan 2) among them, its table no longer does.
func exclusivePlans() [][]string {
	return [][]string{mailPlans(), {planSharePointPlan1, planSharePointPlan2, planSharePointKiosk}}
}

// planNeeds are the plans that work only with one of others: seen in refusals of
// assignLicense, of which Microsoft keeps no list.
func planNeeds() map[string][]string {
	return map[string][]string{
		planPhoneSystem:        {planTeams, planSkype},
		planDefenderOfficePlan: mailPlans(),
	}
}

// servicePlans are the plans the catalogue knows, by name.
func servicePlans() map[string]servicePlan {
	plans := map[string]servicePlan{"EXCHANGE_S_FOUNDATION": {"113feb6c-3fe4-4440-bddc-54d774bf0318", "EXCHANGE_S_FOUNDATION", true}}
	for name, id := range map[string]string{
		"AAD_PREMIUM": planEntraP1, "AAD_PREMIUM_P2": planEntraP2,
		"EXCHANGE_S_STANDARD": planExchangePlan1, "EXCHANGE_S_ENTERPRISE": planExchangePlan2, "EXCHANGE_S_DESKLESS": planExchangeKiosk,
		"SHAREPOINTSTANDARD": planSharePointPlan1, "SHAREPOINTENTERPRISE": planSharePointPlan2, "SHAREPOINTDESKLESS": planSharePointKiosk,
		"TEAMS1": planTeams, "MCOSTANDARD": planSkype, "MCOEV": planPhoneSystem, "THREAT_INTELLIGENCE": planDefenderOfficePlan,
		"AAD_SMB":                            "de377cbc-0019-4ec2-b77c-3f223947e102",
		"ADALLOM_S_DISCOVERY":                "932ad362-64a8-4783-9106-97849a1a30b9",
		"ATP_ENTERPRISE":                     "f20fedf3-f3c3-43c3-8267-2bfdd51c0939",
		"BI_AZURE_P2":                        "70d33638-9c74-4d01-bfd3-562de28bd4ba",
		"COPILOT_STUDIO_IN_COPILOT_FOR_M365": "fe6c28b3-d468-44ea-bbd0-a10a5167435c",
		"FORMS_PLAN_E1":                      "159f4cd6-e380-449f-a816-af1a9ef76344",
		"FORMS_PLAN_E3":                      "2789c901-c14e-48ab-a76a-be334d9d793a",
		"FORMS_PLAN_E5":                      "e212cbc7-0961-4c40-9825-01117710dcb1",
		"GRAPH_CONNECTORS_COPILOT":           "82d30987-df9b-4486-b146-198b21d164c7",
		"INTUNE_A":                           "c1ec4a95-1f05-45b3-a911-aa3fa01094f5",
		"INTUNE_O365":                        "882e1d05-acd1-4ccb-8708-6ee03664b117",
		"M365_COPILOT_APPS":                  "a62f8878-de10-42f3-b68f-6149a25ceb97",
		"M365_COPILOT_BUSINESS_CHAT":         "3f30311c-6b1e-48a4-ab79-725b469da960",
		"M365_COPILOT_CONNECTORS":            "89f1c4c8-0878-40f7-804d-869c9128ab5d",
		"M365_COPILOT_INTELLIGENT_SEARCH":    "931e4a88-a67f-48b5-814f-16a5f1e6028d",
		"M365_COPILOT_SHAREPOINT":            "0aedf20c-091d-420b-aadf-30c042609612",
		"M365_COPILOT_TEAMS":                 "b95945de-b3bd-46db-8437-f2beb6ea2347",
		"MCOMEETADV":                         "3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40",
		"MDE_SMB":                            "bfc1bbd9-981b-4f71-9b82-17c35fd0e2a4",
		"MFA_PREMIUM":                        "8a256a2b-b617-496d-b51b-e76466e88db0",
		"MICROSOFTBOOKINGS":                  "199a5c09-e0ca-4e37-8f7c-b05d533e1ea2",
		"OFFICESUBSCRIPTION":                 "43de0ff5-c92c-492b-9116-175376d08c38",
		"OFFICE_BUSINESS":                    "094e7854-93fc-4d55-b2c0-3ab5369ebdc1",
		"PROJECTWORKMANAGEMENT":              "b737dad2-2f6c-4c65-90e3-ca563267e8b9",
		"RMS_S_ENTERPRISE":                   "bea4c11e-220a-4e6d-8eb8-8ea15d019f90",
		"RMS_S_PREMIUM":                      "6c57d4b6-3b23-47a5-9bc9-69f17b4947b3",
		"RMS_S_PREMIUM2":                     "5689bec4-755d-4753-8b61-40975025187c",
		"SHAREPOINTWAC":                      "e95bec33-7c88-4a70-8e19-b10bd9d0c014",
		"SWAY":                               "a23b959c-7ce8-4e57-9140-b90eb88a9e97",
		"WIN10_PRO_ENT_SUB":                  "21b439ba-a0ca-424f-a6cc-52f954a5b111",
		"WINBIZ":                             "8e229017-d77b-43d5-9305-903395523b99",
		"WINDEFATP":                          "871d91ec-ec1a-452b-a83f-bd76c7d770ef",
		"YAMMER_ENTERPRISE":                  "7547a3fe-08ee-4ccb-b430-5077c5041653",
	} {
		plans[name] = servicePlan{id: id, name: name}
	}
	return plans
}

// product is a line of Microsoft's table of products, with the more important of
// its service plans.
type product struct {
	partNumber, skuID string
	plans             []string
}

// products are those the simulator knows (users/licensing-service-plan-reference.md).
func products() []product {
	office := []string{"TEAMS1", "SHAREPOINTWAC", "MCOSTANDARD", "PROJECTWORKMANAGEMENT", "SWAY", "INTUNE_O365", "YAMMER_ENTERPRISE"}
	business := slices.Concat([]string{"EXCHANGE_S_STANDARD", "SHAREPOINTSTANDARD", "FORMS_PLAN_E1", "MICROSOFTBOOKINGS"}, office)
	enterprise := slices.Concat([]string{"EXCHANGE_S_ENTERPRISE", "SHAREPOINTENTERPRISE", "OFFICESUBSCRIPTION", "MICROSOFTBOOKINGS", "RMS_S_ENTERPRISE"}, office)
	security := []string{"INTUNE_A", "AAD_PREMIUM", "MFA_PREMIUM", "RMS_S_PREMIUM"}
	premium := slices.Concat([]string{"OFFICE_BUSINESS", "EXCHANGE_S_FOUNDATION", "AAD_SMB", "ADALLOM_S_DISCOVERY", "ATP_ENTERPRISE", "MDE_SMB", "RMS_S_ENTERPRISE", "WINBIZ"}, business, security)
	return []product{
		{"SPE_E3", "05e9a617-0261-4cee-bb44-138d3ef5d965", slices.Concat([]string{"FORMS_PLAN_E3", "ADALLOM_S_DISCOVERY", "WIN10_PRO_ENT_SUB"}, enterprise, security)},
		{"SPE_E5", "06ebc4ee-1bb5-47dd-8120-11324bc54e06", slices.Concat([]string{
			"FORMS_PLAN_E5", "WIN10_PRO_ENT_SUB", "AAD_PREMIUM_P2", "MCOEV", "MCOMEETADV", "ATP_ENTERPRISE", "THREAT_INTELLIGENCE",
			"WINDEFATP", "BI_AZURE_P2", "RMS_S_PREMIUM2",
		}, enterprise, security)},
		{"ENTERPRISEPACK", "6fd2c87f-b296-42f0-b197-1e91e994b900", slices.Concat([]string{"FORMS_PLAN_E3"}, enterprise)},
		{"STANDARDPACK", "18181a46-0d4e-45cd-891e-60aabd171b4e", slices.Concat([]string{"EXCHANGE_S_STANDARD", "SHAREPOINTSTANDARD", "FORMS_PLAN_E1"}, office)},
		{"DESKLESSPACK", "4b585984-651b-448a-9e53-3b10f069cf7f", []string{"EXCHANGE_S_DESKLESS", "SHAREPOINTDESKLESS", "TEAMS1", "SWAY", "YAMMER_ENTERPRISE"}},
		{"SPB", "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", premium},
		{"O365_BUSINESS_PREMIUM", "f245ecc8-75af-4f8e-b61f-27d8114de5f3", slices.Concat([]string{"OFFICE_BUSINESS"}, business)},
		{"O365_BUSINESS_ESSENTIALS", "3b555118-da6a-4418-894f-7df1e2096870", business},
		{"EXCHANGESTANDARD", "4b9405b0-7788-4568-add1-99614e613b69", []string{"EXCHANGE_S_STANDARD", "INTUNE_O365"}},
		{"EXCHANGEENTERPRISE", "19ec0d23-8335-4cbd-94ac-6050e30712fa", []string{"EXCHANGE_S_ENTERPRISE", "INTUNE_O365"}},
		{"AAD_PREMIUM", "078d2b04-f1bd-4111-bbd4-b4b1b354cef4", []string{"AAD_PREMIUM", "ADALLOM_S_DISCOVERY", "EXCHANGE_S_FOUNDATION", "MFA_PREMIUM"}},
		{"AAD_PREMIUM_P2", "84a661c4-e949-4bd2-a560-ed7766fcaf2b", []string{"AAD_PREMIUM", "AAD_PREMIUM_P2", "ADALLOM_S_DISCOVERY", "EXCHANGE_S_FOUNDATION", "MFA_PREMIUM"}},
		{"RIGHTSMANAGEMENT", "c52ea49f-fe5d-4e95-93ba-1de91d380f89", []string{"RMS_S_ENTERPRISE", "RMS_S_PREMIUM"}},
		{"MCOEV", "e43b5b99-8dfb-405f-9987-dc307f34bcbd", []string{"MCOEV"}},
		{"MCOMEETADV", "0c266dff-15dd-4b49-8397-2bb16070ed52", []string{"MCOMEETADV"}},
		{"POWER_BI_PRO", "f8a1db68-be16-40ed-86d5-cb42ce701560", []string{"BI_AZURE_P2"}},
		{"Microsoft_365_Copilot", "639dec6b-bb19-468b-871c-c5c441c4b0cb", []string{
			"COPILOT_STUDIO_IN_COPILOT_FOR_M365", "GRAPH_CONNECTORS_COPILOT", "M365_COPILOT_INTELLIGENT_SEARCH", "M365_COPILOT_SHAREPOINT",
			"M365_COPILOT_TEAMS", "M365_COPILOT_APPS", "M365_COPILOT_BUSINESS_CHAT", "M365_COPILOT_CONNECTORS",
		}},
		{"Microsoft_Teams_Rooms_Pro", "4cde982a-ede4-4409-9ae6-b003453c8ea6", []string{"TEAMS1", "MCOMEETADV", "INTUNE_A", "AAD_PREMIUM"}},
		{"Microsoft_Teams_Rooms_Basic", "6af4b3d6-14bb-4a2a-960c-6c902aad34f3", []string{"TEAMS1", "MCOMEETADV"}},
	}
}

// catalogue returns the products the simulator knows, by part number.
func catalogue() map[string]subscribedSKU {
	plans, list := servicePlans(), products()
	byPart := make(map[string]subscribedSKU, len(list))
	for _, p := range list {
		sku := subscribedSKU{skuID: p.skuID, partNumber: p.partNumber}
		for _, name := range p.plans {
			sku.plans = append(sku.plans, plans[name])
		}
		byPart[p.partNumber] = sku
	}
	return byPart
}
