package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/client-go/rest"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// The manager's controllers, as its metrics name them.
const (
	controllerTenants   = "tenant"
	controllerUsers     = "manageduser"
	controllerDiscovery = "discovery"
)

// sample is what had been counted until a moment. Differences of two tell what happened
// between.
type sample struct {
	at      time.Time
	graph   graphsim.Counters
	api     apiCounts
	manager managerCounts
}

// apiCounts are what the API server was asked to write.
type apiCounts struct {
	// ours are writes to our kinds, refused ones too, leases those to Leases.
	ours, leases float64
	// events are Events about our kinds, and their repetitions.
	events float64
}

// managerCounts are the manager's own.
type managerCounts struct {
	// passes by controller.
	passes map[string]float64
	// busy is how much waits in the queues of users and discovery, or is worked on.
	busy float64
	// synced is how many Tenants this process has read.
	synced     int
	goroutines float64
	usage
}

// sample counts now.
func (w *world) sample(ctx context.Context) (sample, error) {
	var s sample
	var err error
	if s.graph, err = w.Graph.Counters(ctx, ""); err != nil {
		return s, err
	}
	if s.api, err = w.apiCounts(ctx); err != nil {
		return s, err
	}
	s.manager, err = w.managerCounts(ctx)
	s.at = time.Now()
	return s, err
}

func (w *world) apiCounts(ctx context.Context) (apiCounts, error) {
	const requests = "apiserver_request_total"
	client, err := rest.HTTPClientFor(w.ControlPlane.Config)
	if err != nil {
		return apiCounts{}, err
	}
	found, err := scrape(ctx, client, strings.TrimRight(w.ControlPlane.Config.Host, "/")+"/metrics", requests)
	if err != nil {
		return apiCounts{}, err
	}
	writes := func(group string) float64 {
		return found.sum(requests, func(labels map[string]string) bool { return labels["group"] == group && isWrite(labels["verb"]) })
	}
	counts := apiCounts{ours: writes(v1alpha1.GroupVersion.Group), leases: writes("coordination.k8s.io")}
	var events eventsv1.EventList
	if err := w.Client.List(ctx, &events); err != nil {
		return counts, fmt.Errorf("list events: %w", err)
	}
	for i := range events.Items {
		counts.events += repetitions(&events.Items[i])
	}
	return counts, nil
}

// repetitions is how often an Event about our kinds was told, and zero for others, such as
// the leader election's.
func repetitions(event *eventsv1.Event) float64 {
	switch group, _, _ := strings.Cut(event.Regarding.APIVersion, "/"); {
	case group != v1alpha1.GroupVersion.Group:
		return 0
	case event.Series != nil:
		return float64(event.Series.Count)
	default:
		return 1
	}
}

// isWrite knows the API server's verbs.
func isWrite(verb string) bool {
	switch verb {
	case "POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION":
		return true
	default:
		return false
	}
}

// managerCounts are zero while no manager runs.
func (w *world) managerCounts(ctx context.Context) (managerCounts, error) {
	const (
		passes     = "controller_runtime_reconcile_total"
		active     = "controller_runtime_active_workers"
		waiting    = "workqueue_depth"
		goroutines = "go_goroutines"
		states     = "m365_tenant_users" // set when a Tenant was read
	)
	counts := managerCounts{passes: map[string]float64{}}
	if w.Manager() == nil {
		return counts, nil
	}
	found, err := scrape(ctx, http.DefaultClient, w.MetricsURL, passes, active, waiting, goroutines, states)
	if err != nil {
		return counts, err
	}
	for _, controller := range []string{controllerTenants, controllerUsers, controllerDiscovery} {
		counts.passes[controller] = found.sum(passes, of(controller))
		if controller != controllerTenants {
			counts.busy += found.sum(active, of(controller)) + found.sum(waiting, of(controller))
		}
	}
	tenants := map[string]bool{}
	found.each(states, func(labels map[string]string, _ float64) { tenants[labels["tenant"]] = true })
	counts.synced = len(tenants)
	counts.goroutines = found.sum(goroutines, every)
	counts.usage, err = usageOf(w.Manager().PID())
	return counts, err
}
