package graphsim_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const (
	mobile          = "3179e48a-750b-4051-897c-87b9720928f7"
	alternateMobile = "b6332ec1-7057-4abe-9331-3d72feddfe41"
	password        = "28c10230-6103-485e-b985-444c60001490"
)

var _ = Describe("Authentication methods", func() {
	var (
		w     *world
		alice string
		base  string
	)
	BeforeEach(func() {
		w = newWorld(func(o *graphsim.Options) { o.NoThrottling = true })
		alice = w.user("alice", map[string]any{"mobilePhone": "+49 171 392 0001"})
		base = "/users/" + alice + "/authentication/"
		w.grant(append(graphsim.DefaultPermissions(), "UserAuthenticationMethod.ReadWrite.All"))
	})
	register := func(preferred string, methods ...string) {
		GinkgoHelper()
		Expect(w.SetRegistration(w.tenant, graphsim.RegistrationSpec{User: alice, Methods: methods, Preferred: preferred})).To(Succeed())
	}
	remove := func(collection, id string) answer {
		GinkgoHelper()
		return w.call(http.MethodDelete, base+collection+"/"+id, "")
	}
	only := func(collection string) string {
		GinkgoHelper()
		values := w.get(base + collection).values()
		Expect(values).To(HaveLen(1), collection)
		return values[0]["id"].(string)
	}
	reported := func() any {
		GinkgoHelper()
		return w.get("/reports/authenticationMethods/userRegistrationDetails?$filter=userPrincipalName eq 'alice@contoso.example'").values()[0]["methodsRegistered"]
	}

	It("are live, and what the report tells later [GS-METHOD-01]", func() {
		a := w.get("/users/alice@contoso.example/authentication/methods")
		Expect(a.values()).To(Equal([]map[string]any{{
			"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": password, "password": nil, "createdDateTime": "2026-03-02T09:00:00Z",
		}}), a.raw)
		w.Step(time.Minute)
		register("push", "mobilePhone", "microsoftAuthenticatorPush", "microsoftAuthenticatorPasswordless")
		values := w.get(base + "methods").values()
		Expect(field(values, "@odata.type")).To(Equal([]any{
			"#microsoft.graph.passwordAuthenticationMethod", "#microsoft.graph.phoneAuthenticationMethod", "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
		}))
		Expect(values[1]).To(And(HaveKeyWithValue("id", mobile), HaveKeyWithValue("phoneNumber", "+49 1713920001"), HaveKeyWithValue("phoneType", "mobile")))
		Expect(values[2]).To(HaveKeyWithValue("createdDateTime", "2026-03-02T09:01:00Z"))
		Expect(reported()).To(ConsistOf("mobilePhone", "microsoftAuthenticatorPush", "microsoftAuthenticatorPasswordless"))
		before := values[2]["id"]
		w.Step(time.Minute)
		register("push", "microsoftAuthenticatorPush")
		Expect(only("microsoftAuthenticatorMethods")).NotTo(Equal(before), "registered anew")
		guest, err := w.AddUser(w.tenant, map[string]any{"userPrincipalName": "g_x.com#EXT#@contoso.onmicrosoft.com", "userType": "Guest"})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.get("/users/" + guest + "/authentication/methods").values()).To(BeEmpty())
		refused(404, "resourceNotFound")(w.get("/users/nobody@contoso.example/authentication/methods"))
	})

	DescribeTable("have a collection for each type [GS-METHOD-02]", func(word, collection, kind string, has map[string]any) {
		register("", word)
		id := only(collection)
		one := w.get(base + collection + "/" + id)
		Expect(one.status).To(Equal(http.StatusOK), one.raw)
		for name, value := range has {
			Expect(one.body).To(HaveKeyWithValue(name, value))
		}
		Expect(w.get(base + "methods/" + id).body).To(HaveKeyWithValue("@odata.type", "#microsoft.graph."+kind+"AuthenticationMethod"))
		Expect(w.get(base + "passwordMethods").values()).To(HaveLen(1))
		refused(404, "resourceNotFound")(w.get(base + "passwordMethods/" + id))
		Expect(remove(collection, id).status).To(Equal(http.StatusNoContent))
		Expect(w.get(base + "methods").values()).To(HaveLen(1))
	},
		Entry("mobile", "mobilePhone", "phoneMethods", "phone", map[string]any{"phoneType": "mobile"}),
		Entry("office", "officePhone", "phoneMethods", "phone", map[string]any{"phoneType": "office", "id": "e37fc753-ff3b-4958-9484-eaa9425c82bc"}),
		Entry("alternate", "alternateMobilePhone", "phoneMethods", "phone", map[string]any{"phoneType": "alternateMobile", "id": alternateMobile}),
		Entry("app", "microsoftAuthenticatorPush", "microsoftAuthenticatorMethods", "microsoftAuthenticator", map[string]any{"displayName": "iPhone"}),
		Entry("code", "softwareOneTimePasscode", "softwareOathMethods", "softwareOath", map[string]any{"secretKey": BeNil()}),
		Entry("key", "passKeyDeviceBound", "fido2Methods", "fido2", map[string]any{"attestationLevel": "attested"}),
		Entry("Windows Hello", "windowsHelloForBusiness", "windowsHelloForBusinessMethods", "windowsHelloForBusiness", map[string]any{"keyStrength": "normal"}),
		Entry("Mac", "macOsSecureEnclaveKey", "platformCredentialMethods", "platformCredential", map[string]any{"platform": "macOS"}),
		Entry("mail", "email", "emailMethods", "email", map[string]any{"emailAddress": "alice@home.example", "id": "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"}),
		Entry("external", "externalAuthMethod", "externalAuthenticationMethods", "external", map[string]any{"displayName": "External provider"}),
	)

	It("leave out what v1.0 does not know [GS-METHOD-02]", func() {
		register("oath", "hardwareOneTimePasscode", "securityQuestion")
		Expect(w.get(base + "methods").values()).To(HaveLen(1))
		Expect(reported()).To(HaveLen(2))
	})

	It("are removed one by one [GS-METHOD-03]", func() {
		register("sms", "mobilePhone", "email", "passKeyDeviceBound")
		Expect(remove("fido2Methods", only("fido2Methods")).status).To(Equal(http.StatusNoContent))
		Expect(remove("phoneMethods", mobile).status).To(Equal(http.StatusNoContent))
		Expect(reported()).To(ConsistOf("email"))
		refused(404, "resourceNotFound")(remove("phoneMethods", mobile))
		refused(404, "resourceNotFound")(remove("fido2Methods", only("emailMethods")))
		refused(501, "NotSimulated")(remove("passwordMethods", password))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectMethodDelete: 2}))
		Expect(w.Counters(w.tenant).UserEffects[alice]).To(HaveKeyWithValue(graphsim.EffectMethodDelete, uint64(2)))
	})

	DescribeTable("keep the default while there is another second factor [GS-METHOD-04]", func(preferred, refusedIn string, methods ...string) {
		register(preferred, methods...)
		id := only(refusedIn)
		a := remove(refusedIn, id)
		refused(400, "badRequest")(a)
		Expect(a.message()).To(Equal("The requested authentication method id of [" + id + "] matches the user's current default authentication method, and cannot be deleted until the default authentication method is changed"))
		for _, other := range []string{"fido2Methods", "softwareOathMethods", "microsoftAuthenticatorMethods", "phoneMethods"} {
			for _, m := range w.get(base + other).values() {
				if m["id"] != id {
					Expect(remove(other, m["id"].(string)).status).To(Equal(http.StatusNoContent), other)
				}
			}
		}
		Expect(remove(refusedIn, id).status).To(Equal(http.StatusNoContent), "the last one")
		Expect(w.get(base + "methods").values()).To(HaveLen(1))
	},
		Entry("chosen app", "push", "microsoftAuthenticatorMethods", "mobilePhone", "microsoftAuthenticatorPush"),
		Entry("chosen code", "oath", "softwareOathMethods", "softwareOneTimePasscode", "microsoftAuthenticatorPush"),
		Entry("chosen phone", "sms", "phoneMethods", "mobilePhone", "microsoftAuthenticatorPush"),
		Entry("voice", "voiceOffice", "phoneMethods", "officePhone", "softwareOneTimePasscode"),
		Entry("nothing chosen", "", "microsoftAuthenticatorMethods", "passKeyDeviceBound", "microsoftAuthenticatorPush"),
	)

	It("keep the mobile phone while there is an alternate one [GS-METHOD-05]", func() {
		register("push", "mobilePhone", "alternateMobilePhone", "microsoftAuthenticatorPush")
		refused(400, "badRequest")(remove("phoneMethods", mobile))
		Expect(remove("phoneMethods", alternateMobile).status).To(Equal(http.StatusNoContent))
		Expect(remove("phoneMethods", mobile).status).To(Equal(http.StatusNoContent))
	})

	It("need permissions of their own, and draw on the budget of reports [GS-METHOD-06]", func() {
		register("push", "microsoftAuthenticatorPush", "mobilePhone")
		w.grant([]string{"User.ReadWrite.All", "Directory.ReadWrite.All"})
		refused(403, "accessDenied")(w.get(base + "methods"))
		refused(403, "accessDenied")(w.get(base + "phoneMethods"))
		w.grant([]string{"UserAuthMethod-Phone.ReadWrite.All"})
		refused(403, "accessDenied")(w.get(base + "methods"))
		refused(403, "accessDenied")(w.get(base + "emailMethods"))
		Expect(w.get(base + "phoneMethods").status).To(Equal(http.StatusOK))
		Expect(remove("phoneMethods", mobile).status).To(Equal(http.StatusNoContent))
		w.grant([]string{"UserAuthenticationMethod.Read.All"})
		Expect(w.get(base + "methods").status).To(Equal(http.StatusOK))
		refused(403, "accessDenied")(remove("microsoftAuthenticatorMethods", "x"))
		writes := w.Counters(w.tenant).Writes

		w = newWorld()
		alice = w.user("alice")
		w.grant(append(graphsim.DefaultPermissions(), "UserAuthenticationMethod.ReadWrite.All"))
		for range 4 {
			Expect(w.get("/users/" + alice + "/authentication/methods").status).To(Equal(http.StatusOK))
		}
		refused(404, "resourceNotFound")(w.call(http.MethodDelete, "/users/"+alice+"/authentication/phoneMethods/"+mobile, ""))
		a := w.get("/users/" + alice + "/authentication/methods")
		refused(429, "TooManyRequests")(a)
		Expect(a.header.Get("Retry-After")).To(Equal("10"))
		Expect(w.Counters(w.tenant).Writes).To(Equal(uint64(1)))
		Expect(writes).To(Equal(uint64(2)))
	})

	It("take no query options [GS-METHOD-07]", func() {
		for _, option := range []string{"$top=1", "$filter=id eq 'x'", "$select=id", "$count=true"} {
			refused(400, "Request_UnsupportedQuery")(w.get(base + "methods?" + option))
		}
	})
})

