package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TenantSpec says how one Microsoft 365 tenant is reached and what may be done there.
//
// +kubebuilder:validation:XValidation:rule="has(self.connectionRef) != has(self.credentials)",message="exactly one of connectionRef and credentials must be set"
type TenantSpec struct {
	// displayName is the client's name for people; it changes nothing in Microsoft 365.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	DisplayName string `json:"displayName,omitempty"`

	// tenantID is the tenant's GUID, or one of its verified domains.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$') || self.matches('^([a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?[.])+[a-zA-Z]{2,63}$')",message="tenantID must be the tenant's GUID or one of its verified domains"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="tenantID is immutable: make another Tenant for another tenant"
	TenantID string `json:"tenantID,omitempty"`

	// cloud is the Microsoft cloud that the tenant lives in.
	// +optional
	// +default="Global"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="cloud is immutable: a tenant does not move between clouds"
	Cloud Cloud `json:"cloud,omitempty"`

	// connectionRef names a Connection that grants this namespace this tenant.
	// +optional
	ConnectionRef *ObjectReference `json:"connectionRef,omitempty"`

	// credentials of an app that is registered in the client's own tenant.
	// +optional
	Credentials *TenantCredentials `json:"credentials,omitempty"`

	// managementPolicy says whether the operator may change this tenant's users.
	// Observe reads and reports, and never writes to Microsoft 365.
	// +optional
	// +default="Observe"
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// paused stops reconciling the tenant and all of its users.
	// +optional
	Paused bool `json:"paused,omitempty"`

	// sync says how often and how much is read.
	// +optional
	Sync TenantSync `json:"sync,omitzero"`

	// defaults are for accounts that say nothing of their own.
	// +optional
	Defaults TenantDefaults `json:"defaults,omitzero"`

	// safeguards bound what may be done to whom.
	// +optional
	Safeguards Safeguards `json:"safeguards,omitzero"`
}

// TenantDefaults are for accounts that say nothing of their own.
type TenantDefaults struct {
	// usageLocation is the country, as two letters (ISO 3166), that an account gets when
	// it is made, or when it gets its first licence, and has none.
	// +optional
	// +kubebuilder:validation:MaxLength=2
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z]{2}$')",message="usageLocation must be a country as two capital letters, like DE"
	UsageLocation string `json:"usageLocation,omitempty"`

	// preferredLanguage that an account gets when it is made, like de-DE.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$')",message="preferredLanguage must be a language like de-DE"
	PreferredLanguage string `json:"preferredLanguage,omitempty"`

	// firstSignInTTL is for how long the password for a first sign-in is kept in its
	// Secret, if the person has not changed it before.
	// +optional
	// +default="168h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('2160h')",message="firstSignInTTL must be between 1h and 2160h"
	FirstSignInTTL *metav1.Duration `json:"firstSignInTTL,omitempty"`
}

// Cloud is one of Microsoft's national clouds. Each has fixed hosts
// (https://learn.microsoft.com/graph/deployments).
// +kubebuilder:validation:Enum=Global;USGov;USGovDoD;China
type Cloud string

const (
	// CloudGlobal is the worldwide cloud, GCC included.
	CloudGlobal Cloud = "Global"
	// CloudUSGov is GCC High.
	CloudUSGov Cloud = "USGov"
	// CloudUSGovDoD is the US Department of Defense's cloud.
	CloudUSGovDoD Cloud = "USGovDoD"
	// CloudChina is the cloud operated by 21Vianet.
	CloudChina Cloud = "China"
)

// TenantCredentials are the credentials of an app in the client's own tenant.
type TenantCredentials struct {
	// secretRef names a Secret in the Tenant's namespace with the keys clientID and
	// either clientSecret, or clientCertificate. The Secret must carry the label
	// identity.m365-operator.io/credentials=true.
	// +required
	SecretRef LocalSecretReference `json:"secretRef,omitzero"`
}

