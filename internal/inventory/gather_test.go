package inventory

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Gathered changes", func() {
	It("are one of each account, with all that was said of it", func() {
		g := &gathered{at: map[string]int{}}
		g.add([]Change{{ID: "b", Names: []string{"b@contoso.com"}}, {ID: "a"}})
		g.add([]Change{{ID: "b", Names: []string{"b@contoso.com", "old@contoso.com"}, Identity: true}, {ID: "c"}})
		g.add([]Change{{ID: "b"}})
		Expect(g.changes).To(Equal([]Change{
			{ID: "b", Names: []string{"b@contoso.com", "old@contoso.com"}, Identity: true}, {ID: "a"}, {ID: "c"},
		}))
	})
})
