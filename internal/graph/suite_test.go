package graph_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

func TestGraph(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "graph")
}

// budget is a Budget that grants everything until told otherwise, and remembers.
type budget struct {
	mu        sync.Mutex
	wait      time.Duration
	reserved  []throttle.Cost
	throttled []time.Duration
	classes   []throttle.Class
	observed  []float64
}

func (b *budget) Reserve(cost throttle.Cost) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wait == 0 {
		b.reserved = append(b.reserved, cost)
	}
	return b.wait
}

func (b *budget) Throttled(class throttle.Class, retryAfter time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.classes, b.throttled = append(b.classes, class), append(b.throttled, retryAfter)
}

func (b *budget) Observe(percentage float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.observed = append(b.observed, percentage)
}

// observation is what the Observer was told.
type observation struct{ service, code string }

// world is one simulated tenant and a client connected to it.
type world struct {
	*graphsim.Server
	tenant       string
	budget       *budget
	mu           sync.Mutex
	observations []observation
	client       *graph.Client
	transport    *http.Transport
}

const contoso = "contoso.example"

// newWorld starts a simulator with one tenant and connects to it.
func newWorld(spec graphsim.TenantSpec, change ...func(*graphsim.Options)) *world {
	GinkgoHelper()
	options := graphsim.Options{Seed: 7}
	for _, c := range change {
		c(&options)
	}
	sim, err := graphsim.New(options)
	Expect(err).NotTo(HaveOccurred())
	Expect(sim.Start()).To(Succeed())
	DeferCleanup(sim.Close)
	spec.DisplayName = "Contoso Ltd"
	if spec.Domains == nil {
		spec.Domains = []graphsim.DomainSpec{{Name: contoso, Default: true}, {Name: "contoso.onmicrosoft.com"}}
	}
	w := &world{Server: sim, budget: &budget{}, transport: graph.NewTransport(sim.CA())}
	DeferCleanup(w.transport.CloseIdleConnections)
	w.tenant, err = sim.AddTenant(spec)
	Expect(err).NotTo(HaveOccurred())
	w.client = w.connect(nil)
	DeferCleanup(func() {
		Expect(sim.Counters("").Absent).To(BeZero(), "an endpoint was called that is not simulated")
	})
	return w
}

// connect makes a client, with other options than the usual ones if asked.
func (w *world) connect(change func(*graph.Options)) *graph.Client {
	GinkgoHelper()
	options := graph.Options{
		TenantID: w.tenant, ClientID: w.ClientID(), Credential: graph.Credential{Secret: w.ClientSecret()},
		Cloud: graph.CloudGlobal, Endpoints: graph.Endpoints{Graph: w.URL(), Login: w.URL()},
		Transport: w.transport, Budget: w.budget, Clock: clock.RealClock{},
		Observer: func(service, code string, _ time.Duration) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.observations = append(w.observations, observation{service, code})
		},
	}
	if change != nil {
		change(&options)
	}
	client, err := graph.New(options)
	Expect(err).NotTo(HaveOccurred())
	return client
}

func (w *world) user(properties map[string]any) string {
	GinkgoHelper()
	id, err := w.AddUser(w.tenant, properties)
	Expect(err).NotTo(HaveOccurred())
	return id
}

func (w *world) fault(f graphsim.Fault) {
	GinkgoHelper()
	_, err := w.AddFault(f)
	Expect(err).NotTo(HaveOccurred())
}

// refusal is an error's directory.Error.
func refusal(err error) *directory.Error {
	GinkgoHelper()
	e, ok := errors.AsType[*directory.Error](err)
	Expect(ok).To(BeTrue(), "%v", err)
	return e
}

var background = context.Background()
