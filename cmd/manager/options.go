package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/controllers"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

// serviceAccountNamespace is where a pod finds the namespace it runs in.
const serviceAccountNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// toStandardOutput is the --audit-log that is no file.
const toStandardOutput = "-"

// options are the values of the flags.
type options struct {
	endpoints    graph.Endpoints
	caFile       string
	graphTimeout time.Duration

	observeOnly, allowRoleGrants      bool
	adoptionWindow, consistencyWindow time.Duration
	blockedRetry                      time.Duration
	workers                           int
	shardSelector                     string
	shard                             controllers.Shard // of shardSelector
	shards                            int
	auditLog                          string

	namespace              string
	leaderElect            bool
	lease, renew, retry    time.Duration
	metricsAddress, probes string
	profiles               string
	kubeAPIQPS             float32
	kubeAPIBurst           int
	zap                    zap.Options
	serviceAccountFile     string // tests replace it
}

func defaultOptions() *options {
	return &options{
		graphTimeout:   graph.DefaultTimeout,
		adoptionWindow: 10 * time.Minute, consistencyWindow: 2 * time.Minute, blockedRetry: 6 * time.Hour,
		workers: tenancy.DefaultWorkers, shards: 1, auditLog: toStandardOutput,
		lease: 15 * time.Second, renew: 10 * time.Second, retry: 2 * time.Second,
		metricsAddress: ":8080", probes: ":8081", profiles: "0", kubeAPIQPS: -1,
		serviceAccountFile: serviceAccountNamespace,
	}
}

// bind declares the flags.
func (o *options) bind(flags *pflag.FlagSet) {
	flags.StringVar(&o.endpoints.Graph, "graph-endpoint", "", "https URL that replaces every cloud's Microsoft Graph host")
	flags.StringVar(&o.endpoints.Login, "login-endpoint", "", "https URL that replaces every cloud's login host")
	flags.StringVar(&o.caFile, "ca-file", "", "PEM file of the only certificate authorities to trust for Graph and login (default: the system's)")
	flags.DurationVar(&o.graphTimeout, "graph-timeout", o.graphTimeout, "longest time that one call to Microsoft Graph may take")

	flags.BoolVar(&o.observeOnly, "observe-only", false, "never write to Microsoft 365, whatever any object says")
	flags.BoolVar(&o.allowRoleGrants, "allow-role-grants", false, "assign and remove the directory roles that ManagedUsers declare")
	flags.DurationVar(&o.adoptionWindow, "adoption-window", o.adoptionWindow,
		"objects made within this time after their Tenant count as found, not made: once-only acts that they declare are not performed")
	flags.DurationVar(&o.consistencyWindow, "consistency-window", o.consistencyWindow,
		"time after which an answer that was lost is settled by reading back, and a reading without something is believed that may just have been given")
	flags.DurationVar(&o.blockedRetry, "blocked-retry", o.blockedRetry, "how often what only a person can repair is tried again")
	flags.IntVar(&o.workers, "workers", o.workers, "users worked on at once; one tenant may hold a quarter of them, and half as many more for suspensions")
	flags.StringVar(&o.shardSelector, "shard-selector", "",
		"serve the Tenants with this label, "+v1alpha1.ShardLabel+"=<name>, and no others (default: those without the label)")
	flags.IntVar(&o.shards, "shards", o.shards,
		"number of managers that use the same app registrations: each spends an equal part of what Microsoft Graph allows an app over all tenants")
	flags.StringVar(&o.auditLog, "audit-log", o.auditLog, "file that gets one JSON line per change in Microsoft 365; - is standard output")

	flags.StringVar(&o.namespace, "namespace", "",
		"the operator's own namespace, where Connections' Secrets and the leader's Lease are (default: POD_NAMESPACE, else the service account's)")
	flags.BoolVar(&o.leaderElect, "leader-elect", false, "work only while holding the Lease m365-operator, followed by the shard's name where there is one")
	flags.DurationVar(&o.lease, "leader-election-lease-duration", o.lease, "time after which others may take a Lease that was not renewed")
	flags.DurationVar(&o.renew, "leader-election-renew-deadline", o.renew, "time after which a leader that could not renew stops")
	flags.DurationVar(&o.retry, "leader-election-retry-period", o.retry, "time between two attempts to get or renew the Lease")
	flags.StringVar(&o.metricsAddress, "metrics-bind-address", o.metricsAddress, "address of the metrics, over http; 0 for none")
	flags.StringVar(&o.probes, "health-probe-bind-address", o.probes, "address of /healthz and /readyz; 0 for none")
	flags.StringVar(&o.profiles, "pprof-bind-address", o.profiles, "address of Go's profiles, over http and open to whoever reaches it; 0 for none")
	flags.Float32Var(&o.kubeAPIQPS, "kube-api-qps", o.kubeAPIQPS, "requests a second to the Kubernetes API; -1 leaves it to the API server's fairness")
	flags.IntVar(&o.kubeAPIBurst, "kube-api-burst", 0, "requests to the Kubernetes API at once, where --kube-api-qps limits them (default: twice that)")

	inherited := flag.NewFlagSet("", flag.ContinueOnError)
	config.RegisterFlags(inherited)
	o.zap.BindFlags(inherited)
	_ = inherited.Set("zap-time-encoding", "rfc3339") // for people; both the flag and the value exist
	flags.AddGoFlagSet(inherited)
}

