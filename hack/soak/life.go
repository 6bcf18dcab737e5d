package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// happening is something that happens so many times a day over all clients.
type happening struct {
	perDay float64
	do     func(context.Context, *customer) error
}

// happenings are everything that happens to ten clients of fifty people.
func (p *provider) happenings() []happening {
	return []happening{
		{48, p.hireOrFire},
		{12, p.signInFirst},
		{40, p.suspend},
		{30, p.license},
		{30, p.join},
		{30, p.promote},
		{8, p.force},
		{40, p.actInPortal},
		{10, p.deleteInPortal},
		{20, p.signIn},
		{20, p.register},
		{24, p.fail},
		{2, p.hang},
		{1, p.withdrawConsent},
		{3, func(ctx context.Context, _ *customer) error { return p.replaceClient(ctx) }},
		{3, p.rotate},
	}
}

// begin takes clients on, and lets life go on from then.
func (p *provider) begin(ctx context.Context, clients int) error {
	p.shared = &registration{
		clientID: p.stack.Graph.ClientID, secret: p.stack.Graph.ClientSecret,
		key: client.ObjectKey{Namespace: stack.Namespace, Name: stack.ConnectionName},
	}
	for range clients {
		if err := p.arrive(ctx); err != nil {
			return err
		}
	}
	for _, h := range p.happenings() {
		perDay := h.perDay
		if clients < 10 {
			perDay *= float64(clients) / 10
		}
		p.agenda.often(p.clock.Now().Add(time.Hour), perDay, func(ctx context.Context) error {
			p.acts++
			return h.do(ctx, p.anyone())
		})
	}
	return nil
}

func (p *provider) replaceClient(ctx context.Context) error {
	if p.came == len(p.stack.Graph.TenantIDs) {
		return nil // there are no more simulated, and nobody may leave for good
	}
	if err := p.leave(ctx); err != nil {
		return err
	}
	return p.arrive(ctx)
}

// hireOrFire keeps the number of people who were hired.
func (p *provider) hireOrFire(ctx context.Context, c *customer) error {
	if len(c.staff) == 0 {
		return nil // the client has just come
	}
	if len(c.starters) < hiredSize {
		return p.hire(ctx, c)
	}
	return p.fire(ctx, c)
}

func (p *provider) hire(ctx context.Context, c *customer) error {
	tenant, err := p.tenant(ctx, c)
	if err != nil {
		return err
	}
	managed := slices.IndexFunc(tenant.Status.Domains, func(d v1alpha1.Domain) bool {
		return d.Authentication == v1alpha1.DomainManaged
	})
	if managed < 0 {
		return nil // not read yet
	}
	p.hired++
	domain := tenant.Status.Domains[managed].Name
	one := &person{name: fmt.Sprintf("starter-%06d", p.hired), upn: fmt.Sprintf("starter-%06d@%s", p.hired, domain)}
	c.starters = append(c.starters, one)
	policies := []v1alpha1.DeletionPolicy{
		v1alpha1.DeletionPolicyDelete, v1alpha1.DeletionPolicyDelete, v1alpha1.DeletionPolicySuspend, v1alpha1.DeletionPolicyRetain,
	}
	return p.create(ctx, c, one, func(spec *v1alpha1.ManagedUserSpec) {
		spec.CreationPolicy = v1alpha1.CreationPolicyCreate
		spec.DeletionPolicy = policies[p.rng.IntN(len(policies))]
		spec.Profile = &v1alpha1.UserProfile{
			DisplayName: ptr.To("Starter " + one.name), UsageLocation: ptr.To("DE"), JobTitle: ptr.To("Starter"),
		}
		spec.Manager = ptr.To(c.staff[0].upn)
		spec.Groups = []v1alpha1.GroupEntry{{Name: "All Company"}}
	})
}

// fire deletes somebody's object. Whatever its policy did, somebody deletes the account
// later and empties the bin, or the tenant would grow.
func (p *provider) fire(ctx context.Context, c *customer) error {
	at := p.rng.IntN(len(c.starters))
	one := c.starters[at]
	c.starters = slices.Delete(c.starters, at, at+1)
	user := &v1alpha1.ManagedUser{}
	err := p.stack.Client.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: one.name}, user)
	if err == nil {
		err = p.stack.Client.Delete(ctx, user)
	}
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %s/%s: %w", c.namespace, one.name, err)
	}
	key := url.PathEscape(one.upn)
	if user.Status.ID != "" {
		key = user.Status.ID
	}
	p.in(c, 2*time.Hour, func(ctx context.Context) error { return p.graph(ctx, c, http.MethodDelete, "users/"+key, nil) })
	p.in(c, 4*time.Hour, func(ctx context.Context) error { return p.graph(ctx, c, http.MethodPost, "users/"+key+"/purge", nil) })
	return nil
}

