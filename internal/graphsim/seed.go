package graphsim

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// seeding populates one tenant with the people of a small business. Equal seeds,
// sizes and times give equal tenants.
type seeding struct {
	t         *tenant
	company   company
	catalogue map[string]subscribedSKU
	names     namePool
	positions []position
	offices   []string
	methods   []methodSet
	licenses  map[string][]assignedLicense // by product, shared by those who hold just it
	rng       *rand.Rand
	now       time.Time

	index    int  // of the tenant
	size     int  // accounts wanted
	made     int  // accounts made
	hybrid   bool // an Active Directory is synced into it
	premium  bool // Entra ID P1
	products productLine

	addresses    map[string]int // uses of each mail name
	accountNames map[string]int // uses of each samAccountName
	people       TenantSpec     // roles, groups, registrations and rooms to be set
	heads        map[string]any // of departments, by name: object ids
	licensing    string         // id of the group that gives licences, once somebody has one from it
	inheritors   []string       // who has: UPNs
	rooms        int
	shared       int
	guests       int
}

// productLine is what a company buys.
type productLine struct {
	usual  string // nearly everybody's
	basic  string // of people who need less
	senior string // of some
	room   string // of a Teams room
}

// productLines repeat every four tenants; every other one has Entra ID P1, every
// fourth P2.
func productLines() [4]productLine {
	return [4]productLine{
		{"SPB", "O365_BUSINESS_ESSENTIALS", "SPB", "Microsoft_Teams_Rooms_Pro"},
		{"O365_BUSINESS_PREMIUM", "O365_BUSINESS_ESSENTIALS", "O365_BUSINESS_PREMIUM", "Microsoft_Teams_Rooms_Basic"},
		{"SPE_E3", "O365_BUSINESS_ESSENTIALS", "SPE_E5", "Microsoft_Teams_Rooms_Pro"},
		{"O365_BUSINESS_ESSENTIALS", "EXCHANGESTANDARD", "O365_BUSINESS_PREMIUM", "Microsoft_Teams_Rooms_Basic"},
	}
}

// seedTenant makes tenant number i of the options: every other one has Entra ID P1,
// every third is synced from an Active Directory and has a federated domain.
func (s *Server) seedTenant(i int) error {
	g := &seeding{
		company: companyAt(i), catalogue: catalogue(), names: newNamePool(), positions: positions(), methods: methodSets(),
		rng:   rand.New(rand.NewPCG(s.opts.Seed, uint64(i))), //nolint:gosec // reproducible on purpose
		index: i, size: s.opts.Users, now: s.clock.Now(),
		hybrid: i%3 == 2, premium: i%2 == 0, products: productLines()[i%4],
		addresses: map[string]int{}, accountNames: map[string]int{}, heads: map[string]any{}, licenses: map[string][]assignedLicense{},
	}
	g.offices = g.company.offices()
	_, err := s.addTenant(g.spec(s.opts.Seed), g.populate)
	return err
}

// spec is the empty tenant.
func (g *seeding) spec(seed uint64) TenantSpec {
	spec := TenantSpec{
		ID: guid(seed, "tenant", strconv.Itoa(g.index)), DisplayName: g.company.name, Country: g.company.country,
		Domains: []DomainSpec{{Name: g.company.domain, Default: true}, {Name: g.company.initialDomain()}},
	}
	if g.hybrid {
		spec.Domains = append(spec.Domains, DomainSpec{Name: g.federatedDomain(), Federated: true})
		spec.Sync = SyncConnect
		if g.index%2 == 1 {
			spec.Sync = SyncCloudSync
		}
	}
	return spec
}

// federatedDomain is a brand whose people sign in through the company's own
// federation service.
func (g *seeding) federatedDomain() string {
	label, _, _ := strings.Cut(g.company.domain, ".")
	return label + "-group.example"
}

func (g *seeding) populate(t *tenant) error {
	g.t = t
	for _, account := range g.cast() {
		if g.made >= g.size {
			break
		}
		if err := account(); err != nil {
			return err
		}
	}
	for g.made < g.size {
		if err := g.anybody(); err != nil {
			return err
		}
	}
	if err := g.formerPerson(); err != nil {
		return err
	}
	if err := t.setSKUs(g.seats()); err != nil {
		return err
	}
	g.policies()
	g.portal()
	g.groups()
	g.detail()
	return t.setPeople(g.people)
}

// cast are the accounts that make a tenant worth looking at, the most important
// first: a small tenant has only the beginning.
func (g *seeding) cast() []func() error {
	apostrophe, capital, namesake := castOf(g.index)
	var accounts []func() error
	for _, founder := range g.company.founders {
		accounts = append(accounts, func() error { return g.founder(founder) })
	}
	accounts = append(accounts, g.breakGlass)
	if g.hybrid {
		accounts = append(accounts, g.syncAccount)
	}
	accounts = append(accounts, g.administrators()...)
	return append(accounts,
		func() error { return g.employee(person{name: apostrophe}) },
		func() error { return g.employee(person{name: namesake}) },
		func() error { return g.employee(person{name: namesake}) },
		func() error { return g.employee(person{name: capital, capital: true}) },
		g.meetingRoom, g.teamsRoom, g.sharedMailbox, g.guest, g.pendingGuest, g.leaver, g.unlicensed, g.beamer,
	)
}

// anybody makes one more account; most are people.
func (g *seeding) anybody() error {
	switch n := g.rng.IntN(100); {
	case n < 3:
		return g.meetingRoom()
	case n < 7:
		return g.sharedMailbox()
	case n < 12:
		return g.guest()
	case n < 14:
		return g.pendingGuest()
	case n < 17:
		return g.leaver()
	case n < 19:
		return g.unlicensed()
	default:
		return g.employee(person{name: g.names.draw(g.rng)})
	}
}

// seats buys what is in use and a few more.
func (g *seeding) seats() []SKUSpec {
	var skus []SKUSpec
	for _, part := range []string{g.products.usual, g.products.senior, g.products.basic, g.products.room} {
		used := g.t.consumed[g.catalogue[part].skuID]
		bought := len(skus) > 0 && skus[len(skus)-1].PartNumber == part
		if bought || used == 0 && part != g.products.usual {
			continue
		}
		spare := 1 + used/20
		if part == g.products.room {
			spare = 0
		}
		skus = append(skus, SKUSpec{PartNumber: part, Enabled: used + spare})
	}
	return skus
}
