package graphsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("Deleting users", func() {
	const bin = "/directory/deletedItems/microsoft.graph.user"
	var w *world
	BeforeEach(func() { w = newWorld() })
	restore := func(id, body string) answer {
		GinkgoHelper()
		return w.call(http.MethodPost, "/directory/deletedItems/"+id+"/restore", body)
	}
	compact := func(id string) string { return strings.ReplaceAll(id, "-", "") }

	It("moves them to the deleted items, from where they return whole [GS-DELETE-01]", func() {
		license := map[string]any{"assignedLicenses": []any{map[string]any{"skuId": "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"}}}
		id, other := w.user("alice", license), w.user("bob")
		group, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Sales", Members: []string{id, other}})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.AssignRole(w.tenant, id, "Reports Reader")).To(Succeed())
		members := func() []string { return ids(w.get("/groups/" + group + "/members").values()) }
		consumed := func() any { return w.get("/subscribedSkus").values()[0]["consumedUnits"] }
		roles := func() []map[string]any {
			return w.get("/roleManagement/directory/roleAssignments?$filter=principalId eq '" + id + "'").values()
		}
		Expect(consumed()).To(Equal(1.0))

		Expect(remove(w, "alice@contoso.example").status).To(Equal(http.StatusNoContent))
		refused(404, "Request_ResourceNotFound")(w.get("/users/" + id))
		refused(404, "Request_ResourceNotFound")(remove(w, id))
		Expect(ids(w.get("/users").values())).To(ConsistOf(other))
		Expect(ids(w.get(bin).values())).To(ConsistOf(id))
		Expect(members()).To(ConsistOf(other))
		Expect(roles()).To(BeEmpty())
		Expect(consumed()).To(Equal(0.0))

		Expect(restore(id, "").status).To(Equal(http.StatusOK))
		Expect(w.get("/users/alice@contoso.example?$select=id,deletedDateTime").body).To(And(HaveKeyWithValue("id", id), HaveKeyWithValue("deletedDateTime", BeNil())))
		Expect(w.get(bin).values()).To(BeEmpty())
		Expect(members()).To(ConsistOf(id, other))
		Expect(roles()).To(HaveLen(1))
		Expect(consumed()).To(Equal(1.0))
		Expect(w.Counters(w.tenant).UserEffects[id]).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectDelete: 1, graphsim.EffectRestore: 1}))
	})

	DescribeTable("needs a permission, and a role for administrators [GS-DELETE-02]", func(permission, role, target string, status int) {
		id, gone := w.user("alice"), w.user("gone")
		Expect(w.DeleteUser(w.tenant, gone)).To(Succeed())
		for _, key := range []string{id, gone} {
			if target != "" {
				Expect(w.AssignRole(w.tenant, key, target)).To(Succeed())
			}
		}
		roles := []string{}
		if role != "" {
			roles = append(roles, role)
		}
		w.grant([]string{permission}, roles...)
		Expect(remove(w, id).status).To(Equal(status))
		a := restore(gone, "")
		if status == http.StatusNoContent {
			Expect(a.status).To(Equal(http.StatusOK))
			Expect(remove(w, gone).status).To(Equal(status))
		} else {
			refused(status, "Authorization_RequestDenied")(a)
		}
		Expect(w.call(http.MethodDelete, "/directory/deletedItems/"+gone, "").status).To(Equal(status))
	},
		Entry("the narrow permission", "User.DeleteRestore.All", "", "", 204),
		Entry("the general permission", "User.ReadWrite.All", "", "", 204),
		Entry("the directory permission deletes nobody", "Directory.ReadWrite.All", "", "", 403),
		Entry("reading", "User.Read.All", "", "", 403),
		Entry("an administrator", "User.DeleteRestore.All", "", helpdesk, 403),
		Entry("an administrator by a User Administrator", "User.DeleteRestore.All", userAdmin, helpdesk, 204),
		Entry("a Global Administrator by a User Administrator", "User.ReadWrite.All", userAdmin, "Global Administrator", 403),
	)

	Context("lists what was deleted", func() {
		var gone []string
		BeforeEach(func() {
			gone = nil
			for _, name := range []string{"carl", "anna", "bert"} {
				id := w.user(name, map[string]any{"department": "Sales"})
				w.Step(time.Hour)
				Expect(w.DeleteUser(w.tenant, id)).To(Succeed())
				gone = append(gone, id)
			}
			w.renew()
			w.user("live")
		})
		filtered := func(clause, more string) answer {
			GinkgoHelper()
			return w.get(bin + "?$filter=" + url.QueryEscape(clause) + more)
		}

		It("page by page [GS-DELETE-03]", func() {
			all, last := w.all(bin + "?$top=2&$select=id,deletedDateTime")
			Expect(ids(all)).To(Equal(gone))
			Expect(all[0]).To(HaveKeyWithValue("deletedDateTime", "2026-03-02T10:00:00Z"))
			Expect(last.link("nextLink")).To(BeEmpty())
			next := w.get(bin + "?$top=1").link("nextLink")
			refused(400, "Directory_ExpiredPageToken")(w.get(strings.Replace(next, bin, "/users", 1)))
			Expect(restore(gone[0], "").status).To(Equal(http.StatusOK))
			Expect(ids(w.get(next).values())).To(Equal(gone[1:2]), "nobody moves up")
			refused(400, "Request_BadRequest")(w.get(bin + "?$skip=1"))
			refused(400, "BadRequest")(w.get(bin + "?$select=colour"))
		})

		It("filtered [GS-DELETE-03] [GS-DELETE-04]", func() {
			mangled := compact(gone[1]) + "anna@contoso.example"
			Expect(ids(filtered("userPrincipalName eq '"+mangled+"'", "").values())).To(Equal(gone[1:2]))
			Expect(filtered("userPrincipalName eq 'anna@contoso.example'", "").values()).To(BeEmpty())
			Expect(filtered("startsWith(userPrincipalName,'"+compact(gone[1])+"')", "").values()).To(HaveLen(1))
			refused(400, "Request_UnsupportedQuery")(filtered("endsWith(userPrincipalName,'anna@contoso.example')", ""))
			w.header.Set("ConsistencyLevel", "eventual")
			refused(400, "Request_UnsupportedQuery")(filtered("endsWith(userPrincipalName,'anna@contoso.example')", ""))
			a := filtered("endsWith(userPrincipalName,'anna@contoso.example')", "&$count=true")
			Expect(ids(a.values())).To(Equal(gone[1:2]))
			Expect(a.body).To(HaveKeyWithValue("@odata.count", 1.0))
		})

		It("in order [GS-DELETE-03]", func() {
			Expect(ids(w.get(bin + "?$orderby=displayName").values())).To(Equal([]string{gone[1], gone[2], gone[0]}))
			refused(400, "Request_UnsupportedQuery")(w.get(bin + "?$orderby=deletedDateTime desc"))
			refused(400, "Request_UnsupportedQuery")(w.get(bin + "?$orderby=department"))
			w.header.Set("ConsistencyLevel", "eventual")
			Expect(ids(w.get(bin + "?$count=true&$orderby=deletedDateTime desc").values())).To(Equal([]string{gone[2], gone[1], gone[0]}))
			refused(400, "Request_UnsupportedQuery")(w.get("/users?$count=true&$orderby=deletedDateTime desc"))
		})

		It("and finds each by its id [GS-DELETE-04] [GS-DELETE-05]", func() {
			a := w.get("/directory/deletedItems/" + gone[0] + "?$select=id,userPrincipalName,mail")
			Expect(a.body).To(And(HaveKeyWithValue("@odata.type", "#microsoft.graph.user"), HaveKeyWithValue("id", gone[0]),
				HaveKeyWithValue("userPrincipalName", compact(gone[0])+"carl@contoso.example"), Not(HaveKey("displayName"))))
			for _, key := range []string{"carl@contoso.example", "live@contoso.example", "5b0d1a5e-0000-4000-8000-000000000000"} {
				refused(404, "Request_ResourceNotFound")(w.get("/directory/deletedItems/" + key))
				refused(404, "Request_ResourceNotFound")(restore(key, ""))
				refused(404, "Request_ResourceNotFound")(w.call(http.MethodDelete, "/directory/deletedItems/"+key, ""))
			}
			refused(501, "NotSimulated")(w.get("/directory/deletedItems/microsoft.graph.group"))
		})
	})

	It("restores under another name when the old one is taken [GS-DELETE-06]", func() {
		id := w.user("alice")
		Expect(remove(w, id).status).To(Equal(http.StatusNoContent))
		w.user("alice")
		a := restore(id, "")
		refused(400, "Request_BadRequest")(a)
		Expect(a.details()).To(ContainElement("ObjectConflict"))
		refused(400, "Request_BadRequest")(restore(id, `{"newUserPrincipalName":"alice@contoso.example"}`))
		refused(400, "Request_BadRequest")(restore(id, `{"newUserPrincipalName":"alice@fabrikam.example"}`))
		refused(400, "BadRequest")(restore(id, `{"newUserPrincipalName":7}`))
		refused(400, "BadRequest")(restore(id, `{"newName":"x"}`))
		Expect(w.effects()).NotTo(HaveKey(graphsim.EffectRestore))
		a = restore(id, `{"newUserPrincipalName":"alice2@contoso.example"}`)
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		Expect(a.body).To(And(HaveKeyWithValue("@odata.type", "#microsoft.graph.user"), HaveKeyWithValue("userPrincipalName", "alice2@contoso.example")))
		Expect(w.get("/users/alice2@contoso.example").body).To(HaveKeyWithValue("id", id))
	})

	It("restores without the addresses that are taken, if told to [GS-DELETE-07]", func() {
		id := w.user("alice", map[string]any{"mail": "sales@contoso.example", "proxyAddresses": []string{"SMTP:sales@contoso.example", "smtp:alice@contoso.example"}})
		Expect(remove(w, id).status).To(Equal(http.StatusNoContent))
		w.user("bob", map[string]any{"mail": "sales@contoso.example", "proxyAddresses": []string{"SMTP:sales@contoso.example"}})
		a := restore(id, `{"autoReconcileProxyConflict":false}`)
		refused(400, "Request_BadRequest")(a)
		Expect(a.details()).To(ContainElement("ConflictingObjects"))
		Expect(restore(id, `{"autoReconcileProxyConflict":true}`).status).To(Equal(http.StatusOK))
		Expect(w.get("/users/" + id + "?$select=mail,proxyAddresses").body).To(And(HaveKeyWithValue("mail", BeNil()), HaveKeyWithValue("proxyAddresses", ConsistOf("smtp:alice@contoso.example"))))
	})

	It("ends for good when asked, or after 30 days [GS-DELETE-08] [GS-DELETE-09]", func() {
		_, last := w.all("/users/delta?$select=displayName")
		made := w.call(http.MethodPost, "/users", newPerson(nil)).body["id"].(string)
		kept, gone := w.user("kept"), w.user("gone")
		all, last := w.all(last.link("deltaLink"))
		Expect(ids(all)).To(ConsistOf(made, kept, gone))
		for _, id := range []string{made, kept, gone} {
			Expect(remove(w, id).status).To(Equal(http.StatusNoContent))
		}
		Expect(w.call(http.MethodDelete, "/directory/deletedItems/"+gone, "").status).To(Equal(http.StatusNoContent))
		Expect(restore(made, "").status).To(Equal(http.StatusOK))
		removed := func(id, reason string) map[string]any {
			return map[string]any{"id": id, "@removed": map[string]any{"reason": reason}}
		}
		all, last = w.all(last.link("deltaLink"))
		Expect(all).To(ConsistOf(map[string]any{"id": made, "displayName": "Nell Neu"}, removed(kept, "changed"), removed(gone, "deleted")))
		refused(404, "Request_ResourceNotFound")(restore(gone, ""))
		Expect(w.Counters(w.tenant).UserEffects[gone]).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectDelete: 1, graphsim.EffectPurge: 1}))

		for day := range 30 {
			Expect(ids(w.get(bin).values())).To(Equal([]string{kept}), "day %d", day)
			w.Step(24 * time.Hour)
			w.renew()
			if day%6 == 5 {
				_, last = w.all(last.link("deltaLink"))
			}
		}
		Expect(w.get(bin).values()).To(BeEmpty())
		refused(404, "Request_ResourceNotFound")(restore(kept, ""))
		_, err := w.User(w.tenant, kept)
		Expect(err).To(HaveOccurred())
		Expect(w.effects()).To(HaveKeyWithValue(graphsim.EffectPurge, uint64(1)), "time is nobody")
	})

	It("comes late, twice and outdated in a lively delta, and true in the end [GS-DELETE-09]", func() {
		w = newWorld(func(o *graphsim.Options) { o.Quirks, o.DeltaPageSize = graphsim.Lively(), 3 })
		names := map[string]bool{}
		link := "/users/delta?$select=displayName"
		follow := func() {
			GinkgoHelper()
			all, last := w.all(link)
			for _, u := range all {
				_, removed := u["@removed"]
				names[u["id"].(string)] = !removed
			}
			link = last.link("deltaLink")
		}
		follow()
		var made []string
		for _, name := range strings.Split("abcdefgh", "") {
			a := w.call(http.MethodPost, "/users", newPerson(map[string]any{"userPrincipalName": name + "@contoso.example"}))
			Expect(a.status).To(Equal(http.StatusCreated), a.raw)
			made = append(made, a.body["id"].(string))
		}
		follow()
		w.Step(10 * time.Second)
		for _, id := range made[:4] {
			Expect(remove(w, id).status).To(Equal(http.StatusNoContent))
		}
		follow()
		Expect(restore(made[0], "").status).To(Equal(http.StatusOK))
		w.Step(10 * time.Second)
		for range 4 {
			follow()
		}
		want := map[string]bool{}
		for i, id := range made {
			want[id] = i == 0 || i > 3
		}
		Expect(names).To(Equal(want))
	})
})
