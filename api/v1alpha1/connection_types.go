package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ConnectionSpec says which app registration the operator may use, and for whom.
type ConnectionSpec struct {
	// secretRef names a Secret in the operator's own namespace with the keys
	// clientID and either clientSecret, or clientCertificate (PEM: certificate and
	// unencrypted private key).
	// +required
	SecretRef LocalSecretReference `json:"secretRef,omitzero"`

	// grants lists who may use this connection. Nothing outside this list may.
	// +optional
	// +listType=map
	// +listMapKey=namespace
	// +listMapKey=tenantID
	// +kubebuilder:validation:MaxItems=5000
	Grants []Grant `json:"grants,omitempty"`

	// paused stops reconciling this connection; Tenants that use it go on with the
	// credentials last read.
	// +optional
	Paused bool `json:"paused,omitempty"`
}

// Grant lets the Tenants of one namespace reach one Microsoft 365 tenant.
type Grant struct {
	// namespace of the Tenants that may use the connection.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// tenantID is the GUID of the Microsoft 365 tenant that may be reached.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$')",message="tenantID must be the tenant's GUID in lower case: a domain name can move to another tenant, so a grant cannot rest on it"
	TenantID string `json:"tenantID,omitempty"`
}

// ConnectionStatus is what is known of a Connection.
type ConnectionStatus struct {
	// observedGeneration is the generation that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// lastHandledReconcileAt is the last value of the annotation
	// reconcile.fluxcd.io/requestedAt that was acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`

	// clientID is the application (client) id of the app registration.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	ClientID string `json:"clientID,omitempty"`

	// credential is the kind of key the Secret holds.
	// +optional
	Credential CredentialKind `json:"credential,omitempty"`

	// certificateExpires is when the client certificate stops being accepted.
	// +optional
	CertificateExpires *metav1.Time `json:"certificateExpires,omitempty"`

	// conditions tell the state of the connection.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// CredentialKind is the kind of key an app authenticates with.
// +kubebuilder:validation:Enum=ClientSecret;ClientCertificate
type CredentialKind string

const (
	// CredentialClientSecret is a shared secret.
	CredentialClientSecret CredentialKind = "ClientSecret"
	// CredentialClientCertificate is a certificate with its private key.
	CredentialClientCertificate CredentialKind = "ClientCertificate"
)

// Connection is an app registration that the operator may use, and for which
// namespaces and tenants.
//
// +genclient
// +genclient:nonNamespaced
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=m365,shortName=m365connection;m365connections
// +kubebuilder:printcolumn:name="Client-ID",type=string,JSONPath=`.status.clientID`
// +kubebuilder:printcolumn:name="Credential",type=string,JSONPath=`.status.credential`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Expires",type=date,priority=1,JSONPath=`.status.certificateExpires`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Connection struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says which app registration may be used, and for whom.
	// +required
	Spec ConnectionSpec `json:"spec,omitzero"`

	// status is what is known of the connection.
	// +optional
	Status ConnectionStatus `json:"status,omitempty"`
}

// ConnectionList is a list of Connections.
//
// +kubebuilder:object:root=true
type ConnectionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Connection `json:"items"`
}

// GetConditions returns the conditions.
func (c *Connection) GetConditions() []metav1.Condition { return c.Status.Conditions }

// SetConditions replaces the conditions.
func (c *Connection) SetConditions(conditions []metav1.Condition) { c.Status.Conditions = conditions }
