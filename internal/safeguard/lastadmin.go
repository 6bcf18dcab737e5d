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

type tenantAdmins struct {
	mu      sync.Mutex
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
func (a *Admins) Reserve(ctx context.Context, tenantID, userID string, reader AdminReader) (Decision, error) {
	t := a.tenant(tenantID)
	if !t.mu.TryLock() {
		return Busy, nil
	}
	defer t.mu.Unlock()

	holders, err := globalAdmins(ctx, reader)
	if err != nil {
		return Busy, err
	}
	now := a.clock.Now()
	for id, at := range t.blocked {
		if now.Sub(at) > a.hold {
			delete(t.blocked, id)
		}
	}
	for _, id := range holders {
		if _, inFlight := t.blocked[id]; id == userID || inFlight {
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
			t.blocked[userID] = now
			return Granted, nil
		}
	}
	return LastOne, nil
}

// Release takes a reservation back, when the block was refused for certain.
func (a *Admins) Release(tenantID, userID string) {
	t := a.tenant(tenantID)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.blocked, userID)
}

func (a *Admins) tenant(id string) *tenantAdmins {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tenants[id] == nil {
		a.tenants[id] = &tenantAdmins{blocked: map[string]time.Time{}}
	}
	return a.tenants[id]
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
