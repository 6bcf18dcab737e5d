package inventory_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

// everything asks for all that can be asked for.
func everything() inventory.SyncRequest {
	return inventory.SyncRequest{Applications: []string{"App"}, Managers: true}
}

func (w *world) syncWith(request inventory.SyncRequest) inventory.SyncResult {
	GinkgoHelper()
	result, err := w.tenant.Sync(context.Background(), w.graph, request)
	Expect(err).NotTo(HaveOccurred())
	return result
}

func assigned(principal, role string) directory.AppRoleAssignment {
	return directory.AppRoleAssignment{ID: principal + role, PrincipalID: principal, ApplicationID: "app", RoleID: role}
}

func assignments(items ...directory.AppRoleAssignment) *directory.Page[directory.AppRoleAssignment] {
	return &directory.Page[directory.AppRoleAssignment]{Items: items}
}

func managerLinks(links ...directory.ManagerLink) *directory.Page[directory.ManagerLink] {
	return &directory.Page[directory.ManagerLink]{Items: links}
}

var portal = directory.Application{ID: "app", DisplayName: "Portal", Roles: []directory.AppRole{
	{ID: "r-admin", DisplayName: "Admin"}, {ID: "r-user", DisplayName: "User"},
}}

// linked is a tenant in which everything is known of a, who is linked to nothing.
func linked() *world {
	w := newWorld()
	pagesOfGroups(w, "", "g1", page(group("g1"), group("g2", "b")))
	w.graph.applications.pages["app"] = &portal
	w.graph.definitions.pages[""] = &directory.Page[directory.RoleDefinition]{Items: []directory.RoleDefinition{{ID: "r-help", DisplayName: "Helpdesk"}}}
	w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a"), person("b")}, Resume: "r1"}
	w.syncWith(everything())
	w.syncWith(everything())
	w.heard = nil
	w.graph.forget()
	return w
}

// linkCase is one kind of link.
type linkCase struct {
	link inventory.Link
	feed inventory.FeedName
	// tell makes the feed tell that a is linked, or not.
	tell func(w *world, present bool)
	// has tells whether a is linked.
	has func(inventory.Observation) bool
}

func linkCases() []linkCase {
	return []linkCase{{
		link: inventory.Link{Kind: inventory.LinkGroup, User: "A", Target: "G1"}, feed: inventory.FeedMemberships,
		tell: func(w *world, present bool) {
			told := left("g1", "a")
			if present {
				told = group("g1", "a")
			}
			pagesOfGroups(w, "g1", "g1", page(told))
		},
		has: func(o inventory.Observation) bool { return len(o.Groups) == 1 && o.Groups[0].DisplayName == "Group g1" },
	}, {
		link: inventory.Link{Kind: inventory.LinkAppRole, User: "a", Target: "app", Qualifier: "R-User"}, feed: inventory.FeedApplications,
		tell: func(w *world, present bool) {
			w.graph.assigned.pages["app"] = assignments()
			if present {
				w.graph.assigned.pages["app"] = assignments(assigned("a", "r-user"))
			}
		},
		has: func(o inventory.Observation) bool {
			return len(o.AppRoles) == 1 && o.AppRoles[0] == inventory.AppRole{ApplicationID: "app", Application: "Portal", RoleID: "r-user", Role: "User"}
		},
	}, {
		link: inventory.Link{Kind: inventory.LinkRole, User: "a", Target: "r-help", Qualifier: "/"}, feed: inventory.FeedRoles,
		tell: func(w *world, present bool) {
			w.graph.assignments.pages[""] = holdings()
			if present {
				w.graph.assignments.pages[""] = holdings(holds("a", "r-help"))
			}
		},
		has: func(o inventory.Observation) bool {
			return o.Admin == directory.Yes && len(o.Roles) == 1 &&
				o.Roles[0] == inventory.Role{Name: "Helpdesk", RoleID: "r-help", Scope: "/", Path: inventory.RoleDirect}
		},
	}, {
		link: inventory.Link{Kind: inventory.LinkManager, User: "a", Target: "B"}, feed: inventory.FeedManagers,
		tell: func(w *world, present bool) {
			w.graph.managers.pages[""] = managerLinks()
			if present {
				w.graph.managers.pages[""] = managerLinks(directory.ManagerLink{UserID: "a", Manager: "b"})
			}
		},
		has: func(o inventory.Observation) bool { return o.ManagerKnown && o.Manager == "b" },
	}}
}

