package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

const (
	// DiscoveredLabel marks a ManagedUser that discovery made and still keeps.
	// It goes when anybody else declares something on the object.
	DiscoveredLabel = "identity.m365-operator.io/discovered"

	// CredentialsLabel must be "true" on a Secret that a namespace's Tenant names
	// as its credentials; any other Secret is refused.
	CredentialsLabel = "identity.m365-operator.io/credentials"

	// ShardLabel on a Tenant decides which manager serves it: the one that was started
	// with --shard-selector for its value, or without it the one that has none. Its
	// ManagedUsers carry the same.
	ShardLabel = "identity.m365-operator.io/shard"

	// TenantFinalizer lets a Tenant take its discovered ManagedUsers along.
	TenantFinalizer = "identity.m365-operator.io/tenant"

	// AccountFinalizer lets a ManagedUser whose deletionPolicy is not Retain act on its
	// account before it goes.
	AccountFinalizer = "identity.m365-operator.io/account"

	// AbandonAnnotation, with any value, on a ManagedUser or on its Tenant lets deleted
	// ManagedUsers go without anything being done to their accounts.
	AbandonAnnotation = "identity.m365-operator.io/abandon"

	// RequestedAtAnnotation, with any value not handled before, asks for a pass at
	// once; the value is acknowledged in status.lastHandledReconcileAt. It is
	// Flux's own annotation, so `flux reconcile` habits carry over.
	RequestedAtAnnotation = "reconcile.fluxcd.io/requestedAt"

	// TicketAnnotation is copied to the audit line of every change that the object
	// causes in Microsoft 365.
	TicketAnnotation = "identity.m365-operator.io/ticket"
	// ReasonAnnotation is copied to the audit line as well.
	ReasonAnnotation = "identity.m365-operator.io/reason"

	// DiscoveryFieldManager applies discovered ManagedUsers.
	DiscoveryFieldManager = "m365-discovery"

	// FieldManager writes status and finalizers.
	FieldManager = "m365-operator"
)

// ManagementPolicy says whether the operator may change Microsoft 365.
// +kubebuilder:validation:Enum=Observe;Enforce
type ManagementPolicy string

const (
	// ManagementPolicyObserve reads and reports, and never writes to Microsoft 365.
	ManagementPolicyObserve ManagementPolicy = "Observe"
	// ManagementPolicyEnforce makes Microsoft 365 follow what is declared.
	ManagementPolicyEnforce ManagementPolicy = "Enforce"
)

// Knowledge is a fact that may be unknown.
// +kubebuilder:validation:Enum="True";"False";Unknown
type Knowledge string

const (
	// True means the fact was read and holds.
	True Knowledge = "True"
	// False means the fact was read and does not hold.
	False Knowledge = "False"
	// Unknown means the fact could not be read; it is never said as a false "no".
	Unknown Knowledge = "Unknown"
)

// KnowledgeOf is True or False.
func KnowledgeOf(b bool) Knowledge {
	if b {
		return True
	}
	return False
}

// LocalSecretReference names a Secret. Its namespace is fixed by the kind that
// holds the reference.
type LocalSecretReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// ObjectReference names another object of this API.
type ObjectReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// Feed tells how fresh one kind of information about a tenant is.
type Feed struct {
	// name of the feed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name,omitempty"`

	// asOf is when Microsoft Graph last answered for this feed. It is written when
	// the answer changed anything, or on request.
	// +optional
	AsOf *metav1.Time `json:"asOf,omitempty"`

	// reason tells why the feed cannot be read; empty when it can.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`

	// message tells what to do about the reason.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}
