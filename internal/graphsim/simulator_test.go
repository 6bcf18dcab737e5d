package graphsim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("Throttling", func() {
	It("spends units by tenant size, and tells when to come back [GS-LIMIT-01] [GS-LIMIT-02] [GS-LIMIT-05] [GS-LIMIT-06]", func() {
		w := newWorld()
		w.user("alice")
		Expect(w.get("/users").header.Get("x-ms-resource-unit")).To(Equal("2"))
		Expect(w.get("/users?$select=id").header.Get("x-ms-resource-unit")).To(Equal("1"))
		Expect(w.get("/users?$top=19").header.Get("x-ms-resource-unit")).To(Equal("1"))
		Expect(w.get("/users?$top=20").header.Get("x-ms-resource-unit")).To(Equal("2"))
		Expect(w.get("/subscribedSkus").header.Get("x-ms-resource-unit")).To(Equal("3"))
		var a answer
		n := 9 // units so far
		for ; a.status != http.StatusTooManyRequests; n += 3 {
			Expect(n).To(BeNumerically("<", 3600))
			a = w.get("/subscribedSkus")
			if n == 3000 {
				Expect(a.header.Get("x-ms-throttle-limit-percentage")).To(Equal("0.86"))
			}
			if n < 2790 {
				Expect(a.header).NotTo(HaveKey("X-Ms-Throttle-Limit-Percentage"))
			}
		}
		Expect(n).To(BeNumerically("~", 3500, 5))
		refused(429, "TooManyRequests")(a)
		Expect(a.header.Get("Retry-After")).To(Equal("10"))
		Expect(w.Counters("").TooEarly).To(BeZero())
		w.Step(9 * time.Second)
		refused(429, "TooManyRequests")(w.get("/subscribedSkus"))
		Expect(w.Counters("").TooEarly).To(BeEquivalentTo(1))
		w.Step(time.Second)
		Expect(w.get("/subscribedSkus").status).To(Equal(http.StatusOK))
		Expect(w.Counters(w.tenant).Throttled).To(BeEquivalentTo(2))
	})

	It("gives writes a budget of their own [GS-LIMIT-03]", func() {
		w := newWorld()
		id := w.user("alice")
		for range 3000 {
			Expect(w.patch(id, `{"jobTitle":"x"}`).status).To(Equal(http.StatusNoContent))
			w.clock.Step(10 * time.Millisecond)
		}
		a := w.patch(id, `{"jobTitle":"y"}`)
		refused(429, "TooManyRequests")(a)
		Expect(a.header.Get("Retry-After")).To(Equal("120"))
		Expect(w.get("/users").status).To(Equal(http.StatusOK))
	})

	It("charges later pages like the first [GS-LIMIT-09]", func() {
		w := newWorld()
		for i := range 24 {
			w.user(fmt.Sprintf("user%d", i))
		}
		page := w.get("/users?$select=signInActivity&$top=2")
		Expect(page.header.Get("x-ms-resource-unit")).To(Equal("1"))
		for range 9 {
			page = w.get(page.link("nextLink"))
			Expect(page.header.Get("x-ms-resource-unit")).To(Equal("1"))
		}
		refused(429, "TooManyRequests")(w.get(page.link("nextLink")))
		page = w.get("/users?$top=20")
		Expect(page.header.Get("x-ms-resource-unit")).To(Equal("2"))
		Expect(w.get(page.link("nextLink")).header.Get("x-ms-resource-unit")).To(Equal("2"))
	})

	It("limits signInActivity over all tenants [GS-LIMIT-04]", func() {
		w := newWorld()
		other, err := w.AddTenant(graphsim.TenantSpec{DisplayName: "Other", SKUs: []graphsim.SKUSpec{{PartNumber: "SPB", Enabled: 1}}})
		Expect(err).NotTo(HaveOccurred())
		for range 10 {
			Expect(w.get("/users?$select=signInActivity").status).To(Equal(http.StatusOK))
		}
		w.bearer = w.token(other, nil).body["access_token"].(string)
		refused(429, "TooManyRequests")(w.get("/users?$select=signInActivity"))
		Expect(w.get("/users?$select=id").status).To(Equal(http.StatusOK))
		w.Step(time.Minute)
		Expect(w.get("/users?$select=signInActivity").status).To(Equal(http.StatusOK))
	})
})

