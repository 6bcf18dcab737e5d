package directorytest

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
)

func (s *suite) readsAccounts() {
	It("finds an account by its id and by its name, in any case", func(ctx SpecContext) {
		w := s.open(Tenant{})
		name := "Zoë.O'Brien@" + w.Domain()
		id := w.AddAccount(Account{UserPrincipalName: name, DisplayName: "Zoë O'Brien", Mail: "zoe@" + w.Domain(), UsageLocation: "DE"})
		for _, key := range []string{id, strings.ToUpper(id), name, strings.ToUpper(name)} {
			Expect(w.Directory().User(ctx, key)).To(HaveValue(And(
				HaveField("ID", id), HaveField("UserPrincipalName", name), HaveField("DisplayName", "Zoë O'Brien"),
				HaveField("Mail", "zoe@"+w.Domain()), HaveField("UsageLocation", "DE"), HaveField("Enabled", directory.Yes),
				HaveField("OnPremises.Synced", directory.No), HaveField("Created", Not(BeZero())), HaveField("LastPasswordChange", Not(BeZero())),
			)), key)
		}
	})

	It("tells what is not set from what was not read", func() {
		_, d, id := s.person()
		read := account(d, id)
		Expect(read.Profile).To(HaveValue(BeZero()))
		Expect(read.Licenses).To(And(Not(BeNil()), BeEmpty()))
		Expect(read.SKUs).To(BeEmpty())
		Expect(read.JobTitle).To(BeEmpty())
	})

	It("tells guests, blocked and synced accounts", func() {
		w := s.open(Tenant{})
		guest := w.AddAccount(Account{UserPrincipalName: "eve_fabrikam.example#EXT#@" + w.Domain(), Guest: true})
		blocked := w.AddAccount(Account{UserPrincipalName: "bob@" + w.Domain(), Blocked: true})
		synced := w.AddAccount(Account{UserPrincipalName: "carl@" + w.Domain(), Synced: true})
		Expect(account(w.Directory(), guest).UserType).To(Equal(directory.GuestUserType))
		Expect(account(w.Directory(), "eve_fabrikam.example#EXT#@"+w.Domain()).ID).To(Equal(guest))
		Expect(account(w.Directory(), blocked).Enabled).To(Equal(directory.No))
		Expect(account(w.Directory(), synced).OnPremises.Synced).To(Equal(directory.Yes))
	})

	It("does not find nobody", func(ctx SpecContext) {
		w, d, _ := s.person()
		for _, key := range []string{nobody, "nobody@" + w.Domain(), "alice@elsewhere.example"} {
			_, err := d.User(ctx, key)
			expectRefused(err, directory.KindNotFound)
		}
		_, err := d.User(ctx, "")
		expectRefused(err, directory.KindInvalid)
	})

	It("reads more accounts than a page holds", func() {
		w := s.open(Tenant{})
		const many = 1003
		boss := w.AddAccount(Account{UserPrincipalName: "boss@" + w.Domain()})
		var last string
		for i := range many {
			last = w.AddAccount(Account{UserPrincipalName: fmt.Sprintf("u%d@%s", i, w.Domain())})
		}
		do(w.Directory().SetManager(context.Background(), last, boss))
		ids := map[string]int{}
		for _, u := range everything(w.Directory().LicenseStates) {
			ids[u.ID]++
			Expect(u.Licenses).To(And(Not(BeNil()), BeEmpty()))
		}
		Expect(ids).To(And(HaveLen(many+1), HaveEach(1)))
		Expect(everything(w.Directory().Managers)).To(HaveExactElements(directory.ManagerLink{UserID: last, Manager: boss}))
	})

	It("reads an empty tenant", func() {
		d := s.open(Tenant{}).Directory()
		Expect(everything(d.LicenseStates)).To(BeEmpty())
		Expect(everything(d.Managers)).To(BeEmpty())
		Expect(everything(d.Devices)).To(BeEmpty())
		Expect(everything(d.Rooms)).To(BeEmpty())
		Expect(everything(d.RoleAssignments)).To(HaveEach(Not(HaveField("PrincipalKind", directory.PrincipalUser))))
	})
}

// round is what users/delta told, from a link to where the next round begins.
type round struct {
	users   map[string]directory.User
	removed map[string]bool // whether for good
	resume  string
}

func changes(d directory.UserReader, link string) round {
	GinkgoHelper()
	r := round{users: map[string]directory.User{}, removed: map[string]bool{}}
	for r.resume == "" {
		page, err := d.UserChanges(context.Background(), link)
		Expect(err).NotTo(HaveOccurred())
		Expect([]string{page.Next, page.Resume}).To(ConsistOf(BeEmpty(), Not(BeEmpty())), "exactly one link")
		for _, u := range page.Users {
			r.users[u.ID] = u
		}
		for _, gone := range page.Removed {
			r.removed[gone.ID] = gone.Permanent
		}
		link, r.resume = page.Next, page.Resume
	}
	return r
}

