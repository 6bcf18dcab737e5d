package graphsim

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// setPolicies sets how the tenant demands a second factor. Security defaults and an
// enabled conditional access policy exclude each other
// (entra-docs fundamentals/security-defaults.md).
func (t *tenant) setPolicies(securityDefaults bool, policies []ConditionalAccessSpec) error {
	for i := range policies {
		p := &policies[i]
		switch p.State {
		case "enabled":
			if securityDefaults {
				return fmt.Errorf("policy %q: security defaults must be disabled to enable a conditional access policy", p.DisplayName)
			}
		case "disabled", "enabledForReportingButNotEnforced":
		default:
			return fmt.Errorf("policy %q: unknown state %q", p.DisplayName, p.State)
		}
		if p.DisplayName == "" {
			return errors.New("a conditional access policy needs a display name")
		}
	}
	t.securityDefaults, t.policies = securityDefaults, slices.Clone(policies)
	return nil
}

// SetSecurityDefaults switches security defaults on or off, as an outsider.
func (s *Server) SetSecurityDefaults(tenantKey string, enabled bool) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error { return t.setPolicies(enabled, t.policies) })
}

// SetConditionalAccess replaces the conditional access policies, as an outsider.
func (s *Server) SetConditionalAccess(tenantKey string, policies []ConditionalAccessSpec) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error { return t.setPolicies(t.securityDefaults, policies) })
}

// SetRooms replaces the rooms of places. Their mailboxes are accounts of their own.
func (s *Server) SetRooms(tenantKey string, rooms []RoomSpec) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		t.rooms = slices.Clone(rooms)
		return nil
	})
}
