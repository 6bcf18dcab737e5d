package graphsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const groupsQuery = "/groups/delta?$select=id,displayName,members"

// believer follows groups/delta and believes what comes in order.
type believer struct {
	names   map[string]string
	members map[string]map[string]bool
}

func (b *believer) read(values []map[string]any) {
	GinkgoHelper()
	if b.names == nil {
		b.names, b.members = map[string]string{}, map[string]map[string]bool{}
	}
	for _, v := range values {
		id := v["id"].(string)
		if _, removed := v["@removed"]; removed {
			delete(b.names, id)
			delete(b.members, id)
			continue
		}
		if name, ok := v["displayName"].(string); ok {
			b.names[id] = name
		}
		if b.members[id] == nil {
			b.members[id] = map[string]bool{}
		}
		list, _ := v["members@delta"].([]any)
		for _, m := range list {
			member := m.(map[string]any)
			if _, left := member["@removed"]; left {
				delete(b.members[id], member["id"].(string))
			} else {
				b.members[id][member["id"].(string)] = true
			}
		}
	}
}

// membersDelta are the members of one element: left ones with a minus.
func membersDelta(v map[string]any) []string {
	var out []string
	list, _ := v["members@delta"].([]any)
	for _, m := range list {
		member := m.(map[string]any)
		if removed, left := member["@removed"]; left {
			Expect(removed).To(Equal(map[string]any{"reason": "deleted"}))
			out = append(out, "-"+member["id"].(string))
		} else {
			out = append(out, member["id"].(string))
		}
	}
	return out
}

