package graphsim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("A fault that spoils answers", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })
	arm := func(f graphsim.Fault) {
		GinkgoHelper()
		_, err := w.AddFault(f)
		Expect(err).NotTo(HaveOccurred())
	}

	const block = `{"accountEnabled":false}`

	// What a client gets of a PATCH, which has no body of its own, and of a page.
	spoilt := map[graphsim.FaultKind]func(a answer, err error){
		graphsim.FaultHalfClosed: func(_ answer, err error) {
			Expect(err).To(HaveOccurred())
			Expect(err).NotTo(BeAssignableToTypeOf(&json.SyntaxError{}))
		},
		graphsim.FaultCorrupt: func(_ answer, err error) {
			Expect(err).To(BeAssignableToTypeOf(&json.SyntaxError{}))
		},
		graphsim.FaultContentType: func(a answer, err error) {
			Expect(err).NotTo(HaveOccurred())
			Expect(a.status).To(Equal(http.StatusOK))
			Expect(a.header.Get("Content-Type")).To(HavePrefix("text/html"))
			Expect(a.raw).To(ContainSubstring(`<form method="post"`))
		},
		graphsim.FaultHuge: func(a answer, err error) {
			Expect(err).NotTo(HaveOccurred())
			Expect(a.status).To(Equal(http.StatusOK))
			Expect(len(a.raw)).To(BeNumerically(">", 200_000))
			Expect(a.body).NotTo(BeEmpty(), "it is JSON still")
		},
	}
	for kind, check := range spoilt {
		for _, after := range []bool{false, true} {
			label := string(kind)
			if after {
				label += "/after"
			}
			It("does so, and is counted: "+label+" [GS-SIM-22] [GS-SIM-03]", func() {
				id := w.user("alice")
				arm(graphsim.Fault{Kind: kind, After: after, Count: 2, Bytes: 200_000})
				check(w.tryCall(http.MethodPatch, "/users/"+id, block))
				check(w.tryCall(http.MethodGet, "/users", ""))

				if after {
					Expect(w.effects()).To(HaveKeyWithValue(graphsim.EffectBlock, uint64(1)))
				} else {
					Expect(w.effects()).To(BeEmpty())
				}
				Expect(w.Requests(w.tenant)).To(HaveEach(And(HaveField("Fault", string(kind)), HaveField("FaultAfter", after))))
				Expect(w.RemoveFault(0)).To(BeTrue())
				Expect(w.Counters("").Faults).To(Equal(map[string]uint64{label: 2}))
				Expect(w.get("/users").values()).To(HaveLen(1))
			})
		}
	}

	It("spoils the refusal that the request would have met [GS-SIM-22]", func() {
		arm(graphsim.Fault{Kind: graphsim.FaultContentType, After: true, Count: 1})
		a := w.patch("nobody@contoso.example", block)
		Expect(a.status).To(Equal(http.StatusOK))
		Expect(w.Requests(w.tenant)).To(ContainElement(HaveField("Code", "Request_ResourceNotFound")))
	})

	It("leads in a circle, of pages only [GS-SIM-22]", func() {
		id := w.user("alice")
		arm(graphsim.Fault{Kind: graphsim.FaultLoop, Count: 2})
		Expect(w.patch(id, block).status).To(Equal(http.StatusNoContent))
		first := w.get("/users?$select=id")
		Expect(first.values()).To(BeEmpty())
		Expect(first.link("nextLink")).To(HaveSuffix("/v1.0/users?$select=id"))
		Expect(w.get(first.link("nextLink")).link("nextLink")).To(Equal(first.link("nextLink")))
		Expect(w.get(first.link("nextLink")).values()).To(HaveLen(1))
		Expect(w.Counters(w.tenant).Faults).To(HaveKeyWithValue("loop", uint64(2)))
	})

	DescribeTable("strikes the login host [GS-SIM-22] [GS-SIM-03]", func(f graphsim.Fault, check func(a answer, err error)) {
		ask := func(path string) (answer, error) {
			method := http.MethodGet
			form := ""
			if strings.HasSuffix(path, "/token") {
				method, form = http.MethodPost, "grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&client_id="+w.ClientID()+"&client_secret="+w.ClientSecret()
			}
			return w.try(method, w.URL()+"/"+w.tenant+path, form, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
		}
		f.Count = 1
		for _, path := range []string{"/oauth2/v2.0/token", "/v2.0/.well-known/openid-configuration"} {
			f.Path = path
			arm(f)
			check(ask(path))
			a, err := ask(path)
			Expect(err).NotTo(HaveOccurred())
			Expect(a.status).To(Equal(http.StatusOK))
		}
		Expect(w.Counters(w.tenant).Faults).To(HaveLen(1))
		for _, n := range w.Counters(w.tenant).Faults {
			Expect(n).To(BeEquivalentTo(2))
		}
	},
		Entry("with a page of a proxy", graphsim.Fault{Kind: graphsim.FaultContentType}, spoilt[graphsim.FaultContentType]),
		Entry("with what is no JSON", graphsim.Fault{Kind: graphsim.FaultCorrupt, After: true}, spoilt[graphsim.FaultCorrupt]),
		Entry("with half of an answer", graphsim.Fault{Kind: graphsim.FaultHalfClosed, After: true}, spoilt[graphsim.FaultHalfClosed]),
		Entry("with a reset", graphsim.Fault{Kind: graphsim.FaultReset}, func(_ answer, err error) { Expect(err).To(HaveOccurred()) }),
		Entry("with an outage", graphsim.Fault{Kind: graphsim.FaultStatus}, func(a answer, err error) {
			Expect(err).NotTo(HaveOccurred())
			Expect(a.status).To(Equal(http.StatusServiceUnavailable))
		}),
	)

	It("strikes parts of a batch [GS-SIM-22] [GS-BATCH-08]", func() {
		arm(graphsim.Fault{Kind: graphsim.FaultCorrupt, Path: "/users", After: true, Count: 1})
		a := w.call(http.MethodPost, "/$batch", `{"requests":[{"id":"1","method":"GET","url":"/users"}]}`)
		Expect(a.status).To(Equal(http.StatusOK))
		Expect(w.Counters(w.tenant).Faults).To(HaveKeyWithValue("corrupt/after", uint64(1)))
	})
})

