package graph_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

var _ = Describe("Reading a user", func() {
	It("reads every property, by id and by name", func() {
		w := newWorld(graphsim.TenantSpec{SKUs: []graphsim.SKUSpec{{PartNumber: "SPE_E3", Enabled: 5}}})
		created := time.Date(2024, 3, 1, 8, 0, 0, 0, time.UTC)
		changed := time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC)
		id := w.user(map[string]any{
			"userPrincipalName": "Zoë.O'Brien@" + contoso, "displayName": "Zoë O'Brien", "givenName": "Zoë", "surname": "O'Brien",
			"mail": "zoe@" + contoso, "jobTitle": "Clerk", "department": "Sales", "usageLocation": "DE",
			"createdDateTime": created, "lastPasswordChangeDateTime": changed, "signInSessionsValidFromDateTime": changed,
			"onPremisesSyncEnabled": true, "onPremisesSamAccountName": "zobrien", "onPremisesDomainName": "corp.contoso.example",
			"onPremisesLastSyncDateTime": changed,
			"assignedLicenses": []any{
				map[string]any{"skuId": "05E9A617-0261-4CEE-BB44-138D3EF5D965", "disabledPlans": []any{}},
			},
			"companyName": "Contoso", "city": "Köln", "businessPhones": []any{"+49 221 1"}, "employeeId": "17",
		})
		want := directory.User{
			ID: id, UserPrincipalName: "Zoë.O'Brien@" + contoso, DisplayName: "Zoë O'Brien", GivenName: "Zoë", Surname: "O'Brien",
			Mail: "zoe@" + contoso, JobTitle: "Clerk", Department: "Sales", UsageLocation: "DE", UserType: "Member",
			Enabled: directory.Yes, Created: created, LastPasswordChange: changed, SessionsValidFrom: changed,
			OnPremises: directory.OnPremises{Synced: directory.Yes, SAMAccountName: "zobrien", Domain: "corp.contoso.example", LastSync: changed},
			SKUs:       []string{"05e9a617-0261-4cee-bb44-138d3ef5d965"},
			Licenses:   []directory.LicenseAssignment{{SKU: "05e9a617-0261-4cee-bb44-138d3ef5d965"}},
			Profile:    &directory.Profile{CompanyName: "Contoso", City: "Köln", BusinessPhone: "+49 221 1", EmployeeID: "17"},
		}
		for _, key := range []string{id, "Zoë.O'Brien@" + contoso, "zoë.o'brien@" + contoso} {
			Expect(w.client.User(background, key)).To(HaveValue(Equal(want)), key)
		}
		Expect(w.budget.reserved).To(HaveEach(throttle.Cost{Class: throttle.Identity, ResourceUnits: 1, Urgent: true}))
		Expect(w.Counters(w.tenant).ResourceUnits).To(BeEquivalentTo(len(w.budget.reserved)), "Graph charges what was reserved")
	})

	It("reads what was never set as never set", func() {
		w := newWorld(graphsim.TenantSpec{})
		id := w.user(map[string]any{"userPrincipalName": "bob@" + contoso, "accountEnabled": false})
		bob, err := w.client.User(background, id)
		Expect(err).NotTo(HaveOccurred())
		Expect(bob.Enabled).To(Equal(directory.No))
		Expect(bob.OnPremises).To(Equal(directory.OnPremises{Synced: directory.No}))
		Expect(bob.JobTitle).To(BeEmpty())
		Expect(bob.SKUs).To(BeEmpty())
		Expect(bob.Licenses).To(And(BeEmpty(), Not(BeNil())), "none is something that was read")
		Expect(bob.Profile).To(HaveValue(BeZero()), "none is something that was read")
	})

	It("finds guests, whose names hold a #", func() {
		w := newWorld(graphsim.TenantSpec{})
		upn := "eve_fabrikam.example#EXT#@contoso.onmicrosoft.com"
		id := w.user(map[string]any{"userPrincipalName": upn, "userType": "Guest"})
		Expect(w.client.User(background, upn)).To(HaveField("ID", id))
	})

	DescribeTable("does not find", func(key string, kind directory.Kind) {
		w := newWorld(graphsim.TenantSpec{})
		_, err := w.client.User(background, key)
		Expect(refusal(err).Kind).To(Equal(kind))
	},
		Entry("an unknown name", "nobody@"+contoso, directory.KindNotFound),
		Entry("an unknown id", "11111111-2222-3333-4444-555555555555", directory.KindNotFound),
		Entry("nobody at all", "", directory.KindInvalid),
	)
})

