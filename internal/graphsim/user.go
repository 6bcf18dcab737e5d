package graphsim

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// user is one state of an account: an immutable snapshot, so that replicas, the
// change log and readers can share it. Only properties that were ever set are held.
type user struct {
	id     string
	fields []field // sorted by prop
}

type field struct {
	prop  propID
	value any // string, bool, int, time.Time, []string, a JSON object, or nil for an explicit null
}

// newUser makes a first state; unlike [user.with] it keeps explicit nulls. Of fields
// given twice the last counts.
func newUser(fields []field) *user {
	u := &user{fields: slices.Clone(fields)}
	slices.Reverse(u.fields)
	slices.SortStableFunc(u.fields, func(a, b field) int { return cmp.Compare(a.prop, b.prop) })
	u.fields = slices.CompactFunc(u.fields, func(a, b field) bool { return a.prop == b.prop })
	return u
}

func (u *user) get(p propID) (any, bool) {
	if p == propObjectID {
		return u.id, true
	}
	i, ok := slices.BinarySearchFunc(u.fields, p, func(f field, p propID) int { return cmp.Compare(f.prop, p) })
	if !ok {
		return nil, false
	}
	return u.fields[i].value, true
}

func (u *user) str(p propID) string {
	v, _ := u.get(p)
	s, _ := v.(string)
	return s
}

func (u *user) boolean(p propID) bool {
	v, _ := u.get(p)
	b, _ := v.(bool)
	return b
}

func (u *user) time(p propID) time.Time {
	v, _ := u.get(p)
	t, _ := v.(time.Time)
	return t
}

func (u *user) upn() string { return u.str(propUserPrincipalName) }

// with returns a snapshot with the changes applied, and what really changed.
func (u *user) with(changes []field) (*user, propSet) {
	var changed propSet
	fields := slices.Clone(u.fields)
	for _, c := range changes {
		i, ok := slices.BinarySearchFunc(fields, c.prop, func(f field, p propID) int { return cmp.Compare(f.prop, p) })
		switch {
		case ok && sameValue(fields[i].value, c.value):
			continue
		case ok:
			fields[i].value = c.value
		case c.value == nil: // clearing what was never set changes nothing
			continue
		default:
			fields = slices.Insert(fields, i, c)
		}
		changed.add(c.prop)
	}
	if changed.empty() {
		return u, changed
	}
	return &user{id: u.id, fields: fields}, changed
}

func sameValue(a, b any) bool {
	switch x := a.(type) {
	case nil, string, bool, int:
		return a == b
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	case []string:
		y, ok := b.([]string)
		return ok && slices.Equal(x, y)
	default:
		return string(mustJSON(a)) == string(mustJSON(b))
	}
}

// userRecord is an account: its present state, what replicas may still show, and
// what Graph never shows.
type userRecord struct {
	current   *user
	deletedAt time.Time // zero while the account is live
	purged    bool      // gone for good
	past      []pastState

	password    string
	forceChange bool
	forceMFA    bool
	onPremises  *onPremisesSide // nil unless synced from Active Directory
	mailbox     MailboxPurpose
	joined      []membership // direct ones
}

// pastState was the present state until the given time; nil for an account that did
// not exist yet.
type pastState struct {
	until time.Time
	state *user
}

func (r *userRecord) live() bool { return r.deletedAt.IsZero() && !r.purged }

// asOf is the state a replica shows that has seen everything up to t.
func (r *userRecord) asOf(t time.Time) *user {
	for _, p := range r.past {
		if t.Before(p.until) {
			return p.state
		}
	}
	return r.current
}

// followSync begins with Active Directory as the tenant has the account, or ends it.
func (r *userRecord) followSync() {
	r.onPremises = nil
	if r.current.boolean(propOnPremisesSyncEnabled) {
		r.onPremises = &onPremisesSide{state: r.current}
	}
}

// remember keeps the state that is about to be replaced for replicas that lag.
func (r *userRecord) remember(now time.Time, keep time.Duration) {
	r.past = slices.DeleteFunc(r.past, func(p pastState) bool { return p.until.Before(now.Add(-keep)) })
	if keep > 0 {
		r.past = append(r.past, pastState{until: now, state: r.current})
	}
}

// appear notes that the account was made or restored just now: replicas that lag do
// not know it yet.
func (r *userRecord) appear(now time.Time, lag time.Duration) {
	if lag > 0 {
		r.past = append(r.past, pastState{until: now})
	}
}

// assignedLicense is the complex type of that name.
type assignedLicense struct {
	DisabledPlans []string `json:"disabledPlans"`
	SKUID         string   `json:"skuId"`
}

// licenseAssignmentState is the complex type of that name.
type licenseAssignmentState struct {
	SKUID               string    `json:"skuId"`
	DisabledPlans       []string  `json:"disabledPlans"`
	AssignedByGroup     *string   `json:"assignedByGroup"`
	State               string    `json:"state"`
	Error               string    `json:"error"`
	LastUpdatedDateTime time.Time `json:"lastUpdatedDateTime"`
}

// signInActivity is the complex type of that name; it is not part of a user's
// snapshot because its changes are never tracked.
type signInActivity struct {
	LastSignInDateTime               *time.Time `json:"lastSignInDateTime"`
	LastSignInRequestID              string     `json:"lastSignInRequestId"`
	LastNonInteractiveSignInDateTime *time.Time `json:"lastNonInteractiveSignInDateTime"`
	LastNonInteractiveRequestID      string     `json:"lastNonInteractiveSignInRequestId"`
	LastSuccessfulSignInDateTime     *time.Time `json:"lastSuccessfulSignInDateTime"`
	LastSuccessfulSignInRequestID    string     `json:"lastSuccessfulSignInRequestId"`
}

// encodeUser renders the selected properties. What was never set is null in a
// plain read and left out in delta (omitUnset).
func (s *userSchema) encodeUser(u *user, sel propSet, omitUnset bool, extra ...jsonMember) json.RawMessage {
	o := newObject(len(u.fields) + len(extra))
	for _, m := range extra {
		o.add(m.name, m.value)
	}
	for i := range s.props {
		p := propID(i)
		if !sel.has(p) || s.props[i].is(navigation) {
			continue
		}
		v, set := u.get(p)
		switch {
		case s.props[i].is(neverVisible):
			if !omitUnset {
				o.add(s.props[i].name, nil)
			}
		case set:
			o.add(s.props[i].name, v)
		case omitUnset:
		case s.props[i].kind == kindStrings, p == propAssignedLicenses, p == propLicenseAssignmentStates:
			o.add(s.props[i].name, []string{})
		default:
			o.add(s.props[i].name, nil)
		}
	}
	return o.bytes()
}

// canonicalUPN is the form under which principal names are unique.
func canonicalUPN(upn string) string { return strings.ToLower(upn) }

// only keeps the properties that have the flag.
func (u *user) only(s *userSchema, flag propFlag) *user {
	kept := &user{id: u.id}
	for _, f := range u.fields {
		if s.props[f.prop].is(flag) {
			kept.fields = append(kept.fields, f)
		}
	}
	return kept
}
