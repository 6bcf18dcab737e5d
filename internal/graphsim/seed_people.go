package graphsim

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// person is somebody who works at the company.
type person struct {
	name    fullName
	address string // mail name; empty: given.family
	title   string // empty: drawn
	team    string
	product string // empty: drawn; noProduct: none
	capital bool   // the address is written as the name is
	blocked bool
	cloud   bool // not synced from Active Directory even in a hybrid tenant
	// methods the person registered, by number in methodSets; 0: drawn.
	methods int
}

// management is the department that all others report to.
const management = "Management"

// noProduct means that the person has no licence.
const noProduct = "none"

// position is a job and where it belongs.
type position struct {
	title, team string
}

func positions() []position {
	return []position{
		{"Account Manager", "Sales"},
		{"Sales Representative", "Sales"},
		{"Inside Sales", "Sales"},
		{"Head of Sales", "Sales"},
		{"Accountant", "Finance"},
		{"Payroll Clerk", "Finance"},
		{"Controller", "Finance"},
		{"Engineer", "Engineering"},
		{"Senior Engineer", "Engineering"},
		{"Designer", "Engineering"},
		{"Quality Manager", "Engineering"},
		{"Warehouse Clerk", "Operations"},
		{"Dispatcher", "Operations"},
		{"Purchaser", "Operations"},
		{"Facility Manager", "Operations"},
		{"HR Manager", "People"},
		{"Recruiter", "People"},
		{"Office Manager", "Administration"},
		{"Assistant", "Administration"},
		{"Marketing Manager", "Marketing"},
		{"Content Editor", "Marketing"},
		{"Support Agent", "Customer Service"},
		{"Support Lead", "Customer Service"},
		{"Apprentice", "Operations"},
	}
}

// founder took the short address.
func (g *seeding) founder(name fullName) error {
	jobs := []position{{"Managing Director", management}, {"Head of Sales", "Sales"}, {"Finance Manager", "Finance"}}
	job := jobs[g.made%len(jobs)]
	return g.employee(person{name: name, address: g.names.mailName(name.given), title: job.title, team: job.team, product: g.products.senior, methods: 1 + g.made%2*3})
}

// administrators are people who also run the tenant, in each of the ways a role can
// be held. Role-assignable groups need Entra ID P1, eligibility P2.
func (g *seeding) administrators() []func() error {
	accounts := []func() error{
		g.administrator("IT Manager", func(upn string) {
			g.people.Roles = append(g.people.Roles, RoleSpec{Role: "User Administrator", Principal: upn})
		}),
		g.administrator("System Administrator", func(upn string) {
			g.people.Roles = append(g.people.Roles, RoleSpec{Role: "Exchange Administrator", Principal: upn})
		}),
	}
	if g.premium {
		accounts = append(accounts, g.administrator("Service Desk Agent", func(upn string) {
			g.people.Groups = append(g.people.Groups, GroupSpec{DisplayName: "Service Desk", RoleAssignable: true, Members: []string{upn}})
			g.people.Roles = append(g.people.Roles, RoleSpec{Role: "Helpdesk Administrator", Principal: "Service Desk"})
		}))
	}
	if g.products.senior == "SPE_E5" {
		accounts = append(accounts, g.administrator("Infrastructure Engineer", func(upn string) {
			g.people.Eligibilities = append(g.people.Eligibilities, RoleSpec{Role: "Global Administrator", Principal: upn})
		}))
	}
	return accounts
}

func (g *seeding) administrator(title string, appoint func(upn string)) func() error {
	return func() error {
		p := person{name: g.names.draw(g.rng), title: title, team: "IT", product: g.products.senior, cloud: true, methods: 3}
		upn, err := g.addPerson(p)
		if err == nil {
			appoint(upn)
		}
		return err
	}
}

func (g *seeding) employee(p person) error {
	_, err := g.addPerson(p)
	return err
}

// leaver may no longer sign in, and still holds the licence.
func (g *seeding) leaver() error {
	return g.employee(person{name: g.names.draw(g.rng), blocked: true})
}

// unlicensed people have an account and nothing else.
func (g *seeding) unlicensed() error {
	return g.employee(person{name: g.names.draw(g.rng), title: "Field Technician", team: "Operations", product: noProduct})
}

