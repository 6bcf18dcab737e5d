package main

import (
	"context"
	"runtime/debug"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

var _ = Describe("The garbage of a manager", func() {
	percent := func() int {
		was := debug.SetGCPercent(-1)
		debug.SetGCPercent(was)
		return was
	}

	BeforeEach(func() {
		was := percent()
		DeferCleanup(func() { debug.SetGCPercent(was) })
		debug.SetGCPercent(77)
	})

	It("may be much until the cache is filled, whoever leads, and little from then on", func(ctx context.Context) {
		mgr, err := ctrl.NewManager(&rest.Config{Host: "https://127.0.0.1:1"}, ctrl.Options{Metrics: server.Options{BindAddress: "0"}})
		Expect(err).NotTo(HaveOccurred())
		Expect(saveMemory(mgr, "")).To(Succeed())
		Expect(percent()).To(Equal(garbageWhileFilling))
		Expect(thrift{}.NeedLeaderElection()).To(BeFalse())

		running, stop := context.WithCancel(ctx)
		ended := make(chan error)
		go func() { ended <- mgr.Start(running) }()
		Eventually(percent).WithContext(ctx).Should(Equal(garbageAtWork))
		stop()
		Eventually(ended).WithContext(ctx).Should(Receive(Succeed()))
	}, SpecTimeout(time.Minute))

	It("is what the environment says", func(context.Context) {
		Expect(saveMemory(nil, "100")).To(Succeed())
		Expect(percent()).To(Equal(77))
	})
})
