package graph_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"

	"github.com/m365-operator/m365-operator/internal/graph"
)

// stub answers what it is told: for refusals that the simulator has no reason to
// give, and answers it does not know.
type stub struct {
	*httptest.Server
	budget *budget
	client *graph.Client

	mu       sync.Mutex
	answers  []stubAnswer
	requests []*http.Request
	bodies   []string
}

type stubAnswer struct {
	status int
	header map[string]string
	body   string
}

const stubTenant = "6d1f0000-0000-0000-0000-000000000001"

// newStub starts a server that gives one answer after the other, and connects to it.
func newStub(cloud graph.Cloud, answers ...stubAnswer) *stub {
	GinkgoHelper()
	return newStubOver(cloud, false, answers...)
}

func newStubOver(cloud graph.Cloud, http2 bool, answers ...stubAnswer) *stub {
	GinkgoHelper()
	s := &stub{answers: answers, budget: &budget{}}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.answer))
	s.EnableHTTP2 = http2
	s.StartTLS()
	DeferCleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	transport := graph.NewTransport(pool)
	DeferCleanup(transport.CloseIdleConnections)
	var err error
	s.client, err = graph.New(graph.Options{
		TenantID: stubTenant, ClientID: stubTenant, Credential: graph.Credential{Secret: "secret"}, Cloud: cloud,
		Endpoints: graph.Endpoints{Graph: s.URL, Login: s.URL}, Transport: transport, Budget: s.budget, Clock: clock.RealClock{},
	})
	Expect(err).NotTo(HaveOccurred())
	return s
}

// ok is an answer of 200; %s in it is the stub's own address.
func ok(body string) stubAnswer { return stubAnswer{status: http.StatusOK, body: body} }

// refused is an OData error.
func refused(status int, code, message string) stubAnswer {
	body, err := json.Marshal(map[string]any{"error": map[string]any{
		"code": code, "message": message, "innerError": map[string]any{"request-id": "inner-id"},
	}})
	Expect(err).NotTo(HaveOccurred())
	return stubAnswer{status: status, body: string(body)}
}

func (s *stub) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
		fmt.Fprintf(w, `{"issuer":"%[1]s/%[2]s/v2.0","authorization_endpoint":"%[1]s/%[2]s/authorize","token_endpoint":"%[1]s/%[2]s/token"}`, s.URL, stubTenant)
	case strings.HasSuffix(r.URL.Path, "/token"):
		claims := base64.RawURLEncoding.EncodeToString([]byte(`{"tid":"` + stubTenant + `"}`))
		fmt.Fprintf(w, `{"access_token":"x.%s.y","token_type":"Bearer","expires_in":3600}`, claims)
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			body = []byte("unreadable: " + err.Error())
		}
		s.requests, s.bodies = append(s.requests, r), append(s.bodies, string(body))
		if len(s.answers) == 0 {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		a := s.answers[0]
		s.answers = s.answers[1:]
		for key, value := range a.header {
			w.Header().Set(key, value)
		}
		w.WriteHeader(a.status)
		fmt.Fprint(w, strings.ReplaceAll(a.body, "%s", s.URL))
	}
}

// asked lists the requests as path?query, decoded.
func (s *stub) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, r := range s.requests {
		line := strings.TrimPrefix(r.URL.Path, "/v1.0")
		if query := r.URL.Query(); len(query) > 0 {
			var parts []string
			for _, name := range []string{"$select", "$filter", "$expand", "$top", "$skip", "$count", "$skiptoken", "$deltatoken"} {
				if value, ok := query[name]; ok {
					parts = append(parts, name+"="+value[0])
					delete(query, name)
				}
			}
			Expect(query).To(BeEmpty())
			line += "?" + strings.Join(parts, "&")
		}
		all = append(all, line)
	}
	return all
}
