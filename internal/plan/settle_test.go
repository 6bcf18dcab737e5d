package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/plan"
)

// world is an account in a tenant, and what its object remembers. It does what the
// controller and Microsoft 365 do.
type world struct {
	rng *rand.Rand
	in  plan.Input
	// loses is how many of a hundred answers are lost, with or without the effect.
	loses int
}

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 365))}
	w.in = plan.Input{
		Spec: &v1alpha1.ManagedUserSpec{AllowPrivileged: w.odds(50)}, Now: now, Settle: time.Minute,
		User: directory.User{
			ID: "id", Enabled: directory.Yes, Profile: &directory.Profile{}, Licenses: []directory.LicenseAssignment{},
			OnPremises: directory.OnPremises{Synced: directory.TristateOf(w.odds(20))},
		},
		ManagerKnown: true, Groups: map[string]directory.Group{}, RolesKnown: true,
		AllowRoleGrants: w.odds(70), Adopting: w.odds(20), Targets: map[plan.Ref]plan.Target{},
	}
	w.subscribe()
	w.populate()
	w.declare()
	return w
}

func (w *world) odds(percent int) bool { return w.rng.IntN(100) < percent }

func (w *world) pick(from ...string) string { return from[w.rng.IntN(len(from))] }

// subscribe gives the tenant four subscriptions, some of them used up, and the account
// some of their licences.
func (w *world) subscribe() {
	w.in.User.UsageLocation = w.pick("", "DE")
	w.in.Defaults.UsageLocation = w.pick("", "FR")
	for n := range 4 {
		sku := directory.SKU{
			ID: fmt.Sprintf("sku-%d", n), PartNumber: fmt.Sprintf("SKU_%d", n), Enabled: 5, Consumed: int32(w.rng.IntN(6)),
			Plans: []directory.ServicePlan{{ID: "plan-1", Name: "PLAN_1"}, {ID: "plan-2", Name: "PLAN_2"}},
		}
		w.in.SKUs = append(w.in.SKUs, sku)
		for _, group := range []string{"", "g1"} {
			if w.odds(30) {
				w.in.User.Licenses = append(w.in.User.Licenses, directory.LicenseAssignment{
					SKU: sku.ID, Group: group, Error: w.pick("", "", "", "CountViolation", "Other"),
				})
			}
		}
	}
}

// populate makes groups, an application and roles, and gives the account some of each.
func (w *world) populate() {
	w.in.Manager = w.pick("", "b", "c")
	for n := range 6 {
		id := fmt.Sprintf("g%d", n)
		group := directory.Group{
			ID: id, DisplayName: "Group " + id, Dynamic: w.odds(15), Synced: w.odds(15), MailEnabled: w.odds(20),
			Unified: w.odds(50), RoleAssignable: w.odds(15),
		}
		for _, name := range []string{group.DisplayName, id} {
			w.in.Targets[plan.Ref{Kind: v1alpha1.ClaimGroup, Name: name}] = plan.Target{ID: id, Group: &group}
		}
		if w.odds(40) {
			w.in.Groups[id] = group
		}
		for _, name := range []string{"Role " + id, id} {
			w.in.Targets[plan.Ref{Kind: v1alpha1.ClaimDirectoryRole, Name: name, Qualifier: "/"}] = plan.Target{ID: id}
			w.in.Targets[plan.Ref{Kind: v1alpha1.ClaimApplication, Name: "App", Qualifier: name}] = plan.Target{
				ID: "app", RoleID: id, Known: true,
			}
		}
		if w.odds(30) {
			path := v1alpha1.RolePath(w.pick(string(v1alpha1.RoleDirect), string(v1alpha1.RoleGroup), string(v1alpha1.RoleEligible)))
			w.in.Roles = append(w.in.Roles, plan.Role{RoleID: id, Scope: "/", Path: path})
		}
		if w.odds(30) {
			w.in.AppRoles = append(w.in.AppRoles, plan.AppRole{ApplicationID: "app", RoleID: id, ViaGroup: w.pick("", "g1")})
		}
	}
	w.in.Targets[plan.Ref{Kind: v1alpha1.ClaimManager, Name: bob}] = plan.Target{ID: "b"}
	w.in.Targets[plan.Ref{Kind: v1alpha1.ClaimManager, Name: carol}] = plan.Target{ID: "c"}
}

// declare writes a spec, or the next one.
func (w *world) declare() {
	spec := w.in.Spec
	*spec = v1alpha1.ManagedUserSpec{AllowPrivileged: spec.AllowPrivileged}
	if w.odds(60) {
		spec.Profile = &v1alpha1.UserProfile{JobTitle: ptr(w.pick("", "Clerk", "Chief")), MobilePhone: ptr(w.pick("", "1"))}
		if w.odds(30) {
			spec.Profile.UsageLocation = ptr("US")
		}
	}
	if w.odds(60) {
		spec.Manager = ptr(w.pick("", bob, carol))
	}
	if w.odds(80) {
		spec.Licenses = []v1alpha1.LicenseEntry{}
	}
	if w.odds(80) {
		spec.Groups = []v1alpha1.GroupEntry{}
	}
	if w.odds(80) {
		spec.Applications = []v1alpha1.ApplicationEntry{}
	}
	if w.odds(80) {
		spec.DirectoryRoles = []v1alpha1.DirectoryRoleEntry{}
	}
	for n := range 6 {
		w.list(fmt.Sprintf("g%d", n), n)
	}
}

