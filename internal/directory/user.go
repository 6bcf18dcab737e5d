package directory

import "time"

// Tristate is a fact that may not have been told. Its zero value is Unknown, so a
// property that was not selected never reads as a "no".
type Tristate int8

// The values of a Tristate.
const (
	Unknown Tristate = iota
	Yes
	No
)

// TristateOf is Yes or No.
func TristateOf(b bool) Tristate {
	if b {
		return Yes
	}
	return No
}

// User is an account as last read. Times are Graph's own, in UTC, zero when never
// set (https://learn.microsoft.com/graph/api/resources/user).
type User struct {
	// ID is the object id, in lower case.
	ID                string
	UserPrincipalName string
	DisplayName       string
	GivenName         string
	Surname           string
	Mail              string
	JobTitle          string
	Department        string
	UsageLocation     string
	// UserType is Member or Guest; empty on old accounts, which are members.
	UserType string
	// Enabled is accountEnabled: Yes when sign-in is not blocked.
	Enabled Tristate
	// OnPremises tells of the on-premises directory.
	OnPremises OnPremises
	Created    time.Time
	// LastPasswordChange is lastPasswordChangeDateTime.
	LastPasswordChange time.Time
	// SessionsValidFrom is signInSessionsValidFromDateTime: sessions begun before it
	// are void.
	SessionsValidFrom time.Time
	// SKUs are the ids of the assigned licences, direct or through a group, sorted.
	SKUs []string
}

// GuestUserType is the userType of accounts whose home is another directory.
const GuestUserType = "Guest"

// OnPremises tells of an account's on-premises directory.
type OnPremises struct {
	// Synced is Yes while the on-premises directory masters the account.
	Synced         Tristate
	SAMAccountName string
	Domain         string
	LastSync       time.Time
}

// Removal tells that an account is gone from the users.
type Removal struct {
	ID string
	// Permanent is false while the account can still be restored.
	Permanent bool
}

// UserChanges is one page of the changes among the users. Exactly one of Next and
// Resume is set. The same user may appear more than once, and changes may repeat.
type UserChanges struct {
	Users   []User
	Removed []Removal
	// Next continues this round.
	Next string
	// Resume starts the next round; it ends this one.
	Resume string
}

// Page is one page of a reading; Next is empty on the last.
type Page[T any] struct {
	Items []T
	Next  string
}

// Registration is an account's line in the authentication methods report
// (https://learn.microsoft.com/graph/api/resources/userregistrationdetails). The
// report is up to 36 hours old and leaves out blocked accounts.
type Registration struct {
	ID            string
	MFARegistered bool
	Methods       []string
	DefaultMethod string
	Updated       time.Time
}

// SignIn is when an account last signed in, up to 24 hours late
// (https://learn.microsoft.com/graph/api/resources/signinactivity).
type SignIn struct {
	ID string
	// LastSuccessful is zero when there was none since December 2023.
	LastSuccessful time.Time
}
