package archtest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// goTree makes a tree of one Go file; src may leave out the package clause.
func goTree(t *testing.T, path, src string) *Tree {
	t.Helper()
	if !strings.Contains(src, "package ") {
		src = "// Package p is a snippet.\npackage p\n" + src
	}
	tree, err := Parse(map[string]string{path: src}, nil)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return tree
}

// snippet is a file that must be caught (want is a part of the finding) or must
// pass (want is empty).
type snippet struct{ path, src, want string }

func check(t *testing.T, rule func(*Tree) []Finding, snippets []snippet) {
	t.Helper()
	for _, s := range snippets {
		found := rule(goTree(t, s.path, s.src))
		switch {
		case s.want == "" && len(found) > 0:
			t.Errorf("%s: %q is fine, but: %v", s.path, s.src, found)
		case s.want != "" && len(found) == 0:
			t.Errorf("%s: %q was not caught, want %q", s.path, s.src, s.want)
		case s.want != "" && !strings.Contains(found[0].String(), s.want):
			t.Errorf("%s: %v does not say %q", s.path, found[0], s.want)
		}
	}
}

func imp(path string) string { return fmt.Sprintf("import _ %q", path) }

func ours(room string) string { return imp(module + "/internal/" + room) }

func TestLayers(t *testing.T) {
	check(t, Layers, []snippet{
		{"internal/errs/a.go", ours("clock"), "errs must not import clock"},
		{"internal/i18n/a.go", ours("money"), ""},
		{"internal/money/a.go", ours("store"), "money must not import store"},
		{"internal/domain/fund/a.go", ours("store"), "domain/fund must not import store"},
		{"internal/domain/fund/a.go", ours("money"), ""},
		{"internal/domain/fund/a.go", imp(module + "/migrations"), "must not import migrations"},
		{"internal/domain/patient/a.go", ours("domain/fund"), "domain/patient must not import domain/fund"},
		{"internal/domain/history/a.go", ours("domain/fee"), ""},
		{"internal/domain/patient/a.go", ours("domain/terminology"), ""},
		{"internal/domain/fund/ledger/a.go", ours("domain/fund"), ""},
		{"internal/store/a.go", ours("authz"), "store must not import authz"},
		{"internal/store/a.go", ours("seal"), ""},
		{"internal/store/a.go", ours("service/intake"), "store must not import service/intake"},
		{"internal/sheet/a.go", ours("domain/history"), ""},
		{"internal/service/intake/a.go", ours("service/funding"), "must not import service/funding"},
		{"internal/service/intake/a.go", ours("store"), ""},
		{"internal/service/intake/a.go", ours("httpx"), "must not import httpx"},
		{"internal/service/intake/a.go", ours("config"), "must not import config"},
		{"internal/webui/a.go", ours("store"), "webui must not import store"},
		{"internal/webui/a.go", ours("service/intake"), ""},
		{"internal/webui/a.go", ours("chart"), ""},
		{"internal/webui/a.go", ours("httpapi"), "webui must not import httpapi"},
		{"internal/httpx/a.go", ours("httpapi"), "httpx must not import httpapi"},
		{"internal/jobs/a.go", ours("store"), ""},
		{"internal/app/a.go", ours("store"), ""},
		{"internal/app/a.go", ours("cli"), "app must not import cli"},
		{"internal/config/a.go", ours("store"), "config must not import store"},
		{"internal/service/intake/a.go", ours("pgtest"), "must not import pgtest"},
		{"internal/demo/a.go", ours("domain/match/matchtest"), ""},
		{"internal/service/intake/a.go", ours("domain/match/matchtest"), "must not import domain/match/matchtest"},
		{"internal/service/intake/a_test.go", ours("pgtest"), ""},
		{"internal/newroom/a.go", "", `room "newroom" is on no storey`},
		{"internal/app/a.go", "package main", "programs live in cmd"},
		{"cmd/shanhai/a.go", "package main\n" + ours("store"), "cmd must not import store"},
		{"cmd/shanhai/a.go", "package main\n" + ours("cli"), ""},
	})
}

