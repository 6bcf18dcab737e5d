package safeguard

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// AdminReader is what is read, live, before a Global Administrator is blocked.
type AdminReader interface {
	RoleAssignments(ctx context.Context, link string) (*directory.Page[directory.RoleAssignment], error)
	GroupMembers(ctx context.Context, groupID, link string) (*directory.Page[string], error)
	User(ctx context.Context, key string) (*directory.User, error)
}

// Admins keeps the last active Global Administrator of every tenant. Decisions in
// flight count as done, so that two workers cannot take the last two.
type Admins struct {
	clock clock.PassiveClock
	// hold is for how long a reading may still show an administrator whom we blocked.
	hold time.Duration

	mu      sync.Mutex
	tenants map[string]*tenantAdmins
}

// tenantAdmins are the decisions about one tenant: one that is being made, and those in
// flight with when they were made.
type tenantAdmins struct {
	busy    bool
	blocked map[string]time.Time
}

// NewAdmins returns an empty memory; hold is for how long Graph's readings may lag
// behind a write.
func NewAdmins(c clock.PassiveClock, hold time.Duration) *Admins {
	return &Admins{clock: c, hold: hold, tenants: map[string]*tenantAdmins{}}
}

// Decision is what Reserve found.
type Decision int

// The decisions.
const (
	// Granted means that others remain; the reservation holds until Release or until
	// readings can be trusted to show the block.
	Granted Decision = iota
	// LastOne means that nobody else would remain.
	LastOne
	// Busy means that another decision about the same tenant is being made: come back.
	Busy
)

// Reserve decides whether the account may be blocked. The reader is asked for the
// tenant's Global Administrators as they are now; a failure to read refuses with the
// reader's error.
func (a *Admins) Reserve(ctx context.Context, tenantID, userID string, reader AdminReader) (decision Decision, err error) {
	inFlight, free := a.begin(tenantID)
	if !free {
		return Busy, nil
	}
	decision = Busy
	defer func() { a.end(tenantID, userID, decision == Granted) }()
	return decide(ctx, userID, inFlight, reader)
}

// Release takes a reservation back, when the block was refused for certain.
func (a *Admins) Release(tenantID, userID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.tenants[tenantID]; t != nil {
		delete(t.blocked, userID)
	}
	a.sweep()
}

// begin makes a tenant busy, unless it is, and tells whose blocks are in flight.
func (a *Admins) begin(tenantID string) (inFlight map[string]bool, free bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep()
	t := a.tenants[tenantID]
	if t == nil {
		t = &tenantAdmins{blocked: map[string]time.Time{}}
		a.tenants[tenantID] = t
	}
	if t.busy {
		return nil, false
	}
	t.busy = true
	inFlight = make(map[string]bool, len(t.blocked))
	for id := range t.blocked {
		inFlight[id] = true
	}
	return inFlight, true
}

// end notes a decision.
func (a *Admins) end(tenantID, userID string, granted bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.tenants[tenantID]
	t.busy = false
	if granted {
		t.blocked[userID] = a.clock.Now()
	}
}

// sweep forgets what readings show by now, and tenants of which nothing is left. The
// caller holds the lock.
func (a *Admins) sweep() {
	now := a.clock.Now()
	for tenantID, t := range a.tenants {
		for id, at := range t.blocked {
			if now.Sub(at) > a.hold {
				delete(t.blocked, id)
			}
		}
		if !t.busy && len(t.blocked) == 0 {
			delete(a.tenants, tenantID)
		}
	}
}

// decide looks for somebody who remains.
func decide(ctx context.Context, userID string, inFlight map[string]bool, reader AdminReader) (Decision, error) {
	holders, err := globalAdmins(ctx, reader)
	if err != nil {
		return Busy, err
	}
	for _, id := range holders {
		if id == userID || inFlight[id] {
			continue
		}
		user, err := reader.User(ctx, id)
		if directory.KindOf(err) == directory.KindNotFound {
			continue
		}
		if err != nil {
			return Busy, err
		}
		if user.Enabled == directory.Yes {
			return Granted, nil
		}
	}
	return LastOne, nil
}

// globalAdmins reads who holds the Global Administrator role in the whole tenant,
// directly or through a group. Eligible holders do not count: they may be unable to
// activate the role without another administrator.
func globalAdmins(ctx context.Context, reader AdminReader) ([]string, error) {
	assignments, err := readAll(func(link string) (*directory.Page[directory.RoleAssignment], error) {
		return reader.RoleAssignments(ctx, link)
	})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, assignment := range assignments {
		if assignment.RoleID != directory.GlobalAdministrator || assignment.Scope != "/" {
			continue
		}
		switch assignment.PrincipalKind {
		case directory.PrincipalUser:
			ids = append(ids, assignment.PrincipalID)
		case directory.PrincipalGroup:
			members, err := readAll(func(link string) (*directory.Page[string], error) {
				return reader.GroupMembers(ctx, assignment.PrincipalID, link)
			})
			if err != nil {
				return nil, err
			}
			ids = append(ids, members...)
		case directory.PrincipalServicePrincipal, directory.PrincipalUnknown:
		}
	}
	return ids, nil
}

func readAll[T any](page func(link string) (*directory.Page[T], error)) ([]T, error) {
	var all []T
	for link := ""; ; {
		p, err := page(link)
		if err != nil {
			return nil, err
		}
		all = append(all, p.Items...)
		if p.Next == "" {
			return all, nil
		}
		link = p.Next
	}
}
