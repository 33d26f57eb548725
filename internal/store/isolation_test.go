package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
)

// These tests speak SQL as the application role and pass by all code of the
// store: whatever a query forgets, the database still hides. Rows are written
// generically from the catalogue, so a new table is covered the day it appears.

// cell is one hospital in one partnership; seeding gives every business table
// one row there. All ids of its rows are the same, so references hold.
type cell struct{ partnership, hospital, id, actor ident.ID }

// estate is two partnerships, the first with two hospitals.
type estate struct {
	super, app *sql.DB
	columns    map[string][]dbColumn
	own        cell // partnership A, hospital 1
	sister     cell // partnership A, hospital 2
	foreign    cell // partnership B
}

type dbColumn struct {
	name, typ string
	required  bool   // not null and without default
	choice    string // the first value its check allows
}

var firstChoice = regexp.MustCompile(`\(\(?(\w+) = ANY \(ARRAY\['([^']*)'::text`)

// overrides are the values that keep checks over several columns.
var overrides = map[string]string{"settlement.bill_fen": "7", "settlement_line.fund_id": "id", "fee_computation.policy_id": "id", "ledger_entry.balance_fen": "1",
	"treatment.batch_id": "id", "job.state": "'done'", "glass.until_at": "'2026-01-01 00:30'"}

func newEstate(t *testing.T) *estate {
	t.Helper()
	return estateOn(t, pgtest.DB(t))
}

func estateOn(t *testing.T, test *pgtest.Database) *estate {
	t.Helper()
	e := &estate{super: pgtest.Open(t, test.SuperDSN), app: pgtest.Open(t, test.AppDSN), columns: map[string][]dbColumn{}}
	a, b := ident.New(), ident.New()
	e.own, e.sister, e.foreign = e.cell(a), e.cell(a), e.cell(b)
	for _, table := range business() {
		e.columns[table] = e.describe(t, table)
	}
	for _, c := range []cell{e.own, e.sister, e.foreign} {
		e.seedPlatform(t, c)
		for _, table := range business() {
			e.insert(t, table, c, nil)
		}
	}
	return e
}

func (e *estate) cell(partnership ident.ID) cell {
	return cell{partnership: partnership, hospital: ident.New(), id: ident.New(), actor: ident.New()}
}

func (e *estate) seedPlatform(t *testing.T, c cell) {
	t.Helper()
	for _, s := range []string{
		`insert into partnership (id, code, name, donor_region, donor_name, receiving_region, receiving_name, opened_on, created_at)
			values ($1, $1, '', '', '', '', '', '2020-01-01', '2020-01-01') on conflict do nothing`,
		`insert into organisation (id, code, name, kind, created_at) values ($1, $1, '', 'hospital', '2020-01-01')`,
		`insert into partnership_member (partnership_id, organisation_id, side, from_on) values ($2, $1, 'receiving', '2020-01-01')`} {
		id := c.partnership
		if strings.Contains(s, "organisation") {
			id = c.hospital
		}
		if _, err := e.super.Exec(strings.NewReplacer("$1", "'"+id.String()+"'", "$2", "'"+c.partnership.String()+"'").Replace(s)); err != nil {
			t.Fatal(err)
		}
	}
}