// signInFirst has a starter choose a password; those whom chance never finds see their
// Secret expire.
func (p *provider) signInFirst(ctx context.Context, c *customer) error {
	if len(c.starters) == 0 {
		return nil
	}
	one := c.starters[p.rng.IntN(len(c.starters))]
	return p.graph(ctx, c, http.MethodPost, "users/"+url.PathEscape(one.upn)+"/changePassword", nil)
}

// employee is somebody who was there before, by chance; nil at a client who has just
// come.
func (p *provider) employee(c *customer) *person {
	if len(c.staff) == 0 {
		return nil
	}
	return c.staff[p.rng.IntN(len(c.staff))]
}

// declare changes what is declared of an employee.
func (p *provider) declare(ctx context.Context, c *customer, change func(*v1alpha1.ManagedUserSpec)) error {
	one := p.employee(c)
	if one == nil {
		return nil
	}
	return p.edit(ctx, c, one, func(user *v1alpha1.ManagedUser) { change(&user.Spec) })
}

// suspend suspends somebody, or lets in. Whom an Active Directory lets in again would be
// blocked again after each of its synchronizations, all day long.
func (p *provider) suspend(ctx context.Context, c *customer) error {
	one := p.employee(c)
	if one == nil || one.synced {
		return nil
	}
	return p.edit(ctx, c, one, func(user *v1alpha1.ManagedUser) {
		user.Spec.Suspended = ptr.To(user.Spec.Suspended == nil || !*user.Spec.Suspended)
	})
}

func (p *provider) tenant(ctx context.Context, c *customer) (*v1alpha1.Tenant, error) {
	tenant := &v1alpha1.Tenant{}
	if err := p.stack.Client.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: c.namespace}, tenant); err != nil {
		return nil, fmt.Errorf("get the Tenant of %s: %w", c.namespace, err)
	}
	return tenant, nil
}

// license claims a product for somebody, or takes it away.
func (p *provider) license(ctx context.Context, c *customer) error {
	tenant, err := p.tenant(ctx, c)
	if err != nil {
		return err
	}
	if len(tenant.Status.Licenses) == 0 {
		return nil // not read yet
	}
	sku := slices.MaxFunc(tenant.Status.Licenses, func(a, b v1alpha1.TenantLicense) int {
		return cmp.Compare(a.Available, b.Available)
	}).SKU
	return p.declare(ctx, c, func(spec *v1alpha1.ManagedUserSpec) {
		if len(spec.Licenses) > 0 {
			spec.Licenses = []v1alpha1.LicenseEntry{}
		} else {
			spec.Licenses = []v1alpha1.LicenseEntry{{SKU: sku}}
		}
	})
}

// join claims a group for somebody, or takes it away.
func (p *provider) join(ctx context.Context, c *customer) error {
	return p.declare(ctx, c, func(spec *v1alpha1.ManagedUserSpec) {
		if len(spec.Groups) > 0 {
			spec.Groups = []v1alpha1.GroupEntry{}
		} else {
			spec.Groups = []v1alpha1.GroupEntry{{Name: "All Company"}}
		}
	})
}

// promote gives somebody a title that nobody ever had.
func (p *provider) promote(ctx context.Context, c *customer) error {
	title := fmt.Sprintf("Title %d", p.rng.Uint64())
	return p.declare(ctx, c, func(spec *v1alpha1.ManagedUserSpec) {
		spec.Profile = &v1alpha1.UserProfile{JobTitle: &title}
	})
}

// force asks somebody for a new password, who chooses one later.
func (p *provider) force(ctx context.Context, c *customer) error {
	one := p.employee(c)
	if one == nil {
		return nil
	}
	p.in(c, 3*time.Hour, func(ctx context.Context) error {
		return p.graph(ctx, c, http.MethodPost, "users/"+url.PathEscape(one.upn)+"/changePassword", nil)
	})
	p.in(c, 4*time.Hour, func(ctx context.Context) error {
		return p.edit(ctx, c, one, func(user *v1alpha1.ManagedUser) { user.Spec.ForcePasswordChange = ptr.To(false) })
	})
	return p.edit(ctx, c, one, func(user *v1alpha1.ManagedUser) { user.Spec.ForcePasswordChange = ptr.To(true) })
}

