package graphsim

// portalTenants is how many of the first seeded tenants use the portal of their
// service provider.
const portalTenants = 3

// staff are the ids of the people who work here and may sign in, in the order they
// were made.
func (g *seeding) staff() []string {
	var ids []string
	for _, id := range g.t.order {
		u := g.t.users[id].current
		if g.t.users[id].live() && u.str(propGivenName) != "" && u.str(propUserType) == "Member" && u.boolean(propAccountEnabled) {
			ids = append(ids, id)
		}
	}
	return ids
}

// portal is the service provider's own application: its roles are given to people,
// one of them to a group.
func (g *seeding) portal() {
	if g.index >= portalTenants {
		return
	}
	const everybody = "MSPortal Users"
	app := ApplicationSpec{
		DisplayName: "MSPortal", Description: "The service provider's portal", AssignmentRequired: true,
		Roles: []AppRoleSpec{
			{DisplayName: "Admin", Value: "Portal.Admin", Description: "Manages the company's account"},
			{DisplayName: "Manager", Value: "Portal.Manager", Description: "Orders and approves"},
			{DisplayName: "User", Value: "Portal.User", Description: "Opens tickets"},
			{DisplayName: "Training Only", Value: "Portal.Training", Description: "Sees the training catalogue"},
		},
		Assignments: []AppAssignmentSpec{{Principal: everybody, Role: "Portal.User"}},
	}
	people := g.staff()
	for i, role := range []string{"Portal.Admin", "Portal.Manager", "Portal.Training"} {
		if i < len(people) {
			app.Assignments = append(app.Assignments, AppAssignmentSpec{Principal: people[i], Role: role})
		}
	}
	members := people[min(3, len(people)):min(8, len(people))]
	g.people.Groups = append(g.people.Groups, GroupSpec{DisplayName: everybody, Description: "May open tickets in the portal", Members: members})
	g.people.Applications = append(g.people.Applications, app)
}
