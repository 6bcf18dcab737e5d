package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// What is measured besides the census. What ends in "a day" is counted since the sample
// before.
const (
	measureHeap       = "heap, KiB"
	measureRSS        = "resident memory (anonymous), KiB"
	measureGoroutines = "goroutines"
	measureFiles      = "open files"
	measureSeries     = "Prometheus series"
	measureTenants    = "Tenants"
	measureUsers      = "ManagedUsers"
	measureSecrets    = "Secrets"
	measureOrphans    = "Secrets of people who are gone"
	measureWaiting    = "requests waiting"
	measureEvents     = "Events a day"
	measureWrites     = "API writes a day"
	measureGraph      = "Graph requests a day"
	measureChanges    = "changes in M365 a day"
	measurePasses     = "passes a day"
	measureActs       = "acts a day"
	measureEntries    = "all entries"
)

// censusPrefix begins the names of the measures that the census takes.
const censusPrefix = "entries in "

// sample is everything as it was at one time.
type sample struct {
	// at is the simulated, took the real time since the beginning.
	at, took time.Duration
	values   map[string]float64
	// totals are the counts that only grow, up to now.
	totals map[string]float64
}

// measureProcess adds what the process holds.
func measureProcess(values map[string]float64) error {
	// Twice, since what has a finalizer goes with the second; then what is free is given
	// back, so that the resident memory is what is used.
	runtime.GC()
	debug.FreeOSMemory()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	values[measureHeap] = float64(memory.HeapAlloc) / 1024
	values[measureGoroutines] = float64(runtime.NumGoroutine())
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("count open files: %w", err)
	}
	values[measureFiles] = float64(len(files) - 1) // the folder itself is open
	values[measureRSS], err = anonymousMemory()
	return err
}

// anonymousMemory is RssAnon of /proc/self/status, in KiB (proc_pid_status(5)): what is
// resident of the program's own file grows as long as parts of it run for the first
// time.
func anonymousMemory() (float64, error) {
	content, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("read the resident memory: %w", err)
	}
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "RssAnon:" {
			return strconv.ParseFloat(fields[1], 64)
		}
	}
	return 0, errors.New("read the resident memory: /proc/self/status is not of the expected form")
}

// measureCensus adds how many entries the roots hold.
func measureCensus(values map[string]float64, roots ...any) {
	for field, n := range takeCensus(roots...) {
		values[censusPrefix+field] = float64(n)
		values[measureEntries] += float64(n)
	}
}

// measureMetrics adds how many series there are, and returns those that tell of a
// namespace that is gone.
func measureMetrics(values map[string]float64, gatherer prometheus.Gatherer, gone map[string]bool) ([]string, error) {
	families, err := gatherer.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather metrics: %w", err)
	}
	var left []string
	for _, family := range families {
		values[measureSeries] += float64(len(family.GetMetric()))
		for _, series := range family.GetMetric() {
			for _, label := range series.GetLabel() {
				if namespace, _, _ := strings.Cut(label.GetValue(), "/"); gone[namespace] {
					left = append(left, family.GetName()+"{"+label.GetName()+"="+label.GetValue()+"}")
				}
			}
		}
	}
	return left, nil
}

// measureObjects adds how many objects there are, and how many Secrets belong to objects
// that are gone.
func measureObjects(ctx context.Context, values map[string]float64, c client.Client) error {
	there := map[types.UID]bool{}
	for measure, kind := range map[string]string{measureTenants: "TenantList", measureUsers: "ManagedUserList"} {
		list, err := metadata(ctx, c, v1alpha1.GroupVersion.WithKind(kind))
		if err != nil {
			return err
		}
		for i := range list {
			there[list[i].UID] = true
		}
		values[measure] = float64(len(list))
	}
	secrets, err := metadata(ctx, c, corev1.SchemeGroupVersion.WithKind("SecretList"))
	if err != nil {
		return err
	}
	values[measureSecrets], values[measureOrphans] = float64(len(secrets)), 0
	for i := range secrets {
		if owner := metav1.GetControllerOf(&secrets[i]); owner != nil && !there[owner.UID] {
			values[measureOrphans]++
		}
	}
	return nil
}

func metadata(ctx context.Context, c client.Client, kind schema.GroupVersionKind) ([]metav1.PartialObjectMetadata, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind)
	if err := c.List(ctx, list); err != nil {
		return nil, fmt.Errorf("list %s: %w", kind.Kind, err)
	}
	return list.Items, nil
}
