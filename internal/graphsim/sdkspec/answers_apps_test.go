package sdkspec_test

import (
	"encoding/json"
	"net/http"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// applications makes what the answers about applications and roles need, and
// returns the names for it.
func (w *world) applications() []string {
	GinkgoHelper()
	dump, err := w.Dump(w.tenant)
	Expect(err).NotTo(HaveOccurred())
	portal := dump.Tenants[0].Applications[0]
	robots, err := w.AddApplication(w.tenant, graphsim.ApplicationSpec{
		DisplayName: "Robots", Roles: []graphsim.AppRoleSpec{{DisplayName: "Robot", ID: "5b0d1a5e-0000-4000-8000-0000000bbbb1", AllowedMemberTypes: []string{"Application"}}},
		Assignments: []graphsim.AppAssignmentSpec{{Principal: w.ClientID(), Role: "Robot"}},
	})
	Expect(err).NotTo(HaveOccurred())
	_, body := w.send(http.MethodGet, "/roleManagement/directory/roleAssignments", "")
	var held struct {
		Value []struct {
			ID string `json:"id"`
		} `json:"value"`
	}
	Expect(json.Unmarshal(body, &held)).To(Succeed())
	return []string{
		"{portal}", portal.ID, "{manager}", portal.Roles[1].ID, "{user role}", portal.Roles[2].ID, "{holders}", portal.Assignments[0].Principal,
		"{robots}", robots, "{robot}", "5b0d1a5e-0000-4000-8000-0000000bbbb1", "{client}", w.ClientID(), "{held role}", held.Value[0].ID,
	}
}

// applicationAnswers are about applications and who holds their roles, and about
// giving roles.
func applicationAnswers() map[graphsim.Endpoint]answer {
	get := func(template string) graphsim.Endpoint {
		return graphsim.Endpoint{Method: http.MethodGet, Template: template}
	}
	post := func(template string) graphsim.Endpoint {
		return graphsim.Endpoint{Method: http.MethodPost, Template: template}
	}
	one, many := models.CreateAppRoleAssignmentFromDiscriminatorValue, models.CreateAppRoleAssignmentCollectionResponseFromDiscriminatorValue
	return map[graphsim.Endpoint]answer{
		get("/servicePrincipals"):                             {"/servicePrincipals", models.CreateServicePrincipalCollectionResponseFromDiscriminatorValue, ""},
		get("/servicePrincipals/{id}"):                        {"/servicePrincipals/{portal}", models.CreateServicePrincipalFromDiscriminatorValue, ""},
		get("/servicePrincipals/{id}/appRoleAssignedTo"):      {"/servicePrincipals/{portal}/appRoleAssignedTo", many, ""},
		get("/servicePrincipals/{id}/appRoleAssignments"):     {"/servicePrincipals(appId='{client}')/appRoleAssignments", many, ""},
		get("/users/{id}/appRoleAssignments"):                 {"/users/{user}/appRoleAssignments", many, ""},
		get("/groups/{id}/appRoleAssignments"):                {"/groups/{holders}/appRoleAssignments", many, ""},
		get("/roleManagement/directory/roleAssignments/{id}"): {"/roleManagement/directory/roleAssignments/{held role}", models.CreateUnifiedRoleAssignmentFromDiscriminatorValue, ""},
		post("/servicePrincipals/{id}/appRoleAssignedTo"): {
			"/servicePrincipals/{portal}/appRoleAssignedTo", one, `{"principalId":"{user}","resourceId":"{portal}","appRoleId":"{manager}"}`,
		},
		post("/servicePrincipals/{id}/appRoleAssignments"): {
			"/servicePrincipals/{portal}/appRoleAssignments", one, `{"principalId":"{portal}","resourceId":"{robots}","appRoleId":"{robot}"}`,
		},
		post("/users/{id}/appRoleAssignments"): {
			"/users/{user}/appRoleAssignments", one, `{"principalId":"{user}","resourceId":"{portal}","appRoleId":"{user role}"}`,
		},
		post("/groups/{id}/appRoleAssignments"): {
			"/groups/{group}/appRoleAssignments", one, `{"principalId":"{group}","resourceId":"{portal}","appRoleId":"{user role}"}`,
		},
		post("/roleManagement/directory/roleAssignments"): {
			"/roleManagement/directory/roleAssignments", models.CreateUnifiedRoleAssignmentFromDiscriminatorValue,
			`{"principalId":"{user}","roleDefinitionId":"729827e3-9c14-49f7-bb1b-9608f156bbb8","directoryScopeId":"/"}`,
		},
	}
}

// applicationsWithoutBody are the removals.
func applicationsWithoutBody() []graphsim.Endpoint {
	var all []graphsim.Endpoint
	for _, template := range []string{
		"/servicePrincipals/{id}/appRoleAssignedTo/{assignment}", "/servicePrincipals/{id}/appRoleAssignments/{assignment}",
		"/users/{id}/appRoleAssignments/{assignment}", "/groups/{id}/appRoleAssignments/{assignment}",
		"/roleManagement/directory/roleAssignments/{id}",
	} {
		all = append(all, graphsim.Endpoint{Method: http.MethodDelete, Template: template})
	}
	return all
}
