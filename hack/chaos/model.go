package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// world is what must be true in the end. The model knows no time: an operation counts at
// once, with all that follows from it.
type world struct {
	tenants []*tenant
}

// tenant is a client: a Microsoft 365 tenant, and the namespace that declares it.
type tenant struct {
	id, domain string
	// namespace has a Tenant of the same name.
	namespace         string
	people            []*person
	paused, observing bool
	// bosses are the ids, by name, of accounts that nobody declares and that may be
	// managers.
	bosses map[string]string
	// strangers are the accounts that nobody declares, by id, as they were made.
	strangers map[string]string
	// steady keeps people from being paused, only observed or on the way out, so that the
	// tenant's memory can be lost at any time.
	steady bool
	// calm keeps operations off in this round, since the tenant's memory was lost.
	calm bool
}

// person is somebody who has a ManagedUser, or will have one.
type person struct {
	tenant *tenant
	// name of the object.
	name string
	// protected by the Tenant; privileged may be given directory roles.
	protected, privileged bool

	// declared is true while there is an object.
	declared bool
	spec     v1alpha1.ManagedUserSpec
	account  account
	memory   memory
	// effects are what must have happened to the account through Graph; maybe is how
	// much more may have.
	effects, maybe map[graphsim.Effect]uint64
	// leaving is true from the deletion of an object that means something for the
	// account. What the account is then is in after.
	leaving *departure
	// touched are the entries that acted in this round. What is declared and undone
	// again before the operator saw it is nobody's fault, so nothing acts twice.
	touched map[string]bool
	log     []string
}

// departure is the end of somebody's object and account.
type departure struct {
	after   account
	effects map[graphsim.Effect]uint64
	// rounds are how often the world has begun to settle since. It is theirs, not the
	// clock's, when the departure counts, so that a seed repeats what follows from it.
	rounds int
	// due means that the departure must be over when the world has settled.
	due bool
}

// departures become due once a whole round has passed, which is more than the grace is
// waited for; in the last round all of them. A tenant that is paused lets nobody go.
func (w *world) departures(last bool) {
	for _, t := range w.tenants {
		for _, p := range t.people {
			if p.leaving != nil {
				p.leaving.rounds++
				p.leaving.due = (last || p.leaving.rounds > 1) && !t.paused
			}
		}
	}
}

// account is what an account in Microsoft 365 is, as far as anybody here changes it.
type account struct {
	id              string
	exists, deleted bool
	upn             string
	enabled, forced bool
	// changed is true once the person chose a password, which is later than any time
	// that is declared.
	changed bool
	// profile has the properties that anybody changes, under Graph's names.
	profile map[string]string
	// manager is an id, empty for none.
	manager string
	// held is what the account has, by the kind of claim.
	held map[v1alpha1.ClaimKind]set
}

// memory is what the operator must remember.
type memory struct {
	// signIn and asked are the values that the once-only steps were last done for.
	signIn, asked string
	// adopted means that what is asked was found, not done; answered that the person has
	// chosen a new password since.
	adopted, answered bool
	// name is the user principal name as last declared.
	name string
	// claims by kind.
	claims map[v1alpha1.ClaimKind]set
	// credential is true while the first sign-in's is kept.
	credential bool
	// requested is the pass that was last asked for.
	requested string
}

type set map[string]bool

func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }

func (s set) String() string { return "[" + strings.Join(s.sorted(), ", ") + "]" }

func newPerson(t *tenant, name string) *person {
	p := &person{
		tenant: t, name: name, effects: map[graphsim.Effect]uint64{}, maybe: map[graphsim.Effect]uint64{},
		touched: map[string]bool{},
	}
	p.account = account{profile: map[string]string{}, held: map[v1alpha1.ClaimKind]set{}}
	p.memory.claims = map[v1alpha1.ClaimKind]set{}
	for _, kind := range kinds() {
		p.account.held[kind], p.memory.claims[kind] = set{}, set{}
	}
	return p
}

// kinds of claims that lists hold.
func kinds() []v1alpha1.ClaimKind {
	return []v1alpha1.ClaimKind{
		v1alpha1.ClaimLicense, v1alpha1.ClaimGroup, v1alpha1.ClaimApplication, v1alpha1.ClaimDirectoryRole,
	}
}

// upnOf is a name to sign in to the tenant.
func (t *tenant) upnOf(name string) string { return name + "@" + t.domain }

// did counts an effect that there must be.
func (p *person) did(effect graphsim.Effect) { p.effects[effect]++ }

// frozen tells whether nothing may be done to the account now.
func (p *person) frozen() bool {
	return !p.declared || p.leaving != nil || p.resting() || p.observed()
}

// resting tells whether the object is not even looked at.
func (p *person) resting() bool { return p.spec.Paused || p.tenant.paused }

func (p *person) observed() bool {
	return p.spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve || p.tenant.observing
}

// lost tells whether the account is not there any more, or not yet.
func (p *person) lost() bool { return !p.account.exists || p.account.deleted }

// converge makes the account as declared, and counts what that takes.
func (p *person) converge() {
	switch {
	case !p.declared || p.leaving != nil || p.resting() || p.account.deleted:
	case p.observed():
		for _, e := range entries() {
			if e.observe != nil {
				e.observe(p)
			}
		}
	default:
		for _, e := range entries() {
			if e.converge != nil {
				e.converge(p)
			}
		}
	}
}

// forget is the loss of the object's status. What is found declared is adopted.
func (p *person) forget() {
	for _, e := range entries() {
		if e.forget != nil {
			e.forget(p)
		}
	}
}

// note adds a line to what happened to somebody.
func (p *person) note(format string, values ...any) {
	p.log = append(p.log, fmt.Sprintf(format, values...))
}

func (p *person) touch() {
	for _, e := range entries() {
		p.touched[e.name] = true
	}
}

// untouched tells whether nothing has acted on somebody in this round.
func (p *person) untouched() bool { return len(p.touched) == 0 }
