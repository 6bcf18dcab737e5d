package graphsim_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const registrations = "/reports/authenticationMethods/userRegistrationDetails"

var _ = Describe("The registration report", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	register := func(user string, methods ...string) {
		GinkgoHelper()
		Expect(w.SetRegistration(w.tenant, graphsim.RegistrationSpec{User: user, Methods: methods})).To(Succeed())
	}

	It("tells what everybody registered [GS-MFA-01]", func() {
		alice, bob := w.user("alice"), w.user("bob", map[string]any{"userType": "Guest"})
		register(alice, "microsoftAuthenticatorPush", "mobilePhone")
		Expect(w.AssignRole(w.tenant, alice, "User Administrator")).To(Succeed())
		a := w.get(registrations)
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		Expect(a.link("context")).To(HaveSuffix("/v1.0/$metadata#reports/authenticationMethods/userRegistrationDetails"))
		Expect(a.values()).To(Equal([]map[string]any{
			{
				"id": alice, "userPrincipalName": "alice@contoso.example", "userDisplayName": "alice", "userType": "member",
				"isAdmin": true, "isSsprRegistered": true, "isSsprEnabled": true, "isSsprCapable": true,
				"isMfaRegistered": true, "isMfaCapable": true, "isPasswordlessCapable": false,
				"methodsRegistered":                            []any{"microsoftAuthenticatorPush", "mobilePhone"},
				"isSystemPreferredAuthenticationMethodEnabled": true, "systemPreferredAuthenticationMethods": []any{"push"},
				"userPreferredMethodForSecondaryAuthentication": "push", "lastUpdatedDateTime": "2026-03-02T09:00:00Z",
			},
			{
				"id": bob, "userPrincipalName": "bob@contoso.example", "userDisplayName": "bob", "userType": "guest",
				"isAdmin": false, "isSsprRegistered": false, "isSsprEnabled": false, "isSsprCapable": false,
				"isMfaRegistered": false, "isMfaCapable": false, "isPasswordlessCapable": false,
				"methodsRegistered":                            []any{},
				"isSystemPreferredAuthenticationMethodEnabled": true, "systemPreferredAuthenticationMethods": []any{},
				"userPreferredMethodForSecondaryAuthentication": "none", "lastUpdatedDateTime": "2026-03-02T09:00:00Z",
			},
		}))
	})

	DescribeTable("knows which methods count [GS-MFA-01]", func(method string, mfa, passwordless, sspr bool) {
		register(w.user("alice"), method)
		Expect(w.get(registrations).values()).To(ConsistOf(And(HaveKeyWithValue("isMfaRegistered", mfa),
			HaveKeyWithValue("isPasswordlessCapable", passwordless), HaveKeyWithValue("isSsprRegistered", sspr))))
	},
		Entry("an email address resets passwords only", "email", false, false, true),
		Entry("a phone", "mobilePhone", true, false, true),
		Entry("a code", "softwareOneTimePasscode", true, false, true),
		Entry("a passkey", "fido2SecurityKey", true, true, false),
		Entry("Windows Hello", "windowsHelloForBusiness", true, true, false),
		Entry("a pass that ends", "temporaryAccessPass", false, false, false),
	)

	It("leaves out who cannot sign in [GS-MFA-02]", func() {
		alice, bob := w.user("alice"), w.user("bob", map[string]any{"accountEnabled": false})
		Expect(w.DeleteUser(w.tenant, w.user("carol"))).To(Succeed())
		Expect(ids(w.get(registrations).values())).To(ConsistOf(alice))
		Expect(w.PatchUser(w.tenant, bob, map[string]any{"accountEnabled": true})).To(Succeed())
		Expect(ids(w.get(registrations).values())).To(ConsistOf(alice, bob))
	})

	It("needs its permission [GS-MFA-03] and a premium licence [GS-MFA-04]", func() {
		w.grant([]string{"User.Read.All", "Reports.Read.All"})
		a := w.get(registrations)
		refused(403, "Authentication_MSGraphPermissionMissing")(a)
		Expect(a.message()).To(Equal("Calling principal does not have required MSGraph permissions AuditLog.Read.All"))
		w.grant([]string{"AuditLog.Read.All"})
		Expect(w.get(registrations).status).To(Equal(http.StatusOK))
		Expect(w.SetSKUs(w.tenant, []graphsim.SKUSpec{{PartNumber: "O365_BUSINESS_PREMIUM", Enabled: 10}})).To(Succeed())
		refused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")(w.get(registrations))
	})

	DescribeTable("filters [GS-MFA-05]", func(filter string, expected ...string) {
		register(w.user("alice"), "microsoftAuthenticatorPush")
		register(w.user("bob"), "mobilePhone")
		w.user("carol", map[string]any{"userType": "Guest"})
		a := w.get(registrations + "?$select=userDisplayName&$filter=" + filter)
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		names := []string{}
		for _, v := range a.values() {
			Expect(v).To(HaveLen(1))
			names = append(names, v["userDisplayName"].(string))
		}
		Expect(names).To(Equal(expected))
	},
		Entry("a flag", "isMfaRegistered eq false", "carol"),
		Entry("a name", "startsWith(userPrincipalName,'B')", "bob"),
		Entry("a method", "methodsRegistered/any(m:m eq 'mobilePhone')", "bob"),
		Entry("a default", "userPreferredMethodForSecondaryAuthentication eq 'push'", "alice"),
		Entry("both", "isMfaRegistered eq true and userType eq 'member'", "alice", "bob"),
	)

	DescribeTable("refuses [GS-MFA-05]", func(query, code string) {
		w.user("alice")
		refused(400, code)(w.get(registrations + "?" + query))
	},
		Entry("unknown properties", "$select=id,mfa", "BadRequest"),
		Entry("filters on unknown properties", "$filter=mfa eq true", "BadRequest"),
		Entry("filters on others", "$filter=lastUpdatedDateTime ge 2026-01-01T00:00:00Z", "Request_UnsupportedQuery"),
		Entry("ne", "$filter=isAdmin ne true", "Request_UnsupportedQuery"),
		Entry("startsWith on a flag", "$filter=startsWith(userType,'m')", "Request_UnsupportedQuery"),
		Entry("$skip", "$skip=1", "Request_UnsupportedQuery"),
		Entry("$expand", "$expand=user", "Request_UnsupportedQuery"),
		Entry("$search", "$search=alice", "Request_UnsupportedQuery"),
		Entry("a page too large", "$top=1001", "Request_UnsupportedQuery"),
	)

	It("pages with opaque links [GS-MFA-05]", func() {
		for i := range 7 {
			w.user(fmt.Sprintf("user%d", i))
		}
		first := w.get(registrations + "?$top=3&$select=id&$filter=isMfaRegistered eq false")
		Expect(first.values()).To(HaveLen(3))
		next := first.link("nextLink")
		Expect(next).To(MatchRegexp(`/v1\.0/reports/authenticationMethods/userRegistrationDetails\?\$skiptoken=[\w-]+$`))
		Expect(w.DeleteUser(w.tenant, first.values()[0]["id"].(string))).To(Succeed())
		second := w.get(next)
		Expect(second.values()).To(HaveLen(3))
		Expect(second.values()[0]).To(HaveLen(1))
		third := w.get(second.link("nextLink"))
		Expect(ids(third.values())).To(HaveLen(1))
		Expect(third.link("nextLink")).To(BeEmpty())
		refused(400, "Directory_ExpiredPageToken")(w.get(next + "x"))
	})

	It("is a snapshot that grows old [GS-MFA-06]", func() {
		w = newWorld(func(o *graphsim.Options) { o.Quirks.ReportLag = 36 * time.Hour })
		alice, bob := w.user("alice"), w.user("bob")
		mfa := func() map[string]any {
			GinkgoHelper()
			seen := map[string]any{}
			w.renew()
			for _, v := range w.get(registrations).values() {
				Expect(v).To(HaveKey("lastUpdatedDateTime"))
				seen[v["userDisplayName"].(string)] = fmt.Sprint(v["isMfaRegistered"], " ", v["lastUpdatedDateTime"])
			}
			return seen
		}
		Expect(mfa()).To(Equal(map[string]any{"alice": "false 2026-03-02T09:00:00Z", "bob": "false 2026-03-02T09:00:00Z"}))
		register(alice, "mobilePhone")
		Expect(w.PatchUser(w.tenant, bob, map[string]any{"accountEnabled": false, "displayName": "robert"})).To(Succeed())
		w.user("carol")
		w.Step(36*time.Hour - time.Second)
		Expect(mfa()).To(Equal(map[string]any{"alice": "false 2026-03-02T09:00:00Z", "bob": "false 2026-03-02T09:00:00Z"}))
		w.Step(time.Second)
		Expect(mfa()).To(Equal(map[string]any{"alice": "true 2026-03-03T21:00:00Z", "carol": "false 2026-03-03T21:00:00Z"}))
		w.Step(time.Hour)
		path := w.URL() + "/_sim/tenants/" + w.tenant
		Expect(w.send(http.MethodPut, path+"/users/carol@contoso.example/registration", `{"methods":["mobilePhone"],"preferred":"voiceMobile"}`, nil).status).To(Equal(http.StatusNoContent))
		Expect(mfa()).To(HaveKeyWithValue("carol", "false 2026-03-03T21:00:00Z"))
		Expect(w.send(http.MethodPost, path+"/reports/refresh", "", nil).status).To(Equal(http.StatusNoContent))
		Expect(mfa()).To(HaveKeyWithValue("carol", "true 2026-03-03T22:00:00Z"))
		state, err := w.User(w.tenant, "carol@contoso.example")
		Expect(err).NotTo(HaveOccurred())
		Expect(state.Methods).To(ConsistOf("mobilePhone"))
		Expect(w.send(http.MethodPut, path+"/users/nobody/registration", `{"methods":[]}`, nil).status).To(Equal(http.StatusBadRequest))
	})

	It("is limited to five requests in ten seconds [GS-LIMIT-07]", func() {
		for range 5 {
			Expect(w.get(registrations).status).To(Equal(http.StatusOK))
		}
		a := w.get(registrations)
		refused(429, "TooManyRequests")(a)
		Expect(a.header.Get("Retry-After")).To(Equal("10"))
		Expect(w.get("/users").status).To(Equal(http.StatusOK))
		w.Step(10 * time.Second)
		Expect(w.get(registrations).status).To(Equal(http.StatusOK))
	})
})
