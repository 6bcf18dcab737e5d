package controllers

import (
	"container/heap"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/tenancy"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

var _ = Describe("300 tenants of 100 users behind one app registration", func() {
	// Every tenant is read at the very beginning, as when the operator starts. A whole
	// day at the default pace is hundreds of thousands of requests, minutes of work, that
	// tell nothing new: so the day goes by at a calmer pace, and the default one is kept
	// up until everybody had a turn for sign-ins (33 minutes) and the quickest feeds were read thrice.
	calm := inventory.FeedIntervals{
		Organization: 24 * time.Hour, Licenses: 24 * time.Hour, Roles: 24 * time.Hour,
		Registrations: 24 * time.Hour, Policies: 24 * time.Hour, Memberships: 24 * time.Hour,
		LicenseStates: 24 * time.Hour, Devices: 24 * time.Hour, Mailboxes: 24 * time.Hour, Lockouts: 24 * time.Hour,
	}

	DescribeTable("are read without Microsoft having to refuse a request",
		func(ctx context.Context, length, interval time.Duration, feeds inventory.FeedIntervals, settled float64) {
			d := newSimulatedDay(300, 100, interval, feeds)
			d.runUntil(ctx, length/2)
			half := d.sim.Counters("")
			d.runUntil(ctx, length)

			counters := d.sim.Counters("")
			Expect(counters.Throttled).To(BeZero(), "requests refused with 429")
			Expect(counters.TooEarly).To(BeZero(), "requests before Retry-After had passed")
			Expect(counters.Absent).To(BeZero(), "requests to endpoints that the simulator lacks")
			Expect(counters.Writes).To(BeZero())
			for _, tenant := range d.tenants {
				d.expectRead(tenant)
			}
			AddReportEntry("syncs", d.syncs)
			AddReportEntry("Graph requests", counters.Requests)
			AddReportEntry("Graph requests per sync", fmt.Sprintf("%.2f", float64(counters.Requests)/float64(d.syncs)))
			AddReportEntry("status writes", d.statusWrites)
			intervals := float64(len(d.tenants)) * float64(length/2) / float64(interval)
			Expect(reportSettled(&half, &counters, intervals)).To(BeNumerically("<=", settled))
		},
		Entry("for 40 minutes at the default pace", 40*time.Minute, defaultInterval, inventory.FeedIntervals{}, 4.0),
		Entry("for a day and an hour", 25*time.Hour, 4*time.Hour, calm, 10.0), // everything once a day, in six intervals
	)
})

// simulatedDay is a provider with many clients and time that passes at once. The
// controller runs as it is; the API server is a stub, and Graph is called without a
// network between.
type simulatedDay struct {
	clock        *clocktesting.FakeClock
	begin        time.Time
	sim          *graphsim.Server
	reconciler   *TenantReconciler
	inventory    *inventory.Store
	tenants      []*v1alpha1.Tenant
	due          agenda
	rng          *rand.Rand
	syncs        int
	statusWrites int
}

func newSimulatedDay(tenants, users int, interval time.Duration, feeds inventory.FeedIntervals) *simulatedDay {
	GinkgoHelper()
	begin := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	d := &simulatedDay{
		begin: begin, clock: clocktesting.NewFakeClock(begin),
		rng: rand.New(rand.NewPCG(1, 2)),
	}
	var err error
	d.sim, err = graphsim.New(graphsim.Options{
		// azidentity renews tokens by the machine's clock.
		Seed: 300, Tenants: tenants, Users: users, Clock: d.clock, TokenLifetime: 1000 * time.Hour,
		Journal: 1, Quirks: graphsim.Lively(),
	})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(d.sim.Close)
	c := d.newClient(interval)
	d.inventory = inventory.New(inventory.Options{Clock: d.clock, Feeds: feeds})
	registry := prometheus.NewRegistry()
	pool, err := tenancy.NewPool(tenancy.Options{
		Reader: c, Client: c, Namespace: managerNamespace,
		Endpoints: graph.Endpoints{Graph: "https://graph.test", Login: "https://graph.test"},
		Transport: direct{d.sim}, Governor: throttle.New(d.clock, throttle.DefaultLimits()), Clock: d.clock, Registerer: registry,
	})
	Expect(err).NotTo(HaveOccurred())
	metrics, err := newUserMetrics(registry)
	Expect(err).NotTo(HaveOccurred())
	policy := outcome.NewPolicy()
	policy.Jitter = d.rng.Float64
	d.reconciler = &TenantReconciler{
		Client: c, Reader: c, Pool: pool, Inventory: d.inventory, Index: listed{c}, Events: kube.NewEvents(&events.FakeRecorder{}),
		Clock: d.clock, Policy: policy, Metrics: metrics, Workers: 1, Users: kube.NewWaker(),
	}
	return d
}

// newClient makes the Tenants, and is an API server that accepts every write, knows
// one Connection and its Secret, and has no ManagedUsers.
func (d *simulatedDay) newClient(interval time.Duration) client.Client {
	connection := &v1alpha1.Connection{
		ObjectMeta: metav1.ObjectMeta{Name: "msp"},
		Spec:       v1alpha1.ConnectionSpec{SecretRef: v1alpha1.LocalSecretReference{Name: "msp-app"}},
	}
	secret := &corev1.Secret{Data: map[string][]byte{"clientID": []byte(d.sim.ClientID()), "clientSecret": []byte(d.sim.ClientSecret())}}
	c := interceptor.NewClient(fake.NewClientBuilder().WithScheme(scheme).Build(), interceptor.Funcs{
		Get: func(_ context.Context, _ client.WithWatch, key client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
			switch obj := obj.(type) {
			case *v1alpha1.Connection:
				connection.DeepCopyInto(obj)
			case *corev1.Secret:
				secret.DeepCopyInto(obj)
			default:
				return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
			}
			return nil
		},
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error { return nil },
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return nil
		},
		SubResourcePatch: func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
			d.statusWrites++
			return nil
		},
	})
	for i, info := range d.sim.Tenants() {
		tenant := &v1alpha1.Tenant{
			ObjectMeta: metav1.ObjectMeta{Namespace: fmt.Sprintf("client-%03d", i), Name: "tenant"},
			Spec: v1alpha1.TenantSpec{
				TenantID: info.ID, ConnectionRef: &v1alpha1.ObjectReference{Name: "msp"},
				Sync: v1alpha1.TenantSync{Interval: &metav1.Duration{Duration: interval}},
			},
		}
		connection.Spec.Grants = append(connection.Spec.Grants, v1alpha1.Grant{Namespace: tenant.Namespace, TenantID: info.ID})
		d.tenants = append(d.tenants, tenant)
		heap.Push(&d.due, appointment{at: d.begin, tenant: tenant})
	}
	return c
}

