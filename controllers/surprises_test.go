package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	applyv1alpha1 "github.com/m365-operator/m365-operator/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/kube"
)

var _ = Describe("what must not be done twice", func() {
	discovered := func(ctx context.Context, w *world, upn string) *v1alpha1.ManagedUser {
		GinkgoHelper()
		_, err := w.discovery.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKey{Namespace: w.namespace, Name: "contoso"}})
		Expect(err).NotTo(HaveOccurred())
		for _, user := range w.objects(ctx) {
			if user.Spec.UserPrincipalName == upn {
				w.mustPass(ctx, user)
				return user
			}
		}
		Fail("no object for " + upn)
		return nil
	}

	It("is not, in a rebuild where discovery was faster than Git", func(ctx context.Context) {
		w := newWorld(ctx)
		w.tenants.AdoptionWindow = 10 * time.Minute
		w.outsider(upnAlice, map[string]any{"accountEnabled": false})
		scope(ctx, w, v1alpha1.DiscoverAll)
		w.mustSync(ctx)
		alice := discovered(ctx, w, upnAlice)
		Expect(api.Apply(ctx, applyv1alpha1.ManagedUser(alice.Name, alice.Namespace).WithSpec(applyv1alpha1.ManagedUserSpec().
			WithTenantRef(applyv1alpha1.ObjectReference().WithName("contoso")).
			WithUserPrincipalName(upnAlice).WithSuspended(true).WithForcePasswordChange(true)), client.FieldOwner("flux"))).To(Succeed())
		w.mustPass(ctx, alice)
		Expect(w.sim.Counters("").Writes).To(BeZero())
		Expect(condition(alice, v1alpha1.ConditionPasswordChange)).To(Equal("False/Adopted"))
	})

	It("is done for a change that is witnessed, however young the Tenant", func(ctx context.Context) {
		w := newWorld(ctx)
		w.tenants.AdoptionWindow = 10 * time.Minute
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, forced(true))
		w.mustPass(ctx, alice)
		Expect(w.effects(upnAlice, graphsim.EffectPasswordForce)).To(BeEquivalentTo(1))
		w.settles(ctx, alice)
	})

	It("is not, when a rebuild is looked at under Observe first", func(ctx context.Context) {
		w := newWorld(ctx)
		w.outsider(upnAlice, map[string]any{"accountEnabled": false})
		tenant := w.tenant(ctx)
		tenant.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
		Expect(api.Update(ctx, tenant)).To(Succeed())
		alice := w.declare(ctx, upnAlice, suspended(true), forced(true))
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		w.mustPass(ctx, alice)
		Expect(alice.Status.PendingChanges).To(BeEmpty())

		tenant = w.tenant(ctx)
		tenant.Spec.ManagementPolicy = v1alpha1.ManagementPolicyEnforce
		Expect(api.Update(ctx, tenant)).To(Succeed())
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.sim.Counters("").Writes).To(BeZero())
	})

	It("is not, after a domain was federated for a while", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, forced(true))
		w.mustPass(ctx, alice)
		w.clock.Step(time.Minute)
		Expect(w.sim.ChangePassword(w.tenantID, upnAlice)).To(Succeed())
		for _, federated := range []bool{false, true, false} {
			Expect(w.sim.SetDomains(w.tenantID, []graphsim.DomainSpec{{Name: "contoso.com", Default: true, Federated: federated}})).To(Succeed())
			w.clock.Step(2 * time.Hour)
			w.mustSync(ctx)
			w.mustPass(ctx, alice)
			if federated {
				Expect(condition(alice, v1alpha1.ConditionPasswordChange)).To(Equal("False/NotApplicable"))
			} else {
				Expect(condition(alice, v1alpha1.ConditionPasswordChange)).To(Equal("True/Succeeded"))
			}
		}
		Expect(w.effects(upnAlice, graphsim.EffectPasswordForce)).To(BeEquivalentTo(1))
	})

	It("is told to the events of an object that is just being taken over", func(ctx context.Context) {
		w := newWorld(ctx)
		scope(ctx, w, v1alpha1.DiscoverAll)
		w.mustSync(ctx)
		alice := discovered(ctx, w, upnAlice)
		w.eventReasons()
		w.edit(ctx, alice, suspended(true))
		w.mustPass(ctx, alice) // before discovery took its label off
		Expect(w.eventReasons()).To(ContainElements("SignInBlocked", "SessionsRevoked"))
	})
})

