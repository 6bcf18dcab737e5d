package graphsim_test

import (
	"bytes"
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

func TestGraphsim(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "graphsim")
}

// start is the simulated time at which every spec begins.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is a simulator with one tenant, contoso.example, and a client of it.
type world struct {
	*graphsim.Server
	clock  *clocktesting.FakeClock
	tenant string
	bearer string
	header http.Header // sent with every request
	http   *http.Client
}

func newWorld(change ...func(*graphsim.Options)) *world {
	GinkgoHelper()
	w := &world{clock: clocktesting.NewFakeClock(start), header: http.Header{}}
	opts := graphsim.Options{Seed: 7, Clock: w.clock}
	for _, f := range change {
		f(&opts)
	}
	var err error
	w.Server, err = graphsim.New(opts)
	Expect(err).NotTo(HaveOccurred())
	Expect(w.Start()).To(Succeed())
	DeferCleanup(w.Close)
	w.http = w.Client()
	w.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	DeferCleanup(w.http.CloseIdleConnections)
	w.tenant, err = w.AddTenant(graphsim.TenantSpec{
		DisplayName: "Contoso Ltd", Country: "DE",
		Domains: []graphsim.DomainSpec{
			{Name: "contoso.example", Default: true},
			{Name: "contoso.onmicrosoft.com"},
			{Name: "federated.example", Federated: true},
			{Name: "pending.example", Unverified: true},
		},
		SKUs: []graphsim.SKUSpec{{PartNumber: "SPB", Enabled: 10}},
	})
	Expect(err).NotTo(HaveOccurred())
	w.renew()
	return w
}

// answer is a response with its body decoded.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a answer) code() string {
	e, _ := a.body["error"].(map[string]any)
	code, _ := e["code"].(string)
	return code
}

func (a answer) message() string {
	e, _ := a.body["error"].(map[string]any)
	text, _ := e["message"].(string)
	return text
}

// values are the elements of a collection.
func (a answer) values() []map[string]any {
	list, _ := a.body["value"].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, v := range list {
		out = append(out, v.(map[string]any))
	}
	return out
}

func (a answer) link(name string) string {
	s, _ := a.body["@odata."+name].(string)
	return s
}

// token asks for a token with the given form on top of the usual one.
func (w *world) token(tenant string, form url.Values) answer {
	GinkgoHelper()
	full := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {w.ClientID()},
		"client_secret": {w.ClientSecret()}, "scope": {"https://graph.microsoft.com/.default"},
	}
	for k, v := range form {
		full[k] = v
		if v == nil {
			full.Del(k)
		}
	}
	return w.send(http.MethodPost, w.URL()+"/"+tenant+"/oauth2/v2.0/token", full.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

// renew gets the token that later requests carry.
func (w *world) renew() {
	GinkgoHelper()
	w.bearer = w.token(w.tenant, nil).body["access_token"].(string)
}

func (w *world) send(method, address, body string, header http.Header) answer {
	GinkgoHelper()
	a, err := w.try(method, address, body, header)
	Expect(err).NotTo(HaveOccurred())
	return a
}

func (w *world) try(method, address, body string, header http.Header) (answer, error) {
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	res, err := w.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: string(raw)}
	if len(raw) > 0 && bytes.HasPrefix(raw, []byte("{")) {
		err = json.Unmarshal(raw, &a.body)
	}
	return a, err
}

// call sends a Graph request; path is below /v1.0, or an absolute link.
func (w *world) call(method, path, body string) answer {
	GinkgoHelper()
	a, err := w.tryCall(method, path, body)
	Expect(err).NotTo(HaveOccurred())
	return a
}

func (w *world) tryCall(method, path, body string) (answer, error) {
	if !strings.HasPrefix(path, "https://") {
		path = w.URL() + "/v1.0" + strings.ReplaceAll(path, " ", "%20")
	}
	header := w.header.Clone()
	header.Set("Authorization", "Bearer "+w.bearer)
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	return w.try(method, path, body, header)
}

func (w *world) get(path string) answer {
	GinkgoHelper()
	return w.call(http.MethodGet, path, "")
}

func (w *world) patch(key, body string) answer {
	GinkgoHelper()
	return w.call(http.MethodPatch, "/users/"+key, body)
}

// user adds an account name@contoso.example and returns its id.
func (w *world) user(name string, properties ...map[string]any) string {
	GinkgoHelper()
	all := map[string]any{"userPrincipalName": name + "@contoso.example", "displayName": name}
	for _, p := range properties {
		for k, v := range p {
			all[k] = v
		}
	}
	id, err := w.AddUser(w.tenant, all)
	Expect(err).NotTo(HaveOccurred())
	return id
}

// grant replaces what the app may do, and gets a new token.
func (w *world) grant(permissions []string, roles ...string) {
	GinkgoHelper()
	Expect(w.SetGrant(w.tenant, graphsim.Grant{ClientID: w.ClientID(), Permissions: permissions, DirectoryRoles: roles})).To(Succeed())
	w.renew()
}

// all follows nextLinks and returns every element and the last page.
func (w *world) all(path string) ([]map[string]any, answer) {
	GinkgoHelper()
	var values []map[string]any
	for {
		page := w.get(path)
		Expect(page.status).To(Equal(http.StatusOK), page.raw)
		values = append(values, page.values()...)
		if path = page.link("nextLink"); path == "" {
			return values, page
		}
	}
}

// effects of the tenant so far.
func (w *world) effects() map[graphsim.Effect]uint64 { return w.Counters(w.tenant).Effects }

func ids(values []map[string]any) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, v["id"].(string))
	}
	return out
}

func refused(status int, code string) func(answer) {
	return func(a answer) {
		GinkgoHelper()
		Expect(a.status).To(Equal(status), a.raw)
		Expect(a.code()).To(Equal(code), a.raw)
	}
}
