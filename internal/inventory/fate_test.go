package inventory_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

var _ = Describe("An account that the operator just made", func() {
	var w *world
	BeforeEach(func() {
		w = newWorld().settled(person("a"))
		w.tenant.Created(person("new"))
	})
	there := func() bool { return w.seen("new").Gone == inventory.GoneNot }
	listing := func() {
		GinkgoHelper()
		w.graph.users.pages[""] = &directory.UserChanges{Users: []directory.User{person("a")}, Resume: "r1"}
		w.graph.users.errors = []error{refusal(directory.KindResync)}
		w.sync()
	}

	It("is there at once, and counts", func() {
		Expect(w.heardIDs()).To(Equal([]string{"new"}))
		id, ok := w.tenant.ByName("new@contoso.com")
		Expect(ok).To(BeTrue())
		Expect(id).To(Equal("new"))
		Expect(w.tenant.Summary().Users.Total).To(Equal(2))
	})

	DescribeTable("is not gone because it does not show yet, for a while",
		func(look func()) {
			w.clock.Step(10*time.Minute - time.Second)
			look()
			Expect(there()).To(BeTrue())
			w.clock.Step(time.Minute)
			look()
			Expect(there()).To(BeFalse())
		},
		Entry("in a listing of all", listing),
		Entry("when it is asked for", func() { w.tenant.Remove("new") }),
		Entry("in changes that may be older", func() {
			w.graph.users.pages["r1"] = removal("new")
			w.sync()
			Expect(w.graph.user.links).To(ContainElement("new"))
		}),
	)

	It("is deleted by somebody, and found so at last", func() {
		w.graph.users.pages["r1"] = removal("new")
		w.sync()
		w.graph.users.pages["r1"] = &directory.UserChanges{Resume: "r1"}
		Expect(there()).To(BeTrue())
		w.clock.Step(10 * time.Minute)
		w.sync()
		Expect(w.seen("new").Gone).To(Equal(inventory.GoneDeleted))
	})

	It("may be expected of, before it shows", func() {
		w.graph.user.errors = []error{refusal(directory.KindNotFound)}
		w.tenant.Expect("new", inventory.Expectation{Enabled: directory.No})
		w.clock.Step(2 * time.Minute)
		w.sync()
		Expect(w.graph.user.links).To(Equal([]string{"new"}))
		Expect(there()).To(BeTrue())
		Expect(w.seen("new").User.Enabled).To(Equal(directory.No))
	})

	It("is as the changes tell it", func() {
		w.tell("r1", "r2", person("new", titled("Cook")))
		Expect(w.seen("new").User.JobTitle).To(Equal("Cook"))
	})
})

func removal(ids ...string) *directory.UserChanges {
	page := &directory.UserChanges{Resume: "r1"}
	for _, id := range ids {
		page.Removed = append(page.Removed, directory.Removal{ID: id})
	}
	return page
}

var _ = Describe("An account that the operator just deleted", func() {
	var w *world
	BeforeEach(func() {
		w = newWorld().settled(person("a"), person("b"))
		w.tenant.Deleted("A")
	})
	gone := func() inventory.Gone { return w.seen("a").Gone }

	It("is gone at once, with its name", func() {
		Expect(gone()).To(Equal(inventory.GoneDeleted))
		Expect(w.heardIDs()).To(Equal([]string{"a"}))
		_, ok := w.tenant.ByName("a@contoso.com")
		Expect(ok).To(BeFalse())
		Expect(w.tenant.Summary().Users.Total).To(Equal(1))
	})

	It("stays gone although a late delivery has it", func() {
		w.heard = nil
		w.tell("r1", "r2", person("a", titled("Cook")))
		Expect(gone()).To(Equal(inventory.GoneDeleted))
		w.graph.users.errors = []error{refusal(directory.KindResync)}
		w.sync()
		Expect(gone()).To(Equal(inventory.GoneDeleted))
		Expect(w.tenant.Refresh(person("a"))).To(Equal(inventory.ExpectationNone))
		Expect(gone()).To(Equal(inventory.GoneDeleted), "a replica lags")
		Expect(w.heard).To(BeEmpty())
		w.graph.users.pages["r1"] = &directory.UserChanges{Resume: "r1"}
		w.clock.Step(11 * time.Minute)
		w.sync()
		Expect(gone()).To(Equal(inventory.GoneDeleted))
	})

	It("is restored by somebody, and found so by a live reading", func() {
		w.clock.Step(2 * time.Minute)
		live := person("a")
		w.graph.user.pages["a"] = &live
		w.tell("r1", "r2", person("a"))
		Expect(gone()).To(Equal(inventory.GoneNot))
	})

	It("is restored by the operator, whatever still tells of the deletion", func() {
		w.tenant.Restored("a")
		Expect(gone()).To(Equal(inventory.GoneNot))
		Expect(w.seen("a").User.DisplayName).To(Equal("a"))
		id, _ := w.tenant.ByName("a@contoso.com")
		Expect(id).To(Equal("a"))
		w.heard = nil
		w.graph.users.pages["r1"] = removal("a")
		w.sync()
		w.graph.users.pages["r1"] = &directory.UserChanges{Resume: "r1"}
		Expect(gone()).To(Equal(inventory.GoneNot))
		Expect(w.heard).To(BeEmpty())
		live := person("a")
		w.graph.user.pages["a"] = &live
		w.clock.Step(5 * time.Minute)
		w.sync()
		w.clock.Step(10 * time.Minute)
		w.sync()
		Expect(gone()).To(Equal(inventory.GoneNot))
		Expect(w.graph.user.links).NotTo(BeEmpty())
	})

	It("and of one that is not known nothing is said", func() {
		w.heard = nil
		w.tenant.Deleted("x")
		w.tenant.Restored("x")
		Expect(w.heard).To(BeEmpty())
		_, ok := w.tenant.ByID("x")
		Expect(ok).To(BeFalse())
	})
})
