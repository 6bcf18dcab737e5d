package graphsim_test

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// Products and plans of users/licensing-service-plan-reference.md.
const (
	businessPremium = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"
	businessBasic   = "3b555118-da6a-4418-894f-7df1e2096870"
	e3              = "05e9a617-0261-4cee-bb44-138d3ef5d965"
	phone           = "e43b5b99-8dfb-405f-9987-dc307f34bcbd"
	yammer          = "7547a3fe-08ee-4ccb-b430-5077c5041653"
	teams           = "57ff2da0-773e-42df-b2af-ffb7a2317929"
	exchangePlan1   = "9aaf7827-d63c-4b61-89c3-182f06f82e5c"
	exchangePlan2   = "efb87545-963c-4e0d-99df-69c6916d9eb0"
)

// licensing builds a body of assignLicense: products to add, with plans to disable after
// a colon, and products to remove.
func licensing(add, remove []string) string {
	var body struct {
		Add []struct {
			SKU      string   `json:"skuId"`
			Disabled []string `json:"disabledPlans"`
		} `json:"addLicenses"`
		Remove []string `json:"removeLicenses"`
	}
	body.Add = make([]struct {
		SKU      string   `json:"skuId"`
		Disabled []string `json:"disabledPlans"`
	}, len(add))
	for i, text := range add {
		sku, plans, _ := strings.Cut(text, ":")
		body.Add[i].SKU, body.Add[i].Disabled = sku, strings.FieldsFunc(plans, func(r rune) bool { return r == ',' })
	}
	body.Remove = append([]string{}, remove...)
	return string(mustMarshal(body))
}

func licensedWorld(change ...func(*graphsim.Options)) *world {
	GinkgoHelper()
	w := newWorld(change...)
	Expect(w.SetSKUs(w.tenant, []graphsim.SKUSpec{
		{PartNumber: "SPB", Enabled: 2}, {PartNumber: "O365_BUSINESS_ESSENTIALS", Enabled: 1, Warning: 1}, {PartNumber: "SPE_E3", Enabled: 5}, {PartNumber: "MCOEV", Enabled: 5},
	})).To(Succeed())
	return w
}

func (w *world) assign(key string, add, remove []string) answer {
	GinkgoHelper()
	return w.call(http.MethodPost, "/users/"+key+"/assignLicense", licensing(add, remove))
}

// held lists the products of an account.
func (w *world) held(key string) []string {
	GinkgoHelper()
	a := w.get("/users/" + key + "?$select=assignedLicenses")
	Expect(a.status).To(Equal(http.StatusOK), a.raw)
	out := []string{}
	for _, l := range a.body["assignedLicenses"].([]any) {
		out = append(out, l.(map[string]any)["skuId"].(string))
	}
	return out
}

// states are the account's licence assignments.
func (w *world) states(key string) []map[string]any {
	GinkgoHelper()
	var out []map[string]any
	for _, s := range w.get("/users/" + key + "?$select=licenseAssignmentStates").body["licenseAssignmentStates"].([]any) {
		out = append(out, s.(map[string]any))
	}
	return out
}

func (w *world) consumed(sku string) float64 {
	GinkgoHelper()
	for _, s := range w.get("/subscribedSkus").values() {
		if s["skuId"] == sku {
			return s["consumedUnits"].(float64)
		}
	}
	return -1
}

var german = map[string]any{"usageLocation": "DE"}

