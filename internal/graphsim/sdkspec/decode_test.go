package sdkspec_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	msgraphcore "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// answers says for every endpoint which request to send, and which of Microsoft's
// models must understand the answer. In paths, names in braces are looked up.
func answers() map[graphsim.Endpoint]answer {
	all := directoryAnswers()
	for _, more := range []map[graphsim.Endpoint]answer{
		applicationAnswers(), methodAnswers(), deviceAnswers(),
		membershipAnswers(),
		accountAnswers(),
	} {
		maps.Copy(all, more)
	}
	return all
}

func directoryAnswers() map[graphsim.Endpoint]answer {
	get := func(template string) graphsim.Endpoint {
		return graphsim.Endpoint{Method: http.MethodGet, Template: template}
	}
	return map[graphsim.Endpoint]answer{
		get("/organization"):        {"/organization", models.CreateOrganizationCollectionResponseFromDiscriminatorValue, ""},
		get("/organization/{id}"):   {"/organization/{tenant}", models.CreateOrganizationFromDiscriminatorValue, ""},
		get("/domains"):             {"/domains", models.CreateDomainCollectionResponseFromDiscriminatorValue, ""},
		get("/domains/{id}"):        {"/domains/adventure-works.com", models.CreateDomainFromDiscriminatorValue, ""},
		get("/subscribedSkus"):      {"/subscribedSkus", models.CreateSubscribedSkuCollectionResponseFromDiscriminatorValue, ""},
		get("/subscribedSkus/{id}"): {"/subscribedSkus/{tenant}_05e9a617-0261-4cee-bb44-138d3ef5d965", models.CreateSubscribedSkuFromDiscriminatorValue, ""},
		get("/users"):               {"/users?$select={every}&$top=999", models.CreateUserCollectionResponseFromDiscriminatorValue, ""},
		get("/users/{id}"):          {"/users/{user}?$select={every},signInActivity", models.CreateUserFromDiscriminatorValue, ""},
		get("/users/delta"):         {"/users/delta()?$select={every}", users.CreateDeltaGetResponseFromDiscriminatorValue, ""},
		{Method: http.MethodPost, Template: "/users/{id}/revokeSignInSessions"}: {
			"/users/{user}/revokeSignInSessions", users.CreateItemRevokeSignInSessionsPostResponseFromDiscriminatorValue, "",
		},
		get("/reports/authenticationMethods/userRegistrationDetails"): {
			"/reports/authenticationMethods/userRegistrationDetails", models.CreateUserRegistrationDetailsCollectionResponseFromDiscriminatorValue, "",
		},
		get("/roleManagement/directory/roleDefinitions"): {
			"/roleManagement/directory/roleDefinitions", models.CreateUnifiedRoleDefinitionCollectionResponseFromDiscriminatorValue, "",
		},
		get("/roleManagement/directory/roleDefinitions/{id}"): {
			"/roleManagement/directory/roleDefinitions/62e90394-69f5-4237-9190-012177145e10", models.CreateUnifiedRoleDefinitionFromDiscriminatorValue, "",
		},
		get("/roleManagement/directory/roleAssignments"): {
			"/roleManagement/directory/roleAssignments?$expand=principal", models.CreateUnifiedRoleAssignmentCollectionResponseFromDiscriminatorValue, "",
		},
		get("/roleManagement/directory/roleEligibilityScheduleInstances"): {
			"/roleManagement/directory/roleEligibilityScheduleInstances", models.CreateUnifiedRoleEligibilityScheduleInstanceCollectionResponseFromDiscriminatorValue, "",
		},
		get("/groups"):              {"/groups", models.CreateGroupCollectionResponseFromDiscriminatorValue, ""},
		get("/groups/{id}"):         {"/groups/{group}", models.CreateGroupFromDiscriminatorValue, ""},
		get("/groups/{id}/members"): {"/groups/{group}/members", models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue, ""},
		get("/groups/{id}/members/microsoft.graph.user"): {
			"/groups/{group}/members/microsoft.graph.user", models.CreateUserCollectionResponseFromDiscriminatorValue, "",
		},
		get("/groups/{id}/members/microsoft.graph.group"): {
			"/groups/{outer}/members/microsoft.graph.group", models.CreateGroupCollectionResponseFromDiscriminatorValue, "",
		},
		get("/groups/{id}/transitiveMembers"): {
			"/groups/{outer}/transitiveMembers", models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue, "",
		},
		get("/groups/{id}/transitiveMembers/microsoft.graph.user"): {
			"/groups/{outer}/transitiveMembers/microsoft.graph.user", models.CreateUserCollectionResponseFromDiscriminatorValue, "",
		},
		get("/groups/{id}/transitiveMembers/microsoft.graph.group"): {
			"/groups/{outer}/transitiveMembers/microsoft.graph.group", models.CreateGroupCollectionResponseFromDiscriminatorValue, "",
		},
		get("/policies/identitySecurityDefaultsEnforcementPolicy"): {
			"/policies/identitySecurityDefaultsEnforcementPolicy", models.CreateIdentitySecurityDefaultsEnforcementPolicyFromDiscriminatorValue, "",
		},
		get("/identity/conditionalAccess/policies"): {
			"/identity/conditionalAccess/policies", models.CreateConditionalAccessPolicyCollectionResponseFromDiscriminatorValue, "",
		},
		get("/places/microsoft.graph.room"): {"/places/microsoft.graph.room", models.CreateRoomCollectionResponseFromDiscriminatorValue, ""},
		{Method: http.MethodPost, Template: "/$batch"}: {"/$batch", msgraphcore.CreateBatchResponseDiscriminator, `{"requests":[
			{"id":"1","method":"GET","url":"/users/{user}"},{"id":"2","method":"GET","url":"/users/nobody"}]}`},
	}
}

