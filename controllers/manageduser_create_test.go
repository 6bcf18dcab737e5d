package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("creating an account", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx, staffed)
		w.grantSecrets(ctx)
		w.mustSync(ctx)
	})

	lose := func(method, path string, after bool) {
		GinkgoHelper()
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Method: method, Path: path, Count: 1, After: after})
		Expect(err).NotTo(HaveOccurred())
	}
	injected := func() int {
		n := 0
		for _, fault := range w.sim.Faults() {
			n += fault.Injected
		}
		return n
	}

	It("needs the policy", func(ctx context.Context) {
		nina := w.declare(ctx, upnNew)
		w.mustPass(ctx, nina)
		Expect(condition(nina, v1alpha1.ConditionReady)).To(Equal("False/NotFound"))
		Expect(message(nina, v1alpha1.ConditionReady)).To(ContainSubstring("creationPolicy"))
		Expect(w.sim.Counters("").Writes).To(BeZero())
	})

	DescribeTable("makes one account, whatever was lost",
		func(ctx context.Context, after bool, statusLost bool) {
			lose("POST", "/users", after)
			nina := w.declare(ctx, upnNew, starter)
			_, err := w.pass(ctx, nina)
			Expect(err).To(HaveOccurred())
			Expect(injected()).To(Equal(1), "injected faults")
			password := string(w.secret(ctx, nina).Data["password"])
			w.restart()
			w.mustSync(ctx)
			if statusLost {
				w.loseStatus(ctx, nina)
				w.mustSync(ctx)
			}
			for range 3 {
				w.mustPass(ctx, nina)
				w.mustSync(ctx)
			}
			w.mustPass(ctx, nina)
			Expect(condition(nina, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(nina, v1alpha1.ConditionReady))
			Expect(w.effects(upnNew, graphsim.EffectCreate)).To(BeEquivalentTo(1))
			Expect(string(w.secret(ctx, nina).Data["password"])).To(Equal(password), "the password that was sent")
			Expect(w.secrets(ctx)).To(HaveLen(1))
			w.settles(ctx, nina)
		},
		Entry("the request", false, false),
		Entry("the answer", true, false),
		Entry("the answer, and then the status", true, true),
	)

	It("does not take a stranger for the account it made", func(ctx context.Context) {
		lose("POST", "/users", false)
		nina := w.declare(ctx, upnNew, starter)
		_, err := w.pass(ctx, nina)
		Expect(err).To(HaveOccurred())
		_, err = w.sim.AddUser(w.tenantID, account(upnNew, "Nina Stranger"))
		Expect(err).NotTo(HaveOccurred())
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(condition(nina, v1alpha1.ConditionAccount)).To(Equal("False/Conflict"))
		Expect(message(nina, v1alpha1.ConditionAccount)).To(ContainSubstring("spec.id"))
		Expect(nina.Status.ID).To(BeEmpty())
		w.settles(ctx, nina)

		By("managing the stranger when a person says so")
		id := w.id(upnNew)
		w.edit(ctx, nina, func(s *v1alpha1.ManagedUserSpec) { s.ID = id; s.Applications = nil })
		w.mustPass(ctx, nina)
		Expect(nina.Status.ID).To(Equal(id))
		Expect(condition(nina, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(nina, v1alpha1.ConditionReady))
		Expect(w.secrets(ctx)).To(BeEmpty(), "the password was for nobody")
		w.settles(ctx, nina)
	})

	It("binds an account that somebody made before", func(ctx context.Context) {
		_, err := w.sim.AddUser(w.tenantID, account(upnNew, "Nina New"))
		Expect(err).NotTo(HaveOccurred())
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.Applications = nil })
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(condition(nina, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(nina, v1alpha1.ConditionReady))
		Expect(w.secrets(ctx)).To(BeEmpty())
		Expect(w.effects(upnNew, graphsim.EffectPasswordSet)).To(BeZero())
		w.settles(ctx, nina)
	})

	It("stops at an address of mail that somebody has", func(ctx context.Context) {
		w.outsider(upnAlice, map[string]any{"proxyAddresses": []string{"SMTP:" + upnAlice, "smtp:" + upnNew}})
		nina := w.declare(ctx, upnNew, starter)
		w.mustPass(ctx, nina)
		Expect(condition(nina, v1alpha1.ConditionAccount)).To(Equal("False/Conflict"))
		Expect(w.sim.Counters("").Writes).To(BeZero())
		w.settles(ctx, nina)
	})

	It("offers a deleted namesake, and restores it when told to", func(ctx context.Context) {
		id, err := w.sim.AddUser(w.tenantID, account(upnNew, "Nina Old"))
		Expect(err).NotTo(HaveOccurred())
		Expect(w.sim.DeleteUser(w.tenantID, id)).To(Succeed())
		w.mustSync(ctx)
		nina := w.declare(ctx, upnNew, starter)
		w.mustPass(ctx, nina)
		Expect(condition(nina, v1alpha1.ConditionAccount)).To(Equal("False/SoftDeleted"))
		Expect(message(nina, v1alpha1.ConditionAccount)).To(ContainSubstring(id))
		Expect(w.sim.Counters("").Writes).To(BeZero())
		w.settles(ctx, nina)

		By("refusing while nobody vouches for what comes back with it")
		w.edit(ctx, nina, func(s *v1alpha1.ManagedUserSpec) { s.ID = id; s.Applications = nil })
		w.mustPass(ctx, nina)
		Expect(condition(nina, v1alpha1.ConditionAccount)).To(Equal("False/Protected"), message(nina, v1alpha1.ConditionAccount))
		Expect(w.sim.Counters("").Writes).To(BeZero())

		tenant := w.tenant(ctx)
		tenant.Spec.Safeguards.Privileged = []string{id}
		Expect(api.Update(ctx, tenant)).To(Succeed())
		w.edit(ctx, nina, func(s *v1alpha1.ManagedUserSpec) { s.AllowPrivileged = true })
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(nina.Status.ID).To(Equal(id))
		Expect(condition(nina, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(nina, v1alpha1.ConditionReady))
		Expect(w.effects(upnNew, graphsim.EffectRestore)).To(BeEquivalentTo(1))
		w.settles(ctx, nina)

		By("leaving it deleted when somebody deletes it later")
		Expect(w.sim.DeleteUser(w.tenantID, id)).To(Succeed())
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(nina.Status.State).To(Equal(v1alpha1.StateDeleted))
		Expect(condition(nina, v1alpha1.ConditionReady)).To(Equal("False/NotFound"))
		Expect(w.sim.Counters(w.tenantID).UserEffects[id][graphsim.EffectRestore]).To(BeEquivalentTo(1))
		w.settles(ctx, nina)

		By("nor when the status is lost then")
		w.loseStatus(ctx, nina)
		w.restart()
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(w.sim.Counters(w.tenantID).UserEffects[id][graphsim.EffectRestore]).To(BeEquivalentTo(1))
	})

	It("does not make again an account that somebody deleted", func(ctx context.Context) {
		nina := w.declare(ctx, upnNew, starter)
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		id := nina.Status.ID
		Expect(w.sim.DeleteUser(w.tenantID, id)).To(Succeed())
		w.clock.Step(15 * time.Minute)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(nina.Status.State).To(Equal(v1alpha1.StateDeleted))
		Expect(condition(nina, v1alpha1.ConditionReady)).To(Equal("False/NotFound"))
		w.settles(ctx, nina)
	})

	It("touches no Secret of others", func(ctx context.Context) {
		foreign := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "nina.new-first-sign-in"},
			StringData: map[string]string{"password": "of somebody else"},
		}
		Expect(api.Create(ctx, foreign)).To(Succeed())
		nina := w.declare(ctx, upnNew, starter)
		w.mustPass(ctx, nina)
		Expect(condition(nina, v1alpha1.ConditionAccount)).To(Equal("False/Conflict"))
		Expect(message(nina, v1alpha1.ConditionAccount)).To(ContainSubstring("Secret"))
		Expect(w.sim.Counters("").Writes).To(BeZero())
		w.settles(ctx, nina)
	})

	It("says what is missing where it may not write Secrets", func(ctx context.Context) {
		other := newWorld(ctx, staffed)
		other.mustSync(ctx)
		nina := other.declare(ctx, upnNew, starter)
		other.mustPass(ctx, nina)
		Expect(condition(nina, v1alpha1.ConditionAccount)).To(Equal("False/AccessDenied"))
		Expect(message(nina, v1alpha1.ConditionAccount)).To(ContainSubstring("config/rbac/tenant-namespace"))
		Expect(other.sim.Counters("").Writes).To(BeZero())
	})

	It("takes the Tenant's defaults", func(ctx context.Context) {
		tenant := w.tenant(ctx)
		tenant.Spec.Defaults = v1alpha1.TenantDefaults{UsageLocation: "AT", PreferredLanguage: "de-AT"}
		Expect(api.Update(ctx, tenant)).To(Succeed())
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.Profile.UsageLocation = nil })
		w.mustPass(ctx, nina)
		Expect(w.state(upnNew)).To(HaveKeyWithValue("usageLocation", "AT"))
		Expect(w.state(upnNew)).To(HaveKeyWithValue("preferredLanguage", "de-AT"))
	})

	It("begins blocked when suspended", func(ctx context.Context) {
		nina := w.declare(ctx, upnNew, starter, suspended(true))
		w.mustPass(ctx, nina)
		Expect(w.state(upnNew)).To(HaveKeyWithValue("accountEnabled", false))
		Expect(w.effects(upnNew, graphsim.EffectBlock)).To(BeZero())
	})

	It("issues another pass after a lost answer, which is the only one that works", func(ctx context.Context) {
		lose("POST", "/users/{id}/authentication/temporaryAccessPassMethods", true)
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) {
			s.FirstSignIn = v1alpha1.FirstSignInTemporaryAccessPass
		})
		_, err := w.pass(ctx, nina)
		Expect(err).To(HaveOccurred())
		Expect(injected()).To(Equal(1), "injected faults")
		Expect(w.secrets(ctx)).To(BeEmpty())
		w.restart()
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(w.secret(ctx, nina).Data).To(HaveKey("temporaryAccessPass"))
		Expect(w.effects(upnNew, graphsim.EffectTemporaryAccessPass)).To(BeEquivalentTo(2))
		w.settles(ctx, nina)
	})

	It("issues no pass for whom the same pass shuts out", func(ctx context.Context) {
		lose("POST", "/users/{id}/authentication/temporaryAccessPassMethods", false)
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) {
			s.FirstSignIn = v1alpha1.FirstSignInTemporaryAccessPass
		})
		_, err := w.pass(ctx, nina)
		Expect(err).To(HaveOccurred())
		Expect(injected()).To(Equal(1), "injected faults")
		w.clock.Step(5 * time.Minute)
		w.mustSync(ctx)
		w.edit(ctx, nina, suspended(true))
		w.mustPass(ctx, nina)
		Expect(w.effects(upnNew, graphsim.EffectBlock)).To(BeEquivalentTo(1))
		Expect(w.effects(upnNew, graphsim.EffectTemporaryAccessPass)).To(BeZero())
		Expect(w.secrets(ctx)).To(BeEmpty())

		w.edit(ctx, nina, suspended(false))
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(w.effects(upnNew, graphsim.EffectTemporaryAccessPass)).To(BeEquivalentTo(1))
		w.settles(ctx, nina)
	})
})

