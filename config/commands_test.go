package config_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/m365-operator/m365-operator/internal/testenv/controlplane"
)

// shell runs a line as somebody who reads the documentation does, as an administrator
// of the cluster.
func shell(ctx SpecContext, line string) (string, error) {
	GinkgoHelper()
	folder := GinkgoT().TempDir()
	access := filepath.Join(folder, "kubeconfig")
	Expect(controlplane.WriteKubeconfig(plane.Config, access)).To(Succeed())
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", line)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "KUBECONFIG="+access, "PATH="+filepath.Dir(plane.KubectlPath())+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// documentedLookups are the commands of the documentation that only read, by page.
func documentedLookups() map[string][]string {
	GinkgoHelper()
	found := map[string][]string{}
	for path, page := range pages() {
		for _, block := range matches("(?s)```sh\n(.*?)```", page) {
			for line := range strings.Lines(block) {
				words := strings.Fields(line)
				if len(words) > 4 && words[0] == "kubectl" && (words[1] == "get" || words[3] == "get") && !strings.Contains(line, "<name>") {
					found[path] = append(found[path], strings.TrimSpace(line))
				}
			}
		}
	}
	return found
}

const knownAlice = `{metadata: {name: alice, namespace: contoso}, spec: {tenantRef: {name: contoso}, userPrincipalName: alice@contoso.com}, status: {
	state: Active, userPrincipalName: alice@contoso.com, displayName: "Berger, Alice", mail: alice@contoso.com, admin: "False",
	mfa: {state: Registered}, licenses: [{sku: SPB, name: Microsoft 365 Business Premium}, {sku: SPE_E3, viaGroup: 6d1f0c1e-3f6f-4a52-9f6e-0d4f5a1b2c3d}],
	alerts: [Stale], validatedDevice: "True", devices: {total: 1, items: [{id: x, name: LT-042, operatingSystem: Windows, trustType: AzureAd, compliant: "True"}]},
	applications: {total: 1, items: [{name: MSPortal, role: Admin}]}, pendingChanges: [{facet: SignIn, action: BlockSignIn, from: Active, to: Suspended}]}}`

const knownContoso = `{metadata: {name: contoso, namespace: contoso}, spec: {tenantID: contoso.com, connectionRef: {name: msp}}, status: {
	undeclaredAdmins: [{id: x, userPrincipalName: eve@contoso.com}], licenses: [{sku: SPB, total: 25, consumed: 22, available: 3}],
	capabilities: [{name: ReadUsers, available: "True"}]}}`

var _ = Describe("The documentation's commands", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		stand := func(kind, content string) {
			GinkgoHelper()
			known := manifest(kind, "{}")
			Expect(yaml.Unmarshal([]byte(content), &known.Object)).To(Succeed())
			known.SetGroupVersionKind(manifest(kind, "{}").GroupVersionKind())
			status := known.Object["status"]
			Expect(as(masters).Create(ctx, known)).To(Succeed())
			DeferCleanup(func(ctx SpecContext) { Expect(as(masters).Delete(ctx, known)).To(Succeed()) })
			if status == nil {
				return
			}
			Expect(unstructured.SetNestedField(known.Object, status, "status")).To(Succeed())
			Expect(as(manager).Status().Update(ctx, known)).To(Succeed())
		}
		stand("ManagedUser", knownAlice)
		stand("ManagedUser", `{metadata: {name: unread, namespace: contoso}, spec: {tenantRef: {name: contoso}, userPrincipalName: x@contoso.com}}`)
		stand("Tenant", knownContoso)
		stand("Tenant", `{metadata: {name: unread, namespace: contoso}, spec: {tenantID: contoso.com, connectionRef: {name: msp}}}`)

		secret := &corev1.Secret{
			Type: "identity.m365-operator.io/first-sign-in",
			Data: map[string][]byte{"userPrincipalName": []byte("nina.keller@contoso.com"), "password": []byte("secret")},
		}
		secret.SetName("nina-first-sign-in")
		secret.SetNamespace(contoso)
		Expect(as(masters).Create(ctx, secret)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(client.IgnoreNotFound(as(masters).Delete(ctx, secret))).To(Succeed()) })
	})

	It("look up what they say, whatever has been read yet", func(ctx SpecContext) {
		answers := map[string]string{}
		for path, lines := range documentedLookups() {
			for _, line := range lines {
				out, err := shell(ctx, line)
				Expect(err).NotTo(HaveOccurred(), path+": "+line+"\n"+out)
				Expect(out).NotTo(ContainSubstring("<no value>"), path+": "+line)
				answers[line] = out
			}
		}
		Expect(len(answers)).To(BeNumerically(">=", 15))
		Expect(answers).To(SatisfyAll(
			ContainElement("alice@contoso.com\tSPB\tdirect\nalice@contoso.com\tSPE_E3\t6d1f0c1e-3f6f-4a52-9f6e-0d4f5a1b2c3d\n"),
			ContainElement("contoso\tSPB\t3\n"),
			ContainElement("contoso\talice@contoso.com\t[Stale]\n"),
			ContainElement("contoso\teve@contoso.com\n"),
			ContainElement("True\nLT-042\tWindows\tAzureAd\tTrue\n"),
			ContainElement("alice@contoso.com\tMSPortal\tAdmin\n"),
			ContainElement(HavePrefix(`"Berger, Alice","alice@contoso.com","alice@contoso.com","contoso","Active","Registered","False"`+"\n")),
			ContainElement("nina.keller@contoso.com\nsecret\n"),
			ContainElement("SignIn\tBlockSignIn\tActive → Suspended\n"),
		))
	})
})
