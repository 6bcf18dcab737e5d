package controllers

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const upnNew = "nina.new@contoso.com"

// staffed is a tenant with something to give: groups, seats and an application.
func staffed(spec *graphsim.TenantSpec) {
	spec.SKUs = []graphsim.SKUSpec{{PartNumber: "SPB", Enabled: 25}, {PartNumber: "POWER_BI_PRO", Enabled: 2}}
	spec.Groups = append(spec.Groups,
		graphsim.GroupSpec{DisplayName: "Sales"},
		graphsim.GroupSpec{DisplayName: "Marketing"},
		graphsim.GroupSpec{DisplayName: "Leisure", Members: []string{upnAlice}},
		graphsim.GroupSpec{DisplayName: "Portal Users"},
		graphsim.GroupSpec{DisplayName: "Everybody", Types: []string{"DynamicMembership"}, MembershipRule: `user.accountEnabled -eq true`},
		graphsim.GroupSpec{DisplayName: "Branch", Synced: true},
		graphsim.GroupSpec{DisplayName: "News", Mail: "news@contoso.com", Distribution: true},
		graphsim.GroupSpec{DisplayName: "Operators", RoleAssignable: true},
	)
	spec.TemporaryAccessPassPolicy = graphsim.TemporaryAccessPassPolicy{Enabled: true, DefaultLifetime: 480, MaximumLifetime: 480}
	spec.Applications = append(spec.Applications, graphsim.ApplicationSpec{
		DisplayName: "MSPortal",
		Roles: []graphsim.AppRoleSpec{
			{DisplayName: "Admin", Value: "Portal.Admin"},
			{DisplayName: "Manager", Value: "Portal.Manager"},
			{DisplayName: "User", Value: "Portal.User"},
			{DisplayName: "Training Only", Value: "Portal.Training"},
		},
		Assignments: []graphsim.AppAssignmentSpec{{Principal: "Portal Users", Role: "Portal.User"}},
	})
}

// starter declares a whole person.
func starter(spec *v1alpha1.ManagedUserSpec) {
	spec.CreationPolicy = v1alpha1.CreationPolicyCreate
	spec.Profile = &v1alpha1.UserProfile{
		DisplayName: ptr.To("Nina New"), GivenName: ptr.To("Nina"), Surname: ptr.To("New"), JobTitle: ptr.To("Accountant"),
		Department: ptr.To("Finance"), BusinessPhone: ptr.To("+49 89 1234"), UsageLocation: ptr.To("DE"), EmployeeID: ptr.To("4711"),
	}
	spec.Manager = ptr.To(upnBob)
	spec.Licenses = []v1alpha1.LicenseEntry{{SKU: "SPB"}}
	spec.Groups = []v1alpha1.GroupEntry{{Name: "Sales"}, {Name: "Marketing"}}
	spec.Applications = []v1alpha1.ApplicationEntry{{Name: "MSPortal", Role: "Manager"}}
}

