package main

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

var _ = Describe("What an object shows", func() {
	It("differs by every write, and says in what", func() {
		before := printed(metav1.ObjectMeta{ResourceVersion: "1"}, v1alpha1.TenantStatus{DisplayName: "A"})
		after := printed(metav1.ObjectMeta{ResourceVersion: "2"}, v1alpha1.TenantStatus{DisplayName: "B"})
		Expect(difference(before, after)).To(And(
			ContainSubstring(`"resourceVersion": "1"`), ContainSubstring(`+  "displayName": "B"`)))
		Expect(difference(before, before)).To(BeEmpty())
	})
})
