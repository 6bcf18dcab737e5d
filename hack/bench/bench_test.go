package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/ptr"
)

func TestBench(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Bench")
}

var _ = DescribeTable("A goal",
	func(f figure, short bool, met *bool) {
		f.compare()
		f.judge(short)
		Expect(f.Met).To(Equal(met))
	},
	Entry("there is none", figure{Value: 1}, false, nil),
	Entry("as many as allowed", figure{Value: 4, Goal: countAtMost(4)}, false, ptr.To(true)),
	Entry("one too many", figure{Value: 5, Goal: countAtMost(4)}, false, ptr.To(false)),
	Entry("one too many of none", figure{Value: 0.01, Goal: countAtMost(0)}, false, ptr.To(false)),
	Entry("a count, in a short run", figure{Value: 5, Goal: countAtMost(4)}, true, ptr.To(false)),
	Entry("a size, in a short run", figure{Value: 9000, Goal: valueAtMost(8192)}, true, nil),
	Entry("a size", figure{Value: 9000, Goal: valueAtMost(8192)}, false, ptr.To(false)),
	Entry("a multiple of a peer", figure{Value: 3, Beside: "bare", BesideValue: 2, Goal: ratioAtMost(2)}, false, ptr.To(true)),
	Entry("too much of a peer", figure{Value: 5, Beside: "bare", BesideValue: 2, Goal: ratioAtMost(2)}, false, ptr.To(false)),
	Entry("enough of a ceiling", figure{Value: 70, Beside: "bare", BesideValue: 100, Goal: ratioAtLeast(0.7)}, false, ptr.To(true)),
	Entry("too little of a ceiling", figure{Value: 69, Beside: "bare", BesideValue: 100, Goal: ratioAtLeast(0.7)}, false, ptr.To(false)),
	Entry("a peer that was not measured", figure{Value: 3, Beside: "bare", Goal: ratioAtMost(2)}, false, ptr.To(false)),
	Entry("a peer that was not measured, in a short run", figure{Value: 3, Beside: "bare", Goal: ratioAtMost(2)}, true, nil),
)

var _ = DescribeTable("A number is written",
	func(v float64, want string) { Expect(number(v)).To(Equal(want)) },
	Entry(nil, 0.0, "0"), Entry(nil, 4.0, "4"), Entry(nil, 0.0123, "0.012"), Entry(nil, 0.5, "0.50"), Entry(nil, 3.384, "3.38"),
	Entry(nil, 42.31, "42.3"), Entry(nil, 421.6, "422"), Entry(nil, 4_005.0, "4,005"), Entry(nil, 12_370.4, "12,370"), Entry(nil, 1_000_000.0, "1,000,000"),
	Entry(nil, -2_000.0, "-2,000"),
)

var _ = DescribeTable("A shape is called",
	func(s shape, want string) { Expect(s.String()).To(Equal(want)) },
	Entry(nil, shape{1, 10_000}, "10,000 users"),
	Entry(nil, shape{300, 100}, "300 × 100"),
)

// sizesOf reads sizes that are right.
func sizesOf(text string) sizes {
	GinkgoHelper()
	s, err := parseSizes(text)
	Expect(err).NotTo(HaveOccurred())
	return s
}

var _ = Describe("Sizes", func() {
	It("are two single tenants and a fleet, whose growth is looked at", func() {
		s := sizesOf("2000,5000,30x50")
		Expect(s.all()).To(HaveExactElements(shape{30, 50}, shape{1, 2000}, shape{1, 5000}))
		Expect(s.stepsOf(s.fleet)).To(HaveExactElements(1, 10, 30))
		Expect(s.stepsOf(s.large)).To(HaveExactElements(1))
	})

	It("may be the same, which makes one world of them", func() {
		Expect(sizesOf("500,500,1x20").all()).To(HaveExactElements(shape{1, 20}, shape{1, 500}))
	})

	DescribeTable("are refused when they make no sense", func(text string) {
		_, err := parseSizes(text)
		Expect(err).To(MatchError(ContainSubstring(`not "` + text + `"`)))
	}, Entry(nil, "10"), Entry(nil, "0,10,3x3"), Entry(nil, "10,10,3x0"), Entry(nil, "many"))
})

