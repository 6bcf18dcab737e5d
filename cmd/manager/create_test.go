package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
)

// firstSignIn is the type of the Secrets that hold the credentials of new accounts.
const firstSignIn = "identity.m365-operator.io/first-sign-in"

// stranger is the name of an account that somebody else made.
const stranger = "Somebody Else"

var _ = Describe("A manager that is killed while it makes accounts", func() {
	const (
		wanted    = 200 // accounts made here
		contended = 10  // names that somebody else takes at the same moment, at most
		leaving   = 20  // objects that are deleted in the run
		kills     = 8
		spread    = 110 // writes to Graph between two kills, at most
	)

	It("makes each of them once, adopts no stranger and leaves no Secret without an owner", func(ctx SpecContext) {
		p := newProvider(ctx, "create")
		c := p.newCustomers(ctx, []string{"contoso"}, 1)[0]
		c.recruit(wanted + contended + leaving)
		c.allowSecrets(ctx)
		m := p.runManager(ctx)
		c.settle(ctx)
		c.awaitMemory(ctx)
		m.end()
		hire := &hiring{customer: c, rng: rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 3))}

		By("losing requests before they had an effect, and giving some of the names away")
		hire.apply(ctx, 3*contended)
		hire.loseToStrangers(ctx, contended)
		Expect(hire.strangers).NotTo(BeEmpty())

		By("losing answers, before and after the effect, and killing the manager again and again")
		hire.loseAnswers()
		rest := wanted - (len(hire.names) - len(hire.strangers))
		hire.apply(ctx, rest+leaving)
		goers := hire.names[len(hire.names)-leaving:]
		hire.names = hire.names[:len(hire.names)-leaving]
		for round := range kills - 1 {
			now := goers[round*leaving/(kills-1) : (round+1)*leaving/(kills-1)]
			killInTheMiddle(ctx, c, hire.rng, spread, func() { hire.remove(ctx, now) })
		}
		Expect(c.unsettled(ctx, hire.strangers...)).NotTo(BeEmpty(), "killed too late to prove anything")

		m = p.runManager(ctx)
		c.settle(ctx, hire.strangers...)
		c.nextSyncs(ctx, 1)
		c.settle(ctx, hire.strangers...)
		hire.expectFaults()
		hire.expectAccounts(ctx, wanted)
		hire.expectStrangers(ctx)
		hire.expectSecrets(ctx)
		all := uint64(wanted)
		for _, name := range goers {
			made := hire.made(name)
			Expect(made).To(BeNumerically("<=", 1), name)
			all += made
		}
		Expect(c.sim.Counters(c.tenantID).Effects).To(HaveKeyWithValue(graphsim.EffectCreate, all), "accounts made")

		writes := c.writes()
		c.nextSyncs(ctx, 2)
		Expect(c.writes()).To(Equal(writes), "writes after everything was done")
		m.end()
	}, SpecTimeout(specPatience))
})

// recruit gives the tenant what so many new people need.
func (c *customer) recruit(people int) {
	GinkgoHelper()
	Expect(c.sim.SetSKUs(c.tenantID, []graphsim.SKUSpec{{PartNumber: "SPB", Enabled: people + len(c.people)}})).To(Succeed())
	_, err := c.sim.AddGroup(c.tenantID, graphsim.GroupSpec{DisplayName: "Sales"})
	Expect(err).NotTo(HaveOccurred())
}

// allowSecrets gives the manager the Role in the client's namespace that ships for the
// credentials of new accounts.
func (c *customer) allowSecrets(ctx context.Context) {
	GinkgoHelper()
	root, err := controlplane.RepositoryRoot()
	Expect(err).NotTo(HaveOccurred())
	_, err = plane.Kubectl(ctx, root, "apply", "--namespace", c.namespace, "--kustomize", "config/rbac/tenant-namespace/first-sign-in")
	Expect(err).NotTo(HaveOccurred())
}

