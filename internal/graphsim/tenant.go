package graphsim

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// tenant is one Microsoft 365 tenant. Everything below mu is guarded by it; a
// request holds only the lock of its own tenant.
type tenant struct {
	id     string
	seed   uint64
	schema *userSchema
	clock  *Clock
	quirks Quirks
	epoch  string // of this making of the tenant; its delta tokens carry it

	mu          sync.Mutex
	displayName string
	country     string
	created     time.Time
	domains     []domain

	sync    syncEngine
	users   map[string]*userRecord
	upns    map[string]string // canonical UPN of live accounts → id
	order   []string          // ids as created, deleted ones included
	records []*userRecord     // of those, for whoever visits all
	// addresses are the mail addresses of live accounts → id; nil until a write asks.
	addresses map[string]string
	bin       recycleBin
	purged    int                    // accounts that are gone for good
	quota     int                    // of objects
	mailboxes map[string]MailboxSpec // settings that were changed, by account id
	mailPlans map[string]string      // SKU id → the Exchange plan in it
	log       changeLog
	// deltaSeries grows when all delta tokens expire at once, tokenSeries when all access
	// tokens are revoked.
	deltaSeries uint64
	tokenSeries atomic.Uint64
	signIns     map[string]signInActivity

	groups        []*group // in the order of making
	groupsByID    map[string]*group
	groupsMade    int
	groupLog      groupHistory
	licensing     []licenseDue // what groups owe, the earliest first
	assignments   []roleAssignment
	withdrawn     []roleAssignment        // taken away, but still in force
	eligibilities []roleAssignment        // by Privileged Identity Management
	registrations map[string]registration // by account id; absent means a password only
	report        *registrationReport     // nil until somebody asks, or if it is always fresh
	skus          []*subscribedSKU

	securityDefaults bool
	policies         []ConditionalAccessSpec
	rooms            []RoomSpec

	apps       enterpriseApps
	passPolicy TemporaryAccessPassPolicy
	passes     map[string]*temporaryPass // by account id
	devices    devices

	signInLog   []SignInSpec // the oldest first; users are object ids
	signInCount uint64

	consumed map[string]int // SKU id → accounts that hold it

	principals map[string]*servicePrincipal // by app id
	budgets    map[string]*appBudget        // by app id
	stats      *statistics
}

// domain is one of the tenant's domains.
type domain struct {
	name      string
	federated bool
	verified  bool
	isDefault bool
	isInitial bool
}

func (t *tenant) domain(name string) (domain, bool) {
	for _, d := range t.domains {
		if strings.EqualFold(d.name, name) {
			return d, true
		}
	}
	return domain{}, false
}

func (t *tenant) defaultDomain() string {
	for _, d := range t.domains {
		if d.isDefault {
			return d.name
		}
	}
	return ""
}

// born ends the making of the tenant: what groups owe since then is given, and how it
// was made is forgotten, since nobody has seen it.
func (t *tenant) born(now time.Time) {
	t.licenseUntil(now)
	t.log.forget()
	t.groupLog.forget()
}

// settle lets happen what time has brought: on-premises sync, group licences, and the
// end of what was deleted.
func (t *tenant) settle(now time.Time) {
	t.synchronizeUntil(now)
	t.licenseUntil(now)
	t.purgeExpired(now)
}

// find resolves an object id or a user principal name to a live account.
func (t *tenant) find(key string) (*userRecord, bool) {
	if r, ok := t.users[strings.ToLower(key)]; ok {
		return r, r.live()
	}
	if id, ok := t.upns[canonicalUPN(key)]; ok {
		return t.users[id], true
	}
	return nil, false
}

// create adds an account.
func (t *tenant) create(u *user, now time.Time) *userRecord {
	r := &userRecord{current: u, deletedAt: u.time(propDeletedDateTime)}
	r.followSync()
	t.users[u.id] = r
	t.order, t.records = append(t.order, u.id), append(t.records, r)
	if r.live() {
		t.upns[canonicalUPN(u.upn())] = u.id
		t.countLicenses(nil, u)
		t.indexAddresses(nil, u)
	} else {
		t.bin.add(u.id, r.deletedAt)
	}
	t.log.append(change{at: now, id: u.id, kind: changeCreated, state: u})
	return r
}

