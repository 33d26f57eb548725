package mutate

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
)

// mutant is one branch turned.
type mutant struct {
	id       int
	file     string // from the root of the checkout
	line     int
	fn       string // function or method
	from, to string
	nth      int // of those that read the same in the function

	everywhere bool // no test says that it passes by: all of them do
}

// key names a mutant for as long as its code stands, wherever the line moves.
func (m mutant) key() string {
	key := fmt.Sprintf("%s %s: %s → %s", m.file, m.fn, m.from, m.to)
	if m.nth > 1 {
		key += fmt.Sprintf(" [%d]", m.nth)
	}
	return key
}

// truth says which constants a condition is replaced by. An operand of && that
// is always false makes the whole false, so it is turned to true only.
type truth struct{ always, never bool }

// rewriter makes the copy of one file.
type rewriter struct {
	fset    *token.FileSet
	info    *types.Info
	src     []byte
	path    string
	fn      string
	mutants []mutant
	conds   map[ast.Expr]truth // conditions of branches
	cases   map[ast.Expr]bool  // values of a switch
}

// rewrite is the file with every branch behind its number; mutants are numbered on
// from those given.
func (r *rewriter) rewrite(f *ast.File) string {
	r.conds, r.cases = map[ast.Expr]truth{}, map[ast.Expr]bool{}
	var out strings.Builder
	at := 0
	for _, d := range f.Decls {
		r.fn = "package"
		if x, ok := d.(*ast.FuncDecl); ok {
			r.fn = x.Name.Name
			if x.Recv != nil {
				r.fn = receiver(x.Recv.List[0].Type) + "." + r.fn
			}
		}
		from, to := r.offset(d.Pos()), r.offset(d.End())
		out.Write(r.src[at:from])
		out.WriteString(r.inside(d))
		at = to
	}
	out.Write(r.src[at:])
	return out.String()
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

func (r *rewriter) offset(p token.Pos) int { return r.fset.Position(p).Offset }

func (r *rewriter) plain(n ast.Node) string {
	return string(r.src[r.offset(n.Pos()):r.offset(n.End())])
}

// inside is the text of a node with the branches inside it replaced; the node
// itself stays.
func (r *rewriter) inside(n ast.Node) string {
	var out strings.Builder
	at := r.offset(n.Pos())
	put := func(x ast.Expr, text string) {
		out.Write(r.src[at:r.offset(x.Pos())])
		out.WriteString(text)
		at = r.offset(x.End())
	}
	ast.Inspect(n, func(c ast.Node) bool {
		r.note(c)
		x, ok := c.(ast.Expr)
		if !ok || c == n {
			return true
		}
		want, branch := r.conds[x]
		switch {
		case r.cases[x]:
			put(x, r.value(x))
			return false
		case !r.boolean(x):
			return true
		case branch:
			put(x, r.turn(x, want))
			return false
		case logical(x):
			put(x, r.turn(x, truth{true, true}))
			return false
		}
		return true
	})
	out.Write(r.src[at:r.offset(n.End())])
	return out.String()
}

// note remembers what stands in a place that branches.
func (r *rewriter) note(n ast.Node) {
	switch s := n.(type) {
	case *ast.IfStmt:
		r.conds[s.Cond] = truth{true, true}
	case *ast.ForStmt:
		if s.Cond != nil {
			r.conds[s.Cond] = truth{never: true} // always would only never end
		}
	case *ast.SwitchStmt:
		for _, c := range s.Body.List {
			for _, x := range c.(*ast.CaseClause).List {
				if s.Tag == nil {
					r.conds[x] = truth{true, true}
				} else {
					r.cases[x] = true
				}
			}
		}
	}
}

// boolean reports whether an expression is a plain bool that is computed.
func (r *rewriter) boolean(x ast.Expr) bool {
	tv, ok := r.info.Types[x]
	if !ok || tv.Value != nil || tv.Type == nil {
		return false
	}
	b, ok := tv.Type.(*types.Basic)
	return ok && b.Info()&types.IsBoolean != 0
}

func logical(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return logical(x.X)
	case *ast.UnaryExpr:
		return x.Op == token.NOT && logical(x.X)
	case *ast.BinaryExpr:
		_, ok := border[x.Op]
		return ok || x.Op == token.LAND || x.Op == token.LOR
	}
	return false
}

// border is each comparison with its border on the other side.
var border = map[token.Token]token.Token{token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.EQL: token.NEQ, token.NEQ: token.EQL}

// turn is an expression with its mutants.
func (r *rewriter) turn(e ast.Expr, want truth) string {
	switch x := e.(type) {
	case *ast.ParenExpr:
		return "(" + r.turn(x.X, want) + ")"
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			return "!" + r.turn(x.X, truth{want.never, want.always})
		}
	case *ast.BinaryExpr:
		switch x.Op {
		case token.LAND:
			c := r.choice(e, truth{never: want.never}, "")
			return c.close(r.turn(x.X, truth{always: true}) + " && " + r.turn(x.Y, truth{always: true}))
		case token.LOR:
			c := r.choice(e, truth{always: want.always}, "")
			return c.close(r.turn(x.X, truth{never: true}) + " || " + r.turn(x.Y, truth{never: true}))
		}
		if op, ok := border[x.Op]; ok {
			c := r.choice(e, want, r.plain(x.X)+" "+op.String()+" "+r.plain(x.Y))
			return c.close(r.inside2(x.X) + " " + x.Op.String() + " " + r.inside2(x.Y))
		}
	}
	c := r.choice(e, want, "")
	return c.close(r.inside(e))
}