func TestDomainDoorsFormNoCircle(t *testing.T) {
	var walk func(room string, path []string)
	walk = func(room string, path []string) {
		for _, p := range path {
			if p == room {
				t.Fatalf("circle: %v", append(path, room))
			}
		}
		for _, next := range domainDoors[room] {
			walk(next, append(path[:len(path):len(path)], room))
		}
	}
	for room := range domainDoors {
		walk(room, nil)
	}
}

func TestLibraries(t *testing.T) {
	check(t, Libraries, []snippet{
		{"internal/webui/a.go", imp("github.com/jmoiron/sqlx"), "may be imported in store"},
		{"internal/service/intake/a.go", imp("database/sql"), "database/sql may be imported in store"},
		{"internal/clock/a.go", imp("database/sql/driver"), ""},
		{"internal/store/a.go", imp("github.com/lib/pq"), ""},
		{"internal/webui/a.go", imp("github.com/casbin/casbin/v2/model"), "may be imported in authz"},
		{"internal/app/a.go", imp("github.com/go-chi/chi/v5"), "may be imported in httpx"},
		{"internal/httpapi/a.go", imp("github.com/go-chi/chi/v5/middleware"), ""},
		{"internal/httpapi/a.go", imp("html/template"), "may be imported in webui"},
		{"internal/domain/fund/a.go", imp("net/http"), "net/http may be imported in"},
		{"internal/store/a.go", imp("github.com/google/uuid"), "may be imported in ident"},
		{"internal/domain/match/a.go", imp("math/rand/v2"), "math/rand/v2 may be imported in"},
		{"internal/store/a.go", imp("math/rand"), "tests only"},
		{"internal/service/intake/a.go", imp("crypto/rand"), "may be imported in ident, seal"},
		{"internal/service/intake/a.go", imp("pgregory.net/rapid"), "tests only"},
		{"internal/service/intake/a_test.go", imp("pgregory.net/rapid"), ""},
		{"internal/store/a_test.go", imp("github.com/stretchr/testify/assert"), "not on the list"},
		{"internal/store/a.go", imp("gorm.io/gorm"), "not on the list"},
		{"internal/store/a.go", imp("unsafe"), "tests only"},
		{"internal/store/a.go", imp("golang.org/x/text/width"), ""},
	})
}

func TestCalls(t *testing.T) {
	check(t, Calls, []snippet{
		{"internal/store/a.go", `import "time"; var _ = time.Now`, "time.Now"},
		{"internal/store/a.go", `import "time"; func f() { <-time.After(1) }`, "time.After"},
		{"internal/store/a.go", `import tm "time"; func f() { tm.Since(tm.Time{}) }`, "time.Since"},
		{"internal/clock/a.go", `import "time"; var _ = time.Now`, ""},
		{"internal/store/a_test.go", `import "time"; var _ = time.Now`, ""},
		{"internal/store/a_test.go", `import "time"; func f() { time.Sleep(1) }`, "time.Sleep"},
		{"internal/store/a.go", `import "time"; var _ = time.Second`, ""},
		{"internal/app/a.go", `import "os"; var _ = os.Getenv("A")`, "only config reads"},
		{"internal/config/a.go", `import "os"; var _ = os.Getenv("A")`, ""},
		{"internal/cli/a.go", `import "os"; func f() { os.Exit(1) }`, "only cmd ends"},
		{"cmd/shanhai/a.go", `import "os"; func f() { os.Exit(1) }`, ""},
		{"internal/store/a.go", `import "log"; func f() { log.Fatal(1) }`, "log.Fatal"},
		{"internal/store/a.go", `import "log/slog"; func f() { slog.Info("x") }`, "logger that was handed in"},
		{"internal/authz/a.go", `import "github.com/casbin/casbin/v2"; var _ = casbin.NewCachedEnforcer`, "cached enforcers"},
		{"internal/cli/a.go", `import "net/http"; var _ = http.DefaultClient`, "time limits"},
	})
}

