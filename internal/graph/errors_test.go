package graph_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

var _ = Describe("A refusal", func() {
	DescribeTable("becomes a kind", func(answer stubAnswer, kind directory.Kind) {
		s := newStub(graph.CloudGlobal, answer, answer)
		_, err := s.client.Organization(background)
		e := refusal(err)
		Expect(e.Kind).To(Equal(kind), e.Error())
		Expect(e.Status).To(Equal(answer.status))
	},
		Entry("missing privileges", refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."), directory.KindForbidden),
		Entry("no premium licence", refused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C or tenant doesn't have premium license"), directory.KindPremiumRequired),
		Entry("no licence for PIM", refused(400, "AadPremiumLicenseRequired", "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."), directory.KindPremiumRequired),
		Entry("no licence for Conditional Access", refused(403, "AccessDenied", "Your tenant is not licensed for this feature. Please upgrade your subscription to access it."), directory.KindPremiumRequired),
		Entry("access denied", refused(403, "AccessDenied", "You cannot perform the requested operation."), directory.KindForbidden),
		Entry("quota", refused(403, "Directory_QuotaExceeded", "The directory object quota limit for the Tenant has been exceeded."), directory.KindQuota),
		Entry("no app in the tenant", refused(401, "Authorization_IdentityNotFound", "The identity of the calling application could not be established."), directory.KindConsent),
		Entry("not found", refused(404, "Request_ResourceNotFound", "Resource 'x' does not exist."), directory.KindNotFound),
		Entry("an old link", refused(400, "syncStateNotFound", "x"), directory.KindResync),
		Entry("a link to resync", refused(400, "resyncRequired", "x"), directory.KindResync),
		Entry("an expired page", refused(400, "Directory_ExpiredPageToken", "x"), directory.KindResync),
		Entry("a page token of a failed request", refused(400, "DirectoryPageTokenNotFoundException", "x"), directory.KindResync),
		Entry("gone", stubAnswer{status: 410}, directory.KindResync),
		Entry("mere concurrency", refused(409, "Directory_ConcurrencyViolation", "x"), directory.KindConcurrency),
		Entry("the same key twice", refused(409, "Request_MultipleObjectsWithSameKeyValue", "x"), directory.KindConflict),
		Entry("another conflict", refused(409, "Conflict", "x"), directory.KindConflict),
		Entry("a conflict in the details", stubAnswer{status: 400, body: `{"error":{"code":"Request_BadRequest","message":"Another object with the same value for property userPrincipalName already exists.","details":[{"code":"ObjectConflict","message":"x","target":"userPrincipalName"}]}}`}, directory.KindConflict),
		Entry("mastered on premises", refused(400, "Request_BadRequest", "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."), directory.KindMastered),
		Entry("a role assigned already", refused(400, "RoleAssignmentExists", "The Role assignment already exists."), directory.KindExists),
		Entry("a member already", refused(400, "Request_BadRequest", "One or more added object references already exist for the following modified properties: 'members'."), directory.KindExists),
		Entry("an application's role assigned already", refused(400, "Request_BadRequest", "Permission being assigned already exists on the object"), directory.KindExists),
		Entry("no seat", refused(400, "Request_BadRequest", "Subscription with SKU 05e9a617-0261-4cee-bb44-138d3ef5d965 does not have any available licenses."), directory.KindNoSeat),
		Entry("no usage location", refused(400, "Request_BadRequest", "License assignment cannot be done for user with invalid usage location."), directory.KindUsageLocation),
		Entry("plans that exclude each other", refused(400, "Request_BadRequest", "License assignment failed because service plans 9aaf7827-d63c-4b61-89c3-182f06f82e5c, efb87545-963c-4e0d-99df-69c6916d9eb0 are mutually exclusive"), directory.KindPlanConflict),
		Entry("a plan that needs another", refused(400, "Request_BadRequest", "License assignment failed because service plan 1e7e1070-8ccb-4aca-b470-d7cb538cb07e depends on the service plan(s) 8e9ff0ff-aa7a-4b20-83c1-2f636b600ac2"), directory.KindPlanConflict),
		Entry("a licence of a group", refused(400, "Request_BadRequest", "User license is inherited from a group membership and it cannot be removed directly from the user."), directory.KindInherited),
		Entry("a licence that is not there", refused(400, "Request_BadRequest", "User does not have a corresponding license."), directory.KindNotFound),
		Entry("a distribution list", refused(400, "Request_BadRequest", "Cannot Update a mail-enabled security groups and or distribution list."), directory.KindUnwritable),
		Entry("no mailbox", refused(404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise."), directory.KindUnavailable),
		Entry("no Intune", refused(400, "BadRequest", "Request not applicable to target tenant."), directory.KindUnavailable),
		Entry("a bad value", refused(400, "Request_BadRequest", "Invalid value."), directory.KindInvalid),
		Entry("an empty code", refused(400, "", ""), directory.KindInvalid),
		Entry("a token refused again and again", refused(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid."), directory.KindCredentials),
		Entry("a precondition", refused(412, "x", "x"), directory.KindConcurrency),
		Entry("an outage", refused(503, "ServiceNotAvailable", "x"), directory.KindTransient),
		Entry("a page of a proxy", stubAnswer{status: 502, body: "<html>Bad Gateway</html>", header: map[string]string{"Content-Type": "text/html"}}, directory.KindTransient),
		Entry("broken JSON", stubAnswer{status: 500, body: `{"error":`}, directory.KindTransient),
		Entry("not implemented", refused(501, "NotImplemented", "x"), directory.KindUnavailable),
		Entry("a redirect", stubAnswer{status: 302, header: map[string]string{"Location": "https://evil.example/"}}, directory.KindTransient),
		Entry("an answer that is none", stubAnswer{status: 200, body: `[]`}, directory.KindTransient),
		Entry("an empty answer", stubAnswer{status: 200}, directory.KindTransient),
	)

	DescribeTable("makes the budget wait", func(answer stubAnswer, told, wait time.Duration) {
		s := newStub(graph.CloudGlobal, answer)
		_, err := s.client.Registrations(background, "")
		e := refusal(err)
		Expect(e.Kind).To(Equal(directory.KindThrottled))
		Expect(e.RetryAfter).To(Equal(wait))
		Expect(s.budget.classes).To(HaveExactElements(throttle.Reports))
		Expect(s.budget.throttled).To(HaveExactElements(told))
	},
		Entry("for seconds", stubAnswer{status: 429, header: map[string]string{"Retry-After": "42"}}, 42*time.Second, 42*time.Second),
		Entry("until a date", stubAnswer{status: 429, header: map[string]string{
			"Date": "Mon, 02 Mar 2026 09:00:00 GMT", "Retry-After": "Mon, 02 Mar 2026 09:02:00 GMT",
		}}, 2*time.Minute, 2*time.Minute),
		Entry("for as long as the budget thinks, when nothing is said", stubAnswer{status: 429}, time.Duration(0), 10*time.Second),
		Entry("in an outage that says how long", stubAnswer{status: 503, header: map[string]string{"Retry-After": "30"}}, 30*time.Second, 30*time.Second),
	)

	It("to do anything but to answer is no success", func() {
		s := newStub(graph.CloudGlobal, stubAnswer{status: 302, header: map[string]string{"Location": "https://evil.example/"}})
		_, err := s.client.SetEnabled(background, idA, false)
		Expect(refusal(err)).To(HaveValue(And(HaveField("Kind", directory.KindTransient), HaveField("OutcomeUnknown", true))))
	})

	It("carries the provider's request id", func() {
		s := newStub(graph.CloudGlobal, refused(400, "x", "y"), stubAnswer{status: 400, header: map[string]string{"request-id": "of-header"}})
		_, err := s.client.Organization(background)
		Expect(refusal(err).RequestID).To(Equal("inner-id"))
		_, err = s.client.Organization(background)
		Expect(refusal(err).RequestID).To(Equal("of-header"))
	})

	It("of the budget sends nothing", func() {
		s := newStub(graph.CloudGlobal)
		s.budget.wait = 7 * time.Second
		_, err := s.client.SetEnabled(background, stubTenant, false)
		e := refusal(err)
		Expect(e.Kind).To(Equal(directory.KindThrottled))
		Expect(e.RetryAfter).To(Equal(7 * time.Second))
		Expect(e.OutcomeUnknown).To(BeFalse())
		Expect(s.requests).To(BeEmpty())
		Expect(s.budget.throttled).To(BeEmpty(), "Graph refused nothing")
	})

	It("is made out before it comes", func() {
		a := ok(`{"value":[{"id":"x"}]}`)
		a.header = map[string]string{"x-ms-throttle-limit-percentage": "0.85"}
		s := newStub(graph.CloudGlobal, a)
		_, err := s.client.Organization(background)
		Expect(err).NotTo(HaveOccurred())
		Expect(s.budget.observed).To(HaveExactElements(0.85))
	})
})

var _ = Describe("A client", func() {
	It("observes each request", func() {
		var seen []observation
		s := newStub(graph.CloudGlobal)
		client, err := graph.New(graph.Options{
			TenantID: stubTenant, ClientID: stubTenant, Credential: graph.Credential{Secret: "s"},
			Endpoints: graph.Endpoints{Graph: s.URL, Login: s.URL}, Transport: s.Client().Transport, Budget: s.budget, Clock: clock.RealClock{},
			Observer: func(service, code string, _ time.Duration) { seen = append(seen, observation{service, code}) },
		})
		Expect(err).NotTo(HaveOccurred())
		s.answers = []stubAnswer{ok(`{"value":[]}`), {status: 429}}
		_, _ = client.Domains(background)
		_, _ = client.Registrations(background, "")
		s.Close()
		_, _ = client.User(background, "a@b.example")
		Expect(seen).To(HaveExactElements(observation{"domains", "200"}, observation{"reports", "429"}, observation{"users", "error"}))
	})

	DescribeTable("is not made", func(change func(*graph.Options)) {
		options := graph.Options{
			TenantID: stubTenant, ClientID: stubTenant, Credential: graph.Credential{Secret: "s"},
			Endpoints: graph.Endpoints{Graph: "https://g.example", Login: "https://l.example"},
			Transport: http.DefaultTransport, Budget: &budget{}, Clock: clock.RealClock{},
		}
		_, err := graph.New(options)
		Expect(err).NotTo(HaveOccurred())
		change(&options)
		_, err = graph.New(options)
		Expect(err).To(HaveOccurred())
	},
		Entry("without a transport", func(o *graph.Options) { o.Transport = nil }),
		Entry("without a budget", func(o *graph.Options) { o.Budget = nil }),
		Entry("without a clock", func(o *graph.Options) { o.Clock = nil }),
		Entry("without a credential", func(o *graph.Options) { o.Credential = graph.Credential{} }),
		Entry("with two credentials", func(o *graph.Options) { o.Credential = certificate(); o.Credential.Secret = "s" }),
		Entry("for plain HTTP", func(o *graph.Options) { o.Endpoints.Graph = "http://g.example" }),
		Entry("for a path", func(o *graph.Options) { o.Endpoints.Graph = "https://g.example/v1.0" }),
		Entry("for a login host with a user", func(o *graph.Options) { o.Endpoints.Login = "https://a@l.example" }),
		Entry("for no login host", func(o *graph.Options) { o.Endpoints.Login = "" }),
		Entry("for an odd tenant", func(o *graph.Options) { o.TenantID = "a/b" }),
	)

	DescribeTable("knows the clouds", func(cloud graph.Cloud, endpoints graph.Endpoints) {
		Expect(graph.EndpointsFor(cloud)).To(Equal(endpoints))
		Expect(endpoints.Validate()).To(Succeed())
	},
		Entry(nil, graph.CloudGlobal, graph.Endpoints{Graph: "https://graph.microsoft.com", Login: "https://login.microsoftonline.com"}),
		Entry(nil, graph.CloudUSGov, graph.Endpoints{Graph: "https://graph.microsoft.us", Login: "https://login.microsoftonline.us"}),
		Entry(nil, graph.CloudUSGovDoD, graph.Endpoints{Graph: "https://dod-graph.microsoft.us", Login: "https://login.microsoftonline.us"}),
		Entry(nil, graph.CloudChina, graph.Endpoints{Graph: "https://microsoftgraph.chinacloudapi.cn", Login: "https://login.chinacloudapi.cn"}),
	)

	It("takes other hosts from flags alone", func() {
		_, err := graph.EndpointsFor("Mars")
		Expect(err).To(HaveOccurred())
		global, err := graph.EndpointsFor(graph.CloudGlobal)
		Expect(err).NotTo(HaveOccurred())
		Expect(global.Override(graph.Endpoints{})).To(Equal(global))
		Expect(global.Override(graph.Endpoints{Graph: "https://g.example"})).
			To(Equal(graph.Endpoints{Graph: "https://g.example", Login: global.Login}))
		Expect(global.Override(graph.Endpoints{Login: "http://l.example"}).Validate()).NotTo(Succeed())
	})
})
