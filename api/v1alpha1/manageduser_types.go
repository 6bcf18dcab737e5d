package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ManagedUserSpec says what one person's account must be. What is absent is not
// managed and never written.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.id) || (has(self.id) && self.id == oldSelf.id)",message="id is immutable once set and may not be removed: it pins the person"
// +kubebuilder:validation:XValidation:rule="!(has(self.forcePasswordChange) && self.forcePasswordChange && has(self.passwordChangedSince))",message="set either forcePasswordChange or passwordChangedSince, not both"
// +kubebuilder:validation:XValidation:rule="!has(self.creationPolicy) || self.creationPolicy != 'Create' || (has(self.profile) && has(self.profile.displayName))",message="creationPolicy Create needs profile.displayName: an account cannot be made without a name"
// +kubebuilder:validation:XValidation:rule="!has(self.firstSignIn) || (has(self.creationPolicy) && self.creationPolicy == 'Create')",message="firstSignIn is for accounts that are made here: set creationPolicy to Create as well"
// +kubebuilder:validation:XValidation:rule="!has(self.directoryRoles) || self.directoryRoles.size() == 0 || (has(self.allowPrivileged) && self.allowPrivileged)",message="directoryRoles need allowPrivileged: true: they make the account an administrator"
type ManagedUserSpec struct {
	// tenantRef names the Tenant, in the same namespace, that the account lives in.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="tenantRef is immutable: an account does not move between tenants"
	TenantRef ObjectReference `json:"tenantRef,omitzero"`

	// id is the account's object id. It pins the person, whatever the name becomes.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$')",message="id must be the account's object id, a GUID in lower case"
	ID string `json:"id,omitempty"`

	// userPrincipalName is the account's sign-in name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$')",message="userPrincipalName must be a sign-in name like alice@contoso.com"
	UserPrincipalName string `json:"userPrincipalName,omitempty"`

	// managementPolicy says whether the operator may change this account. Absent
	// means Enforce; the Tenant's Observe wins.
	// +optional
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// creationPolicy says whether the account is made when there is none. With Create
	// and the id of an account that was deleted, that account is restored.
	// +optional
	// +default="Never"
	CreationPolicy CreationPolicy `json:"creationPolicy,omitempty"`

	// deletionPolicy says what becomes of the account when this object is deleted.
	// Retain leaves it alone; Suspend blocks sign-in and revokes the sessions; Delete
	// deletes the account, which can be restored for 30 days. Both wait for the Tenant's
	// safeguards.deletionGrace, and are dropped when the namespace or the Tenant goes
	// as well.
	// +optional
	// +default="Retain"
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// paused stops reconciling this object.
	// +optional
	Paused bool `json:"paused,omitempty"`

	// suspended true blocks sign-in, revokes the sessions once, and keeps the account
	// blocked. false unblocks once; an account that somebody else blocks later stays
	// blocked. Absent: whatever Microsoft 365 says.
	// +optional
	Suspended *bool `json:"suspended,omitempty"`

	// forcePasswordChange true asks once for a new password at the next sign-in, and
	// again only after it has been false.
	// +optional
	ForcePasswordChange *bool `json:"forcePasswordChange,omitempty"`

	// passwordChangedSince asks for a new password until the account's last password
	// change is later than this.
	// +optional
	PasswordChangedSince *metav1.Time `json:"passwordChangedSince,omitempty"`

	// startAt keeps an account that is made here, or that was blocked when this was
	// declared, blocked until then, and opens it once.
	// +optional
	StartAt *metav1.Time `json:"startAt,omitempty"`

	// firstSignIn says with what the person signs in the first time: a password, which
	// must be changed then, or a temporary access pass. It is put into the Secret that
	// status.firstSignIn names. Absent means Password.
	// +optional
	FirstSignIn FirstSignInMethod `json:"firstSignIn,omitempty"`

	// profile says what is written about the person. What is absent is not managed.
	// +optional
	Profile *UserProfile `json:"profile,omitempty"`

	// manager is the user principal name of the person's manager; "" means none.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$')",message="manager must be a sign-in name like bob@contoso.com, or empty for none"
	Manager *string `json:"manager,omitempty"`

	// licenses the account must have. An entry claims the licence, also one that was
	// there before; taken off the list it is taken away. An empty list takes away all
	// that is claimed, without the key all is let go. The list has one owner: of a list
	// that is merged entry by entry, server-side apply would drop the key with the last
	// entry.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(e, self.exists_one(o, o.sku == e.sku))",message="licenses must name each sku once"
	Licenses []LicenseEntry `json:"licenses,omitzero"`

	// groups the account must be a member of, security and Microsoft 365 groups.
	// Entries claim, as in licenses.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:XValidation:rule="self.all(e, self.exists_one(o, o.name == e.name))",message="groups must name each group once"
	Groups []GroupEntry `json:"groups,omitzero"`

	// applications the account must have a role in. Entries claim, as in licenses.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(e, self.exists_one(o, o.name == e.name && o.role == e.role))",message="applications must name each role of an application once"
	Applications []ApplicationEntry `json:"applications,omitzero"`

	// directoryRoles the account must hold. Entries claim, as in licenses; one that is
	// taken away elsewhere is not given back. They need allowPrivileged, the Tenant's
	// safeguards.privileged and a manager with --allow-role-grants.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(e, self.exists_one(o, o.name == e.name && o.scope == e.scope))",message="directoryRoles must name each role once for a scope"
	DirectoryRoles []DirectoryRoleEntry `json:"directoryRoles,omitzero"`

	// allowPrivileged lets this object touch an administrator, if the Tenant's
	// safeguards list the account as privileged as well.
	// +optional
	AllowPrivileged bool `json:"allowPrivileged,omitempty"`
}

