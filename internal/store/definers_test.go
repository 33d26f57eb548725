package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// force runs statements behind row security and triggers.
func (e *estate) force(t *testing.T, statements ...string) {
	t.Helper()
	tx, err := e.super.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, q := range append([]string{"set local session_replication_role = replica"}, statements...) {
		if _, err := tx.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// callers are who may ask about a row of the own hospital, and who may not.
func (e *estate) callers(actor ident.ID) (inside, outside map[string]*scope) {
	own, hospital := e.own.partnership, []ident.ID{e.own.hospital}
	inside = map[string]*scope{"its hospital": {partnership: own, hospitals: hospital, actor: actor}, "the office": {partnership: own, wide: true, actor: actor}}
	outside = map[string]*scope{
		"the other hospital":                {partnership: own, hospitals: []ident.ID{e.sister.hospital}, actor: actor},
		"no hospital":                       {partnership: own, actor: actor},
		"the office of another partnership": {partnership: e.foreign.partnership, wide: true, actor: actor},
		"another partnership that names the hospital among its own": {partnership: e.foreign.partnership, hospitals: hospital, actor: actor},
		"nobody": nil,
	}
	return inside, outside
}

// What a definer function refuses or leaves out elsewhere, it answers and does for
// the hospital of the row and for the office.
func TestDefinerFunctionsAnswerInsideTheScope(t *testing.T) {
	e := newEstate(t)
	own := e.own.id
	e.force(t, `update referral set state = 'accepted'`, `update ledger_transfer set treatment_id = id`, `update person_document set verified = true`,
		`update component set claim = 'disputed', unit_di = '', unit_ref = '' where id = '`+own.String()+`'`,
		`update subject_request set kind = 'restrict', state = 'granted', outcome = '{}', decided_by = id`)
	programme := column(t, e.super, `select programme from casefile where id = $1`, own)[0]
	digest := "\\x" + strings.ReplaceAll(own.String(), "-", "")
	inside, outside := e.callers(own)
	for question, args := range map[string][]any{
		`case_treatment_states($1)`:                                   {own},
		`operations_on_record($1)`:                                    {own},
		`year_of($1, 1)`:                                              {own},
		`open_case_exists($1, $2) found where found`:                  {own, programme},
		`case_partners($1, '2026-01-02')`:                             {own},
		`lock_year($1, 1, '2026-01-02', $1) held where held > 0`:      {own},
		`join_request($1, $2, 'none', $3, '', true, now(), $1) state`: {ident.New(), own, e.own.hospital},
		`person_link('citizen', $1, $2) p where p is not null`:        {digest, e.own.hospital},
		`fund_participate($1, $1) f`:                                  {own},
		`followup_place($1) f`:                                        {own},
		`lookup_notify($1) l`:                                         {own},
		`dispute_open($1, $2, 'p', now()) d`:                          {own, ident.New()},
		`glass_record($1, '2026-01-01 00:10') g`:                      {own},
		`subject_apply($1, '2026-01-02') s`:                           {own},
	} {
		ask := func(in *scope) (n int, err error) {
			e.within(t, in, func(tx *sql.Tx) { err = tx.QueryRow("select count(*) from "+question, args...).Scan(&n) })
			return n, err
		}
		for name, in := range inside {
			if n, err := ask(in); err != nil || n == 0 {
				t.Errorf("%s, asked by %s: %d rows, %v", question, name, n, err)
			}
		}
		for name, in := range outside {
			n, err := ask(in)
			if state, _ := code(err); err != nil && state != "42501" || n != 0 {
				t.Errorf("%s, asked by %s: %d rows, %v", question, name, n, err)
			}
		}
	}
}

// Whether a number or a piece is known is answered to the whole partnership, and
// to no other one.
func TestWhatThePartnershipKnowsIsAnsweredInsideIt(t *testing.T) {
	e := newEstate(t)
	e.force(t, `update person_document set verified = true`, `update component set claim = 'sole', unit_di = id::text, unit_ref = 'ref ' || id::text`)
	sister := e.sister.id
	digest := "\\x" + strings.ReplaceAll(sister.String(), "-", "")
	for question, args := range map[string][]any{
		`(select person_id as day from person_find('citizen', $1, 'joint')) found`: {digest},
		`(select device_used_on($1, '', null) as day) used`:                        {sister.String()},
		`(select device_used_on('', 'ref ' || $1, null) as day) used`:              {sister.String()},
	} {
		for name, c := range map[string]struct {
			in   *scope
			want int
		}{
			"a hospital":          {&scope{partnership: e.own.partnership, hospitals: []ident.ID{e.own.hospital}}, 1},
			"another partnership": {&scope{partnership: e.foreign.partnership, hospitals: []ident.ID{e.sister.hospital}, wide: true}, 0},
			"nobody":              {nil, 0},
		} {
			e.within(t, c.in, func(tx *sql.Tx) {
				if n := count(t, tx, question, "day is not null", args...); n != c.want {
					t.Errorf("%s, asked by %s: %d", question, name, n)
				}
			})
		}
	}
}

// The office alone moves records and merges hospitals; what then stands in the way
// is another thing.
func TestTheOfficeMovesAndMerges(t *testing.T) {
	e := newEstate(t)
	said := func(in *scope, query string, args ...any) (text string) {
		e.within(t, in, func(tx *sql.Tx) {
			_, err := tx.Exec(query, args...)
			if p, ok := err.(*pq.Error); ok {
				text = p.Message
			} else {
				text = fmt.Sprint(err)
			}
		})
		return text
	}
	office, hospital := &scope{partnership: e.own.partnership, wide: true}, &scope{partnership: e.own.partnership, hospitals: []ident.ID{e.own.hospital}}
	move, merge := `select move_record($1, null, $1)`, `select merge_hospital($1, '2026-01-02', now())`
	if got := said(office, move, e.own.id); got != "<nil>" {
		t.Errorf("the office moves a record: %s", got)
	}
	if got := said(hospital, move, e.own.id); !strings.HasSuffix(got, "the office moves records") {
		t.Errorf("a hospital moves a record: %s", got)
	}
	if got := said(office, merge, ident.New()); !strings.Contains(got, "nothing that this caller may do") {
		t.Errorf("the office merges what nobody asked for: %s", got)
	}
	if got := said(hospital, merge, ident.New()); !strings.HasSuffix(got, "the office merges") {
		t.Errorf("a hospital merges: %s", got)
	}
}

// Row security is switched off: a record asked for by its id is hidden by the
// query alone, and shown to whom it is open.
func TestARecordStaysHiddenWithoutRowSecurity(t *testing.T) {
	test := pgtest.DB(t)
	test.Discard()
	e := estateOn(t, test)
	lead := ident.New()
	statements := []string{`update procedure set team = array['` + lead.String() + `'::uuid] where id = '` + e.sister.id.String() + `'`}
	for _, table := range business() {
		statements = append(statements, `alter table `+table+` disable row level security`)
	}
	e.force(t, statements...)
	keys, err := seal.Create(t.TempDir(), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(context.Background(), store.Options{DSN: test.AppDSN, Clock: clock.System{}, Keys: keys, Log: slog.New(slog.DiscardHandler), Web: 2, Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	by := func(hospitals ...ident.ID) user.Principal {
		return user.Principal{AccountID: ident.New(), DisplayName: "x", PartnershipID: e.own.partnership, Hospitals: hospitals}
	}
	office, ofTheTeam := by(), by(e.own.hospital)
	office.Wide, ofTheTeam.PractitionerID = true, lead
	for name, read := range map[string]func(*store.Tx, ident.ID) error{
		"case":              func(tx *store.Tx, id ident.ID) error { _, err := tx.CaseByID(id); return err },
		"case seen by":      func(tx *store.Tx, id ident.ID) error { _, _, err := tx.CaseSeenBy(id, nil); return err },
		"case to change":    func(tx *store.Tx, id ident.ID) error { _, err := tx.CaseForUpdate(id); return err },
		"case by number":    func(tx *store.Tx, id ident.ID) error { _, err := tx.CaseByNo(id.String()); return err },
		"person":            func(tx *store.Tx, id ident.ID) error { _, err := tx.PersonByID(id); return err },
		"person to change":  func(tx *store.Tx, id ident.ID) error { _, err := tx.PersonToChange(id); return err },
		"approval":          func(tx *store.Tx, id ident.ID) error { _, err := tx.ApprovalByID(id); return err },
		"attachment":        func(tx *store.Tx, id ident.ID) error { _, err := tx.AttachmentByID(id); return err },
		"operation":         func(tx *store.Tx, id ident.ID) error { _, err := tx.OperationByID(id); return err },
		"operation to hold": func(tx *store.Tx, id ident.ID) error { _, err := tx.OperationForUpdate(id); return err },
		"dispute":           func(tx *store.Tx, id ident.ID) error { _, err := tx.DisputeForUpdate(id); return err },
		"settlement":        func(tx *store.Tx, id ident.ID) error { _, _, err := tx.SettlementByID(id); return err },
		"treatment":         func(tx *store.Tx, id ident.ID) error { _, err := tx.TreatmentByID(id); return err },
		"treatment to hold": func(tx *store.Tx, id ident.ID) error { _, err := tx.TreatmentForUpdate(id); return err },
	} {
		for _, c := range []struct {
			by     string
			who    user.Principal
			id     ident.ID
			hidden bool
		}{
			{"its hospital", by(e.own.hospital), e.own.id, false},
			{"another hospital", by(e.own.hospital), e.sister.id, true},
			{"nobody's hospital", by(), e.own.id, true},
			{"both hospitals", by(e.own.hospital, e.sister.hospital), e.sister.id, false},
			{"the office", office, e.sister.id, false},
			{"the office, of another partnership's", office, e.foreign.id, true},
			{"a doctor of the team", ofTheTeam, e.sister.id, !strings.HasPrefix(name, "operation")},
		} {
			err := db.InTx(t.Context(), c.who, func(tx *store.Tx) error { tx.NoAudit("test"); return read(tx, c.id) })
			if errs.Is(err, errs.NotFound) != c.hidden {
				t.Errorf("%s, read by %s: %v", name, c.by, err)
			}
		}
	}
}
