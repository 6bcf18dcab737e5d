package outcome_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/outcome"
)

func TestOutcome(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Outcome")
}

var users = schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "managedusers"}

func conflict() error { return apierrors.NewConflict(users, "alice", errors.New("newer")) }

// kind is a failure full of what must not reach a condition.
func kind(k directory.Kind) *directory.Error {
	return &directory.Error{
		Kind: k, Status: 418, Code: "Some_Code", RequestID: "req-4711",
		Message: "alice@contoso.com at 2026-11-20T10:00:00Z, see https://example.com",
		Err:     errors.New("dial tcp 10.0.0.1:443"),
	}
}

var _ = Describe("A verdict", func() {
	DescribeTable("of each kind of failure",
		func(k directory.Kind, class outcome.Class, reason v1alpha1.Reason, tenantTrouble bool) {
			err := fmt.Errorf("block sign-in: %w", kind(k))
			p := outcome.Classify(err)
			Expect(p.Class).To(Equal(class))
			Expect(p.Reason).To(Equal(reason))
			Expect(p.Message).NotTo(BeEmpty())
			for _, volatile := range []string{"req-4711", "alice", "2026", "https:", "dial tcp", "418"} {
				Expect(p.Message).NotTo(ContainSubstring(volatile))
			}
			Expect(p).To(MatchError(ContainSubstring("dial tcp")), "logs have it all")
			Expect(outcome.TenantTrouble(err)).To(Equal(tenantTrouble))
		},
		Entry("wrong secret", directory.KindCredentials, outcome.ClassBlocked, v1alpha1.ReasonInvalidCredentials, true),
		Entry("no consent", directory.KindConsent, outcome.ClassBlocked, v1alpha1.ReasonConsentRequired, true),
		Entry("no such tenant", directory.KindUnknownTenant, outcome.ClassBlocked, v1alpha1.ReasonNotFound, true),
		Entry("no permission", directory.KindForbidden, outcome.ClassBlocked, v1alpha1.ReasonAccessDenied, false),
		Entry("no licence", directory.KindPremiumRequired, outcome.ClassBlocked, v1alpha1.ReasonPremiumRequired, false),
		Entry("mastered elsewhere", directory.KindMastered, outcome.ClassBlocked, v1alpha1.ReasonMasteredOnPremises, false),
		Entry("refused values", directory.KindInvalid, outcome.ClassBlocked, v1alpha1.ReasonInvalidSpec, false),
		Entry("conflict", directory.KindConflict, outcome.ClassBlocked, v1alpha1.ReasonConflict, false),
		Entry("no seat", directory.KindNoSeat, outcome.ClassBlocked, v1alpha1.ReasonNoSeat, false),
		Entry("usage location", directory.KindUsageLocation, outcome.ClassBlocked, v1alpha1.ReasonInvalidSpec, false),
		Entry("exclusive plans", directory.KindPlanConflict, outcome.ClassBlocked, v1alpha1.ReasonInvalidSpec, false),
		Entry("through a group", directory.KindInherited, outcome.ClassBlocked, v1alpha1.ReasonNotWritable, false),
		Entry("members written elsewhere", directory.KindUnwritable, outcome.ClassBlocked, v1alpha1.ReasonNotWritable, false),
		Entry("forbidden by policy", directory.KindPolicy, outcome.ClassBlocked, v1alpha1.ReasonNotWritable, false),
		Entry("no such service", directory.KindUnavailable, outcome.ClassBlocked, v1alpha1.ReasonNotApplicable, false),
		Entry("there already", directory.KindExists, outcome.ClassBlocked, v1alpha1.ReasonConflict, false),
		Entry("quota", directory.KindQuota, outcome.ClassBlocked, v1alpha1.ReasonConflict, false),
		Entry("no such object", directory.KindNotFound, outcome.ClassBlocked, v1alpha1.ReasonNotFound, false),
		Entry("concurrency", directory.KindConcurrency, outcome.ClassTransient, v1alpha1.ReasonRetrying, false),
		Entry("outage", directory.KindTransient, outcome.ClassTransient, v1alpha1.ReasonRetrying, true),
		Entry("resync", directory.KindResync, outcome.ClassTransient, v1alpha1.ReasonRetrying, true),
		Entry("throttled", directory.KindThrottled, outcome.ClassThrottled, v1alpha1.ReasonThrottled, true),
		Entry("a kind unheard of", directory.Kind("New"), outcome.ClassTransient, v1alpha1.ReasonRetrying, true),
	)

	It("names the provider's code, if it is one, since documentation is found by it", func() {
		e := kind(directory.KindForbidden)
		Expect(outcome.Classify(e).Message).To(HaveSuffix(" (Some_Code)"))
		for _, code := range []string{"", "text with\nlines", "https://x"} {
			e.Code = code
			Expect(outcome.Classify(e).Message).NotTo(ContainSubstring("("+code), "%q", code)
		}
	})

	It("is throttled for whatever asks to come back later", func() {
		e := kind(directory.KindTransient)
		e.RetryAfter = 90 * time.Second
		p := outcome.Classify(e)
		Expect(p.Class).To(Equal(outcome.ClassThrottled))
		Expect(p.RetryAfter).To(Equal(90 * time.Second))
	})

	It("is nothing for nothing", func() {
		Expect(outcome.Classify(nil)).To(Equal((*outcome.Problem)(nil)))
		Expect(outcome.TenantTrouble(nil)).To(BeFalse())
	})

	It("retries what is unexpected, and tells no details of it", func() {
		p := outcome.Classify(errors.New("password hunter2"))
		Expect(p.Class).To(Equal(outcome.ClassTransient))
		Expect(p.Message).NotTo(ContainSubstring("hunter2"))
		Expect(outcome.TenantTrouble(errors.New("any"))).To(BeFalse())
	})

	It("stays as a step has decided, however wrapped", func() {
		decided := outcome.Blocked(v1alpha1.ReasonProtected, "a safeguard protects the account").Because(kind(directory.KindConflict))
		Expect(outcome.Classify(fmt.Errorf("facet: %w", decided))).To(BeIdenticalTo(decided))
	})

	It("has nothing to say about a newer object in Kubernetes", func() {
		p := outcome.Classify(fmt.Errorf("patch status: %w", conflict()))
		Expect(p.Silent()).To(BeTrue())
		res, err := outcome.NewPolicy().Result(p)
		Expect(err).NotTo(HaveOccurred())
		Expect(res.RequeueAfter).To(Equal(100 * time.Millisecond))
	})

	Context("of joined errors", func() {
		It("is the worst, with each of its messages once", func() {
			p := outcome.Classify(fmt.Errorf("facets: %w", errors.Join(
				conflict(),
				outcome.Waiting(v1alpha1.ReasonWaiting, "the tenant is not connected"),
				outcome.Blocked(v1alpha1.ReasonProtected, "one"),
				errors.Join(outcome.Blocked(v1alpha1.ReasonProtected, "two"), outcome.Blocked(v1alpha1.ReasonProtected, "one")),
				kind(directory.KindTransient),
			)))
			Expect(p.Class).To(Equal(outcome.ClassBlocked))
			Expect(p.Reason).To(Equal(v1alpha1.ReasonProtected))
			Expect(p.Message).To(Equal("one; two"))
		})

		It("is the same when judged twice", func() {
			once := outcome.Classify(errors.Join(outcome.Waiting(v1alpha1.ReasonWaiting, "a"), outcome.Throttled(time.Minute)))
			twice := outcome.Classify(errors.Join(once, outcome.Waiting(v1alpha1.ReasonWaiting, "b")))
			Expect(twice.Class).To(Equal(outcome.ClassThrottled))
			Expect(twice.RetryAfter).To(Equal(time.Minute))
		})

		It("is the tenant's trouble only when all of them are", func() {
			credentials, throttled := kind(directory.KindCredentials), outcome.Throttled(time.Minute)
			Expect(outcome.TenantTrouble(errors.Join(credentials, throttled))).To(BeTrue())
			Expect(outcome.TenantTrouble(errors.Join(credentials, kind(directory.KindInvalid)))).To(BeFalse())
		})
	})
})

