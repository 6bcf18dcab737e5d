package main

import (
	"context"
	"fmt"

	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/plan"
)

// audited are the actions that can have an effect.
func audited() map[graphsim.Effect]plan.Action {
	return map[graphsim.Effect]plan.Action{
		graphsim.EffectBlock: plan.BlockSignIn, graphsim.EffectUnblock: plan.AllowSignIn, graphsim.EffectRevoke: plan.RevokeSessions,
		graphsim.EffectPasswordForce: plan.RequirePasswordChange, graphsim.EffectCreate: plan.CreateAccount,
		graphsim.EffectRename: plan.RenameAccount, graphsim.EffectDelete: plan.DeleteAccount,
		graphsim.EffectJoin: plan.AddToGroup, graphsim.EffectLeave: plan.RemoveFromGroup,
		graphsim.EffectAppGrant: plan.AssignAppRole, graphsim.EffectAppRemove: plan.RemoveAppRole,
		graphsim.EffectRoleGrant: plan.AssignRole, graphsim.EffectRoleRemove: plan.RemoveRole,
	}
}

// workers of a manager: so many effects at most have no line yet when it is killed.
const workers = 16

// compareAudit proves that every effect left its line. A manager that is killed, or that
// ends since it lost its Lease, may have had an effect and no time to tell of it.
func (c *campaign) compareAudit(ctx context.Context) ([]violation, error) {
	lines := map[plan.Action]uint64{}
	_, err := c.auditLines(func(e *audit.Entry) bool {
		if e.Result != audit.Refused {
			lines[plan.Action(e.Action)]++
		}
		return false
	})
	if err != nil {
		return nil, err
	}
	effects := map[graphsim.Effect]uint64{}
	for _, t := range c.world.tenants {
		counters, err := c.stack.Graph.Counters(ctx, t.id)
		if err != nil {
			return nil, err
		}
		for effect, n := range counters.Effects {
			effects[effect] += n
		}
	}
	missing := map[graphsim.Effect]uint64{}
	untold := uint64(0)
	for effect, action := range audited() {
		if effects[effect] > lines[action] {
			missing[effect] = effects[effect] - lines[action]
			untold += missing[effect]
		}
	}
	if ends := c.crew.ends(); untold > ends*workers {
		return []violation{{what: fmt.Sprintf("%d effects left no audit line although managers ended only %d times: %v", untold, ends, missing)}}, nil
	}
	return nil, nil
}
