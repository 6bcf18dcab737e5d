package main

import (
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	"github.com/spf13/pflag"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// parse is what the flags come to.
func parse(args ...string) (*options, error) {
	o := defaultOptions()
	o.serviceAccountFile = filepath.Join(GinkgoT().TempDir(), "namespace")
	flags := pflag.NewFlagSet("manager", pflag.ContinueOnError)
	o.bind(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return o, o.complete()
}

var _ = Describe("The flags", func() {
	It("need nothing but a namespace, and trust nobody but Microsoft", func() {
		o, err := parse("--namespace=m365-system")
		Expect(err).NotTo(HaveOccurred())
		Expect(o.endpoints).To(BeZero())
		Expect(o.caFile).To(BeEmpty())
		Expect(o.observeOnly).To(BeFalse())
		Expect(o.kubeAPIQPS).To(BeEquivalentTo(-1))
		Expect(o.kubeAPIBurst).To(BeZero())
		Expect(o.profiles).To(Equal("0"))
	})

	It("give a limit of Kubernetes requests its burst", func() {
		o, err := parse("--namespace=n", "--kube-api-qps=20")
		Expect(err).NotTo(HaveOccurred())
		Expect(o.kubeAPIBurst).To(Equal(40))

		o, err = parse("--namespace=n", "--kube-api-qps=20", "--kube-api-burst=25")
		Expect(err).NotTo(HaveOccurred())
		Expect(o.kubeAPIBurst).To(Equal(25))
	})

	DescribeTable("refuse what cannot work",
		func(message types.GomegaMatcher, args ...string) {
			_, err := parse(append([]string{"--namespace=n"}, args...)...)
			Expect(err).To(MatchError(message))
		},
		Entry("Graph without TLS", ContainSubstring(`"http://127.0.0.1:1"`), "--graph-endpoint=http://127.0.0.1:1"),
		Entry("login without TLS", ContainSubstring("login endpoint"), "--login-endpoint=http://127.0.0.1:1"),
		Entry("an endpoint with a path", ContainSubstring("https://host[:port]"), "--graph-endpoint=https://127.0.0.1/v1.0"),
		Entry("an endpoint with a user", ContainSubstring("https://host[:port]"), "--graph-endpoint=https://me@127.0.0.1"),
		Entry("no workers", ContainSubstring("--workers"), "--workers=0"),
		Entry("no time for a call", ContainSubstring("--graph-timeout"), "--graph-timeout=0s"),
		Entry("no time between retries", ContainSubstring("--blocked-retry"), "--blocked-retry=0s"),
		Entry("a log that tells Secrets", ContainSubstring("--zap-log-level"), "--zap-log-level=8"),
		Entry("no manager", ContainSubstring("--shards"), "--shards=0"),
		Entry("a shard by another label", ContainSubstring("--shard-selector must be "+v1alpha1.ShardLabel+"=<name>"), "--shard-selector=region=eu"),
		Entry("several shards", ContainSubstring("--shard-selector"), "--shard-selector="+v1alpha1.ShardLabel+" in (a,b)"),
		Entry("a shard that no Lease can be named after", ContainSubstring(`--shard-selector "A_1" cannot be`), "--shard-selector="+v1alpha1.ShardLabel+"=A_1"),
		Entry("no audit", ContainSubstring("--audit-log"), "--audit-log="),
		Entry("a lease shorter than its renewal", ContainSubstring("--leader-election-lease-duration"), "--leader-election-lease-duration=5s"),
		Entry("a renewal shorter than its retry", ContainSubstring("--leader-election-renew-deadline"), "--leader-election-renew-deadline=2s"),
	)

	DescribeTable("find the namespace",
		func(flag, environment, file, want string) {
			GinkgoT().Setenv("POD_NAMESPACE", environment)
			o := defaultOptions()
			o.namespace = flag
			o.serviceAccountFile = filepath.Join(GinkgoT().TempDir(), "namespace")
			if file != "" {
				Expect(os.WriteFile(o.serviceAccountFile, []byte(file), 0o600)).To(Succeed())
			}
			err := o.complete()
			if want == "" {
				Expect(err).To(MatchError(ContainSubstring("--namespace is required")))
				return
			}
			Expect(err).NotTo(HaveOccurred())
			Expect(o.namespace).To(Equal(want))
		},
		Entry("by the flag first", "flag", "environment", "file", "flag"),
		Entry("then by the environment", "", "environment", "file", "environment"),
		Entry("then by the service account", "", "", "file\n", "file"),
		Entry("and nowhere else", "", "", "", ""),
	)

	It("name a shard, and its Lease after it", func() {
		o, err := parse("--namespace=n")
		Expect(err).NotTo(HaveOccurred())
		Expect(o.shard).To(BeEmpty())
		Expect(o.shards).To(Equal(1))
		Expect(leaseOf(o.shard)).To(Equal("m365-operator"))

		o, err = parse("--namespace=n", "--shards=3", "--shard-selector="+v1alpha1.ShardLabel+"=a")
		Expect(err).NotTo(HaveOccurred())
		Expect(o.shard).To(BeEquivalentTo("a"))
		Expect(o.shards).To(Equal(3))
		Expect(leaseOf(o.shard)).To(Equal("m365-operator-a"))
	})

	It("can shorten the lease", func() {
		o, err := parse("--namespace=n", "--leader-election-lease-duration=3s", "--leader-election-renew-deadline=2s", "--leader-election-retry-period=500ms")
		Expect(err).NotTo(HaveOccurred())
		Expect([]time.Duration{o.lease, o.renew, o.retry}).To(HaveExactElements(3*time.Second, 2*time.Second, 500*time.Millisecond))
	})
})

var _ = Describe("The certificate authorities", func() {
	It("are the system's by default", func() {
		Expect(readAuthorities("")).To(BeNil())
	})

	It("must be in PEM form", func() {
		file := filepath.Join(GinkgoT().TempDir(), "ca.pem")
		Expect(os.WriteFile(file, []byte("nothing"), 0o600)).To(Succeed())
		_, err := readAuthorities(file)
		Expect(err).To(MatchError(ContainSubstring("holds no certificate")))
	})

	It("must be there", func() {
		_, err := readAuthorities(filepath.Join(GinkgoT().TempDir(), "absent"))
		Expect(err).To(MatchError(os.ErrNotExist))
	})
})

var _ = Describe("The audit log", func() {
	It("is appended to", func() {
		file := filepath.Join(GinkgoT().TempDir(), "audit.jsonl")
		for _, line := range []string{"first\n", "second\n"} {
			out, closeFile, err := openAuditLog(file)
			Expect(err).NotTo(HaveOccurred())
			Expect(out.Write([]byte(line))).To(Equal(len(line)))
			closeFile()
		}
		Expect(os.ReadFile(file)).To(BeEquivalentTo("first\nsecond\n"))
	})
})
