package store

import (
	"database/sql"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// PayRun is a settlement run as it is stored.
type PayRun struct {
	payout.Run
	ID        ident.ID
	No        string
	Fund      ident.ID
	Hospital  ident.ID // nil: of all hospitals
	UpTo      clock.Date
	Lines     int
	Opinion   string
	DecidedAt time.Time
	FiledAt   time.Time
	CSV, XLSX []byte // digests of the bank's file
	PaidOn    clock.Date
	BankRef   string
	CreatedAt time.Time
	Version   int64

	FundName, HospitalName                         string
	MakerName, SecondName, FiledByName, PaidByName string
}

type payRunRow struct {
	ID        ident.ID     `db:"id"`
	No        string       `db:"run_no"`
	Fund      ident.ID     `db:"fund_id"`
	Hospital  ident.ID     `db:"hospital_id"`
	UpTo      clock.Date   `db:"up_to"`
	State     string       `db:"state"`
	Lines     int          `db:"lines"`
	Amount    money.Fen    `db:"amount_fen"`
	Offset    money.Fen    `db:"offset_fen"`
	Decided   ident.ID     `db:"decided_by"`
	DecidedAt sql.NullTime `db:"decided_at"`
	Opinion   string       `db:"opinion"`
	FiledAt   sql.NullTime `db:"filed_at"`
	CSV       []byte       `db:"csv_digest"`
	XLSX      []byte       `db:"xlsx_digest"`
	PaidOn    clock.Date   `db:"paid_on"`
	BankRef   string       `db:"bank_ref"`
	CreatedAt time.Time    `db:"created_at"`
	CreatedBy ident.ID     `db:"created_by"`
	Version   int64        `db:"version"`

	FundName     string `db:"fund_name"`
	HospitalName string `db:"hospital_name"`
	MakerName    string `db:"maker_name"`
	SecondName   string `db:"second_name"`
	FiledName    string `db:"filed_name"`
	PaidName     string `db:"paid_name"`
}

func (r payRunRow) run() PayRun {
	return PayRun{Run: payout.Run{State: payout.RunState(r.State), Maker: r.CreatedBy, Second: r.Decided, Amount: r.Amount, Offset: r.Offset}, ID: r.ID, No: r.No, Fund: r.Fund,
		Hospital: r.Hospital, UpTo: r.UpTo, Lines: r.Lines, Opinion: r.Opinion, DecidedAt: r.DecidedAt.Time.UTC(), FiledAt: r.FiledAt.Time.UTC(), CSV: r.CSV, XLSX: r.XLSX,
		PaidOn: r.PaidOn, BankRef: r.BankRef, CreatedAt: r.CreatedAt.UTC(), Version: r.Version, FundName: r.FundName, HospitalName: r.HospitalName, MakerName: r.MakerName,
		SecondName: r.SecondName, FiledByName: r.FiledName, PaidByName: r.PaidName}
}

const selectPayRun = `select r.id, r.run_no, r.fund_id, r.hospital_id, r.up_to, r.state, r.lines, r.amount_fen, r.offset_fen, r.decided_by, r.decided_at, r.opinion, r.filed_at,
	r.csv_digest, r.xlsx_digest, r.paid_on, r.bank_ref, r.created_at, r.created_by, r.version,
	(select f.name from fund f where f.partnership_id = r.partnership_id and f.id = r.fund_id) as fund_name,
	coalesce((select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = r.hospital_id), '') as hospital_name,
	coalesce((select u.display_name from account u where u.id = r.created_by), '') as maker_name,
	coalesce((select u.display_name from account u where u.id = r.decided_by), '') as second_name,
	coalesce((select u.display_name from account u where u.id = r.filed_by), '') as filed_name,
	coalesce((select u.display_name from account u where u.id = r.paid_by), '') as paid_name from pay_run r `

// PayRunByID reads one run.
func (tx *Tx) PayRunByID(id ident.ID) (PayRun, error) {
	var r payRunRow
	err := tx.get(&r, selectPayRun+`where r.partnership_id = $1 and r.id = $2`, tx.Partnership(), id)
	return one(r.run(), err, "error.payout.run_missing")
}

// PayRunForUpdate reads one run and holds it: its steps are taken one at a time.
func (tx *Tx) PayRunForUpdate(id ident.ID) (PayRun, error) {
	var r payRunRow
	err := tx.get(&r, selectPayRun+`where r.partnership_id = $1 and r.id = $2 for update of r`, tx.Partnership(), id)
	return one(r.run(), err, "error.payout.run_missing")
}

// ListPayRuns is a page of runs, the latest first; with funds, those of one of
// them.
func (tx *Tx) ListPayRuns(funds []ident.ID, req page.Request) (page.Result[PayRun], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[PayRun]{}, err
	}
	const after = ` and (r.created_at, r.id) < ($2, $3) order by r.created_at desc, r.id desc limit $4`
	query, args := selectPayRun+`where r.partnership_id = $1`+after, []any{tx.Partnership(), at, id, req.Limit() + 1}
	if funds != nil {
		query = `select r.id, r.run_no, r.fund_id, r.hospital_id, r.up_to, r.state, r.lines, r.amount_fen, r.offset_fen, r.decided_by, r.decided_at, r.opinion, r.filed_at,
			r.csv_digest, r.xlsx_digest, r.paid_on, r.bank_ref, r.created_at, r.created_by, r.version, r.fund_name, r.hospital_name, r.maker_name, r.second_name, r.filed_name,
			r.paid_name from unnest($5::uuid[]) w cross join lateral (` + selectPayRun + `where r.partnership_id = $1 and r.fund_id = w` + after + `) r
			order by r.created_at desc, r.id desc limit $4`
		args = append(args, idArray(funds))
	}
	var rows []payRunRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[PayRun]{}, err
	}
	return page.Cut(req, items(rows, payRunRow.run), func(r PayRun) []any { return []any{r.CreatedAt, r.ID} }), nil
}

