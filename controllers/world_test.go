package controllers

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/kube/kubetest"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/safeguard"
	"github.com/m365-operator/m365-operator/internal/tenancy"
	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

// quirks are those of the worlds to come; a spec that sets them takes them back.
var quirks graphsim.Quirks

// worlds numbers the worlds of the suite, so that their objects do not meet.
var worlds atomic.Int32

// worldsOf counts the worlds of the spec that runs.
var worldsOf = struct {
	spec  string
	count int
}{}

// worldSeed is what chance in a world is drawn from: the same wherever in the suite's
// random order its spec comes.
func worldSeed() uint64 {
	spec := CurrentSpecReport().FullText()
	if worldsOf.spec != spec {
		worldsOf.spec, worldsOf.count = spec, 0
	}
	worldsOf.count++
	sum := fnv.New64a()
	_, _ = fmt.Fprint(sum, spec, worldsOf.count) // a hash takes everything
	return sum.Sum64()
}

// world is one client of a managed service provider: a namespace with a Tenant, and
// the tenant in a simulator of its own. Time passes only when a spec says so.
type world struct {
	clock     *clocktesting.FakeClock
	sim       *graphsim.Server
	tenantID  string
	namespace string
	// tap listens to what goes over the wire; nil for nobody.
	tap func(http.RoundTripper) http.RoundTripper
	// manager holds what a process holds: a restart makes a new one.
	*manager
}

// manager is what one process of the operator holds.
type manager struct {
	client    client.Client
	writes    *atomic.Int32
	registry  *prometheus.Registry
	inventory *inventory.Store
	pool      *tenancy.Pool
	audit     *bytes.Buffer
	events    *events.FakeRecorder
	tenants   *TenantReconciler
	users     *ManagedUserReconciler
	discovery *DiscoveryReconciler
	conns     *ConnectionReconciler
}

const (
	upnAlice = "alice@contoso.com"
	upnBob   = "bob@contoso.com"
	upnAdmin = "admin@contoso.com"
	upnRoot  = "root@contoso.com"
	upnSync  = "synced@contoso.com"
)

func account(upn, name string, more ...any) map[string]any {
	properties := map[string]any{"userPrincipalName": upn, "displayName": name, "mail": upn}
	for i := 0; i < len(more); i += 2 {
		properties[fmt.Sprint(more[i])] = more[i+1]
	}
	return properties
}

func contoso() graphsim.TenantSpec {
	return graphsim.TenantSpec{
		DisplayName: "Contoso",
		Domains:     []graphsim.DomainSpec{{Name: "contoso.com", Default: true}},
		SKUs:        []graphsim.SKUSpec{{PartNumber: "SPB", Enabled: 25}},
		Users: []map[string]any{
			account(upnAlice, "Alice Adams", "jobTitle", "Accountant", "department", "Finance"),
			account(upnBob, "Bob Brown"),
			account(upnAdmin, "Ada Admin"),
			account(upnRoot, "Break Glass"),
			account(upnSync, "Sven Synced", "onPremisesSyncEnabled", true, "onPremisesSamAccountName", "sven",
				"onPremisesDomainName", "corp.contoso.com"),
		},
		Roles: []graphsim.RoleSpec{
			{Role: "Global Administrator", Principal: upnRoot},
			{Role: "Helpdesk Administrator", Principal: upnAdmin},
		},
		Registrations: []graphsim.RegistrationSpec{{User: upnAlice, Methods: []string{"microsoftAuthenticatorPush"}}},
	}
}

// newWorld makes a world; change may alter its tenant first.
func newWorld(ctx context.Context, change ...func(*graphsim.TenantSpec)) *world {
	GinkgoHelper()
	w := &world{clock: clocktesting.NewFakeClock(time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC))}
	var err error
	number := worlds.Add(1)
	w.sim, err = graphsim.New(graphsim.Options{
		Seed: worldSeed(), Clock: w.clock, TokenLifetime: 1000 * time.Hour,
		ClientSecret: "s3cret-of-the-app", Quirks: quirks,
	})
	Expect(err).NotTo(HaveOccurred())
	Expect(w.sim.Start()).To(Succeed())
	DeferCleanup(func() {
		absent := w.sim.Counters("").Absent
		tooEarly := w.sim.Counters("").TooEarly
		Expect(w.sim.Close()).To(Succeed())
		Expect(absent).To(BeZero(), "requests to endpoints that the simulator lacks")
		Expect(tooEarly).To(BeZero(), "requests before Retry-After had passed")
	})
	spec := contoso()
	for _, c := range change {
		c(&spec)
	}
	w.tenantID, err = w.sim.AddTenant(spec)
	Expect(err).NotTo(HaveOccurred())
	w.namespace = fmt.Sprintf("client-%03d", number)
	w.makeObjects(ctx)
	DeferCleanup(w.removeObjects)
	w.restart()
	return w
}

