package kube

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

var _ = Describe("Writes that nobody waits for", func() {
	It("are forgotten, also where the cache showed them before they were noted", func() {
		var w Writes
		now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
		note := func(name string, at time.Time) {
			w.Note(&v1alpha1.ManagedUser{ObjectMeta: metav1.ObjectMeta{Name: name, ResourceVersion: "7"}}, at)
		}
		note("alice", now)
		note("bob", now.Add(SightPatience/2))
		Expect(w.last).To(HaveLen(2))
		note("carol", now.Add(SightPatience))
		Expect(w.last).To(HaveLen(2))
		note("dave", now.Add(3*SightPatience))
		Expect(w.last).To(HaveLen(1))
	})
})
