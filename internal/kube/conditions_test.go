package kube_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
)

var _ = Describe("Conditions", func() {
	var user *v1alpha1.ManagedUser
	set := func(at time.Time, kind string, status metav1.ConditionStatus, message string) {
		kube.SetCondition(user, at, kind, status, v1alpha1.ReasonSucceeded, message)
	}
	BeforeEach(func() { user = newUser("alice") })

	It("speak of the object's generation, to the second", func() {
		set(noon.Add(300*time.Millisecond), v1alpha1.ConditionReady, metav1.ConditionTrue, "in sync")
		Expect(user.Status.Conditions).To(Equal([]metav1.Condition{{
			Type: "Ready", Status: metav1.ConditionTrue, ObservedGeneration: 3,
			LastTransitionTime: metav1.NewTime(noon), Reason: "Succeeded", Message: "in sync",
		}}))
		Expect(kube.IsTrue(user, v1alpha1.ConditionReady)).To(BeTrue())
	})

	It("keep the time of the last transition while the status stays", func() {
		set(noon, v1alpha1.ConditionReady, metav1.ConditionTrue, "a")
		set(noon.Add(time.Hour), v1alpha1.ConditionReady, metav1.ConditionTrue, "b")
		c, ok := kube.Condition(user, v1alpha1.ConditionReady)
		Expect(ok).To(BeTrue())
		Expect(c.Message).To(Equal("b"))
		Expect(c.LastTransitionTime.Time).To(Equal(noon))

		set(noon.Add(2*time.Hour), v1alpha1.ConditionReady, metav1.ConditionFalse, "c")
		c, _ = kube.Condition(user, v1alpha1.ConditionReady)
		Expect(c.LastTransitionTime.Time).To(Equal(noon.Add(2 * time.Hour)))
		Expect(kube.IsTrue(user, v1alpha1.ConditionReady)).To(BeFalse())
	})

	It("have Reconciling and Stalled only while they are true", func() {
		for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
			set(noon, kind, metav1.ConditionTrue, "a")
			Expect(kube.IsTrue(user, kind)).To(BeTrue())
			set(noon, kind, metav1.ConditionFalse, "a")
			_, ok := kube.Condition(user, kind)
			Expect(ok).To(BeFalse())
			set(noon, kind, metav1.ConditionUnknown, "a")
			Expect(user.Status.Conditions).To(BeEmpty())
		}
	})

	It("can be deleted, also when absent", func() {
		set(noon, v1alpha1.ConditionReady, metav1.ConditionTrue, "a")
		set(noon, v1alpha1.ConditionSignIn, metav1.ConditionTrue, "a")
		kube.DeleteCondition(user, v1alpha1.ConditionSignIn)
		kube.DeleteCondition(user, v1alpha1.ConditionSignIn)
		Expect(user.Status.Conditions).To(HaveLen(1))
		_, ok := kube.Condition(user, v1alpha1.ConditionSignIn)
		Expect(ok).To(BeFalse())
	})
})

var _ = Describe("Records", func() {
	record := func(name string, phase v1alpha1.RecordPhase) v1alpha1.Record {
		return v1alpha1.Record{Name: name, Cause: "1", Phase: phase}
	}
	names := func(records []v1alpha1.Record) []string {
		var all []string
		for _, r := range records {
			all = append(all, r.Name)
		}
		return all
	}

	It("are sorted by name, each once", func() {
		var records []v1alpha1.Record
		for _, name := range []string{"revoke", "block", "passwordChange", "block"} {
			records = kube.UpsertRecord(records, record(name, v1alpha1.PhaseOwed))
		}
		Expect(names(records)).To(Equal([]string{"block", "passwordChange", "revoke"}))
	})

	It("replace, find and delete by name, and leave the given ones as they are", func() {
		before := []v1alpha1.Record{record("block", v1alpha1.PhaseOwed), record("revoke", v1alpha1.PhaseOwed)}
		after := kube.UpsertRecord(before, record("revoke", v1alpha1.PhaseDone))
		found, ok := kube.FindRecord(after, "revoke")
		Expect(ok).To(BeTrue())
		Expect(found.Phase).To(Equal(v1alpha1.PhaseDone))
		Expect(before[1].Phase).To(Equal(v1alpha1.PhaseOwed))

		Expect(names(kube.DeleteRecord(after, "block"))).To(Equal([]string{"revoke"}))
		Expect(names(after)).To(Equal([]string{"block", "revoke"}))
		_, ok = kube.FindRecord(kube.DeleteRecord(after, "revoke"), "revoke")
		Expect(ok).To(BeFalse())
	})
})