// PayLine is one payment. The number is empty on reading, except for the bank's
// file.
type PayLine struct {
	ID        ident.ID
	Run       ident.ID
	No        int
	Payable   ident.ID
	Fund      ident.ID
	Treatment ident.ID
	Hospital  ident.ID
	Payee     payout.Payee
	payout.Account
	Last4     string
	Purpose   string
	Amount    money.Fen
	Recovery  ident.ID
	Offset    money.Fen
	State     payout.LineState
	Transfer  ident.ID // of the payment; nil until it was made
	Back      ident.ID // of what was kept back for a finding
	Returned  ident.ID // of the reversal
	ReturnOn  clock.Date
	Why       string // it was returned
	ReceiptNo string
	ReceiptOn clock.Date
	ReceiptBy string
	Version   int64

	RunNo        string
	RunState     payout.RunState
	PaidOn       clock.Date
	BankRef      string
	FundName     string
	HospitalName string
	CaseNo       string
	PersonName   string
	Kind         fund.Kind // of the transfer that committed it
}

// Transferred is what the bank is told to pay.
func (l PayLine) Transferred() money.Fen { return l.Amount - l.Offset }

// Voucher is the number of the transfer that paid; empty before.
func (l PayLine) Voucher() string {
	if l.Transfer == ident.Nil {
		return ""
	}
	return fund.VoucherNo(fund.KindPay, l.Transfer)
}

