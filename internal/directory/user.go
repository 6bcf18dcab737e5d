package directory

import "time"

// Tristate is a fact that may not have been told. Its zero value is Unknown, so a
// property that was not selected never reads as a "no".
type Tristate int8

// The values of a Tristate.
const (
	Unknown Tristate = iota
	Yes
	No
)

// TristateOf is Yes or No.
func TristateOf(b bool) Tristate {
	if b {
		return Yes
	}
	return No
}

// User is an account as last read. Times are Graph's own, in UTC, zero when never
// set (https://learn.microsoft.com/graph/api/resources/user).
type User struct {
	// ID is the object id, in lower case.
	ID                string
	UserPrincipalName string
	DisplayName       string
	GivenName         string
	Surname           string
	Mail              string
	JobTitle          string
	Department        string
	UsageLocation     string
	// UserType is Member or Guest; empty on old accounts, which are members.
	UserType string
	// Enabled is accountEnabled: Yes when sign-in is not blocked.
	Enabled Tristate
	// OnPremises tells of the on-premises directory.
	OnPremises OnPremises
	Created    time.Time
	// LastPasswordChange is lastPasswordChangeDateTime.
	LastPasswordChange time.Time
	// SessionsValidFrom is signInSessionsValidFromDateTime: sessions begun before it
	// are void.
	SessionsValidFrom time.Time
	// SKUs are the ids of the assigned licences, direct or through a group, sorted.
	SKUs []string
	// Licenses tell how the account comes by its licences, and of those it could not
	// be given; sorted by SKU and group. Nil when that was not read.
	Licenses []LicenseAssignment
	// Profile holds what else is known of the person; nil when it was not read.
	Profile *Profile
}

// Profile holds the attributes of an account that are read for display and comparison
// only, apart from those that stand in User itself. Empty means not set.
type Profile struct {
	CompanyName       string
	OfficeLocation    string
	StreetAddress     string
	City              string
	State             string
	PostalCode        string
	Country           string
	MobilePhone       string
	BusinessPhone     string
	PreferredLanguage string
	EmployeeID        string
	EmployeeType      string
}

// LicenseAssignment is one way by which an account has, or should have, a licence
// (https://learn.microsoft.com/graph/api/resources/licenseassignmentstate).
type LicenseAssignment struct {
	// SKU is the id of the subscription, in lower case.
	SKU string
	// Group is the id of the group that gives the licence; empty when it is assigned
	// to the account itself.
	Group string
	// DisabledPlans are the ids of the plans switched off, sorted.
	DisabledPlans []string
	// Error is empty, or why the licence could not be given: CountViolation,
	// MutuallyExclusiveViolation, DependencyViolation,
	// ProhibitedInUsageLocationViolation, UniquenessViolation or Other.
	Error string
}

// GuestUserType is the userType of accounts whose home is another directory.
const GuestUserType = "Guest"

// OnPremises tells of an account's on-premises directory.
type OnPremises struct {
	// Synced is Yes while the on-premises directory masters the account.
	Synced         Tristate
	SAMAccountName string
	Domain         string
	LastSync       time.Time
}

// Removal tells that an account is gone from the users.
type Removal struct {
	ID string
	// Permanent is false while the account can still be restored.
	Permanent bool
}

// UserChanges is one page of the changes among the users. Exactly one of Next and
// Resume is set. The same user may appear more than once, and changes may repeat.
type UserChanges struct {
	Users   []User
	Removed []Removal
	// Next continues this round.
	Next string
	// Resume starts the next round; it ends this one.
	Resume string
}

// Page is one page of a reading; Next is empty on the last.
type Page[T any] struct {
	Items []T
	Next  string
}

// Registration is an account's line in the authentication methods report
// (https://learn.microsoft.com/graph/api/resources/userregistrationdetails). The
// report is up to 36 hours old and leaves out blocked accounts.
type Registration struct {
	ID            string
	MFARegistered bool
	Methods       []string
	DefaultMethod string
	Updated       time.Time
}

// SignIn is when an account last signed in, up to 24 hours late
// (https://learn.microsoft.com/graph/api/resources/signinactivity).
type SignIn struct {
	ID string
	// LastSuccessful is zero when there was none since December 2023.
	LastSuccessful time.Time
}

// DeletedUser is an account that was deleted and can be restored for 30 days
// (https://learn.microsoft.com/graph/api/resources/directory).
type DeletedUser struct {
	ID string
	// UserPrincipalName is the one the account had.
	UserPrincipalName string
	DisplayName       string
	Deleted           time.Time
}

// Namesakes are the objects that stand in the way of a new account's name.
type Namesakes struct {
	// Accounts carry the name as user principal name or as a mail address.
	Accounts []User
	// Time is the provider's clock at the reading, in steps of a second.
	Time time.Time
}

// NewUser is an account to be made. Empty attributes are not sent.
type NewUser struct {
	UserPrincipalName string
	DisplayName       string
	MailNickname      string
	Enabled           bool
	// Password is secret. It must be changed at the first sign-in.
	Password   string
	Attributes Attributes
}

// Person is the account as it will be read.
func (n NewUser) Person() User {
	user := User{
		UserPrincipalName: n.UserPrincipalName, DisplayName: n.DisplayName, Enabled: TristateOf(n.Enabled),
		SKUs: []string{}, Licenses: []LicenseAssignment{}, Profile: &Profile{},
	}
	for name, value := range n.Attributes {
		user.SetAttribute(name, value)
	}
	return user
}

