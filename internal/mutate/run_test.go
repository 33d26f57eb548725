package mutate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// source is a package read and type-checked.
type source struct {
	root, dir, name string
	only            []string // names of files; empty: all
	sql             bool     // the rules in SQL are turned as well
	fset            *token.FileSet
	info            *types.Info
	files           []file
}

type file struct {
	path string
	src  []byte
	ast  *ast.File
}

func (p *source) wanted(path string) bool {
	return len(p.only) == 0 || slices.Contains(p.only, filepath.Base(path))
}

func (p *source) relative(path string) string {
	rel, err := filepath.Rel(p.root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

// read loads a package with what it imports as compiled by the go command.
func read(root string, t target) (*source, error) {
	out, err := run(root, "go", "list", "-export", "-deps", "-json=ImportPath,Name,Dir,GoFiles,Export,DepOnly", t.pkg)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	p := &source{root: root, only: t.only, sql: t.sql, fset: token.NewFileSet()}
	var names []string
	path := ""
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var l struct {
			ImportPath, Name, Dir, Export string
			GoFiles                       []string
			DepOnly                       bool
		}
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		exports[l.ImportPath] = l.Export
		if !l.DepOnly {
			path, p.name, p.dir, names = l.ImportPath, l.Name, l.Dir, l.GoFiles
		}
	}
	var parsed []*ast.File
	for _, n := range names {
		f := file{path: filepath.Join(p.dir, n)}
		if f.src, err = os.ReadFile(f.path); err != nil {
			return nil, err
		}
		if f.ast, err = parser.ParseFile(p.fset, f.path, f.src, parser.SkipObjectResolution); err != nil {
			return nil, err
		}
		p.files, parsed = append(p.files, f), append(parsed, f.ast)
	}
	p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	conf := types.Config{Importer: importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	_, err = conf.Check(path, p.fset, parsed, p.info)
	return p, err
}

// run is a command that must succeed; its output comes back.
func run(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	var errout bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &errout
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, errout.String())
	}
	return string(out), err
}

// target is a package whose branches are turned, and the packages whose tests
// must notice.
type target struct {
	name  string
	pkg   string
	only  []string
	tests []string // of a package all, or after a space those that count, apart by |
	skip  string   // tests that say nothing new and take long, apart by |
	flags []string // for the tests
	env   []string

	database bool // the tests need PostgreSQL
	sql      bool // rules in SQL are turned too: those of the migrations, and those the files give as text
}

// proof is one test with the mutants it passes by.
type proof struct {
	binary, dir, name string
	took              time.Duration
	passes            map[int]bool
}

// runner runs the mutants of one target.
type runner struct {
	target
	dir      string
	parallel int
	mutants  []mutant
	proofs   []proof
	tell     func(format string, args ...any) // hears of each survivor at once and now and then of the others; nil: nobody

	mu      sync.Mutex
	noticed map[string][]int // by test, the mutants it noticed
}

// outcome is what became of a mutant.
type outcome struct {
	mutant
	killer  string // the test that noticed; empty: survived
	reached bool
	fault   error // what kept it from meeting its tests
}

// prepare compiles the tests against the copy and lets each pass once.
func prepare(root, dir string, t target, parallel int) (*runner, error) {
	p, err := read(root, t)
	if err != nil {
		return nil, err
	}
	r := &runner{target: t, dir: dir, parallel: parallel}
	replace, mutants, err := p.overlay(dir)
	if err != nil {
		return nil, err
	}
	r.mutants = mutants
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, raw, 0o600); err != nil {
		return nil, err
	}
	for i, named := range t.tests {
		pkg, only, _ := strings.Cut(named, " ")
		binary := filepath.Join(dir, fmt.Sprintf("tests%d", i))
		if _, err := run(root, "go", "test", "-c", "-overlay", overlay, "-o", binary, pkg); err != nil {
			return nil, err
		}
		where, err := run(root, "go", "list", "-f", "{{.Dir}}", pkg)
		if err != nil {
			return nil, err
		}
		list, err := run(strings.TrimSpace(where), binary, "-test.list", "^Test")
		if err != nil {
			return nil, err
		}
		for name := range strings.FieldsSeq(list) {
			if !t.skips(name) && (only == "" || slices.Contains(strings.Split(only, "|"), name)) {
				r.proofs = append(r.proofs, proof{binary: binary, dir: strings.TrimSpace(where), name: name})
			}
		}
	}
	return r, r.pass()
}

func (t target) skips(name string) bool {
	return slices.Contains(strings.Split(t.skip, "|"), name)
}

// pass runs each test without a mutant.
func (r *runner) pass() error {
	var g errgroup.Group
	g.SetLimit(r.parallel)
	for i := range r.proofs {
		g.Go(func() error {
			p := &r.proofs[i]
			log := filepath.Join(r.dir, fmt.Sprintf("passed%d", i))
			begin := time.Now()
			out, failed, err := r.try(p.binary, p.dir, []string{p.name}, 10*time.Minute, "SHANHAI_MUTANT_PASSED="+log)
			if err != nil || failed {
				return fmt.Errorf("%s fails without a mutant: %w\n%s", p.name, err, out)
			}
			p.took, p.passes = time.Since(begin), map[int]bool{}
			raw, err := os.ReadFile(log)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			for text := range strings.FieldsSeq(string(raw)) {
				id, err := strconv.Atoi(text)
				if err != nil {
					return err
				}
				p.passes[id] = true
			}
			return nil
		})
	}
	err := g.Wait()
	slices.SortStableFunc(r.proofs, func(a, b proof) int { return cmp.Compare(a.took, b.took) })
	return err
}

