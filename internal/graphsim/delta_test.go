package graphsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const deltaQuery = "/users/delta?$select=id,displayName,accountEnabled,department"

var _ = Describe("users/delta", func() {
	var w *world
	BeforeEach(func() { w = newWorld(func(o *graphsim.Options) { o.DeltaPageSize = 10 }) })

	round := func(path string) ([]map[string]any, string) {
		GinkgoHelper()
		values, last := w.all(path)
		Expect(last.link("deltaLink")).To(ContainSubstring("/users/delta?$deltatoken="))
		return values, last.link("deltaLink")
	}
	outsider := func(key string, properties map[string]any) {
		GinkgoHelper()
		Expect(w.PatchUser(w.tenant, key, properties)).To(Succeed())
	}

	It("lists everybody over pages, by either name of the function [GS-DELTA-01]", func() {
		for i := range 25 {
			w.user(fmt.Sprintf("user%02d", i))
		}
		first := w.get("/users/delta()?%24select=id,displayName")
		Expect(first.values()).To(HaveLen(10))
		Expect(first.link("nextLink")).To(ContainSubstring("$skiptoken="))
		Expect(first.link("deltaLink")).To(BeEmpty())
		values, _ := round(deltaQuery)
		Expect(values).To(HaveLen(25))
		Expect(ids(values)).To(HaveLen(25))
	})

	It("brings what changed, and nothing when nothing did [GS-DELTA-02] [GS-DELTA-12]", func() {
		alice, bob := w.user("alice"), w.user("bob")
		_, link := round(deltaQuery)
		quiet, same := round(link)
		Expect(quiet).To(BeEmpty())
		Expect(w.patch(alice, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
		for range 2 {
			values, _ := round(same)
			Expect(values).To(HaveLen(1), "a link can be used again")
			Expect(values[0]).To(And(HaveKeyWithValue("id", alice), HaveKeyWithValue("accountEnabled", false), HaveKeyWithValue("displayName", "alice")))
		}
		_, link = round(same)
		outsider(bob, map[string]any{"department": "Sales"})
		carol := w.user("carol")
		values, _ := round(link)
		Expect(ids(values)).To(ConsistOf(bob, carol))
	})

	It("keeps the query in the token, and hides changes to what was not selected [GS-DELTA-03] [GS-DELTA-04]", func() {
		alice := w.user("alice")
		w.user("bob")
		_, link := round("/users/delta?$select=displayName&$filter=" + url.QueryEscape("id eq '"+alice+"'"))
		outsider(alice, map[string]any{"department": "Sales", "officeLocation": "Berlin"})
		outsider("bob@contoso.example", map[string]any{"displayName": "Robert"})
		values, link := round(link)
		Expect(values).To(BeEmpty())
		outsider(alice, map[string]any{"displayName": "Alice"})
		values, _ = round(link)
		Expect(values).To(ConsistOf(map[string]any{"id": alice, "displayName": "Alice"}))
	})

	It("tells deletion from removal for good, and brings restored ones back [GS-DELTA-05]", func() {
		alice, bob := w.user("alice"), w.user("bob")
		_, link := round(deltaQuery)
		Expect(w.DeleteUser(w.tenant, alice)).To(Succeed())
		Expect(w.PurgeUser(w.tenant, bob)).To(Succeed())
		values, link := round(link)
		Expect(values).To(ConsistOf(
			map[string]any{"id": alice, "@removed": map[string]any{"reason": "changed"}},
			map[string]any{"id": bob, "@removed": map[string]any{"reason": "deleted"}}))
		Expect(w.RestoreUser(w.tenant, alice)).To(Succeed())
		values, _ = round(link)
		Expect(values).To(ConsistOf(And(HaveKeyWithValue("id", alice), HaveKeyWithValue("displayName", "alice"), Not(HaveKey("@removed")))))
		everybody, _ := round(deltaQuery)
		Expect(ids(everybody)).To(ConsistOf(alice))
	})

	It("leaves out what was never set, and shows what was cleared [GS-DELTA-06]", func() {
		alice := w.user("alice")
		values, link := round(deltaQuery)
		Expect(values[0]).NotTo(HaveKey("department"))
		outsider(alice, map[string]any{"department": "Sales"})
		outsider(alice, map[string]any{"department": nil})
		values, _ = round(link)
		Expect(values[0]).To(HaveKeyWithValue("department", BeNil()))
	})

	It("skips to the present [GS-DELTA-07]", func() {
		alice := w.user("alice")
		values, link := round(deltaQuery + "&$deltatoken=latest")
		Expect(values).To(BeEmpty())
		outsider(alice, map[string]any{"department": "Sales"})
		values, _ = round(link)
		Expect(ids(values)).To(ConsistOf(alice))
	})

	It("brings changed properties only when asked [GS-DELTA-08]", func() {
		w.header.Set("Prefer", "return=minimal")
		alice := w.user("alice")
		_, link := round(deltaQuery)
		outsider(alice, map[string]any{"accountEnabled": false})
		values, _ := round(link)
		Expect(values).To(ConsistOf(map[string]any{"id": alice, "accountEnabled": false}))
	})

	It("refuses what it cannot track [GS-DELTA-09]", func() {
		a := w.get("/users/delta?$select=id,signInActivity")
		refused(400, "BadRequest")(a)
		Expect(a.message()).To(And(HavePrefix("Invalid request for delta query"), HaveSuffix("not supported for the following properties: signInActivity")))
		for _, option := range []string{"$expand=manager", "$orderby=displayName", "$search=x"} {
			refused(400, "Request_UnsupportedQuery")(w.get("/users/delta?" + option))
		}
		for i := range 12 {
			w.user(fmt.Sprintf("user%02d", i))
		}
		Expect(w.get(deltaQuery + "&$top=1").values()).To(HaveLen(10))
	})

	It("filters by id only, by fifty at most [GS-DELTA-10]", func() {
		alice := w.user("alice")
		clauses := make([]string, 51)
		for i := range clauses {
			clauses[i] = "id eq '" + alice + "'"
		}
		Expect(w.get(deltaQuery + "&$filter=" + url.QueryEscape(strings.Join(clauses[:50], " or "))).status).To(Equal(http.StatusOK))
		refused(400, "Request_UnsupportedQuery")(w.get(deltaQuery + "&$filter=" + url.QueryEscape(strings.Join(clauses, " or "))))
		refused(400, "Request_UnsupportedQuery")(w.get(deltaQuery + "&$filter=" + url.QueryEscape("displayName eq 'alice'")))
		refused(400, "BadRequest")(w.get(deltaQuery + "&$filter=" + url.QueryEscape("id eq 'alice'")))
	})

	It("forgets after seven days, in both documented ways [GS-DELTA-11]", func() {
		w.user("alice")
		_, link := round(deltaQuery)
		w.Step(7 * 24 * time.Hour)
		w.renew()
		Expect(w.get(link).status).To(Equal(http.StatusOK), "seven days are still good")
		w.Step(time.Second)
		gone := w.get(link)
		refused(410, "resyncRequired")(gone)
		Expect(gone.header.Get("Location")).To(HaveSuffix("/v1.0/users/delta?$deltatoken="))
		Expect(w.get(gone.header.Get("Location")).values()).To(HaveLen(1))
		refused(400, "syncStateNotFound")(w.get(link))
	})

	DescribeTable("forgets in one way when told so [GS-DELTA-11]", func(expiry graphsim.DeltaExpiry, status int) {
		w = newWorld(func(o *graphsim.Options) { o.DeltaExpiry = expiry })
		_, link := round(deltaQuery)
		w.Step(8 * 24 * time.Hour)
		w.renew()
		for range 2 {
			Expect(w.get(link).status).To(Equal(status))
		}
	},
		Entry("gone", graphsim.DeltaExpiryGone, 410),
		Entry("not found", graphsim.DeltaExpirySyncStateNotFound, 400),
	)

	It("loses no change made during a first round [GS-DELTA-18]", func() {
		for i := range 25 {
			w.user(fmt.Sprintf("user%02d", i))
		}
		first := w.get(deltaQuery)
		seen := first.values()[0]["id"].(string)
		outsider(seen, map[string]any{"department": "Late"})
		newcomer := w.user("newcomer")
		_, link := round(first.link("nextLink"))
		values, _ := round(link)
		Expect(ids(values)).To(ConsistOf(seen, newcomer))
	})

	It("refuses tokens that were altered [GS-DELTA-19]", func() {
		_, link := round(deltaQuery)
		refused(400, "BadRequest")(w.get(link + "A"))
		refused(400, "BadRequest")(w.get("/users/delta?$deltatoken=abc"))
	})

	Describe("is alive", func() {
		lively := func(q graphsim.Quirks) {
			w = newWorld(func(o *graphsim.Options) { o.Quirks, o.DeltaPageSize = q, 10 })
		}

		It("repeats objects [GS-DELTA-13]", func() {
			lively(graphsim.Quirks{DeltaRepeat: 1})
			alice := w.user("alice")
			values, _ := round(deltaQuery)
			Expect(ids(values)).To(Equal([]string{alice, alice}))
		})

		It("brings older states after newer ones, and the truth later [GS-DELTA-14]", func() {
			lively(graphsim.Quirks{DeltaStale: 1})
			alice := w.user("alice")
			_, link := round(deltaQuery)
			outsider(alice, map[string]any{"accountEnabled": false})
			values, link := round(link)
			Expect(values).To(HaveLen(2))
			Expect(values[0]).To(HaveKeyWithValue("accountEnabled", false))
			Expect(values[1]).To(HaveKeyWithValue("accountEnabled", true))
			values, link = round(link)
			Expect(values).To(ConsistOf(HaveKeyWithValue("accountEnabled", false)))
			values, _ = round(link)
			Expect(values).To(BeEmpty())
		})

		It("serves empty pages that are not the last [GS-DELTA-15]", func() {
			lively(graphsim.Quirks{DeltaEmptyPage: 1})
			for i := range 15 {
				w.user(fmt.Sprintf("user%02d", i))
			}
			first := w.get(deltaQuery)
			Expect(first.values()).To(BeEmpty())
			Expect(first.link("nextLink")).NotTo(BeEmpty())
			values, link := round(deltaQuery)
			Expect(values).To(HaveLen(15))
			Expect(w.get(link).link("deltaLink")).NotTo(BeEmpty(), "a settled round costs one request")
		})

		It("is late [GS-DELTA-16]", func() {
			lively(graphsim.Quirks{DeltaLag: 10 * time.Second})
			alice := w.user("alice")
			w.Step(time.Minute)
			_, link := round(deltaQuery)
			outsider(alice, map[string]any{"accountEnabled": false})
			values, link := round(link)
			Expect(values).To(BeEmpty())
			w.Step(11 * time.Second)
			values, _ = round(link)
			Expect(ids(values)).To(ConsistOf(alice))
		})

		It("may list the deleted in a first round [GS-DELTA-17]", func() {
			lively(graphsim.Quirks{DeltaInitialRemoved: true})
			alice := w.user("alice")
			Expect(w.DeleteUser(w.tenant, alice)).To(Succeed())
			values, _ := round(deltaQuery)
			Expect(values).To(ConsistOf(map[string]any{"id": alice, "@removed": map[string]any{"reason": "changed"}}))
		})
	})
})
