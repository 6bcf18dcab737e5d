package inventory

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
)

// Options for New. Zero values stand for the defaults.
type Options struct {
	Clock clock.PassiveClock
	// Feeds are the intervals at which the feeds are read.
	Feeds FeedIntervals
	// Expectation is how long a value that the operator wrote is believed although
	// Graph does not show it; 10 minutes.
	Expectation time.Duration
	// ResyncEvery is the longest time between two complete readings of a tenant's
	// users, or groups, a net below the delta; 24 hours. Those that take many calls are
	// up to a week apart.
	ResyncEvery time.Duration
}

// defaultResync is Options.ResyncEvery where nothing else is said.
const defaultResync = 24 * time.Hour

// Change tells that an account's Observation changed, or whether it is in a group that
// the last Sync was asked for.
type Change struct {
	// ID of the account.
	ID string
	// Names are the user principal names it had and has, in lower case, so that
	// whoever knows the account by name only hears of it as well.
	Names []string
	// Identity is true when the account came or went, or has another name or type, and
	// whenever all of a tenant's accounts are told.
	Identity bool
}

// Subscriber hears of changes. It is called outside all locks, by the goroutine that
// brought the change, and must not block.
type Subscriber func(tenant types.NamespacedName, changes []Change)

// Store holds what is known of all tenants. It is safe for concurrent use.
type Store struct {
	options Options

	mu          sync.RWMutex
	tenants     map[types.NamespacedName]*Tenant
	subscribers []Subscriber
}

// New makes an empty store.
func New(options Options) *Store {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	if options.Expectation == 0 {
		options.Expectation = 10 * time.Minute
	}
	if options.ResyncEvery == 0 {
		options.ResyncEvery = defaultResync
	}
	options.Feeds = options.Feeds.withDefaults()
	return &Store{options: options, tenants: map[types.NamespacedName]*Tenant{}}
}

// Tenant is what is known of a tenant; an empty one is made when there is none.
func (s *Store) Tenant(key types.NamespacedName) *Tenant {
	if t, ok := s.Lookup(key); ok {
		return t
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tenants[key]
	if !ok {
		t = newTenant(key, s)
		s.tenants[key] = t
	}
	return t
}

// Lookup is what is known of a tenant, if there is anything.
func (s *Store) Lookup(key types.NamespacedName) (*Tenant, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.tenants[key]
	return t, ok
}

// Forget drops a tenant. Whoever still holds it hears of no more changes.
func (s *Store) Forget(key types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tenants, key)
}

// Subscribe adds a subscriber for the changes of all tenants. Until a tenant is
// Synced nothing is said of it; then every account is said, and what changes from then on.
func (s *Store) Subscribe(f Subscriber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribers = append(slices.Clip(s.subscribers), f)
}

// publish tells the subscribers, unless the tenant was forgotten.
func (s *Store) publish(t *Tenant, changes []Change) {
	if len(changes) == 0 {
		return
	}
	s.mu.RLock()
	current, subscribers := s.tenants[t.key] == t, s.subscribers
	s.mu.RUnlock()
	if !current {
		return
	}
	for _, f := range subscribers {
		f(t.key, changes)
	}
}
