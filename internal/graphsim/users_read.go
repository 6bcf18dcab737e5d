package graphsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

const (
	defaultPage     = 100
	maxPage         = 999
	maxSignInsPage  = 500 // with signInActivity (api/user-list.md)
	signInsReadPerm = "AuditLog.Read.All"
)

// pageToken is the state behind a $skiptoken. What the first request asked for is
// part of it, as in Graph, so that a nextLink needs nothing but headers.
type pageToken struct {
	Query    string // as it came, which is what later pages cost too
	Select   propSet
	Given    bool
	Filter   string
	OrderBy  string
	Advanced bool
	Page     int
	Offset   int
	Deleted  bool // of the deleted items
	Expand   string
}

// accountSource is where accounts are listed from. A place stays that of one account;
// at is nil where there is none, or none for this reader.
type accountSource struct {
	path    string
	deleted bool
	length  int
	at      func(place int) *user
}

// liveAccounts are those that are not deleted, in the order of creation.
func (c *call) liveAccounts() accountSource {
	records := c.tenant.records
	return accountSource{path: "/users", length: len(records), at: func(i int) *user {
		if r := records[i]; r.live() {
			return c.replica(r)
		}
		return nil
	}}
}

// listUsers: api/user-list.md, concepts/aad-advanced-queries.md, concepts/paging.md.
func listUsers(c *call) (*response, error) { return c.listAccounts(c.liveAccounts()) }

func (c *call) listAccounts(source accountSource) (*response, error) {
	tok, err := c.pageToken(source)
	if err != nil {
		return nil, err
	}
	if err := c.mayRead(tok.Select, tok.Given); err != nil {
		return nil, err
	}
	expand, err := c.managerExpansion(tok.Expand)
	if err != nil {
		return nil, err
	}
	page, next, total, err := c.matchingUsers(source, tok)
	if err != nil {
		return nil, err
	}
	var links []jsonMember
	if tok.Advanced && tok.Offset == 0 {
		links = append(links, jsonMember{"@odata.count", total})
	}
	if next > 0 {
		tok.Offset = next
		token, err := c.srv.sealer.seal(tok)
		if err != nil {
			return nil, err
		}
		links = append(links, jsonMember{"@odata.nextLink", c.url(source.path + "?$skiptoken=" + token)})
	}
	var values []json.RawMessage
	for _, u := range page {
		values = append(values, c.renderUser(u, tok.Select, c.expanded(u, expand)...))
	}
	return collection(c.context("users"+c.fragment(tok.Select, tok.Given)), values, links...), nil
}

// pageToken reads the request's options, or those of the first page.
func (c *call) pageToken(source accountSource) (*pageToken, error) {
	q := c.query
	if q.has("skiptoken") {
		tok := &pageToken{}
		if err := c.srv.sealer.open(q.get("skiptoken"), tok); err != nil || tok.Deleted != source.deleted {
			return nil, &graphError{status: http.StatusBadRequest, code: "Directory_ExpiredPageToken", message: "The specified page token value has expired and can no longer be included in your request."}
		}
		return tok, c.sameHeaders(tok.Advanced)
	}
	if err := c.refuseAccountOptions(source); err != nil {
		return nil, err
	}
	sel, given, err := q.selection(c.srv.schema.entitySchema)
	if err != nil {
		return nil, err
	}
	for i := range c.srv.schema.props {
		if sel.has(propID(i)) && c.srv.schema.props[i].is(sharePoint) {
			return nil, &graphError{status: http.StatusNotImplemented, code: "NotImplemented", message: "This operation target is not yet supported."}
		}
	}
	page, err := q.top(defaultPage, maxPage)
	if err != nil {
		return nil, err
	}
	if sel.has(propSignInActivity) && page > maxSignInsPage {
		return nil, odataBadRequest("Cannot query data for more than 500 users at a time.")
	}
	return &pageToken{
		Query: c.req.query, Select: sel, Given: given, Filter: q.get("filter"), OrderBy: q.get("orderby"), Advanced: c.advanced(),
		Page: page, Deleted: source.deleted, Expand: q.get("expand"),
	}, nil
}

// refuseAccountOptions answers 400 to what Graph does not take, and 501 to what only
// the simulator does not.
func (c *call) refuseAccountOptions(source accountSource) error {
	q := c.query
	if q.has("skip") {
		return badRequest("'$skip' is not supported by the service.")
	}
	if q.has("search") || q.has("expand") && source.deleted {
		return notSimulated("$search or $expand on " + source.path)
	}
	if q.has("count") && !c.eventual() {
		return unsupportedQuery("$count is not currently supported.")
	}
	return nil
}

// matchingUsers evaluates filter and order over the accounts. It returns the
// page, where the next one begins (0: nowhere), and how many match in all if the
// request counts. Without an order the offset is a place in the tenant's order of
// creation, so that accounts that come and go between pages shift nobody.
func (c *call) matchingUsers(source accountSource, tok *pageToken) (page []*user, next, total int, err error) {
	filter, err := parseFilter(tok.Filter, c.srv.schema.entitySchema, tok.Advanced)
	if err != nil {
		return nil, 0, 0, err
	}
	less, err := parseOrder(tok)
	if err != nil {
		return nil, 0, 0, err
	}
	if less != nil {
		var all []*user
		source.eachMatch(0, filter, func(_ int, u *user) bool { all = append(all, u); return true })
		slices.SortStableFunc(all, less)
		from := min(tok.Offset, len(all))
		if to := from + tok.Page; to < len(all) {
			return all[from:to], to, len(all), nil
		}
		return all[from:], 0, len(all), nil
	}
	counting := tok.Advanced && tok.Offset == 0
	source.eachMatch(tok.Offset, filter, func(place int, u *user) bool {
		total++
		if len(page) < tok.Page {
			page = append(page, u)
			return true
		}
		if next == 0 {
			next = place
		}
		return counting
	})
	return page, next, total, nil
}

