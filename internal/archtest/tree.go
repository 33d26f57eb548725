// Package archtest holds the rules of the house as tests: who may import whom,
// where time, randomness, SQL and the environment may be touched, how long a
// file may get, and what the SQL must look like to work on a distributed
// database as well.
//
// Every rule is a function from a [Tree] to findings, so it can be tried on a
// snippet that breaks it; a rule without such a snippet proves nothing. A
// finding names file, line, rule and what to do instead. The rules look at the
// syntax only: they need neither a build nor a database.
package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// module is the import path of the checkout.
const module = "github.com/shanhai-health/shanhai"

// File is one parsed Go file.
type File struct {
	Path  string // in the module, with slashes
	Dir   string // its package
	Test  bool
	AST   *ast.File
	Lines int
}

// Room is the package as the rules name it: without "internal/".
func (f *File) Room() string { return strings.TrimPrefix(f.Dir, "internal/") }

// Tree is a checkout, or a handful of snippets that pretend to be one.
type Tree struct {
	Fset       *token.FileSet
	Files      []*File
	Migrations map[string]string // file name to SQL
}

// Finding is one broken rule.
type Finding struct {
	Path string
	Line int
	Rule string
	Text string
}

// String is the finding as tests print it.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: [%s] %s", f.Path, f.Line, f.Rule, f.Text)
}

// Rule is one rule of the house.
type Rule struct {
	Name  string
	Check func(*Tree) []Finding
}

// Rules lists all rules.
func Rules() []Rule {
	return []Rule{{"layers", Layers}, {"libraries", Libraries}, {"calls", Calls}, {"state", State}, {"floats", Floats},
		{"sql outside store", StraySQL}, {"row dates", RowDates}, {"size", Size}, {"documentation", Documentation}, {"leftovers", Leftovers}, {"words", Words},
		{"goroutines", Goroutines}, {"store sql", StoreSQL}, {"migration sql", MigrationSQL}, {"figures", Figures}}
}

// Load parses the checkout below root.
func Load(root string) (*Tree, error) {
	sources, migrations := map[string]string{}, map[string]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			name := d.Name()
			if p != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		sql := path.Dir(rel) == "migrations" && strings.HasSuffix(rel, ".sql")
		if !sql && !strings.HasSuffix(rel, ".go") {
			return nil
		}
		raw, err := os.ReadFile(p) // #nosec G122 G304 -- the source tree
		if sql {
			migrations[rel] = string(raw)
		} else {
			sources[rel] = string(raw)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return Parse(sources, migrations)
}

// Parse makes a tree of Go files and migrations given as text.
func Parse(sources, migrations map[string]string) (*Tree, error) {
	t := &Tree{Fset: token.NewFileSet(), Migrations: migrations}
	for p, text := range sources {
		f, err := parser.ParseFile(t.Fset, p, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		t.Files = append(t.Files, &File{Path: p, Dir: path.Dir(p), Test: strings.HasSuffix(p, "_test.go"), AST: f, Lines: strings.Count(text, "\n")})
	}
	sort.Slice(t.Files, func(i, j int) bool { return t.Files[i].Path < t.Files[j].Path })
	return t, nil
}

// at makes a finding at a node.
func (t *Tree) at(f *File, pos token.Pos, rule, format string, args ...any) Finding {
	return Finding{f.Path, t.Fset.Position(pos).Line, rule, fmt.Sprintf(format, args...)}
}

// code is the files that become part of the program.
func (t *Tree) code() []*File {
	var fs []*File
	for _, f := range t.Files {
		if !f.Test {
			fs = append(fs, f)
		}
	}
	return fs
}

// imported is an import of a file.
type imported struct {
	path string
	name string // as used in the file
	pos  token.Pos
}

func (f *File) imports() []imported {
	var is []imported
	for _, s := range f.AST.Imports {
		p, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(p)
		if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(p)) // …/chi/v5 is used as chi
		}
		if s.Name != nil {
			name = s.Name.Name
		}
		is = append(is, imported{p, name, s.Pos()})
	}
	return is
}

// in reports whether a room is one of the named rooms or inside one of them.
func in(room string, rooms ...string) bool {
	for _, r := range rooms {
		if room == r || strings.HasPrefix(room, r+"/") {
			return true
		}
	}
	return false
}
