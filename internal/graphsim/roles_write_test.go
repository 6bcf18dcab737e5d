package graphsim_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("Giving directory roles", func() {
	const helpdesk = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	var (
		w     *world
		alice string
	)
	BeforeEach(func() {
		w = newWorld()
		alice = w.user("alice")
		w.grant(append(graphsim.DefaultPermissions(), "RoleManagement.ReadWrite.Directory"), "User Administrator")
	})
	post := func(principal, role, scope string) answer {
		GinkgoHelper()
		return w.call(http.MethodPost, roleAssignments, fmt.Sprintf(`{"@odata.type":"#microsoft.graph.unifiedRoleAssignment","principalId":%q,"roleDefinitionId":%q,"directoryScopeId":%q}`, principal, role, scope))
	}

	It("takes principal, role and scope, and a permission of its own [GS-ROLE-10]", func() {
		a := post(alice, helpdesk, "/")
		Expect(a.status).To(Equal(http.StatusCreated), a.raw)
		Expect(a.body).To(And(HaveKeyWithValue("principalId", alice), HaveKeyWithValue("roleDefinitionId", helpdesk), HaveKeyWithValue("directoryScopeId", "/"), HaveKey("id")))
		Expect(w.get(roleAssignments + "?$filter=principalId eq '" + alice + "'").values()).To(HaveLen(1))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectRoleGrant: 1}))
		refused(400, "Request_BadRequest")(w.call(http.MethodPost, roleAssignments, `{"principalId":"`+alice+`"}`))
		refused(400, "Request_BadRequest")(w.call(http.MethodPost, roleAssignments, `{"role":"x"}`))
		w.grant([]string{"RoleManagement.Read.Directory", "Directory.ReadWrite.All"})
		refused(403, "Authorization_RequestDenied")(post(alice, userAdministrator, "/"))
		refused(403, "Authorization_RequestDenied")(w.call(http.MethodDelete, roleAssignments+"/"+a.body["id"].(string), ""))
	})

	It("does not give a role twice [GS-ROLE-11]", func() {
		Expect(post(alice, helpdesk, "/").status).To(Equal(http.StatusCreated))
		again := post(alice, helpdesk, "/")
		refused(400, "Request_BadRequest")(again)
		Expect(again.message()).To(Equal("A conflicting object with one or more of the specified property values is present in the directory."))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectRoleGrant: 1}))
	})

	It("refuses what does not exist or cannot hold a role [GS-ROLE-12]", func() {
		sales, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Sales"})
		Expect(err).NotTo(HaveOccurred())
		desk, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Desk", RoleAssignable: true})
		Expect(err).NotTo(HaveOccurred())
		portal, err := w.AddApplication(w.tenant, graphsim.ApplicationSpec{DisplayName: "MSPortal"})
		Expect(err).NotTo(HaveOccurred())
		refused(404, "Request_ResourceNotFound")(post(alice, alice, "/"))
		refused(404, "Request_ResourceNotFound")(post(alice, "Helpdesk Administrator", "/"))
		refused(404, "Request_ResourceNotFound")(post(helpdesk, helpdesk, "/"))
		refused(404, "Request_ResourceNotFound")(post(alice, helpdesk, "/administrativeUnits/"+alice))
		refused(400, "Request_BadRequest")(post(alice, helpdesk, "/"+alice))
		refused(400, "Request_BadRequest")(post(sales, helpdesk, "/"))
		Expect(post(desk, helpdesk, "/").status).To(Equal(http.StatusCreated))
		Expect(post(portal, helpdesk, "/").status).To(Equal(http.StatusCreated))
		Expect(w.DeleteUser(w.tenant, alice)).To(Succeed())
		refused(404, "Request_ResourceNotFound")(post(alice, helpdesk, "/"))
	})

	It("is undone by id, and counts when changes of roles do [GS-ROLE-13]", func() {
		w = newWorld(func(o *graphsim.Options) { o.Quirks.RoleLag = 15 * time.Minute })
		alice = w.user("alice")
		w.grant(append(graphsim.DefaultPermissions(), "RoleManagement.ReadWrite.Directory"), "User Administrator")
		w.Step(time.Hour)
		w.renew()
		id := post(alice, globalAdministrator, "/").body["id"].(string)
		Expect(w.get(roleAssignments + "/" + id).body).To(And(HaveKeyWithValue("id", id), HaveKeyWithValue("principalId", alice)))
		Expect(w.patch(alice, `{"accountEnabled":true}`).status).To(Equal(http.StatusNoContent), "not yet protected")
		w.Step(15 * time.Minute)
		w.renew()
		refused(403, "Authorization_RequestDenied")(w.patch(alice, `{"accountEnabled":false}`))
		Expect(w.call(http.MethodDelete, roleAssignments+"/"+id, "").status).To(Equal(http.StatusNoContent))
		refused(403, "Authorization_RequestDenied")(w.patch(alice, `{"accountEnabled":false}`))
		refused(404, "Request_ResourceNotFound")(w.call(http.MethodDelete, roleAssignments+"/"+id, ""))
		refused(404, "Request_ResourceNotFound")(w.get(roleAssignments + "/" + id))
		w.Step(15 * time.Minute)
		Expect(w.patch(alice, `{"accountEnabled":false}`).status).To(Equal(http.StatusNoContent))
		Expect(w.effects()).To(And(HaveKeyWithValue(graphsim.EffectRoleGrant, uint64(1)), HaveKeyWithValue(graphsim.EffectRoleRemove, uint64(1))))
	})
})
