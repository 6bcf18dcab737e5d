package graphsim

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DeviceSpec is a device that was registered or joined (resources/device.md).
type DeviceSpec struct {
	ID          string `json:"id,omitempty"`       // of the object; empty: derived from the name
	DeviceID    string `json:"deviceId,omitempty"` // what the device calls itself; empty: derived from the name
	DisplayName string `json:"displayName"`
	Disabled    bool   `json:"disabled,omitempty"`
	// TrustType is Workplace (registered), AzureAd (joined) or ServerAd (hybrid).
	TrustType string `json:"trustType"`
	// IsCompliant and IsManaged are null until device management says something.
	IsCompliant            *bool     `json:"isCompliant,omitempty"`
	IsManaged              *bool     `json:"isManaged,omitempty"`
	OperatingSystem        string    `json:"operatingSystem"`
	OperatingSystemVersion string    `json:"operatingSystemVersion,omitempty"`
	Manufacturer           string    `json:"manufacturer,omitempty"`
	Model                  string    `json:"model,omitempty"`
	LastSignIn             time.Time `json:"approximateLastSignInDateTime,omitzero"`
	Registered             time.Time `json:"registrationDateTime,omitzero"` // now if zero
	// Owners are UPNs or object ids; they are its users too.
	Owners []string `json:"registeredOwners,omitempty"`
}

// ManagedDeviceSpec is what Microsoft Intune knows of a device
// (resources/intune-devices-manageddevice.md).
type ManagedDeviceSpec struct {
	ID string `json:"id,omitempty"` // empty: derived from the device
	// DeviceID is the deviceId of the device, not its object id.
	DeviceID        string    `json:"azureADDeviceId"`
	DeviceName      string    `json:"deviceName"`
	User            string    `json:"userId,omitempty"`                 // UPN or object id of the primary user
	Compliance      string    `json:"complianceState,omitempty"`        // empty: unknown
	Owner           string    `json:"managedDeviceOwnerType,omitempty"` // empty: company
	OperatingSystem string    `json:"operatingSystem"`
	OSVersion       string    `json:"osVersion,omitempty"`
	Manufacturer    string    `json:"manufacturer,omitempty"`
	Model           string    `json:"model,omitempty"`
	SerialNumber    string    `json:"serialNumber,omitempty"`
	Encrypted       bool      `json:"isEncrypted,omitempty"`
	Enrolled        time.Time `json:"enrolledDateTime,omitzero"` // now if zero
	LastSync        time.Time `json:"lastSyncDateTime,omitzero"` // now if zero
}

// devices are the devices of a tenant, and what is managed of them. Owners and users
// are object ids.
type devices struct {
	order       []*DeviceSpec
	byID        map[string]*DeviceSpec
	byOwner     map[string][]*DeviceSpec
	managed     []*ManagedDeviceSpec
	managedByID map[string]*ManagedDeviceSpec
}

func newDevices() devices {
	return devices{byID: map[string]*DeviceSpec{}, byOwner: map[string][]*DeviceSpec{}, managedByID: map[string]*ManagedDeviceSpec{}}
}

// device finds a device by object id.
func (t *tenant) device(id string) (*DeviceSpec, bool) {
	d, ok := t.devices.byID[strings.ToLower(id)]
	return d, ok
}

// deviceByKey finds a device by object id, deviceId or display name.
func (t *tenant) deviceByKey(key string) (*DeviceSpec, error) {
	for _, d := range t.devices.order {
		if strings.EqualFold(d.ID, key) || strings.EqualFold(d.DeviceID, key) || d.DisplayName == key {
			return d, nil
		}
	}
	return nil, fmt.Errorf("no device %q", key)
}