// reportSettled tells what the second half of the time cost, when everything had been
// read: Graph requests of a tenant for every time that its interval passed.
func reportSettled(half, all *graphsim.Counters, intervals float64) float64 {
	GinkgoHelper()
	var lines strings.Builder
	for _, path := range slices.Sorted(maps.Keys(all.ByPath)) {
		if n := all.ByPath[path] - half.ByPath[path]; n > 0 {
			_, _ = fmt.Fprintf(&lines, "\n%7.3f %s", float64(n)/intervals, path) // never fails
		}
	}
	settled := float64(all.Requests-half.Requests) / intervals
	AddReportEntry("Graph requests per tenant and interval, settled", fmt.Sprintf("%.2f%s", settled, lines.String()))
	return settled
}

// runUntil makes every pass that is due within so long after the day's beginning, in
// turn, and has people's departments change now and then.
func (d *simulatedDay) runUntil(ctx context.Context, end time.Duration) {
	GinkgoHelper()
	for until := d.begin.Add(end); d.due[0].at.Before(until); {
		next := d.due[0]
		if next.at.After(d.clock.Now()) {
			d.clock.SetTime(next.at)
		}
		res, err := d.reconciler.Reconcile(ctx, next.tenant)
		Expect(err).NotTo(HaveOccurred())
		Expect(res.RequeueAfter).To(BeNumerically(">", 0))
		d.syncs++
		d.due[0].at = d.clock.Now().Add(res.RequeueAfter)
		heap.Fix(&d.due, 0)
		if d.syncs%50 == 0 {
			d.transfer(next.tenant)
		}
	}
}

// transfer moves somebody of a tenant to another department.
func (d *simulatedDay) transfer(tenant *v1alpha1.Tenant) {
	GinkgoHelper()
	ids, err := d.sim.UserIDs(tenant.Spec.TenantID)
	Expect(err).NotTo(HaveOccurred())
	change := map[string]any{"department": fmt.Sprintf("Department %d", d.syncs)}
	Expect(d.sim.PatchUser(tenant.Spec.TenantID, ids[d.rng.IntN(len(ids))], change)).To(Succeed())
}

// expectRead proves that every feed of a tenant was read, but for what it does not have.
func (d *simulatedDay) expectRead(tenant *v1alpha1.Tenant) {
	GinkgoHelper()
	name := tenant.Namespace
	Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), "%s: %s", name, message(tenant, v1alpha1.ConditionReady))
	known, ok := d.inventory.Lookup(client.ObjectKeyFromObject(tenant))
	Expect(ok).To(BeTrue(), name)
	read := 0
	for _, feed := range known.Summary().Feeds {
		if feed.Reason != inventory.ReasonPremiumRequired && feed.Reason != inventory.ReasonUnavailable {
			Expect(feed.AsOf).NotTo(BeZero(), "%s: %s: %v", name, feed.Name, feed.Err)
			read++
		}
	}
	Expect(read).To(BeNumerically(">=", 5), name)
}

// direct calls the simulator without a network.
type direct struct{ sim *graphsim.Server }

func (d direct) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil {
		request = request.Clone(request.Context())
		request.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	d.sim.ServeHTTP(recorder, request)
	response := recorder.Result()
	response.Request = request
	return response, nil
}

// appointment is when a tenant wants to be read next.
type appointment struct {
	at     time.Time
	tenant *v1alpha1.Tenant
}

// agenda is a heap of appointments.
type agenda []appointment

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(appointment)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	*a = (*a)[:last]
	return x
}
