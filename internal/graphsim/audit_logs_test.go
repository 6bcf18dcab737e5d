package graphsim_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("The sign-in log", func() {
	const signIns = "/auditLogs/signIns"
	var (
		w     *world
		alice string
	)
	BeforeEach(func() {
		w = newWorld(func(o *graphsim.Options) { o.NoThrottling = true })
		alice = w.user("alice")
		for i, code := range []int{0, 50126, 50053} {
			Expect(w.AddSignIn(w.tenant, graphsim.SignInSpec{User: "alice@contoso.example", ErrorCode: code, Created: start.Add(time.Duration(i-10) * time.Minute)})).To(Succeed())
		}
	})

	It("lists the newest first [GS-SIGNIN-01]", func() {
		Expect(w.AddSignIn(w.tenant, graphsim.SignInSpec{User: w.user("bob"), Created: start.Add(-time.Hour), App: "Microsoft Teams"})).To(Succeed())
		a := w.get(signIns)
		Expect(field(a.values(), "createdDateTime")).To(Equal([]any{"2026-03-02T08:52:00Z", "2026-03-02T08:51:00Z", "2026-03-02T08:50:00Z", "2026-03-02T08:00:00Z"}), a.raw)
		locked := a.values()[0]
		Expect(locked).To(And(HaveKeyWithValue("userId", alice), HaveKeyWithValue("userPrincipalName", "alice@contoso.example"), HaveKeyWithValue("isInteractive", true),
			HaveKeyWithValue("riskState", "none"), HaveKeyWithValue("riskDetail", "hidden"), HaveKeyWithValue("appId", "00000002-0000-0ff1-ce00-000000000000"), Not(HaveKey("status/errorCode"))))
		Expect(locked["status"]).To(And(HaveKeyWithValue("errorCode", 50053.0), HaveKeyWithValue("failureReason", ContainSubstring("locked"))))
		Expect(a.values()[3]["status"]).To(And(HaveKeyWithValue("errorCode", 0.0), HaveKeyWithValue("failureReason", BeNil())))
		first := w.get(signIns + "?$top=3")
		Expect(first.values()).To(HaveLen(3))
		Expect(field(w.get(first.link("nextLink")).values(), "appDisplayName")).To(Equal([]any{"Microsoft Teams"}))
		Expect(w.get(signIns + "/" + locked["id"].(string)).body).To(HaveKeyWithValue("userId", alice))
		refused(404, "Request_ResourceNotFound")(w.get(signIns + "/" + alice))
		for i := range 1000 {
			Expect(w.AddSignIn(w.tenant, graphsim.SignInSpec{User: alice, Created: start.Add(-time.Duration(i) * time.Second)})).To(Succeed())
		}
		Expect(w.get(signIns).values()).To(HaveLen(1000))
		refused(400, "Request_UnsupportedQuery")(w.get(signIns + "?$top=1001"))
	})

	DescribeTable("can be searched [GS-SIGNIN-02]", func(filter string, found int) {
		Expect(w.AddSignIn(w.tenant, graphsim.SignInSpec{User: w.user("bob"), App: "Microsoft Teams", AppID: "1fec8e78-bce4-4aaf-ab1b-5451cc387264"})).To(Succeed())
		Expect(w.get(signIns+"?$filter="+fmt.Sprintf(filter, alice)).values()).To(HaveLen(found), filter)
	},
		Entry("account", "userId eq '%s'", 3),
		Entry("name", "userPrincipalName eq 'alice@contoso.example' or userId eq '%s'", 3),
		Entry("since", "createdDateTime ge 2026-03-02T08:52:00Z and userId eq '%s'", 1),
		Entry("until", "createdDateTime le 2026-03-02T08:51:00Z and userId eq '%s'", 2),
		Entry("lockouts", "status/errorCode eq 50053 and createdDateTime ge 2026-03-01T00:00:00Z and userId eq '%s'", 1),
		Entry("successes of others", "status/errorCode eq 0 and appId eq '1fec8e78-bce4-4aaf-ab1b-5451cc387264' and userId eq '%s'", 0),
		Entry("app", "startsWith(appDisplayName,'Office') and userId eq '%s'", 3),
	)

	It("refuses what it cannot search for [GS-SIGNIN-02]", func() {
		for _, query := range []string{"$filter=isInteractive eq true", "$filter=status/errorCode ge 1", "$skip=1", "$count=true", "$expand=user"} {
			refused(400, "Request_UnsupportedQuery")(w.get(signIns + "?" + query))
		}
		refused(400, "BadRequest")(w.get(signIns + "?$filter=status/errorCode eq 'locked'"))
		refused(400, "BadRequest")(w.get(signIns + "?$filter=colour eq 'red'"))
		refused(400, "BadRequest")(w.get(signIns + "?$select=status/errorCode"))
	})

	It("is part of Entra ID P1 [GS-SIGNIN-03]", func() {
		w.grant([]string{"Directory.ReadWrite.All"})
		refused(403, "Authentication_MSGraphPermissionMissing")(w.get(signIns))
		w.grant([]string{"AuditLog.Read.All"})
		Expect(w.get(signIns).status).To(Equal(http.StatusOK))
		Expect(w.SetSKUs(w.tenant, nil)).To(Succeed())
		refused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")(w.get(signIns))
		refused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")(w.get(signIns + "/" + alice))
	})

	It("forgets after 30 days [GS-SIGNIN-04]", func() {
		w.Step(30*24*time.Hour - 9*time.Minute)
		w.renew()
		Expect(w.get(signIns).values()).To(HaveLen(2))
		w = newWorld()
		for range 5 {
			Expect(w.get(signIns).status).To(Equal(http.StatusOK))
		}
		refused(429, "TooManyRequests")(w.get("/reports/authenticationMethods/userRegistrationDetails"))
	})

	It("moves what is known of the account [GS-SIGNIN-05]", func() {
		activity := func() any {
			GinkgoHelper()
			return w.get("/users/" + alice + "?$select=signInActivity").body["signInActivity"]
		}
		Expect(activity()).To(And(HaveKeyWithValue("lastSignInDateTime", "2026-03-02T08:52:00Z"), HaveKeyWithValue("lastSuccessfulSignInDateTime", "2026-03-02T08:50:00Z")))
		Expect(w.send(http.MethodPost, w.URL()+"/_sim/tenants/"+w.tenant+"/signIns", `{"user":"alice@contoso.example"}`, nil).status).To(Equal(http.StatusNoContent))
		Expect(activity()).To(And(HaveKeyWithValue("lastSignInDateTime", "2026-03-02T09:00:00Z"), HaveKeyWithValue("lastSuccessfulSignInDateTime", "2026-03-02T09:00:00Z")))
		Expect(w.send(http.MethodPost, w.URL()+"/_sim/tenants/"+w.tenant+"/signIns", `{"user":"nobody"}`, nil).status).To(Equal(http.StatusBadRequest))
	})
})
