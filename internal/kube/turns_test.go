package kube_test

import (
	"context"
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/kube"
)

var _ = Describe("Turns", func() {
	gaveUp := errors.New("gave up")

	It("are had by so many at once, and by the next when one is done", func(ctx context.Context) {
		turns := kube.NewTurns(2)
		first, err := turns.Take(ctx)
		Expect(err).NotTo(HaveOccurred())
		_, err = turns.Take(ctx)
		Expect(err).NotTo(HaveOccurred())

		waiting, cancel := context.WithCancelCause(ctx)
		cancel(gaveUp)
		_, err = turns.Take(waiting)
		Expect(err).To(MatchError(gaveUp))
		first()
		_, err = turns.Take(ctx)
		Expect(err).NotTo(HaveOccurred())
	})

	It("are always to be had where there are none", func(ctx context.Context) {
		done, err := kube.Turns(nil).Take(ctx)
		Expect(err).NotTo(HaveOccurred())
		done()
	})
})
