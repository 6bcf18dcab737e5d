package controllers

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/kube"
)

// discovery is what one pass over a Tenant's accounts and objects found to do.
type discovery struct {
	tenant *v1alpha1.Tenant
	// names are taken in the namespace.
	names map[string]bool
	// declared are the accounts, by id and by name, that somebody else keeps an object for.
	declared map[string]bool
	// generated are the objects that discovery keeps, by account id.
	generated map[string]*v1alpha1.ManagedUser

	// create and update are to be applied, relabel brought into the Tenant's Shard, remove
	// deleted, yield handed over, and take observed again.
	create, update                      []desiredUser
	relabel, remove, yield, takeBackAll []*v1alpha1.ManagedUser
	// search is what is known of objects of other Shards.
	search search
}

// desiredUser is a discovered object as it should be.
type desiredUser struct {
	name, id, userPrincipalName string
}

func newDiscovery(tenant *v1alpha1.Tenant, known *inventory.Tenant, users []*v1alpha1.ManagedUser) *discovery {
	d := &discovery{
		tenant: tenant, names: map[string]bool{}, declared: map[string]bool{}, generated: map[string]*v1alpha1.ManagedUser{},
	}
	for _, user := range users {
		d.classify(user)
	}
	if tenant.Spec.Sync.Discovery.Users != v1alpha1.DiscoverNone && tenant.Spec.Sync.Discovery.Users != "" {
		known.Range(func(seen inventory.Observation) bool {
			d.cover(seen)
			return true
		})
	}
	for _, user := range d.generated {
		if !d.declared[user.Spec.ID] && d.stillThere(known, user) {
			continue
		}
		d.remove = append(d.remove, user)
	}
	return d
}

// classify sorts one object by who keeps it.
func (d *discovery) classify(user *v1alpha1.ManagedUser) {
	d.names[user.Name] = true
	if !user.DeletionTimestamp.IsZero() || user.Spec.TenantRef.Name != d.tenant.Name {
		return
	}
	others := kube.OwnedByOthers(user)
	switch {
	case isDiscovered(user) && others:
		d.yield = append(d.yield, user)
		d.declare(user)
	case isDiscovered(user):
		d.keep(user)
	case !others && len(user.ManagedFields) > 0 && user.Spec.ID != "":
		// Whoever declared something let go of it: discovery is the only owner left.
		d.takeBackAll = append(d.takeBackAll, user)
		d.keep(user)
	default:
		d.declare(user)
	}
}

// keep takes an object for its account's. Of two the younger is removed: they were made by
// two managers, or before the cache knew the first.
func (d *discovery) keep(user *v1alpha1.ManagedUser) {
	other, taken := d.generated[user.Spec.ID]
	if taken && other.UID != user.UID {
		if comesBefore(other, user) {
			user, other = other, user
		}
		if isDiscovered(other) { // else it will be in the next pass
			d.remove = append(d.remove, other)
		}
	}
	d.generated[user.Spec.ID] = user
}

func (d *discovery) declare(user *v1alpha1.ManagedUser) {
	if id := boundID(user); id != "" {
		d.declared[id] = true
		return
	}
	d.declared[strings.ToLower(user.Spec.UserPrincipalName)] = true
}

// cover makes sure that an account has an object.
func (d *discovery) cover(seen inventory.Observation) {
	account := seen.User
	if !d.inScope(seen) || d.declared[account.ID] || d.declared[strings.ToLower(account.UserPrincipalName)] {
		return
	}
	want := desiredUser{id: account.ID, userPrincipalName: account.UserPrincipalName}
	if existing, ok := d.generated[account.ID]; ok {
		switch {
		case !shardOf(d.tenant).sees(existing):
			d.relabel = append(d.relabel, existing) // and the next pass goes on
		case existing.Spec.UserPrincipalName != account.UserPrincipalName:
			want.name = existing.Name
			d.update = append(d.update, want)
		}
		return
	}
	want.name = d.newName(account.UserPrincipalName, account.ID)
	d.create = append(d.create, want)
}

func (d *discovery) inScope(seen inventory.Observation) bool {
	switch d.tenant.Spec.Sync.Discovery.Users {
	case v1alpha1.DiscoverAll:
		return true
	case v1alpha1.DiscoverMembers:
		return seen.Type != inventory.AccountGuest
	default:
		return false
	}
}

// stillThere tells whether a discovered object's account is there and in scope.
func (d *discovery) stillThere(known *inventory.Tenant, user *v1alpha1.ManagedUser) bool {
	seen, ok := known.ByID(user.Spec.ID)
	if !ok || seen.Gone != inventory.GoneNot {
		return false
	}
	return d.inScope(seen) && !d.declared[strings.ToLower(seen.User.UserPrincipalName)]
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// newName makes the object's name from the account's, so that people recognise it,
// and from its id, so that no two collide. It is kept whatever the account is called
// later.
func (d *discovery) newName(userPrincipalName, id string) string {
	local, _, _ := strings.Cut(strings.ToLower(userPrincipalName), "@")
	base := strings.Trim(notInNames.ReplaceAllString(local, "-"), "-")
	base = strings.Trim(base[:min(len(base), 40)], "-")
	sum := sha256.Sum256([]byte(id))
	digest := hex.EncodeToString(sum[:])
	for length := 6; ; length++ {
		name := strings.TrimPrefix(base+"-"+digest[:length], "-")
		if !d.names[name] {
			d.names[name] = true
			return name
		}
	}
}
