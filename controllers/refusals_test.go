package controllers

import (
	"context"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// refusal is something that Microsoft 365, or what is known of it, refuses: how it comes
// about, and what is to be said of it.
type refusal struct {
	// upn of the object; Alice's when empty.
	upn string
	// tenant differs so from the usual one.
	tenant func(*graphsim.TenantSpec)
	// first is declared, and done, before.
	first func(*v1alpha1.ManagedUserSpec)
	// without are permissions that are then withdrawn; bare takes the directory role.
	without []string
	bare    bool
	// arrange is what happens then, and is seen.
	arrange func(context.Context, *world)
	// spec is declared in the end, beside the companion.
	spec func(*v1alpha1.ManagedUserSpec)
	// unseen is what happens at that moment: the inventory does not know.
	unseen func(context.Context, *world)
	// companion is what else is declared, and is done all the same.
	companion companion

	// facet is the condition that says so, with a reason and words of its message.
	facet  string
	reason v1alpha1.Reason
	says   []string
	// later is when it is tried again.
	later time.Duration
	// tries is how many writes are refused in each pass: none when it was known before,
	// aReading when it is a reading.
	tries int
}

// aReading is what is refused in the place of a write that needs it.
const aReading = -1

// companion is something that is declared beside what is refused.
type companion struct {
	declare func(*v1alpha1.ManagedUserSpec)
	done    func(w *world, upn string) bool
}

// clerk is a companion of the Profile facet.
func clerk() companion {
	return companion{
		declare: func(s *v1alpha1.ManagedUserSpec) {
			if s.Profile == nil {
				s.Profile = &v1alpha1.UserProfile{}
			}
			s.Profile.JobTitle = ptr.To("Clerk")
		},
		done: func(w *world, upn string) bool { return w.state(upn)["jobTitle"] == "Clerk" },
	}
}

// marketer is one of the Groups facet.
func marketer() companion {
	return companion{
		declare: func(s *v1alpha1.ManagedUserSpec) { s.Groups = append(s.Groups, v1alpha1.GroupEntry{Name: "Marketing"}) },
		done:    func(w *world, upn string) bool { return slices.Contains(w.groupsOf(upn), "Marketing") },
	}
}

// located gives every account a usage location.
func located(spec *graphsim.TenantSpec) {
	for _, user := range spec.Users {
		user["usageLocation"] = "DE"
	}
}

// consent is what the application may, without some permissions. The operator comes by
// it with a new token.
func (w *world) consent(ctx context.Context, bare bool, without ...string) {
	GinkgoHelper()
	permissions := slices.DeleteFunc(append(graphsim.DefaultPermissions(), "User.Read.All"), func(p string) bool {
		return slices.Contains(without, p)
	})
	grant := graphsim.Grant{ClientID: w.sim.ClientID(), Permissions: permissions}
	if !bare {
		grant.DirectoryRoles = []string{"User Administrator"}
	}
	Expect(w.sim.SetGrant(w.tenantID, grant)).To(Succeed())
	w.restart()
	w.users.AllowRoleGrants = true
	w.mustSync(ctx)
}

// touchable lets administrators of the suite be touched.
func (w *world) touchable(ctx context.Context, upns ...string) {
	GinkgoHelper()
	tenant := w.tenant(ctx)
	tenant.Spec.Safeguards.Privileged = upns
	Expect(api.Update(ctx, tenant)).To(Succeed())
	w.mustSync(ctx)
}

// meet brings the refusal about, and returns the object and when it is tried again.
func (r *refusal) meet(ctx context.Context, w *world) (*v1alpha1.ManagedUser, time.Duration) {
	GinkgoHelper()
	w.users.AllowRoleGrants = true
	w.mustSync(ctx)
	if r.upn == "" {
		r.upn = upnAlice
	}
	changes := []func(*v1alpha1.ManagedUserSpec){}
	for _, c := range []func(*v1alpha1.ManagedUserSpec){r.spec, r.companion.declare} {
		if c != nil {
			changes = append(changes, c)
		}
	}
	var user *v1alpha1.ManagedUser
	if r.first != nil {
		user = w.declare(ctx, r.upn, r.first)
		for range 2 {
			w.mustPass(ctx, user)
			w.mustSync(ctx)
		}
		w.mustPass(ctx, user)
		Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"), message(user, v1alpha1.ConditionReady))
	}
	if r.bare || len(r.without) > 0 {
		w.consent(ctx, r.bare, r.without...)
	}
	if r.arrange != nil {
		r.arrange(ctx, w)
		w.mustSync(ctx)
	}
	if user == nil {
		user = w.declare(ctx, r.upn, changes...)
	} else {
		w.edit(ctx, user, changes...)
	}
	if r.unseen != nil {
		r.unseen(ctx, w)
	}
	w.eventReasons()
	later := w.mustPass(ctx, user).RequeueAfter
	if condition(user, r.facet) == "Unknown/Waiting" { // for what nobody asked for before
		w.mustSync(ctx)
		later = w.mustPass(ctx, user).RequeueAfter
	}
	return user, later
}

// expect is what must be said in every pass while nothing changes.
func (r *refusal) expect(w *world, user *v1alpha1.ManagedUser, later time.Duration) {
	GinkgoHelper()
	Expect(condition(user, r.facet)).To(Equal("False/"+string(r.reason)), message(user, r.facet))
	for _, words := range r.says {
		Expect(message(user, r.facet)).To(ContainSubstring(words))
	}
	Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("False/" + string(r.reason)))
	Expect(condition(user, v1alpha1.ConditionStalled)).To(Equal("True/" + string(r.reason)))
	Expect(user.Status.Sync).To(Equal(v1alpha1.SyncBlocked))
	Expect(later).To(Equal(r.later), "when it is tried again")
	if r.companion.done != nil {
		Expect(r.companion.done(w, r.upn)).To(BeTrue(), "what else was declared")
	}
}

