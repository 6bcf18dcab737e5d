package tenancy_test

import (
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

// grant is what lets the namespace contoso reach the simulated tenant.
func (w *world) grant() v1alpha1.Grant {
	return v1alpha1.Grant{Namespace: contoso, TenantID: w.tenantID}
}

// works proves that a connection reaches the tenant.
func works(c *tenancy.Connection, tenantID string) {
	GinkgoHelper()
	organization, err := c.Directory.Organization(background)
	Expect(err).NotTo(HaveOccurred())
	Expect(organization.ID).To(Equal(tenantID))
}

var _ = Describe("Connecting", func() {
	var w *world

	// connect expects success.
	connect := func(tenant *v1alpha1.Tenant) *tenancy.Connection {
		GinkgoHelper()
		c, err := w.pool.Connect(background, tenant)
		Expect(err).NotTo(HaveOccurred())
		found, ok := w.pool.Lookup(client.ObjectKeyFromObject(tenant))
		Expect(ok).To(BeTrue())
		Expect(found).To(BeIdenticalTo(c))
		return c
	}

	// refuse expects a problem, and that nothing remains connected.
	refuse := func(tenant *v1alpha1.Tenant) *outcome.Problem {
		GinkgoHelper()
		_, err := w.pool.Connect(background, tenant)
		_, ok := w.pool.Lookup(client.ObjectKeyFromObject(tenant))
		Expect(ok).To(BeFalse())
		return problem(err)
	}

	BeforeEach(func() { w = newWorld() })

	Context("with the tenant's own app", func() {
		It("connects, once", func() {
			w.create(secret(contoso, "app", w.app()))
			c := connect(w.own())
			Expect(c.TenantID).To(Equal(w.tenantID))
			Expect(c.ClientID).To(Equal(w.sim.ClientID()))
			works(c, w.tenantID)

			Expect(connect(w.own())).To(BeIdenticalTo(c))
			Expect(w.reads).To(Equal(map[string]int{"Secret contoso/app": 2}), "one reading a call")
			Expect(w.sim.Counters(w.tenantID).Tokens).To(BeEquivalentTo(1))
		})

		It("takes up a new key, and keeps the connection while it stays", func() {
			s := secret(contoso, "app", w.app())
			w.create(s)
			old := connect(w.own())
			Expect(w.sim.SetSecret(w.sim.ClientID(), "new", time.Time{})).To(Succeed())
			Expect(w.sim.RemoveSecret(w.sim.ClientID(), w.sim.ClientSecret())).To(Succeed())
			s.Data["clientSecret"] = []byte("new")
			Expect(w.Update(background, s)).To(Succeed())

			fresh := connect(w.own())
			Expect(fresh).NotTo(BeIdenticalTo(old))
			works(fresh, w.tenantID)
		})

		It("takes up a certificate", func() {
			data := rsaPEM(now.Add(-time.Hour), now.AddDate(1, 0, 0))
			s := secret(contoso, "app", map[string]string{"clientID": w.sim.ClientID(), "clientCertificate": data})
			w.create(s)
			connect(w.own())
		})

		It("refuses a Secret that was not meant for it", func() {
			s := secret(contoso, "app", w.app())
			s.Labels = map[string]string{v1alpha1.CredentialsLabel: "yes"}
			w.create(s)
			p := refuse(w.own())
			Expect(p.Class).To(Equal(outcome.ClassBlocked))
			Expect(p.Reason).To(Equal(v1alpha1.ReasonInvalidCredentials))
			Expect(p.Message).To(ContainSubstring("identity.m365-operator.io/credentials=true"))
		})

		It("never takes a Secret of another namespace", func() {
			w.create(secret(system, "app", w.app()))
			p := refuse(w.own())
			Expect(p.Class).To(Equal(outcome.ClassWaiting))
			Expect(p.Message).To(ContainSubstring(`Secret "app"`))
			Expect(p.RetryAfter).To(BeNumerically(">", 0), "Secrets are not watched")
			Expect(w.reads).To(Equal(map[string]int{"Secret contoso/app": 1}))
		})

		It("ends the connection when the Secret goes", func() {
			s := secret(contoso, "app", w.app())
			w.create(s)
			connect(w.own())
			Expect(w.Delete(background, s)).To(Succeed())
			refuse(w.own())
		})

		It("keeps the connection while Kubernetes does not answer", func() {
			w.create(secret(contoso, "app", w.app()))
			old := connect(w.own())
			w.broken = errors.New("connection refused")
			_, err := w.pool.Connect(background, w.own())
			Expect(problem(err).Class).To(Equal(outcome.ClassTransient))
			found, _ := w.pool.Lookup(client.ObjectKeyFromObject(w.own()))
			Expect(found).To(BeIdenticalTo(old))
		})

		It("says when it may not read Secrets", func() {
			w.broken = apierrors.NewForbidden(corev1.Resource("secrets"), "app", errors.New("no"))
			p := refuse(w.own())
			Expect(p.Reason).To(Equal(v1alpha1.ReasonAccessDenied))
			Expect(p.Message).To(ContainSubstring("Role"))
		})
	})

	Context("with a Connection", func() {
		It("connects what is granted", func() {
			connection, s := w.msp(w.grant())
			w.create(connection, s)
			works(connect(w.granted()), w.tenantID)
			Expect(w.reads).To(Equal(map[string]int{"Connection": 1, "Secret m365-system/msp-app": 1}))
		})

		DescribeTable("refuses what is not granted exactly, and reads no Secret", func(grants func() []v1alpha1.Grant) {
			connection, s := w.msp(grants()...)
			w.create(connection, s)
			p := refuse(w.granted())
			Expect(p.Class).To(Equal(outcome.ClassBlocked))
			Expect(p.Reason).To(Equal(v1alpha1.ReasonNotGranted))
			Expect(p.Message).To(ContainSubstring(w.tenantID))
			Expect(p.Message).NotTo(ContainSubstring("fabrikam"), "messages name no other namespace")
			Expect(p.Message).NotTo(ContainSubstring(system))
			Expect(w.reads).To(Equal(map[string]int{"Connection": 1}))
			Expect(w.sim.Counters("").Tokens).To(BeZero())
		},
			Entry("nothing", func() []v1alpha1.Grant { return nil }),
			Entry("another namespace", func() []v1alpha1.Grant {
				return []v1alpha1.Grant{{Namespace: "fabrikam", TenantID: w.tenantID}}
			}),
			Entry("another tenant", func() []v1alpha1.Grant {
				return []v1alpha1.Grant{{Namespace: contoso, TenantID: "6d1f0000-0000-0000-0000-000000000002"}}
			}),
			Entry("the two apart", func() []v1alpha1.Grant {
				return []v1alpha1.Grant{
					{Namespace: contoso, TenantID: "6d1f0000-0000-0000-0000-000000000002"}, {Namespace: "fabrikam", TenantID: w.tenantID},
				}
			}),
		)

		It("ends the connection when the grant goes, paused or not", func() {
			connection, s := w.msp(w.grant())
			w.create(connection, s)
			connect(w.granted())
			connection.Spec.Grants, connection.Spec.Paused = nil, true
			Expect(w.Update(background, connection)).To(Succeed())
			Expect(refuse(w.granted()).Reason).To(Equal(v1alpha1.ReasonNotGranted))
		})

		It("goes on with the credentials last read while paused", func() {
			connection, s := w.msp(w.grant())
			w.create(connection, s)
			old := connect(w.granted())
			connection.Spec.Paused = true
			Expect(w.Update(background, connection)).To(Succeed())
			Expect(w.Delete(background, s)).To(Succeed())
			Expect(connect(w.granted())).To(BeIdenticalTo(old))
		})

		It("waits for a Connection to be made", func() {
			p := refuse(w.granted())
			Expect(p.Class).To(Equal(outcome.ClassWaiting))
			Expect(p.Message).To(ContainSubstring(`Connection "msp"`))
		})

		DescribeTable("tells a client nothing of the owner's Secret", func(change func(s *corev1.Secret) client.Object, class outcome.Class) {
			connection, s := w.msp(w.grant())
			w.create(connection)
			if o := change(s); o != nil {
				w.create(o)
			}
			p := refuse(w.granted())
			Expect(p.Class).To(Equal(class))
			Expect(p.Message).To(ContainSubstring(`Connection "msp"`))
			Expect(p.Message).NotTo(ContainSubstring("msp-app"))
			Expect(p.Message).NotTo(ContainSubstring(system))
		},
			Entry("that is missing", func(*corev1.Secret) client.Object { return nil }, outcome.ClassWaiting),
			Entry("that is wrong", func(s *corev1.Secret) client.Object { s.Data = nil; return s }, outcome.ClassBlocked),
		)
	})

	Context("to a domain", func() {
		byDomain := func() *v1alpha1.Tenant {
			tenant := w.granted()
			tenant.Spec.TenantID = domain
			return tenant
		}
		discoveries := func() int { return w.asked.of("/" + domain + "/v2.0/.well-known/openid-configuration") }
		BeforeEach(func() {
			connection, s := w.msp(w.grant())
			w.create(connection, s)
		})

		It("resolves it to the GUID that the grant names", func() {
			c := connect(byDomain())
			Expect(c.TenantID).To(Equal(w.tenantID))
			works(c, w.tenantID)
		})

		It("asks again once a day, and keeps the connection", func() {
			old := connect(byDomain())
			Expect(connect(byDomain())).To(BeIdenticalTo(old))
			Expect(discoveries()).To(Equal(1))
			w.clock.SetTime(now.Add(25 * time.Hour))
			renewed := connect(byDomain())
			Expect(renewed.Directory).To(BeIdenticalTo(old.Directory), "with its token")
			Expect(discoveries()).To(Equal(2))
		})

		It("refuses a domain that went to another tenant", func() {
			connect(byDomain())
			Expect(w.sim.SetDomains(w.tenantID, []graphsim.DomainSpec{{Name: "old.example", Default: true}})).To(Succeed())
			_, err := w.sim.AddTenant(graphsim.TenantSpec{DisplayName: "Thieves", Domains: []graphsim.DomainSpec{{Name: domain, Default: true}}})
			Expect(err).NotTo(HaveOccurred())
			w.clock.SetTime(now.Add(25 * time.Hour))
			tenant := byDomain()
			tenant.Status.TenantID = w.tenantID
			p := refuse(tenant)
			Expect(p.Class).To(Equal(outcome.ClassBlocked))
			Expect(p.Reason).To(Equal(v1alpha1.ReasonConflict))
		})

		It("says when it is nobody's", func() {
			tenant := byDomain()
			tenant.Spec.TenantID = "nobody.example"
			p := refuse(tenant)
			Expect(p.Class).To(Equal(outcome.ClassBlocked))
			Expect(p.Reason).To(Equal(v1alpha1.ReasonNotFound))
			Expect(p.Message).To(ContainSubstring("spec.tenantID"))
		})

		It("goes on with what is known while nobody can tell", func() {
			Expect(w.sim.Close()).To(Succeed())
			tenant := byDomain()
			_, err := w.pool.Connect(background, tenant)
			Expect(problem(err).Class).To(Equal(outcome.ClassTransient))
			tenant.Status.TenantID = w.tenantID
			Expect(connect(tenant).TenantID).To(Equal(w.tenantID))
		})
	})

	It("refuses a GUID that differs from the one first connected", func() {
		w.create(secret(contoso, "app", w.app()))
		tenant := w.own()
		tenant.Status.TenantID = "6d1f0000-0000-0000-0000-00000000000f"
		Expect(refuse(tenant).Reason).To(Equal(v1alpha1.ReasonConflict))
	})

	It("hands on what Microsoft refuses", func() {
		data := w.app()
		data["clientSecret"] = "wrong"
		w.create(secret(contoso, "app", data))
		_, err := connect(w.own()).Directory.Identity(background)
		Expect(directory.KindOf(err)).To(Equal(directory.KindCredentials))
	})

	It("has a budget for the app in the tenant", func() {
		w.create(secret(contoso, "app", w.app()))
		c := connect(w.own())
		budget := w.governor.Budget(c.ClientID, c.TenantID)
		before := budget.Left().ResourceUnits
		works(c, w.tenantID)
		Expect(budget.Left().ResourceUnits).To(Equal(before - 1))
		c.SetUsers(1000)
		Expect(budget.Left().ResourceUnits).To(BeNumerically(">", before))
	})
})
