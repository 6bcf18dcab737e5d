package graphsim_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("the list of effects", func() {
	It("has every constant of the kind", func() {
		files, err := filepath.Glob("*.go")
		Expect(err).NotTo(HaveOccurred())
		declared := map[graphsim.Effect]bool{}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			Expect(err).NotTo(HaveOccurred())
			ast.Inspect(file, func(node ast.Node) bool {
				spec, ok := node.(*ast.ValueSpec)
				if !ok {
					return true
				}
				if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Effect" {
					value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
					Expect(err).NotTo(HaveOccurred())
					declared[graphsim.Effect(value)] = true
				}
				return true
			})
		}
		listed := map[graphsim.Effect]bool{}
		for _, effect := range graphsim.Effects() {
			listed[effect] = true
		}
		Expect(listed).To(Equal(declared))
		Expect(listed).To(HaveLen(len(graphsim.Effects())), "none twice")
	})
})