// answer is a request and what its answer must be.
type answer struct {
	path  string
	model serialization.ParsableFactory
	body  string // of the request
}

// withoutBody are the endpoints that answer 204.
func withoutBody() []graphsim.Endpoint {
	return slices.Concat(
		[]graphsim.Endpoint{{Method: http.MethodPatch, Template: "/users/{id}"}},
		applicationsWithoutBody(), methodsWithoutBody(),
		membershipsWithoutBody(),
		accountsWithoutBody(),
	)
}

// every is all that may be selected of users in a list.
const every = "id,accountEnabled,ageGroup,assignedLicenses,assignedPlans,businessPhones,city,companyName,consentProvidedForMinor,country," +
	"createdDateTime,creationType,deletedDateTime,department,displayName,employeeHireDate,employeeId,employeeLeaveDateTime,employeeOrgData," +
	"employeeType,externalUserState,externalUserStateChangeDateTime,faxNumber,givenName,identities,imAddresses,isManagementRestricted," +
	"isResourceAccount,jobTitle,lastPasswordChangeDateTime,legalAgeGroupClassification,licenseAssignmentStates,mail,mailNickname,mobilePhone," +
	"officeLocation,onPremisesDistinguishedName,onPremisesDomainName,onPremisesExtensionAttributes,onPremisesImmutableId," +
	"onPremisesLastSyncDateTime,onPremisesProvisioningErrors,onPremisesSamAccountName,onPremisesSecurityIdentifier,onPremisesSyncEnabled," +
	"onPremisesUserPrincipalName,otherMails,passwordPolicies,passwordProfile,postalCode,preferredDataLocation,preferredLanguage," +
	"provisionedPlans,proxyAddresses,securityIdentifier,serviceProvisioningErrors,showInAddressList,signInSessionsValidFromDateTime,state," +
	"streetAddress,surname,usageLocation,userPrincipalName,userType"