// makeObjects makes what a provider sets up for a client.
func (w *world) makeObjects(ctx context.Context) {
	GinkgoHelper()
	Expect(api.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})).To(Succeed())
	Expect(api.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: managerNamespace, Name: w.namespace},
		StringData: map[string]string{"clientID": w.sim.ClientID(), "clientSecret": w.sim.ClientSecret()},
	})).To(Succeed())
	Expect(api.Create(ctx, &v1alpha1.Connection{
		ObjectMeta: metav1.ObjectMeta{Name: w.namespace},
		Spec: v1alpha1.ConnectionSpec{
			SecretRef: v1alpha1.LocalSecretReference{Name: w.namespace},
			Grants:    []v1alpha1.Grant{{Namespace: w.namespace, TenantID: w.tenantID}},
		},
	})).To(Succeed())
	Expect(api.Create(ctx, w.newTenant())).To(Succeed())
}

// removeObjects takes the world's objects out of other worlds' way: every Tenant looks
// at all the others.
func (w *world) removeObjects(ctx context.Context) {
	GinkgoHelper()
	free := func(obj client.Object) {
		obj.SetFinalizers(nil)
		Expect(client.IgnoreNotFound(api.Update(ctx, obj))).To(Succeed())
		Expect(client.IgnoreNotFound(api.Delete(ctx, obj))).To(Succeed())
	}
	var users v1alpha1.ManagedUserList
	Expect(api.List(ctx, &users, client.InNamespace(w.namespace))).To(Succeed())
	for i := range users.Items {
		free(&users.Items[i])
	}
	var tenants v1alpha1.TenantList
	Expect(api.List(ctx, &tenants, client.InNamespace(w.namespace))).To(Succeed())
	for i := range tenants.Items {
		free(&tenants.Items[i])
	}
}

func (w *world) newTenant() *v1alpha1.Tenant {
	return &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "contoso"},
		Spec: v1alpha1.TenantSpec{
			TenantID: w.tenantID, ConnectionRef: &v1alpha1.ObjectReference{Name: w.namespace},
			ManagementPolicy: v1alpha1.ManagementPolicyEnforce,
		},
	}
}

// restart forgets all that a process remembers.
func (w *world) restart() {
	GinkgoHelper()
	w.manager = w.newManager(newUncached())
}

// newManager returns a process of the operator that reads and writes with a client.
func (w *world) newManager(c client.Client) *manager {
	GinkgoHelper()
	registry := prometheus.NewRegistry()
	transport := http.RoundTripper(graph.NewTransport(w.sim.CA()))
	if w.tap != nil {
		transport = w.tap(transport)
	}
	m := &manager{
		writes: &atomic.Int32{}, registry: registry, inventory: inventory.New(inventory.Options{Clock: w.clock}),
		audit: &bytes.Buffer{}, events: events.NewFakeRecorder(1000),
	}
	m.client = countWrites(c, m.writes)
	var err error
	m.pool, err = tenancy.NewPool(tenancy.Options{
		Reader: m.client, Client: m.client, Namespace: managerNamespace,
		Endpoints: graph.Endpoints{Graph: w.sim.URL(), Login: w.sim.URL()},
		Transport: transport, Governor: throttle.New(w.clock, throttle.DefaultLimits()),
		Clock: w.clock, Registerer: registry,
	})
	Expect(err).NotTo(HaveOccurred())
	metrics, err := newUserMetrics(registry)
	Expect(err).NotTo(HaveOccurred())
	recorder := kube.NewEvents(m.events)
	policy := outcome.Policy{BlockedRetry: 6 * time.Hour}
	waker, tenants := kube.NewWaker(), kube.NewWaker()
	m.conns = &ConnectionReconciler{
		Client: m.client, Reader: m.client, Namespace: managerNamespace, Events: recorder, Clock: w.clock, Policy: policy,
	}
	m.tenants = &TenantReconciler{
		Client: m.client, Reader: m.client, Pool: m.pool, Inventory: m.inventory, Index: listed{m.client}, Events: recorder, Clock: w.clock,
		Policy: accessPolicy(policy), Metrics: metrics, Workers: 1, Users: waker, Waker: tenants, Started: w.clock.Now(),
		AdoptionWindow: -time.Hour, // specs go by faster than the API server's clock ticks
	}
	m.discovery = &DiscoveryReconciler{Client: m.client, Reader: m.client, Inventory: m.inventory, Index: listed{m.client}, Waker: kube.NewWaker()}
	m.users = &ManagedUserReconciler{
		Client: m.client, Reader: m.client, Connections: m.pool, Inventory: m.inventory, Index: listed{m.client}, Admins: safeguard.NewAdmins(w.clock, adminHold),
		Audit: audit.NewLog(m.audit), Events: recorder, Clock: w.clock, Policy: policy,
		ConsistencyWindow: time.Minute, Workers: 1, Waker: waker, Tenants: tenants,
	}
	return m
}

