package archtest

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

var (
	strayStatement = regexp.MustCompile(`(?is)^\s*(select\s+.+\sfrom\s|select\s+(\d|[a-z_]+\()|insert\s+into\s|update\s+\w+(\s+\w+)?\s+set\s+\S+\s*=|delete\s+from\s|` +
		`(create|drop|alter)\s+(table|role|index|database|policy|function|extension|user)\s|with\s+\w+\s+as\s*\(|set\s+local\s|truncate\s|lock\s+table\s|notify\s|listen\s)`)
	sqlWords  = regexp.MustCompile(`\b(select|insert into|update|delete from|where|order by|join|on conflict|returning|set local|set_config)\b`)
	sqlStart  = regexp.MustCompile(`^(with|select|insert|update|delete) `)
	newIDCall = regexp.MustCompile(`\b(gen_random_uuid|uuid_generate_v\d\w*|nextval|currval)\(`)
)

// StraySQL checks that SQL is written in the store and the migrations only.
func StraySQL(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.code() {
		if helpsTests(f) || in(f.Room(), "store", "migrations", "pgembed", "archtest", "bench", "faults", "acceptance") {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(lit.Value); err == nil && strayStatement.MatchString(text) {
				fs = append(fs, t.at(f, lit.Pos(), "sql outside store", "SQL lives in store and migrations; call a store method"))
			}
			return true
		})
	}
	return fs
}

// StoreSQL checks the SQL in the store's Go files.
func StoreSQL(t *Tree) []Finding {
	s := schemaOf(t.Migrations)
	texts := storeTexts{consts: map[string]ast.Expr{}}
	var files []*File
	for _, f := range t.code() {
		if in(f.Room(), "store") {
			files = append(files, f)
			texts.note(f)
		}
	}
	var fs []Finding
	for _, f := range files {
		seen := map[string]bool{}
		texts.each(f, func(pos token.Pos, raw string, whole bool) {
			text := clean(raw)
			if !sqlWords.MatchString(text) {
				return
			}
			said := lintSQL(text, s)
			if newIDCall.MatchString(text) {
				said = append(said, "ids and numbers are made by the application and come as parameters")
			}
			if whole && sqlStart.MatchString(text) && !strings.Contains(text, "§") && !strings.Contains(text, "partnership_id") {
				if used := s.uses(text); len(used) > 0 {
					said = append(said, "a statement on "+used[0]+" carries partnership_id = $n: one transaction, one partnership, one shard")
				}
			}
			for _, say := range said {
				found := t.at(f, pos, "store sql", "%s", say)
				if key := found.String(); !seen[key] {
					seen[key] = true
					fs = append(fs, found)
				}
			}
		})
	}
	return fs
}

// storeTexts puts the string expressions of a package together: literals,
// concatenations and package-level constants. What is known at run time only
// becomes §.
type storeTexts struct {
	consts map[string]ast.Expr
}

func (x storeTexts) note(f *File) {
	for _, d := range f.AST.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST && g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			if v, ok := s.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
				for i, n := range v.Names {
					x.consts[n.Name] = v.Values[i]
				}
			}
		}
	}
}

// value is the text of an expression; ok is false when it is no string.
func (x storeTexts) value(e ast.Expr, depth int) (text string, ok bool) {
	if depth > 20 {
		return "§", false
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "§", false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.ParenExpr:
		return x.value(e.X, depth+1)
	case *ast.Ident:
		if c, has := x.consts[e.Name]; has {
			return x.value(c, depth+1)
		}
	case *ast.BinaryExpr:
		a, okA := x.value(e.X, depth+1)
		b, okB := x.value(e.Y, depth+1)
		return a + b, e.Op == token.ADD && (okA || okB)
	}
	return "§", false
}

// each hands out the outermost string expressions of a file. Whole is false for
// package-level constants, which may be the beginning of a statement only.
func (x storeTexts) each(f *File, yield func(pos token.Pos, text string, whole bool)) {
	for _, d := range f.AST.Decls {
		_, whole := d.(*ast.FuncDecl)
		ast.Inspect(d, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			if text, ok := x.value(e, 0); ok {
				yield(e.Pos(), text, whole)
				return false
			}
			return true
		})
	}
}

// han is text in Chinese, the language people read.
var han = regexp.MustCompile(`\p{Han}`)

// samples are the invented people and places the tests render pages with; they
// are data, not sentences of the product, and live in files of that name.
const samples = "_samples.go"

// Words checks that no sentence for people is written in Go above the domain:
// texts live in the catalogues, so that both languages stay complete.
func Words(t *Tree) []Finding {
	var fs []Finding
	for _, f := range t.code() {
		_, floor, _ := storey(f.Room())
		if floor < adapter || floor >= proving || strings.HasSuffix(f.Path, samples) {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if ok && (lit.Kind == token.STRING || lit.Kind == token.CHAR) && han.MatchString(lit.Value) {
				fs = append(fs, t.at(f, lit.Pos(), "words", "%s belongs into web/i18n under a message key", lit.Value))
			}
			return true
		})
	}
	return fs
}
