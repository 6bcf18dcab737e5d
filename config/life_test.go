package config_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// simulatedContoso is the tenant that the samples are written for, as the demo and the
// playground have it.
func simulatedContoso() graphsim.TenantSpec {
	GinkgoHelper()
	sim, err := graphsim.New(graphsim.Options{Tenants: 1, Users: 20})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(sim.Close)
	dump, err := sim.Dump(sim.Tenants()[0].ID)
	Expect(err).NotTo(HaveOccurred())
	Expect(dump.Tenants[0].DisplayName).To(Equal("Contoso Ltd"))
	return dump.Tenants[0]
}

var _ = It("The samples of a life name what the simulated Contoso has", func() {
	contoso := simulatedContoso()
	var skus, groups, roles, people []string
	for _, sku := range contoso.SKUs {
		skus = append(skus, sku.PartNumber)
	}
	for _, g := range contoso.Groups {
		groups = append(groups, g.DisplayName)
	}
	for _, app := range contoso.Applications {
		for _, role := range app.Roles {
			roles = append(roles, app.DisplayName+": "+role.DisplayName)
		}
	}
	for _, user := range contoso.Users {
		name, _ := user["userPrincipalName"].(string)
		people = append(people, strings.ToLower(name))
	}

	files, err := filepath.Glob("samples/life/*.yaml")
	Expect(err).NotTo(HaveOccurred())
	Expect(files).To(HaveLen(4))
	for _, file := range files {
		content, err := os.ReadFile(filepath.Clean(file))
		Expect(err).NotTo(HaveOccurred())
		var nina v1alpha1.ManagedUser
		Expect(yaml.UnmarshalStrict(content, &nina)).To(Succeed())
		Expect(people).NotTo(ContainElement(nina.Spec.UserPrincipalName))
		if manager := nina.Spec.Manager; manager != nil && *manager != "" {
			Expect(people).To(ContainElement(*manager))
		}
		for _, entry := range nina.Spec.Licenses {
			Expect(skus).To(ContainElement(entry.SKU), file)
		}
		for _, entry := range nina.Spec.Groups {
			Expect(groups).To(ContainElement(entry.Name), file)
		}
		for _, entry := range nina.Spec.Applications {
			Expect(roles).To(ContainElement(entry.Name+": "+entry.Role), file)
		}
	}
})
