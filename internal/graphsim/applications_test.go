package graphsim_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// zeroRole is access to an application without a role.
const zeroRole = "00000000-0000-0000-0000-000000000000"

var _ = Describe("Applications", func() {
	var (
		w           *world
		alice       string
		sales       string
		portal      string
		admin, user string
	)
	BeforeEach(func() {
		w = newWorld()
		alice = w.user("alice")
		var err error
		sales, err = w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Sales"})
		Expect(err).NotTo(HaveOccurred())
		portal, err = w.AddApplication(w.tenant, graphsim.ApplicationSpec{
			DisplayName: "MSPortal", AppID: "5b0d1a5e-0000-4000-8000-0000000aaaa1", AssignmentRequired: true,
			Roles: []graphsim.AppRoleSpec{
				{DisplayName: "Admin", Value: "Portal.Admin"},
				{DisplayName: "User", Value: "Portal.User"},
				{DisplayName: "Old", Disabled: true},
				{DisplayName: "Robot", AllowedMemberTypes: []string{"Application"}},
			},
		})
		Expect(err).NotTo(HaveOccurred())
		w.grant(append(graphsim.DefaultPermissions(), "Application.Read.All", "AppRoleAssignment.ReadWrite.All"), "User Administrator")
		admin, user = roleOf(w, portal, "Admin"), roleOf(w, portal, "User")
	})
	assignment := func(principal, resource, role string) string {
		return fmt.Sprintf(`{"principalId":%q,"resourceId":%q,"appRoleId":%q}`, principal, resource, role)
	}
	post := func(path, body string) answer { GinkgoHelper(); return w.call(http.MethodPost, path, body) }
	of := func(kind, id string) []map[string]any {
		GinkgoHelper()
		values, _ := w.all("/" + kind + "/" + id + "/appRoleAssignments")
		return values
	}

	It("are listed with their roles [GS-APP-01]", func() {
		a := w.get("/servicePrincipals?$filter=displayName eq 'msportal'")
		Expect(a.values()).To(HaveLen(1), a.raw)
		Expect(a.values()[0]).To(And(HaveKeyWithValue("id", portal), HaveKeyWithValue("appId", "5b0d1a5e-0000-4000-8000-0000000aaaa1"),
			HaveKeyWithValue("accountEnabled", true), HaveKeyWithValue("appRoleAssignmentRequired", true), HaveKeyWithValue("servicePrincipalType", "Application")))
		roles := a.values()[0]["appRoles"].([]any)
		Expect(roles).To(HaveLen(4))
		Expect(roles[0]).To(And(HaveKeyWithValue("displayName", "Admin"), HaveKeyWithValue("value", "Portal.Admin"), HaveKeyWithValue("isEnabled", true),
			HaveKeyWithValue("allowedMemberTypes", ConsistOf("User")), HaveKeyWithValue("id", admin)))
		Expect(roles[2]).To(And(HaveKeyWithValue("isEnabled", false), HaveKeyWithValue("value", BeNil())))
		for filter, n := range map[string]int{
			"appId eq '5b0d1a5e-0000-4000-8000-0000000AAAA1'": 1, "startsWith(displayName,'MS')": 1, "displayName eq 'm365-operator'": 1, "displayName eq 'x'": 0,
		} {
			Expect(w.get("/servicePrincipals?$select=id&$filter="+filter).values()).To(HaveLen(n), filter)
		}
		first := w.get("/servicePrincipals?$top=1&$select=displayName")
		Expect(first.values()).To(Equal([]map[string]any{{"displayName": "m365-operator"}}))
		Expect(w.get(first.link("nextLink")).values()).To(Equal([]map[string]any{{"displayName": "MSPortal"}}))
		refused(400, "Request_UnsupportedQuery")(w.get("/servicePrincipals?$count=true"))
		refused(400, "Request_UnsupportedQuery")(w.get("/servicePrincipals?$filter=appRoleAssignmentRequired eq true"))
		refused(400, "Request_BadRequest")(w.get("/servicePrincipals?$skip=1"))
		w.header.Set("ConsistencyLevel", "eventual")
		Expect(w.get("/servicePrincipals?$count=true&$top=1").body).To(HaveKeyWithValue("@odata.count", 2.0))
		w.grant([]string{"User.Read.All", "AppRoleAssignment.ReadWrite.All"})
		refused(403, "Authorization_RequestDenied")(w.get("/servicePrincipals"))
	})

	It("are found by both of their ids [GS-APP-02]", func() {
		Expect(w.get("/servicePrincipals/" + portal + "?$select=displayName").body).To(HaveKeyWithValue("displayName", "MSPortal"))
		Expect(w.get("/servicePrincipals(appId='5B0d1a5e-0000-4000-8000-0000000aaaa1')?$select=id").body).To(HaveKeyWithValue("id", portal))
		Expect(w.get("/servicePrincipals(appId='" + w.ClientID() + "')").body).To(HaveKeyWithValue("displayName", "m365-operator"))
		refused(404, "Request_ResourceNotFound")(w.get("/servicePrincipals/" + alice))
		refused(404, "Request_ResourceNotFound")(w.get("/servicePrincipals(appId='" + portal + "')"))
	})

	It("say who holds their roles, page by page [GS-APP-03]", func() {
		Expect(w.AssignApplication(w.tenant, "MSPortal", graphsim.AppAssignmentSpec{Principal: "Sales", Role: "Portal.User"})).To(Succeed())
		Expect(w.AssignApplication(w.tenant, portal, graphsim.AppAssignmentSpec{Principal: w.ClientID(), Role: "Robot"})).To(Succeed())
		for i := range 110 {
			Expect(w.AssignApplication(w.tenant, portal, graphsim.AppAssignmentSpec{Principal: w.user(fmt.Sprintf("user%03d", i)), Role: "Admin"})).To(Succeed())
		}
		first := w.get("/servicePrincipals/" + portal + "/appRoleAssignedTo")
		Expect(first.values()).To(HaveLen(100))
		Expect(first.values()[0]).To(Equal(map[string]any{
			"id": first.values()[0]["id"], "deletedDateTime": nil, "appRoleId": user, "createdDateTime": "2026-03-02T09:00:00Z", "principalDisplayName": "Sales",
			"principalId": sales, "principalType": "Group", "resourceDisplayName": "MSPortal", "resourceId": portal,
		}))
		Expect(first.values()[1]).To(And(HaveKeyWithValue("principalType", "ServicePrincipal"), HaveKeyWithValue("principalDisplayName", "m365-operator")))
		Expect(first.values()[2]).To(And(HaveKeyWithValue("principalType", "User"), HaveKeyWithValue("id", MatchRegexp(`^[A-Za-z0-9_-]{43}$`))))
		second := w.get(first.link("nextLink"))
		Expect(second.values()).To(HaveLen(12))
		Expect(second.link("nextLink")).To(BeEmpty())
		byName := w.get("/servicePrincipals(appId='5b0d1a5e-0000-4000-8000-0000000aaaa1')/appRoleAssignedTo?$filter=startsWith(principalDisplayName,'Sal')")
		Expect(byName.values()).To(HaveLen(1), byName.raw)
		Expect(w.get("/servicePrincipals/" + portal + "/appRoleAssignedTo?$filter=resourceId eq " + portal).values()).To(HaveLen(100))
		refused(400, "BadRequest")(w.get("/servicePrincipals/" + portal + "/appRoleAssignedTo?$filter=resourceId eq '" + portal + "'"))
		refused(400, "Request_UnsupportedQuery")(w.get("/servicePrincipals/" + portal + "/appRoleAssignedTo?$filter=principalId eq " + alice))
	})

	It("show what a principal holds to whoever may see it [GS-APP-04]", func() {
		Expect(w.AssignApplication(w.tenant, portal, graphsim.AppAssignmentSpec{Principal: alice, Role: "Admin"})).To(Succeed())
		Expect(w.AssignApplication(w.tenant, portal, graphsim.AppAssignmentSpec{Principal: "Sales", Role: "User"})).To(Succeed())
		Expect(w.AddGroupMember(w.tenant, sales, alice)).To(Succeed())
		Expect(field(of("users", "alice@contoso.example"), "appRoleId")).To(ConsistOf(admin), "what comes through a group is not listed")
		Expect(field(of("groups", sales), "appRoleId")).To(ConsistOf(user))
		Expect(of("servicePrincipals", portal)).To(BeEmpty())
		refused(404, "Request_ResourceNotFound")(w.get("/users/nobody@contoso.example/appRoleAssignments"))
		w.grant([]string{"Application.Read.All", "User.Read.All", "GroupMember.Read.All"})
		refused(403, "Authorization_RequestDenied")(w.get("/users/" + alice + "/appRoleAssignments"))
		refused(403, "Authorization_RequestDenied")(w.get("/groups/" + sales + "/appRoleAssignments"))
		Expect(w.get("/servicePrincipals/" + portal + "/appRoleAssignedTo").values()).To(HaveLen(2))
		w.grant([]string{"Directory.Read.All"})
		Expect(of("users", alice)).To(HaveLen(1))
	})

	It("are assigned from either side [GS-APP-05]", func() {
		a := post("/users/alice@contoso.example/appRoleAssignments", assignment(alice, portal, admin))
		Expect(a.status).To(Equal(http.StatusCreated), a.raw)
		Expect(a.body).To(And(HaveKeyWithValue("principalId", alice), HaveKeyWithValue("appRoleId", admin), HaveKeyWithValue("principalType", "User"),
			HaveKeyWithValue("createdDateTime", "2026-03-02T09:00:00Z"), HaveKeyWithValue("resourceDisplayName", "MSPortal"), HaveKey("@odata.context")))
		b := post("/servicePrincipals/"+portal+"/appRoleAssignedTo", assignment(sales, portal, user))
		Expect(b.status).To(Equal(http.StatusCreated), b.raw)
		Expect(w.get("/servicePrincipals/" + portal + "/appRoleAssignedTo").values()).To(HaveLen(2))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectAppGrant: 2}))
		Expect(w.Counters(w.tenant).UserEffects).To(HaveKeyWithValue(alice, HaveKeyWithValue(graphsim.EffectAppGrant, uint64(1))))
		journal := w.Requests(w.tenant)
		Expect(journal[len(journal)-2].Fields).To(ConsistOf("principalId", "resourceId", "appRoleId"))
		w.grant([]string{"AppRoleAssignment.ReadWrite.All"})
		refused(403, "Authorization_RequestDenied")(post("/servicePrincipals/"+portal+"/appRoleAssignedTo", assignment(alice, portal, user)))
		Expect(post("/users/"+alice+"/appRoleAssignments", assignment(alice, portal, user)).status).To(Equal(http.StatusCreated))
		w.grant([]string{"Directory.ReadWrite.All", "Application.ReadWrite.All"})
		refused(403, "Authorization_RequestDenied")(post("/users/"+alice+"/appRoleAssignments", assignment(alice, portal, admin)))
	})

	It("are not assigned twice [GS-APP-06]", func() {
		Expect(post("/users/"+alice+"/appRoleAssignments", assignment(alice, portal, admin)).status).To(Equal(http.StatusCreated))
		for _, path := range []string{"/users/" + alice + "/appRoleAssignments", "/servicePrincipals/" + portal + "/appRoleAssignedTo"} {
			again := post(path, assignment(alice, portal, admin))
			refused(400, "Request_BadRequest")(again)
			Expect(again.message()).To(Equal("Permission being assigned already exists on the object"))
		}
		Expect(of("users", alice)).To(HaveLen(1))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectAppGrant: 1}))
	})

	It("give only roles they offer [GS-APP-07]", func() {
		missing := func(principal, kind, role string) {
			GinkgoHelper()
			a := post("/"+kind+"/"+principal+"/appRoleAssignments", assignment(principal, portal, role))
			refused(400, "Request_BadRequest")(a)
			Expect(a.message()).To(HavePrefix("Permission being assigned was not found on application"))
		}
		own := w.get("/servicePrincipals(appId='" + w.ClientID() + "')").body["id"].(string)
		missing(alice, "users", sales)
		missing(alice, "users", roleOf(w, portal, "Old"))
		missing(alice, "users", roleOf(w, portal, "Robot"))
		missing(own, "servicePrincipals", admin)
		missing(alice, "users", zeroRole)
		Expect(post("/servicePrincipals/"+own+"/appRoleAssignments", assignment(own, portal, roleOf(w, portal, "Robot"))).status).To(Equal(http.StatusCreated))
		plain, err := w.AddApplication(w.tenant, graphsim.ApplicationSpec{DisplayName: "Wiki"})
		Expect(err).NotTo(HaveOccurred())
		Expect(post("/users/"+alice+"/appRoleAssignments", assignment(alice, plain, zeroRole)).status).To(Equal(http.StatusCreated))
		Expect(of("users", alice)).To(HaveLen(1))
	})

	It("must be known, and so must who is assigned [GS-APP-08]", func() {
		path := "/users/" + alice + "/appRoleAssignments"
		refused(404, "Request_ResourceNotFound")(post(path, assignment(alice, sales, admin)))
		refused(404, "Request_ResourceNotFound")(post("/servicePrincipals/"+portal+"/appRoleAssignedTo", assignment(admin, portal, admin)))
		refused(400, "Request_BadRequest")(post(path, assignment(sales, portal, admin)))
		refused(400, "Request_BadRequest")(post("/servicePrincipals/"+portal+"/appRoleAssignedTo", assignment(alice, sales, admin)))
		refused(400, "Request_BadRequest")(post(path, `{"principalId":"`+alice+`","resourceId":"`+portal+`"}`))
		refused(400, "BadRequest")(post(path, assignment(alice, portal, "Admin")))
		refused(400, "Request_BadRequest")(post(path, `{"colour":"red"}`))
		refused(400, "BadRequest")(post(path, `[`))
		Expect(w.DeleteUser(w.tenant, alice)).To(Succeed())
		refused(404, "Request_ResourceNotFound")(post("/servicePrincipals/"+portal+"/appRoleAssignedTo", assignment(alice, portal, admin)))
		Expect(w.effects()).To(BeEmpty())
	})

	It("are taken away once [GS-APP-09]", func() {
		id := post("/users/"+alice+"/appRoleAssignments", assignment(alice, portal, admin)).body["id"].(string)
		other := post("/users/"+alice+"/appRoleAssignments", assignment(alice, portal, user)).body["id"].(string)
		refused(404, "Request_ResourceNotFound")(w.call(http.MethodDelete, "/users/"+w.user("bob")+"/appRoleAssignments/"+id, ""))
		Expect(w.call(http.MethodDelete, "/users/"+alice+"/appRoleAssignments/"+id, "").status).To(Equal(http.StatusNoContent))
		refused(404, "Request_ResourceNotFound")(w.call(http.MethodDelete, "/users/"+alice+"/appRoleAssignments/"+id, ""))
		Expect(field(of("users", alice), "appRoleId")).To(ConsistOf(user))
		Expect(w.call(http.MethodDelete, "/servicePrincipals/"+portal+"/appRoleAssignedTo/"+other, "").status).To(Equal(http.StatusNoContent))
		Expect(of("users", alice)).To(BeEmpty())
		Expect(w.effects()).To(HaveKeyWithValue(graphsim.EffectAppRemove, uint64(2)))
		again := post("/users/"+alice+"/appRoleAssignments", assignment(alice, portal, admin)).body["id"]
		Expect(again).NotTo(Equal(id), "a new assignment has an id of its own")
	})

	It("may be listed as they were before [GS-APP-11]", func() {
		w = newWorld(func(o *graphsim.Options) { o.Quirks.ReadLag, o.Quirks.ReadStale = 10*time.Second, 0.5 })
		alice = w.user("alice")
		var err error
		portal, err = w.AddApplication(w.tenant, graphsim.ApplicationSpec{DisplayName: "MSPortal", Roles: []graphsim.AppRoleSpec{{DisplayName: "Admin"}}})
		Expect(err).NotTo(HaveOccurred())
		w.Step(time.Minute)
		admin = roleOf(w, portal, "Admin")
		seen := func() map[int]bool {
			counts := map[int]bool{}
			for range 40 {
				counts[len(w.get("/servicePrincipals/"+portal+"/appRoleAssignedTo").values())] = true
				counts[len(of("users", alice))] = true
			}
			return counts
		}
		id := post("/users/"+alice+"/appRoleAssignments", assignment(alice, portal, admin)).body["id"].(string)
		Expect(seen()).To(Equal(map[int]bool{0: true, 1: true}))
		refused(400, "Request_BadRequest")(post("/users/"+alice+"/appRoleAssignments", assignment(alice, portal, admin)))
		w.Step(10 * time.Second)
		Expect(seen()).To(Equal(map[int]bool{1: true}))
		Expect(w.call(http.MethodDelete, "/users/"+alice+"/appRoleAssignments/"+id, "").status).To(Equal(http.StatusNoContent))
		Expect(seen()).To(Equal(map[int]bool{0: true, 1: true}))
		refused(404, "Request_ResourceNotFound")(w.call(http.MethodDelete, "/users/"+alice+"/appRoleAssignments/"+id, ""))
		w.Step(10 * time.Second)
		Expect(seen()).To(Equal(map[int]bool{0: true}))
	})

	It("are charged, refused and struck by faults alone in a batch [GS-BATCH-06] [GS-SIM-03]", func() {
		_, err := w.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Method: http.MethodPost, Path: "/users/{id}/appRoleAssignments", After: true, Count: 1})
		Expect(err).NotTo(HaveOccurred())
		_, lost := w.tryCall(http.MethodPost, "/users/"+alice+"/appRoleAssignments", assignment(alice, portal, admin))
		Expect(lost).To(HaveOccurred())
		part := func(id, method, url, body string) string {
			return fmt.Sprintf(`{"id":%q,"method":%q,"url":%q,"headers":{"Content-Type":"application/json"},"body":%s}`, id, method, url, body)
		}
		a := post("/$batch", `{"requests":[`+part("again", "POST", "/users/"+alice+"/appRoleAssignments", assignment(alice, portal, admin))+","+
			part("other", "POST", "/users/"+alice+"/appRoleAssignments", assignment(alice, portal, user))+","+
			`{"id":"list","method":"GET","url":"/users/`+alice+`/appRoleAssignments"}]}`)
		status := map[any]any{}
		for _, p := range a.body["responses"].([]any) {
			status[p.(map[string]any)["id"]] = p.(map[string]any)["status"]
		}
		Expect(status).To(Equal(map[any]any{"again": 400.0, "other": 201.0, "list": 200.0}), a.raw)
		Expect(of("users", alice)).To(HaveLen(2))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectAppGrant: 2}))
		Expect(w.Counters(w.tenant).ByPath).To(HaveKeyWithValue("POST /users/{id}/appRoleAssignments", uint64(3)))
	})

	It("follow accounts, groups and applications that come and go [GS-APP-10]", func() {
		Expect(w.AssignApplication(w.tenant, portal, graphsim.AppAssignmentSpec{Principal: alice, Role: "Admin"})).To(Succeed())
		Expect(w.AssignApplication(w.tenant, portal, graphsim.AppAssignmentSpec{Principal: "Sales", Role: "User"})).To(Succeed())
		holders := func() []any {
			return field(w.get("/servicePrincipals/"+portal+"/appRoleAssignedTo").values(), "principalId")
		}
		Expect(w.DeleteUser(w.tenant, alice)).To(Succeed())
		Expect(holders()).To(ConsistOf(sales))
		Expect(w.RestoreUser(w.tenant, alice)).To(Succeed())
		Expect(holders()).To(ConsistOf(alice, sales))
		Expect(w.PurgeUser(w.tenant, alice)).To(Succeed())
		Expect(holders()).To(ConsistOf(sales))
		Expect(w.RemoveGroup(w.tenant, "Sales")).To(Succeed())
		Expect(holders()).To(BeEmpty())
		bob := w.user("bob")
		outsider := func(method, path, body string) int {
			GinkgoHelper()
			return w.send(method, w.URL()+"/_sim/tenants/"+w.tenant+"/applications"+path, body, nil).status
		}
		Expect(outsider(http.MethodPost, "/MSPortal/assignments", `{"principal":"bob@contoso.example","role":"Portal.User"}`)).To(Equal(http.StatusNoContent))
		Expect(outsider(http.MethodPost, "/MSPortal/assignments", `{"principal":"bob@contoso.example","role":"Admin"}`)).To(Equal(http.StatusNoContent))
		Expect(of("users", bob)).To(HaveLen(2))
		Expect(outsider(http.MethodDelete, "/MSPortal/assignments/bob@contoso.example/Portal.User", "")).To(Equal(http.StatusNoContent))
		Expect(of("users", bob)).To(HaveLen(1))
		Expect(outsider(http.MethodPut, "/MSPortal/roles", `[{"displayName":"Guest"}]`)).To(Equal(http.StatusNoContent))
		Expect(of("users", bob)).To(BeEmpty(), "the role is gone")
		Expect(outsider(http.MethodPost, "", `{"displayName":"Wiki","assignments":[{"principal":"bob@contoso.example"}]}`)).To(Equal(http.StatusOK))
		Expect(field(of("users", bob), "resourceDisplayName")).To(ConsistOf("Wiki"))
		Expect(outsider(http.MethodDelete, "/Wiki", "")).To(Equal(http.StatusNoContent))
		Expect(of("users", bob)).To(BeEmpty())
		Expect(outsider(http.MethodDelete, "/Wiki", "")).To(Equal(http.StatusBadRequest))
		Expect(w.effects()).To(BeEmpty())
	})
})

