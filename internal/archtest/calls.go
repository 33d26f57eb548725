package archtest

import (
	"go/ast"
	"go/token"
	"strings"
)

// ban is a function of a package that only some rooms may use.
type ban struct {
	pkg   string
	names []string
	rooms []string
	tests bool // holds in tests as well
	say   string
}

var bans = []ban{
	{"time", []string{"Now", "Since", "Until", "After", "Tick", "AfterFunc"}, []string{"clock", "pgtest", "bench", "faults", "acceptance"}, false,
		"time comes from clock.Clock, so that tests can pin it; wait with a timer and a context"},
	{"time", []string{"Sleep"}, nil, true, "wait for a signal, a context or a timer, never for time to pass"},
	{"os", []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Unsetenv"}, []string{"config", "pgtest", "acceptance", "faults", "bench"}, false,
		"only config reads the environment"},
	{"os", []string{"Exit"}, []string{"cmd", "pgtest"}, false, "only cmd ends the process; return an error"},
	{"log", []string{"Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Print", "Printf", "Println"}, []string{"cmd"}, false, "return an error, or use the logger that was handed in"},
	{"slog", []string{"Default", "SetDefault", "Debug", "Info", "Warn", "Error"}, []string{"app", "cli", "cmd"}, false, "use the logger that was handed in"},
	{"casbin", []string{"NewCachedEnforcer", "NewSyncedCachedEnforcer"}, nil, true, "cached enforcers keep answering \"allow\" after a role is gone"},
	{"csv", []string{"NewWriter"}, []string{"sheet"}, false, "write tables with sheet: it keeps spreadsheets from taking a text for a formula"},
	{"http", []string{"DefaultClient", "Get", "Post", "PostForm", "Head", "ListenAndServe", "ListenAndServeTLS"}, nil, false, "use a client or server with time limits"},
}

// Calls checks where the clock, the environment and the end of the process may
// be touched.
func Calls(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.Files {
		names := map[string]string{} // name in the file → package name of the ban
		for _, i := range f.imports() {
			if base := lastName(i.path); i.path == base || i.path == "log/slog" || i.path == "net/http" || i.path == "encoding/csv" || strings.HasPrefix(i.path, "github.com/casbin/casbin") {
				names[i.name] = base
			}
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok || names[x.Name] == "" {
				return true
			}
			for _, b := range bans {
				if b.pkg == names[x.Name] && has(b.names, sel.Sel.Name) && !in(f.Room(), b.rooms...) && (!f.Test || b.tests) {
					fs = append(fs, t.at(f, sel.Pos(), "calls", "%s.%s: %s", b.pkg, sel.Sel.Name, b.say))
				}
			}
			return true
		})
	}
	return fs
}

func has(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// lastName is the package name an import path usually has.
func lastName(path string) string {
	if strings.HasPrefix(path, "github.com/casbin/casbin") {
		return "casbin"
	}
	return path[strings.LastIndex(path, "/")+1:]
}

// State checks that packages keep no state of their own: no init, and
// package-level variables only as tables that nobody writes to.
func State(t *Tree) []Finding {
	var fs []Finding
	vars := map[string]map[string]bool{} // package → names of its variables
	for _, f := range t.code() {
		if in(f.Room(), "pgtest", "scaletest") { // one server, and one flag, for all tests of a process are their purpose
			continue
		}
		if vars[f.Dir] == nil {
			vars[f.Dir] = map[string]bool{}
		}
		for _, d := range f.AST.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					fs = append(fs, t.at(f, d.Pos(), "state", "no init(): what a package needs is handed to it"))
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					fs = append(fs, t.packageVars(f, d, vars[f.Dir])...)
				}
			}
		}
	}
	for _, f := range t.code() {
		fs = append(fs, t.writes(f, vars[f.Dir])...)
	}
	return fs
}

// packageVars notes the variables and finds the ones made to be written to.
func (t *Tree) packageVars(f *File, d *ast.GenDecl, names map[string]bool) []Finding {
	var fs []Finding
	for _, s := range d.Specs {
		spec := s.(*ast.ValueSpec)
		for i, n := range spec.Names {
			if n.Name == "_" {
				continue
			}
			names[n.Name] = true
			var value ast.Expr
			if i < len(spec.Values) {
				value = spec.Values[i]
			}
			if mutable(spec.Type, value, goEmbed(d.Doc) || goEmbed(spec.Doc)) {
				fs = append(fs, t.at(f, n.Pos(), "state", "package-level variable %s can only be meant to change; keep it in a struct the caller owns", n.Name))
			}
		}
	}
	return fs
}

