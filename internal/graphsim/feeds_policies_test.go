package graphsim_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const (
	securityDefaults  = "/policies/identitySecurityDefaultsEnforcementPolicy"
	conditionalAccess = "/identity/conditionalAccess/policies"
	rooms             = "/places/microsoft.graph.room"
)

var _ = Describe("Policies", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })
	outsider := func(path, body string) int {
		GinkgoHelper()
		return w.send(http.MethodPut, w.URL()+"/_sim/tenants/"+w.tenant+"/"+path, body, nil).status
	}

	It("say whether security defaults are on [GS-POLICY-01]", func() {
		Expect(w.SetSKUs(w.tenant, nil)).To(Succeed())
		a := w.get(securityDefaults)
		Expect(a.body).To(And(HaveKeyWithValue("id", "00000000-0000-0000-0000-000000000005"), HaveKeyWithValue("isEnabled", false), HaveKeyWithValue("displayName", "Security Defaults")))
		Expect(outsider("securityDefaults", `{"isEnabled":true}`)).To(Equal(http.StatusNoContent))
		Expect(w.get(securityDefaults + "?$select=isEnabled").body).To(And(HaveLen(2), HaveKeyWithValue("isEnabled", true)))
		refused(400, "Request_UnsupportedQuery")(w.get(securityDefaults + "?$filter=isEnabled eq true"))
		w.grant([]string{"User.Read.All"})
		refused(403, "Authorization_RequestDenied")(w.get(securityDefaults))
	})

	It("list conditional access [GS-POLICY-02]", func() {
		alice := w.user("alice")
		group, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Exempt"})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.SetConditionalAccess(w.tenant, []graphsim.ConditionalAccessSpec{
			{
				DisplayName: "MFA", State: "enabled", IncludeUsers: []string{"All"}, ExcludeUsers: []string{"alice@contoso.example"},
				ExcludeGroups: []string{"Exempt"}, IncludeRoles: []string{"Global Administrator"}, BuiltInControls: []string{"mfa"},
			},
			{
				DisplayName: "Keys", State: "enabledForReportingButNotEnforced", IncludeUsers: []string{"All"}, Operator: "AND",
				BuiltInControls: []string{"compliantDevice"}, AuthenticationStrength: "00000000-0000-0000-0000-000000000004",
			},
			{DisplayName: "Session", State: "disabled", IncludeUsers: []string{"None"}},
		})).To(Succeed())
		a := w.get(conditionalAccess)
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		Expect(a.header).NotTo(HaveKey("X-Ms-Resource-Unit"))
		mfa, keys, session := a.values()[0], a.values()[1], a.values()[2]
		Expect(mfa).To(And(HaveKeyWithValue("displayName", "MFA"), HaveKeyWithValue("state", "enabled"), HaveKeyWithValue("sessionControls", BeNil())))
		Expect(mfa["conditions"]).To(And(HaveKeyWithValue("clientAppTypes", ConsistOf("all")), HaveKeyWithValue("platforms", BeNil()),
			HaveKeyWithValue("applications", HaveKeyWithValue("includeApplications", ConsistOf("All"))),
			HaveKeyWithValue("users", And(HaveKeyWithValue("includeUsers", ConsistOf("All")), HaveKeyWithValue("excludeUsers", ConsistOf(alice)),
				HaveKeyWithValue("excludeGroups", ConsistOf(group)), HaveKeyWithValue("includeRoles", ConsistOf(globalAdministrator)), HaveKeyWithValue("includeGroups", BeEmpty())))))
		Expect(mfa["grantControls"]).To(And(HaveKeyWithValue("operator", "OR"), HaveKeyWithValue("builtInControls", ConsistOf("mfa")), HaveKeyWithValue("authenticationStrength", BeNil())))
		Expect(keys["grantControls"]).To(And(HaveKeyWithValue("operator", "AND"),
			HaveKeyWithValue("authenticationStrength", And(HaveKeyWithValue("displayName", "Phishing-resistant MFA"), HaveKeyWithValue("requirementsSatisfied", "mfa")))))
		Expect(session).To(HaveKeyWithValue("grantControls", BeNil()))
		w.Step(time.Second)
		Expect(w.get(conditionalAccess + "?$select=displayName&$filter=state eq 'enabled'").values()).To(Equal([]map[string]any{{"displayName": "MFA"}}))
		w.Step(time.Second)
		counted := w.get(conditionalAccess + "?$count=true&$top=1&$skip=1")
		Expect(counted.body).To(HaveKeyWithValue("@odata.count", 3.0))
		Expect(counted.values()).To(ConsistOf(HaveKeyWithValue("displayName", "Keys")))
		w.Step(time.Second)
		Expect(w.get(counted.link("nextLink")).values()).To(ConsistOf(HaveKeyWithValue("displayName", "Session")))
		w.Step(time.Second)
		refused(400, "BadRequest")(w.get(conditionalAccess + "?$select=colour"))
	})

	It("need a permission and a licence for conditional access [GS-POLICY-03]", func() {
		Expect(w.get(conditionalAccess).values()).To(BeEmpty())
		w.grant([]string{"User.Read.All"})
		w.Step(time.Second)
		refused(403, "AccessDenied")(w.get(conditionalAccess))
		w.grant([]string{"Policy.Read.All"})
		Expect(w.SetSKUs(w.tenant, []graphsim.SKUSpec{{PartNumber: "O365_BUSINESS_PREMIUM", Enabled: 10}})).To(Succeed())
		w.Step(time.Second)
		a := w.get(conditionalAccess)
		refused(403, "AccessDenied")(a)
		Expect(a.message()).To(Equal("Your tenant is not licensed for this feature. Please upgrade your subscription to access it."))
	})

	It("exclude each other [GS-POLICY-04]", func() {
		enabled := `[{"displayName":"MFA","state":"enabled","includeUsers":["All"],"builtInControls":["mfa"]}]`
		Expect(outsider("conditionalAccess", enabled)).To(Equal(http.StatusNoContent))
		Expect(outsider("securityDefaults", `{"isEnabled":true}`)).To(Equal(http.StatusBadRequest))
		Expect(outsider("conditionalAccess", `[{"displayName":"MFA","state":"disabled"}]`)).To(Equal(http.StatusNoContent))
		Expect(outsider("securityDefaults", `{"isEnabled":true}`)).To(Equal(http.StatusNoContent))
		Expect(outsider("conditionalAccess", enabled)).To(Equal(http.StatusBadRequest))
		Expect(outsider("conditionalAccess", `[{"displayName":"MFA","state":"on"}]`)).To(Equal(http.StatusBadRequest))
		Expect(w.get(conditionalAccess).values()).To(ConsistOf(HaveKeyWithValue("state", "disabled")))
	})

	It("allow one request a second and tenant [GS-LIMIT-08]", func() {
		Expect(w.AddApp(graphsim.App{ClientID: "11111111-1111-4111-8111-111111111111", Secret: "s"})).To(Succeed())
		Expect(w.SetGrant(w.tenant, graphsim.Grant{ClientID: "11111111-1111-4111-8111-111111111111", Permissions: []string{"Policy.Read.All"}})).To(Succeed())
		Expect(w.get(conditionalAccess).status).To(Equal(http.StatusOK))
		w.bearer = w.token(w.tenant, map[string][]string{"client_id": {"11111111-1111-4111-8111-111111111111"}, "client_secret": {"s"}}).body["access_token"].(string)
		for range 2 {
			a := w.get(conditionalAccess)
			refused(429, "TooManyRequests")(a)
			Expect(a.header).NotTo(HaveKey("Retry-After"))
		}
		Expect(w.Counters("").TooEarly).To(BeZero())
		w.Step(time.Second)
		Expect(w.get(conditionalAccess).status).To(Equal(http.StatusOK))
	})
})

