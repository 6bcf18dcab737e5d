package graphsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// deltaState is what a delta link carries: everything the first request asked for
// and where the client stands (concepts/delta-query-overview.md).
type deltaState struct {
	Of      string // the collection
	Epoch   string // of the tenant
	Select  propSet
	Given   bool
	IDs     []string  // $filter id eq …
	Minimal bool      // Prefer: return=minimal
	Issued  time.Time // of a deltaLink: when it expires counts from here
	Series  uint64    // of the tenant's tokens when it was issued
	From    uint64    // the client has seen everything up to this version
	To      uint64    // the round brings everything up to this version
	Initial bool      // a first round lists every account
	Offset  int       // in a first round: the place in the order of creation; else accounts shown
	Seen    uint64    // in later rounds: the pages before went up to this version
	Emptied bool      // the page before was empty for no reason
	Lied    bool      // an older state came after a newer in this round
	Calm    bool      // this round replays one that lied, and tells the truth
	// Of groups/delta: whether memberships are wanted, and how many of those of the
	// group that the page before ended in were shown.
	Members bool
	Member  int
}

// deltaFeed is a collection that can be followed.
type deltaFeed struct {
	schema    *entitySchema
	versionAt func(time.Time) uint64 // the last version at that time
}

// deltaItem is one element of a page.
type deltaItem struct {
	change  change
	removed string // reason of @removed
	full    bool   // the whole object, not only what changed
}

// deltaUsers: api/user-delta.md.
func deltaUsers(c *call) (*response, error) {
	if err := c.refuseDeltaOptions(); err != nil {
		return nil, err
	}
	st, err := c.deltaState(deltaFeed{c.srv.schema.entitySchema, c.tenant.log.versionAt})
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(c.query.get("deltatoken"), "latest") {
		return c.deltaPage(st, nil, true)
	}
	if st.Emptied = c.emptyPage(st); st.Emptied {
		return c.deltaPage(st, nil, false)
	}
	items, last := c.deltaItems(st)
	if !st.Calm {
		items = c.disturb(st, items)
	}
	return c.deltaPage(st, items, last)
}

func (c *call) refuseDeltaOptions() error {
	for _, option := range []string{"expand", "orderby", "search"} {
		if c.query.has(option) {
			return unsupportedQuery("The query parameter '$" + option + "' is not supported with delta queries.")
		}
	}
	return nil
}

// deltaState begins a round, or goes on with the one the token stands for.
func (c *call) deltaState(feed deltaFeed) (*deltaState, error) {
	q, horizon := c.query, feed.versionAt(c.now.Add(-c.tenant.quirks.DeltaLag)) // changes may be late
	if token := q.get("skiptoken"); token != "" {
		return c.openDelta(token)
	}
	if token := q.get("deltatoken"); token != "" && !strings.EqualFold(token, "latest") {
		st, err := c.openDelta(token)
		if err != nil {
			return nil, err
		}
		st.To, st.Offset, st.Seen = max(st.From, horizon), 0, st.From
		return st, nil
	}
	sel, given, err := q.selection(feed.schema)
	if err != nil {
		return nil, err
	}
	if feed.schema == c.srv.schema.entitySchema && sel.has(propSignInActivity) {
		return nil, odataBadRequest("Invalid request for delta query. Delta query is not supported for the following properties: signInActivity")
	}
	sel.add(propObjectID)
	ids, err := deltaFilter(q.get("filter"))
	if err != nil {
		return nil, err
	}
	return &deltaState{
		Of: c.endpoint.template, Epoch: c.tenant.epoch, Series: c.tenant.deltaSeries, Select: sel, Given: given, IDs: ids, Issued: c.now, Initial: true, To: horizon,
		Minimal: strings.Contains(strings.ToLower(c.req.header.Get("Prefer")), "return=minimal"),
	}, nil
}

func (c *call) openDelta(token string) (*deltaState, error) {
	st := &deltaState{}
	if err := c.srv.sealer.open(token, st); err != nil || st.Of != c.endpoint.template {
		return nil, odataBadRequest("Badly formed token.")
	}
	if st.Epoch != c.tenant.epoch {
		return nil, syncStateNotFound()
	}
	if c.now.Sub(st.Issued) <= deltaLifetime && st.Series == c.tenant.deltaSeries {
		return st, nil
	}
	c.tenant.stats.deltaExpired()
	gone := c.srv.opts.DeltaExpiry == DeltaExpiryGone
	if c.srv.opts.DeltaExpiry == DeltaExpiryAlternate {
		gone = c.srv.expired.Add(1)%2 == 1
	}
	if gone {
		return nil, &graphError{
			status: http.StatusGone, code: "resyncRequired", message: "Resync required. Any local data must be discarded and a full synchronization done.",
			header: http.Header{"Location": {c.url(st.Of + "?$deltatoken=")}},
		}
	}
	return nil, syncStateNotFound()
}

func syncStateNotFound() *graphError {
	return &graphError{status: http.StatusBadRequest, code: "syncStateNotFound", message: "The sync state generation is not found; the token has expired."}
}

// deltaFilter reads the only filter delta takes: up to 50 ids joined by or.
func deltaFilter(raw string) ([]string, error) {
	if raw == "" {
		return nil, nil
	}
	var ids []string
	for _, clause := range strings.Split(raw, " or ") {
		parts := strings.Fields(clause)
		if len(parts) != 3 || !strings.EqualFold(parts[0], "id") || !strings.EqualFold(parts[1], "eq") {
			return nil, unsupportedQuery("Delta query supports only filters on id.")
		}
		id, quoted := unquote(parts[2])
		if !quoted || uuid.Validate(id) != nil {
			return nil, odataBadRequest("Invalid filter clause: Invalid object identifier '" + id + "'.")
		}
		ids = append(ids, strings.ToLower(id))
	}
	if len(ids) > 50 {
		return nil, unsupportedQuery("Delta query supports at most 50 ids in a filter.")
	}
	return ids, nil
}

