package graph_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
	"time"

	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// certificate makes a self-signed certificate as an administrator would upload.
func certificate() graph.Credential {
	GinkgoHelper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	Expect(err).NotTo(HaveOccurred())
	parsed, err := x509.ParseCertificate(der)
	Expect(err).NotTo(HaveOccurred())
	return graph.Credential{Certificates: []*x509.Certificate{parsed}, Key: key}
}

var _ = Describe("Signing in", func() {
	It("tells who it is", func() {
		w := newWorld(graphsim.TenantSpec{})
		identity, err := w.client.Identity(background)
		Expect(err).NotTo(HaveOccurred())
		Expect(identity.TenantID).To(Equal(w.tenant))
		Expect(identity.ClientID).To(Equal(w.ClientID()))
		Expect(identity.ServicePrincipalID).NotTo(BeEmpty())
		Expect(identity.Permissions).To(ConsistOf(graphsim.DefaultPermissions()))
		Expect(w.Counters("").Requests).To(BeZero(), "the token tells, not Graph")
	})

	It("signs in with a certificate", func() {
		w := newWorld(graphsim.TenantSpec{})
		credential := certificate()
		Expect(w.SetCertificates(w.ClientID(), credential.Certificates...)).To(Succeed())
		client := w.connect(func(o *graph.Options) { o.Credential = credential })
		Expect(client.Organization(background)).To(HaveField("ID", w.tenant))
	})

	It("asks for one token, however many calls need it", func() {
		w := newWorld(graphsim.TenantSpec{})
		var calls sync.WaitGroup
		for range 8 {
			calls.Go(func() {
				defer GinkgoRecover()
				_, err := w.client.Organization(background)
				Expect(err).NotTo(HaveOccurred())
			})
		}
		calls.Wait()
		Expect(w.Counters(w.tenant).Tokens).To(BeEquivalentTo(1))
	})

	It("replaces a token that Graph refuses, once", func() {
		w := newWorld(graphsim.TenantSpec{})
		_, err := w.client.Organization(background)
		Expect(err).NotTo(HaveOccurred())
		w.Step(2 * time.Hour) // of Graph's time; the token cache goes by the machine's

		Expect(w.client.Organization(background)).To(HaveField("ID", w.tenant))
		Expect(w.Counters(w.tenant).Tokens).To(BeEquivalentTo(2))
		Expect(w.budget.reserved).To(HaveLen(3), "the repeated call is paid for too")
	})

	It("does not go on replacing tokens that are refused at once", func() {
		w := newWorld(graphsim.TenantSpec{})
		w.fault(graphsim.Fault{Kind: graphsim.FaultStatus, Status: 401, Code: "InvalidAuthenticationToken", Path: "/organization"})
		_, err := w.client.Organization(background)
		Expect(refusal(err).Kind).To(Equal(directory.KindCredentials))
		Expect(w.Counters(w.tenant).Tokens).To(BeEquivalentTo(2))
		Expect(w.Faults()[0].Injected).To(Equal(2))
	})

	It("sees new permissions with a new token only", func() {
		w := newWorld(graphsim.TenantSpec{Grants: []graphsim.Grant{}})
		Expect(w.SetGrant(w.tenant, graphsim.Grant{ClientID: w.ClientID(), Permissions: []string{"User.Read.All"}})).To(Succeed())
		Expect(w.client.Identity(background)).To(HaveField("Permissions", ConsistOf("User.Read.All")))
		Expect(w.SetGrant(w.tenant, graphsim.Grant{ClientID: w.ClientID(), Permissions: []string{"User.ReadWrite.All"}})).To(Succeed())
		Expect(w.client.Identity(background)).To(HaveField("Permissions", ConsistOf("User.Read.All")))
	})

	DescribeTable("is refused", func(change func(w *world, o *graph.Options), kind directory.Kind, code string) {
		w := newWorld(graphsim.TenantSpec{})
		client := w.connect(func(o *graph.Options) { change(w, o) })
		for _, call := range []func() error{
			func() error { _, err := client.Organization(background); return err },
			func() error { _, err := client.Identity(background); return err },
			func() error { _, err := client.SetEnabled(background, w.tenant, false); return err },
		} {
			e := refusal(call())
			Expect(e.Kind).To(Equal(kind), e.Error())
			Expect(e.Code).To(Equal(code))
			Expect(e.OutcomeUnknown).To(BeFalse())
			Expect(e.Error()).NotTo(ContainSubstring("Trace ID"))
		}
		Expect(w.Counters("").Requests).To(BeZero())
	},
		Entry("with a wrong secret", func(_ *world, o *graph.Options) { o.Credential.Secret = "wrong" }, directory.KindCredentials, "AADSTS7000215"),
		Entry("with an expired secret", func(w *world, o *graph.Options) {
			Expect(w.SetSecret(w.ClientID(), "old", w.Now().Add(-time.Hour))).To(Succeed())
			o.Credential.Secret = "old"
		}, directory.KindCredentials, "AADSTS7000222"),
		Entry("with a certificate that is not registered", func(_ *world, o *graph.Options) { o.Credential = certificate() }, directory.KindCredentials, "AADSTS700027"),
		Entry("without consent", func(w *world, _ *graph.Options) {
			Expect(w.RevokeGrant(w.tenant, w.ClientID())).To(Succeed())
		}, directory.KindConsent, "AADSTS700016"),
		Entry("by an unknown tenant", func(_ *world, o *graph.Options) {
			o.TenantID = "11111111-2222-3333-4444-555555555555"
		}, directory.KindUnknownTenant, "AADSTS90002"),
	)

	It("waits when the login host says so", func() {
		w := newWorld(graphsim.TenantSpec{})
		w.fault(graphsim.Fault{Kind: graphsim.FaultStatus, Status: 429, RetryAfter: 33, Path: "/oauth2/v2.0/token"})
		_, err := w.client.Organization(background)
		Expect(refusal(err)).To(HaveValue(And(HaveField("Kind", directory.KindThrottled), HaveField("RetryAfter", 33*time.Second))))
		Expect(w.Faults()[0].Injected).To(Equal(1), "nobody repeats it")
	})

	It("gives up on a login host that hangs", func() {
		w := newWorld(graphsim.TenantSpec{})
		client := w.connect(func(o *graph.Options) { o.Timeout = time.Second })
		w.fault(graphsim.Fault{Kind: graphsim.FaultHang, Path: "/oauth2/v2.0/token"})
		_, err := client.Organization(background)
		Expect(refusal(err).Kind).To(Equal(directory.KindTransient))
	})

	It("keeps tokens and keys out of every text", func() {
		w := newWorld(graphsim.TenantSpec{})
		var texts bytes.Buffer
		var mu sync.Mutex
		say := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(&texts, format+"\n", args...)
		}
		azlog.SetListener(func(event azlog.Event, text string) { say("%s %s", event, text) })
		DeferCleanup(azlog.SetListener, (func(azlog.Event, string))(nil))
		secret := w.ClientSecret()
		credential := graph.Credential{Secret: secret}
		certified := certificate()
		Expect(w.SetSecret(w.ClientID(), secret, w.Now().Add(30*time.Minute))).To(Succeed())
		w.fault(graphsim.Fault{Kind: graphsim.FaultStatus, Status: 400, Path: "/domains"})

		for _, c := range []graph.Credential{credential, certified} {
			text, err := json.Marshal(c)
			Expect(err).NotTo(HaveOccurred())
			say("%v %+v %#v %s %s", c, c, c, c, text)
		}
		_, err := w.client.Identity(background)
		say("%v", err)
		_, err = w.client.Domains(background)
		say("%+v", err)
		w.Step(2 * time.Hour) // now the secret has expired
		_, err = w.client.Organization(background)
		say("%+v %#v", err, err)
		Expect(refusal(err).Kind).To(Equal(directory.KindCredentials))

		key := certified.Key.(*rsa.PrivateKey)
		mu.Lock()
		defer mu.Unlock()
		Expect(texts.String()).To(ContainSubstring("AADSTS7000222"), "something was said at all")
		Expect(texts.String()).NotTo(ContainSubstring(secret))
		Expect(texts.String()).NotTo(ContainSubstring("eyJ"), "a token")
		Expect(texts.String()).NotTo(ContainSubstring(key.D.String()))
	})
})