type payLineRow struct {
	ID        ident.ID   `db:"id"`
	Run       ident.ID   `db:"run_id"`
	No        int        `db:"line_no"`
	Payable   ident.ID   `db:"payable_id"`
	Fund      ident.ID   `db:"fund_id"`
	Treatment ident.ID   `db:"treatment_id"`
	Hospital  ident.ID   `db:"hospital_id"`
	Payee     string     `db:"payee"`
	Holder    string     `db:"holder"`
	Bank      string     `db:"bank"`
	Sealed    []byte     `db:"number_sealed"`
	Last4     string     `db:"number_last4"`
	Purpose   string     `db:"purpose"`
	Amount    money.Fen  `db:"amount_fen"`
	Recovery  ident.ID   `db:"recovery_id"`
	Offset    money.Fen  `db:"offset_fen"`
	State     string     `db:"state"`
	Transfer  ident.ID   `db:"pay_transfer_id"`
	Back      ident.ID   `db:"offset_transfer_id"`
	Returned  ident.ID   `db:"return_transfer_id"`
	ReturnOn  clock.Date `db:"returned_on"`
	Why       string     `db:"return_reason"`
	ReceiptNo string     `db:"receipt_no"`
	ReceiptOn clock.Date `db:"receipt_on"`
	ReceiptBy string     `db:"receipt_name"`
	Version   int64      `db:"version"`

	RunNo        string     `db:"run_no"`
	RunState     string     `db:"run_state"`
	PaidOn       clock.Date `db:"paid_on"`
	BankRef      string     `db:"bank_ref"`
	FundName     string     `db:"fund_name"`
	HospitalName string     `db:"hospital_name"`
	CaseNo       string     `db:"case_no"`
	PersonName   string     `db:"person_name"`
	Kind         string     `db:"kind"`
}

func (r payLineRow) line() PayLine {
	return PayLine{ID: r.ID, Run: r.Run, No: r.No, Payable: r.Payable, Fund: r.Fund, Treatment: r.Treatment, Hospital: r.Hospital, Payee: payout.Payee(r.Payee),
		Account: payout.Account{Holder: r.Holder, Bank: r.Bank}, Last4: r.Last4, Purpose: r.Purpose, Amount: r.Amount, Recovery: r.Recovery, Offset: r.Offset,
		State: payout.LineState(r.State), Transfer: r.Transfer, Back: r.Back, Returned: r.Returned, ReturnOn: r.ReturnOn, Why: r.Why, ReceiptNo: r.ReceiptNo, ReceiptOn: r.ReceiptOn,
		ReceiptBy: r.ReceiptBy, Version: r.Version, RunNo: r.RunNo, RunState: payout.RunState(r.RunState), PaidOn: r.PaidOn, BankRef: r.BankRef, FundName: r.FundName,
		HospitalName: r.HospitalName, CaseNo: r.CaseNo, PersonName: r.PersonName, Kind: fund.Kind(r.Kind)}
}

// selectPayLine reads a line; what a hospital may know of the run stands in it,
// because the run itself is the fund's.
const selectPayLine = `select l.id, l.run_id, l.line_no, l.payable_id, l.fund_id, l.treatment_id, l.hospital_id, l.payee, l.holder, l.bank, l.number_last4, l.purpose,
	l.amount_fen, l.recovery_id, l.offset_fen, l.state, l.pay_transfer_id, l.offset_transfer_id, l.return_transfer_id, l.returned_on, l.return_reason, l.receipt_no,
	l.receipt_on, l.version, coalesce((select u.display_name from account u where u.id = l.receipt_by), '') as receipt_name,
	coalesce((select r.run_no from pay_run r where r.partnership_id = l.partnership_id and r.id = l.run_id), '') as run_no,
	coalesce((select r.state from pay_run r where r.partnership_id = l.partnership_id and r.id = l.run_id), '') as run_state,
	(select t.effective_on from ledger_transfer t where t.partnership_id = l.partnership_id and t.id = l.pay_transfer_id) as paid_on,
	coalesce((select t.note from ledger_transfer t where t.partnership_id = l.partnership_id and t.id = l.pay_transfer_id), '') as bank_ref,
	(select f.name from fund f where f.partnership_id = l.partnership_id and f.id = l.fund_id) as fund_name,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = l.hospital_id) as hospital_name,
	coalesce((select c.case_no from treatment x join casefile c on c.partnership_id = x.partnership_id and c.id = x.case_id
		where x.partnership_id = l.partnership_id and x.id = l.treatment_id), '') as case_no,
	coalesce((select n.name from treatment x join person n on n.partnership_id = x.partnership_id and n.id = x.person_id
		where x.partnership_id = l.partnership_id and x.id = l.treatment_id), '') as person_name,
	coalesce((select t.kind from ledger_transfer t where t.partnership_id = l.partnership_id and t.id = l.payable_id), '') as kind`

