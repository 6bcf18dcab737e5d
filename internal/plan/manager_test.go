package plan_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/plan"
)

const (
	bob   = "bob@contoso.com"
	carol = "carol@contoso.com"
)

func manager(upn string) inputOption {
	return func(in *plan.Input) { in.Spec.Manager = &upn }
}

// managed tells who the manager is; "" for nobody.
func managed(id string) inputOption {
	return func(in *plan.Input) { in.Manager, in.ManagerKnown = id, true }
}

func is(upn, id string) inputOption {
	return target(v1alpha1.ClaimManager, upn, "", plan.Target{ID: id})
}

func managerClaim(upn, id string) inputOption {
	return claim(v1alpha1.ClaimManager, upn, "", id, true)
}

var _ = DescribeTable("manager",
	func(w outcome, options []inputOption) {
		comes(v1alpha1.ConditionManager, plan.RecordManager, w, options...)
	},
	result("nothing when it is not declared", outcome{}, managed("b")),
	result("sets the one that is declared, claimed in lower case",
		outcome{changes: list("SetManager b"), claims: list("bob@contoso.com=b"), status: yes, reason: v1alpha1.ReasonSucceeded},
		manager("Bob@Contoso.com"), is(bob, "b"), managed("")),
	result("is content with the one that is",
		outcome{claims: list("bob@contoso.com=b+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		manager(bob), is(bob, "b"), managed("b")),
	result("changes from one to another in one call",
		outcome{
			changes: list("SetManager c ends:bob@contoso.com"), claims: list("bob@contoso.com=b+", "carol@contoso.com=c"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		manager(carol), is(carol, "c"), managerClaim(bob, "b"), managed("b")),
	result("drops the claim on the one before when the other is there already",
		outcome{claims: list("carol@contoso.com=c+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		manager(carol), is(carol, "c"), managerClaim(bob, "b"), managed("c")),
	result("does not follow a name to another person",
		outcome{claims: list("bob@contoso.com=b+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		manager(bob), managerClaim(bob, "b"), is(bob, "other"), managed("b")),
	result("corrects what somebody changed",
		outcome{changes: list("SetManager b"), claims: list("bob@contoso.com=b+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		manager(bob), managerClaim(bob, "b"), is(bob, "b"), managed("x")),
	result("removes whoever is manager when none is declared",
		outcome{changes: list("RemoveManager"), status: yes, reason: v1alpha1.ReasonSucceeded}, manager(""), managed("x")),
	result("and the claim with it",
		outcome{
			changes: list("RemoveManager ends:bob@contoso.com"), claims: list("bob@contoso.com=b+"),
			status: yes, reason: v1alpha1.ReasonSucceeded,
		},
		manager(""), managerClaim(bob, "b"), managed("b")),
	result("has nothing to remove where there is none",
		outcome{status: yes, reason: v1alpha1.ReasonSucceeded}, manager(""), managerClaim(bob, "b"), managed("")),
	result("lets go when the key is gone, and changes nothing",
		outcome{released: list("bob@contoso.com=b+")}, managerClaim(bob, "b"), managed("b")),

	result("refuses a name that means nobody",
		outcome{status: no, reason: v1alpha1.ReasonNotFound, refused: true, says: list("no such account")},
		manager(bob), unresolved(v1alpha1.ClaimManager, bob, "", v1alpha1.ReasonNotFound, "no such account"), managed("")),
	result("keeps the claim on the one before while the new name means nobody",
		outcome{claims: list("bob@contoso.com=b+"), status: no, reason: v1alpha1.ReasonNotFound, refused: true},
		manager(carol), unresolved(v1alpha1.ClaimManager, carol, "", v1alpha1.ReasonNotFound, "no such account"),
		managerClaim(bob, "b"), managed("b")),
	result("refuses the person's own name",
		outcome{claims: list("bob@contoso.com=id"), status: no, reason: v1alpha1.ReasonInvalidSpec, refused: true},
		manager(bob), is(bob, "id"), managed("")),
	result("refuses where Active Directory masters another",
		outcome{
			claims: list("bob@contoso.com=b"), status: no, reason: v1alpha1.ReasonMasteredOnPremises, refused: true,
			says: list(`corp.contoso.com\alice`),
		},
		manager(bob), is(bob, "b"), managed("x"), synced),
	result("refuses to remove what Active Directory masters",
		outcome{status: no, reason: v1alpha1.ReasonMasteredOnPremises, refused: true}, manager(""), managed("x"), synced),
	result("is content where Active Directory says the same",
		outcome{claims: list("bob@contoso.com=b+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		manager(bob), is(bob, "b"), managed("b"), synced),
	result("waits until managers have been read",
		outcome{claims: list("bob@contoso.com=b"), status: maybe, reason: v1alpha1.ReasonWaiting}, manager(bob), is(bob, "b")),
	result("waits until the name was looked up",
		outcome{status: maybe, reason: v1alpha1.ReasonWaiting, says: list(bob)}, manager(bob), managed("")),

	result("waits before it repeats a call of unknown outcome",
		outcome{
			claims: list("bob@contoso.com=b"), status: maybe, reason: v1alpha1.ReasonProgressing, wake: time.Minute,
			records: starting(plan.RecordManager),
		},
		manager(bob), is(bob, "b"), managed(""), begun(plan.RecordManager, now)),
	result("then repeats it",
		outcome{changes: list("SetManager b"), claims: list("bob@contoso.com=b"), status: yes, reason: v1alpha1.ReasonSucceeded},
		manager(bob), is(bob, "b"), managed(""), begun(plan.RecordManager, earlier)),
	result("forgets a call that shows as made",
		outcome{claims: list("bob@contoso.com=b+"), status: yes, reason: v1alpha1.ReasonSucceeded},
		manager(bob), is(bob, "b"), managed("b"), begun(plan.RecordManager, now)),
)

var _ = It("tells from which manager to which", func() {
	changes := plan.For(input(manager(carol), is(carol, "c"), managerClaim(bob, "b"), managed("b"))).Changes()
	Expect(changes[0].From).To(Equal(bob))
	Expect(changes[0].To).To(Equal(carol))
})
