package graph_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

const (
	idA   = "aaaaaaaa-0000-0000-0000-000000000001"
	idB   = "bbbbbbbb-0000-0000-0000-000000000002"
	idC   = "cccccccc-0000-0000-0000-000000000003"
	group = "dddddddd-0000-0000-0000-000000000004"

	groupProperties = "id,displayName,groupTypes,mailEnabled,onPremisesSyncEnabled,isAssignableToRole"
)

func cost(class throttle.Class, units int) throttle.Cost {
	return throttle.Cost{Class: class, ResourceUnits: units}
}

var _ = Describe("Reading reports", func() {
	It("reads registrations, page by page", func() {
		s := newStub(graph.CloudGlobal,
			ok(`{"value":[{"id":"AAAAAAAA-0000-0000-0000-000000000001","isMfaRegistered":true,"methodsRegistered":["mobilePhone","microsoftAuthenticatorPush"],"userPreferredMethodForSecondaryAuthentication":"push","lastUpdatedDateTime":"2026-03-01T04:05:06.789Z"}],"@odata.nextLink":"%s/v1.0/reports/authenticationMethods/userRegistrationDetails?$skiptoken=a%2Bb"}`),
			ok(`{"value":[{"id":"`+idB+`","isMfaRegistered":false,"methodsRegistered":[],"userPreferredMethodForSecondaryAuthentication":"none","lastUpdatedDateTime":null}]}`))
		first, err := s.client.Registrations(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(first.Items).To(HaveExactElements(directory.Registration{
			ID: idA, MFARegistered: true, Methods: []string{"mobilePhone", "microsoftAuthenticatorPush"}, DefaultMethod: "push",
			Updated: time.Date(2026, 3, 1, 4, 5, 6, 789e6, time.UTC),
		}))
		second, err := s.client.Registrations(background, first.Next)
		Expect(err).NotTo(HaveOccurred())
		Expect(second.Items).To(HaveExactElements(directory.Registration{ID: idB, Methods: []string{}, DefaultMethod: "none"}))
		Expect(second.Next).To(BeEmpty())
		Expect(s.asked()).To(HaveExactElements(
			"/reports/authenticationMethods/userRegistrationDetails?$select=id,isMfaRegistered,methodsRegistered,userPreferredMethodForSecondaryAuthentication,lastUpdatedDateTime&$top=999",
			"/reports/authenticationMethods/userRegistrationDetails?$skiptoken=a+b"))
		Expect(s.budget.reserved).To(HaveEach(cost(throttle.Reports, 1)))
	})

	It("reads successful sign-ins, not attempts", func() {
		s := newStub(graph.CloudGlobal, ok(`{"value":[
			{"id":"`+idA+`","signInActivity":{"lastSignInDateTime":"2026-03-02T00:00:00Z","lastSuccessfulSignInDateTime":"2026-02-01T00:00:00Z"}},
			{"id":"`+idB+`","signInActivity":{"lastSignInDateTime":"2026-03-02T00:00:00Z"}},
			{"id":"`+idC+`"}]}`))
		page, err := s.client.SignIns(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(page.Items).To(HaveExactElements(
			directory.SignIn{ID: idA, LastSuccessful: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)},
			directory.SignIn{ID: idB}, directory.SignIn{ID: idC}))
		Expect(s.asked()).To(HaveExactElements("/users?$select=id,signInActivity&$top=500"))
		Expect(s.budget.reserved).To(HaveEach(cost(throttle.SignInActivity, 1)))
	})

	It("reads rooms by offset where pages carry no links", func() {
		full := `{"value":[` + strings.TrimSuffix(strings.Repeat(`{"emailAddress":"r@x"},`, 100), ",") + `]}`
		s := newStub(graph.CloudGlobal, ok(full), ok(full), ok(`{"value":[{"emailAddress":"last@x"}]}`))
		var mails []string
		for link, more := "", true; more; {
			page, err := s.client.Rooms(background, link)
			Expect(err).NotTo(HaveOccurred())
			for _, room := range page.Items {
				mails = append(mails, room.Mail)
			}
			link, more = page.Next, page.Next != ""
		}
		Expect(mails).To(HaveLen(201))
		Expect(mails[200]).To(Equal("last@x"))
		Expect(s.asked()).To(HaveExactElements("/places/graph.room?$top=100", "/places/graph.room?$top=100&$skip=100", "/places/graph.room?$top=100&$skip=200"))
	})

	It("follows the rooms' links where there are some", func() {
		s := newStub(graph.CloudGlobal, ok(`{"value":[],"@odata.nextLink":"%s/v1.0/places/graph.room?$skiptoken=n"}`), ok(`{"value":[]}`))
		page, err := s.client.Rooms(background, "")
		Expect(err).NotTo(HaveOccurred())
		page, err = s.client.Rooms(background, page.Next)
		Expect(err).NotTo(HaveOccurred())
		Expect(page.Next).To(BeEmpty())
		Expect(s.asked()).To(HaveExactElements("/places/graph.room?$top=100", "/places/graph.room?$skiptoken=n"))
	})

	It("knows that only the worldwide cloud has rooms", func() {
		for _, cloud := range []graph.Cloud{graph.CloudUSGov, graph.CloudUSGovDoD, graph.CloudChina} {
			s := newStub(cloud)
			_, err := s.client.Rooms(background, "")
			Expect(refusal(err)).To(HaveValue(And(HaveField("Kind", directory.KindForbidden), HaveField("Code", "NotInThisCloud"))))
			Expect(s.requests).To(BeEmpty())
		}
	})
})

var _ = Describe("Reading roles", func() {
	It("reads definitions", func() {
		s := newStub(graph.CloudGlobal, ok(`{"value":[{"id":"`+directory.GlobalAdministrator+`","displayName":"Global Administrator"}]}`))
		page, err := s.client.RoleDefinitions(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(page.Items).To(HaveExactElements(directory.RoleDefinition{ID: directory.GlobalAdministrator, DisplayName: "Global Administrator"}))
		Expect(s.asked()).To(HaveExactElements("/roleManagement/directory/roleDefinitions?$select=id,displayName"))
		Expect(s.budget.reserved).To(HaveEach(cost(throttle.Identity, 1)))
	})

	assignments := `{"value":[
		{"id":"Xyz_1-a","principalId":"AAAAAAAA-0000-0000-0000-000000000001","roleDefinitionId":"` + directory.GlobalAdministrator + `","directoryScopeId":"/","principal":{"@odata.type":"#microsoft.graph.user"}},
		{"principalId":"` + group + `","roleDefinitionId":"` + idB + `","directoryScopeId":"/administrativeUnits/u","principal":{"@odata.type":"#microsoft.graph.group"}},
		{"principalId":"` + idC + `","roleDefinitionId":"` + idB + `","directoryScopeId":"/","principal":{"@odata.type":"#microsoft.graph.servicePrincipal"}},
		{"principalId":"` + idB + `","roleDefinitionId":"` + idB + `","directoryScopeId":"/","principal":null}]}`
	want := []directory.RoleAssignment{
		{ID: "Xyz_1-a", PrincipalID: idA, PrincipalKind: directory.PrincipalUser, RoleID: directory.GlobalAdministrator, Scope: "/"},
		{PrincipalID: group, PrincipalKind: directory.PrincipalGroup, RoleID: idB, Scope: "/administrativeUnits/u"},
		{PrincipalID: idC, PrincipalKind: directory.PrincipalServicePrincipal, RoleID: idB, Scope: "/"},
		{PrincipalID: idB, PrincipalKind: directory.PrincipalUnknown, RoleID: idB, Scope: "/"},
	}

	It("reads who holds a role and who may", func() {
		s := newStub(graph.CloudGlobal, ok(assignments), ok(assignments))
		page, err := s.client.RoleAssignments(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(page.Items).To(Equal(want))
		page, err = s.client.RoleEligibilities(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(page.Items).To(Equal(want))
		Expect(s.asked()).To(HaveExactElements(
			"/roleManagement/directory/roleAssignments?$expand=principal",
			"/roleManagement/directory/roleEligibilityScheduleInstances?$expand=principal"))
		Expect(s.budget.reserved).To(HaveEach(cost(throttle.Identity, 2)))
	})

	It("reads a group's members through nested groups, with the header on every page", func() {
		s := newStub(graph.CloudGlobal,
			ok(`{"value":[{"id":"AAAAAAAA-0000-0000-0000-000000000001"}],"@odata.nextLink":"%s/v1.0/groups/`+group+`/transitiveMembers/graph.user?$skiptoken=n"}`),
			ok(`{"value":[{"id":"`+idB+`"}]}`))
		first, err := s.client.GroupMembers(background, group, "")
		Expect(err).NotTo(HaveOccurred())
		second, err := s.client.GroupMembers(background, group, first.Next)
		Expect(err).NotTo(HaveOccurred())
		Expect(append(first.Items, second.Items...)).To(HaveExactElements(idA, idB))
		Expect(s.asked()).To(HaveExactElements(
			"/groups/"+group+"/transitiveMembers/graph.user?$select=id&$top=999&$count=true",
			"/groups/"+group+"/transitiveMembers/graph.user?$skiptoken=n"))
		for _, request := range s.requests {
			Expect(request.Header.Get("ConsistencyLevel")).To(Equal("eventual"))
		}
		Expect(s.budget.reserved).To(HaveEach(cost(throttle.Identity, 4)))
		_, err = s.client.GroupMembers(background, "Sales", "")
		Expect(refusal(err).Kind).To(Equal(directory.KindInvalid))
	})

	It("finds a group by id or by its exact name", func() {
		s := newStub(graph.CloudGlobal, ok(`{"id":"`+group+`","displayName":"Sales"}`), ok(`{"value":[{"id":"`+group+`","displayName":"O'Brien's"}]}`))
		Expect(s.client.Group(background, strings.ToUpper(group))).To(HaveValue(Equal(directory.Group{ID: group, DisplayName: "Sales"})))
		Expect(s.client.Group(background, "O'Brien's")).To(HaveValue(Equal(directory.Group{ID: group, DisplayName: "O'Brien's"})))
		Expect(s.asked()).To(HaveExactElements("/groups/"+group+"?$select="+groupProperties,
			"/groups?$select="+groupProperties+"&$filter=displayName eq 'O''Brien''s'&$top=2"))
	})

	DescribeTable("does not guess a group", func(answer stubAnswer, kind directory.Kind) {
		s := newStub(graph.CloudGlobal, answer)
		_, err := s.client.Group(background, "Sales")
		Expect(refusal(err).Kind).To(Equal(kind))
	},
		Entry("of two", ok(`{"value":[{"id":"`+idA+`"},{"id":"`+idB+`"}]}`), directory.KindConflict),
		Entry("of none", ok(`{"value":[]}`), directory.KindNotFound),
		Entry("when refused", refused(403, "Authorization_RequestDenied", "x"), directory.KindForbidden),
	)
})

var _ = Describe("Reading the tenant", func() {
	It("reads the organization", func() {
		s := newStub(graph.CloudGlobal, ok(`{"value":[{"id":"`+stubTenant+`","displayName":"Contoso","onPremisesSyncEnabled":true}]}`),
			ok(`{"value":[{"id":"`+stubTenant+`","displayName":"Contoso","onPremisesSyncEnabled":null}]}`), ok(`{"value":[]}`))
		Expect(s.client.Organization(background)).To(HaveValue(Equal(directory.Organization{ID: stubTenant, DisplayName: "Contoso", OnPremisesSync: directory.Yes})))
		Expect(s.client.Organization(background)).To(HaveField("OnPremisesSync", directory.No))
		_, err := s.client.Organization(background)
		Expect(refusal(err).Kind).To(Equal(directory.KindTransient))
	})

	It("reads every page of domains and subscriptions", func() {
		s := newStub(graph.CloudGlobal,
			ok(`{"value":[{"id":"contoso.example","authenticationType":"Managed","isVerified":true,"isDefault":true,"isInitial":false}],"@odata.nextLink":"%s/v1.0/domains?$skiptoken=n"}`),
			ok(`{"value":[{"id":"fed.example","authenticationType":"Federated","isVerified":true}]}`),
			ok(`{"value":[
				{"skuId":"05E9A617-0261-4CEE-BB44-138D3EF5D965","skuPartNumber":"SPE_E3","appliesTo":"User","consumedUnits":3,"prepaidUnits":{"enabled":5,"warning":1,"suspended":2,"lockedOut":4},"servicePlans":[
					{"servicePlanId":"EFB87545-963C-4E0D-99DF-69C6916D9EB0","servicePlanName":"EXCHANGE_S_ENTERPRISE","appliesTo":"User"},
					{"servicePlanId":"`+idB+`","servicePlanName":"SHAREPOINTSTORAGE","appliesTo":"Company"}]},
				{"skuId":"`+idB+`","skuPartNumber":"STORAGE","appliesTo":"Company","consumedUnits":1,"prepaidUnits":{"enabled":1},"servicePlans":[]}]}`))
		Expect(s.client.Domains(background)).To(HaveExactElements(
			directory.Domain{Name: "contoso.example", Verified: true, Default: true},
			directory.Domain{Name: "fed.example", Verified: true, Federated: true}))
		Expect(s.client.SKUs(background)).To(HaveExactElements(directory.SKU{
			ID: "05e9a617-0261-4cee-bb44-138d3ef5d965", PartNumber: "SPE_E3", Enabled: 5, Warning: 1, Suspended: 2, LockedOut: 4, Consumed: 3,
			ServicePlans: []string{"EXCHANGE_S_ENTERPRISE", "SHAREPOINTSTORAGE"},
			Plans:        []directory.ServicePlan{{ID: "efb87545-963c-4e0d-99df-69c6916d9eb0", Name: "EXCHANGE_S_ENTERPRISE"}},
		}))
		Expect(s.asked()).To(HaveExactElements("/domains?$select=id,authenticationType,isVerified,isDefault,isInitial", "/domains?$skiptoken=n",
			"/subscribedSkus?$select=skuId,skuPartNumber,appliesTo,consumedUnits,prepaidUnits,servicePlans"))
		Expect(s.budget.reserved).To(HaveExactElements(cost(throttle.Identity, 1), cost(throttle.Identity, 1), cost(throttle.Identity, 2)))
	})
})

var _ = Describe("Reading policies", func() {
	It("reads the security defaults", func() {
		s := newStub(graph.CloudGlobal, ok(`{"isEnabled":true}`), ok(`{"isEnabled":false}`))
		Expect(s.client.SecurityDefaults(background)).To(BeTrue())
		Expect(s.client.SecurityDefaults(background)).To(BeFalse())
		Expect(s.asked()).To(HaveEach("/policies/identitySecurityDefaultsEnforcementPolicy"))
	})

	DescribeTable("tells whether a conditional access policy demands MFA", func(grant string, demands bool) {
		s := newStub(graph.CloudGlobal, ok(`{"value":[{"displayName":"P","state":"enabledForReportingButNotEnforced","grantControls":`+grant+`}]}`))
		page, err := s.client.ConditionalAccessPolicies(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(page.Items).To(HaveExactElements(directory.ConditionalAccessPolicy{
			DisplayName: "P", State: "enabledForReportingButNotEnforced", DemandsMFA: demands,
		}))
		Expect(s.budget.reserved).To(HaveEach(cost(throttle.ConditionalAccess, 1)))
	},
		Entry("no grant", `null`, false),
		Entry("only mfa", `{"operator":"OR","builtInControls":["mfa"]}`, true),
		Entry("mfa and a device", `{"operator":"AND","builtInControls":["mfa","compliantDevice"]}`, true),
		Entry("mfa or a device", `{"operator":"OR","builtInControls":["mfa","compliantDevice"]}`, false),
		Entry("mfa or terms", `{"operator":"OR","builtInControls":["mfa"],"termsOfUse":["t"]}`, false),
		Entry("mfa or another's factor", `{"operator":"OR","builtInControls":["mfa"],"customAuthenticationFactors":["c"]}`, false),
		Entry("a strength", `{"operator":"OR","builtInControls":[],"authenticationStrength":{"requirementsSatisfied":"mfa"}}`, true),
		Entry("a strength or a device", `{"operator":"OR","builtInControls":["compliantDevice"],"authenticationStrength":{"requirementsSatisfied":"mfa"}}`, false),
		Entry("a strength and a device", `{"operator":"AND","builtInControls":["compliantDevice"],"authenticationStrength":{"requirementsSatisfied":"mfa"}}`, true),
		Entry("a strength that one factor satisfies", `{"operator":"OR","builtInControls":[],"authenticationStrength":{"requirementsSatisfied":"none"}}`, false),
		Entry("a block", `{"operator":"OR","builtInControls":["block"]}`, false),
		Entry("nothing", `{"operator":"OR","builtInControls":[]}`, false),
	)
})