var _ = Describe("a new person", func() {
	var w *world
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx, staffed)
		w.grantSecrets(ctx)
		w.mustSync(ctx)
	})

	It("gets everything from one manifest, and settles", func(ctx context.Context) {
		nina := w.declare(ctx, upnNew, starter)
		w.mustPass(ctx, nina)
		w.mustSync(ctx) // the application's assignments, which nobody asked for before
		w.mustPass(ctx, nina)

		Expect(condition(nina, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(nina, v1alpha1.ConditionReady))
		state := w.state(upnNew)
		Expect(state).To(HaveKeyWithValue("displayName", "Nina New"))
		Expect(state).To(HaveKeyWithValue("jobTitle", "Accountant"))
		Expect(state).To(HaveKeyWithValue("department", "Finance"))
		Expect(state).To(HaveKeyWithValue("businessPhones", []any{"+49 89 1234"}))
		Expect(state).To(HaveKeyWithValue("usageLocation", "DE"))
		Expect(state).To(HaveKeyWithValue("employeeId", "4711"))
		Expect(state).To(HaveKeyWithValue("accountEnabled", true))
		Expect(w.groupsOf(upnNew)).To(ConsistOf("Sales", "Marketing"))
		Expect(w.skusOf(upnNew)).To(ConsistOf("SPB"))
		Expect(w.managerOf(upnNew)).To(Equal(upnBob))
		Expect(w.appRolesOf(upnNew)).To(ConsistOf("MSPortal/Portal.Manager"))
		for effect, times := range map[graphsim.Effect]int{
			graphsim.EffectCreate: 1, graphsim.EffectLicense: 1, graphsim.EffectJoin: 2, graphsim.EffectManager: 1, graphsim.EffectAppGrant: 1,
		} {
			Expect(w.effects(upnNew, effect)).To(BeEquivalentTo(times), string(effect))
		}

		secret := w.secret(ctx, nina)
		Expect(secret.Data).To(HaveKeyWithValue("userPrincipalName", []byte(upnNew)))
		Expect(string(secret.Data["password"])).To(MatchRegexp(`^[A-Za-z0-9!#%+\-=?@_]{24}$`))
		Expect(nina.Status.FirstSignIn.SecretName).To(Equal("nina.new-first-sign-in"))
		Expect(nina.Status.State).To(Equal(v1alpha1.StateActive))
		for _, facet := range []string{
			v1alpha1.ConditionAccount, v1alpha1.ConditionProfile, v1alpha1.ConditionManager, v1alpha1.ConditionLicenses,
			v1alpha1.ConditionGroups, v1alpha1.ConditionApplications,
		} {
			Expect(condition(nina, facet)).To(Equal("True/Succeeded"), facet+": "+message(nina, facet))
		}
		Expect(condition(nina, v1alpha1.ConditionFirstSignIn)).To(Equal("False/Waiting"))
		Expect(nina.Status.Licenses).To(ConsistOf(HaveField("SKU", "SPB")))
		Expect(nina.Status.Groups.Names).To(Equal([]string{"Marketing", "Sales"}))
		Expect(nina.Status.Manager).To(Equal(upnBob))
		w.settles(ctx, nina)
		w.settles(ctx, nina)
	})

	It("loses the first password when it was changed", func(ctx context.Context) {
		nina := w.declare(ctx, upnNew, starter)
		w.mustPass(ctx, nina)
		w.clock.Step(time.Hour)
		Expect(w.sim.ChangePassword(w.tenantID, upnNew)).To(Succeed())
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(nina.Status.FirstSignIn).To(BeNil())
		Expect(condition(nina, v1alpha1.ConditionFirstSignIn)).To(BeEmpty())
		Expect(w.secrets(ctx)).To(BeEmpty())
		w.settles(ctx, nina)
	})

	It("loses the first password when its time is up", func(ctx context.Context) {
		nina := w.declare(ctx, upnNew, starter)
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.clock.Step(7*24*time.Hour - 5*time.Minute)
		res := w.mustPass(ctx, nina)
		Expect(w.secrets(ctx)).To(HaveLen(1))
		Expect(res.RequeueAfter).To(BeNumerically("<=", 3*time.Minute))
		w.clock.Step(3 * time.Minute)
		w.mustPass(ctx, nina)
		Expect(w.secrets(ctx)).To(BeEmpty())
		Expect(condition(nina, v1alpha1.ConditionReady)).To(HavePrefix("True/"), "waiting for a person keeps Ready")
		w.settles(ctx, nina)
	})

	It("is staged until the start, and opened once", func(ctx context.Context) {
		start := w.clock.Now().Add(48 * time.Hour)
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.StartAt = ptr.To(metav1.NewTime(start)) })
		w.mustPass(ctx, nina)
		w.mustSync(ctx)
		res := w.mustPass(ctx, nina)
		Expect(w.state(upnNew)).To(HaveKeyWithValue("accountEnabled", false))
		Expect(nina.Status.State).To(Equal(v1alpha1.StateStaged))
		Expect(condition(nina, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
		Expect(condition(nina, v1alpha1.ConditionSignIn)).To(Equal("False/Waiting"))
		Expect(res.RequeueAfter).To(BeNumerically("<=", 48*time.Hour))
		Expect(w.groupsOf(upnNew)).To(HaveLen(2), "made ready")
		w.settles(ctx, nina)

		By("correcting who opens it early")
		w.outsider(upnNew, map[string]any{"accountEnabled": true})
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(w.state(upnNew)).To(HaveKeyWithValue("accountEnabled", false))

		By("opening it at the start")
		w.clock.Step(48 * time.Hour)
		w.mustPass(ctx, nina)
		Expect(w.state(upnNew)).To(HaveKeyWithValue("accountEnabled", true))
		Expect(nina.Status.State).To(Equal(v1alpha1.StateActive))
		w.settles(ctx, nina)

		By("leaving it blocked when somebody blocks it later")
		w.outsider(upnNew, map[string]any{"accountEnabled": false})
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		Expect(w.state(upnNew)).To(HaveKeyWithValue("accountEnabled", false))
		w.settles(ctx, nina)
	})

	It("signs in with a temporary access pass", func(ctx context.Context) {
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) {
			s.FirstSignIn = v1alpha1.FirstSignInTemporaryAccessPass
		})
		w.mustPass(ctx, nina)
		Expect(condition(nina, v1alpha1.ConditionFirstSignIn)).To(Equal("False/Waiting"), message(nina, v1alpha1.ConditionFirstSignIn))
		secret := w.secret(ctx, nina)
		Expect(secret.Data).To(HaveKey("temporaryAccessPass"))
		Expect(secret.Data).NotTo(HaveKey("password"))
		Expect(w.effects(upnNew, graphsim.EffectTemporaryAccessPass)).To(BeEquivalentTo(1))
		w.mustSync(ctx)
		w.mustPass(ctx, nina)
		w.settles(ctx, nina)

		By("removing the pass when it has expired")
		w.clock.Step(9 * time.Hour)
		w.mustPass(ctx, nina)
		Expect(w.secrets(ctx)).To(BeEmpty())
		Expect(w.effects(upnNew, graphsim.EffectTemporaryAccessPass)).To(BeEquivalentTo(1))
		w.settles(ctx, nina)
	})

	It("is only shown under Observe", func(ctx context.Context) {
		nina := w.declare(ctx, upnNew, starter, func(s *v1alpha1.ManagedUserSpec) { s.ManagementPolicy = v1alpha1.ManagementPolicyObserve })
		w.mustPass(ctx, nina)
		Expect(nina.Status.PendingChanges).To(ConsistOf(SatisfyAll(
			HaveField("Facet", "Account"), HaveField("Action", "CreateAccount"), HaveField("To", upnNew), HaveField("Reason", "Observed"))))
		Expect(condition(nina, v1alpha1.ConditionAccount)).To(Equal("False/Observed"))
		Expect(w.secrets(ctx)).To(BeEmpty())
		Expect(w.sim.Counters("").Writes).To(BeZero())
		w.settles(ctx, nina)
	})
})