// CreationPolicy says whether an account is made when there is none.
// +kubebuilder:validation:Enum=Never;Create
type CreationPolicy string

const (
	// CreationPolicyNever waits for somebody else to make the account.
	CreationPolicyNever CreationPolicy = "Never"
	// CreationPolicyCreate makes it.
	CreationPolicyCreate CreationPolicy = "Create"
)

// DeletionPolicy says what becomes of the account when its object is deleted.
// +kubebuilder:validation:Enum=Retain;Suspend;Delete
type DeletionPolicy string

const (
	// DeletionPolicyRetain leaves the account alone.
	DeletionPolicyRetain DeletionPolicy = "Retain"
	// DeletionPolicySuspend blocks sign-in and revokes the sessions.
	DeletionPolicySuspend DeletionPolicy = "Suspend"
	// DeletionPolicyDelete deletes the account, which can be restored for 30 days.
	DeletionPolicyDelete DeletionPolicy = "Delete"
)

// FirstSignInMethod says with what a person signs in the first time.
// +kubebuilder:validation:Enum=Password;TemporaryAccessPass
type FirstSignInMethod string

const (
	// FirstSignInPassword is a random password that must be changed.
	FirstSignInPassword FirstSignInMethod = "Password"
	// FirstSignInTemporaryAccessPass is a passcode for a limited time, with which the
	// person registers a method without any password.
	FirstSignInTemporaryAccessPass FirstSignInMethod = "TemporaryAccessPass"
)

