package controllers

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const businessPremium = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"

// laptop is a device of Alice's that is all right.
func laptop(change func(*graphsim.DeviceSpec)) graphsim.DeviceSpec {
	device := graphsim.DeviceSpec{
		ID: "de71ce00-0000-4000-8000-000000000001", DeviceID: "de71ce00-0000-4000-8000-0000000000ff",
		DisplayName: "LAPTOP-1", TrustType: "AzureAd", OperatingSystem: "Windows", Owners: []string{upnAlice},
		IsCompliant: ptr.To(true), IsManaged: ptr.To(true),
	}
	if change != nil {
		change(&device)
	}
	return device
}

// enrolled is what Intune knows of it.
func enrolled(compliance string) graphsim.ManagedDeviceSpec {
	return graphsim.ManagedDeviceSpec{
		DeviceID: "de71ce00-0000-4000-8000-0000000000ff", DeviceName: "LAPTOP-1", User: upnAlice, Compliance: compliance, OperatingSystem: "Windows",
	}
}

// told is what the status of an account says once all feeds were read, and settled.
func (w *world) told(ctx context.Context, upn string) *v1alpha1.ManagedUser {
	GinkgoHelper()
	for range 3 {
		w.mustSync(ctx)
	}
	user := w.declare(ctx, upn)
	w.mustPass(ctx, user)
	Expect(condition(user, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
	w.settles(ctx, user)
	return user
}

// ask asks for a pass at once.
func (w *world) ask(ctx context.Context, user *v1alpha1.ManagedUser, value string) {
	GinkgoHelper()
	metav1.SetMetaDataAnnotation(&user.ObjectMeta, v1alpha1.RequestedAtAnnotation, value)
	Expect(api.Update(ctx, user)).To(Succeed())
	w.mustPass(ctx, user)
	Expect(user.Status.LastHandledReconcileAt).To(Equal(value))
}

var _ = DescribeTable("a validated device",
	func(ctx context.Context, change func(*graphsim.TenantSpec), says v1alpha1.Knowledge, devices int) {
		w := newWorld(ctx, change)
		alice := w.told(ctx, upnAlice)
		Expect(alice.Status.ValidatedDevice).To(Equal(says))
		if devices < 0 {
			Expect(alice.Status.Devices).To(BeNil(), "what is not known is not said")
			return
		}
		Expect(alice.Status.Devices.Total).To(BeEquivalentTo(devices))
		Expect(alice.Status.Devices.Items).To(HaveLen(devices))
	},
	Entry("is enabled, joined, managed and compliant", func(spec *graphsim.TenantSpec) {
		spec.Devices, spec.ManagedDevices = []graphsim.DeviceSpec{laptop(nil)}, []graphsim.ManagedDeviceSpec{enrolled("compliant")}
	}, v1alpha1.True, 1),
	Entry("is one of several", func(spec *graphsim.TenantSpec) {
		spec.Devices = []graphsim.DeviceSpec{laptop(nil), {DisplayName: "PHONE", TrustType: "Workplace", OperatingSystem: "iOS", Owners: []string{upnAlice}}}
		spec.ManagedDevices = []graphsim.ManagedDeviceSpec{enrolled("compliant")}
	}, v1alpha1.True, 2),
	Entry("is not one that Intune finds wanting", func(spec *graphsim.TenantSpec) {
		spec.Devices, spec.ManagedDevices = []graphsim.DeviceSpec{laptop(nil)}, []graphsim.ManagedDeviceSpec{enrolled("noncompliant")}
	}, v1alpha1.False, 1),
	Entry("is not one that is disabled", func(spec *graphsim.TenantSpec) {
		spec.Devices = []graphsim.DeviceSpec{laptop(func(d *graphsim.DeviceSpec) { d.Disabled = true })}
		spec.ManagedDevices = []graphsim.ManagedDeviceSpec{enrolled("compliant")}
	}, v1alpha1.False, 1),
	Entry("is not one that nobody manages", func(spec *graphsim.TenantSpec) {
		spec.Devices = []graphsim.DeviceSpec{laptop(func(d *graphsim.DeviceSpec) { d.IsManaged, d.IsCompliant = nil, nil })}
	}, v1alpha1.False, 1),
	Entry("is not somebody else's", func(spec *graphsim.TenantSpec) {
		spec.Devices = []graphsim.DeviceSpec{laptop(func(d *graphsim.DeviceSpec) { d.Owners = []string{upnBob} })}
		spec.ManagedDevices = []graphsim.ManagedDeviceSpec{enrolled("compliant")}
	}, v1alpha1.False, 0),
	Entry("is nothing to speak of without Intune", func(spec *graphsim.TenantSpec) {
		spec.SKUs = []graphsim.SKUSpec{{PartNumber: "POWER_BI_PRO", Enabled: 2}}
		spec.Devices = []graphsim.DeviceSpec{laptop(nil)}
	}, v1alpha1.Unknown, 1),
)

var _ = Describe("devices", func() {
	It("are shown with trust, management and compliance", func(ctx context.Context) {
		w := newWorld(ctx, func(spec *graphsim.TenantSpec) {
			spec.Devices, spec.ManagedDevices = []graphsim.DeviceSpec{laptop(nil)}, []graphsim.ManagedDeviceSpec{enrolled("compliant")}
		})
		Expect(w.told(ctx, upnAlice).Status.Devices.Items).To(ConsistOf(v1alpha1.DeviceStatus{
			ID: laptop(nil).ID, Name: "LAPTOP-1", OperatingSystem: "Windows", TrustType: "AzureAd",
			Enabled: v1alpha1.True, Managed: v1alpha1.True, Compliant: v1alpha1.True,
		}))
	})

	It("are not known without the permission", func(ctx context.Context) {
		w := newWorld(ctx, func(spec *graphsim.TenantSpec) { spec.Devices = []graphsim.DeviceSpec{laptop(nil)} })
		w.consent(ctx, false, "Device.Read.All")
		alice := w.told(ctx, upnAlice)
		Expect(alice.Status.Devices).To(BeNil())
		Expect(alice.Status.ValidatedDevice).To(Equal(v1alpha1.Unknown))
	})
})

// day is what may be an alert one day and is none the next. Until after has passed every
// feed that tells it is read again, whatever the tenant's offset: the first time within an
// interval and a quarter.
type day struct {
	tenant func(*graphsim.TenantSpec)
	upn    string
	alert  v1alpha1.Alert
	ends   func(w *world) error
	after  time.Duration
}

var _ = DescribeTable("an alert is raised while it holds, and settles",
	func(ctx context.Context, d day) {
		w := newWorld(ctx, d.tenant)
		user := w.told(ctx, d.upn)
		Expect(user.Status.Alerts).To(ContainElement(d.alert))
		Expect(d.ends(w)).To(Succeed())
		w.clock.Step(d.after)
		for range 3 {
			w.mustSync(ctx)
		}
		w.mustPass(ctx, user)
		Expect(user.Status.Alerts).NotTo(ContainElement(d.alert))
		w.settles(ctx, user)
	},
	Entry("a licence that a group cannot give", day{
		tenant: func(spec *graphsim.TenantSpec) {
			located(spec)
			spec.SKUs = append(spec.SKUs, graphsim.SKUSpec{PartNumber: "POWER_BI_PRO", Enabled: 1})
			spec.Groups = []graphsim.GroupSpec{{
				DisplayName: "Analysts", Members: []string{upnBob, upnAlice}, Licenses: []graphsim.LicenseSpec{{SKU: "POWER_BI_PRO"}},
			}}
		},
		upn: upnAlice, alert: v1alpha1.AlertLicenseError, after: 8 * time.Hour,
		ends: func(w *world) error { return w.sim.RemoveGroupMember(w.tenantID, "Analysts", upnAlice) },
	}),
	Entry("a lockout of today", day{
		tenant: func(spec *graphsim.TenantSpec) {
			spec.SignIns = []graphsim.SignInSpec{{User: upnAlice, ErrorCode: 50053, Created: time.Date(2026, 11, 20, 7, 0, 0, 0, time.UTC)}}
		},
		upn: upnAlice, alert: v1alpha1.AlertRecentlyLockedOut, after: 25 * time.Hour,
		ends: func(*world) error { return nil },
	}),
	Entry("a shared mailbox that may sign in", day{
		tenant: func(spec *graphsim.TenantSpec) {
			spec.Mailboxes = []graphsim.MailboxSpec{{User: upnBob, Purpose: graphsim.MailboxShared}}
		},
		upn: upnBob, alert: v1alpha1.AlertSharedCanSignIn,
		ends: func(w *world) error {
			return w.sim.PatchUser(w.tenantID, upnBob, map[string]any{"accountEnabled": false})
		},
	}),
	Entry("a room that may sign in", day{
		tenant: func(spec *graphsim.TenantSpec) {
			spec.Mailboxes = []graphsim.MailboxSpec{{User: upnBob, Purpose: graphsim.MailboxRoom}}
		},
		upn: upnBob, alert: v1alpha1.AlertSharedCanSignIn,
		ends: func(w *world) error {
			return w.sim.PatchUser(w.tenantID, upnBob, map[string]any{"accountEnabled": false})
		},
	}),
	Entry("a blocked account with a licence", day{
		tenant: func(spec *graphsim.TenantSpec) {
			located(spec)
			spec.Users[1]["accountEnabled"] = false
			spec.Users[1]["assignedLicenses"] = []any{map[string]any{"skuId": businessPremium}}
		},
		upn: upnBob, alert: v1alpha1.AlertSuspendedButLicensed,
		ends: func(w *world) error {
			return w.sim.PatchUser(w.tenantID, upnBob, map[string]any{"assignedLicenses": []any{}})
		},
	}),
	Entry("a person who has not signed in for long", day{
		tenant: func(*graphsim.TenantSpec) {}, upn: upnBob, alert: v1alpha1.AlertStale, after: 31 * time.Hour,
		ends: func(w *world) error { return w.sim.AddSignIn(w.tenantID, graphsim.SignInSpec{User: upnBob}) },
	}),
)

var _ = Describe("what an account is", func() {
	const purposePath = "GET /users/{id}/mailboxSettings"
	read := func(w *world) uint64 { return w.sim.Counters("").ByPath[purposePath] }

	DescribeTable("is read from its mailbox, once in its life",
		func(ctx context.Context, purpose graphsim.MailboxPurpose, says v1alpha1.AccountType) {
			w := newWorld(ctx, func(spec *graphsim.TenantSpec) {
				if purpose != graphsim.MailboxNone {
					spec.Mailboxes = []graphsim.MailboxSpec{{User: upnBob, Purpose: purpose}}
				}
			})
			bob := w.told(ctx, upnBob)
			Expect(bob.Status.AccountType).To(Equal(says))
			mailboxes := read(w)
			Expect(mailboxes).To(BeEquivalentTo(len(w.dump().Users)), "each mailbox once")

			By("recalling it in another process")
			w.restart()
			for range 3 {
				w.clock.Step(time.Hour)
				w.mustSync(ctx)
			}
			w.mustPass(ctx, bob)
			Expect(bob.Status.AccountType).To(Equal(says))
			Expect(read(w)-mailboxes).To(BeEquivalentTo(len(w.dump().Users)-1), "all but the one that an object remembers")
			w.settles(ctx, bob)
		},
		Entry("a person's", graphsim.MailboxUser, v1alpha1.AccountPerson),
		Entry("shared", graphsim.MailboxShared, v1alpha1.AccountShared),
		Entry("a room's", graphsim.MailboxRoom, v1alpha1.AccountRoom),
		Entry("a thing's", graphsim.MailboxEquipment, v1alpha1.AccountEquipment),
		Entry("none at all", graphsim.MailboxNone, v1alpha1.AccountPerson),
	)

	It("is read anew when somebody asks", func(ctx context.Context) {
		w := newWorld(ctx, func(spec *graphsim.TenantSpec) {
			spec.Mailboxes = []graphsim.MailboxSpec{{User: upnBob, Purpose: graphsim.MailboxUser}}
		})
		bob := w.told(ctx, upnBob)
		Expect(bob.Status.AccountType).To(Equal(v1alpha1.AccountPerson))
		Expect(w.sim.SetMailbox(w.tenantID, graphsim.MailboxSpec{User: upnBob, Purpose: graphsim.MailboxShared})).To(Succeed())
		mailboxes := read(w)
		w.ask(ctx, bob, "now")
		w.mustSync(ctx)
		w.mustPass(ctx, bob)
		Expect(bob.Status.AccountType).To(Equal(v1alpha1.AccountShared))
		Expect(bob.Status.MFA.State).To(Equal(v1alpha1.MFAState("NotApplicable")))
		Expect(read(w) - mailboxes).To(BeEquivalentTo(1))
		w.settles(ctx, bob)
	})
})

var _ = Describe("multifactor authentication", func() {
	var (
		w   *world
		bob *v1alpha1.ManagedUser
	)
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		bob = w.told(ctx, upnBob)
		Expect(bob.Status.MFA.State).To(Equal(v1alpha1.MFAState("NotRegistered")))
	})
	registers := func(methods ...string) {
		GinkgoHelper()
		Expect(w.sim.SetRegistration(w.tenantID, graphsim.RegistrationSpec{User: upnBob, Methods: methods})).To(Succeed())
	}

	It("is read live when somebody asks, before the report tells", func(ctx context.Context) {
		registers("microsoftAuthenticatorPush")
		w.mustPass(ctx, bob)
		Expect(bob.Status.MFA.State).To(Equal(v1alpha1.MFAState("NotRegistered")), "as the report has it")
		w.ask(ctx, bob, "1")
		Expect(bob.Status.MFA.State).To(Equal(v1alpha1.MFAState("Registered")))
		Expect(bob.Status.MFA.Methods).To(ContainElement("microsoftAuthenticator"))
		Expect(bob.Status.MFA.AsOf.Time).To(BeTemporally("~", w.clock.Now(), time.Second))
		w.settles(ctx, bob)

		By("telling a loss as well")
		registers()
		w.ask(ctx, bob, "2")
		Expect(bob.Status.MFA.State).To(Equal(v1alpha1.MFAState("NotRegistered")))
		w.settles(ctx, bob)

		By("giving way to a later report")
		registers("mobilePhone")
		w.clock.Step(2 * time.Hour)
		w.mustSync(ctx)
		w.mustPass(ctx, bob)
		Expect(bob.Status.MFA.State).To(Equal(v1alpha1.MFAState("Registered")))
		Expect(bob.Status.MFA.Methods).To(ConsistOf("mobilePhone"))
		w.settles(ctx, bob)
	})

	It("stays as reported where the methods may not be read", func(ctx context.Context) {
		w.consent(ctx, false, "UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All")
		registers("microsoftAuthenticatorPush")
		w.ask(ctx, bob, "1")
		Expect(condition(bob, v1alpha1.ConditionReady)).To(Equal("True/Succeeded"))
	})
})

