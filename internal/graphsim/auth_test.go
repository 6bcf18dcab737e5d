package graphsim_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/golang-jwt/jwt/v5"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// certificate makes a self-signed certificate as an administrator would upload.
func certificate(serial int64) (*x509.Certificate, *rsa.PrivateKey) {
	GinkgoHelper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "client"},
		NotBefore: start.AddDate(-1, 0, 0), NotAfter: start.AddDate(10, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	Expect(err).NotTo(HaveOccurred())
	cert, err := x509.ParseCertificate(der)
	Expect(err).NotTo(HaveOccurred())
	return cert, key
}

func claims(token string) map[string]any {
	GinkgoHelper()
	parts := strings.Split(token, ".")
	Expect(parts).To(HaveLen(3))
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	Expect(err).NotTo(HaveOccurred())
	out := map[string]any{}
	Expect(json.Unmarshal(raw, &out)).To(Succeed())
	return out
}

var _ = Describe("The token endpoint", func() {
	It("issues tokens to a tenant named by GUID or verified domain [GS-AUTH-01] [GS-AUTH-02]", func() {
		w := newWorld()
		for _, key := range []string{w.tenant, "contoso.example", "contoso.onmicrosoft.com"} {
			a := w.token(key, nil)
			Expect(a.status).To(Equal(http.StatusOK))
			Expect(a.body).To(HaveKeyWithValue("token_type", "Bearer"))
			Expect(a.body).To(HaveKeyWithValue("expires_in", BeNumerically("==", 3599)))
			c := claims(a.body["access_token"].(string))
			Expect(c).To(HaveKeyWithValue("tid", w.tenant))
			Expect(c).To(HaveKeyWithValue("appid", w.ClientID()))
			Expect(c).To(HaveKeyWithValue("idtyp", "app"))
			Expect(c).To(HaveKeyWithValue("app_displayname", "m365-operator"))
			Expect(c).To(HaveKeyWithValue("exp", BeNumerically("==", start.Add(3599*time.Second).Unix())))
			Expect(c["roles"]).To(ContainElement("User.ReadWrite.All"))
			Expect(c["wids"]).To(ContainElement("fe930be7-5e62-47db-91af-98c3a49a38b1"))
			Expect(c["oid"]).NotTo(BeEmpty())
		}
		Expect(w.token("pending.example", nil).status).To(Equal(http.StatusBadRequest), "an unverified domain names nobody")
	})

	DescribeTable("refuses what Microsoft refuses",
		func(tenant string, form url.Values, status int, oauth string, code float64) {
			w := newWorld()
			Expect(w.SetSecret(w.ClientID(), "expired", start.Add(-time.Hour))).To(Succeed())
			if tenant == "" {
				tenant = w.tenant
			}
			a := w.token(tenant, form)
			Expect(a.status).To(Equal(status), a.raw)
			Expect(a.body).To(HaveKeyWithValue("error", oauth))
			Expect(a.body).To(HaveKeyWithValue("error_codes", ConsistOf(code)))
			Expect(a.body["error_description"]).To(HavePrefix("AADSTS"))
			Expect(a.body).To(And(HaveKey("trace_id"), HaveKey("correlation_id"), HaveKey("timestamp")))
			Expect(w.Counters("").TokenFailures).To(BeEquivalentTo(1))
		},
		Entry("a wrong secret [GS-AUTH-03]", "", url.Values{"client_secret": {"no"}}, 401, "invalid_client", 7000215.0),
		Entry("an expired secret [GS-AUTH-04]", "", url.Values{"client_secret": {"expired"}}, 401, "invalid_client", 7000222.0),
		Entry("an app without consent [GS-AUTH-05]", "", url.Values{"client_id": {"00000000-0000-0000-0000-0000000000aa"}}, 400, "unauthorized_client", 700016.0),
		Entry("an unknown tenant [GS-AUTH-06]", "nobody.example", nil, 400, "invalid_tenant", 90002.0),
		Entry("no credential [GS-AUTH-10]", "", url.Values{"client_secret": nil}, 401, "invalid_client", 7000216.0),
		Entry("no client [GS-AUTH-10]", "", url.Values{"client_id": nil}, 400, "invalid_request", 900144.0),
		Entry("another grant [GS-AUTH-10]", "", url.Values{"grant_type": {"password"}}, 400, "unsupported_grant_type", 70003.0),
		Entry("a scope without .default [GS-AUTH-10]", "", url.Values{"scope": {"https://graph.microsoft.com/User.Read.All"}}, 400, "invalid_scope", 1002012.0),
		Entry("another resource [GS-AUTH-10]", "", url.Values{"scope": {"https://vault.azure.net/.default"}}, 400, "invalid_resource", 500011.0),
	)

	It("refuses the metadata of an unknown tenant [GS-AUTH-06]", func() {
		w := newWorld()
		a := w.send(http.MethodGet, w.URL()+"/nobody.example/v2.0/.well-known/openid-configuration", "", nil)
		Expect(a.status).To(Equal(http.StatusBadRequest))
		Expect(a.body).To(HaveKeyWithValue("error_codes", ConsistOf(90002.0)))
	})

	It("takes an app's consent away [GS-AUTH-05]", func() {
		w := newWorld()
		Expect(w.RevokeGrant(w.tenant, w.ClientID())).To(Succeed())
		Expect(w.token(w.tenant, nil).body).To(HaveKeyWithValue("error_codes", ConsistOf(700016.0)))
	})
})