func TestGoroutines(t *testing.T) {
	check(t, Goroutines, []snippet{
		{"internal/domain/fund/a.go", "func f() { go f() }", "starts no goroutine"},
		{"internal/domain/fund/a_test.go", `import "sync"; func f(w *sync.WaitGroup) { w.Go(nil) }`, "no Go"},
		{"internal/archtest/a_test.go", `import "testing"; func TestA(t *testing.T) { t.Parallel() }`, "no Parallel"},
		{"internal/service/funding/a.go", "func f() { go f() }", ""},
		{"internal/domain/fund/a.go", `import "sync"; var once sync.Once`, ""},
		{"internal/service/inbox/a.go", "func f() { go f() }", "starts no goroutine"},
	})
}

func TestTheMakefileNamesTheRoomsWithoutGoroutines(t *testing.T) {
	raw, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "\nPLAIN :=")
	list, _, _ := strings.Cut(rest, "\nTABLE")
	if named := strings.Fields(strings.ReplaceAll(list, "\\\n", " ")); !slices.Equal(named, plain) {
		t.Errorf("the Makefile names %q, the rule %q", named, plain)
	}
}

func TestState(t *testing.T) {
	check(t, State, []snippet{
		{"internal/store/a.go", `func init() {}`, "no init()"},
		{"internal/store/a.go", `var count int`, "count can only be meant to change"},
		{"internal/store/a.go", `var cache = make(map[string]int)`, "cache"},
		{"internal/store/a.go", `import "sync"; var mu sync.Mutex`, "mu"},
		{"internal/store/a.go", `import "sync"; var mu = &sync.Mutex{}`, "mu"},
		{"internal/store/a.go", `import "sync/atomic"; var p atomic.Pointer[int]`, "p can only"},
		{"internal/store/a.go", `var names = map[string]int{"a": 1}; func f() { names["b"] = 2 }`, "names is written to"},
		{"internal/store/a.go", `var names = []string{"a"}; func f() { names = nil }`, "names is written to"},
		{"internal/store/a.go", `var n = 1; func f() { n++ }`, "n is written to"},
		{"internal/store/a.go", `var m = map[int]int{}; func f() { delete(m, 1) }`, "m is written to"},
		{"internal/store/a.go", `var o = struct{ x int }{}; func f() { g(&o) }; func g(any) {}`, "o is written to"},
		{"internal/store/a.go", `var names = []string{"a"}; func f() { names := []int{1}; names[0] = 2 }`, ""},
		{"internal/store/a.go", `import ("errors"; "regexp"); var errX = errors.New("x"); var re = regexp.MustCompile("a"); var table = map[string]int{"a": 1}; var built = build(); func build() int { return 1 }`, ""},
		{"migrations/a.go", "import \"embed\"\n// FS is the files.\n//\n//go:embed *.sql\nvar FS embed.FS", ""},
		{"internal/store/a.go", `type i interface{}; var _ i = 1`, ""},
	})
}

func TestFloats(t *testing.T) {
	check(t, Floats, []snippet{
		{"internal/money/a.go", `func f(x float64) {}`, "float64 beside money"},
		{"internal/domain/fund/a.go", `const rate = 0.7`, "0.7 beside money"},
		{"internal/domain/fee/a.go", `import "strconv"; var _ = strconv.ParseFloat`, "ParseFloat"},
		{"internal/store/ledger.go", `type row struct { amount float32 }`, "float32"},
		{"internal/store/page.go", `type row struct { share float32 }`, ""},
		{"internal/chart/a.go", `const half = 0.5`, ""},
		{"internal/money/a_test.go", `const half = 0.5`, ""},
	})
}

func TestStraySQL(t *testing.T) {
	check(t, StraySQL, []snippet{
		{"internal/service/intake/a.go", "const q = `select id from person where id = $1`", "SQL lives in store"},
		{"internal/webui/a.go", `const q = "INSERT INTO person (id) VALUES ($1)"`, "SQL lives in store"},
		{"internal/app/a.go", `const q = "update person set name = $1"`, "SQL lives in store"},
		{"internal/jobs/a.go", `const q = "select pg_notify('x', '')"`, "SQL lives in store"},
		{"internal/jobs/a.go", "const q = `\n  with x as (select 1) select * from x`", "SQL lives in store"},
		{"internal/cli/a.go", `const s = "select a case from the list to update it"`, "SQL lives in store"},
		{"internal/cli/a.go", `const s = "update the set of rules"`, ""},
		{"internal/store/a.go", "const q = `select id from person where id = $1`", ""},
		{"internal/webui/a_test.go", "const q = `delete from person`", ""},
	})
}

