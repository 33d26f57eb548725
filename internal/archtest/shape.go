package archtest

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// Bounds of size.
const (
	maxFileLines     = 700
	maxFunctionLines = 120 // without the tables in it
	maxParameters    = 5   // besides the context and the test
)

// Size checks the length of files and functions and the number of parameters.
func Size(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.Files {
		if f.Lines > maxFileLines {
			fs = append(fs, t.at(f, f.AST.Package, "size", "%d lines; a file has at most %d: split it by concern", f.Lines, maxFileLines))
		}
		for _, d := range f.AST.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := t.lines(fn) - t.tableLines(fn); n > maxFunctionLines {
				fs = append(fs, t.at(f, fn.Pos(), "size", "%s has %d lines; a function has at most %d", fn.Name.Name, n, maxFunctionLines))
			}
			if n := parameters(fn); n > maxParameters {
				fs = append(fs, t.at(f, fn.Pos(), "size", "%s takes %d parameters; more than %d become a struct", fn.Name.Name, n, maxParameters))
			}
			if pos, late := lateContext(fn); late {
				fs = append(fs, t.at(f, pos, "size", "%s: the context is the first parameter", fn.Name.Name))
			}
		}
	}
	return fs
}

func (t *Tree) lines(n ast.Node) int {
	return t.Fset.Position(n.End()).Line - t.Fset.Position(n.Pos()).Line + 1
}

// tableLines are the lines of the outermost composite literals: a long table of
// cases is easy to read however long it is.
func (t *Tree) tableLines(fn *ast.FuncDecl) int {
	n := 0
	ast.Inspect(fn, func(x ast.Node) bool {
		lit, ok := x.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if l := t.lines(lit); l > 1 {
			n += l - 1
		}
		return false
	})
	return n
}

// aside are the parameters that do not count: the context, the test, and the
// request with its answer, which stand at the head of every handler as a context
// stands at the head of every use case.
func aside(e ast.Expr) bool {
	if s, ok := e.(*ast.StarExpr); ok {
		e = s.X
	}
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && (x.Name == "context" && sel.Sel.Name == "Context" || x.Name == "testing" ||
		x.Name == "http" && (sel.Sel.Name == "Request" || sel.Sel.Name == "ResponseWriter"))
}

func parameters(fn *ast.FuncDecl) int {
	n := 0
	for _, p := range fn.Type.Params.List {
		if !aside(p.Type) {
			n += max(len(p.Names), 1)
		}
	}
	return n
}

func lateContext(fn *ast.FuncDecl) (token.Pos, bool) {
	for i, p := range fn.Type.Params.List {
		sel, ok := p.Type.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Context" || i == 0 {
			continue
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == "context" && !aside(fn.Type.Params.List[0].Type) {
			return p.Pos(), true
		}
	}
	return token.NoPos, false
}

// Documentation checks that every package and every exported name says what it
// is for.
func Documentation(t *Tree) []Finding {
	var fs []Finding
	documented := map[string]bool{}
	first := map[string]*File{}
	for _, f := range t.code() {
		documented[f.Dir] = documented[f.Dir] || f.AST.Doc != nil
		if first[f.Dir] == nil {
			first[f.Dir] = f
		}
		for _, d := range f.AST.Decls {
			fs = append(fs, t.undocumented(f, d)...)
		}
	}
	for dir, f := range first {
		if !documented[dir] {
			fs = append(fs, t.at(f, f.AST.Package, "documentation", "package %s has no comment saying what the room is for", f.AST.Name.Name))
		}
	}
	return fs
}

func (t *Tree) undocumented(f *File, d ast.Decl) []Finding {
	var fs []Finding
	miss := func(pos token.Pos, name string) {
		fs = append(fs, t.at(f, pos, "documentation", "exported %s has no comment", name))
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			miss(d.Pos(), d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
					miss(s.Pos(), s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
						miss(n.Pos(), n.Name)
					}
				}
			}
		}
	}
	return fs
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

var (
	mark  = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b|(?i)\bfor now\b|\bnot implemented\b`)
	vague = map[string]bool{"util": true, "utils": true, "common": true, "base": true, "helper": true, "helpers": true, "misc": true, "shared": true}
)

// Leftovers checks for marks of unfinished work, skipped tests, and packages
// whose name says nothing.
func Leftovers(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.Files {
		if in(f.Room(), "archtest") { // the rules have to name what they forbid
			continue
		}
		if vague[f.AST.Name.Name] {
			fs = append(fs, t.at(f, f.AST.Package, "leftovers", "package %s says nothing; name it after what it provides", f.AST.Name.Name))
		}
		for _, g := range f.AST.Comments {
			for _, c := range g.List {
				if m := mark.FindString(c.Text); m != "" {
					fs = append(fs, t.at(f, c.Pos(), "leftovers", "%q marks unfinished work: finish it, or open an issue", m))
				}
			}
		}
		if f.Test {
			fs = append(fs, t.skips(f)...)
		}
	}
	return fs
}

func (t *Tree) skips(f *File) []Finding {
	var fs []Finding
	ast.Inspect(f.AST, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || !strings.HasPrefix(sel.Sel.Name, "Skip") {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && has([]string{"t", "b", "tb", "f"}, x.Name) && has([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
			fs = append(fs, t.at(f, sel.Pos(), "leftovers", "a skipped test proves nothing: provide what it needs or remove it"))
		}
		return true
	})
	return fs
}

// dateColumn is how columns that hold a day are named.
var dateColumn = regexp.MustCompile(`(^|_)(on|date)$`)

// RowDates checks that no row struct of the store reads a day into a time.Time:
// a Shanghai midnight in UTC is the day before.
func RowDates(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.code() {
		if !in(f.Room(), "store") {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			st, ok := n.(*ast.StructType)
			if !ok {
				return true
			}
			for _, field := range st.Fields.List {
				if !instant(field.Type) {
					continue
				}
				tag := ""
				if field.Tag != nil {
					if _, rest, ok := strings.Cut(field.Tag.Value, `db:"`); ok {
						tag, _, _ = strings.Cut(rest, `"`)
					}
				}
				for _, name := range field.Names {
					if dateColumn.MatchString(tag) || strings.HasSuffix(name.Name, "Date") || strings.HasSuffix(name.Name, "On") {
						fs = append(fs, t.at(f, name.Pos(), "row dates", "%s is a day: use clock.Date, a time.Time moves with the zone", name.Name))
					}
				}
			}
			return true
		})
	}
	return fs
}

// instant reports whether a type is time.Time, its pointer or its nullable form.
func instant(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.StarExpr:
		return instant(x.X)
	case *ast.IndexExpr:
		return instant(x.Index)
	case *ast.SelectorExpr:
		p, ok := x.X.(*ast.Ident)
		return ok && (p.Name == "time" && x.Sel.Name == "Time" || p.Name == "sql" && x.Sel.Name == "NullTime" || p.Name == "pq" && x.Sel.Name == "NullTime")
	}
	return false
}
