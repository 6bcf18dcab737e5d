package graphsim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// managedDevicePage is the page of Intune's list, and the most $top may ask for.
const managedDevicePage = 1000

// planIntune is the service plan of Microsoft Intune
// (entra-docs users/licensing-service-plan-reference.md, INTUNE_A).
const planIntune = "c1ec4a95-1f05-45b3-a911-aa3fa01094f5"

// managedColumn is a property of a managed device and where its value comes from.
type managedColumn struct {
	property
	value func(c *call, m *ManagedDeviceSpec) any
}

// managedColumns are resources/intune-devices-manageddevice.md. Intune has no nulls
// for times and enumerations: what never happened is the year 1.
func managedColumns() []managedColumn {
	columns := []managedColumn{
		{property{name: "id", flags: filterEq}, func(_ *call, m *ManagedDeviceSpec) any { return m.ID }},
		{property{name: "userId", flags: filterEq}, func(_ *call, m *ManagedDeviceSpec) any { return m.User }},
		{property{name: "deviceName", flags: filterEq}, func(_ *call, m *ManagedDeviceSpec) any { return m.DeviceName }},
		{property{name: "managedDeviceOwnerType", flags: filterEq}, func(_ *call, m *ManagedDeviceSpec) any { return m.Owner }},
		{property{name: "enrolledDateTime", kind: kindTime}, func(_ *call, m *ManagedDeviceSpec) any { return m.Enrolled }},
		{property{name: "lastSyncDateTime", kind: kindTime, flags: filterable}, func(_ *call, m *ManagedDeviceSpec) any { return m.LastSync }},
		{property{name: "operatingSystem", flags: filterEq}, func(_ *call, m *ManagedDeviceSpec) any { return m.OperatingSystem }},
		{property{name: "complianceState", flags: filterEq}, func(_ *call, m *ManagedDeviceSpec) any { return m.Compliance }},
		{property{name: "osVersion"}, func(_ *call, m *ManagedDeviceSpec) any { return m.OSVersion }},
		{property{name: "azureADDeviceId", flags: filterEq}, func(_ *call, m *ManagedDeviceSpec) any { return m.DeviceID }},
		{property{name: "userPrincipalName", flags: filterEq}, func(c *call, m *ManagedDeviceSpec) any { return c.primaryUser(m, propUserPrincipalName) }},
		{property{name: "userDisplayName"}, func(c *call, m *ManagedDeviceSpec) any { return c.primaryUser(m, propDisplayName) }},
		{property{name: "emailAddress"}, func(c *call, m *ManagedDeviceSpec) any { return c.primaryUser(m, propMail) }},
		{property{name: "model", flags: filterEq}, func(_ *call, m *ManagedDeviceSpec) any { return m.Model }},
		{property{name: "manufacturer", flags: filterEq}, func(_ *call, m *ManagedDeviceSpec) any { return m.Manufacturer }},
		{property{name: "serialNumber", flags: filterEq}, func(_ *call, m *ManagedDeviceSpec) any { return m.SerialNumber }},
		{property{name: "managedDeviceName"}, func(_ *call, m *ManagedDeviceSpec) any { return m.DeviceName + "_" + m.OperatingSystem }},
		{property{name: "isEncrypted", kind: kindBool}, func(_ *call, m *ManagedDeviceSpec) any { return m.Encrypted }},
	}
	for name, value := range managedConstants() {
		columns = append(columns, managedColumn{property{name: name}, func(*call, *ManagedDeviceSpec) any { return value }})
	}
	slices.SortStableFunc(columns[1:], func(a, b managedColumn) int { return strings.Compare(a.name, b.name) })
	for i := range columns {
		columns[i].flags |= inDefault
	}
	return columns
}

// managedConstants are the same for every device of the simulator.
func managedConstants() map[string]any {
	never := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	return map[string]any{
		"managementAgent": "mdm", "managementState": "managed", "deviceEnrollmentType": "windowsAzureADJoin", "deviceRegistrationState": "registered",
		"azureADRegistered": true, "deviceCategoryDisplayName": "Unknown", "jailBroken": "Unknown", "isSupervised": false,
		"easActivated": false, "easDeviceId": nil, "easActivationDateTime": never,
		"exchangeAccessState": "none", "exchangeAccessStateReason": "none", "exchangeLastSuccessfulSyncDateTime": never,
		"partnerReportedThreatState": "unknown", "deviceActionResults": []any{},
		"complianceGracePeriodExpirationDateTime": time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
}

func managedDeviceSchema() *entitySchema {
	columns := managedColumns()
	props := make([]property, 0, len(columns))
	for i := range columns {
		props = append(props, columns[i].property)
	}
	return newEntitySchema("microsoft.graph.managedDevice", "ManagedDevice", props)
}

// primaryUser is a property of the device's user; empty without one.
func (c *call) primaryUser(m *ManagedDeviceSpec, prop propID) string {
	r, ok := c.tenant.users[m.User]
	if !ok {
		return ""
	}
	return r.current.str(prop)
}

// noIntune is how Intune answers for a tenant that did not buy it.
func noIntune() *graphError {
	return odataBadRequest("Request not applicable to target tenant.")
}

// intuneDenied is how Intune answers a token without its permission.
func intuneDenied(permissions ...string) *graphError {
	return &graphError{
		status: http.StatusForbidden, code: "Forbidden",
		message: "Application is not authorized to perform this operation. Application must have one of the following scopes: " + strings.Join(permissions, ", "),
	}
}

// listManagedDevices: api/intune-devices-manageddevice-list.md, for the tenant or
// for the primary user in the path.
func listManagedDevices(c *call) (*response, error) {
	if !c.tenant.hasPlan(planIntune) {
		return nil, noIntune()
	}
	managed, context := c.tenant.devices.managed, "deviceManagement/managedDevices"
	if len(c.params) > 0 {
		r, err := c.account(c.params[0])
		if err != nil {
			return nil, err
		}
		context = "users('" + r.current.id + "')/managedDevices"
		managed = slices.DeleteFunc(slices.Clone(managed), func(m *ManagedDeviceSpec) bool { return m.User != r.current.id })
	}
	columns := managedColumns()
	l := &listing{
		schema: c.srv.types.managedDevice, context: context, page: managedDevicePage, maxTop: managedDevicePage,
		count: countPlain, absent: []string{"search", "orderby", "expand", "skip"}, length: len(managed),
		at: func(place int) (properties, bool) {
			r := make(row, 0, len(columns))
			for i := range columns {
				r = append(r, columns[i].value(c, managed[place]))
			}
			return r, true
		},
	}
	return c.list(l.plainly())
}
