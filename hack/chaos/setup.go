package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// consistencyWindow is longer than graphsim's replicas lag, as the real one is longer than
// Microsoft's.
const consistencyWindow = 8 * time.Second

// managerArgs make the manager's own waits fit a campaign of minutes; blocked passes are repeated soon, since nobody wakes them here.
func managerArgs() []string {
	return []string{
		"--adoption-window=1ms", "--consistency-window=" + consistencyWindow.String(), "--blocked-retry=10s", "--graph-timeout=2s", "--allow-role-grants",
		"--leader-election-lease-duration=6s", "--leader-election-renew-deadline=4s", "--leader-election-retry-period=500ms",
	}
}

// kept are the requests that Graph's journal holds of each tenant: more than there are in
// a round.
const kept = 20_000

// start starts the whole product, and waits until every Tenant has its memory.
func (c *campaign) start(ctx context.Context) error {
	if err := c.stack.StartControlPlane(ctx); err != nil {
		return err
	}
	if err := c.stack.StartGraph(ctx, 0, 0, fmt.Sprintf("--seed=%d", c.options.seed), fmt.Sprintf("--journal=%d", kept)); err != nil {
		return err
	}
	if err := skew(ctx, c.stack, -behind); err != nil {
		return err
	}
	for number := range c.options.tenants {
		if err := c.makeTenant(ctx, number); err != nil {
			return err
		}
	}
	if err := c.stack.ApplyConnection(ctx); err != nil {
		return err
	}
	if err := c.crew.start(ctx, managerArgs()...); err != nil {
		return err
	}
	for number, t := range c.world.tenants {
		if err := c.declareTenant(ctx, number, t); err != nil {
			return err
		}
	}
	return nil
}

// makeTenant makes a tenant of Microsoft 365 with its people, and those whom nobody
// declares.
func (c *campaign) makeTenant(ctx context.Context, number int) error {
	t := newTenant(number, c.options.people)
	var made struct {
		ID string `json:"id"`
	}
	if err := c.stack.Graph.Call(ctx, http.MethodPost, "tenants", t.spec(), &made); err != nil {
		return err
	}
	t.id = made.ID
	c.stack.Graph.TenantIDs = append(c.stack.Graph.TenantIDs, t.id)
	c.world.tenants = append(c.world.tenants, t)
	seen, err := c.readGraph(ctx, t)
	if err != nil {
		return err
	}
	for _, name := range bossNames {
		t.bosses[t.upnOf(name)] = seen.ids[t.upnOf(name)]
	}
	for _, p := range t.people {
		if id, ok := seen.ids[t.upnOf(p.name)]; ok {
			p.account = seen.accounts[id]
			delete(seen.raw, id)
		}
	}
	t.strangers = seen.raw
	return nil
}

// hires is the share of people who have no account in the beginning.
const hires = 6

// newTenant is the model of a tenant: one in six of its people is still to be hired, one
// is protected, one may be an administrator.
func newTenant(number, people int) *tenant {
	t := &tenant{
		domain: fmt.Sprintf("chaos%d.example", number+1), namespace: stack.ClientNamespace(number), bosses: map[string]string{},
		steady: number != 1,
	}
	for i := range people {
		p := newPerson(t, fmt.Sprintf("person-%02d", i))
		p.protected, p.privileged = i == 0, i == 1
		p.account.exists = i%hires != hires-1
		t.people = append(t.people, p)
	}
	return t
}