// list writes what one number stands for into the lists that are there.
func (w *world) list(id string, n int) {
	spec := w.in.Spec
	if spec.Licenses != nil && w.odds(40) {
		entry := v1alpha1.LicenseEntry{SKU: w.pick(fmt.Sprintf("SKU_%d", n), fmt.Sprintf("sku-%d", n)), Until: w.end()}
		if w.odds(30) {
			entry.DisabledPlans = [][]string{{}, {"PLAN_1"}, {"PLAN_1", "plan-2"}, {"NONE"}}[w.rng.IntN(4)]
		}
		spec.Licenses = append(spec.Licenses, entry)
	}
	if spec.Groups != nil && w.odds(40) {
		spec.Groups = append(spec.Groups, v1alpha1.GroupEntry{Name: w.pick("Group "+id, id), Until: w.end()})
	}
	if spec.Applications != nil && w.odds(40) {
		spec.Applications = append(spec.Applications, v1alpha1.ApplicationEntry{Name: "App", Role: w.pick("Role "+id, id), Until: w.end()})
	}
	if spec.DirectoryRoles != nil && w.odds(40) {
		spec.DirectoryRoles = append(spec.DirectoryRoles, v1alpha1.DirectoryRoleEntry{Name: w.pick("Role "+id, id), Scope: "/", Until: w.end()})
	}
}

// end is when an entry ends, if ever.
func (w *world) end() *metav1.Time {
	switch w.rng.IntN(8) {
	case 0:
		return until(w.in.Now.Add(-time.Hour))
	case 1:
		return until(w.in.Now.Add(48 * time.Hour))
	default:
		return nil
	}
}

// plan plans as the controller does: once more with a live reading, if asked to.
func (w *world) plan() plan.Plan {
	p := plan.For(w.in)
	if p.NeedsLive {
		w.in.Live = true
		p = plan.For(w.in)
		w.in.Live = false
	}
	return p
}

// pass makes the changes of one plan and tells how many there were.
func (w *world) pass() int {
	p := w.plan()
	Expect(p.NeedsLive).To(BeFalse(), "a live reading is read once")
	w.in.Claims, w.in.Records = p.Claims, p.Records()
	for _, f := range p.Facets {
		for _, c := range f.Changes {
			for _, ended := range c.Claims {
				Expect(p.Claims).To(ContainElement(ended), "only what is claimed is taken away")
			}
			if !w.make(c) && !f.Independent {
				break
			}
		}
	}
	w.in.Now = w.in.Now.Add(time.Duration(w.rng.IntN(100)) * time.Second)
	return len(p.Changes())
}

// make makes one change; false when its answer is lost, or when it is refused for what
// a lost change should have done.
func (w *world) make(c plan.Change) bool {
	if c.Licenses != nil && len(c.Licenses.Add) > 0 && w.in.User.UsageLocation == "" {
		Expect(w.loses).NotTo(BeZero(), "no licence without a usage location")
		return false
	}
	lost := w.odds(w.loses)
	if !lost || w.odds(50) {
		w.apply(c)
	}
	if lost {
		w.in.Records = append(slices.DeleteFunc(w.in.Records, func(r v1alpha1.Record) bool { return r.Name == c.Record }),
			v1alpha1.Record{Name: c.Record, Phase: started, Time: metav1.NewTime(w.in.Now)})
		return false
	}
	w.in.Claims = slices.DeleteFunc(w.in.Claims, func(claim v1alpha1.Claim) bool { return slices.Contains(c.Claims, claim) })
	return true
}

// apply does to the account what Microsoft 365 would do.
func (w *world) apply(c plan.Change) {
	switch c.Action {
	case plan.UpdateProfile:
		for name, value := range c.Attributes {
			w.in.User.SetAttribute(name, value)
		}
	case plan.SetManager, plan.RemoveManager:
		w.in.Manager = c.Target
	case plan.AssignLicenses, plan.RemoveLicenses:
		w.license(*c.Licenses)
	case plan.AddToGroup:
		w.in.Groups[c.Target] = *w.in.Targets[plan.Ref{Kind: v1alpha1.ClaimGroup, Name: c.Target}].Group
	case plan.RemoveFromGroup:
		delete(w.in.Groups, c.Target)
	case plan.AssignAppRole:
		w.in.AppRoles = append(w.in.AppRoles, plan.AppRole{ApplicationID: c.Target, RoleID: c.RoleID})
	case plan.RemoveAppRole:
		w.in.AppRoles = slices.DeleteFunc(w.in.AppRoles, func(r plan.AppRole) bool { return r.RoleID == c.RoleID && r.ViaGroup == "" })
	case plan.AssignRole:
		w.in.Roles = append(w.in.Roles, plan.Role{RoleID: c.Target, Scope: c.Scope, Path: v1alpha1.RoleDirect})
	case plan.RemoveRole:
		w.in.Roles = slices.DeleteFunc(w.in.Roles, func(r plan.Role) bool { return r.RoleID == c.Target && r.Path == v1alpha1.RoleDirect })
	default:
		Fail("unexpected " + string(c.Action))
	}
}

