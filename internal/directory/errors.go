package directory

import (
	"errors"
	"fmt"
	"time"
)

// Kind is what went wrong, in terms that hold for every provider.
type Kind string

// The kinds of failure.
const (
	// KindTransient is a failure that may pass: the network, a 5xx, anything unknown.
	KindTransient Kind = "Transient"
	// KindThrottled means too many requests, here or there: come back after RetryAfter.
	KindThrottled Kind = "Throttled"
	// KindNotFound means that there is no such object.
	KindNotFound Kind = "NotFound"
	// KindInvalid means that the request's values are refused.
	KindInvalid Kind = "Invalid"
	// KindConflict means that the object's other data stand in the way.
	KindConflict Kind = "Conflict"
	// KindConcurrency means that somebody else changes the object at this moment.
	KindConcurrency Kind = "Concurrency"
	// KindForbidden means that a permission or role is missing.
	KindForbidden Kind = "Forbidden"
	// KindPremiumRequired means that the tenant lacks the licence this needs.
	KindPremiumRequired Kind = "PremiumRequired"
	// KindMastered means that the property is mastered on premises.
	KindMastered Kind = "Mastered"
	// KindCredentials means that the secret or certificate is wrong or expired.
	KindCredentials Kind = "Credentials"
	// KindConsent means that the application is not known or consented in the tenant.
	KindConsent Kind = "Consent"
	// KindUnknownTenant means that there is no such tenant.
	KindUnknownTenant Kind = "UnknownTenant"
	// KindResync means that the link is no longer valid: start from the beginning.
	KindResync Kind = "Resync"
	// KindQuota means that the tenant's object quota is used up.
	KindQuota Kind = "Quota"
	// KindExists means that what was to be added is there already.
	KindExists Kind = "Exists"
	// KindNoSeat means that all seats of a subscription are taken.
	KindNoSeat Kind = "NoSeat"
	// KindUsageLocation means that the account's usage location is missing, or does
	// not allow what was asked for.
	KindUsageLocation Kind = "UsageLocation"
	// KindPlanConflict means that service plans exclude or need each other.
	KindPlanConflict Kind = "PlanConflict"
	// KindInherited means that a group gives what was to be taken away.
	KindInherited Kind = "Inherited"
	// KindUnwritable means that the object's members are not written here: a dynamic or
	// synced group, a distribution list.
	KindUnwritable Kind = "Unwritable"
	// KindPolicy means that a policy of the tenant forbids it, as of temporary access
	// passes.
	KindPolicy Kind = "Policy"
	// KindUnavailable means that the tenant does not have the service: no mailbox, no
	// Intune.
	KindUnavailable Kind = "Unavailable"
)

// Error is a failure of a directory call.
type Error struct {
	Kind Kind
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Code is the provider's own error code.
	Code string
	// Message is the provider's text: for logs, never for conditions or Events, since
	// it may hold ids, times or personal data.
	Message string
	// RetryAfter is when to come back, 0 when not said.
	RetryAfter time.Duration
	// OutcomeUnknown is true when the call may have taken effect all the same.
	OutcomeUnknown bool
	// RequestID is the provider's own, for its support.
	RequestID string
	// Err is the cause.
	Err error
}

// Error describes the failure for logs.
func (e *Error) Error() string {
	text := fmt.Sprintf("directory: %s", e.Kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of an error; empty for nil, KindTransient for an error that is
// not a directory's.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindTransient
}

// OutcomeUnknown tells whether a failed call may have taken effect.
func OutcomeUnknown(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.OutcomeUnknown
}

// RetryAfter is when to come back after an error, 0 when not said.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
