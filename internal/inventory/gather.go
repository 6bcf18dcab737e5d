package inventory

import "slices"

// gathered are changes that wait to be told, one of each account, in the order in which
// they came.
type gathered struct {
	changes []Change
	at      map[string]int // by account
}

func (g *gathered) add(changes []Change) {
	for _, change := range changes {
		i, ok := g.at[change.ID]
		if !ok {
			g.at[change.ID] = len(g.changes)
			g.changes = append(g.changes, change)
			continue
		}
		before := &g.changes[i]
		before.Identity = before.Identity || change.Identity
		for _, name := range change.Names {
			if !slices.Contains(before.Names, name) {
				before.Names = append(before.Names, name)
			}
		}
	}
}

// gather has what is read meanwhile told at the end: when a tenant is read for the first
// time every feed has news of everybody, and they would be passed over once for each.
func (s *run) gather(read func()) {
	s.gathered = &gathered{at: map[string]int{}}
	defer func() {
		g := s.gathered
		s.gathered = nil
		s.emit(g.changes)
	}()
	read()
}

// emit tells the subscribers, at once or when all is gathered. Whatever a sync brings is
// told by it, and not by Tenant's.
func (s *run) emit(changes []Change) int {
	if s.gathered == nil {
		return s.Tenant.emit(changes)
	}
	s.gathered.add(changes)
	return len(changes)
}

// rederive is Tenant's, told by emit.
func (s *run) rederive() int { return s.rederiveTo(s.emit) }