// persists proves that another due pass says the same, makes the refused calls once each
// and no other, and that a refusal that was known before costs no write at all.
func (r *refusal) persists(ctx context.Context, w *world, user *v1alpha1.ManagedUser) {
	GinkgoHelper()
	w.clock.Step(20 * time.Minute)
	w.mustSync(ctx)
	r.expect(w, user, w.mustPass(ctx, user).RequeueAfter)
	if r.tries == 0 {
		w.settles(ctx, user)
		return
	}
	w.eventReasons()
	before, writes := user.Status.DeepCopy(), w.sim.Counters("").Writes
	w.mustSync(ctx)
	r.expect(w, user, w.mustPass(ctx, user).RequeueAfter)
	Expect(attemptless(&user.Status)).To(BeComparableTo(attemptless(before)))
	Expect(w.sim.Counters("").Writes-writes).To(BeEquivalentTo(max(r.tries, 0)), "calls that are tried again")
	Expect(w.eventReasons()).To(BeEmpty())
}

// attemptless is a status without the times of attempts.
func attemptless(st *v1alpha1.ManagedUserStatus) *v1alpha1.ManagedUserStatus {
	copied := st.DeepCopy()
	for i := range copied.Records {
		copied.Records[i].Time = metav1.Time{}
	}
	return copied
}

// isRefused runs one line of a table.
func isRefused(ctx context.Context, r refusal) {
	GinkgoHelper()
	w := newWorld(ctx, staffed, located, func(spec *graphsim.TenantSpec) {
		if r.tenant != nil {
			r.tenant(spec)
		}
	})
	user, later := r.meet(ctx, w)
	r.expect(w, user, later)
	Expect(w.eventReasons()).To(ContainElement(string(r.reason)), "an Event on the transition")
	r.persists(ctx, w, user)
}

// object tells whether an object is still there.
func (w *world) object(ctx context.Context, user *v1alpha1.ManagedUser) bool {
	GinkgoHelper()
	err := api.Get(ctx, client.ObjectKeyFromObject(user), &v1alpha1.ManagedUser{})
	Expect(client.IgnoreNotFound(err)).To(Succeed())
	return err == nil
}