// starter is the manifest of a person who has no account yet.
func (c *customer) starter(name string) *v1alpha1.ManagedUser {
	return &v1alpha1.ManagedUser{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ManagedUser"},
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: name},
		Spec: v1alpha1.ManagedUserSpec{
			TenantRef: v1alpha1.ObjectReference{Name: "tenant"}, UserPrincipalName: c.upn(name),
			CreationPolicy: v1alpha1.CreationPolicyCreate,
			Profile: &v1alpha1.UserProfile{
				DisplayName: ptr.To("New " + name), JobTitle: ptr.To("Sales Representative"), Department: ptr.To("Sales"), UsageLocation: ptr.To("DE"),
			},
			Manager:  &c.people[0],
			Licenses: []v1alpha1.LicenseEntry{{SKU: "SPB"}},
			Groups:   []v1alpha1.GroupEntry{{Name: "Sales"}},
		},
	}
}

func (c *customer) upn(name string) string { return name + "@" + c.domain }

// hiring is how a client's new people get their accounts.
type hiring struct {
	*customer
	rng *rand.Rand
	// names are the objects, and strangers those whose name somebody else took.
	names, strangers []string
}

// apply declares so many people more, as a pull request does that was merged.
func (h *hiring) apply(ctx context.Context, people int) {
	GinkgoHelper()
	objects := make([]client.Object, people)
	for i := range objects {
		name := fmt.Sprintf("starter-%03d", len(h.names))
		h.names = append(h.names, name)
		objects[i] = h.starter(name)
	}
	_, err := plane.Kubectl(ctx, "", "apply", "--server-side", "--field-manager=git", "--filename", manifest(objects...))
	Expect(err).NotTo(HaveOccurred())
}

// manifest writes objects to a file for kubectl.
func manifest(objects ...client.Object) string {
	GinkgoHelper()
	content, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(GinkgoT().TempDir(), "manifest.json")
	Expect(os.WriteFile(file, content, 0o600)).To(Succeed())
	return file
}

// loseToStrangers has requests lost before their effect, kills the manager, and has
// somebody else make the accounts that were to be made.
func (h *hiring) loseToStrangers(ctx context.Context, most int) {
	GinkgoHelper()
	lost, err := h.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Tenant: h.tenantID, Method: "POST", Path: "/users", Count: most})
	Expect(err).NotTo(HaveOccurred())
	m := h.startManager(ctx)
	Eventually(func() int { return h.sim.Faults()[0].Injected }).WithContext(ctx).WithPolling(time.Millisecond).Should(Equal(most))
	Expect(m.Kill()).To(Succeed())
	Expect(h.sim.RemoveFault(lost)).To(BeTrue())
	for _, user := range h.users(ctx, Default) {
		attempt, tried := kube.FindRecord(user.Status.Records, "Create")
		if !tried || attempt.Phase != v1alpha1.PhaseStarted || len(h.strangers) == most {
			continue
		}
		if _, err := h.sim.User(h.tenantID, user.Spec.UserPrincipalName); err == nil {
			continue // it was made, but nobody wrote that down
		}
		_, err := h.sim.AddUser(h.tenantID, map[string]any{"userPrincipalName": user.Spec.UserPrincipalName, "displayName": stranger})
		Expect(err).NotTo(HaveOccurred())
		h.strangers = append(h.strangers, user.Name)
	}
}

// loseAnswers makes one in ten of Graph's answers to changes get lost after the effect,
// and one in twenty before.
func (h *hiring) loseAnswers() {
	GinkgoHelper()
	for _, change := range []graphsim.Fault{
		{Method: "POST", Path: "/users"},
		{Method: "POST", Path: "/users/{id}/assignLicense"},
		{Method: "POST", Path: "/groups/{id}/members/$ref"},
		{Method: "PUT", Path: "/users/{id}/manager/$ref"},
	} {
		change.Kind, change.Tenant = graphsim.FaultReset, h.tenantID
		for _, change.After = range []bool{false, true} {
			change.Rate = 0.05
			if change.After {
				change.Rate = 0.1
			}
			_, err := h.sim.AddFault(change)
			Expect(err).NotTo(HaveOccurred())
		}
	}
}

func (h *hiring) remove(ctx context.Context, names []string) {
	GinkgoHelper()
	for _, name := range names {
		user := &v1alpha1.ManagedUser{ObjectMeta: metav1.ObjectMeta{Namespace: h.namespace, Name: name}}
		Expect(api.Delete(ctx, user)).To(Succeed())
	}
}