func (e *estate) describe(t *testing.T, table string) []dbColumn {
	t.Helper()
	choices := map[string]string{}
	for _, def := range column(t, e.super, `select pg_get_constraintdef(oid) from pg_constraint where conrelid = $1::regclass and contype = 'c'`, table) {
		if m := firstChoice.FindStringSubmatch(def); m != nil {
			choices[m[1]] = m[2]
		}
	}
	rows, err := e.super.Query(`select a.attname, format_type(a.atttypid, null), a.attnotnull and not a.atthasdef from pg_attribute a
		where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`, table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []dbColumn
	for rows.Next() {
		var c dbColumn
		if err := rows.Scan(&c.name, &c.typ, &c.required); err != nil {
			t.Fatal(err)
		}
		c.choice = choices[c.name]
		out = append(out, c)
	}
	return out
}

// value is the literal of a column for a row in a cell; "" leaves the default.
func (c cell) value(table string, col dbColumn) string {
	quote := func(id ident.ID) string { return "'" + id.String() + "'" }
	switch v := overrides[table+"."+col.name]; {
	case v == "id":
		return quote(c.id)
	case v != "":
		return v
	}
	hospital := slices.Contains([]string{"donor_id", "receiving_id", "organisation_id"}, col.name) || strings.HasSuffix(col.name, "hospital_id")
	switch {
	case col.name == "partnership_id":
		return quote(c.partnership)
	case col.name == "team":
		return "'{}'"
	case col.name == "visible_to":
		return "'{" + c.hospital.String() + "}'"
	case !col.required:
		return ""
	case hospital:
		return quote(c.hospital)
	case col.choice != "":
		return "'" + col.choice + "'"
	}
	switch col.typ {
	case "uuid":
		return quote(c.id)
	case "text":
		return quote(c.id) // distinct, so unique texts hold
	case "bytea":
		return "'\\x" + strings.ReplaceAll(c.id.String(), "-", "") + "'"
	case "date", "timestamp with time zone":
		return "'2026-01-01'"
	case "boolean":
		return "true"
	case "jsonb", "uuid[]", "text[]", "bigint[]":
		return "'{}'"
	}
	return "1"
}

// statement is an insert of a row of a table, with some columns replaced.
func (e *estate) statement(table string, c cell, replaced map[string]string) string {
	var names, values []string
	for _, col := range e.columns[table] {
		v, ok := replaced[col.name]
		if !ok {
			v = c.value(table, col)
		}
		if v != "" {
			names, values = append(names, col.name), append(values, v)
		}
	}
	if table == "case_number_head" || table == "audit_head" { // counters have no id: the year or lane tells cells apart
		for i, n := range names {
			if _, ok := replaced[n]; !ok && (n == "year" || n == "lane") {
				values[i] = fmt.Sprint(int(c.id[15])<<8 | int(c.id[14]))
			}
		}
	}
	return fmt.Sprintf("insert into %s (%s) values (%s)", table, strings.Join(names, ", "), strings.Join(values, ", "))
}

// insert writes a row behind row security, without triggers: what is tested
// here is who sees it, not how it came about.
func (e *estate) insert(t *testing.T, table string, c cell, replaced map[string]string) {
	t.Helper()
	tx, err := e.super.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	s := e.statement(table, c, replaced)
	for _, q := range []string{"set local session_replication_role = replica", s} {
		if _, err := tx.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// scope is what begin_scope is told.
type scope struct {
	partnership  ident.ID
	practitioner *ident.ID
	hospitals    []ident.ID
	wide         bool
	actor        ident.ID // nil: somebody
}

// within runs fn as the application role in a scope (nil: none set) and rolls back.
func (e *estate) within(t *testing.T, s *scope, fn func(*sql.Tx)) {
	t.Helper()
	tx, err := e.app.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if s != nil {
		actor := s.actor
		if actor == ident.Nil {
			actor = ident.New()
		}
		if _, err := tx.Exec(`select begin_scope($1, $2, $3, $4::uuid[], $5)`, s.partnership, actor, s.practitioner, texts(s.hospitals), s.wide); err != nil {
			t.Fatal(err)
		}
	}
	fn(tx)
}

func texts(ids []ident.ID) any {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return pq.Array(out)
}

// count counts the rows of a table a transaction sees, of one partnership or
// (nil) of all: the query names no partnership of its own.
func count(t *testing.T, tx *sql.Tx, table, where string, args ...any) int {
	t.Helper()
	var n int
	if err := tx.QueryRow("select count(*) from "+table+" where "+where, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	return n
}

// code is the SQLSTATE of an error, and whether row security (not a missing
// grant) raised it.
func code(err error) (string, bool) {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return string(e.Code), strings.Contains(e.Message, "row-level security")
	}
	return "", false
}

func TestEveryTableHidesOtherPartnershipsAndHospitals(t *testing.T) {
	e := newEstate(t)
	at := func(c cell, wide bool) *scope {
		return &scope{partnership: c.partnership, hospitals: []ident.ID{c.hospital}, wide: wide}
	}
	for _, table := range business() {
		one, everybody := 1, 0 // rows of one hospital of A; rows of A open to all of it
		if businessTables[table] == byPartnership {
			one, everybody = 2, 2
		}
		for _, c := range []struct {
			name string
			in   *scope
			want int
		}{
			{"no scope", nil, 0},
			{"own hospital", at(e.own, false), one},
			{"the other hospital", at(e.sister, false), one},
			{"wide", at(e.own, true), 2},
			{"wide without hospitals", &scope{partnership: e.own.partnership, wide: true}, 2},
			{"wide in the other partnership", at(e.foreign, true), 1},
			{"a hospital of the other partnership", &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.foreign.hospital}}, everybody},
			{"own hospital named in the other partnership", &scope{partnership: e.foreign.partnership, hospitals: []ident.ID{e.own.hospital}}, everybody / 2},
			{"no hospital", &scope{partnership: e.own.partnership}, everybody},
			{"the zero partnership, wide", &scope{wide: true}, 0},
			{"all hospitals of the world", &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.own.hospital, e.sister.hospital, e.foreign.hospital}}, 2},
		} {
			e.within(t, c.in, func(tx *sql.Tx) {
				if n := count(t, tx, table, "true"); n != c.want {
					t.Errorf("%s: %s sees %d rows, wanted %d", table, c.name, n, c.want)
				}
				if c.in == nil {
					return
				}
				if n := count(t, tx, table, "partnership_id <> $1", c.in.partnership); n != 0 {
					t.Errorf("%s: %s sees %d rows of other partnerships", table, c.name, n)
				}
			})
		}
	}
}

