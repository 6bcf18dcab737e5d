package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// entry is one of a list's entries as the spec has it.
type entry struct {
	Ref
	until *metav1.Time
}

// entriesOf are the entries of one of the spec's lists; declared is false when the
// list's key is absent.
func entriesOf(spec *v1alpha1.ManagedUserSpec, kind v1alpha1.ClaimKind) (entries []entry, declared bool) {
	add := func(name, qualifier string, until *metav1.Time) {
		entries = append(entries, entry{Ref{kind, name, qualifier}, until})
	}
	switch kind {
	case v1alpha1.ClaimLicense:
		for _, l := range spec.Licenses {
			add(l.SKU, "", l.Until)
		}
		return entries, spec.Licenses != nil
	case v1alpha1.ClaimGroup:
		for _, g := range spec.Groups {
			add(g.Name, "", g.Until)
		}
		return entries, spec.Groups != nil
	case v1alpha1.ClaimApplication:
		for _, a := range spec.Applications {
			add(a.Name, a.Role, a.Until)
		}
		return entries, spec.Applications != nil
	case v1alpha1.ClaimDirectoryRole:
		for _, r := range spec.DirectoryRoles {
			add(r.Name, r.Scope, r.Until)
		}
		return entries, spec.DirectoryRoles != nil
	default: // the manager
		if spec.Manager != nil && *spec.Manager != "" {
			add(strings.ToLower(*spec.Manager), "", nil)
		}
		return entries, spec.Manager != nil
	}
}

// Wanted are the entries and claims that Input.Targets must tell of. Those with an ID
// are resolved: of them it is only asked what is known of the object, not what the name
// means by now. Licences are not among them, since SKUs tell of those.
func Wanted(spec *v1alpha1.ManagedUserSpec, claims []v1alpha1.Claim) []v1alpha1.Claim {
	var wanted []v1alpha1.Claim
	for _, kind := range []v1alpha1.ClaimKind{
		v1alpha1.ClaimManager, v1alpha1.ClaimGroup, v1alpha1.ClaimApplication, v1alpha1.ClaimDirectoryRole,
	} {
		entries, declared := entriesOf(spec, kind)
		if !declared {
			continue
		}
		held := claimsOf(claims, kind)
		wanted = append(wanted, held...)
		for _, e := range entries {
			if _, ok := findClaim(held, e.Ref); !ok {
				wanted = append(wanted, v1alpha1.Claim{Kind: kind, Name: e.Name, Qualifier: e.Qualifier})
			}
		}
	}
	sortClaims(wanted)
	return wanted
}

// item is an entry in force, and what it claims.
type item struct {
	// claim has no ID while the name is not resolved.
	claim v1alpha1.Claim
	// known is true for what was claimed before.
	known  bool
	target Target
}

// ending is a claim whose entry is not in force any more.
type ending struct {
	claim v1alpha1.Claim
	// expired is true for an entry that is still listed and whose time has passed.
	expired bool
}

// list is one of the spec's lists next to the claims of its kind.
type list struct {
	items    []item
	gone     []ending
	findings findings
}

// list sorts entries and claims out. A list that is not declared lets its claims go.
func (in Input) list(kind v1alpha1.ClaimKind, resolve func(Ref) Target, plan *Plan) (l list, declared bool) {
	entries, declared := entriesOf(in.Spec, kind)
	claims := claimsOf(in.Claims, kind)
	if !declared {
		plan.Released = append(plan.Released, claims...)
		return list{}, false
	}
	ends := map[Ref]bool{}
	for _, e := range entries {
		claim, known := findClaim(claims, e.Ref)
		if e.until != nil && !e.until.After(in.Now) {
			ends[e.Ref] = true
			l.findings.note("%s ended at %s", e.label(), formatTime(e.until.Time))
			continue
		}
		if e.until != nil {
			plan.wake(e.until.Sub(in.Now))
		}
		l.items = append(l.items, newItem(e.Ref, claim, known, resolve))
	}
	for _, claim := range claims {
		ref := refOf(claim)
		inForce := slices.ContainsFunc(l.items, func(i item) bool { return refOf(i.claim) == ref })
		if !inForce {
			l.gone = append(l.gone, ending{claim: claim, expired: ends[ref]})
		}
	}
	return l, true
}