func (h *hiring) expectFaults() {
	GinkgoHelper()
	for _, fault := range h.sim.Faults() {
		AddReportEntry("answers lost", fmt.Sprintf("%s %s, after its effect %t: %d", fault.Method, fault.Path, fault.After, fault.Injected))
		Expect(fault.Injected).To(BeNumerically(">", 0), "%s %s, after its effect: %t", fault.Method, fault.Path, fault.After)
	}
}

// made is how many accounts of a name were made through Graph.
func (h *hiring) made(name string) uint64 {
	if _, err := h.sim.User(h.tenantID, h.upn(name)); err != nil {
		return 0
	}
	return h.sim.Counters(h.tenantID).UserEffects[h.property(h.upn(name), "id")][graphsim.EffectCreate]
}

// expectAccounts proves that everybody has the account that was declared, which was made
// once, and that there is no other.
func (h *hiring) expectAccounts(ctx context.Context, wanted int) {
	GinkgoHelper()
	counters := h.sim.Counters(h.tenantID)
	have := uint64(0)
	for _, user := range h.users(ctx, Default) {
		if user.Name == "person-00" || h.isStranger(user.Name) {
			continue
		}
		id := h.property(user.Spec.UserPrincipalName, "id")
		Expect(user.Status.ID).To(Equal(id), user.Name)
		Expect(h.property(id, "displayName")).To(Equal("New "+user.Name), user.Name)
		Expect(counters.UserEffects[id]).To(Equal(map[graphsim.Effect]uint64{
			graphsim.EffectCreate: 1, graphsim.EffectLicense: 1, graphsim.EffectJoin: 1, graphsim.EffectManager: 1,
		}), func() string { return dump(user) })
		have++
	}
	Expect(have).To(BeEquivalentTo(wanted))
	AddReportEntry("accounts", fmt.Sprintf("%d for %d objects, %d of all for deleted ones; %d names taken by others; %d writes to Graph",
		have, wanted, counters.Effects[graphsim.EffectCreate]-have, len(h.strangers), counters.Writes))
}

func (h *hiring) isStranger(name string) bool {
	return slices.Contains(h.strangers, name)
}

// expectStrangers proves that accounts that somebody else made are left alone.
func (h *hiring) expectStrangers(ctx context.Context) {
	GinkgoHelper()
	counters := h.sim.Counters(h.tenantID)
	for _, name := range h.strangers {
		user := h.named(ctx, Default, name)
		Expect(condition(user, v1alpha1.ConditionAccount)).To(Equal("False/Conflict"), name)
		Expect(user.Status.ID).To(BeEmpty(), name)
		Expect(h.property(h.upn(name), "displayName")).To(Equal(stranger), name)
		Expect(counters.UserEffects).NotTo(HaveKey(h.property(h.upn(name), "id")), name)
	}
}

// expectSecrets proves that every object has one Secret, that every account has the
// password in it, and that the Secrets of objects that are gone are gone as well.
func (h *hiring) expectSecrets(ctx context.Context) {
	GinkgoHelper()
	owners := map[types.UID]string{}
	for _, user := range h.users(ctx, Default) {
		owners[user.UID] = user.Name
	}
	var secrets corev1.SecretList
	Eventually(func(g Gomega, ctx context.Context) {
		g.Expect(api.List(ctx, &secrets, client.InNamespace(h.namespace))).To(Succeed())
		for _, secret := range secrets.Items {
			g.Expect(owners).To(HaveKey(metav1.GetControllerOf(&secret).UID), secret.Name)
		}
	}).WithContext(ctx).Should(Succeed())
	seen := map[string]string{}
	for _, secret := range secrets.Items {
		name := owners[metav1.GetControllerOf(&secret).UID]
		Expect(string(secret.Type)).To(Equal(firstSignIn))
		Expect(seen).NotTo(HaveKey(name))
		seen[name] = string(secret.Data["password"])
	}
	passwords := map[string]bool{}
	for name, password := range seen {
		Expect(passwords).NotTo(HaveKey(password), "the same password twice")
		passwords[password] = true
		same, err := h.sim.HasPassword(h.tenantID, h.upn(name), password)
		Expect(err).NotTo(HaveOccurred())
		Expect(same).To(Equal(!h.isStranger(name)), name)
	}
	Expect(seen).To(HaveLen(len(owners)-1), "a Secret for everybody but person-00, who was there before")
	AddReportEntry("Secrets", fmt.Sprintf("%d, each with the password of its account", len(seen)-len(h.strangers)))
}
