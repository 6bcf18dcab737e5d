package graphsim_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("The manager of a user", func() {
	var (
		w        *world
		id, boss string
	)
	BeforeEach(func() {
		w = newWorld()
		id, boss = w.user("alice"), w.user("boss")
	})
	assign := func(address string) answer {
		GinkgoHelper()
		return w.call(http.MethodPut, "/users/"+id+"/manager/$ref", `{"@odata.id":"`+address+`"}`)
	}
	manager := func() any { return w.get("/users/" + id + "/manager?$select=id").body["id"] }

	It("is shown, and where it is [GS-MANAGER-01]", func() {
		a := w.get("/users/" + id + "/manager")
		refused(404, "Request_ResourceNotFound")(a)
		Expect(a.message()).To(HavePrefix("Resource 'manager' does not exist"))
		refused(404, "Request_ResourceNotFound")(w.get("/users/nobody@contoso.example/manager"))
		refused(404, "Request_ResourceNotFound")(w.get("/users/" + id + "/manager/$ref"))
		Expect(assign(w.URL() + "/v1.0/users/" + boss).status).To(Equal(http.StatusNoContent))
		a = w.get("/users/alice@contoso.example/manager")
		Expect(a.body).To(And(HaveKeyWithValue("@odata.type", "#microsoft.graph.user"), HaveKeyWithValue("userPrincipalName", "boss@contoso.example"), HaveKey("jobTitle")))
		Expect(w.get("/users/" + id + "/manager?$select=displayName").body).To(And(HaveKeyWithValue("displayName", "boss"), Not(HaveKey("id"))))
		Expect(w.get("/users/" + id + "/manager/$ref").body).To(HaveKeyWithValue("@odata.id", HaveSuffix("/directoryObjects/"+boss+"/Microsoft.DirectoryServices.User")))
	})

	DescribeTable("is assigned by any address of it [GS-MANAGER-02]", func(address func() string) {
		Expect(assign(address()).status).To(Equal(http.StatusNoContent))
		Expect(manager()).To(Equal(boss))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectManager: 1}))
		Expect(assign(address()).status).To(Equal(http.StatusNoContent))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectManager: 1}), "it was so already")
		Expect(w.call(http.MethodDelete, "/users/"+id+"/manager/$ref", "").status).To(Equal(http.StatusNoContent))
		Expect(manager()).To(BeNil())
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectManager: 2}))
		refused(404, "Request_ResourceNotFound")(w.call(http.MethodDelete, "/users/"+id+"/manager/$ref", ""))
	},
		Entry("Microsoft's", func() string { return "https://graph.microsoft.com/v1.0/users/" + boss }),
		Entry("by principal name", func() string { return "https://graph.microsoft.com/v1.0/users/boss@contoso.example" }),
		Entry("with a key in parentheses", func() string { return "https://graph.microsoft.com/v1.0/users('" + boss + "')" }),
		Entry("of a directory object", func() string { return "https://graph.microsoft.com/v1.0/directoryObjects/" + boss }),
		Entry("of beta", func() string { return "https://graph.microsoft.com/beta/users/" + boss }),
		Entry("of another cloud", func() string { return "https://dod-graph.microsoft.us/v1.0/users/" + boss }),
		Entry("the simulator's", func() string { return w.URL() + "/v1.0/directoryObjects/" + boss }),
		Entry("the directory's own", func() string {
			return w.URL() + "/v2/" + w.tenant + "/directoryObjects/" + boss + "/Microsoft.DirectoryServices.User"
		}),
	)

	It("is taken by no other address, and nobody is their own [GS-MANAGER-03]", func() {
		group, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Sales"})
		Expect(err).NotTo(HaveOccurred())
		const graph = "https://graph.microsoft.com/v1.0/"
		for _, address := range []string{"", boss, "http://graph.microsoft.com/v1.0/users/" + boss, "https://example.com/v1.0/users/" + boss, graph + "groups/" + group, graph + "users"} {
			refused(400, "BadRequest")(assign(address))
		}
		refused(400, "BadRequest")(w.call(http.MethodPut, "/users/"+id+"/manager/$ref", "{"))
		refused(404, "Request_ResourceNotFound")(assign(graph + "users/nobody@contoso.example"))
		refused(400, "Request_BadRequest")(assign(graph + "directoryObjects/" + group))
		refused(400, "Request_BadRequest")(assign(graph + "users/" + id))
		refused(400, "Request_BadRequest")(w.patch(id, `{"manager":"`+boss+`"}`))
		refused(501, "NotSimulated")(w.call(http.MethodDelete, "/users/"+id+"/manager", ""))
		Expect(w.effects()).To(BeEmpty())
		w.grant([]string{"User.Read.All"})
		refused(403, "Authorization_RequestDenied")(assign(graph + "users/" + boss))
	})

	It("is mastered on premises for synced accounts [GS-MANAGER-04]", func() {
		Expect(w.SetSync(w.tenant, graphsim.SyncCloudSync)).To(Succeed())
		synced := w.user("synced", map[string]any{"onPremisesSyncEnabled": true, "manager": "boss@contoso.example"})
		for method, body := range map[string]string{http.MethodPut: `{"@odata.id":"https://graph.microsoft.com/v1.0/users/` + id + `"}`, http.MethodDelete: ""} {
			a := w.call(method, "/users/"+synced+"/manager/$ref", body)
			refused(400, "Request_BadRequest")(a)
			Expect(a.message()).To(ContainSubstring("on-premises mastered"))
		}
		Expect(w.PatchOnPremises(w.tenant, synced, map[string]any{"manager": id})).To(Succeed())
		w.Step(2 * time.Minute)
		Expect(w.get("/users/" + synced + "/manager").body).To(HaveKeyWithValue("id", id))
	})

	It("comes with accounts when asked [GS-MANAGER-05]", func() {
		Expect(w.PatchUser(w.tenant, id, map[string]any{"manager": "boss@contoso.example"})).To(Succeed())
		one := w.get("/users/" + id + "?$select=id&$expand=manager($select=id,displayName)")
		Expect(one.body).To(HaveKeyWithValue("manager", map[string]any{"@odata.type": "#microsoft.graph.user", "id": boss, "displayName": "boss"}))
		Expect(w.get("/users/" + id + "?$expand=manager").body).To(HaveKeyWithValue("manager", HaveKeyWithValue("userPrincipalName", "boss@contoso.example")))
		for _, query := range []string{"?$select=id,manager", ""} {
			Expect(w.get("/users/" + id + query).body).NotTo(HaveKey("manager"))
		}
		all, _ := w.all("/users?$top=1&$select=id&$expand=manager($select=id)")
		Expect(all).To(HaveExactElements(
			map[string]any{"id": id, "manager": map[string]any{"@odata.type": "#microsoft.graph.user", "id": boss}},
			map[string]any{"id": boss}), "every page")
		refused(400, "BadRequest")(w.get("/users?$expand=manager($select=id"))
		refused(400, "BadRequest")(w.get("/users?$expand=manager($select=colour)"))
		for _, other := range []string{"memberOf", "manager($levels=max)", "manager,directReports"} {
			refused(501, "NotSimulated")(w.get("/users/" + id + "?$expand=" + other))
		}
		refused(400, "Request_UnsupportedQuery")(w.get("/users?$filter=manager eq '" + boss + "'"))
	})

	It("has direct reports [GS-MANAGER-06]", func() {
		other := w.user("other", map[string]any{"manager": boss})
		Expect(assign("https://graph.microsoft.com/v1.0/users/" + boss).status).To(Equal(http.StatusNoContent))
		reports := w.get("/users/boss@contoso.example/directReports?$select=id")
		Expect(reports.values()).To(ConsistOf(
			map[string]any{"@odata.type": "#microsoft.graph.user", "id": id}, map[string]any{"@odata.type": "#microsoft.graph.user", "id": other}))
		paged, _ := w.all("/users/" + boss + "/directReports/graph.user?$top=1&$select=id")
		Expect(paged).To(ConsistOf(map[string]any{"id": id}, map[string]any{"id": other}))
		Expect(w.get("/users/" + id + "/directReports").values()).To(BeEmpty())
		Expect(remove(w, id).status).To(Equal(http.StatusNoContent))
		Expect(ids(w.get("/users/" + boss + "/directReports").values())).To(ConsistOf(other))
	})

	It("comes in delta when it changed [GS-MANAGER-07]", func() {
		led := w.user("led", map[string]any{"manager": boss})
		link := func(id string, more map[string]any) any {
			entry := map[string]any{"@odata.type": "#microsoft.graph.user", "id": id}
			for name, value := range more {
				entry[name] = value
			}
			return []any{entry}
		}
		_, blind := w.all("/users/delta?$select=id,displayName")
		first, last := w.all("/users/delta?$select=id,manager")
		Expect(first).To(ConsistOf(map[string]any{"id": id}, map[string]any{"id": boss}, map[string]any{"id": led, "manager@delta": link(boss, nil)}))
		Expect(assign("https://graph.microsoft.com/v1.0/users/" + led).status).To(Equal(http.StatusNoContent))
		Expect(w.call(http.MethodDelete, "/users/"+led+"/manager/$ref", "").status).To(Equal(http.StatusNoContent))
		Expect(w.patch(boss, `{"jobTitle":"Boss"}`).status).To(Equal(http.StatusNoContent))
		second, _ := w.all(last.link("deltaLink"))
		Expect(second).To(ConsistOf(
			map[string]any{"id": id, "manager@delta": link(led, nil)},
			map[string]any{"id": led, "manager@delta": link(boss, map[string]any{"@removed": map[string]any{"reason": "deleted"}})}))
		changes, _ := w.all(blind.link("deltaLink"))
		Expect(changes).To(BeEmpty(), "it was not selected")
	})

	It("goes with the manager and returns with them [GS-MANAGER-08]", func() {
		Expect(assign("https://graph.microsoft.com/v1.0/users/" + boss).status).To(Equal(http.StatusNoContent))
		Expect(remove(w, boss).status).To(Equal(http.StatusNoContent))
		refused(404, "Request_ResourceNotFound")(w.get("/users/" + id + "/manager"))
		Expect(w.get("/users/" + id + "?$expand=manager").body).NotTo(HaveKey("manager"))
		refused(404, "Request_ResourceNotFound")(assign("https://graph.microsoft.com/v1.0/users/" + boss))
		Expect(w.RestoreUser(w.tenant, boss)).To(Succeed())
		Expect(manager()).To(Equal(boss))
		Expect(w.PurgeUser(w.tenant, boss)).To(Succeed())
		Expect(manager()).To(BeNil())
		dump, err := w.Dump(w.tenant)
		Expect(err).NotTo(HaveOccurred())
		Expect(w.Load(dump)).To(Succeed(), "a link to nobody is not written down")
	})

	It("may be named by a fixture before it exists [GS-SIM-09] [GS-SIM-10]", func() {
		spec := graphsim.TenantSpec{DisplayName: "Other", Domains: []graphsim.DomainSpec{{Name: "other.example", Default: true}}, Users: []map[string]any{
			{"userPrincipalName": "a@other.example", "manager": "b@other.example"}, {"userPrincipalName": "b@other.example"},
		}}
		other, err := w.AddTenant(spec)
		Expect(err).NotTo(HaveOccurred())
		w.bearer = w.token(other, nil).body["access_token"].(string)
		Expect(w.get("/users/a@other.example/manager").body).To(HaveKeyWithValue("userPrincipalName", "b@other.example"))
		spec.ID, spec.Users[0]["manager"] = "5b0d1a5e-0000-4000-8000-000000000001", "c@other.example"
		_, err = w.AddTenant(spec)
		Expect(err).To(MatchError(ContainSubstring("c@other.example")))
	})
})

// remove deletes an account through Graph.
func remove(w *world, key string) answer {
	GinkgoHelper()
	return w.call(http.MethodDelete, "/users/"+key, "")
}
