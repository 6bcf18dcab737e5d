package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// watchEvery is how often it is looked at what must hold at any moment.
const watchEvery = time.Second

// guard looks, while a storm is on, at what must hold at any moment: nobody who is
// protected is ever blocked or asked for a password, and nothing ever happens to those
// whom nobody declares.
type guard struct {
	stop    context.CancelFunc
	working sync.WaitGroup
	found   []violation
	err     error
}

func (c *campaign) watch(ctx context.Context) *guard {
	ctx, stop := context.WithCancel(ctx)
	g := &guard{stop: stop}
	protected := map[*tenant]*person{}
	for _, t := range c.world.tenants {
		for _, p := range t.people {
			if p.protected {
				protected[t] = p
			}
		}
	}
	g.working.Go(func() {
		for c.wait(ctx, watchEvery) == nil && len(g.found) == 0 && g.err == nil {
			for t, p := range protected {
				g.look(ctx, c, t, p)
			}
		}
	})
	return g
}

func (g *guard) look(ctx context.Context, c *campaign, t *tenant, p *person) {
	state, err := c.stack.Graph.User(ctx, t.id, p.account.id)
	if err == nil {
		var counters graphsim.Counters
		if counters, err = c.stack.Graph.Counters(ctx, t.id); err == nil {
			g.strangers(t, counters)
		}
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		g.err = fmt.Errorf("watch %s: %w", t.domain, err)
	case state.ForceChange || string(state.Properties["accountEnabled"]) != "true":
		g.found = append(g.found, violation{p, "the account is protected, and was acted upon all the same"})
	}
}

func (g *guard) strangers(t *tenant, counters graphsim.Counters) {
	for id := range t.strangers {
		if len(counters.UserEffects[id]) > 0 {
			g.found = append(g.found, violation{what: fmt.Sprintf("something happened to the account %s that nobody declares: %v", id, counters.UserEffects[id])})
		}
	}
}

// end stops to look, and returns what was seen.
func (g *guard) end() ([]violation, error) {
	g.stop()
	g.working.Wait()
	return g.found, g.err
}
