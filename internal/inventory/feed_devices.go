package inventory

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// intuneCompliant is the one complianceState that says so
// (https://learn.microsoft.com/graph/api/resources/intune-devices-compliancestate).
const intuneCompliant = "compliant"

// deviceFacts are the devices, and Intune's records of them.
type deviceFacts struct {
	// reason and managedReason tell why devices, or Intune's records, are not known;
	// empty when they are.
	reason, managedReason Reason
	devices               []directory.Device
	// states are Intune's, by the device's id in device management.
	states map[string]string
	// byOwner are the devices of accounts, sorted by name and id.
	byOwner map[string][]Device
}

// devicesRound reads the directory's devices.
func devicesRound(*Tenant) *round {
	var devices []directory.Device
	return &round{
		tasks: []task{pages(directory.Reader.Devices, func(items []directory.Device) { devices = items })},
		store: func(s *run) (int, Reason) {
			s.mu.Lock()
			for i := range devices {
				d := &devices[i]
				d.OperatingSystem, d.TrustType = s.interned.string(d.OperatingSystem), s.interned.string(d.TrustType)
			}
			slices.SortFunc(devices, func(a, b directory.Device) int { return cmp.Compare(a.ID, b.ID) })
			f := &s.facts.devices
			same := f.reason == "" && reflect.DeepEqual(f.devices, devices)
			f.reason, f.devices = "", devices
			s.mu.Unlock()
			return s.joinDevices(same), ""
		},
	}
}

// managedDevicesRound reads Intune's records.
func managedDevicesRound(*Tenant) *round {
	states := map[string]string{}
	return &round{
		tasks: []task{pages(directory.Reader.ManagedDevices, func(items []directory.ManagedDevice) {
			for _, item := range items {
				id := strings.ToLower(item.DeviceID)
				if states[id] != intuneCompliant { // an old record may stand beside the current one
					states[id] = item.ComplianceState
				}
			}
		})},
		store: func(s *run) (int, Reason) {
			s.mu.Lock()
			f := &s.facts.devices
			same := f.managedReason == "" && maps.Equal(f.states, states)
			f.managedReason, f.states = "", states
			s.mu.Unlock()
			return s.joinDevices(same), ""
		},
	}
}

func dropDevices(f *facts, reason Reason) {
	f.devices.reason, f.devices.devices, f.devices.byOwner = reason, nil, nil
}

func dropManagedDevices(f *facts, reason Reason) {
	f.devices.managedReason, f.devices.states = reason, nil
	f.devices.join(strings.ToLower)
}

// joinDevices gives accounts their devices anew.
func (s *run) joinDevices(same bool) int {
	if same {
		return 0
	}
	s.mu.Lock()
	s.facts.devices.join(s.canonical)
	s.mu.Unlock()
	return s.rederive()
}

// join brings together what the directory and Intune say of a device: Intune's
// azureADDeviceId is the directory's deviceId.
func (f *deviceFacts) join(canonical func(string) string) {
	f.byOwner = map[string][]Device{}
	for i := range f.devices {
		joined := f.joined(&f.devices[i])
		for _, owner := range f.devices[i].Owners {
			owner = canonical(owner)
			f.byOwner[owner] = append(f.byOwner[owner], joined)
		}
	}
	for owner, devices := range f.byOwner {
		slices.SortFunc(devices, func(a, b Device) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
		})
		f.byOwner[owner] = slices.Clip(devices)
	}
}

// joined is a device. What Intune does not know stands as the directory has it, which
// other device managements write as well. Where both speak and differ, one of them lags,
// and only what both affirm is true.
func (f *deviceFacts) joined(d *directory.Device) Device {
	device := Device{
		ID: strings.ToLower(d.ID), Name: d.DisplayName, OperatingSystem: d.OperatingSystem, TrustType: d.TrustType,
		Enabled: d.Enabled, Managed: d.Managed, Compliant: d.Compliant,
	}
	state, managed := f.states[strings.ToLower(d.DeviceID)]
	if !managed {
		return device
	}
	if device.Managed == directory.Unknown {
		device.Managed = directory.Yes
	}
	switch {
	case state == intuneCompliant && device.Compliant == directory.Unknown:
		device.Compliant = directory.Yes
	case state != intuneCompliant:
		device.Compliant = directory.No
	}
	return device
}

// deriveDevices adds an account's devices.
func (f *facts) deriveDevices(o *Observation) {
	o.DevicesReason = f.devices.reason
	if o.DevicesReason != "" {
		return
	}
	o.Devices = f.devices.byOwner[o.User.ID]
	if f.devices.managedReason != "" {
		return
	}
	o.ValidatedDevice = directory.TristateOf(slices.ContainsFunc(o.Devices, Device.isValidated))
}

func (d Device) isValidated() bool {
	return d.Enabled == directory.Yes && d.TrustType != "" && d.Managed == directory.Yes && d.Compliant == directory.Yes
}