// eachMatch visits the accounts that match, until visit says no.
func (source accountSource) eachMatch(from int, filter predicate, visit func(place int, u *user) bool) {
	for i := from; i < source.length; i++ {
		u := source.at(i)
		if u == nil || filter != nil && !filter(u) {
			continue
		}
		if !visit(i, u) {
			return
		}
	}
}

// parseOrder knows the properties $orderby takes. With $filter it is an advanced
// query, and so it is by the time of deletion (api/directory-deleteditems-list.md).
func parseOrder(tok *pageToken) (func(a, b *user) int, error) {
	if tok.OrderBy == "" {
		return nil, nil //nolint:nilnil // no order is no error
	}
	name, direction, _ := strings.Cut(strings.TrimSpace(tok.OrderBy), " ")
	prop, ok := map[string]propID{"displayname": propDisplayName, "userprincipalname": propUserPrincipalName}[strings.ToLower(name)]
	byTime := tok.Deleted && equalName(name, "deletedDateTime")
	if !ok && !byTime {
		return nil, unsupportedQuery("Unsupported sort property '" + name + "' for 'User'.")
	}
	if (tok.Filter != "" || byTime) && !tok.Advanced {
		return nil, unsupportedQuery("Sorting not supported for current query.")
	}
	sign := 1
	if strings.EqualFold(strings.TrimSpace(direction), "desc") {
		sign = -1
	}
	return func(a, b *user) int {
		if byTime {
			return sign * a.time(propDeletedDateTime).Compare(b.time(propDeletedDateTime))
		}
		return sign * strings.Compare(strings.ToLower(a.str(prop)), strings.ToLower(b.str(prop)))
	}, nil
}

// getUser: api/user-get.md. The key is an object id or a user principal name.
func getUser(c *call) (*response, error) {
	key := c.params[0]
	if err := c.query.refuse("top", "skip", "filter", "orderby", "search", "count"); err != nil {
		return nil, err
	}
	expand, err := c.managerExpansion(c.query.get("expand"))
	if err != nil {
		return nil, err
	}
	sel, given, err := c.query.selection(c.srv.schema.entitySchema)
	if err != nil {
		return nil, err
	}
	for i := range c.srv.schema.props {
		if sel.has(propID(i)) && c.srv.schema.props[i].is(sharePoint) {
			return nil, notSimulated("properties kept in SharePoint and Exchange: " + c.srv.schema.props[i].name)
		}
	}
	if err := c.mayRead(sel, given); err != nil {
		return nil, err
	}
	if sel.has(propSignInActivity) && uuid.Validate(key) != nil {
		return nil, odataBadRequest("Get By Key only supports UserId and the key has to be a valid Guid")
	}
	r, err := c.account(key)
	if err != nil {
		return nil, err
	}
	context := c.context("users" + c.fragment(sel, given) + "/$entity")
	u := c.replica(r)
	return jsonResponse(c.renderUser(u, sel, append(context, c.expanded(u, expand)...)...)), nil
}

// account finds a live account that the replica which answers knows of.
func (c *call) account(key string) (*userRecord, error) {
	r, ok := c.tenant.find(key)
	if !ok || c.replica(r) == nil {
		return nil, notFound(key)
	}
	return r, nil
}

// replica is the state this read gets to see: shortly after a write it may be the
// one before (no session consistency for app-only callers), and nil for an account
// that was only just made.
func (c *call) replica(r *userRecord) *user {
	q := c.tenant.quirks
	if q.ReadStale == 0 || len(r.past) == 0 {
		return r.current
	}
	if chance(c.tenant.seed, "replica", r.current.id, itoa(c.entry.Seq)) >= q.ReadStale {
		return r.current
	}
	return r.asOf(c.now.Add(-q.ReadLag))
}

// mayRead checks what the selected properties need beyond the endpoint's permission.
func (c *call) mayRead(sel propSet, given bool) error {
	if !c.allowed(fullUserRead()...) {
		for i := range c.srv.schema.props {
			if given && sel.has(propID(i)) && !c.srv.schema.props[i].is(basic) {
				return denied()
			}
		}
	}
	if !sel.has(propSignInActivity) {
		return nil
	}
	if !c.allowed(signInsReadPerm) {
		return permissionMissing(signInsReadPerm)
	}
	if !c.tenant.hasP1() {
		return premiumRequired()
	}
	return nil
}

func fullUserRead() []string {
	return []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}

// renderUser adds what a snapshot does not hold, and members that stand first.
func (c *call) renderUser(u *user, sel propSet, first ...jsonMember) json.RawMessage {
	if !c.allowed(fullUserRead()...) { // the basic permission leaves the rest null
		u = u.only(c.srv.schema, basic)
	}
	if activity, ok := c.tenant.signIns[u.id]; ok && sel.has(propSignInActivity) {
		u, _ = u.with([]field{{propSignInActivity, activity}})
	}
	return c.srv.schema.encodeUser(u, sel, false, first...)
}

// fragment is the selection as the context URL shows it.
func (c *call) fragment(sel propSet, given bool) string {
	if !given {
		return ""
	}
	var names []string
	for i := range c.srv.schema.props {
		if sel.has(propID(i)) {
			names = append(names, c.srv.schema.props[i].name)
		}
	}
	return "(" + strings.Join(names, ",") + ")"
}