// UserProfile says what is written about a person, under Graph's own names and limits
// (https://learn.microsoft.com/graph/api/resources/user#properties). An absent field is
// not managed; an empty one is cleared.
type UserProfile struct {
	// displayName of the account. It cannot be cleared.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	DisplayName *string `json:"displayName,omitempty"`
	// givenName of the person.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	GivenName *string `json:"givenName,omitempty"`
	// surname of the person.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Surname *string `json:"surname,omitempty"`
	// jobTitle of the person.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	JobTitle *string `json:"jobTitle,omitempty"`
	// department the person works in.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Department *string `json:"department,omitempty"`
	// companyName the person works for.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	CompanyName *string `json:"companyName,omitempty"`
	// officeLocation of the person.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	OfficeLocation *string `json:"officeLocation,omitempty"`
	// streetAddress of the person's place of business.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	StreetAddress *string `json:"streetAddress,omitempty"`
	// city of the person's place of business.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	City *string `json:"city,omitempty"`
	// state or province.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	State *string `json:"state,omitempty"`
	// postalCode of the person's address.
	// +optional
	// +kubebuilder:validation:MaxLength=40
	PostalCode *string `json:"postalCode,omitempty"`
	// country or region.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Country *string `json:"country,omitempty"`
	// mobilePhone number.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	MobilePhone *string `json:"mobilePhone,omitempty"`
	// businessPhone number. Graph keeps one at most.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	BusinessPhone *string `json:"businessPhone,omitempty"`
	// usageLocation is the country where the person uses the services, as two letters
	// (ISO 3166). Licences need one; it cannot be cleared.
	// +optional
	// +kubebuilder:validation:MaxLength=2
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z]{2}$')",message="usageLocation must be a country as two capital letters, like DE; it cannot be cleared"
	UsageLocation *string `json:"usageLocation,omitempty"`
	// preferredLanguage of the person, like de-DE.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$')",message="preferredLanguage must be a language like de-DE, or empty"
	PreferredLanguage *string `json:"preferredLanguage,omitempty"`
	// employeeID in the organization's own books.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	EmployeeID *string `json:"employeeID,omitempty"`
	// employeeType of the person, as Employee or Contractor.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	EmployeeType *string `json:"employeeType,omitempty"`
}