// LinesOfRun lists the payments of a run in the order of the bank's file.
func (tx *Tx) LinesOfRun(run ident.ID) ([]PayLine, error) {
	var rows []payLineRow
	err := tx.list(&rows, selectPayLine+` from pay_line l where l.partnership_id = $1 and l.run_id = $2 order by l.line_no limit 500`, tx.Partnership(), run)
	return items(rows, payLineRow.line), err
}

// OpenLines are the payments of a run with their numbers in plain: for the bank's
// file and for nothing else.
func (tx *Tx) OpenLines(run ident.ID) ([]PayLine, error) {
	var rows []payLineRow
	err := tx.list(&rows, selectPayLine+`, l.number_sealed from pay_line l where l.partnership_id = $1 and l.run_id = $2 order by l.line_no limit 500`, tx.Partnership(), run)
	if err != nil {
		return nil, err
	}
	out := make([]PayLine, len(rows))
	for i, r := range rows {
		out[i] = r.line()
		if out[i].Number, err = tx.keys.OpenString(r.Sealed, payLinePlace(r.ID)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// PayLineByID reads one payment.
func (tx *Tx) PayLineByID(id ident.ID) (PayLine, error) {
	var r payLineRow
	err := tx.get(&r, selectPayLine+` from pay_line l where l.partnership_id = $1 and l.id = $2`, tx.Partnership(), id)
	return one(r.line(), err, "error.payout.line_missing")
}

// LinesOfPayable lists the payments that were tried for a payable, the first
// first.
func (tx *Tx) LinesOfPayable(payable ident.ID) ([]PayLine, error) {
	var rows []payLineRow
	err := tx.list(&rows, selectPayLine+` from pay_line l where l.partnership_id = $1 and l.payable_id = $2 order by l.created_at, l.id limit 50`, tx.Partnership(), payable)
	return items(rows, payLineRow.line), err
}

// InsertPayRun writes a run with its lines, each with its own copy of where it is
// paid to.
func (tx *Tx) InsertPayRun(r PayRun, lines []PayLine) error {
	_, err := tx.exec(`insert into pay_run (partnership_id, id, run_no, fund_id, hospital_id, visible_to, up_to, state, lines, amount_fen, offset_fen, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6::uuid[], $7, 'draft', $8, $9, $10, $11, $12)`, tx.Partnership(), r.ID, r.No, r.Fund, nullID(r.Hospital), idArray([]ident.ID{r.Fund}), r.UpTo,
		len(lines), r.Amount, r.Offset, tx.now, tx.who.AccountID)
	if err != nil {
		return err
	}
	return tx.write(`insert into pay_line (partnership_id, run_id, fund_id, created_at, created_by, id, line_no, payable_id, treatment_id, hospital_id, visible_to, payee, holder, bank,
		number_sealed, number_last4, purpose, amount_fen, recovery_id, offset_fen, state) values `, `($1, $2, $3, $4, $5, #, #, #, #, #, #::uuid[], #, #, #, #, #, #, #, #, #, 'live')`,
		[]any{tx.Partnership(), r.ID, r.Fund, tx.now, tx.who.AccountID}, len(lines), func(i int) ([]any, error) {
			l := lines[i]
			sealed, err := tx.keys.SealString(l.Number, payLinePlace(l.ID))
			return []any{l.ID, i + 1, l.Payable, l.Treatment, l.Hospital, idArray([]ident.ID{l.Hospital, r.Fund}), string(l.Payee), l.Holder, l.Bank, sealed, last4(l.Number), l.Purpose,
				l.Amount, nullID(l.Recovery), l.Offset}, err
		})
}

// DecidePayRun stores the approval of a run, or that it was dropped: then what it
// was to pay is owed again.
func (tx *Tx) DecidePayRun(r PayRun) error {
	err := tx.update(`update pay_run set state = $4, decided_by = $5, decided_at = $6, opinion = $7, version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
		tx.Partnership(), r.ID, r.Version, string(r.State), tx.who.AccountID, tx.now, r.Opinion)
	if err == nil && r.State == payout.Cancelled {
		_, err = tx.exec(`update pay_line set state = 'dropped', version = version + 1 where partnership_id = $1 and run_id = $2 and state = 'live'`, tx.Partnership(), r.ID)
	}
	return err
}

// FilePayRun keeps the digests of the bank's file, the first time it is made.
func (tx *Tx) FilePayRun(r PayRun) error {
	return tx.update(`update pay_run set state = 'filed', filed_by = $4, filed_at = $5, csv_digest = $6, xlsx_digest = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'approved'`, tx.Partnership(), r.ID, r.Version, tx.who.AccountID, tx.now, r.CSV, r.XLSX)
}

// SettlePayRun marks a run as paid.
func (tx *Tx) SettlePayRun(r PayRun) error {
	return tx.update(`update pay_run set state = 'paid', paid_on = $4, bank_ref = $5, paid_by = $6, paid_at = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'filed'`, tx.Partnership(), r.ID, r.Version, r.PaidOn, r.BankRef, tx.who.AccountID, tx.now)
}

// PaidLine stores the transfers of a payment.
func (tx *Tx) PaidLine(l PayLine) error {
	return tx.update(`update pay_line set state = 'paid', pay_transfer_id = $3, offset_transfer_id = $4, version = version + 1 where partnership_id = $1 and id = $2 and state = 'live'`,
		tx.Partnership(), l.ID, l.Transfer, nullID(l.Back))
}

// ReturnLine stores that the bank gave a payment back.
func (tx *Tx) ReturnLine(l PayLine) error {
	return tx.update(`update pay_line set state = 'returned', return_transfer_id = $4, returned_on = $5, return_reason = $6, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'paid'`, tx.Partnership(), l.ID, l.Version, l.Returned, l.ReturnOn, l.Why)
}

// ReceiveLine stores the number of the receipt of a payment.
func (tx *Tx) ReceiveLine(l PayLine) error {
	return tx.update(`update pay_line set receipt_no = $4, receipt_on = $5, receipt_by = $6, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'paid'`, tx.Partnership(), l.ID, l.Version, l.ReceiptNo, l.ReceiptOn, tx.who.AccountID)
}

// PaidLines is a page of payments that are made, were made or came back, the
// latest first: of hospitals, of a fund, of both, or of everything the scope shows.
func (tx *Tx) PaidLines(f PayableFilter, req page.Request) (page.Result[PayLine], error) {
	id := lastID
	if _, err := req.Cursor(&id); err != nil {
		return page.Result[PayLine]{}, err
	}
	args := []any{tx.Partnership(), id, req.Limit() + 1}
	hospitals := f.Hospitals
	if f.Hospital != ident.Nil {
		hospitals = slices.DeleteFunc([]ident.ID{f.Hospital}, func(h ident.ID) bool { return f.Hospitals != nil && !slices.Contains(f.Hospitals, h) })
	}
	where, last := ` where l.partnership_id = $1 and l.id < $2`, ` order by l.id desc limit $3`
	if f.Fund != ident.Nil {
		args = append(args, f.Fund)
		where += ` and l.fund_id = $` + placeholder(len(args))
	}
	column, each := "hospital_id", hospitals
	if f.Funds != nil && hospitals == nil {
		column, each = "fund_id", f.Funds
	} else if f.Funds != nil {
		args = append(args, idArray(f.Funds))
		where += ` and exists (select 1 from unnest($` + placeholder(len(args)) + `::uuid[]) v where v = l.fund_id)`
	}
	query := selectPayLine + ` from pay_line l` + where + last
	if each != nil {
		args = append(args, idArray(each))
		query = selectPayLine + ` from unnest($` + placeholder(len(args)) + `::uuid[]) w cross join lateral (select l.* from pay_line l` + where + ` and l.` + column + ` = w` + last + `) l` + last
	}
	var rows []payLineRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[PayLine]{}, err
	}
	return page.Cut(req, items(rows, payLineRow.line), func(l PayLine) []any { return []any{l.ID} }), nil
}
