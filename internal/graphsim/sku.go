package graphsim

// servicePlan is a part of a product.
type servicePlan struct {
	id   string
	name string
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

// Service plan ids that rules speak of (entra-docs users/licensing-service-plan-reference.md).
const (
	planEntraP1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
	planEntraP2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998"
)

// catalogue returns the products the simulator knows, by part number.
func catalogue() map[string]subscribedSKU {
	exchangeStandard := servicePlan{"9aaf7827-d63c-4b61-89c3-182f06f82e5c", "EXCHANGE_S_STANDARD"}
	exchangeEnterprise := servicePlan{"efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE"}
	teams := servicePlan{"57ff2da0-773e-42df-b2af-ffb7a2317929", "TEAMS1"}
	sharePointStandard := servicePlan{"c7699d2e-19aa-44de-8edf-1736da088ca1", "SHAREPOINTSTANDARD"}
	sharePointEnterprise := servicePlan{"5dbe027f-2339-4123-9542-606e4d348a72", "SHAREPOINTENTERPRISE"}
	intune := servicePlan{"c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "INTUNE_A"}
	yammer := servicePlan{"7547a3fe-08ee-4ccb-b430-5077c5041653", "YAMMER_ENTERPRISE"}
	p1 := servicePlan{planEntraP1, "AAD_PREMIUM"}
	p2 := servicePlan{planEntraP2, "AAD_PREMIUM_P2"}
	conferencing := servicePlan{"3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40", "MCOMEETADV"}
	skus := []subscribedSKU{
		{skuID: "05e9a617-0261-4cee-bb44-138d3ef5d965", partNumber: "SPE_E3", plans: []servicePlan{exchangeEnterprise, teams, sharePointEnterprise, intune, yammer, p1}},
		{skuID: "06ebc4ee-1bb5-47dd-8120-11324bc54e06", partNumber: "SPE_E5", plans: []servicePlan{exchangeEnterprise, teams, sharePointEnterprise, intune, yammer, conferencing, p1, p2}},
		{skuID: "4cde982a-ede4-4409-9ae6-b003453c8ea6", partNumber: "Microsoft_Teams_Rooms_Pro", plans: []servicePlan{teams, conferencing, intune, p1}},
		{skuID: "6af4b3d6-14bb-4a2a-960c-6c902aad34f3", partNumber: "Microsoft_Teams_Rooms_Basic", plans: []servicePlan{teams, conferencing}},
		{skuID: "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", partNumber: "SPB", plans: []servicePlan{exchangeStandard, teams, sharePointStandard, intune, yammer, p1}},
		{skuID: "f245ecc8-75af-4f8e-b61f-27d8114de5f3", partNumber: "O365_BUSINESS_PREMIUM", plans: []servicePlan{exchangeStandard, teams, sharePointStandard, yammer}},
		{skuID: "3b555118-da6a-4418-894f-7df1e2096870", partNumber: "O365_BUSINESS_ESSENTIALS", plans: []servicePlan{exchangeStandard, teams, sharePointStandard, yammer}},
		{skuID: "4b9405b0-7788-4568-add1-99614e613b69", partNumber: "EXCHANGESTANDARD", plans: []servicePlan{exchangeStandard}},
		{skuID: "078d2b04-f1bd-4111-bbd4-b4b1b354cef4", partNumber: "AAD_PREMIUM", plans: []servicePlan{p1}},
		{skuID: "84a661c4-e949-4bd2-a560-ed7766fcaf2b", partNumber: "AAD_PREMIUM_P2", plans: []servicePlan{p1, p2}},
	}
	byPart := make(map[string]subscribedSKU, len(skus))
	for _, s := range skus {
		byPart[s.partNumber] = s
	}
	return byPart
}
