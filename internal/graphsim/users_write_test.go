package graphsim_test

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const helpdesk, userAdmin = "Helpdesk Administrator", "User Administrator"

var _ = Describe("Writing users", func() {
	var (
		w  *world
		id string
	)
	BeforeEach(func() {
		w = newWorld()
		id = w.user("alice", map[string]any{"department": "Sales"})
	})
	property := func(name string) any { return w.get("/users/" + id + "?$select=" + name).body[name] }

	It("changes what it names and no more [GS-WRITE-01] [GS-SIM-02]", func() {
		a := w.patch(id, `{"accountEnabled":false,"mailNickName":"al"}`)
		Expect(a.status).To(Equal(http.StatusNoContent))
		Expect(a.raw).To(BeEmpty())
		Expect(property("accountEnabled")).To(BeFalse())
		Expect(property("mailNickname")).To(Equal("al"))
		Expect(property("department")).To(Equal("Sales"))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectBlock: 1, graphsim.EffectUpdate: 1}))
		Expect(w.patch(id, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
		Expect(w.effects()).To(HaveKeyWithValue(graphsim.EffectBlock, uint64(1)), "nothing changed")
		Expect(w.patch(id, `{"accountEnabled":true}`).status).To(Equal(http.StatusNoContent))
		Expect(w.Counters(w.tenant).UserEffects[id]).To(HaveKeyWithValue(graphsim.EffectUnblock, uint64(1)))
		Expect(w.Counters("").Writes).To(BeEquivalentTo(3))
	})

	DescribeTable("refuses", func(body, code, detail string) {
		a := w.patch(id, body)
		refused(400, code)(a)
		if detail != "" {
			Expect(a.body["error"].(map[string]any)["details"]).To(ContainElement(HaveKeyWithValue("code", detail)))
		}
		Expect(w.effects()).To(BeEmpty())
	},
		Entry("an unknown property [GS-WRITE-02]", `{"colour":"red"}`, "Request_BadRequest", ""),
		Entry("a read-only property [GS-WRITE-02]", `{"createdDateTime":"2020-01-01T00:00:00Z"}`, "Request_BadRequest", "ReadOnly"),
		Entry("a wrong type [GS-WRITE-02]", `{"accountEnabled":"no"}`, "BadRequest", ""),
		Entry("no JSON [GS-WRITE-02]", `{`, "BadRequest", ""),
		Entry("a whole PATCH for one property [GS-WRITE-03]", `{"accountEnabled":false,"employeeId":"12345678901234567"}`, "Request_BadRequest", "InvalidValue"),
		Entry("a UPN in an unknown domain [GS-WRITE-04]", `{"userPrincipalName":"alice@nobody.example"}`, "Request_BadRequest", "InvalidValue"),
		Entry("a UPN in an unverified domain [GS-WRITE-04]", `{"userPrincipalName":"alice@pending.example"}`, "Request_BadRequest", "InvalidValue"),
		Entry("a UPN that is none [GS-WRITE-04]", `{"userPrincipalName":"alice"}`, "Request_BadRequest", "InvalidValue"),
		Entry("no usage location [GS-WRITE-05]", `{"usageLocation":null}`, "Request_BadRequest", "InvalidValue"),
		Entry("a usage location that is no country [GS-WRITE-05]", `{"usageLocation":"D1"}`, "Request_BadRequest", "InvalidValue"),
		Entry("a long company [GS-WRITE-05]", `{"companyName":"`+strings.Repeat("x", 65)+`"}`, "Request_BadRequest", "InvalidValue"),
		Entry("two business phones [GS-WRITE-05]", `{"businessPhones":["1","2"]}`, "Request_BadRequest", "InvalidValue"),
		Entry("a weak password [GS-WRITE-08]", `{"passwordProfile":{"password":"aaaaaaaa"}}`, "Request_BadRequest", "PasswordProfileInvalid"),
	)

	It("keeps UPNs unique, also without regard to case [GS-WRITE-04]", func() {
		w.user("bob")
		a := w.patch(id, `{"userPrincipalName":"BOB@contoso.example"}`)
		refused(400, "Request_BadRequest")(a)
		Expect(a.body["error"].(map[string]any)["details"]).To(ContainElement(HaveKeyWithValue("code", "ObjectConflict")))
		Expect(w.patch(id, `{"userPrincipalName":"Alice.New@contoso.example"}`).status).To(Equal(http.StatusNoContent))
		Expect(w.get("/users/alice.new@contoso.example").body).To(HaveKeyWithValue("id", id))
		Expect(w.get("/users/alice@contoso.example").status).To(Equal(http.StatusNotFound))
		Expect(w.effects()).To(HaveKeyWithValue(graphsim.EffectRename, uint64(1)))
	})

	It("masters synced accounts elsewhere [GS-WRITE-06]", func() {
		synced := w.user("sync", map[string]any{"onPremisesSyncEnabled": true})
		a := w.patch(synced, `{"department":"X"}`)
		refused(400, "Request_BadRequest")(a)
		Expect(a.message()).To(Equal("Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."))
		Expect(w.patch(synced, `{"passwordProfile":{"forceChangePasswordNextSignIn":true}}`).status).To(Equal(http.StatusBadRequest))
		Expect(w.patch(synced, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
		Expect(w.patch(synced, `{"usageLocation":"FR"}`).status).To(Equal(http.StatusNoContent))

		strict := newWorld(func(o *graphsim.Options) { o.SyncedBlock = graphsim.SyncedBlockRefuse })
		synced = strict.user("sync", map[string]any{"onPremisesSyncEnabled": true})
		refused(400, "Request_BadRequest")(strict.patch(synced, `{"accountEnabled":false}`))
	})

	It("sets no password for federated accounts [GS-WRITE-07]", func() {
		fed, err := w.AddUser(w.tenant, map[string]any{"userPrincipalName": "fed@federated.example"})
		Expect(err).NotTo(HaveOccurred())
		refused(400, "Request_BadRequest")(w.patch(fed, `{"passwordProfile":{"forceChangePasswordNextSignIn":true}}`))
	})

	It("moves lastPasswordChangeDateTime with the password only [GS-WRITE-08]", func() {
		before := property("lastPasswordChangeDateTime")
		w.Step(time.Minute)
		Expect(w.patch(id, `{"passwordProfile":{"forceChangePasswordNextSignIn":true}}`).status).To(Equal(http.StatusNoContent))
		Expect(property("lastPasswordChangeDateTime")).To(Equal(before))
		Expect(w.patch(id, `{"passwordProfile":{"forceChangePasswordNextSignIn":true}}`).status).To(Equal(http.StatusNoContent))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectPasswordForce: 1}), "forced once")
		Expect(w.patch(id, `{"passwordProfile":{"password":"Sommer-2026!","forceChangePasswordNextSignIn":false}}`).status).To(Equal(http.StatusNoContent))
		Expect(property("lastPasswordChangeDateTime")).To(Equal("2026-03-02T09:01:00Z"))
		state, err := w.User(w.tenant, id)
		Expect(err).NotTo(HaveOccurred())
		Expect(state.ForceChange).To(BeFalse())
		Expect(w.patch(id, `{"passwordProfile":{"password":"Winter-2026!"}}`).status).To(Equal(http.StatusNoContent))
		state, err = w.User(w.tenant, id)
		Expect(err).NotTo(HaveOccurred())
		Expect(state.ForceChange).To(BeTrue())
		Expect(w.effects()).To(HaveKeyWithValue(graphsim.EffectPasswordSet, uint64(2)))
	})

	It("revokes sessions each time it is asked [GS-WRITE-09]", func() {
		for n := uint64(1); n <= 2; n++ {
			w.Step(time.Minute)
			for _, path := range []string{"/users/" + id + "/revokeSignInSessions", "/users('alice@contoso.example')/microsoft.graph.revokeSignInSessions"}[n-1 : n] {
				a := w.call(http.MethodPost, path, "")
				Expect(a.status).To(Equal(http.StatusOK), a.raw)
				Expect(a.body).To(HaveKeyWithValue("value", true))
			}
			Expect(property("signInSessionsValidFromDateTime")).To(Equal(w.Now().Format(time.RFC3339)))
			Expect(w.effects()).To(HaveKeyWithValue(graphsim.EffectRevoke, n))
		}
		w.grant([]string{"User.Read.All"})
		refused(403, "Authorization_RequestDenied")(w.call(http.MethodPost, "/users/"+id+"/revokeSignInSessions", ""))
	})

	It("lets no app write what SharePoint keeps [GS-WRITE-10]", func() {
		refused(403, "Authorization_RequestDenied")(w.patch(id, `{"skills":["Go"]}`))
	})

	It("takes annotations, nulls and empty lists [GS-WRITE-11]", func() {
		Expect(w.patch(id, `{"@odata.type":"#microsoft.graph.user","department":null,"otherMails":["a@x.example"]}`).status).To(Equal(http.StatusNoContent))
		Expect(property("department")).To(BeNil())
		Expect(w.patch(id, `{"otherMails":[]}`).status).To(Equal(http.StatusNoContent))
		Expect(property("otherMails")).To(BeEmpty())
	})
})