// TenantSync says how often and how much of a tenant is read.
type TenantSync struct {
	// interval between two readings of what changed among the users.
	// +optional
	// +default="2m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('10s') && duration(self) <= duration('24h')",message="interval must be between 10s and 24h"
	Interval *metav1.Duration `json:"interval,omitempty"`

	// discovery makes a ManagedUser that declares nothing for accounts that have none.
	// +optional
	Discovery TenantDiscovery `json:"discovery,omitzero"`
}

// TenantDiscovery says for which accounts ManagedUsers are made.
type TenantDiscovery struct {
	// users is None, Members (no guests), or All.
	// +optional
	// +default="None"
	Users DiscoveryScope `json:"users,omitempty"`
}

// DiscoveryScope says which accounts discovery covers.
// +kubebuilder:validation:Enum=None;Members;All
type DiscoveryScope string

const (
	// DiscoverNone makes no ManagedUsers.
	DiscoverNone DiscoveryScope = "None"
	// DiscoverMembers covers every account but guests.
	DiscoverMembers DiscoveryScope = "Members"
	// DiscoverAll covers every account.
	DiscoverAll DiscoveryScope = "All"
)

// Safeguards bound what may be done to whom.
type Safeguards struct {
	// protected accounts are never blocked and never made to change their password.
	// Each entry is resolved to an id once and keeps it. While an entry cannot be
	// resolved, no disruptive change runs in this tenant.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Protected []ProtectedEntry `json:"protected,omitempty"` //nolint:kubeapilinter // a union: CEL requires exactly one of its fields

	// privileged lists by user principal name or id the administrators that may be
	// touched at all, where their ManagedUser says allowPrivileged as well.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	Privileged []string `json:"privileged,omitempty"`

	// deletionGrace is how long a ManagedUser with a destructive deletionPolicy waits
	// after its deletion before anything is done to the account.
	// +optional
	// +default="15m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m') && duration(self) <= duration('720h')",message="deletionGrace must be between 1m and 720h"
	DeletionGrace *metav1.Duration `json:"deletionGrace,omitempty"`
}

// ProtectedEntry names one account, or the members of one group.
//
// +kubebuilder:validation:XValidation:rule="has(self.user) != has(self.group)",message="exactly one of user and group must be set"
type ProtectedEntry struct {
	// user is a user principal name or an object id.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	User string `json:"user,omitempty"`

	// group is the object id or the exact display name of a group; every member,
	// also through nested groups, is protected.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Group string `json:"group,omitempty"`
}

