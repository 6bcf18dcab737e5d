package graph

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// userAgent tells Microsoft whose calls these are.
const userAgent = "m365-operator"

// pingAfter is how long Graph may be silent until it is asked whether it still is there.
// One connection of HTTP/2 carries the calls of all tenants, and the kernel takes a quarter
// of an hour to give up one that died in silence.
const pingAfter = 10 * time.Second

// NewTransport returns a transport to be shared by all tenants. It trusts the
// system's certificate authorities, or only those of the pool when one is given.
func NewTransport(authorities *x509.CertPool) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialTimely,
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: pingAfter},
		MaxIdleConns:          256,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities},
	}
}

// exchange is what one HTTP request carries and brings back beside its body.
type exchange struct {
	token string
	// sent is true once the request's head is out: from then on, no answer does not
	// mean no effect.
	sent   atomic.Bool
	status int
	header http.Header
	length int64 // of the body; -1 when it was not announced
}

type exchangeKey struct{}

func withExchange(ctx context.Context, ex *exchange) context.Context {
	trace := &httptrace.ClientTrace{WroteHeaders: func() { ex.sent.Store(true) }}
	return httptrace.WithClientTrace(context.WithValue(ctx, exchangeKey{}, ex), trace)
}

// pipeline authorizes requests to Graph's host, and to no other.
type pipeline struct {
	host *url.URL
	next http.RoundTripper
}

// RoundTrip adds the exchange's token and keeps the answer's status and headers.
func (p *pipeline) RoundTrip(request *http.Request) (*http.Response, error) {
	ex, ok := request.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, fmt.Errorf("request to %s outside of a call", request.URL.Host)
	}
	if !sameHost(request.URL, p.host) {
		return nil, fmt.Errorf("refusing to send a token to %s", request.URL.Host)
	}
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+ex.token)
	request.Header.Set("User-Agent", userAgent)
	response, err := p.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	ex.status, ex.header, ex.length = response.StatusCode, response.Header, response.ContentLength
	// The SDK would answer a challenge by sending the same request once more.
	response.Header.Del("Www-Authenticate")
	return response, nil
}

func sameHost(u, host *url.URL) bool {
	return u.Scheme == host.Scheme && u.Host == host.Host && u.User == nil
}

// noRedirect keeps a client from following one: Graph's API sends none, and a token
// or a key must not go where an answer says.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
