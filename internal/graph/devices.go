package graph

import (
	"context"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/devicemanagement"
	"github.com/microsoftgraph/msgraph-sdk-go/devices"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

// device is a device of the directory
// (https://learn.microsoft.com/graph/api/resources/device).
type device struct {
	ID               string `json:"id"`
	DeviceID         string `json:"deviceId"`
	DisplayName      string `json:"displayName"`
	OperatingSystem  string `json:"operatingSystem"`
	AccountEnabled   *bool  `json:"accountEnabled"`
	TrustType        string `json:"trustType"`
	IsCompliant      *bool  `json:"isCompliant"`
	IsManaged        *bool  `json:"isManaged"`
	RegisteredOwners []struct {
		ID string `json:"id"`
	} `json:"registeredOwners"`
}

// Devices reads the devices with their registered owners, of which Graph tells at most
// 20 (https://learn.microsoft.com/graph/api/device-list).
func (c *Client) Devices(ctx context.Context, link string) (*directory.Page[directory.Device], error) {
	return convertPage(ctx, c, reading("devices", 1), link, func() (*abstractions.RequestInformation, error) {
		top := int32(999)
		return devices.NewDevicesRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &devices.DevicesRequestBuilderGetRequestConfiguration{
				QueryParameters: &devices.DevicesRequestBuilderGetQueryParameters{
					Select: []string{
						"id", "deviceId", "displayName", "operatingSystem", "accountEnabled", "trustType", "isCompliant", "isManaged",
					},
					Expand: []string{"registeredOwners($select=id)"}, Top: &top,
				},
			})
	}, c.convertDevice)
}

func (c *Client) convertDevice(d *device) directory.Device {
	owners := make([]string, 0, len(d.RegisteredOwners))
	for _, o := range d.RegisteredOwners {
		owners = append(owners, strings.ToLower(o.ID))
	}
	return directory.Device{
		ID: strings.ToLower(d.ID), DeviceID: strings.ToLower(d.DeviceID), DisplayName: d.DisplayName,
		OperatingSystem: c.texts.of(d.OperatingSystem), TrustType: c.texts.of(d.TrustType),
		Enabled: tristate(d.AccountEnabled), Compliant: tristate(d.IsCompliant), Managed: tristate(d.IsManaged),
		Owners: owners,
	}
}

// ManagedDevices reads Intune's records; KindUnavailable without Intune
// (https://learn.microsoft.com/graph/api/intune-devices-manageddevice-list).
func (c *Client) ManagedDevices(ctx context.Context, link string) (*directory.Page[directory.ManagedDevice], error) {
	type managed struct {
		DeviceID        string `json:"azureADDeviceId"`
		UserID          string `json:"userId"`
		ComplianceState string `json:"complianceState"`
	}
	op := operation{"managedDevices", throttle.Cost{Class: throttle.Intune}}
	return convertPage(ctx, c, op, link, func() (*abstractions.RequestInformation, error) {
		return devicemanagement.NewManagedDevicesRequestBuilderInternal(c.path(), c.adapter).
			ToGetRequestInformation(ctx, &devicemanagement.ManagedDevicesRequestBuilderGetRequestConfiguration{
				QueryParameters: &devicemanagement.ManagedDevicesRequestBuilderGetQueryParameters{
					Select: []string{"azureADDeviceId", "userId", "complianceState"},
				},
			})
	}, func(d *managed) directory.ManagedDevice {
		return directory.ManagedDevice{
			DeviceID: strings.ToLower(d.DeviceID), UserID: strings.ToLower(d.UserID), ComplianceState: c.texts.of(d.ComplianceState),
		}
	})
}

// tristate is Unknown for what was not told.
func tristate(b *bool) directory.Tristate {
	if b == nil {
		return directory.Unknown
	}
	return directory.TristateOf(*b)
}