// TenantStatus is what is known of a tenant.
type TenantStatus struct {
	// observedGeneration is the generation that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// lastHandledReconcileAt is the last value of the annotation
	// reconcile.fluxcd.io/requestedAt that was acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`

	// shard is the value of the label identity.m365-operator.io/shard for which a manager
	// took the Tenant; absent for the one that serves Tenants without the label. Where it
	// is not what the label says, nobody serves the Tenant yet.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Shard string `json:"shard,omitempty"`

	// tenantID is the GUID that spec.tenantID was first resolved to.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	TenantID string `json:"tenantID,omitempty"`

	// displayName is the organization's name in Microsoft 365.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	DisplayName string `json:"displayName,omitempty"`

	// adoptedThrough is until when what ManagedUsers declare counts as found, not new:
	// it was declared before this Tenant's memory began.
	// +optional
	AdoptedThrough *metav1.Time `json:"adoptedThrough,omitempty"`

	// domains are the tenant's verified domains.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=1000
	Domains []Domain `json:"domains,omitempty"`

	// users counts the tenant's accounts.
	// +optional
	Users *UserCounts `json:"users,omitempty"`

	// licenses are the tenant's subscriptions.
	// +optional
	// +listType=map
	// +listMapKey=sku
	// +kubebuilder:validation:MaxItems=500
	Licenses []TenantLicense `json:"licenses,omitempty"`

	// undeclaredAdmins are the first of the administrators of whom nothing in Git says
	// that they are.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=64
	UndeclaredAdmins []UndeclaredAdmin `json:"undeclaredAdmins,omitempty"`

	// mfaPolicy tells how the tenant itself demands multifactor authentication.
	// +optional
	MFAPolicy *MFAPolicy `json:"mfaPolicy,omitempty"`

	// capabilities tell what the operator can read and do here, from the
	// permissions in its token and the roles of its service principal.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Capabilities []Capability `json:"capabilities,omitempty"`

	// feeds tell how fresh each kind of information is.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Feeds []Feed `json:"feeds,omitempty"`

	// safeguards holds the ids that spec.safeguards was resolved to.
	// +optional
	Safeguards *SafeguardsStatus `json:"safeguards,omitempty"`

	// conditions tell the state of the tenant.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// UndeclaredAdmin is an administrator of whom nothing in Git says so.
type UndeclaredAdmin struct {
	// id of the account.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=36
	ID string `json:"id,omitempty"`
	// userPrincipalName of the account.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	UserPrincipalName string `json:"userPrincipalName,omitempty"`
}

// SafeguardsStatus holds the ids that the safeguards' names were resolved to.
type SafeguardsStatus struct {
	// resolved maps each entry to the object it was first found to mean.
	// +optional
	// +listType=map
	// +listMapKey=kind
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=192
	Resolved []ResolvedReference `json:"resolved,omitempty"`
}

// ResolvedReference is a name with the id of the object it was first found to mean.
type ResolvedReference struct {
	// kind of the object.
	// +required
	Kind ReferenceKind `json:"kind,omitempty"`

	// name as the spec has it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// id of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=36
	ID string `json:"id,omitempty"`
}

// ReferenceKind is the kind of object that a name was resolved to.
// +kubebuilder:validation:Enum=User;Group
type ReferenceKind string

const (
	// ReferenceUser is a user account.
	ReferenceUser ReferenceKind = "User"
	// ReferenceGroup is a group.
	ReferenceGroup ReferenceKind = "Group"
)

// Domain is a verified domain of a tenant.
type Domain struct {
	// name of the domain.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// authentication tells who authenticates the domain's users.
	// +optional
	Authentication DomainAuthentication `json:"authentication,omitempty"`
}

// DomainAuthentication tells who authenticates a domain's users.
// +kubebuilder:validation:Enum=Managed;Federated
type DomainAuthentication string

const (
	// DomainManaged means Microsoft Entra authenticates.
	DomainManaged DomainAuthentication = "Managed"
	// DomainFederated means another identity provider authenticates, so there is no
	// password in Microsoft Entra.
	DomainFederated DomainAuthentication = "Federated"
)

// UserCounts counts a tenant's accounts.
type UserCounts struct {
	// total number of accounts.
	// +optional
	Total int32 `json:"total"`
	// members are accounts that are not guests.
	// +optional
	Members int32 `json:"members"`
	// guests are accounts whose home is another directory.
	// +optional
	Guests int32 `json:"guests"`
	// active accounts may sign in.
	// +optional
	Active int32 `json:"active"`
	// suspended accounts are blocked from signing in.
	// +optional
	Suspended int32 `json:"suspended"`
	// admins hold, or may activate, a directory role; absent when unknown.
	// +optional
	Admins *int32 `json:"admins,omitempty"`
	// undeclaredAdmins are admins of whom nothing in Git says that they are: no entry of
	// safeguards, and no ManagedUser with allowPrivileged; absent when unknown.
	// +optional
	UndeclaredAdmins *int32 `json:"undeclaredAdmins,omitempty"`
	// mfaRegistered counts active persons who registered a second factor; absent when
	// that cannot be read.
	// +optional
	MFARegistered *int32 `json:"mfaRegistered,omitempty"`
	// mfaNotRegistered counts active persons who did not; absent when that cannot be
	// read.
	// +optional
	MFANotRegistered *int32 `json:"mfaNotRegistered,omitempty"`
	// mfaUnknown counts accounts of which it could not be read.
	// +optional
	MFAUnknown int32 `json:"mfaUnknown"`
	// mfaNotApplicable counts accounts that have no use for it.
	// +optional
	MFANotApplicable int32 `json:"mfaNotApplicable"`
	// licensed accounts hold at least one licence.
	// +optional
	Licensed int32 `json:"licensed"`
	// unlicensed accounts hold none.
	// +optional
	Unlicensed int32 `json:"unlicensed"`
	// suspendedLicensed accounts are blocked and still hold a licence.
	// +optional
	SuspendedLicensed int32 `json:"suspendedLicensed"`
	// managed counts the accounts that a ManagedUser declares something about.
	// +optional
	Managed int32 `json:"managed"`
	// drifted counts the managed accounts that are not as declared.
	// +optional
	Drifted int32 `json:"drifted"`
}

// TenantLicense is a subscription of a tenant.
type TenantLicense struct {
	// sku is the SKU's part number.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	SKU string `json:"sku,omitempty"`
	// name is what Microsoft sells it as.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`
	// skuID is the SKU's GUID.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	SKUID string `json:"skuID,omitempty"`
	// total number of seats, those in the grace period included.
	// +optional
	Total int32 `json:"total"`
	// consumed seats.
	// +optional
	Consumed int32 `json:"consumed"`
	// available seats.
	// +optional
	Available int32 `json:"available"`
}

// MFAPolicy tells how a tenant itself demands multifactor authentication.
type MFAPolicy struct {
	// securityDefaults tells whether Microsoft's security defaults are on.
	// +required
	SecurityDefaults Knowledge `json:"securityDefaults,omitempty"`

	// policies are the Conditional Access policies that demand it.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	Policies []ConditionalAccessPolicy `json:"policies,omitempty"`

	// reason tells why Conditional Access policies could not be read.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`
}

// ConditionalAccessPolicy is a policy that demands multifactor authentication or
// an authentication strength.
type ConditionalAccessPolicy struct {
	// name of the policy.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// state is Graph's: only enabled enforces; a report-only policy does not.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	State string `json:"state,omitempty"`
}

// Capability is something the operator can or cannot read or do in a tenant.
type Capability struct {
	// name of the capability.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name,omitempty"`

	// available tells whether the operator has it.
	// +required
	Available Knowledge `json:"available,omitempty"`

	// reason tells what is missing.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason,omitempty"`
}

// Tenant is one Microsoft 365 tenant.
//
// +genclient
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=m365,shortName=m365tenant;m365tenants
// +kubebuilder:printcolumn:name="Display-Name",type=string,JSONPath=`.status.displayName`
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.spec.managementPolicy`
// +kubebuilder:printcolumn:name="Users",type=integer,JSONPath=`.status.users.total`
// +kubebuilder:printcolumn:name="MFA",type=integer,JSONPath=`.status.users.mfaRegistered`
// +kubebuilder:printcolumn:name="No-MFA",type=integer,JSONPath=`.status.users.mfaNotRegistered`
// +kubebuilder:printcolumn:name="Admins",type=integer,JSONPath=`.status.users.admins`
// +kubebuilder:printcolumn:name="Suspended",type=integer,JSONPath=`.status.users.suspended`
// +kubebuilder:printcolumn:name="Drifted",type=integer,JSONPath=`.status.users.drifted`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Shard",type=string,priority=1,JSONPath=`.status.shard`
// +kubebuilder:printcolumn:name="Tenant-ID",type=string,priority=1,JSONPath=`.status.tenantID`
// +kubebuilder:printcolumn:name="MFA-Unknown",type=integer,priority=1,JSONPath=`.status.users.mfaUnknown`
// +kubebuilder:printcolumn:name="Suspended-Licensed",type=integer,priority=1,JSONPath=`.status.users.suspendedLicensed`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Tenant struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says how the tenant is reached and what may be done there.
	// +required
	Spec TenantSpec `json:"spec,omitzero"`

	// status is what is known of the tenant.
	// +optional
	Status TenantStatus `json:"status,omitempty"`
}

// TenantList is a list of Tenants.
//
// +kubebuilder:object:root=true
type TenantList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Tenant `json:"items"`
}

// GetConditions returns the conditions.
func (t *Tenant) GetConditions() []metav1.Condition { return t.Status.Conditions }

// SetConditions replaces the conditions.
func (t *Tenant) SetConditions(conditions []metav1.Condition) { t.Status.Conditions = conditions }
