package plan

import (
	"slices"
	"time"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// holding tells how an account has what an entry stands for.
type holding int8

const (
	absent holding = iota
	// inherited through a group: it satisfies the entry and cannot be taken away here.
	inherited
	direct
	// unread means that it is not known yet.
	unread
)

// grants is how the entries of a list are given and taken one by one.
type grants struct {
	in        Input
	kind      v1alpha1.ClaimKind
	condition string
	record    string
	// fine is what holds when all is as declared.
	fine string
	// begun is when what holds tells of was begun to be read.
	begun time.Time
	// resolve tells what an entry's name means.
	resolve func(Ref) Target
	// holds tells how the account has what a claim holds.
	holds func(v1alpha1.Claim) holding
	// give and take are the changes; nil with a finding, when they cannot be made.
	give func(item, *findings) *Change
	take func(v1alpha1.Claim, *findings) *Change

	list    list
	changes []Change
	claims  []v1alpha1.Claim
	// dropped are claims that hold nothing any more.
	dropped []v1alpha1.Claim
}

// plan plans the list's facet.
func (g *grants) plan(plan *Plan) *Facet {
	in := g.in
	var declared bool
	if g.list, declared = in.list(g.kind, g.resolve, plan); !declared {
		return nil
	}
	for n, i := range g.list.items {
		g.satisfy(i, g.list.items[:n])
	}
	pending := slices.ContainsFunc(g.list.items, func(i item) bool { return i.claim.ID == "" && i.target.Reason == "" })
	for _, end := range g.list.gone {
		if pending && !end.expired {
			g.keep(end.claim)
			continue
		}
		g.end(end.claim, plan)
	}
	f := &Facet{
		Condition: g.condition, Independent: true, Changes: g.changes,
		Verdict: g.list.findings.verdict(g.fine),
	}
	switch {
	case len(f.Changes)+len(g.dropped) > 0 && in.unsettled(f, g.record, false, plan):
		g.claims = append(g.claims, g.dropped...)
	case g.list.findings.waits():
		f.Records = keep(in.Records, g.record)
		g.claims = append(g.claims, g.dropped...)
	}
	plan.Claims = append(plan.Claims, g.claims...)
	return f
}

// satisfy claims an entry and gives what is missing, unless an earlier entry stands for
// the same.
func (g *grants) satisfy(i item, earlier []item) {
	found := &g.list.findings
	if i.claim.ID == "" {
		i.missing(found)
		return
	}
	how := g.holds(i.claim)
	i.claim.Held = g.in.wasHeld(i.claim) || how == direct || how == inherited
	// Adoption looks at roles that are new and absent. The assignments of an application
	// are read once somebody claims one.
	if i.known || how != unread || g.kind == v1alpha1.ClaimApplication {
		g.claims = append(g.claims, i.claim)
	}
	for _, e := range earlier {
		if e.claim.ID != "" && sameThing(e.claim, i.claim) {
			return
		}
	}
	switch how {
	case direct, inherited:
	case unread:
		if !i.missing(found) {
			found.wait("whether the account has %s has not been read yet", refOf(i.claim).label())
		}
	default:
		if i.missing(found) {
			return
		}
		if change := g.give(i, found); change != nil {
			change.Record, change.Level = g.record, true
			g.changes = append(g.changes, *change)
		}
	}
}

// keep leaves what a claim holds while an entry has not been looked up: it may stand for
// the very same.
func (g *grants) keep(claim v1alpha1.Claim) {
	g.claims = append(g.claims, claim)
	g.list.findings.note("%s stays until every entry of the list has been looked up", refOf(claim).label())
}

// end takes away what a claim holds, unless an entry still stands for the same.
func (g *grants) end(claim v1alpha1.Claim, plan *Plan) {
	found := &g.list.findings
	for _, i := range g.list.items {
		if i.claim.ID != "" && sameThing(i.claim, claim) {
			g.dropped = append(g.dropped, claim)
			return
		}
	}
	switch how := g.holds(claim); {
	case (how == absent || how == inherited) && !g.believesAbsence(plan):
		found.wait("whether the account was given %s is being read back", refOf(claim).label())
		g.claims = append(g.claims, claim)
	case how == absent, how == unread && g.in.Targets[refOf(claim)].Reason != "":
		g.dropped = append(g.dropped, claim)
	case how == inherited:
		found.note("%s comes through a group, and stays", refOf(claim).label())
		g.dropped = append(g.dropped, claim)
	case how == unread:
		found.wait("whether the account has %s has not been read yet", refOf(claim).label())
		g.claims = append(g.claims, claim)
	default:
		g.claims = append(g.claims, claim)
		g.remove(claim)
	}
}

// believesAbsence tells whether a claim may be dropped because the account, as it was read,
// lacks what it holds: a reading may be older than the grant, or a replica's that lacks it,
// and what a dropped claim held is taken away by nobody.
func (g *grants) believesAbsence(plan *Plan) bool {
	given := g.in.Written
	for _, rec := range keep(g.in.Records, g.record) {
		if rec.Time.After(given) {
			given = rec.Time.Time // the call whose answer was lost
		}
	}
	switch since := given.Add(g.in.Settle); {
	case !g.begun.Before(since):
		return true
	case g.in.Now.Before(since):
		plan.wake(since.Sub(g.in.Now))
	case !slices.Contains(plan.Reread, g.kind):
		plan.Reread = append(plan.Reread, g.kind)
	}
	return false
}

// remove takes a thing away once, however many claims held it.
func (g *grants) remove(claim v1alpha1.Claim) {
	for n := range g.changes {
		change := &g.changes[n]
		if len(change.Claims) > 0 && sameThing(change.Claims[0], claim) {
			change.Claims = append(change.Claims, claim)
			return
		}
	}
	if change := g.take(claim, &g.list.findings); change != nil {
		change.Record, change.Level, change.Disruptive = g.record, true, true
		change.Claims = []v1alpha1.Claim{claim}
		g.changes = append(g.changes, *change)
	}
}