func TestEveryTableRefusesForeignRows(t *testing.T) {
	e := newEstate(t)
	in := &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.own.hospital}}
	for _, table := range business() {
		fresh := func(c cell) cell { c.id = ident.New(); return c }
		for name, c := range map[string]cell{"partnership": fresh(e.foreign), "hospital": fresh(e.sister)} {
			if name == "hospital" && businessTables[table] == byPartnership {
				continue
			}
			e.within(t, in, func(tx *sql.Tx) {
				_, err := tx.Exec(e.statement(table, c, nil))
				// A referral is looked at by its guard before the policy sees it.
				if state, byPolicy := code(err); state != "42501" || !byPolicy && table != "referral" {
					t.Errorf("%s: a row of another %s went in: %v", table, name, err)
				}
			})
		}
		// The same row of the own hospital passes the policy; what may stop it then
		// is a unique number, never the policy.
		e.within(t, in, func(tx *sql.Tx) {
			if _, err := tx.Exec(e.statement(table, fresh(e.own), nil)); err != nil {
				if state, _ := code(err); state != "23505" && state != "23503" {
					t.Errorf("%s: an own row is refused: %v", table, err)
				}
			}
		})
	}
}

// updatable is a column of a table the application may update.
func (e *estate) updatable(t *testing.T, table string) string {
	t.Helper()
	got := column(t, e.super, `select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped
		and has_column_privilege('shanhai_app', attrelid, attnum, 'update') order by attnum desc limit 1`, table)
	if len(got) == 0 {
		return ""
	}
	return got[0]
}

func TestForeignRowsAreNeitherChangedNorDeleted(t *testing.T) {
	e := newEstate(t)
	in := &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.own.hospital}, wide: true}
	for _, table := range business() {
		set := e.updatable(t, table)
		if set == "" && !slices.Contains(appendOnly, table) && table != "organisation_alias" {
			t.Errorf("%s: no column may be updated and the table is not listed as append-only", table)
		}
		var statements []string
		if set != "" {
			statements = append(statements, fmt.Sprintf("update %s set %s = %s where partnership_id = '%s'", table, set, set, e.foreign.partnership))
		}
		if slices.Contains(deletable, table) {
			statements = append(statements, fmt.Sprintf("delete from %s where partnership_id = '%s'", table, e.foreign.partnership))
		}
		for _, s := range statements {
			e.within(t, in, func(tx *sql.Tx) {
				res, err := tx.Exec(s)
				if err != nil {
					t.Errorf("%s: %v", s, err)
					return
				}
				if n, _ := res.RowsAffected(); n != 0 {
					t.Errorf("%s changed %d rows of another partnership", s, n)
				}
			})
		}
	}
}