// addPerson makes the account of a person and returns its user principal name.
func (g *seeding) addPerson(p person) (string, error) {
	g.complete(&p)
	synced := g.hybrid && !p.cloud && g.rng.IntN(10) > 0
	host := g.company.domain
	if synced && p.address == "" && g.rng.IntN(5) == 0 {
		host = g.federatedDomain()
	}
	nickname := g.addressOf(p)
	upn := nickname + "@" + host
	d := g.draftOf(p.name.display()).mailbox(nickname, upn, g.company.initialDomain())
	g.profile(d, p)
	if p.blocked {
		d.set(propAccountEnabled, false)
		g.signedIn(d, upn, 200)
	} else {
		g.signedIn(d, upn, 20)
	}
	d.set(propLastPasswordChange, g.between(d.created, g.now))
	if p.product != noProduct {
		g.license(d, p.product)
	}
	if g.inherits(p) {
		g.inherit(d, upn)
	}
	if synced {
		g.master(d, p, upn)
	}
	g.register(upn, p)
	if head, ok := g.headFor(p); ok {
		d.set(propManager, head)
	}
	id, err := g.insert(upn, d)
	if _, led := g.heads[p.team]; err == nil && !led && !p.blocked {
		g.heads[p.team] = id
	}
	return upn, err
}

// headFor is who a person reports to: the head of the department, and the heads to
// the management. The first of a department is its head.
func (g *seeding) headFor(p person) (head any, ok bool) {
	if head, ok = g.heads[p.team]; !ok {
		head, ok = g.heads[management]
	}
	return head, ok
}

// complete draws what was not said.
func (g *seeding) complete(p *person) {
	if p.title == "" {
		job := pick(g.rng, g.positions)
		p.title, p.team = job.title, job.team
	}
	if p.product != "" {
		return
	}
	switch g.rng.IntN(10) {
	case 0:
		p.product = g.products.senior
	case 1:
		p.product = g.products.basic
	default:
		p.product = g.products.usual
	}
}

// addressOf makes a free mail name: given.family, then with a number.
func (g *seeding) addressOf(p person) string {
	name := p.address
	if name == "" {
		name = g.names.mailName(p.name.given) + "." + g.names.mailName(p.name.family)
	}
	g.addresses[name]++
	n := g.addresses[name]
	if p.capital {
		name = p.name.given + "." + p.name.family
	}
	if n > 1 {
		name += strconv.Itoa(n)
	}
	return name
}

// profile fills in what the company's address book shows.
func (g *seeding) profile(d *draft, p person) {
	number := g.made + 1
	business, mobile := g.company.phone(number * 7)
	d.set(propGivenName, p.name.given).set(propSurname, p.name.family)
	d.set(propJobTitle, p.title).set(propDepartment, p.team).set(propCompanyName, g.company.name)
	d.set(propEmployeeID, "E"+pad(number, 5)).set(propOfficeLocation, pick(g.rng, g.offices))
	d.set(propUsageLocation, g.company.country).set(propPreferredLanguage, g.company.language())
	if g.rng.IntN(3) > 0 {
		d.set(propBusinessPhones, []string{business})
	}
	if g.rng.IntN(2) == 0 {
		d.set(propMobilePhone, mobile)
	}
}

// master marks the account as synced from Active Directory.
func (g *seeding) master(d *draft, p person, upn string) {
	ad := g.company.activeDirectory()
	immutable := uuid.MustParse(guid(g.t.seed, g.t.id, "objectGUID", upn))
	sam := g.names.mailName(p.name.given)[:1] + strings.ReplaceAll(g.names.mailName(p.name.family), "'", "")
	g.accountNames[sam]++
	if n := g.accountNames[sam]; n > 1 {
		sam += strconv.Itoa(n)
	}
	components := ",DC=" + strings.ReplaceAll(ad, ".", ",DC=")
	d.set(propOnPremisesSyncEnabled, true).set(propOnPremisesLastSync, g.between(d.created, g.now)).
		set(propOnPremisesSamAccountName, sam).set(propOnPremisesDomainName, ad).
		set(propOnPremisesUPN, upn).set(propOnPremisesDN, "CN="+p.name.display()+",OU="+p.team+",OU=Staff"+components).
		set(propOnPremisesImmutableID, base64.StdEncoding.EncodeToString(immutable[:]))
}

// formerPerson lies among the deleted items; it counts to no tenant's size.
func (g *seeding) formerPerson() error {
	if g.size < 10 {
		return nil
	}
	upn, err := g.addPerson(person{name: g.names.draw(g.rng), product: noProduct, cloud: true})
	if err != nil {
		return err
	}
	g.made--
	r, _ := g.t.find(upn)
	g.t.softDelete(r, g.between(g.now.AddDate(0, 0, -25), g.now))
	return nil
}
