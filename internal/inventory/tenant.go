package inventory

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// Accounts are written and copied in portions, so that nobody waits for the lock
// longer than one of them takes.
const (
	writePortion = 256
	readPortion  = 64
)

// Tenant is what is known of one tenant. It is safe for concurrent use; reading from
// it never waits for Graph.
type Tenant struct {
	key   types.NamespacedName
	store *Store

	// syncing is held during a Sync, of which there is one at a time; round and what
	// the feeds have half read belong to it.
	syncing sync.Mutex
	round   userRound
	feeds   []*feed
	// groupRound is how far the groups were read; it belongs to the Sync as well.
	groupRound groupRound

	// mu guards all that follows, and the feeds' status. It is never held while a
	// call is made.
	mu       sync.RWMutex
	synced   bool
	accounts map[string]*account
	// order lists the accounts as they were first seen. It is appended to, or
	// replaced as a whole, so that a copy of it can be read without the lock.
	order    []*account
	names    nameIndex
	facts    facts
	counts   tally
	interned interner
	// held are the accounts with expectations, doubted those with a delivery that
	// looks older than what is known.
	held    map[string]*account
	doubted map[string]doubt
	// fates are what the operator itself just made of accounts' existence, acts counts
	// what else it wrote.
	fates map[string]fate
	acts  uint64
	// begun is when the tenant began to be known, written when accounts were last written to.
	begun   time.Time
	written map[string]time.Time
	// admins are the accounts known to be administrators.
	admins map[string]*account
	// askedMailboxes are to be read anew.
	askedMailboxes map[string]bool
	// wanted are the groups of the last SyncRequest, wantedApplications its applications.
	wanted, wantedApplications map[string]bool
	wantedManagers             bool
	// refusals are what the tenant refused within a feed that goes on without it.
	refusals map[string]refusal
	recheck  bool
}

func newTenant(key types.NamespacedName, store *Store) *Tenant {
	t := &Tenant{
		key:      key,
		store:    store,
		accounts: map[string]*account{},
		names:    newNameIndex(),
		interned: newInterner(),
		facts:    newFacts(),
		held:     map[string]*account{},
		doubted:  map[string]doubt{},
		wanted:   map[string]bool{},
		fates:    map[string]fate{},
		begun:    store.options.Clock.Now(),
		written:  map[string]time.Time{},
		admins:   map[string]*account{},

		askedMailboxes: map[string]bool{},
		refusals:       map[string]refusal{},
	}
	t.feeds = t.newFeeds(store.options.Feeds)
	return t
}

// Synced is true once all users of the tenant have been read, and the other feeds as
// far as they could be in the same sync.
func (t *Tenant) Synced() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.synced
}

// ByID is what is known of an account; false when it was never seen.
func (t *Tenant) ByID(id string) (Observation, bool) {
	id = strings.ToLower(id)
	t.mu.RLock()
	defer t.mu.RUnlock()
	a, ok := t.accounts[id]
	if !ok {
		return Observation{}, false
	}
	if a.hold != nil && !t.now().Before(a.hold.until) {
		return t.facts.derive(a.hold.read, a.shown.Gone), true
	}
	return a.shown, true
}

// ByName is the object id of the account with a user principal name, without regard
// to case. Accounts that are gone have no name.
func (t *Tenant) ByName(upn string) (id string, ok bool) {
	upn = strings.ToLower(upn)
	t.mu.RLock()
	defer t.mu.RUnlock()
	id, ok = t.names.owner[upn]
	return id, ok
}

// InGroup tells whether an account is in one of the groups that the last Sync was
// asked for, also through nested groups; Unknown when that group could not be read.
func (t *Tenant) InGroup(groupID, userID string) directory.Tristate {
	t.mu.RLock()
	defer t.mu.RUnlock()
	members, ok := t.facts.groups[strings.ToLower(groupID)]
	if !ok {
		return directory.Unknown
	}
	return directory.TristateOf(members[strings.ToLower(userID)])
}

// Range calls f for every account that is there, until it returns false. f is called
// outside locks; what changes meanwhile may or may not be seen.
func (t *Tenant) Range(f func(Observation) bool) {
	t.mu.RLock()
	accounts := t.order
	t.mu.RUnlock()
	buffer := make([]Observation, 0, readPortion)
	for portion := range slices.Chunk(accounts, readPortion) {
		buffer = buffer[:0]
		t.mu.RLock()
		for _, a := range portion {
			if a.shown.Gone == GoneNot {
				buffer = append(buffer, a.shown)
			}
		}
		t.mu.RUnlock()
		for i := range buffer {
			if !f(buffer[i]) {
				return
			}
		}
	}
}

// Recheck makes the next Sync ask again for what was refused: the token's
// permissions changed.
func (t *Tenant) Recheck() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recheck = true
}

func (t *Tenant) now() time.Time { return t.store.options.Clock.Now() }

// emit tells the subscribers, once the tenant is synced, and counts.
func (t *Tenant) emit(changes []Change) int {
	if t.Synced() {
		t.store.publish(t, changes)
	}
	return len(changes)
}

// portions are all accounts, those that are gone too, to be locked one portion at a
// time.
func (t *Tenant) portions() iter.Seq[[]*account] {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Chunk(t.order, writePortion)
}

// rederive looks at every account again, after a fact about the tenant changed.
func (t *Tenant) rederive() int { return t.rederiveTo(t.emit) }

func (t *Tenant) rederiveTo(emit func([]Change) int) int {
	changed := 0
	for portion := range t.portions() {
		changed += emit(t.write(func(w *writer) {
			for _, a := range portion {
				w.refresh(a)
			}
		}))
	}
	return changed
}

// tellTo tells of accounts whose Observation need not have changed.
func (t *Tenant) tellTo(emit func([]Change) int, concerned func(id string) bool) int {
	told := 0
	for portion := range t.portions() {
		var changes []Change
		t.mu.RLock()
		for _, a := range portion {
			if concerned(a.shown.User.ID) {
				changes = append(changes, changeOf(nil, &a.shown))
			}
		}
		t.mu.RUnlock()
		told += emit(changes)
	}
	return told
}

// announce makes the tenant Synced and tells of every account once.
func (t *Tenant) announce() {
	t.mu.Lock()
	t.synced = true
	t.mu.Unlock()
	t.tellTo(t.emit, func(string) bool { return true })
}
