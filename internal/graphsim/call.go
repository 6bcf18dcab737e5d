package graphsim

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// call is one authenticated Graph request on its way through an endpoint. The
// tenant's lock is held while its handler runs.
type call struct {
	srv      *Server
	req      *request
	tenant   *tenant
	app      *application
	endpoint *endpoint
	version  string // v1.0 or beta
	params   []string
	query    *query
	roles    []string // the token's, frozen when it was issued
	now      time.Time
	entry    *Entry
	used     float64 // of the fullest budget drawn on
	scope    string  // of that budget
}

// allowed reports whether the token carries any of the permissions.
func (c *call) allowed(permissions ...string) bool {
	return slices.ContainsFunc(permissions, func(p string) bool { return slices.Contains(c.roles, p) })
}

// principal is the app's service principal as it is now, or an empty one when
// consent was withdrawn after the token was issued.
func (c *call) principal() *servicePrincipal {
	if sp, ok := c.tenant.principals[c.app.id]; ok {
		return sp
	}
	return &servicePrincipal{}
}

// context is the @odata.context annotation, or nothing when no metadata is wanted.
func (c *call) context(fragment string) []jsonMember {
	if wantsNoMetadata(c.req.header.Get("Accept")) {
		return nil
	}
	return []jsonMember{{"@odata.context", c.url("/$metadata#" + fragment)}}
}

// url is an absolute address below the API version the request came to.
func (c *call) url(suffix string) string { return c.req.baseURL + "/" + c.version + suffix }

// eventual reports whether the request opted into advanced queries
// (concepts/aad-advanced-queries.md).
func (c *call) eventual() bool {
	return strings.EqualFold(c.req.header.Get("ConsistencyLevel"), "eventual")
}

func (c *call) advanced() bool {
	return c.eventual() && strings.EqualFold(c.query.get("count"), "true")
}

// graph answers a request below /v1.0 or /beta.
func (s *Server) graph(req *request, version string, segs []string) *response {
	c := &call{srv: s, req: req, version: version, now: s.clock.Now()}
	c.entry = s.newEntry(req, c.now)
	c.endpoint, c.params = s.router.match(req.method, version, segs)
	if c.endpoint != nil {
		c.entry.Template = c.endpoint.template
	}
	res, err := s.serve(c)
	if err != nil {
		res = s.refusal(c, err)
	}
	s.finish(c, res)
	return res
}

// serve runs a call through authentication, faults, budgets and its handler.
func (s *Server) serve(c *call) (*response, error) {
	if err := s.authenticate(c); err != nil {
		return nil, err
	}
	if c.endpoint == nil {
		return nil, notSimulated(c.req.method + " /" + c.version + "/" + strings.TrimPrefix(c.req.path, "/"+c.version+"/"))
	}
	leave, err := s.enter(c)
	if err != nil {
		return nil, err
	}
	defer leave()
	fault := s.faults.pick(c.tenant.id, c.endpoint.method, c.endpoint.template, c.req.query)
	if fault == nil {
		return s.perform(c)
	}
	c.tenant.stats.fault(fault)
	var res *response
	if !fault.Before() {
		if res, err = s.perform(c); err != nil {
			res = s.refusal(c, err)
		}
	}
	if spoilt := s.inject(c.req, fault, c.entry, res); spoilt != nil {
		return spoilt, nil
	}
	if res != nil {
		return res, nil
	}
	return s.perform(c)
}

// perform runs a batch part by part, and everything else as it is.
func (s *Server) perform(c *call) (*response, error) {
	switch {
	case c.endpoint.class != classBatch:
		return s.handle(c)
	case c.req.batch != 0:
		return nil, notSimulated("a batch within a batch")
	default:
		return s.batch(c)
	}
}

// handle runs the handler under the tenant's lock.
func (s *Server) handle(c *call) (*response, error) {
	c.tenant.mu.Lock()
	defer c.tenant.mu.Unlock()
	c.tenant.settle(c.now)
	var err error
	if c.query, err = parseQuery(c.req.query); err != nil {
		return nil, err
	}
	if err := s.throttle(c); err != nil {
		return nil, err
	}
	if !c.allowed(c.endpoint.perms...) {
		if c.endpoint.denied != nil {
			return nil, c.endpoint.denied(c.endpoint.perms...)
		}
		return nil, denied()
	}
	return c.endpoint.handle(c)
}

func (s *Server) refusal(c *call, err error) *response {
	var refused *graphError
	if !errors.As(err, &refused) {
		refused = &graphError{status: http.StatusInternalServerError, code: "UnknownError", message: err.Error()}
	}
	c.entry.Code = refused.code
	c.entry.Absent = refused.absent
	c.entry.Throttled = refused.status == http.StatusTooManyRequests
	return refused.response(c.now, c.entry.RequestID, c.clientRequestID())
}

func (c *call) clientRequestID() string {
	if id := c.req.header.Get("client-request-id"); id != "" {
		return id
	}
	return c.entry.RequestID
}

// finish stamps the headers every answer has, and writes the journal.
func (s *Server) finish(c *call, res *response) {
	res.header.Set("request-id", c.entry.RequestID)
	res.header.Set("client-request-id", c.clientRequestID())
	res.header.Set("Date", c.now.Format(http.TimeFormat))
	if c.entry.RU > 0 {
		res.header.Set("x-ms-resource-unit", itoa(uint64(c.entry.RU)))
	}
	if c.used >= 0.8 {
		res.header.Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(c.used, 'f', 2, 64))
		res.header.Set("x-ms-throttle-scope", c.scope+"/ReadWrite")
	}
	c.entry.Status = res.status
	s.record(c)
}