func TestNobodyMovesARowOrOpensItByUpdate(t *testing.T) {
	e := newEstate(t)
	in := &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.own.hospital}, wide: true}
	for _, table := range business() {
		targets := map[string]string{"partnership_id": "'" + e.foreign.partnership.String() + "'"}
		if slices.ContainsFunc(e.columns[table], func(c dbColumn) bool { return c.name == "visible_to" }) {
			targets["visible_to"] = "visible_to || '" + e.sister.hospital.String() + "'::uuid"
		}
		for name, value := range targets {
			e.within(t, in, func(tx *sql.Tx) {
				_, err := tx.Exec(fmt.Sprintf("update %s set %s = %s", table, name, value))
				if state, _ := code(err); state != "42501" {
					t.Errorf("%s.%s: %v", table, name, err)
				}
			})
		}
	}
}

// A row opened to many hospitals is seen by each of them, wherever it stands in
// the list, and by nobody else: the policy looks at the first two as text and
// at the rest as an array.
func TestVisibleToIsMetAtEveryPlace(t *testing.T) {
	e := newEstate(t)
	for _, n := range []int{0, 1, 2, 3, 64} {
		for place := range max(n, 1) {
			if n == 64 && place > 2 && place < 62 {
				continue
			}
			list := make([]string, n)
			for i := range list {
				list[i] = ident.New().String()
			}
			reader := ident.New()
			if n > 0 {
				list[place] = reader.String()
			}
			for _, table := range []string{"casefile", "procedure", "settlement_line"} {
				c := e.own
				c.id = ident.New()
				replaced := map[string]string{"visible_to": "'{" + strings.Join(list, ",") + "}'"}
				if table == "casefile" {
					replaced["person_id"] = "'" + c.id.String() + "'"
				}
				e.insert(t, table, c, replaced)
				key := map[string]string{"settlement_line": "settlement_id"}[table]
				if key == "" {
					key = "id"
				}
				others := make([]ident.ID, 63)
				for i := range others {
					others[i] = ident.New()
				}
				for _, x := range []struct {
					hospitals []ident.ID
					want      int
				}{{[]ident.ID{reader}, min(n, 1)}, {append(slices.Clone(others), reader), min(n, 1)}, {others, 0}, {nil, 0}} {
					e.within(t, &scope{partnership: c.partnership, hospitals: x.hospitals}, func(tx *sql.Tx) {
						if got := count(t, tx, table, key+" = $1", c.id); got != x.want {
							t.Errorf("%s: visible_to of %d, reader at %d, scope of %d: sees %d, wanted %d", table, n, place, len(x.hospitals), got, x.want)
						}
					})
				}
				e.within(t, &scope{partnership: e.foreign.partnership, hospitals: []ident.ID{reader}}, func(tx *sql.Tx) {
					if count(t, tx, table, key+" = $1", c.id) != 0 {
						t.Errorf("%s: seen from another partnership by a hospital of the same id", table)
					}
				})
			}
		}
	}
}

// A doctor keeps reading the operations of the own team after a posting ended.
func TestTheTeamKeepsReadingItsOperations(t *testing.T) {
	e := newEstate(t)
	lead, stranger := ident.New(), ident.New()
	c := e.own
	c.id = ident.New()
	e.insert(t, "procedure", c, map[string]string{"team": "'{" + ident.New().String() + "," + lead.String() + "}'"})
	for _, x := range []struct {
		name string
		in   scope
		want int
	}{
		{"one of the team, posted nowhere", scope{partnership: c.partnership, practitioner: &lead}, 1},
		{"one of the team, at another hospital", scope{partnership: c.partnership, practitioner: &lead, hospitals: []ident.ID{e.sister.hospital}}, 1},
		{"another doctor", scope{partnership: c.partnership, practitioner: &stranger}, 0},
		{"no doctor", scope{partnership: c.partnership}, 0},
		{"one of the team, in another partnership", scope{partnership: e.foreign.partnership, practitioner: &lead, wide: true}, 0},
	} {
		e.within(t, &x.in, func(tx *sql.Tx) {
			if got := count(t, tx, "procedure", "id = $1", c.id); got != x.want {
				t.Errorf("%s sees %d", x.name, got)
			}
			// Being in the team opens the operation, not the treatment around it.
			if got := count(t, tx, "treatment", "id = $1", e.own.id); got != 0 {
				t.Errorf("%s sees the treatment", x.name)
			}
		})
	}
}

