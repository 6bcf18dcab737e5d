package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/kube"
)

// canary is a secret that no output may hold.
const canary = "c4n4ry~of-the-app-registration"

// provider is a managed service provider: one app registration, and a Microsoft 365
// of its own in real time, as lively as Microsoft's.
type provider struct {
	name   string
	sim    *graphsim.Server
	caFile string
}

// customer is a client of the provider: a namespace with a Tenant and its people.
type customer struct {
	*provider
	namespace, domain, tenantID string
	// people are the accounts that the namespace declares, by user principal name,
	// and ids theirs.
	people, ids []string
}

// newProvider makes a provider. What it makes is removed in the end, so that the next
// one's manager does not meet it.
func newProvider(ctx context.Context, name string) *provider {
	GinkgoHelper()
	p := &provider{name: name, caFile: filepath.Join(GinkgoT().TempDir(), "ca.pem")}
	var err error
	p.sim, err = graphsim.New(graphsim.Options{
		Seed: uint64(GinkgoRandomSeed()), ClientSecret: canary, Journal: 100_000, Quirks: graphsim.Lively(),
	})
	Expect(err).NotTo(HaveOccurred())
	Expect(p.sim.Start()).To(Succeed())
	DeferCleanup(func() {
		counters := p.sim.Counters("")
		Expect(p.sim.Close()).To(Succeed())
		Expect(counters.Absent).To(BeZero(), "requests to endpoints that the simulator lacks")
	})
	Expect(os.WriteFile(p.caFile, p.sim.CAPEM(), 0o600)).To(Succeed())

	p.create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: managerNamespace, Name: name},
		StringData: map[string]string{"clientID": p.sim.ClientID(), "clientSecret": p.sim.ClientSecret()},
	})
	return p
}

// create makes an object, and removes it in the end whatever it waits for.
func (p *provider) create(ctx context.Context, obj client.Object) {
	GinkgoHelper()
	Expect(api.Create(ctx, obj, client.FieldOwner("git"))).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		Expect(client.IgnoreNotFound(api.Delete(ctx, obj))).To(Succeed())
		withoutFinalizers := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
		Expect(client.IgnoreNotFound(api.Patch(ctx, obj, withoutFinalizers))).To(Succeed())
	}, NodeTimeout(patience))
}

// newCustomers makes so many clients of so many people each. Nothing is declared
// about them yet.
func (p *provider) newCustomers(ctx context.Context, names []string, people int) []*customer {
	GinkgoHelper()
	connection := &v1alpha1.Connection{
		ObjectMeta: metav1.ObjectMeta{Name: p.name},
		Spec:       v1alpha1.ConnectionSpec{SecretRef: v1alpha1.LocalSecretReference{Name: p.name}},
	}
	all := make([]*customer, 0, len(names))
	for _, name := range names {
		c := &customer{provider: p, namespace: p.name + "-" + name, domain: name + ".example"}
		c.addAccounts(people)
		connection.Spec.Grants = append(connection.Spec.Grants, v1alpha1.Grant{Namespace: c.namespace, TenantID: c.tenantID})
		all = append(all, c)
	}
	p.create(ctx, connection)
	for _, c := range all {
		c.makeObjects(ctx)
	}
	return all
}

// addAccounts makes the accounts of the tenant.
func (c *customer) addAccounts(people int) {
	GinkgoHelper()
	root := "root@" + c.domain
	spec := graphsim.TenantSpec{
		DisplayName: c.domain,
		Domains:     []graphsim.DomainSpec{{Name: c.domain, Default: true}},
		SKUs:        []graphsim.SKUSpec{{PartNumber: "SPB", Enabled: people}},
		Users:       []map[string]any{{"userPrincipalName": root, "displayName": "Break Glass"}},
		Roles:       []graphsim.RoleSpec{{Role: "Global Administrator", Principal: root}},
	}
	for i := range people {
		upn := fmt.Sprintf("person-%02d@%s", i, c.domain)
		c.people = append(c.people, upn)
		spec.Users = append(spec.Users, map[string]any{"userPrincipalName": upn, "displayName": fmt.Sprintf("Person No %02d", i)})
	}
	var err error
	c.tenantID, err = c.sim.AddTenant(spec)
	Expect(err).NotTo(HaveOccurred())
	for _, upn := range c.people {
		c.ids = append(c.ids, c.property(upn, "id"))
	}
}

// property is what the simulator holds of an account.
func (c *customer) property(key, name string) string {
	GinkgoHelper()
	state, err := c.sim.User(c.tenantID, key)
	Expect(err).NotTo(HaveOccurred())
	return strings.Trim(string(state.Properties[name]), `"`)
}

func (c *customer) makeObjects(ctx context.Context) {
	GinkgoHelper()
	c.create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}})
	c.create(ctx, &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "tenant"},
		Spec: v1alpha1.TenantSpec{
			TenantID: c.tenantID, ConnectionRef: &v1alpha1.ObjectReference{Name: c.name},
			ManagementPolicy: v1alpha1.ManagementPolicyEnforce,
			Sync:             v1alpha1.TenantSync{Interval: &metav1.Duration{Duration: 10 * time.Second}},
		},
	})
	for person, name := range c.objects() {
		Expect(api.Create(ctx, &v1alpha1.ManagedUser{
			ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: name},
			Spec:       v1alpha1.ManagedUserSpec{TenantRef: v1alpha1.ObjectReference{Name: "tenant"}, UserPrincipalName: c.people[person]},
		}, client.FieldOwner("git"))).To(Succeed())
	}
	DeferCleanup(func(ctx SpecContext) {
		Expect(api.DeleteAllOf(ctx, &v1alpha1.ManagedUser{}, client.InNamespace(c.namespace))).To(Succeed())
	}, NodeTimeout(patience))
}

