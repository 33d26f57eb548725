package pgtest

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/pgembed"
)

// sample is a schema with what makes emptying hard: seeds that point to each
// other, a computed column, used sequences, rows that refuse to go.
var sample = fstest.MapFS{"0001_sample.sql": {Data: []byte(`-- +goose Up
create table term (code text primary key, label text not null, size int generated always as (length(label)) stored);
create table term_child (n int generated always as identity, code text not null references term);
insert into term values ('L', '左'), ('R', '右侧');
insert into term_child (code) values ('L');
create table person (id int primary key, term text references term);
create table visit (n serial primary key, person_id int not null references person);
-- +goose StatementBegin
create function refuse() returns trigger language plpgsql as $$ begin raise 'append only'; end $$;
-- +goose StatementEnd
create trigger visit_append_only before update or delete on visit for each row execute function refuse();
create trigger visit_no_truncate before truncate on visit for each statement execute function refuse();
grant select, insert on person, visit to shanhai_app;
`)}}

func private(t *testing.T, base string) *cluster {
	t.Helper()
	c, err := openPrivate(t.Context(), base, sample)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func ask(t *testing.T, dsn, query string) string {
	t.Helper()
	var answer string
	if err := Open(t, dsn).QueryRowContext(t.Context(), query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func perform(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := execute(t.Context(), dsn, s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestDatabaseIsMigratedEmptyAndHasTheRoles(t *testing.T) {
	db := DB(t)
	if got := ask(t, db.AppDSN, "select current_user"); got != pgembed.AppRole {
		t.Errorf("app is %s", got)
	}
	if got := ask(t, db.OwnerDSN, "select bool_and(tableowner = current_user) and count(*) > 1 from pg_tables where schemaname = 'public'"); got != "true" {
		t.Error("the owner owns all tables")
	}
	if got := ask(t, db.SuperDSN, "select rolsuper or rolbypassrls from pg_roles where rolname = 'shanhai_app'"); got != "false" {
		t.Error("the application role is under row security")
	}
	if got := ask(t, db.SuperDSN, "select datcollate || pg_encoding_to_char(encoding) from pg_database where datname = current_database()"); got != "C.UTF-8UTF8" {
		t.Errorf("locale = %s", got)
	}
	if err := execute(t.Context(), db.AppDSN, "create table mine (n int)"); err == nil {
		t.Error("the application role must not create tables")
	}
	if other := DB(t); other.Name == db.Name {
		t.Error("two databases at a time must differ")
	}
	if _, err := os.Stat(filepath.Join(BinDir(t), "pg_dump")); err != nil {
		t.Error(err)
	}
	empty := Empty(t)
	if got := ask(t, empty.OwnerDSN, "select count(*) from pg_tables where schemaname = 'public'"); got != "0" {
		t.Errorf("an empty database has %s tables", got)
	}
	perform(t, empty.OwnerDSN, "create table mine (n int)")
}

func TestUsedDatabaseComesBackAsNew(t *testing.T) {
	c := private(t, t.TempDir())
	state := func(d *Database) string {
		return ask(t, d.SuperDSN, `select concat_ws(' ', (select count(*) from person), (select count(*) from visit),
			(select string_agg(code || label || size, ',' order by code) from term), (select string_agg(n || code, ',') from term_child),
			(select count(*) from goose_db_version), (select count(*) from pg_statistic where starelid >= 16384),
			(select reltuples from pg_class where relname = 'person'), nextval('visit_n_seq'), nextval('term_child_n_seq'))`)
	}
	fresh, err := c.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := state(fresh)
	for name, mess := range map[string][]string{
		"a few rows":       {"insert into person values (1, 'L')", "insert into visit (person_id) values (1)"},
		"many rows":        {"insert into person select n, 'R' from generate_series(1, 20000) n", "insert into visit (person_id) select id from person"},
		"analysed rows":    {"insert into person values (1, null)", "analyze"},
		"a changed seed":   {"update term set label = '右' where code = 'R'"},
		"an added seed":    {"insert into term values ('B', 'both')", "insert into person values (1, 'B')"},
		"deleted seeds":    {"delete from term_child", "delete from term"},
		"a truncated seed": {"alter table visit disable trigger all", "truncate term cascade", "alter table visit enable trigger all"},
		"nothing":          {},
	} {
		t.Run(name, func(t *testing.T) {
			d := fresh
			perform(t, d.SuperDSN, mess...)
			if err := c.give(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			again, err := c.take(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if again.Name != d.Name {
				t.Fatalf("got %s, want the same database emptied", again.Name)
			}
			got := state(again)
			// Sequences of seed tables move on; rows must not.
			if cut(got) != cut(want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func cut(state string) string { return state[:strings.LastIndex(state, " ")] }

func TestForgottenConnectionsAndChangedSchemas(t *testing.T) {
	c := private(t, t.TempDir())
	d, err := c.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tx, err := Open(t, d.OwnerDSN).Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("insert into person values (1, null); lock table visit"); err != nil {
		t.Fatal(err)
	}
	if err := c.give(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	again, err := c.take(t.Context())
	if err != nil || again.Name != d.Name {
		t.Fatalf("an open transaction must not block the next test: %v", err)
	}
	perform(t, again.OwnerDSN, "alter table term drop column label cascade")
	if err := c.give(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if next, err := c.take(t.Context()); err != nil || next.Name == d.Name {
		t.Fatalf("a database whose schema was changed is made anew: %v", err)
	} else {
		next.Discard()
		if err := c.give(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if got := ask(t, c.dsn(pgembed.SuperRole, adminDatabase), "select count(*) from pg_database where datname = '"+next.Name+"'"); got != "0" {
			t.Error("a discarded database is dropped")
		}
	}
}

func TestProcessesShareTheCacheButNotTheServer(t *testing.T) {
	base := t.TempDir()
	var wg sync.WaitGroup
	found := make([]*cluster, 3)
	for i := range found {
		wg.Go(func() {
			var err error
			if found[i], err = openPrivate(context.Background(), base, sample); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, c := range found {
		if c == nil {
			continue
		}
		seen[c.dsn("u", "d")] = true
		c.close()
	}
	if len(seen) != len(found) {
		t.Errorf("servers: %v", seen)
	}
	if caches, _ := filepath.Glob(filepath.Join(base, "cache-????????????????")); len(caches) != 1 {
		t.Errorf("caches: %v", caches)
	}
	if runs, _ := filepath.Glob(filepath.Join(base, "run-*")); len(runs) != 0 {
		t.Errorf("left after close: %v", runs)
	}
}

func TestSweepRemovesWhatDeadProcessesLeft(t *testing.T) {
	base := t.TempDir()
	for i, name := range []string{"run-1", "cache-000000000000000a", "cache-000000000000000b", "cache-000000000000000c", "cache-000000000000000d"} {
		if err := os.Mkdir(filepath.Join(base, name), 0o700); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(int64(1_000_000+i), 0)
		if err := os.Chtimes(filepath.Join(base, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(base, "run-1.lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	alive, held, err := newRun(base, "000000000000000a")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := os.Mkdir(alive, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, other, err := newRun(base, "000000000000000a"); err != nil {
		t.Fatal(err)
	} else {
		defer other.Close()
	}
	for name, want := range map[string]bool{"run-1": false, "cache-000000000000000a": true, "cache-000000000000000b": false,
		"cache-000000000000000c": true, "cache-000000000000000d": true, filepath.Base(alive): true} {
		if _, err := os.Stat(filepath.Join(base, name)); (err == nil) != want {
			t.Errorf("%s kept: %v, want %v", name, err == nil, want)
		}
	}
}

func TestNothingIsLeftOfAKilledProcess(t *testing.T) {
	if base := flag.Arg(0); base != "" {
		private(t, base)
		fmt.Println("serving")
		<-t.Context().Done() // until killed
		return
	}
	base := t.TempDir()
	child := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "--", base)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "serving"; {
	}
	runs, _ := filepath.Glob(filepath.Join(base, "run-*.lock"))
	if len(runs) != 1 {
		t.Fatalf("runs: %v", runs)
	}
	srv, err := pgembed.Attach(strings.TrimSuffix(runs[0], ".lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		left, _ := filepath.Glob(filepath.Join(base, "run-*"))
		if _, err := os.Stat(srv.SocketDir()); os.IsNotExist(err) && len(left) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("left: %v", left)
		}
	}
}

func TestMissingServerNamesTheCommand(t *testing.T) {
	text := explain(errs.New(errs.Precondition, "error.pg.binaries_missing", errs.Args{"command": "x"}))
	if !strings.Contains(text, "apt-get install -y postgresql") {
		t.Errorf("text = %s", text)
	}
	if text := explain(errors.New("disk")); strings.Contains(text, "apt-get") {
		t.Errorf("text = %s", text)
	}
}

func TestExternalServerIsUsedAndSwept(t *testing.T) {
	srv, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: t.TempDir(), Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Stop(context.Background()) })
	address := "postgres://postgres:pass@/?sslmode=disable&port=5432&host=" + url.QueryEscape(srv.SocketDir())
	perform(t, srv.SuperDSN("postgres"), "create database shanhai_t_42_1")
	for range 2 { // builds the template, then finds it
		c, err := openExternal(t.Context(), address, sample)
		if err != nil {
			t.Fatal(err)
		}
		d, err := c.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(t, d.AppDSN, "select current_user || current_database()"); got != pgembed.AppRole+d.Name {
			t.Errorf("connected as %s", got)
		}
		if got := ask(t, d.SuperDSN, "select count(*) from pg_database where datname ~ '^shanhai_t_'"); got != "1" {
			t.Errorf("%s test databases, want only the one in use", got)
		}
		c.close()
		// The server ends a session a moment after its connection, and only then lets go of its lock.
		for ask(t, srv.SuperDSN("postgres"), "select count(*) from pg_locks where locktype = 'advisory'") != "0" {
			if t.Context().Err() != nil {
				t.Fatal(t.Context().Err())
			}
		}
	}
	if _, err := openExternal(t.Context(), "host=/tmp", sample); err == nil || !strings.Contains(err.Error(), EnvExternal) {
		t.Errorf("error = %v, want one that names the variable", err)
	}
}
