package funding_test

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// These tests speak SQL as the application's role, past all code: what they try
// must fail in the database.

// past runs statements in one transaction of the application's role in the
// partnership and answers the error of the first that fails, or of the commit.
func (d *desk) past(statements func(exec func(string, ...any))) error {
	d.T.Helper()
	db := pgtest.Open(d.T, d.Database.AppDSN)
	tx, err := db.Begin()
	if err != nil {
		d.T.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(`select begin_scope($1, $2, null, '{}', true)`, d.Partnership.ID, ident.New()); err != nil {
		d.T.Fatal(err)
	}
	var failed error
	statements(func(query string, args ...any) {
		if failed == nil {
			_, failed = tx.Exec(query, args...)
		}
	})
	if failed != nil {
		return failed
	}
	return tx.Commit()
}

func refusedAs(t *testing.T, err error, code, constraint string) {
	t.Helper()
	e, ok := errors.AsType[*pq.Error](err)
	if !ok || string(e.Code) != code || constraint != "" && e.Constraint != constraint {
		t.Errorf("want %s of %s, got %v", code, constraint, err)
	}
}

func (d *desk) accounts() (available, reserved ident.ID) {
	d.T.Helper()
	db := pgtest.Open(d.T, d.Database.SuperDSN)
	for kind, id := range map[string]*ident.ID{"available": &available, "reserved": &reserved} {
		if err := db.QueryRow(`select id from ledger_account where fund_id = $1 and kind = $2`, d.fund.ID, kind).Scan(id); err != nil {
			d.T.Fatal(err)
		}
	}
	return available, reserved
}

func (d *desk) transfer(exec func(string, ...any)) ident.ID {
	id := ident.New()
	exec(`insert into ledger_transfer (partnership_id, id, fund_id, kind, effective_on, posted_at, posted_by) values ($1, $2, $3, 'deposit', '2026-11-24', now(), $2)`,
		d.Partnership.ID, id, d.fund.ID)
	return id
}

func TestTheDatabaseRefusesAnUnbalancedTransfer(t *testing.T) {
	d := newDesk(t, 1_000_000)
	available, reserved := d.accounts()
	const entry = `insert into ledger_entry (partnership_id, transfer_id, account_id, amount_fen) values ($1, $2, $3, $4)`
	for name, amounts := range map[string][]int{"unequal": {-100, 99}, "one-sided": {100}, "empty": nil} {
		t.Run(name, func(t *testing.T) {
			refusedAs(t, d.past(func(exec func(string, ...any)) {
				id := d.transfer(exec)
				for i, a := range amounts {
					exec(entry, d.Partnership.ID, id, []ident.ID{available, reserved}[i], a)
				}
			}), "23514", "ledger_transfer_balances")
		})
	}
	d.want(1_000_000, 1_000_000, 0, 0)
}

func TestTheDatabaseRefusesANegativeBalance(t *testing.T) {
	d := newDesk(t, 1_000_000)
	available, reserved := d.accounts()
	refusedAs(t, d.past(func(exec func(string, ...any)) {
		exec(`update ledger_account set balance_fen = balance_fen - 1000001 where partnership_id = $1 and id = $2`, d.Partnership.ID, available)
	}), "23514", "ledger_account_not_negative")
	first, second, a, b := available, reserved, -1_000_001, 1_000_001
	if first.String() > second.String() {
		first, second, a, b = second, first, b, a
	}
	refusedAs(t, d.past(func(exec func(string, ...any)) {
		exec(`select ledger_post($1, $2, $3, 'reserve', null, null, null, null, '2026-11-24', now(), $2, '', array[$4, $5]::uuid[], array[$6, $7]::bigint[])`,
			d.Partnership.ID, ident.New(), d.fund.ID, first, second, a, b)
	}), "23514", "ledger_account_not_negative")
	d.want(1_000_000, 1_000_000, 0, 0)
}

func TestTheDatabaseRefusesToChangeOrDeleteAnEntry(t *testing.T) {
	d := newDesk(t, 1_000_000)
	for _, query := range []string{`update ledger_entry set amount_fen = 1 where partnership_id = $1`, `delete from ledger_entry where partnership_id = $1`,
		`update ledger_transfer set note = 'x' where partnership_id = $1`, `delete from ledger_transfer where partnership_id = $1`,
		`delete from ledger_account where partnership_id = $1`} {
		refusedAs(t, d.past(func(exec func(string, ...any)) { exec(query, d.Partnership.ID) }), "42501", "")
	}
	d.want(1_000_000, 1_000_000, 0, 0)
}

func TestTheDatabaseRefusesASecondLiveReductionOfOneTreatment(t *testing.T) {
	d := newDesk(t, 5_000_000)
	_, id := d.approved(1_000_000)
	refusedAs(t, d.past(func(exec func(string, ...any)) {
		exec(`insert into approval (partnership_id, id, treatment_id, case_id, hospital_id, visible_to, state, bill_fen, insurance_fen, requested_fen, requested_by, requested_at)
			select partnership_id, $3, treatment_id, case_id, hospital_id, visible_to, 'requested', 1, 0, 1, requested_by, now() from approval where partnership_id = $1 and id = $2`,
			d.Partnership.ID, id, ident.New())
	}), "23505", "approval_one_live")
}

func TestTheDatabaseRefusesOnePersonInTwoRoles(t *testing.T) {
	d := newDesk(t, 5_000_000)
	id := d.requested(d.Eligible(servicetest.Mountain), 1_000_000)
	refusedAs(t, d.past(func(exec func(string, ...any)) {
		exec(`update approval set state = 'approved', decided_by = requested_by where partnership_id = $1 and id = $2`, d.Partnership.ID, id)
	}), "23514", "approval_two_persons")
	refusedAs(t, d.past(func(exec func(string, ...any)) {
		for range 2 {
			exec(`insert into approval_signature (partnership_id, id, approval_id, hospital_id, visible_to, account_id, relation, amount_fen, digest, facts, opinion, signed_on, signed_at)
				select partnership_id, $3, id, hospital_id, visible_to, $1, 'none', 1, 'x', '[]', '', '2026-11-24', now() from approval where partnership_id = $1 and id = $2`,
				d.Partnership.ID, id, ident.New())
		}
	}), "23505", "approval_signature_once")
}

// TestTheNightlyCheckFindsWhatWasDonePastTheDatabase tampers as the owner.
func TestTheNightlyCheckFindsWhatWasDonePastTheDatabase(t *testing.T) {
	for name, c := range map[string]struct {
		tamper string
		fault  string
		kind   string
	}{
		"a balance":              {`update ledger_account set balance_fen = balance_fen + 1 where fund_id = $1 and kind = 'available'`, "balance", "available"},
		"an entry":               {`update ledger_entry e set amount_fen = amount_fen + 1 from ledger_account l where l.id = e.account_id and l.fund_id = $1 and l.kind = 'available'`, "transfer", ""},
		"a hold":                 {`update approval_line set amount_fen = amount_fen - 1 where fund_id = $1`, "holds", "reserved"},
		"the order":              {`update ledger_entry e set seq = -1 from ledger_transfer t where t.id = e.transfer_id and t.fund_id = $1 and t.kind = 'reserve'`, "negative", "available"},
		"the clock put back":     {`update ledger_transfer set posted_at = posted_at - interval '1 year' where fund_id = $1 and kind = 'reserve'`, "", ""},
		"what a deposit is":      {`update fund_deposit set amount_fen = amount_fen + 1, left_fen = left_fen + 1 where fund_id = $1`, "deposits", "deposit"},
		"what a deposit has":     {`update fund_deposit set left_fen = left_fen + 1 where fund_id = $1 and left_fen < amount_fen`, "deposits", "left"},
		"what a deposit gave":    {`update deposit_draw set amount_fen = amount_fen + 3000000 where fund_id = $1`, "deposits", "draw"},
		"a draw that is missing": {`delete from deposit_draw where fund_id = $1`, "deposits", "left"},
		"another case's draw":    {`update deposit_draw set approval_id = gen_random_uuid() where fund_id = $1`, "deposits", "case"},
		"money that is gone":     {`update ledger_account set balance_fen = 1 where fund_id = $1 and kind = 'available'`, "deposits", "available"},
		"an old day":             {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, 5_000_000)
			d.gives(500_000, "关节捐款", fund.Earmark{Programme: procedure.Joint})
			d.gives(100_000, "光明捐款", fund.Earmark{Programme: procedure.Cataract})
			d.approved(2_000_000)
			d.tamper(c.tamper)
			faults, looked, err := d.s.CheckBooks(t.Context(), d.Partnership.ID)
			if err != nil || !looked {
				t.Fatalf("%v, %v", looked, err)
			}
			found := c.fault == ""
			for _, f := range faults {
				found = found || f.Fault == c.fault && f.Fund == d.fund.ID && (c.kind == "" || f.Kind == c.kind)
			}
			if !found || c.fault == "" && len(faults) > 0 {
				t.Errorf("found %+v, want %q", faults, c.fault)
			}
			kept, ok, err := d.s.Books(t.Context(), d.Approver())
			if err != nil || !ok || len(kept.Faults) != len(faults) {
				t.Errorf("the page is told %+v, %v, %v", kept, ok, err)
			}
			if _, again, err := d.s.CheckBooks(t.Context(), d.Partnership.ID); err != nil || again {
				t.Errorf("twice a day: %v, %v", again, err)
			}
		})
	}
}

// tamper changes rows with the triggers off.
func (d *desk) tamper(query string) {
	if query == "" {
		return
	}
	d.T.Helper()
	db := pgtest.Open(d.T, d.Database.SuperDSN)
	tx, err := db.Begin()
	if err != nil {
		d.T.Fatal(err)
	}
	run := func(q string, args ...any) sql.Result {
		out, err := tx.Exec(q, args...)
		if err != nil {
			d.T.Fatal(err)
		}
		return out
	}
	run(`set local session_replication_role = replica`)
	if n, _ := run(query, d.fund.ID).RowsAffected(); n == 0 {
		d.T.Fatalf("nothing was changed by %s", query)
	}
	if err := tx.Commit(); err != nil {
		d.T.Fatal(err)
	}
}
