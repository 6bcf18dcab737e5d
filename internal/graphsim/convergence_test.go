package graphsim_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

const mirrored = "id,displayName,department,jobTitle,accountEnabled,userPrincipalName,onPremisesLastSyncDateTime"

// mirror is a plain delta client: it believes what comes, in the order it comes, and
// begins anew when told to.
type mirror struct {
	w       *world
	minimal bool
	users   map[string]map[string]any
	fresh   map[string]map[string]any // of a first round that is not complete
	link    string
	seen    map[string]int // what the rounds had in store
}

func (m *mirror) restart() {
	m.link, m.fresh = "/users/delta?$select="+mirrored, map[string]map[string]any{}
}

// pull asks for one page; done is true when it ended a round.
func (m *mirror) pull() (values []map[string]any, done bool) {
	GinkgoHelper()
	a := m.w.get(m.link)
	if a.status == http.StatusGone || a.code() == "syncStateNotFound" {
		m.seen["expired"]++
		m.restart()
		a = m.w.get(m.link)
	}
	Expect(a.status).To(Equal(http.StatusOK), a.raw)
	target := m.users
	if m.fresh != nil {
		target = m.fresh
	}
	m.believe(target, a.values())
	if m.link = a.link("nextLink"); m.link != "" {
		if len(a.values()) == 0 {
			m.seen["empty page"]++
		}
		return a.values(), false
	}
	m.link = a.link("deltaLink")
	if m.fresh != nil {
		m.users, m.fresh = m.fresh, nil
	}
	return a.values(), true
}

func (m *mirror) believe(target map[string]map[string]any, values []map[string]any) {
	GinkgoHelper()
	page := map[string]map[string]any{}
	for _, v := range values {
		id := v["id"].(string)
		if before, again := page[id]; again {
			m.seen["repeat"]++
			if fmt.Sprint(before) != fmt.Sprint(v) {
				m.seen["older after newer"]++
			}
		}
		page[id] = v
		if _, removed := v["@removed"]; removed {
			m.seen["removed"]++
			delete(target, id)
			continue
		}
		if m.minimal && target[id] != nil {
			for name, value := range v {
				target[id][name] = value
			}
			continue
		}
		target[id] = v
	}
}

// round pulls until the end of a round and returns how much it brought.
func (m *mirror) round() int {
	GinkgoHelper()
	n := 0
	for {
		values, done := m.pull()
		n += len(values)
		if done {
			return n
		}
	}
}

// crowd does what people, administrators and Active Directory do, at random.
type crowd struct {
	w       *world
	rng     *rand.Rand
	ids     []string // live and deleted, not purged
	created int
}

func (c *crowd) anyone() string { return c.ids[c.rng.IntN(len(c.ids))] }

func (c *crowd) text() any {
	if c.rng.IntN(4) == 0 {
		return nil
	}
	return fmt.Sprintf("v%d", c.rng.IntN(1000))
}

func (c *crowd) join() {
	GinkgoHelper()
	c.created++
	c.ids = append(c.ids, c.w.user(fmt.Sprintf("user%d", c.created), map[string]any{"onPremisesSyncEnabled": c.rng.IntN(3) == 0}))
}

// act does one thing. What is not possible for the account at hand is no failure:
// restoring who is there, patching who is deleted.
func (c *crowd) act() {
	GinkgoHelper()
	id := c.anyone()
	switch c.rng.IntN(20) {
	case 0, 1, 2, 3:
		_ = c.w.PatchUser(c.w.tenant, id, map[string]any{"department": c.text(), "jobTitle": c.text()})
	case 4, 5:
		_ = c.w.PatchUser(c.w.tenant, id, map[string]any{"accountEnabled": c.rng.IntN(2) == 0})
	case 6:
		_ = c.w.PatchUser(c.w.tenant, id, map[string]any{"userPrincipalName": fmt.Sprintf("renamed%d@contoso.example", c.rng.IntN(20))})
	case 7:
		c.w.patch(id, fmt.Sprintf(`{"accountEnabled":%t}`, c.rng.IntN(2) == 0))
	case 8:
		_ = c.w.ChangePassword(c.w.tenant, id) // not among the selected properties
	case 9:
		if len(c.ids) < 60 {
			c.join()
		}
	case 10:
		_ = c.w.DeleteUser(c.w.tenant, id)
	case 11, 12:
		_ = c.w.RestoreUser(c.w.tenant, id)
	case 13:
		if len(c.ids) > 20 && c.rng.IntN(4) == 0 {
			Expect(c.w.PurgeUser(c.w.tenant, id)).To(Succeed())
			c.ids = slices.DeleteFunc(c.ids, func(x string) bool { return x == id })
		}
	case 14, 15:
		_ = c.w.PatchOnPremises(c.w.tenant, id, map[string]any{"accountEnabled": c.rng.IntN(2) == 0, "jobTitle": c.text()})
	case 16:
		_, err := c.w.Synchronize(c.w.tenant)
		Expect(err).NotTo(HaveOccurred())
	default:
		c.wait()
	}
}

