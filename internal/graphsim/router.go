package graphsim

import "strings"

// endpoint is one operation of Microsoft Graph.
type endpoint struct {
	method   string
	template string // "/users/{id}"
	beta     bool   // also, or only, under /beta
	v1       bool
	cost     int       // resource units (concepts/throttling-limits.md)
	class    costClass // which budgets it draws on
	perms    []string  // application permissions, any of which is enough
	handle   func(*call) (*response, error)
	// exclusive: of two calls for one account at the same time, one is refused.
	exclusive bool
	// denied is the answer to a token without any of the permissions; nil is the
	// directory's own.
	denied func(permissions ...string) *graphError

	parts []string
}

// label names the endpoint in the journal and the counters: "GET /users/{id}".
func (e *endpoint) label() string { return e.method + " " + e.template }

// router finds endpoints by method and path.
type router struct {
	byLength map[int][]*endpoint
}

func newRouter(endpoints []*endpoint) *router {
	r := &router{byLength: map[int][]*endpoint{}}
	for _, e := range endpoints {
		e.parts = strings.Split(strings.TrimPrefix(e.template, "/"), "/")
		r.byLength[len(e.parts)] = append(r.byLength[len(e.parts)], e)
	}
	return r
}

// namespace of Graph's types; in paths it may be written by its alias, graph.
const namespace = "microsoft.graph."

// plain drops the namespace of a function or action name.
func plain(segment string) string { return strings.TrimPrefix(qualified(segment), namespace) }

// qualified spells the alias of the namespace out.
func qualified(segment string) string {
	if name, ok := strings.CutPrefix(segment, "graph."); ok {
		return namespace + name
	}
	return segment
}

// match returns the endpoint and the values of its template's parameters.
// Literal segments win over parameters: endpoints are listed in that order.
func (r *router) match(method, version string, segs []string) (*endpoint, []string) {
	for _, e := range r.byLength[len(segs)] {
		if e.method != method || version == "beta" && !e.beta || version == "v1.0" && !e.v1 {
			continue
		}
		if params, ok := e.bind(segs); ok {
			return e, params
		}
	}
	return nil, nil
}

func (e *endpoint) bind(segs []string) ([]string, bool) {
	var params []string
	for i, part := range e.parts {
		switch {
		case strings.HasPrefix(part, "{"):
			params = append(params, segs[i])
		case strings.HasPrefix(part, namespace): // a cast to a type
			if !strings.EqualFold(part, qualified(segs[i])) {
				return nil, false
			}
		case !strings.EqualFold(part, plain(segs[i])):
			return nil, false
		}
	}
	return params, true
}
