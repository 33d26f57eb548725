package store

import (
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// BulkAccount is a hospital's account with who entered it and who decided on it;
// a zero decision is none yet.
type BulkAccount struct {
	HospitalAccount
	Made, Decided Made
}

// BulkPayRun is a settlement run of a set with its payments and who took each
// step; a step that was not taken is zero.
type BulkPayRun struct {
	PayRun
	List                       []PayLine
	Made, Decided, Filed, Done Made
}

// WritePaying writes accounts and runs of a set. The transfers that paid them are
// the set's own and stand in the ledger before.
func (tx *Tx) WritePaying(accounts []BulkAccount, runs []BulkPayRun) error {
	err := tx.write(`insert into hospital_account (partnership_id, id, hospital_id, holder, bank, number_sealed, number_last4, from_on, state, opinion, created_at, created_by,
		decided_at, decided_by) values `, `($1, #, #, #, #, #, #, #, #, #, #, #, #::timestamptz, #::uuid)`, []any{tx.Partnership()}, len(accounts), func(i int) ([]any, error) {
		a := accounts[i]
		sealed, err := tx.keys.SealString(a.Number, hospitalAccountPlace(a.ID))
		return append([]any{a.ID, a.Hospital, a.Holder, a.Bank, sealed, last4(a.Number), a.From, string(a.State), a.Opinion, a.Made.At, a.Made.By}, step(a.Decided)...), err
	})
	if err != nil {
		return err
	}
	err = tx.write(`insert into pay_run (partnership_id, id, run_no, fund_id, hospital_id, visible_to, up_to, state, lines, amount_fen, offset_fen, opinion, csv_digest, xlsx_digest,
		paid_on, bank_ref, created_at, created_by, decided_at, decided_by, filed_at, filed_by, paid_at, paid_by) values `,
		`($1, #, #, #, #::uuid, #::uuid[], #, #, #, #, #, #, #, #, #::date, #, #, #, #::timestamptz, #::uuid, #::timestamptz, #::uuid, #::timestamptz, #::uuid)`, []any{tx.Partnership()}, len(runs),
		func(i int) ([]any, error) {
			r := runs[i]
			row := []any{r.ID, r.No, r.Fund, nullID(r.Hospital), idArray([]ident.ID{r.Fund}), r.UpTo, string(r.State), len(r.List), r.Amount, r.Offset, r.Opinion, r.CSV, r.XLSX, r.PaidOn, r.BankRef,
				r.Made.At, r.Made.By}
			for _, m := range []Made{r.Decided, r.Filed, r.Done} {
				row = append(row, step(m)...)
			}
			return row, nil
		})
	if err != nil {
		return err
	}
	return tx.writePayLines(runs)
}

// step is when and by whom, or neither.
func step(m Made) []any {
	if m.By == ident.Nil {
		return []any{nil, nil}
	}
	return []any{m.At, m.By}
}

func (tx *Tx) writePayLines(runs []BulkPayRun) error {
	type row struct {
		run *BulkPayRun
		no  int
		PayLine
	}
	var all []row
	for i := range runs {
		for n, l := range runs[i].List {
			all = append(all, row{&runs[i], n + 1, l})
		}
	}
	return tx.write(`insert into pay_line (partnership_id, run_id, fund_id, created_at, created_by, id, line_no, payable_id, treatment_id, hospital_id, visible_to, payee, holder, bank,
		number_sealed, number_last4, purpose, amount_fen, recovery_id, offset_fen, state, pay_transfer_id, return_transfer_id, returned_on, return_reason, receipt_no, receipt_on, receipt_by)
		values `, `($1, #, #, #, #, #, #, #, #, #, #::uuid[], #, #, #, #, #, #, #, #::uuid, #, #, #::uuid, #::uuid, #::date, #, #, #::date, #::uuid)`, []any{tx.Partnership()}, len(all),
		func(i int) ([]any, error) {
			l := all[i]
			r := l.run
			sealed, err := tx.keys.SealString(l.Number, payLinePlace(l.ID))
			receipt := ident.Nil
			if l.ReceiptNo != "" {
				receipt = r.Done.By
			}
			return []any{r.ID, r.Fund, r.Made.At, r.Made.By, l.ID, l.no, l.Payable, l.Treatment, l.Hospital, idArray([]ident.ID{l.Hospital, r.Fund}), string(payout.Hospital), l.Holder, l.Bank,
				sealed, last4(l.Number), l.Purpose, l.Amount, nullID(l.Recovery), l.Offset, string(l.State), nullID(l.Transfer), nullID(l.Returned), l.ReturnOn, l.Why, l.ReceiptNo, l.ReceiptOn,
				nullID(receipt)}, err
		})
}
