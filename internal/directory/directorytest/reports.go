package directorytest

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
)

func (s *suite) readsPersons() {
	It("tells what a mailbox is for", func(ctx SpecContext) {
		w, d, id := s.person()
		Expect(d.MailboxPurpose(ctx, id)).To(Equal(directory.MailboxNone))
		for _, purpose := range []directory.MailboxPurpose{
			directory.MailboxUser, directory.MailboxShared, directory.MailboxRoom, directory.MailboxEquipment,
		} {
			w.SetMailbox(id, purpose)
			Expect(d.MailboxPurpose(ctx, id)).To(Equal(purpose))
		}
		_, err := d.MailboxPurpose(ctx, nobody)
		expectRefused(err, directory.KindNotFound)
	})

	It("tells the methods a person registered", func(ctx SpecContext) {
		w, d, id := s.person()
		methods, err := d.AuthenticationMethods(ctx, id)
		Expect(err).NotTo(HaveOccurred())
		Expect(methods).To(HaveExactElements(HaveField("Type", "password")))
		w.Register(id, "mobilePhone", "microsoftAuthenticatorPush")
		methods, err = d.AuthenticationMethods(ctx, id)
		Expect(err).NotTo(HaveOccurred())
		Expect(methods).To(ConsistOf(HaveField("Type", "password"), HaveField("Type", "phone"), HaveField("Type", "microsoftAuthenticator")))
		Expect(methods).To(HaveEach(HaveField("ID", Not(BeEmpty()))))
		_, err = d.AuthenticationMethods(ctx, nobody)
		expectRefused(err, directory.KindNotFound)
	})
}

func (s *suite) readsReports() {
	It("tells who registered, and who last signed in when", func() {
		w := s.open(Tenant{Subscriptions: map[string]int{premium: 5}})
		last := time.Date(2025, 3, 2, 8, 0, 0, 0, time.UTC)
		id := w.AddAccount(Account{UserPrincipalName: "alice@" + w.Domain(), LastSignIn: last})
		never := w.AddAccount(Account{UserPrincipalName: "never@" + w.Domain()})
		w.Register(id, "mobilePhone")
		Expect(everything(w.Directory().Registrations)).To(ConsistOf(
			And(HaveField("ID", id), HaveField("MFARegistered", true), HaveField("Methods", ContainElement("mobilePhone")), HaveField("Updated", Not(BeZero()))),
			And(HaveField("ID", never), HaveField("MFARegistered", false))))
		Expect(everything(w.Directory().SignIns)).To(ConsistOf(
			directory.SignIn{ID: id, LastSuccessful: last}, directory.SignIn{ID: never}))
	})

	It("says what needs a premium licence", func(ctx SpecContext) {
		_, d, _ := s.person()
		_, err := d.Registrations(ctx, "")
		expectRefused(err, directory.KindPremiumRequired)
		_, err = d.SignIns(ctx, "")
		expectRefused(err, directory.KindPremiumRequired)
		_, err = d.LockedOut(ctx, time.Date(2025, 3, 2, 8, 0, 0, 0, time.UTC), "")
		expectRefused(err, directory.KindPremiumRequired)
		_, err = d.ConditionalAccessPolicies(ctx, "")
		expectRefused(err, directory.KindPremiumRequired)
	})

	It("tells who was locked out since, the latest first", func(ctx SpecContext) {
		w := s.open(Tenant{Subscriptions: map[string]int{premium: 5}})
		id := w.AddAccount(Account{UserPrincipalName: "alice@" + w.Domain()})
		bob := w.AddAccount(Account{UserPrincipalName: "bob@" + w.Domain()})
		found, err := w.Directory().Namesakes(ctx, "alice@"+w.Domain())
		Expect(err).NotTo(HaveOccurred())
		ago := func(d time.Duration) time.Time { return found.Time.Add(-d).Truncate(time.Second).UTC() }
		w.SignIn(id, ago(3*time.Hour), 50053)
		w.SignIn(id, ago(2*time.Hour), 50053)
		w.SignIn(bob, ago(time.Hour), 50053)
		w.SignIn(bob, ago(time.Minute), 50126)
		w.SignIn(id, ago(time.Minute), 0)
		Expect(everything(func(ctx context.Context, link string) (*directory.Page[directory.LockedOut], error) {
			return w.Directory().LockedOut(ctx, ago(150*time.Minute), link)
		})).To(HaveExactElements(
			directory.LockedOut{UserID: bob, Time: ago(time.Hour)}, directory.LockedOut{UserID: id, Time: ago(2 * time.Hour)}))
	})

	It("tells the devices with their owners, and what Intune says of them", func(ctx SpecContext) {
		w := s.open(Tenant{Subscriptions: map[string]int{office: 5}})
		id := w.AddAccount(Account{UserPrincipalName: "alice@" + w.Domain()})
		laptop := w.AddDevice(Device{DisplayName: "LT-7", TrustType: "AzureAd", Owner: id, Compliance: "noncompliant"})
		phone := w.AddDevice(Device{DisplayName: "Phone", TrustType: "Workplace"})
		Expect(everything(w.Directory().Devices)).To(ConsistOf(
			And(HaveField("DisplayName", "LT-7"), HaveField("DeviceID", laptop), HaveField("ID", Not(Equal(laptop))), HaveField("TrustType", "AzureAd"),
				HaveField("Enabled", directory.Yes), HaveField("Compliant", directory.No), HaveField("Managed", directory.Yes), HaveField("Owners", HaveExactElements(id))),
			And(HaveField("DeviceID", phone), HaveField("Compliant", directory.Unknown), HaveField("Managed", directory.Unknown), HaveField("Owners", BeEmpty()))))
		Expect(everything(w.Directory().ManagedDevices)).To(HaveExactElements(
			directory.ManagedDevice{DeviceID: laptop, UserID: id, ComplianceState: "noncompliant"}))

		_, err := s.open(Tenant{}).Directory().ManagedDevices(ctx, "")
		expectRefused(err, directory.KindUnavailable)
	})

	It("tells the rooms", func() {
		w := s.open(Tenant{})
		w.AddRoom("board@" + w.Domain())
		w.AddRoom("lab@" + w.Domain())
		Expect(everything(w.Directory().Rooms)).To(ConsistOf(directory.Room{Mail: "board@" + w.Domain()}, directory.Room{Mail: "lab@" + w.Domain()}))
	})
}

