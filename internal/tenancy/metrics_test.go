package tenancy_test

import (
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/internal/tenancy"
)

var _ = Describe("Metrics", func() {
	It("count requests and budgets by Tenant, and forget both with it", func() {
		w := newWorld()
		w.create(secret(contoso, "app", w.app()))
		c, err := w.pool.Connect(background, w.own())
		Expect(err).NotTo(HaveOccurred())
		_, err = c.Directory.Organization(background)
		Expect(err).NotTo(HaveOccurred())
		_, err = c.Directory.User(background, "nobody@"+domain)
		Expect(err).To(HaveOccurred())

		Expect(testutil.GatherAndCompare(w.registry, strings.NewReader(`
# HELP m365_graph_requests_total Requests sent to Microsoft Graph, by Tenant (namespace/name), service and HTTP status (error: no answer).
# TYPE m365_graph_requests_total counter
m365_graph_requests_total{code="200",service="organization",tenant="contoso/t"} 1
m365_graph_requests_total{code="404",service="users",tenant="contoso/t"} 1
`), "m365_graph_requests_total")).To(Succeed())
		Expect(testutil.GatherAndCount(w.registry, "m365_graph_request_duration_seconds")).To(Equal(2))
		Expect(testutil.GatherAndCount(w.registry, "m365_graph_budget_left")).To(Equal(5))
		Expect(testutil.GatherAndLint(w.registry)).To(BeEmpty())

		w.pool.Forget(client.ObjectKeyFromObject(w.own()))
		Expect(testutil.GatherAndCount(w.registry, "m365_graph_requests_total", "m365_graph_budget_left")).To(BeZero())
		_, ok := w.pool.Lookup(client.ObjectKeyFromObject(w.own()))
		Expect(ok).To(BeFalse())
	})
})

var _ = Describe("A pool", func() {
	It("is not made without what it needs", func() {
		w := newWorld()
		complete := tenancy.Options{
			Reader: w.Client, Client: w.Client, Namespace: system, Clock: w.clock, Registerer: w.registry, Governor: w.governor,
			Transport: http.DefaultTransport,
		}
		_, err := tenancy.NewPool(complete)
		Expect(err).To(MatchError(ContainSubstring("register metrics")), "the registry has them already")
		for _, change := range []func(*tenancy.Options){
			func(o *tenancy.Options) { o.Reader = nil },
			func(o *tenancy.Options) { o.Namespace = "" },
			func(o *tenancy.Options) { o.Transport = nil },
		} {
			o := complete
			change(&o)
			_, err := tenancy.NewPool(o)
			Expect(err).To(HaveOccurred())
		}
	})
})
