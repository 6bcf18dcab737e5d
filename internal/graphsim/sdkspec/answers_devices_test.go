package sdkspec_test

import (
	"net/http"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// devices returns the names for a person with a managed laptop, and for what that
// person did.
func (w *world) devices() []string {
	GinkgoHelper()
	dump, err := w.Dump(w.tenant)
	Expect(err).NotTo(HaveOccurred())
	spec := dump.Tenants[0]
	managed := spec.ManagedDevices[0]
	for _, d := range spec.Devices {
		if d.DeviceID == managed.DeviceID {
			return []string{"{device}", d.ID, "{device user}", managed.User, "{sign-in}", spec.SignIns[len(spec.SignIns)-1].ID}
		}
	}
	Fail("no managed device")
	return nil
}

// deviceAnswers are about devices and sign-ins.
func deviceAnswers() map[graphsim.Endpoint]answer {
	get := func(template string) graphsim.Endpoint {
		return graphsim.Endpoint{Method: http.MethodGet, Template: template}
	}
	objects, devices := models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue, models.CreateDeviceCollectionResponseFromDiscriminatorValue
	managed := models.CreateManagedDeviceCollectionResponseFromDiscriminatorValue
	return map[graphsim.Endpoint]answer{
		get("/devices"):                      {"/devices?$expand=registeredOwners", devices, ""},
		get("/devices/{id}"):                 {"/devices/{device}", models.CreateDeviceFromDiscriminatorValue, ""},
		get("/users/{id}/registeredDevices"): {"/users/{device user}/registeredDevices", objects, ""},
		get("/users/{id}/registeredDevices/microsoft.graph.device"): {"/users/{device user}/registeredDevices/graph.device", devices, ""},
		get("/users/{id}/ownedDevices"):                             {"/users/{device user}/ownedDevices", objects, ""},
		get("/users/{id}/ownedDevices/microsoft.graph.device"):      {"/users/{device user}/ownedDevices/graph.device", devices, ""},
		get("/deviceManagement/managedDevices"):                     {"/deviceManagement/managedDevices", managed, ""},
		get("/users/{id}/managedDevices"):                           {"/users/{device user}/managedDevices", managed, ""},
		get("/auditLogs/signIns"):                                   {"/auditLogs/signIns", models.CreateSignInCollectionResponseFromDiscriminatorValue, ""},
		get("/auditLogs/signIns/{id}"):                              {"/auditLogs/signIns/{sign-in}", models.CreateSignInFromDiscriminatorValue, ""},
	}
}