var _ = Describe("what an account has", func() {
	It("is told with the ways it came by", func(ctx context.Context) {
		w := newWorld(ctx, staffed, located, func(spec *graphsim.TenantSpec) {
			spec.Groups = append(spec.Groups, graphsim.GroupSpec{
				DisplayName: "Analysts", Members: []string{upnAlice}, Licenses: []graphsim.LicenseSpec{{SKU: "POWER_BI_PRO"}},
			})
			spec.Users[0]["assignedLicenses"] = []any{map[string]any{"skuId": businessPremium}}
		})
		Expect(w.sim.AddGroupMember(w.tenantID, "Portal Users", upnAlice)).To(Succeed())
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, portal("MSPortal", "User"))
		for range 3 {
			w.mustPass(ctx, alice)
			w.mustSync(ctx)
		}
		w.mustPass(ctx, alice)
		Expect(alice.Status.Licensed).To(Equal(v1alpha1.True))
		Expect(alice.Status.Licenses).To(ConsistOf(
			v1alpha1.UserLicense{SKU: "SPB", Name: "Microsoft 365 Business Premium"},
			v1alpha1.UserLicense{SKU: "POWER_BI_PRO", Name: "Power BI Pro", ViaGroup: w.groupID("Analysts")}))
		Expect(alice.Status.Groups.Total).To(BeEquivalentTo(3))
		Expect(alice.Status.Groups.Names).To(Equal([]string{"Analysts", "Leisure", "Portal Users"}))
		Expect(alice.Status.Applications.Items).To(ConsistOf(
			v1alpha1.ApplicationStatus{Name: "MSPortal", Role: "User", ViaGroup: w.groupID("Portal Users")}))
		Expect(w.effects(upnAlice, graphsim.EffectAppGrant)).To(BeZero(), "what comes through a group satisfies")
		w.settles(ctx, alice)
	})

	It("through a group is never bought twice, and stays when its entry goes", func(ctx context.Context) {
		w := newWorld(ctx, staffed, located, func(spec *graphsim.TenantSpec) {
			spec.Groups = append(spec.Groups, graphsim.GroupSpec{
				DisplayName: "Analysts", Members: []string{upnAlice}, Licenses: []graphsim.LicenseSpec{{SKU: "POWER_BI_PRO"}},
			})
		})
		w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice, licensed("POWER_BI_PRO"))
		w.mustPass(ctx, alice)
		Expect(condition(alice, v1alpha1.ConditionLicenses)).To(Equal("True/Succeeded"), message(alice, v1alpha1.ConditionLicenses))
		w.settles(ctx, alice)
		w.edit(ctx, alice, licensed())
		w.mustPass(ctx, alice)
		Expect(w.skusOf(upnAlice)).To(ConsistOf("POWER_BI_PRO"))
		Expect(message(alice, v1alpha1.ConditionLicenses)).To(ContainSubstring("stays"))
		Expect(w.sim.Counters("").Writes).To(BeZero())
		w.settles(ctx, alice)
	})
})
