package tenancy

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/outcome"
)

// The keys of a credentials Secret.
const (
	keyClientID          = "clientID"
	keyClientSecret      = "clientSecret"
	keyClientCertificate = "clientCertificate"
)

// Credentials are an app registration's id and key, read from a Secret.
type Credentials struct {
	Kind v1alpha1.CredentialKind
	// ClientID is the application (client) id, a GUID in lower case.
	ClientID string
	// Expires is when the certificate stops being accepted; zero for a secret, which
	// does not say.
	Expires time.Time

	credential graph.Credential
	digest     [sha256.Size]byte
}

// String tells what may be told.
func (c Credentials) String() string { return string(c.Kind) + " of " + c.ClientID }

// GoString tells no more than String.
func (c Credentials) GoString() string { return c.String() }

// ReadCredentials reads and checks a credentials Secret. Its errors are
// *outcome.Problem; they name the keys that are expected, never what was found.
func ReadCredentials(secret *corev1.Secret, now time.Time) (*Credentials, error) {
	clientID, err := uuid.ParseBytes(bytes.TrimSpace(secret.Data[keyClientID]))
	if err != nil {
		return nil, unusable("its key clientID must hold the application (client) id of the app registration, a GUID")
	}
	key := bytes.TrimSpace(secret.Data[keyClientSecret])
	certificate := bytes.TrimSpace(secret.Data[keyClientCertificate])
	if (len(key) == 0) == (len(certificate) == 0) {
		return nil, unusable("it must hold either the key clientSecret, or the key clientCertificate with a certificate and its private key in PEM form")
	}
	c := &Credentials{ClientID: clientID.String()}
	if len(key) > 0 {
		c.Kind = v1alpha1.CredentialClientSecret
		c.credential.Secret = string(key)
		c.digest = sha256.Sum256(append([]byte(c.ClientID+"\x00secret\x00"), key...))
		return c, nil
	}
	c.Kind = v1alpha1.CredentialClientCertificate
	c.digest = sha256.Sum256(append([]byte(c.ClientID+"\x00certificate\x00"), certificate...))
	if err := c.readCertificate(certificate, now); err != nil {
		return nil, err
	}
	return c, nil
}

// readCertificate checks what Entra ID would only refuse later: the key's kind
// (https://learn.microsoft.com/entra/identity-platform/certificate-credentials), its
// match, and the dates.
func (c *Credentials) readCertificate(pem []byte, now time.Time) error {
	pair, err := tls.X509KeyPair(pem, pem)
	if err != nil {
		return unusable("its key clientCertificate must hold, in PEM form, a certificate and the unencrypted private key that belongs to it")
	}
	if _, ok := pair.PrivateKey.(*rsa.PrivateKey); !ok {
		return unusable("its key clientCertificate must hold an RSA key: Entra ID accepts no other")
	}
	for _, der := range pair.Certificate {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return unusable("its key clientCertificate holds a certificate that cannot be read")
		}
		c.credential.Certificates = append(c.credential.Certificates, certificate)
	}
	c.credential.Key = pair.PrivateKey
	leaf := c.credential.Certificates[0]
	c.Expires = leaf.NotAfter
	switch {
	case !now.Before(leaf.NotAfter):
		return unusable("the client certificate has expired: put a new one into the Secret, and register it with the app first")
	case now.Before(leaf.NotBefore):
		return unusable("the client certificate is not valid yet: put one into the Secret that is")
	}
	return nil
}

// unusable is a Secret that a person must correct.
func unusable(what string) error {
	return outcome.Blocked(v1alpha1.ReasonInvalidCredentials, "the credentials Secret is not usable: "+what)
}