var _ = Describe("The simulator itself", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })
	sim := func(method, path, body string) answer {
		GinkgoHelper()
		return w.send(method, w.URL()+"/_sim"+path, body, nil)
	}

	It("confesses what it lacks [GS-SIM-01]", func() {
		refused(501, "NotSimulated")(w.get("/me/messages"))
		refused(501, "NotSimulated")(w.send(http.MethodGet, w.URL()+"/nowhere", "", nil))
		Expect(w.Counters("").Absent).To(BeEquivalentTo(2))
		Expect(w.Requests("")).To(ContainElement(And(HaveField("Absent", true), HaveField("Path", "/v1.0/me/messages"))))
	})

	It("strikes before the effect [GS-SIM-03]", func() {
		id := w.user("alice")
		Expect(sim(http.MethodPost, "/faults", `{"kind":"status","status":503,"retryAfter":7,"method":"PATCH","path":"/users/{id}","count":1}`).status).To(Equal(http.StatusOK))
		a := w.patch(id, `{"accountEnabled":false}`)
		refused(503, "ServiceNotAvailable")(a)
		Expect(a.header.Get("Retry-After")).To(Equal("7"))
		Expect(w.effects()).To(BeEmpty())
		Expect(w.patch(id, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
		Expect(w.Faults()).To(ConsistOf(HaveField("Injected", 1)))
	})

	It("strikes requests whose query says something [GS-SIM-03]", func() {
		_, err := w.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Path: "/users", Query: "MobilePhone"})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.get("/users?$select=id,mobilePhone").status).To(Equal(http.StatusServiceUnavailable))
		Expect(w.get("/users?$select=id").status).To(Equal(http.StatusOK))
	})

	DescribeTable("strikes after the effect [GS-SIM-03]", func(fault graphsim.Fault) {
		id := w.user("alice")
		fault.After, fault.Count = true, 1
		_, err := w.AddFault(fault)
		Expect(err).NotTo(HaveOccurred())
		a, err := w.tryCall(http.MethodPatch, "/users/"+id, `{"accountEnabled":false}`)
		if fault.Kind == graphsim.FaultReset {
			Expect(err).To(HaveOccurred())
		} else {
			Expect(a.status).To(Equal(http.StatusServiceUnavailable))
		}
		Expect(w.effects()).To(HaveKeyWithValue(graphsim.EffectBlock, uint64(1)))
		Expect(w.Requests(w.tenant)).To(ContainElement(HaveField("Fault", string(fault.Kind))))
	},
		Entry("with a status", graphsim.Fault{Kind: graphsim.FaultStatus}),
		Entry("with a reset", graphsim.Fault{Kind: graphsim.FaultReset}),
	)

	It("strikes at a rate, at the token endpoint, and until told to stop [GS-SIM-03]", func() {
		id, err := w.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Rate: 0.3})
		Expect(err).NotTo(HaveOccurred())
		failed := 0
		for range 200 {
			if w.get("/organization").status == http.StatusServiceUnavailable {
				failed++
			}
		}
		Expect(failed).To(BeNumerically("~", 60, 25))
		Expect(w.Faults()[0].Injected).To(Equal(failed))
		Expect(w.RemoveFault(id)).To(BeTrue())
		_, err = w.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Path: "/oauth2/v2.0/token"})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.token(w.tenant, nil).status).To(Equal(http.StatusServiceUnavailable))
		Expect(w.get("/organization").status).To(Equal(http.StatusOK))
		Expect(sim(http.MethodDelete, "/faults", "").status).To(Equal(http.StatusNoContent))
		Expect(w.token(w.tenant, nil).status).To(Equal(http.StatusOK))
		Expect(sim(http.MethodPost, "/faults", `{"kind":"nonsense"}`).status).To(Equal(http.StatusBadRequest))
	})

	It("hangs one tenant only [GS-SIM-04]", func() {
		other, err := w.AddTenant(graphsim.TenantSpec{DisplayName: "Other"})
		Expect(err).NotTo(HaveOccurred())
		_, err = w.AddFault(graphsim.Fault{Kind: graphsim.FaultHang, Tenant: w.tenant})
		Expect(err).NotTo(HaveOccurred())
		ctx, cancel := context.WithCancel(context.Background())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL()+"/v1.0/organization", nil)
		Expect(err).NotTo(HaveOccurred())
		req.Header.Set("Authorization", "Bearer "+w.bearer)
		done := make(chan error, 1)
		go func() {
			_, err := w.http.Do(req)
			done <- err
		}()
		Eventually(func() int { return w.Faults()[0].Injected }).Should(Equal(1))
		w.bearer = w.token(other, nil).body["access_token"].(string)
		Expect(w.get("/organization").status).To(Equal(http.StatusOK))
		Consistently(done, "50ms").ShouldNot(Receive())
		cancel()
		Eventually(done).Should(Receive(MatchError(context.Canceled)))
	})

	It("makes the same world from the same seed [GS-SIM-05]", func() {
		describe := func(seed uint64) string {
			s, err := graphsim.New(graphsim.Options{Seed: seed, Tenants: 3, Users: 40, Clock: w.clock})
			Expect(err).NotTo(HaveOccurred())
			out := fmt.Sprint(s.ClientID(), s.ClientSecret(), s.Tenants())
			for _, t := range s.Tenants() {
				users, err := s.UserIDs(t.ID)
				Expect(err).NotTo(HaveOccurred())
				for _, id := range users {
					state, err := s.User(t.ID, id)
					Expect(err).NotTo(HaveOccurred())
					raw, err := json.Marshal(state)
					Expect(err).NotTo(HaveOccurred())
					out += string(raw)
				}
			}
			return out
		}
		Expect(describe(1)).To(Equal(describe(1)))
		Expect(describe(1)).NotTo(Equal(describe(2)))
	})

	It("steps its clock from outside [GS-SIM-06]", func() {
		Expect(sim(http.MethodPost, "/clock", `{"step":"90m"}`).body).To(HaveKeyWithValue("now", "2026-03-02T10:30:00Z"))
		Expect(sim(http.MethodGet, "/clock", "").body).To(HaveKeyWithValue("now", "2026-03-02T10:30:00Z"))
		Expect(sim(http.MethodPost, "/clock", `{"step":"-1m"}`).status).To(Equal(http.StatusBadRequest))
	})

	It("lets outsiders act without leaving effects [GS-SIM-07]", func() {
		id := w.user("alice")
		path := "/tenants/contoso.example/users/alice@contoso.example"
		Expect(sim(http.MethodPatch, path, `{"accountEnabled":false,"displayName":"Renamed","passwordProfile":{"forceChangePasswordNextSignIn":true}}`).status).To(Equal(http.StatusNoContent))
		Expect(sim(http.MethodGet, path, "").body).To(And(HaveKeyWithValue("forceChangePasswordNextSignIn", true), HaveKeyWithValue("deleted", false)))
		Expect(w.get("/users/" + id + "?$select=accountEnabled,displayName").body).To(And(HaveKeyWithValue("accountEnabled", false), HaveKeyWithValue("displayName", "Renamed")))
		w.Step(time.Minute)
		Expect(sim(http.MethodPost, path+"/changePassword", "").status).To(Equal(http.StatusNoContent))
		Expect(w.get("/users/" + id + "?$select=lastPasswordChangeDateTime").body).To(HaveKeyWithValue("lastPasswordChangeDateTime", "2026-03-02T09:01:00Z"))
		Expect(sim(http.MethodDelete, path, "").status).To(Equal(http.StatusNoContent))
		Expect(sim(http.MethodPost, "/tenants/"+w.tenant+"/users/"+id+"/restore", "").status).To(Equal(http.StatusNoContent))
		Expect(sim(http.MethodPatch, path, `{"colour":"red"}`).status).To(Equal(http.StatusBadRequest))
		Expect(sim(http.MethodPut, "/tenants/"+w.tenant+"/roles/Global%20Administrator/"+id, "").status).To(Equal(http.StatusNoContent))
		refused(403, "Authorization_RequestDenied")(w.patch(id, `{"accountEnabled":true}`))
		Expect(sim(http.MethodDelete, "/tenants/"+w.tenant+"/roles/Global%20Administrator/"+id, "").status).To(Equal(http.StatusNoContent))
		Expect(w.effects()).To(BeEmpty())
		app := "/tenants/" + w.tenant + "/apps/" + w.ClientID()
		Expect(sim(http.MethodPut, app, `{"permissions":["User.Read.All"]}`).status).To(Equal(http.StatusNoContent))
		w.renew()
		refused(403, "Authorization_RequestDenied")(w.patch(id, `{"accountEnabled":true}`))
		Expect(sim(http.MethodDelete, app, "").status).To(Equal(http.StatusNoContent))
		Expect(w.token(w.tenant, nil).status).To(Equal(http.StatusBadRequest))
		Expect(sim(http.MethodPut, "/apps/"+w.ClientID()+"/secrets/"+w.ClientSecret(), `{"expires":"2026-01-01T00:00:00Z"}`).status).To(Equal(http.StatusNoContent))
	})

	It("keeps a journal that can be searched [GS-SIM-08]", func() {
		id := w.user("alice")
		w.get("/users?$select=id")
		w.patch(id, `{"mobilePhone":"+49-canary","accountEnabled":false}`)
		w.patch("nobody", `{"accountEnabled":false}`)
		a := sim(http.MethodGet, "/requests?tenant="+w.tenant+"&method=patch", "")
		var entries []graphsim.Entry
		Expect(json.Unmarshal([]byte(a.raw), &entries)).To(Succeed())
		Expect(entries).To(HaveLen(2))
		Expect(entries[0]).To(And(HaveField("Template", "/users/{id}"), HaveField("Status", 204), HaveField("RU", 1), HaveField("Fields", []string{"accountEnabled", "mobilePhone"})))
		Expect(entries[1]).To(And(HaveField("Status", 404), HaveField("Code", "Request_ResourceNotFound")))
		Expect(a.raw).NotTo(ContainSubstring("canary"))
		Expect(sim(http.MethodGet, fmt.Sprintf("/requests?since=%d", entries[1].Seq), "").raw).To(Equal("[]\n"))
		counters := sim(http.MethodGet, "/counters?tenant="+w.tenant, "").body
		Expect(counters["byPath"]).To(And(HaveKeyWithValue("GET /users", 1.0), HaveKeyWithValue("PATCH /users/{id}", 2.0)))
		Expect(counters["userEffects"]).To(HaveKey(id))
	})

	It("notes when a request arrived, however long it is held up [GS-SIM-08]", func() {
		id := w.user("alice")
		w.clock.Step(123456789)
		_, err := w.AddFault(graphsim.Fault{Kind: graphsim.FaultDelay, Method: http.MethodPatch, DelaySeconds: 5})
		Expect(err).NotTo(HaveOccurred())
		done := make(chan answer, 1)
		go func() {
			defer GinkgoRecover()
			done <- w.patch(id, `{"accountEnabled":false}`)
		}()
		Eventually(w.clock.HasWaiters).Should(BeTrue())
		w.clock.Step(5 * time.Second)
		var a answer
		Eventually(done).Should(Receive(&a))
		Expect(a.status).To(Equal(http.StatusNoContent))
		a = sim(http.MethodGet, "/requests?method=patch", "")
		var entries []graphsim.Entry
		Expect(json.Unmarshal([]byte(a.raw), &entries)).To(Succeed())
		Expect(entries).To(ConsistOf(HaveField("Time", start.Add(123456789))))
	})

	It("keeps budgets or not, as it is told while it runs [GS-SIM-18]", func() {
		spend := func() int { // the refusals of twelve requests, where 5 in 10 s are allowed
			refusals := 0
			for range 12 {
				if w.get("/reports/authenticationMethods/userRegistrationDetails").status == http.StatusTooManyRequests {
					refusals++
				}
			}
			return refusals
		}
		Expect(sim(http.MethodGet, "/throttling", "").body).To(HaveKeyWithValue("enabled", true))
		Expect(sim(http.MethodPut, "/throttling", `{"enabled":false}`).status).To(Equal(http.StatusNoContent))
		Expect(spend()).To(BeZero())
		Expect(sim(http.MethodPut, "/throttling", `{"enabled":true}`).status).To(Equal(http.StatusNoContent))
		Expect(spend()).To(Equal(7))
		Expect(w.Throttling()).To(BeTrue())
		Expect(sim(http.MethodPut, "/throttling", `{"off":true}`).status).To(Equal(http.StatusBadRequest))
	})

	It("lists every rule once", func() {
		seen := map[string]bool{}
		for _, r := range graphsim.Rules() {
			Expect(seen).NotTo(HaveKey(r.ID))
			Expect(r.Text).To(HaveSuffix("."), r.ID)
			seen[r.ID] = true
		}
		Expect(strings.Count(sim(http.MethodGet, "/rules", "").raw, "GS-")).To(Equal(len(seen)))
	})
})
