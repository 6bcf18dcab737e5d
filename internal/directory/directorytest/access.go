package directorytest

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
)

func (s *suite) assignsApplications() {
	It("finds an application by either id or its exact name, but guesses none", func(ctx SpecContext) {
		w := s.open(Tenant{})
		id := w.AddApplication("O'Brien's Portal", "Admin", "Training Only")
		found, err := w.Directory().Application(ctx, "O'Brien's Portal")
		Expect(err).NotTo(HaveOccurred())
		Expect(found).To(HaveValue(And(HaveField("ID", id), HaveField("DisplayName", "O'Brien's Portal"), HaveField("AppID", Not(BeEmpty())))))
		Expect(found.Roles).To(ConsistOf(
			And(HaveField("DisplayName", "Admin"), HaveField("Enabled", true), HaveField("ForUsers", true)), HaveField("DisplayName", "Training Only")))
		Expect(w.Directory().Application(ctx, id)).To(Equal(found))
		Expect(w.Directory().Application(ctx, found.AppID)).To(Equal(found))

		w.AddApplication("Twice")
		w.AddApplication("Twice")
		_, err = w.Directory().Application(ctx, "Twice")
		expectRefused(err, directory.KindConflict)
		for _, key := range []string{"O'Brien", nobody} {
			_, err = w.Directory().Application(ctx, key)
			expectRefused(err, directory.KindNotFound)
		}
	})

	It("assigns and removes a role once", func(ctx SpecContext) {
		w, d, id := s.person()
		application := w.AddApplication("MSPortal", "Admin")
		group := w.AddGroup(Group{DisplayName: "Portal"})
		w.AssignApplication(application, group, "Admin")
		found, err := d.Application(ctx, application)
		Expect(err).NotTo(HaveOccurred())
		role := found.Roles[0].ID

		do(d.AssignAppRole(ctx, id, application, role))
		w.Settle()
		roles := everything(of(d.UserAppRoles, id))
		Expect(roles).To(HaveExactElements(And(HaveField("PrincipalID", id), HaveField("PrincipalKind", directory.PrincipalUser),
			HaveField("ApplicationID", application), HaveField("RoleID", role), HaveField("ID", Not(BeEmpty())))))
		Expect(everything(of(d.ApplicationAssignments, application))).To(ConsistOf(roles[0],
			And(HaveField("PrincipalID", group), HaveField("PrincipalKind", directory.PrincipalGroup))))
		_, err = d.AssignAppRole(ctx, id, application, role)
		expectRefused(err, directory.KindExists)

		do(d.RemoveAppRole(ctx, id, roles[0].ID))
		w.Settle()
		Expect(everything(of(d.UserAppRoles, id))).To(BeEmpty())
		_, err = d.RemoveAppRole(ctx, id, roles[0].ID)
		expectRefused(err, directory.KindNotFound)
	})

	It("assigns access to an application without roles", func(ctx SpecContext) {
		w, d, id := s.person()
		application := w.AddApplication("Plain")
		do(d.AssignAppRole(ctx, id, application, directory.DefaultAppRole))
		w.Settle()
		Expect(everything(of(d.UserAppRoles, id))).To(HaveExactElements(HaveField("RoleID", directory.DefaultAppRole)))
	})

	It("assigns no role that there is not", func(ctx SpecContext) {
		w, d, id := s.person()
		application := w.AddApplication("MSPortal", "Admin")
		_, err := d.AssignAppRole(ctx, id, application, nobody)
		expectRefused(err, directory.KindInvalid, directory.KindNotFound)
		_, err = d.AssignAppRole(ctx, id, nobody, directory.DefaultAppRole)
		expectRefused(err, directory.KindInvalid, directory.KindNotFound)
		_, err = d.ApplicationAssignments(ctx, nobody, "")
		expectRefused(err, directory.KindNotFound)
	})
}

func (s *suite) assignsRoles() {
	const helpdesk = "Helpdesk Administrator"
	definition := func(d directory.RoleReader) string {
		GinkgoHelper()
		for _, role := range everything(d.RoleDefinitions) {
			if role.DisplayName == helpdesk {
				return role.ID
			}
		}
		Fail("there is no role " + helpdesk)
		return ""
	}

	It("assigns and removes a role once", func(ctx SpecContext) {
		w, d, id := s.person()
		role := definition(d)
		do(d.AssignRole(ctx, id, role, "/"))
		w.Settle()
		assigned := everything(of(d.UserRoleAssignments, id))
		Expect(assigned).To(HaveExactElements(And(HaveField("PrincipalID", id), HaveField("PrincipalKind", directory.PrincipalUser),
			HaveField("RoleID", role), HaveField("Scope", "/"), HaveField("ID", Not(BeEmpty())))))
		Expect(everything(d.RoleAssignments)).To(ContainElement(assigned[0]))
		_, err := d.AssignRole(ctx, id, role, "/")
		expectRefused(err, directory.KindExists)

		do(d.RemoveRole(ctx, assigned[0].ID))
		w.Settle()
		Expect(everything(of(d.UserRoleAssignments, id))).To(BeEmpty())
		_, err = d.RemoveRole(ctx, assigned[0].ID)
		expectRefused(err, directory.KindNotFound)
	})

	It("assigns no role that there is not", func(ctx SpecContext) {
		_, d, id := s.person()
		_, err := d.AssignRole(ctx, id, nobody, "/")
		expectRefused(err, directory.KindInvalid, directory.KindNotFound)
		_, err = d.AssignRole(ctx, nobody, definition(d), "/")
		expectRefused(err, directory.KindInvalid, directory.KindNotFound)
		Expect(everything(of(d.UserRoleAssignments, id))).To(BeEmpty())
	})

	It("tells who may activate a role, where that can be", func(ctx SpecContext) {
		w := s.open(Tenant{Subscriptions: map[string]int{premium: 5}})
		id := w.AddAccount(Account{UserPrincipalName: "alice@" + w.Domain()})
		w.MakeEligible(id, helpdesk)
		Expect(everything(w.Directory().RoleEligibilities)).To(HaveExactElements(And(
			HaveField("PrincipalID", id), HaveField("RoleID", definition(w.Directory())))))
		Expect(everything(of(w.Directory().UserRoleAssignments, id))).To(BeEmpty())
		_, err := s.open(Tenant{}).Directory().RoleEligibilities(ctx, "")
		expectRefused(err, directory.KindPremiumRequired)
	})
}
