package tenancy_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/tenancy"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

func TestTenancy(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "tenancy")
}

const (
	system  = "m365-system"
	contoso = "contoso"
	domain  = "contoso.example"
)

// now is when every spec begins.
var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is a simulated tenant, a cluster, and a pool between them.
type world struct {
	sim      *graphsim.Server
	tenantID string
	client.Client
	clock    *clocktesting.FakePassiveClock
	registry *prometheus.Registry
	governor *throttle.Governor
	pool     *tenancy.Pool
	// reads counts what was read of Kubernetes, by kind.
	reads map[string]int
	// asked counts what was asked of Microsoft, by path.
	asked *counter
	// broken makes reads fail.
	broken error
}

func newWorld(objects ...client.Object) *world {
	GinkgoHelper()
	w := &world{clock: clocktesting.NewFakePassiveClock(now), registry: prometheus.NewRegistry(), reads: map[string]int{}}
	var err error
	w.sim, err = graphsim.New(graphsim.Options{Seed: 7})
	Expect(err).NotTo(HaveOccurred())
	Expect(w.sim.Start()).To(Succeed())
	DeferCleanup(w.sim.Close)
	w.tenantID, err = w.sim.AddTenant(graphsim.TenantSpec{
		ID: "6d1f0000-0000-0000-0000-000000000001", DisplayName: "Contoso Ltd",
		Domains: []graphsim.DomainSpec{{Name: domain, Default: true}},
	})
	Expect(err).NotTo(HaveOccurred())

	scheme := runtime.NewScheme()
	Expect(corev1.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	w.Client = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			switch obj.(type) {
			case *corev1.Secret:
				w.reads["Secret "+key.String()]++
			case *v1alpha1.Connection:
				w.reads["Connection"]++
			}
			if w.broken != nil {
				return w.broken
			}
			return c.Get(ctx, key, obj, opts...)
		},
	}).Build()
	w.governor = throttle.New(w.clock, throttle.DefaultLimits())
	transport := graph.NewTransport(w.sim.CA())
	DeferCleanup(transport.CloseIdleConnections)
	w.asked = &counter{next: transport, paths: map[string]int{}}
	w.pool, err = tenancy.NewPool(tenancy.Options{
		Reader: w.Client, Client: w.Client, Namespace: system, Clock: w.clock, Registerer: w.registry, Governor: w.governor,
		Endpoints: graph.Endpoints{Graph: w.sim.URL(), Login: w.sim.URL()}, Transport: w.asked,
	})
	Expect(err).NotTo(HaveOccurred())
	return w
}

// counter is a transport that counts requests by path.
type counter struct {
	next  http.RoundTripper
	mu    sync.Mutex
	paths map[string]int
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.paths[r.URL.Path]++
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

func (c *counter) of(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paths[path]
}

// secret makes a credentials Secret.
func secret(namespace, name string, data map[string]string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: name, Labels: map[string]string{v1alpha1.CredentialsLabel: "true"},
	}, Data: map[string][]byte{}}
	for key, value := range data {
		s.Data[key] = []byte(value)
	}
	return s
}

// app is the data of a Secret for the simulator's own app.
func (w *world) app() map[string]string {
	return map[string]string{"clientID": w.sim.ClientID(), "clientSecret": w.sim.ClientSecret()}
}

func (w *world) create(objects ...client.Object) {
	GinkgoHelper()
	for _, o := range objects {
		Expect(w.Create(background, o)).To(Succeed())
	}
}

// own is a Tenant with credentials of its own.
func (w *world) own() *v1alpha1.Tenant {
	return &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: contoso, Name: "t"},
		Spec: v1alpha1.TenantSpec{
			TenantID: w.tenantID, Cloud: v1alpha1.CloudGlobal,
			Credentials: &v1alpha1.TenantCredentials{SecretRef: v1alpha1.LocalSecretReference{Name: "app"}},
		},
	}
}

// granted is a Tenant that uses the Connection msp.
func (w *world) granted() *v1alpha1.Tenant {
	tenant := w.own()
	tenant.Spec.Credentials, tenant.Spec.ConnectionRef = nil, &v1alpha1.ObjectReference{Name: "msp"}
	return tenant
}

// msp is a Connection with its Secret.
func (w *world) msp(grants ...v1alpha1.Grant) (*v1alpha1.Connection, *corev1.Secret) {
	s := secret(system, "msp-app", w.app())
	s.Labels = nil
	return &v1alpha1.Connection{
		ObjectMeta: metav1.ObjectMeta{Name: "msp"},
		Spec:       v1alpha1.ConnectionSpec{SecretRef: v1alpha1.LocalSecretReference{Name: "msp-app"}, Grants: grants},
	}, s
}

// problem is an error's verdict.
func problem(err error) *outcome.Problem {
	GinkgoHelper()
	p, ok := errors.AsType[*outcome.Problem](err)
	Expect(ok).To(BeTrue(), "%v", err)
	return p
}

var background = context.Background()

// pemOf is a self-signed certificate with its key.
func pemOf(key any, public any, notBefore, notAfter time.Time) string {
	GinkgoHelper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotBefore: notBefore, NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	Expect(err).NotTo(HaveOccurred())
	private, err := x509.MarshalPKCS8PrivateKey(key)
	Expect(err).NotTo(HaveOccurred())
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

func rsaPEM(notBefore, notAfter time.Time) string {
	GinkgoHelper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	Expect(err).NotTo(HaveOccurred())
	return pemOf(key, &key.PublicKey, notBefore, notAfter)
}

func ecdsaPEM(notBefore, notAfter time.Time) string {
	GinkgoHelper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	return pemOf(key, &key.PublicKey, notBefore, notAfter)
}
