package graphsim

// deviceEndpoints are devices as the directory and as Microsoft Intune know them,
// and the sign-in log.
func deviceEndpoints() []*endpoint {
	get := func(template string, perms []string, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{method: "GET", template: template, v1: true, beta: true, cost: 1, perms: perms, handle: handle}
	}
	managed := func(template string) *endpoint {
		return &endpoint{
			method: "GET", template: template, v1: true, beta: true, class: classGlobal, perms: managedDeviceRead(), denied: intuneDenied, handle: listManagedDevices,
		}
	}
	audit := func(template string, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{
			method: "GET", template: template, v1: true, beta: true, class: classReport,
			perms: []string{"AuditLog.Read.All"}, denied: permissionMissing, handle: handle,
		}
	}
	return []*endpoint{
		get("/devices", deviceRead(), listDevices),
		get("/devices/{id}", deviceRead(), getDevice),
		get("/users/{id}/registeredDevices", fullUserRead(), userDevices("")),
		get("/users/{id}/registeredDevices/microsoft.graph.device", fullUserRead(), userDevices(typeDevice)),
		get("/users/{id}/ownedDevices", fullUserRead(), userDevices("")),
		get("/users/{id}/ownedDevices/microsoft.graph.device", fullUserRead(), userDevices(typeDevice)),
		managed("/deviceManagement/managedDevices"),
		managed("/users/{id}/managedDevices"),
		audit("/auditLogs/signIns", listSignIns),
		audit("/auditLogs/signIns/{id}", getSignIn),
	}
}

func deviceRead() []string {
	return []string{"Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}

func managedDeviceRead() []string {
	return []string{"DeviceManagementManagedDevices.Read.All", "DeviceManagementManagedDevices.ReadWrite.All"}
}