var _ = Describe("Microsoft's models", func() {
	var (
		w    *world
		fill *strings.Replacer
	)
	BeforeEach(func() {
		w = newWorld()
		outer, err := w.AddGroup(w.tenant, graphsim.GroupSpec{DisplayName: "Outer", Description: "Holds another", Members: []string{"frank@adventure-works.com"}})
		Expect(err).NotTo(HaveOccurred())
		inner, err := w.AddGroup(w.tenant, graphsim.GroupSpec{
			DisplayName: "Inner", Mail: "inner@adventure-works.com", Types: []string{"Unified"}, Members: []string{"frank@adventure-works.com"},
			Owners: []string{"frank@adventure-works.com"},
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.AddGroupMember(w.tenant, outer, inner)).To(Succeed())
		names := append([]string{"{tenant}", w.tenant, "{user}", "{frank}", "{group}", inner, "{outer}", outer, "{every}", every}, w.applications()...)
		names = append(names, w.methods()...)
		names = append(names, w.devices()...)
		names = append(names, w.accounts()...)
		fill = strings.NewReplacer(names...)
	})
	request := func(path string) string {
		GinkgoHelper()
		var people models.UserCollectionResponseable
		_, body := w.send(http.MethodGet, "/users?$filter="+url.QueryEscape("userPrincipalName eq 'frank@adventure-works.com'"), "")
		value, _, err := decode(body, models.CreateUserCollectionResponseFromDiscriminatorValue)
		Expect(err).NotTo(HaveOccurred())
		people = value.(models.UserCollectionResponseable)
		return strings.ReplaceAll(fill.Replace(path), "{frank}", *people.GetValue()[0].GetId())
	}

	It("understand every endpoint's answer, and nothing is left over [GS-SDK-01]", func() {
		for endpoint, answer := range answers() {
			status, body := w.send(endpoint.Method, request(answer.path), request(answer.body))
			Expect(status).To(BeElementOf(http.StatusOK, http.StatusCreated, http.StatusAccepted), "%s %s", endpoint, body)
			_, unknown, err := decode(body, answer.model)
			Expect(err).NotTo(HaveOccurred(), "%s %s", endpoint, body)
			Expect(unknown).To(BeEmpty(), "%s %s", endpoint, body)
			Expect(string(body)).NotTo(ContainSubstring(`"value":[]`), "%s shows nothing", endpoint)
		}
	})

	It("have been shown every endpoint there is [GS-SDK-01]", func() {
		shown := withoutBody()
		for endpoint := range answers() {
			shown = append(shown, endpoint)
		}
		Expect(graphsim.Endpoints()).To(ConsistOf(shown))
	})

	It("read the values that were meant [GS-SDK-02]", func() {
		_, body := w.send(http.MethodGet, request("/users/{user}?$select={every},signInActivity"), "")
		value, _, err := decode(body, models.CreateUserFromDiscriminatorValue)
		Expect(err).NotTo(HaveOccurred())
		frank := value.(models.Userable)
		Expect(frank.GetDisplayName()).To(HaveValue(Equal("Frank Sørensen")))
		Expect(frank.GetAccountEnabled()).To(HaveValue(BeTrue()))
		Expect(frank.GetOnPremisesSyncEnabled()).To(HaveValue(BeTrue()))
		Expect(frank.GetOnPremisesSamAccountName()).To(HaveValue(Equal("fsoerensen")))
		Expect(frank.GetCreatedDateTime()).To(HaveValue(BeTemporally("<", w.Now())))
		Expect(frank.GetAssignedLicenses()).To(HaveLen(1))
		Expect(frank.GetAssignedLicenses()[0].GetSkuId()).To(HaveValue(Equal(uuid.MustParse("06ebc4ee-1bb5-47dd-8120-11324bc54e06"))))
		Expect(frank.GetLicenseAssignmentStates()[0].GetState()).To(HaveValue(Equal("Active")))
		Expect(frank.GetSignInActivity().GetLastSuccessfulSignInDateTime()).To(HaveValue(BeTemporally("<=", w.Now())))
		Expect(frank.GetProxyAddresses()).To(HaveLen(2))
	})

	It("tell users, groups and service principals apart by their type [GS-SDK-02]", func() {
		kinds := map[string]bool{}
		_, body := w.send(http.MethodGet, "/roleManagement/directory/roleAssignments?$expand=principal", "")
		value, _, err := decode(body, models.CreateUnifiedRoleAssignmentCollectionResponseFromDiscriminatorValue)
		Expect(err).NotTo(HaveOccurred())
		for _, a := range value.(models.UnifiedRoleAssignmentCollectionResponseable).GetValue() {
			switch p := a.GetPrincipal().(type) {
			case models.Userable:
				kinds["user"] = kinds["user"] || p.GetUserPrincipalName() != nil
			case models.Groupable:
				kinds["group"] = kinds["group"] || p.GetDisplayName() != nil
			case models.ServicePrincipalable:
				kinds["servicePrincipal"] = kinds["servicePrincipal"] || p.GetAppId() != nil
			}
		}
		Expect(kinds).To(Equal(map[string]bool{"user": true, "group": true, "servicePrincipal": true}))
	})

	It("follow the links of delta and see who was removed [GS-SDK-02]", func() {
		page := func(path string) users.DeltaGetResponseable {
			GinkgoHelper()
			status, body := w.send(http.MethodGet, path, "")
			Expect(status).To(Equal(http.StatusOK), "%s", body)
			value, unknown, err := decode(body, users.CreateDeltaGetResponseFromDiscriminatorValue)
			Expect(err).NotTo(HaveOccurred())
			Expect(unknown).To(BeEmpty())
			return value.(users.DeltaGetResponseable)
		}
		first := page(request("/users/delta()?$select={every}"))
		Expect(first.GetValue()).To(HaveLen(40))
		Expect(first.GetOdataDeltaLink()).To(HaveValue(HavePrefix(w.URL())))
		Expect(w.DeleteUser(w.tenant, "frank@adventure-works.com")).To(Succeed())
		next := page(*first.GetOdataDeltaLink())
		Expect(next.GetValue()).To(HaveLen(1))
		Expect(next.GetValue()[0].GetAdditionalData()).To(HaveKeyWithValue("@removed", HaveKeyWithValue("reason", HaveValue(Equal("changed")))))
	})

	DescribeTable("read every kind of refusal [GS-SDK-03]", func(method, path, body string, status int, code string) {
		got, raw := w.send(method, request(path), body)
		Expect(got).To(Equal(status), "%s", raw)
		value, unknown, err := decode(raw, odataerrors.CreateODataErrorFromDiscriminatorValue)
		Expect(err).NotTo(HaveOccurred())
		Expect(unknown).To(BeEmpty(), "%s", raw)
		refusal := value.(odataerrors.ODataErrorable).GetErrorEscaped()
		Expect(refusal.GetCode()).To(HaveValue(Equal(code)))
		Expect(refusal.GetMessage()).To(HaveValue(Not(BeEmpty())))
		Expect(refusal.GetInnerError().GetRequestId()).To(HaveValue(Not(BeEmpty())))
		Expect(refusal.GetInnerError().GetDate()).To(HaveValue(BeTemporally("~", w.Now(), 0)))
	},
		Entry("no such user", http.MethodGet, "/users/nobody@adventure-works.com", "", 404, "Request_ResourceNotFound"),
		Entry("no such property", http.MethodGet, "/users?$select=colour", "", 400, "BadRequest"),
		Entry("unsupported query", http.MethodGet, "/users?$filter=displayName%20ne%20'x'", "", 400, "Request_UnsupportedQuery"),
		Entry("mastered on premises", http.MethodPatch, "/users/{user}", `{"jobTitle":"x"}`, 400, "Request_BadRequest"),
		Entry("with details", http.MethodPatch, "/users/breakglass@adventure-works.com", `{"usageLocation":null}`, 400, "Request_BadRequest"),
		Entry("an administrator", http.MethodPatch, "/users/breakglass@adventure-works.com", `{"accountEnabled":false}`, 403, "Authorization_RequestDenied"),
		Entry("delta of sign-in activity", http.MethodGet, "/users/delta?$select=signInActivity", "", 400, "BadRequest"),
	)

	It("tell the parts of a batch apart [GS-SDK-02]", func() {
		_, body := w.send(http.MethodPost, "/$batch", `{"requests":[
			{"id":"a","method":"GET","url":"/users/frank@adventure-works.com"},
			{"id":"b","method":"GET","url":"/users/nobody@adventure-works.com"}]}`)
		value, _, err := decode(body, msgraphcore.CreateBatchResponseDiscriminator)
		Expect(err).NotTo(HaveOccurred())
		batch := value.(msgraphcore.BatchResponse)
		Expect(batch.GetStatusCodes()).To(Equal(map[string]int32{"a": 200, "b": 404}))
		Expect(batch.GetResponseById("a").GetBody()).To(HaveKeyWithValue("displayName", HaveValue(Equal("Frank Sørensen"))))
		Expect(batch.GetResponseById("b").GetBody()).To(HaveKey("error"))
	})
})