var _ = Describe("The report", func() {
	var b *bench

	BeforeEach(func() {
		b = &bench{sizes: sizesOf(shortSizes)}
		b.add("cold", []figure{{
			Case: "10,000 users", What: "from the start to all users reconciled", Value: 3, Unit: "s",
			Beside: "bare", BesideValue: 2, Goal: ratioAtMost(2),
		}})
		b.add("discovery", []figure{{
			Case: "10,000 users", What: "objects a second", Value: 300, Unit: "/s", Beside: "bare", BesideValue: 500, Goal: ratioAtLeast(0.7),
		}})
		b.add("memory", []figure{{Case: "10,000 users", What: "goroutines", Value: 1234}})
	})

	It("is a table of which every line says what it is measured against", func() {
		var out bytes.Buffer
		printTable(&out, b.figures)
		lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
		Expect(lines).To(HaveLen(4))
		Expect(strings.Fields(lines[1])).To(HaveExactElements(
			"cold", "10,000", "users", "from", "the", "start", "to", "all", "users", "reconciled", "3", "s", "2", "s", "bare", "1.50", "×", "≤", "2", "×", "yes"))
		Expect(strings.Fields(lines[2])).To(HaveExactElements(
			"discovery", "10,000", "users", "objects", "a", "second", "300", "/s", "500", "/s", "bare", "60", "%", "≥", "70", "%", "NO"))
		Expect(strings.Fields(lines[3])).To(HaveExactElements("memory", "10,000", "users", "goroutines", "1,234", "–", "–", "–", "–"))
		column := strings.Index(lines[0], "VALUE")
		for _, line := range lines[1:] {
			Expect([]rune(line)[column-1]).To(Equal(' '))
			Expect([]rune(line)[column]).NotTo(Equal(' '))
		}
	})

	It("says so when something is more than its ceiling: then it is none", func() {
		f := figure{Value: 112, Beside: "bare", BesideValue: 100, Goal: ratioAtLeast(0.7)}
		f.compare()
		Expect(f.ratioText()).To(Equal("112 % (more than the ceiling)"))
		f.Goal = ratioAtMost(2)
		Expect(f.ratioText()).To(Equal("1.12 ×"))
	})

	It("counts what was judged and what was missed", func() {
		r := newResult(context.Background(), b, time.Now())
		Expect(r.judged()).To(Equal(2))
		Expect(r.missed()).To(Equal(1))
	})

	It("is written as JSON, with the machine it was measured on", func() {
		file := filepath.Join(GinkgoT().TempDir(), "new", "results.json")
		Expect(writeResult(file, newResult(context.Background(), b, time.Now()))).To(Succeed())
		content, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		var read map[string]any
		Expect(json.Unmarshal(content, &read)).To(Succeed())
		Expect(read).To(And(HaveKey("go"), HaveKey("cores"), HaveKey("shapes"), HaveKey("began"), HaveKey("seconds")))
		Expect(read["figures"]).To(HaveLen(3))
		Expect(read["figures"]).To(ContainElement(And(HaveKeyWithValue("ratio", 1.5), HaveKeyWithValue("met", true))))
	})
})

var _ = Describe("Scenarios", func() {
	names := func(chosen []scenario) []string {
		var all []string
		for _, s := range chosen {
			all = append(all, s.name)
		}
		return all
	}

	It("have a name of their own, something to do and somewhere to do it", func() {
		seen := map[string]bool{}
		for _, s := range scenarios() {
			Expect(seen).NotTo(HaveKey(s.name))
			seen[s.name] = true
			Expect(s.run).NotTo(BeNil(), s.name)
			for _, size := range []sizes{sizesOf(fullSizes), sizesOf(shortSizes)} {
				Expect(s.shapes(size)).NotTo(BeEmpty(), s.name)
				for _, shape := range s.shapes(size) {
					Expect(size.all()).To(ContainElement(shape), s.name)
				}
			}
		}
	})

	It("are chosen by name, in their own order", func() {
		all := []scenario{{name: "a"}, {name: "b"}, {name: "c"}}
		Expect(choose(all, nil)).To(HaveLen(3))
		chosen, err := choose(all, []string{"c", "a"})
		Expect(err).NotTo(HaveOccurred())
		Expect(names(chosen)).To(HaveExactElements("a", "c"))
		_, err = choose(all, []string{"a", "d"})
		Expect(err).To(MatchError(`there is no scenario "d": there are a, b, c`))
	})
})

