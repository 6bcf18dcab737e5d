package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// report is what people read.
type report struct {
	out  io.Writer
	rows int
}

// columns of the table, besides the times.
func columns() []struct{ title, measure string } {
	return []struct{ title, measure string }{
		{"heap KiB", measureHeap},
		{"RSS KiB", measureRSS},
		{"gorout.", measureGoroutines},
		{"files", measureFiles},
		{"Tenants", measureTenants},
		{"users", measureUsers},
		{"Secrets", measureSecrets},
		{"series", measureSeries},
		{"waiting", measureWaiting},
		{"entries", measureEntries},
		{"acts/d", measureActs},
		{"changes/d", measureChanges},
		{"Events/d", measureEvents},
		{"writes/d", measureWrites},
		{"Graph/d", measureGraph},
		{"passes/d", measurePasses},
	}
}

func (r *report) say(format string, a ...any) {
	_, _ = fmt.Fprintf(r.out, format+"\n", a...) // nobody is left to tell
}

// row shows a sample.
func (r *report) row(s *sample) {
	const headEvery = 25
	if r.rows%headEvery == 0 {
		var head strings.Builder
		_, _ = fmt.Fprintf(&head, "\n%7s %7s", "day", "real")
		for _, c := range columns() {
			_, _ = fmt.Fprintf(&head, " %9s", c.title)
		}
		r.say("%s", head.String())
	}
	r.rows++
	var row strings.Builder
	_, _ = fmt.Fprintf(&row, "%7.2f %7s", float64(s.at)/float64(day), s.took.Round(time.Second))
	for _, c := range columns() {
		_, _ = fmt.Fprintf(&row, " %9.0f", s.values[c.measure])
	}
	r.say("%s", row.String())
}

// verdict shows the trends: of the table's measures, and of the entries that come
// nearest to a leak.
func (r *report) verdict(last *sample, span time.Duration, findings []finding, p *provider) {
	const nearest = 12
	r.say("\n%.1f simulated days in %s: %d things happened, %d people were hired, %d clients came and %d left.",
		float64(last.at)/float64(day), last.took.Round(time.Second), p.acts, p.hired, p.came, len(p.gone))
	r.say("Trends are read from the last %.1f days; growth is that of a week, ± its standard error.\n", float64(span)/float64(day))
	r.say("%-60s %12s %12s %10s %10s", "measure", "level", "growth", "±", "allowed")
	shown := 0
	for i := range findings {
		f := &findings[i]
		if strings.HasPrefix(f.measure, censusPrefix) && !f.leak {
			if shown++; shown > nearest {
				continue
			}
		}
		mark := ""
		if f.leak {
			mark = "  LEAK"
		}
		r.say("%-60s %12.1f %+12.2f %10.2f %10.2f%s", f.measure, f.trend.level, f.trend.growth, f.trend.doubt, f.allowed, mark)
	}
	if shown > nearest {
		r.say("… and %d more kinds of entries that grow less", shown-nearest)
	}
	if span < shortest {
		r.say("\nThis was too short to tell of growth: that takes %.0f simulated days, as MINUTES=10 has.", float64(shortest)/float64(day))
	}
}