func TestAScopeIsSetOnceAndEndsWithItsTransaction(t *testing.T) {
	e := newEstate(t)
	e.app.SetMaxOpenConns(1) // so that the next transaction meets what this one left
	in := &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.own.hospital}}
	again := `select begin_scope($1, $2, null, '{}', true)`
	e.within(t, in, func(tx *sql.Tx) {
		if _, err := tx.Exec("savepoint s"); err != nil {
			t.Fatal(err)
		}
		_, err := tx.Exec(again, e.foreign.partnership, ident.New())
		if state, _ := code(err); state != "25001" {
			t.Errorf("a second scope in one transaction: %v", err)
		}
		if _, err := tx.Exec("rollback to s"); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(again, e.foreign.partnership, ident.New()); err == nil {
			t.Error("a second scope after a savepoint")
		}
	})
	tx, err := e.app.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(again, e.own.partnership, ident.New()); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	e.within(t, nil, func(tx *sql.Tx) {
		if n := count(t, tx, "person", "true"); n != 0 {
			t.Errorf("a later transaction of the connection sees %d rows", n)
		}
	})
	for _, args := range [][]any{{nil, ident.New()}, {e.own.partnership, nil}} {
		_, err := e.app.Exec(again, args...)
		if state, _ := code(err); state != "22004" { // and not by chance, further on
			t.Errorf("a scope without partnership or actor: %v: %v", args, err)
		}
	}
}

// The definer functions answer above row security; each asks first whether the
// caller may speak for the hospital or fund, and stays in the partnership.
func TestDefinerFunctionsStayInTheScope(t *testing.T) {
	e := newEstate(t)
	digest := "\\x" + strings.ReplaceAll(e.sister.id.String(), "-", "")
	if _, err := e.super.Exec(`update person_document set verified = true where id = $1`, e.sister.id); err != nil {
		t.Fatal(err)
	}
	narrow := &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.own.hospital}}
	refused := func(in *scope, query string, args ...any) {
		t.Helper()
		e.within(t, in, func(tx *sql.Tx) {
			_, err := tx.Exec(query, args...)
			if state, _ := code(err); state != "42501" {
				t.Errorf("%s: %v", query, err)
			}
		})
	}
	refused(narrow, `select person_link('citizen', $1, $2)`, digest, e.sister.hospital)
	refused(narrow, `select join_request($1, $2, 'joint', $3, '', true, now(), $1)`, ident.New(), e.sister.id, e.sister.hospital)
	refused(narrow, `select join_request($1, $2, 'joint', $3, '', true, now(), $1)`, ident.New(), e.sister.id, e.own.hospital) // not registered there
	refused(narrow, `select participate($1)`, e.sister.id)
	refused(narrow, `select depart($1, '2026-01-02')`, e.sister.id)
	refused(narrow, `select move_record($1, null, $1)`, e.own.id)
	refused(&scope{partnership: e.own.partnership, wide: true}, `select move_record($1, null, $1)`, e.foreign.id)
	refused(narrow, `select depart($1, '2026-01-02')`, e.foreign.id)
	refused(narrow, `select fund_participate($1, $2)`, e.sister.id, ident.New())
	refused(narrow, `select lookup_notify($1)`, e.sister.id)
	refused(narrow, `select subject_apply($1, '2026-01-02')`, e.sister.id)
	refused(narrow, `select subject_apply($1, '2026-01-02')`, e.own.id) // nobody has decided
	refused(&scope{partnership: e.own.partnership, wide: true}, `select subject_apply($1, '2026-01-02')`, e.foreign.id)
	refused(narrow, `select lookup_notify($1)`, e.own.id) // somebody else's look-up
	refused(nil, `select person_link('citizen', $1, $2)`, digest, e.own.hospital)

	empty := func(in *scope, query string, args ...any) {
		t.Helper()
		e.within(t, in, func(tx *sql.Tx) {
			var n int
			if err := tx.QueryRow("select count(*) from "+query, args...).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s: %d, %v", query, n, err)
			}
		})
	}
	abroad := &scope{partnership: e.foreign.partnership, hospitals: []ident.ID{e.foreign.hospital}, wide: true}
	for _, in := range []*scope{nil, abroad} {
		empty(in, `person_find('citizen', $1, 'joint')`, digest)
	}
	for _, in := range []*scope{nil, abroad, narrow} {
		empty(in, `case_treatment_states($1)`, e.sister.id)
		empty(in, `operations_on_record($1)`, e.sister.id)
		empty(in, `year_of($1, 1)`, e.sister.id)
		empty(in, `open_case_exists($1, 'x') found where found`, e.sister.id)
		empty(in, `case_partners($1, '2026-01-02')`, e.sister.id)
	}
}