func TestRowDates(t *testing.T) {
	check(t, RowDates, []snippet{
		{"internal/store/a.go", "import \"time\"; type row struct { Born time.Time `db:\"born_on\"` }", "Born is a day"},
		{"internal/store/a.go", `import "time"; type row struct { OperatedOn *time.Time }`, "OperatedOn is a day"},
		{"internal/store/a.go", `import ("database/sql"; "time"); type row struct { BirthDate sql.Null[time.Time] }`, "BirthDate is a day"},
		{"internal/store/a.go", "import \"time\"; type row struct { CreatedAt time.Time `db:\"created_at\"` }", ""},
		{"internal/store/a.go", "import \"github.com/shanhai-health/shanhai/internal/clock\"; type row struct { OperatedOn clock.Date `db:\"operated_on\"` }", ""},
	})
}

func TestSize(t *testing.T) {
	long := "// F is long.\nfunc F() {\n" + strings.Repeat("_ = 1\n", 130) + "}"
	table := "func f() {\n_ = []int{\n" + strings.Repeat("1,\n", 130) + "}\n}"
	check(t, Size, []snippet{
		{"internal/store/a.go", strings.Repeat("// x\n", 701), "a file has at most 700"},
		{"internal/store/a.go", long, "F has 132 lines"},
		{"internal/store/a_test.go", table, ""},
		{"internal/store/a.go", `func f(a, b, c, d, e, g int) {}`, "takes 6 parameters"},
		{"internal/store/a.go", `import "context"; func f(ctx context.Context, a, b, c, d, e int) {}`, ""},
		{"internal/webui/a.go", `import "net/http"; func f(w http.ResponseWriter, r *http.Request, a, b, c, d, e int) {}`, ""},
		{"internal/store/a.go", `import "context"; func f(a int, ctx context.Context) {}`, "context is the first"},
		{"internal/store/a_test.go", `import ("context"; "testing"); func f(t *testing.T, ctx context.Context) {}`, ""},
	})
}

func TestDocumentation(t *testing.T) {
	check(t, Documentation, []snippet{
		{"internal/store/a.go", `func Open() {}`, "exported Open has no comment"},
		{"internal/store/a.go", `type Row struct{}`, "exported Row"},
		{"internal/store/a.go", "// T is.\ntype T int\nfunc (t *T) Load() {}", "exported Load"},
		{"internal/store/a.go", "type t int\nfunc (t *t) Load() {}", ""},
		{"internal/store/a.go", "const Max = 1", "exported Max"},
		{"internal/store/a.go", "// Limits.\nconst (\n\tMax = 1\n\tMin = 0\n)", ""},
		{"internal/store/a.go", "const (\n\tMax = 1 // rows\n)", ""},
		{"internal/store/a.go", "package store", "package store has no comment"},
		{"internal/store/a_test.go", "func Helper() {}", ""},
	})
}

func TestLeftovers(t *testing.T) {
	check(t, Leftovers, []snippet{
		{"internal/store/a.go", "// TODO finish\n", "unfinished work"},
		{"internal/store/a.go", "// Good enough for now.\n", "unfinished work"},
		{"internal/store/a.go", "// The task is finished.\n", ""},
		{"internal/util/a.go", "package util", "package util says nothing"},
		{"internal/store/a_test.go", `import "testing"; func TestX(t *testing.T) { t.Skip("later") }`, "skipped test"},
		{"internal/sheet/a.go", `func f(r struct{ Skip func() }) { r.Skip() }`, ""},
	})
}

func TestWords(t *testing.T) {
	check(t, Words, []snippet{
		{"internal/webui/a.go", `const title = "患者"`, "belongs into web/i18n"},
		{"internal/service/intake/a.go", `const r = '男'`, "belongs into web/i18n"},
		{"internal/domain/history/a.go", `const column = "姓名"`, ""},
		{"internal/webui/a.go", "// 患者 are patients.\nconst title = \"page.patients\"", ""},
		{"internal/webui/a_test.go", `const title = "患者"`, ""},
		{"internal/demo/a.go", `const name = "云岭区"`, ""},
	})
}

