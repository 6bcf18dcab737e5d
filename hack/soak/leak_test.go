package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
)

// leaky is a program that forgets to forget.
type leaky struct {
	seen  map[string][]byte
	stop  chan struct{}
	files []*os.File
}

var _ = Describe("What is measured", func() {
	It("shows a leak of goroutines, files and memory, and where the memory is", func() {
		program := &leaky{seen: map[string][]byte{}, stop: make(chan struct{})}
		DeferCleanup(func() {
			close(program.stop)
			for _, file := range program.files {
				Expect(file.Close()).To(Succeed())
			}
		})
		var samples []sample
		for i := range 16 {
			go func() { <-program.stop }()
			file, err := os.Open(os.DevNull)
			Expect(err).NotTo(HaveOccurred())
			program.files = append(program.files, file)
			program.seen[fmt.Sprint("client", i)] = bytes.Repeat([]byte("x"), 1<<20) // touched, to be resident
			s := sample{at: time.Duration(i+1) * day, values: map[string]float64{}}
			Expect(measureProcess(s.values)).To(Succeed())
			measureCensus(s.values, program)
			samples = append(samples, s)
		}
		Expect(leaks(samples)).To(ContainElements(
			measureGoroutines, measureFiles, measureHeap, measureRSS, censusPrefix+"main.leaky.seen", censusPrefix+"main.leaky.files",
		))
	})

	It("shows the series of clients that are gone", func() {
		registry := prometheus.NewRegistry()
		gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "users", Help: "Users."}, []string{"tenant"})
		Expect(registry.Register(gauge)).To(Succeed())
		gauge.WithLabelValues("contoso/contoso").Set(1)
		gauge.WithLabelValues("fabrikam/fabrikam").Set(1)
		values := map[string]float64{}

		remains, err := measureMetrics(values, registry, map[string]bool{"fabrikam": true})

		Expect(err).NotTo(HaveOccurred())
		Expect(values).To(Equal(map[string]float64{measureSeries: 2}))
		Expect(remains).To(Equal([]string{"users{tenant=fabrikam/fabrikam}"}))
	})
})
