package graphsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("Reading users", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	It("shows the default properties without $select [GS-READ-01]", func() {
		w.user("alice", map[string]any{"department": "Sales"})
		u := w.get("/users").values()[0]
		keys := make([]string, 0, len(u))
		for k := range u {
			keys = append(keys, k)
		}
		Expect(keys).To(ConsistOf("id", "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone",
			"officeLocation", "preferredLanguage", "surname", "userPrincipalName"))
		Expect(u).To(HaveKeyWithValue("jobTitle", BeNil()))
		Expect(u["businessPhones"]).To(BeEmpty())
	})

	It("selects by name in any case, and refuses unknown names [GS-READ-02]", func() {
		w.user("alice")
		u := w.get("/users/alice@contoso.example?$select=ACCOUNTENABLED,mailNickName")
		Expect(u.body).To(And(HaveKeyWithValue("accountEnabled", true), HaveKeyWithValue("mailNickname", "alice"), Not(HaveKey("displayName"))))
		a := w.get("/users?$select=id,favouriteColour")
		refused(400, "BadRequest")(a)
		Expect(a.message()).To(Equal("Parsing OData Select and Expand failed: Could not find a property named 'favouriteColour' on type 'microsoft.graph.user'."))
	})

	It("pages with opaque links that carry the query [GS-READ-03]", func() {
		for i := range 230 {
			w.user(fmt.Sprintf("user%03d", i))
		}
		first := w.get("/users?$select=id,department&$filter=startsWith(displayName,'user')")
		Expect(first.values()).To(HaveLen(100))
		next := first.link("nextLink")
		Expect(next).To(ContainSubstring("$skiptoken="))
		Expect(next).NotTo(ContainSubstring("department"))
		second := w.get(next)
		Expect(second.values()).To(HaveLen(100))
		Expect(second.values()[0]).To(And(HaveKey("department"), Not(HaveKey("displayName"))))
		values, _ := w.all("/users?$select=id&$top=7")
		Expect(values).To(HaveLen(230))
		Expect(w.get("/users?$top=999").values()).To(HaveLen(230))
		refused(400, "Request_UnsupportedQuery")(w.get("/users?$top=1000"))
		refused(400, "Request_UnsupportedQuery")(w.get("/users?$top=0"))
		refused(400, "Directory_ExpiredPageToken")(w.get(next + "x"))
	})

	It("refuses $skip [GS-READ-04]", func() {
		refused(400, "Request_BadRequest")(w.get("/users?$skip=10"))
	})

	It("finds by every kind of key [GS-READ-05]", func() {
		id := w.user("alice")
		w.user("o'brien")
		for _, key := range []string{"/users/" + id, "/users/" + strings.ToUpper(id), "/users/alice@contoso.example", "/users/ALICE%40contoso.example", "/users('alice@contoso.example')"} {
			Expect(w.get(key).body).To(HaveKeyWithValue("id", id), key)
		}
		Expect(w.get("/users('o''brien@contoso.example')").body).To(HaveKeyWithValue("displayName", "o'brien"))
		a := w.get("/users/nobody@contoso.example")
		refused(404, "Request_ResourceNotFound")(a)
		Expect(a.message()).To(Equal("Resource 'nobody@contoso.example' does not exist or one of its queried reference-property objects are not present."))
		Expect(w.DeleteUser(w.tenant, id)).To(Succeed())
		refused(404, "Request_ResourceNotFound")(w.get("/users/" + id))
		Expect(w.get("/users").values()).To(HaveLen(1))
	})

	DescribeTable("filters [GS-READ-06] [GS-READ-07]", func(filter string, advanced bool, want ...string) {
		w.user("alice", map[string]any{"department": "Sales", "otherMails": []string{"a@home.example"}, "mail": "alice@contoso.example"})
		w.user("bob", map[string]any{"accountEnabled": false, "department": "sales", "mobilePhone": "+49 1"})
		w.user("o'neil", map[string]any{"userType": "Guest"})
		suffix := ""
		if advanced {
			w.header.Set("ConsistencyLevel", "eventual")
			suffix = "&$count=true"
		}
		a := w.get("/users?$filter=" + url.QueryEscape(filter) + suffix)
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		names := []string{}
		for _, u := range a.values() {
			names = append(names, u["displayName"].(string))
		}
		Expect(names).To(ConsistOf(want))
		if advanced {
			Expect(a.body).To(HaveKeyWithValue("@odata.count", BeNumerically("==", len(want))))
		}
	},
		Entry("eq without case", "department eq 'SALES'", false, "alice", "bob"),
		Entry("a doubled quote", "displayName eq 'o''neil'", false, "o'neil"),
		Entry("a boolean", "accountEnabled eq false", false, "bob"),
		Entry("null", "department eq null", false, "o'neil"),
		Entry("in", "userPrincipalName in ('alice@contoso.example', 'bob@contoso.example')", false, "alice", "bob"),
		Entry("and, or, parentheses", "(displayName eq 'alice' or displayName eq 'bob') and accountEnabled eq true", false, "alice"),
		Entry("startsWith", "startswith(userPrincipalName,'AL')", false, "alice"),
		Entry("a time", "createdDateTime ge 2026-03-02T09:00:00Z", false, "alice", "bob", "o'neil"),
		Entry("any", "otherMails/any(x:x eq 'a@home.example')", false, "alice"),
		Entry("ne", "userType ne 'Guest'", true, "alice", "bob"),
		Entry("not", "not(userType eq 'Guest')", true, "alice", "bob"),
		Entry("endsWith", "endswith(mail,'contoso.example')", true, "alice"),
		Entry("a property that is indexed for advanced queries only", "mobilePhone eq '+49 1'", true, "bob"),
	)

	DescribeTable("refuses filters", func(filter, code string) {
		w.user("alice")
		refused(400, code)(w.get("/users?$filter=" + url.QueryEscape(filter)))
	},
		Entry("on an unknown property [GS-READ-08]", "colour eq 'red'", "BadRequest"),
		Entry("that are no filters [GS-READ-08]", "displayName eq", "BadRequest"),
		Entry("of the wrong type [GS-READ-08]", "accountEnabled eq 'true'", "BadRequest"),
		Entry("on a property that has no index [GS-READ-08]", "lastPasswordChangeDateTime ge 2026-01-01T00:00:00Z", "Request_UnsupportedQuery"),
		Entry("contains [GS-READ-08]", "contains(displayName,'a')", "Request_UnsupportedQuery"),
		Entry("ne without opting in [GS-READ-07]", "userType ne 'Guest'", "Request_UnsupportedQuery"),
		Entry("not without opting in [GS-READ-07]", "not(userType eq 'Guest')", "Request_UnsupportedQuery"),
		Entry("endsWith without opting in [GS-READ-07]", "endswith(mail,'x')", "Request_UnsupportedQuery"),
		Entry("an advanced property without opting in [GS-READ-07]", "mobilePhone eq '1'", "Request_UnsupportedQuery"),
	)

	It("counts on page one only, and only for those who opted in [GS-READ-07]", func() {
		for i := range 3 {
			w.user(fmt.Sprintf("user%d", i))
		}
		refused(400, "Request_UnsupportedQuery")(w.get("/users?$count=true"))
		w.header.Set("ConsistencyLevel", "eventual")
		first := w.get("/users?$count=true&$top=2")
		Expect(first.body).To(HaveKeyWithValue("@odata.count", 3.0))
		Expect(w.get(first.link("nextLink")).body).NotTo(HaveKey("@odata.count"))
	})

	It("wants the header again with every page [GS-READ-17]", func() {
		for i := range 3 {
			w.user(fmt.Sprintf("user%d", i))
			_, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: fmt.Sprintf("group%d", i)})
			Expect(err).NotTo(HaveOccurred())
		}
		for _, path := range []string{"/users", "/groups"} {
			w.header.Set("ConsistencyLevel", "eventual")
			next := w.get(path + "?$count=true&$top=2").link("nextLink")
			w.header.Del("ConsistencyLevel")
			refused(400, "Request_UnsupportedQuery")(w.get(next))
			w.header.Set("ConsistencyLevel", "eventual")
			Expect(w.get(next).values()).To(HaveLen(1))
			w.header.Del("ConsistencyLevel")
		}
	})

	It("reads options in every spelling and refuses unknown ones [GS-READ-09]", func() {
		w.user("alice")
		for _, q := range []string{"%24select=id%2CaccountEnabled", "$select=id,accountEnabled", "select=id,accountEnabled"} {
			Expect(w.get("/users?" + q).values()[0]).To(And(HaveKey("accountEnabled"), Not(HaveKey("displayName"))))
		}
		refused(400, "BadRequest")(w.get("/users?$colour=red"))
		Expect(w.get("/users?colour=red").status).To(Equal(http.StatusOK))
		refused(400, "BadRequest")(w.get("/users?$top=1&top=2"))
	})

	DescribeTable("writes every string as JSON has it", func(name string) {
		id := w.user("alice", map[string]any{"displayName": name, "businessPhones": []string{name}})
		a := w.get("/users/" + id + "?$select=displayName,businessPhones")
		want, err := json.Marshal(name)
		Expect(err).NotTo(HaveOccurred())
		Expect(a.raw).To(HaveSuffix(`"businessPhones":[` + string(want) + `],"displayName":` + string(want) + "}"))
	},
		Entry("plain", "Alice O'Hara"), Entry("umlauts", "Jürgen Groß"), Entry("quotes", `Al "Big" \ Capone`),
		Entry("what browsers read as markup", "Marks & <Spencer>"), Entry("control characters", "tab\there\x7f"), Entry("separators", "a\u2028b"),
	)

	It("leaves metadata out when asked [GS-READ-10]", func() {
		w.user("alice")
		Expect(w.get("/users?$select=id").body).To(HaveKeyWithValue("@odata.context", w.URL()+"/v1.0/$metadata#users(id)"))
		w.header.Set("Accept", "application/json;odata.metadata=none")
		a := w.get("/users?$select=id")
		Expect(a.body).NotTo(HaveKey("@odata.context"))
		Expect(a.header.Get("Content-Type")).To(ContainSubstring("odata.metadata=none"))
	})

	It("never shows a password [GS-READ-11]", func() {
		id := w.user("alice")
		Expect(w.patch(id, `{"passwordProfile":{"password":"Canary-4711-x","forceChangePasswordNextSignIn":true}}`).status).To(Equal(http.StatusNoContent))
		a := w.get("/users/" + id + "?$select=id,passwordProfile")
		Expect(a.body).To(HaveKeyWithValue("passwordProfile", BeNil()))
		state, err := w.User(w.tenant, id)
		Expect(err).NotTo(HaveOccurred())
		Expect(state.ForceChange).To(BeTrue())
		Expect(fmt.Sprint(state, w.Requests(""))).NotTo(ContainSubstring("Canary"))
	})

	It("guards signInActivity [GS-READ-12]", func() {
		id := w.user("alice", map[string]any{"signInActivity": map[string]any{"lastSuccessfulSignInDateTime": start.Add(-time.Hour)}})
		one := w.get("/users/" + id + "?$select=id,signInActivity")
		Expect(one.body["signInActivity"]).To(HaveKeyWithValue("lastSuccessfulSignInDateTime", "2026-03-02T08:00:00Z"))
		refused(400, "BadRequest")(w.get("/users/alice@contoso.example?$select=signInActivity"))
		refused(400, "BadRequest")(w.get("/users?$select=signInActivity&$top=501"))
		Expect(w.get("/users?$select=signInActivity&$top=500").status).To(Equal(http.StatusOK))
		Expect(w.SetSKUs(w.tenant, []graphsim.SKUSpec{{PartNumber: "O365_BUSINESS_PREMIUM", Enabled: 5}})).To(Succeed())
		refused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")(w.get("/users?$select=signInActivity"))
		w.grant([]string{"User.Read.All"})
		refused(403, "Authentication_MSGraphPermissionMissing")(w.get("/users?$select=signInActivity"))
	})

	It("cannot list what SharePoint keeps [GS-READ-13]", func() {
		refused(501, "NotImplemented")(w.get("/users?$select=id,skills"))
	})

	It("may show the state before, for a while [GS-READ-15]", func() {
		w := newWorld(func(o *graphsim.Options) {
			o.Quirks = graphsim.Quirks{ReadLag: 5 * time.Second, ReadStale: 0.5}
		})
		id := w.user("alice")
		w.Step(time.Minute)
		Expect(w.patch(id, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
		seen := map[any]int{}
		for range 40 {
			seen[w.get("/users/" + id + "?$select=accountEnabled").body["accountEnabled"]]++
		}
		Expect(seen).To(And(HaveKey(true), HaveKey(false)))
		w.Step(6 * time.Second)
		for range 20 {
			Expect(w.get("/users/" + id + "?$select=accountEnabled").body).To(HaveKeyWithValue("accountEnabled", false))
		}
	})
})

