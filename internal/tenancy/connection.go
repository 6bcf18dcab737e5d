package tenancy

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

// Connection is a connected tenant.
type Connection struct {
	Directory directory.Directory
	// TenantID is the tenant's GUID, ClientID the app's that the operator uses there.
	TenantID, ClientID string

	budget  *throttle.Budget
	workers chan struct{}
	// digest of everything the directory was made from.
	digest [sha256.Size]byte
	// resolved is when the tenant's name was last resolved to its GUID.
	resolved time.Time
}

// TryAcquire takes one of the workers that this tenant may hold; ok is false when it
// holds them all, and release must be called otherwise. So a tenant whose calls hang
// leaves workers to the others.
func (c *Connection) TryAcquire() (release func(), ok bool) {
	select {
	case c.workers <- struct{}{}:
		return sync.OnceFunc(func() { <-c.workers }), true
	default:
		return nil, false
	}
}

// SetUsers tells how many accounts the tenant has: Microsoft allows larger tenants
// more.
func (c *Connection) SetUsers(n int) { c.budget.SetUsers(n) }

// newWorkers is what one tenant may hold of all workers.
func newWorkers(all int) chan struct{} { return make(chan struct{}, max(1, all/4)) }
