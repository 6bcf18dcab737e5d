package graphsim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// row is a resource of a collection that is read as a whole: its values in the
// order of its schema. nil is null.
type row []any

func (r row) get(p propID) (any, bool) { return r[p], r[p] != nil }

// countSupport says what $count=true needs.
type countSupport uint8

const (
	countRefused  countSupport = iota
	countPlain                 // nothing more
	countEventual              // ConsistencyLevel: eventual, as on directory objects
)

// listing says how a collection is read. $select and $filter are for every
// collection whose schema allows them; other options only as given here.
type listing struct {
	schema  *entitySchema // nil: elements of several types, no $filter
	context string        // groups
	page    int           // elements on a page without $top; 0: all at once
	maxTop  int           // 0: $top is refused
	skip    bool          // $skip is taken
	count   countSupport
	expands bool     // $expand is taken
	absent  []string // options that Graph takes here and the simulator does not

	// length places, of which at may find some empty: a place stays that of one
	// element while pages are turned.
	length int
	at     func(place int) (properties, bool)
	// renderer checks what the request asks of elements, and writes them so.
	renderer func(asked *listToken) (func(element properties) json.RawMessage, error)
}

// listToken is what a request asked for, and the state behind its $skiptoken.
type listToken struct {
	Query    string // as it came, which is what later pages cost too
	Of       string // the collection the token belongs to
	Select   string
	Filter   string
	Expand   string
	Count    bool
	Advanced bool
	Page     int
	Skip     int
	Place    int
}

// list answers a request for a collection, page by page (concepts/paging.md).
func (c *call) list(l *listing) (*response, error) {
	tok, err := c.listToken(l)
	if err != nil {
		return nil, err
	}
	var filter predicate
	if l.schema != nil {
		if filter, err = parseFilter(tok.Filter, l.schema, tok.Advanced); err != nil {
			return nil, err
		}
	}
	render, err := l.renderer(tok)
	if err != nil {
		return nil, err
	}
	page, next, total := l.turn(tok, filter)
	values := make([]json.RawMessage, 0, len(page))
	for _, element := range page {
		values = append(values, render(element))
	}
	var links []jsonMember
	if tok.Count && tok.Place == 0 {
		links = append(links, jsonMember{"@odata.count", total})
	}
	if next > 0 {
		tok.Place, tok.Skip = next, 0
		token, err := c.srv.sealer.seal(tok)
		if err != nil {
			return nil, err
		}
		links = append(links, jsonMember{"@odata.nextLink", c.url(c.relativePath() + "?$skiptoken=" + token)})
	}
	return collection(c.context(l.context+fragmentOf(tok.Select)), values, links...), nil
}

// turn finds the elements of a page, where the next one begins (0: nowhere), and
// how many match in all if that was asked.
func (l *listing) turn(tok *listToken, filter predicate) (page []properties, next, total int) {
	skip := tok.Skip
	for place := tok.Place; place < l.length; place++ {
		element, ok := l.at(place)
		if !ok || filter != nil && !filter(element) {
			continue
		}
		total++
		switch {
		case skip > 0:
			skip--
		case tok.Page == 0 || len(page) < tok.Page:
			page = append(page, element)
		case next == 0:
			next = place
			if !tok.Count {
				return page, next, total
			}
		}
	}
	return page, next, total
}

// relativePath is the path of the request below the API version.
func (c *call) relativePath() string {
	return strings.TrimPrefix(c.req.path, "/"+c.version)
}

// fragmentOf is the selection as the context URL shows it.
func fragmentOf(selected string) string {
	if selected == "" {
		return ""
	}
	return "(" + strings.ReplaceAll(selected, " ", "") + ")"
}

