package controllers

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// Where a secret might come out.
const (
	channelLog     = "log"
	channelEvents  = "events"
	channelObjects = "objects"
	channelAudit   = "audit"
	channelMetrics = "metrics"
)

// canaries overhears the secrets of a run on the wire, and everything that the operator
// says anywhere else.
type canaries struct {
	mu sync.Mutex
	// secrets by what they are: the values that were really sent or answered.
	secrets map[string][]string
	said    map[string]*strings.Builder
}

func newCanaries() *canaries {
	c := &canaries{secrets: map[string][]string{}, said: map[string]*strings.Builder{}}
	for _, channel := range []string{channelLog, channelEvents, channelObjects, channelAudit, channelMetrics} {
		c.said[channel] = &strings.Builder{}
	}
	return c
}

func (c *canaries) overhear(kind, secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if secret != "" && !slices.Contains(c.secrets[kind], secret) {
		c.secrets[kind] = append(c.secrets[kind], secret)
	}
}

func (c *canaries) say(channel, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said[channel].WriteString(text + "\n")
}

// found lists the channels in which a secret came out, as it is or encoded.
func (c *canaries) found() map[string][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	leaks := map[string][]string{}
	for channel, said := range c.said {
		for kind, secrets := range c.secrets {
			if slices.ContainsFunc(secrets, func(secret string) bool { return holds(said.String(), secret) }) {
				leaks[channel] = append(leaks[channel], kind)
			}
		}
	}
	return leaks
}

func holds(text, secret string) bool {
	quoted, _ := json.Marshal(secret)
	forms := []string{
		secret, strings.Trim(string(quoted), `"`), url.QueryEscape(secret), url.PathEscape(secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret)),
	}
	return slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(text, form) })
}

// wire is a transport that overhears secrets.
type wire struct {
	*canaries
	next http.RoundTripper
}