var _ = Describe("Places", func() {
	It("list rooms [GS-PLACE-01]", func() {
		w := newWorld()
		Expect(w.get(rooms).values()).To(BeEmpty())
		Expect(w.send(http.MethodPut, w.URL()+"/_sim/tenants/"+w.tenant+"/rooms",
			`[{"displayName":"Mars","emailAddress":"mars@contoso.example","building":"Berlin","floorNumber":2,"capacity":8}]`, nil).status).To(Equal(http.StatusNoContent))
		a := w.get("/places/graph.room")
		Expect(a.link("context")).To(HaveSuffix("#places/microsoft.graph.room"))
		Expect(a.values()).To(ConsistOf(And(HaveKeyWithValue("displayName", "Mars"), HaveKeyWithValue("emailAddress", "mars@contoso.example"),
			HaveKeyWithValue("building", "Berlin"), HaveKeyWithValue("floorNumber", 2.0), HaveKeyWithValue("capacity", 8.0), HaveKeyWithValue("tags", BeEmpty()),
			HaveKeyWithValue("bookingType", "standard"), HaveKey("id"))))
		var many []graphsim.RoomSpec
		for i := range 130 {
			many = append(many, graphsim.RoomSpec{DisplayName: fmt.Sprintf("Room %d", i), EmailAddress: fmt.Sprintf("room%d@contoso.example", i)})
		}
		Expect(w.SetRooms(w.tenant, many)).To(Succeed())
		values, _ := w.all(rooms + "?$select=emailAddress")
		Expect(values).To(HaveLen(130))
		Expect(w.get(rooms).values()).To(HaveLen(100))
		page := w.get(rooms + "?$top=10&$skip=125&$count=true&$select=displayName")
		Expect(page.values()).To(HaveLen(5))
		Expect(page.values()[0]).To(Equal(map[string]any{"displayName": "Room 125"}))
		Expect(w.get(rooms + "?$filter=emailAddress eq 'ROOM7@contoso.example'").values()).To(ConsistOf(HaveKeyWithValue("displayName", "Room 7")))
		refused(400, "Request_UnsupportedQuery")(w.get(rooms + "?$top=1001"))
		refused(400, "BadRequest")(w.get(rooms + "?$skip=-1"))
		refused(501, "NotSimulated")(w.get("/places/room"))
		w.grant([]string{"User.Read.All"})
		refused(403, "Authorization_RequestDenied")(w.get(rooms))
	})
})
