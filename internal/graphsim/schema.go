package graphsim

import "strings"

// propID indexes userProperties.
type propID uint8

// propKind is the JSON form of a property's value.
type propKind uint8

const (
	kindString propKind = iota
	kindBool
	kindTime
	kindStrings
	kindObject
	kindInt
	kindGUID
)

// propFlag says what may be done with a property.
type propFlag uint16

const (
	inDefault    propFlag = 1 << iota // part of the default $select
	filterable                        // $filter eq, in, startsWith, ge, le
	filterAdv                         // $filter only as an advanced query
	filterEnds                        // endsWith, as an advanced query
	writable                          // PATCH by an app
	notNullable                       // null refused on PATCH
	mastered                          // read-only on an account synced from AD
	untracked                         // changes do not surface in delta
	sharePoint                        // kept in SharePoint: no list, no app-only write
	sensitive                         // needs a covering role on admin targets
	basic                             // readable with User.ReadBasic.All
	neverVisible                      // reads as null
	filterEq                          // $filter eq and in only
	navigation                        // a link: shown only by $expand and in delta
)

// property describes one property of the user resource.
type property struct {
	name   string
	kind   propKind
	flags  propFlag
	maxLen int
	perms  []string // application permissions that may write it; nil means the general ones
}

func (p *property) is(f propFlag) bool { return p.flags&f != 0 }

// entitySchema describes a resource type. Its first property is the id.
type entitySchema struct {
	typeName string // microsoft.graph.user
	label    string // in messages: User
	props    []property
	byName   map[string]propID
	// defaults is the set returned without $select.
	defaults propSet
}

// userSchema is the v1.0 user resource: every property of the CSDL, with what
// resources/user.md and api/user-update.md say of it.
type userSchema struct{ *entitySchema }

// Property ids that code refers to by name. The order is that of userProperties.
const (
	propObjectID propID = iota
	propAccountEnabled
	propBusinessPhones
	propDisplayName
	propGivenName
	propJobTitle
	propMail
	propMobilePhone
	propOfficeLocation
	propPreferredLanguage
	propSurname
	propUserPrincipalName
	propAssignedLicenses
	propLicenseAssignmentStates
	propCreatedDateTime
	propDeletedDateTime
	propDepartment
	propLastPasswordChange
	propMailNickname
	propOnPremisesDomainName
	propOnPremisesImmutableID
	propOnPremisesLastSync
	propOnPremisesSamAccountName
	propOnPremisesSyncEnabled
	propOnPremisesUPN
	propOnPremisesDN
	propOtherMails
	propPasswordProfile
	propProxyAddresses
	propSignInActivity
	propSignInSessionsValidFrom
	propUsageLocation
	propUserType
	propCompanyName
	propEmployeeID
	propExternalUserState
	propCreationType
	propPasswordPolicies
	propShowInAddressList
	propIdentities
	propManager
)

const (
	textual  = filterable | writable
	personal = filterable | writable | mastered
)

func newUserSchema() *userSchema {
	return &userSchema{newEntitySchema("microsoft.graph.user", "User", userProperties())}
}

func newEntitySchema(typeName, label string, props []property) *entitySchema {
	s := &entitySchema{typeName: typeName, label: label, props: props, byName: map[string]propID{}}
	for i := range s.props {
		p := &s.props[i]
		s.byName[strings.ToLower(p.name)] = propID(i)
		if p.is(inDefault) {
			s.defaults.add(propID(i))
		}
	}
	return s
}

// lookup finds a property without regard to case.
func (s *entitySchema) lookup(name string) (propID, bool) {
	id, ok := s.byName[strings.ToLower(name)]
	return id, ok
}