// scripts is a schema with two business tables and a code list.
func scripts(more string) map[string]string {
	return map[string]string{"migrations/0001_x.sql": `-- +goose Up
create table region (code text primary key);
create table person (partnership_id uuid not null, id uuid not null, name text, visible_to uuid[], primary key (partnership_id, id));
create table casefile (partnership_id uuid not null, id uuid not null, person_id uuid not null, primary key (partnership_id, id));
select app_shard(t, 'distributed') from unnest(array['person', 'casefile']::regclass[]) t;
`, "migrations/0002_y.sql": more}
}

// rules of every statement, each with statements it must catch and must pass.
var everyStatement = map[string]struct{ bad, good []string }{
	"no set_config": {[]string{`select set_config('app.scope', $1, true)`}, []string{`select begin_scope($1, $2)`}},
	"no plain SET": {[]string{`set app.actor = $1`, `set search_path to x`, `set session characteristics as transaction read only`},
		[]string{`set local app.actor = '1'`, `update person set name = $3 where partnership_id = $1 and id = $2`, `set constraints all deferred`}},
	"no FORCE":           {[]string{`alter table person force row level security`}, []string{`alter table person enable row level security`}},
	"columns are listed": {[]string{`select * from person where partnership_id = $1`, `select p.* from person p where p.partnership_id = $1`, `select distinct p.* from person p where partnership_id = $1`, `select c.id, p.* from casefile c join person p on p.id = c.person_id where c.partnership_id = $1`, `insert into person (partnership_id) values ($1) returning *`}, []string{`select count(*) from person where partnership_id = $1`, `select id from (select * from person where partnership_id = $1) s`, `with live as (select id from person where partnership_id = $1) select * from live`, `select a * b as c from person where partnership_id = $1`}},
	"no OFFSET":          {[]string{`select id from person where partnership_id = $1 order by id limit 50 offset $2`}, []string{`select id from person where partnership_id = $1 and id > $2 order by id limit 50`}},
	"= any(parameter)": {[]string{`select id from casefile where partnership_id = $1 and id = any($2) order by id limit 50`, `select id from casefile where partnership_id = $1 and id = any ($2::uuid[]) limit 1`},
		[]string{`select id from casefile where partnership_id = $1 and id = any($2)`, `select array_agg(id order by id) from casefile where partnership_id = $1 and id = any($2)`,
			`select id from casefile where partnership_id = $1 and $2 = any (team) order by id`}},
	"no clock of the database": {[]string{`select 1 from session where expires_at > now()`, `insert into person (partnership_id, created_at) values ($1, current_timestamp)`, `select clock_timestamp()`},
		[]string{`select 1 from session where expires_at > $1`, `select known_now() from t where note = 'now()'`}},
	"no now(), random()": {[]string{`update person set name = now() where partnership_id = $1`, `update person p set name = clock_timestamp() where partnership_id = $1`, `insert into person (partnership_id) values ($1) on conflict (partnership_id, id) do update set name = current_timestamp`, `with u as (update person set id = gen_random_uuid() where partnership_id = $1 returning id) select id from u`},
		[]string{`update person set name = $2 where partnership_id = $1`, `update person set name = 'now()' where partnership_id = $1`}},
	"no INSERT…SELECT": {[]string{`insert into person (partnership_id, id) select $1, $2`, `insert into person (partnership_id, id) select $1, x from unnest($2::uuid[]) x`, `insert into person (partnership_id, id) select p, i from (values ($1, $2)) v (p, i)`, `with n as (update casefile set id = $3 where partnership_id = $1 returning id) insert into person (partnership_id, id) select $1, id from n`},
		[]string{`insert into person (partnership_id, id) values ($1, $2), ($1, $3)`, `insert into person (partnership_id, id) select c.partnership_id, c.person_id from casefile c where c.partnership_id = $1`}},
	"nullable side": {[]string{`select r.code from region r left join person p on p.name = r.code and p.partnership_id = $1`, `select d from generate_series(1, 12) d left join casefile c on c.partnership_id = $1`, `select n from (select r.code as n from region r left join casefile c on c.partnership_id = $1) s`},
		[]string{`select r.code from region r left join (select name, count(*) as n from person where partnership_id = $1 group by name) s on s.name = r.code`, `select c.id from casefile c left join person p on p.partnership_id = c.partnership_id where c.partnership_id = $1`,
			`select (select r.code from region r limit 1) as r, c.id from casefile c left join person p on p.partnership_id = c.partnership_id where c.partnership_id = $1`}},
	"no FULL JOIN": {[]string{`select 1 from person a full join casefile b on a.partnership_id = b.partnership_id`, `select name from person where partnership_id = $1 group by rollup (name)`, `merge into person using x on true when matched then delete`},
		[]string{`select name from person where partnership_id = $1 group by name`}},
	"no NOT EXISTS": {[]string{`select code from region r where not exists (select 1 from person p where p.partnership_id = $1 and p.name = r.code)`},
		[]string{`select id from person p where p.partnership_id = $1 and not exists (select 1 from casefile c where c.partnership_id = $1 and c.person_id = p.id)`}},
}

