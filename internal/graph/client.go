package graph

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	jsonserialization "github.com/microsoft/kiota-serialization-json-go"
	msgraphcore "github.com/microsoftgraph/msgraph-sdk-go-core"
	"k8s.io/utils/clock"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

// DefaultTimeout is how long one call may take.
const DefaultTimeout = 30 * time.Second

// Budget grants calls; *throttle.Budget is one.
type Budget interface {
	// Reserve spends the cost and returns 0, or spends nothing and returns when to
	// ask again. It never waits.
	Reserve(cost throttle.Cost) time.Duration
	// Throttled tells of a refusal; retryAfter is 0 when Graph did not say.
	Throttled(class throttle.Class, retryAfter time.Duration)
	// Observe tells the used share of a limit that Graph reported.
	Observe(percentage float64)
}

// Observer is told of every request: the service it was for, the HTTP status or
// "error" when there was none, and how long it took.
type Observer func(service, code string, took time.Duration)

// Options make a Client.
type Options struct {
	// TenantID is the tenant's GUID, ClientID the app registration's.
	TenantID, ClientID string
	Credential         Credential
	// Cloud decides what exists; Endpoints where it is.
	Cloud     Cloud
	Endpoints Endpoints
	// Transport is shared by all tenants; see NewTransport.
	Transport http.RoundTripper
	Budget    Budget
	Clock     clock.PassiveClock
	// Timeout of one call; DefaultTimeout when 0.
	Timeout time.Duration
	// Observer may be nil.
	Observer Observer
}

// Client is a tenant in Microsoft Graph.
type Client struct {
	cloud    Cloud
	host     *url.URL
	tokens   *tokens
	adapter  *msgraphcore.GraphRequestAdapterBase
	budget   Budget
	clock    clock.PassiveClock
	timeout  time.Duration
	observer Observer
	texts    texts
	profiles profiles
	licenses *interner[string, []directory.LicenseAssignment]
}

var _ directory.Directory = (*Client)(nil)

// New makes a client. It sends nothing.
func New(o Options) (*Client, error) {
	switch {
	case o.Transport == nil:
		return nil, errors.New("graph: no transport")
	case o.Budget == nil:
		return nil, errors.New("graph: no budget")
	case o.Clock == nil:
		return nil, errors.New("graph: no clock")
	}
	host, err := parseEndpoint(o.Endpoints.Graph)
	if err != nil {
		return nil, fmt.Errorf("graph endpoint: %w", err)
	}
	login, err := parseEndpoint(o.Endpoints.Login)
	if err != nil {
		return nil, fmt.Errorf("login endpoint: %w", err)
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Observer == nil {
		o.Observer = func(string, string, time.Duration) {}
	}

	transport := bounded{o.Transport}
	toLogin := &http.Client{Transport: transport, CheckRedirect: noRedirect}
	tokens, err := newTokens(host.String()+"/.default", func() (azcore.TokenCredential, error) {
		return o.Credential.tokenCredential(o.TenantID, o.ClientID, login.String(), toLogin)
	})
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	adapter, err := newAdapter(host, transport)
	if err != nil {
		return nil, err
	}
	return &Client{
		cloud:    o.Cloud,
		host:     host,
		tokens:   tokens,
		adapter:  adapter,
		budget:   o.Budget,
		clock:    o.Clock,
		timeout:  o.Timeout,
		observer: o.Observer,
		texts:    texts{newInterner[string, string]()},
		profiles: newProfiles(),
		licenses: newInterner[string, []directory.LicenseAssignment](),
	}, nil
}

// newAdapter makes the SDK's adapter on a plain HTTP client: none of the SDK's own
// middleware, which retries.
func newAdapter(host *url.URL, transport http.RoundTripper) (*msgraphcore.GraphRequestAdapterBase, error) {
	adapter, err := msgraphcore.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		&authentication.AnonymousAuthenticationProvider{}, // the pipeline authorizes
		msgraphcore.GraphClientOptions{},
		jsonserialization.NewJsonParseNodeFactory(),
		jsonserialization.NewJsonSerializationWriterFactory(),
		&http.Client{Transport: &pipeline{host: host, next: timely{transport}}, CheckRedirect: noRedirect},
	)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	adapter.SetBaseUrl(host.String() + "/v1.0")
	return adapter, nil
}

// path starts the SDK's request builders. Each needs a map of its own.
func (c *Client) path() map[string]string {
	return map[string]string{"baseurl": c.adapter.GetBaseUrl()}
}