var _ = Describe("a rename", func() {
	var (
		w     *world
		alice *v1alpha1.ManagedUser
	)
	const married = "alice.young@contoso.com"
	rename := func(s *v1alpha1.ManagedUserSpec) { s.UserPrincipalName = married }
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		w.mustSync(ctx)
		alice = w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
	})

	It("follows the spec", func(ctx context.Context) {
		id := w.id(upnAlice)
		w.edit(ctx, alice, rename)
		w.mustPass(ctx, alice)
		Expect(w.id(married)).To(Equal(id))
		Expect(w.effects(married, graphsim.EffectRename)).To(BeEquivalentTo(1))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		w.settles(ctx, alice)
	})

	It("is not reversed when it was made elsewhere", func(ctx context.Context) {
		w.outsider(upnAlice, map[string]any{"userPrincipalName": married})
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		Expect(message(alice, v1alpha1.ConditionReady)).To(ContainSubstring("renamed elsewhere"))
		Expect(alice.Status.UserPrincipalName).To(Equal(married))
		w.settles(ctx, alice)

		By("nor after the status was lost")
		w.loseStatus(ctx, alice)
		w.restart()
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.sim.Counters("").Writes).To(BeZero())

		By("agreeing when the manifest follows")
		w.edit(ctx, alice, rename)
		w.mustPass(ctx, alice)
		Expect(w.sim.Counters("").Writes).To(BeZero())
	})

	It("waits while it is only observed, and is remembered as owed", func(ctx context.Context) {
		w.edit(ctx, alice, rename, func(s *v1alpha1.ManagedUserSpec) { s.ManagementPolicy = v1alpha1.ManagementPolicyObserve })
		w.mustPass(ctx, alice)
		Expect(alice.Status.PendingChanges).To(ConsistOf(And(HaveField("Action", "RenameAccount"), HaveField("To", married))))
		w.settles(ctx, alice)
		Expect(w.sim.Counters("").Writes).To(BeZero())

		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) { s.ManagementPolicy = v1alpha1.ManagementPolicyEnforce })
		w.mustPass(ctx, alice)
		Expect(w.effects(married, graphsim.EffectRename)).To(BeEquivalentTo(1))
		w.settles(ctx, alice)
	})

	It("that somebody made by hand while it was only observed is remembered as done", func(ctx context.Context) {
		w.edit(ctx, alice, rename, func(s *v1alpha1.ManagedUserSpec) { s.ManagementPolicy = v1alpha1.ManagementPolicyObserve })
		w.mustPass(ctx, alice)
		w.outsider(upnAlice, map[string]any{"userPrincipalName": married})
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		w.outsider(married, map[string]any{"userPrincipalName": "alice.third@contoso.com"})
		w.mustSync(ctx)
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) { s.ManagementPolicy = v1alpha1.ManagementPolicyEnforce })
		w.mustPass(ctx, alice)
		Expect(w.sim.Counters("").Writes).To(BeZero())
		Expect(message(alice, v1alpha1.ConditionReady)).To(ContainSubstring("renamed elsewhere"))
	})

	It("is refused where Active Directory masters the name", func(ctx context.Context) {
		sven := w.declare(ctx, upnSync)
		w.mustPass(ctx, sven)
		w.edit(ctx, sven, func(s *v1alpha1.ManagedUserSpec) { s.UserPrincipalName = "sven.new@contoso.com" })
		w.mustPass(ctx, sven)
		Expect(condition(sven, v1alpha1.ConditionAccount)).To(Equal("False/MasteredOnPremises"))
		Expect(message(sven, v1alpha1.ConditionAccount)).To(ContainSubstring(`corp.contoso.com\sven`))
		Expect(w.sim.Counters("").Writes).To(BeZero())
		w.settles(ctx, sven)
	})

	It("stops at a name that somebody has", func(ctx context.Context) {
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) { s.UserPrincipalName = upnBob })
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("False/DifferentPerson"))
		Expect(w.sim.Counters("").Writes).To(BeZero())
	})

	It("happens once, whatever was lost", func(ctx context.Context) {
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Method: "PATCH", Path: "/users/{id}", Count: 1, After: true})
		Expect(err).NotTo(HaveOccurred())
		w.edit(ctx, alice, rename)
		_, err = w.pass(ctx, alice)
		Expect(err).To(HaveOccurred())
		w.restart()
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.effects(married, graphsim.EffectRename)).To(BeEquivalentTo(1))
		w.settles(ctx, alice)
	})
})