var _ = Describe("A clock that is set", func() {
	sim := func(w *world, path, body string) answer {
		GinkgoHelper()
		return w.send(http.MethodPost, w.URL()+"/_sim"+path, body, nil)
	}
	stamp := func(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

	It("is ahead or behind from the start [GS-SIM-23]", func() {
		w := newWorld(func(o *graphsim.Options) { o.ClockOffset = -10 * time.Minute })
		Expect(w.Now()).To(Equal(start.Add(-10 * time.Minute)))
		Expect(w.get("/users").header.Get("Date")).To(Equal(stamp(start.Add(-10 * time.Minute))))
	})

	It("changes what comes, and not what was [GS-SIM-23]", func() {
		w := newWorld()
		id := w.user("alice")
		moved := func() any {
			GinkgoHelper()
			Expect(w.call(http.MethodPost, "/users/"+id+"/revokeSignInSessions", "").status).To(Equal(http.StatusOK))
			return w.get("/users/" + id + "?$select=signInSessionsValidFromDateTime").body["signInSessionsValidFromDateTime"]
		}
		Expect(moved()).To(Equal(start.Format(time.RFC3339)))
		created := w.get("/users/" + id + "?$select=createdDateTime").body

		Expect(sim(w, "/clock", `{"skew":"10m"}`).status).To(Equal(http.StatusOK))
		Expect(moved()).To(Equal(start.Add(10 * time.Minute).Format(time.RFC3339)))

		Expect(sim(w, "/clock", `{"skew":"-20m"}`).status).To(Equal(http.StatusOK))
		refused(401, "InvalidAuthenticationToken")(w.get("/users")) // it is not valid yet
		w.renew()
		Expect(moved()).To(Equal(start.Add(-10 * time.Minute).Format(time.RFC3339)))
		Expect(w.get("/users/" + id + "?$select=createdDateTime").body).To(Equal(created))
		Expect(w.clock.Now()).To(Equal(start), "the machine's clock stays")
	})

	It("neither hides changes for longer, nor refuses for longer [GS-SIM-23]", func() {
		w := newWorld(func(o *graphsim.Options) {
			o.Quirks = graphsim.Quirks{DeltaLag: time.Minute, ReadLag: time.Minute, ReadStale: 1}
		})
		id := w.user("alice")
		w.Step(time.Hour)
		w.renew()
		_, last := w.all("/users/delta?$select=id,jobTitle")
		for range 2999 {
			Expect(w.patch(id, `{"jobTitle":"x"}`).status).To(Equal(http.StatusNoContent))
		}
		Expect(w.patch(id, `{"jobTitle":"new"}`).status).To(Equal(http.StatusNoContent))
		refused(429, "TooManyRequests")(w.patch(id, `{"jobTitle":"newer"}`))
		Expect(w.get("/users/" + id + "?$select=jobTitle").body["jobTitle"]).NotTo(Equal("new"))

		w.Skew(-30 * time.Minute)
		w.renew()
		Expect(w.patch(id, `{"mobilePhone":"1"}`).status).To(Equal(http.StatusNoContent))
		w.Step(time.Minute + time.Second)
		Expect(w.get("/users/" + id + "?$select=jobTitle").body["jobTitle"]).To(Equal("new"))
		changed, _ := w.all(last.link("deltaLink"))
		Expect(changed).To(ConsistOf(HaveKeyWithValue("jobTitle", "new")))
	})

	It("shows nothing again that was over [GS-SIM-23]", func() {
		w := newWorld(func(o *graphsim.Options) {
			o.Quirks = graphsim.Quirks{DeltaLag: time.Minute, ReadLag: time.Minute, ReadStale: 1}
		})
		id := w.user("alice", map[string]any{"jobTitle": "old"})
		title := func() any { return w.get("/users/" + id + "?$select=jobTitle").body["jobTitle"] }
		w.Step(time.Hour)
		w.renew()
		Expect(w.patch(id, `{"jobTitle":"new"}`).status).To(Equal(http.StatusNoContent))
		Expect(title()).To(Equal("old"))
		w.Step(2 * time.Minute)
		Expect(title()).To(Equal("new"))

		w.Skew(-30 * time.Minute)
		w.renew()
		Expect(title()).To(Equal("new"))
		all, _ := w.all("/users/delta?$select=id,jobTitle")
		Expect(all).To(ContainElement(HaveKeyWithValue("jobTitle", "new")))
	})

	DescribeTable("is told what to do [GS-SIM-23] [GS-SIM-06]", func(body string) {
		w := newWorld()
		Expect(sim(w, "/clock", body).status).To(Equal(http.StatusBadRequest))
		Expect(w.Now()).To(Equal(start))
	},
		Entry("one thing", `{"step":"1m","skew":"1m"}`),
		Entry("something", `{}`),
		Entry("a time", `{"skew":"soon"}`),
		Entry("no time that passes backwards", `{"step":"-1m"}`),
	)
})

var _ = Describe("What Microsoft handed out", func() {
	It("ends when delta tokens expire in mid-run [GS-SIM-24] [GS-DELTA-11] [GS-GDELTA-09]", func() {
		w := newWorld()
		w.user("alice")
		other, err := w.AddTenant(graphsim.TenantSpec{DisplayName: "Other"})
		Expect(err).NotTo(HaveOccurred())
		_, users := w.all("/users/delta")
		_, groups := w.all("/groups/delta")

		Expect(w.send(http.MethodPost, w.URL()+"/_sim/tenants/"+w.tenant+"/delta/expire", "", nil).status).To(Equal(http.StatusNoContent))
		refused(410, "resyncRequired")(w.get(users.link("deltaLink")))
		refused(400, "syncStateNotFound")(w.get(groups.link("deltaLink")))
		Expect(w.Counters(w.tenant).DeltaExpired).To(BeEquivalentTo(2))
		Expect(w.Counters(other).DeltaExpired).To(BeZero())

		values, again := w.all("/users/delta")
		Expect(values).To(HaveLen(1))
		Expect(w.get(again.link("deltaLink")).status).To(Equal(http.StatusOK))
	})

	It("ends when access tokens are revoked, of that tenant only [GS-SIM-24] [GS-AUTH-11]", func() {
		w := newWorld()
		other, err := w.AddTenant(graphsim.TenantSpec{DisplayName: "Other"})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.send(http.MethodPost, w.URL()+"/_sim/tenants/"+w.tenant+"/tokens/revoke", "", nil).status).To(Equal(http.StatusNoContent))
		refused(401, "InvalidAuthenticationToken")(w.get("/users"))
		w.renew()
		Expect(w.get("/users").status).To(Equal(http.StatusOK))
		Expect(w.RevokeTokens(other)).To(Succeed())
		Expect(w.get("/users").status).To(Equal(http.StatusOK))
		Expect(w.RevokeTokens("nowhere")).To(MatchError(`no tenant "nowhere"`))
		Expect(w.ExpireDelta("nowhere")).To(MatchError(`no tenant "nowhere"`))
	})

	It("is refused by number [GS-SIM-24] [GS-AUTH-03] [GS-AUTH-04] [GS-AUTH-05]", func() {
		w := newWorld()
		Expect(w.SetSecret(w.ClientID(), w.ClientSecret(), start.Add(-time.Second))).To(Succeed())
		Expect(w.token(w.tenant, nil).status).To(Equal(http.StatusUnauthorized))
		Expect(w.RemoveSecret(w.ClientID(), w.ClientSecret())).To(Succeed())
		Expect(w.token(w.tenant, nil).status).To(Equal(http.StatusUnauthorized))
		Expect(w.RevokeGrant(w.tenant, w.ClientID())).To(Succeed())
		Expect(w.token(w.tenant, nil).status).To(Equal(http.StatusBadRequest))
		Expect(w.token(w.tenant, nil).status).To(Equal(http.StatusBadRequest))
		Expect(w.Counters(w.tenant).TokenRefusals).To(Equal(map[int]uint64{7000222: 1, 7000215: 1, 700016: 2}))
		Expect(w.Counters("").TokenFailures).To(BeEquivalentTo(4))
	})
})
