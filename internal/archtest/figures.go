package archtest

import (
	"go/ast"
	"go/token"
	"strings"
)

// spoken are the rooms that say figures to people.
var spoken = []string{"webui", "report", "printout", "httpapi", "service/reporting"}

// markMakers are the files that may take a reading as a number: those that draw,
// those that set two readings side by side, and the one that puts it into words.
var markMakers = []string{"internal/report/figure.go", "internal/report/outcomes.go", "internal/webui/measure_charts.go", "internal/webui/desk_maps.go",
	"internal/webui/desk_brief.go", "internal/service/reporting/readings.go"}

// percentWriters are the files that write a percent sign behind a number: the
// words of a reading, the axes of its charts, the unit of a target, and shares of
// money, which are no readings.
var percentWriters = []string{"internal/report/figure.go", "internal/webui/measure_charts.go", "internal/webui/desk_maps.go",
	"internal/webui/desk_page.go", "internal/webui/page_style.go", "internal/webui/policies_words.go", "internal/webui/approvals_routes.go", "internal/webui/view_money.go", "internal/webui/overview.go"}

// written are the functions that turn a number into text.
var written = []string{"Sprintf", "Sprint", "FormatFloat", "Decimal", "Short", "decimalText", "short", "say", "percent"}

// Figures checks that no rate is said without what belongs to it. The types let a
// reading out only whole (measure.Mark, report.Said); this sees to it that nobody
// takes the number out of the whole and drops the rest, and that nobody writes
// percents but the one who says readings.
func Figures(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.code() {
		if !in(f.Room(), spoken...) {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if pos, say := bareFigure(f, n); say != "" {
				fs = append(fs, t.at(f, pos, "figures", "%s", say))
			}
			return true
		})
	}
	return fs
}

// bareFigure says what is wrong with a node, or nothing.
func bareFigure(f *File, n ast.Node) (pos token.Pos, say string) {
	switch x := n.(type) {
	case *ast.AssignStmt:
		if len(x.Rhs) == 1 && len(x.Lhs) == 5 && calls(x.Rhs[0], "Parts") {
			for _, l := range x.Lhs[2:] {
				if id, ok := l.(*ast.Ident); ok && id.Name == "_" {
					return l.Pos(), "a figure is taken without its interval, what it rests on or its coverage: show them, or say the whole of it (String)"
				}
			}
		}
	case *ast.IndexExpr:
		if calls(x.X, "Row") {
			return x.Pos(), "one column of a figure is taken and the others dropped: keep the row, or say the whole of it (String)"
		}
	case *ast.SelectorExpr:
		if x.Sel.Name == "ForChart" && !in(f.Path, markMakers...) {
			return x.Pos(), "the number of a reading is for charts: say the reading with report.Say"
		}
	case *ast.CallExpr:
		if in(called(x), written...) && f.Path != markMakers[0] && takesReading(x.Args) {
			return x.Pos(), "the number of a reading is written by itself: say the reading with report.Say"
		}
	case *ast.BasicLit:
		if x.Kind == token.STRING && percentSign(x.Value) && !in(f.Path, percentWriters...) {
			return x.Pos(), "a percent is written here: a rate is said by report.Say, with what belongs to it"
		}
	}
	return token.NoPos, ""
}

// calls reports whether e is a call of a method of that name.
func calls(e ast.Expr, name string) bool {
	c, ok := e.(*ast.CallExpr)
	return ok && called(c) == name
}

// called is the bare name of what is called.
func called(c *ast.CallExpr) string {
	switch x := c.Fun.(type) {
	case *ast.SelectorExpr:
		return x.Sel.Name
	case *ast.Ident:
		return x.Name
	}
	return ""
}

// takesReading reports whether one of the arguments is the number of a reading.
func takesReading(args []ast.Expr) bool {
	found := false
	for _, a := range args {
		ast.Inspect(a, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			found = found || ok && in(called(c), "ForChart", "charted")
			return true
		})
	}
	return found
}

// percentSign reports whether a literal writes a percent sign behind a number:
// glued on, or in a format.
func percentSign(literal string) bool {
	return literal == `"%"` || strings.Contains(literal, "%%") && !strings.Contains(literal, " like ")
}
