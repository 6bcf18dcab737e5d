package graphsim_test

import (
	"fmt"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// newGroup makes a group and returns its id.
func (w *world) newGroup(spec graphsim.GroupSpec) string {
	GinkgoHelper()
	id, err := w.AddGroup(w.tenant, spec)
	Expect(err).NotTo(HaveOccurred())
	return id
}

// reference is the body that names a member.
func reference(id string) string {
	return `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/` + id + `"}`
}

func (w *world) join(group, id string) answer {
	GinkgoHelper()
	return w.call(http.MethodPost, "/groups/"+group+"/members/$ref", reference(id))
}

func (w *world) leave(group, id string) answer {
	GinkgoHelper()
	return w.call(http.MethodDelete, "/groups/"+group+"/members/"+id+"/$ref", "")
}

func (w *world) members(group string) []string {
	GinkgoHelper()
	values, _ := w.all("/groups/" + group + "/members?$select=id")
	return ids(values)
}

var _ = Describe("Memberships", func() {
	var (
		w                 *world
		sales, alice, bob string
	)
	BeforeEach(func() {
		w = newWorld()
		sales = w.newGroup(graphsim.GroupSpec{DisplayName: "Sales"})
		alice, bob = w.user("alice"), w.user("bob")
	})
	groupRoles := func(more ...string) { w.grant(append(graphsim.DefaultPermissions(), more...), userAdmin) }

	It("are written one by one [GS-MEMBER-01]", func() {
		a := w.join(sales, alice)
		Expect(a.status).To(Equal(http.StatusNoContent), a.raw)
		Expect(a.raw).To(BeEmpty())
		for _, body := range []string{`{"@odata.id":"` + w.URL() + `/v1.0/users/` + bob + `"}`} {
			Expect(w.call(http.MethodPost, "/groups/"+sales+"/members/%24ref", body).status).To(Equal(http.StatusNoContent))
		}
		Expect(w.members(sales)).To(Equal([]string{alice, bob}))
		Expect(w.leave(sales, strings.ToUpper(alice)).status).To(Equal(http.StatusNoContent))
		Expect(w.members(sales)).To(Equal([]string{bob}))
		Expect(w.join(sales, alice).status).To(Equal(http.StatusNoContent))
		Expect(w.members(sales)).To(Equal([]string{bob, alice}))
		counters := w.Counters(w.tenant)
		Expect(counters.Effects).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectJoin: 3, graphsim.EffectLeave: 1}))
		Expect(counters.UserEffects[alice]).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectJoin: 2, graphsim.EffectLeave: 1}))
		Expect(counters.ByPath).To(HaveKeyWithValue("POST /groups/{id}/members/$ref", uint64(3)))
		Expect(counters.Writes).To(Equal(uint64(4)))
	})

	It("are refused twice, and when there is nobody [GS-MEMBER-02]", func() {
		Expect(w.join(sales, alice).status).To(Equal(http.StatusNoContent))
		a := w.join(sales, alice)
		refused(400, "Request_BadRequest")(a)
		Expect(a.message()).To(Equal("One or more added object references already exist for the following modified properties: 'members'."))
		refused(404, "Request_ResourceNotFound")(w.join(sales, w.tenant))
		refused(404, "Request_ResourceNotFound")(w.join(alice, bob))
		refused(404, "Request_ResourceNotFound")(w.leave(sales, bob))
		refused(404, "Request_ResourceNotFound")(w.leave(sales, "nobody"))
		refused(404, "Request_ResourceNotFound")(w.leave(bob, alice))
		Expect(w.DeleteUser(w.tenant, bob)).To(Succeed())
		refused(404, "Request_ResourceNotFound")(w.join(sales, bob))
		for _, body := range []string{`{}`, `{"@odata.id":"` + alice + `"}`, reference("alice"), `{"@odata.id":"https://graph.microsoft.com/v1.0/devices/` + alice + `"}`} {
			refused(400, "Request_BadRequest")(w.call(http.MethodPost, "/groups/"+sales+"/members/$ref", body))
		}
		refused(400, "BadRequest")(w.call(http.MethodPost, "/groups/"+sales+"/members/$ref", `[`))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectJoin: 1}))
	})

	DescribeTable("of some groups are not Graph's to write", func(spec graphsim.GroupSpec, status int, code, message string) {
		spec.DisplayName, spec.Members = "Group", []string{alice}
		id := w.newGroup(spec)
		for _, a := range []answer{
			w.join(id, bob), w.leave(id, alice),
			w.call(http.MethodPatch, "/groups/"+id, `{"members@odata.bind":["https://graph.microsoft.com/v1.0/directoryObjects/`+bob+`"]}`),
		} {
			refused(status, code)(a)
			Expect(a.message()).To(HavePrefix(message))
		}
		Expect(w.members(id)).To(Equal([]string{alice}))
	},
		Entry("mail-enabled security [GS-MEMBER-03]", graphsim.GroupSpec{Mail: "x@contoso.example"}, 400, "Request_BadRequest", "Cannot Update a mail-enabled security groups and or distribution list."),
		Entry("distribution list [GS-MEMBER-03]", graphsim.GroupSpec{Mail: "x@contoso.example", Distribution: true}, 400, "Request_BadRequest", "Cannot Update a mail-enabled security groups and or distribution list."),
		Entry("synced [GS-MEMBER-03]", graphsim.GroupSpec{Synced: true}, 400, "Request_BadRequest", "Unable to update the specified properties for on-premises mastered"),
		Entry("dynamic [GS-MEMBER-03]", graphsim.GroupSpec{Types: []string{"DynamicMembership"}, MembershipRule: `user.userType -eq "Member"`}, 403, "Authorization_RequestDenied", "Insufficient privileges"),
	)

	It("of Microsoft 365 groups are [GS-MEMBER-03]", func() {
		id := w.newGroup(graphsim.GroupSpec{DisplayName: "Team", Mail: "team@contoso.example", Types: []string{"Unified"}})
		Expect(w.join(id, alice).status).To(Equal(http.StatusNoContent))
		Expect(w.leave(id, alice).status).To(Equal(http.StatusNoContent))
	})

	It("of role-assignable groups need more [GS-MEMBER-04]", func() {
		admins := w.newGroup(graphsim.GroupSpec{DisplayName: "Admins", RoleAssignable: true, Members: []string{bob}})
		w.grant([]string{"GroupMember.ReadWrite.All", "Group.ReadWrite.All"})
		refused(403, "Authorization_RequestDenied")(w.join(admins, alice))
		refused(403, "Authorization_RequestDenied")(w.leave(admins, bob))
		w.grant([]string{"RoleManagement.ReadWrite.Directory"})
		refused(403, "Authorization_RequestDenied")(w.join(admins, alice))
		w.grant([]string{"GroupMember.ReadWrite.All", "RoleManagement.ReadWrite.Directory"})
		Expect(w.join(admins, alice).status).To(Equal(http.StatusNoContent))
		Expect(w.leave(admins, bob).status).To(Equal(http.StatusNoContent))
	})

	It("are written by the twenty [GS-MEMBER-05] [GS-MEMBER-11]", func() {
		bind := func(keys ...string) answer {
			GinkgoHelper()
			var refs []string
			for _, key := range keys {
				refs = append(refs, "https://graph.microsoft.com/v1.0/directoryObjects/"+key)
			}
			return w.call(http.MethodPatch, "/groups/"+sales, string(mustMarshal(map[string]any{"members@odata.bind": refs})))
		}
		var many []string
		for i := range 21 {
			many = append(many, w.user(fmt.Sprintf("user%02d", i)))
		}
		refused(400, "Request_BadRequest")(bind(many...))
		refused(404, "Request_ResourceNotFound")(bind(alice, w.tenant))
		refused(400, "Request_BadRequest")(bind(alice, alice))
		Expect(w.members(sales)).To(BeEmpty())
		Expect(bind(many[:20]...).status).To(Equal(http.StatusNoContent))
		Expect(w.members(sales)).To(Equal(many[:20]))
		refused(400, "Request_BadRequest")(bind(alice, many[3]))
		Expect(w.members(sales)).To(HaveLen(20))
		refused(400, "Request_BadRequest")(w.call(http.MethodPatch, "/groups/"+sales, `{"members@odata.bind":"x"}`))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectJoin: 20}))

		rename := `{"displayName":"Sales and Marketing","description":"Both"}`
		refused(403, "Authorization_RequestDenied")(w.call(http.MethodPatch, "/groups/"+sales, rename))
		groupRoles("Group.ReadWrite.All")
		Expect(w.call(http.MethodPatch, "/groups/"+sales, rename).status).To(Equal(http.StatusNoContent))
		Expect(w.get("/groups/" + sales).body).To(And(HaveKeyWithValue("displayName", "Sales and Marketing"), HaveKeyWithValue("description", "Both")))
		refused(400, "Request_BadRequest")(w.call(http.MethodPatch, "/groups/"+sales, `{"colour":"red"}`))
		refused(400, "Request_BadRequest")(w.call(http.MethodPatch, "/groups/"+sales, `{"displayName":""}`))
		refused(400, "BadRequest")(w.call(http.MethodPatch, "/groups/"+sales, `[`))
		refused(501, "NotSimulated")(w.call(http.MethodPatch, "/groups/"+sales, `{"visibility":"Public"}`))
	})

	It("are not ended by a DELETE without $ref: the member is [GS-MEMBER-06]", func() {
		admin := w.user("admin")
		Expect(w.AssignRole(w.tenant, admin, "Global Administrator")).To(Succeed())
		inner := w.newGroup(graphsim.GroupSpec{DisplayName: "Inner"})
		for _, id := range []string{alice, admin, inner} {
			Expect(w.AddGroupMember(w.tenant, sales, id)).To(Succeed())
		}
		trap := func(id string) answer {
			GinkgoHelper()
			return w.call(http.MethodDelete, "/groups/"+sales+"/members/"+id, "")
		}
		w.grant([]string{"GroupMember.ReadWrite.All", "User.Read.All"})
		refused(403, "Authorization_RequestDenied")(trap(alice))
		w.grant([]string{"GroupMember.ReadWrite.All", "User.DeleteRestore.All", "User.Read.All", "GroupMember.Read.All"}, userAdmin)
		refused(404, "Request_ResourceNotFound")(trap(bob))
		refused(403, "Authorization_RequestDenied")(trap(admin))
		refused(403, "Authorization_RequestDenied")(trap(inner))
		Expect(trap(alice).status).To(Equal(http.StatusNoContent))
		refused(404, "Request_ResourceNotFound")(w.get("/users/" + alice))
		state, err := w.User(w.tenant, alice)
		Expect(err).NotTo(HaveOccurred())
		Expect(state.Deleted).To(BeTrue())
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectDelete: 1}))
		w.grant([]string{"Group.ReadWrite.All"})
		Expect(trap(inner).status).To(Equal(http.StatusNoContent))
		refused(404, "Request_ResourceNotFound")(w.get("/groups/" + inner))
	})

	It("need permissions, and some groups take no groups [GS-MEMBER-07]", func() {
		inner := w.newGroup(graphsim.GroupSpec{DisplayName: "Inner"})
		team := w.newGroup(graphsim.GroupSpec{DisplayName: "Team", Mail: "team@contoso.example", Types: []string{"Unified"}})
		refused(403, "Authorization_RequestDenied")(w.join(sales, inner))
		groupRoles("Group.ReadWrite.All")
		Expect(w.join(sales, inner).status).To(Equal(http.StatusNoContent))
		refused(400, "Request_BadRequest")(w.join(team, inner))
		w.grant([]string{"GroupMember.Read.All", "User.ReadWrite.All"})
		refused(403, "Authorization_RequestDenied")(w.join(sales, alice))
		refused(403, "Authorization_RequestDenied")(w.leave(sales, inner))
	})

	It("are listed by account, with directory roles [GS-MEMBER-08] [GS-MEMBER-10]", func() {
		inner := w.newGroup(graphsim.GroupSpec{DisplayName: "Inner", Members: []string{alice}})
		admins := w.newGroup(graphsim.GroupSpec{DisplayName: "Admins", RoleAssignable: true, Members: []string{alice}})
		Expect(w.AddGroupMember(w.tenant, sales, inner)).To(Succeed())
		Expect(w.AddGroupMember(w.tenant, inner, sales)).To(Succeed(), "a circle is allowed")
		Expect(w.AssignRole(w.tenant, admins, "Helpdesk Administrator")).To(Succeed())
		Expect(w.AssignRole(w.tenant, alice, "Reports Reader")).To(Succeed())
		w.grant([]string{"Directory.Read.All"})
		direct := w.get("/users/alice@contoso.example/memberOf")
		Expect(direct.link("context")).To(HaveSuffix("#directoryObjects"))
		Expect(field(direct.values(), "displayName")).To(Equal([]any{"Inner", "Admins", "Reports Reader"}))
		Expect(direct.values()[2]).To(And(HaveKeyWithValue("@odata.type", "#microsoft.graph.directoryRole"), HaveKeyWithValue("roleTemplateId", "4a5d8f65-41da-4de4-8968-e035b65339cf")))
		transitive := w.get("/users/" + alice + "/transitiveMemberOf?$select=id,displayName")
		Expect(field(transitive.values(), "displayName")).To(Equal([]any{"Sales", "Inner", "Admins", "Helpdesk Administrator", "Reports Reader"}))
		Expect(ids(w.get("/users/" + alice + "/memberOf/graph.group").values())).To(Equal([]string{inner, admins}))
		Expect(ids(w.get("/users/" + alice + "/transitiveMemberOf/microsoft.graph.group?$top=2").values())).To(Equal([]string{sales, inner}))
		Expect(w.get("/users/" + alice + "/memberOf/microsoft.graph.directoryRole").values()).To(HaveLen(1))
		Expect(w.get("/users/" + alice + "/transitiveMemberOf/microsoft.graph.directoryRole?$select=displayName").values()).To(HaveLen(2))
		Expect(w.get("/users/" + bob + "/memberOf").values()).To(BeEmpty())
		refused(404, "Request_ResourceNotFound")(w.get("/users/nobody/memberOf"))
		refused(400, "BadRequest")(w.get("/users/" + alice + "/memberOf/graph.group?$select=roleTemplateId"))
		refused(400, "Request_BadRequest")(w.get("/users/" + alice + "/memberOf?$skip=1"))
		refused(400, "Request_BadRequest")(w.get("/groups/" + sales + "/owners?$skip=1"))
		w.grant([]string{"User.Read.All"})
		refused(403, "Authorization_RequestDenied")(w.get("/users/" + alice + "/memberOf"))
		hidden := w.get("/users/" + alice + "/transitiveMemberOf/graph.group?$select=id,displayName")
		Expect(hidden.values()).To(HaveEach(HaveKeyWithValue("displayName", BeNil())), "User.Read.All shows ids only")
		w.grant([]string{"GroupMember.ReadWrite.All"})
		refused(403, "Authorization_RequestDenied")(w.get("/users/" + alice + "/transitiveMemberOf"))
	})

	It("have owners beside them [GS-MEMBER-09]", func() {
		team := w.newGroup(graphsim.GroupSpec{DisplayName: "Team", Owners: []string{alice, bob}})
		Expect(ids(w.get("/groups/" + team + "/owners").values())).To(Equal([]string{alice, bob}))
		Expect(ids(w.get("/users/" + alice + "/ownedObjects").values())).To(Equal([]string{team}))
		Expect(ids(w.get("/users/" + alice + "/ownedObjects/graph.group").values())).To(Equal([]string{team}))
		Expect(w.PurgeUser(w.tenant, alice)).To(Succeed())
		Expect(ids(w.get("/groups/" + team + "/owners").values())).To(Equal([]string{bob}))
		refused(404, "Request_ResourceNotFound")(w.get("/users/" + alice + "/ownedObjects"))
		refused(404, "Request_ResourceNotFound")(w.get("/groups/" + bob + "/owners"))
	})
})
