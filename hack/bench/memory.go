package main

import (
	"context"
	"net/http"

	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
)

// What holds the more the more users there are.
const (
	whatMemory         = "RSS"
	whatAPIServer      = "kube-apiserver RSS"
	whatEtcd           = "etcd RSS"
	whatDatabase       = "etcd database, as a file"
	whatDatabaseInUse  = "etcd database, in use"
	mebibyte           = 1 << 20
	perObject          = " per user object"
	metricDatabase     = "etcd_mvcc_db_total_size_in_bytes"
	metricDatabaseUsed = "etcd_mvcc_db_total_size_in_use_in_bytes"
)

// memoryScenario looks at the manager at rest, after a cold start.
func memoryScenario() scenario {
	return scenario{
		name:     "memory",
		shapes:   func(s sizes) []shape { return s.all() },
		run:      memory,
		conclude: slope,
	}
}

func memory(ctx context.Context, w *world) ([]figure, error) {
	now, err := w.managerCounts(ctx)
	if err != nil {
		return nil, err
	}
	cluster, err := w.clusterMemory(ctx)
	if err != nil {
		return nil, err
	}
	in := w.String()
	figures := []figure{
		{Case: in, What: whatMemory, Value: float64(now.rss) / mebibyte, Unit: "MiB"},
		{Case: in, What: "highest RSS since its start", Value: float64(now.peak) / mebibyte, Unit: "MiB"},
		{Case: in, What: "goroutines", Value: now.goroutines},
	}
	return append(figures, clusterFigures(in, cluster, w.total())...), nil
}

// held is how many bytes something of the cluster holds.
type held struct {
	what  string
	bytes float64
}

// clusterMemory is what the control plane holds at the moment: of this size after what
// was written so far, compacted or not yet.
func (w *world) clusterMemory(ctx context.Context) ([]held, error) {
	var all []held
	for _, of := range []struct {
		what string
		find func() (*controlplane.Component, error)
	}{{whatAPIServer, w.ControlPlane.APIServer}, {whatEtcd, w.ControlPlane.Etcd}} {
		component, err := of.find()
		if err != nil {
			return nil, err
		}
		uses, err := usageOf(component.PID())
		if err != nil {
			return nil, err
		}
		all = append(all, held{of.what, float64(uses.rss)})
	}
	found, err := scrape(ctx, http.DefaultClient, w.ControlPlane.EtcdURL()+"/metrics", metricDatabase, metricDatabaseUsed)
	if err != nil {
		return nil, err
	}
	return append(all, held{whatDatabase, found.sum(metricDatabase, every)}, held{whatDatabaseInUse, found.sum(metricDatabaseUsed, every)}), nil
}

// clusterFigures are what the cluster holds, and that by the number of users: all of it,
// with what an empty cluster would hold as well.
func clusterFigures(in string, cluster []held, users int) []figure {
	var figures []figure
	for _, h := range cluster {
		figures = append(figures,
			figure{Case: in, What: h.what, Value: h.bytes / mebibyte, Unit: "MiB"},
			figure{Case: in, What: h.what + perObject, Value: h.bytes / float64(users), Unit: "bytes"},
		)
	}
	return figures
}

// slope is what one more user adds.
func slope(figures []figure) []figure {
	added := slopeOf(figures, whatMemory, "RSS per user", valueAtMost(8192))
	for _, what := range []string{whatAPIServer, whatEtcd, whatDatabase, whatDatabaseInUse} {
		added = append(added, slopeOf(figures, what, what+perObject+" added", nil)...)
	}
	return added
}

func slopeOf(figures []figure, of, what string, bound *goal) []figure {
	return acrossSizes(figures, "memory", of, func(small, large figure) figure {
		return figure{
			What: what, Unit: "bytes", Goal: bound,
			Value: (large.Value - small.Value) * mebibyte / float64(large.single-small.single),
		}
	})
}