var _ = Describe("The service provider's portal", func() {
	It("is used by the first seeded tenants [GS-SIM-21]", func() {
		for i, info := range seeded(4, 20).Tenants() {
			dump, err := seeded(4, 20).Dump(info.ID)
			Expect(err).NotTo(HaveOccurred())
			spec := dump.Tenants[0]
			if i == 3 {
				Expect(spec.Applications).To(BeEmpty())
				continue
			}
			Expect(spec.Applications).To(ConsistOf(HaveField("DisplayName", "MSPortal")))
			portal, kinds := spec.Applications[0], map[string]string{}
			for _, r := range portal.Roles {
				for _, a := range portal.Assignments {
					if a.Role == r.ID {
						kinds[r.Value] = a.Principal
					}
				}
			}
			Expect(kinds).To(And(HaveLen(4), HaveKey("Portal.Admin"), HaveKey("Portal.Manager"), HaveKey("Portal.Training")))
			Expect(spec.Groups).To(ContainElement(And(HaveField("DisplayName", "MSPortal Users"), HaveField("ID", kinds["Portal.User"]), HaveField("Members", HaveLen(5)))))
		}
	})
})

// roleOf is the id of an application's role.
func roleOf(w *world, application, name string) string {
	GinkgoHelper()
	for _, r := range w.get("/servicePrincipals/" + application + "?$select=appRoles").body["appRoles"].([]any) {
		if role := r.(map[string]any); role["displayName"] == name {
			return role["id"].(string)
		}
	}
	Fail("no role " + name)
	return ""
}
