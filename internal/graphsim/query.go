package graphsim

import (
	"net/url"
	"strconv"
	"strings"
)

// query holds the OData system query options of a request, by lower-case name
// without the dollar sign, which Graph lets clients leave out.
type query struct {
	options map[string]string
}

// systemOptions are the OData options there are; any other name that begins with
// a dollar sign is refused, and any other name at all is ignored.
func isSystemOption(name string) bool {
	switch name {
	case "select", "filter", "top", "skip", "orderby", "search", "expand", "count", "skiptoken", "deltatoken", "format":
		return true
	default:
		return false
	}
}

func parseQuery(raw string) (*query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, odataBadRequest("Invalid query string.")
	}
	q := &query{options: map[string]string{}}
	for key, vals := range values {
		name := strings.ToLower(strings.TrimPrefix(key, "$"))
		switch {
		case isSystemOption(name):
			if _, twice := q.options[name]; twice || len(vals) > 1 {
				return nil, odataBadRequest("Query option '" + key + "' was specified more than once, but it must be specified at most once.")
			}
			q.options[name] = vals[0]
		case strings.HasPrefix(key, "$"):
			return nil, odataBadRequest("The query parameter '" + key + "' is not supported.")
		}
	}
	return q, nil
}

func (q *query) get(name string) string { return q.options[name] }

func (q *query) has(name string) bool { _, ok := q.options[name]; return ok }

// refuse answers 400 for options an endpoint does not take.
func (q *query) refuse(names ...string) error {
	for _, n := range names {
		if q.has(n) {
			return unsupportedQuery("The query parameter '$" + n + "' is not supported for this resource.")
		}
	}
	return nil
}

// top reads $top within 1..limit.
func (q *query) top(fallback, limit int) (int, error) {
	if !q.has("top") {
		return fallback, nil
	}
	n, err := strconv.Atoi(q.get("top"))
	if err != nil {
		return 0, odataBadRequest("Invalid value '" + q.get("top") + "' for $top query option found. The $top query option requires a non-negative integer value.")
	}
	if n < 1 || n > limit {
		return 0, unsupportedQuery("Invalid page size specified: '" + q.get("top") + "'. Must be between 1 and " + strconv.Itoa(limit) + " inclusive.")
	}
	return n, nil
}

// skip reads $skip; absent is 0.
func (q *query) skip() (int, error) {
	if !q.has("skip") {
		return 0, nil
	}
	n, err := strconv.Atoi(q.get("skip"))
	if err != nil || n < 0 {
		return 0, odataBadRequest("Invalid value '" + q.get("skip") + "' for $skip query option found. The $skip query option requires a non-negative integer value.")
	}
	return n, nil
}

// selectNames splits $select; given is false when it is absent or empty.
func (q *query) selectNames() (names []string, given bool) {
	raw := strings.TrimSpace(q.get("select"))
	if raw == "" {
		return nil, false
	}
	for name := range strings.SplitSeq(raw, ",") {
		names = append(names, strings.TrimSpace(name))
	}
	return names, true
}

// selection reads $select of a resource type; given is false when the default set applies.
func (q *query) selection(s *entitySchema) (sel propSet, given bool, err error) {
	names, given := q.selectNames()
	if !given {
		return s.defaults, false, nil
	}
	for _, name := range names {
		if name == "*" {
			sel = sel.union(s.defaults)
			continue
		}
		p, ok := s.lookup(name)
		if !ok {
			return sel, true, unknownProperty(name, s.typeName)
		}
		sel.add(p)
	}
	return sel, true, nil
}

func unknownProperty(name, typeName string) error {
	return odataBadRequest("Parsing OData Select and Expand failed: Could not find a property named '" + name + "' on type '" + typeName + "'.")
}

func equalName(a, b string) bool { return strings.EqualFold(a, b) }
