package graph

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Credential is what the app registration proves itself with: a secret, or a
// certificate with its RSA key.
type Credential struct {
	// Secret is a client secret's value.
	Secret string `json:"-"`
	// Certificates is the leaf and what may follow it; only the leaf is used.
	Certificates []*x509.Certificate `json:"-"`
	// Key is the leaf's private RSA key.
	Key crypto.PrivateKey `json:"-"`
}

// tokenCredential makes an azidentity credential, with an empty token cache, that
// asks the given login host only and never retries by itself.
func (c Credential) tokenCredential(tenantID, clientID, login string, client *http.Client) (azcore.TokenCredential, error) {
	options := azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: login},
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Transport: client,
	}
	switch {
	case c.Secret != "" && c.Key != nil:
		return nil, errors.New("a credential is either a secret or a certificate")
	case c.Secret != "":
		credential, err := azidentity.NewClientSecretCredential(tenantID, clientID, c.Secret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
		if err != nil {
			return nil, fmt.Errorf("client secret: %w", err)
		}
		return credential, nil
	case c.Key != nil:
		credential, err := azidentity.NewClientCertificateCredential(tenantID, clientID, c.Certificates, c.Key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		return credential, nil
	}
	return nil, errors.New("no credential")
}

// String keeps secrets out of logs.
func (c Credential) String() string { return "[redacted]" }

// GoString keeps secrets out of logs.
func (c Credential) GoString() string { return c.String() }
