package main

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
)

var _ = Describe("Credentials for a first sign-in", func() {
	It("are kept where the Role that ships for them was applied, and nowhere else", func(ctx SpecContext) {
		p := newProvider(ctx, "roles")
		clients := p.newCustomers(ctx, []string{"allowed", "forbidden"}, 1)
		allowed, forbidden := clients[0], clients[1]
		allowed.allowSecrets(ctx)
		for _, c := range clients {
			c.recruit(1)
		}
		Expect(allowed.managerMay(ctx, "get")).To(BeTrue())
		Expect(allowed.managerMay(ctx, "create")).To(BeTrue())
		for _, verb := range []string{"list", "watch", "deletecollection"} {
			Expect(allowed.managerMay(ctx, verb)).To(BeFalse(), verb)
		}
		for _, verb := range []string{"get", "list", "watch", "create", "patch", "delete"} {
			Expect(forbidden.managerMay(ctx, verb)).To(BeFalse(), verb)
		}
		m := p.runManager(ctx)
		for _, c := range clients {
			c.settle(ctx)
			c.awaitMemory(ctx)
			Expect(api.Create(ctx, c.starter("nina"), client.FieldOwner("git"))).To(Succeed())
		}

		By("making the account where its Secret may be written")
		allowed.settle(ctx)
		Expect(allowed.firstPassword(ctx, Default, "nina")).To(HaveLen(24))

		By("saying what to do where it may not, before Graph is asked")
		Eventually(func(g Gomega, ctx context.Context) {
			nina := forbidden.named(ctx, g, "nina")
			g.Expect(condition(nina, v1alpha1.ConditionAccount)).To(Equal("False/AccessDenied"))
			g.Expect(condition(nina, v1alpha1.ConditionStalled)).To(Equal("True/AccessDenied"))
			ready, _ := kube.Condition(nina, v1alpha1.ConditionReady)
			g.Expect(ready.Message).To(ContainSubstring("config/rbac/tenant-namespace"))
		}).WithContext(ctx).Should(Succeed())
		Expect(forbidden.writes()).To(BeZero())

		By("going on when a person did it and asks for another pass")
		forbidden.allowSecrets(ctx)
		nina := forbidden.named(ctx, Default, "nina")
		asking := nina.DeepCopy()
		asking.Annotations = map[string]string{v1alpha1.RequestedAtAnnotation: "now"}
		Expect(api.Patch(ctx, asking, client.MergeFrom(nina))).To(Succeed())
		forbidden.settle(ctx)
		password := forbidden.firstPassword(ctx, Default, "nina")
		Expect(forbidden.sim.HasPassword(forbidden.tenantID, forbidden.upn("nina"), password)).To(BeTrue())

		By("taking the Secret away once the person has a password of her own")
		handedOver := time.Now()
		Eventually(time.Now).WithContext(ctx).Should(BeTemporally(">", handedOver.Add(time.Second)), "Graph tells times to the second")
		Expect(forbidden.sim.ChangePassword(forbidden.tenantID, forbidden.upn("nina"))).To(Succeed())
		Eventually(func(g Gomega, ctx context.Context) {
			g.Expect(forbidden.secrets(ctx, g)).To(BeEmpty())
		}).WithContext(ctx).Should(Succeed())
		forbidden.settle(ctx)
		m.end()
	}, SpecTimeout(specPatience))
})

// managerMay asks the API server what the manager may do with the client's Secrets.
func (c *customer) managerMay(ctx context.Context, verb string) bool {
	GinkgoHelper()
	answer, err := plane.Kubectl(ctx, "", "auth", "can-i", verb, "secrets", "--namespace="+c.namespace,
		"--as=system:serviceaccount:"+managerNamespace+":"+managerAccount)
	if _, said := errors.AsType[*exec.ExitError](err); err != nil && !said { // "no" comes with an exit code as well
		Expect(err).NotTo(HaveOccurred())
	}
	answer = strings.TrimSpace(answer)
	Expect(answer).To(BeElementOf("yes", "no"))
	return answer == "yes"
}

func (c *customer) secrets(ctx context.Context, g Gomega) []corev1.Secret {
	GinkgoHelper()
	var secrets corev1.SecretList
	g.Expect(api.List(ctx, &secrets, client.InNamespace(c.namespace))).To(Succeed())
	return secrets.Items
}

// firstPassword is what the only Secret of the namespace keeps for a person.
func (c *customer) firstPassword(ctx context.Context, g Gomega, name string) string {
	GinkgoHelper()
	secrets := c.secrets(ctx, g)
	g.Expect(secrets).To(HaveLen(1))
	g.Expect(string(secrets[0].Type)).To(Equal(firstSignIn))
	g.Expect(c.named(ctx, g, name).Status.FirstSignIn).To(HaveField("SecretName", secrets[0].Name))
	return string(secrets[0].Data["password"])
}
