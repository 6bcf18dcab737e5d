package graphsim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// signInRetention is how long sign-ins are kept with Entra ID P1
// (entra-docs monitoring-health/reference-reports-data-retention.md).
const signInRetention = 30 * 24 * time.Hour

// SignInSpec is an interactive sign-in, or an attempt (resources/signin.md).
type SignInSpec struct {
	ID      string    `json:"id,omitempty"` // empty: made by the simulator
	User    string    `json:"user"`         // UPN or object id
	Created time.Time `json:"createdDateTime,omitzero"`
	// ErrorCode is 0 for a success, 50126 for a wrong password, 50053 for a locked
	// account, and so on (entra-docs reference-error-codes.md).
	ErrorCode int    `json:"errorCode,omitempty"`
	App       string `json:"appDisplayName,omitempty"` // empty: Office 365 Exchange Online
	AppID     string `json:"appId,omitempty"`
	IPAddress string `json:"ipAddress,omitempty"`
	Client    string `json:"clientAppUsed,omitempty"` // empty: Browser
}

// logSignIn puts a sign-in in its place by time.
func (t *tenant) logSignIn(s SignInSpec) {
	i, _ := slices.BinarySearchFunc(t.signInLog, s, func(a, b SignInSpec) int {
		if a.Created.After(b.Created) {
			return 1
		}
		return -1 // of sign-ins at one time the later said is the later
	})
	t.signInLog = slices.Insert(t.signInLog, i, s)
}

// completeSignIn resolves who it was and fills in what was not said.
func (t *tenant) completeSignIn(s SignInSpec, now time.Time) (SignInSpec, error) {
	id := t.principalID(s.User)
	if r, ok := t.users[id]; !ok || r.purged {
		return s, fmt.Errorf("no user %q", s.User)
	}
	s.User = id
	if s.Created.IsZero() {
		s.Created = now
	}
	s.App = cmp.Or(s.App, "Office 365 Exchange Online")
	if s.AppID == "" {
		s.AppID = guid(0, "app", s.App)
		if s.App == "Office 365 Exchange Online" {
			s.AppID = "00000002-0000-0ff1-ce00-000000000000"
		}
	}
	s.IPAddress, s.Client = cmp.Or(s.IPAddress, "203.0.113.10"), cmp.Or(s.Client, "Browser")
	t.signInCount++
	if s.ID == "" {
		s.ID = guid(t.seed, t.id, "sign-in", itoa(t.signInCount))
	}
	return s, nil
}

// AddSignIn is a person signing in, or trying to: it is in the log at once, and
// moves the account's sign-in activity.
func (s *Server) AddSignIn(tenantKey string, spec SignInSpec) error {
	return s.withUser(tenantKey, spec.User, func(t *tenant, r *userRecord, now time.Time) error {
		spec, err := t.completeSignIn(spec, now)
		if err != nil {
			return err
		}
		t.logSignIn(spec)
		activity, at := t.signIns[r.current.id], spec.Created
		if activity.LastSignInDateTime == nil || activity.LastSignInDateTime.Before(at) {
			activity.LastSignInDateTime, activity.LastSignInRequestID = &at, spec.ID
		}
		if spec.ErrorCode == 0 && (activity.LastSuccessfulSignInDateTime == nil || activity.LastSuccessfulSignInDateTime.Before(at)) {
			activity.LastSuccessfulSignInDateTime, activity.LastSuccessfulSignInRequestID = &at, spec.ID
		}
		t.signIns[r.current.id] = activity
		return nil
	})
}

// adminSignIns lets people sign in.
func (s *Server) adminSignIns(handle adminRoute) {
	handle("POST /_sim/tenants/{tenant}/signIns", func(r *http.Request) (any, error) {
		var spec SignInSpec
		if err := readJSON(r, &spec); err != nil {
			return nil, err
		}
		return nil, s.AddSignIn(r.PathValue("tenant"), spec)
	})
}

// failureReason is the text that goes with an error code.
func failureReason(code int) any {
	switch code {
	case 0:
		return nil
	case 50053:
		return "The account is locked, you've tried to sign in too many times with an incorrect user ID or password."
	case 50055:
		return "The password is expired."
	case 50057:
		return "The user account is disabled."
	case 50074, 50076:
		return "Strong authentication is required."
	case 50126:
		return "Error validating credentials due to invalid username or password."
	case 53003:
		return "Access has been blocked by Conditional Access policies."
	default:
		return "Other"
	}
}