func (w *world) license(change directory.LicenseChange) {
	drop := func(sku string) (had bool) {
		before := len(w.in.User.Licenses)
		w.in.User.Licenses = slices.DeleteFunc(w.in.User.Licenses, func(l directory.LicenseAssignment) bool {
			return l.SKU == sku && l.Group == ""
		})
		return len(w.in.User.Licenses) < before
	}
	seats := func(id string, by int32) {
		for n := range w.in.SKUs {
			if w.in.SKUs[n].ID == id {
				w.in.SKUs[n].Consumed += by
				Expect(w.in.SKUs[n].Consumed).To(BeNumerically("<=", 5), "no seat is taken that is not there")
			}
		}
	}
	for _, sku := range change.Remove {
		Expect(drop(sku)).To(BeTrue(), "only what is assigned is taken away")
		seats(sku, -1)
	}
	for _, l := range change.Add {
		if !drop(l.SKU) {
			seats(l.SKU, 1)
		}
		w.in.User.Licenses = append(w.in.User.Licenses, directory.LicenseAssignment{SKU: l.SKU, DisabledPlans: l.DisabledPlans})
	}
}

// settle works until nothing is left.
func (w *world) settle() {
	idle := 0
	for range 40 {
		if w.pass() > 0 {
			idle = 0
		} else if idle++; idle > 3 {
			return
		}
	}
	Fail("it does not settle: " + strings.Join(describeAll(w.plan()), "; "))
}

func describeAll(p plan.Plan) []string {
	var all []string
	for _, c := range p.Changes() {
		all = append(all, describe(c))
	}
	return all
}

// takes are the changes that take something away, apart from what the spec itself says
// is not to be.
func takes(w *world, p plan.Plan) []string {
	var all []string
	for _, c := range p.Changes() {
		switch c.Action {
		case plan.RemoveLicenses, plan.RemoveFromGroup, plan.RemoveAppRole, plan.RemoveRole:
			all = append(all, describe(c))
		case plan.RemoveManager:
			Expect(*w.in.Spec.Manager).To(BeEmpty())
		default:
		}
	}
	return all
}

func (w *world) forget() { w.in.Claims, w.in.Records, w.in.Adopting = nil, nil, true }

var _ = Describe("any account under any spec", func() {
	const worlds = 300

	var seed uint64
	each := func(check func(w *world)) {
		for seed = range uint64(worlds) {
			check(newWorld(seed))
		}
	}
	AfterEach(func() {
		if CurrentSpecReport().Failed() {
			AddReportEntry("seed", seed)
		}
	})

	It("settles, and again after the spec has changed", func() {
		each(func(w *world) {
			w.settle()
			for range 3 {
				w.declare()
				w.in.Adopting = false
				w.settle()
			}
		})
	})

	It("settles although answers are lost", func() {
		each(func(w *world) {
			for range 3 {
				w.loses = 30
				for range 5 {
					w.pass()
				}
				w.loses = 0
				w.settle()
				w.declare()
			}
		})
	})

	It("takes nothing away when the status is lost, and does nothing where it had settled", func() {
		each(func(w *world) {
			w.forget()
			Expect(takes(w, w.plan())).To(BeEmpty())

			w.in.Adopting = false
			w.settle()
			w.declare()
			w.settle()
			w.forget()
			Expect(describeAll(w.plan())).To(BeEmpty())
			Expect(w.pass()).To(BeZero())
		})
	})

	It("has what was claimed, and nothing of what was taken off the list", func() {
		each(func(w *world) {
			w.settle()
			for _, g := range w.in.Spec.Groups {
				group := w.in.Targets[plan.Ref{Kind: v1alpha1.ClaimGroup, Name: g.Name}].Group
				if g.Until == nil && !group.Dynamic && !group.Synced && (!group.MailEnabled || group.Unified) && !group.RoleAssignable {
					Expect(w.in.Groups).To(HaveKey(group.ID))
				}
			}
			own := len(w.in.Groups)
			w.in.Spec.Groups = []v1alpha1.GroupEntry{}
			held := map[string]bool{}
			for _, c := range w.in.Claims {
				group := w.in.Groups[c.ID]
				writable := !group.Dynamic && !group.Synced && (!group.MailEnabled || group.Unified)
				if c.Kind == v1alpha1.ClaimGroup && c.Held && writable && (!group.RoleAssignable || w.in.Spec.AllowPrivileged) {
					held[c.ID] = true
				}
			}
			w.settle()
			Expect(w.in.Groups).To(HaveLen(own-len(held)), "exactly what was claimed is taken away")
		})
	})
})