// countWrites counts what goes to the API server.
func countWrites(c client.Client, n *atomic.Int32) client.Client {
	w, ok := c.(client.WithWatch)
	Expect(ok).To(BeTrue())
	return interceptor.NewClient(w, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			n.Add(1)
			return c.Create(ctx, obj, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			n.Add(1)
			return c.Delete(ctx, obj, opts...)
		},
		SubResourcePatch: func(
			ctx context.Context, c client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption,
		) error {
			n.Add(1)
			return c.SubResource(sub).Patch(ctx, obj, patch, opts...)
		},
		Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			n.Add(1)
			return c.Patch(ctx, obj, patch, opts...)
		},
	})
}

// sync makes a pass over the Tenant, and another when there is more to read at once.
func (w *world) sync(ctx context.Context) (*v1alpha1.Tenant, ctrl.Result, error) {
	GinkgoHelper()
	tenant := w.tenant(ctx)
	res, err := w.tenants.Reconcile(ctx, tenant)
	if err == nil && res.RequeueAfter == time.Second {
		res, err = w.tenants.Reconcile(ctx, w.tenant(ctx))
	}
	tenant = w.tenant(ctx)
	if len(tenant.Status.Conditions) > 0 {
		Expect(tenant).To(kubetest.BeConsistent())
	}
	return tenant, res, err
}

// mustSync makes a pass over the Tenant that must go well, after the time to the next.
func (w *world) mustSync(ctx context.Context) *v1alpha1.Tenant {
	GinkgoHelper()
	w.clock.Step(2 * time.Minute)
	tenant, _, err := w.sync(ctx)
	Expect(err).NotTo(HaveOccurred())
	return tenant
}

func (w *world) tenant(ctx context.Context) *v1alpha1.Tenant {
	GinkgoHelper()
	tenant := &v1alpha1.Tenant{}
	err := api.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: "contoso"}, tenant)
	if apierrors.IsNotFound(err) {
		return nil
	}
	Expect(err).NotTo(HaveOccurred())
	return tenant
}

// declare makes a ManagedUser.
func (w *world) declare(ctx context.Context, upn string, change ...func(*v1alpha1.ManagedUserSpec)) *v1alpha1.ManagedUser {
	GinkgoHelper()
	name, _, _ := strings.Cut(upn, "@")
	user := &v1alpha1.ManagedUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec:       v1alpha1.ManagedUserSpec{TenantRef: v1alpha1.ObjectReference{Name: "contoso"}, UserPrincipalName: upn},
	}
	for _, c := range change {
		c(&user.Spec)
	}
	Expect(api.Create(ctx, user, client.FieldOwner("git"))).To(Succeed())
	return user
}

// edit changes a ManagedUser's spec, as a merged pull request does.
func (w *world) edit(ctx context.Context, user *v1alpha1.ManagedUser, change ...func(*v1alpha1.ManagedUserSpec)) {
	GinkgoHelper()
	Expect(api.Get(ctx, client.ObjectKeyFromObject(user), user)).To(Succeed())
	for _, c := range change {
		c(&user.Spec)
	}
	Expect(api.Update(ctx, user, client.FieldOwner("git"))).To(Succeed())
}

