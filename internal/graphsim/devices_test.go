package graphsim_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("Devices", func() {
	const itself = "5b0d1a5e-0000-4000-8000-00000000dd01"
	var (
		w      *world
		alice  string
		laptop string
		yes    = true
		no     = false
	)
	BeforeEach(func() {
		w = newWorld()
		alice = w.user("alice")
		var err error
		laptop, err = w.PutDevice(w.tenant, graphsim.DeviceSpec{
			DisplayName: "LT-001", DeviceID: itself, TrustType: "AzureAd", IsCompliant: &yes, IsManaged: &yes, OperatingSystem: "Windows",
			OperatingSystemVersion: "10.0.26100.4061", LastSignIn: start.Add(-time.Hour), Owners: []string{"alice@contoso.example"},
		})
		Expect(err).NotTo(HaveOccurred())
		_, err = w.PutDevice(w.tenant, graphsim.DeviceSpec{DisplayName: "Pixel", TrustType: "Workplace", IsManaged: &no, OperatingSystem: "Android", Disabled: true})
		Expect(err).NotTo(HaveOccurred())
		w.grant([]string{"Device.Read.All", "User.Read.All", "DeviceManagementManagedDevices.Read.All"})
	})
	names := func(path string) []any { GinkgoHelper(); return field(w.get(path).values(), "displayName") }

	It("are listed [GS-DEV-01]", func() {
		a := w.get("/devices")
		Expect(a.values()).To(HaveLen(2), a.raw)
		Expect(a.values()[0]).To(And(HaveKeyWithValue("id", laptop), HaveKeyWithValue("deviceId", itself), HaveKeyWithValue("displayName", "LT-001"),
			HaveKeyWithValue("accountEnabled", true), HaveKeyWithValue("trustType", "AzureAd"), HaveKeyWithValue("isCompliant", true), HaveKeyWithValue("isManaged", true),
			HaveKeyWithValue("operatingSystem", "Windows"), HaveKeyWithValue("operatingSystemVersion", "10.0.26100.4061"), HaveKeyWithValue("managementType", "MDM"),
			HaveKeyWithValue("approximateLastSignInDateTime", "2026-03-02T08:00:00Z"), HaveKeyWithValue("deviceOwnership", "Company"), Not(HaveKey("registeredOwners"))))
		Expect(laptop).NotTo(Equal(itself))
		Expect(a.values()[1]).To(And(HaveKeyWithValue("isCompliant", BeNil()), HaveKeyWithValue("accountEnabled", false), HaveKeyWithValue("managementType", BeNil())))
		for filter, want := range map[string]string{
			"deviceId eq '" + itself + "'": "LT-001", "isCompliant eq true": "LT-001", "trustType eq 'Workplace'": "Pixel", "startsWith(displayName,'Pix')": "Pixel",
			"approximateLastSignInDateTime ge 2026-03-01T00:00:00Z": "LT-001", "isManaged eq false and operatingSystem eq 'android'": "Pixel", "accountEnabled eq false": "Pixel",
		} {
			Expect(names("/devices?$filter="+filter)).To(ConsistOf(want), filter)
		}
		for i := range 105 {
			_, err := w.PutDevice(w.tenant, graphsim.DeviceSpec{DisplayName: fmt.Sprintf("PC-%03d", i), TrustType: "ServerAd", OperatingSystem: "Windows"})
			Expect(err).NotTo(HaveOccurred())
		}
		all, last := w.all("/devices?$select=id,deviceId")
		Expect(all).To(HaveLen(107))
		Expect(last.values()).To(HaveLen(7))
		Expect(w.get("/devices?$top=999&$filter=onPremisesSyncEnabled eq true").values()).To(HaveLen(105))
		refused(400, "Request_UnsupportedQuery")(w.get("/devices?$top=1000"))
		refused(400, "Request_UnsupportedQuery")(w.get("/devices?$count=true"))
		refused(400, "Request_UnsupportedQuery")(w.get("/devices?$filter=model eq 'x'"))
		refused(400, "Request_BadRequest")(w.get("/devices?$skip=1"))
		w.header.Set("ConsistencyLevel", "eventual")
		Expect(w.get("/devices?$count=true&$top=1").body).To(HaveKeyWithValue("@odata.count", 107.0))
		w.grant([]string{"User.Read.All"})
		refused(403, "Authorization_RequestDenied")(w.get("/devices"))
	})

	It("show their owners [GS-DEV-02]", func() {
		owners := []string{alice}
		for i := range 24 {
			owners = append(owners, w.user(fmt.Sprintf("user%02d", i)))
		}
		id, err := w.PutDevice(w.tenant, graphsim.DeviceSpec{DisplayName: "Kiosk", TrustType: "AzureAd", OperatingSystem: "Windows", Owners: owners})
		Expect(err).NotTo(HaveOccurred())
		of := func(query, device string) []any {
			GinkgoHelper()
			for _, d := range w.get("/devices?$expand=" + query).values() {
				if d["id"] == device {
					return d["registeredOwners"].([]any)
				}
			}
			return nil
		}
		Expect(of("registeredOwners", laptop)).To(ConsistOf(And(HaveKeyWithValue("@odata.type", "#microsoft.graph.user"), HaveKeyWithValue("id", alice),
			HaveKeyWithValue("userPrincipalName", "alice@contoso.example"))))
		Expect(of("registeredOwners($select=id)", id)).To(And(HaveLen(20), HaveEach(HaveLen(2))))
		Expect(w.get("/devices?$expand=registeredUsers($select=id)&$filter=displayName eq 'LT-001'&$select=displayName").values()).To(Equal([]map[string]any{
			{"displayName": "LT-001", "registeredUsers": []any{map[string]any{"@odata.type": "#microsoft.graph.user", "id": alice}}},
		}))
		Expect(w.get("/devices?$expand=registeredOwners").header.Get("x-ms-resource-unit")).To(Equal("2"))
		refused(400, "BadRequest")(w.get("/devices?$expand=boss"))
		refused(400, "BadRequest")(w.get("/devices?$expand=registeredOwners($select=colour)"))
		w.grant([]string{"Device.Read.All"})
		Expect(of("registeredOwners", laptop)).To(ConsistOf(And(HaveKeyWithValue("id", alice), HaveKeyWithValue("userPrincipalName", BeNil()))))
	})

	It("are found by both of their ids [GS-DEV-03]", func() {
		Expect(w.get("/devices/" + laptop).body).To(HaveKeyWithValue("displayName", "LT-001"))
		Expect(w.get("/devices(deviceId='" + itself + "')?$select=id").body).To(HaveKeyWithValue("id", laptop))
		refused(404, "Request_ResourceNotFound")(w.get("/devices/" + itself))
		refused(404, "Request_ResourceNotFound")(w.get("/devices(deviceId='" + laptop + "')"))
	})

	It("are listed for their owner [GS-DEV-04]", func() {
		for _, list := range []string{"registeredDevices", "ownedDevices"} {
			path := "/users/alice@contoso.example/" + list
			Expect(w.get(path).values()).To(ConsistOf(And(HaveKeyWithValue("@odata.type", "#microsoft.graph.device"), HaveKeyWithValue("id", laptop), HaveKeyWithValue("isCompliant", true))))
			Expect(w.get(path + "/graph.device?$select=deviceId").values()).To(Equal([]map[string]any{{"deviceId": itself}}))
			refused(400, "BadRequest")(w.get(path + "/microsoft.graph.device?$select=userPrincipalName"))
			refused(404, "Request_ResourceNotFound")(w.get("/users/nobody@contoso.example/" + list))
		}
		Expect(w.get("/users/" + w.user("bob") + "/ownedDevices").values()).To(BeEmpty())
		w.grant([]string{"User.Read.All"})
		Expect(w.get("/users/" + alice + "/registeredDevices").values()).To(ConsistOf(And(HaveKeyWithValue("id", laptop), HaveKeyWithValue("deviceId", BeNil()))))
		w.grant([]string{"Device.Read.All", "User.ReadBasic.All"})
		refused(403, "Authorization_RequestDenied")(w.get("/users/" + alice + "/registeredDevices"))
	})

	It("are managed by Intune [GS-DEV-05]", func() {
		bob := w.user("bob")
		id, err := w.PutManagedDevice(w.tenant, graphsim.ManagedDeviceSpec{
			DeviceID: itself, DeviceName: "LT-001", User: alice, Compliance: "compliant", OperatingSystem: "Windows", LastSync: start.Add(-time.Hour),
		})
		Expect(err).NotTo(HaveOccurred())
		_, err = w.PutManagedDevice(w.tenant, graphsim.ManagedDeviceSpec{
			DeviceID: "5b0d1a5e-0000-4000-8000-00000000dd02", DeviceName: "Bob's iPhone", User: bob, Compliance: "noncompliant", Owner: "personal", OperatingSystem: "iOS",
		})
		Expect(err).NotTo(HaveOccurred())
		a := w.get("/deviceManagement/managedDevices")
		Expect(a.values()).To(HaveLen(2), a.raw)
		Expect(a.header).NotTo(HaveKey("X-Ms-Resource-Unit"))
		Expect(a.values()[0]).To(And(HaveKeyWithValue("id", id), HaveKeyWithValue("azureADDeviceId", itself), HaveKeyWithValue("complianceState", "compliant"),
			HaveKeyWithValue("managedDeviceOwnerType", "company"), HaveKeyWithValue("userId", alice), HaveKeyWithValue("userPrincipalName", "alice@contoso.example"),
			HaveKeyWithValue("lastSyncDateTime", "2026-03-02T08:00:00Z"), HaveKeyWithValue("deviceName", "LT-001"), HaveKeyWithValue("operatingSystem", "Windows")))
		for filter, n := range map[string]int{
			"azureADDeviceId eq '" + itself + "'": 1, "complianceState eq 'noncompliant'": 1, "userId eq '" + bob + "'": 1, "managedDeviceOwnerType eq 'personal'": 1,
			"lastSyncDateTime ge 2026-03-02T08:30:00Z": 1, "operatingSystem eq 'Linux'": 0,
		} {
			Expect(w.get("/deviceManagement/managedDevices?$filter="+filter).values()).To(HaveLen(n), filter)
		}
		first := w.get("/deviceManagement/managedDevices?$top=1&$select=deviceName&$count=true")
		Expect(first.body).To(And(HaveKeyWithValue("@odata.count", 2.0), HaveKeyWithValue("value", ConsistOf(HaveLen(1)))))
		Expect(w.get(first.link("nextLink")).values()).To(Equal([]map[string]any{{"deviceName": "Bob's iPhone"}}))
		Expect(field(w.get("/users/bob@contoso.example/managedDevices").values(), "deviceName")).To(ConsistOf("Bob's iPhone"))
		refused(404, "Request_ResourceNotFound")(w.get("/users/nobody@contoso.example/managedDevices"))
		w.grant([]string{"Device.Read.All", "Directory.ReadWrite.All"})
		refused(403, "Forbidden")(w.get("/deviceManagement/managedDevices"))
		refused(403, "Forbidden")(w.get("/users/" + alice + "/managedDevices"))
	})

	It("are not managed where Intune was not bought [GS-DEV-06]", func() {
		Expect(w.SetSKUs(w.tenant, []graphsim.SKUSpec{{PartNumber: "O365_BUSINESS_PREMIUM", Enabled: 5}})).To(Succeed())
		for _, path := range []string{"/deviceManagement/managedDevices", "/users/" + alice + "/managedDevices"} {
			a := w.get(path)
			refused(400, "BadRequest")(a)
			Expect(a.message()).To(Equal("Request not applicable to target tenant."))
		}
		Expect(w.get("/devices").values()).To(HaveLen(2))
		Expect(w.SetSKUs(w.tenant, []graphsim.SKUSpec{{PartNumber: "SPE_E3", Enabled: 5}})).To(Succeed())
		Expect(w.get("/deviceManagement/managedDevices").status).To(Equal(http.StatusOK))
	})

	It("outlive who owned them [GS-DEV-07]", func() {
		outsider := func(method, path, body string) int {
			GinkgoHelper()
			return w.send(method, w.URL()+"/_sim/tenants/"+w.tenant+path, body, nil).status
		}
		Expect(outsider(http.MethodPost, "/managedDevices", `{"id":"5b0d1a5e-0000-4000-8000-00000000dd03","azureADDeviceId":"`+itself+`","deviceName":"LT-001","userId":"`+alice+`","operatingSystem":"Windows"}`)).To(Equal(http.StatusOK))
		owners := func() any {
			GinkgoHelper()
			return w.get("/devices?$filter=deviceId eq '" + itself + "'&$expand=registeredOwners($select=id)").values()[0]["registeredOwners"]
		}
		Expect(w.DeleteUser(w.tenant, alice)).To(Succeed())
		Expect(owners()).To(BeEmpty())
		Expect(w.RestoreUser(w.tenant, alice)).To(Succeed())
		Expect(owners()).To(HaveLen(1))
		Expect(w.PurgeUser(w.tenant, alice)).To(Succeed())
		Expect(owners()).To(BeEmpty())
		Expect(w.get("/deviceManagement/managedDevices").values()).To(ConsistOf(HaveKeyWithValue("userId", "")))
		bob := w.user("bob")
		Expect(outsider(http.MethodPost, "/devices", `{"id":"`+laptop+`","deviceId":"`+itself+`","displayName":"LT-002","trustType":"AzureAd","operatingSystem":"Windows","registeredOwners":["bob@contoso.example"]}`)).To(Equal(http.StatusOK))
		Expect(names("/devices")).To(ConsistOf("LT-002", "Pixel"), "changed, not added")
		Expect(names("/users/" + bob + "/ownedDevices")).To(ConsistOf("LT-002"))
		Expect(outsider(http.MethodDelete, "/devices/LT-002", "")).To(Equal(http.StatusNoContent))
		Expect(names("/devices")).To(ConsistOf("Pixel"))
		Expect(names("/users/" + bob + "/ownedDevices")).To(BeEmpty())
		Expect(w.get("/deviceManagement/managedDevices").values()).To(HaveLen(1))
		Expect(outsider(http.MethodDelete, "/managedDevices/LT-001", "")).To(Equal(http.StatusNoContent))
		Expect(w.get("/deviceManagement/managedDevices").values()).To(BeEmpty())
		for path, body := range map[string]string{
			"/devices": `{"displayName":"x","trustType":"Faith","operatingSystem":"x"}`, "/managedDevices": `{"deviceName":"x","complianceState":"fine","operatingSystem":"x"}`,
			"/devices/": ``,
		} {
			Expect(outsider(http.MethodPost, path, body)).NotTo(BeElementOf(http.StatusOK, http.StatusNoContent), path)
		}
		Expect(outsider(http.MethodDelete, "/devices/LT-002", "")).To(Equal(http.StatusBadRequest))
		Expect(outsider(http.MethodPost, "/devices", `{"displayName":"x","trustType":"AzureAd","operatingSystem":"x","registeredOwners":["nobody"]}`)).To(Equal(http.StatusBadRequest))
	})

	It("are seeded where tenants are small, and so are sign-ins [GS-SIM-20]", func() {
		s := seeded(3, 40)
		for i, info := range s.Tenants() {
			dump, err := s.Dump(info.ID)
			Expect(err).NotTo(HaveOccurred())
			spec := dump.Tenants[0]
			kinds := map[string]int{}
			for _, d := range spec.Devices {
				Expect(d.Owners).To(HaveLen(1))
				kinds[d.TrustType]++
				if d.IsCompliant != nil {
					kinds[fmt.Sprint("compliant ", *d.IsCompliant)]++
				}
			}
			Expect(len(spec.Devices)).To(BeNumerically(">", 20))
			Expect(kinds["Workplace"]).To(BeNumerically(">", 0))
			if i == 1 {
				Expect(spec.ManagedDevices).To(BeEmpty())
				Expect(spec.SignIns).NotTo(ContainElement(HaveField("ErrorCode", 50053)))
				continue
			}
			Expect(kinds).To(And(HaveKey("compliant true"), HaveKey("compliant false")))
			Expect(len(spec.ManagedDevices)).To(BeNumerically(">", 10))
			Expect(spec.SignIns).To(And(ContainElement(HaveField("ErrorCode", 50053)), ContainElement(HaveField("ErrorCode", 0))))
		}
		large, err := seeded(1, 501).Dump("contoso.com")
		Expect(err).NotTo(HaveOccurred())
		Expect(large.Tenants[0].Devices).To(BeEmpty())
		Expect(large.Tenants[0].SignIns).To(BeEmpty())
	})
})
