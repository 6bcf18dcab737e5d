package throttle

import (
	"math"
	"time"
)

// Limit is how much may be spent in any window of this length.
type Limit struct {
	Count  int
	Window time.Duration
}

// Limits are what Microsoft Graph allows, and how much of it is used.
type Limits struct {
	// Small, Medium and Large are the resource units of an application in a tenant of
	// fewer than 50, of up to 500, and of more users.
	Small, Medium, Large Limit
	// Writes of an application in a tenant.
	Writes Limit
	// Reports are the calls of an application in a tenant to the reports, audit logs
	// and authentication methods.
	Reports Limit
	// Outlook are the calls of an application to the mailboxes of a tenant. Graph limits
	// them per mailbox only; all of a tenant are given what Graph gives one.
	Outlook Limit
	// Intune are the calls of an application in a tenant to managed devices.
	Intune Limit

	// TenantWrites are the writes of all applications in a tenant.
	TenantWrites Limit
	// ConditionalAccess are the calls of all applications in a tenant.
	ConditionalAccess Limit

	// AppResourceUnits and the others below are an application's over all tenants.
	AppResourceUnits Limit
	AppWrites        Limit
	AppRequests      Limit
	AppReports       Limit
	// AppSignInActivity equals the limit of an application in a single tenant, so it
	// stands for both.
	AppSignInActivity Limit

	// Use is the share of each limit that is spent, in (0, 1]; UseOfWrites is that of
	// the limits of writes. The rest is kept for answers that arrive late and for
	// costs that are not as documented.
	Use, UseOfWrites float64
	// Urgent is the share of the resource units that only urgent calls may spend, in
	// [0, 1).
	Urgent float64
	// Protective is the share of the limits of writes that only protective calls may
	// spend, in [0, 1).
	Protective float64
}

// DefaultLimits are the documented limits
// (https://learn.microsoft.com/graph/throttling-limits).
func DefaultLimits() Limits {
	return Limits{
		Small:             Limit{Count: 3500, Window: 10 * time.Second},
		Medium:            Limit{Count: 5000, Window: 10 * time.Second},
		Large:             Limit{Count: 8000, Window: 10 * time.Second},
		Writes:            Limit{Count: 3000, Window: 150 * time.Second},
		Reports:           Limit{Count: 5, Window: 10 * time.Second},
		Outlook:           Limit{Count: 10000, Window: 10 * time.Minute},
		Intune:            Limit{Count: 2000, Window: 20 * time.Second},
		TenantWrites:      Limit{Count: 18000, Window: 5 * time.Minute},
		ConditionalAccess: Limit{Count: 1, Window: time.Second},
		AppResourceUnits:  Limit{Count: 150000, Window: 20 * time.Second},
		AppWrites:         Limit{Count: 35000, Window: 5 * time.Minute},
		AppRequests:       Limit{Count: 130000, Window: 10 * time.Second},
		AppReports:        Limit{Count: 122, Window: 10 * time.Second},
		AppSignInActivity: Limit{Count: 10, Window: time.Minute},
		Use:               0.9,
		UseOfWrites:       0.98,
		Urgent:            0.1,
		Protective:        0.01,
	}
}

// Share divides the limits of an application over all tenants among shards that
// each serve some of the tenants. A tenant's own limits stay whole. Among more
// shards than a limit has calls (ten for sign-in activity) only the average holds.
func (l Limits) Share(shards int) Limits {
	for _, limit := range []*Limit{
		&l.AppResourceUnits, &l.AppWrites, &l.AppRequests, &l.AppReports, &l.AppSignInActivity,
	} {
		*limit = limit.divide(shards)
	}
	return l
}

// divide gives one of n equal parts. Where there is less than one call for each, the
// window grows instead.
func (l Limit) divide(n int) Limit {
	if n <= 1 {
		return l
	}
	if l.Count >= n {
		return Limit{Count: l.Count / n, Window: l.Window}
	}
	return Limit{Count: 1, Window: l.Window * time.Duration(n) / time.Duration(l.Count)}
}

// stretch makes the window longer, so that only this share of the limit is spent.
// Unlike a smaller count it also forgives calls that reach Graph later than they
// were granted, and it works for a limit of a single call.
func (l Limit) stretch(use float64) Limit {
	return Limit{Count: l.Count, Window: time.Duration(math.Ceil(float64(l.Window) / use))}
}

// used gives the limits as they are kept.
func (l Limits) used() Limits {
	for _, limit := range []*Limit{
		&l.Small, &l.Medium, &l.Large, &l.Reports, &l.Outlook, &l.Intune, &l.ConditionalAccess,
		&l.AppResourceUnits, &l.AppRequests, &l.AppReports, &l.AppSignInActivity,
	} {
		*limit = limit.stretch(l.Use)
	}
	for _, limit := range []*Limit{&l.Writes, &l.TenantWrites, &l.AppWrites} {
		*limit = limit.stretch(l.UseOfWrites)
	}
	return l
}

// ofSize gives the resource units of a tenant with so many users.
func (l Limits) ofSize(users int) Limit {
	switch {
	case users < 50:
		return l.Small
	case users <= 500:
		return l.Medium
	default:
		return l.Large
	}
}
