package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/plan"
)

// trace is how an effect shows in the audit log.
type trace struct {
	actions []plan.Action
	// things is how many effects of this kind a line tells of; nil means one. Several
	// things may be done by one call.
	things func(*audit.Entry) int
	// with is the effect whose call this one shares; empty for a call of its own.
	with graphsim.Effect
}

// traces of all effects that the operator may have.
func traces() map[graphsim.Effect]trace {
	one := func(actions ...plan.Action) trace { return trace{actions: actions} }
	given := func(e *audit.Entry) int { return count(e.To) }
	taken := func(e *audit.Entry) int { return count(e.From) }
	licenses := []plan.Action{plan.AssignLicenses, plan.RemoveLicenses}
	return map[graphsim.Effect]trace{
		graphsim.EffectBlock: one(plan.BlockSignIn), graphsim.EffectUnblock: one(plan.AllowSignIn), graphsim.EffectRevoke: one(plan.RevokeSessions),
		graphsim.EffectPasswordForce: one(plan.RequirePasswordChange), graphsim.EffectCreate: one(plan.CreateAccount),
		graphsim.EffectRestore: one(plan.RestoreAccount), graphsim.EffectRename: one(plan.RenameAccount), graphsim.EffectDelete: one(plan.DeleteAccount),
		graphsim.EffectTemporaryAccessPass: one(plan.IssueTemporaryAccessPass),
		graphsim.EffectUpdate:              {actions: []plan.Action{plan.UpdateProfile}, things: given},
		graphsim.EffectManager:             one(plan.SetManager, plan.RemoveManager),
		graphsim.EffectLicense:             {actions: licenses, things: given},
		graphsim.EffectUnlicense:           {actions: licenses, things: taken, with: graphsim.EffectLicense},
		graphsim.EffectJoin:                one(plan.AddToGroup), graphsim.EffectLeave: one(plan.RemoveFromGroup),
		graphsim.EffectAppGrant: one(plan.AssignAppRole), graphsim.EffectAppRemove: one(plan.RemoveAppRole),
		graphsim.EffectRoleGrant: one(plan.AssignRole), graphsim.EffectRoleRemove: one(plan.RemoveRole),
	}
}

// count is how many things a line lists.
func count(list string) int {
	if list == "" {
		return 0
	}
	return len(strings.Split(list, ", "))
}

// book is what the audit log tells, by object.
type book map[types.NamespacedName]map[graphsim.Effect]uint64

// enter enters a line that tells of something that took place, or may have.
func (b book) enter(e *audit.Entry) {
	if e.Result == audit.Refused {
		return
	}
	key := types.NamespacedName{Namespace: e.Object.Namespace, Name: e.Object.Name}
	if b[key] == nil {
		b[key] = map[graphsim.Effect]uint64{}
	}
	for effect, t := range traces() {
		switch {
		case !slices.Contains(t.actions, plan.Action(e.Action)):
		case t.things == nil:
			b[key][effect]++
		default:
			b[key][effect] += uint64(t.things(e)) //nolint:gosec // a count
		}
	}
}

// untold are the calls about somebody, at least, that had effects and left no line.
func untold(effects, lines map[graphsim.Effect]uint64) map[graphsim.Effect]uint64 {
	missing := map[graphsim.Effect]uint64{}
	for effect, n := range effects {
		if n <= lines[effect] {
			continue
		}
		t, call, calls := traces()[effect], effect, n-lines[effect]
		if t.things != nil {
			calls = 1
		}
		if t.with != "" {
			call = t.with
		}
		missing[call] = max(missing[call], calls)
	}
	return missing
}

// silences are the writes that were under way each time that a manager was cut off.
type silences [][]string

// about is how often a write about an account was under way, and how many writes were
// that do not name any of the accounts.
func (s silences) about(id string) (n uint64) {
	for _, paths := range s {
		if slices.ContainsFunc(paths, func(path string) bool { return strings.Contains(path, id) }) {
			n++
		}
	}
	return n
}

