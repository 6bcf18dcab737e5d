package sdkspec_test

import (
	"net/http"

	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// membershipAnswers are about licences, and about who is in which group.
func membershipAnswers() map[graphsim.Endpoint]answer {
	get := func(template string) graphsim.Endpoint {
		return graphsim.Endpoint{Method: http.MethodGet, Template: template}
	}
	post := func(template string) graphsim.Endpoint {
		return graphsim.Endpoint{Method: http.MethodPost, Template: template}
	}
	const admin, nothing = "/users/breakglass@adventure-works.com", `{"addLicenses":[],"removeLicenses":[]}`
	objects, many := models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue, models.CreateGroupCollectionResponseFromDiscriminatorValue
	roles, user := models.CreateDirectoryRoleCollectionResponseFromDiscriminatorValue, models.CreateUserFromDiscriminatorValue
	return map[graphsim.Endpoint]answer{
		post("/users/{id}/assignLicense"):                                   {"/users/{user}/assignLicense", user, nothing},
		post("/users/{id}/reprocessLicenseAssignment"):                      {"/users/{user}/reprocessLicenseAssignment", user, ""},
		get("/users/{id}/licenseDetails"):                                   {"/users/{user}/licenseDetails", models.CreateLicenseDetailsCollectionResponseFromDiscriminatorValue, ""},
		post("/groups/{id}/assignLicense"):                                  {"/groups/{outer}/assignLicense", models.CreateGroupFromDiscriminatorValue, nothing},
		get("/groups/delta"):                                                {"/groups/delta()", groups.CreateDeltaGetResponseFromDiscriminatorValue, ""},
		get("/groups/{id}/owners"):                                          {"/groups/{group}/owners", objects, ""},
		get("/users/{id}/memberOf"):                                         {"/users/{user}/memberOf", objects, ""},
		get("/users/{id}/memberOf/microsoft.graph.group"):                   {"/users/{user}/memberOf/graph.group", many, ""},
		get("/users/{id}/memberOf/microsoft.graph.directoryRole"):           {admin + "/memberOf/graph.directoryRole", roles, ""},
		get("/users/{id}/transitiveMemberOf"):                               {"/users/{user}/transitiveMemberOf", objects, ""},
		get("/users/{id}/transitiveMemberOf/microsoft.graph.group"):         {"/users/{user}/transitiveMemberOf/graph.group", many, ""},
		get("/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole"): {admin + "/transitiveMemberOf/graph.directoryRole", roles, ""},
		get("/users/{id}/ownedObjects"):                                     {"/users/{user}/ownedObjects", objects, ""},
		get("/users/{id}/ownedObjects/microsoft.graph.group"):               {"/users/{user}/ownedObjects/graph.group", many, ""},
	}
}

// membershipsWithoutBody are the writes of memberships.
func membershipsWithoutBody() []graphsim.Endpoint {
	return []graphsim.Endpoint{
		{Method: http.MethodPatch, Template: "/groups/{id}"},
		{Method: http.MethodPost, Template: "/groups/{id}/members/$ref"},
		{Method: http.MethodDelete, Template: "/groups/{id}/members/{id}/$ref"},
		{Method: http.MethodDelete, Template: "/groups/{id}/members/{id}"},
	}
}
