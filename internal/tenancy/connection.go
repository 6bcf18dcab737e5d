package tenancy

import (
	"crypto/sha256"
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
	workers *workers
	// digest of everything the directory was made from.
	digest [sha256.Size]byte
	// resolved is when the tenant's name was last resolved to its GUID.
	resolved time.Time
}

// TryAcquire takes one of the workers that this tenant may hold; ok is false when it
// holds them all, and release must be called otherwise. So a tenant whose calls hang
// leaves workers to the others. Who got none is called when one is free.
func (c *Connection) TryAcquire(waiter Waiter) (release func(), ok bool) {
	return c.workers.tryAcquire(waiter)
}

// CallNext calls who waits first when a worker is free: at the end of every pass, so
// that one that was called and needed no worker after all holds nobody up.
func (c *Connection) CallNext() { c.workers.callNext() }

// SetUsers tells how many accounts the tenant has: Microsoft allows larger tenants
// more.
func (c *Connection) SetUsers(n int) { c.budget.SetUsers(n) }
