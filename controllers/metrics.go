package controllers

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// userMetrics count accounts by tenant. No label ever names a person.
type userMetrics struct {
	state *prometheus.GaugeVec
	mfa   *prometheus.GaugeVec
}

func newUserMetrics(registerer prometheus.Registerer) (*userMetrics, error) {
	gauge := func(name, help, label string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"tenant", label})
	}
	m := &userMetrics{
		state: gauge("m365_tenant_users", "Accounts of a tenant by state.", "state"),
		mfa:   gauge("m365_tenant_users_mfa", "Accounts of a tenant by whether a second factor is registered.", "mfa"),
	}
	for _, c := range []prometheus.Collector{m.state, m.mfa} {
		if err := registerer.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// set shows what the Tenant's status says.
func (m *userMetrics) set(tenant *v1alpha1.Tenant) {
	users := tenant.Status.Users
	if users == nil {
		return
	}
	name := client.ObjectKeyFromObject(tenant).String()
	m.state.WithLabelValues(name, string(v1alpha1.StateActive)).Set(float64(users.Active))
	m.state.WithLabelValues(name, string(v1alpha1.StateSuspended)).Set(float64(users.Suspended))
	m.setKnown(name, v1alpha1.MFARegistered, users.MFARegistered)
	m.setKnown(name, v1alpha1.MFANotRegistered, users.MFANotRegistered)
	m.mfa.WithLabelValues(name, string(v1alpha1.MFAUnknown)).Set(float64(users.MFAUnknown))
	m.mfa.WithLabelValues(name, string(v1alpha1.MFANotApplicable)).Set(float64(users.MFANotApplicable))
}

// setKnown shows a count that may be unknown, or takes it away.
func (m *userMetrics) setKnown(tenant string, state v1alpha1.MFAState, n *int32) {
	if n == nil {
		m.mfa.DeleteLabelValues(tenant, string(state))
		return
	}
	m.mfa.WithLabelValues(tenant, string(state)).Set(float64(*n))
}

// forget drops a tenant that is gone.
func (m *userMetrics) forget(tenant types.NamespacedName) {
	labels := prometheus.Labels{"tenant": tenant.String()}
	m.state.DeletePartialMatch(labels)
	m.mfa.DeletePartialMatch(labels)
}