// apply makes the changes, keeps every index true, and says what really changed.
func (t *tenant) apply(r *userRecord, changes []field, now time.Time) propSet {
	next, changed := r.current.with(changes)
	if changed.empty() {
		return changed
	}
	if changed.has(propUserPrincipalName) && r.live() {
		delete(t.upns, canonicalUPN(r.current.upn()))
		t.upns[canonicalUPN(next.upn())] = next.id
	}
	if changed.has(propAssignedLicenses) {
		t.countLicenses(r.current, next)
	}
	if (changed.has(propMail) || changed.has(propProxyAddresses)) && r.live() {
		t.indexAddresses(r.current, next)
	}
	r.remember(now, t.quirks.ReadLag)
	t.log.append(change{at: now, id: next.id, kind: changeUpdated, mask: changed, before: r.current, state: next})
	r.current = next
	if changed.has(propOnPremisesSyncEnabled) {
		r.followSync()
	}
	t.touched(r)
	return changed
}

// softDelete moves an account to deletedItems.
func (t *tenant) softDelete(r *userRecord, now time.Time) {
	delete(t.upns, canonicalUPN(r.current.upn()))
	r.current, _ = r.current.with([]field{{propDeletedDateTime, now}})
	r.deletedAt = now
	r.past = nil
	t.bin.add(r.current.id, now)
	t.countLicenses(r.current, nil)
	t.indexAddresses(r.current, nil)
	t.touched(r)
	t.log.append(change{at: now, id: r.current.id, kind: changeDeleted, state: r.current})
	t.showMember(r, now)
}

// restore brings a soft-deleted account back.
func (t *tenant) restore(r *userRecord, now time.Time) { t.restoreAs(r, nil, now) }

// restoreAs brings a soft-deleted account back with changes to what it was.
func (t *tenant) restoreAs(r *userRecord, changes []field, now time.Time) {
	r.current, _ = r.current.with(append(changes, field{propDeletedDateTime, nil}))
	r.deletedAt = time.Time{}
	t.bin.remove(r.current.id)
	t.upns[canonicalUPN(r.current.upn())] = r.current.id
	t.countLicenses(nil, r.current)
	t.indexAddresses(nil, r.current)
	t.touched(r)
	t.log.append(change{at: now, id: r.current.id, kind: changeRestored, state: r.current})
	t.showMember(r, now)
}

// purge removes an account for good.
func (t *tenant) purge(r *userRecord, now time.Time) {
	if r.live() {
		t.softDelete(r, now)
	}
	r.purged = true
	t.purged++
	t.bin.remove(r.current.id)
	delete(t.signIns, r.current.id)
	t.forget(r.current.id, now)
	t.log.append(change{at: now, id: r.current.id, kind: changePurged, state: r.current})
}

// forget removes what hung on an account that is gone for good.
func (t *tenant) forget(id string, now time.Time) {
	delete(t.registrations, id)
	delete(t.passes, id)
	t.forgetAppRoles(id, now)
	t.forgetOwner(id)
	delete(t.mailboxes, id)
	t.withdraw(now, func(a roleAssignment) bool { return a.principalID == id })
	t.eligibilities = slices.DeleteFunc(t.eligibilities, func(e roleAssignment) bool { return e.principalID == id })
	for _, m := range slices.Clone(t.users[id].joined) {
		t.forgetMembership(m.group, id)
	}
	for _, g := range t.groups {
		g.owners = slices.DeleteFunc(g.owners, func(owner string) bool { return owner == id })
	}
}

func (t *tenant) countLicenses(before, after *user) {
	for _, side := range []struct {
		user  *user
		delta int
	}{{before, -1}, {after, 1}} {
		if side.user == nil {
			continue
		}
		v, _ := side.user.get(propAssignedLicenses)
		licenses, _ := v.([]assignedLicense)
		for _, l := range licenses {
			t.consumed[l.SKUID] += side.delta
		}
	}
}

// hasPlan reports whether any live subscription contains the service plan.
func (t *tenant) hasPlan(plan string) bool {
	return slices.ContainsFunc(t.skus, func(s *subscribedSKU) bool {
		return s.enabled > 0 && s.status() == "Enabled" &&
			slices.ContainsFunc(s.plans, func(p servicePlan) bool { return p.id == plan })
	})
}

func (t *tenant) hasP1() bool { return t.hasPlan(planEntraP1) || t.hasPlan(planEntraP2) }
