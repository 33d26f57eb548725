package archtest

import (
	"go/ast"
	"go/build/constraint"
)

// plain are the rooms whose tests make test runs without the race detector; the
// Makefile names the same.
var plain = []string{"archtest", "domain", "webui", "httpapi", "blob", "chart", "config", "demo", "errs", "i18n", "ident", "money", "page", "printout",
	"report", "scaletest", "sheet", "service/directory", "service/exchange", "service/glass", "service/inbox", "service/intake", "service/notice",
	"service/oversight", "service/plausibility", "service/screening", "service/servicetest", "service/subject", "service/visiting"}

// Goroutines checks that the rooms whose tests make test runs without the race
// detector start no goroutine, in their tests neither: there is nothing for it to
// find, and it makes them several times slower. Files behind a tag are not part of
// make test.
func Goroutines(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.Files {
		if !in(f.Room(), plain...) || tagged(f.AST) {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				fs = append(fs, t.at(f, n.Pos(), "goroutines", "%s is tested without the race detector and starts no goroutine", f.Room()))
			case *ast.SelectorExpr:
				if n.Sel.Name == "Go" || n.Sel.Name == "Parallel" {
					fs = append(fs, t.at(f, n.Sel.Pos(), "goroutines", "%s is tested without the race detector: no %s", f.Room(), n.Sel.Name))
				}
			}
			return true
		})
	}
	return fs
}

// tagged reports whether a file is built only when asked for.
func tagged(f *ast.File) bool {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if c.Pos() < f.Package && constraint.IsGoBuild(c.Text) {
				return true
			}
		}
	}
	return false
}