var _ = Describe("Temporary Access Passes", func() {
	var (
		w     *world
		alice string
		path  string
	)
	BeforeEach(func() {
		w = newWorld(func(o *graphsim.Options) { o.NoThrottling = true })
		alice = w.user("alice")
		path = "/users/" + alice + "/authentication/temporaryAccessPassMethods"
		Expect(w.SetTemporaryAccessPassPolicy(w.tenant, graphsim.TemporaryAccessPassPolicy{Enabled: true})).To(Succeed())
		w.grant(append(graphsim.DefaultPermissions(), "UserAuthMethod-TAP.ReadWrite.All"))
	})
	issue := func(body string) answer { GinkgoHelper(); return w.call(http.MethodPost, path, body) }

	It("show their secret once [GS-TAP-01]", func() {
		a := issue(`{"lifetimeInMinutes":120,"isUsableOnce":true}`)
		Expect(a.status).To(Equal(http.StatusCreated), a.raw)
		Expect(a.body).To(And(HaveKeyWithValue("temporaryAccessPass", HaveLen(8)), HaveKeyWithValue("lifetimeInMinutes", 120.0), HaveKeyWithValue("isUsableOnce", true),
			HaveKeyWithValue("isUsable", true), HaveKeyWithValue("methodUsabilityReason", "EnabledByPolicy"), HaveKeyWithValue("createdDateTime", "2026-03-02T09:00:00Z"),
			HaveKeyWithValue("startDateTime", "2026-03-02T09:00:00Z"), HaveKeyWithValue("@odata.type", "#microsoft.graph.temporaryAccessPassAuthenticationMethod")))
		secret, id := a.body["temporaryAccessPass"].(string), a.body["id"].(string)
		for _, again := range []answer{w.get(path), w.get(path + "/" + id)} {
			Expect(again.raw).To(And(ContainSubstring(id), ContainSubstring(`"temporaryAccessPass":null`), Not(ContainSubstring(secret))))
		}
		dump, err := w.Dump(w.tenant)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(mustMarshal(dump))).NotTo(ContainSubstring(secret))
		for _, e := range w.Requests(w.tenant) {
			Expect(string(mustMarshal(e))).NotTo(ContainSubstring(secret))
		}
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectTemporaryAccessPass: 1}))
		details := w.get("/reports/authenticationMethods/userRegistrationDetails").values()
		Expect(details[0]).To(And(HaveKeyWithValue("methodsRegistered", ConsistOf("temporaryAccessPass")), HaveKeyWithValue("isMfaRegistered", false)))
		Expect(w.call(http.MethodDelete, path+"/"+id, "").status).To(Equal(http.StatusNoContent))
		Expect(w.get(path).values()).To(BeEmpty())
	})

	It("need a policy that allows them, and are not for guests [GS-TAP-02]", func() {
		_, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Newcomers"})
		Expect(err).NotTo(HaveOccurred())
		disallowed := func() {
			GinkgoHelper()
			a := issue("{}")
			refused(400, "badRequest")(a)
			Expect(a.message()).To(ContainSubstring("Converged UserCredentialPolicy does not allow"))
		}
		outsider := func(body string) int {
			return w.send(http.MethodPut, w.URL()+"/_sim/tenants/"+w.tenant+"/temporaryAccessPassPolicy", body, nil).status
		}
		Expect(outsider("{}")).To(Equal(http.StatusNoContent))
		disallowed()
		Expect(outsider(`{"enabled":true,"groups":["Newcomers"]}`)).To(Equal(http.StatusNoContent))
		disallowed()
		Expect(w.AddGroupMember(w.tenant, "Newcomers", alice)).To(Succeed())
		Expect(issue("{}").status).To(Equal(http.StatusCreated))
		Expect(outsider(`{"minimumLifetimeInMinutes":5}`)).To(Equal(http.StatusBadRequest))
		guest, err := w.AddUser(w.tenant, map[string]any{"userPrincipalName": "g_x.com#EXT#@contoso.onmicrosoft.com", "userType": "Guest"})
		Expect(err).NotTo(HaveOccurred())
		a := w.call(http.MethodPost, "/users/"+guest+"/authentication/temporaryAccessPassMethods", "{}")
		refused(400, "badRequest")(a)
		Expect(a.message()).To(Equal("Temporary Access Pass cannot be added to an external guest user."))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectTemporaryAccessPass: 1}))
	})

	It("last as long as the policy lets them [GS-TAP-03]", func() {
		Expect(issue("{}").body).To(And(HaveKeyWithValue("lifetimeInMinutes", 60.0), HaveKeyWithValue("isUsableOnce", false)))
		for _, body := range []string{`{"lifetimeInMinutes":59}`, `{"lifetimeInMinutes":481}`} {
			refused(400, "badRequest")(issue(body))
		}
		refused(400, "BadRequest")(issue(`{"lifetimeInMinutes":"1h"}`))
		refused(400, "Request_BadRequest")(issue(`{"colour":"red"}`))
		Expect(w.SetTemporaryAccessPassPolicy(w.tenant, graphsim.TemporaryAccessPassPolicy{
			Enabled: true, MinimumLifetime: 10, DefaultLifetime: 20, MaximumLifetime: 43200, DefaultLength: 20, UsableOnce: true,
		})).To(Succeed())
		Expect(issue("{}").body).To(And(HaveKeyWithValue("lifetimeInMinutes", 20.0), HaveKeyWithValue("isUsableOnce", true), HaveKeyWithValue("temporaryAccessPass", HaveLen(20))))
		refused(400, "badRequest")(issue(`{"isUsableOnce":false}`))
		Expect(issue(`{"lifetimeInMinutes":43200}`).status).To(Equal(http.StatusCreated))
	})

	It("replace each other [GS-TAP-04]", func() {
		first, second := issue("{}").body, issue("{}").body
		Expect(first["temporaryAccessPass"]).NotTo(Equal(second["temporaryAccessPass"]))
		Expect(ids(w.get(path).values())).To(ConsistOf(second["id"]))
		Expect(w.UseTemporaryAccessPass(w.tenant, alice, first["temporaryAccessPass"].(string))).To(MatchError(ContainSubstring("wrong")))
		Expect(w.UseTemporaryAccessPass(w.tenant, alice, second["temporaryAccessPass"].(string))).To(Succeed())
	})

	It("say whether they can be used [GS-TAP-05]", func() {
		reason := func() any { GinkgoHelper(); return w.get(path).values()[0]["methodUsabilityReason"] }
		secret := issue(`{"startDateTime":"2026-03-02T10:00:00Z","lifetimeInMinutes":60,"isUsableOnce":true}`).body["temporaryAccessPass"].(string)
		Expect(reason()).To(Equal("NotYetValid"))
		use := func() int {
			return w.send(http.MethodPost, w.URL()+"/_sim/tenants/"+w.tenant+"/users/"+alice+"/temporaryAccessPass/use", `{"temporaryAccessPass":"`+secret+`"}`, nil).status
		}
		Expect(use()).To(Equal(http.StatusBadRequest))
		w.Step(50 * time.Minute)
		w.renew()
		w.Step(10 * time.Minute)
		Expect(reason()).To(Equal("EnabledByPolicy"))
		Expect(w.SetTemporaryAccessPassPolicy(w.tenant, graphsim.TemporaryAccessPassPolicy{})).To(Succeed())
		Expect(reason()).To(Equal("DisabledByPolicy"))
		Expect(w.SetTemporaryAccessPassPolicy(w.tenant, graphsim.TemporaryAccessPassPolicy{Enabled: true})).To(Succeed())
		Expect(w.PatchUser(w.tenant, alice, map[string]any{"accountEnabled": false})).To(Succeed())
		Expect(use()).To(Equal(http.StatusBadRequest), "the account is blocked")
		Expect(w.PatchUser(w.tenant, alice, map[string]any{"accountEnabled": true})).To(Succeed())
		Expect(use()).To(Equal(http.StatusNoContent))
		Expect(reason()).To(Equal("OneTimeUsed"))
		Expect(use()).To(Equal(http.StatusBadRequest))
		issue("{}")
		w.Step(time.Hour)
		w.renew()
		Expect(reason()).To(Equal("Expired"))
		Expect(w.get(path).values()[0]).To(HaveKeyWithValue("isUsable", false))
	})

	It("follow a policy that can be read [GS-TAP-06]", func() {
		const policy = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass"
		a := w.get(policy)
		Expect(a.body).To(And(HaveKeyWithValue("state", "enabled"), HaveKeyWithValue("id", "TemporaryAccessPass"), HaveKeyWithValue("defaultLifetimeInMinutes", 60.0),
			HaveKeyWithValue("minimumLifetimeInMinutes", 60.0), HaveKeyWithValue("maximumLifetimeInMinutes", 480.0), HaveKeyWithValue("defaultLength", 8.0),
			HaveKeyWithValue("isUsableOnce", false), HaveKeyWithValue("includeTargets", ConsistOf(HaveKeyWithValue("id", "all_users")))), a.raw)
		group, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Newcomers"})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.SetTemporaryAccessPassPolicy(w.tenant, graphsim.TemporaryAccessPassPolicy{Groups: []string{"Newcomers"}})).To(Succeed())
		Expect(w.get(policy).body).To(And(HaveKeyWithValue("state", "disabled"), HaveKeyWithValue("includeTargets", ConsistOf(HaveKeyWithValue("id", group)))))
		w.grant([]string{"UserAuthenticationMethod.ReadWrite.All"})
		refused(403, "Authorization_RequestDenied")(w.get(policy))
	})
})