var _ = Describe("A client assertion", func() {
	var (
		w    *world
		cert *x509.Certificate
		key  *rsa.PrivateKey
	)
	BeforeEach(func() {
		w = newWorld(func(o *graphsim.Options) { o.Wall = nil })
		cert, key = certificate(1)
		Expect(w.SetCertificates(w.ClientID(), cert)).To(Succeed())
	})

	assertion := func(method jwt.SigningMethod, signer crypto.PrivateKey, change func(*jwt.Token, jwt.MapClaims)) answer {
		GinkgoHelper()
		c := jwt.MapClaims{
			"iss": w.ClientID(), "sub": w.ClientID(), "aud": w.URL() + "/" + w.tenant + "/oauth2/v2.0/token",
			"nbf": jwt.NewNumericDate(time.Unix(0, 0)), "exp": jwt.NewNumericDate(certNever),
		}
		token := jwt.NewWithClaims(method, c)
		token.Header["x5t#S256"] = thumbprint(crypto.SHA256, cert)
		if change != nil {
			change(token, c)
		}
		signed, err := token.SignedString(signer)
		Expect(err).NotTo(HaveOccurred())
		return w.token(w.tenant, url.Values{
			"client_secret": nil, "client_assertion": {signed},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		})
	}

	DescribeTable("is accepted [GS-AUTH-07]", func(method jwt.SigningMethod, change func(*jwt.Token, jwt.MapClaims)) {
		a := assertion(method, key, change)
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		Expect(claims(a.body["access_token"].(string))).To(HaveKeyWithValue("appidacr", "2"))
	},
		Entry("PS256 with x5t#S256", jwt.SigningMethodPS256, nil),
		Entry("RS256 with x5t", jwt.SigningMethodRS256, func(t *jwt.Token, _ jwt.MapClaims) {
			delete(t.Header, "x5t#S256")
			t.Header["x5t"] = thumbprint(crypto.SHA1, cert)
		}),
		Entry("with the issuer as audience", jwt.SigningMethodPS256, func(_ *jwt.Token, c jwt.MapClaims) {
			c["aud"] = w.URL() + "/" + w.tenant + "/v2.0"
		}),
	)

	DescribeTable("is refused", func(code float64, change func(*jwt.Token, jwt.MapClaims)) {
		a := assertion(jwt.SigningMethodPS256, key, change)
		Expect(a.status).To(Equal(http.StatusUnauthorized), a.raw)
		Expect(a.body).To(HaveKeyWithValue("error_codes", ConsistOf(code)))
	},
		Entry("by an unknown key [GS-AUTH-08]", 700027.0, func(t *jwt.Token, _ jwt.MapClaims) { t.Header["x5t#S256"] = "other" }),
		Entry("for another audience [GS-AUTH-09]", 700023.0, func(_ *jwt.Token, c jwt.MapClaims) { c["aud"] = "https://elsewhere.example/" }),
		Entry("by another subject [GS-AUTH-09]", 700021.0, func(_ *jwt.Token, c jwt.MapClaims) { c["sub"] = "other" }),
		Entry("out of time [GS-AUTH-09]", 700024.0, func(_ *jwt.Token, c jwt.MapClaims) { c["exp"] = jwt.NewNumericDate(start.AddDate(-10, 0, 0)) }),
	)

	It("is refused with a wrong signature [GS-AUTH-08]", func() {
		_, other := certificate(2)
		Expect(assertion(jwt.SigningMethodPS256, other, nil).body).To(HaveKeyWithValue("error_codes", ConsistOf(700027.0)))
	})
})

