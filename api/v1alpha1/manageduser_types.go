package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ManagedUserSpec says what one person's account must be. What is absent is not
// managed and never written.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.id) || (has(self.id) && self.id == oldSelf.id)",message="id is immutable once set and may not be removed: it pins the person"
// +kubebuilder:validation:XValidation:rule="!(has(self.forcePasswordChange) && self.forcePasswordChange && has(self.passwordChangedSince))",message="set either forcePasswordChange or passwordChangedSince, not both"
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

	// deletionPolicy says what becomes of the account when this object is deleted.
	// Retain leaves it alone.
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

	// allowPrivileged lets this object touch an administrator, if the Tenant's
	// safeguards list the account as privileged as well.
	// +optional
	AllowPrivileged bool `json:"allowPrivileged,omitempty"`
}

// DeletionPolicy says what becomes of the account when its object is deleted.
// +kubebuilder:validation:Enum=Retain
type DeletionPolicy string

// DeletionPolicyRetain leaves the account alone.
const DeletionPolicyRetain DeletionPolicy = "Retain"

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
// +kubebuilder:validation:Enum=Active;Suspended;Deleted;NotFound
type UserState string

const (
	// StateActive means the account may sign in.
	StateActive UserState = "Active"
	// StateSuspended means the account is blocked from signing in.
	StateSuspended UserState = "Suspended"
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
// +kubebuilder:validation:Enum=Person;Guest;Room;Service;Unknown
type AccountType string

const (
	// AccountPerson is a person's account.
	AccountPerson AccountType = "Person"
	// AccountGuest is a guest's account, whose home is another directory.
	AccountGuest AccountType = "Guest"
	// AccountRoom is a room's mailbox.
	AccountRoom AccountType = "Room"
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
// +kubebuilder:validation:Enum=SignInBlocked;Guest;Room;Service;PremiumRequired;PermissionMissing;NotReported;NotRead
type MFAReason string

const (
	// MFAReasonSignInBlocked: the account is blocked, so nobody signs in.
	MFAReasonSignInBlocked MFAReason = "SignInBlocked"
	// MFAReasonGuest: the guest's home tenant authenticates.
	MFAReasonGuest MFAReason = "Guest"
	// MFAReasonRoom: the account is a room.
	MFAReasonRoom MFAReason = "Room"
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

	// asOf is when Microsoft's report last changed for this account.
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
	// +kubebuilder:validation:MaxLength=64
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
