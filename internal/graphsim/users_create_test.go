package graphsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// newPerson is a body for POST /users: nell@contoso.example with changes; nil takes a
// member out.
func newPerson(changes map[string]any) string {
	GinkgoHelper()
	body := map[string]any{
		"accountEnabled": true, "displayName": "Nell Neu", "mailNickname": "nell", "userPrincipalName": "nell@contoso.example",
		"passwordProfile": map[string]any{"password": "Canary-4711-x"},
	}
	for name, value := range changes {
		body[name] = value
		if value == nil {
			delete(body, name)
		}
	}
	raw, err := json.Marshal(body)
	Expect(err).NotTo(HaveOccurred())
	return string(raw)
}

// details are the codes in an error's details.
func (a answer) details() []any {
	e, _ := a.body["error"].(map[string]any)
	list, _ := e["details"].([]any)
	var codes []any
	for _, d := range list {
		codes = append(codes, d.(map[string]any)["code"])
	}
	return codes
}

var _ = Describe("Making a user", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })
	create := func(changes map[string]any) answer {
		GinkgoHelper()
		return w.call(http.MethodPost, "/users", newPerson(changes))
	}

	It("answers with the account, which is there [GS-CREATE-01]", func() {
		w.Step(90 * time.Second)
		a := create(map[string]any{"jobTitle": "Clerk", "usageLocation": "DE", "@odata.type": "#microsoft.graph.user"})
		Expect(a.status).To(Equal(http.StatusCreated), a.raw)
		id := a.body["id"].(string)
		Expect(a.body).To(And(HaveLen(12), HaveKeyWithValue("userPrincipalName", "nell@contoso.example"), HaveKeyWithValue("jobTitle", "Clerk"),
			HaveKeyWithValue("mail", BeNil()), HaveKeyWithValue("businessPhones", BeEmpty()),
			HaveKeyWithValue("@odata.context", w.URL()+"/v1.0/$metadata#users/$entity")))
		Expect(a.header.Get("Location")).To(Equal(w.URL() + "/v2/" + w.tenant + "/directoryObjects/" + id + "/Microsoft.DirectoryServices.User"))
		Expect(w.get("/users/nell@contoso.example?$select=id,accountEnabled,usageLocation,createdDateTime,lastPasswordChangeDateTime,userType").body).To(And(
			HaveKeyWithValue("id", id), HaveKeyWithValue("accountEnabled", true), HaveKeyWithValue("usageLocation", "DE"),
			HaveKeyWithValue("createdDateTime", "2026-03-02T09:01:30Z"), HaveKeyWithValue("lastPasswordChangeDateTime", "2026-03-02T09:01:30Z"),
			HaveKeyWithValue("userType", "Member")))
		state, err := w.User(w.tenant, id)
		Expect(err).NotTo(HaveOccurred())
		Expect(state.ForceChange).To(BeTrue())
		Expect(w.Counters(w.tenant).UserEffects[id]).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectCreate: 1}))
		Expect(fmt.Sprint(state, w.Requests(w.tenant))).NotTo(ContainSubstring("Canary"))
		Expect(w.Requests(w.tenant)).To(ContainElement(And(HaveField("Method", "POST"), HaveField("Fields", ContainElement("passwordProfile")))))
	})

	It("forces no change of the password when told so [GS-CREATE-01]", func() {
		a := create(map[string]any{"passwordProfile": map[string]any{"password": "Canary-4711-x", "forceChangePasswordNextSignIn": false}})
		state, err := w.User(w.tenant, a.body["id"].(string))
		Expect(err).NotTo(HaveOccurred())
		Expect(state.ForceChange).To(BeFalse())
	})

	It("knows the password that was set, until the person has one of their own", func() {
		id := create(nil).body["id"].(string)
		Expect(w.HasPassword(w.tenant, id, "Canary-4711-x")).To(BeTrue())
		Expect(w.HasPassword(w.tenant, id, "Canary-4711-y")).To(BeFalse())
		Expect(w.ChangePassword(w.tenant, id)).To(Succeed())
		Expect(w.HasPassword(w.tenant, id, "Canary-4711-x")).To(BeFalse())
		Expect(w.HasPassword(w.tenant, id, "")).To(BeFalse())
	})

	DescribeTable("refuses", func(changes map[string]any, code, detail, message string) {
		_, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "All", Mail: "all@contoso.example"})
		Expect(err).NotTo(HaveOccurred())
		w.user("bob", map[string]any{"mailNickname": "nell", "mail": "bob@contoso.example", "proxyAddresses": []string{"SMTP:bob@contoso.example", "smtp:robert@contoso.example"}})
		a := create(changes)
		refused(400, code)(a)
		if detail != "" {
			Expect(a.details()).To(ContainElement(detail), a.raw)
		}
		Expect(a.message()).To(ContainSubstring(message))
		Expect(w.effects()).To(BeEmpty())
		Expect(w.get("/users").values()).To(HaveLen(1))
	},
		Entry("no accountEnabled [GS-CREATE-02]", map[string]any{"accountEnabled": nil}, "Request_BadRequest", "", "Property accountEnabled value is required"),
		Entry("no displayName [GS-CREATE-02]", map[string]any{"displayName": nil}, "Request_BadRequest", "", "Property displayName value is required"),
		Entry("no mailNickname [GS-CREATE-02]", map[string]any{"mailNickname": nil}, "Request_BadRequest", "", "Property mailNickname value is required"),
		Entry("no principal name [GS-CREATE-02]", map[string]any{"userPrincipalName": nil}, "Request_BadRequest", "", "Property userPrincipalName value is required"),
		Entry("no password profile [GS-CREATE-02]", map[string]any{"passwordProfile": nil}, "Request_BadRequest", "", "Property passwordProfile value is required"),
		Entry("no password [GS-CREATE-02]", map[string]any{"passwordProfile": map[string]any{}}, "Request_BadRequest", "", "Property passwordProfile value is required"),
		Entry("an empty displayName [GS-CREATE-02]", map[string]any{"displayName": ""}, "Request_BadRequest", "InvalidValue", "displayName"),
		Entry("a null that is required [GS-CREATE-02]", map[string]any{"mailNickname": json.RawMessage("null")}, "Request_BadRequest", "", "Property mailNickname value is required"),
		Entry("an unknown property [GS-CREATE-03]", map[string]any{"colour": "red"}, "Request_BadRequest", "", "colour"),
		Entry("a read-only property [GS-CREATE-03]", map[string]any{"createdDateTime": "2020-01-01T00:00:00Z"}, "Request_BadRequest", "ReadOnly", ""),
		Entry("a wrong type [GS-CREATE-03]", map[string]any{"accountEnabled": "yes"}, "BadRequest", "", ""),
		Entry("a location that is no country [GS-CREATE-03]", map[string]any{"usageLocation": "D1"}, "Request_BadRequest", "InvalidValue", ""),
		Entry("an employeeId too long [GS-CREATE-03]", map[string]any{"employeeId": "12345678901234567"}, "Request_BadRequest", "InvalidValue", ""),
		Entry("a mailNickname with an at sign [GS-CREATE-03]", map[string]any{"mailNickname": "ne@ll"}, "Request_BadRequest", "InvalidValue", "mailNickname"),
		Entry("a mailNickname with an umlaut [GS-CREATE-03]", map[string]any{"mailNickname": "nöll"}, "Request_BadRequest", "InvalidValue", "mailNickname"),
		Entry("a principal name with an umlaut [GS-CREATE-03]", map[string]any{"userPrincipalName": "nöll@contoso.example"}, "Request_BadRequest", "InvalidValue", ""),
		Entry("a principal name of another domain [GS-CREATE-03]", map[string]any{"userPrincipalName": "nell@fabrikam.example"}, "Request_BadRequest", "InvalidValue", "domain"),
		Entry("a mail that is none [GS-CREATE-03]", map[string]any{"mail": "nell"}, "Request_BadRequest", "InvalidValue", "mail"),
		Entry("a principal name that is taken [GS-CREATE-04]", map[string]any{"userPrincipalName": "Bob@Contoso.example"}, "Request_BadRequest", "ObjectConflict", "property userPrincipalName already exists"),
		Entry("a principal name that is another's address [GS-CREATE-05]", map[string]any{"userPrincipalName": "robert@contoso.example"}, "Request_BadRequest", "ConflictingObjects", "property proxyAddresses already exists"),
		Entry("a mail that is another's [GS-CREATE-05]", map[string]any{"mail": "Robert@contoso.example"}, "Request_BadRequest", "ObjectConflict", "property proxyAddresses already exists"),
		Entry("a mail that is a group's [GS-CREATE-05]", map[string]any{"mail": "all@contoso.example"}, "Request_BadRequest", "ConflictingObjects", "property proxyAddresses already exists"),
		Entry("a short password [GS-CREATE-06]", map[string]any{"passwordProfile": map[string]any{"password": "Ab1!xyz"}}, "Request_BadRequest", "PasswordProfileInvalid", "complexity"),
		Entry("a plain password [GS-CREATE-06]", map[string]any{"passwordProfile": map[string]any{"password": "abcdefgh1"}}, "Request_BadRequest", "PasswordProfileInvalid", "complexity"),
		Entry("a federated account without its anchor [GS-CREATE-06]", map[string]any{"userPrincipalName": "nell@federated.example"}, "Request_BadRequest", "", "onPremisesImmutableId"),
	)

	It("takes nulls, a nickname that is held already, and federated accounts with an anchor [GS-CREATE-02] [GS-CREATE-04] [GS-CREATE-06]", func() {
		w.user("bob", map[string]any{"mailNickname": "nell"})
		a := create(map[string]any{"jobTitle": json.RawMessage("null"), "usageLocation": json.RawMessage("null"), "otherMails": []string{}})
		Expect(a.status).To(Equal(http.StatusCreated), a.raw)
		a = create(map[string]any{"userPrincipalName": "nell@federated.example", "onPremisesImmutableId": "bmVsbA=="})
		Expect(a.status).To(Equal(http.StatusCreated), a.raw)
	})

	It("has no reference in the body [GS-SIM-01]", func() {
		refused(501, "NotSimulated")(create(map[string]any{"manager@odata.bind": "https://graph.microsoft.com/v1.0/users/x"}))
	})

	It("keeps to the quota, deleted items included [GS-CREATE-07]", func() {
		id := w.user("bob") // and the app's service principal
		Expect(w.SetQuota(w.tenant, 3)).To(Succeed())
		Expect(create(nil).status).To(Equal(http.StatusCreated))
		next := map[string]any{"userPrincipalName": "next@contoso.example"}
		a := create(next)
		refused(403, "Directory_QuotaExceeded")(a)
		Expect(a.message()).To(HavePrefix("The directory object quota limit for the Tenant has been exceeded."))
		Expect(w.call(http.MethodDelete, "/users/"+id, "").status).To(Equal(http.StatusNoContent))
		refused(403, "Directory_QuotaExceeded")(create(next))
		Expect(w.call(http.MethodDelete, "/directory/deletedItems/"+id, "").status).To(Equal(http.StatusNoContent))
		Expect(create(next).status).To(Equal(http.StatusCreated))
		Expect(w.send(http.MethodPatch, w.URL()+"/_sim/tenants/"+w.tenant, `{"quota":0}`, nil).status).To(Equal(http.StatusNoContent))
		Expect(create(map[string]any{"userPrincipalName": "last@contoso.example"}).status).To(Equal(http.StatusCreated))
	})

	It("is not known everywhere at once [GS-CREATE-08]", func() {
		w = newWorld(func(o *graphsim.Options) {
			o.Quirks = graphsim.Quirks{ReadLag: 5 * time.Second, ReadStale: 0.5, DeltaLag: 5 * time.Second}
		})
		_, last := w.all("/users/delta?$select=id")
		id := create(nil).body["id"].(string)
		for _, ask := range []func() int{
			func() int { return w.get("/users/" + id).status },
			func() int { return w.get("/users/nell@contoso.example").status },
			func() int { return w.patch(id, `{"jobTitle":"Clerk"}`).status },
			func() int { return http.StatusOK + 204*(1-len(w.get("/users").values())) },
		} {
			seen := map[bool]int{}
			for range 40 {
				seen[ask() >= http.StatusNotFound]++
			}
			Expect(seen).To(And(HaveKey(true), HaveKey(false)))
		}
		refused(400, "Request_BadRequest")(create(nil)) // whoever writes knows
		changes, last := w.all(last.link("deltaLink"))
		Expect(changes).To(BeEmpty())
		w.Step(6 * time.Second)
		for range 20 {
			Expect(w.get("/users/" + id).status).To(Equal(http.StatusOK))
		}
		changes, _ = w.all(last.link("deltaLink"))
		Expect(ids(changes)).To(ConsistOf(id))

		Expect(remove(w, id).status).To(Equal(http.StatusNoContent))
		Expect(w.call(http.MethodPost, "/directory/deletedItems/"+id+"/restore", "").status).To(Equal(http.StatusOK))
		seen := map[int]int{}
		for range 40 {
			seen[w.get("/users/"+id).status]++
		}
		Expect(seen).To(And(HaveKey(http.StatusOK), HaveKey(http.StatusNotFound)))
	})

	DescribeTable("leaves it unknown for a while to whoever asks for more of it [GS-CREATE-08]", func(method, path, body string) {
		w = newWorld(func(o *graphsim.Options) {
			o.NoThrottling, o.Quirks = true, graphsim.Quirks{ReadLag: 5 * time.Second, ReadStale: 0.5}
		})
		w.grant(append(graphsim.DefaultPermissions(), "Directory.Read.All"), userAdmin)
		boss := w.user("boss")
		w.Step(time.Minute)
		id := create(map[string]any{"usageLocation": "DE"}).body["id"].(string)
		seen := map[bool]int{}
		for range 40 {
			a := w.call(method, "/users/"+id+path, strings.ReplaceAll(body, "{boss}", boss))
			Expect(a.status).To(BeNumerically("<", 500), a.raw)
			seen[a.status == http.StatusNotFound]++
		}
		Expect(seen).To(And(HaveKey(true), HaveKey(false)))
	},
		Entry(nil, http.MethodPost, "/assignLicense", `{"addLicenses":[{"skuId":"cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46","disabledPlans":[]}],"removeLicenses":[]}`),
		Entry(nil, http.MethodGet, "/licenseDetails", ""),
		Entry(nil, http.MethodGet, "/memberOf", ""),
		Entry(nil, http.MethodGet, "/appRoleAssignments", ""),
		Entry(nil, http.MethodGet, "/authentication/methods", ""),
		Entry(nil, http.MethodGet, "/registeredDevices", ""),
		Entry(nil, http.MethodGet, "/directReports", ""),
		Entry(nil, http.MethodPut, "/manager/$ref", `{"@odata.id":"https://graph.microsoft.com/v1.0/users/{boss}"}`),
		Entry(nil, http.MethodPost, "/revokeSignInSessions", ""),
	)

	It("brings an address with the first licence for Exchange [GS-CREATE-09]", func() {
		id := create(nil).body["id"].(string)
		address := func() map[string]any { return w.get("/users/" + id + "?$select=mail,proxyAddresses").body }
		Expect(address()).To(And(HaveKeyWithValue("mail", BeNil()), HaveKeyWithValue("proxyAddresses", BeEmpty())))
		holds := func(plans ...string) {
			GinkgoHelper()
			Expect(w.PatchUser(w.tenant, id, map[string]any{"assignedLicenses": []any{
				map[string]any{"skuId": "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", "disabledPlans": plans},
			}})).To(Succeed())
		}
		holds("9aaf7827-d63c-4b61-89c3-182f06f82e5c") // all but Exchange
		Expect(address()).To(HaveKeyWithValue("mail", BeNil()))
		holds()
		Expect(address()).To(And(HaveKeyWithValue("mail", "nell@contoso.example"), HaveKeyWithValue("proxyAddresses", ConsistOf("SMTP:nell@contoso.example"))))
		Expect(w.get("/users?$filter=" + "proxyAddresses/any(p:p eq 'smtp:nell@contoso.example')").values()).To(HaveLen(1))
		Expect(w.get("/users?$filter=mail eq 'nell@contoso.example'").values()).To(HaveLen(1))
		Expect(w.get("/users?$filter=id in ('" + id + "')").values()).To(HaveLen(1))
		refused(400, "Request_BadRequest")(create(map[string]any{"userPrincipalName": "other@contoso.example", "mail": "nell@contoso.example"}))
	})

	DescribeTable("needs a permission [GS-CREATE-10]", func(status int, permissions ...string) {
		w.grant(permissions)
		a := create(nil)
		Expect(a.status).To(Equal(status), a.raw)
	},
		Entry(nil, 201, "User.ReadWrite.All"),
		Entry(nil, 201, "Directory.ReadWrite.All"),
		Entry(nil, 403, "User.Read.All"),
		Entry(nil, 403, "User.EnableDisableAccount.All", "User-PasswordProfile.ReadWrite.All", "User.DeleteRestore.All"),
	)

	It("keeps addresses apart when mail is changed later [GS-CREATE-11]", func() {
		id := create(map[string]any{"mail": "nell@contoso.example"}).body["id"].(string)
		w.user("bob", map[string]any{"mail": "bob@contoso.example"})
		refused(400, "Request_BadRequest")(w.patch(id, `{"mail":"bob@contoso.example"}`))
		Expect(w.patch(id, `{"mail":"neu@contoso.example"}`).status).To(Equal(http.StatusNoContent))
		Expect(w.get("/users/" + id + "?$select=mail,proxyAddresses").body).To(And(HaveKeyWithValue("mail", "neu@contoso.example"),
			HaveKeyWithValue("proxyAddresses", ConsistOf("SMTP:neu@contoso.example", "smtp:nell@contoso.example"))))
		Expect(w.patch(id, `{"mail":"nell@contoso.example"}`).status).To(Equal(http.StatusNoContent))
		Expect(w.get("/users/" + id + "?$select=proxyAddresses").body).To(HaveKeyWithValue("proxyAddresses", ConsistOf("SMTP:nell@contoso.example", "smtp:neu@contoso.example")))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectCreate: 1, graphsim.EffectUpdate: 2}))
	})

	It("goes on in a batch, and is counted when the answer was lost [GS-SIM-03] [GS-BATCH-01]", func() {
		_, err := w.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Method: "POST", Path: "/users", After: true, Count: 1})
		Expect(err).NotTo(HaveOccurred())
		_, err = w.tryCall(http.MethodPost, "/users", newPerson(nil))
		Expect(err).To(HaveOccurred())
		Expect(w.effects()).To(HaveKeyWithValue(graphsim.EffectCreate, uint64(1)))
		part := `{"id":"1","method":"POST","url":"/users","headers":{"Content-Type":"application/json"},"body":` + newPerson(map[string]any{"userPrincipalName": "two@contoso.example"}) + `}`
		again := strings.Replace(part, `"id":"1"`, `"id":"2","dependsOn":["1"]`, 1)
		a := w.call(http.MethodPost, "/$batch", `{"requests":[`+part+`,`+again+`]}`)
		Expect(a.raw).To(And(ContainSubstring(`"status":201`), ContainSubstring("ObjectConflict")))
		Expect(w.effects()).To(HaveKeyWithValue(graphsim.EffectCreate, uint64(2)))
	})
})
