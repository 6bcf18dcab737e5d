package outcome

import (
	"errors"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// TenantTrouble tells whether an error is the tenant's trouble alone: credentials,
// consent, throttling, an outage. Such trouble is written on the Tenant; users keep
// what was last seen.
func TenantTrouble(err error) bool {
	parts := leaves(err)
	for _, p := range parts {
		if !p.tenantTrouble() {
			return false
		}
	}
	return len(parts) > 0
}

func (p *Problem) tenantTrouble() bool {
	e, fromDirectory := errors.AsType[*directory.Error](p.Err)
	switch p.Reason {
	case v1alpha1.ReasonInvalidCredentials, v1alpha1.ReasonConsentRequired,
		v1alpha1.ReasonNotGranted, v1alpha1.ReasonThrottled:
		return true
	case v1alpha1.ReasonRetrying:
		return fromDirectory && e.Kind != directory.KindConcurrency
	case v1alpha1.ReasonNotFound:
		return fromDirectory && e.Kind == directory.KindUnknownTenant
	default:
		return false
	}
}
