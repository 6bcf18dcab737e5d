// Package plan turns what is declared about an account and what is observed of it
// into changes. It is pure: no I/O and no clock of its own, so that the controller,
// the Observe policy and a preview come to the same answer.
package plan

import (
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// Action is one call to the directory.
type Action string

// The actions.
const (
	BlockSignIn           Action = "BlockSignIn"
	AllowSignIn           Action = "AllowSignIn"
	RevokeSessions        Action = "RevokeSessions"
	RequirePasswordChange Action = "RequirePasswordChange"

	CreateAccount  Action = "CreateAccount"
	RestoreAccount Action = "RestoreAccount"
	RenameAccount  Action = "RenameAccount"
	DeleteAccount  Action = "DeleteAccount"
	// IssueTemporaryAccessPass issues the pass for a first sign-in.
	IssueTemporaryAccessPass Action = "IssueTemporaryAccessPass"

	UpdateProfile Action = "UpdateProfile"
	SetManager    Action = "SetManager"
	RemoveManager Action = "RemoveManager"
	// AssignLicenses and RemoveLicenses are the same call; the latter takes at least one
	// licence away.
	AssignLicenses  Action = "AssignLicenses"
	RemoveLicenses  Action = "RemoveLicenses"
	AddToGroup      Action = "AddToGroup"
	RemoveFromGroup Action = "RemoveFromGroup"
	AssignAppRole   Action = "AssignAppRole"
	RemoveAppRole   Action = "RemoveAppRole"
	AssignRole      Action = "AssignRole"
	RemoveRole      Action = "RemoveRole"
)

// CauseAdopted is the cause of a record that was found, not made: the object existed
// when the Tenant's memory began.
const CauseAdopted = "Adopted"

// Input is all that a plan depends on.
type Input struct {
	Spec       *v1alpha1.ManagedUserSpec
	Generation int64
	Records    []v1alpha1.Record
	User       directory.User
	// Federated tells whether another identity provider authenticates the account.
	Federated directory.Tristate
	// Adopting is true for an object without memory that existed when its Tenant's
	// memory began: what cannot be known to be undone is not done.
	Adopting bool
	// BlockedElsewhere is true when the object says already that somebody else blocked
	// the account, which then needs no live reading to be said again.
	BlockedElsewhere bool
	// Declared is false for an object that discovery alone keeps: it declares nothing,
	// its user principal name included.
	Declared bool
	// Claims are the entries of the spec's lists that the object holds already.
	Claims []v1alpha1.Claim
	// Targets tell of what Wanted asks for: what names mean, and what is known of the
	// objects that claims hold. An entry without one waits.
	Targets map[Ref]Target
	// Defaults are the Tenant's.
	Defaults v1alpha1.TenantDefaults
	// SKUs are the tenant's subscriptions; nil when they could not be read.
	SKUs []directory.SKU
	// Manager is the object id of the account's manager, empty for none; ManagerKnown
	// tells whether it was read.
	Manager      string
	ManagerKnown bool
	// Groups are those the account is a direct member of, by id; nil when they could not
	// be read.
	Groups map[string]directory.Group
	// AppRoles are the account's roles in applications.
	AppRoles []AppRole
	// Roles are the account's directory roles; RolesKnown tells whether all were read.
	Roles      []Role
	RolesKnown bool
	// AllowRoleGrants is the manager's own switch.
	AllowRoleGrants bool
	// Live is true when User was read from the directory for this very plan.
	Live bool
	// Written is when the operator may last have given the account licences, groups or
	// roles: a reading without what a claim holds may be older.
	Written time.Time
	// GroupsBegun, AppRolesBegun and RolesBegun are when Groups, AppRoles and Roles were
	// begun to be read.
	GroupsBegun, AppRolesBegun, RolesBegun time.Time
	// Now and Settle decide when a read may be trusted to show an earlier write:
	// Settle after the record's time, or Written.
	Now    time.Time
	Settle time.Duration
}

// Ref is an entry of one of the spec's lists. Names compare as they are written.
type Ref struct {
	Kind v1alpha1.ClaimKind
	Name string
	// Qualifier is an application's role or a directory role's scope.
	Qualifier string
}

// Target is what a name means.
type Target struct {
	// ID of the object; RoleID of an application's role. Empty when the name means
	// nothing, or more than one object.
	ID, RoleID string
	// Group tells what a group is, when the target is one. Without it nobody is added.
	Group *directory.Group
	// Known is false for an application whose assignments have not been read.
	Known bool
	// Reason and Message tell why the name could not be resolved, or that what it meant
	// is gone.
	Reason  v1alpha1.Reason
	Message string
}

// AppRole is a role of the account in an application.
type AppRole struct {
	ApplicationID, RoleID string
	// ViaGroup is the id of the group that holds the role; empty when the account does.
	ViaGroup string
}

// Role is a directory role of the account.
type Role struct {
	// RoleID is the role definition's id; of a built-in role its template id.
	RoleID string
	// Scope is / for the whole tenant.
	Scope string
	// Path tells how the account comes by it.
	Path v1alpha1.RolePath
}

// Plan is what an account needs.
type Plan struct {
	Facets []Facet
	// Claims are all that the object holds, to be written before any change is made.
	Claims []v1alpha1.Claim
	// Released are the claims that are let go, since their list is gone.
	Released []v1alpha1.Claim
	// NeedsLive asks to read the account from the directory and to plan again: what
	// was observed contradicts what is believed, and may be an older state.
	NeedsLive bool
	// Reread are the kinds of claims that wait for a newer reading of what they are about.
	Reread []v1alpha1.ClaimKind
	// WakeAfter, when not zero, is when to plan again: an unknown outcome can then be
	// settled by reading back, or a date has come.
	WakeAfter time.Duration

	// kept are records that belong to no facet that has anything to say.
	kept []v1alpha1.Record
}

// Facet is what one declared aspect of an account needs.
type Facet struct {
	// Condition is the type of the facet's condition.
	Condition string
	// Records are the facet's memory as it stands before any change is made.
	Records []v1alpha1.Record
	// Changes in order; each rests on the one before, unless they are Independent.
	Changes []Change
	// Independent changes are all tried, although some may be refused.
	Independent bool
	// NeedsLive is true when this facet is among those that Plan.NeedsLive is for.
	NeedsLive bool
	// Verdict holds when no change is left.
	Verdict Verdict

	// located is true of licences that a usage location is written for by another facet.
	located bool
}

// ShutsOut tells whether a facet locks somebody out of the account and is sure of it.
func (f Facet) ShutsOut() bool {
	return !f.NeedsLive && len(f.Changes) > 0 && (f.Changes[0].Action == BlockSignIn || f.Changes[0].Action == RevokeSessions)
}

// Change is one call and what it serves.
type Change struct {
	Action   Action
	From, To string
	// Record names the record that remembers the change.
	Record string
	// Baseline is Graph's own value before the change.
	Baseline string
	// Again is true when something undid what had been done.
	Again bool
	// Level is true for a change that may be repeated until the account is as declared.
	// Its record only guards the call, and goes when an answer came.
	Level bool
	// Disruptive is true for a change that takes something away from the person.
	Disruptive bool
	// GrantsRoles is true for the joining of a group that may hold directory roles.
	GrantsRoles bool
	// Claims are dropped once the change is made.
	Claims []v1alpha1.Claim

	// Attributes are what UpdateProfile writes, and what a new account begins with.
	Attributes directory.Attributes
	// Licenses is what AssignLicenses and RemoveLicenses change.
	Licenses *directory.LicenseChange
	// Target is the id of the manager, group, application or role definition.
	Target string
	// RoleID is the application's role, Scope the directory role's.
	RoleID, Scope string
}

// Verdict is what a facet's condition says.
type Verdict struct {
	Status  metav1.ConditionStatus
	Reason  v1alpha1.Reason
	Message string
	// Refused is true when what is declared cannot be done, which keeps the object
	// from being Ready; without it the facet waits for a person or another system.
	Refused bool
}

// For plans every declared facet.
func For(in Input) Plan {
	var plan Plan
	for _, facet := range facets() {
		before := plan.NeedsLive
		plan.NeedsLive = false
		if f := facet.plan(in, &plan); f != nil {
			f.NeedsLive = plan.NeedsLive
			plan.Facets = append(plan.Facets, *f)
		}
		plan.NeedsLive = plan.NeedsLive || before
	}
	sortClaims(plan.Claims)
	sortClaims(plan.Released)
	return plan
}

// facets are all aspects of an account that can be declared, in the order they are worked
// on, each by the type of its condition.
func facets() [9]planned {
	return [...]planned{
		{v1alpha1.ConditionAccount, planAccount},
		{v1alpha1.ConditionSignIn, planSignIn},
		{v1alpha1.ConditionPasswordChange, planPasswordChange},
		{v1alpha1.ConditionProfile, planProfile},
		{v1alpha1.ConditionManager, planManager},
		{v1alpha1.ConditionLicenses, planLicenses},
		{v1alpha1.ConditionGroups, planGroups},
		{v1alpha1.ConditionApplications, planApplications},
		{v1alpha1.ConditionDirectoryRoles, planDirectoryRoles},
	}
}

type planned struct {
	condition string
	plan      func(Input, *Plan) *Facet
}

// Conditions are the types of the conditions of all facets, in the order they are worked
// on.
func Conditions() []string {
	all := facets()
	names := make([]string, 0, len(all))
	for _, facet := range all {
		names = append(names, facet.condition)
	}
	return names
}

// Changes are the changes of all facets, in order.
func (p Plan) Changes() []Change {
	var all []Change
	for _, f := range p.Facets {
		all = append(all, f.Changes...)
	}
	return all
}

// Records are the records of all facets.
func (p Plan) Records() []v1alpha1.Record {
	all := slices.Clone(p.kept)
	for _, f := range p.Facets {
		all = append(all, f.Records...)
	}
	return all
}

// Decided are the records of what needs no reading.
func (p Plan) Decided() []v1alpha1.Record {
	all := slices.Clone(p.kept)
	for _, f := range p.Facets {
		if !f.NeedsLive {
			all = append(all, f.Records...)
		}
	}
	return all
}

// wake asks for another plan after a while, at the latest.
func (p *Plan) wake(after time.Duration) {
	if p.WakeAfter == 0 || after < p.WakeAfter {
		p.WakeAfter = after
	}
}

// record is the memory of a step that serves a declared value; another value is
// another step, which begins as the given phase says.
func (in Input) record(name, value string) (rec v1alpha1.Record, known bool) {
	for _, r := range in.Records {
		if r.Name == name && r.Value == value {
			return r, true
		}
	}
	rec = v1alpha1.Record{
		Name: name, Value: value, Phase: v1alpha1.PhaseOwed,
		Cause: "generation/" + strconv.FormatInt(in.Generation, 10),
		Time:  metav1.NewTime(in.Now),
	}
	return rec, false
}

// adopt marks a record as found done.
func adopt(rec *v1alpha1.Record) {
	rec.Phase = v1alpha1.PhaseDone
	rec.Cause = CauseAdopted
}

// found marks a record as done because the directory shows it so.
func (in Input) found(rec *v1alpha1.Record) {
	if rec.Phase != v1alpha1.PhaseDone {
		rec.Phase = v1alpha1.PhaseDone
		rec.Time = metav1.NewTime(in.Now)
	}
}

// settle decides about a step that may have happened. It returns true when the
// account was read late enough after the attempt for the reading to be trusted;
// otherwise it asks the plan to wait, or to read.
func (in Input) settle(rec v1alpha1.Record, plan *Plan) bool {
	if !in.elapsed(rec, plan) {
		return false
	}
	if !in.Live {
		plan.NeedsLive = true
		return false
	}
	return true
}

// elapsed tells whether the consistency window after an attempt has passed, or asks to
// wait for it.
func (in Input) elapsed(rec v1alpha1.Record, plan *Plan) bool {
	return in.elapsedSince(rec.Time.Time, plan)
}

// elapsedSince tells whether the consistency window after a time has passed, or asks to
// wait for it.
func (in Input) elapsedSince(t time.Time, plan *Plan) bool {
	left := t.Add(in.Settle).Sub(in.Now)
	if left > 0 {
		plan.wake(left)
	}
	return left <= 0
}

// formatTime writes one of Graph's times as a baseline.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// movedSince tells whether one of Graph's times is later than a baseline, in the
// steps of a second that Graph uses.
func movedSince(t time.Time, baseline string) bool {
	if t.IsZero() {
		return false
	}
	base, err := time.Parse(time.RFC3339, baseline)
	return err != nil || t.Truncate(time.Second).After(base)
}