// certNever is far enough in the future for the machine's clock.
var certNever = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

func thumbprint(hash crypto.Hash, cert *x509.Certificate) string {
	h := hash.New()
	h.Write(cert.Raw)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

var _ = Describe("azidentity", func() {
	var (
		w    *world
		base azcore.ClientOptions
	)
	BeforeEach(func() {
		w = newWorld()
		base = azcore.ClientOptions{Transport: w.http, Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: w.URL()}}
	})

	use := func(cred azcore.TokenCredential) {
		GinkgoHelper()
		token, err := cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
		Expect(err).NotTo(HaveOccurred())
		w.bearer = token.Token
		Expect(w.get("/organization").status).To(Equal(http.StatusOK))
	}

	It("gets a token by secret [GS-AUTH-13]", func() {
		cred, err := azidentity.NewClientSecretCredential(w.tenant, w.ClientID(), w.ClientSecret(),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: base, DisableInstanceDiscovery: true})
		Expect(err).NotTo(HaveOccurred())
		use(cred)
	})

	It("gets a token by certificate [GS-AUTH-13]", func() {
		cert, key := certificate(1)
		Expect(w.SetCertificates(w.ClientID(), cert)).To(Succeed())
		cred, err := azidentity.NewClientCertificateCredential(w.tenant, w.ClientID(), []*x509.Certificate{cert}, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: base, DisableInstanceDiscovery: true})
		Expect(err).NotTo(HaveOccurred())
		use(cred)
	})

	It("shows the AADSTS number of a refusal [GS-AUTH-13]", func() {
		cred, err := azidentity.NewClientSecretCredential(w.tenant, w.ClientID(), "wrong",
			&azidentity.ClientSecretCredentialOptions{ClientOptions: base, DisableInstanceDiscovery: true})
		Expect(err).NotTo(HaveOccurred())
		_, err = cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
		Expect(err).To(MatchError(ContainSubstring("AADSTS7000215")))
	})
})

var _ = Describe("An access token", func() {
	It("must be there, whole, ours and in its time [GS-AUTH-11] [GS-READ-14]", func() {
		w := newWorld()
		good := w.bearer
		foreign := newWorld(func(o *graphsim.Options) { o.Seed = 8 })
		for _, bearer := range []string{"", "nonsense", "a.b.c", foreign.bearer} {
			w.bearer = bearer
			a := w.get("/users")
			refused(401, "InvalidAuthenticationToken")(a)
			Expect(a.header.Get("WWW-Authenticate")).To(HavePrefix("Bearer"))
			inner := a.body["error"].(map[string]any)["innerError"]
			Expect(inner).To(And(HaveKeyWithValue("date", "2026-03-02T09:00:00"), HaveKey("request-id"), HaveKey("client-request-id")))
		}
		w.bearer = good
		Expect(w.get("/users").status).To(Equal(http.StatusOK))
		w.Step(time.Hour)
		a := w.get("/users")
		refused(401, "InvalidAuthenticationToken")(a)
		Expect(a.message()).To(ContainSubstring("expired"))
	})

	It("keeps the permissions it was issued with [GS-AUTH-12]", func() {
		w := newWorld()
		Expect(w.SetGrant(w.tenant, graphsim.Grant{ClientID: w.ClientID()})).To(Succeed())
		Expect(w.get("/users").status).To(Equal(http.StatusOK), "withdrawn, but the token still says so")
		w.renew()
		refused(403, "Authorization_RequestDenied")(w.get("/users"))
		Expect(w.SetGrant(w.tenant, graphsim.Grant{ClientID: w.ClientID(), Permissions: []string{"User.Read.All"}})).To(Succeed())
		refused(403, "Authorization_RequestDenied")(w.get("/users"))
		w.renew()
		Expect(w.get("/users").status).To(Equal(http.StatusOK))
	})
})