// objects are the names of the people's ManagedUsers.
func (c *customer) objects() []string {
	names := make([]string, len(c.people))
	for person, upn := range c.people {
		names[person], _, _ = strings.Cut(upn, "@")
	}
	return names
}

// users are the client's ManagedUsers, in the order of their names.
func (c *customer) users(ctx context.Context, g Gomega) []v1alpha1.ManagedUser {
	GinkgoHelper()
	var list v1alpha1.ManagedUserList
	g.Expect(api.List(ctx, &list, client.InNamespace(c.namespace))).To(Succeed())
	return list.Items
}

// user is the ManagedUser of one of the people.
func (c *customer) user(ctx context.Context, g Gomega, person int) *v1alpha1.ManagedUser {
	GinkgoHelper()
	return c.named(ctx, g, c.objects()[person])
}

// named is a ManagedUser by its own name.
func (c *customer) named(ctx context.Context, g Gomega, name string) *v1alpha1.ManagedUser {
	GinkgoHelper()
	user := &v1alpha1.ManagedUser{}
	g.Expect(api.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, user)).To(Succeed())
	return user
}

func (c *customer) tenant(ctx context.Context, g Gomega) *v1alpha1.Tenant {
	GinkgoHelper()
	tenant := &v1alpha1.Tenant{}
	g.Expect(api.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: "tenant"}, tenant)).To(Succeed())
	return tenant
}

// declare changes what is declared about all people, as a merged pull request does.
func (c *customer) declare(ctx context.Context, change func(person int, spec *v1alpha1.ManagedUserSpec)) {
	GinkgoHelper()
	c.awaitMemory(ctx)
	for person := range c.people {
		user := c.user(ctx, Default, person)
		before := user.DeepCopy()
		change(person, &user.Spec)
		Expect(api.Patch(ctx, user, client.MergeFrom(before), client.FieldOwner("git"))).To(Succeed())
	}
}

// conditioned is an object with conditions.
type conditioned interface {
	client.Object
	kube.Conditioned
}

// unsettled tells of the Tenant and the people, but for those who are left out by name,
// what is not Ready, or not yet about what is declared now.
func (c *customer) unsettled(ctx context.Context, but ...string) []string {
	GinkgoHelper()
	var open []string
	note := func(obj conditioned, observed int64) {
		ready, _ := kube.Condition(obj, v1alpha1.ConditionReady)
		if ready.Status != metav1.ConditionTrue || observed != obj.GetGeneration() {
			open = append(open, fmt.Sprintf("%s: generation %d of %d, Ready %s/%s: %s",
				obj.GetName(), observed, obj.GetGeneration(), ready.Status, ready.Reason, ready.Message))
		}
	}
	tenant := c.tenant(ctx, Default)
	note(tenant, tenant.Status.ObservedGeneration)
	users := c.users(ctx, Default)
	for i := range users {
		if !slices.Contains(but, users[i].Name) {
			note(&users[i], users[i].Status.ObservedGeneration)
		}
	}
	return open
}

// settle waits until everything is Ready, but for who is left out by name.
func (c *customer) settle(ctx context.Context, but ...string) {
	GinkgoHelper()
	Eventually(func(ctx context.Context) []string { return c.unsettled(ctx, but...) }).WithContext(ctx).Should(BeEmpty())
}

// awaitMemory waits until what is declared now is later, in the API server's seconds,
// than what the Tenant adopts.
func (c *customer) awaitMemory(ctx context.Context) {
	GinkgoHelper()
	Eventually(func(g Gomega, ctx context.Context) {
		through := c.tenant(ctx, g).Status.AdoptedThrough
		g.Expect(through).NotTo(BeNil())
		g.Expect(c.sim.Now()).To(BeTemporally(">=", through.Add(time.Second)))
	}).WithContext(ctx).Should(Succeed())
}

// nextSyncs waits until the users were read so many times more.
func (c *customer) nextSyncs(ctx context.Context, n uint64) {
	GinkgoHelper()
	reads := func() uint64 { return c.sim.Counters(c.tenantID).ByPath["GET /users/delta"] }
	Eventually(reads).WithContext(ctx).Should(BeNumerically(">=", reads()+n))
}

// writes is how many writes Graph was asked for.
func (c *customer) writes() uint64 { return c.sim.Counters(c.tenantID).Writes }

// effects are the changes that really happened to one of the people, by class.
func (c *customer) effects(person int) map[graphsim.Effect]uint64 {
	return c.sim.Counters(c.tenantID).UserEffects[c.ids[person]]
}

// condition is the status and the reason of a condition.
func condition(obj kube.Conditioned, kind string) string {
	c, ok := kube.Condition(obj, kind)
	if !ok {
		return ""
	}
	return string(c.Status) + "/" + c.Reason
}

// expectNoSecrets proves that an output holds neither the app's secret nor any token.
func (p *provider) expectNoSecrets(output string) {
	GinkgoHelper()
	Expect(strings.Contains(output, canary)).To(BeFalse(), "the app's secret was written")
	Expect(output).NotTo(MatchRegexp(`eyJ[A-Za-z0-9_-]{8,}\.`), "a token was written")
	Expect(output).NotTo(MatchRegexp(`(?i)bearer [A-Za-z0-9_-]{8,}`), "a token was written")
}
