package store_test

import (
	"database/sql"
	"maps"
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// partnerOf puts a referral of the own cell's case to the sister hospital into
// an estate, and gives attachments their case.
func partnerOf(t *testing.T, e *estate, state, until string) ident.ID {
	t.Helper()
	c := e.own
	c.id = ident.New()
	e.insert(t, "referral", c, map[string]string{"case_id": "'" + e.own.id.String() + "'", "state": "'" + state + "'", "kind": "'referral'",
		"to_hospital_id": "'" + e.sister.hospital.String() + "'", "open_from": "'2026-01-01'", "open_to": "'" + until + "'",
		"visible_to": "'{" + e.own.hospital.String() + "," + e.sister.hospital.String() + "}'"})
	if _, err := e.super.Exec(`update attachment set case_id = id`); err != nil {
		t.Fatal(err)
	}
	return c.id
}

// visibleRows counts what a hospital sees of each table that opens with a case.
func visibleRows(t *testing.T, tx *sql.Tx) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for _, table := range append(slices.Collect(maps.Keys(participating)), "casefile", "person", "case_participant", "registration") {
		seen[table] = count(t, tx, table, "true")
	}
	return seen
}

// expect compares with the row of the hospital's own every table has in an estate.
func expect(t *testing.T, when string, got map[string]int, more int, except map[string]int) {
	t.Helper()
	for table, n := range got {
		want := 1 + more
		if x, ok := except[table]; ok {
			want = x
		}
		if n != want {
			t.Errorf("%s: %s: %d rows, wanted %d", when, table, n, want)
		}
	}
}

func must(t *testing.T, tx *sql.Tx, query string, args ...any) {
	t.Helper()
	if _, err := tx.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestACaseOpensWithEverythingInItAndClosesAgain(t *testing.T) {
	e := newEstate(t)
	id := partnerOf(t, e, "accepted", "2026-03-01")
	in := &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.sister.hospital}}
	e.within(t, in, func(tx *sql.Tx) {
		expect(t, "before", visibleRows(t, tx), 0, nil)
		must(t, tx, `select participate($1)`, id)
		expect(t, "open", visibleRows(t, tx), 1, map[string]int{"registration": 1})
		must(t, tx, `select participate($1)`, id)
		expect(t, "opened twice", visibleRows(t, tx), 1, map[string]int{"registration": 1})
		if n := count(t, tx, "case_partners('"+e.own.id.String()+"', '2026-02-01')", "true"); n != 1 {
			t.Errorf("%d partners while the referral is open", n)
		}
		must(t, tx, `savepoint s`)
		if _, err := tx.Exec(`select depart($1, '2026-03-01')`, id); err == nil {
			t.Error("closed on the last day of the period")
		}
		must(t, tx, `rollback to s`)
		must(t, tx, `select depart($1, '2026-03-02')`, id)
		expect(t, "expired", visibleRows(t, tx), 0, nil)
		if n := count(t, tx, "case_partners('"+e.own.id.String()+"', '2026-03-02')", "true"); n != 0 {
			t.Errorf("%d partners after the period", n)
		}
		must(t, tx, `select participate($1)`, id)
		must(t, tx, `update referral set state = 'revoked' where id = $1`, id)
		must(t, tx, `select depart($1, '2026-02-01')`, id)
		expect(t, "revoked", visibleRows(t, tx), 0, nil)
	})
	// The home sees its case as before, whoever came and went.
	e.within(t, &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.own.hospital}}, func(tx *sql.Tx) {
		must(t, tx, `select participate($1)`, id)
		must(t, tx, `update referral set state = 'revoked' where id = $1`, id)
		must(t, tx, `select depart($1, '2026-02-01')`, id)
		expect(t, "home", visibleRows(t, tx), 0, nil)
	})
}

// Who treated keeps the case and its own treatment with all its children; what
// the others did closes with the referral.
func TestWhoTreatedKeepsItsOwnTreatments(t *testing.T) {
	e := newEstate(t)
	id := partnerOf(t, e, "accepted", "2026-03-01")
	c := e.sister
	c.id = ident.New()
	quoted := func(id ident.ID) string { return "'" + id.String() + "'" }
	mine := map[string]string{"case_id": quoted(e.own.id), "person_id": quoted(e.own.id), "treatment_id": quoted(c.id)}
	for _, table := range []string{"treatment", "procedure", "treatment_event"} {
		e.insert(t, table, c, mine)
	}
	e.within(t, &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.sister.hospital}}, func(tx *sql.Tx) {
		must(t, tx, `select participate($1)`, id)
		expect(t, "open", visibleRows(t, tx), 1, map[string]int{"registration": 1, "treatment": 3, "procedure": 3, "treatment_event": 3})
		must(t, tx, `select depart($1, '2026-03-02')`, id)
		kept := map[string]int{"treatment": 2, "procedure": 2, "treatment_event": 2, "casefile": 2, "case_participant": 2, "person": 2,
			"beneficiary": 2, "person_document": 2, "death_report": 2, "followup_slip": 2, "person_year": 2}
		expect(t, "closed", visibleRows(t, tx), 0, kept)
	})
}

// Two requests of one hospital in one case: the second keeps the case open.
func TestAnotherOpenReferralKeepsTheCase(t *testing.T) {
	e := newEstate(t)
	first, second := partnerOf(t, e, "accepted", "2026-03-01"), partnerOf(t, e, "accepted", "2026-04-01")
	e.within(t, &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.sister.hospital}}, func(tx *sql.Tx) {
		must(t, tx, `select participate($1)`, first)
		must(t, tx, `select participate($1)`, second)
		must(t, tx, `select depart($1, '2026-03-15')`, first)
		expect(t, "the second goes on", visibleRows(t, tx), 1, map[string]int{"registration": 1})
		must(t, tx, `select depart($1, '2026-04-15')`, second)
		expect(t, "both over", visibleRows(t, tx), 0, nil)
	})
}

// The row of a request is no proof: who may not answer it cannot make it count.
func TestARequestIsAnsweredByItsAnswererOnly(t *testing.T) {
	e := newEstate(t)
	id := partnerOf(t, e, "sent", "2026-03-01")
	other := partnerOf(t, e, "rejected", "2026-03-01")
	join := partnerOf(t, e, "sent", "2026-03-01")
	if _, err := e.super.Exec(`update referral set kind = 'join' where id = $1`, join); err != nil {
		t.Fatal(err)
	}
	sister := &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.sister.hospital}}
	own := &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.own.hospital}}
	for name, x := range map[string]struct {
		in *scope
		id ident.ID
	}{"the sender accepts its own referral": {own, id}, "a rejected one is accepted later": {sister, other}, "the asker lets itself in": {sister, join}} {
		e.within(t, x.in, func(tx *sql.Tx) {
			_, err := tx.Exec(`update referral set state = 'accepted' where id = $1`, x.id)
			if state, _ := code(err); state != "42501" {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	e.within(t, sister, func(tx *sql.Tx) {
		must(t, tx, `update referral set state = 'accepted' where id = $1`, id)
		must(t, tx, `select participate($1)`, id)
		expect(t, "accepted by its receiver", visibleRows(t, tx), 1, map[string]int{"registration": 1})
	})
}
