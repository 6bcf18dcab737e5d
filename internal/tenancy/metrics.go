package tenancy

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

// metrics are labelled by Tenant and service, never by person.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	budget   *budgetCollector
}

func newMetrics(p *Pool) *metrics {
	return &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "m365_graph_requests_total",
			Help: "Requests sent to Microsoft Graph, by Tenant (namespace/name), service and HTTP status (error: no answer).",
		}, []string{"tenant", "service", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "m365_graph_request_duration_seconds",
			Help:    "Time until Microsoft Graph answered, by service.",
			Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
		}, []string{"service"}),
		budget: &budgetCollector{
			pool: p,
			left: prometheus.NewDesc("m365_graph_budget_left",
				"What the app may still ask of the Tenant at this moment, by class of Microsoft Graph's limits.",
				[]string{"tenant", "class"}, nil),
		},
	}
}

func (m *metrics) register(registerer prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{m.requests, m.duration, m.budget} {
		if err := registerer.Register(c); err != nil {
			return fmt.Errorf("tenancy: register metrics: %w", err)
		}
	}
	return nil
}

// observer counts a Tenant's requests.
func (m *metrics) observer(tenant types.NamespacedName) graph.Observer {
	return func(service, code string, took time.Duration) {
		m.requests.WithLabelValues(tenant.String(), service, code).Inc()
		m.duration.WithLabelValues(service).Observe(took.Seconds())
	}
}

// forget drops the series of a Tenant that is gone.
func (m *metrics) forget(tenant types.NamespacedName) {
	m.requests.DeletePartialMatch(prometheus.Labels{"tenant": tenant.String()})
}

// budgetCollector reads the budgets when it is asked.
type budgetCollector struct {
	pool *Pool
	left *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (b *budgetCollector) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- b.left }

// Collect implements prometheus.Collector.
func (b *budgetCollector) Collect(samples chan<- prometheus.Metric) {
	for tenant, c := range b.pool.connections() {
		usage := c.budget.Left()
		for class, left := range map[string]int{
			"ResourceUnits":                    usage.ResourceUnits,
			"Writes":                           usage.Writes,
			string(throttle.Reports):           usage.Reports,
			string(throttle.ConditionalAccess): usage.ConditionalAccess,
			string(throttle.SignInActivity):    usage.SignInActivity,
		} {
			samples <- prometheus.MustNewConstMetric(b.left, prometheus.GaugeValue, float64(left), tenant.String(), class)
		}
	}
}
