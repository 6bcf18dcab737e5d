package plan_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/plan"
)

const (
	e3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
	e5 = "06ebc4ee-1bb5-47dd-8120-11324bc54e06"
	f1 = "f1f1f1f1-0000-4000-8000-000000000000"
)

// subscribed gives the tenant two subscriptions with seats, one without, and an account
// in Germany without a licence.
func subscribed(in *plan.Input) {
	plans := []directory.ServicePlan{{ID: "teams", Name: "TEAMS1"}, {ID: "yammer", Name: "YAMMER_ENTERPRISE"}}
	in.SKUs = []directory.SKU{
		{ID: e3, PartNumber: "SPE_E3", Enabled: 20, Warning: 5, Consumed: 24, Plans: plans},
		{ID: e5, PartNumber: "SPE_E5", Enabled: 5, Consumed: 1, Plans: plans},
		{ID: f1, PartNumber: "SPE_F1", Enabled: 20, Warning: 5, Consumed: 25, Plans: plans},
	}
	in.User.Licenses = []directory.LicenseAssignment{}
	in.User.UsageLocation = "DE"
}

func licenses(skus ...string) inputOption {
	return func(in *plan.Input) {
		in.Spec.Licenses = []v1alpha1.LicenseEntry{}
		for _, sku := range skus {
			in.Spec.Licenses = append(in.Spec.Licenses, v1alpha1.LicenseEntry{SKU: sku})
		}
	}
}

// withPlans lists a licence with the plans that are switched off.
func withPlans(sku string, disabled ...string) inputOption {
	return func(in *plan.Input) {
		if disabled == nil {
			disabled = []string{}
		}
		in.Spec.Licenses = append(in.Spec.Licenses, v1alpha1.LicenseEntry{SKU: sku, DisabledPlans: disabled})
	}
}

func licenseUntil(sku string, at time.Time) inputOption {
	return func(in *plan.Input) {
		in.Spec.Licenses = append(in.Spec.Licenses, v1alpha1.LicenseEntry{SKU: sku, Until: until(at)})
	}
}

func assignment(a directory.LicenseAssignment) inputOption {
	return func(in *plan.Input) { in.User.Licenses = append(in.User.Licenses, a) }
}

func licensed(sku string, disabled ...string) inputOption {
	return assignment(directory.LicenseAssignment{SKU: sku, DisabledPlans: disabled})
}

func licensedBy(group, sku, problem string) inputOption {
	return assignment(directory.LicenseAssignment{SKU: sku, Group: group, Error: problem})
}

func license(name, id string, held bool) inputOption {
	return claim(v1alpha1.ClaimLicense, name, "", id, held)
}

func nowhere(in *plan.Input)      { in.User.UsageLocation = "" }
func defaultsToFR(in *plan.Input) { in.Defaults.UsageLocation = "FR" }

