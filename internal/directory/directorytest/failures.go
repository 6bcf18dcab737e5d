package directorytest

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// fails proves what a failure says that concerns no single request.
func (s *suite) fails() {
	It("in an outage does not know what became of a change", func(ctx SpecContext) {
		w, d, id := s.person()
		w.Break(directory.KindTransient)
		_, err := d.User(ctx, id)
		expectRefused(err, directory.KindTransient)
		_, err = d.SetEnabled(ctx, id, false)
		Expect(directory.KindOf(err)).To(Equal(directory.KindTransient))
		Expect(directory.OutcomeUnknown(err)).To(BeTrue())
		_, _, err = d.CreateUser(ctx, newcomer(w))
		Expect(directory.OutcomeUnknown(err)).To(BeTrue())
	})

	It("knows that a change was not made that met a limit or somebody else's", func(ctx SpecContext) {
		for _, kind := range []directory.Kind{directory.KindThrottled, directory.KindConcurrency} {
			w, d, id := s.person()
			w.Break(kind)
			_, err := d.SetEnabled(ctx, id, false)
			expectRefused(err, kind)
			if kind == directory.KindThrottled {
				Expect(directory.RetryAfter(err)).To(BeNumerically(">", 0))
			}
		}
	})

	It("starts over when a link is too old", func(ctx SpecContext) {
		w, d, id := s.person()
		group := w.AddGroup(Group{DisplayName: "Sales"})
		users, groups := changes(d, "").resume, groupChanges(d, "").resume
		w.Break(directory.KindResync)
		_, err := d.UserChanges(ctx, users)
		expectRefused(err, directory.KindResync)
		_, err = d.GroupChanges(ctx, groups)
		expectRefused(err, directory.KindResync)
		Expect(changes(d, "").users).To(HaveKey(id))
		Expect(groupChanges(d, "").groups).To(HaveKey(group))
	})

	It("tells what is wrong with the application", func(ctx SpecContext) {
		for _, kind := range []directory.Kind{directory.KindCredentials, directory.KindConsent, directory.KindUnknownTenant} {
			w := s.open(Tenant{})
			w.Break(kind)
			_, err := w.Directory().Organization(ctx)
			expectRefused(err, kind)
			_, err = w.Directory().SetEnabled(ctx, nobody, false)
			expectRefused(err, kind)
		}
	})

	It("when its caller gives up", func(ctx SpecContext) {
		_, d, id := s.person()
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_, err := d.User(gone, id)
		expectRefused(err, directory.KindTransient)
		_, err = d.SetEnabled(gone, id, false)
		Expect(directory.KindOf(err)).To(Equal(directory.KindTransient))
		Expect(account(d, id).Enabled).To(Equal(directory.Yes))
	})
}
