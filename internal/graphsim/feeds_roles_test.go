package graphsim_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const (
	roleDefinitions = "/roleManagement/directory/roleDefinitions"
	roleAssignments = "/roleManagement/directory/roleAssignments"
	eligibilities   = "/roleManagement/directory/roleEligibilityScheduleInstances"

	globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"
	userAdministrator   = "fe930be7-5e62-47db-91af-98c3a49a38b1"
)

// field collects one property of every element.
func field(values []map[string]any, name string) []any {
	out := make([]any, 0, len(values))
	for _, v := range values {
		out = append(out, v[name])
	}
	return out
}

var _ = Describe("Directory roles", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	It("are defined by Microsoft [GS-ROLE-01]", func() {
		a := w.get(roleDefinitions)
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		Expect(a.link("nextLink")).To(BeEmpty())
		byID := map[any]any{}
		for _, d := range a.values() {
			Expect(d).To(And(HaveKeyWithValue("templateId", d["id"]), HaveKeyWithValue("isBuiltIn", true), HaveKeyWithValue("isEnabled", true)))
			Expect(d["description"]).NotTo(BeEmpty())
			byID[d["id"]] = d["displayName"]
		}
		Expect(byID).To(And(HaveLen(len(a.values())), HaveKeyWithValue(globalAdministrator, "Global Administrator"),
			HaveKeyWithValue("d29b2b05-8046-44ba-8758-1e26182fcf32", "Directory Synchronization Accounts"),
			HaveKeyWithValue("5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader")))
		one := w.get(roleDefinitions + "?$select=id&$filter=displayName eq 'user administrator'")
		Expect(one.values()).To(Equal([]map[string]any{{"id": userAdministrator}}))
		both := w.get(roleDefinitions + "?$filter=id in ('" + userAdministrator + "','" + globalAdministrator + "')")
		Expect(both.values()).To(HaveLen(2))
		Expect(w.get(roleDefinitions + "/" + globalAdministrator).body).To(HaveKeyWithValue("displayName", "Global Administrator"))
		refused(404, "Request_ResourceNotFound")(w.get(roleDefinitions + "/" + w.tenant))
		for _, query := range []string{"$filter=description eq 'x'", "$filter=startsWith(displayName,'G')", "$filter=displayName ge 'G'", "$top=5"} {
			refused(400, "Request_UnsupportedQuery")(w.get(roleDefinitions + "?" + query))
		}
	})

	It("are assigned to users, groups and apps [GS-ROLE-02] and show to whom [GS-ROLE-03]", func() {
		alice := w.user("alice", map[string]any{"id": "e08eceac-11aa-4ada-9145-addf0398233e"})
		group, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Helpdesk", RoleAssignable: true})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.AssignRole(w.tenant, alice, "Global Administrator")).To(Succeed())
		Expect(w.AssignRole(w.tenant, alice, globalAdministrator)).To(Succeed(), "twice is once")
		Expect(w.AssignRole(w.tenant, "Helpdesk", "Helpdesk Administrator")).To(Succeed())
		plain := w.get(roleAssignments)
		Expect(plain.status).To(Equal(http.StatusOK), plain.raw)
		Expect(field(plain.values(), "roleDefinitionId")).To(Equal([]any{userAdministrator, globalAdministrator, "729827e3-9c14-49f7-bb1b-9608f156bbb8"}))
		Expect(plain.values()[1]).To(Equal(map[string]any{
			"id": "lAPpYvVpN0KRkAEhdxReEKzOjuCqEdpKkUWt3wOYIz4-1", "principalId": alice, "principalOrganizationId": w.tenant,
			"resourceScope": "/", "directoryScopeId": "/", "roleDefinitionId": globalAdministrator,
		}))
		w.grant(append(graphsim.DefaultPermissions(), "Application.Read.All"), "User Administrator")
		expanded := w.get(roleAssignments + "?$expand=principal").values()
		Expect(expanded).To(HaveLen(3))
		Expect(expanded[0]["principal"]).To(And(HaveKeyWithValue("@odata.type", "#microsoft.graph.servicePrincipal"), HaveKeyWithValue("appId", w.ClientID()),
			HaveKeyWithValue("displayName", "m365-operator"), HaveKeyWithValue("id", expanded[0]["principalId"])))
		Expect(expanded[1]["principal"]).To(And(HaveKeyWithValue("@odata.type", "#microsoft.graph.user"), HaveKeyWithValue("id", alice),
			HaveKeyWithValue("userPrincipalName", "alice@contoso.example"), HaveKeyWithValue("accountEnabled", true), Not(HaveKey("department"))))
		Expect(expanded[2]["principal"]).To(And(HaveKeyWithValue("@odata.type", "#microsoft.graph.group"), HaveKeyWithValue("id", group),
			HaveKeyWithValue("displayName", "Helpdesk"), HaveKeyWithValue("isAssignableToRole", true)))
		chosen := w.get(roleAssignments + "?$select=roleDefinitionId&$expand=principal($select=id,userPrincipalName)").values()
		Expect(chosen[1]).To(Equal(map[string]any{"roleDefinitionId": globalAdministrator, "principal": map[string]any{
			"@odata.type": "#microsoft.graph.user", "id": alice, "userPrincipalName": "alice@contoso.example",
		}}))
		Expect(chosen[2]["principal"]).To(Equal(map[string]any{"@odata.type": "#microsoft.graph.group", "id": group}))
		definition := w.get(roleAssignments + "?$expand=roleDefinition($select=displayName)").values()
		Expect(definition[1]["roleDefinition"]).To(Equal(map[string]any{"displayName": "Global Administrator"}))
		refused(400, "BadRequest")(w.get(roleAssignments + "?$expand=boss"))
		refused(400, "BadRequest")(w.get(roleAssignments + "?$expand=principal($select=colour)"))
		refused(400, "BadRequest")(w.get(roleAssignments + "?$select=colour"))
		Expect(w.get(roleAssignments + "?$expand=principal").header.Get("x-ms-resource-unit")).To(Equal("2"))
	})

	It("are listed in pages [GS-ROLE-02]", func() {
		for i := range 130 {
			Expect(w.AssignRole(w.tenant, w.user(fmt.Sprintf("user%03d", i)), "Reports Reader")).To(Succeed())
		}
		first := w.get(roleAssignments + "?$expand=principal($select=id)&$filter=roleDefinitionId eq '4a5d8f65-41da-4de4-8968-e035b65339cf'")
		Expect(first.values()).To(HaveLen(100))
		second := w.get(first.link("nextLink"))
		Expect(second.values()).To(HaveLen(30))
		Expect(second.values()[29]["principal"]).To(HaveKeyWithValue("@odata.type", "#microsoft.graph.user"))
		refused(400, "Directory_ExpiredPageToken")(w.get(eligibilityLink(w, first.link("nextLink"))))
	})

	It("say little of principals that may not be read [GS-ROLE-04]", func() {
		Expect(w.AssignRole(w.tenant, w.user("alice"), "Global Administrator")).To(Succeed())
		w.grant([]string{"RoleManagement.Read.Directory"}, "User Administrator")
		for _, a := range w.get(roleAssignments + "?$expand=principal").values() {
			Expect(a["principal"]).To(And(HaveKeyWithValue("id", a["principalId"]), HaveKeyWithValue("displayName", BeNil()), HaveKey("@odata.type")))
		}
		w.grant([]string{"RoleManagement.Read.Directory", "User.ReadBasic.All"})
		Expect(w.get(roleAssignments + "?$expand=principal").values()[0]["principal"]).To(And(HaveKeyWithValue("displayName", "alice"), HaveKeyWithValue("accountEnabled", BeNil())))
		w.grant([]string{"User.ReadWrite.All"})
		refused(403, "Authorization_RequestDenied")(w.get(roleAssignments))
		refused(403, "Authorization_RequestDenied")(w.get(roleDefinitions))
		refused(403, "Authorization_RequestDenied")(w.get(eligibilities))
	})

	It("are found by principal and role [GS-ROLE-05]", func() {
		alice, bob := w.user("alice"), w.user("bob")
		Expect(w.AssignRole(w.tenant, alice, "Global Administrator")).To(Succeed())
		Expect(w.AssignRole(w.tenant, alice, "Reports Reader")).To(Succeed())
		Expect(w.AssignRole(w.tenant, bob, "Global Administrator")).To(Succeed())
		count := func(filter string) int { return len(w.get(roleAssignments + "?$filter=" + filter).values()) }
		Expect(count("principalId eq '" + alice + "'")).To(Equal(2))
		Expect(count("roleDefinitionId eq '" + globalAdministrator + "'")).To(Equal(2))
		Expect(count("principalId eq '" + alice + "' and roleDefinitionId eq '" + globalAdministrator + "'")).To(Equal(1))
		Expect(count("directoryScopeId eq '/'")).To(Equal(4))
		for _, query := range []string{"$top=5", "$skip=1", "$orderby=principalId", "$search=a", "$count=true", "$filter=id eq 'x'", "$filter=startsWith(principalId,'a')"} {
			refused(400, "Request_UnsupportedQuery")(w.get(roleAssignments + "?" + query))
		}
	})

	It("leave with a deleted account and return with it [GS-ROLE-06]", func() {
		alice := w.user("alice")
		Expect(w.AssignRole(w.tenant, alice, "Global Administrator")).To(Succeed())
		of := func() int { return len(w.get(roleAssignments + "?$filter=principalId eq '" + alice + "'").values()) }
		Expect(of()).To(Equal(1))
		Expect(w.DeleteUser(w.tenant, alice)).To(Succeed())
		Expect(of()).To(BeZero())
		Expect(w.RestoreUser(w.tenant, alice)).To(Succeed())
		Expect(of()).To(Equal(1))
		Expect(w.RemoveRole(w.tenant, alice, "Global Administrator")).To(Succeed())
		Expect(of()).To(BeZero())
	})

	It("may be eligible only [GS-ROLE-07]", func() {
		refused(400, "AadPremiumLicenseRequired")(w.get(eligibilities))
		Expect(w.SetSKUs(w.tenant, []graphsim.SKUSpec{{PartNumber: "AAD_PREMIUM_P2", Enabled: 1}})).To(Succeed())
		alice := w.user("alice")
		path := w.URL() + "/_sim/tenants/" + w.tenant + "/eligibilities/Global%20Administrator/alice@contoso.example"
		Expect(w.send(http.MethodPut, path, "", nil).status).To(Equal(http.StatusNoContent))
		a := w.get(eligibilities + "?$expand=principal($select=displayName)")
		Expect(a.values()).To(HaveLen(1), a.raw)
		Expect(a.values()[0]).To(And(HaveKeyWithValue("principalId", alice), HaveKeyWithValue("roleDefinitionId", globalAdministrator),
			HaveKeyWithValue("directoryScopeId", "/"), HaveKeyWithValue("memberType", "Direct"), HaveKeyWithValue("startDateTime", "2026-03-02T09:00:00Z"),
			HaveKeyWithValue("endDateTime", BeNil()), HaveKeyWithValue("principal", HaveKeyWithValue("displayName", "alice"))))
		Expect(field(w.get(roleAssignments).values(), "principalId")).NotTo(ContainElement(alice))
		Expect(w.get(eligibilities + "?$filter=principalId eq '" + w.tenant + "'").values()).To(BeEmpty())
		Expect(w.send(http.MethodDelete, path, "", nil).status).To(Equal(http.StatusNoContent))
		Expect(w.get(eligibilities).values()).To(BeEmpty())
	})

	It("are for role-assignable groups only [GS-ROLE-08]", func() {
		_, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Sales"})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.AssignRole(w.tenant, "Sales", "Reports Reader")).To(MatchError(ContainSubstring("not role-assignable")))
		Expect(w.AssignRole(w.tenant, "nobody", "Reports Reader")).To(MatchError(ContainSubstring("no principal")))
		Expect(w.AssignRole(w.tenant, w.user("alice"), "Janitor")).To(MatchError(ContainSubstring("no directory role")))
		_, err = w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Nested", RoleAssignable: true, Members: []string{"Sales"}})
		Expect(err).To(MatchError(ContainSubstring("no groups as members")))
	})

	It("take their time to count [GS-ROLE-09]", func() {
		w = newWorld(func(o *graphsim.Options) { o.Quirks.RoleLag = 15 * time.Minute })
		alice := w.user("alice")
		block := `{"accountEnabled":false}`
		Expect(w.AssignRole(w.tenant, alice, "Global Administrator")).To(Succeed())
		Expect(w.get(roleAssignments).values()).To(HaveLen(2), "is listed at once")
		Expect(w.patch(alice, `{"accountEnabled":true}`).status).To(Equal(http.StatusNoContent), "alice is not yet protected")
		w.Step(15 * time.Minute)
		refused(403, "Authorization_RequestDenied")(w.patch(alice, block))
		w.grant(graphsim.DefaultPermissions(), "Privileged Authentication Administrator")
		Expect(field(w.get(roleAssignments).values(), "roleDefinitionId")).NotTo(ContainElement(userAdministrator))
		refused(403, "Authorization_RequestDenied")(w.patch(alice, block))
		w.Step(15*time.Minute - time.Second)
		refused(403, "Authorization_RequestDenied")(w.patch(alice, block))
		w.Step(time.Second)
		Expect(w.patch(alice, block).status).To(Equal(http.StatusNoContent))
		w.grant(graphsim.DefaultPermissions())
		Expect(w.patch(alice, block).status).To(Equal(http.StatusNoContent), "the withdrawal does not yet count")
		w.Step(15 * time.Minute)
		refused(403, "Authorization_RequestDenied")(w.patch(alice, block))
	})
})

// eligibilityLink takes the token of a link to another collection.
func eligibilityLink(w *world, link string) string {
	GinkgoHelper()
	Expect(w.SetSKUs(w.tenant, []graphsim.SKUSpec{{PartNumber: "AAD_PREMIUM_P2", Enabled: 1}})).To(Succeed())
	return eligibilities + link[len(w.URL()+"/v1.0"+roleAssignments):]
}