// spec is the tenant as the simulator is to have it.
func (t *tenant) spec() graphsim.TenantSpec {
	root := t.upnOf("root")
	spec := graphsim.TenantSpec{
		DisplayName: t.domain,
		Domains:     []graphsim.DomainSpec{{Name: t.domain, Default: true}},
		Roles:       []graphsim.RoleSpec{{Role: "Global Administrator", Principal: root}},
		Users:       []map[string]any{{"userPrincipalName": root, "displayName": "Break Glass"}},
		Groups:      []graphsim.GroupSpec{{DisplayName: "Nobody's", Members: []string{t.upnOf("person-02"), t.upnOf("boss-a")}}},
	}
	for _, sku := range licenseListing().offers(t) {
		spec.SKUs = append(spec.SKUs, graphsim.SKUSpec{PartNumber: sku, Enabled: 1000})
	}
	for _, name := range bossNames {
		spec.Users = append(spec.Users, map[string]any{"userPrincipalName": t.upnOf(name), "displayName": name, "usageLocation": "DE"})
	}
	groups := map[string][]string{}
	for i, p := range t.people {
		if !p.account.exists {
			continue
		}
		spec.Users = append(spec.Users, map[string]any{
			"userPrincipalName": t.upnOf(p.name), "displayName": "Person " + p.name, "usageLocation": "DE", "jobTitle": "Clerk",
		})
		group := groupListing().offers(t)[i%4]
		groups[group] = append(groups[group], t.upnOf(p.name))
	}
	for _, name := range groupListing().offers(t) {
		spec.Groups = append(spec.Groups, graphsim.GroupSpec{DisplayName: name, Members: groups[name]})
	}
	spec.Applications = []graphsim.ApplicationSpec{
		{DisplayName: "Ledger", Roles: []graphsim.AppRoleSpec{{DisplayName: "Reader", Value: "Reader"}, {DisplayName: "Booker", Value: "Booker"}}},
		{DisplayName: "Wiki", Roles: []graphsim.AppRoleSpec{{DisplayName: "Editor", Value: "Editor"}}},
	}
	return spec
}

// declareTenant makes the namespace with its Tenant, and the objects of all who have an
// account.
func (c *campaign) declareTenant(ctx context.Context, number int, t *tenant) error {
	err := c.stack.ApplyTenant(ctx, number, func(tenant *v1alpha1.Tenant) {
		tenant.Spec.Sync = v1alpha1.TenantSync{Interval: &metav1.Duration{Duration: syncInterval}}
		tenant.Spec.Safeguards = t.safeguards()
		// Its memory begins when everybody is there: the manager runs without a window for
		// those who come a little later.
		tenant.Spec.Paused = true
	})
	if err != nil {
		return err
	}
	if _, err := c.stack.ControlPlane.Kubectl(ctx, c.stack.Root, "apply", "--namespace", t.namespace,
		"--kustomize", "config/rbac/tenant-namespace/first-sign-in"); err != nil {
		return err
	}
	for _, p := range t.people {
		if !p.declared && !p.account.exists {
			continue
		}
		if !p.declared {
			p.declared = true
			p.spec = v1alpha1.ManagedUserSpec{
				TenantRef: v1alpha1.ObjectReference{Name: t.namespace}, UserPrincipalName: p.account.upn, AllowPrivileged: p.privileged,
			}
			p.memory.name = p.account.upn
		}
		if err := c.create(ctx, p); err != nil {
			return err
		}
	}
	if err := c.patchTenant(ctx, t, map[string]any{"paused": false}); err != nil {
		return err
	}
	return c.awaitMemory(ctx, t)
}

// syncInterval is the shortest there is.
const syncInterval = 10 * time.Second

// safeguards protect the last administrator and the first of the people.
func (t *tenant) safeguards() v1alpha1.Safeguards {
	safeguards := v1alpha1.Safeguards{
		Protected:     []v1alpha1.ProtectedEntry{{User: t.upnOf("root")}},
		DeletionGrace: &metav1.Duration{Duration: time.Minute},
	}
	for _, p := range t.people {
		if p.protected {
			safeguards.Protected = append(safeguards.Protected, v1alpha1.ProtectedEntry{User: p.account.id})
		}
		if p.privileged {
			safeguards.Privileged = append(safeguards.Privileged, p.account.id)
		}
	}
	return safeguards
}