func (s *suite) followsAccounts() {
	It("tells all accounts first, then what changed", func(ctx SpecContext) {
		w := s.open(Tenant{})
		d := w.Directory()
		var ids []string
		for i := range 7 {
			ids = append(ids, w.AddAccount(Account{UserPrincipalName: fmt.Sprintf("u%d@%s", i, w.Domain())}))
		}
		first := changes(d, "")
		Expect(first.users).To(HaveLen(7))
		Expect(first.removed).To(BeEmpty())

		do(d.UpdateUser(ctx, ids[0], directory.Attributes{directory.AttributeCity: "Köln", directory.AttributeJobTitle: "Clerk"}))
		do(d.DeleteUser(ctx, ids[1]))
		made := w.AddAccount(Account{UserPrincipalName: "new@" + w.Domain()})
		w.Settle()
		second := changes(d, first.resume)
		Expect(second.users).To(And(HaveLen(2), HaveKey(made), HaveKeyWithValue(ids[0], And(
			HaveField("JobTitle", "Clerk"), HaveField("Profile", HaveValue(HaveField("City", "Köln")))))))
		Expect(second.removed).To(Equal(map[string]bool{ids[1]: false}))

		do(d.RestoreUser(ctx, ids[1]))
		w.Settle()
		third := changes(d, second.resume)
		Expect(third.users).To(And(HaveLen(1), HaveKey(ids[1])))
		Expect(third.removed).To(BeEmpty())

		last := changes(d, third.resume)
		Expect(last.users).To(BeEmpty())
		Expect(last.removed).To(BeEmpty())
	})

	It("tells an empty tenant", func() {
		first := changes(s.open(Tenant{}).Directory(), "")
		Expect(first.users).To(BeEmpty())
	})

	It("follows no link that leads elsewhere", func(ctx SpecContext) {
		_, d, _ := s.person()
		_, err := d.UserChanges(ctx, "https://elsewhere.example/v1.0/users/delta?$deltatoken=x")
		expectRefused(err, directory.KindInvalid, directory.KindResync)
		_, err = d.GroupChanges(ctx, "https://elsewhere.example/v1.0/groups/delta?$deltatoken=x")
		expectRefused(err, directory.KindInvalid, directory.KindResync)
	})
}

func (s *suite) looksForNames() {
	It("finds who carries a name, as name, address or alias", func(ctx SpecContext) {
		w := s.open(Tenant{})
		at := "@" + w.Domain()
		byName := w.AddAccount(Account{UserPrincipalName: "O'Brien" + at})
		byMail := w.AddAccount(Account{UserPrincipalName: "b" + at, Mail: "sales" + at})
		byAlias := w.AddAccount(Account{UserPrincipalName: "c" + at, Mail: "c" + at, Aliases: []string{"info" + at}})
		for name, id := range map[string]string{"o'brien" + at: byName, "Sales" + at: byMail, "info" + at: byAlias, "C" + at: byAlias} {
			found, err := w.Directory().Namesakes(ctx, name)
			Expect(err).NotTo(HaveOccurred())
			Expect(found.Accounts).To(HaveExactElements(HaveField("ID", id)), name)
			Expect(found.Time).NotTo(BeZero())
		}
		found, err := w.Directory().Namesakes(ctx, "free"+at)
		Expect(err).NotTo(HaveOccurred())
		Expect(found.Accounts).To(BeEmpty())
		Expect(found.Time).NotTo(BeZero())
	})

	It("finds the deleted by the names they had", func(ctx SpecContext) {
		w := s.open(Tenant{})
		d, at := w.Directory(), "@"+w.Domain()
		ann := w.AddAccount(Account{UserPrincipalName: "ann" + at, DisplayName: "Ann"})
		joann := w.AddAccount(Account{UserPrincipalName: "joann" + at})
		brien := w.AddAccount(Account{UserPrincipalName: "O'Brien" + at})
		for _, id := range []string{ann, joann, brien} {
			do(d.DeleteUser(ctx, id))
		}
		w.Settle()
		Expect(everything(of(d.DeletedUsers, "Ann"+at))).To(HaveExactElements(And(
			HaveField("ID", ann), HaveField("UserPrincipalName", "ann"+at), HaveField("DisplayName", "Ann"), HaveField("Deleted", Not(BeZero())))))
		Expect(everything(of(d.DeletedUsers, "o'brien"+at))).To(HaveExactElements(HaveField("ID", brien)))
		Expect(everything(of(d.DeletedUsers, "nn"+at))).To(BeEmpty())
	})
}
