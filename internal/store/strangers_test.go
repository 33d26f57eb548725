package store_test

import (
	"database/sql"
	"errors"
	"regexp"
	"testing"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/ident"
)

var triggerArgument = regexp.MustCompile(`hospital_stranger\('(\w+)'\)`)

// Row security lets whoever writes in a whole partnership name any hospital: which are
// its members is asked by the database too, whatever a service forgets.
func TestNoRecordStandsAtAHospitalOfAnotherPartnership(t *testing.T) {
	e := newEstate(t)
	tables := column(t, e.super, `select tgrelid::regclass || ' ' || pg_get_triggerdef(oid) from pg_trigger where tgname like 'hospital_stranger%'`)
	if len(tables) < 13 {
		t.Fatalf("%d tables ask", len(tables))
	}
	whole := &scope{partnership: e.own.partnership, wide: true}
	refused := func(table, column string, hospital ident.ID) bool {
		c := e.own
		c.id = ident.New()
		var err error
		e.within(t, whole, func(tx *sql.Tx) {
			_, err = tx.Exec(e.statement(table, c, map[string]string{column: "'" + hospital.String() + "'", "visible_to": "'{" + hospital.String() + "}'"}))
		})
		pe, ok := errors.AsType[*pq.Error](err)
		return ok && pe.Constraint == "hospital_stranger"
	}
	moved := func(table, column string) bool { // a referral and an account of a hospital may not be changed there at all
		var err error
		e.within(t, whole, func(tx *sql.Tx) {
			_, err = tx.Exec(`update `+table+` set `+column+` = $1`, e.foreign.hospital)
		})
		state, _ := code(err)
		pe, ok := errors.AsType[*pq.Error](err)
		return state != "42501" && (!ok || pe.Constraint != "hospital_stranger")
	}
	for _, def := range tables {
		table, column := regexp.MustCompile(`^\w+`).FindString(def), triggerArgument.FindStringSubmatch(def)[1]
		if e.columns[table] == nil { // not one of those with a scope of their own
			e.columns[table] = e.describe(t, table)
			e.insert(t, table, e.own, nil)
		}
		if refused(table, column, e.sister.hospital) {
			t.Errorf("%s: a member of the partnership is taken for a stranger", table)
		}
		for name, hospital := range map[string]ident.ID{"another partnership": e.foreign.hospital, "nowhere": ident.New()} {
			if !refused(table, column, hospital) {
				t.Errorf("%s: a record at a hospital of %s went in", table, name)
			}
		}
		if moved(table, column) {
			t.Errorf("%s: a record moves to a hospital of another partnership", table)
		}
	}
}
