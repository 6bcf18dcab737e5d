package graphsim

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server is a simulated Microsoft Graph with its token endpoint.
type Server struct {
	opts      Options
	clock     *Clock
	schema    *userSchema
	types     resourceTypes
	mailPlans map[string]string // SKU id → the Exchange plan in it
	authority *authority
	signer    *ecdsa.PrivateKey
	sealer    *sealer
	router    *router
	admin     http.Handler
	faults    faultBoard
	mailboxes mailboxGate
	stats     *statistics // of requests that belong to no tenant
	busy      sync.Map    // accounts that exclusive calls are at work on
	seq       atomic.Uint64
	expired   atomic.Uint64 // expired delta tokens answered
	// throttling is whether budgets are kept.
	throttling atomic.Bool

	tenants atomic.Pointer[directory]
	apps    atomic.Pointer[map[string]*application]
	edit    sync.Mutex // guards replacing tenants and apps

	listener net.Listener
	http     *http.Server
	closing  chan struct{}
	closed   sync.Once
	served   sync.WaitGroup
}

// directory is an immutable list of the tenants, replaced as a whole, so that
// requests look tenants up without a lock.
type directory struct {
	byID  map[string]*tenant
	order []*tenant
}

// New makes a simulator and seeds it.
func New(opts Options) (*Server, error) {
	opts.setDefaults()
	host, _, err := net.SplitHostPort(opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen address: %w", err)
	}
	s := &Server{
		opts: opts, clock: NewClock(opts.Clock), schema: newUserSchema(), types: newResourceTypes(), mailPlans: exchangePlans(catalogue()),
		router: newRouter(endpoints()), stats: newStatistics(opts.Journal), closing: make(chan struct{}),
	}
	s.faults.seed = opts.Seed
	s.throttling.Store(!opts.NoThrottling)
	s.clock.Skew(opts.ClockOffset)
	s.tenants.Store(&directory{byID: map[string]*tenant{}})
	s.apps.Store(&map[string]*application{})
	if s.authority, err = newAuthority([]string{host}); err != nil {
		return nil, err
	}
	if s.signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("make token key: %w", err)
	}
	if s.sealer, err = newSealer(opts.Seed); err != nil {
		return nil, err
	}
	s.admin = s.adminHandler()
	if err := s.AddApp(App{ClientID: opts.ClientID, DisplayName: "m365-operator", Secret: opts.ClientSecret}); err != nil {
		return nil, err
	}
	for i := range opts.Tenants {
		if err := s.seedTenant(i); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Start listens and serves until Close.
func (s *Server) Start() error {
	var config net.ListenConfig
	ln, err := config.Listen(context.Background(), "tcp", s.opts.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.listener = ln
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: time.Minute,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{s.authority.leaf}, MinVersion: tls.VersionTLS12},
	}
	s.served.Go(func() {
		_ = s.http.ServeTLS(ln, "", "") // ends with Close
	})
	return nil
}

// URL is the base address, https://127.0.0.1:port, for Graph (without the API
// version) and for login alike. It is empty before Start.
func (s *Server) URL() string {
	if s.listener == nil {
		return ""
	}
	return "https://" + s.listener.Addr().String()
}

// CA is the pool that trusts the simulator.
func (s *Server) CA() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.authority.cert)
	return pool
}

// CAPEM is the same certificate in PEM form.
func (s *Server) CAPEM() []byte { return s.authority.pem }

// Client is an HTTP client that trusts the simulator.
func (s *Server) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: s.CA(), MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64,
	}}
}

// Close releases hanging requests and stops serving. It may be called twice.
func (s *Server) Close() error {
	var err error
	s.closed.Do(func() {
		close(s.closing)
		if s.http != nil {
			err = s.http.Close()
		}
		s.served.Wait()
	})
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Now is the simulated time.
func (s *Server) Now() time.Time { return s.clock.Now() }

// Step moves the simulated time forward.
func (s *Server) Step(d time.Duration) { s.clock.Step(d) }

// Skew sets the simulated time forward or, if d is negative, back: from now on the
// simulator's clock and its clients' differ by d more. What was stamped before keeps its
// stamp. No budget, lag or pending change lasts longer for it, and no replica goes back to
// what it had shown before.
func (s *Server) Skew(d time.Duration) {
	back := turnBack{before: s.clock.Now()}
	s.clock.Skew(d)
	back.now = s.clock.Now()
	for _, t := range s.tenants.Load().order {
		t.mu.Lock()
		t.rewind(back)
		t.mu.Unlock()
	}
	for _, a := range *s.apps.Load() {
		a.mu.Lock()
		a.budget.rewind(s.clock.Now())
		a.mu.Unlock()
	}
}

// ServeHTTP routes a request to Graph, to login, or to the simulator's own API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_sim/") {
		s.admin.ServeHTTP(w, r)
		return
	}
	req, err := newRequest(r)
	if err != nil {
		return // the client went away while sending
	}
	s.dispatch(req).write(w, r)
}

func (s *Server) dispatch(req *request) *response {
	segs, err := segments(req.path)
	switch {
	case err != nil:
		now := s.clock.Now()
		return odataBadRequest("The request URI is invalid.").response(now, "", "")
	case len(segs) > 0 && (segs[0] == "v1.0" || segs[0] == "beta"):
		return s.graph(req, segs[0], segs[1:])
	default:
		return s.login(req, segs)
	}
}

// tenantByKey finds a tenant by GUID or verified domain.
func (s *Server) tenantByKey(key string) (*tenant, bool) {
	d := s.tenants.Load()
	if t, ok := d.byID[strings.ToLower(key)]; ok {
		return t, true
	}
	if !strings.Contains(key, ".") {
		return nil, false
	}
	for _, t := range d.order {
		t.mu.Lock()
		dom, ok := t.domain(key)
		t.mu.Unlock()
		if ok && dom.verified {
			return t, true
		}
	}
	return nil, false
}
