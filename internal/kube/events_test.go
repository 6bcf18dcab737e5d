package kube_test

import (
	"fmt"
	"strings"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
)

// recorder keeps events as lines of type, reason, action and note.
type recorder struct{ lines []string }

func (r *recorder) Eventf(_, _ runtime.Object, kind, reason, action, note string, args ...any) {
	r.lines = append(r.lines, strings.Join([]string{kind, reason, action, fmt.Sprintf(note, args...)}, "|"))
}

func condition(kind string, status metav1.ConditionStatus, reason v1alpha1.Reason) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: string(reason), Message: "said"}
}

var _ = Describe("Events", func() {
	const (
		yes = metav1.ConditionTrue
		no  = metav1.ConditionFalse
	)
	DescribeTable("tell a transition once",
		func(before, after []metav1.Condition, want ...string) {
			r := &recorder{}
			kube.NewEvents(r).Transitions(newUser("alice"), before, after)
			Expect(r.lines).To(HaveExactElements(want))
		},
		Entry("the first success", nil,
			[]metav1.Condition{condition("Ready", yes, v1alpha1.ReasonSucceeded)},
			"Normal|Succeeded|Ready|said"),
		Entry("nothing new",
			[]metav1.Condition{condition("Ready", no, v1alpha1.ReasonProtected)},
			[]metav1.Condition{condition("Ready", no, v1alpha1.ReasonProtected)}),
		Entry("a facet's refusal, not again by Ready, Stalled", nil,
			[]metav1.Condition{
				condition("Ready", no, v1alpha1.ReasonProtected),
				condition("Stalled", yes, v1alpha1.ReasonProtected),
				condition("SignIn", no, v1alpha1.ReasonProtected),
			},
			"Warning|Protected|SignIn|said"),
		Entry("two facets' refusals for the same reason",
			nil,
			[]metav1.Condition{
				condition("SignIn", no, v1alpha1.ReasonAccessDenied),
				condition("PasswordChange", no, v1alpha1.ReasonAccessDenied),
			},
			"Warning|AccessDenied|SignIn|said", "Warning|AccessDenied|PasswordChange|said"),
		Entry("another reason",
			[]metav1.Condition{condition("Ready", no, v1alpha1.ReasonProtected)},
			[]metav1.Condition{condition("Ready", no, v1alpha1.ReasonAccessDenied)},
			"Warning|AccessDenied|Ready|said"),
		Entry("the recovery",
			[]metav1.Condition{condition("Ready", no, v1alpha1.ReasonRetrying)},
			[]metav1.Condition{condition("Ready", yes, v1alpha1.ReasonSucceeded)},
			"Normal|Succeeded|Ready|said"),
		Entry("no throttling",
			[]metav1.Condition{condition("Ready", yes, v1alpha1.ReasonSucceeded)},
			[]metav1.Condition{condition("Ready", yes, v1alpha1.ReasonThrottled), condition("Reconciling", yes, v1alpha1.ReasonThrottled)}),
		Entry("no end of a throttling",
			[]metav1.Condition{condition("SignIn", no, v1alpha1.ReasonThrottled)},
			[]metav1.Condition{condition("SignIn", yes, v1alpha1.ReasonSucceeded)}),
		Entry("no waiting, no work in progress", nil,
			[]metav1.Condition{condition("SignIn", no, v1alpha1.ReasonProgressing), condition("PasswordChange", no, v1alpha1.ReasonWaiting)}),
		Entry("a pause, calmly",
			[]metav1.Condition{condition("Ready", yes, v1alpha1.ReasonSucceeded)},
			[]metav1.Condition{condition("Ready", no, v1alpha1.ReasonPaused)},
			"Normal|Paused|Ready|said"),
		Entry("an adopted latch",
			nil,
			[]metav1.Condition{condition("PasswordChange", yes, v1alpha1.ReasonAdopted)},
			"Normal|Adopted|PasswordChange|said"),
	)

	It("tell of actions", func() {
		r := &recorder{}
		events := kube.NewEvents(r)
		events.Normal(newUser("alice"), "SignInBlocked", "Block", "100 % done")
		events.Warning(newUser("alice"), "Conflict", "Block", "not done")
		Expect(r.lines).To(Equal([]string{"Normal|SignInBlocked|Block|100 % done", "Warning|Conflict|Block|not done"}))
	})

	It("tell nothing of what only discovery keeps", func() {
		r := &recorder{}
		user := newUser("alice")
		user.Labels = map[string]string{v1alpha1.DiscoveredLabel: ""}
		kube.NewEvents(r).Warning(user, "Conflict", "Block", "not done")
		kube.NewEvents(r).Transitions(user, nil, []metav1.Condition{condition("Ready", no, v1alpha1.ReasonConflict)})
		Expect(r.lines).To(BeEmpty())
	})

	It("have notes under 1,000 bytes, cut between characters", func() {
		for _, length := range []int{998, 999, 1000, 3000} {
			r := &recorder{}
			kube.NewEvents(r).Normal(newUser("alice"), "R", "A", strings.Repeat("x", length%2)+strings.Repeat("ü", length/2))
			note := strings.TrimPrefix(r.lines[0], "Normal|R|A|")
			Expect(len(note)).To(BeNumerically("<", 1000))
			Expect(len(note)).To(BeNumerically(">", 990))
			Expect(utf8.ValidString(note)).To(BeTrue())
			Expect(strings.HasSuffix(note, "…")).To(Equal(length > 999))
		}
	})
})
