package graphsim

import "slices"

// licensingTenants: every fourth tenant, which has Business Premium, licenses half
// of its staff through a group.
const (
	licensingTenants = 4
	licensingGroup   = "Licensing Business Premium"
)

// inherits decides who gets the usual product through the group.
func (g *seeding) inherits(p person) bool {
	return g.index%licensingTenants == 0 && p.product == g.products.usual && p.address == "" && !p.blocked && !p.cloud && g.made%2 == 0
}

// inherit makes the licence that a draft holds one of the group's.
func (g *seeding) inherit(d *draft, upn string) {
	if g.licensing == "" {
		g.licensing = guid(g.t.seed, g.t.id, "licensing group")
	}
	g.inheritors = append(g.inheritors, upn)
	last := &d.fields[len(d.fields)-1] // the states, which [seeding.license] set last
	if states, ok := last.value.([]licenseAssignmentState); ok {
		states[0].AssignedByGroup = &g.licensing
	}
}

// groups are those of a small business: the staff and its departments, the kinds
// that Exchange, a rule or Active Directory keeps, and one that gives licences.
func (g *seeding) groups() {
	staff := g.staff()
	if len(staff) == 0 {
		return
	}
	host := "@" + g.company.domain
	add := func(spec GroupSpec) { g.people.Groups = append(g.people.Groups, spec) }
	leaders := g.leaders(staff)
	add(GroupSpec{
		DisplayName: "All Company", Description: "This is the default group for everyone in the network", Mail: "allcompany" + host,
		Types: []string{"Unified"}, Members: staff, Owners: leaders[:min(1, len(leaders))],
	})
	add(GroupSpec{
		DisplayName: "All Users", Description: "Everybody but guests", Types: []string{"DynamicMembership"},
		MembershipRule: `(user.userType -eq "Member")`, Members: g.everybody(),
	})
	teams, members := g.teams(staff)
	for _, team := range teams {
		add(GroupSpec{DisplayName: team, Description: "Members of the department " + team, Members: members[team]})
	}
	add(GroupSpec{DisplayName: "Leadership", Description: "Heads of departments", Mail: "leadership" + host, Members: leaders})
	add(GroupSpec{DisplayName: "Newsletter", Mail: "newsletter" + host, Distribution: true, Members: slices.Concat(members["Sales"], members["Marketing"])})
	if g.hybrid {
		add(GroupSpec{DisplayName: "VPN Users", Description: "Kept in Active Directory", Synced: true, Members: slices.DeleteFunc(slices.Clone(staff), func(id string) bool {
			return !g.t.users[id].current.boolean(propOnPremisesSyncEnabled)
		})})
	}
	if g.licensing != "" {
		add(GroupSpec{
			ID: g.licensing, DisplayName: licensingGroup, Description: "Gives Microsoft 365 Business Premium", Members: g.inheritors,
			Licenses: []LicenseSpec{{SKU: g.products.usual}},
		})
	}
}

// everybody is who the rule of All Users finds.
func (g *seeding) everybody() []string {
	var ids []string
	for _, id := range g.t.order {
		if r := g.t.users[id]; r.live() && r.current.str(propUserType) == "Member" {
			ids = append(ids, id)
		}
	}
	return ids
}

// teams are the departments of the staff, as they first come, and who is in each.
func (g *seeding) teams(staff []string) (teams []string, members map[string][]string) {
	members = map[string][]string{}
	for _, id := range staff {
		team := g.t.users[id].current.str(propDepartment)
		if team == "" {
			continue
		}
		if members[team] == nil {
			teams = append(teams, team)
		}
		members[team] = append(members[team], id)
	}
	return teams, members
}

// leaders are the heads of departments among the staff.
func (g *seeding) leaders(staff []string) []string {
	var ids []string
	for _, id := range staff {
		if g.heads[g.t.users[id].current.str(propDepartment)] == id {
			ids = append(ids, id)
		}
	}
	return ids
}
