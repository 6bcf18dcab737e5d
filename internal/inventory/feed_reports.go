package inventory

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

const secondsPerDay = int64(24 * time.Hour / time.Second)

// registrationsRound reads the authentication methods report.
func registrationsRound(*Tenant) *round {
	var lines []directory.Registration
	return &round{
		tasks: []task{pages(directory.Reader.Registrations, func(items []directory.Registration) { lines = items })},
		store: func(s *run) (int, Reason) {
			known := make(map[string]registration, len(lines))
			for portion := range slices.Chunk(lines, writePortion) {
				s.mu.Lock()
				for i := range portion {
					id := s.canonical(portion[i].ID)
					known[id] = s.registrationOf(id, &portion[i])
				}
				s.mu.Unlock()
			}
			s.mu.Lock()
			s.facts.registrations, s.facts.registrationsReason = known, ""
			for i := range lines {
				if id := strings.ToLower(lines[i].ID); lines[i].Updated.After(s.facts.methods[id].read) {
					delete(s.facts.methods, id)
				}
			}
			s.mu.Unlock()
			return s.rederive(), ""
		},
	}
}

func dropRegistrations(f *facts, reason Reason) {
	f.registrations, f.registrationsReason = nil, reason
}

// registrationOf is a line of the report; the caller holds the lock. Microsoft dates
// all lines anew with each report, so a line that says the same keeps its date.
func (t *Tenant) registrationOf(id string, line *directory.Registration) registration {
	methods := t.interned.list(slices.Sorted(slices.Values(line.Methods)))
	now := registration{
		state:         MFANotRegistered,
		methods:       methods,
		defaultMethod: t.interned.string(line.DefaultMethod),
		asOf:          line.Updated.UTC(),
	}
	if line.MFARegistered {
		now.state = MFARegistered
	}
	was, ok := t.facts.registrations[id]
	if ok && was.state == now.state && was.defaultMethod == now.defaultMethod && slices.Equal(was.methods, now.methods) {
		return was
	}
	return now
}

// canonical is the one copy of an account's id; the caller holds the lock.
func (t *Tenant) canonical(id string) string {
	id = strings.ToLower(id)
	if a, ok := t.accounts[id]; ok {
		return a.shown.User.ID
	}
	return id
}

// signInsRound reads when accounts last signed in.
func signInsRound(*Tenant) *round {
	var lines []directory.SignIn
	return &round{
		tasks: []task{pages(directory.Reader.SignIns, func(items []directory.SignIn) { lines = items })},
		store: func(s *run) (int, Reason) {
			days := make(map[string]int32, len(lines))
			for portion := range slices.Chunk(lines, writePortion) {
				s.mu.RLock()
				for _, line := range portion {
					days[s.canonical(line.ID)] = dayOf(line.LastSuccessful)
				}
				s.mu.RUnlock()
			}
			s.mu.Lock()
			s.facts.signIns, s.facts.signInsReason = days, ""
			s.mu.Unlock()
			return s.rederive(), ""
		},
	}
}

func dropSignIns(f *facts, reason Reason) { f.signIns, f.signInsReason = nil, reason }

// dayOf counts days since 1970; 0 for no time.
func dayOf(t time.Time) int32 {
	if t.IsZero() {
		return 0
	}
	return int32(t.Unix() / secondsPerDay) //nolint:gosec // overflows in millions of years
}

// roomsRound reads the rooms' mailboxes.
func roomsRound(*Tenant) *round {
	rooms := map[string]bool{}
	return &round{
		tasks: []task{pages(directory.Reader.Rooms, func(items []directory.Room) {
			for _, room := range items {
				rooms[strings.ToLower(room.Mail)] = true
			}
		})},
		store: func(s *run) (int, Reason) {
			s.mu.Lock()
			same := s.facts.rooms != nil && maps.Equal(s.facts.rooms, rooms)
			s.facts.rooms = rooms
			s.mu.Unlock()
			if same {
				return 0, ""
			}
			return s.rederive(), ""
		},
	}
}

func dropRooms(f *facts, _ Reason) { f.rooms = nil }
