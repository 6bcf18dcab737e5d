package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("a Tenant", func() {
	var w *world
	BeforeEach(func(ctx context.Context) { w = newWorld(ctx) })

	edit := func(ctx context.Context, change func(*v1alpha1.Tenant)) {
		GinkgoHelper()
		tenant := w.tenant(ctx)
		change(tenant)
		Expect(api.Update(ctx, tenant)).To(Succeed())
	}
	connection := func(ctx context.Context) *v1alpha1.Connection {
		GinkgoHelper()
		c := &v1alpha1.Connection{}
		Expect(api.Get(ctx, client.ObjectKey{Name: w.namespace}, c)).To(Succeed())
		return c
	}
	secret := func(ctx context.Context, data map[string]string) {
		GinkgoHelper()
		s := &corev1.Secret{}
		Expect(api.Get(ctx, client.ObjectKey{Namespace: managerNamespace, Name: w.namespace}, s)).To(Succeed())
		s.Data = nil
		s.StringData = data
		Expect(api.Update(ctx, s)).To(Succeed())
	}

	It("is described in full, and settles", func(ctx context.Context) {
		tenant := w.mustSync(ctx)
		st := tenant.Status
		Expect(st.TenantID).To(Equal(w.tenantID))
		Expect(st.DisplayName).To(Equal("Contoso"))
		Expect(st.Domains).To(ConsistOf(v1alpha1.Domain{Name: "contoso.com", Authentication: v1alpha1.DomainManaged}))
		Expect(st.Users.Total).To(BeEquivalentTo(5))
		Expect(*st.Users.Admins).To(BeEquivalentTo(2))
		Expect(*st.Users.MFARegistered).To(BeEquivalentTo(1))
		Expect(st.Licenses).To(ConsistOf(HaveField("SKU", "SPB")))
		Expect(st.MFAPolicy.SecurityDefaults).NotTo(Equal(v1alpha1.Unknown))
		Expect(st.AdoptedThrough).NotTo(BeNil())
		for _, c := range st.Capabilities {
			Expect(c.Available).To(Equal(v1alpha1.True), c.Name+": "+c.Reason)
		}
		for _, f := range st.Feeds {
			Expect(f.Reason).To(BeEmpty(), f.Name)
			Expect(f.AsOf).NotTo(BeNil(), f.Name)
		}
		w.settles(ctx)
		w.settles(ctx)
	})

	It("costs one request a sync when nothing changes, slow feeds aside", func(ctx context.Context) {
		w.mustSync(ctx)
		before := w.sim.Counters("").ByPath
		for range 3 {
			w.mustSync(ctx)
		}
		for path, n := range w.sim.Counters("").ByPath {
			if path == "GET /users/delta" {
				Expect(n).To(Equal(before[path] + 3))
				continue
			}
			Expect(n).To(BeNumerically("<=", before[path]+1), "a slow feed: "+path)
		}
	})

	It("tells the age of each feed again when somebody asks", func(ctx context.Context) {
		before := w.mustSync(ctx).Status.Feeds
		w.settles(ctx)
		edit(ctx, func(t *v1alpha1.Tenant) { t.Annotations = map[string]string{v1alpha1.RequestedAtAnnotation: "today"} })
		tenant := w.mustSync(ctx)
		Expect(tenant.Status.LastHandledReconcileAt).To(Equal("today"))
		for i, f := range tenant.Status.Feeds {
			if before[i].AsOf != nil {
				Expect(f.AsOf.After(before[i].AsOf.Time)).To(BeTrue(), f.Name)
			}
		}
		w.settles(ctx)
	})

	DescribeTable("in trouble says what to do, and does not hammer",
		func(ctx context.Context, reason, advice string, retry time.Duration, trouble func(context.Context)) {
			alice := w.declare(ctx, upnAlice, suspended(false))
			trouble(ctx)
			tenant, res, err := w.sync(ctx)
			Expect(err).NotTo(HaveOccurred())
			Expect(condition(tenant, v1alpha1.ConditionReady)).To(HaveSuffix("/" + reason))
			Expect(message(tenant, v1alpha1.ConditionReady)).To(ContainSubstring(advice))
			Expect(res.RequeueAfter).To(BeNumerically("~", retry, retry/10+time.Second))
			requests := w.sim.Counters("").Requests + w.sim.Counters("").Tokens
			Expect(requests).To(BeNumerically("<=", 12), "each reading at most once")

			before := tenant.ResourceVersion
			tenant, _, err = w.sync(ctx)
			Expect(err).NotTo(HaveOccurred())
			Expect(tenant.ResourceVersion).To(Equal(before), "the same trouble is not written twice")

			w.mustPass(ctx, alice)
			Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("Unknown/Waiting"))
		},
		Entry("wrong secret", "InvalidCredentials", "put a valid one into the credentials Secret", accessRetry, func(ctx context.Context) {
			secret(ctx, map[string]string{"clientID": w.sim.ClientID(), "clientSecret": "wrong"})
		}),
		Entry("expired secret", "InvalidCredentials", "wrong or expired", accessRetry, func(context.Context) {
			Expect(w.sim.SetSecret(w.sim.ClientID(), w.sim.ClientSecret(), w.clock.Now().Add(-time.Hour))).To(Succeed())
		}),
		Entry("a Secret without its keys", "InvalidCredentials", "has no usable credentials", accessRetry, func(ctx context.Context) {
			secret(ctx, map[string]string{"user": "x"})
		}),
		Entry("consent not given", "ConsentRequired", "grant admin consent", accessRetry, func(context.Context) {
			Expect(w.sim.RevokeGrant(w.tenantID, w.sim.ClientID())).To(Succeed())
		}),
		Entry("a permission missing", "AccessDenied", "grant the application the permission", accessRetry, func(context.Context) {
			Expect(w.sim.SetGrant(w.tenantID, graphsim.Grant{ClientID: w.sim.ClientID(), Permissions: []string{"AuditLog.Read.All"}})).To(Succeed())
		}),
		Entry("a namespace without a grant", "NotGranted", "grant", accessRetry, func(ctx context.Context) {
			c := connection(ctx)
			c.Spec.Grants[0].Namespace = "somebody-else"
			Expect(api.Update(ctx, c)).To(Succeed())
		}),
		Entry("a tenant without a grant", "NotGranted", "grant", accessRetry, func(ctx context.Context) {
			c := connection(ctx)
			c.Spec.Grants[0].TenantID = "11111111-1111-4111-8111-111111111111"
			Expect(api.Update(ctx, c)).To(Succeed())
		}),
		Entry("no Connection of that name", "Waiting", "Connection", 10*time.Minute, func(ctx context.Context) {
			Expect(api.Delete(ctx, connection(ctx))).To(Succeed())
		}),
	)

	It("recovers when the key is rotated while running", func(ctx context.Context) {
		w.mustSync(ctx)
		Expect(w.sim.RemoveSecret(w.sim.ClientID(), w.sim.ClientSecret())).To(Succeed())
		Expect(w.sim.SetSecret(w.sim.ClientID(), "the-new-one", w.clock.Now().Add(10000*time.Hour))).To(Succeed())
		secret(ctx, map[string]string{"clientID": w.sim.ClientID(), "clientSecret": "the-new-one"})
		Expect(condition(w.mustSync(ctx), v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
	})

	It("stays Ready and comes back in time when Graph throttles or fails", func(ctx context.Context) {
		w.mustSync(ctx)
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Path: "/users/delta", Status: 429, RetryAfter: 90, Count: 1})
		Expect(err).NotTo(HaveOccurred())
		w.clock.Step(2 * time.Minute)
		tenant, res, err := w.sync(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(res.RequeueAfter).To(BeNumerically(">=", 90*time.Second))
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))

		w.clock.Step(res.RequeueAfter)
		_, err = w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Path: "/users/delta", Status: 503})
		Expect(err).NotTo(HaveOccurred())
		tenant, _, err = w.sync(ctx)
		Expect(err).To(HaveOccurred(), "retried with growing delays")
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))

		w.clock.Step(20 * time.Minute)
		tenant, _, err = w.sync(ctx)
		Expect(err).To(HaveOccurred())
		Expect(condition(tenant, v1alpha1.ConditionSynced)).To(Equal("False/Retrying"))
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("Unknown/Retrying"))
	})

	It("yields to an older Tenant of the same tenant, and tells nothing of it", func(ctx context.Context) {
		w.mustSync(ctx)
		rival := w.newTenant()
		rival.Name = "rival"
		Expect(api.Create(ctx, rival)).To(Succeed())
		_, err := w.tenants.Reconcile(ctx, rival.DeepCopy())
		Expect(err).NotTo(HaveOccurred())
		Expect(api.Get(ctx, client.ObjectKeyFromObject(rival), rival)).To(Succeed())
		older, younger := w.mustSync(ctx), rival
		if isOlder(younger, older) {
			older, younger = younger, older
		}
		Expect(condition(older, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		Expect(condition(younger, v1alpha1.ConditionReady)).To(Equal("False/Duplicate"))
		Expect(message(younger, v1alpha1.ConditionReady)).NotTo(ContainSubstring(w.namespace))
	})

	It("does not follow a domain to another tenant", func(ctx context.Context) {
		Expect(api.Delete(ctx, w.tenant(ctx))).To(Succeed())
		w.mustGone(ctx)
		named := w.newTenant()
		named.Spec.TenantID = "contoso.com"
		Expect(api.Create(ctx, named)).To(Succeed())
		Expect(w.mustSync(ctx).Status.TenantID).To(Equal(w.tenantID))

		Expect(w.sim.SetDomains(w.tenantID, []graphsim.DomainSpec{{Name: "contoso.onmicrosoft.com", Default: true}})).To(Succeed())
		_, err := w.sim.AddTenant(graphsim.TenantSpec{DisplayName: "Imposter", Domains: []graphsim.DomainSpec{{Name: "contoso.com", Default: true}}})
		Expect(err).NotTo(HaveOccurred())
		w.clock.Step(25 * time.Hour)
		tenant, _, err := w.sync(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("False/Conflict"))
		Expect(tenant.Status.TenantID).To(Equal(w.tenantID))
	})

	It("does nothing while paused", func(ctx context.Context) {
		edit(ctx, func(t *v1alpha1.Tenant) { t.Spec.Paused = true })
		tenant, res, err := w.sync(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(res.RequeueAfter).To(BeZero())
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("False/Paused"))
		Expect(w.sim.Counters("").Requests).To(BeZero())
	})

	It("reads with credentials of its own, if they are marked as such", func(ctx context.Context) {
		own := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "own"},
			StringData: map[string]string{"clientID": w.sim.ClientID(), "clientSecret": w.sim.ClientSecret()},
		}
		Expect(api.Create(ctx, own)).To(Succeed())
		edit(ctx, func(t *v1alpha1.Tenant) {
			t.Spec.ConnectionRef = nil
			t.Spec.Credentials = &v1alpha1.TenantCredentials{SecretRef: v1alpha1.LocalSecretReference{Name: "own"}}
		})
		tenant, _, err := w.sync(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(message(tenant, v1alpha1.ConditionReady)).To(ContainSubstring("Role for credentials"), "without the Role the Secret cannot be read")

		w.grantSecrets(ctx)
		tenant, _, err = w.sync(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("False/InvalidCredentials"))
		Expect(message(tenant, v1alpha1.ConditionReady)).To(ContainSubstring(v1alpha1.CredentialsLabel))

		own.Labels = map[string]string{v1alpha1.CredentialsLabel: "true"}
		Expect(api.Update(ctx, own)).To(Succeed())
		Expect(condition(w.mustSync(ctx), v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
	})

	It("asks for its own Connection to be checked", func(ctx context.Context) {
		check := func() *v1alpha1.Connection {
			GinkgoHelper()
			_, err := w.conns.Reconcile(ctx, connection(ctx))
			Expect(err).NotTo(HaveOccurred())
			return connection(ctx)
		}
		c := check()
		Expect(condition(c, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		Expect(c.Status.ClientID).To(Equal(w.sim.ClientID()))
		Expect(c.Status.Credential).To(Equal(v1alpha1.CredentialClientSecret))
		before := c.ResourceVersion
		Expect(check().ResourceVersion).To(Equal(before), "settles")

		secret(ctx, map[string]string{"clientID": "not-a-guid", "clientSecret": "x"})
		Expect(condition(check(), v1alpha1.ConditionReady)).To(Equal("False/InvalidCredentials"))
	})
})