// Attribute names one attribute of an account by Graph's own name
// (https://learn.microsoft.com/graph/api/resources/user#properties).
type Attribute string

// The attributes that can be written.
const (
	AttributeDisplayName       Attribute = "displayName"
	AttributeGivenName         Attribute = "givenName"
	AttributeSurname           Attribute = "surname"
	AttributeJobTitle          Attribute = "jobTitle"
	AttributeDepartment        Attribute = "department"
	AttributeCompanyName       Attribute = "companyName"
	AttributeOfficeLocation    Attribute = "officeLocation"
	AttributeStreetAddress     Attribute = "streetAddress"
	AttributeCity              Attribute = "city"
	AttributeState             Attribute = "state"
	AttributePostalCode        Attribute = "postalCode"
	AttributeCountry           Attribute = "country"
	AttributeMobilePhone       Attribute = "mobilePhone"
	AttributeBusinessPhone     Attribute = "businessPhones"
	AttributeUsageLocation     Attribute = "usageLocation"
	AttributePreferredLanguage Attribute = "preferredLanguage"
	AttributeEmployeeID        Attribute = "employeeId"
	AttributeEmployeeType      Attribute = "employeeType"
)

// Attributes are values to be written; an empty one clears the attribute.
type Attributes map[Attribute]string

// Attribute is the value of an attribute as read; known is false when it was not.
func (u *User) Attribute(name Attribute) (value string, known bool) {
	switch name {
	case AttributeDisplayName:
		return u.DisplayName, true
	case AttributeGivenName:
		return u.GivenName, true
	case AttributeSurname:
		return u.Surname, true
	case AttributeJobTitle:
		return u.JobTitle, true
	case AttributeDepartment:
		return u.Department, true
	case AttributeUsageLocation:
		return u.UsageLocation, true
	default:
		return u.Profile.attribute(name)
	}
}

func (p *Profile) attribute(name Attribute) (value string, known bool) {
	field := p.field(name)
	if field == nil {
		return "", false
	}
	return *field, true
}

// field is nil for a profile that was not read.
func (p *Profile) field(name Attribute) *string {
	if p == nil {
		return nil
	}
	return map[Attribute]*string{
		AttributeCompanyName:       &p.CompanyName,
		AttributeOfficeLocation:    &p.OfficeLocation,
		AttributeStreetAddress:     &p.StreetAddress,
		AttributeCity:              &p.City,
		AttributeState:             &p.State,
		AttributePostalCode:        &p.PostalCode,
		AttributeCountry:           &p.Country,
		AttributeMobilePhone:       &p.MobilePhone,
		AttributeBusinessPhone:     &p.BusinessPhone,
		AttributePreferredLanguage: &p.PreferredLanguage,
		AttributeEmployeeID:        &p.EmployeeID,
		AttributeEmployeeType:      &p.EmployeeType,
	}[name]
}

// SetAttribute changes an attribute of what was read. The profile is copied, since
// readings share it.
func (u *User) SetAttribute(name Attribute, value string) {
	switch name {
	case AttributeDisplayName:
		u.DisplayName = value
	case AttributeGivenName:
		u.GivenName = value
	case AttributeSurname:
		u.Surname = value
	case AttributeJobTitle:
		u.JobTitle = value
	case AttributeDepartment:
		u.Department = value
	case AttributeUsageLocation:
		u.UsageLocation = value
	default:
		profile := Profile{}
		if u.Profile != nil {
			profile = *u.Profile
		}
		if field := profile.field(name); field != nil {
			*field = value
			u.Profile = &profile
		}
	}
}

// MailboxPurpose tells what a mailbox is used for
// (https://learn.microsoft.com/graph/api/resources/mailboxsettings#userpurpose-values).
type MailboxPurpose string

// The purposes of a mailbox. Graph has more, which are passed on as they are.
const (
	MailboxNone      MailboxPurpose = "none" // there is no mailbox
	MailboxUser      MailboxPurpose = "user"
	MailboxLinked    MailboxPurpose = "linked"
	MailboxShared    MailboxPurpose = "shared"
	MailboxRoom      MailboxPurpose = "room"
	MailboxEquipment MailboxPurpose = "equipment"
	MailboxOthers    MailboxPurpose = "others"
)

// AuthenticationMethod is one that an account has registered, read live
// (https://learn.microsoft.com/graph/api/resources/authenticationmethods-overview).
type AuthenticationMethod struct {
	ID string
	// Type is Graph's own, without namespace and suffix: password, phone,
	// microsoftAuthenticator, fido2, softwareOath, windowsHelloForBusiness, email,
	// temporaryAccessPass, platformCredential, external.
	Type string
}

// SecondFactor tells whether the method proves more than a password.
func (m AuthenticationMethod) SecondFactor() bool {
	switch m.Type {
	case "password", "email", "temporaryAccessPass":
		return false
	default:
		return true
	}
}

// TemporaryAccessPass is a passcode for a limited time
// (https://learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethod).
type TemporaryAccessPass struct {
	// Pass is secret, and told once.
	Pass string
	// Starts and Expires by the provider's clock.
	Starts, Expires time.Time
	UsableOnce      bool
}

// LockedOut is a sign-in that smart lockout refused
// (https://learn.microsoft.com/entra/identity/authentication/howto-password-smart-lockout).
type LockedOut struct {
	UserID string
	Time   time.Time
}