var _ = DescribeTable("licences",
	func(w outcome, options []inputOption) {
		comes(v1alpha1.ConditionLicenses, plan.RecordLicenses, w, append([]inputOption{subscribed}, options...)...)
	},
	result("nothing when the list is not declared", outcome{}, licensed(e3)),
	result("assigns what is listed, and claims it first",
		outcome{changes: list("AssignLicenses +" + e3), claims: list("SPE_E3=" + e3), status: yes, reason: v1alpha1.ReasonSucceeded},
		licenses("SPE_E3")),
	result("assigns on adoption and to guests too",
		outcome{changes: list("AssignLicenses +" + e3), claims: list("SPE_E3=" + e3), status: yes, reason: v1alpha1.ReasonSucceeded},
		licenses("SPE_E3"), adopting, guest),
	result("knows a part number without regard to case, and a GUID",
		outcome{
			changes: list("AssignLicenses +" + e5 + " +" + e3), claims: list(e5+"="+e5, "spe_e3="+e3),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		licenses(e5, "spe_e3")),
	result("claims what was there before",
		outcome{claims: list("SPE_E3=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		licenses("SPE_E3"), licensed(e3, "yammer")),
	result("never buys what a group gives",
		outcome{claims: list("SPE_F1=" + f1 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		licenses("SPE_F1"), licensedBy("g", f1, "")),
	result("settles",
		outcome{claims: list("SPE_E3=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		licenses("SPE_E3"), license("SPE_E3", e3, true), licensed(e3), licensed(e5)),
	result("makes the whole difference in one call",
		outcome{
			changes: list("RemoveLicenses! +" + e5 + " -" + e3 + " ends:SPE_E3"), claims: list("SPE_E3="+e3+"+", "SPE_E5="+e5),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		licenses("SPE_E5"), license("SPE_E3", e3, true), licensed(e3), live),
	result("takes away exactly the one that left the list",
		outcome{
			changes: list("RemoveLicenses! -" + e3 + " ends:SPE_E3"), claims: list("SPE_E3="+e3+"+", "SPE_E5="+e5+"+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		licenses("SPE_E5"), license("SPE_E3", e3, true), license("SPE_E5", e5, true), licensed(e3), licensed(e5), licensed(f1), live),
	result("takes away all that is claimed from an empty list, and nothing else",
		outcome{
			changes: list("RemoveLicenses! -" + e3 + " -" + e5 + " ends:SPE_E3 ends:SPE_E5"), claims: list("SPE_E3="+e3+"+", "SPE_E5="+e5+"+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		licenses(), license("SPE_E3", e3, true), license("SPE_E5", e5, true), licensed(e3), licensed(e5), licensed(f1), live),
	result("lets go when the list is gone, and changes nothing",
		outcome{released: list("SPE_E3=" + e3 + "+")}, license("SPE_E3", e3, true), licensed(e3)),
	result("drops a claim on what the account has no more",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded}, licenses(), license("SPE_E3", e3, true), live),
	result("asks for a live reading before it drops a claim",
		outcome{claims: list("SPE_E3=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded, needsLive: true},
		licenses(), license("SPE_E3", e3, true)),
	result("has nothing else wait for that reading, and does not come again by itself to be refused once more",
		outcome{
			changes: list("AssignLicenses +" + e3), claims: list("SPE_E3="+e3, "SPE_E5="+e5+"+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		licenses("SPE_E3"), license("SPE_E5", e5, true)),
	result("gives what is new although an old claim may not show yet",
		outcome{
			changes: list("AssignLicenses +" + e3), claims: list("SPE_E3="+e3, "SPE_E5="+e5+"+"),
			status: maybe, reason: v1alpha1.ReasonWaiting, says: list("was assigned is being read back"), wake: time.Minute,
		},
		licenses("SPE_E3"), license("SPE_E5", e5, true), written(now)),
	result("keeps a claim on what it may have given too lately to be read, even live",
		outcome{
			claims: list("SPE_E3=" + e3 + "+"), status: maybe, reason: v1alpha1.ReasonWaiting,
			says: list("whether SPE_E3 (Microsoft 365 E3) was assigned is being read back"), wake: time.Minute,
		},
		licenses(), license("SPE_E3", e3, true), written(now), live),
	result("believes a live reading that was made late enough",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded}, licenses(), license("SPE_E3", e3, true), written(earlier), live),
	result("drops a claim on what comes through a group alone, and says so",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded, says: list("SPE_E3 (Microsoft 365 E3) comes through group g")},
		licenses(), license("SPE_E3", e3, true), licensedBy("g", e3, ""), live),
	result("takes its own away although a group gives it as well",
		outcome{
			changes: list("RemoveLicenses! -" + e3 + " ends:SPE_E3"), claims: list("SPE_E3=" + e3 + "+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		licenses(), license("SPE_E3", e3, true), licensed(e3), licensedBy("g", e3, ""), live),
	result("grants once what two entries mean",
		outcome{
			changes: list("AssignLicenses +" + e3), claims: list(e3+"="+e3, "SPE_E3="+e3), status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		licenses("SPE_E3", e3)),
	result("keeps what another entry still means",
		outcome{claims: list(e3 + "=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		licenses(e3), license("SPE_E3", e3, true), license(e3, e3, true), licensed(e3)),
	result("takes away once what two claims held",
		outcome{
			changes: list("RemoveLicenses! -" + e3 + " ends:" + e3 + " ends:SPE_E3"), claims: list(e3+"="+e3+"+", "SPE_E3="+e3+"+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		licenses(), license(e3, e3, true), license("SPE_E3", e3, true), licensed(e3), live),

	result("keeps an entry until its time, and wakes then",
		outcome{claims: list("SPE_E3=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded, wake: time.Hour},
		licenseUntil("SPE_E3", now.Add(time.Hour)), licensed(e3)),
	result("takes away when the time has come",
		outcome{
			changes: list("RemoveLicenses! -" + e3 + " ends:SPE_E3"), claims: list("SPE_E3=" + e3 + "+"),
			status: yes, reason: v1alpha1.ReasonSucceeded, says: list("SPE_E3 ended at 2026-11-20T10:00:00Z"),
		},
		licenseUntil("SPE_E3", now), license("SPE_E3", e3, true), licensed(e3), live),
	result("does nothing for an entry that ended before it was claimed, and says so",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded, says: list("SPE_E3 ended")},
		licenseUntil("SPE_E3", earlier), licensed(e3)),

	result("reads the account before it takes anything away",
		outcome{
			changes: list("RemoveLicenses! -" + e3 + " ends:SPE_E3"), claims: list("SPE_E3=" + e3 + "+"),
			status: yes, reason: v1alpha1.ReasonSucceeded, needsLive: true,
		},
		licenses(), license("SPE_E3", e3, true), licensed(e3)),
	result("reads the account before it gives back what was there",
		outcome{
			changes: list("AssignLicenses +" + e3), claims: list("SPE_E3=" + e3 + "+"),
			status: yes, reason: v1alpha1.ReasonSucceeded, needsLive: true,
		},
		licenses("SPE_E3"), license("SPE_E3", e3, true)),
	result("waits until licences have been read",
		outcome{claims: list("SPE_E3=" + e3 + "+"), status: maybe, reason: v1alpha1.ReasonWaiting},
		licenses("SPE_E5"), license("SPE_E3", e3, true), func(in *plan.Input) { in.User.Licenses = nil }),
	result("waits until subscriptions have been read, and remembers a call",
		outcome{
			claims: list("SPE_E3=" + e3 + "+"), status: maybe, reason: v1alpha1.ReasonWaiting, records: starting(plan.RecordLicenses),
		},
		licenses("SPE_E5"), license("SPE_E3", e3, true), begun(plan.RecordLicenses, now), func(in *plan.Input) { in.SKUs = nil }),

	result("waits before it repeats a call of unknown outcome",
		outcome{
			claims: list("SPE_E3=" + e3), status: maybe, reason: v1alpha1.ReasonProgressing, wake: time.Minute,
			records: starting(plan.RecordLicenses),
		},
		licenses("SPE_E3"), begun(plan.RecordLicenses, now)),
	result("then reads",
		outcome{
			claims: list("SPE_E3=" + e3), status: maybe, reason: v1alpha1.ReasonProgressing, needsLive: true,
			records: starting(plan.RecordLicenses),
		},
		licenses("SPE_E3"), begun(plan.RecordLicenses, earlier)),
	result("and repeats it when the reading shows the difference",
		outcome{changes: list("AssignLicenses +" + e3), claims: list("SPE_E3=" + e3), status: yes, reason: v1alpha1.ReasonSucceeded},
		licenses("SPE_E3"), begun(plan.RecordLicenses, earlier), live),
	result("keeps a claim that may yet show",
		outcome{
			claims: list("SPE_E3=" + e3), status: maybe, reason: v1alpha1.ReasonProgressing, wake: time.Minute,
			records: starting(plan.RecordLicenses),
		},
		licenses(), license("SPE_E3", e3, false), begun(plan.RecordLicenses, now)),
	result("forgets a call that shows as made",
		outcome{claims: list("SPE_E3=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		licenses("SPE_E3"), licensed(e3), begun(plan.RecordLicenses, now)),
)

var _ = DescribeTable("service plans",
	func(w outcome, options []inputOption) {
		comes(v1alpha1.ConditionLicenses, plan.RecordLicenses, w, append([]inputOption{subscribed}, options...)...)
	},
	result("are switched off by name or id, in any case",
		outcome{
			changes: list("AssignLicenses +" + e3 + "[teams yammer]"), claims: list("SPE_E3=" + e3), status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		withPlans("SPE_E3", "yammer_enterprise", "TEAMS")),
	result("are all on when none is declared off",
		outcome{changes: list("AssignLicenses +" + e3 + "[]"), claims: list("SPE_E3=" + e3), status: yes, reason: v1alpha1.ReasonSucceeded},
		withPlans("SPE_E3")),
	result("are the exact set that is declared: another one is switched off, which takes something away",
		outcome{
			changes: list("AssignLicenses! +" + e3 + "[teams]"), claims: list("SPE_E3=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		withPlans("SPE_E3", "TEAMS1"), licensed(e3, "yammer"), live),
	result("are switched on again, which does not",
		outcome{
			changes: list("AssignLicenses +" + e3 + "[]"), claims: list("SPE_E3=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded,
			needsLive: true,
		},
		withPlans("SPE_E3"), licensed(e3, "yammer")),
	result("settle",
		outcome{claims: list("SPE_E3=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		withPlans("SPE_E3", "YAMMER_ENTERPRISE", "TEAMS1"), licensed(e3, "teams", "yammer")),
	result("need no seat when they change",
		outcome{
			changes: list("AssignLicenses! +" + f1 + "[teams]"), claims: list("SPE_F1=" + f1 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		withPlans("SPE_F1", "TEAMS1"), licensed(f1), live),
	result("are left alone where they are not declared, though another licence changes",
		outcome{
			changes: list("AssignLicenses +" + e5), claims: list("SPE_E3="+e3+"+", "SPE_E5="+e5), status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		licenses("SPE_E3", "SPE_E5"), licensed(e3, "yammer")),
	result("are the group's to decide where it gives the licence",
		outcome{
			claims: list("SPE_E3=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded, says: list("group Everybody", "its plans"),
		},
		withPlans("SPE_E3", "TEAMS1"), licensedBy("g", e3, ""), groupsRead, member("Everybody", "g")),
	result("that the SKU has not are refused, with those it has",
		outcome{
			claims: list("SPE_E3=" + e3), status: no, reason: v1alpha1.ReasonInvalidSpec, refused: true,
			says: list("SPE_E3 (Microsoft 365 E3)", "NOSUCH", "TEAMS1, YAMMER_ENTERPRISE"),
		},
		withPlans("SPE_E3", "NOSUCH")),
	result("of two entries for one SKU come from the one that declares them",
		outcome{
			changes: list("AssignLicenses +" + e3 + "[teams]"), claims: list(e3+"="+e3, "SPE_E3="+e3), status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		licenses(e3), withPlans("SPE_E3", "TEAMS1")),
	result("that two entries declare differently are refused",
		outcome{
			claims: list(e3+"="+e3+"+", "SPE_E3="+e3+"+"), status: no, reason: v1alpha1.ReasonInvalidSpec, refused: true,
			says: list("listed twice"),
		},
		withPlans("SPE_E3", "TEAMS1"), withPlans(e3), licensed(e3, "teams")),
)

var _ = DescribeTable("a licence that cannot be had",
	func(w outcome, options []inputOption) {
		comes(v1alpha1.ConditionLicenses, plan.RecordLicenses, w, append([]inputOption{subscribed}, options...)...)
	},
	result("for want of a seat, while the others are assigned",
		outcome{
			changes: list("AssignLicenses +" + e3), claims: list("SPE_E3="+e3, "SPE_F1="+f1), status: no, reason: v1alpha1.ReasonNoSeat, refused: true,
			says: list("SPE_F1 (Microsoft 365 F3): all 25 seats are taken: buy more or free one"),
		},
		licenses("SPE_F1", "SPE_E3")),
	result("as the tenant does not have it",
		outcome{
			status: no, reason: v1alpha1.ReasonNotFound, refused: true,
			says: list("the tenant has no subscription SPB; it has: SPE_E3, SPE_E5, SPE_F1"),
		},
		licenses("SPB")),
	result("as the tenant does not have it, of many that it has",
		outcome{status: no, reason: v1alpha1.ReasonNotFound, refused: true, says: list("SKU_L, …")},
		licenses("SPB"), func(in *plan.Input) {
			for n := range 15 {
				in.SKUs = append(in.SKUs, directory.SKU{ID: string(rune('a' + n)), PartNumber: "SKU_" + string(rune('A'+n))})
			}
		}),
	result("as the tenant does not have it any more",
		outcome{claims: list("SPB=x+"), status: no, reason: v1alpha1.ReasonNotFound, refused: true, says: list("SPB (Microsoft 365 Business Premium) any more")},
		licenses("SPB"), license("SPB", "x", true)),
	result("is no trouble while the account still has it",
		outcome{claims: list("SPB=x+"), status: yes, reason: v1alpha1.ReasonSucceeded}, licenses("SPB"), license("SPB", "x", true), licensed("x")),
	result("through a group for want of a seat",
		outcome{claims: list("SPE_E3=" + e3), status: no, reason: v1alpha1.ReasonNoSeat, refused: true},
		licenses("SPE_E3"), licensedBy("g", e3, "CountViolation")),
	result("through a group for another reason is assigned directly",
		outcome{
			changes: list("AssignLicenses +" + e3), claims: list("SPE_E3=" + e3), status: yes, reason: v1alpha1.ReasonSucceeded,
			says: list("group g could not give SPE_E3 (Microsoft 365 E3) (DependencyViolation)"),
		},
		licenses("SPE_E3"), licensedBy("g", e3, "DependencyViolation")),
	result("through one group comes through another",
		outcome{claims: list("SPE_E3=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		licenses("SPE_E3"), licensedBy("g", e3, "CountViolation"), licensedBy("h", e3, "")),
	result("although it is assigned, is not assigned for ever",
		outcome{
			claims: list("SPE_E3=" + e3 + "+"), status: no, reason: v1alpha1.ReasonConflict, refused: true, says: list("MutuallyExclusiveViolation"),
		},
		licenses("SPE_E3"), license("SPE_E3", e3, true), assignment(directory.LicenseAssignment{SKU: e3, Error: "MutuallyExclusiveViolation"})),
	result("is not exchanged for the one the account has",
		outcome{
			claims: list("SPE_E3="+e3+"+", "SPE_F1="+f1), status: no, reason: v1alpha1.ReasonNoSeat, refused: true,
			says: list("SPE_E3 (Microsoft 365 E3) is taken away once SPE_F1"),
		},
		licenses("SPE_F1"), license("SPE_E3", e3, true), licensed(e3)),
	result("nor is a mistyped one",
		outcome{claims: list("SPE_E3=" + e3 + "+"), status: no, reason: v1alpha1.ReasonNotFound, refused: true},
		licenses("SPE_E33"), license("SPE_E3", e3, true), licensed(e3)),
	result("does not keep what has ended",
		outcome{
			changes: list("RemoveLicenses! -" + e3 + " ends:SPE_E3"), claims: list("SPE_E3="+e3+"+", "SPE_F1="+f1),
			status: no, reason: v1alpha1.ReasonNoSeat, refused: true,
		},
		licenses("SPE_F1"), licenseUntil("SPE_E3", earlier), license("SPE_E3", e3, true), licensed(e3), live),
	result("and was there before, keeps nothing back",
		outcome{
			changes: list("RemoveLicenses! -" + e3 + " ends:SPE_E3"), claims: list("SPE_E3="+e3+"+", "SPE_F1="+f1+"+"),
			status: no, reason: v1alpha1.ReasonNoSeat, refused: true,
		},
		licenses("SPE_F1"), license("SPE_F1", f1, true), license("SPE_E3", e3, true), licensed(e3), live),
)

var _ = DescribeTable("the usage location of a licence",
	func(w outcome, options []inputOption) {
		comes(v1alpha1.ConditionLicenses, plan.RecordLicenses, w, append([]inputOption{subscribed, nowhere}, options...)...)
	},
	result("is the Tenant's for an account without one, and comes first",
		outcome{
			changes: list("UpdateProfile usageLocation=FR", "AssignLicenses +"+e3), claims: list("SPE_E3=" + e3),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		licenses("SPE_E3"), defaultsToFR),
	result("stays what it is",
		outcome{changes: list("AssignLicenses +" + e3), claims: list("SPE_E3=" + e3), status: yes, reason: v1alpha1.ReasonSucceeded},
		licenses("SPE_E3"), defaultsToFR, has(directory.AttributeUsageLocation, "DE")),
	result("is not written without a licence to assign",
		outcome{claims: list("SPE_E3=" + e3 + "+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		licenses("SPE_E3"), defaultsToFR, licensed(e3)),
	result("must come from somewhere, and nothing is taken away in the mean time",
		outcome{
			claims: list("SPE_E3="+e3, "SPE_E5="+e5+"+"), status: no, reason: v1alpha1.ReasonInvalidSpec, refused: true,
			says: list("spec.profile.usageLocation", "spec.defaults.usageLocation"),
		},
		licenses("SPE_E3"), license("SPE_E5", e5, true), licensed(e5)),
)

var _ = Describe("licence changes", func() {
	It("leave the usage location to the profile that declares one, which goes first", func() {
		p := plan.For(input(subscribed, nowhere, profileRead, defaultsToFR, licenses("SPE_E3"),
			declares(v1alpha1.UserProfile{UsageLocation: ptr("DE")}), live))
		Expect(actions(p)).To(Equal([]plan.Action{plan.UpdateProfile, plan.AssignLicenses}))
		Expect(p.Changes()[0].Attributes).To(HaveKeyWithValue(directory.AttributeUsageLocation, "DE"))
	})

	It("wait while the profile cannot write the usage location it declares", func() {
		f := plan.For(input(subscribed, nowhere, profileRead, defaultsToFR, licenses("SPE_E3"),
			declares(v1alpha1.UserProfile{UsageLocation: ptr("DE")}), begun(plan.RecordProfile, now))).Facets[1]
		Expect(f.Changes).To(BeEmpty())
		Expect(f.Verdict.Reason).To(Equal(v1alpha1.ReasonWaiting))
	})

	It("say from what to what, under names that people know", func() {
		c := plan.For(input(subscribed, withPlans("SPE_E5", "TEAMS1"), license("SPE_E3", e3, true), licensed(e3),
			licensed(e5, "yammer"))).Changes()[0]
		Expect(c.From).To(Equal("SPE_E5 (Microsoft 365 E5) without YAMMER_ENTERPRISE, SPE_E3 (Microsoft 365 E3)"))
		Expect(c.To).To(Equal("SPE_E5 (Microsoft 365 E5) without TEAMS1"))
	})
})