var _ = Describe("Permissions to read", func() {
	DescribeTable("every endpoint needs one of its own [GS-PERM-01]", func(path string, enough ...string) {
		w := newWorld()
		w.user("alice")
		w.grant([]string{"Calendars.Read"})
		refused(403, "Authorization_RequestDenied")(w.get(path))
		for _, p := range enough {
			w.grant([]string{p})
			Expect(w.get(path).status).To(Equal(http.StatusOK), p)
		}
	},
		Entry(nil, "/users", "User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
		Entry(nil, "/users/alice@contoso.example", "User.ReadBasic.All", "User.Read.All"),
		Entry(nil, "/users/delta", "User.Read.All", "Directory.Read.All"),
		Entry(nil, "/organization", "Organization.Read.All", "Directory.Read.All"),
		Entry(nil, "/domains", "Domain.Read.All", "Directory.Read.All"),
		Entry(nil, "/subscribedSkus", "LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"),
	)

	It("shows little to User.ReadBasic.All [GS-PERM-02]", func() {
		w := newWorld()
		w.user("alice", map[string]any{"jobTitle": "Boss"})
		w.grant([]string{"User.ReadBasic.All"})
		Expect(w.get("/users").values()[0]).To(And(HaveKeyWithValue("displayName", "alice"), HaveKeyWithValue("jobTitle", BeNil())))
		refused(403, "Authorization_RequestDenied")(w.get("/users?$select=id,accountEnabled"))
		refused(403, "Authorization_RequestDenied")(w.get("/users/delta"))
	})
})

var _ = Describe("The tenant's own resources", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	It("has one organization [GS-DIR-01]", func() {
		orgs := w.get("/organization").values()
		Expect(orgs).To(HaveLen(1))
		Expect(orgs[0]).To(And(HaveKeyWithValue("id", w.tenant), HaveKeyWithValue("displayName", "Contoso Ltd"), HaveKeyWithValue("countryLetterCode", "DE")))
		names := []any{}
		for _, d := range orgs[0]["verifiedDomains"].([]any) {
			names = append(names, d.(map[string]any)["name"])
		}
		Expect(names).To(ConsistOf("contoso.example", "contoso.onmicrosoft.com", "federated.example"))
		Expect(w.get("/organization/" + w.tenant + "?$select=displayName").body).To(And(HaveKeyWithValue("displayName", "Contoso Ltd"), Not(HaveKey("country"))))
		refused(404, "Request_ResourceNotFound")(w.get("/organization/00000000-0000-0000-0000-000000000000"))
		refused(400, "BadRequest")(w.get("/organization?$select=colour"))
	})

	It("tells its domains apart [GS-DIR-02]", func() {
		types := map[any]any{}
		for _, d := range w.get("/domains").values() {
			types[d["id"]] = []any{d["authenticationType"], d["isDefault"], d["isVerified"]}
		}
		Expect(types).To(HaveKeyWithValue("contoso.example", []any{"Managed", true, true}))
		Expect(types).To(HaveKeyWithValue("federated.example", []any{"Federated", false, true}))
		Expect(types).To(HaveKeyWithValue("pending.example", []any{"Managed", false, false}))
		Expect(w.get("/domains/contoso.example").body).To(HaveKeyWithValue("isDefault", true))
		refused(404, "Request_ResourceNotFound")(w.get("/domains/nobody.example"))
	})

	It("counts its licences [GS-DIR-03]", func() {
		sku := w.get("/subscribedSkus").values()[0]
		Expect(sku).To(And(HaveKeyWithValue("skuPartNumber", "SPB"), HaveKeyWithValue("consumedUnits", 0.0), HaveKeyWithValue("capabilityStatus", "Enabled"), HaveKeyWithValue("appliesTo", "User")))
		license := map[string]any{"assignedLicenses": []any{map[string]any{"skuId": sku["skuId"]}}}
		id := w.user("alice", license)
		w.user("bob", license)
		consumed := func() any { return w.get("/subscribedSkus/" + sku["id"].(string)).body["consumedUnits"] }
		Expect(consumed()).To(Equal(2.0))
		Expect(w.DeleteUser(w.tenant, id)).To(Succeed())
		Expect(consumed()).To(Equal(1.0))
		Expect(w.RestoreUser(w.tenant, id)).To(Succeed())
		Expect(consumed()).To(Equal(2.0))
		refused(400, "Request_UnsupportedQuery")(w.get("/subscribedSkus?$top=5"))
	})
})
