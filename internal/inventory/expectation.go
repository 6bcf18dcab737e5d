package inventory

import (
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// Expectation is what the operator itself wrote and Graph need not show yet. Zero
// fields expect nothing.
type Expectation struct {
	Enabled directory.Tristate
	// SessionsValidFrom is the time, by Graph's clock, of a revocation.
	SessionsValidFrom time.Time
}

// ExpectationState is how an account, as just read, stands to what was expected.
type ExpectationState string

const (
	// ExpectationNone means nothing was expected.
	ExpectationNone ExpectationState = "None"
	// ExpectationMet means Graph shows what was expected.
	ExpectationMet ExpectationState = "Met"
	// ExpectationOpen means Graph does not show it; until it does or the time is up,
	// the expected value is what is observed.
	ExpectationOpen ExpectationState = "Open"
)

// Expect makes ByID show what the operator just wrote, until Graph shows it or
// Options.Expectation passes. It adds to what is already expected of the account; an
// empty Expectation withdraws it all.
func (t *Tenant) Expect(id string, expectation Expectation) { panic("in the making") }