// complete fills in what the surroundings tell, and refuses what cannot work.
func (o *options) complete() error {
	if o.namespace == "" {
		o.namespace = os.Getenv("POD_NAMESPACE")
	}
	if o.namespace == "" {
		content, err := os.ReadFile(o.serviceAccountFile)
		if err != nil {
			return errors.New("--namespace is required outside of a pod")
		}
		o.namespace = strings.TrimSpace(string(content))
	}
	if o.kubeAPIBurst == 0 && o.kubeAPIQPS > 0 {
		o.kubeAPIBurst = max(1, int(2*o.kubeAPIQPS))
	}
	return o.validate()
}

// bodies is the level, in zap's counting, from which on Kubernetes' client logs the bodies
// of requests and answers (client-go, transport/round_trippers.go and rest/request.go).
const bodies = -8

func (o *options) validate() error {
	base, err := graph.EndpointsFor(graph.CloudGlobal)
	if err != nil {
		return err
	}
	if err := base.Override(o.endpoints).Validate(); err != nil {
		return fmt.Errorf("--graph-endpoint, --login-endpoint: %w", err)
	}
	for name, value := range map[string]time.Duration{
		"graph-timeout": o.graphTimeout, "adoption-window": o.adoptionWindow, "consistency-window": o.consistencyWindow,
		"blocked-retry": o.blockedRetry, "leader-election-retry-period": o.retry,
	} {
		if value <= 0 {
			return fmt.Errorf("--%s must be longer than 0", name)
		}
	}
	if o.zap.Level != nil && o.zap.Level.Enabled(bodies) {
		return errors.New("--zap-log-level must be at most 7: beyond, Kubernetes' client logs the contents of Secrets")
	}
	if o.shard, err = controllers.ParseShard(o.shardSelector); err != nil {
		return fmt.Errorf("--shard-selector %w", err)
	}
	switch {
	case o.shards < 1:
		return errors.New("--shards must be at least 1")
	case o.workers < 1:
		return errors.New("--workers must be at least 1")
	case o.lease <= o.renew || o.renew <= o.retry:
		return errors.New("--leader-election-lease-duration must be longer than --leader-election-renew-deadline, and that longer than --leader-election-retry-period")
	case o.auditLog == "":
		return errors.New("--audit-log must not be empty: a change in Microsoft 365 without a trace is not wanted")
	}
	return nil
}