// listToken reads the request's options, or those of the first page.
func (c *call) listToken(l *listing) (*listToken, error) {
	q := c.query
	of := c.endpoint.template + " " + strings.Join(c.params, " ")
	if q.has("skiptoken") {
		tok := &listToken{}
		if err := c.srv.sealer.open(q.get("skiptoken"), tok); err != nil || tok.Of != of {
			return nil, &graphError{status: http.StatusBadRequest, code: "Directory_ExpiredPageToken", message: "The specified page token value has expired and can no longer be included in your request."}
		}
		return tok, c.sameHeaders(tok.Advanced)
	}
	if err := c.refuseOptions(l); err != nil {
		return nil, err
	}
	page, err := q.top(l.page, max(l.maxTop, 1))
	if err != nil {
		return nil, err
	}
	skip, err := q.skip()
	if err != nil {
		return nil, err
	}
	return &listToken{
		Query: c.req.query, Of: of, Select: strings.TrimSpace(q.get("select")), Filter: q.get("filter"), Expand: q.get("expand"),
		Count: l.count != countRefused && strings.EqualFold(q.get("count"), "true"), Advanced: l.count == countEventual && c.advanced(),
		Page: page, Skip: skip,
	}, nil
}

// sameHeaders refuses a later page of an advanced query that comes without its
// header: links do not carry headers (concepts/paging.md).
func (c *call) sameHeaders(advanced bool) error {
	if advanced && !c.eventual() {
		return unsupportedQuery("Request with $skiptoken of an advanced query needs the 'ConsistencyLevel:eventual' header. Refer to https://aka.ms/graph-docs/advanced-queries for more information")
	}
	return nil
}

// refuseOptions answers 400 to what Graph does not take here, and 501 to what only
// the simulator does not.
func (c *call) refuseOptions(l *listing) error {
	for _, option := range l.absent {
		if c.query.has(option) {
			return notSimulated("$" + option + " on " + c.endpoint.template)
		}
	}
	refused := []string{"orderby", "search", "deltatoken"}
	for option, taken := range map[string]bool{"top": l.maxTop > 0, "skip": l.skip, "count": l.count != countRefused, "expand": l.expands} {
		if !taken {
			refused = append(refused, option)
		}
	}
	if err := c.query.refuse(refused...); err != nil {
		return err
	}
	if l.count == countEventual && c.query.has("count") && !c.eventual() {
		return unsupportedQuery("$count is not currently supported.")
	}
	return nil
}

// rows makes a listing of a slice, rendered by the schema.
func (l *listing) rows(rows []row) *listing {
	l.length = len(rows)
	l.at = func(i int) (properties, bool) { return rows[i], true }
	return l.plainly()
}

// plainly renders elements by the schema and nothing else.
func (l *listing) plainly() *listing {
	l.renderer = func(asked *listToken) (func(properties) json.RawMessage, error) {
		sel, err := l.schema.selectionOf(asked.Select)
		return func(element properties) json.RawMessage { return object(l.schema.project(element, sel)...) }, err
	}
	return l
}

// selectionOf reads the value of a $select; an empty one is the default.
func (s *entitySchema) selectionOf(selected string) (propSet, error) {
	sel, _, err := (&query{options: map[string]string{"select": selected}}).selection(s)
	return sel, err
}

// project gives the selected properties of a resource, in the schema's order.
func (s *entitySchema) project(of properties, sel propSet) []jsonMember {
	var members []jsonMember
	for i := range s.props {
		if !sel.has(propID(i)) || s.props[i].is(navigation) {
			continue
		}
		v, set := of.get(propID(i))
		if !set && s.props[i].kind == kindStrings {
			v = []string{}
		}
		members = append(members, jsonMember{s.props[i].name, v})
	}
	return members
}

// getOne answers a request for a single resource.
func (c *call) getOne(s *entitySchema, context string, r row) (*response, error) {
	if err := c.query.refuse("top", "skip", "filter", "orderby", "search", "count", "expand"); err != nil {
		return nil, err
	}
	selected := strings.TrimSpace(c.query.get("select"))
	sel, err := s.selectionOf(selected)
	if err != nil {
		return nil, err
	}
	return entity(c.context(context+fragmentOf(selected)+"/$entity"), s.project(r, sel)), nil
}