var _ = Describe("groups/delta", func() {
	var w *world
	BeforeEach(func() { w = newWorld(func(o *graphsim.Options) { o.DeltaPageSize = 10 }) })

	round := func(path string) ([]map[string]any, string) {
		GinkgoHelper()
		values, last := w.all(path)
		Expect(last.link("deltaLink")).To(ContainSubstring("/groups/delta?$deltatoken="))
		return values, last.link("deltaLink")
	}
	people := func(n int) []string {
		GinkgoHelper()
		var all []string
		for i := range n {
			all = append(all, w.user(fmt.Sprintf("user%03d", i)))
		}
		return all
	}

	It("lists every group with its members [GS-GDELTA-01]", func() {
		p := people(2)
		inner := w.newGroup(graphsim.GroupSpec{DisplayName: "Inner"})
		outer := w.newGroup(graphsim.GroupSpec{DisplayName: "Outer", Members: []string{p[0], inner, p[1]}})
		Expect(w.DeleteUser(w.tenant, p[1])).To(Succeed())
		first := w.get("/groups/delta()?%24select=displayName,members")
		Expect(first.link("context")).To(HaveSuffix("$metadata#groups(id,displayName)"))
		Expect(first.values()).To(Equal([]map[string]any{
			{"id": inner, "displayName": "Inner"},
			{"id": outer, "displayName": "Outer", "members@delta": []any{
				map[string]any{"@odata.type": "#microsoft.graph.user", "id": p[0]},
				map[string]any{"@odata.type": "#microsoft.graph.group", "id": inner},
			}},
		}))
		var names []any
		for i := range 25 {
			names = append(names, fmt.Sprintf("Group %d", i))
			w.newGroup(graphsim.GroupSpec{DisplayName: fmt.Sprintf("Group %d", i)})
		}
		Expect(w.get(groupsQuery).values()).To(HaveLen(10))
		values, _ := round(groupsQuery)
		Expect(field(values, "displayName")).To(Equal(append([]any{"Inner", "Outer"}, names...)))
	})

	It("spreads a large group over pages [GS-GDELTA-02]", func() {
		p := people(45)
		small := w.newGroup(graphsim.GroupSpec{DisplayName: "Small", Members: p[:3]})
		large := w.newGroup(graphsim.GroupSpec{DisplayName: "Large", Members: p[:35]})
		last := w.newGroup(graphsim.GroupSpec{DisplayName: "Last", Members: p[:1]})
		values, link := round(groupsQuery)
		Expect(ids(values)).To(Equal([]string{small, large, large, large, large, last}))
		var all []string
		for _, v := range values[1:5] {
			Expect(v).To(HaveKeyWithValue("displayName", "Large"))
			Expect(len(membersDelta(v))).To(BeNumerically("<=", 10))
			all = append(all, membersDelta(v)...)
		}
		Expect(all).To(Equal(p[:35]))

		for _, id := range p[:12] {
			Expect(w.RemoveGroupMember(w.tenant, large, id)).To(Succeed())
		}
		for _, id := range p[35:] {
			Expect(w.AddGroupMember(w.tenant, large, id)).To(Succeed())
		}
		Expect(w.AddGroupMember(w.tenant, last, p[1])).To(Succeed())
		values, link = round(link)
		Expect(ids(values)).To(Equal([]string{large, large, large, last}))
		all = nil
		for _, v := range values[:3] {
			all = append(all, membersDelta(v)...)
		}
		want := slices.Clone(p[35:])
		for _, id := range p[:12] {
			want = append(want, "-"+id)
		}
		Expect(all).To(ConsistOf(want))
		values, _ = round(link)
		Expect(values).To(BeEmpty())
	})

	It("brings who came and who went [GS-GDELTA-03]", func() {
		p := people(3)
		sales := w.newGroup(graphsim.GroupSpec{DisplayName: "Sales", Members: p[:2]})
		w.newGroup(graphsim.GroupSpec{DisplayName: "Quiet", Members: p})
		_, link := round(groupsQuery)
		quiet, same := round(link)
		Expect(quiet).To(BeEmpty())
		Expect(w.join(sales, p[2]).status).To(Equal(http.StatusNoContent))
		Expect(w.leave(sales, p[0]).status).To(Equal(http.StatusNoContent))
		Expect(w.leave(sales, p[1]).status).To(Equal(http.StatusNoContent))
		Expect(w.join(sales, p[1]).status).To(Equal(http.StatusNoContent))
		for range 2 {
			values, _ := round(same)
			Expect(values).To(HaveLen(1))
			Expect(values[0]).To(And(HaveKeyWithValue("id", sales), HaveKeyWithValue("displayName", "Sales")))
			Expect(membersDelta(values[0])).To(Equal([]string{p[2], "-" + p[0], p[1]}))
		}
		_, link = round(same)
		Expect(w.RenameGroup(w.tenant, sales, "Marketing")).To(Succeed())
		values, link := round(link)
		Expect(values).To(Equal([]map[string]any{{"id": sales, "displayName": "Marketing"}}))
		newcomer := w.newGroup(graphsim.GroupSpec{DisplayName: "New", Members: p[:1]})
		values, _ = round(link)
		Expect(ids(values)).To(Equal([]string{newcomer}))
		Expect(membersDelta(values[0])).To(Equal(p[:1]))
	})

	It("brings what was selected [GS-GDELTA-04]", func() {
		p := people(1)
		sales := w.newGroup(graphsim.GroupSpec{DisplayName: "Sales", Description: "Sell"})
		_, all := round("/groups/delta")
		_, names := round("/groups/delta?$select=displayName")
		_, members := round("/groups/delta?$select=members")
		Expect(w.AddGroupMember(w.tenant, sales, p[0])).To(Succeed())
		values, all := round(all)
		Expect(values[0]).To(And(HaveKeyWithValue("description", "Sell"), HaveKeyWithValue("securityEnabled", true), Not(HaveKey("mail")), HaveKey("members@delta")))
		values, names = round(names)
		Expect(values).To(BeEmpty())
		values, members = round(members)
		Expect(values).To(ConsistOf(And(HaveLen(2), HaveKeyWithValue("id", sales), HaveKey("members@delta"))))
		Expect(w.RenameGroup(w.tenant, sales, "Marketing")).To(Succeed())
		values, _ = round(all)
		Expect(values).To(ConsistOf(And(HaveKeyWithValue("displayName", "Marketing"), Not(HaveKey("members@delta")))))
		values, _ = round(names)
		Expect(values).To(HaveLen(1))
		values, _ = round(members)
		Expect(values).To(BeEmpty())
	})

	It("tells which groups have gone [GS-GDELTA-05]", func() {
		p := people(1)
		sales := w.newGroup(graphsim.GroupSpec{DisplayName: "Sales", Members: p})
		team := w.newGroup(graphsim.GroupSpec{DisplayName: "Team", Types: []string{"Unified"}, Mail: "team@contoso.example"})
		outer := w.newGroup(graphsim.GroupSpec{DisplayName: "Outer", Members: []string{sales}})
		_, link := round(groupsQuery)
		Expect(w.RemoveGroup(w.tenant, sales)).To(Succeed())
		Expect(w.RemoveGroup(w.tenant, team)).To(Succeed())
		again := w.newGroup(graphsim.GroupSpec{DisplayName: "Sales"})
		Expect(again).NotTo(Equal(sales))
		values, link := round(link)
		Expect(values).To(ConsistOf(
			map[string]any{"id": sales, "@removed": map[string]any{"reason": "deleted"}},
			map[string]any{"id": team, "@removed": map[string]any{"reason": "changed"}},
			map[string]any{"id": again, "displayName": "Sales"},
			And(HaveKeyWithValue("id", outer), HaveKey("members@delta"))))
		values, _ = round(link)
		Expect(values).To(BeEmpty())
		values, _ = round(groupsQuery)
		Expect(ids(values)).To(Equal([]string{outer, again}))
	})

	It("follows deleted accounts [GS-GDELTA-06]", func() {
		p := people(2)
		sales := w.newGroup(graphsim.GroupSpec{DisplayName: "Sales", Members: p})
		_, link := round(groupsQuery)
		Expect(w.DeleteUser(w.tenant, p[0])).To(Succeed())
		Expect(w.PurgeUser(w.tenant, p[1])).To(Succeed())
		values, link := round(link)
		Expect(membersDelta(values[0])).To(Equal([]string{"-" + p[0], "-" + p[1]}))
		Expect(w.RestoreUser(w.tenant, p[0])).To(Succeed())
		values, _ = round(link)
		Expect(membersDelta(values[0])).To(Equal(p[:1]))
		Expect(w.members(sales)).To(Equal(p[:1]))
	})

	It("brings changes only when asked [GS-GDELTA-07]", func() {
		w.header.Set("Prefer", "return=minimal")
		p := people(1)
		sales := w.newGroup(graphsim.GroupSpec{DisplayName: "Sales", Description: "Sell"})
		_, link := round("/groups/delta")
		Expect(w.AddGroupMember(w.tenant, sales, p[0])).To(Succeed())
		values, link := round(link)
		Expect(values).To(ConsistOf(And(HaveLen(2), HaveKeyWithValue("id", sales), HaveKey("members@delta"))))
		Expect(w.RenameGroup(w.tenant, sales, "Marketing")).To(Succeed())
		values, _ = round(link)
		Expect(values).To(Equal([]map[string]any{{"id": sales, "displayName": "Marketing"}}))
	})

	It("takes few options and its own tokens [GS-GDELTA-08]", func() {
		sales := w.newGroup(graphsim.GroupSpec{DisplayName: "Sales"})
		w.newGroup(graphsim.GroupSpec{DisplayName: "Other"})
		values, link := round(groupsQuery + "&$filter=" + url.QueryEscape("id eq '"+sales+"'"))
		Expect(ids(values)).To(Equal([]string{sales}))
		Expect(w.RenameGroup(w.tenant, "Other", "Another")).To(Succeed())
		values, link = round(link)
		Expect(values).To(BeEmpty())
		for _, option := range []string{"$expand=members", "$orderby=displayName", "$search=x", "$filter=displayName%20eq%20'x'"} {
			refused(400, "Request_UnsupportedQuery")(w.get("/groups/delta?" + option))
		}
		refused(400, "BadRequest")(w.get("/groups/delta?$select=colour"))
		refused(501, "NotSimulated")(w.get("/groups/delta?$select=owners"))
		_, users := w.all("/users/delta")
		refused(400, "BadRequest")(w.get(strings.Replace(users.link("deltaLink"), "/users/", "/groups/", 1)))
		refused(400, "BadRequest")(w.get(strings.Replace(link, "/groups/", "/users/", 1)))
		values, link = round("/groups/delta?$deltatoken=latest")
		Expect(values).To(BeEmpty())
		Expect(w.AddGroupMember(w.tenant, sales, people(1)[0])).To(Succeed())
		values, _ = round(link)
		Expect(values).To(ConsistOf(HaveKey("members@delta")))
	})

	It("forgets after seven days [GS-GDELTA-09]", func() {
		w.newGroup(graphsim.GroupSpec{DisplayName: "Sales", Members: people(1)})
		_, link := round(groupsQuery)
		w.Step(7*24*time.Hour + time.Second)
		w.renew()
		gone := w.get(link)
		refused(410, "resyncRequired")(gone)
		Expect(gone.header.Get("Location")).To(HaveSuffix("/v1.0/groups/delta?$deltatoken="))
		Expect(w.get(gone.header.Get("Location")).values()).To(ConsistOf(HaveKey("members@delta")))
		refused(400, "syncStateNotFound")(w.get(link))
	})

	It("loses nothing that happens meanwhile [GS-GDELTA-11]", func() {
		p := people(30)
		first := w.newGroup(graphsim.GroupSpec{DisplayName: "First", Members: p[:25]})
		doomed := w.newGroup(graphsim.GroupSpec{DisplayName: "Doomed", Members: p[:25]})
		w.newGroup(graphsim.GroupSpec{DisplayName: "Last", Members: p[:5]})
		b, page := &believer{}, w.get(groupsQuery)
		for step := 0; ; step++ {
			b.read(page.values())
			switch step {
			case 0:
				Expect(w.RemoveGroupMember(w.tenant, first, p[0])).To(Succeed())
				Expect(w.AddGroupMember(w.tenant, first, p[29])).To(Succeed())
			case 3:
				Expect(w.RemoveGroup(w.tenant, doomed)).To(Succeed())
				Expect(w.AddGroupMember(w.tenant, "Last", p[28])).To(Succeed())
			}
			if page.link("nextLink") == "" {
				break
			}
			page = w.get(page.link("nextLink"))
		}
		values, _ := round(page.link("deltaLink"))
		b.read(values)
		Expect(b.names).To(And(HaveLen(2), Not(HaveKey(doomed))))
		for id := range b.names {
			Expect(b.members[id]).To(HaveLen(len(w.members(id))))
			for _, m := range w.members(id) {
				Expect(b.members[id]).To(HaveKey(m))
			}
		}
	})

	It("needs permission [GS-GDELTA-12]", func() {
		for permission, status := range map[string]int{"GroupMember.Read.All": 200, "Group.Read.All": 200, "Directory.Read.All": 200, "User.Read.All": 403} {
			w.grant([]string{permission})
			Expect(w.get("/groups/delta").status).To(Equal(status), permission)
		}
	})

	Describe("is alive", func() {
		lively := func(q graphsim.Quirks) {
			w = newWorld(func(o *graphsim.Options) { o.Quirks, o.DeltaPageSize = q, 10 })
		}

		It("repeats, is late and serves empty pages [GS-GDELTA-10]", func() {
			lively(graphsim.Quirks{DeltaRepeat: 1, DeltaEmptyPage: 1, DeltaLag: 10 * time.Second})
			sales := w.newGroup(graphsim.GroupSpec{DisplayName: "Sales"})
			w.Step(time.Minute)
			Expect(w.get(groupsQuery).values()).To(BeEmpty())
			values, link := round(groupsQuery)
			Expect(ids(values)).To(Equal([]string{sales, sales}))
			Expect(w.AddGroupMember(w.tenant, sales, people(1)[0])).To(Succeed())
			values, link = round(link)
			Expect(values).To(BeEmpty())
			w.Step(11 * time.Second)
			values, _ = round(link)
			Expect(values).To(HaveLen(2))
		})

		It("brings older states after newer ones, and the truth later [GS-GDELTA-10]", func() {
			lively(graphsim.Quirks{DeltaStale: 1})
			p := people(2)
			sales := w.newGroup(graphsim.GroupSpec{DisplayName: "Sales", Members: p[:1]})
			_, link := round(groupsQuery)
			Expect(w.RenameGroup(w.tenant, sales, "Marketing")).To(Succeed())
			Expect(w.RemoveGroupMember(w.tenant, sales, p[0])).To(Succeed())
			Expect(w.AddGroupMember(w.tenant, sales, p[1])).To(Succeed())
			values, link := round(link)
			Expect(field(values, "displayName")).To(Equal([]any{"Marketing", "Sales"}))
			Expect(membersDelta(values[0])).To(Equal([]string{"-" + p[0], p[1]}))
			Expect(membersDelta(values[1])).To(Equal([]string{p[0], "-" + p[1]}))
			values, link = round(link)
			Expect(field(values, "displayName")).To(Equal([]any{"Marketing"}))
			Expect(membersDelta(values[0])).To(Equal([]string{"-" + p[0], p[1]}))
			values, _ = round(link)
			Expect(values).To(BeEmpty())
		})

		It("ends in the truth for who believes what comes in order [GS-GDELTA-10]", func() {
			lively(graphsim.Quirks{DeltaStale: 0.3, DeltaRepeat: 0.3, DeltaEmptyPage: 0.3, DeltaLag: 2 * time.Second, DeltaInitialRemoved: true})
			p := people(40)
			var groups []string
			for i := range 8 {
				groups = append(groups, w.newGroup(graphsim.GroupSpec{DisplayName: fmt.Sprintf("Group %d", i), Members: p[i*2 : i*2+5*i%20]}))
			}
			b := &believer{}
			link := groupsQuery
			follow := func() {
				GinkgoHelper()
				var values []map[string]any
				values, link = round(link)
				b.read(values)
			}
			follow()
			for turn := range 30 {
				g := groups[turn*5%len(groups)]
				for i := range 12 {
					if id := p[(turn*7+i*3)%len(p)]; (turn+i)%2 == 0 {
						Expect(w.AddGroupMember(w.tenant, g, id)).To(Succeed())
					} else {
						Expect(w.RemoveGroupMember(w.tenant, g, id)).To(Succeed())
					}
				}
				Expect(w.RenameGroup(w.tenant, g, fmt.Sprintf("Name %d", turn))).To(Succeed())
				w.Step(time.Duration(turn%4) * time.Second)
				follow()
			}
			w.Step(time.Minute)
			for range 3 {
				follow()
			}
			for _, g := range groups {
				Expect(b.names[g]).To(Equal(w.get("/groups/" + g).body["displayName"]))
				var believed []string
				for id := range b.members[g] {
					believed = append(believed, id)
				}
				Expect(believed).To(ConsistOf(w.members(g)))
			}
		})
	})
})