func userProperties() []property {
	phone := []string{"User-Phone.ReadWrite.All"}
	named := []property{
		{name: "id", flags: inDefault | filterable | basic},
		{name: "accountEnabled", kind: kindBool, flags: filterable | writable | sensitive | notNullable, perms: []string{"User.EnableDisableAccount.All"}},
		{name: "businessPhones", kind: kindStrings, flags: inDefault | filterable | writable | mastered | sensitive | notNullable, maxLen: 64, perms: phone},
		{name: "displayName", flags: inDefault | personal | basic | notNullable, maxLen: 256},
		{name: "givenName", flags: inDefault | personal | basic, maxLen: 64},
		{name: "jobTitle", flags: inDefault | personal, maxLen: 128},
		{name: "mail", flags: inDefault | personal | basic | filterEnds, maxLen: 256},
		{name: "mobilePhone", flags: inDefault | filterAdv | writable | mastered | sensitive, maxLen: 64, perms: phone},
		{name: "officeLocation", flags: inDefault | filterAdv | writable | mastered, maxLen: 128},
		{name: "preferredLanguage", flags: inDefault | personal, maxLen: 100},
		{name: "surname", flags: inDefault | personal | basic, maxLen: 64},
		{name: "userPrincipalName", flags: inDefault | personal | basic | sensitive | notNullable | filterEnds, maxLen: 113},
		{name: "assignedLicenses", kind: kindObject, flags: notNullable},
		{name: "licenseAssignmentStates", kind: kindObject, flags: untracked},
		{name: "createdDateTime", kind: kindTime, flags: filterable},
		{name: "deletedDateTime", kind: kindTime},
		{name: "department", flags: personal, maxLen: 64},
		{name: "lastPasswordChangeDateTime", kind: kindTime},
		{name: "mailNickname", flags: personal | notNullable, maxLen: 64},
		{name: "onPremisesDomainName"},
		{name: "onPremisesImmutableId", flags: filterable | writable | mastered | sensitive},
		{name: "onPremisesLastSyncDateTime", kind: kindTime, flags: filterable},
		{name: "onPremisesSamAccountName", flags: filterAdv},
		{name: "onPremisesSyncEnabled", kind: kindBool, flags: filterable},
		{name: "onPremisesUserPrincipalName"},
		{name: "onPremisesDistinguishedName"},
		{name: "otherMails", kind: kindStrings, flags: filterable | writable | sensitive | notNullable, maxLen: 250, perms: []string{"User-Mail.ReadWrite.All"}},
		{name: "passwordProfile", kind: kindObject, flags: writable | mastered | sensitive | notNullable | neverVisible, perms: []string{"User-PasswordProfile.ReadWrite.All"}},
		{name: "proxyAddresses", kind: kindStrings, flags: filterable | mastered | notNullable},
		{name: "signInActivity", kind: kindObject, flags: untracked},
		{name: "signInSessionsValidFromDateTime", kind: kindTime},
		{name: "usageLocation", flags: textual | notNullable, maxLen: 2},
		{name: "userType", flags: textual},
		{name: "companyName", flags: personal, maxLen: 64},
		{name: "employeeId", flags: personal, maxLen: 16},
		{name: "externalUserState", flags: filterable},
		{name: "creationType", flags: filterable},
		{name: "passwordPolicies", flags: writable},
		{name: "showInAddressList", kind: kindBool, flags: writable | mastered},
		{name: "identities", kind: kindObject, flags: writable | sensitive, perms: []string{"User.ManageIdentities.All"}},
		{name: "manager", flags: mastered | navigation}, // the object id
	}
	return append(named, otherUserProperties()...)
}

func otherUserProperties() []property {
	late := untracked | sharePoint
	return []property{
		{name: "ageGroup", flags: textual},
		{name: "assignedPlans", kind: kindObject, flags: notNullable},
		{name: "authorizationInfo", kind: kindObject, flags: writable},
		{name: "city", flags: personal, maxLen: 128},
		{name: "consentProvidedForMinor", flags: textual},
		{name: "country", flags: personal, maxLen: 128},
		{name: "customSecurityAttributes", kind: kindObject, flags: untracked},
		{name: "deviceEnrollmentLimit", kind: kindInt, flags: untracked | notNullable},
		{name: "employeeHireDate", kind: kindTime, flags: filterable},
		{name: "employeeLeaveDateTime", kind: kindTime, flags: filterable | writable, perms: []string{"User-LifeCycleInfo.ReadWrite.All"}},
		{name: "employeeOrgData", kind: kindObject, flags: writable | mastered},
		{name: "employeeType", flags: personal},
		{name: "externalUserStateChangeDateTime", kind: kindTime},
		{name: "faxNumber", flags: filterAdv | writable | mastered},
		{name: "identityParentId"},
		{name: "imAddresses", kind: kindStrings, flags: filterable},
		{name: "isManagementRestricted", kind: kindBool},
		{name: "isResourceAccount", kind: kindBool},
		{name: "legalAgeGroupClassification"},
		{name: "onPremisesExtensionAttributes", kind: kindObject, flags: writable | mastered},
		{name: "onPremisesProvisioningErrors", kind: kindObject},
		{name: "onPremisesSecurityIdentifier", flags: filterable},
		{name: "postalCode", flags: personal, maxLen: 40},
		{name: "preferredDataLocation", flags: textual},
		{name: "print", kind: kindObject, flags: untracked},
		{name: "provisionedPlans", kind: kindObject, flags: notNullable},
		{name: "securityIdentifier"},
		{name: "serviceProvisioningErrors", kind: kindObject},
		{name: "state", flags: personal, maxLen: 128},
		{name: "streetAddress", flags: filterAdv | writable | mastered, maxLen: 1024},
		{name: "aboutMe", flags: late},
		{name: "birthday", kind: kindTime, flags: late | notNullable},
		{name: "hireDate", kind: kindTime, flags: late | notNullable},
		{name: "interests", kind: kindStrings, flags: late},
		{name: "mailboxSettings", kind: kindObject, flags: late},
		{name: "mySite", flags: late},
		{name: "pastProjects", kind: kindStrings, flags: late},
		{name: "preferredName", flags: late},
		{name: "responsibilities", kind: kindStrings, flags: late},
		{name: "schools", kind: kindStrings, flags: late},
		{name: "skills", kind: kindStrings, flags: late},
	}
}

// propSet is a set of property ids; a user has fewer than 128.
type propSet [2]uint64

func (s *propSet) add(p propID)                  { s[p>>6] |= 1 << (p & 63) }
func (s propSet) has(p propID) bool              { return s[p>>6]&(1<<(p&63)) != 0 }
func (s propSet) intersects(o propSet) bool      { return s[0]&o[0]|s[1]&o[1] != 0 }
func (s propSet) union(o propSet) propSet        { return propSet{s[0] | o[0], s[1] | o[1]} }
func (s propSet) intersection(o propSet) propSet { return propSet{s[0] & o[0], s[1] & o[1]} }
func (s propSet) empty() bool                    { return s == propSet{} }