// LicenseEntry is a licence that an account must have.
type LicenseEntry struct {
	// sku is the SKU's part number, like SPE_E3, or its GUID.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	SKU string `json:"sku,omitempty"`
	// disabledPlans are the service plans, by name or GUID, that are switched off. Absent:
	// whatever is so; empty: none is switched off.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	DisabledPlans []string `json:"disabledPlans,omitzero"`
	// until is when the entry ends, as if it were taken off the list then.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// GroupEntry is a group that an account must be a member of.
type GroupEntry struct {
	// name is the group's exact display name, or its object id.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`
	// until is when the entry ends, as if it were taken off the list then.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// ApplicationEntry is a role that an account must have in an application.
type ApplicationEntry struct {
	// name is the enterprise application's exact display name, its app id or its object
	// id.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`
	// role is the app role's display name, value or id. Default is for applications
	// that have no roles.
	// +optional
	// +default="Default"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Role string `json:"role,omitempty"`
	// until is when the entry ends, as if it were taken off the list then.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// DirectoryRoleEntry is a directory role that an account must hold, assigned to itself
// and active.
//
// +kubebuilder:validation:XValidation:rule="!(self.name.lowerAscii() in ['global administrator', 'privileged role administrator', 'privileged authentication administrator', '62e90394-69f5-4237-9190-012177145e10', 'e8611ab8-c189-46e8-94e1-60213ab1f814', '7be44c8a-adaf-4e2a-84d6-ab2649e08a13'])",message="this role can give itself every other one and is never granted from here: grant it in the Entra admin center",reason=FieldValueForbidden
type DirectoryRoleEntry struct {
	// name is the role's display name or its template id.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`
	// scope is the directory scope; / is the whole tenant.
	// +optional
	// +default="/"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="scope must be / or the path of an administrative unit, like /administrativeUnits/<id>"
	Scope string `json:"scope,omitempty"`
	// until is when the entry ends, as if it were taken off the list then.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// ManagedUserStatus is what one person's account is.
type ManagedUserStatus struct {
	// observedGeneration is the generation that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// lastHandledReconcileAt is the last value of the annotation
	// reconcile.fluxcd.io/requestedAt that was acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`

	// feeds tell how fresh each kind of information was when a pass was last asked for.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Feeds []Feed `json:"feeds,omitempty"`

	// id is the object id of the account this object is bound to.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	ID string `json:"id,omitempty"`

	// state of the account.
	// +optional
	State UserState `json:"state,omitempty"`

	// sync tells whether the account is as declared.
	// +optional
	Sync SyncState `json:"sync,omitempty"`

	// source tells who answered.
	// +optional
	Source Source `json:"source,omitempty"`

	// accountType tells what kind of account it is.
	// +optional
	AccountType AccountType `json:"accountType,omitempty"`

	// userPrincipalName is the account's sign-in name as last read.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	UserPrincipalName string `json:"userPrincipalName,omitempty"`

	// displayName of the account.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	DisplayName string `json:"displayName,omitempty"`

	// givenName of the person.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	GivenName string `json:"givenName,omitempty"`

	// surname of the person.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Surname string `json:"surname,omitempty"`

	// mail is the account's SMTP address.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Mail string `json:"mail,omitempty"`

	// jobTitle of the person.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	JobTitle string `json:"jobTitle,omitempty"`

	// department of the person.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Department string `json:"department,omitempty"`

	// userType is Graph's: Member or Guest.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	UserType string `json:"userType,omitempty"`

	// onPremises tells of the account's on-premises directory, if it has one.
	// +optional
	OnPremises *OnPremises `json:"onPremises,omitempty"`

	// mfa tells whether the person registered for multifactor authentication.
	// +optional
	MFA *MFAStatus `json:"mfa,omitempty"`

	// admin tells whether the account holds, or may activate, a directory role.
	// +optional
	Admin Knowledge `json:"admin,omitempty"`

	// roles are the directory roles, with how the account comes by them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Roles []RoleStatus `json:"roles,omitempty"`

	// licensed tells whether the account holds a licence.
	// +optional
	Licensed Knowledge `json:"licensed,omitempty"`

	// licenses are the account's licences.
	// +optional
	// +listType=map
	// +listMapKey=sku
	// +kubebuilder:validation:MaxItems=100
	Licenses []UserLicense `json:"licenses,omitempty"`

	// groups are those that the account is a direct member of.
	// +optional
	Groups *GroupsStatus `json:"groups,omitempty"`

	// applications are the account's roles in the applications that some ManagedUser of
	// the Tenant names.
	// +optional
	Applications *ApplicationsStatus `json:"applications,omitempty"`

	// manager is the user principal name of the person's manager, while the object
	// declares one.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Manager string `json:"manager,omitempty"`

	// devices are those that the account is the registered owner of.
	// +optional
	Devices *DevicesStatus `json:"devices,omitempty"`

	// validatedDevice tells whether one of the devices is enabled, joined or registered,
	// managed and compliant. It is Unknown without Intune.
	// +optional
	ValidatedDevice Knowledge `json:"validatedDevice,omitempty"`

	// alerts are what somebody should look at.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Alerts []Alert `json:"alerts,omitempty"`

	// firstSignIn tells of the credential for the first sign-in, while there is one.
	// +optional
	FirstSignIn *FirstSignInStatus `json:"firstSignIn,omitempty"`

	// lastSignIn tells when the person last signed in.
	// +optional
	LastSignIn *LastSignIn `json:"lastSignIn,omitempty"`

	// lastPasswordChange is when the password was last changed.
	// +optional
	LastPasswordChange *metav1.Time `json:"lastPasswordChange,omitempty"`

	// pendingChanges are what would be done; empty when the account is as declared.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	PendingChanges []PendingChange `json:"pendingChanges,omitempty"`

	// declaredGeneration is the generation at which the operator first saw this object
	// declared by somebody else than discovery. A later one is a change it witnessed,
	// not something found when its memory began.
	// +optional
	DeclaredGeneration int64 `json:"declaredGeneration,omitempty"`

	// claims are the entries of spec's lists that this object holds, with what each was
	// first found to mean.
	// +optional
	// +listType=map
	// +listMapKey=kind
	// +listMapKey=name
	// +listMapKey=qualifier
	// +kubebuilder:validation:MaxItems=512
	Claims []Claim `json:"claims,omitempty"`

	// records are the operator's memory of what must not be done twice.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Records []Record `json:"records,omitempty"`

	// conditions tell the state of the object.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// UserState is the state of an account.
// +kubebuilder:validation:Enum=Active;Suspended;Staged;Deleted;NotFound
type UserState string

const (
	// StateActive means the account may sign in.
	StateActive UserState = "Active"
	// StateSuspended means the account is blocked from signing in.
	StateSuspended UserState = "Suspended"
	// StateStaged means the account was made ready by the operator and never opened.
	StateStaged UserState = "Staged"
	// StateDeleted means the account was deleted.
	StateDeleted UserState = "Deleted"
	// StateNotFound means there is no such account.
	StateNotFound UserState = "NotFound"
)

// SyncState tells whether an account is as declared.
// +kubebuilder:validation:Enum=InSync;Pending;Blocked;Unknown
type SyncState string

const (
	// SyncInSync means the account is as declared.
	SyncInSync SyncState = "InSync"
	// SyncPending means there are changes that will be made, or would be.
	SyncPending SyncState = "Pending"
	// SyncBlocked means there are changes that cannot be made.
	SyncBlocked SyncState = "Blocked"
	// SyncUnknown means the account has not been read.
	SyncUnknown SyncState = "Unknown"
)

// Source tells who answered for an account.
// +kubebuilder:validation:Enum=Graph
type Source string

// SourceGraph is Microsoft Graph.
const SourceGraph Source = "Graph"

// AccountType tells what kind of account it is.
// +kubebuilder:validation:Enum=Person;Guest;Shared;Room;Equipment;Service;Unknown
type AccountType string

const (
	// AccountPerson is a person's account.
	AccountPerson AccountType = "Person"
	// AccountGuest is a guest's account, whose home is another directory.
	AccountGuest AccountType = "Guest"
	// AccountShared is a shared mailbox.
	AccountShared AccountType = "Shared"
	// AccountRoom is a room's mailbox.
	AccountRoom AccountType = "Room"
	// AccountEquipment is the mailbox of equipment, like a beamer or a car.
	AccountEquipment AccountType = "Equipment"
	// AccountService is a directory-synchronization account.
	AccountService AccountType = "Service"
	// AccountUnknown could not be told.
	AccountUnknown AccountType = "Unknown"
)

// OnPremises tells of an account's on-premises directory.
type OnPremises struct {
	// synced tells whether the on-premises directory masters the account now.
	// +required
	Synced bool `json:"synced"`
	// samAccountName on premises.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	SAMAccountName string `json:"samAccountName,omitempty"`
	// domain is the on-premises domain's DNS name.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Domain string `json:"domain,omitempty"`
	// lastSyncTime is when the account was last written by the synchronization.
	// +optional
	LastSyncTime *metav1.Time `json:"lastSyncTime,omitempty"`
}

// MFAState tells whether a person registered for multifactor authentication.
// +kubebuilder:validation:Enum=Registered;NotRegistered;NotApplicable;Unknown
type MFAState string

const (
	// MFARegistered means a second factor is registered.
	MFARegistered MFAState = "Registered"
	// MFANotRegistered means none is.
	MFANotRegistered MFAState = "NotRegistered"
	// MFANotApplicable means the account has no use for one here.
	MFANotApplicable MFAState = "NotApplicable"
	// MFAUnknown means it could not be read.
	MFAUnknown MFAState = "Unknown"
)

// MFAReason tells why the state is NotApplicable or Unknown.
// +kubebuilder:validation:Enum=SignInBlocked;Guest;Shared;Room;Equipment;Service;PremiumRequired;PermissionMissing;NotReported;NotRead
type MFAReason string

const (
	// MFAReasonSignInBlocked: the account is blocked, so nobody signs in.
	MFAReasonSignInBlocked MFAReason = "SignInBlocked"
	// MFAReasonGuest: the guest's home tenant authenticates.
	MFAReasonGuest MFAReason = "Guest"
	// MFAReasonShared: the account is a shared mailbox.
	MFAReasonShared MFAReason = "Shared"
	// MFAReasonRoom: the account is a room.
	MFAReasonRoom MFAReason = "Room"
	// MFAReasonEquipment: the account is equipment.
	MFAReasonEquipment MFAReason = "Equipment"
	// MFAReasonService: the account is a synchronization service.
	MFAReasonService MFAReason = "Service"
	// MFAReasonPremiumRequired: the tenant lacks Entra ID P1.
	MFAReasonPremiumRequired MFAReason = "PremiumRequired"
	// MFAReasonPermissionMissing: the app lacks the permission to read the report.
	MFAReasonPermissionMissing MFAReason = "PermissionMissing"
	// MFAReasonNotReported: Microsoft's report, up to 36 hours old, does not list
	// the account yet.
	MFAReasonNotReported MFAReason = "NotReported"
	// MFAReasonNotRead: the report has not been read yet.
	MFAReasonNotRead MFAReason = "NotRead"
)

// MFAStatus tells whether a person registered for multifactor authentication.
// Registered is not the same as enforced: see the Tenant's mfaPolicy.
type MFAStatus struct {
	// state of the registration.
	// +required
	State MFAState `json:"state,omitempty"`

	// methods registered, in Graph's names.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=128
	Methods []string `json:"methods,omitempty"`

	// defaultMethod is the one the person is asked for first.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	DefaultMethod string `json:"defaultMethod,omitempty"`

	// asOf is when Microsoft's report last changed for this account, or when the methods
	// were read live.
	// +optional
	AsOf *metav1.Time `json:"asOf,omitempty"`

	// reason tells why the state is NotApplicable or Unknown.
	// +optional
	Reason MFAReason `json:"reason,omitempty"`
}

// RolePath tells how an account comes by a role.
// +kubebuilder:validation:Enum=Direct;Group;Eligible
type RolePath string

const (
	// RoleDirect means the role is assigned to the account itself.
	RoleDirect RolePath = "Direct"
	// RoleGroup means the role is assigned to a group that the account is in.
	RoleGroup RolePath = "Group"
	// RoleEligible means the account may activate the role (Privileged Identity
	// Management).
	RoleEligible RolePath = "Eligible"
)

// RoleStatus is a directory role of an account.
type RoleStatus struct {
	// name of the role.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`
	// scope is the directory scope; / is the whole tenant.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Scope string `json:"scope,omitempty"`
	// path tells how the account comes by the role.
	// +required
	Path RolePath `json:"path,omitempty"`
	// viaGroup is the id of the group that holds the role.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	ViaGroup string `json:"viaGroup,omitempty"`
}

// UserLicense is a licence of an account.
type UserLicense struct {
	// sku is the SKU's part number, or its GUID where the tenant no longer lists it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	SKU string `json:"sku,omitempty"`
	// name is what Microsoft sells it as.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`
	// viaGroup is the id of the group that gives the licence, unless it is assigned to
	// the account itself.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	ViaGroup string `json:"viaGroup,omitempty"`
	// error tells why the group cannot give the licence, in Graph's own word.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Error string `json:"error,omitempty"`
}

// GroupsStatus lists an account's groups.
type GroupsStatus struct {
	// total number of groups.
	// +required
	Total int32 `json:"total"`
	// names of the first of them, in the order of the alphabet.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=256
	Names []string `json:"names,omitempty"`
}

// ApplicationsStatus lists an account's roles in applications.
type ApplicationsStatus struct {
	// total number of roles.
	// +required
	Total int32 `json:"total"`
	// items are the first of them, by name and role.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Items []ApplicationStatus `json:"items,omitempty"`
}

// ApplicationStatus is a role of an account in an application.
type ApplicationStatus struct {
	// name of the application.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`
	// role within the application.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Role string `json:"role,omitempty"`
	// viaGroup is the id of the group that holds the role, unless it is assigned to the
	// account itself.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	ViaGroup string `json:"viaGroup,omitempty"`
}

// DevicesStatus lists an account's devices.
type DevicesStatus struct {
	// total number of devices.
	// +required
	Total int32 `json:"total"`
	// items are the first of them, by name.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Items []DeviceStatus `json:"items,omitempty"`
}

// DeviceStatus is a device of a person.
type DeviceStatus struct {
	// id of the device's object in the directory.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=36
	ID string `json:"id,omitempty"`
	// name of the device.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`
	// operatingSystem as reported.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	OperatingSystem string `json:"operatingSystem,omitempty"`
	// trustType is Workplace (registered), AzureAd (joined) or ServerAd (hybrid).
	// +optional
	// +kubebuilder:validation:MaxLength=32
	TrustType string `json:"trustType,omitempty"`
	// enabled tells whether the device may be used to sign in.
	// +optional
	Enabled Knowledge `json:"enabled,omitempty"`
	// managed tells whether Intune manages the device.
	// +optional
	Managed Knowledge `json:"managed,omitempty"`
	// compliant tells whether it complies with the tenant's policies.
	// +optional
	Compliant Knowledge `json:"compliant,omitempty"`
}

// Alert is something about an account that somebody should look at.
// +kubebuilder:validation:Enum=RecentlyLockedOut;LicenseError;SuspendedButLicensed;SharedCanSignIn;UndeclaredAdmin;Stale
type Alert string

const (
	// AlertRecentlyLockedOut: smart lockout refused a sign-in within the last day.
	AlertRecentlyLockedOut Alert = "RecentlyLockedOut"
	// AlertLicenseError: a group cannot give the account its licence.
	AlertLicenseError Alert = "LicenseError"
	// AlertSuspendedButLicensed: the account is blocked and still costs a licence.
	AlertSuspendedButLicensed Alert = "SuspendedButLicensed"
	// AlertSharedCanSignIn: a shared mailbox, room or equipment may sign in.
	AlertSharedCanSignIn Alert = "SharedCanSignIn"
	// AlertUndeclaredAdmin: the account is an administrator, and nothing in Git says so.
	AlertUndeclaredAdmin Alert = "UndeclaredAdmin"
	// AlertStale: the account may sign in and has not for 90 days.
	AlertStale Alert = "Stale"
)

// FirstSignInStatus tells of the credential for the first sign-in.
type FirstSignInStatus struct {
	// secretName is the Secret, in this namespace, that holds it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`
	// expires is when the Secret is removed at the latest.
	// +optional
	Expires *metav1.Time `json:"expires,omitempty"`
}

// ClaimKind is the list that a claim belongs to.
// +kubebuilder:validation:Enum=License;Group;Application;DirectoryRole;Manager
type ClaimKind string

const (
	// ClaimLicense is an entry of spec.licenses.
	ClaimLicense ClaimKind = "License"
	// ClaimGroup is an entry of spec.groups.
	ClaimGroup ClaimKind = "Group"
	// ClaimApplication is an entry of spec.applications.
	ClaimApplication ClaimKind = "Application"
	// ClaimDirectoryRole is an entry of spec.directoryRoles.
	ClaimDirectoryRole ClaimKind = "DirectoryRole"
	// ClaimManager is spec.manager.
	ClaimManager ClaimKind = "Manager"
)

// Claim is an entry that an object holds: taken off its list it is taken away, and its
// name keeps the meaning that it first had.
type Claim struct {
	// kind tells which list.
	// +required
	Kind ClaimKind `json:"kind,omitempty"`
	// name as the spec has it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`
	// qualifier is the application's role, or the directory role's scope, as the spec
	// has it.
	// +optional
	// +default=""
	// +kubebuilder:validation:MaxLength=256
	Qualifier string `json:"qualifier,omitempty"`
	// id of what the name means: a SKU, a group, an application, a role definition or an
	// account.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ID string `json:"id,omitempty"`
	// roleID is the id of the application's role.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	RoleID string `json:"roleID,omitempty"`
	// held is true once the account had what is claimed.
	// +optional
	Held bool `json:"held,omitempty"`
}

// LastSignIn tells when a person last signed in, in steps of a day.
type LastSignIn struct {
	// successful is the day of the last successful sign-in. Microsoft reports it
	// since December 2023.
	// +optional
	Successful *metav1.Time `json:"successful,omitempty"`
	// reason tells why it is not known; empty when it is.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`
}

// PendingChange is a change that would make the account as declared.
type PendingChange struct {
	// facet that wants the change.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Facet string `json:"facet,omitempty"`
	// action that would be taken.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Action string `json:"action,omitempty"`
	// from is the value found.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	From string `json:"from,omitempty"`
	// to is the value declared.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	To string `json:"to,omitempty"`
	// reason tells why the change is not made; empty when it is about to be.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`
}

// RecordPhase is how far a once-only step has come.
// +kubebuilder:validation:Enum=Owed;Started;Done
type RecordPhase string

const (
	// PhaseOwed means the step is due and not begun.
	PhaseOwed RecordPhase = "Owed"
	// PhaseStarted means the step may have happened: it is settled by reading back
	// before anything is done again.
	PhaseStarted RecordPhase = "Started"
	// PhaseDone means the step happened, or was found done.
	PhaseDone RecordPhase = "Done"
)

// Record is the operator's memory of one step that must not be done twice.
type Record struct {
	// name of the step.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name,omitempty"`

	// value declared that the step serves. Another value is another step.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Value string `json:"value,omitempty"`

	// cause of the step: the generation that first declared the value, or Adopted.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Cause string `json:"cause,omitempty"`

	// phase tells how far the step has come.
	// +required
	Phase RecordPhase `json:"phase,omitempty"`

	// baseline is Graph's own value before the step, by which it is settled whether
	// the step took place.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Baseline string `json:"baseline,omitempty"`

	// count is how often the step was done again because something undid it.
	// +optional
	Count int32 `json:"count,omitempty"`

	// time of the last change of phase.
	// +required
	Time metav1.Time `json:"time,omitzero"`
}

// ManagedUser is one person's account in a Microsoft 365 tenant.
//
// +genclient
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=m365,shortName=muser;musers
// +kubebuilder:selectablefield:JSONPath=`.status.state`
// +kubebuilder:selectablefield:JSONPath=`.status.mfa.state`
// +kubebuilder:selectablefield:JSONPath=`.status.admin`
// +kubebuilder:selectablefield:JSONPath=`.status.licensed`
// +kubebuilder:selectablefield:JSONPath=`.status.sync`
// +kubebuilder:selectablefield:JSONPath=`.status.accountType`
// +kubebuilder:selectablefield:JSONPath=`.spec.tenantRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.userPrincipalName`
// +kubebuilder:printcolumn:name="Display-Name",type=string,JSONPath=`.status.displayName`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="MFA",type=string,JSONPath=`.status.mfa.state`
// +kubebuilder:printcolumn:name="Admin",type=string,JSONPath=`.status.admin`
// +kubebuilder:printcolumn:name="Licensed",type=string,JSONPath=`.status.licensed`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="UPN",type=string,priority=1,JSONPath=`.status.userPrincipalName`
// +kubebuilder:printcolumn:name="Mail",type=string,priority=1,JSONPath=`.status.mail`
// +kubebuilder:printcolumn:name="Last-Sign-In",type=date,priority=1,JSONPath=`.status.lastSignIn.successful`
// +kubebuilder:printcolumn:name="Tenant",type=string,priority=1,JSONPath=`.spec.tenantRef.name`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ManagedUser struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says what the account must be.
	// +required
	Spec ManagedUserSpec `json:"spec,omitzero"`

	// status is what the account is.
	// +optional
	Status ManagedUserStatus `json:"status,omitempty"`
}

// ManagedUserList is a list of ManagedUsers.
//
// +kubebuilder:object:root=true
type ManagedUserList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ManagedUser `json:"items"`
}

// GetConditions returns the conditions.
func (u *ManagedUser) GetConditions() []metav1.Condition { return u.Status.Conditions }

// SetConditions replaces the conditions.
func (u *ManagedUser) SetConditions(conditions []metav1.Condition) { u.Status.Conditions = conditions }
