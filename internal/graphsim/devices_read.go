package graphsim

import (
	"encoding/json"
	"strings"
	"time"
)

// typeDevice is the type of devices among directory objects.
const typeDevice = "#microsoft.graph.device"

// expandedOwners is the most that $expand shows of a relationship
// (concepts/query-parameters.md, "expand").
const expandedOwners = 20

// intuneApp is the application id of Microsoft Intune.
const intuneApp = "0000000a-0000-0000-c000-000000000000"

// deviceSchema is resources/device.md.
func deviceSchema() *entitySchema {
	plain := func(names ...string) (props []property) {
		for _, name := range names {
			props = append(props, property{name: name, flags: inDefault})
		}
		return props
	}
	props := []property{
		{name: "id", flags: inDefault | filterEq},
		{name: "deletedDateTime", kind: kindTime, flags: inDefault},
		{name: "accountEnabled", kind: kindBool, flags: inDefault | filterEq},
		{name: "approximateLastSignInDateTime", kind: kindTime, flags: inDefault | filterable},
		{name: "deviceId", flags: inDefault | filterable},
		{name: "deviceOwnership", flags: inDefault},
		{name: "deviceVersion", kind: kindInt, flags: inDefault},
		{name: "displayName", flags: inDefault | filterable},
		{name: "isCompliant", kind: kindBool, flags: inDefault | filterEq},
		{name: "isManaged", kind: kindBool, flags: inDefault | filterEq},
		{name: "managementType", flags: inDefault},
		{name: "manufacturer", flags: inDefault},
		{name: "mdmAppId", flags: inDefault | filterEq},
		{name: "model", flags: inDefault},
		{name: "onPremisesSyncEnabled", kind: kindBool, flags: inDefault | filterEq},
		{name: "operatingSystem", flags: inDefault | filterable},
		{name: "operatingSystemVersion", flags: inDefault | filterable},
		{name: "profileType", flags: inDefault | filterEq},
		{name: "registrationDateTime", kind: kindTime, flags: inDefault},
		{name: "trustType", flags: inDefault | filterEq},
		{name: "alternativeSecurityIds", kind: kindStrings, flags: inDefault},
		{name: "physicalIds", kind: kindStrings, flags: inDefault},
		{name: "systemLabels", kind: kindStrings, flags: inDefault},
		{name: "complianceExpirationDateTime", kind: kindTime, flags: inDefault},
		{name: "isRooted", kind: kindBool, flags: inDefault},
		{name: "onPremisesLastSyncDateTime", kind: kindTime, flags: inDefault},
	}
	return newEntitySchema("microsoft.graph.device", "Device", append(props, plain("deviceCategory", "deviceMetadata",
		"enrollmentProfileName", "enrollmentType", "onPremisesSecurityIdentifier")...))
}

// orNull is null for a text that was never set.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func boolOrNull(b *bool) any {
	if b == nil {
		return nil
	}
	return *b
}

func (s *Server) deviceRow(d *DeviceSpec) row {
	var ownership, management, mdm, synced any
	if d.IsManaged != nil && *d.IsManaged {
		management, mdm, ownership = "MDM", intuneApp, "Company"
		if d.TrustType == "Workplace" {
			ownership = "Personal"
		}
	}
	if d.TrustType == "ServerAd" {
		synced = true
	}
	return s.types.device.rowOf(d.ID, nil, !d.Disabled, timeOrNull(d.LastSignIn), d.DeviceID, ownership, 2, d.DisplayName,
		boolOrNull(d.IsCompliant), boolOrNull(d.IsManaged), management, orNull(d.Manufacturer), mdm, orNull(d.Model), synced,
		d.OperatingSystem, orNull(d.OperatingSystemVersion), "RegisteredDevice", d.Registered, d.TrustType)
}

