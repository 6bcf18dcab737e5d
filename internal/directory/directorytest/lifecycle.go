package directorytest

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// newcomer is an account to be made.
func newcomer(w World) directory.NewUser {
	return directory.NewUser{
		UserPrincipalName: "zoe.o'brien@" + w.Domain(), DisplayName: "Zoë O'Brien", MailNickname: "zoe.obrien",
		Enabled: true, Password: "vW7#qRt2-mKp9xLd",
		Attributes: directory.Attributes{
			directory.AttributeGivenName: "Zoë", directory.AttributeBusinessPhone: "+49 221 1", directory.AttributeUsageLocation: "DE", directory.AttributeCity: "",
		},
	}
}

func create(d directory.AccountWriter, user directory.NewUser) string {
	GinkgoHelper()
	made, receipt, err := d.CreateUser(context.Background(), user)
	do(receipt, err)
	return made.ID
}

func (s *suite) keepsAccounts() {
	It("makes an account as it was said", func() {
		w := s.open(Tenant{})
		d := w.Directory()
		id := create(d, newcomer(w))
		w.Settle()
		Expect(account(d, id)).To(HaveValue(And(
			HaveField("UserPrincipalName", "zoe.o'brien@"+w.Domain()), HaveField("DisplayName", "Zoë O'Brien"), HaveField("GivenName", "Zoë"),
			HaveField("UsageLocation", "DE"), HaveField("Enabled", directory.Yes), HaveField("Profile.BusinessPhone", "+49 221 1"),
			HaveField("Created", Not(BeZero())))))
		Expect(w.MustChangePassword(id)).To(BeTrue())
	})

	It("makes a blocked account", func() {
		w := s.open(Tenant{})
		staged := newcomer(w)
		staged.Enabled = false
		id := create(w.Directory(), staged)
		w.Settle()
		Expect(account(w.Directory(), id).Enabled).To(Equal(directory.No))
	})

	It("does not make a second account of a name", func(ctx SpecContext) {
		w := s.open(Tenant{})
		create(w.Directory(), newcomer(w))
		w.Settle()
		_, _, err := w.Directory().CreateUser(ctx, newcomer(w))
		expectRefused(err, directory.KindConflict)
	})

	It("makes no account that the tenant cannot have", func(ctx SpecContext) {
		w := s.open(Tenant{})
		elsewhere, weak := newcomer(w), newcomer(w)
		elsewhere.UserPrincipalName = "zoe@elsewhere.example"
		weak.Password = "password"
		for _, user := range []directory.NewUser{elsewhere, weak} {
			_, _, err := w.Directory().CreateUser(ctx, user)
			expectRefused(err, directory.KindInvalid)
		}
		Expect(changes(w.Directory(), "").users).To(BeEmpty())
	})

	It("makes no account beyond the quota", func(ctx SpecContext) {
		w := s.open(Tenant{Quota: 1})
		w.AddAccount(Account{UserPrincipalName: "full@" + w.Domain()})
		_, _, err := w.Directory().CreateUser(ctx, newcomer(w))
		expectRefused(err, directory.KindQuota)
	})

	It("renames", func(ctx SpecContext) {
		w, d, id := s.person()
		w.AddAccount(Account{UserPrincipalName: "taken@" + w.Domain()})
		do(d.RenameUser(ctx, id, "alice.o'brien@"+w.Domain()))
		w.Settle()
		Expect(account(d, "alice.o'brien@"+w.Domain()).ID).To(Equal(id))
		_, err := d.RenameUser(ctx, id, "taken@"+w.Domain())
		expectRefused(err, directory.KindConflict)
		_, err = d.RenameUser(ctx, nobody, "bob@"+w.Domain())
		expectRefused(err, directory.KindNotFound)
	})

	It("deletes once, and restores", func(ctx SpecContext) {
		w, d, id := s.person()
		do(d.DeleteUser(ctx, id))
		w.Settle()
		_, err := d.User(ctx, id)
		expectRefused(err, directory.KindNotFound)
		_, err = d.DeleteUser(ctx, id)
		expectRefused(err, directory.KindNotFound)
		do(d.RestoreUser(ctx, id))
		w.Settle()
		Expect(account(d, "alice@"+w.Domain()).ID).To(Equal(id))
		_, err = d.RestoreUser(ctx, nobody)
		expectRefused(err, directory.KindNotFound)
	})

	It("does not restore beside an account that took the name", func(ctx SpecContext) {
		w, d, id := s.person()
		do(d.DeleteUser(ctx, id))
		w.AddAccount(Account{UserPrincipalName: "alice@" + w.Domain()})
		w.Settle()
		_, err := d.RestoreUser(ctx, id)
		expectRefused(err, directory.KindConflict)
	})
}

