package graphsim

import (
	"maps"
	"slices"
	"time"
)

// SyncClient is what synchronizes an Active Directory into a tenant.
type SyncClient string

// Clients that synchronize (entra-docs hybrid/connect/how-to-connect-sync-feature-scheduler.md,
// hybrid/cloud-sync/what-is-cloud-sync.md).
const (
	SyncNone      SyncClient = ""
	SyncConnect   SyncClient = "Connect"   // Microsoft Entra Connect Sync, every 30 minutes
	SyncCloudSync SyncClient = "CloudSync" // Microsoft Entra Cloud Sync, every 2 minutes
)

func (c SyncClient) interval() time.Duration {
	switch c {
	case SyncConnect:
		return 30 * time.Minute
	case SyncCloudSync:
		return 2 * time.Minute
	default:
		return 0
	}
}

// syncEngine writes to the tenant what the on-premises directory masters, also over
// what was changed in the cloud since. It looks only at accounts that changed on
// either side.
type syncEngine struct {
	client SyncClient
	last   time.Time // of the last cycle
	dirty  map[string]bool
	cycles uint64
	writes uint64 // accounts that cycles changed
}

// onPremisesSide is an account as Active Directory has it.
type onPremisesSide struct {
	state   *user // of which the engine takes what is mastered there
	gone    bool  // deleted there
	removed bool  // and therefore deleted in the tenant by the engine
}

// touched notes a change of an account for the next cycle.
func (t *tenant) touched(r *userRecord) {
	if r.onPremises != nil && t.sync.client != SyncNone {
		t.sync.dirty[r.current.id] = true
	}
}

// synchronizeUntil runs the cycles that were due until now. After the first of them
// the others have nothing to do, since every act in the tenant comes here before it:
// they are only counted, so that a step over days costs no more than one cycle.
func (t *tenant) synchronizeUntil(now time.Time) {
	e := &t.sync
	interval := e.client.interval()
	if interval == 0 || now.Sub(e.last) < interval {
		return
	}
	due := e.last.Add(interval)
	t.synchronize(due)
	idle := now.Sub(due) / interval
	e.last = now.Add(-(now.Sub(due) % interval))
	e.cycles += uint64(idle) //nolint:gosec // not negative
}

// synchronize runs one cycle and returns how many accounts it changed.
func (t *tenant) synchronize(at time.Time) int {
	e, changed := &t.sync, 0
	ids := slices.Sorted(maps.Keys(e.dirty))
	clear(e.dirty)
	for _, id := range ids {
		if t.assert(t.users[id], at) {
			changed++
		}
	}
	clear(e.dirty) // of the engine's own writes
	e.last = at
	e.cycles++
	e.writes += uint64(changed)
	return changed
}

// assert makes an account what Active Directory says, and reports whether it was not.
func (t *tenant) assert(r *userRecord, at time.Time) bool {
	side, restored := r.onPremises, false
	switch {
	case side == nil || r.purged:
		return false
	case side.gone:
		if !r.live() {
			return false
		}
		side.removed = true
		t.softDelete(r, at)
		return true
	case !r.live():
		_, taken := t.upns[canonicalUPN(r.current.upn())]
		if !side.removed || taken {
			return false // deleted in the cloud: it stays there
		}
		side.removed, restored = false, true
		t.restore(r, at)
	}
	changes := t.asserted(r)
	if len(changes) > 0 || restored {
		t.apply(r, append(changes, field{propOnPremisesLastSync, at}), at)
	}
	return len(changes) > 0 || restored
}

// asserted lists the mastered properties that differ. A principal name that somebody
// else holds is left as it is.
func (t *tenant) asserted(r *userRecord) []field {
	var changes []field
	for i := range t.schema.props {
		prop := propID(i)
		if !t.schema.onPremises(prop) {
			continue
		}
		want, _ := r.onPremises.state.get(prop)
		have, _ := r.current.get(prop)
		if sameValue(want, have) {
			continue
		}
		if prop == propUserPrincipalName {
			upn, _ := want.(string)
			if holder, taken := t.upns[canonicalUPN(upn)]; taken && holder != r.current.id {
				continue
			}
		}
		changes = append(changes, field{prop, want})
	}
	return changes
}

// onPremises tells what Active Directory decides: what Graph calls mastered, and
// accountEnabled, which Graph lets be changed until the next cycle.
func (s *userSchema) onPremises(prop propID) bool {
	def := &s.props[prop]
	return prop == propAccountEnabled || def.is(mastered) && !def.is(neverVisible)
}