// listDevices: api/device-list.md.
func listDevices(c *call) (*response, error) {
	if c.query.has("skip") {
		return nil, badRequest("'$skip' is not supported by the service.")
	}
	order := c.tenant.devices.order
	l := &listing{
		schema: c.srv.types.device, context: "devices", page: directoryPage, maxTop: maxPage, count: countEventual, expands: true,
		absent: []string{"search", "orderby"}, length: len(order),
		at: func(place int) (properties, bool) { return c.srv.deviceRow(order[place]), true },
	}
	l.renderer = func(asked *listToken) (func(properties) json.RawMessage, error) {
		sel, err := l.schema.selectionOf(asked.Select)
		if err != nil {
			return nil, err
		}
		expand, err := c.ownerExpander(asked.Expand)
		return func(element properties) json.RawMessage {
			return object(append(l.schema.project(element, sel), expand(textOf(element, propObjectID))...)...)
		}, err
	}
	return c.list(l)
}

// ownerExpander reads $expand=registeredOwners or registeredUsers: what it adds to
// a device. An empty one adds nothing.
func (c *call) ownerExpander(raw string) (func(device string) []jsonMember, error) {
	if raw == "" {
		return func(string) []jsonMember { return nil }, nil
	}
	found := expansion.FindStringSubmatch(raw)
	if found == nil {
		return nil, notSimulated("$expand=" + raw)
	}
	name := ""
	switch strings.ToLower(found[1]) {
	case "registeredowners":
		name = "registeredOwners"
	case "registeredusers":
		name = "registeredUsers"
	case "memberof", "transitivememberof", "extensions":
		return nil, notSimulated("$expand=" + raw)
	default:
		return nil, unknownProperty(found[1], "microsoft.graph.device")
	}
	selected, err := c.objectSelection(strings.TrimSpace(found[2]))
	return func(device string) []jsonMember { return []jsonMember{{name, c.ownersOf(device, selected)}} }, err
}

// ownersOf are the live owners of a device, as many as $expand shows.
func (c *call) ownersOf(device string, selected objectSelection) []json.RawMessage {
	owners := []json.RawMessage{}
	d, ok := c.tenant.device(device)
	if !ok {
		return owners
	}
	for _, id := range d.Owners {
		if o, live := c.object(id); live && len(owners) < expandedOwners {
			owners = append(owners, c.render(o, selected, true))
		}
	}
	return owners
}

// deviceKey finds the key of devices(deviceId='…').
const deviceKey = "deviceId="

// getDevice: api/device-get.md.
func getDevice(c *call) (*response, error) {
	key := c.params[0]
	d, ok := c.tenant.device(key)
	if len(key) > len(deviceKey) && strings.EqualFold(key[:len(deviceKey)], deviceKey) {
		itself, _ := unquote(key[len(deviceKey):])
		for _, other := range c.tenant.devices.order {
			if other.DeviceID == strings.ToLower(itself) {
				d, ok = other, true
			}
		}
	}
	if !ok {
		return nil, notFound(key)
	}
	if c.query.has("expand") {
		return nil, notSimulated("$expand on /devices/{id}")
	}
	return c.getOne(c.srv.types.device, "devices", c.srv.deviceRow(d))
}

// userDevices answers api/user-list-registereddevices.md and user-list-owneddevices.md,
// of all types or cast to devices: who registered a device owns it.
func userDevices(cast string) func(c *call) (*response, error) {
	return func(c *call) (*response, error) {
		r, err := c.account(c.params[0])
		if err != nil {
			return nil, err
		}
		if c.query.has("skip") {
			return nil, badRequest("'$skip' is not supported by the service.")
		}
		owned := c.tenant.devices.byOwner[r.current.id]
		s := c.srv.types.device
		readable := c.allowed(deviceRead()...)
		return c.list(c.objectListing(len(owned), func(place int) (*directoryObject, bool) {
			d := owned[place]
			return &directoryObject{id: d.ID, typeName: typeDevice, schema: s, values: c.srv.deviceRow(d), defaults: s.defaults, readable: readable}, true
		}, cast))
	}
}
