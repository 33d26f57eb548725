package mutate

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Who sees which rows is not decided in Go but in SQL: by row security and the
// functions above it, which stand in the migrations, and by the rules the queries
// of the store repeat. Their parts are turned as branches are: each one is always
// true, or always false.

// part is one condition of such a rule.
const partText = `not in_scope\([\w.]+\)` +
	`|(?:coalesce\()?current_setting\('app\.(?:wide|actor)', true\)(?:, ''\))? (?:=|<>) '1?'` +
	`|[\w.]*visible_to && nullif\(current_setting\('app\.scope', true\), ''\)::uuid\[\]` +
	`|strpos\(current_setting\('app\.scope', true\), [\w\[\]]+::text\) > 0` +
	`|cardinality\(visible_to\) = \d` +
	`|nullif\(current_setting\('app\.practitioner', true\), ''\)::uuid = any \([\w.]+\)` +
	`|[\w.]*partnership_id = nullif\(current_setting\('app\.partnership', true\), ''\)::uuid` +
	`|partnership is null or actor is null|v_partnership is null|partnership is null|actor is null`

var (
	part     = regexp.MustCompile(partText)
	function = regexp.MustCompile(`(?m)^create (?:or replace )?function (\w+)`)
	comment  = regexp.MustCompile(`(?m)--.*$`)
)

// turned is what a part is turned to; an even mutant of the two is always true.
var turned = [2]string{"true", "false"}

// migrationParts turns the parts in the migrations. A function that a later file
// writes anew is turned there only.
func migrationParts(folder string, mutants []mutant) (embed string, _ []mutant, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.sql"))
	if err != nil {
		return "", nil, err
	}
	slices.Sort(files)
	texts, last := map[string]string{}, map[string]string{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			return "", nil, err
		}
		texts[f] = comment.ReplaceAllStringFunc(string(raw), func(c string) string { return strings.Repeat("-", len(c)) })
		for _, m := range function.FindAllStringSubmatch(texts[f], -1) {
			last[m[1]] = f
		}
	}
	var table strings.Builder
	for _, f := range files {
		for _, at := range part.FindAllStringIndex(texts[f], -1) {
			fn := "file"
			if m := function.FindAllStringSubmatch(texts[f][:at[0]], -1); len(m) > 0 {
				fn = m[len(m)-1][1]
			}
			if last[fn] != f {
				continue
			}
			for _, to := range turned {
				m := mutant{id: len(mutants) + 1, file: "migrations/" + filepath.Base(f), line: 1 + strings.Count(texts[f][:at[0]], "\n"), fn: fn,
					from: texts[f][at[0]:at[1]], to: to, everywhere: true}
				mutants = append(mutants, m.numbered(mutants))
				fmt.Fprintf(&table, "\t%d: {%q, %d, %d, %q},\n", m.id, filepath.Base(f), at[0], at[1], to)
			}
		}
	}
	return fmt.Sprintf(embedText, table.String()), mutants, nil
}

// queryParts turns the parts of the rules that functions of a file give as text.
// mutantRule of the helper turns them when the text is put together.
func queryParts(path, name string, mutants []mutant) (text string, _ []mutant, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, raw, parser.SkipObjectResolution)
	if err != nil {
		return "", nil, err
	}
	var out strings.Builder
	at := 0
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		ret := fn.Body.List[0].(*ast.ReturnStmt).Results[0]
		sample := ""
		ast.Inspect(ret, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.BasicLit:
				sample += strings.Trim(x.Value, "`\"")
			case *ast.Ident:
				sample += x.Name
			}
			return true
		})
		first := len(mutants) + 1
		for _, from := range part.FindAllString(sample, -1) {
			for _, to := range turned {
				m := mutant{id: len(mutants) + 1, file: name, line: fset.Position(ret.Pos()).Line, fn: fn.Name.Name, from: from, to: to}
				mutants = append(mutants, m.numbered(mutants))
			}
		}
		begin, end := fset.Position(ret.Pos()).Offset, fset.Position(ret.End()).Offset
		fmt.Fprintf(&out, "%smutantRule(%d, %d, %s)", raw[at:begin], first, len(mutants), raw[begin:end])
		at = end
	}
	out.Write(raw[at:])
	return out.String(), mutants, nil
}

// rules puts the turned rules into the overlay.
func (p *source) rules(dir string, replace map[string]string, mutants []mutant) ([]mutant, error) {
	put := func(path, text string) error {
		copied := filepath.Join(dir, "rules_"+filepath.Base(path))
		replace[path] = copied
		return os.WriteFile(copied, []byte(text), 0o600)
	}
	for _, f := range p.files {
		if !p.wanted(f.path) {
			continue
		}
		text, more, err := queryParts(f.path, p.relative(f.path), mutants)
		if err != nil {
			return nil, err
		}
		mutants = more
		if err := put(f.path, text); err != nil {
			return nil, err
		}
	}
	embed, mutants, err := migrationParts(filepath.Join(p.root, "migrations"), mutants)
	if err != nil {
		return nil, err
	}
	return mutants, put(filepath.Join(p.root, "migrations", "embed.go"), embed)
}

// embedText is package migrations with one part turned.
const embedText = `package migrations

import (
	"embed"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"testing/fstest"
)

//go:embed *.sql
var files embed.FS

var FS = turned()

var mutants = map[int]struct {
	file     string
	from, to int
	text     string
}{
%s}

func turned() fs.FS {
	lives, _ := strconv.Atoi(os.Getenv("SHANHAI_MUTANT"))
	m, ok := mutants[lives]
	if !ok {
		return files
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		panic(err)
	}
	all := fstest.MapFS{}
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		if name == m.file {
			raw = slices.Concat(raw[:m.from], []byte(m.text), raw[m.to:])
		}
		all[name] = &fstest.MapFile{Data: raw}
	}
	return all
}
`

// ruleHelper is what the copies of rules call: parts are numbered as they stand
// in the text, two mutants each.
const ruleHelper = `
var mutantPart = regexp.MustCompile(` + "`" + `%s` + "`" + `)

func mutantRule(first, last int, text string) string {
	lives := mutantAt(first, last)
	if lives == 0 {
		return text
	}
	n := -1
	return mutantPart.ReplaceAllStringFunc(text, func(part string) string {
		if n++; n != (lives-first)/2 {
			return part
		}
		return [2]string{"true", "false"}[(lives-first)%%2]
	})
}
`