// pass makes one pass over a ManagedUser and reads it back.
func (w *world) pass(ctx context.Context, user *v1alpha1.ManagedUser) (ctrl.Result, error) {
	GinkgoHelper()
	Expect(api.Get(ctx, client.ObjectKeyFromObject(user), user)).To(Succeed())
	res, err := w.users.Reconcile(ctx, user.DeepCopy())
	Expect(api.Get(ctx, client.ObjectKeyFromObject(user), user)).To(Succeed())
	if user.Status.ObservedGeneration == user.Generation {
		Expect(user).To(kubetest.BeConsistent())
	}
	return res, err
}

func (w *world) mustPass(ctx context.Context, user *v1alpha1.ManagedUser) ctrl.Result {
	GinkgoHelper()
	res, err := w.pass(ctx, user)
	Expect(err).NotTo(HaveOccurred())
	return res
}

// settles proves that another sync and pass write nothing anywhere.
func (w *world) settles(ctx context.Context, users ...*v1alpha1.ManagedUser) {
	GinkgoHelper()
	w.clock.Step(80 * time.Minute) // the slower feeds tell what the passes before changed
	w.mustSync(ctx)
	for _, user := range users {
		w.mustPass(ctx, user)
	}
	writes, graphWrites := w.writes.Load(), w.sim.Counters("").Writes
	tenant := w.tenant(ctx)
	Expect(w.mustSync(ctx).Status).To(BeComparableTo(tenant.Status), "the Tenant's status")
	for _, user := range users {
		before := user.ResourceVersion
		w.mustPass(ctx, user)
		Expect(user.ResourceVersion).To(Equal(before))
	}
	Expect(w.writes.Load()).To(Equal(writes), "writes to the API server")
	Expect(w.sim.Counters("").Writes).To(Equal(graphWrites), "writes to Graph")
}

// effects of one class on one account, as the simulator counted them.
func (w *world) effects(upn string, effect graphsim.Effect) uint64 {
	GinkgoHelper()
	return w.sim.Counters(w.tenantID).UserEffects[w.id(upn)][effect]
}

func (w *world) id(upn string) string {
	GinkgoHelper()
	state, err := w.sim.User(w.tenantID, upn)
	Expect(err).NotTo(HaveOccurred())
	return strings.Trim(string(state.Properties["id"]), `"`)
}

func (w *world) outsider(upn string, properties map[string]any) {
	GinkgoHelper()
	Expect(w.sim.PatchUser(w.tenantID, upn, properties)).To(Succeed())
}

func (w *world) eventReasons() []string {
	var reasons []string
	for {
		select {
		case e := <-w.events.Events:
			reasons = append(reasons, strings.Fields(e)[1])
		default:
			return reasons
		}
	}
}

// grantSecrets lets the manager read Secrets in the client's own namespace, with the
// Role that ships for it.
func (w *world) grantSecrets(ctx context.Context) {
	GinkgoHelper()
	root, err := controlplane.RepositoryRoot()
	Expect(err).NotTo(HaveOccurred())
	_, err = plane.Kubectl(ctx, root, "apply", "--namespace", w.namespace, "--kustomize", "config/rbac/tenant-namespace")
	Expect(err).NotTo(HaveOccurred())
}

func suspended(value bool) func(*v1alpha1.ManagedUserSpec) {
	return func(s *v1alpha1.ManagedUserSpec) { s.Suspended = ptr.To(value) }
}

func forced(value bool) func(*v1alpha1.ManagedUserSpec) {
	return func(s *v1alpha1.ManagedUserSpec) { s.ForcePasswordChange = ptr.To(value) }
}

func condition(obj kube.Conditioned, kind string) string {
	c, ok := kube.Condition(obj, kind)
	if !ok {
		return ""
	}
	return string(c.Status) + "/" + c.Reason
}

func message(obj kube.Conditioned, kind string) string {
	c, _ := kube.Condition(obj, kind)
	return c.Message
}

// mustGone lets a Tenant that is being deleted go.
func (w *world) mustGone(ctx context.Context) {
	GinkgoHelper()
	for range 3 {
		tenant := w.tenant(ctx)
		if tenant == nil {
			return
		}
		_, err := w.tenants.Reconcile(ctx, tenant)
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(w.tenant(ctx)).To(BeNil())
}