var _ = Describe("Resolving a tenant", func() {
	It("resolves domains, and asks nobody about GUIDs", func() {
		w := newWorld(graphsim.TenantSpec{})
		for _, name := range []string{contoso, "CONTOSO.onmicrosoft.com"} {
			Expect(graph.ResolveTenantID(background, w.transport, w.URL(), name)).To(Equal(w.tenant))
		}
		Expect(graph.ResolveTenantID(background, nil, "https://nowhere.invalid", "6D1F0000-0000-0000-0000-00000000000A")).
			To(Equal("6d1f0000-0000-0000-0000-00000000000a"))
	})

	It("says when there is none", func() {
		w := newWorld(graphsim.TenantSpec{})
		for _, name := range []string{"nobody.example", "no/../body"} {
			_, err := graph.ResolveTenantID(background, w.transport, w.URL(), name)
			Expect(refusal(err).Kind).To(Equal(directory.KindUnknownTenant), name)
		}
	})

	It("says when nobody answers", func() {
		w := newWorld(graphsim.TenantSpec{})
		Expect(w.Close()).To(Succeed())
		_, err := graph.ResolveTenantID(background, w.transport, w.URL(), contoso)
		Expect(refusal(err).Kind).To(Equal(directory.KindTransient))
		ctx, cancel := context.WithCancel(background)
		cancel()
		_, err = graph.ResolveTenantID(ctx, w.transport, w.URL(), contoso)
		Expect(err).To(MatchError(context.Canceled))
	})
})