var _ = Describe("The next attempt", func() {
	plain := outcome.Policy{}
	waiting := outcome.Waiting(v1alpha1.ReasonWaiting, "not yet")
	blocked := outcome.Blocked(v1alpha1.ReasonInvalidSpec, "correct it")
	outage := outcome.Transient("retrying", errors.New("503"))

	DescribeTable("comes in time", func(err error, after time.Duration, returned bool) {
		res, got := plain.Result(outcome.Classify(err))
		Expect(res).To(Equal(reconcile.Result{RequeueAfter: after}))
		Expect(got != nil).To(Equal(returned))
	},
		Entry("not at all without a problem", nil, time.Duration(0), false),
		Entry("slowly while waiting", waiting, 10*time.Minute, false),
		Entry("when what is waited for is due", waiting.After(3*time.Hour), 3*time.Hour, false),
		Entry("after the pause when throttled", outcome.Throttled(90*time.Second), 90*time.Second, false),
		Entry("after a pause of ours when none was said", outcome.Throttled(0), 10*time.Second, false),
		Entry("in hours when a person must act", blocked, 6*time.Hour, false),
		Entry("with growing delays when it may pass", outage, time.Duration(0), true),
		Entry("with growing delays for what may pass, whatever else is blocked", errors.Join(blocked, outage), time.Duration(0), true),
		Entry("never before the longest pause", errors.Join(outage, outcome.Throttled(time.Minute), outcome.Throttled(time.Hour), conflict()), time.Hour, false),
		Entry("no later than the first that is due", errors.Join(blocked, waiting.After(20*time.Minute), waiting.After(5*time.Minute)), 5*time.Minute, false),
		Entry("at once after a conflict, whatever is blocked", errors.Join(blocked, conflict()), 100*time.Millisecond, false),
	)

	DescribeTable("is spread", func(p *outcome.Problem, least, most time.Duration) {
		at := func(jitter float64) time.Duration {
			policy := outcome.NewPolicy()
			policy.Jitter = func() float64 { return jitter }
			res, err := policy.Result(p)
			Expect(err).NotTo(HaveOccurred())
			return res.RequeueAfter
		}
		Expect(at(0)).To(Equal(least))
		Expect(at(0.5)).To(Equal((least + most) / 2))
		Expect(at(1)).To(Equal(most))
	},
		Entry("never before the pause is over", outcome.Throttled(20*time.Second), 20*time.Second, 22*time.Second),
		Entry("around the slow ones", blocked, 324*time.Minute, 396*time.Minute),
		Entry("never before what is waited for", waiting.After(time.Hour), time.Hour, 66*time.Minute),
	)

	It("leaves no quota unused for long after a pause of minutes", func() {
		policy := outcome.NewPolicy()
		policy.Jitter = func() float64 { return 0.999 }
		res, err := policy.Result(outcome.Throttled(150 * time.Second))
		Expect(err).NotTo(HaveOccurred())
		Expect(res.RequeueAfter).To(Equal(153 * time.Second))
	})

	It("is really random in production", func() {
		policy, seen := outcome.NewPolicy(), map[time.Duration]bool{}
		for range 100 {
			res, _ := policy.Result(blocked)
			Expect(res.RequeueAfter).To(And(BeNumerically(">=", 324*time.Minute), BeNumerically("<=", 396*time.Minute)))
			seen[res.RequeueAfter] = true
		}
		Expect(len(seen)).To(BeNumerically(">", 50))
	})
})
