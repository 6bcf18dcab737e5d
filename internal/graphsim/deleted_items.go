package graphsim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// deletedLifetime is how long a deleted account may be restored
// (api/directory-deleteditems-list.md).
const deletedLifetime = 30 * 24 * time.Hour

// recycleBin holds the ids of soft-deleted accounts in the order they were deleted.
// Those that left leave a gap, so that a place stays that of one account while pages
// are turned.
type recycleBin struct {
	ids  []string
	gaps int
	next time.Time // when the first of them is purged
}

func (b *recycleBin) add(id string, deleted time.Time) {
	b.ids = append(b.ids, id)
	if end := deleted.Add(deletedLifetime); b.next.IsZero() || end.Before(b.next) {
		b.next = end
	}
}

func (b *recycleBin) remove(id string) {
	if i := slices.Index(b.ids, id); i >= 0 {
		b.ids[i] = ""
		b.gaps++
	}
	if b.gaps > 1024 && b.gaps > len(b.ids)/2 {
		b.ids = slices.DeleteFunc(b.ids, func(id string) bool { return id == "" })
		b.gaps = 0
	}
}

// purgeExpired removes for good what was deleted 30 days ago.
func (t *tenant) purgeExpired(now time.Time) {
	if t.bin.next.IsZero() || now.Before(t.bin.next) {
		return
	}
	t.bin.next = time.Time{}
	for _, id := range slices.Clone(t.bin.ids) {
		r, ok := t.users[id]
		if !ok {
			continue // a gap
		}
		end := r.deletedAt.Add(deletedLifetime)
		switch {
		case !now.Before(end):
			t.purge(r, now)
		case t.bin.next.IsZero() || end.Before(t.bin.next):
			t.bin.next = end
		}
	}
}

// deletedView is how a deleted account is shown: its id stands before its principal
// name, which is free for others.
func deletedView(u *user) *user {
	view, _ := u.with([]field{{propUserPrincipalName, strings.ReplaceAll(u.id, "-", "") + u.upn()}})
	return view
}

// deletedAccounts lists them for a reader.
func (c *call) deletedAccounts() accountSource {
	bin := c.tenant.bin.ids
	return accountSource{path: "/directory/deletedItems/microsoft.graph.user", deleted: true, length: len(bin), at: func(i int) *user {
		if r, ok := c.tenant.users[bin[i]]; ok {
			return deletedView(r.current)
		}
		return nil
	}}
}

// listDeletedUsers: api/directory-deleteditems-list.md.
func listDeletedUsers(c *call) (*response, error) { return c.listAccounts(c.deletedAccounts()) }

// deletedUser finds a deleted account by its object id.
func (c *call) deletedUser() (*userRecord, error) {
	id := strings.ToLower(c.params[0])
	if strings.HasPrefix(qualified(id), namespace) {
		return nil, notSimulated("deleted items of other types than user")
	}
	if r, ok := c.tenant.users[id]; ok && !r.live() && !r.purged {
		return r, nil
	}
	return nil, notFound(c.params[0])
}

// getDeletedItem: api/directory-deleteditems-get.md.
func getDeletedItem(c *call) (*response, error) {
	r, err := c.deletedUser()
	if err != nil {
		return nil, err
	}
	if err := c.query.refuse("top", "skip", "filter", "orderby", "search", "count", "expand"); err != nil {
		return nil, err
	}
	selected, err := c.objectSelection(c.query.get("select"))
	if err != nil {
		return nil, err
	}
	return c.oneObject(c.userObject(deletedView(r.current)), selected), nil
}

// deleteUser: api/user-delete.md. The account goes to the deleted items.
func deleteUser(c *call) (*response, error) {
	r, err := c.account(c.params[0])
	if err != nil {
		return nil, err
	}
	return c.deleteAccount(r)
}

func (c *call) deleteAccount(r *userRecord) (*response, error) {
	if err := c.mayAct(r.current.id); err != nil {
		return nil, err
	}
	c.tenant.softDelete(r, c.now)
	c.tenant.stats.effect(r.current.id, EffectDelete)
	return noContent(), nil
}

// purgeDeletedItem: api/directory-deleteditems-delete.md.
func purgeDeletedItem(c *call) (*response, error) {
	r, err := c.deletedUser()
	if err != nil {
		return nil, err
	}
	if err := c.mayAct(r.current.id); err != nil {
		return nil, err
	}
	c.tenant.purge(r, c.now)
	c.tenant.stats.effect(r.current.id, EffectPurge)
	return noContent(), nil
}

// restoring is the body of a restore; it may be absent.
type restoring struct {
	NewUserPrincipalName       *string `json:"newUserPrincipalName"`
	AutoReconcileProxyConflict bool    `json:"autoReconcileProxyConflict"`
}

func (c *call) restoring() (restoring, error) {
	var wanted restoring
	if len(c.req.body) == 0 {
		return wanted, nil
	}
	body, err := c.jsonBody()
	if err != nil {
		return wanted, err
	}
	for name := range body {
		known := strings.Contains(name, "@odata.") || equalName(name, "newUserPrincipalName") || equalName(name, "autoReconcileProxyConflict")
		if !known {
			return wanted, odataBadRequest("The parameter '" + name + "' in the request payload is not a valid parameter for the operation 'restore'.")
		}
	}
	if json.Unmarshal(c.req.body, &wanted) != nil {
		return wanted, odataBadRequest("Cannot convert a parameter of the operation 'restore' to the expected type.")
	}
	return wanted, nil
}

// restoreDeletedItem: api/directory-deleteditems-restore.md.
func restoreDeletedItem(c *call) (*response, error) {
	r, err := c.deletedUser()
	if err != nil {
		return nil, err
	}
	wanted, err := c.restoring()
	if err != nil {
		return nil, err
	}
	if err := c.mayAct(r.current.id); err != nil {
		return nil, err
	}
	changes, err := c.tenant.reconcileRestored(r.current, wanted)
	if err != nil {
		return nil, err
	}
	c.tenant.restoreAs(r, changes, c.now)
	r.appear(c.now, c.tenant.quirks.ReadLag)
	c.tenant.stats.effect(r.current.id, EffectRestore)
	return c.oneObject(c.userObject(r.current), nil), nil
}

// reconcileRestored says what must change of an account so that it can come back:
// its names may be taken.
func (t *tenant) reconcileRestored(u *user, wanted restoring) ([]field, error) {
	var changes []field
	upn := u.upn()
	if wanted.NewUserPrincipalName != nil {
		upn = *wanted.NewUserPrincipalName
		if err := t.checkUPNForm(upn); err != nil {
			return nil, err
		}
		changes = append(changes, field{propUserPrincipalName, upn})
	}
	if err := t.checkUPNFree(u.id, upn); err != nil {
		return nil, err
	}
	v, _ := u.get(propProxyAddresses)
	proxies, _ := v.([]string)
	var kept []string
	for _, proxy := range proxies {
		if err := t.checkAddress(u.id, strings.TrimPrefix(strings.ToLower(proxy), otherAddress)); err == nil {
			kept = append(kept, proxy)
		} else if !wanted.AutoReconcileProxyConflict {
			return nil, err
		}
	}
	if len(kept) < len(proxies) {
		changes = append(changes, field{propProxyAddresses, append([]string{}, kept...)})
		if mail := u.str(propMail); t.checkAddress(u.id, mail) != nil {
			changes = append(changes, field{propMail, nil})
		}
	}
	return changes, nil
}
