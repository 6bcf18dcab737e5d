package graph_test

import (
	"net/http"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/directory/directorytest"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = directorytest.DescribeDirectory("Microsoft Graph", func(tenant directorytest.Tenant) directorytest.World {
	GinkgoHelper()
	spec := graphsim.TenantSpec{Quota: tenant.Quota, TemporaryAccessPassPolicy: graphsim.TemporaryAccessPassPolicy{Enabled: tenant.Passes}}
	for partNumber, seats := range tenant.Subscriptions {
		spec.SKUs = append(spec.SKUs, graphsim.SKUSpec{PartNumber: partNumber, Enabled: seats})
	}
	return &simulated{world: newWorld(spec, func(o *graphsim.Options) { o.DeltaPageSize = 3 })}
})

// simulated is the simulator as a world of the conformance suite.
type simulated struct {
	*world
	rooms []graphsim.RoomSpec
}

func (s *simulated) Directory() directory.Directory { return s.client }
func (s *simulated) Domain() string                 { return contoso }

func (s *simulated) AddAccount(a directorytest.Account) string {
	GinkgoHelper()
	properties := map[string]any{"userPrincipalName": a.UserPrincipalName, "accountEnabled": !a.Blocked}
	set := func(name string, value any, given bool) {
		if given {
			properties[name] = value
		}
	}
	set("displayName", a.DisplayName, a.DisplayName != "")
	set("usageLocation", a.UsageLocation, a.UsageLocation != "")
	set("userType", "Guest", a.Guest)
	set("onPremisesSyncEnabled", true, a.Synced)
	set("mail", a.Mail, a.Mail != "")
	set("signInActivity", map[string]any{"lastSuccessfulSignInDateTime": a.LastSignIn, "lastSignInDateTime": a.LastSignIn}, !a.LastSignIn.IsZero())
	if a.Mail != "" {
		addresses := []string{"SMTP:" + a.Mail}
		for _, alias := range a.Aliases {
			addresses = append(addresses, "smtp:"+alias)
		}
		properties["proxyAddresses"] = addresses
	}
	return s.user(properties)
}

func (s *simulated) AddGroup(g directorytest.Group) string {
	GinkgoHelper()
	spec := graphsim.GroupSpec{DisplayName: g.DisplayName, Members: g.Members, Synced: g.Synced, RoleAssignable: g.RoleAssignable}
	if g.Unified {
		spec.Types, spec.Mail = append(spec.Types, "Unified"), "team@"+contoso
	}
	if g.Dynamic {
		spec.Types, spec.MembershipRule = append(spec.Types, "DynamicMembership"), "user.accountEnabled -eq true"
	}
	if g.Distribution {
		spec.Distribution, spec.Mail = true, "list@"+contoso
	}
	for _, partNumber := range g.Licenses {
		spec.Licenses = append(spec.Licenses, graphsim.LicenseSpec{SKU: partNumber})
	}
	id, err := s.Server.AddGroup(s.tenant, spec)
	Expect(err).NotTo(HaveOccurred())
	return id
}

func (s *simulated) RenameGroup(id, displayName string) {
	GinkgoHelper()
	Expect(s.Server.RenameGroup(s.tenant, id, displayName)).To(Succeed())
}

func (s *simulated) RemoveGroup(id string) {
	GinkgoHelper()
	Expect(s.Server.RemoveGroup(s.tenant, id)).To(Succeed())
}

func (s *simulated) AddApplication(displayName string, roles ...string) string {
	GinkgoHelper()
	spec := graphsim.ApplicationSpec{DisplayName: displayName}
	for _, role := range roles {
		spec.Roles = append(spec.Roles, graphsim.AppRoleSpec{DisplayName: role, Value: role})
	}
	id, err := s.Server.AddApplication(s.tenant, spec)
	Expect(err).NotTo(HaveOccurred())
	return id
}

func (s *simulated) AssignApplication(applicationID, groupID, role string) {
	GinkgoHelper()
	Expect(s.Server.AssignApplication(s.tenant, applicationID, graphsim.AppAssignmentSpec{Principal: groupID, Role: role})).To(Succeed())
}

func (s *simulated) AddRoom(mail string) {
	GinkgoHelper()
	s.rooms = append(s.rooms, graphsim.RoomSpec{DisplayName: mail, EmailAddress: mail})
	Expect(s.SetRooms(s.tenant, s.rooms)).To(Succeed())
}