// RoundTrip makes the request and reads what goes and comes.
func (w wire) RoundTrip(request *http.Request) (*http.Response, error) {
	w.overhear("token", strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer "))
	if request.Body != nil {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		form, _ := url.ParseQuery(string(body))
		w.overhear("client secret", form.Get("client_secret"))
		w.overhearJSON(body)
	}
	response, err := w.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	w.overhearJSON(body)
	return response, nil
}

func (w wire) overhearJSON(body []byte) {
	var fields struct {
		AccessToken     string `json:"access_token"`
		Pass            string `json:"temporaryAccessPass"`
		PasswordProfile struct {
			Password string `json:"password"`
		} `json:"passwordProfile"`
	}
	if json.Unmarshal(body, &fields) == nil {
		w.overhear("token", fields.AccessToken)
		w.overhear("pass", fields.Pass)
		w.overhear("password", fields.PasswordProfile.Password)
	}
}

// listening is a client all of whose writes are heard, but for the values of the Secrets
// that hold a first credential, where it belongs.
func (c *canaries) listening(of client.WithWatch) client.WithWatch {
	hear := func(obj client.Object) {
		if secret, ok := obj.(*corev1.Secret); ok {
			secret = secret.DeepCopy()
			secret.Data, secret.StringData = nil, nil
			obj = secret
		}
		written, err := json.Marshal(obj)
		Expect(err).NotTo(HaveOccurred())
		c.say(channelObjects, string(written))
	}
	return interceptor.NewClient(of, interceptor.Funcs{
		Create: func(ctx context.Context, cl client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			hear(obj)
			return cl.Create(ctx, obj, opts...)
		},
		Patch: func(ctx context.Context, cl client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			hear(obj)
			return cl.Patch(ctx, obj, patch, opts...)
		},
		SubResourcePatch: func(
			ctx context.Context, cl client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption,
		) error {
			hear(obj)
			return cl.SubResource(sub).Patch(ctx, obj, patch, opts...)
		},
	})
}

// verbosity is the highest that the manager runs with: from 8 on, Kubernetes' client logs
// the bodies of answers.
const verbosity = 7

// into is a context whose logger is heard, at every level.
func (c *canaries) into(ctx context.Context) context.Context {
	return log.IntoContext(ctx, funcr.New(func(prefix, args string) { c.say(channelLog, prefix+" "+args) }, funcr.Options{Verbosity: verbosity}))
}

// hearObjects reads every object of the client's namespace, and the Connection.
func (c *canaries) hearObjects(ctx context.Context, w *world) {
	GinkgoHelper()
	for _, list := range []client.ObjectList{
		&v1alpha1.ManagedUserList{}, &v1alpha1.TenantList{}, &v1alpha1.ConnectionList{},
		&corev1.EventList{}, &corev1.ConfigMapList{},
	} {
		Expect(api.List(ctx, list, client.InNamespace(w.namespace))).To(Succeed())
		written, err := json.Marshal(list)
		Expect(err).NotTo(HaveOccurred())
		c.say(channelObjects, string(written))
	}
	secrets := metav1.PartialObjectMetadataList{}
	secrets.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	Expect(api.List(ctx, &secrets, client.InNamespace(w.namespace))).To(Succeed())
	written, err := json.Marshal(&secrets)
	Expect(err).NotTo(HaveOccurred())
	c.say(channelObjects, string(written))
}

// hear gathers what one process said.
func (c *canaries) hear(m *manager) {
	GinkgoHelper()
	for len(m.events.Events) > 0 {
		c.say(channelEvents, <-m.events.Events)
	}
	c.say(channelAudit, m.audit.String())
	families, err := m.registry.Gather()
	Expect(err).NotTo(HaveOccurred())
	for _, family := range families {
		c.say(channelMetrics, family.String())
	}
}

var _ = Describe("passwords, passes, tokens and client secrets", func() {
	var (
		w    *world
		ears *canaries
	)
	start := func() {
		GinkgoHelper()
		w.manager = w.newManager(ears.listening(newUncached()))
		w.events.Verbose = true
	}
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx, staffed)
		w.grantSecrets(ctx)
		ears = newCanaries()
		w.tap = func(next http.RoundTripper) http.RoundTripper { return wire{ears, next} }
		start()
	})
	fail := func(fault graphsim.Fault) {
		GinkgoHelper()
		fault.Count = 1
		_, err := w.sim.AddFault(fault)
		Expect(err).NotTo(HaveOccurred())
	}
	// work makes syncs and passes, and hears the errors that they end with, which are
	// logged.
	work := func(ctx context.Context, users ...*v1alpha1.ManagedUser) {
		GinkgoHelper()
		ctx = ears.into(ctx)
		for range 3 {
			w.clock.Step(2 * time.Minute)
			_, _, err := w.sync(ctx)
			ears.say(channelLog, fmt.Sprintf("%+v", err))
			for _, user := range users {
				_, err := w.pass(ctx, user)
				ears.say(channelLog, fmt.Sprintf("%+v", err))
			}
		}
		ears.hearObjects(ctx, w)
		ears.hear(w.manager)
	}
	person := func(ctx context.Context, upn string, change ...func(*v1alpha1.ManagedUserSpec)) *v1alpha1.ManagedUser {
		GinkgoHelper()
		return w.declare(ctx, upn, append([]func(*v1alpha1.ManagedUserSpec){starter, func(s *v1alpha1.ManagedUserSpec) {
			s.Profile.EmployeeID, s.DeletionPolicy = nil, v1alpha1.DeletionPolicyDelete
		}}, change...)...)
	}
	byPass := func(s *v1alpha1.ManagedUserSpec) { s.FirstSignIn = v1alpha1.FirstSignInTemporaryAccessPass }

	// live is a whole run: people made, refused, lost on the way, and deleted.
	live := func(ctx context.Context) []*v1alpha1.ManagedUser {
		GinkgoHelper()
		work(ctx)
		w.clock.SetTime(time.Now()) //nolint:forbidigo // deletion timestamps are the API server's
		nina, paul := person(ctx, upnNew), person(ctx, "paul.pass@contoso.com", byPass)
		work(ctx, nina, paul)
		Expect(w.secrets(ctx)).To(HaveLen(2))

		fail(graphsim.Fault{Kind: graphsim.FaultStatus, Method: "POST", Path: "/users", Status: 400, Code: "Request_BadRequest"})
		refused := person(ctx, "rita.refused@contoso.com")
		ctxRefused := ears.into(ctx)
		_, err := w.pass(ctxRefused, refused)
		Expect(err).NotTo(HaveOccurred())
		Expect(condition(refused, v1alpha1.ConditionAccount)).To(Equal("False/InvalidSpec"))
		ears.hearObjects(ctx, w)

		fail(graphsim.Fault{Kind: graphsim.FaultReset, Method: "POST", Path: "/users", After: true})
		fail(graphsim.Fault{Kind: graphsim.FaultReset, Method: "POST", Path: "/users/{id}/authentication/temporaryAccessPassMethods", After: true})
		lost, lostPass := person(ctx, "lena.lost@contoso.com"), person(ctx, "lars.lost@contoso.com", byPass)
		work(ctx, lost, lostPass)
		w.edit(ctx, nina, forced(true))
		work(ctx, nina, lost, lostPass)

		Expect(api.Delete(ctx, nina)).To(Succeed())
		work(ctx, nina) // held
		w.clock.Step(time.Hour)
		_, err = w.users.Reconcile(ears.into(ctx), w.reread(ctx, nina))
		Expect(err).NotTo(HaveOccurred())
		Expect(w.object(ctx, nina)).To(BeFalse())

		Expect(w.sim.RemoveSecret(w.sim.ClientID(), w.sim.ClientSecret())).To(Succeed())
		ears.hear(w.manager)
		start()
		work(ctx, paul) // refused at login: its error quotes what was sent
		return []*v1alpha1.ManagedUser{paul, refused, lost, lostPass}
	}

	It("are in no log line, Event, status, annotation, audit line or metric of a whole run", func(ctx context.Context) {
		live(ctx)
		for kind, least := range map[string]int{"password": 5, "pass": 2, "token": 1, "client secret": 1} {
			Expect(len(ears.secrets[kind])).To(BeNumerically(">=", least), "overheard: "+kind)
		}
		Expect(ears.secrets["client secret"]).To(ContainElement("s3cret-of-the-app"))
		kept := []string{}
		for _, secret := range w.secrets(ctx) {
			kept = append(kept, string(secret.Data[secretPassword])+string(secret.Data[secretPass]))
		}
		for _, credential := range kept {
			Expect(append(slices.Clone(ears.secrets["password"]), ears.secrets["pass"]...)).To(ContainElement(credential), "what is kept is what was sent")
		}
		for channel, said := range ears.said {
			Expect(said.Len()).To(BeNumerically(">", 500), "heard of the "+channel)
		}
		Expect(ears.found()).To(BeEmpty())
	})

	It("would be found in each of them", func(ctx context.Context) {
		users := live(ctx)
		Expect(ears.found()).To(BeEmpty())
		password := ears.secrets["password"][0]
		plants := map[string]func(){
			channelLog: func() {
				log.FromContext(ears.into(ctx)).V(5).Info("planted", "sent", map[string]string{"password": password})
			},
			channelEvents: func() { w.events.Eventf(users[0], nil, corev1.EventTypeNormal, "Planted", "Plant", "%s", password) },
			channelObjects: func() {
				Expect(api.Get(ctx, client.ObjectKeyFromObject(users[0]), users[0])).To(Succeed())
				metav1.SetMetaDataAnnotation(&users[0].ObjectMeta, "planted", base64.StdEncoding.EncodeToString([]byte(password)))
				Expect(api.Update(ctx, users[0])).To(Succeed())
			},
			channelAudit: func() { Expect(audit.NewLog(w.audit).Record(audit.Entry{Action: "Plant", To: password})).To(Succeed()) },
			channelMetrics: func() {
				gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "planted", Help: "Nothing.", ConstLabels: prometheus.Labels{"password": password}})
				Expect(w.registry.Register(gauge)).To(Succeed())
			},
		}
		for _, plant := range plants {
			plant()
		}
		ears.hearObjects(ctx, w)
		ears.hear(w.manager)
		Expect(slices.Sorted(maps.Keys(ears.found()))).To(Equal(slices.Sorted(maps.Keys(plants))))
	})

	It("would be found in a status that is written for a moment only", func(ctx context.Context) {
		work(ctx)
		alice := w.declare(ctx, upnAlice, func(s *v1alpha1.ManagedUserSpec) {
			s.Profile = &v1alpha1.UserProfile{JobTitle: ptr.To("Clerk")}
		})
		work(ctx, alice)
		ears.overhear("record", "Started") // the phase of an intent, which is gone once an answer came
		Expect(alice.Status.Records).NotTo(ContainElement(HaveField("Phase", v1alpha1.PhaseStarted)))
		Expect(ears.found()).To(HaveKeyWithValue(channelObjects, ConsistOf("record")))
	})
})

// reread is an object as it is now.
func (w *world) reread(ctx context.Context, user *v1alpha1.ManagedUser) *v1alpha1.ManagedUser {
	GinkgoHelper()
	now := &v1alpha1.ManagedUser{}
	Expect(api.Get(ctx, client.ObjectKeyFromObject(user), now)).To(Succeed())
	return now
}
