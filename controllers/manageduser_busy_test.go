package controllers

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

var _ = Describe("A tenant that holds all its workers", func() {
	It("lets the next one come back without a word", func(ctx context.Context) {
		w := newWorld(ctx)
		tenant := w.mustSync(ctx)
		alice := w.declare(ctx, upnAlice)
		w.mustPass(ctx, alice)
		w.edit(ctx, alice, suspended(true))
		conn, ok := w.pool.Lookup(client.ObjectKeyFromObject(tenant))
		Expect(ok).To(BeTrue())
		var held []func()
		for range tenancy.DefaultWorkers / 4 {
			release, ok := conn.TryAcquire()
			Expect(ok).To(BeTrue())
			held = append(held, release)
		}

		before, writes := alice.ResourceVersion, w.writes.Load()
		Expect(w.mustPass(ctx, alice).RequeueAfter).To(Equal(workerRetry))
		Expect(alice.ResourceVersion).To(Equal(before))
		Expect(w.writes.Load()).To(Equal(writes))

		held[0]()
		w.mustPass(ctx, alice)
		Expect(alice.Status.State).To(Equal(v1alpha1.StateSuspended))
		w.settles(ctx, alice)
	})
})