func (c *crowd) wait() {
	GinkgoHelper()
	switch n := c.rng.IntN(300); {
	case n < 2:
		c.w.Step(8 * 24 * time.Hour)
	case n < 6:
		c.w.Step(31 * time.Minute)
	default:
		c.w.Step(time.Duration(c.rng.IntN(1500)) * time.Millisecond)
	}
	c.w.renew()
}

// truth is what the simulator holds of its live accounts.
func (c *crowd) truth() map[string]map[string]any {
	GinkgoHelper()
	all := map[string]map[string]any{}
	for _, id := range c.ids {
		state, err := c.w.User(c.w.tenant, id)
		Expect(err).NotTo(HaveOccurred())
		if state.Deleted {
			continue
		}
		all[id] = map[string]any{}
		for name, raw := range state.Properties {
			var value any
			Expect(json.Unmarshal(raw, &value)).To(Succeed())
			all[id][name] = value
		}
	}
	return all
}

// selected reduces accounts to the mirrored properties, and times to the seconds that
// Graph shows; what is null was never there.
func selected(users map[string]map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	for id, u := range users {
		out[id] = map[string]any{}
		for _, name := range []string{"displayName", "department", "jobTitle", "accountEnabled", "userPrincipalName", "onPremisesLastSyncDateTime"} {
			if u[name] != nil {
				out[id][name] = u[name]
			}
		}
		if at, err := time.Parse(time.RFC3339, fmt.Sprint(u["onPremisesLastSyncDateTime"])); err == nil {
			out[id]["onPremisesLastSyncDateTime"] = at.Truncate(time.Second).Format(time.RFC3339)
		}
	}
	return out
}

// differences says in short what is not the same.
func differences(got, want map[string]map[string]any) []string {
	var out []string
	for id := range want {
		if fmt.Sprint(got[id]) != fmt.Sprint(want[id]) {
			out = append(out, fmt.Sprintf("%s: got %v, want %v", id, got[id], want[id]))
		}
	}
	for id := range got {
		if _, ok := want[id]; !ok {
			out = append(out, id+": should be gone")
		}
	}
	return out
}

var _ = Describe("In the end", func() {
	DescribeTable("every client knows what is true, whatever came before [GS-DELTA-21] [GS-READ-16]", func(seed uint64, minimal bool, quirks graphsim.Quirks) {
		w := newWorld(func(o *graphsim.Options) {
			o.Seed, o.Quirks, o.DeltaPageSize, o.NoThrottling = seed, quirks, 7, true
		})
		Expect(w.SetSync(w.tenant, graphsim.SyncConnect)).To(Succeed())
		c := &crowd{w: w, rng: rand.New(rand.NewPCG(seed, 1))}
		for range 25 {
			c.join()
		}
		if minimal {
			w.header.Set("Prefer", "return=minimal")
		}
		m := &mirror{w: w, minimal: minimal, seen: map[string]int{}}
		m.restart()
		for range 3000 {
			c.act()
			if c.rng.IntN(3) == 0 {
				m.pull()
			}
		}
		w.Step(time.Minute)
		w.renew()
		rounds := 0
		for ; m.round() > 0; rounds++ {
			Expect(rounds).To(BeNumerically("<", 4), "rounds after everybody stopped")
		}
		want := selected(c.truth())
		Expect(differences(selected(m.users), want)).To(BeEmpty())

		listed := map[string]map[string]any{}
		values, _ := w.all("/users?$select=" + mirrored)
		for _, u := range values {
			listed[u["id"].(string)] = u
		}
		Expect(differences(selected(listed), want)).To(BeEmpty())

		for trap, likely := range map[string]bool{
			"removed": true, "expired": true, "empty page": quirks.DeltaEmptyPage > 0,
			"repeat": quirks.DeltaRepeat > 0, "older after newer": quirks.DeltaStale > 0,
		} {
			Expect(BeZero().Match(m.seen[trap])).To(Equal(!likely), "%s: %d times", trap, m.seen[trap])
		}
	},
		Entry("from a calm Graph", uint64(1), false, graphsim.Quirks{}),
		Entry("from a lively one", uint64(2), false, graphsim.Lively()),
		Entry("from a lively one that sends changes only", uint64(3), true, graphsim.Lively()),
		Entry("from one gone mad", uint64(4), false, mad()),
		Entry("from one gone mad that sends changes only", uint64(5), true, mad()),
	)
})

// mad shows every quirk all the time.
func mad() graphsim.Quirks {
	return graphsim.Quirks{
		ReadLag: 30 * time.Second, ReadStale: 0.9, DeltaLag: 20 * time.Second,
		DeltaRepeat: 0.5, DeltaStale: 0.7, DeltaEmptyPage: 0.5, DeltaInitialRemoved: true,
	}
}
