package skunames

import "slices"

// products are the products that small and middle-sized organizations meet, as Microsoft's
// page "Product names and service plan identifiers for licensing" has them
// (https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference).
// The GUID stands where it was checked; a part number alone is as good.
func products() []product { return slices.Concat(suites(), services()) }

// suites are sold for whole workplaces.
func suites() []product {
	return []product{
		{"O365_BUSINESS_ESSENTIALS", "3b555118-da6a-4418-894f-7df1e2096870", "Microsoft 365 Business Basic"},
		{"O365_BUSINESS_PREMIUM", "f245ecc8-75af-4f8e-b61f-27d8114de5f3", "Microsoft 365 Business Standard"},
		{"SPB", "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", "Microsoft 365 Business Premium"},
		{"O365_BUSINESS", "cdd28e44-67e3-425a-be4c-37b8079d7365", "Microsoft 365 Apps for Business"},
		{"SMB_BUSINESS", "", "Microsoft 365 Apps for Business"},
		{"SMB_BUSINESS_ESSENTIALS", "", "Microsoft 365 Business Basic"},
		{"SMB_BUSINESS_PREMIUM", "", "Microsoft 365 Business Standard"},
		{"OFFICESUBSCRIPTION", "", "Microsoft 365 Apps for Enterprise"},

		{"SPE_E3", "05e9a617-0261-4cee-bb44-138d3ef5d965", "Microsoft 365 E3"},
		{"SPE_E5", "06ebc4ee-1bb5-47dd-8120-11324bc54e06", "Microsoft 365 E5"},
		{"Microsoft_365_E5_(no_Teams)", "18a4bd3f-0b5b-4887-b04f-61dd0ee15f5e", "Microsoft 365 E5 (no Teams)"},
		{"SPE_E5_NOPSTNCONF", "cd2925a3-5076-4233-8931-638a8c94f773", "Microsoft 365 E5 without audio conferencing"},
		{"SPE_E5_CALLINGMINUTES", "a91fc4e0-65e5-4266-aa76-4037509c1626", "Microsoft 365 E5 with calling minutes"},
		{"M365_F1", "", "Microsoft 365 F1"},
		{"SPE_F1", "66b55226-6b4f-492c-910c-a3b7a3c9d993", "Microsoft 365 F3"},
		{"SPE_F5_SEC", "", "Microsoft 365 F5 Security Add-on"},
		{"IDENTITY_THREAT_PROTECTION", "", "Microsoft 365 E5 Security"},
		{"INFORMATION_PROTECTION_COMPLIANCE", "", "Microsoft 365 E5 Compliance"},

		{"STANDARDPACK", "", "Office 365 E1"},
		{"ENTERPRISEPACK", "6fd2c87f-b296-42f0-b197-1e91e994b900", "Office 365 E3"},
		{"ENTERPRISEPREMIUM", "", "Office 365 E5"},
		{"ENTERPRISEPREMIUM_NOPSTNCONF", "", "Office 365 E5 without Audio Conferencing"},
		{"DESKLESSPACK", "", "Office 365 F3"},
	}
}

// services are sold by themselves, or on top.
func services() []product {
	return []product{
		{"EXCHANGESTANDARD", "4b9405b0-7788-4568-add1-99614e613b69", "Exchange Online (Plan 1)"},
		{"EXCHANGEENTERPRISE", "", "Exchange Online (Plan 2)"},
		{"EXCHANGEDESKLESS", "", "Exchange Online Kiosk"},
		{"EXCHANGEARCHIVE_ADDON", "", "Exchange Online Archiving for Exchange Online"},

		{"AAD_PREMIUM", "078d2b04-f1bd-4111-bbd4-b4b1b354cef4", "Microsoft Entra ID P1"},
		{"AAD_PREMIUM_P2", "84a661c4-e949-4bd2-a560-ed7766fcaf2b", "Microsoft Entra ID P2"},
		{"EMS", "", "Enterprise Mobility + Security E3"},
		{"EMSPREMIUM", "", "Enterprise Mobility + Security E5"},
		{"INTUNE_A", "", "Microsoft Intune Plan 1"},
		{"ATP_ENTERPRISE", "", "Microsoft Defender for Office 365 (Plan 1)"},
		{"THREAT_INTELLIGENCE", "", "Microsoft Defender for Office 365 (Plan 2)"},
		{"DEFENDER_ENDPOINT_P1", "", "Microsoft Defender for Endpoint P1"},

		{"MCOEV", "", "Microsoft Teams Phone Standard"},
		{"MCOMEETADV", "0c266dff-15dd-4b49-8397-2bb16070ed52", "Microsoft 365 Audio Conferencing"},
		{"TEAMS_FREE", "16ddbbfc-09ea-4de2-b1d7-312db6112d70", "Microsoft Teams (Free)"},
		{"TEAMS_EXPLORATORY", "", "Microsoft Teams Exploratory"},
		{"Microsoft_Teams_Rooms_Basic", "6af4b3d6-14bb-4a2a-960c-6c902aad34f3", "Microsoft Teams Rooms Basic"},
		{"Microsoft_Teams_Rooms_Pro", "4cde982a-ede4-4409-9ae6-b003453c8ea6", "Microsoft Teams Rooms Pro"},

		{"FLOW_FREE", "f30db892-07e9-47e9-837c-80727f46fd3d", "Microsoft Power Automate Free"},
		{"POWER_BI_STANDARD", "a403ebcc-fae0-4ca2-8c8c-7a907fd6c235", "Power BI (free)"},
		{"POWER_BI_PRO", "", "Power BI Pro"},
		{"PROJECT_P1", "", "Project Plan 1"},
		{"PROJECTPROFESSIONAL", "", "Project Plan 3"},
		{"PROJECTPREMIUM", "", "Project Plan 5"},
		{"VISIOONLINE_PLAN1", "", "Visio Plan 1"},
		{"VISIOCLIENT", "", "Visio Plan 2"},
		{"WIN10_VDA_E3", "6a0f6da5-0b87-4190-a6ae-9bb5a2b9546a", "Windows 10/11 Enterprise E3"},
		{"WIN10_VDA_E5", "488ba24a-39a9-4473-8ee5-19291e71b002", "Windows 10/11 Enterprise E5"},
		{"WINDOWS_STORE", "", "Windows Store for Business"},
		{"SPZA_IW", "", "App Connect IW"},
	}
}