// Rows a hospital may write itself (a registration, a referral) prove nothing to
// the definer functions: with forged ones no case of another hospital opens.
func TestForgedRowsOpenNothing(t *testing.T) {
	e := newEstate(t)
	narrow := &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.own.hospital}}
	referral := `insert into referral (partnership_id, id, case_id, kind, from_hospital_id, to_hospital_id, visible_to, state, emergency, reason, created_at, created_by)
		values ($1, $2, $3, 'referral', $4, $4, array[$4::uuid], 'accepted', $5, '', '2026-01-01', $2)`
	registration := `insert into registration (partnership_id, id, person_id, hospital_id, visible_to, legal_basis, slip_code, registered_on, created_at, created_by)
		values ($1, $2, $3, $4, array[$4::uuid], 'consent', 'FORGED', '2026-01-01', '2026-01-01', $2)`
	transfer := `insert into ledger_transfer (partnership_id, id, fund_id, kind, treatment_id, effective_on, posted_at, posted_by, note)
		values ($1, $2, $3, 'reserve', $4, '2026-01-01', '2026-01-01', $2, '')`
	id := ident.New()
	for name, steps := range map[string][][]any{
		"an acceptance of the own":      {{referral, e.own.partnership, id, e.sister.id, e.own.hospital, false}, {`select participate($1)`, id}},
		"an emergency of a stranger":    {{referral, e.own.partnership, id, e.sister.id, e.own.hospital, true}, {`select participate($1)`, id}},
		"a registration of a stranger":  {{registration, e.own.partnership, id, e.sister.id, e.own.hospital}, {`select join_request($1, $2, 'x', $3, '', true, now(), $1)`, id, e.sister.id, e.own.hospital}},
		"a transfer for a hidden care":  {{transfer, e.own.partnership, id, e.own.id, e.sister.id}, {`select fund_participate($1, $2)`, e.sister.id, e.own.id}},
		"a link to no hospital":         {{`select person_link('citizen', '\x00', null)`}},
		"a join request of no hospital": {{`select join_request($1, $2, 'x', null, '', true, now(), $1)`, id, e.sister.id}},
	} {
		e.within(t, narrow, func(tx *sql.Tx) {
			for i, step := range steps {
				_, err := tx.Exec(step[0].(string), step[1:]...)
				state, _ := code(err)
				if last := i == len(steps)-1; last && state != "42501" || !last && err != nil && state != "42501" {
					t.Errorf("%s, step %d: %v", name, i+1, err)
				}
				if err != nil {
					break // refused at the door already
				}
			}
		})
	}
}

// The narrow lookup answers exactly the agreed columns.
func TestTheNarrowLookupTellsNoMoreThanAgreed(t *testing.T) {
	db := pgtest.Open(t, pgtest.DB(t).SuperDSN)
	got := column(t, db, `select unnest(proargnames[4:]) from pg_proc where proname = 'person_find'`)
	if want := []string{"person_id", "name", "sex", "birth_year", "known_in_programme"}; !slices.Equal(got, want) {
		t.Errorf("person_find answers %v, agreed are %v", got, want)
	}
}
