package inventory

import "strings"

// want notes what must be known beyond the accounts, forgets what nobody asks for any
// more, and makes due at once what is new.
func (t *Tenant) want(request SyncRequest) {
	if t.note(request) {
		t.rederive()
	}
}

// note returns true when accounts' Observations may change.
func (t *Tenant) note(request SyncRequest) (forgotten bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var added bool
	if t.wanted, added = wanted(request.Groups, t.wanted); added {
		t.begin(FeedGroups)
	}
	for id := range t.facts.groups {
		if !t.wanted[id] {
			delete(t.facts.groups, id)
		}
	}
	if t.wantedApplications, added = wanted(request.Applications, t.wantedApplications); added {
		t.begin(FeedApplications)
	}
	forgotten = t.facts.applications.keep(t.wantedApplications)
	if request.Managers && !t.wantedManagers {
		t.begin(FeedManagers)
	}
	t.wantedManagers = request.Managers
	if !request.Managers && t.facts.managers != nil {
		t.facts.managers, forgotten = nil, true
	}
	return forgotten
}

// wanted are ids as a set; added tells whether one is new in it.
func wanted(ids []string, before map[string]bool) (set map[string]bool, added bool) {
	set = make(map[string]bool, len(ids))
	for _, id := range ids {
		id = strings.ToLower(id)
		added = added || !before[id]
		set[id] = true
	}
	return set, added
}

// begin makes a feed begin anew, at once unless it is to be left alone.
func (t *Tenant) begin(name FeedName) {
	f := t.feed(name)
	f.round = nil
	t.makeDue(f)
}