func TestRulesOfEveryStatement(t *testing.T) {
	s := schemaOf(scripts(""))
	for name, c := range everyStatement {
		for _, sql := range c.bad {
			said := strings.Join(lintSQL(clean(sql), s), "\n")
			if !strings.Contains(said, name) {
				t.Errorf("%q was not caught as %q: %q", sql, name, said)
			}
		}
		for _, sql := range c.good {
			if said := lintSQL(clean(sql), s); len(said) > 0 {
				t.Errorf("%q is fine, but: %v", sql, said)
			}
		}
	}
	if len(everyStatement) != len(commonSQL) {
		t.Errorf("%d rules, %d of them tried", len(commonSQL), len(everyStatement))
	}
}

func storeFindings(t *testing.T, src string) []Finding {
	t.Helper()
	tree, err := Parse(map[string]string{"internal/store/a.go": "package store\n" + src}, scripts(""))
	if err != nil {
		t.Fatal(err)
	}
	return StoreSQL(tree)
}

func TestStoreSQL(t *testing.T) {
	for src, want := range map[string]string{
		"func f() { get(`select id from person where id = $1`) }":                                               "person carries partnership_id",
		"func f() { get(`select name from region where code = $1`) }":                                           "",
		"func f() { get(`select id from person where partnership_id = $1`) }":                                   "",
		"const head = `select id from person `; func f() { get(head + `where id = $1`) }":                       "person carries partnership_id",
		"const head = `select id from person `; func f() { get(head + `where partnership_id = $1`) }":           "",
		"const all = `select id from person`; func f() { get(all) }":                                            "person carries partnership_id",
		"const part = ` where id = any($1) order by id`":                                                        "= any(parameter)",
		"func f(where string) { get(`select id from person ` + where) }":                                        "",
		"func f(where string) { get(`select * from person ` + where) }":                                         "columns are listed",
		"func f() { get(`insert into person (partnership_id, id) values ($1, gen_random_uuid())`) }":            "made by the application",
		"func f() { get(`delete from casefile where id = $1`) }":                                                "casefile carries partnership_id",
		"func f() { say(`error.person.update`) }":                                                               "",
		"func f() { get(`-- all of them, partnership_id is elsewhere` + \"\\n\" + `select id from casefile`) }": "casefile carries partnership_id",
	} {
		found := storeFindings(t, src)
		if want == "" && len(found) > 0 || want != "" && (len(found) == 0 || !strings.Contains(found[0].Text, want)) {
			t.Errorf("%s: %v, want %q", src, found, want)
		}
	}
}

