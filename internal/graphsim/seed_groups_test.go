package graphsim_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("Seeded groups", func() {
	specOf := func(s *graphsim.Server, i int) graphsim.TenantSpec {
		GinkgoHelper()
		dump, err := s.Dump(s.Tenants()[i].ID)
		Expect(err).NotTo(HaveOccurred())
		return dump.Tenants[0]
	}
	named := func(spec graphsim.TenantSpec, name string) graphsim.GroupSpec {
		GinkgoHelper()
		var found []graphsim.GroupSpec
		for _, g := range spec.Groups {
			if g.DisplayName == name {
				found = append(found, g)
			}
		}
		Expect(found).To(HaveLen(1), "%s of %s", name, spec.DisplayName)
		return found[0]
	}

	It("are of every kind [GS-SIM-15]", func() {
		s := seeded(3, 40)
		for i := range 3 {
			spec := specOf(s, i)
			domain := s.Tenants()[i].DefaultDomain
			company := named(spec, "All Company")
			Expect(company).To(And(HaveField("Types", ConsistOf("Unified")), HaveField("Mail", "allcompany@"+domain), HaveField("Owners", HaveLen(1))))
			everybody := named(spec, "All Users")
			Expect(everybody).To(And(HaveField("Types", ConsistOf("DynamicMembership")), HaveField("MembershipRule", ContainSubstring("user.userType"))))
			Expect(len(everybody.Members)).To(BeNumerically(">", len(company.Members)))
			Expect(named(spec, "Newsletter")).To(And(HaveField("Distribution", true), HaveField("Mail", Not(BeEmpty())), HaveField("Members", Not(BeEmpty()))))
			Expect(named(spec, "Leadership")).To(And(HaveField("Distribution", false), HaveField("Mail", Not(BeEmpty())), HaveField("Types", BeEmpty())))
			sales := named(spec, "Sales")
			Expect(sales).To(And(HaveField("Mail", BeEmpty()), HaveField("Types", BeEmpty()), HaveField("Synced", false)))
			for _, id := range sales.Members {
				state, err := s.User(s.Tenants()[i].ID, id)
				Expect(err).NotTo(HaveOccurred())
				Expect(string(state.Properties["department"])).To(Equal(`"Sales"`))
			}
			Expect(ContainElement(HaveField("Synced", true)).Match(spec.Groups)).To(Equal(i == 2))
		}
	})

	It("license half of the staff of every fourth tenant [GS-SIM-15]", func() {
		s := seeded(5, 40)
		for i := range 5 {
			spec := specOf(s, i)
			inherited := 0
			for _, r := range residents(s, i) {
				state, err := s.User(s.Tenants()[i].ID, r.UPN)
				Expect(err).NotTo(HaveOccurred())
				if strings.Contains(string(state.Properties["licenseAssignmentStates"]), `"assignedByGroup":"`) {
					Expect(r.Licenses).To(HaveLen(1))
					inherited++
				}
			}
			if i%4 != 0 {
				Expect(inherited).To(BeZero(), spec.DisplayName)
				continue
			}
			group := named(spec, "Licensing Business Premium")
			Expect(group.Licenses).To(ConsistOf(HaveField("SKU", businessPremium)))
			Expect(group.Members).To(HaveLen(inherited))
			Expect(inherited).To(BeNumerically(">", 5))
		}
	})

	It("are the same for the same seed, and none where nobody is [GS-SIM-15] [GS-SIM-05]", func() {
		Expect(specOf(seeded(1, 60), 0).Groups).To(Equal(specOf(seeded(1, 60), 0).Groups))
		Expect(specOf(seeded(1, 0), 0).Groups).To(HaveEach(HaveField("DisplayName", "MSPortal Users")))
	})
})