var _ = Describe("Permissions to write", func() {
	var (
		w  *world
		id string
	)
	BeforeEach(func() {
		w = newWorld()
		id = w.user("alice")
	})

	DescribeTable("are needed for every property [GS-PERM-03] [GS-PERM-04]", func(body string, status int, permissions ...string) {
		w.grant(permissions)
		a := w.patch(id, body)
		Expect(a.status).To(Equal(status), a.raw)
	},
		Entry("reading is not enough", `{"jobTitle":"x"}`, 403, "User.Read.All"),
		Entry("the general permission", `{"jobTitle":"x","mobilePhone":"1","accountEnabled":false}`, 204, "User.ReadWrite.All"),
		Entry("the directory permission", `{"jobTitle":"x"}`, 204, "Directory.ReadWrite.All"),
		Entry("phones", `{"mobilePhone":"1"}`, 204, "User-Phone.ReadWrite.All"),
		Entry("phones only", `{"mobilePhone":"1","jobTitle":"x"}`, 403, "User-Phone.ReadWrite.All"),
		Entry("other mails", `{"otherMails":["a@x.example"]}`, 204, "User-Mail.ReadWrite.All"),
		Entry("blocking", `{"accountEnabled":false}`, 204, "User.EnableDisableAccount.All", "User.Read.All"),
		Entry("blocking blindly", `{"accountEnabled":false}`, 403, "User.EnableDisableAccount.All"),
		Entry("leaving", `{"employeeLeaveDateTime":"2026-12-31T00:00:00Z"}`, 204, "User-LifeCycleInfo.ReadWrite.All"),
		Entry("leaving with the general permission", `{"employeeLeaveDateTime":"2026-12-31T00:00:00Z"}`, 403, "User.ReadWrite.All"),
	)

	It("needs a directory role for passwords [GS-PERM-05] [GS-PERM-08]", func() {
		force := `{"passwordProfile":{"forceChangePasswordNextSignIn":true}}`
		w.grant(graphsim.DefaultPermissions())
		refused(403, "Authorization_RequestDenied")(w.patch(id, force))
		Expect(w.SetGrant(w.tenant, graphsim.Grant{ClientID: w.ClientID(), Permissions: graphsim.DefaultPermissions(), DirectoryRoles: []string{userAdmin}})).To(Succeed())
		Expect(w.patch(id, force).status).To(Equal(http.StatusNoContent), "without a new token")
		w.grant([]string{"User.Read.All", "User.EnableDisableAccount.All"}, userAdmin)
		refused(403, "Authorization_RequestDenied")(w.patch(id, force))
	})

	DescribeTable("of a directory role are needed for administrators [GS-PERM-06]", func(target, own string, status int) {
		Expect(w.AssignRole(w.tenant, id, target)).To(Succeed())
		var roles []string
		if own != "" {
			roles = []string{own}
		}
		w.grant(graphsim.DefaultPermissions(), roles...)
		Expect(w.patch(id, `{"accountEnabled":false}`).status).To(Equal(status))
		Expect(w.patch(id, `{"department":"x"}`).status).To(Equal(http.StatusNoContent), "not sensitive")
	},
		Entry("none", helpdesk, "", 403),
		Entry("User Administrator over Helpdesk", helpdesk, userAdmin, 204),
		Entry("User Administrator over Global Administrator", "Global Administrator", userAdmin, 403),
		Entry("User Administrator over Exchange Administrator", "Exchange Administrator", userAdmin, 403),
		Entry("Privileged Authentication Administrator over Global Administrator", "Global Administrator", "Privileged Authentication Administrator", 204),
	)

	It("protects members and owners of role-assignable groups, and roles held through groups [GS-PERM-07]", func() {
		owner := w.user("owner")
		_, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Tier 0", RoleAssignable: true, Members: []string{id}, Owners: []string{owner}})
		Expect(err).NotTo(HaveOccurred())
		refused(403, "Authorization_RequestDenied")(w.patch(id, `{"accountEnabled":false}`))
		refused(403, "Authorization_RequestDenied")(w.patch(owner, `{"accountEnabled":false}`))
		w.grant(graphsim.DefaultPermissions(), "Privileged Authentication Administrator")
		Expect(w.patch(id, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
	})
})