// try runs tests of one binary; a test that never ends has failed.
func (r *runner) try(binary, dir string, tests []string, limit time.Duration, env string) (out string, failed bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit+10*time.Second)
	defer cancel()
	args := append([]string{"-test.run", "^(" + strings.Join(tests, "|") + ")$", "-test.failfast", "-test.timeout", limit.String()}, r.flags...)
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, append(append(os.Environ(), r.env...), env), 10*time.Second
	raw, err := cmd.CombinedOutput()
	out = string(raw)
	exit := &exec.ExitError{}
	switch {
	case err == nil, ctx.Err() != nil && strings.HasSuffix(out, "PASS\n"): // it passed, though its process may have taken too long to end
		return out, false, nil
	case errors.As(err, &exit) && (strings.Contains(out, "--- FAIL") || strings.Contains(out, "panic:") || strings.Contains(out, "fatal error:") || ctx.Err() != nil):
		return out, true, nil
	}
	return out, false, fmt.Errorf("neither passed nor failed: %w\n%s", err, out)
}

// together is how long the tests take that are run in one process: starting one
// costs, and so does every test after the one that notices.
const together = 8 * time.Second

// meet lets a mutant meet the tests that pass by it.
func (r *runner) meet(m mutant) (outcome, error) {
	o := outcome{mutant: m}
	type group struct {
		proof
		tests []string
	}
	var groups []group
	for i, p := range r.likely(m) {
		o.reached = true
		if n := len(groups); i > 1 && groups[n-1].took+p.took < together && groups[n-1].binary == p.binary {
			groups[n-1].tests = append(groups[n-1].tests, p.name)
			groups[n-1].took += p.took
			continue
		}
		groups = append(groups, group{p, []string{p.name}})
	}
	for _, g := range groups {
		out, failed, err := r.try(g.binary, g.dir, g.tests, 10*g.took+20*time.Second, "SHANHAI_MUTANT="+strconv.Itoa(m.id))
		if err != nil {
			return o, fmt.Errorf("%s: %w", m.key(), err)
		}
		if failed {
			o.killer = first(out)
			r.notes(o.killer, m)
			return o, nil
		}
	}
	return o, nil
}

// likely are the tests that pass by a mutant, in the order in which they are
// likely to notice it soon: what noticed the nearest mutant so far, then the quick.
func (r *runner) likely(m mutant) []proof {
	var reach []proof
	for _, p := range r.proofs {
		if p.passes[m.id] || m.everywhere {
			reach = append(reach, p)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	best, far := 0, len(r.mutants)+1
	for i, p := range reach {
		for _, id := range r.noticed[p.name] {
			if d := max(id-m.id, m.id-id); d < far {
				best, far = i, d
			}
		}
	}
	if best > 0 {
		p := reach[best]
		reach = slices.Insert(slices.Delete(reach, best, best+1), 0, p)
	}
	return reach
}

// notes keeps which test noticed a mutant.
func (r *runner) notes(name string, m mutant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.noticed == nil {
		r.noticed = map[string][]int{}
	}
	name, _, _ = strings.Cut(name, "/")
	r.noticed[name] = append(r.noticed[name], m.id)
}

// first is the test that failed.
func first(out string) string {
	if _, rest, ok := strings.Cut(out, "--- FAIL: "); ok {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	return "the end of the run"
}

// told is what became of a mutant, in a line.
func told(o outcome) string {
	at := fmt.Sprintf("%s:%d", o.file, o.line)
	switch {
	case o.fault != nil:
		return fmt.Sprintf("%s undecided\t%s\t%v", at, o.key(), o.fault)
	case o.killer != "":
		return fmt.Sprintf("%s killed by %s", at, o.killer)
	case !o.reached:
		return fmt.Sprintf("%s unreached\t%s", at, o.key())
	}
	return fmt.Sprintf("%s survived\t%s", at, o.key())
}

// meetAll lets all mutants but the excluded meet the tests. One that could not is
// no reason to forget the others: it counts as if it had survived.
func (r *runner) meetAll(excluded map[string]string) ([]outcome, error) {
	var g errgroup.Group
	g.SetLimit(r.parallel)
	var met atomic.Int64
	all := make([]outcome, len(r.mutants))
	for i, m := range r.mutants {
		if _, ok := excluded[m.key()]; ok {
			continue
		}
		g.Go(func() error {
			o, err := r.meet(m)
			o.fault = err
			all[i] = o
			if n := met.Add(1); r.tell != nil && (o.killer == "" || n%25 == 0) {
				r.tell("%d met of %d; %s", n, len(r.mutants), told(o))
			}
			return nil
		})
	}
	err := g.Wait()
	return slices.DeleteFunc(all, func(o outcome) bool { return o.id == 0 }), err
}
