package inventory

import (
	"slices"
	"strings"
	"time"
)

// LinkKind is what joins an account to something else.
type LinkKind string

// The kinds of links.
const (
	// LinkGroup makes the account a direct member of the group Target.
	LinkGroup LinkKind = "Group"
	// LinkAppRole gives the account the role Qualifier in the application Target.
	LinkAppRole LinkKind = "AppRole"
	// LinkRole gives the account the directory role Target over the scope Qualifier.
	LinkRole LinkKind = "Role"
	// LinkManager makes Target the account's manager; when it is not present, the account
	// has none.
	LinkManager LinkKind = "Manager"
)

// feed is the one that tells of such links.
func (k LinkKind) feed() FeedName {
	switch k {
	case LinkGroup:
		return FeedMemberships
	case LinkAppRole:
		return FeedApplications
	case LinkRole:
		return FeedRoles
	default:
		return FeedManagers
	}
}

// Link joins an account to something else. All but a role's scope are ids.
type Link struct {
	Kind                    LinkKind
	User, Target, Qualifier string
}

// same tells whether one link takes the other's place.
func (l Link) same(other Link) bool {
	if l.Kind == LinkManager {
		return other.Kind == LinkManager
	}
	return l == other
}

// linkHold is a link that the operator made or undid.
type linkHold struct {
	Link
	present bool
	// made is when.
	made time.Time
	// until when it is believed although no feed shows it.
	until time.Time
	// act numbers the operator's writes: only what was begun to be read later tells of it.
	act uint64
	// shown is true once a reading had it. The next may still come from a replica that has
	// not, so until replicaLag has passed that ends nothing.
	shown bool
}

// ExpectLink makes ByID show a link that the operator just made, or undid, until a feed
// shows it. When none does within Options.Expectation, and the feed has been read since,
// the feed is believed.
func (t *Tenant) ExpectLink(link Link, present bool) {
	link = link.canonical()
	t.emit(t.write(func(w *writer) {
		w.written[link.User] = w.now
		a, ok := w.accounts[link.User]
		if !ok || a.shown.Gone != GoneNot {
			return
		}
		w.acts++
		holds := slices.DeleteFunc(slices.Clone(w.facts.links[link.User]), func(h linkHold) bool { return h.same(link) })
		w.facts.links[a.shown.User.ID] = append(holds, linkHold{
			Link: link, present: present, made: w.now, until: w.now.Add(w.store.options.Expectation), act: w.acts,
		})
		w.refresh(a)
	}))
}

// LinksBegun is when the last complete reading of links of a kind began, zero before it.
func (t *Tenant) LinksBegun(kind LinkKind) time.Time {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.feed(kind.feed()).begun
}

// AskLinks has links of a kind read at the next Sync, unless their reading is held up.
func (t *Tenant) AskLinks(kind LinkKind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.makeDue(t.feed(kind.feed()))
}

// canonical is the link with ids in lower case.
func (l Link) canonical() Link {
	l.User, l.Target = strings.ToLower(l.User), strings.ToLower(l.Target)
	if l.Kind == LinkAppRole {
		l.Qualifier = strings.ToLower(l.Qualifier)
	}
	return l
}

// dropLinks ends the holds for which done is true.
func (w *writer) dropLinks(done func(linkHold) bool) {
	for id, holds := range w.facts.links {
		left := slices.DeleteFunc(slices.Clone(holds), done)
		if len(left) == len(holds) {
			continue
		}
		if len(left) == 0 {
			delete(w.facts.links, id)
		} else {
			w.facts.links[id] = left
		}
		if a, ok := w.accounts[id]; ok {
			w.refresh(a)
		}
	}
}

// meetLinks ends the holds of one kind that a reading of everything, begun after the
// operator's write, has shown, or one before it.
func (s *run) meetLinks(kind LinkKind, reading *round) int {
	return s.emit(s.write(func(w *writer) {
		for _, holds := range w.facts.links {
			for i := range holds {
				h := &holds[i]
				h.shown = h.shown || h.Kind == kind && h.act <= reading.acts && w.facts.shows(*h)
			}
		}
		w.dropLinks(func(h linkHold) bool {
			return h.Kind == kind && h.shown && !reading.begun.Before(h.made.Add(replicaLag))
		})
	}))
}

// sweepLinks ends the holds whose time is up. One whose feed has not been read since all
// replicas have the operator's write is kept until it has: the feed then is due at once.
func (w *writer) sweepLinks() {
	unread := map[FeedName]bool{}
	for _, f := range w.feeds {
		unread[f.status.Name] = !w.isIdle(f) && (f.status.Reason == "" || f.status.Reason == ReasonNotRead)
	}
	hurried := map[FeedName]bool{}
	for id, holds := range w.facts.links {
		holds = slices.Clone(holds)
		for i := range holds {
			h := &holds[i]
			name := h.Kind.feed()
			if !w.now.Before(h.until) && unread[name] && !w.feed(name).sees(h) {
				h.until, hurried[name] = w.now.Add(firstRetry), true
			}
		}
		w.facts.links[id] = holds
	}
	for name := range hurried {
		w.makeDue(w.feed(name))
	}
	w.dropLinks(func(h linkHold) bool { return !w.now.Before(h.until) })
}

// sees tells whether the last complete round was begun late enough to show a link.
func (f *feed) sees(h *linkHold) bool {
	return f.acts >= h.act && !f.begun.Before(h.made.Add(replicaLag))
}

// shows tells whether the feeds have a link as it is expected.
func (f *facts) shows(h linkHold) bool {
	switch h.Kind {
	case LinkGroup:
		return f.memberships.has(h.User, h.Target) == h.present
	case LinkAppRole:
		return slices.ContainsFunc(f.applications.roles[h.User], func(r AppRole) bool {
			return r.ApplicationID == h.Target && r.RoleID == h.Qualifier
		}) == h.present
	case LinkRole:
		return slices.ContainsFunc(f.roles.byHolder[h.User], h.isRole) == h.present
	default:
		return h.present && f.managers[h.User] == h.Target || !h.present && f.managers[h.User] == ""
	}
}

// isRole tells whether a role is the one that the link gives.
func (h linkHold) isRole(role Role) bool {
	return role.Path == RoleDirect && role.RoleID == h.Target && role.Scope == h.Qualifier
}
