package plan_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/plan"
)

var _ = DescribeTable("profile",
	func(w outcome, options []inputOption) {
		comes(v1alpha1.ConditionProfile, plan.RecordProfile, w, append([]inputOption{profileRead}, options...)...)
	},
	result("nothing when it is not declared", outcome{}),
	result("settles when all is as declared",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded},
		declares(v1alpha1.UserProfile{JobTitle: ptr("Clerk"), City: ptr("")}), has(directory.AttributeJobTitle, "Clerk")),
	result("writes only what differs",
		outcome{changes: list("UpdateProfile jobTitle=Clerk"), status: yes, reason: v1alpha1.ReasonSucceeded},
		declares(v1alpha1.UserProfile{JobTitle: ptr("Clerk"), Department: ptr("Sales")}),
		has(directory.AttributeDepartment, "Sales"), live),
	result("one change for each class, so that one refused field does not sink the others",
		outcome{
			changes: list("UpdateProfile employeeId=7 jobTitle=Clerk", "UpdateProfile businessPhones=2 mobilePhone=1", "UpdateProfile usageLocation=DE"),
			status:  yes, reason: v1alpha1.ReasonSucceeded,
		},
		declares(v1alpha1.UserProfile{
			JobTitle: ptr("Clerk"), EmployeeID: ptr("7"), MobilePhone: ptr("1"), BusinessPhone: ptr("2"), UsageLocation: ptr("DE"),
		}), live),
	result("clears what is declared empty",
		outcome{changes: list("UpdateProfile jobTitle="), status: yes, reason: v1alpha1.ReasonSucceeded},
		declares(v1alpha1.UserProfile{JobTitle: ptr("")}), has(directory.AttributeJobTitle, "Clerk"), live),
	result("compares exactly",
		outcome{changes: list("UpdateProfile jobTitle=clerk"), status: yes, reason: v1alpha1.ReasonSucceeded},
		declares(v1alpha1.UserProfile{JobTitle: ptr("clerk")}), has(directory.AttributeJobTitle, "Clerk"), live),
	result("reads the account before it writes over what may be an older state",
		outcome{changes: list("UpdateProfile jobTitle=Clerk"), status: yes, reason: v1alpha1.ReasonSucceeded, needsLive: true},
		declares(v1alpha1.UserProfile{JobTitle: ptr("Clerk")})),
	result("writes a guest's too",
		outcome{changes: list("UpdateProfile jobTitle=Clerk"), status: yes, reason: v1alpha1.ReasonSucceeded},
		declares(v1alpha1.UserProfile{JobTitle: ptr("Clerk")}), guest, live),
	result("waits for attributes that have not been read",
		outcome{status: maybe, reason: v1alpha1.ReasonWaiting, says: list("city")},
		declares(v1alpha1.UserProfile{JobTitle: ptr("Clerk"), City: ptr("Ulm")}),
		func(in *plan.Input) { in.User.Profile = nil }),
	result("does not wait for attributes that are not declared",
		outcome{changes: list("UpdateProfile jobTitle=Clerk"), status: yes, reason: v1alpha1.ReasonSucceeded},
		declares(v1alpha1.UserProfile{JobTitle: ptr("Clerk")}), live,
		func(in *plan.Input) { in.User.Profile = nil }),

	result("refuses what Active Directory masters, and writes what it does not",
		outcome{
			changes: list("UpdateProfile usageLocation=DE"), status: no, reason: v1alpha1.ReasonMasteredOnPremises, refused: true,
			says: list("jobTitle, mobilePhone", `corp.contoso.com\alice`),
		},
		declares(v1alpha1.UserProfile{
			JobTitle: ptr("Clerk"), Surname: ptr("Ng"), MobilePhone: ptr("1"), UsageLocation: ptr("DE"),
		}), has(directory.AttributeSurname, "Ng"), synced, live),
	result("is content where Active Directory says the same",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded},
		declares(v1alpha1.UserProfile{JobTitle: ptr("Clerk")}), has(directory.AttributeJobTitle, "Clerk"), synced),

	result("waits before it repeats a call of unknown outcome",
		outcome{status: maybe, reason: v1alpha1.ReasonProgressing, wake: 40 * time.Second, records: starting(plan.RecordProfile)},
		declares(v1alpha1.UserProfile{JobTitle: ptr("Clerk")}), begun(plan.RecordProfile, now.Add(-20*time.Second))),
	result("then reads",
		outcome{status: maybe, reason: v1alpha1.ReasonProgressing, needsLive: true, records: starting(plan.RecordProfile)},
		declares(v1alpha1.UserProfile{JobTitle: ptr("Clerk")}), begun(plan.RecordProfile, earlier)),
	result("and repeats it when the reading shows the difference",
		outcome{changes: list("UpdateProfile jobTitle=Clerk"), status: yes, reason: v1alpha1.ReasonSucceeded},
		declares(v1alpha1.UserProfile{JobTitle: ptr("Clerk")}), begun(plan.RecordProfile, earlier), live),
	result("forgets a call that shows as made",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded},
		declares(v1alpha1.UserProfile{JobTitle: ptr("Clerk")}), has(directory.AttributeJobTitle, "Clerk"), begun(plan.RecordProfile, now)),
	result("remembers a call while the attributes are not known",
		outcome{status: maybe, reason: v1alpha1.ReasonWaiting, records: starting(plan.RecordProfile)},
		declares(v1alpha1.UserProfile{City: ptr("Ulm")}), begun(plan.RecordProfile, now),
		func(in *plan.Input) { in.User.Profile = nil }),
)

var _ = Describe("a change of the profile", func() {
	change := func(p v1alpha1.UserProfile, options ...inputOption) plan.Change {
		changes := plan.For(input(append(options, profileRead, declares(p), live)...)).Changes()
		Expect(changes).To(HaveLen(1))
		return changes[0]
	}

	It("says from what to what", func() {
		c := change(v1alpha1.UserProfile{JobTitle: ptr("Clerk"), Department: ptr("")},
			has(directory.AttributeDepartment, "Sales"))
		Expect(c.From).To(Equal(`jobTitle: "", department: Sales`))
		Expect(c.To).To(Equal(`jobTitle: Clerk, department: ""`))
	})

	It("keeps within the length that the API allows, on a character's border", func() {
		c := change(v1alpha1.UserProfile{StreetAddress: ptr(strings.Repeat("ü", 1024))})
		Expect(len([]rune(c.To))).To(BeNumerically("<=", 1024))
		Expect(c.To).To(HaveSuffix("ü …"))
	})

	It("writes every attribute there is", func() {
		value := "DE"
		changes := plan.For(input(profileRead, live, declares(v1alpha1.UserProfile{
			DisplayName: &value, GivenName: &value, Surname: &value, JobTitle: &value, Department: &value,
			CompanyName: &value, OfficeLocation: &value, StreetAddress: &value, City: &value, State: &value,
			PostalCode: &value, Country: &value, MobilePhone: &value, BusinessPhone: &value, UsageLocation: &value,
			PreferredLanguage: &value, EmployeeID: &value, EmployeeType: &value,
		}))).Changes()
		written := 0
		for _, c := range changes {
			written += len(c.Attributes)
		}
		Expect(written).To(Equal(18))
	})
})