func (s *suite) writesProfiles() {
	every := map[directory.Attribute]string{
		directory.AttributeDisplayName: "Zoë O'Brien", directory.AttributeGivenName: "Zoë", directory.AttributeSurname: "O'Brien",
		directory.AttributeJobTitle: "Clerk", directory.AttributeDepartment: "Sales", directory.AttributeCompanyName: "Contoso",
		directory.AttributeOfficeLocation: "2/11", directory.AttributeStreetAddress: "Ring 1", directory.AttributeCity: "Köln",
		directory.AttributeState: "NRW", directory.AttributePostalCode: "50667", directory.AttributeCountry: "Germany",
		directory.AttributeMobilePhone: "+49 170 1", directory.AttributeBusinessPhone: "+49 221 1", directory.AttributeUsageLocation: "DE",
		directory.AttributePreferredLanguage: "de-DE", directory.AttributeEmployeeID: "4711", directory.AttributeEmployeeType: "Worker",
	}

	It("writes every attribute and clears those that can be", func(ctx SpecContext) {
		w, d, id := s.person()
		do(d.UpdateUser(ctx, id, every))
		w.Settle()
		for name, want := range every {
			value, known := account(d, id).Attribute(name)
			Expect(known).To(BeTrue(), name)
			Expect(value).To(Equal(want), name)
		}
		nothing := directory.Attributes{}
		for name := range every {
			if name != directory.AttributeDisplayName && name != directory.AttributeUsageLocation {
				nothing[name] = ""
			}
		}
		do(d.UpdateUser(ctx, id, nothing))
		w.Settle()
		for name := range nothing {
			value, known := account(d, id).Attribute(name)
			Expect(known).To(BeTrue(), name)
			Expect(value).To(BeEmpty(), name)
		}
		Expect(account(d, id).DisplayName).To(Equal("Zoë O'Brien"))
	})

	It("writes nothing beside what is said, and nothing of a refused request", func(ctx SpecContext) {
		w, d, id := s.person()
		do(d.UpdateUser(ctx, id, directory.Attributes{directory.AttributeJobTitle: "Clerk", directory.AttributeDepartment: "Sales"}))
		do(d.UpdateUser(ctx, id, directory.Attributes{directory.AttributeJobTitle: "Head"}))
		_, err := d.UpdateUser(ctx, id, directory.Attributes{directory.AttributeDepartment: "Export", directory.AttributeEmployeeID: "12345678901234567"})
		expectRefused(err, directory.KindInvalid)
		w.Settle()
		Expect(account(d, id)).To(HaveValue(And(HaveField("JobTitle", "Head"), HaveField("Department", "Sales"))))
	})

	It("leaves to the on-premises directory what that masters", func(ctx SpecContext) {
		w := s.open(Tenant{})
		id := w.AddAccount(Account{UserPrincipalName: "carl@" + w.Domain(), Synced: true})
		_, err := w.Directory().UpdateUser(ctx, id, directory.Attributes{directory.AttributeJobTitle: "Clerk"})
		expectRefused(err, directory.KindMastered)
		_, err = w.Directory().RenameUser(ctx, id, "karl@"+w.Domain())
		expectRefused(err, directory.KindMastered)
		do(w.Directory().UpdateUser(ctx, id, directory.Attributes{directory.AttributeUsageLocation: "DE"}))
	})

	It("does not know nobody", func(ctx SpecContext) {
		_, d, _ := s.person()
		_, err := d.UpdateUser(ctx, nobody, directory.Attributes{directory.AttributeJobTitle: "Clerk"})
		expectRefused(err, directory.KindNotFound)
		_, err = d.UpdateUser(ctx, nobody, directory.Attributes{})
		expectRefused(err, directory.KindInvalid)
	})
}