var _ = Describe("A link that the operator just made or undid", func() {
	for _, c := range linkCases() {
		for _, made := range []bool{true, false} {
			Context(fmt.Sprintf("of the kind %s, present: %t,", c.link.Kind, made), func() { describeLink(c, made) })
		}
	}

	It("takes the place of what was expected of it before", func() {
		w := linked()
		link := inventory.Link{Kind: inventory.LinkGroup, User: "a", Target: "g1"}
		w.tenant.ExpectLink(link, true)
		w.tenant.ExpectLink(link, false)
		Expect(w.seen("a").Groups).To(BeEmpty())
		w.tenant.ExpectLink(inventory.Link{Kind: inventory.LinkManager, User: "a", Target: "b"}, true)
		w.tenant.ExpectLink(inventory.Link{Kind: inventory.LinkManager, User: "a", Target: "c"}, true)
		Expect(w.seen("a").Manager).To(Equal("c"))
		w.tenant.ExpectLink(inventory.Link{Kind: inventory.LinkManager, User: "a", Target: "c"}, false)
		Expect(w.seen("a").Manager).To(BeEmpty())
		Expect(w.seen("a").ManagerKnown).To(BeTrue())
	})

	It("is not met by a reading that began before it", func() {
		w := linkedWorld(linkCases()[1], false)
		w.graph.assigned.pages["app"] = &directory.Page[directory.AppRoleAssignment]{Items: []directory.AppRoleAssignment{}, Next: "2"}
		w.graph.assigned.pages["app2"] = assignments()
		w.graph.assigned.during = func(link string) {
			if link == "app2" {
				w.tenant.ExpectLink(linkCases()[1].link, true)
				w.tenant.ExpectLink(linkCases()[1].link, false)
			}
		}
		w.clock.Step(15 * time.Minute)
		w.syncWith(everything())
		w.graph.assigned.during = nil
		w.graph.assigned.pages["app"] = assignments(assigned("a", "r-user")) // as it was before
		w.clock.Step(9 * time.Minute)
		w.syncWith(inventory.SyncRequest{Force: true, Applications: []string{"app"}})
		Expect(w.seen("a").AppRoles).To(BeEmpty())
	})

	It("brings the application's roles that the group has", func() {
		w := linked()
		w.graph.assigned.pages["app"] = assignments(assigned("g1", "r-admin"))
		w.clock.Step(15 * time.Minute)
		w.syncWith(everything())
		w.tenant.ExpectLink(inventory.Link{Kind: inventory.LinkGroup, User: "a", Target: "g1"}, true)
		Expect(w.seen("a").AppRoles).To(Equal([]inventory.AppRole{
			{ApplicationID: "app", Application: "Portal", RoleID: "r-admin", Role: "Admin", ViaGroup: "g1"},
		}))
	})

	It("is of no use for an account that is not known, or gone", func() {
		w := linked()
		w.tenant.Remove("b")
		w.heard = nil
		w.tenant.ExpectLink(inventory.Link{Kind: inventory.LinkGroup, User: "x", Target: "g1"}, true)
		w.tenant.ExpectLink(inventory.Link{Kind: inventory.LinkGroup, User: "b", Target: "g1"}, true)
		Expect(w.heard).To(BeEmpty())
		_, ok := w.tenant.ByID("x")
		Expect(ok).To(BeFalse())
	})

	It("says nothing of groups that are not known", func() {
		w := newWorld()
		w.graph.groups.errors = []error{refusal(directory.KindForbidden)}
		w.settled(person("a"))
		w.tenant.ExpectLink(inventory.Link{Kind: inventory.LinkGroup, User: "a", Target: "g1"}, true)
		Expect(w.seen("a").Groups).To(BeNil())
	})
})

// linkedWorld is a tenant in which a is linked, or not, before the operator makes or undoes
// the link.
func linkedWorld(c linkCase, made bool) *world {
	GinkgoHelper()
	w := linked()
	c.tell(w, !made)
	w.clock.Step(time.Hour + 20*time.Minute)
	request := everything()
	request.Force = true
	w.syncWith(request)
	if c.link.Kind == inventory.LinkGroup {
		w.graph.groups.pages["g1"] = &directory.GroupChanges{Resume: "g1"}
	}
	Expect(c.has(w.seen("a"))).To(Equal(!made))
	w.heard = nil
	w.graph.forget()
	return w
}

