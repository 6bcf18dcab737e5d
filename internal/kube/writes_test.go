package kube_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
)

var _ = Describe("Writes", func() {
	var w kube.Writes
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	alice := func(version string) *v1alpha1.ManagedUser {
		return &v1alpha1.ManagedUser{ObjectMeta: metav1.ObjectMeta{Namespace: "contoso", Name: "alice", ResourceVersion: version}}
	}

	BeforeEach(func() {
		w = kube.Writes{}
		w.Note(alice("100"), now)
	})

	It("put off a pass from an older object until the cache shows it, and then call for it once", func() {
		Expect(w.PutOff(alice("99"), now)).To(BeTrue())
		Expect(w.Seen(alice("99"))).To(BeFalse(), "that is a write before it")
		Expect(w.PutOff(alice("99"), now)).To(BeTrue())
		Expect(w.Seen(alice("100"))).To(BeTrue())
		Expect(w.Seen(alice("100"))).To(BeFalse())
		Expect(w.PutOff(alice("99"), now)).To(BeFalse(), "forgotten")
	})

	It("call for nobody who was not put off", func() {
		Expect(w.Seen(alice("101"))).To(BeFalse())
		Expect(w.PutOff(alice("99"), now)).To(BeFalse())
	})

	It("let a pass begin from what was written, or from what came after", func() {
		Expect(w.PutOff(alice("100"), now)).To(BeFalse())
		w.Note(alice("100"), now)
		Expect(w.PutOff(alice("1000"), now)).To(BeFalse())
	})

	It("concern one object each", func() {
		bob := alice("7")
		bob.Name = "bob"
		Expect(w.PutOff(bob, now)).To(BeFalse())
	})

	It("are waited for no longer than their patience", func() {
		late := now.Add(kube.SightPatience)
		Expect(w.PutOff(alice("99"), late.Add(-1))).To(BeTrue())
		Expect(w.PutOff(alice("99"), late)).To(BeFalse())
	})

	It("put nobody off for what is no version", func() {
		Expect(w.PutOff(alice(""), now)).To(BeFalse())
	})
})
