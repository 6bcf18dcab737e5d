package inventory

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// Tenant is what is known of one tenant. It is safe for concurrent use; reading from
// it never waits for Graph.
type Tenant struct {
	key   types.NamespacedName
	store *Store
}

func newTenant(key types.NamespacedName, store *Store) *Tenant {
	return &Tenant{key: key, store: store}
}

// Synced is true once all users of the tenant have been read, and the other feeds as
// far as they could be in the same sync.
func (t *Tenant) Synced() bool { panic("in the making") }

// ByID is what is known of an account; false when it was never seen.
func (t *Tenant) ByID(id string) (Observation, bool) { panic("in the making") }

// ByName is the object id of the account with a user principal name, without regard
// to case. Accounts that are gone have no name.
func (t *Tenant) ByName(upn string) (id string, ok bool) { panic("in the making") }

// InGroup tells whether an account is in one of the groups that the last Sync was
// asked for; Unknown when that group could not be read.
func (t *Tenant) InGroup(groupID, userID string) directory.Tristate { panic("in the making") }

// Range calls f for every account that is there, until it returns false. f is called
// outside locks; what changes meanwhile may or may not be seen.
func (t *Tenant) Range(f func(Observation) bool) { panic("in the making") }

// GlobalAdmins are the ids, sorted, of the accounts that are not blocked and hold the
// Global Administrator role over the whole tenant now, directly or through a group;
// eligible ones do not count. known is false when there may be others.
func (t *Tenant) GlobalAdmins() (ids []string, known bool) { panic("in the making") }

// Summary is what is known of the tenant as a whole.
func (t *Tenant) Summary() Summary { panic("in the making") }

// Recheck makes the feeds that were refused due at once: the token's permissions
// changed.
func (t *Tenant) Recheck() { panic("in the making") }

// Refresh stores an account as just read live.
func (t *Tenant) Refresh(user directory.User) ExpectationState { panic("in the making") }

// Remove stores that an account was just asked for by its id and not found.
func (t *Tenant) Remove(id string) { panic("in the making") }