var _ = Describe("The growth of the fleet", func() {
	It("is compared with ten Tenants at every step after", func() {
		w := &world{bench: &bench{}, shape: shape{300, 100}}
		before, start := 0, time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
		for i, n := range []int{1, 10, 100, 300} {
			g := growth{tenants: n, added: n - before}
			g.before.at = start
			g.after.at = start.Add(time.Duration(g.added*(i+1)) * time.Second)
			w.growth, before = append(w.growth, g), n
		}
		figures, err := grown(context.Background(), w)
		Expect(err).NotTo(HaveOccurred())
		for in, ratio := range map[string]float64{"100 × 100": 1.5, "300 × 100": 2} {
			f, found := find(figures, "", in, whatTenantTime)
			Expect(found).To(BeTrue())
			f.compare()
			Expect(f.Ratio).To(HaveValue(Equal(ratio)))
			Expect(f.Goal).NotTo(BeNil())
		}
		first, _ := find(figures, "", "10 × 100", whatTenantTime)
		Expect(first.Goal).To(BeNil())
	})
})

var _ = Describe("A comparison of sizes", func() {
	figures := []figure{
		{Scenario: "memory", Case: "100 users", What: whatMemory, Value: 10, single: 100},
		{Scenario: "memory", Case: "1,100 users", What: whatMemory, Value: 14, single: 1100},
		{Scenario: "memory", Case: "300 × 100", What: whatMemory, Value: 1000},
		{Scenario: "settled", Case: "100 users", What: whatMemory, Value: 2000, single: 5000},
	}

	It("is made between the smallest and the largest single tenant", func() {
		concluded := slope(figures)
		Expect(concluded).To(HaveLen(1), "the cluster was not looked at")
		Expect(concluded[0].Case).To(Equal("100 users → 1,100 users"))
		Expect(concluded[0].Value).To(BeNumerically("~", 4*(1<<20)/1000.0, 1e-6))
	})

	It("is made of what the cluster holds, too", func() {
		var both []figure
		for _, size := range []int{100, 1100} {
			bytes := float64(1<<20 + 2048*size)
			for _, f := range clusterFigures(shape{1, size}.String(), []held{{whatAPIServer, bytes}, {whatDatabase, bytes}}, size) {
				f.Scenario, f.single = "memory", size
				both = append(both, f)
			}
		}
		each, found := find(both, "memory", "100 users", whatDatabase+perObject)
		Expect(found).To(BeTrue())
		Expect(each.Value).To(BeNumerically("~", 2048+float64(1<<20)/100, 1e-6))
		concluded := slope(both)
		Expect(concluded).To(HaveExactElements(
			And(HaveField("What", whatAPIServer+perObject+" added"), HaveField("Value", BeNumerically("~", 2048, 1e-6)), HaveField("Goal", BeNil())),
			And(HaveField("What", whatDatabase+perObject+" added"), HaveField("Value", BeNumerically("~", 2048, 1e-6))),
		))
	})

	It("needs two of them", func() {
		Expect(slope(figures[:1])).To(BeEmpty())
		Expect(slope(figures[2:])).To(BeEmpty())
	})
})

var _ = Describe("A failure in one world", func() {
	It("keeps what was measured, and the other scenarios measuring", func() {
		b := &bench{out: GinkgoWriter}
		w := &world{bench: b}
		broken := errors.New("broken")
		figures, err := b.runOne(context.Background(), w, scenario{coldly: true, run: func(context.Context, *world) ([]figure, error) {
			return []figure{{What: "half"}}, broken
		}})
		Expect(err).To(MatchError(broken))
		Expect(figures).To(HaveLen(1))
	})
})
