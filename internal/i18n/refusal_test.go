package i18n_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

// operators are the rooms whose refusals reach a terminal only: their sentence
// itself names the flag or the setting that helps.
var operators = []string{"internal/app/", "internal/cli/", "internal/domain/measure/"}

// Whoever is refused reads in their language what stands in the way and what to
// do next: each refusal in the code has its sentence and at least one next step,
// in both languages.
func TestEachRefusalSaysTheNextStepInBothLanguages(t *testing.T) {
	c := house(t)
	seen := 0
	spoken := func(at, what, key string) {
		t.Helper()
		for _, lang := range []i18n.Lang{i18n.Chinese, i18n.English} {
			if !c.Has(lang, key) || c.Printer(lang).T(key) == "" {
				t.Errorf("%s: the %s %q says nothing in %s", at, what, key, lang)
			}
		}
	}
	goFiles(t, func(path string, fset *token.FileSet, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fn, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || fn.Sel.Name != "Refuse" || len(call.Args) < 3 {
				return true
			}
			if pkg, ok := fn.X.(*ast.Ident); !ok || pkg.Name != "errs" {
				return true
			}
			at := path + ":" + strconv.Itoa(fset.Position(call.Pos()).Line)
			seen++
			if key, ok := text(call.Args[1]); ok {
				spoken(at, "sentence", key)
			}
			if len(call.Args) == 3 && !slices.ContainsFunc(operators, func(p string) bool { return strings.HasPrefix(path, p) }) {
				t.Errorf("%s: a refusal without a next step", at)
			}
			for _, a := range call.Args[3:] {
				if key, ok := text(a); ok {
					spoken(at, "next step", key)
				}
			}
			return true
		})
	})
	if seen < 100 {
		t.Errorf("only %d refusals were found: the walk is blind", seen)
	}
}
