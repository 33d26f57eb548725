package store_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Every column has its line in policies/columns.csv, and no wall is open. Whoever
// adds a table adds its lines: what it is for and how long it is kept.
func TestTheCatalogueHasNoFlaw(t *testing.T) {
	flaws, err := store.LintCatalogue(t.Context(), pgtest.DB(t).SuperDSN)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range flaws {
		t.Errorf("%s: %s", f.Rule, f.Object)
	}
}

// A linter that finds nothing must be able to: each wall is taken down once, in a
// transaction that is given up.
func TestEachPlantedFlawIsFound(t *testing.T) {
	db, err := sqlx.Open("postgres", pgtest.DB(t).SuperDSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	planted := map[string]bool{}
	for _, c := range []struct{ rule, object, statement string }{
		{"open_table", "person", `alter table person disable row level security`},
		{"open_table", "planted", `create table planted (partnership_id uuid, id uuid)`},
		{"no_policy", "person", `drop policy scope on person`},
		{"wide_policy", "person.scope", `alter policy scope on person using (true)`},
		{"wide_policy", "person.more", `create policy more on person for select to shanhai_app using (sex = 'F')`},
		{"wide_policy", "person.scope", `alter policy scope on person with check (partnership_id is not null)`},
		{"row_by_row", "person.scope", `create function mine(uuid) returns boolean language sql stable as 'select true';
			alter policy scope on person using (partnership_id = root_id and mine(id))`},
		{"row_by_row", "person.scope", `alter policy scope on person using (partnership_id = root_id and exists (select from registration r where r.person_id = person.id))`},
		{"strong_role", "shanhai_app", `alter role shanhai_app bypassrls`},
		{"member_role", "shanhai_owner", `grant shanhai_owner to shanhai_app`},
		{"owner_role", "person", `alter table person owner to shanhai_app`},
		{"builder_role", "public", `grant create on schema public to shanhai_app`},
		{"builder_role", "person", `grant truncate on person to shanhai_app`},
		{"owner_view", "people", `create view people as select name from person`},
		{"owner_view", "kept", `create materialized view kept as select name from person`},
		{"loose_definer", "person_find", `alter function person_find(text, bytea, text) reset search_path`},
		{"blind_definer", "all_people", `create function all_people() returns bigint language sql security definer set search_path = pg_catalog, public as 'select count(*) from person'`},
		{"public_function", "person_find", `grant execute on function person_find(text, bytea, text) to public`},
		{"stray_grant", "person public", `grant select on person to public`},
		{"sleeping_trigger", "audit_event.audit_event_append_only", `alter table audit_event disable trigger audit_event_append_only`},
		{"unregistered", "person.faith", `alter table person add column faith text`},
		{"gone", "person.ethnicity", `alter table person drop column ethnicity cascade`},
	} {
		tx, err := db.BeginTxx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(c.statement); err != nil {
			t.Fatalf("%s: %v", c.statement, err)
		}
		flaws, err := store.LintIn(t.Context(), tx)
		if err != nil {
			t.Fatalf("%s: %v", c.statement, err)
		}
		found := false
		for _, f := range flaws {
			found = found || f == store.Flaw{Rule: c.rule, Object: c.object}
		}
		if !found {
			t.Errorf("%s: %s of %s is not found, but %v", c.statement, c.rule, c.object, flaws)
		}
		planted[c.rule] = true
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
	var keys []string
	for _, rule := range store.FlawRules() {
		if !planted[rule] {
			t.Errorf("nothing is planted for the rule %s", rule)
		}
		keys = append(keys, string(store.Flaw{Rule: rule}.Label()))
	}
	i18ntest.Complete(t, keys)
}

// A view that asks as its reader is no flaw.
func TestAViewOfTheReaderPasses(t *testing.T) {
	db, err := sqlx.Open("postgres", pgtest.DB(t).SuperDSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	tx, err := db.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(`create view people with (security_invoker = true) as select name from person`); err != nil {
		t.Fatal(err)
	}
	if flaws, err := store.LintIn(t.Context(), tx); err != nil || len(flaws) > 0 {
		t.Errorf("%v %v", flaws, err)
	}
}
