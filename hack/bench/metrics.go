package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// families are metrics by name.
type families map[string]*dto.MetricFamily

// scrape reads the metrics with these names; an API server has thousands of others.
func scrape(ctx context.Context, client *http.Client, url string, names ...string) (families, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // only read
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read metrics: %s answers %s", url, response.Status)
	}
	return parse(response.Body, names...)
}

// parse reads the metrics with these names from Prometheus' text format.
func parse(in io.Reader, names ...string) (families, error) {
	var wanted bytes.Buffer
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if slices.Contains(names, metricOf(line)) {
			wanted.WriteString(line + "\n")
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	found, err := parser.TextToMetricFamilies(&wanted)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	return found, nil
}

// metricOf is the name of the metric that a line is about.
func metricOf(line string) string {
	line = strings.TrimPrefix(line, "# TYPE ")
	name, _, _ := strings.Cut(line, " ")
	name, _, _ = strings.Cut(name, "{")
	return name
}

// each calls f for every series of a metric.
func (f families) each(name string, do func(labels map[string]string, value float64)) {
	family := f[name]
	for _, m := range family.GetMetric() {
		labels := map[string]string{}
		for _, pair := range m.GetLabel() {
			labels[pair.GetName()] = pair.GetValue()
		}
		do(labels, m.GetCounter().GetValue()+m.GetGauge().GetValue()+m.GetUntyped().GetValue())
	}
}

// sum adds up the series of a metric that a filter keeps.
func (f families) sum(name string, keep func(labels map[string]string) bool) float64 {
	total := 0.0
	f.each(name, func(labels map[string]string, value float64) {
		if keep(labels) {
			total += value
		}
	})
	return total
}

// of keeps the series of one of the manager's controllers.
func of(controller string) func(map[string]string) bool {
	return func(labels map[string]string) bool { return labels["controller"] == controller }
}

func every(map[string]string) bool { return true }
