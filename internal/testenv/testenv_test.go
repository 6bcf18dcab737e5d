package testenv_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/discovery"

	"github.com/m365-operator/m365-operator/internal/testenv"
)

func TestTestenv(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Test environment")
}

var _ = Describe("The test environment", func() {
	It("serves this project's kinds", func(ctx SpecContext) {
		plane, err := testenv.Start(ctx, testenv.Options{})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(plane.Stop()).To(Succeed()) })

		client, err := discovery.NewDiscoveryClientForConfig(plane.Config)
		Expect(err).NotTo(HaveOccurred())
		served, err := client.ServerResourcesForGroupVersion("identity.m365-operator.io/v1alpha1")
		Expect(err).NotTo(HaveOccurred())
		var resources []string
		for _, resource := range served.APIResources {
			resources = append(resources, resource.Name)
		}
		Expect(resources).To(ContainElements("connections", "tenants", "managedusers"))
	}, SpecTimeout(5*time.Minute))

	It("fails when what it shall apply is not there", func(ctx SpecContext) {
		_, err := testenv.Start(ctx, testenv.Options{Apply: []string{"config/absent"}})
		Expect(err).To(MatchError(ContainSubstring("config/absent")))
	}, SpecTimeout(5*time.Minute))
})
