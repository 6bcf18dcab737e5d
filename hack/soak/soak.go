package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/m365-operator/m365-operator/internal/testenv/stack"
)

// collection is how long the garbage collector may take to find out.
const collection = 30 * time.Second

// soak is one run.
type soak struct {
	stack    *stack.Stack
	options  options
	report   *report
	clock    *shiftedClock
	pace     *pace
	provider *provider
	operator *operator

	// began is the machine's time, start the simulated.
	began, start time.Time
	// last is the last sample, history what all of them measured.
	last    sample
	history *history
	// leaving are the series that tell of clients that are gone, remains those that did so
	// at the sample before as well.
	leaving, remains []string
}

func newSoak(s *stack.Stack, o options, out io.Writer) *soak {
	k := &soak{stack: s, options: o, report: &report{out: out}, clock: &shiftedClock{}, history: newHistory()}
	rng := rand.New(rand.NewPCG(o.seed, 0)) //nolint:gosec // reproducible on purpose
	k.pace = &pace{clock: k.clock, agenda: &agenda{rng: rng}, ahead: k.advanceGraph}
	k.provider = newProvider(s, k.clock, k.pace.agenda)
	return k
}

// advanceGraph puts graphsim's clock forward.
func (k *soak) advanceGraph(ctx context.Context, by time.Duration) error {
	return k.stack.Graph.Call(ctx, http.MethodPost, "clock", map[string]string{"step": by.String()}, nil)
}

// live lets time pass, takes samples, and judges them.
func (k *soak) live(ctx context.Context) (err error) {
	if err := k.stack.ApplyConnection(ctx); err != nil {
		return err
	}
	if k.operator, err = startOperator(ctx, k.stack, k.pace); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.operator.end()) }()
	k.began, k.start = time.Now(), k.clock.Now()
	k.report.say("%d clients of %d people; a sample every %v of simulated time, for %v minutes.",
		k.options.clients, k.options.people, k.options.every, k.options.minutes)
	if err := k.provider.begin(ctx, k.options.clients); err != nil {
		return err
	}
	end := k.began.Add(time.Duration(k.options.minutes * float64(time.Minute)))
	for time.Now().Before(end) {
		next := k.start.Add(time.Duration(len(k.history.at)+1) * k.options.every)
		if err := k.pace.until(ctx, next); err != nil {
			return err
		}
		if err := k.sample(ctx); err != nil {
			return err
		}
	}
	return k.judge(ctx)
}

// sample measures everything. The controllers rest, but the API server's garbage
// collector may be at work.
func (k *soak) sample(ctx context.Context) error {
	if err := k.alive(); err != nil {
		return err
	}
	s := sample{at: k.clock.Since(k.start), took: time.Since(k.began), values: map[string]float64{}}
	if err := k.operator.events.renew(ctx); err != nil {
		return err
	}
	if err := k.count(ctx, &s); err != nil {
		return err
	}
	if err := k.countObjects(ctx, s.values); err != nil {
		return err
	}
	remains, err := measureMetrics(s.values, metrics.Registry, k.provider.gone)
	if err != nil {
		return err
	}
	k.remains = k.stay(remains)
	measureCensus(s.values, k.operator.parts...)
	if err := measureProcess(s.values); err != nil {
		return err
	}
	k.last = s
	k.history.add(&s)
	k.report.row(&s)
	for _, found := range tooMany(&s) {
		k.report.say("        %s", found)
	}
	for _, series := range k.remains {
		k.report.say("        a client is gone, and there is still %s", series)
	}
	if len(k.history.at) == profilesFrom {
		return k.dump("first")
	}
	return nil
}

// countObjects counts the objects, once the garbage collector has done its work: it
// works by the machine's time.
func (k *soak) countObjects(ctx context.Context, values map[string]float64) error {
	for until := time.Now().Add(collection); ; {
		if err := measureObjects(ctx, values, k.stack.Client); err != nil {
			return err
		}
		if values[measureOrphans] == 0 || time.Now().After(until) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

// stay returns those series of gone clients that were there at the sample before as well:
// a client may be leaving at this very moment.
func (k *soak) stay(remains []string) []string {
	before := k.leaving
	k.leaving = remains
	return slices.DeleteFunc(slices.Clone(remains), func(series string) bool { return !slices.Contains(before, series) })
}

// alive returns an error when any part has ended.
func (k *soak) alive() error {
	select {
	case <-k.operator.ended:
		return errors.New("the controllers ended by themselves")
	default:
		return k.stack.OthersFailed()
	}
}

// count adds what was done since the last sample, a day.
func (k *soak) count(ctx context.Context, s *sample) error {
	counters, err := k.stack.Graph.Counters(ctx, "")
	if err != nil {
		return err
	}
	events, others := k.operator.traffic.count("events")
	waiting := 0
	for _, q := range k.pace.all() {
		waiting += q.later()
	}
	s.values[measureWaiting] = float64(waiting)
	s.totals = map[string]float64{
		measureEvents: float64(events), measureWrites: float64(others), measureGraph: float64(counters.Requests),
		measureChanges: float64(k.operator.changes.n.Load()), measurePasses: float64(k.pace.passes()), measureActs: float64(k.provider.acts),
	}
	days := float64(s.at-k.last.at) / float64(day)
	for measure, total := range maps.All(s.totals) {
		s.values[measure] = (total - k.last.totals[measure]) / days
	}
	return nil
}

// judge tells what grew, and fails when anything did that must not.
func (k *soak) judge(ctx context.Context) error {
	counters, err := k.stack.Graph.Counters(ctx, "")
	if err != nil {
		return err
	}
	var problems []error
	if counters.Absent > 0 {
		problems = append(problems, fmt.Errorf("%d requests to what graphsim does not simulate", counters.Absent))
	}
	if counters.TooEarly > 0 {
		problems = append(problems, fmt.Errorf("%d requests before the time that Retry-After had named", counters.TooEarly))
	}
	for _, found := range tooMany(&k.last) {
		problems = append(problems, errors.New(found))
	}
	for _, series := range k.remains {
		problems = append(problems, fmt.Errorf("a client is gone, and there is still %s", series))
	}
	findings := judge(k.history)
	k.report.verdict(&k.last, k.history.span(), findings, k.provider)
	for _, f := range findings {
		if f.leak {
			problems = append(problems, fmt.Errorf("%s: grows by %.4g a week, %.4g are allowed", f.measure, f.trend.growth, f.allowed))
		}
	}
	if len(problems) > 0 {
		problems = append(problems, k.dump("last"))
		k.report.say("\nWhere it grows: go tool pprof -sample_index=inuse_space -diff_base=%[1]s/heap-first.pprof bin/hack/soak %[1]s/heap-last.pprof", k.stack.Dir)
	}
	return errors.Join(problems...)
}

// profilesFrom is the sample with which the first profiles are taken, to compare the last
// with: by then everything is in use.
const profilesFrom = 4

// dump leaves what tells where a leak is.
func (k *soak) dump(when string) error {
	for _, profile := range []string{"heap", "goroutine"} {
		name := filepath.Join(k.stack.Dir, profile+"-"+when+".pprof")
		file, err := os.Create(name)
		if err != nil {
			return fmt.Errorf("write profile: %w", err)
		}
		if err := errors.Join(pprof.Lookup(profile).WriteTo(file, 0), file.Close()); err != nil {
			return fmt.Errorf("write profile: %w", err)
		}
	}
	return nil
}