var _ = Describe("what is left to do", func() {
	It("is settled soon though another facet is refused", func(ctx context.Context) {
		w := newWorld(ctx)
		Expect(w.sim.SetGrant(w.tenantID, graphsim.Grant{ClientID: w.sim.ClientID(), Permissions: []string{
			"User.Read.All", "Organization.Read.All", "Domain.Read.All", "LicenseAssignment.Read.All", "RoleManagement.Read.Directory",
			"GroupMember.Read.All", "RoleEligibilitySchedule.Read.Directory", "AuditLog.Read.All", "Policy.Read.All", "Place.Read.All",
			"User.EnableDisableAccount.All", "User.RevokeSessions.All",
		}})).To(Succeed())
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Path: "/users/{id}/revokeSignInSessions", Count: 1})
		Expect(err).NotTo(HaveOccurred())
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) { suspended(true)(s); forced(true)(s) })
		_, _ = w.pass(ctx, alice)
		Expect(w.mustPass(ctx, alice).RequeueAfter).To(BeNumerically("<=", time.Minute))
	})

	It("is not forgotten when there is another Global Administrator at last", func(ctx context.Context) {
		w := newWorld(ctx)
		tenant := w.tenant(ctx)
		tenant.Spec.Safeguards.Privileged = []string{upnRoot}
		Expect(api.Update(ctx, tenant)).To(Succeed())
		w.mustSync(ctx)
		root := w.declare(ctx, upnRoot, suspended(true), func(s *v1alpha1.ManagedUserSpec) { s.AllowPrivileged = true })
		Expect(w.mustPass(ctx, root).RequeueAfter).To(Equal(lastAdminRetry))
	})

	It("is woken when a permission is granted", func(ctx context.Context) {
		w := newWorld(ctx)
		before := w.mustSync(ctx)
		after := before.DeepCopy()
		Expect(concernsUsers(before, after)).To(BeFalse())
		after.Status.Capabilities[0].Available = v1alpha1.False
		Expect(concernsUsers(before, after)).To(BeTrue())
	})

	It("is woken when the Tenant goes, and says so", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		tenant := w.tenant(ctx)
		Expect(api.Delete(ctx, tenant)).To(Succeed())
		w.mustGone(ctx)
		queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		w.users.Waker = kube.NewWaker()
		Expect(w.users.Waker.Start(ctx, queue)).To(Succeed())
		w.users.tenantGone(ctx, event.DeleteEvent{Object: tenant}, nil)
		woken, _ := queue.Get()
		Expect(woken.Name).To(Equal(alice.Name))
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("Unknown/Waiting"))
	})

	It("is corrected in the same sync when somebody undoes a suspension at once", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, suspended(true))
		w.mustPass(ctx, alice)
		w.clock.Step(5 * time.Second)
		w.outsider(upnAlice, map[string]any{"accountEnabled": true})
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.effects(upnAlice, graphsim.EffectBlock)).To(BeEquivalentTo(2))
	})

	It("is done again after each cycle of Cloud Sync", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		user := w.declare(ctx, upnSync, suspended(true))
		w.mustPass(ctx, user)
		Expect(w.sim.SetSync(w.tenantID, graphsim.SyncCloudSync)).To(Succeed())
		for range 10 {
			w.mustSync(ctx)
			w.mustPass(ctx, user)
		}
		Expect(w.effects(upnSync, graphsim.EffectBlock)).To(BeNumerically(">=", 5), "in twenty minutes")
	})

	It("is read when somebody asks, though the account was gone", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		id := w.id(upnAlice)
		Expect(w.sim.DeleteUser(w.tenantID, upnAlice)).To(Succeed())
		w.mustSync(ctx)
		w.mustPass(ctx, alice)
		Expect(w.sim.RestoreUser(w.tenantID, id)).To(Succeed())
		alice.Annotations = map[string]string{v1alpha1.RequestedAtAnnotation: "now"}
		Expect(api.Update(ctx, alice)).To(Succeed())
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateActive))

		carol := w.declare(ctx, "carol@contoso.com")
		w.mustPass(ctx, carol)
		_, err := w.sim.AddUser(w.tenantID, account("carol@contoso.com", "Carol Clark"))
		Expect(err).NotTo(HaveOccurred())
		carol.Annotations = map[string]string{v1alpha1.RequestedAtAnnotation: "now"}
		Expect(api.Update(ctx, carol)).To(Succeed())
		w.mustPass(ctx, carol)
		Expect(carol.Status.State).To(Equal(v1alpha1.StateActive), "by its name, before any sync")
	})
})

var _ = Describe("a pass that somebody asked for", func() {
	It("does what is declared although Microsoft rations what was asked for", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		_, err := w.sim.AddFault(graphsim.Fault{
			Kind: graphsim.FaultStatus, Status: 429, RetryAfter: 90, Path: "/users/{id}/authentication/methods",
		})
		Expect(err).NotTo(HaveOccurred())
		alice.Annotations = map[string]string{v1alpha1.RequestedAtAnnotation: "now"}
		Expect(api.Update(ctx, alice)).To(Succeed())
		w.edit(ctx, alice, func(s *v1alpha1.ManagedUserSpec) { s.Suspended = ptr.To(true) })
		res := w.mustPass(ctx, alice)
		Expect(w.state(upnAlice)).To(HaveKeyWithValue("accountEnabled", false))
		Expect(condition(alice, v1alpha1.ConditionSignIn)).To(Equal("True/Succeeded"))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("Unknown/Throttled"))
		Expect(alice.Status.LastHandledReconcileAt).To(BeEmpty())
		Expect(res.RequeueAfter).To(Equal(90 * time.Second))

		w.sim.RemoveFault(0)
		w.clock.Step(res.RequeueAfter)
		w.mustPass(ctx, alice)
		Expect(alice.Status.LastHandledReconcileAt).To(Equal("now"))
		Expect(condition(alice, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
	})
})