var _ = Describe("Licences", func() {
	var (
		w     *world
		alice string
	)
	BeforeEach(func() {
		w = licensedWorld()
		alice = w.user("alice", german)
	})

	It("are of products with service plans [GS-LICENSE-01]", func() {
		var specs []graphsim.SKUSpec
		for _, part := range []string{
			"SPB", "SPE_E3", "SPE_E5", "ENTERPRISEPACK", "STANDARDPACK", "DESKLESSPACK", "O365_BUSINESS_PREMIUM", "O365_BUSINESS_ESSENTIALS", "EXCHANGESTANDARD",
			"EXCHANGEENTERPRISE", "AAD_PREMIUM", "AAD_PREMIUM_P2", "RIGHTSMANAGEMENT", "MCOEV", "MCOMEETADV", "POWER_BI_PRO", "Microsoft_365_Copilot",
			"Microsoft_Teams_Rooms_Pro", "Microsoft_Teams_Rooms_Basic",
		} {
			specs = append(specs, graphsim.SKUSpec{PartNumber: part, Enabled: 1})
		}
		Expect(w.SetSKUs(w.tenant, specs)).To(Succeed())
		skus := w.get("/subscribedSkus").values()
		Expect(skus).To(HaveLen(len(specs)))
		products := map[any]bool{}
		for _, sku := range skus {
			products[sku["skuId"]] = true
			plans := map[any]bool{}
			for _, p := range sku["servicePlans"].([]any) {
				plan := p.(map[string]any)
				Expect(plan["servicePlanId"]).To(MatchRegexp(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`), "%v of %v", plan, sku["skuPartNumber"])
				Expect(plan["servicePlanName"]).NotTo(BeEmpty())
				applies := "User"
				if plan["servicePlanName"] == "EXCHANGE_S_FOUNDATION" {
					applies = "Company"
				}
				Expect(plan["appliesTo"]).To(Equal(applies))
				plans[plan["servicePlanId"]] = true
			}
			Expect(plans).To(HaveLen(len(sku["servicePlans"].([]any))), "%v has a plan twice", sku["skuPartNumber"])
		}
		Expect(products).To(HaveLen(len(specs)))
	})

	It("are given and taken in one call [GS-LICENSE-02] [GS-LICENSE-03]", func() {
		_, last := w.all("/users/delta?$select=id,assignedLicenses")
		a := w.assign(alice, []string{businessPremium + ":" + yammer, phone}, nil)
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		Expect(a.body).To(And(HaveKeyWithValue("id", alice), HaveKeyWithValue("@odata.context", HaveSuffix("$metadata#users/$entity"))))
		Expect(w.held(alice)).To(ConsistOf(businessPremium, phone))
		Expect(w.consumed(businessPremium)).To(Equal(1.0))
		w.Step(time.Minute)
		Expect(w.assign("alice@contoso.example", []string{e3}, []string{strings.ToUpper(businessPremium)}).status).To(Equal(http.StatusOK))
		Expect(w.held(alice)).To(ConsistOf(phone, e3))
		Expect(w.consumed(businessPremium)).To(BeZero())
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectLicense: 3, graphsim.EffectUnlicense: 1}))
		values, _ := w.all(last.link("deltaLink"))
		Expect(values).To(ConsistOf(HaveKeyWithValue("assignedLicenses", HaveLen(2))))
		Expect(w.states(alice)).To(ConsistOf(
			And(HaveKeyWithValue("skuId", phone), HaveKeyWithValue("assignedByGroup", BeNil()), HaveKeyWithValue("state", "Active"), HaveKeyWithValue("error", "None"),
				HaveKeyWithValue("lastUpdatedDateTime", "2026-03-02T09:00:00Z")),
			And(HaveKeyWithValue("skuId", e3), HaveKeyWithValue("lastUpdatedDateTime", "2026-03-02T09:01:00Z"))))
		Expect(w.assign(alice, nil, nil).status).To(Equal(http.StatusOK), "nothing to do is no error")
		Expect(w.effects()).To(HaveKeyWithValue(graphsim.EffectLicense, uint64(3)))
	})

	DescribeTable("are refused, and nothing is done", func(add, remove []string, message string) {
		w.user("bob", german)
		Expect(w.assign("bob@contoso.example", []string{businessBasic}, nil).status).To(Equal(http.StatusOK))
		a := w.assign("bob@contoso.example", append([]string{e3}, add...), remove)
		refused(400, "Request_BadRequest")(a)
		Expect(a.message()).To(Equal(message))
		Expect(w.held("bob@contoso.example")).To(ConsistOf(businessBasic))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectLicense: 1}))
	},
		Entry("not held [GS-LICENSE-06]", nil, []string{businessPremium}, "User does not have a corresponding license."),
		Entry("no subscription [GS-LICENSE-07]", []string{"c7df2760-2c81-4ef7-b578-5b5392b571df"}, []string{businessBasic},
			"License c7df2760-2c81-4ef7-b578-5b5392b571df does not correspond to a valid company License."),
		Entry("a plan of another product [GS-LICENSE-07]", []string{phone + ":" + yammer}, []string{businessBasic},
			"License assignment failed because service plan "+yammer+" does not belong to the license "+phone+"."),
		Entry("given and taken [GS-LICENSE-07]", []string{phone}, []string{phone}, "License "+phone+" is named more than once."),
		Entry("given twice [GS-LICENSE-07]", []string{phone, phone}, []string{businessBasic}, "License "+phone+" is named more than once."),
		Entry("two Exchange plans [GS-LICENSE-08]", nil, nil, "License assignment failed because service plans "+exchangePlan1+","+exchangePlan2+" are mutually exclusive"),
	)

	It("need both lists, GUIDs and a permission [GS-LICENSE-02]", func() {
		path := "/users/" + alice + "/assignLicense"
		for body, missing := range map[string]string{
			`{}`: "addLicenses, removeLicenses", `{"addLicenses":[]}`: "removeLicenses", `{"removeLicenses":[],"addLicenses":null}`: "addLicenses",
		} {
			a := w.call(http.MethodPost, path, body)
			refused(400, "Request_BadRequest")(a)
			Expect(a.message()).To(HaveSuffix("The missing parameters are: " + missing + "."))
		}
		for _, body := range []string{
			`{`, `{"addLicenses":[{"skuId":"SPB"}],"removeLicenses":[]}`, `{"addLicenses":[{}],"removeLicenses":[]}`,
			`{"addLicenses":[{"skuId":"` + businessPremium + `","disabledPlans":["YAMMER"]}],"removeLicenses":[]}`, `{"addLicenses":[],"removeLicenses":["SPB"]}`,
		} {
			refused(400, "BadRequest")(w.call(http.MethodPost, path, body))
		}
		refused(404, "Request_ResourceNotFound")(w.assign("nobody@contoso.example", nil, nil))
		w.grant([]string{"LicenseAssignment.ReadWrite.All"})
		Expect(w.assign(alice, []string{phone + ":"}, nil).status).To(Equal(http.StatusBadRequest), "Teams Phone needs Teams")
		w.grant([]string{"User.Read.All", "LicenseAssignment.Read.All"})
		refused(403, "Authorization_RequestDenied")(w.assign(alice, nil, nil))
	})

	It("need a place where Microsoft sells [GS-LICENSE-04]", func() {
		bob := w.user("bob")
		a := w.assign(bob, []string{businessPremium}, nil)
		refused(400, "Request_BadRequest")(a)
		Expect(a.message()).To(Equal("License assignment cannot be done for user with invalid usage location."))
		Expect(w.patch(bob, `{"usageLocation":"KP"}`).status).To(Equal(http.StatusNoContent))
		refused(400, "Request_BadRequest")(w.assign(bob, []string{businessPremium}, nil))
		carol := w.user("carol", map[string]any{"assignedLicenses": []map[string]any{{"skuId": businessPremium, "disabledPlans": []string{}}}})
		Expect(w.assign(carol, nil, []string{businessPremium}).status).To(Equal(http.StatusOK))
		Expect(w.held(carol)).To(BeEmpty())
	})

	It("are counted [GS-LICENSE-05]", func() {
		for _, name := range []string{"bob", "carol"} {
			Expect(w.assign(w.user(name, german), []string{businessPremium, businessBasic}, nil).status).To(Equal(http.StatusOK), "one unit is in its grace period")
		}
		Expect(w.assign("bob@contoso.example", []string{businessPremium + ":" + yammer}, nil).status).To(Equal(http.StatusOK), "no second unit")
		for _, sku := range []string{businessPremium, businessBasic} {
			a := w.assign(alice, []string{sku}, nil)
			refused(400, "Request_BadRequest")(a)
			Expect(a.message()).To(Equal("Subscription with SKU " + sku + " does not have any available licenses."))
		}
		Expect(w.DeleteUser(w.tenant, "bob@contoso.example")).To(Succeed())
		Expect(w.consumed(businessPremium)).To(Equal(1.0))
		Expect(w.assign(alice, []string{businessPremium}, nil).status).To(Equal(http.StatusOK))
	})

	It("keep plans that work together [GS-LICENSE-08]", func() {
		a := w.assign(alice, []string{phone}, nil)
		refused(400, "Request_BadRequest")(a)
		Expect(a.message()).To(HavePrefix("License assignment failed because service plan 4828c8ec-dc2e-4779-b502-87ac9ce28ab7 depends on the service plan(s) " + teams))
		Expect(w.assign(alice, []string{phone, businessPremium}, nil).status).To(Equal(http.StatusOK))
		a = w.assign(alice, nil, []string{businessPremium})
		refused(400, "Request_BadRequest")(a)
		Expect(a.message()).To(ContainSubstring("depends on"))
		Expect(w.assign(alice, []string{e3}, []string{businessPremium}).status).To(Equal(http.StatusOK), "a swap keeps Teams")
		Expect(w.assign(alice, []string{businessBasic + ":" + exchangePlan1 + ",c7699d2e-19aa-44de-8edf-1736da088ca1"}, nil).status).To(Equal(http.StatusOK), "without the plans that exclude each other")
	})

	It("replace disabled plans [GS-LICENSE-09]", func() {
		for _, plans := range []string{yammer, "", teams + "," + yammer} {
			Expect(w.assign(alice, []string{businessPremium + ":" + plans}, nil).status).To(Equal(http.StatusOK))
			want := []any{}
			for _, plan := range strings.FieldsFunc(plans, func(r rune) bool { return r == ',' }) {
				want = append(want, plan)
			}
			Expect(w.get("/users/" + alice + "?$select=assignedLicenses").body["assignedLicenses"]).To(ConsistOf(HaveKeyWithValue("disabledPlans", ConsistOf(want...))))
		}
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectLicense: 1, graphsim.EffectPlans: 2}))
	})

	It("bring a mailbox [GS-LICENSE-11]", func() {
		Expect(w.assign(alice, []string{businessPremium + ":" + exchangePlan1}, nil).status).To(Equal(http.StatusOK))
		Expect(w.get("/users/" + alice).body).To(HaveKeyWithValue("mail", BeNil()))
		Expect(w.assign(alice, []string{businessPremium}, nil).status).To(Equal(http.StatusOK))
		Expect(w.get("/users/" + alice + "?$select=mail,proxyAddresses").body).To(And(HaveKeyWithValue("mail", "alice@contoso.example"), HaveKeyWithValue("proxyAddresses", ConsistOf("SMTP:alice@contoso.example"))))
	})

	It("tell where they come from [GS-LICENSE-12]", func() {
		Expect(w.assign(alice, []string{businessPremium}, nil).status).To(Equal(http.StatusOK))
		values, last := w.all("/users/delta?$select=id,licenseAssignmentStates")
		Expect(values).To(ConsistOf(HaveKeyWithValue("licenseAssignmentStates", ConsistOf(HaveKeyWithValue("skuId", businessPremium)))))
		Expect(w.get("/users?$select=licenseAssignmentStates").values()).To(ConsistOf(HaveKeyWithValue("licenseAssignmentStates", HaveLen(1))))
		Expect(w.assign(alice, nil, []string{businessPremium}).status).To(Equal(http.StatusOK))
		values, _ = w.all(last.link("deltaLink"))
		Expect(values).To(BeEmpty())
	})

	It("agree with their states whatever an outsider says [GS-LICENSE-12] [GS-SIM-07]", func() {
		bob := w.user("bob", map[string]any{"assignedLicenses": []map[string]any{{"skuId": businessPremium, "disabledPlans": []string{yammer}}}})
		Expect(w.states(bob)).To(ConsistOf(And(HaveKeyWithValue("skuId", businessPremium), HaveKeyWithValue("disabledPlans", ConsistOf(yammer)),
			HaveKeyWithValue("assignedByGroup", BeNil()), HaveKeyWithValue("state", "Active"), HaveKeyWithValue("lastUpdatedDateTime", "2026-03-02T09:00:00Z"))))
		Expect(w.PatchUser(w.tenant, bob, map[string]any{"assignedLicenses": []map[string]any{{"skuId": e3, "disabledPlans": []string{}}}})).To(Succeed())
		Expect(w.states(bob)).To(ConsistOf(HaveKeyWithValue("skuId", e3)))
		Expect(w.PatchUser(w.tenant, bob, map[string]any{"licenseAssignmentStates": []map[string]any{
			{"skuId": phone, "state": "Active", "error": "None"}, {"skuId": businessBasic, "state": "Error", "error": "CountViolation"},
		}})).To(Succeed())
		Expect(w.states(bob)).To(HaveLen(2))
		Expect(w.held(bob)).To(ConsistOf(phone))
	})

	It("have details [GS-LICENSE-13]", func() {
		Expect(w.get("/users/" + alice + "/licenseDetails").values()).To(BeEmpty())
		Expect(w.assign(alice, []string{businessPremium + ":" + yammer}, nil).status).To(Equal(http.StatusOK))
		a := w.get("/users/alice@contoso.example/licenseDetails")
		Expect(a.link("context")).To(HaveSuffix("$metadata#users('" + alice + "')/licenseDetails"))
		Expect(a.values()).To(ConsistOf(And(HaveKeyWithValue("skuPartNumber", "SPB"), HaveKeyWithValue("skuId", businessPremium), HaveKeyWithValue("id", Not(BeEmpty())))))
		Expect(a.values()[0]["servicePlans"]).To(And(
			ContainElement(And(HaveKeyWithValue("servicePlanName", "YAMMER_ENTERPRISE"), HaveKeyWithValue("provisioningStatus", "Disabled"))),
			ContainElement(And(HaveKeyWithValue("servicePlanName", "TEAMS1"), HaveKeyWithValue("provisioningStatus", "Success")))))
		Expect(w.get("/users/" + alice + "/licenseDetails?$select=skuPartNumber").values()).To(Equal([]map[string]any{{"skuPartNumber": "SPB"}}))
		refused(400, "BadRequest")(w.get("/users/" + alice + "/licenseDetails?$select=colour"))
		refused(400, "Request_UnsupportedQuery")(w.get("/users/" + alice + "/licenseDetails?$top=1"))
		refused(404, "Request_ResourceNotFound")(w.get("/users/nobody/licenseDetails"))
		w.grant([]string{"GroupMember.Read.All"})
		refused(403, "Authorization_RequestDenied")(w.get("/users/" + alice + "/licenseDetails"))
	})

	It("are assigned to an account by one call at a time [GS-LICENSE-10]", func() {
		bob := w.user("bob", german)
		id, err := w.AddFault(graphsim.Fault{Kind: graphsim.FaultDelay, Path: "/users/{id}/assignLicense", DelaySeconds: 5, Count: 1})
		Expect(err).NotTo(HaveOccurred())
		slow := make(chan answer)
		go func() {
			defer GinkgoRecover()
			a, err := w.tryCall(http.MethodPost, "/users/"+alice+"/assignLicense", licensing([]string{businessPremium}, nil))
			Expect(err).NotTo(HaveOccurred())
			slow <- a
		}()
		Eventually(w.clock.HasWaiters).Should(BeTrue())
		refused(409, "Directory_ConcurrencyViolation")(w.assign("alice@contoso.example", []string{phone}, nil))
		refused(409, "Directory_ConcurrencyViolation")(w.call(http.MethodPost, "/users/"+alice+"/reprocessLicenseAssignment", ""))
		Expect(w.assign(bob, []string{businessPremium}, nil).status).To(Equal(http.StatusOK), "another account is free")
		Expect(w.patch(alice, `{"jobTitle":"x"}`).status).To(Equal(http.StatusNoContent), "another write too")
		w.clock.Step(5 * time.Second)
		Expect((<-slow).status).To(Equal(http.StatusOK))
		Expect(w.RemoveFault(id)).To(BeTrue())
		Expect(w.assign(alice, []string{phone}, nil).status).To(Equal(http.StatusOK))
		_, err = w.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Path: "/users/{id}/assignLicense", Status: 409, Code: "Directory_ConcurrencyViolation", Count: 1})
		Expect(err).NotTo(HaveOccurred())
		refused(409, "Directory_ConcurrencyViolation")(w.assign(alice, nil, []string{phone}))
		Expect(w.held(alice)).To(ConsistOf(businessPremium, phone))
	})

	It("are assigned by the parts of a batch one after another only [GS-LICENSE-10]", func() {
		batch := func(second string, more string) map[string]float64 {
			GinkgoHelper()
			part := func(id, key, sku, more string) string {
				return `{"id":"` + id + `","method":"POST","url":"/users/` + key + `/assignLicense","headers":{"Content-Type":"application/json"},"body":` + licensing([]string{sku}, nil) + more + `}`
			}
			a := w.call(http.MethodPost, "/$batch", `{"requests":[`+part("1", alice, businessPremium, "")+`,`+part("2", second, e3+":"+exchangePlan2+",5dbe027f-2339-4123-9542-606e4d348a72", more)+`]}`)
			Expect(a.status).To(Equal(http.StatusOK), a.raw)
			statuses := map[string]float64{}
			for _, r := range a.body["responses"].([]any) {
				statuses[r.(map[string]any)["id"].(string)] = r.(map[string]any)["status"].(float64)
			}
			return statuses
		}
		statuses := batch("alice@contoso.example", "")
		Expect([]float64{statuses["1"], statuses["2"]}).To(ConsistOf(200.0, 409.0))
		Expect(w.held(alice)).To(HaveLen(1))
		Expect(batch("alice@contoso.example", `,"dependsOn":["1"]`)).To(Equal(map[string]float64{"1": 200, "2": 200}))
		Expect(w.held(alice)).To(ConsistOf(businessPremium, e3))
		Expect(batch(w.user("bob", german), "")).To(Equal(map[string]float64{"1": 200, "2": 200}))
	})
})
