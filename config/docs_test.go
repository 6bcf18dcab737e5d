package config_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

const docs = "../docs"

// pages are the pages of the documentation, by path.
func pages() map[string]string {
	GinkgoHelper()
	paths, err := filepath.Glob(filepath.Join(docs, "*.md"))
	Expect(err).NotTo(HaveOccurred())
	found := map[string]string{}
	for _, path := range paths {
		found[path] = read(path)
	}
	Expect(found).To(HaveKey(filepath.Join(docs, "concepts.md")))
	return found
}

func read(path string) string {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Clean(path))
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}

// matches are the first groups of all matches.
func matches(pattern, text string) []string {
	var found []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// section is what follows a line that starts with the text, up to the next empty line.
func section(page, start string) string {
	GinkgoHelper()
	_, rest, found := strings.Cut(page, "\n"+start)
	Expect(found).To(BeTrue(), start)
	text, _, _ := strings.Cut(rest, "\n\n")
	return text
}

// goFiles are the contents of a folder's source files, tests aside.
func goFiles(folder string) []string {
	GinkgoHelper()
	var files []string
	Expect(filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files = append(files, read(path))
		}
		return err
	})).To(Succeed())
	return files
}

// declaredReasons are the values of the constants of type Reason.
func declaredReasons() []string {
	GinkgoHelper()
	file, err := parser.ParseFile(token.NewFileSet(), "../api/v1alpha1/conditions.go", nil, 0)
	Expect(err).NotTo(HaveOccurred())
	var reasons []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Reason" {
			reasons = append(reasons, strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`))
		}
		return false
	})
	Expect(reasons).To(ContainElement(string(v1alpha1.ReasonSucceeded)))
	return reasons
}

var _ = Describe("The documentation", func() {
	It("explains every reason of a condition, and none that is not used", func() {
		Expect(matches(`(?m)^### (\w+)$`, read(filepath.Join(docs, "troubleshooting.md")))).To(ConsistOf(declaredReasons()))
	})

	It("shows manifests that a cluster takes", func(ctx SpecContext) {
		shown := 0
		for path, page := range pages() {
			for _, block := range matches("(?s)```yaml\n(.*?)```", page) {
				for _, document := range strings.Split(block, "\n---\n") {
					object := &unstructured.Unstructured{}
					Expect(yaml.Unmarshal([]byte(document), &object.Object)).To(Succeed(), path+"\n"+document)
					if object.GroupVersionKind().Group != v1alpha1.GroupVersion.Group {
						continue
					}
					shown++
					Expect(as(masters).Apply(ctx, client.ApplyConfigurationFromUnstructured(object),
						client.FieldOwner("docs"), client.DryRunAll)).To(Succeed(), path+"\n"+document)
				}
			}
		}
		Expect(shown).To(BeNumerically(">=", 5))
	})

	It("knows the manager's flags, all of them and no others", func(ctx SpecContext) {
		declared := matches(`flags\.\w+Var\(&[\w.]+, "([a-z-]+)"`, read("../cmd/manager/options.go"))
		Expect(declared).To(ContainElement("observe-only"))

		var documented []string
		for _, row := range matches("(?m)^\\| (`--.*?) \\|", read(filepath.Join(docs, "operations.md"))) {
			documented = append(documented, matches("`--([a-z-]+)`", row)...)
		}
		inherited := func(flag string) bool { return strings.HasPrefix(flag, "zap-") }
		Expect(slices.DeleteFunc(documented, inherited)).To(ConsistOf(declared))

		for _, arg := range rendered[appsv1.Deployment](ctx, "manager", "Deployment")[0].Spec.Template.Spec.Containers[0].Args {
			flag, _, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
			Expect(declared).To(ContainElement(flag))
		}
	})

	It("knows every metric and every capability, and no others", func() {
		var metrics []string
		for _, folder := range []string{"../cmd", "../controllers", "../internal"} {
			for _, code := range goFiles(folder) {
				metrics = append(metrics, matches(`"(m365_[a-z_]+)"`, code)...)
			}
		}
		operations := read(filepath.Join(docs, "operations.md"))
		Expect(matches("(?m)^\\| `(m365_[a-z_]+)` \\|", operations)).To(ConsistOf(metrics))

		capabilities := matches(`name:\s+"(\w+)"`, read("../controllers/capabilities.go"))
		var documented []string
		for _, row := range matches("(?m)^\\| (`[A-Z]\\w+`[^|]*) \\|", section(read(filepath.Join(docs, "app-registration.md")), "| capability |")) {
			documented = append(documented, matches("`(\\w+)`", row)...)
		}
		Expect(documented).To(ConsistOf(capabilities))
	})

	It("knows every Event, and no others", func() {
		var told []string
		for _, code := range goFiles("../controllers") {
			for _, pattern := range []string{`event:\s+"(\w+)"`, `licenseAction\("(\w+)"`, `Events\.(?:Normal|Warning)\([\w.]+, "(\w+)"`} {
				told = append(told, matches(pattern, code)...)
			}
		}
		var documented []string
		for _, row := range matches("(?m)^\\| (`[A-Z]\\w+`[^|]*) \\|", section(read(filepath.Join(docs, "operations.md")), "| Event |")) {
			documented = append(documented, matches("`(\\w+)`", row)...)
		}
		Expect(documented).To(ConsistOf(told))
	})

	It("names the least permission of every capability, and no permission that none needs", func() {
		const permission = `[A-Z][A-Za-z-]+\.[A-Za-z.]+`
		code := read("../controllers/capabilities.go")
		page := read(filepath.Join(docs, "app-registration.md"))
		var documented []string
		for _, start := range []string{"| Microsoft Graph application permission | for | Observe", "| Microsoft Graph application permission | for | without"} {
			for _, row := range matches(`(?m)^\| ([^|]*) \|`, section(page, start)) {
				documented = append(documented, matches("`("+permission+")`", row)...)
			}
		}
		Expect(documented).To(ContainElement("User.Read.All"))

		// The least permission of a group stands first.
		for _, least := range matches(`\{\s*"(`+permission+`)"`, code) {
			Expect(documented).To(ContainElement(least))
		}
		needed := append(matches(`"(`+permission+`)"`, code), "Domain.Read.All")
		for _, name := range documented {
			Expect(needed).To(ContainElement(name))
		}
	})

	It("links to what is there", func() {
		for path, page := range pages() {
			for _, link := range matches(`\]\(([^)\s]+)\)`, page) {
				if strings.Contains(link, "://") {
					continue
				}
				file, anchor, _ := strings.Cut(link, "#")
				target := path
				if file != "" {
					target = filepath.Join(filepath.Dir(path), file)
				}
				Expect(target).To(BeAnExistingFile(), path+": "+link)
				if anchor != "" && strings.HasSuffix(target, ".md") {
					Expect(anchors(read(target))).To(ContainElement(anchor), path+": "+link)
				}
			}
		}
	})
})

// anchors are the names by which a page's headings are linked to.
func anchors(page string) []string {
	var found []string
	for _, heading := range matches(`(?m)^#+ (.+)$`, page) {
		name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading), "")
		found = append(found, strings.ReplaceAll(name, " ", "-"))
	}
	return found
}