// deltaItems collects a page of the round and moves the offset behind it.
func (c *call) deltaItems(st *deltaState) (items []deltaItem, last bool) {
	size := c.srv.opts.DeltaPageSize
	if st.Initial {
		return c.initialItems(st, size)
	}
	return c.changedItems(st, size)
}

func (c *call) initialItems(st *deltaState, size int) ([]deltaItem, bool) {
	var items []deltaItem
	order := c.tenant.order
	for ; st.Offset < len(order) && len(items) < size; st.Offset++ {
		r := c.tenant.users[order[st.Offset]]
		if len(st.IDs) > 0 && !slices.Contains(st.IDs, r.current.id) {
			continue
		}
		switch {
		case r.live():
			items = append(items, deltaItem{change: change{id: r.current.id, state: r.current}, full: true})
		case !r.purged && c.tenant.quirks.DeltaInitialRemoved:
			items = append(items, deltaItem{change: change{id: r.current.id}, removed: "changed"})
		}
	}
	return items, st.Offset >= len(order)
}

// changedItems folds the round's changes into one item per account, in the order of
// the last change. Changes to unselected properties do not surface.
func (c *call) changedItems(st *deltaState, size int) (items []deltaItem, last bool) {
	log, tracked := &c.tenant.log, c.srv.schema.tracked(st.Select)
	for _, e := range log.between(st.Seen, st.To) {
		if len(items) == size {
			return items, false
		}
		st.Seen = e.version
		later := e.next != 0 && e.next <= st.To
		if later || len(st.IDs) > 0 && !slices.Contains(st.IDs, e.id) {
			continue
		}
		mask, whole := log.folded(&e, st.From)
		if !whole && !mask.intersects(tracked) {
			continue
		}
		e.mask = mask.intersection(tracked)
		items = append(items, deltaItem{change: e, removed: removalReason(e.kind, e.state), full: whole})
		st.Offset++
	}
	return items, true
}

func removalReason(kind changeKind, state *user) string {
	if kind == changePurged {
		return "deleted"
	}
	if v, _ := state.get(propDeletedDateTime); v != nil {
		return "changed"
	}
	return ""
}

// tracked leaves out the properties whose changes delta does not see.
func (s *userSchema) tracked(sel propSet) propSet {
	var out propSet
	for i := range s.props {
		if sel.has(propID(i)) && !s.props[i].is(untracked) {
			out.add(propID(i))
		}
	}
	return out
}

// emptyPage decides whether the client gets an empty page with a nextLink first.
// A round without changes is spared: it would have one for ever.
func (c *call) emptyPage(st *deltaState) bool {
	rate := c.tenant.quirks.DeltaEmptyPage
	if rate == 0 || st.Emptied || !st.Initial && st.From == st.To {
		return false
	}
	return chance(c.tenant.seed, "empty page", itoa(st.To), strconv.Itoa(st.Offset)) < rate
}

// disturb adds what Microsoft allows itself: objects that come twice, and older
// states after newer ones. A round that lied is replayed by its deltaLink, and the
// replay tells the truth.
func (c *call) disturb(st *deltaState, items []deltaItem) []deltaItem {
	q, out := c.tenant.quirks, slices.Clone(items)
	for _, it := range items {
		version := itoa(it.change.version)
		if chance(c.tenant.seed, "repeat", it.change.id, version) < q.DeltaRepeat {
			out = append(out, it)
		}
		if it.full || it.removed != "" || it.change.before == nil || chance(c.tenant.seed, "stale", it.change.id, version) >= q.DeltaStale {
			continue
		}
		it.change.state = it.change.before
		out = append(out, it)
		st.Lied = true
	}
	return out
}

// deltaPage renders a page of accounts.
func (c *call) deltaPage(st *deltaState, items []deltaItem, last bool) (*response, error) {
	var values []json.RawMessage
	for _, it := range items {
		values = append(values, c.renderDelta(st, it))
	}
	return c.deltaAnswer(st, "users"+c.fragment(st.Select, st.Given), values, last)
}

// deltaAnswer is a page with its nextLink or deltaLink.
func (c *call) deltaAnswer(st *deltaState, context string, values []json.RawMessage, last bool) (*response, error) {
	link, option, next := "@odata.nextLink", "$skiptoken=", *st
	if last {
		link, option = "@odata.deltaLink", "$deltatoken="
		next = deltaState{
			Of: st.Of, Epoch: st.Epoch, Select: st.Select, Given: st.Given, IDs: st.IDs, Minimal: st.Minimal, Members: st.Members,
			Issued: c.now, Series: c.tenant.deltaSeries, From: st.To, Calm: st.Lied,
		}
		if st.Lied {
			next.From = st.From
		}
	}
	token, err := c.srv.sealer.seal(next)
	if err != nil {
		return nil, err
	}
	return collection(c.context(context), values, jsonMember{link, c.url(st.Of + "?" + option + token)}), nil
}

func (c *call) renderDelta(st *deltaState, it deltaItem) json.RawMessage {
	if it.removed != "" {
		return object(jsonMember{"id", it.change.id}, jsonMember{"@removed", map[string]string{"reason": it.removed}})
	}
	sel := st.Select
	if st.Minimal && !it.full {
		sel = it.change.mask
		sel.add(propObjectID)
	}
	return c.srv.schema.encodeUser(it.change.state, sel, true, c.managerChange(st, it)...)
}