// account is any account of a client's tenant, by id.
func (p *provider) account(ctx context.Context, c *customer) (string, error) {
	var ids []string
	if err := p.stack.Graph.Call(ctx, http.MethodGet, "tenants/"+c.tenantID+"/users", nil, &ids); err != nil {
		return "", err
	}
	return ids[p.rng.IntN(len(ids))], nil
}

// actInPortal is somebody who knows nothing of Git.
func (p *provider) actInPortal(ctx context.Context, c *customer) error {
	id, err := p.account(ctx, c)
	if err != nil {
		return err
	}
	changes := []map[string]any{
		{"accountEnabled": true},
		{"accountEnabled": false},
		{"department": fmt.Sprintf("Department %d", p.rng.Uint64())},
		{"officeLocation": fmt.Sprintf("Room %d", p.rng.Uint64())},
		{"displayName": fmt.Sprintf("Renamed %d", p.rng.Uint64())},
	}
	return p.graph(ctx, c, http.MethodPatch, "users/"+id, changes[p.rng.IntN(len(changes))])
}

// deleteInPortal deletes an account and regrets it.
func (p *provider) deleteInPortal(ctx context.Context, c *customer) error {
	id, err := p.account(ctx, c)
	if err != nil {
		return err
	}
	p.in(c, time.Hour, func(ctx context.Context) error { return p.graph(ctx, c, http.MethodPost, "users/"+id+"/restore", nil) })
	return p.graph(ctx, c, http.MethodDelete, "users/"+id, nil)
}

func (p *provider) signIn(ctx context.Context, c *customer) error {
	id, err := p.account(ctx, c)
	if err != nil {
		return err
	}
	return p.graph(ctx, c, http.MethodPost, "signIns", graphsim.SignInSpec{User: id, ErrorCode: []int{0, 50053}[p.rng.IntN(2)]})
}

func (p *provider) register(ctx context.Context, c *customer) error {
	id, err := p.account(ctx, c)
	if err != nil {
		return err
	}
	methods := [][]string{nil, {"microsoftAuthenticatorPush"}, {"mobilePhone"}}
	return p.graph(ctx, c, http.MethodPut, "users/"+id+"/registration", graphsim.RegistrationSpec{Methods: methods[p.rng.IntN(len(methods))]})
}

// fail has some of the next requests about a client fail.
func (p *provider) fail(ctx context.Context, c *customer) error {
	faults := []graphsim.Fault{
		{Kind: graphsim.FaultStatus, Status: http.StatusServiceUnavailable},
		{Kind: graphsim.FaultStatus, Status: http.StatusTooManyRequests, RetryAfter: 30},
		{Kind: graphsim.FaultReset},
		{Kind: graphsim.FaultReset, After: true},
	}
	return p.arm(ctx, c, faults[p.rng.IntN(len(faults))])
}

// hang has a request about a client never be answered.
func (p *provider) hang(ctx context.Context, c *customer) error {
	return p.arm(ctx, c, graphsim.Fault{Kind: graphsim.FaultHang})
}

func (p *provider) arm(ctx context.Context, c *customer, fault graphsim.Fault) error {
	fault.Tenant, fault.Count = c.tenantID, 1+p.rng.IntN(2)
	var armed struct{ ID int }
	if err := p.stack.Graph.Call(ctx, http.MethodPost, "faults", fault, &armed); err != nil {
		return err
	}
	p.later(time.Hour, func(ctx context.Context) error {
		return p.stack.Graph.Call(ctx, http.MethodDelete, fmt.Sprintf("faults/%d", armed.ID), nil, nil)
	})
	return nil
}

// withdrawConsent is an administrator who takes the app's consent back, and half an hour
// later learns what it was for.
func (p *provider) withdrawConsent(ctx context.Context, c *customer) error {
	p.in(c, 30*time.Minute, func(ctx context.Context) error { return p.consent(ctx, c) })
	return p.graph(ctx, c, http.MethodDelete, "apps/"+c.app.clientID, nil)
}