func TestMigrationSQL(t *testing.T) {
	const p = "partnership_id uuid not null, id uuid not null"
	shard := "\nselect app_shard('x', 'distributed');"
	for sql, want := range map[string]string{
		"create table x (" + p + ", primary key (id));" + shard:                                                    "primary key of x must start",
		"create table x (" + p + " primary key);" + shard:                                                          "x.id: keys of a business table",
		"create table x (" + p + ", code text unique, primary key (partnership_id, id));" + shard:                  "x.code: keys",
		"create table x (" + p + ", code text, unique (code, partnership_id));" + shard:                            "unique of x must start",
		"create table x (" + p + ", n bigserial, primary key (partnership_id, id));" + shard:                       "numbers are made by",
		"create table x (" + p + ", person_id uuid references person (id));" + shard:                               "foreign key to person",
		"create table x (" + p + ", exclude using gist (id with =));" + shard:                                      "exclude of x must start",
		"create table x (" + p + ", exclude using gist (partnership_id with =, id with =));" + shard:               "",
		"create unique index on casefile (person_id);":                                                             "unique index on casefile must start",
		"create unique index casefile_one on casefile (partnership_id, person_id) where id is null;":               "",
		"create unique index on region (code);":                                                                    "",
		"alter table casefile add foreign key (person_id) references person (id);":                                 "foreign key of casefile to person must start",
		"alter table casefile add constraint c foreign key (person_id) references person (id);":                    "foreign key of casefile to person must start",
		"alter table casefile add foreign key (partnership_id, person_id) references person (partnership_id, id);": "",
		"alter table casefile add constraint u unique (person_id);":                                                "unique of casefile",
		"alter table region add foreign key (code) references person (id);":                                        "cannot point at person",
		"create policy scope on person using (id in (select id from casefile));":                                   "a policy reads only its row",
		"create policy scope on person using (partnership_id = current_setting('app.partnership')::uuid);":         "",
		"create function p() returns void language plpgsql as $$ declare r text := $p$ visible_to && (select a from b) $p$; begin execute 'create policy scope on x using (' || r || ')'; end $$;": "a policy reads only its row",
		"create function p() returns void language plpgsql as $$ begin update person set name = now() where partnership_id = $1; end $$;":                                                          "no now()",
		"create function p() returns void language plpgsql as $$ begin set app.actor = 'x'; end $$;":                                                                                               "no plain SET",
		"create function p() returns void language sql set search_path = public as $$ select 1 $$;":                                                                                                "",
		"alter table person force row level security;":           "no FORCE",
		"create index on person using gin (visible_to);":         "no GIN",
		"insert into person (partnership_id, id) select $1, $2;": "no INSERT",
		"create function p() returns void language plpgsql as $$ declare r person%rowtype; begin select x.* into r from person x where x.partnership_id = $1; end $$;": "",
	} {
		found := MigrationSQL(&Tree{Migrations: scripts(sql)})
		if want == "" && len(found) > 0 || want != "" && (len(found) == 0 || !strings.Contains(found[0].Text, want)) {
			t.Errorf("%s: %v, want %q", sql, found, want)
		}
	}
}

func TestStatementsKeepTheirLines(t *testing.T) {
	ss := split("-- head; with a semicolon\n\nselect 'a;b';\n/* c; */ create function f() as $x$\nbegin; end;\n$x$;\n\n  -- last\n  select 2")
	want := []struct {
		line int
		text string
	}{{3, "select ''"}, {4, "create function f() as begin; end;"}, {9, "select 2"}}
	if len(ss) != len(want) {
		t.Fatalf("%d statements: %+v", len(ss), ss)
	}
	for i, w := range want {
		if ss[i].line != w.line || ss[i].text != w.text {
			t.Errorf("statement %d at line %d: %q, want line %d: %q", i, ss[i].line, ss[i].text, w.line, w.text)
		}
	}
	f := MigrationSQL(&Tree{Migrations: map[string]string{"migrations/1.sql": "select 1;\n\n-- why\nalter table x\n force row level security;"}})
	if len(f) != 1 || f[0].String() != "migrations/1.sql:4: [migration sql] "+f[0].Text {
		t.Errorf("%v", f)
	}
}

func TestFindingNamesFileLineAndRule(t *testing.T) {
	f := Calls(goTree(t, "internal/store/a.go", "import \"time\"\n\nvar _ = time.Now"))
	if len(f) != 1 || !strings.HasPrefix(f[0].String(), "internal/store/a.go:5: [calls] time.Now: ") {
		t.Errorf("%v", f)
	}
}

func TestEveryRuleIsNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.Name] || r.Check == nil {
			t.Errorf("rule %q", r.Name)
		}
		seen[r.Name] = true
	}
}
