package graphsim

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// SyncState is what is known of a tenant's synchronization.
type SyncState struct {
	Client  SyncClient `json:"client"`
	Last    time.Time  `json:"last,omitzero"`
	Next    time.Time  `json:"next,omitzero"`
	Cycles  uint64     `json:"cycles"`
	Writes  uint64     `json:"writes"`  // accounts that cycles changed
	Pending int        `json:"pending"` // accounts that changed on either side since the last cycle
}

// SetSync puts a synchronization client into a tenant, or takes it away; the first
// cycle comes an interval later.
func (s *Server) SetSync(tenantKey string, client SyncClient) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error { return t.setSync(client, now) })
}

func (t *tenant) setSync(client SyncClient, now time.Time) error {
	if client != SyncNone && client.interval() == 0 {
		return fmt.Errorf("no synchronization client %q", client)
	}
	t.sync = syncEngine{client: client, last: now, dirty: map[string]bool{}}
	for id, r := range t.users {
		if r.onPremises != nil && client != SyncNone {
			t.sync.dirty[id] = true // a first cycle compares all
		}
	}
	return nil
}

// Sync tells how a tenant is synchronized.
func (s *Server) Sync(tenantKey string) (SyncState, error) {
	var st SyncState
	err := s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		e := &t.sync
		st = SyncState{Client: e.client, Cycles: e.cycles, Writes: e.writes, Pending: len(e.dirty)}
		if e.client != SyncNone {
			st.Last, st.Next = e.last, e.last.Add(e.client.interval())
		}
		return nil
	})
	return st, err
}

// Synchronize runs a cycle at once, as an administrator on premises can, and returns
// how many accounts it changed.
func (s *Server) Synchronize(tenantKey string) (int, error) {
	changed := 0
	err := s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		if t.sync.client == SyncNone {
			return errors.New("nothing synchronizes into this tenant")
		}
		changed = t.synchronize(now)
		return nil
	})
	return changed, err
}

// PatchOnPremises changes an account in Active Directory: a user disabled there, a
// new name. The tenant shows it after the next cycle.
func (s *Server) PatchOnPremises(tenantKey, key string, properties map[string]any) error {
	return s.onPremises(tenantKey, key, func(t *tenant, side *onPremisesSide) error {
		fields, _, err := t.fieldsOf(properties)
		if err != nil {
			return err
		}
		for _, f := range fields {
			if !t.schema.onPremises(f.prop) {
				return fmt.Errorf("property %s is not mastered on premises", t.schema.props[f.prop].name)
			}
		}
		side.state, _ = side.state.with(fields)
		return nil
	})
}

// DeleteOnPremises deletes an account in Active Directory; the next cycle deletes it
// in the tenant.
func (s *Server) DeleteOnPremises(tenantKey, key string) error {
	return s.onPremises(tenantKey, key, func(_ *tenant, side *onPremisesSide) error {
		side.gone = true
		return nil
	})
}

// RestoreOnPremises brings it back there, and with the next cycle in the tenant.
func (s *Server) RestoreOnPremises(tenantKey, id string) error {
	return s.onPremises(tenantKey, id, func(_ *tenant, side *onPremisesSide) error {
		side.gone = false
		return nil
	})
}

func (s *Server) onPremises(tenantKey, key string, change func(*tenant, *onPremisesSide) error) error {
	return s.withUser(tenantKey, key, func(t *tenant, r *userRecord, _ time.Time) error {
		if r.onPremises == nil {
			return fmt.Errorf("user %q is not synced from Active Directory", key)
		}
		if err := change(t, r.onPremises); err != nil {
			return err
		}
		t.touched(r)
		return nil
	})
}

// adminSync serves what belongs to Active Directory.
func (s *Server) adminSync(handle adminRoute) {
	handle("GET /_sim/tenants/{tenant}/sync", func(r *http.Request) (any, error) { return s.Sync(r.PathValue("tenant")) })
	handle("PUT /_sim/tenants/{tenant}/sync", func(r *http.Request) (any, error) {
		var body struct {
			Client SyncClient `json:"client"`
		}
		if err := readJSON(r, &body); err != nil {
			return nil, err
		}
		return nil, s.SetSync(r.PathValue("tenant"), body.Client)
	})
	handle("POST /_sim/tenants/{tenant}/sync", func(r *http.Request) (any, error) {
		changed, err := s.Synchronize(r.PathValue("tenant"))
		return map[string]int{"changed": changed}, err
	})
	handle("PATCH /_sim/tenants/{tenant}/users/{user}/onPremises", func(r *http.Request) (any, error) {
		properties := map[string]any{}
		if err := readJSON(r, &properties); err != nil {
			return nil, err
		}
		return nil, s.PatchOnPremises(r.PathValue("tenant"), r.PathValue("user"), properties)
	})
	handle("DELETE /_sim/tenants/{tenant}/users/{user}/onPremises", func(r *http.Request) (any, error) {
		return nil, s.DeleteOnPremises(r.PathValue("tenant"), r.PathValue("user"))
	})
	handle("POST /_sim/tenants/{tenant}/users/{user}/onPremises/restore", func(r *http.Request) (any, error) {
		return nil, s.RestoreOnPremises(r.PathValue("tenant"), r.PathValue("user"))
	})
}
