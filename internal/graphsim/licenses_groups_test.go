package graphsim_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("Licences by groups", func() {
	var w *world
	BeforeEach(func() { w = licensedWorld() })

	group := func(name string, licenses []graphsim.LicenseSpec, members ...string) string {
		GinkgoHelper()
		id, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: name, Licenses: licenses, Members: members})
		Expect(err).NotTo(HaveOccurred())
		return id
	}
	premium := []graphsim.LicenseSpec{{SKU: "SPB", DisabledPlans: []string{"YAMMER_ENTERPRISE"}}}
	reprocess := func(key string) answer {
		GinkgoHelper()
		return w.call(http.MethodPost, "/users/"+key+"/reprocessLicenseAssignment", "")
	}

	It("are given to direct members and merge with direct ones [GS-LICENSE-14]", func() {
		alice, bob := w.user("alice"), w.user("bob")
		inner := group("Inner", nil, bob)
		id := group("Licensing", premium, alice, inner)
		Expect(w.get("/groups/" + id + "?$select=assignedLicenses").body["assignedLicenses"]).To(ConsistOf(HaveKeyWithValue("disabledPlans", ConsistOf(yammer))))
		Expect(w.held(alice)).To(ConsistOf(businessPremium))
		Expect(w.held(bob)).To(BeEmpty(), "nested groups are not licensed")
		Expect(w.states(alice)).To(ConsistOf(And(HaveKeyWithValue("assignedByGroup", id), HaveKeyWithValue("state", "Active"), HaveKeyWithValue("disabledPlans", ConsistOf(yammer)))))
		Expect(w.consumed(businessPremium)).To(Equal(1.0))
		a := w.assign(alice, nil, []string{businessPremium})
		refused(400, "Request_BadRequest")(a)
		Expect(a.message()).To(Equal("User license is inherited from a group membership and it cannot be removed directly from the user."))
		Expect(w.patch(alice, `{"usageLocation":"DE"}`).status).To(Equal(http.StatusNoContent))
		Expect(w.assign(alice, []string{businessPremium + ":" + teams}, nil).status).To(Equal(http.StatusOK))
		Expect(w.states(alice)).To(HaveLen(2))
		Expect(w.get("/users/" + alice + "?$select=assignedLicenses").body["assignedLicenses"]).To(ConsistOf(HaveKeyWithValue("disabledPlans", BeEmpty())), "either enables what the other disables")
		Expect(w.consumed(businessPremium)).To(Equal(1.0), "one unit for both")
		Expect(w.assign(alice, nil, []string{businessPremium}).status).To(Equal(http.StatusOK))
		Expect(w.held(alice)).To(ConsistOf(businessPremium))
		Expect(w.RemoveGroupMember(w.tenant, id, alice)).To(Succeed())
		Expect(w.held(alice)).To(BeEmpty())
		Expect(w.consumed(businessPremium)).To(BeZero())
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectUpdate: 1, graphsim.EffectLicense: 1, graphsim.EffectUnlicense: 1}), "groups act for nobody")
	})

	It("come and go later [GS-LICENSE-15] [GS-LICENSE-14]", func() {
		w = licensedWorld(func(o *graphsim.Options) { o.Quirks = graphsim.Quirks{GroupLicenseLag: 3 * time.Minute} })
		alice := w.user("alice")
		id := group("Licensing", premium, alice)
		Expect(w.held(alice)).To(BeEmpty())
		_, last := w.all("/users/delta?$select=id,assignedLicenses")
		w.Step(3 * time.Minute)
		Expect(w.held(alice)).To(ConsistOf(businessPremium))
		values, _ := w.all(last.link("deltaLink"))
		Expect(ids(values)).To(ConsistOf(alice))
		Expect(w.RemoveGroupMember(w.tenant, id, alice)).To(Succeed())
		w.Step(179 * time.Second)
		Expect(w.held(alice)).To(ConsistOf(businessPremium))
		Expect(w.AddGroupMember(w.tenant, id, alice)).To(Succeed())
		w.Step(time.Second)
		Expect(w.held(alice)).To(ConsistOf(businessPremium), "what counts is who is a member then")
		Expect(w.SetGroupLicenses(w.tenant, id, nil)).To(Succeed())
		w.Step(3 * time.Minute)
		Expect(w.held(alice)).To(BeEmpty())
	})

	It("fail visibly and are tried again [GS-LICENSE-16] [GS-LICENSE-17]", func() {
		both := []graphsim.LicenseSpec{{SKU: "SPB"}, {SKU: "MCOEV"}}
		alice, bob, carol, dave, erin := w.user("alice"), w.user("bob"), w.user("carol"), w.user("dave", german), w.user("erin", map[string]any{"usageLocation": "KP"})
		Expect(w.assign(dave, []string{e3}, nil).status).To(Equal(http.StatusOK))
		id := group("Licensing", both, dave, erin, alice, bob, carol)
		failure := func(key, violation string) {
			GinkgoHelper()
			Expect(w.states(key)).To(ContainElements(
				And(HaveKeyWithValue("skuId", businessPremium), HaveKeyWithValue("assignedByGroup", id), HaveKeyWithValue("state", "Error"), HaveKeyWithValue("error", violation)),
				And(HaveKeyWithValue("skuId", phone), HaveKeyWithValue("state", "Error"), HaveKeyWithValue("error", "Other"))))
		}
		Expect(w.held(alice)).To(ConsistOf(businessPremium, phone))
		Expect(w.held(carol)).To(BeEmpty(), "two units only")
		failure(carol, "CountViolation")
		failure(dave, "MutuallyExclusiveViolation")
		Expect(w.held(dave)).To(ConsistOf(e3))
		failure(erin, "ProhibitedInUsageLocationViolation")

		a := reprocess(carol)
		refused(400, "Request_BadRequest")(a)
		Expect(a.message()).To(Equal("Subscription with SKU " + businessPremium + " does not have any available licenses."))
		Expect(reprocess(dave).message()).To(HaveSuffix("are mutually exclusive"))
		Expect(reprocess(erin).message()).To(ContainSubstring("invalid usage location"))
		Expect(w.RemoveGroupMember(w.tenant, id, bob)).To(Succeed())
		Expect(w.held(carol)).To(BeEmpty(), "nobody tries by himself")
		a = reprocess("carol@contoso.example")
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		Expect(a.body).To(HaveKeyWithValue("id", carol))
		Expect(w.held(carol)).To(ConsistOf(businessPremium, phone))
		refused(404, "Request_ResourceNotFound")(reprocess("nobody"))

		lone := group("Phones", []graphsim.LicenseSpec{{SKU: "MCOEV"}}, bob)
		Expect(w.states(bob)).To(ConsistOf(And(HaveKeyWithValue("assignedByGroup", lone), HaveKeyWithValue("error", "DependencyViolation"))))
		Expect(reprocess(bob).message()).To(ContainSubstring("depends on"))
	})

	It("are assigned to groups through Graph [GS-LICENSE-18]", func() {
		alice := w.user("alice")
		id := group("Licensing", nil, alice)
		path := "/groups/" + id + "/assignLicense"
		a := w.call(http.MethodPost, path, licensing([]string{businessPremium}, nil))
		Expect(a.status).To(Equal(http.StatusAccepted), a.raw)
		Expect(a.body).To(HaveKeyWithValue("id", id))
		Expect(w.held(alice)).To(ConsistOf(businessPremium))
		refused(400, "Request_BadRequest")(w.call(http.MethodPost, path, licensing(nil, []string{phone})))
		refused(400, "Request_BadRequest")(w.call(http.MethodPost, path, `{}`))
		refused(404, "Request_ResourceNotFound")(w.call(http.MethodPost, "/groups/"+alice+"/assignLicense", licensing(nil, nil)))
		list, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "News", Mail: "news@contoso.example", Distribution: true})
		Expect(err).NotTo(HaveOccurred())
		refused(400, "Request_BadRequest")(w.call(http.MethodPost, "/groups/"+list+"/assignLicense", licensing([]string{businessPremium}, nil)))
		Expect(w.RemoveGroup(w.tenant, id)).To(MatchError(ContainSubstring("has licenses")))
		Expect(w.call(http.MethodPost, path, licensing(nil, []string{businessPremium})).status).To(Equal(http.StatusAccepted))
		Expect(w.held(alice)).To(BeEmpty())
		Expect(w.RemoveGroup(w.tenant, id)).To(Succeed())
		outsider := w.send(http.MethodPut, w.URL()+"/_sim/tenants/"+w.tenant+"/groups/"+group("More", nil, alice)+"/licenses", `[{"sku":"SPB"}]`, nil)
		Expect(outsider.status).To(Equal(http.StatusNoContent), outsider.raw)
		Expect(w.held(alice)).To(ConsistOf(businessPremium))
		Expect(w.SetGroupLicenses(w.tenant, "More", []graphsim.LicenseSpec{{SKU: "SPE_E5"}})).NotTo(Succeed())
		Expect(w.SetGroupLicenses(w.tenant, "More", []graphsim.LicenseSpec{{SKU: "SPB", DisabledPlans: []string{"MCOEV"}}})).NotTo(Succeed())
	})

	It("stay when another plan needs them [GS-LICENSE-19] [GS-LICENSE-17]", func() {
		alice := w.user("alice", german)
		id := group("Licensing", premium, alice)
		Expect(w.assign(alice, []string{phone}, nil).status).To(Equal(http.StatusOK))
		Expect(w.RemoveGroupMember(w.tenant, id, alice)).To(Succeed())
		Expect(w.held(alice)).To(ConsistOf(businessPremium, phone))
		Expect(w.states(alice)).To(ContainElement(And(HaveKeyWithValue("assignedByGroup", id), HaveKeyWithValue("state", "ActiveWithError"), HaveKeyWithValue("error", "DependencyViolation"))))
		Expect(reprocess(alice).message()).To(ContainSubstring("depends on"))
		Expect(w.assign(alice, nil, []string{phone}).status).To(Equal(http.StatusOK))
		Expect(reprocess(alice).status).To(Equal(http.StatusOK))
		Expect(w.held(alice)).To(BeEmpty())
	})

	It("leave with the account and return with it [GS-LICENSE-14]", func() {
		alice := w.user("alice")
		id := group("Licensing", premium, alice)
		Expect(w.DeleteUser(w.tenant, alice)).To(Succeed())
		Expect(w.consumed(businessPremium)).To(BeZero())
		Expect(w.RemoveGroupMember(w.tenant, id, alice)).To(Succeed())
		Expect(w.RestoreUser(w.tenant, alice)).To(Succeed())
		Expect(w.held(alice)).To(BeEmpty(), "no member any more")
		Expect(w.AddGroupMember(w.tenant, id, alice)).To(Succeed())
		Expect(w.held(alice)).To(ConsistOf(businessPremium))
	})
})