var _ = Describe("a Tenant that cannot be read", func() {
	hours := func(ctx context.Context, w *world) *v1alpha1.Tenant {
		GinkgoHelper()
		for range 4 {
			w.clock.Step(30 * time.Minute)
			_, _, _ = w.sync(ctx)
		}
		return w.tenant(ctx)
	}

	It("is not Ready when its Connection is gone", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		Expect(api.Delete(ctx, &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})).To(Succeed())
		tenant, _, err := w.sync(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("Unknown/Waiting"))
		Expect(condition(tenant, v1alpha1.ConditionSynced)).To(Equal("Unknown/Waiting"))
	})

	It("is not Ready for long when nothing answers, after a restart too", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Status: 503})
		Expect(err).NotTo(HaveOccurred())
		w.restart()
		tenant, _, err := w.sync(ctx)
		Expect(err).To(HaveOccurred())
		Expect(condition(tenant, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), "it may pass")
		Expect(condition(hours(ctx, w), v1alpha1.ConditionReady)).To(Equal("Unknown/Retrying"))
	})

	It("says after a restart what it said before, until it has read it again", func(ctx context.Context) {
		w := newWorld(ctx)
		w.mustSync(ctx)
		w.settles(ctx)
		before := w.tenant(ctx)
		for _, path := range []string{
			"/reports/authenticationMethods/userRegistrationDetails", "/roleManagement/directory/roleAssignments",
			"/subscribedSkus", "/identity/conditionalAccess/policies", "/domains",
		} {
			_, err := w.sim.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Path: path, Status: 503})
			Expect(err).NotTo(HaveOccurred())
		}
		w.restart()
		after := w.mustSync(ctx)
		Expect(after.Status.Users).To(Equal(before.Status.Users))
		Expect(after.Status.Licenses).To(Equal(before.Status.Licenses))
		Expect(after.Status.Domains).To(Equal(before.Status.Domains))
		Expect(after.Status.MFAPolicy).To(Equal(before.Status.MFAPolicy))
		Expect(after.Status.Feeds).To(Equal(before.Status.Feeds))
	})

	It("yields at once to an older one of the same tenant", func(ctx context.Context) {
		w := newWorld(ctx)
		rival := w.newTenant()
		rival.Name = "rival"
		Expect(api.Create(ctx, rival)).To(Succeed())
		names := []string{"contoso", "rival"}
		if isOlder(rival, w.tenant(ctx)) {
			names = []string{"rival", "contoso"}
		}
		for _, name := range []string{names[1], names[0]} { // the younger comes first out of the queue
			tenant := &v1alpha1.Tenant{}
			Expect(api.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: name}, tenant)).To(Succeed())
			_, err := w.tenants.Reconcile(ctx, tenant)
			Expect(err).NotTo(HaveOccurred())
		}
		asked := func(tenant, name string) {
			user := &v1alpha1.ManagedUser{}
			user.Namespace, user.Name = w.namespace, name
			user.Spec.TenantRef.Name, user.Spec.UserPrincipalName = tenant, upnAlice
			Expect(api.Create(ctx, user)).To(Succeed())
			w.mustPass(ctx, user)
			w.edit(ctx, user, forced(true))
			w.mustPass(ctx, user)
		}
		asked(names[1], "of-the-younger")
		Expect(w.sim.Counters("").Writes).To(BeZero())
		asked(names[0], "of-the-older")
		Expect(w.sim.Counters("").Writes).To(BeEquivalentTo(1))
	})
})

var _ = Describe("a decision about a Global Administrator", func() {
	It("is taken back when the object changed meanwhile", func(ctx context.Context) {
		w := newWorld(ctx)
		Expect(w.sim.AssignRole(w.tenantID, upnBob, "Global Administrator")).To(Succeed())
		Expect(w.sim.SetGrant(w.tenantID, graphsim.Grant{
			ClientID: w.sim.ClientID(), Permissions: graphsim.DefaultPermissions(), DirectoryRoles: []string{"Global Administrator"},
		})).To(Succeed())
		tenant := w.tenant(ctx)
		tenant.Spec.Safeguards.Privileged = []string{upnRoot, upnBob}
		Expect(api.Update(ctx, tenant)).To(Succeed())
		w.mustSync(ctx)
		allow := func(s *v1alpha1.ManagedUserSpec) { s.AllowPrivileged = true }
		root := w.declare(ctx, upnRoot, suspended(true), allow)
		stale := w.user(ctx, root)
		w.edit(ctx, root, suspended(false)) // reverted, while a pass works on the older object
		_, err := w.users.Reconcile(ctx, stale)
		Expect(err).NotTo(HaveOccurred())
		Expect(w.sim.Counters("").Writes).To(BeZero())
		bob := w.declare(ctx, upnBob, suspended(true), allow)
		w.mustPass(ctx, bob)
		Expect(bob.Status.State).To(Equal(v1alpha1.StateSuspended), "root is active, so bob is not the last")
	})
})