// inside2 is inside for an operand, which may be a branch itself: a == b in f(a == b) > 0.
func (r *rewriter) inside2(x ast.Expr) string {
	if r.boolean(x) && logical(x) {
		return r.turn(x, truth{true, true})
	}
	return r.inside(x)
}

// choice is the switch around one expression.
type choice struct {
	first, last int
	arms        string
}

func (r *rewriter) choice(e ast.Expr, want truth, other string) choice {
	c := choice{first: r.next()}
	arm := func(text string) {
		c.last = r.add(e, text)
		c.arms += fmt.Sprintf("case %d: return %s; ", c.last, text)
	}
	if want.always {
		arm("true")
	}
	if want.never {
		arm("false")
	}
	if other != "" {
		arm(other)
	}
	return c
}

func (c choice) close(text string) string {
	if c.arms == "" {
		return "(" + text + ")"
	}
	return fmt.Sprintf("(func() bool { switch mutantAt(%d, %d) { %s}; return %s }())", c.first, c.last, c.arms, text)
}

// value is a case that never matches.
func (r *rewriter) value(x ast.Expr) string {
	tv := r.info.Types[x]
	_, literal := x.(*ast.BasicLit)
	_, named := tv.Type.(*types.Named)
	b, ok := tv.Type.Underlying().(*types.Basic)
	if !ok || b.Info()&types.IsString == 0 || literal && named {
		return r.inside(x)
	}
	id := r.add(x, "no case")
	return fmt.Sprintf("mutantCase(%d, %s)", id, r.plain(x))
}

func (r *rewriter) next() int { return len(r.mutants) + 1 }

func (r *rewriter) add(x ast.Expr, to string) int {
	m := mutant{id: r.next(), file: r.path, line: r.fset.Position(x.Pos()).Line, fn: r.fn, from: short(r.plain(x)), to: short(to)}
	r.mutants = append(r.mutants, m.numbered(r.mutants))
	return m.id
}

// numbered tells a mutant from those before it that read the same.
func (m mutant) numbered(before []mutant) mutant {
	m.nth = 1
	for _, o := range before {
		if o.file == m.file && o.fn == m.fn && o.from == m.from && o.to == m.to {
			m.nth++
		}
	}
	return m
}

func short(text string) string { return strings.Join(strings.Fields(text), " ") }

// helper is the file that is added to the package: which mutant lives, and who
// passes by.
const helper = `
import (
	"os"
	"strconv"
	"sync/atomic"
)

var (
	mutantLives, _ = strconv.Atoi(os.Getenv("SHANHAI_MUTANT"))
	mutantPath     = os.Getenv("SHANHAI_MUTANT_PASSED")
	mutantPassed   [%d]atomic.Bool
)

func mutantAt(first, last int) int {
	if mutantPath != "" {
		for id := first; id <= last; id++ {
			mutantPass(id)
		}
	}
	if mutantLives >= first && mutantLives <= last {
		return mutantLives
	}
	return 0
}

func mutantPass(id int) {
	if mutantPassed[id].Swap(true) {
		return
	}
	f, err := os.OpenFile(mutantPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	_, _ = f.WriteString(strconv.Itoa(id) + "\n")
	_ = f.Close()
}

func mutantCase[T ~string](id int, v T) T {
	if mutantAt(id, id) == id {
		return "\x00"
	}
	return v
}
`

// overlay writes the copies into dir and returns what replaces what.
func (p *source) overlay(dir string) (map[string]string, []mutant, error) {
	replace := map[string]string{}
	var mutants []mutant
	for i, f := range p.files {
		if !p.wanted(f.path) {
			continue
		}
		r := rewriter{fset: p.fset, info: p.info, src: f.src, path: p.relative(f.path), mutants: mutants}
		text := r.rewrite(f.ast)
		mutants = r.mutants
		copied := filepath.Join(dir, fmt.Sprintf("%d_%s", i, filepath.Base(f.path)))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			return nil, nil, err
		}
		replace[f.path] = copied
	}
	imports, more := "", ""
	if p.sql {
		var err error
		if mutants, err = p.rules(dir, replace, mutants); err != nil {
			return nil, nil, err
		}
		imports, more = "import \"regexp\"\n", fmt.Sprintf(ruleHelper, partText)
	}
	added := filepath.Join(dir, "mutant.go")
	text := "package " + p.name + "\n" + imports + fmt.Sprintf(helper, len(mutants)+1) + more
	replace[filepath.Join(p.dir, "zz_mutant.go")] = added
	return replace, mutants, os.WriteFile(added, []byte(text), 0o600)
}
