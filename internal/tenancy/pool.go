package tenancy

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

// DefaultWorkers is how many users are worked on at once.
const DefaultWorkers = 32

// Options make a Pool.
type Options struct {
	// Reader reads Secrets; it must not be cached, since nothing may list them.
	Reader client.Reader
	// Client reads Connections; it may be cached.
	Client client.Reader
	// Namespace is the manager's own, where Connections' Secrets are.
	Namespace string
	// Endpoints replace the clouds' hosts where they are set.
	Endpoints graph.Endpoints
	// Transport is shared by all tenants; see graph.NewTransport.
	Transport http.RoundTripper
	Governor  *throttle.Governor
	Clock     clock.PassiveClock
	// Registerer takes the metrics.
	Registerer prometheus.Registerer
	// Timeout of one call to Microsoft Graph; graph.DefaultTimeout when 0.
	Timeout time.Duration
	// Workers work on users at once; one tenant may hold a quarter of them, and half as
	// many more for suspensions.
	// DefaultWorkers when 0.
	Workers int
}

// Pool keeps the connected tenants. It is safe for concurrent use, but for one
// Tenant only one Connect may run at a time.
type Pool struct {
	options Options
	metrics *metrics

	mu      sync.Mutex
	tenants map[types.NamespacedName]*Connection
}

// NewPool returns a Pool without connections.
func NewPool(o Options) (*Pool, error) {
	switch {
	case o.Reader == nil || o.Client == nil:
		return nil, errors.New("tenancy: no client")
	case o.Namespace == "":
		return nil, errors.New("tenancy: no namespace")
	case o.Transport == nil || o.Governor == nil || o.Clock == nil || o.Registerer == nil:
		return nil, errors.New("tenancy: transport, governor, clock and registerer are required")
	}
	if o.Timeout == 0 {
		o.Timeout = graph.DefaultTimeout
	}
	if o.Workers == 0 {
		o.Workers = DefaultWorkers
	}
	p := &Pool{options: o, tenants: map[types.NamespacedName]*Connection{}}
	p.metrics = newMetrics(p)
	if err := p.metrics.register(o.Registerer); err != nil {
		return nil, err
	}
	return p, nil
}

// Lookup returns a Tenant's connection as last made. It asks nobody.
func (p *Pool) Lookup(tenant types.NamespacedName) (*Connection, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.tenants[tenant]
	return c, ok
}

// Forget lets go of a Tenant that is gone: its connection, budget and metrics.
func (p *Pool) Forget(tenant types.NamespacedName) {
	p.drop(tenant)
	p.metrics.forget(tenant)
}

// drop ends a Tenant's connection.
func (p *Pool) drop(tenant types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.tenants[tenant]
	delete(p.tenants, tenant)
	p.release(old)
}

// keep remembers a connection in place of the one before.
func (p *Pool) keep(tenant types.NamespacedName, c *Connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.tenants[tenant]
	p.tenants[tenant] = c
	p.release(old)
}

// release lets go of a budget that no connection uses any more.
func (p *Pool) release(old *Connection) {
	if old == nil {
		return
	}
	for _, c := range p.tenants {
		if c.budget == old.budget {
			return
		}
	}
	p.options.Governor.Forget(old.ClientID, old.TenantID)
}

// connections lists what is connected now.
func (p *Pool) connections() map[types.NamespacedName]*Connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[types.NamespacedName]*Connection, len(p.tenants))
	for key, c := range p.tenants {
		all[key] = c
	}
	return all
}
