package stack

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// userWith is a user with this Ready condition.
func userWith(uid types.UID, ready metav1.ConditionStatus) *v1alpha1.ManagedUser {
	user := &v1alpha1.ManagedUser{}
	user.UID = uid
	user.Status.DisplayName = "not kept"
	user.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: ready}}
	return user
}

var _ = Describe("The tally", func() {
	It("follows users as they become Ready, and as they go", func() {
		t := newTally()
		expect := func(all, ready int) {
			GinkgoHelper()
			haveAll, haveReady := t.Count()
			Expect([]int{haveAll, haveReady}).To(HaveExactElements(all, ready))
		}
		t.see(userWith("a", metav1.ConditionUnknown))
		t.see(userWith("b", metav1.ConditionTrue))
		t.see(userWith("b", metav1.ConditionTrue))
		expect(2, 1)
		t.see(userWith("a", metav1.ConditionTrue))
		expect(2, 2)
		t.see(userWith("b", metav1.ConditionFalse))
		expect(2, 1)
		t.forget(toolscache.DeletedFinalStateUnknown{Obj: userWith("a", metav1.ConditionTrue)})
		t.forget(userWith("b", metav1.ConditionFalse))
		expect(0, 0)
		Expect(t.Changed()).To(HaveLen(1))
	})

	It("keeps of a user only what it counts", func() {
		kept, err := keepReadiness(userWith("a", metav1.ConditionTrue))
		Expect(err).NotTo(HaveOccurred())
		user, ok := kept.(*v1alpha1.ManagedUser)
		Expect(ok).To(BeTrue())
		Expect(user.UID).To(BeEquivalentTo("a"))
		Expect(user.Status.DisplayName).To(BeEmpty())
		Expect(user.Status.Conditions).To(HaveLen(1))
	})
})
