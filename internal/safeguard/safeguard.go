// Package safeguard refuses what must not be done to an account: protected accounts,
// administrators that nobody listed, and the last Global Administrator.
package safeguard

import (
	"strings"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/plan"
)

// Subject is the account that a change is meant for.
type Subject struct {
	ID                string
	UserPrincipalName string
	// Admin tells whether the account holds, or may activate, a directory role.
	Admin directory.Tristate
	// SyncService is true for the accounts of directory synchronization itself.
	SyncService bool
	// Protected tells whether a protected entry, or group, covers the account.
	Protected directory.Tristate
	// AllowPrivileged is the object's own word.
	AllowPrivileged bool
}

// Rules are a tenant's safeguards with names resolved.
type Rules struct {
	// Ready is false while an entry is not resolved.
	Ready bool
	// Privileged are the ids of the administrators that may be touched.
	Privileged map[string]bool
}

// Refusal is why a change is not made; empty when it may be.
type Refusal string

// disruptive actions take something away from a person.
var disruptive = map[plan.Action]bool{
	plan.BlockSignIn:           true,
	plan.RevokeSessions:        true,
	plan.RequirePasswordChange: true,
	plan.DeleteAccount:         true,
	plan.RestoreAccount:        true,
	plan.RenameAccount:         true,

	plan.IssueTemporaryAccessPass: true,
}

// Check decides whether a change may be made to an account. Who is given a directory
// role counts as an administrator before: it must be possible to take the role away.
func Check(change plan.Change, subject Subject, rules Rules) Refusal {
	if change.Action == plan.AssignRole || change.GrantsRoles {
		subject.Admin = directory.Yes
	}
	if disruptive[change.Action] || change.Disruptive {
		if refusal := checkDisruption(subject, rules); refusal != "" {
			return refusal
		}
	}
	return checkPrivilege(subject, rules)
}

func checkDisruption(subject Subject, rules Rules) Refusal {
	switch {
	case !rules.Ready:
		return "an entry of the Tenant's spec.safeguards cannot be resolved, so nothing disruptive is done: " +
			"see the Tenant's condition SafeguardsReady"
	case subject.SyncService:
		return "the account belongs to directory synchronization and is never touched"
	case subject.Protected == directory.Yes:
		return "the account is protected by the Tenant's spec.safeguards.protected"
	case subject.Protected == directory.Unknown:
		return "whether a protected group covers the account is not known yet"
	default:
		return ""
	}
}

func checkPrivilege(subject Subject, rules Rules) Refusal {
	if subject.Admin == directory.No {
		return ""
	}
	listed := rules.Privileged[strings.ToLower(subject.ID)]
	if listed && subject.AllowPrivileged {
		return ""
	}
	who := "the account is an administrator"
	if subject.Admin == directory.Unknown {
		who = "whether the account is an administrator cannot be read (see the Tenant's status.capabilities)"
	}
	switch {
	case listed:
		return Refusal(who + ": set spec.allowPrivileged on this object to touch it")
	case subject.AllowPrivileged:
		return Refusal(who + ": list it in the Tenant's spec.safeguards.privileged to touch it")
	default:
		return Refusal(who + ": list it in the Tenant's spec.safeguards.privileged and set spec.allowPrivileged " +
			"on this object to touch it")
	}
}