// nameless is how many writes were under way that name none of the accounts, as those that
// make an account, or list it in their body.
func (s silences) nameless(ids []string) (n uint64) {
	for _, paths := range s {
		for _, path := range paths {
			if !slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(path, id) }) {
				n++
			}
		}
	}
	return n
}

// How long before a manager was cut off, by Graph's clock, a call may have begun of which
// it did not tell, and how long after it Graph may have heard of it.
const (
	underWay = 5 * time.Second
	stillDue = time.Second
)

// silencesIn finds the writes under way at the requests of these numbers.
func silencesIn(journal []graphsim.Entry, at []uint64) silences {
	var all silences
	for _, seq := range at {
		before, _ := slices.BinarySearchFunc(journal, seq+1, func(e graphsim.Entry, seq uint64) int { return cmp.Compare(e.Seq, seq) })
		var paths []string
		for i, passed := before-1, time.Duration(0); i >= 0 && passed <= underWay; i-- {
			paths = addWrite(paths, &journal[i])
			passed += gap(journal, i)
		}
		for i, passed := before, gap(journal, before); i < len(journal) && passed <= stillDue; i++ {
			paths = addWrite(paths, &journal[i])
			passed += gap(journal, i+1)
		}
		all = append(all, paths)
	}
	return all
}

func addWrite(paths []string, e *graphsim.Entry) []string {
	if writes(e) {
		return append(paths, e.Path)
	}
	return paths
}

// gap is the time between a request and the one before. Where Graph's clock was set, none
// has passed.
func gap(journal []graphsim.Entry, i int) time.Duration {
	if i < 1 || i >= len(journal) {
		return 0
	}
	if d := journal[i].Time.Sub(journal[i-1].Time).Abs(); d < time.Minute {
		return d
	}
	return 0
}

// compareAudit proves that every effect on everybody left its line, by kind. A manager
// that was cut off, as by a kill, may have had an effect and no time to tell of it; that
// much is forgiven for the calls that were under way then, and no more.
func (c *campaign) compareAudit(ctx context.Context) ([]violation, error) {
	told := book{}
	_, err := c.auditLines(func(e *audit.Entry) bool {
		told.enter(e)
		return false
	})
	if err != nil {
		return nil, err
	}
	silent := silencesIn(c.journal, c.crew.ends.silences())
	effects := map[*person]map[graphsim.Effect]uint64{}
	for _, t := range c.world.tenants {
		counters, err := c.stack.Graph.Counters(ctx, t.id)
		if err != nil {
			return nil, err
		}
		for _, p := range t.people {
			effects[p] = counters.UserEffects[p.account.id]
		}
	}
	return c.world.compareAudit(effects, told, silent), nil
}

// compareAudit compares the effects on everybody with what was told of them.
func (w *world) compareAudit(effects map[*person]map[graphsim.Effect]uint64, told book, silent silences) []violation {
	var ids []string
	for p := range effects {
		if p.account.id != "" {
			ids = append(ids, p.account.id)
		}
	}
	spare := silent.nameless(ids)
	var all []violation
	for _, t := range w.tenants {
		for _, p := range t.people {
			if p.account.id == "" {
				continue
			}
			lines := told[types.NamespacedName{Namespace: t.namespace, Name: p.name}]
			missing, allowed := untold(effects[p], lines), silent.about(p.account.id)
			calls := uint64(0)
			for _, n := range missing {
				calls += n
			}
			if calls > allowed {
				more := min(spare, calls-allowed)
				spare -= more
				allowed += more
			}
			if calls > allowed {
				kinds := slices.Sorted(maps.Keys(missing))
				all = append(all, violation{p, fmt.Sprintf(
					"%d calls left no audit line (%v), and managers were cut off only %d times while one was under way", calls, kinds, allowed)})
			}
		}
	}
	return all
}