// newItem keeps to what the name meant first.
func newItem(ref Ref, claim v1alpha1.Claim, known bool, resolve func(Ref) Target) item {
	target := resolve(ref)
	if !known {
		claim = v1alpha1.Claim{
			Kind: ref.Kind, Name: ref.Name, Qualifier: ref.Qualifier,
			ID: strings.ToLower(target.ID), RoleID: strings.ToLower(target.RoleID),
		}
	}
	return item{claim: claim, known: known, target: target}
}

// named resolves an entry from Targets.
func (in Input) named(ref Ref) Target { return in.Targets[ref] }

// missing tells why an entry stands for nothing, if so.
func (i item) missing(found *findings) bool {
	switch {
	case i.target.Reason != "":
		found.refuse(i.target.Reason, "%s", i.target.Message)
		return true
	case i.claim.ID == "":
		found.wait("%s has not been looked up yet", refOf(i.claim).label())
		return true
	default:
		return false
	}
}

// label is how messages name an entry.
func (r Ref) label() string {
	switch {
	case r.Kind == v1alpha1.ClaimApplication:
		return fmt.Sprintf("role %s of application %s", r.Qualifier, r.Name)
	case r.Kind == v1alpha1.ClaimDirectoryRole && r.Qualifier != tenantScope && r.Qualifier != "":
		return fmt.Sprintf("directory role %s at %s", r.Name, r.Qualifier)
	case r.Kind == v1alpha1.ClaimDirectoryRole:
		return "directory role " + r.Name
	case r.Kind == v1alpha1.ClaimGroup:
		return "group " + r.Name
	case r.Kind == v1alpha1.ClaimManager:
		return "manager " + r.Name
	default:
		return r.Name
	}
}

func refOf(c v1alpha1.Claim) Ref { return Ref{c.Kind, c.Name, c.Qualifier} }

func claimsOf(claims []v1alpha1.Claim, kind v1alpha1.ClaimKind) []v1alpha1.Claim {
	var all []v1alpha1.Claim
	for _, c := range claims {
		if c.Kind == kind {
			all = append(all, c)
		}
	}
	return all
}

func findClaim(claims []v1alpha1.Claim, ref Ref) (v1alpha1.Claim, bool) {
	for _, c := range claims {
		if refOf(c) == ref {
			return c, true
		}
	}
	return v1alpha1.Claim{}, false
}

// sameThing tells whether two claims of a kind hold the same thing, perhaps under
// different names.
func sameThing(a, b v1alpha1.Claim) bool {
	if a.Kind == v1alpha1.ClaimDirectoryRole && !strings.EqualFold(a.Qualifier, b.Qualifier) {
		return false
	}
	return a.ID == b.ID && a.RoleID == b.RoleID
}

// wasHeld tells whether the account once had a thing, under whatever name.
func (in Input) wasHeld(claim v1alpha1.Claim) bool {
	return slices.ContainsFunc(claimsOf(in.Claims, claim.Kind), func(c v1alpha1.Claim) bool {
		return c.Held && sameThing(c, claim)
	})
}

func sortClaims(claims []v1alpha1.Claim) {
	slices.SortFunc(claims, func(a, b v1alpha1.Claim) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Qualifier, b.Qualifier))
	})
}

// unsettled tells whether a facet of levels must wait before it decides anew, because a
// call of unknown outcome may yet show. Where byReading, it is read back as well.
func (in Input) unsettled(f *Facet, record string, byReading bool, plan *Plan) bool {
	for _, rec := range keep(in.Records, record) {
		if rec.Phase != v1alpha1.PhaseStarted {
			continue
		}
		settled := in.elapsed
		if byReading {
			settled = in.settle
		}
		if settled(rec, plan) {
			continue
		}
		f.Changes = nil
		f.Records = append(f.Records, rec)
		f.Verdict = Verdict{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProgressing,
			Message: "whether the last change was made is being read back",
		}
		return true
	}
	return false
}