func goEmbed(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// mutable reports whether a declaration makes sense only for a variable that
// changes: no value at all, an empty map, a channel, a lock or an atomic.
func mutable(typ, value ast.Expr, embeds bool) bool {
	if locks(typ) || value != nil && locks(compositeType(value)) {
		return true
	}
	if value == nil {
		return !embeds && !readOnlyZero(typ)
	}
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	fn, ok := call.Fun.(*ast.Ident)
	return ok && (fn.Name == "make" || fn.Name == "new")
}

// readOnlyZero: var zero struct{} and the like are used as constants.
func readOnlyZero(typ ast.Expr) bool {
	_, isStruct := typ.(*ast.StructType)
	return isStruct
}

func compositeType(e ast.Expr) ast.Expr {
	if u, ok := e.(*ast.UnaryExpr); ok {
		e = u.X
	}
	if c, ok := e.(*ast.CompositeLit); ok {
		return c.Type
	}
	return nil
}

func locks(typ ast.Expr) bool {
	if ix, ok := typ.(*ast.IndexExpr); ok {
		typ = ix.X
	}
	sel, ok := typ.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && (x.Name == "sync" || x.Name == "atomic")
}

// writes finds assignments to package-level variables: the name itself, an
// element, a field, ++, delete, clear, and taking its address.
func (t *Tree) writes(f *File, vars map[string]bool) []Finding {
	var fs []Finding
	for _, d := range f.AST.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		locals := localNames(fn)
		targets(fn.Body, func(e ast.Expr) {
			if id := rootOf(e); id != nil && vars[id.Name] && !locals[id.Name] {
				fs = append(fs, t.at(f, id.Pos(), "state", "package-level variable %s is written to; keep what changes in a struct the caller owns", id.Name))
			}
		})
	}
	return fs
}

// targets hands out every expression a body writes to.
func targets(body *ast.BlockStmt, report func(ast.Expr)) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, l := range n.Lhs {
					report(l)
				}
			}
		case *ast.IncDecStmt:
			report(n.X)
		case *ast.UnaryExpr:
			if id, ok := n.X.(*ast.Ident); ok && n.Op == token.AND {
				report(id)
			}
		case *ast.CallExpr:
			if fn, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && (fn.Name == "delete" || fn.Name == "clear") {
				report(n.Args[0])
			}
		}
		return true
	})
}

// localNames are the names a function declares anywhere inside: a package-level
// variable of the same name is hidden by them.
func localNames(fn *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	add := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok {
			names[id.Name] = true
		}
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, l := range n.Lhs {
					add(l)
				}
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				add(n.Key)
				add(n.Value)
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		}
		return true
	})
	return names
}

// rootOf is the variable an expression is a part of.
func rootOf(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// Floats checks that no floating-point number comes near money.
func Floats(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.code() {
		if !nearMoney(f) {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if n.Name == "float64" || n.Name == "float32" || n.Name == "ParseFloat" {
					fs = append(fs, t.at(f, n.Pos(), "floats", "%s beside money: amounts are integer fen, rates integer basis points", n.Name))
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT {
					fs = append(fs, t.at(f, n.Pos(), "floats", "%s beside money: amounts are integer fen, rates integer basis points", n.Value))
				}
			}
			return true
		})
	}
	return fs
}

// nearMoney: the rooms of money, and the store's files about it. What a measure
// reads as a rate with its interval is no money; sums of money stay integers.
func nearMoney(f *File) bool {
	if in(f.Room(), "domain/measure") && strings.HasPrefix(lastName(f.Path), "reading") {
		return false
	}
	if in(f.Room(), "money", "domain/fund", "domain/fee", "domain/policy", "domain/measure", "service/funding") {
		return true
	}
	if !in(f.Room(), "store") {
		return false
	}
	for _, word := range []string{"ledger", "fund", "fee", "settle", "approval", "money", "measure", "year"} {
		if strings.Contains(lastName(f.Path), word) {
			return true
		}
	}
	return false
}
