package graphsim_test

import (
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// resident is a seeded account as its owner would describe it.
type resident struct {
	UPN        string `json:"userPrincipalName"`
	Name       string `json:"displayName"`
	GivenName  string `json:"givenName"`
	UserType   string `json:"userType"`
	Enabled    bool   `json:"accountEnabled"`
	Synced     bool   `json:"onPremisesSyncEnabled"`
	SAMAccount string `json:"onPremisesSamAccountName"`
	ADDomain   string `json:"onPremisesDomainName"`
	Title      string `json:"jobTitle"`
	GuestState string `json:"externalUserState"`
	Licenses   []struct {
		SKUID string `json:"skuId"`
	} `json:"assignedLicenses"`
	roles []string
}

func seeded(tenants, users int) *graphsim.Server {
	GinkgoHelper()
	s, err := graphsim.New(graphsim.Options{Seed: 7, Tenants: tenants, Users: users, Clock: clocktesting.NewFakeClock(start)})
	Expect(err).NotTo(HaveOccurred())
	return s
}

// residents of tenant number i.
func residents(s *graphsim.Server, i int) []resident {
	GinkgoHelper()
	tenant := s.Tenants()[i].ID
	keys, err := s.UserIDs(tenant)
	Expect(err).NotTo(HaveOccurred())
	all := make([]resident, 0, len(keys))
	for _, key := range keys {
		state, err := s.User(tenant, key)
		Expect(err).NotTo(HaveOccurred())
		raw, err := json.Marshal(state.Properties)
		Expect(err).NotTo(HaveOccurred())
		r := resident{roles: state.Roles}
		Expect(json.Unmarshal(raw, &r)).To(Succeed())
		all = append(all, r)
	}
	return all
}

func count(all []resident, fits func(resident) bool) int {
	n := 0
	for _, r := range all {
		if fits(r) {
			n++
		}
	}
	return n
}

var _ = Describe("Seeded tenants", func() {
	It("hold exactly the accounts asked for [GS-SIM-11]", func() {
		for _, users := range []int{0, 1, 2, 5, 9, 10, 21, 333} {
			for _, info := range seeded(4, users).Tenants() {
				Expect(info.Users).To(Equal(users), info.DisplayName)
			}
		}
	})

	It("are told apart by name, domain and id, however many there are [GS-SIM-11]", func() {
		names, domains, keys := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, info := range seeded(1000, 1).Tenants() {
			names[info.DisplayName], domains[info.DefaultDomain], keys[info.ID] = true, true, true
			Expect(info.DefaultDomain).To(MatchRegexp(`^[a-z0-9-]+\.(com|net|example)$`))
		}
		Expect(names).To(HaveLen(1000))
		Expect(domains).To(HaveLen(1000))
		Expect(keys).To(HaveLen(1000))
	})

	DescribeTable("differ in licences, synchronization and federation [GS-SIM-12]", func(i int, p1, p2, hybrid bool, sync graphsim.SyncClient) {
		s := seeded(12, 40)
		id := s.Tenants()[i].ID
		dump, err := s.Dump(id)
		Expect(err).NotTo(HaveOccurred())
		spec := dump.Tenants[0]
		Expect(spec.SKUs).To(HaveEach(HaveField("Enabled", BeNumerically(">", 0))))
		parts := []string{}
		for _, sku := range spec.SKUs {
			parts = append(parts, sku.PartNumber)
		}
		premium := ContainElement(Or(Equal("SPB"), Equal("SPE_E3"), Equal("SPE_E5"), Equal("Microsoft_Teams_Rooms_Pro")))
		Expect(premium.Match(parts)).To(Equal(p1), "%s", parts)
		Expect(ContainElement("SPE_E5").Match(parts)).To(Equal(p2), "%s", parts)
		Expect(spec.SecurityDefaults).To(Equal(!p1))
		Expect(BeEmpty().Match(spec.ConditionalAccess)).To(Equal(!p1))
		Expect(BeEmpty().Match(spec.Eligibilities)).To(Equal(!p2))
		Expect(ContainElement(HaveField("RoleAssignable", true)).Match(spec.Groups)).To(Equal(p1))
		Expect(ContainElement(HaveField("Federated", true)).Match(spec.Domains)).To(Equal(hybrid))
		Expect(spec.Sync).To(Equal(sync))
		synced := count(residents(s, i), func(r resident) bool { return r.Synced && r.SAMAccount != "" && r.ADDomain != "" })
		Expect(BeNumerically(">", 10).Match(synced)).To(Equal(hybrid), "%d", synced)
	},
		Entry("cloud, Business Premium", 0, true, false, false, graphsim.SyncNone),
		Entry("cloud, Business Standard", 1, false, false, false, graphsim.SyncNone),
		Entry("hybrid, E3 and E5", 2, true, true, true, graphsim.SyncConnect),
		Entry("cloud, Business Basic", 3, false, false, false, graphsim.SyncNone),
		Entry("hybrid without P1", 5, false, false, true, graphsim.SyncCloudSync),
		Entry("cloud, E3 and E5", 6, true, true, false, graphsim.SyncNone),
	)

	Context("of twenty people", func() {
		var (
			s    *graphsim.Server
			spec [3]graphsim.TenantSpec
			all  [3][]resident
		)
		BeforeEach(func() {
			s = seeded(3, 20)
			for i, info := range s.Tenants() {
				dump, err := s.Dump(info.ID)
				Expect(err).NotTo(HaveOccurred())
				spec[i], all[i] = dump.Tenants[0], residents(s, i)
			}
		})

		It("are the clients that the samples name [GS-SIM-13]", func() {
			for i, upns := range [][]string{
				{"alice@contoso.com", "bob@contoso.com", "carol@contoso.com", "breakglass@contoso.com"},
				{"dave@fabrikam.com", "erin@fabrikam.com"},
				{"frank@adventure-works.com"},
			} {
				for _, upn := range upns {
					Expect(all[i]).To(ContainElement(And(HaveField("UPN", upn), HaveField("Enabled", true))))
				}
			}
			for _, person := range all[0][:3] {
				Expect(person.roles).To(BeEmpty(), person.UPN)
			}
		})

		It("have rooms, shared mailboxes, guests and leavers [GS-SIM-13]", func() {
			for i := range all {
				rooms := map[string]bool{}
				for _, room := range spec[i].Rooms {
					rooms[room.EmailAddress] = true
				}
				isRoom := func(r resident) bool { return rooms[r.UPN] }
				people := func(r resident) bool { return r.GivenName != "" && r.UserType == "Member" }
				Expect(count(all[i], func(r resident) bool { return isRoom(r) && !r.Enabled && len(r.Licenses) == 0 })).To(BeNumerically(">=", 1))
				Expect(count(all[i], func(r resident) bool { return isRoom(r) && r.Enabled && len(r.Licenses) == 1 })).To(Equal(1))
				Expect(all[i]).To(ContainElement(And(HaveField("UPN", HavePrefix("info@")), HaveField("Enabled", false), HaveField("Licenses", BeEmpty()))))
				for _, state := range []string{"Accepted", "PendingAcceptance"} {
					Expect(all[i]).To(ContainElement(And(HaveField("GuestState", state), HaveField("UserType", "Guest"),
						HaveField("UPN", MatchRegexp(`^[a-z0-9.'-]+_[a-z.]+#EXT#@[a-z]+\.onmicrosoft\.com$`)))))
				}
				Expect(count(all[i], func(r resident) bool { return people(r) && !r.Enabled && len(r.Licenses) == 1 })).To(BeNumerically(">=", 1))
				Expect(count(all[i], func(r resident) bool { return people(r) && r.Enabled && len(r.Licenses) == 0 })).To(BeNumerically(">=", 1))
				Expect(spec[i].Users).To(HaveLen(21)) // one lies among the deleted items
			}
		})

		It("have administrators in every way [GS-SIM-13]", func() {
			const globalAdministrator, sync = "62e90394-69f5-4237-9190-012177145e10", "d29b2b05-8046-44ba-8758-1e26182fcf32"
			holding := func(i int, role string) []resident {
				var out []resident
				for _, r := range all[i] {
					for _, held := range r.roles {
						if held == role {
							out = append(out, r)
						}
					}
				}
				return out
			}
			for i := range all {
				Expect(holding(i, globalAdministrator)).To(ConsistOf(HaveField("UPN", HavePrefix("breakglass@"))))
				Expect(count(all[i], func(r resident) bool { return len(r.roles) > 0 && r.GivenName != "" })).To(BeNumerically(">=", 2))
			}
			Expect(spec[0].Groups).To(ContainElement(And(HaveField("RoleAssignable", true), HaveField("Members", HaveLen(1)))))
			Expect(spec[2].Eligibilities).To(HaveLen(1))
			Expect(holding(2, sync)).To(ConsistOf(And(HaveField("UPN", MatchRegexp(`^Sync_DC01_[0-9a-f]{12}@`)), HaveField("Synced", false))))
			Expect(holding(0, sync)).To(BeEmpty())
		})

		It("have awkward names [GS-SIM-13]", func() {
			for i := range all {
				names := map[string]int{}
				for _, r := range all[i] {
					names[r.Name]++
					Expect(r.UPN).To(MatchRegexp(`^[A-Za-z0-9.'_#-]+@[a-z.-]+$`))
				}
				Expect(names).To(ContainElement(2))
				Expect(all[i]).To(ContainElement(HaveField("UPN", ContainSubstring("'"))))
				Expect(all[i]).To(ContainElement(HaveField("UPN", MatchRegexp("^[A-Z].*[a-z][A-Z].*@"))))
				Expect(all[i]).To(ContainElement(HaveField("Name", MatchRegexp(`[^\x00-\x7F]`))))
			}
		})
	})

	It("report to somebody, and have mailboxes for a purpose [GS-SIM-14]", func() {
		s := seeded(3, 40)
		for _, info := range s.Tenants() {
			dump, err := s.Dump(info.ID)
			Expect(err).NotTo(HaveOccurred())
			people, led, heads := 0, 0, map[any]bool{}
			for _, u := range dump.Tenants[0].Users {
				if u["department"] == nil {
					Expect(u).NotTo(HaveKey("manager"))
					continue
				}
				people++
				if u["manager"] != nil {
					led++
					heads[u["manager"]] = true
					Expect(u["manager"]).NotTo(Equal(u["id"]))
				}
			}
			Expect(float64(led)/float64(people)).To(BeNumerically(">", 0.6), info.DisplayName)
			Expect(len(heads)).To(BeNumerically("~", 7, 4), info.DisplayName)
			purposes := map[graphsim.MailboxPurpose]int{}
			for _, m := range dump.Tenants[0].Mailboxes {
				purposes[m.Purpose]++
			}
			Expect(purposes).To(And(HaveKeyWithValue(graphsim.MailboxEquipment, 1), HaveKey(graphsim.MailboxShared)))
			Expect(purposes[graphsim.MailboxRoom]).To(Equal(len(dump.Tenants[0].Rooms)))
		}
		alice, err := s.User("contoso.com", "alice@contoso.com")
		Expect(err).NotTo(HaveOccurred())
		Expect(alice.Mailbox).To(Equal(graphsim.MailboxUser))
		bob, err := s.User("contoso.com", "bob@contoso.com")
		Expect(err).NotTo(HaveOccurred())
		Expect(bob.Properties["manager"]).To(MatchJSON(alice.Properties["id"]))
	})

	It("have registered for MFA, most of them, and signed in [GS-SIM-13]", func() {
		s := seeded(1, 1000)
		dump, err := s.Dump("contoso.com")
		Expect(err).NotTo(HaveOccurred())
		people := count(residents(s, 0), func(r resident) bool { return r.GivenName != "" })
		registered := 0
		for _, r := range dump.Tenants[0].Registrations {
			if r.Preferred != "none" {
				registered++
			}
		}
		Expect(float64(registered) / float64(people)).To(BeNumerically("~", 0.7, 0.05))
		signedIn := 0
		for _, u := range dump.Tenants[0].Users {
			if u["signInActivity"] != nil {
				signedIn++
			}
		}
		Expect(signedIn).To(BeNumerically(">=", people))
	})
})
