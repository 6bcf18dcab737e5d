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

func urgent(units int) throttle.Cost {
	return throttle.Cost{Class: throttle.Identity, ResourceUnits: units, Urgent: true}
}

var _ = Describe("Reading accounts", func() {
	It("reads profile and licences, and keeps one copy of what many have", func() {
		body := `"companyName":"Contoso","officeLocation":"2/11","streetAddress":"Ring 1","city":"Köln","state":"NRW","postalCode":"50667","country":"DE",
			"mobilePhone":"+49 170","businessPhones":["+49 221","+49 222"],"preferredLanguage":"de-DE","employeeId":"7","employeeType":"Worker",
			"licenseAssignmentStates":[
				{"skuId":"` + strings.ToUpper(sku) + `","assignedByGroup":"` + strings.ToUpper(group) + `","disabledPlans":[],"state":"Error","error":"CountViolation"},
				{"skuId":"` + sku + `","assignedByGroup":null,"disabledPlans":["` + strings.ToUpper(idC) + `","` + idA + `"],"state":"Active","error":"None"},
				{"skuId":"` + idA + `","assignedByGroup":"` + group + `","disabledPlans":[],"state":"Error","error":""}]`
		s := newStub(graph.CloudGlobal, ok(`{"value":[{"id":"`+idA+`",`+body+`},{"id":"`+idB+`",`+body+`},{"id":"`+idC+`"},{"id":"`+group+`"}],"@odata.deltaLink":"%s/v1.0/users/delta?$deltatoken=d"}`))
		changes, err := s.client.UserChanges(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(changes.Users).To(HaveLen(4))
		first, second := changes.Users[0], changes.Users[1]
		Expect(first.Profile).To(HaveValue(Equal(directory.Profile{
			CompanyName: "Contoso", OfficeLocation: "2/11", StreetAddress: "Ring 1", City: "Köln", State: "NRW", PostalCode: "50667", Country: "DE",
			MobilePhone: "+49 170", BusinessPhone: "+49 221", PreferredLanguage: "de-DE", EmployeeID: "7", EmployeeType: "Worker",
		})))
		Expect(first.Licenses).To(HaveExactElements(
			directory.LicenseAssignment{SKU: sku, DisabledPlans: []string{idA, idC}},
			directory.LicenseAssignment{SKU: sku, Group: group, Error: "CountViolation"},
			directory.LicenseAssignment{SKU: idA, Group: group, Error: "Other"}))
		Expect(second.Profile).To(BeIdenticalTo(first.Profile))
		Expect(&second.Licenses[0]).To(BeIdenticalTo(&first.Licenses[0]))
		Expect(changes.Users[2].Profile).To(And(HaveValue(BeZero()), BeIdenticalTo(changes.Users[3].Profile)))
	})

	It("looks for namesakes once, by every name, and tells Graph's time", func() {
		a := ok(`{"value":[{"id":"` + idA + `","userPrincipalName":"Other@x"}]}`)
		a.header = map[string]string{"Date": "Mon, 02 Mar 2026 09:00:00 GMT"}
		s := newStub(graph.CloudGlobal, a)
		found, err := s.client.Namesakes(background, "o'brien@x")
		Expect(err).NotTo(HaveOccurred())
		Expect(found.Time).To(Equal(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)))
		Expect(found.Accounts).To(HaveExactElements(And(HaveField("ID", idA), HaveField("UserPrincipalName", "Other@x"))))
		Expect(s.asked()).To(HaveExactElements(HaveSuffix(
			"&$filter=userPrincipalName eq 'o''brien@x' or mail eq 'o''brien@x' or proxyAddresses/any(p:p eq 'smtp:o''brien@x')")))
		Expect(s.budget.reserved).To(HaveExactElements(urgent(1)))
		_, err = s.client.Namesakes(background, "")
		Expect(refusal(err).Kind).To(Equal(directory.KindInvalid))
	})

	It("finds deleted accounts by the names they had", func() {
		plain := strings.ReplaceAll(idA, "-", "")
		s := newStub(graph.CloudGlobal,
			ok(`{"value":[
				{"id":"`+strings.ToUpper(idA)+`","userPrincipalName":"`+plain+`Ann@x","displayName":"Ann","deletedDateTime":"2026-03-01T00:00:00Z"},
				{"id":"`+idB+`","userPrincipalName":"`+idB+`ann@x"},
				{"id":"`+idC+`","userPrincipalName":"`+strings.ReplaceAll(idC, "-", "")+`joann@x"},
				{"id":"`+group+`","userPrincipalName":"`+plain+`ann@x"}],"@odata.nextLink":"%s/v1.0/directory/deletedItems/graph.user?$skiptoken=n"}`),
			ok(`{"value":[{"id":"`+idC+`","userPrincipalName":"ann@x"}]}`))
		first, err := s.client.DeletedUsers(background, "ann@x", "")
		Expect(err).NotTo(HaveOccurred())
		Expect(first.Items).To(HaveExactElements(
			directory.DeletedUser{ID: idA, UserPrincipalName: "Ann@x", DisplayName: "Ann", Deleted: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)},
			directory.DeletedUser{ID: idB, UserPrincipalName: "ann@x"}))
		second, err := s.client.DeletedUsers(background, "ann@x", first.Next)
		Expect(err).NotTo(HaveOccurred())
		Expect(second.Items).To(HaveExactElements(HaveField("ID", idC)))
		Expect(s.asked()).To(HaveExactElements(
			"/directory/deletedItems/graph.user?$select=id,userPrincipalName,displayName,deletedDateTime&$filter=endsWith(userPrincipalName,'ann@x')&$top=999&$count=true",
			"/directory/deletedItems/graph.user?$skiptoken=n"))
		for _, request := range s.requests {
			Expect(request.Header.Get("ConsistencyLevel")).To(Equal("eventual"))
		}
		_, err = s.client.DeletedUsers(background, "", "")
		Expect(refusal(err).Kind).To(Equal(directory.KindInvalid))
	})

	It("reads managers and licences of all", func() {
		s := newStub(graph.CloudGlobal,
			ok(`{"value":[{"id":"`+strings.ToUpper(idA)+`","manager":{"@odata.type":"#microsoft.graph.user","id":"`+strings.ToUpper(idB)+`"}},{"id":"`+idB+`"}],"@odata.nextLink":"%s/v1.0/users?$skiptoken=n"}`),
			ok(`{"value":[{"id":"`+strings.ToUpper(idA)+`","licenseAssignmentStates":[{"skuId":"`+sku+`","state":"Active","error":"None"}]},{"id":"`+idB+`","licenseAssignmentStates":[]}]}`))
		managers, err := s.client.Managers(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(managers.Items).To(HaveExactElements(directory.ManagerLink{UserID: idA, Manager: idB}))
		Expect(managers.Next).To(HaveSuffix("skiptoken=n"))
		licenses, err := s.client.LicenseStates(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(licenses.Items).To(HaveExactElements(
			directory.User{ID: idA, Licenses: []directory.LicenseAssignment{{SKU: sku}}},
			directory.User{ID: idB, Licenses: []directory.LicenseAssignment{}}))
		Expect(s.asked()).To(HaveExactElements("/users?$select=id&$expand=manager($select=id)&$top=999", "/users?$select=id,licenseAssignmentStates&$top=999"))
		Expect(s.budget.reserved).To(HaveExactElements(cost(throttle.Identity, 2), cost(throttle.Identity, 1)))
	})
})

var _ = Describe("Reading one person", func() {
	It("reads what a mailbox is for, without the identity budget", func() {
		s := newStub(graph.CloudGlobal, ok(`{"userPurpose":"shared"}`), refused(404, "MailboxNotEnabledForRESTAPI", "x"),
			refused(404, "Request_ResourceNotFound", "x"), ok(`{}`))
		Expect(s.client.MailboxPurpose(background, idA)).To(Equal(directory.MailboxShared))
		Expect(s.client.MailboxPurpose(background, idA)).To(Equal(directory.MailboxNone))
		_, err := s.client.MailboxPurpose(background, idA)
		Expect(refusal(err).Kind).To(Equal(directory.KindNotFound))
		_, err = s.client.MailboxPurpose(background, idA)
		Expect(refusal(err).Kind).To(Equal(directory.KindTransient))
		Expect(s.asked()).To(HaveEach("/users/" + idA + "/mailboxSettings?$select=userPurpose"))
		Expect(s.budget.reserved).To(HaveEach(throttle.Cost{Class: throttle.Outlook}))
	})

	It("reads the methods", func() {
		s := newStub(graph.CloudGlobal, ok(`{"value":[
			{"@odata.type":"#microsoft.graph.passwordAuthenticationMethod","id":"28c10230-6103-485e-b985-444c60001490"},
			{"@odata.type":"#microsoft.graph.microsoftAuthenticatorAuthenticationMethod","id":"a"},
			{"@odata.type":"#microsoft.graph.windowsHelloForBusinessAuthenticationMethod","id":"w"},
			{"@odata.type":"#microsoft.graph.fido2AuthenticationMethod","id":"f"}]}`))
		Expect(s.client.AuthenticationMethods(background, idA)).To(HaveExactElements(
			directory.AuthenticationMethod{ID: "28c10230-6103-485e-b985-444c60001490", Type: "password"},
			directory.AuthenticationMethod{ID: "a", Type: "microsoftAuthenticator"},
			directory.AuthenticationMethod{ID: "w", Type: "windowsHelloForBusiness"},
			directory.AuthenticationMethod{ID: "f", Type: "fido2"}))
		Expect(s.asked()).To(HaveExactElements("/users/" + idA + "/authentication/methods"))
		Expect(s.budget.reserved).To(HaveExactElements(cost(throttle.Reports, 1)))
	})

	It("reads roles and applications' roles", func() {
		s := newStub(graph.CloudGlobal,
			ok(`{"value":[{"id":"r-1","principalId":"`+strings.ToUpper(idA)+`","roleDefinitionId":"`+idB+`","directoryScopeId":"/"}]}`),
			ok(`{"value":[{"id":"a-1","principalId":"`+strings.ToUpper(idA)+`","principalType":"User","resourceId":"`+strings.ToUpper(idB)+`","appRoleId":"`+strings.ToUpper(idC)+`"}]}`))
		roles, err := s.client.UserRoleAssignments(background, idA, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(roles.Items).To(HaveExactElements(directory.RoleAssignment{ID: "r-1", PrincipalID: idA, PrincipalKind: directory.PrincipalUser, RoleID: idB, Scope: "/"}))
		apps, err := s.client.UserAppRoles(background, idA, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(apps.Items).To(HaveExactElements(directory.AppRoleAssignment{ID: "a-1", PrincipalID: idA, PrincipalKind: directory.PrincipalUser, ApplicationID: idB, RoleID: idC}))
		Expect(s.asked()).To(HaveExactElements(
			"/roleManagement/directory/roleAssignments?$filter=principalId eq '"+idA+"'", "/users/"+idA+"/appRoleAssignments?$top=999"))
	})

	DescribeTable("asks by object id only", func(read func(*graph.Client) error) {
		s := newStub(graph.CloudGlobal)
		Expect(refusal(read(s.client)).Kind).To(Equal(directory.KindInvalid))
		Expect(s.requests).To(BeEmpty())
	},
		Entry("mailbox", func(c *graph.Client) error { _, err := c.MailboxPurpose(background, "a@x"); return err }),
		Entry("methods", func(c *graph.Client) error { _, err := c.AuthenticationMethods(background, "a@x"); return err }),
		Entry("roles", func(c *graph.Client) error {
			_, err := c.UserRoleAssignments(background, "x' or principalId ne '", "")
			return err
		}),
		Entry("applications' roles", func(c *graph.Client) error { _, err := c.UserAppRoles(background, "a@x", ""); return err }),
		Entry("assignments", func(c *graph.Client) error {
			_, err := c.ApplicationAssignments(background, "MSPortal", "")
			return err
		}),
	)

	DescribeTable("tells how long a pass lives", func(times string, starts time.Time) {
		a := stubAnswer{
			status: 201, header: map[string]string{"request-id": "r", "Date": "Mon, 02 Mar 2026 09:00:00 GMT"},
			body: `{"id":"x","temporaryAccessPass":"Tap+1","lifetimeInMinutes":60,"isUsableOnce":true` + times + `}`,
		}
		s := newStub(graph.CloudGlobal, a)
		pass, receipt, err := s.client.CreateTemporaryAccessPass(background, idA)
		Expect(err).NotTo(HaveOccurred())
		Expect(pass).To(HaveValue(Equal(directory.TemporaryAccessPass{Pass: "Tap+1", UsableOnce: true, Starts: starts, Expires: starts.Add(time.Hour)})))
		Expect(receipt.RequestID).To(Equal("r"))
		Expect(s.bodies).To(HaveExactElements(MatchJSON(`{}`)))
		Expect(s.asked()).To(HaveExactElements("/users/" + idA + "/authentication/temporaryAccessPassMethods"))
		Expect(s.budget.reserved).To(HaveExactElements(throttle.Cost{Class: throttle.Reports, ResourceUnits: 1, Writes: 1, Urgent: true}))
	},
		Entry("from its start", `,"startDateTime":"2026-03-03T00:00:00Z","createdDateTime":"2026-03-02T09:00:01Z"`, time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)),
		Entry("from its making", `,"startDateTime":null,"createdDateTime":"2026-03-02T09:00:01Z"`, time.Date(2026, 3, 2, 9, 0, 1, 0, time.UTC)),
		Entry("from now", ``, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)),
	)

	DescribeTable("never quotes a pass in an error", func(body string) {
		s := newStub(graph.CloudGlobal, stubAnswer{status: 201, body: body})
		_, _, err := s.client.CreateTemporaryAccessPass(background, idA)
		Expect(refusal(err)).To(HaveValue(And(HaveField("Kind", directory.KindTransient), HaveField("OutcomeUnknown", true))))
		Expect(err.Error()).NotTo(ContainSubstring("Tap"))
	},
		Entry("that is unreadable", `{"temporaryAccessPass":"Tap+1","lifetimeInMinutes":"Tap+1"}`),
		Entry("that is missing", `{"lifetimeInMinutes":60}`),
	)
})

var _ = Describe("Reading groups, applications and devices", func() {
	It("reads changes of groups and members", func() {
		s := newStub(graph.CloudGlobal,
			ok(`{"value":[
				{"id":"`+strings.ToUpper(group)+`","displayName":"Sales","groupTypes":["Unified","DynamicMembership"],"mailEnabled":true,"onPremisesSyncEnabled":true,"isAssignableToRole":true,
				 "members@delta":[{"@odata.type":"#microsoft.graph.user","id":"`+strings.ToUpper(idA)+`"},{"@odata.type":"#microsoft.graph.device","id":"`+idB+`","@removed":{"reason":"deleted"}}]},
				{"id":"`+idC+`","displayName":"Plain","groupTypes":[],"mailEnabled":false,"onPremisesSyncEnabled":null},
				{"id":"`+idB+`","@removed":{"reason":"changed"}}],"@odata.nextLink":"%s/v1.0/groups/delta?$skiptoken=n"}`),
			ok(`{"value":[],"@odata.deltaLink":"%s/v1.0/groups/delta?$deltatoken=d"}`), ok(`{"value":[]}`))
		changes, err := s.client.GroupChanges(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(changes.Groups).To(HaveExactElements(
			directory.GroupMembership{Joined: []string{idA}, Left: []string{idB}, Group: directory.Group{
				ID: group, DisplayName: "Sales", Dynamic: true, MailEnabled: true, Unified: true, Synced: true, RoleAssignable: true,
			}},
			directory.GroupMembership{Group: directory.Group{ID: idC, DisplayName: "Plain"}},
			directory.GroupMembership{Group: directory.Group{ID: idB}, Removed: true}))
		last, err := s.client.GroupChanges(background, changes.Next)
		Expect(err).NotTo(HaveOccurred())
		Expect(last.Next).To(BeEmpty())
		Expect(last.Resume).To(HaveSuffix("deltatoken=d"))
		_, err = s.client.GroupChanges(background, last.Resume)
		Expect(refusal(err).Kind).To(Equal(directory.KindTransient), "a page without a link ends nothing")
		Expect(s.asked()[:2]).To(HaveExactElements("/groups/delta()?$select="+groupProperties+",members", "/groups/delta?$skiptoken=n"))
		Expect(s.budget.reserved).To(HaveEach(cost(throttle.Identity, 1)))
	})

	DescribeTable("finds an application", func(key, filter string) {
		s := newStub(graph.CloudGlobal, ok(`{"value":[{"id":"`+strings.ToUpper(idA)+`","appId":"`+strings.ToUpper(idB)+`","displayName":"MSPortal","appRoles":[
			{"id":"`+strings.ToUpper(idC)+`","displayName":"Admin","value":"Portal.Admin","isEnabled":true,"allowedMemberTypes":["User"]},
			{"id":"`+group+`","displayName":"Sync","value":"Sync","isEnabled":false,"allowedMemberTypes":["Application"]}]}]}`))
		Expect(s.client.Application(background, key)).To(HaveValue(Equal(directory.Application{
			ID: idA, AppID: idB, DisplayName: "MSPortal", Roles: []directory.AppRole{
				{ID: idC, DisplayName: "Admin", Value: "Portal.Admin", Enabled: true, ForUsers: true},
				{ID: group, DisplayName: "Sync", Value: "Sync"},
			},
		})))
		Expect(s.asked()).To(HaveExactElements("/servicePrincipals?$select=id,appId,displayName,appRoles&$filter=" + filter + "&$top=2"))
	},
		Entry("by name", "O'Brien's", "displayName eq 'O''Brien''s'"),
		Entry("by either id", strings.ToUpper(idA), "id eq '"+idA+"' or appId eq '"+idA+"'"),
	)

	DescribeTable("does not guess an application", func(answer stubAnswer, kind directory.Kind) {
		s := newStub(graph.CloudGlobal, answer)
		_, err := s.client.Application(background, "MSPortal")
		Expect(refusal(err).Kind).To(Equal(kind))
	},
		Entry("of two", ok(`{"value":[{"id":"`+idA+`"},{"id":"`+idB+`"}]}`), directory.KindConflict),
		Entry("of none", ok(`{"value":[]}`), directory.KindNotFound),
	)

	It("reads who is assigned to an application", func() {
		s := newStub(graph.CloudGlobal, ok(`{"value":[
			{"id":"1","principalId":"`+idA+`","principalType":"User","resourceId":"`+idB+`","appRoleId":"`+idC+`"},
			{"id":"2","principalId":"`+group+`","principalType":"Group","resourceId":"`+idB+`","appRoleId":"`+idC+`"},
			{"id":"3","principalId":"`+idC+`","principalType":"Robot","resourceId":"`+idB+`","appRoleId":"`+idC+`"}]}`))
		page, err := s.client.ApplicationAssignments(background, idB, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(page.Items).To(HaveExactElements(
			HaveField("PrincipalKind", directory.PrincipalUser), HaveField("PrincipalKind", directory.PrincipalGroup), HaveField("PrincipalKind", directory.PrincipalUnknown)))
		Expect(s.asked()).To(HaveExactElements("/servicePrincipals/" + idB + "/appRoleAssignedTo?$top=999"))
	})

	It("reads devices and Intune's records of them", func() {
		s := newStub(graph.CloudGlobal,
			ok(`{"value":[
				{"id":"`+strings.ToUpper(idA)+`","deviceId":"`+strings.ToUpper(idB)+`","displayName":"LT-7","operatingSystem":"Windows","accountEnabled":true,"trustType":"AzureAd","isCompliant":false,"isManaged":true,"registeredOwners":[{"@odata.type":"#microsoft.graph.user","id":"`+strings.ToUpper(idC)+`"}]},
				{"id":"`+idB+`","deviceId":"`+idA+`","accountEnabled":false,"isCompliant":null}]}`),
			ok(`{"value":[{"id":"x","azureADDeviceId":"`+strings.ToUpper(idB)+`","userId":"`+strings.ToUpper(idC)+`","complianceState":"noncompliant"}]}`),
			refused(400, "BadRequest", "Request not applicable to target tenant."))
		devices, err := s.client.Devices(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(devices.Items).To(HaveExactElements(
			directory.Device{
				ID: idA, DeviceID: idB, DisplayName: "LT-7", OperatingSystem: "Windows", TrustType: "AzureAd",
				Enabled: directory.Yes, Compliant: directory.No, Managed: directory.Yes, Owners: []string{idC},
			},
			directory.Device{ID: idB, DeviceID: idA, Enabled: directory.No, Owners: []string{}}))
		managed, err := s.client.ManagedDevices(background, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(managed.Items).To(HaveExactElements(directory.ManagedDevice{DeviceID: idB, UserID: idC, ComplianceState: "noncompliant"}))
		_, err = s.client.ManagedDevices(background, "")
		Expect(refusal(err).Kind).To(Equal(directory.KindUnavailable))
		Expect(s.asked()[:2]).To(HaveExactElements(
			"/devices?$select=id,deviceId,displayName,operatingSystem,accountEnabled,trustType,isCompliant,isManaged&$expand=registeredOwners($select=id)&$top=999",
			"/deviceManagement/managedDevices?$select=azureADDeviceId,userId,complianceState"))
		Expect(s.budget.reserved[:2]).To(HaveExactElements(cost(throttle.Identity, 1), cost(throttle.Intune, 0)))
	})

	It("reads who was locked out since", func() {
		s := newStub(graph.CloudGlobal, ok(`{"value":[{"id":"x","userId":"`+strings.ToUpper(idA)+`","createdDateTime":"2026-03-02T09:00:00Z","status":{"errorCode":50053}}]}`),
			refused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "x"))
		since := time.Date(2026, 3, 2, 10, 0, 0, 5, time.FixedZone("", 7200))
		page, err := s.client.LockedOut(background, since, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(page.Items).To(HaveExactElements(directory.LockedOut{UserID: idA, Time: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}))
		_, err = s.client.LockedOut(background, since, "")
		Expect(refusal(err).Kind).To(Equal(directory.KindPremiumRequired))
		Expect(s.asked()).To(HaveEach("/auditLogs/signIns?$filter=createdDateTime ge 2026-03-02T08:00:00Z and status/errorCode eq 50053"))
		Expect(s.budget.reserved).To(HaveEach(cost(throttle.Reports, 1)))
	})
})
