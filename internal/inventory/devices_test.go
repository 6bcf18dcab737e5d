package inventory_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

// laptop is a device of a that is all a device should be.
func laptop(change ...func(*directory.Device)) directory.Device {
	device := directory.Device{
		ID: "D1", DeviceID: "DM1", DisplayName: "LAPTOP-1", OperatingSystem: "Windows", TrustType: "AzureAd",
		Enabled: directory.Yes, Managed: directory.Yes, Compliant: directory.Yes, Owners: []string{"A"},
	}
	for _, f := range change {
		f(&device)
	}
	return device
}

func devices(items ...directory.Device) *directory.Page[directory.Device] {
	return &directory.Page[directory.Device]{Items: items}
}

func records(state string) *directory.Page[directory.ManagedDevice] {
	return &directory.Page[directory.ManagedDevice]{Items: []directory.ManagedDevice{{DeviceID: "dm1", ComplianceState: state}}}
}

var _ = Describe("Devices", func() {
	It("are their owners', sorted by name", func() {
		w := newWorld()
		w.graph.devices.pages[""] = &directory.Page[directory.Device]{Items: []directory.Device{laptop()}, Next: "2"}
		w.graph.devices.pages["2"] = devices(
			laptop(func(d *directory.Device) {
				d.ID, d.DeviceID, d.DisplayName, d.Owners = "d2", "dm2", "IPAD", []string{"a", "b"}
			}),
			laptop(func(d *directory.Device) { d.ID, d.Owners = "d3", nil }))
		w.settled(person("a"), person("b"), person("c"))
		Expect(w.seen("a").Devices).To(HaveExactElements(HaveField("Name", "IPAD"), Equal(inventory.Device{
			ID: "d1", Name: "LAPTOP-1", OperatingSystem: "Windows", TrustType: "AzureAd",
			Enabled: directory.Yes, Managed: directory.Yes, Compliant: directory.Yes,
		})))
		Expect(w.seen("b").Devices).To(HaveLen(1))
		Expect(w.seen("c").Devices).To(BeEmpty())
		Expect(w.seen("c").DevicesReason).To(BeEmpty())
	})

	It("are told together with what other feeds have to say of their owner", func() {
		w := newWorld()
		w.graph.devices.pages[""] = devices(laptop())
		w.graph.managed.pages[""] = records("noncompliant")
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a"), person("b")}, Resume: "r1"}
		w.sync()
		Expect(w.seen("a").Devices[0].Compliant).To(Equal(directory.No), "both were read in this sync")
		Expect(w.heardIDs()).To(Equal([]string{"a", "a", "b", "b"}), "once that they are there, once more of all the rest")
	})

	unmanaged := func(d *directory.Device) { d.Managed, d.Compliant = directory.Unknown, directory.Unknown }
	DescribeTable("validate their owner",
		func(device directory.Device, intune *directory.Page[directory.ManagedDevice], prepare func(*fakeReader), validated, managed, compliant directory.Tristate) {
			w := newWorld()
			w.graph.devices.pages[""] = devices(device)
			if intune != nil {
				w.graph.managed.pages[""] = intune
			}
			if prepare != nil {
				prepare(w.graph)
			}
			w.settled(person("a"), person("b"))
			o := w.seen("a")
			Expect(o.ValidatedDevice).To(Equal(validated))
			if o.DevicesReason == "" {
				Expect([]directory.Tristate{o.Devices[0].Managed, o.Devices[0].Compliant}).To(Equal([]directory.Tristate{managed, compliant}))
			}
		},
		Entry("both agree", laptop(), records("compliant"), nil, directory.Yes, directory.Yes, directory.Yes),
		Entry("Intune knows first", laptop(unmanaged), records("compliant"), nil, directory.Yes, directory.Yes, directory.Yes),
		Entry("another management wrote it", laptop(), nil, nil, directory.Yes, directory.Yes, directory.Yes),
		Entry("nobody manages it", laptop(unmanaged), nil, nil, directory.No, directory.Unknown, directory.Unknown),
		Entry("Intune finds it wanting", laptop(), records("noncompliant"), nil, directory.No, directory.Yes, directory.No),
		Entry("it is in its grace period", laptop(), records("inGracePeriod"), nil, directory.No, directory.Yes, directory.No),
		Entry("the directory finds it wanting", laptop(func(d *directory.Device) { d.Compliant = directory.No }), records("compliant"), nil,
			directory.No, directory.Yes, directory.No),
		Entry("the directory says it is not managed", laptop(func(d *directory.Device) { d.Managed = directory.No }), records("compliant"), nil,
			directory.No, directory.No, directory.Yes),
		Entry("it is disabled", laptop(func(d *directory.Device) { d.Enabled = directory.No }), records("compliant"), nil,
			directory.No, directory.Yes, directory.Yes),
		Entry("it is neither joined nor registered", laptop(func(d *directory.Device) { d.TrustType = "" }), records("compliant"), nil,
			directory.No, directory.Yes, directory.Yes),
		Entry("there is no Intune", laptop(), nil, func(r *fakeReader) {
			r.managed.errors = []error{refusal(directory.KindUnavailable)}
		}, directory.Unknown, directory.Yes, directory.Yes),
		Entry("Intune may not be read", laptop(), nil, func(r *fakeReader) {
			r.managed.errors = []error{refusal(directory.KindForbidden)}
		}, directory.Unknown, directory.Yes, directory.Yes),
		Entry("devices may not be read", laptop(), records("compliant"), func(r *fakeReader) {
			r.devices.errors = []error{refusal(directory.KindForbidden)}
		}, directory.Unknown, directory.Unknown, directory.Unknown),
	)

	It("wake their owners when they change, and nobody when they say the same", func() {
		w := newWorld()
		w.graph.devices.pages[""] = devices(laptop(), laptop(func(d *directory.Device) { d.ID, d.DeviceID, d.Owners = "d2", "dm2", []string{"b"} }))
		w.graph.managed.pages[""] = records("compliant")
		w.settled(person("a"), person("b"), person("c"))
		w.clock.Step(7 * time.Hour)
		w.sync()
		Expect(w.graph.devices.links).NotTo(BeEmpty())
		Expect(w.heardIDs()).To(BeEmpty())
		w.graph.managed.pages[""] = records("noncompliant")
		w.clock.Step(7 * time.Hour)
		w.sync()
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
	})

	It("are forgotten when they can no longer be read", func() {
		w := newWorld()
		w.graph.devices.pages[""] = devices(laptop())
		w.graph.managed.pages[""] = records("noncompliant")
		w.settled(person("a"))
		Expect(w.seen("a").Devices[0].Compliant).To(Equal(directory.No))
		w.graph.managed.errors = []error{refusal(directory.KindForbidden)}
		w.clock.Step(7 * time.Hour)
		w.sync()
		Expect(w.seen("a").Devices[0].Compliant).To(Equal(directory.Yes), "as the directory has it")
		w.graph.devices.errors = []error{refusal(directory.KindForbidden)}
		w.clock.Step(7 * time.Hour)
		w.sync()
		Expect(w.seen("a").Devices).To(BeNil())
		Expect(w.seen("a").DevicesReason).To(Equal(inventory.ReasonPermissionMissing))
	})
})
