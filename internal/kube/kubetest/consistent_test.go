package kubetest_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube/kubetest"
)

func TestKubetest(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Kubetest")
}

// tenant has these conditions, as Type+ when True and Type- when False.
func tenant(conditions ...string) *v1alpha1.Tenant {
	t := &v1alpha1.Tenant{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Tenant"},
		ObjectMeta: metav1.ObjectMeta{Name: "contoso", Namespace: "contoso", Generation: 2},
	}
	t.Status.ObservedGeneration = 2
	for _, pair := range conditions {
		kind, status := pair[:len(pair)-1], metav1.ConditionTrue
		if pair[len(pair)-1] == '-' {
			status = metav1.ConditionFalse
		}
		t.Status.Conditions = append(t.Status.Conditions, metav1.Condition{
			Type: kind, Status: status, ObservedGeneration: 2, Reason: "Succeeded", Message: "all is well",
			LastTransitionTime: metav1.NewTime(time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)),
		})
	}
	return t
}

var _ = Describe("BeConsistent", func() {
	DescribeTable("accepts", func(t *v1alpha1.Tenant) {
		Expect(t).To(kubetest.BeConsistent())
	},
		Entry("ready", tenant("Ready+")),
		Entry("ready with a facet that is not", tenant("Ready+", "Synced-")),
		Entry("ready and at work", tenant("Ready+", "Reconciling+")),
		Entry("at work", tenant("Ready-", "Reconciling+")),
		Entry("stalled", tenant("Ready-", "Stalled+")),
		Entry("going", func() *v1alpha1.Tenant {
			t := tenant("Ready-", "Reconciling+")
			t.DeletionTimestamp = new(t.Status.Conditions[0].LastTransitionTime)
			return t
		}()),
	)

	DescribeTable("refuses", func(t *v1alpha1.Tenant, why string) {
		matcher := kubetest.BeConsistent()
		Expect(matcher.Match(t)).To(BeFalse())
		Expect(matcher.FailureMessage(t)).To(ContainSubstring(why))
	},
		Entry("no conditions", tenant(), "no Ready"),
		Entry("no Ready", tenant("Synced+"), "no Ready"),
		Entry("Stalled False", tenant("Ready+", "Stalled-"), "Stalled: is there although"),
		Entry("Reconciling False", tenant("Ready+", "Reconciling-"), "Reconciling: is there although"),
		Entry("both", tenant("Ready-", "Reconciling+", "Stalled+"), "both"),
		Entry("ready and stalled", tenant("Ready+", "Stalled+"), "although Ready is True"),
		Entry("nobody to act", tenant("Ready-"), "neither"),
		Entry("the same twice", tenant("Ready+", "Ready+"), "several"),
		Entry("an older generation observed", with(func(t *v1alpha1.Tenant) { t.Status.ObservedGeneration = 1 }), "observedGeneration is 1"),
		Entry("none observed", with(func(t *v1alpha1.Tenant) { t.Generation, t.Status.ObservedGeneration = 0, 0 }), "observedGeneration is 0"),
		Entry("a condition of an older generation", with(func(t *v1alpha1.Tenant) { t.Status.Conditions[0].ObservedGeneration = 1 }), "generation 1"),
		Entry("no reason", with(func(t *v1alpha1.Tenant) { t.Status.Conditions[0].Reason = "" }), "no reason"),
		Entry("no time", with(func(t *v1alpha1.Tenant) { t.Status.Conditions[0].LastTransitionTime = metav1.Time{} }), "transition time"),
		Entry("no message", message(""), "empty"),
		Entry("a message in two lines", message("a\nb"), "one line"),
		Entry("a message cut off", message("failed:"), "mid-sentence"),
		Entry("a message with space", message("failed "), "space"),
		Entry("a message misformatted", message("got %!s(MISSING)"), "formatted"),
	)

	It("refuses what has no conditions at all", func() {
		_, err := kubetest.BeConsistent().Match("text")
		Expect(err).To(MatchError(ContainSubstring("string")))
	})
})

func with(change func(*v1alpha1.Tenant)) *v1alpha1.Tenant {
	t := tenant("Ready+")
	change(t)
	return t
}

func message(text string) *v1alpha1.Tenant {
	return with(func(t *v1alpha1.Tenant) { t.Status.Conditions[0].Message = text })
}
