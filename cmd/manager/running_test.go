package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
)

var _ = Describe("A running manager", Ordered, func() {
	var (
		p                 *provider
		contoso, fabrikam *customer
		m                 *managerProcess
	)

	BeforeAll(func(ctx SpecContext) {
		p = newProvider(ctx, "running")
		clients := p.newCustomers(ctx, []string{"contoso", "fabrikam"}, 5)
		contoso, fabrikam = clients[0], clients[1]
		m = p.runManager(ctx, "--leader-elect")
		contoso.settle(ctx)
		fabrikam.settle(ctx)
	}, NodeTimeout(specPatience))

	It("answers its probes", func(ctx SpecContext) {
		for _, probe := range []string{"/healthz", "/readyz"} {
			status, body := fetch(ctx, Default, m.probes+probe)
			Expect(status).To(Equal(http.StatusOK), body)
		}
	}, SpecTimeout(patience))

	It("leaves one audit line for every change", func(ctx SpecContext) {
		contoso.declare(ctx, func(person int, spec *v1alpha1.ManagedUserSpec) {
			switch person {
			case 0:
				spec.Suspended = ptr.To(true)
			case 1:
				spec.ForcePasswordChange = ptr.To(true)
			}
		})
		contoso.settle(ctx)

		changes := map[string]string{} // Graph's request id to the account
		for _, entry := range p.sim.Requests("") {
			if entry.Method != http.MethodGet {
				changes[entry.RequestID] = entry.Path
			}
		}
		Expect(changes).To(HaveLen(3))
		lines := map[string]string{}
		for line := range strings.Lines(readFile(m.audit)) {
			var entry audit.Entry
			Expect(json.Unmarshal([]byte(line), &entry)).To(Succeed())
			Expect(lines).NotTo(HaveKey(entry.RequestID))
			Expect(changes[entry.RequestID]).To(ContainSubstring(entry.AccountID))
			Expect(entry.Tenant).To(Equal(contoso.tenantID))
			lines[entry.RequestID] = entry.Action
		}
		Expect(lines).To(HaveLen(len(changes)))
	}, SpecTimeout(patience))

	It("shows in metrics what Graph was asked and what is left, and no person", func(ctx SpecContext) {
		contoso.nextSyncs(ctx, 1)
		contoso.settle(ctx)
		var page string
		Eventually(func(g Gomega, ctx context.Context) {
			_, page = fetch(ctx, g, m.metrics)
			g.Expect(page).To(ContainSubstring(`m365_tenant_users{state="Suspended",tenant="running-contoso/tenant"} 1`))
		}).WithContext(ctx).Should(Succeed())
		Expect(page).To(MatchRegexp(`m365_graph_requests_total\{code="200",service="[^"]+",tenant="running-contoso/tenant"\} [1-9]`))
		Expect(page).To(MatchRegexp(`m365_graph_requests_total\{code="204",service="[^"]+",tenant="running-contoso/tenant"\} [1-9]`))
		Expect(page).To(MatchRegexp(`m365_graph_budget_left\{class="Writes",tenant="running-fabrikam/tenant"\} [1-9]`))
		Expect(page).To(MatchRegexp(`m365_tenant_users_mfa\{mfa="[^"]+",tenant="running-contoso/tenant"\} [1-9]`))
		for _, c := range []*customer{contoso, fabrikam} {
			for person, upn := range c.people {
				name, _, _ := strings.Cut(upn, "@")
				for _, trace := range []string{name, c.ids[person], upn} {
					Expect(page).NotTo(ContainSubstring(trace))
				}
			}
		}
		p.expectNoSecrets(page)
	}, SpecTimeout(patience))

	It("keeps secrets out of Events and objects", func(ctx SpecContext) {
		var events eventsv1.EventList
		Expect(api.List(ctx, &events)).To(Succeed())
		reasons := []string{}
		for _, event := range events.Items {
			if event.Regarding.Namespace == contoso.namespace {
				reasons = append(reasons, event.Reason)
			}
		}
		Expect(reasons).To(ContainElements("SignInBlocked", "SessionsRevoked", "PasswordChangeRequired"))
		p.expectNoSecrets(dump(events))
		for _, list := range []client.ObjectList{&v1alpha1.ConnectionList{}, &v1alpha1.TenantList{}, &v1alpha1.ManagedUserList{}} {
			Expect(api.List(ctx, list)).To(Succeed())
			p.expectNoSecrets(dump(list))
		}
	}, SpecTimeout(patience))

	It("serves a client with an app registration of its own, under the Role that ships for it", func(ctx SpecContext) {
		root, err := controlplane.RepositoryRoot()
		Expect(err).NotTo(HaveOccurred())
		_, err = plane.Kubectl(ctx, root, "apply", "--namespace", fabrikam.namespace, "--kustomize", "config/rbac/tenant-namespace")
		Expect(err).NotTo(HaveOccurred())
		Expect(api.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: fabrikam.namespace, Name: "own-app", Labels: map[string]string{v1alpha1.CredentialsLabel: "true"},
			},
			StringData: map[string]string{"clientID": p.sim.ClientID(), "clientSecret": p.sim.ClientSecret()},
		})).To(Succeed())
		tenant := fabrikam.tenant(ctx, Default)
		before := tenant.DeepCopy()
		tenant.Spec.ConnectionRef = nil
		tenant.Spec.Credentials = &v1alpha1.TenantCredentials{SecretRef: v1alpha1.LocalSecretReference{Name: "own-app"}}
		tenant.Spec.Sync.Discovery.Users = v1alpha1.DiscoverAll
		Expect(api.Patch(ctx, tenant, client.MergeFrom(before))).To(Succeed())
		Eventually(func(g Gomega, ctx context.Context) {
			g.Expect(fabrikam.users(ctx, g)).To(HaveLen(len(fabrikam.people)+1), "the break-glass account is found")
			g.Expect(fabrikam.unsettled(ctx)).To(BeEmpty())
		}).WithContext(ctx).Should(Succeed())
	}, SpecTimeout(patience))

	It("lets go of a Tenant that is deleted: discovered objects go, declared ones stay", func(ctx SpecContext) {
		Expect(api.Delete(ctx, fabrikam.tenant(ctx, Default))).To(Succeed())
		Eventually(func(g Gomega, ctx context.Context) {
			err := api.Get(ctx, client.ObjectKey{Namespace: fabrikam.namespace, Name: "tenant"}, &v1alpha1.Tenant{})
			g.Expect(apierrors.IsNotFound(err)).To(BeTrue())
			g.Expect(fabrikam.users(ctx, g)).To(HaveLen(len(fabrikam.people)))
		}).WithContext(ctx).Should(Succeed())
		for _, user := range fabrikam.users(ctx, Default) {
			Expect(user.Labels).NotTo(HaveKey(v1alpha1.DiscoveredLabel))
		}
		Expect(fabrikam.writes()).To(BeZero())
	}, SpecTimeout(patience))

	It("lets a client's namespace go without touching a person", func(ctx SpecContext) {
		writes := contoso.writes()
		Expect(api.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: contoso.namespace}})).To(Succeed())
		Eventually(func(ctx context.Context) bool {
			err := api.Get(ctx, client.ObjectKey{Name: contoso.namespace}, &corev1.Namespace{})
			return apierrors.IsNotFound(err)
		}).WithContext(ctx).Should(BeTrue())
		Expect(contoso.writes()).To(Equal(writes))
		Eventually(func(g Gomega, ctx context.Context) {
			_, page := fetch(ctx, g, m.metrics)
			g.Expect(page).NotTo(ContainSubstring(`tenant="running-contoso/tenant"`))
		}).WithContext(ctx).Should(Succeed())
	}, SpecTimeout(patience))

	It("ends well when it is asked to, and gives its lease back", func(ctx SpecContext) {
		Expect(leaseHolder(ctx)).NotTo(BeEmpty())
		m.end()
		Expect(leaseHolder(ctx)).To(BeEmpty())
	}, SpecTimeout(patience))
})

// leaseHolder is who holds the manager's lease; empty when nobody does.
func leaseHolder(ctx context.Context) string {
	GinkgoHelper()
	var lease coordinationv1.Lease
	Expect(api.Get(ctx, client.ObjectKey{Namespace: managerNamespace, Name: leaseName}, &lease)).To(Succeed())
	return ptr.Deref(lease.Spec.HolderIdentity, "")
}

// dump is an object as the API shows it.
func dump(obj any) string {
	GinkgoHelper()
	var out bytes.Buffer
	Expect(json.NewEncoder(&out).Encode(obj)).To(Succeed())
	return out.String()
}