func describeLink(c linkCase, made bool) {
	var w *world
	BeforeEach(func() { w = linkedWorld(c, made) })
	linked := func() bool { return c.has(w.seen("a")) }
	// read reads the feeds now.
	read := func() {
		GinkgoHelper()
		w.graph.forget()
		request := everything()
		request.Force = true
		w.syncWith(request)
	}

	It("is shown at once", func() {
		w.tenant.ExpectLink(c.link, made)
		Expect(linked()).To(Equal(made))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		w.tenant.ExpectLink(c.link, made)
		Expect(w.heardIDs()).To(BeEmpty())
		Expect(w.tenant.Summary().Users).To(Equal(counted(w.tenant)))
	})

	It("is held against a feed that does not show it yet", func() {
		w.tenant.ExpectLink(c.link, made)
		w.heard = nil
		c.tell(w, !made)
		w.clock.Step(time.Minute)
		read()
		Expect(linked()).To(Equal(made))
		Expect(w.heardIDs()).To(BeEmpty())
	})

	It("ends when a feed shows it: what differs then is news", func() {
		w.tenant.ExpectLink(c.link, made)
		c.tell(w, made)
		w.clock.Step(time.Minute)
		read()
		Expect(linked()).To(Equal(made))
		w.heard = nil
		c.tell(w, !made)
		w.clock.Step(time.Minute)
		read()
		Expect(linked()).To(Equal(!made))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
	})

	if c.feed != inventory.FeedMemberships { // the changes of groups do not take back what they told
		It("is held against a replica that lacks what another has shown", func() {
			w.tenant.ExpectLink(c.link, made)
			c.tell(w, made)
			w.clock.Step(10 * time.Second)
			read()
			c.tell(w, !made)
			w.clock.Step(20 * time.Second)
			read()
			Expect(linked()).To(Equal(made))
			w.clock.Step(time.Minute)
			read()
			Expect(linked()).To(Equal(!made), "late enough it is believed")
		})
	}

	It("does not end on a reading that a lagging replica may have answered", func() {
		w.tenant.ExpectLink(c.link, made)
		if c.feed != inventory.FeedMemberships {
			c.tell(w, !made)
		}
		w.clock.Step(10 * time.Second)
		read()
		c.tell(w, made)
		w.clock.Step(10*time.Minute - 10*time.Second)
		w.syncWith(everything())
		Expect(linked()).To(Equal(made))
		w.clock.Step(time.Hour)
		w.syncWith(everything())
		Expect(linked()).To(Equal(made))
	})

	It("ends when its time is up and the feed has been read since", func() {
		w.tenant.ExpectLink(c.link, made)
		c.tell(w, !made)
		w.clock.Step(5 * time.Minute)
		read()
		w.heard = nil
		w.clock.Step(5*time.Minute - time.Second)
		Expect(w.syncWith(everything()).NextDue).To(BeTemporally("<=", w.clock.Now().Add(time.Second)))
		Expect(linked()).To(Equal(made))
		w.clock.Step(time.Second)
		w.syncWith(everything())
		Expect(linked()).To(Equal(!made))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
	})

	It("outlives its time until the feed has been read, which is due at once", func() {
		w.tenant.ExpectLink(c.link, made)
		w.heard = nil
		c.tell(w, made)
		w.clock.Step(10 * time.Minute)
		w.syncWith(everything())
		Expect(linked()).To(Equal(made))
		Expect(w.feed(c.feed).AsOf).To(Equal(w.clock.Now()))
		Expect(w.heardIDs()).To(BeEmpty(), "it does not flap")
	})

	It("ends with its time when the feed cannot be read", func() {
		w.tenant.ExpectLink(c.link, made)
		w.clock.Step(10 * time.Minute)
		for _, errors := range []*[]error{&w.graph.groups.errors, &w.graph.applications.errors, &w.graph.definitions.errors, &w.graph.managers.errors} {
			*errors = []error{refusal(directory.KindForbidden)}
		}
		read()
		w.clock.Step(time.Minute)
		result := w.syncWith(everything())
		Expect(soonest(result)).To(BeTemporally(">", w.clock.Now().Add(time.Second)))
	})
}