var _ = Describe("Reading changes", func() {
	// round reads a whole round, page by page.
	round := func(w *world, link string) (users map[string]directory.User, removed map[string]bool, resume string, pages int) {
		GinkgoHelper()
		users, removed = map[string]directory.User{}, map[string]bool{}
		for {
			changes, err := w.client.UserChanges(background, link)
			Expect(err).NotTo(HaveOccurred())
			pages++
			for _, u := range changes.Users {
				users[u.ID] = u
			}
			for _, r := range changes.Removed {
				removed[r.ID] = r.Permanent
			}
			if changes.Resume != "" {
				Expect(changes.Next).To(BeEmpty())
				return users, removed, changes.Resume, pages
			}
			link = changes.Next
		}
	}

	It("reads all, then what changed, was deleted and came back", func() {
		w := newWorld(graphsim.TenantSpec{}, func(o *graphsim.Options) { o.DeltaPageSize = 3 })
		var ids []string
		for i := range 10 {
			ids = append(ids, w.user(map[string]any{"userPrincipalName": fmt.Sprintf("u%d@%s", i, contoso)}))
		}
		users, removed, resume, pages := round(w, "")
		Expect(users).To(HaveLen(10))
		Expect(removed).To(BeEmpty())
		Expect(pages).To(BeNumerically(">=", 4))
		Expect(w.budget.reserved).To(HaveEach(throttle.Cost{Class: throttle.Identity, ResourceUnits: 1}), "a sync leaves room for what is urgent")

		Expect(w.PatchUser(w.tenant, ids[0], map[string]any{"accountEnabled": false, "department": "Sales"})).To(Succeed())
		Expect(w.DeleteUser(w.tenant, ids[1])).To(Succeed())
		Expect(w.DeleteUser(w.tenant, ids[2])).To(Succeed())
		Expect(w.PurgeUser(w.tenant, ids[2])).To(Succeed())
		users, removed, resume, _ = round(w, resume)
		Expect(users).To(HaveLen(1))
		Expect(users[ids[0]]).To(And(HaveField("Enabled", directory.No), HaveField("Department", "Sales")))
		Expect(removed).To(Equal(map[string]bool{ids[1]: false, ids[2]: true}))

		Expect(w.RestoreUser(w.tenant, ids[1])).To(Succeed())
		users, removed, resume, _ = round(w, resume)
		Expect(users).To(HaveKey(ids[1]))
		Expect(removed).To(BeEmpty())

		users, removed, _, pages = round(w, resume)
		Expect(users).To(BeEmpty())
		Expect(removed).To(BeEmpty())
		Expect(pages).To(Equal(1), "nothing new costs one request")
	})

	It("survives repeats, empty pages and older states", func() {
		w := newWorld(graphsim.TenantSpec{}, func(o *graphsim.Options) {
			o.DeltaPageSize = 5
			o.Quirks = graphsim.Quirks{DeltaRepeat: 0.5, DeltaEmptyPage: 0.5}
		})
		for i := range 20 {
			w.user(map[string]any{"userPrincipalName": fmt.Sprintf("u%d@%s", i, contoso)})
		}
		users, _, _, pages := round(w, "")
		Expect(users).To(HaveLen(20))
		Expect(pages).To(BeNumerically(">", 4))
	})

	DescribeTable("starts over when the link is too old", func(expiry graphsim.DeltaExpiry) {
		w := newWorld(graphsim.TenantSpec{}, func(o *graphsim.Options) { o.DeltaExpiry = expiry })
		w.user(map[string]any{"userPrincipalName": "a@" + contoso})
		_, _, resume, _ := round(w, "")
		w.Step(8 * 24 * time.Hour)
		_, err := w.client.UserChanges(background, resume)
		Expect(refusal(err).Kind).To(Equal(directory.KindResync))
	},
		Entry("gone", graphsim.DeltaExpiryGone),
		Entry("state not found", graphsim.DeltaExpirySyncStateNotFound),
	)

	It("never follows a link to another host", func() {
		w, other := newWorld(graphsim.TenantSpec{}), newWorld(graphsim.TenantSpec{})
		for _, link := range []string{
			other.URL() + "/v1.0/users/delta?$deltatoken=x",
			"http://" + w.URL()[len("https://"):] + "/v1.0/users/delta?$deltatoken=x",
			"https://user@" + w.URL()[len("https://"):] + "/v1.0/users/delta",
			"https://graph.microsoft.com.evil.example/v1.0/users",
			"/v1.0/users/delta", "::",
		} {
			_, err := w.client.UserChanges(background, link)
			Expect(refusal(err).Kind).To(Equal(directory.KindInvalid), link)
			_, err = w.client.Registrations(background, link)
			Expect(refusal(err).Kind).To(Equal(directory.KindInvalid), link)
		}
		Expect(other.Counters("").Requests).To(BeZero())
		Expect(w.Counters("").Requests).To(BeZero())
	})
})
