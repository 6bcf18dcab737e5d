package graphsim_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("The on-premises sync engine", func() {
	var (
		w  *world
		id string
	)
	BeforeEach(func() {
		w = newWorld()
		id = w.user("heidi", map[string]any{
			"onPremisesSyncEnabled": true, "onPremisesSamAccountName": "heidi", "onPremisesDomainName": "ad.contoso.example", "jobTitle": "Clerk",
		})
		Expect(w.SetSync(w.tenant, graphsim.SyncConnect)).To(Succeed())
	})
	shown := func() map[string]any {
		GinkgoHelper()
		w.renew()
		a := w.get("/users/" + id + "?$select=accountEnabled,jobTitle,userPrincipalName,onPremisesLastSyncDateTime")
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		return a.body
	}

	DescribeTable("writes back what Active Directory says, accountEnabled too [GS-SYNC-01]",
		func(client graphsim.SyncClient, interval time.Duration) {
			Expect(w.SetSync(w.tenant, client)).To(Succeed())
			Expect(w.patch(id, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
			w.Step(interval - time.Second)
			Expect(shown()).To(HaveKeyWithValue("accountEnabled", false))
			w.Step(time.Second)
			Expect(shown()).To(And(HaveKeyWithValue("accountEnabled", true),
				HaveKeyWithValue("onPremisesLastSyncDateTime", start.Add(interval).Format(time.RFC3339))))
			Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectBlock: 1}))
			Expect(w.patch(id, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
			w.Step(interval)
			Expect(shown()).To(HaveKeyWithValue("accountEnabled", true))
		},
		Entry("Connect Sync every 30 minutes", graphsim.SyncConnect, 30*time.Minute),
		Entry("Cloud Sync every 2 minutes", graphsim.SyncCloudSync, 2*time.Minute),
	)

	It("leaves alone what is mastered in the cloud, and touches nothing without need [GS-SYNC-02]", func() {
		cloud := w.user("ingrid")
		Expect(w.patch(id, `{"usageLocation":"AT"}`).status).To(Equal(http.StatusNoContent))
		Expect(w.patch(cloud, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
		w.Step(time.Hour)
		w.renew()
		Expect(w.get("/users/" + id + "?$select=usageLocation,onPremisesLastSyncDateTime").body).
			To(And(HaveKeyWithValue("usageLocation", "AT"), HaveKeyWithValue("onPremisesLastSyncDateTime", BeNil())))
		Expect(w.get("/users/" + cloud + "?$select=accountEnabled").body).To(HaveKeyWithValue("accountEnabled", false))
		Expect(w.Sync(w.tenant)).To(And(HaveField("Cycles", BeEquivalentTo(2)), HaveField("Writes", BeZero()), HaveField("Pending", BeZero())))
	})

	It("brings changes of Active Directory with the next cycle [GS-SYNC-03]", func() {
		Expect(w.PatchOnPremises(w.tenant, id, map[string]any{"accountEnabled": false, "jobTitle": "Manager"})).To(Succeed())
		Expect(shown()).To(And(HaveKeyWithValue("accountEnabled", true), HaveKeyWithValue("jobTitle", "Clerk")))
		Expect(w.Synchronize(w.tenant)).To(Equal(1))
		Expect(shown()).To(And(HaveKeyWithValue("accountEnabled", false), HaveKeyWithValue("jobTitle", "Manager")))
		Expect(w.User(w.tenant, id)).To(HaveField("OnPremisesEnabled", HaveValue(BeFalse())))
		Expect(w.patch(id, `{"accountEnabled":true}`).status).To(Equal(http.StatusNoContent))
		Expect(w.Synchronize(w.tenant)).To(Equal(1))
		Expect(shown()).To(HaveKeyWithValue("accountEnabled", false))
		Expect(w.PatchOnPremises(w.tenant, id, map[string]any{"usageLocation": "CH"})).To(MatchError(ContainSubstring("not mastered")))
		Expect(w.PatchOnPremises(w.tenant, w.user("ingrid"), map[string]any{"jobTitle": "x"})).To(MatchError(ContainSubstring("not synced")))
	})

	It("keeps a principal name that somebody else holds [GS-SYNC-03]", func() {
		w.user("wanted")
		Expect(w.PatchOnPremises(w.tenant, id, map[string]any{"userPrincipalName": "wanted@contoso.example", "jobTitle": "Manager"})).To(Succeed())
		Expect(w.Synchronize(w.tenant)).To(Equal(1))
		Expect(shown()).To(And(HaveKeyWithValue("userPrincipalName", "heidi@contoso.example"), HaveKeyWithValue("jobTitle", "Manager")))
	})

	It("deletes and restores what Active Directory does, and nothing that the cloud deleted [GS-SYNC-04]", func() {
		Expect(w.DeleteOnPremises(w.tenant, id)).To(Succeed())
		Expect(w.Synchronize(w.tenant)).To(Equal(1))
		refused(404, "Request_ResourceNotFound")(w.get("/users/" + id))
		Expect(w.RestoreOnPremises(w.tenant, id)).To(Succeed())
		Expect(w.Synchronize(w.tenant)).To(Equal(1))
		Expect(shown()).To(HaveKeyWithValue("accountEnabled", true))
		Expect(w.DeleteUser(w.tenant, id)).To(Succeed())
		Expect(w.Synchronize(w.tenant)).To(BeZero())
		refused(404, "Request_ResourceNotFound")(w.get("/users/" + id))
	})

	It("catches up with a clock stepped by days in one cycle of writes [GS-SYNC-05]", func() {
		Expect(w.patch(id, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
		w.Step(72*time.Hour + time.Minute)
		Expect(shown()).To(HaveKeyWithValue("onPremisesLastSyncDateTime", start.Add(30*time.Minute).Format(time.RFC3339)))
		st, err := w.Sync(w.tenant)
		Expect(err).NotTo(HaveOccurred())
		Expect(st).To(And(HaveField("Cycles", BeEquivalentTo(144)), HaveField("Writes", BeEquivalentTo(1)),
			HaveField("Last", start.Add(72*time.Hour)), HaveField("Next", start.Add(72*time.Hour+30*time.Minute))))
		org := w.get("/organization").values()[0]
		Expect(org).To(And(HaveKeyWithValue("onPremisesSyncEnabled", true), HaveKeyWithValue("onPremisesLastSyncDateTime", "2026-03-05T09:00:00Z")))
	})

	It("shows in delta [GS-SYNC-06]", func() {
		_, last := w.all("/users/delta?$select=accountEnabled,onPremisesLastSyncDateTime")
		link := last.link("deltaLink")
		Expect(w.patch(id, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
		values, last := w.all(link)
		Expect(values).To(ConsistOf(And(HaveKeyWithValue("id", id), HaveKeyWithValue("accountEnabled", false))))
		w.Step(30 * time.Minute)
		values, _ = w.all(last.link("deltaLink"))
		Expect(values).To(ConsistOf(And(HaveKeyWithValue("id", id), HaveKeyWithValue("accountEnabled", true),
			HaveKeyWithValue("onPremisesLastSyncDateTime", "2026-03-02T09:30:00Z"))))
	})

	It("is driven from outside [GS-SYNC-07]", func() {
		sim := func(method, path, body string) answer {
			GinkgoHelper()
			return w.send(method, w.URL()+"/_sim/tenants/"+w.tenant+path, body, nil)
		}
		Expect(sim(http.MethodPut, "/sync", `{"client":"CloudSync"}`).status).To(Equal(http.StatusNoContent))
		Expect(sim(http.MethodGet, "/sync", "").body).To(And(HaveKeyWithValue("client", "CloudSync"), HaveKeyWithValue("next", "2026-03-02T09:02:00Z")))
		Expect(sim(http.MethodPatch, "/users/"+id+"/onPremises", `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
		Expect(sim(http.MethodPost, "/sync", "").body).To(HaveKeyWithValue("changed", 1.0))
		Expect(shown()).To(HaveKeyWithValue("accountEnabled", false))
		Expect(sim(http.MethodDelete, "/users/"+id+"/onPremises", "").status).To(Equal(http.StatusNoContent))
		Expect(sim(http.MethodPost, "/users/"+id+"/onPremises/restore", "").status).To(Equal(http.StatusNoContent))
		Expect(sim(http.MethodPost, "/sync", "").body).To(HaveKeyWithValue("changed", 0.0))
		Expect(sim(http.MethodPut, "/sync", `{"client":"Carrier pigeon"}`).status).To(Equal(http.StatusBadRequest))
		Expect(sim(http.MethodPut, "/sync", `{"client":""}`).status).To(Equal(http.StatusNoContent))
		Expect(sim(http.MethodPost, "/sync", "").status).To(Equal(http.StatusBadRequest))
	})
})
