package stack

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const (
	pollEvery    = 100 * time.Millisecond
	startTimeout = time.Minute
	// idleConnections are kept where HTTP/2 is not spoken, so that callers in parallel need
	// no handshake for every request.
	idleConnections = 64
)

// Graph is a running graphsim: who to be towards Graph, and its own API, by which
// outsiders act and everything can be seen.
type Graph struct {
	// URL of Graph and of login, and the file with the CA that vouches for it.
	URL, CAFile string
	// TenantIDs of the tenants that were seeded.
	TenantIDs []string
	// ClientID and ClientSecret of the app that all of them consented to.
	ClientID, ClientSecret string

	http *http.Client
}

// StartGraph starts graphsim with so many tenants of so many people.
func (s *Stack) StartGraph(ctx context.Context, tenants, users int, more ...string) error {
	credentials, ca := filepath.Join(s.Dir, "graphsim.env"), filepath.Join(s.Dir, "graphsim-ca.pem")
	args := append([]string{
		"--tenants=" + strconv.Itoa(tenants), "--users=" + strconv.Itoa(users),
		"--credentials-out=" + credentials, "--ca-out=" + ca,
	}, more...)
	var err error
	if s.graphsim, err = s.start(ctx, "graphsim", nil, args...); err != nil {
		return err
	}
	err = wait.PollUntilContextTimeout(ctx, pollEvery, startTimeout, true, func(context.Context) (bool, error) {
		if err := s.Failed(); err != nil {
			return false, err
		}
		_, err := os.Stat(credentials) // it appears whole
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("wait for graphsim: %w", err)
	}
	s.Graph, err = readGraph(credentials)
	return err
}

// readGraph reads the NAME=value lines that graphsim writes.
func readGraph(file string) (*Graph, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read what graphsim wrote: %w", err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = value
	}
	g := &Graph{
		URL: values["GRAPH_URL"], CAFile: values["GRAPH_CA"],
		ClientID: values["CLIENT_ID"], ClientSecret: values["CLIENT_SECRET"],
		TenantIDs: strings.FieldsFunc(values["TENANT_IDS"], func(r rune) bool { return r == ',' }),
	}
	authority, err := os.ReadFile(g.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read the CA of graphsim: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("read the CA of graphsim: %s holds no certificate", g.CAFile)
	}
	g.http = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		// A transport with a TLS configuration of its own speaks HTTP/2 only when asked to.
		ForceAttemptHTTP2: true, MaxIdleConnsPerHost: idleConnections,
	}}
	return g, nil
}

// HTTPClient trusts the simulator's certificate authority.
func (g *Graph) HTTPClient() *http.Client { return g.http }

// Tenants lists the tenants in the order of TenantIDs.
func (g *Graph) Tenants(ctx context.Context) ([]graphsim.TenantInfo, error) {
	var tenants []graphsim.TenantInfo
	return tenants, g.Call(ctx, http.MethodGet, "tenants", nil, &tenants)
}

// Requests is the journal of a tenant's Graph requests that came after since, or of
// all tenants' when tenant is empty.
func (g *Graph) Requests(ctx context.Context, tenant string, since uint64) ([]graphsim.Entry, error) {
	query := url.Values{"tenant": {tenant}, "since": {strconv.FormatUint(since, 10)}}
	var entries []graphsim.Entry
	return entries, g.Call(ctx, http.MethodGet, "requests?"+query.Encode(), nil, &entries)
}

// Counters sum up the requests of a tenant, or of all when tenant is empty.
func (g *Graph) Counters(ctx context.Context, tenant string) (graphsim.Counters, error) {
	var counters graphsim.Counters
	return counters, g.Call(ctx, http.MethodGet, "counters?"+url.Values{"tenant": {tenant}}.Encode(), nil, &counters)
}

// User is an account as it is, named by UPN or id.
func (g *Graph) User(ctx context.Context, tenant, user string) (graphsim.UserState, error) {
	var state graphsim.UserState
	return state, g.Call(ctx, http.MethodGet, UserPath(tenant, user), nil, &state)
}

// UserPath is the path of an account in graphsim's own API.
func UserPath(tenant, user string) string {
	return "tenants/" + url.PathEscape(tenant) + "/users/" + url.PathEscape(user)
}

// Call calls graphsim's own API at a path below /_sim/. in and out may be nil.
func (g *Graph) Call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	request, err := http.NewRequestWithContext(ctx, method, g.URL+"/_sim/"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	response, err := g.http.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = response.Body.Close() }() // it was read to its end
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, bytes.TrimSpace(answer))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
