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

// bound are the columns that need not ask, by what they follow.
var bound = map[string][]string{
	"the treatment, case or follow-up they are part of": {"procedure.hospital_id", "component.hospital_id", "acuity_reading.hospital_id", "followup.hospital_id", "fee_computation.hospital_id",
		"approval_signature.hospital_id", "approval_appeal.hospital_id", "skill_signoff.hospital_id", "privilege_exception.hospital_id", "referral.from_hospital_id"},
	"a hospital who writes holds the right at, by name": {"complication.hospital_id", "explant.hospital_id", "followup_contact.hospital_id", "glass.hospital_id", "subject_request.hospital_id",
		"death_report.confirmed_at_id", "lookup_notice.from_hospital_id", "outreach_key.hospital_id", "outreach_recovery.hospital_id", "insurer_batch.hospital_id",
		"insurer_row.hospital_id", "insurer_difference.hospital_id"},
	"what is owed, which none is to a stranger": {"pay_run.hospital_id"},
	"the ending of a hospital that has asked":   {"hospital_merge.from_id", "hospital_merge.into_id"},
	"the platform, which makes members":         {"partnership_member.organisation_id", "pairing.donor_id", "pairing.receiving_id", "organisation_alias.organisation_id"},
}

// A column for a hospital asks, or something it follows has asked.
func TestEveryColumnOfAHospitalIsHeldToThePartnership(t *testing.T) {
	e := newEstate(t)
	asked := map[string]bool{}
	for _, def := range column(t, e.super, `select tgrelid::regclass || ' ' || pg_get_triggerdef(oid) from pg_trigger where tgname like 'hospital_stranger%'`) {
		asked[regexp.MustCompile(`^\w+`).FindString(def)+"."+triggerArgument.FindStringSubmatch(def)[1]] = true
	}
	for why, columns := range bound {
		for _, c := range columns {
			if asked[c] {
				t.Errorf("%s asks by itself, and is said to follow %s", c, why)
			}
			asked[c] = true
		}
	}
	there := column(t, e.super, `select c.conrelid::regclass || '.' || a.attname from pg_constraint c
		join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
		join pg_attribute p on p.attrelid = c.conrelid and p.attname = 'partnership_id'
		where c.contype = 'f' and c.confrelid = 'organisation'::regclass order by 1`)
	for _, c := range there {
		if !asked[c] {
			t.Errorf("nothing holds %s to the partnership: it asks by a trigger, or follows what has asked", c)
		}
		delete(asked, c)
	}
	for c := range asked {
		t.Errorf("%s is no column for a hospital", c)
	}
}

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
