package graphsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// PutDevice adds a device, or replaces the one with its object id, and returns that
// id: somebody registered or joined it, or Intune looked at it again.
func (s *Server) PutDevice(tenantKey string, spec DeviceSpec) (string, error) {
	var id string
	err := s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		d, err := t.putDevice(spec, now)
		if err == nil {
			id = d.ID
		}
		return err
	})
	return id, err
}

// RemoveDevice deletes a device, by object id, deviceId or name. What Intune knows
// of it stays.
func (s *Server) RemoveDevice(tenantKey, key string) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		d, err := t.deviceByKey(key)
		if err != nil {
			return err
		}
		t.disown(d, d.Owners...)
		delete(t.devices.byID, d.ID)
		t.devices.order = slices.DeleteFunc(t.devices.order, func(have *DeviceSpec) bool { return have == d })
		return nil
	})
}

// PutManagedDevice adds what Intune knows of a device, or replaces the record with
// its id, and returns that id.
func (s *Server) PutManagedDevice(tenantKey string, spec ManagedDeviceSpec) (string, error) {
	var id string
	err := s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		m, err := t.putManagedDevice(spec, now)
		if err == nil {
			id = m.ID
		}
		return err
	})
	return id, err
}

// RemoveManagedDevice makes Intune forget a device, by id or name.
func (s *Server) RemoveManagedDevice(tenantKey, key string) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		before := len(t.devices.managed)
		t.devices.managed = slices.DeleteFunc(t.devices.managed, func(m *ManagedDeviceSpec) bool {
			gone := strings.EqualFold(m.ID, key) || m.DeviceName == key
			if gone {
				delete(t.devices.managedByID, m.ID)
			}
			return gone
		})
		if len(t.devices.managed) == before {
			return fmt.Errorf("no managed device %q", key)
		}
		return nil
	})
}

// adminDevices is what happens to devices outside Graph.
func (s *Server) adminDevices(handle adminRoute) {
	handle("POST /_sim/tenants/{tenant}/devices", func(r *http.Request) (any, error) {
		var spec DeviceSpec
		if err := readJSON(r, &spec); err != nil {
			return nil, err
		}
		id, err := s.PutDevice(r.PathValue("tenant"), spec)
		return map[string]string{"id": id}, err
	})
	handle("DELETE /_sim/tenants/{tenant}/devices/{device}", func(r *http.Request) (any, error) {
		return nil, s.RemoveDevice(r.PathValue("tenant"), r.PathValue("device"))
	})
	handle("POST /_sim/tenants/{tenant}/managedDevices", func(r *http.Request) (any, error) {
		var spec ManagedDeviceSpec
		if err := readJSON(r, &spec); err != nil {
			return nil, err
		}
		id, err := s.PutManagedDevice(r.PathValue("tenant"), spec)
		return map[string]string{"id": id}, err
	})
	handle("DELETE /_sim/tenants/{tenant}/managedDevices/{device}", func(r *http.Request) (any, error) {
		return nil, s.RemoveManagedDevice(r.PathValue("tenant"), r.PathValue("device"))
	})
}