// putDevice adds a device, or replaces the one with its object id.
func (t *tenant) putDevice(spec DeviceSpec, now time.Time) (*DeviceSpec, error) {
	switch spec.TrustType {
	case "Workplace", "AzureAd", "ServerAd":
	default:
		return nil, fmt.Errorf("device %q: unknown trustType %q", spec.DisplayName, spec.TrustType)
	}
	if spec.DisplayName == "" || spec.OperatingSystem == "" {
		return nil, errors.New("a device needs a display name and an operating system")
	}
	d := spec
	d.ID = strings.ToLower(cmp.Or(spec.ID, guid(t.seed, t.id, "device", spec.DisplayName)))
	d.DeviceID = strings.ToLower(cmp.Or(spec.DeviceID, guid(t.seed, t.id, "device itself", spec.DisplayName)))
	if d.Registered.IsZero() {
		d.Registered = now
	}
	d.Owners = nil
	for _, key := range spec.Owners {
		id := t.principalID(key)
		if r, ok := t.users[id]; !ok || r.purged {
			return nil, fmt.Errorf("device %q: no user %q", spec.DisplayName, key)
		}
		d.Owners = append(d.Owners, id)
	}
	if old, exists := t.device(d.ID); exists {
		t.disown(old, old.Owners...)
		*old = d
		t.own(old)
		return old, nil
	}
	t.devices.order = append(t.devices.order, &d)
	t.devices.byID[d.ID] = &d
	t.own(&d)
	return &d, nil
}

func (t *tenant) own(d *DeviceSpec) {
	for _, owner := range d.Owners {
		t.devices.byOwner[owner] = append(t.devices.byOwner[owner], d)
	}
}

func (t *tenant) disown(d *DeviceSpec, owners ...string) {
	for _, owner := range slices.Clone(owners) {
		t.devices.byOwner[owner] = slices.DeleteFunc(t.devices.byOwner[owner], func(have *DeviceSpec) bool { return have == d })
		d.Owners = slices.DeleteFunc(d.Owners, func(have string) bool { return have == owner })
	}
}

// forgetOwner leaves the devices of an account that is gone for good without it.
func (t *tenant) forgetOwner(id string) {
	for _, d := range slices.Clone(t.devices.byOwner[id]) {
		t.disown(d, id)
	}
	delete(t.devices.byOwner, id)
	for _, m := range t.devices.managed {
		if m.User == id {
			m.User = ""
		}
	}
}

// putManagedDevice adds a record of Intune, or replaces the one with its id.
func (t *tenant) putManagedDevice(spec ManagedDeviceSpec, now time.Time) (*ManagedDeviceSpec, error) {
	m := spec
	m.ID = strings.ToLower(cmp.Or(spec.ID, guid(t.seed, t.id, "managed device", spec.DeviceID, spec.DeviceName)))
	m.DeviceID = strings.ToLower(spec.DeviceID)
	m.Compliance, m.Owner = cmp.Or(spec.Compliance, "unknown"), cmp.Or(spec.Owner, "company")
	if !slices.Contains([]string{"unknown", "compliant", "noncompliant", "conflict", "error", "inGracePeriod", "configManager"}, m.Compliance) {
		return nil, fmt.Errorf("managed device %q: unknown complianceState %q", spec.DeviceName, spec.Compliance)
	}
	if !slices.Contains([]string{"unknown", "company", "personal"}, m.Owner) {
		return nil, fmt.Errorf("managed device %q: unknown managedDeviceOwnerType %q", spec.DeviceName, spec.Owner)
	}
	if spec.User != "" {
		m.User = t.principalID(spec.User)
		if r, ok := t.users[m.User]; !ok || r.purged {
			return nil, fmt.Errorf("managed device %q: no user %q", spec.DeviceName, spec.User)
		}
	}
	if m.Enrolled.IsZero() {
		m.Enrolled = now
	}
	if m.LastSync.IsZero() {
		m.LastSync = now
	}
	if have, exists := t.devices.managedByID[m.ID]; exists {
		*have = m
		return have, nil
	}
	t.devices.managed = append(t.devices.managed, &m)
	t.devices.managedByID[m.ID] = &m
	return &m, nil
}

// putDevices adds what a spec says.
func (t *tenant) putDevices(specs []DeviceSpec, managed []ManagedDeviceSpec, now time.Time) error {
	for _, s := range specs {
		if _, err := t.putDevice(s, now); err != nil {
			return err
		}
	}
	for _, s := range managed {
		if _, err := t.putManagedDevice(s, now); err != nil {
			return err
		}
	}
	return nil
}

// describeDevices adds devices and what is managed of them to a spec.
func (t *tenant) describeDevices(spec *TenantSpec) {
	for _, d := range t.devices.order {
		described := *d
		described.Owners = slices.Clone(d.Owners)
		spec.Devices = append(spec.Devices, described)
	}
	for _, m := range t.devices.managed {
		spec.ManagedDevices = append(spec.ManagedDevices, *m)
	}
}
