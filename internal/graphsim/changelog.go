package graphsim

import (
	"slices"
	"sort"
	"time"
)

// changeKind is what happened to an object.
type changeKind uint8

const (
	changeCreated changeKind = iota
	changeUpdated
	changeDeleted // soft
	changePurged
	changeRestored
)

// change is one entry of a tenant's log of accounts.
type change = revision[*user]

// changeLog is the history of accounts that users/delta reads.
type changeLog = history[*user]

// revision is one change of an object whose states are of type S.
type revision[S any] struct {
	version uint64
	at      time.Time
	id      string
	kind    changeKind
	mask    propSet // what changed, for changeUpdated
	before  S       // the state before, for changeUpdated
	state   S       // the state after

	// The versions of the object's change before and of the one after, 0 for none.
	previous, next uint64
}

// history is what delta queries read. Versions grow by one.
type history[S any] struct {
	version uint64
	entries []revision[S]
	latest  map[string]uint64 // by object: its last change
}

// deltaLifetime is how long a delta token lives (concepts/delta-query-overview.md:
// seven days for directory objects).
const deltaLifetime = 7 * 24 * time.Hour

// logLifetime covers a token of full age whose round is replayed by another one.
const logLifetime = 3 * deltaLifetime

func (l *history[S]) append(c revision[S]) {
	l.version++
	c.version, c.previous = l.version, l.latest[c.id]
	if before := l.at(c.previous); before != nil {
		before.next = c.version
	}
	if l.latest == nil {
		l.latest = map[string]uint64{}
	}
	l.latest[c.id] = c.version
	l.entries = append(l.entries, c)
	if half := len(l.entries) / 2; half > 512 && l.entries[half].at.Before(c.at.Add(-logLifetime)) {
		l.entries = slices.Clone(l.entries[half:])
	}
}

// at finds the change of that version; nil if it was forgotten or never was.
func (l *history[S]) at(version uint64) *revision[S] {
	if len(l.entries) == 0 || version < l.entries[0].version || version > l.version {
		return nil
	}
	return &l.entries[version-l.entries[0].version]
}

// forget drops what no delta token can ask for.
func (l *history[S]) forget() { l.entries, l.latest = nil, nil }

// folded sums up the changes of an object from the one given back to the version
// from, which is not part of it: what changed, and whether it came or went.
func (l *history[S]) folded(e *revision[S], from uint64) (mask propSet, whole bool) {
	for ; e != nil && e.version > from; e = l.at(e.previous) {
		mask = mask.union(e.mask)
		whole = whole || e.kind != changeUpdated
	}
	return mask, whole
}

// between returns the entries with from < version <= to.
func (l *history[S]) between(from, to uint64) []revision[S] {
	lo := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].version > from })
	hi := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].version > to })
	return l.entries[lo:max(lo, hi)]
}

// versionAt is the last version made at or before t.
func (l *history[S]) versionAt(t time.Time) uint64 {
	i := len(l.entries)
	for i > 0 && l.entries[i-1].at.After(t) {
		i--
	}
	if i == len(l.entries) {
		return l.version
	}
	return l.entries[i].version - 1
}