func (s *simulated) AddDevice(d directorytest.Device) string {
	GinkgoHelper()
	deviceID := uuid.NewSHA1(uuid.Nil, []byte(d.DisplayName)).String()
	spec := graphsim.DeviceSpec{DisplayName: d.DisplayName, DeviceID: deviceID, TrustType: d.TrustType, OperatingSystem: "Windows"}
	if d.Owner != "" {
		spec.Owners = []string{d.Owner}
	}
	if d.Compliance != "" {
		managed, compliant := true, d.Compliance == "compliant"
		spec.IsManaged, spec.IsCompliant = &managed, &compliant
		_, err := s.PutManagedDevice(s.tenant, graphsim.ManagedDeviceSpec{
			DeviceID: deviceID, DeviceName: d.DisplayName, User: d.Owner, Compliance: d.Compliance, OperatingSystem: "Windows",
		})
		Expect(err).NotTo(HaveOccurred())
	}
	_, err := s.PutDevice(s.tenant, spec)
	Expect(err).NotTo(HaveOccurred())
	return deviceID
}

func (s *simulated) SignIn(accountID string, at time.Time, errorCode int) {
	GinkgoHelper()
	Expect(s.AddSignIn(s.tenant, graphsim.SignInSpec{User: accountID, Created: at, ErrorCode: errorCode})).To(Succeed())
}

func (s *simulated) SetMailbox(accountID string, purpose directory.MailboxPurpose) {
	GinkgoHelper()
	Expect(s.Server.SetMailbox(s.tenant, graphsim.MailboxSpec{User: accountID, Purpose: graphsim.MailboxPurpose(purpose)})).To(Succeed())
}

func (s *simulated) Register(accountID string, methods ...string) {
	GinkgoHelper()
	Expect(s.SetRegistration(s.tenant, graphsim.RegistrationSpec{User: accountID, Methods: methods})).To(Succeed())
	Expect(s.RefreshReports(s.tenant)).To(Succeed())
}

func (s *simulated) MakeEligible(accountID, role string) {
	GinkgoHelper()
	Expect(s.Server.MakeEligible(s.tenant, accountID, role)).To(Succeed())
}

func (s *simulated) SetSecurityDefaults(on bool) {
	GinkgoHelper()
	Expect(s.Server.SetSecurityDefaults(s.tenant, on)).To(Succeed())
}

func (s *simulated) AddPolicy(displayName string) {
	GinkgoHelper()
	Expect(s.SetConditionalAccess(s.tenant, []graphsim.ConditionalAccessSpec{{
		DisplayName: displayName, State: "enabled", IncludeUsers: []string{"All"}, Applications: []string{"All"},
		ClientAppTypes: []string{"all"}, Operator: "OR", BuiltInControls: []string{"mfa"},
	}})).To(Succeed())
}

func (s *simulated) MustChangePassword(accountID string) bool {
	GinkgoHelper()
	state, err := s.User(s.tenant, accountID)
	Expect(err).NotTo(HaveOccurred())
	return state.ForceChange
}

// Forbid revokes every permission; tokens issued before keep theirs, so it takes a new
// client.
func (s *simulated) Forbid() {
	GinkgoHelper()
	Expect(s.SetGrant(s.tenant, graphsim.Grant{ClientID: s.ClientID(), Permissions: []string{"Mail.Send"}})).To(Succeed())
	s.client = s.connect(nil)
}

func (s *simulated) Break(kind directory.Kind) {
	GinkgoHelper()
	answer := func(status int, code string, retryAfter int) {
		_, err := s.client.Identity(background) // a token is at hand: it is Graph that fails, not the login
		Expect(err).NotTo(HaveOccurred())
		s.fault(graphsim.Fault{Kind: graphsim.FaultStatus, Tenant: s.tenant, Status: status, Code: code, RetryAfter: retryAfter})
	}
	switch kind {
	case directory.KindTransient:
		answer(http.StatusServiceUnavailable, "", 0)
	case directory.KindThrottled:
		answer(http.StatusTooManyRequests, "", 30)
	case directory.KindConcurrency:
		answer(http.StatusConflict, "Directory_ConcurrencyViolation", 0)
	case directory.KindResync:
		s.Step(8 * 24 * time.Hour)
	case directory.KindCredentials:
		Expect(s.SetSecret(s.ClientID(), s.ClientSecret(), s.Now().Add(-time.Hour))).To(Succeed())
		s.client = s.connect(nil)
	case directory.KindConsent:
		Expect(s.RevokeGrant(s.tenant, s.ClientID())).To(Succeed())
		s.client = s.connect(nil)
	case directory.KindUnknownTenant:
		s.client = s.connect(func(o *graph.Options) { o.TenantID = stubTenant })
	default:
		Fail("no way to break it as " + string(kind))
	}
}

func (s *simulated) Settle() { s.Step(5 * time.Minute) }
