package archtest

import (
	"go/ast"
)

// Goroutines checks that the rooms whose tests make test runs without the race
// detector start no goroutine, in their tests neither: there is nothing for it to
// find, and it makes them several times slower.
func Goroutines(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.Files {
		if !in(f.Room(), "domain", "archtest") {
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