func (s *suite) decidesSignIns() {
	It("blocks and lets in, as often as it is said", func(ctx SpecContext) {
		w, d, id := s.person()
		for _, enabled := range []bool{false, false, true, true} {
			do(d.SetEnabled(ctx, id, enabled))
			w.Settle()
			Expect(account(d, id).Enabled).To(Equal(directory.TristateOf(enabled)))
		}
	})

	It("voids sessions", func(ctx SpecContext) {
		w, d, id := s.person()
		before := account(d, id).SessionsValidFrom
		w.Settle()
		do(d.RevokeSessions(ctx, id))
		w.Settle()
		Expect(account(d, id).SessionsValidFrom).To(BeTemporally(">", before))
	})

	It("asks for a new password without a new one", func(ctx SpecContext) {
		w, d, id := s.person()
		before := account(d, id).LastPasswordChange
		Expect(w.MustChangePassword(id)).To(BeFalse())
		do(d.RequirePasswordChange(ctx, id))
		w.Settle()
		Expect(w.MustChangePassword(id)).To(BeTrue())
		Expect(account(d, id).LastPasswordChange).To(Equal(before))
	})

	It("does not know nobody", func(ctx SpecContext) {
		_, d, _ := s.person()
		_, err := d.SetEnabled(ctx, nobody, false)
		expectRefused(err, directory.KindNotFound)
		_, err = d.RevokeSessions(ctx, nobody)
		expectRefused(err, directory.KindNotFound)
		_, err = d.RequirePasswordChange(ctx, nobody)
		expectRefused(err, directory.KindNotFound)
	})
}

func (s *suite) issuesPasses() {
	It("issues a pass, and another in its place", func(ctx SpecContext) {
		w := s.open(Tenant{Passes: true})
		id := w.AddAccount(Account{UserPrincipalName: "alice@" + w.Domain()})
		first, receipt, err := w.Directory().CreateTemporaryAccessPass(ctx, id)
		do(receipt, err)
		Expect(first.Pass).NotTo(BeEmpty())
		Expect(first.Starts).To(BeTemporally("~", receipt.Time, 2*time.Second))
		Expect(first.Expires.Sub(first.Starts)).To(BeNumerically(">=", 10*time.Minute))
		second, receipt, err := w.Directory().CreateTemporaryAccessPass(ctx, id)
		do(receipt, err)
		Expect(second.Pass).NotTo(Equal(first.Pass))
		w.Settle()
		methods, err := w.Directory().AuthenticationMethods(ctx, id)
		Expect(err).NotTo(HaveOccurred())
		Expect(methods).To(ConsistOf(HaveField("Type", "password"), HaveField("Type", "temporaryAccessPass")))
	})

	It("issues none against the policy, to guests or to nobody", func(ctx SpecContext) {
		_, d, id := s.person()
		_, _, err := d.CreateTemporaryAccessPass(ctx, id)
		expectRefused(err, directory.KindPolicy)

		w := s.open(Tenant{Passes: true})
		guest := w.AddAccount(Account{UserPrincipalName: "eve_fabrikam.example#EXT#@" + w.Domain(), Guest: true})
		_, _, err = w.Directory().CreateTemporaryAccessPass(ctx, guest)
		expectRefused(err, directory.KindPolicy)
		_, _, err = w.Directory().CreateTemporaryAccessPass(ctx, nobody)
		expectRefused(err, directory.KindNotFound)
	})
}

func (s *suite) writesManagers() {
	It("sets, replaces and removes", func(ctx SpecContext) {
		w, d, id := s.person()
		bob := w.AddAccount(Account{UserPrincipalName: "bob@" + w.Domain()})
		eve := w.AddAccount(Account{UserPrincipalName: "eve@" + w.Domain()})
		for _, manager := range []string{bob, bob, eve} {
			do(d.SetManager(ctx, id, manager))
			w.Settle()
			Expect(everything(d.Managers)).To(HaveExactElements(directory.ManagerLink{UserID: id, Manager: manager}))
		}
		do(d.RemoveManager(ctx, id))
		w.Settle()
		Expect(everything(d.Managers)).To(BeEmpty())
		Expect(account(d, eve).ID).To(Equal(eve), "the link goes, not the manager")
		_, err := d.RemoveManager(ctx, id)
		expectRefused(err, directory.KindNotFound)
	})

	It("does not link nobody", func(ctx SpecContext) {
		w, d, id := s.person()
		_, err := d.SetManager(ctx, id, nobody)
		expectRefused(err, directory.KindNotFound, directory.KindInvalid)
		_, err = d.SetManager(ctx, nobody, id)
		expectRefused(err, directory.KindNotFound)
		synced := w.AddAccount(Account{UserPrincipalName: "carl@" + w.Domain(), Synced: true})
		_, err = d.SetManager(ctx, synced, id)
		expectRefused(err, directory.KindMastered)
	})
}
