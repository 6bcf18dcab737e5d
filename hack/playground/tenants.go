package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// applyTenants makes a namespace with a Tenant for each simulated tenant, and the one
// Connection that all of them use.
func (p *playground) applyTenants(ctx context.Context) error {
	if err := p.ApplyConnection(ctx); err != nil {
		return err
	}
	for i := range p.Graph.TenantIDs {
		if err := p.ApplyTenant(ctx, i); err != nil {
			return err
		}
		if applied := i + 1; applied%50 == 0 {
			say(p.out, "  %d of %d Tenants are applied.", applied, len(p.Graph.TenantIDs))
		}
	}
	return nil
}

// expectedUsers is how many accounts the simulated tenants have now.
func (p *playground) expectedUsers(ctx context.Context) (int, error) {
	tenants, err := p.Graph.Tenants(ctx)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, tenant := range tenants {
		total += tenant.Users
	}
	return total, nil
}

// longestWait for all users. It is generous: a small machine makes some hundred
// objects a second, and reports are rationed by Microsoft.
const longestWait = 30 * time.Minute

// awaitUsers waits until there is a Ready ManagedUser for every account, and tells
// how far it is.
func (p *playground) awaitUsers(ctx context.Context) error {
	want, err := p.expectedUsers(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, longestWait, errors.New("the users did not become Ready in time"))
	defer cancel()
	tally, err := p.WatchUsers(ctx)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(5 * time.Second)
	defer ticker.Stop()
	for {
		seen, ready := tally.Count()
		if ready == want && seen == want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d users are Ready: %w", ready, want, context.Cause(ctx))
		case <-tally.Changed():
		case <-ticker.C:
			say(p.out, "  %d users are there, %d of %d are Ready.", seen, ready, want)
		}
	}
}
