package graphsim

import (
	"crypto/sha1" //nolint:gosec // x5t is defined over SHA-1 (RFC 7515 §4.1.7)
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"
)

// application is a multi-tenant app registration with its credentials.
type application struct {
	id          string
	displayName string

	mu           sync.Mutex
	secrets      []appSecret
	certificates []*x509.Certificate
	budget       globalBudget
}

// appSecret is a client secret. The zero expiry never comes.
type appSecret struct {
	value   string
	expires time.Time
}

// servicePrincipal is the app in one tenant: there only after consent.
type servicePrincipal struct {
	id          string
	permissions []string // granted application permissions, the token's roles
}

// checkSecret says whether the value is a secret of the app, and whether it is
// still good at the time.
func (a *application) checkSecret(value string, now time.Time) (known, valid bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.secrets {
		if s.value == value {
			known = true
			valid = valid || s.expires.IsZero() || now.Before(s.expires)
		}
	}
	return known, valid
}

// certificateFor finds a registered certificate by the assertion's x5t or x5t#S256.
func (a *application) certificateFor(x5t, x5tS256 string) *x509.Certificate {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.certificates, func(c *x509.Certificate) bool {
		if x5tS256 != "" {
			sum := sha256.Sum256(c.Raw)
			return sameThumbprint(x5tS256, sum[:])
		}
		sum := sha1.Sum(c.Raw) //nolint:gosec // see the import
		return sameThumbprint(x5t, sum[:])
	})
	if i < 0 {
		return nil
	}
	return a.certificates[i]
}

// sameThumbprint accepts both alphabets of base64 with and without padding: MSAL
// sends the standard one where RFC 7515 asks for the URL-safe one.
func sameThumbprint(given string, sum []byte) bool {
	urlSafe := strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(given)
	return urlSafe == base64.RawURLEncoding.EncodeToString(sum)
}

// DefaultPermissions are the application permissions the simulator's own app has
// in a new tenant: enough for everything that manages users.
func DefaultPermissions() []string {
	return []string{
		"AppRoleAssignment.ReadWrite.All", "Application.Read.All", "AuditLog.Read.All", "Device.Read.All",
		"DeviceManagementManagedDevices.Read.All", "Domain.Read.All", "GroupMember.Read.All", "GroupMember.ReadWrite.All",
		"LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All", "MailboxSettings.Read", "Organization.Read.All",
		"Place.Read.All", "Policy.Read.All", "RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory",
		"RoleManagement.ReadWrite.Directory", "User-PasswordProfile.ReadWrite.All", "User.DeleteRestore.All",
		"User.EnableDisableAccount.All", "User.ReadWrite.All", "User.RevokeSessions.All",
		"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All",
	}
}
