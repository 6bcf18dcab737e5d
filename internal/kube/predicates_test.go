package kube_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
)

func asked(value string) *v1alpha1.ManagedUser {
	user := newUser("alice")
	user.Annotations = map[string]string{v1alpha1.RequestedAtAnnotation: value}
	return user
}

var _ = Describe("The predicate", func() {
	DescribeTable("passes on what a person changed",
		func(change func(*v1alpha1.ManagedUser), passes bool) {
			before, after := asked("1"), asked("1")
			change(after)
			Expect(kube.Changed().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after})).To(Equal(passes))
		},
		Entry("the spec", func(u *v1alpha1.ManagedUser) { u.Generation++ }, true),
		Entry("a request", func(u *v1alpha1.ManagedUser) { u.Annotations = asked("2").Annotations }, true),
		Entry("nothing", func(*v1alpha1.ManagedUser) {}, false),
		Entry("the withdrawal of a request", func(u *v1alpha1.ManagedUser) { u.Annotations = nil }, true),
		Entry("an annotation of what is being deleted", func(u *v1alpha1.ManagedUser) {
			u.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
			u.Annotations[v1alpha1.AbandonAnnotation] = "yes"
		}, true),
		Entry("another annotation", func(u *v1alpha1.ManagedUser) { u.Annotations["a"] = "b" }, false),
		Entry("the operator's own write of status", func(u *v1alpha1.ManagedUser) {
			u.Status.State, u.ResourceVersion = v1alpha1.StateActive, "2"
		}, false),
	)

	It("passes on what appears and what goes", func() {
		Expect(kube.Changed().Create(event.CreateEvent{Object: newUser("alice")})).To(BeTrue())
		Expect(kube.Changed().Delete(event.DeleteEvent{Object: newUser("alice")})).To(BeTrue())
	})
})

var _ = Describe("A request for a pass", func() {
	DescribeTable("is pending until it is acknowledged",
		func(obj *v1alpha1.ManagedUser, handled, value string, pending bool) {
			got, open := kube.RequestedAt(obj, handled)
			Expect(got).To(Equal(value))
			Expect(open).To(Equal(pending))
		},
		Entry("none", newUser("alice"), "", "", false),
		Entry("none any more", newUser("alice"), "1", "", false),
		Entry("new", asked("1"), "", "1", true),
		Entry("another", asked("2"), "1", "2", true),
		Entry("handled", asked("2"), "2", "2", false),
	)

	It("is acknowledged as far as it fits into status", func() {
		long := asked(strings.Repeat("ü", 200))
		value, pending := kube.RequestedAt(long, "")
		Expect(pending).To(BeTrue())
		Expect(value).To(Equal(strings.Repeat("ü", 128)))
		_, pending = kube.RequestedAt(long, value)
		Expect(pending).To(BeFalse())
	})
})
