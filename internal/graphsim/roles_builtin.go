package graphsim

// roleDefinition is a built-in Microsoft Entra role. Ids are the template ids of
// entra-docs role-based-access-control/permissions-reference.md, which has more.
type roleDefinition struct {
	id, name, description string
}

// builtInRoles are the role definitions every tenant has.
func builtInRoles() []roleDefinition {
	return append(identityRoles(), serviceRoles()...)
}

// identityRoles are about the directory itself.
func identityRoles() []roleDefinition {
	return []roleDefinition{
		{roleGlobalAdministrator, "Global Administrator", "Can manage all aspects of Microsoft Entra ID and Microsoft services that use Microsoft Entra identities."},
		{rolePrivilegedRole, "Privileged Role Administrator", "Can manage role assignments in Microsoft Entra ID, and all aspects of Privileged Identity Management."},
		{rolePrivilegedAuthentication, "Privileged Authentication Administrator", "Can access to view, set and reset authentication method information for any user (admin or non-admin)."},
		{roleUserAdministrator, "User Administrator", "Can manage all aspects of users and groups, including resetting passwords for limited admins."},
		{roleHelpdeskAdministrator, "Helpdesk Administrator", "Can reset passwords for non-administrators and Helpdesk Administrators."},
		{rolePasswordAdministrator, "Password Administrator", "Can reset passwords for non-administrators and Password Administrators."},
		{"c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator", "Can access to view, set and reset authentication method information for any non-admin user."},
		{"0526716b-113d-4c15-b2c8-68e3c22b9f80", "Authentication Policy Administrator", "Can create and manage the authentication methods policy, tenant-wide MFA settings, password protection policy, and verifiable credentials."},
		{roleDirectoryReaders, "Directory Readers", "Can read basic directory information. Commonly used to grant directory read access to applications and guests."},
		{"9360feb5-f418-4baa-8175-e2a00bac4301", "Directory Writers", "Can read and write basic directory information. For granting access to applications, not intended for users."},
		{roleDirectorySynchronization, "Directory Synchronization Accounts", "Only used by Microsoft Entra Connect service."},
		{"8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", "Hybrid Identity Administrator", "Manage Active Directory to Microsoft Entra cloud provisioning, Microsoft Entra Connect, pass-through authentication (PTA), password hash synchronization (PHS), seamless single sign-on (seamless SSO), and federation settings."},
		{"8329153b-31d0-4727-b945-745eb3bc5f31", "Domain Name Administrator", "Can manage domain names in cloud and on-premises."},
		{roleGroupsAdministrator, "Groups Administrator", "Members of this role can create/manage groups, create/manage groups settings like naming and expiration policies, and view groups activity and audit reports."},
		{roleGuestInviter, "Guest Inviter", "Can invite guest users independent of the 'members can invite guests' setting."},
		{roleMessageCenterReader, "Message Center Reader", "Can read messages and updates for their organization in Office 365 Message Center only."},
		{roleReportsReader, "Reports Reader", "Can read sign-in and audit reports."},
		{roleUsageSummaryReader, "Usage Summary Reports Reader", "Read Usage reports and Adoption Score, but can't access user details."},
		{"f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader", "Can read everything that a Global Administrator can, but not update anything."},
		{"194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator", "Can read security information and reports, and manage configuration in Microsoft Entra ID and Office 365."},
		{"5f2222b1-57c3-48ba-8ad5-d4759f1fde6f", "Security Operator", "Creates and manages security events."},
		{"5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader", "Can read security information and reports in Microsoft Entra ID and Office 365."},
		{"b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "Conditional Access Administrator", "Can manage Conditional Access capabilities."},
		{"45d8d3c5-c802-45c6-b32a-1d70b5e1e86e", "Identity Governance Administrator", "Manage access using Microsoft Entra ID for identity governance scenarios."},
		{"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator", "Can create and manage all aspects of app registrations and enterprise apps."},
		{"158c047a-c907-4556-b7ef-446551a6b5f7", "Cloud Application Administrator", "Can create and manage all aspects of app registrations and enterprise apps except App Proxy."},
		{"cf1c38e5-3621-4004-a7cb-879624dced7c", "Application Developer", "Can create application registrations independent of the 'Users can register applications' setting."},
		{"7698a772-787b-4ac8-901f-60d6b08affd2", "Cloud Device Administrator", "Limited access to manage devices in Microsoft Entra ID."},
		{"9f06204d-73c1-4d4c-880a-6edb90606fd8", "Microsoft Entra Joined Device Local Administrator", "Users assigned to this role are added to the local administrators group on Microsoft Entra joined devices."},
	}
}

// serviceRoles are about services that use it.
func serviceRoles() []roleDefinition {
	return []roleDefinition{
		{"3a2c62db-5318-420d-8d74-23affee5d9d5", "Intune Administrator", "Can manage all aspects of the Intune product."},
		{"29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator", "Can manage all aspects of the Exchange product."},
		{"31392ffb-586c-42d1-9346-e59415a2cc4e", "Exchange Recipient Administrator", "Can create or update Exchange Online recipients within the Exchange Online organization."},
		{"f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "SharePoint Administrator", "Can manage all aspects of the SharePoint service."},
		{"69091246-20e8-4a56-aa4d-066075b2a7a8", "Teams Administrator", "Can manage the Microsoft Teams service."},
		{"baf37b3a-610e-45da-9e62-d9d1e5e8914b", "Teams Communications Administrator", "Can manage calling and meetings features within the Microsoft Teams service."},
		{"3d762c5a-1b6c-493f-843e-55a3b42923d4", "Teams Devices Administrator", "Can perform management related tasks on Teams certified devices."},
		{"75941009-915a-4869-abe7-691bff18279e", "Skype for Business Administrator", "Can manage all aspects of the Skype for Business product."},
		{"2b745bdf-0803-4d80-aa65-822c4493daac", "Office Apps Administrator", "Can manage Office apps cloud services, including policy and settings management, and manage the ability to select, unselect and publish 'what's new' feature content to end-user's devices."},
		{"4d6ac14f-3453-41d0-bef9-a3e0c569773a", "License Administrator", "Can manage product licenses on users and groups."},
		{"b0f54661-2d74-4c50-afa3-1ec803f12efe", "Billing Administrator", "Can perform common billing related tasks like updating payment information."},
		{"f023fd81-a637-4b56-95fd-791ac0226033", "Service Support Administrator", "Can read service health information and manage support tickets."},
		{"17315797-102d-40b4-93e0-432062caca18", "Compliance Administrator", "Can read and manage compliance configuration and reports in Microsoft Entra ID and Microsoft 365."},
		{"e6d1a23a-da11-4be4-9570-befc86d067a7", "Compliance Data Administrator", "Creates and manages compliance content."},
		{"a9ea8996-122f-4c74-9520-8edcd192826c", "Fabric Administrator", "Can manage all aspects of the Fabric and Power BI products."},
		{"11648597-926c-4cf3-9c36-bcebb0ba8dcc", "Power Platform Administrator", "Can create and manage all aspects of Microsoft Dynamics 365, Power Apps and Power Automate."},
		{"44367163-eba1-44c3-98af-f5787879f96a", "Dynamics 365 Administrator", "Can manage all aspects of the Dynamics 365 product."},
		{"644ef478-e28f-4e28-b9dc-3fdde9aa0b1f", "Printer Administrator", "Can manage all aspects of printers and printer connectors."},
		{"0964bb5e-9bdb-4d7b-ac29-58e794862a40", "Search Administrator", "Can create and manage all aspects of Microsoft Search settings."},
		{"024906de-61e5-49c8-8572-40335f1e0e10", "People Administrator", "Manage profile photos of users and people settings for all users in the organization."},
		{"11451d60-acb2-45eb-a7d6-43d0f0125c13", "Windows 365 Administrator", "Can provision and manage all aspects of Cloud PCs."},
	}
}