func (s *suite) readsTenants() {
	It("tells itself, the tenant and its domains", func(ctx SpecContext) {
		w := s.open(Tenant{})
		d := w.Directory()
		identity, err := d.Identity(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(identity).To(HaveValue(And(HaveField("ClientID", Not(BeEmpty())), HaveField("ServicePrincipalID", Not(BeEmpty())), HaveField("Permissions", Not(BeEmpty())))))
		organization, err := d.Organization(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(organization.ID).To(Equal(identity.TenantID))
		Expect(d.Domains(ctx)).To(ContainElement(And(HaveField("Name", w.Domain()), HaveField("Verified", true))))
	})

	It("tells the subscriptions with their plans", func(ctx SpecContext) {
		w := s.open(Tenant{Subscriptions: map[string]int{office: 7, exchange: 3}})
		skus, err := w.Directory().SKUs(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(skus).To(ConsistOf(
			And(HaveField("PartNumber", office), HaveField("Enabled", BeEquivalentTo(7)), HaveField("ServicePlans", ContainElement("EXCHANGE_S_ENTERPRISE")),
				HaveField("Plans", ContainElement(HaveField("Name", "EXCHANGE_S_ENTERPRISE"))), HaveField("Plans", HaveEach(HaveField("ID", Not(BeEmpty()))))),
			And(HaveField("PartNumber", exchange), HaveField("Enabled", BeEquivalentTo(3)), HaveField("Consumed", BeZero()))))
	})

	It("tells how it demands multifactor authentication", func(ctx SpecContext) {
		w := s.open(Tenant{Subscriptions: map[string]int{premium: 1}})
		Expect(w.Directory().SecurityDefaults(ctx)).To(BeFalse())
		w.SetSecurityDefaults(true)
		Expect(w.Directory().SecurityDefaults(ctx)).To(BeTrue())
		w.SetSecurityDefaults(false)
		Expect(everything(w.Directory().ConditionalAccessPolicies)).To(BeEmpty())
		w.AddPolicy("Everybody")
		w.Settle()
		Expect(everything(w.Directory().ConditionalAccessPolicies)).To(HaveExactElements(
			directory.ConditionalAccessPolicy{DisplayName: "Everybody", State: "enabled", DemandsMFA: true}))
	})
}
