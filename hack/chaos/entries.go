package main

import (
	"context"
	"math/rand/v2"

	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// entry is all that the campaign knows of one facet of an account, or of one thing that
// can be done to an object. A new one joins the campaign by one line in entries.
type entry struct {
	name string
	// facet is the type of the condition that tells of it; empty when none does.
	facet string
	// acts are what people and outsiders do.
	acts []act

	// converge makes the model's account as declared, and counts what that takes.
	converge func(*person)
	// observe is what the operator's memory loses while it may only look on; forget is
	// what the loss of all status means to it.
	observe, forget func(*person)
	// verdict is the condition's status and reason, once all is settled; empty for none.
	verdict func(*person) string
	// expect compares whatever else the entry stands for.
	expect func(*person, *sight) []string
}

// act is one thing that people or outsiders do.
type act struct {
	name   string
	weight int
	// able tells whether it can be done now; nil when always.
	able func(*person) bool
	// do changes the model. What it returns is what must be done besides writing the
	// object as the model then has it.
	do func(*rand.Rand, *person) deed
}

// deed is what an act comes to.
type deed struct {
	// note tells of it.
	note string
	// outside is done to Microsoft 365 by somebody else; nil when nothing is.
	outside func(context.Context, *stack.Graph) error
	// annotate asks for a pass by this value; empty when not.
	annotate string
	// ends means that the object is deleted.
	ends bool
	// alone means that nothing else may act on the person in this round.
	alone bool
}

// entries are all of them, in the order in which the operator works on facets.
func entries() []entry {
	return []entry{
		accountEntry(), signInEntry(), passwordEntry(), profileEntry(), managerEntry(),
		licensesEntry(), groupsEntry(), applicationsEntry(), rolesEntry(), firstSignInEntry(),
		policyEntry(), requestEntry(), objectEntry(),
	}
}
