package sdkspec_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

func TestSDK(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "graphsim's answers in Microsoft's models")
}

// world is a simulator with three seeded tenants and a client of one of them.
type world struct {
	*graphsim.Server
	http   *http.Client
	tenant string
	bearer string
}

// newWorld is a client of Adventure Works: hybrid, with Entra ID P2.
func newWorld() *world {
	GinkgoHelper()
	sim, err := graphsim.New(graphsim.Options{
		Seed: 7, Tenants: 3, Users: 40, NoThrottling: true,
		Clock: clocktesting.NewFakeClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)),
	})
	Expect(err).NotTo(HaveOccurred())
	Expect(sim.Start()).To(Succeed())
	DeferCleanup(sim.Close)
	w := &world{Server: sim, http: sim.Client(), tenant: sim.Tenants()[2].ID}
	DeferCleanup(w.http.CloseIdleConnections)
	Expect(w.SetGrant(w.tenant, graphsim.Grant{
		ClientID: w.ClientID(), Permissions: append(graphsim.DefaultPermissions(), "Directory.Read.All", "RoleManagement.Read.Directory", "Place.Read.All",
			"Application.Read.All", "AppRoleAssignment.ReadWrite.All", "RoleManagement.ReadWrite.Directory", "MailboxSettings.ReadWrite",
			"UserAuthenticationMethod.ReadWrite.All", "Device.Read.All", "DeviceManagementManagedDevices.Read.All"),
		DirectoryRoles: []string{"User Administrator"},
	})).To(Succeed())
	w.bearer = w.token()
	return w
}

func (w *world) token() string {
	GinkgoHelper()
	res, err := w.http.PostForm(w.URL()+"/"+w.tenant+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {w.ClientID()}, "client_secret": {w.ClientSecret()},
		"scope": {"https://graph.microsoft.com/.default"},
	})
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = res.Body.Close() }()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	Expect(json.NewDecoder(res.Body).Decode(&token)).To(Succeed())
	return token.AccessToken
}

// send returns the status and body of an answer; path is below /v1.0, or a link.
func (w *world) send(method, path, body string) (int, []byte) {
	GinkgoHelper()
	if !strings.HasPrefix(path, "https://") {
		path = w.URL() + "/v1.0" + path
	}
	req, err := http.NewRequest(method, path, strings.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	req.Header.Set("Authorization", "Bearer "+w.bearer)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := w.http.Do(req)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	Expect(err).NotTo(HaveOccurred())
	return res.StatusCode, raw
}