// state is what the simulator holds of an account.
func (w *world) state(upn string) map[string]any {
	GinkgoHelper()
	state, err := w.sim.User(w.tenantID, upn)
	Expect(err).NotTo(HaveOccurred())
	properties := map[string]any{}
	for name, raw := range state.Properties {
		var value any
		Expect(json.Unmarshal(raw, &value)).To(Succeed())
		properties[name] = value
	}
	return properties
}

// dump is everything that the simulator holds of the tenant.
func (w *world) dump() graphsim.TenantSpec {
	GinkgoHelper()
	fixture, err := w.sim.Dump(w.tenantID)
	Expect(err).NotTo(HaveOccurred())
	return fixture.Tenants[0]
}

func (w *world) groupsOf(upn string) []string {
	GinkgoHelper()
	id := w.id(upn)
	names := []string{}
	for _, group := range w.dump().Groups {
		if slices.Contains(group.Members, id) || slices.Contains(group.Members, upn) {
			names = append(names, group.DisplayName)
		}
	}
	return names
}

func (w *world) skusOf(upn string) []string {
	GinkgoHelper()
	skus := []string{}
	assigned, _ := w.state(upn)["assignedLicenses"].([]any)
	for _, license := range assigned {
		fields, _ := license.(map[string]any)
		id, _ := fields["skuId"].(string)
		skus = append(skus, partNumber(id))
	}
	return skus
}

// partNumber knows the SKUs of the suite, as Microsoft publishes them.
func partNumber(id string) string {
	known := map[string]string{"cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46": "SPB", "f8a1db68-be16-40ed-86d5-cb42ce701560": "POWER_BI_PRO"}
	if name, ok := known[id]; ok {
		return name
	}
	return id
}

func (w *world) managerOf(upn string) string {
	GinkgoHelper()
	for _, user := range w.dump().Users {
		if user["id"] == w.id(upn) {
			manager, _ := user["manager"].(string)
			return w.nameOf(manager)
		}
	}
	return ""
}

// nameOf is the user principal name of an account that is named by it or by its id.
func (w *world) nameOf(key string) string {
	GinkgoHelper()
	if key == "" {
		return ""
	}
	name, _ := w.state(key)["userPrincipalName"].(string)
	return name
}

func (w *world) appRolesOf(upn string) []string {
	GinkgoHelper()
	roles := []string{}
	for _, application := range w.dump().Applications {
		for _, assignment := range application.Assignments {
			if assignment.Principal == w.id(upn) || assignment.Principal == upn {
				roles = append(roles, application.DisplayName+"/"+appRoleValue(application, assignment.Role))
			}
		}
	}
	return roles
}

func appRoleValue(application graphsim.ApplicationSpec, key string) string {
	for _, role := range application.Roles {
		if role.ID == key {
			return role.Value
		}
	}
	return key
}

// secrets are the credentials that the operator keeps for first sign-ins.
func (w *world) secrets(ctx context.Context) []corev1.Secret {
	GinkgoHelper()
	var secrets corev1.SecretList
	Expect(api.List(ctx, &secrets, client.InNamespace(w.namespace))).To(Succeed())
	return slices.DeleteFunc(secrets.Items, func(s corev1.Secret) bool { return s.Type != secretTypeFirstSignIn })
}

func (w *world) secret(ctx context.Context, user *v1alpha1.ManagedUser) *corev1.Secret {
	GinkgoHelper()
	Expect(user.Status.FirstSignIn).NotTo(BeNil())
	secret := &corev1.Secret{}
	Expect(api.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: user.Status.FirstSignIn.SecretName}, secret)).To(Succeed())
	return secret
}
