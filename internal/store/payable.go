package store

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// Payable is what a fund owes for one treatment: a transfer that committed money
// and was neither reversed nor paid. It is read from the ledger each time.
type Payable struct {
	ID           ident.ID // of the transfer
	Kind         fund.Kind
	Fund         ident.ID
	FundName     string
	Treatment    ident.ID
	Hospital     ident.ID
	HospitalName string
	On           clock.Date // when it was settled
	Amount       money.Fen
	CaseNo       string // empty where the case is not visible
	PersonName   string
	Ready        bool // where it is to be paid is known
}

// Payee is who is owed.
func (p Payable) Payee() payout.Payee { return payout.PayeeOf(p.Kind) }

type payableRow struct {
	ID           ident.ID   `db:"id"`
	Kind         string     `db:"kind"`
	Fund         ident.ID   `db:"fund_id"`
	FundName     string     `db:"fund_name"`
	Treatment    ident.ID   `db:"treatment_id"`
	Hospital     ident.ID   `db:"hospital_id"`
	HospitalName string     `db:"hospital_name"`
	On           clock.Date `db:"effective_on"`
	Amount       money.Fen  `db:"amount_fen"`
	CaseNo       string     `db:"case_no"`
	PersonName   string     `db:"person_name"`
	Ready        bool       `db:"ready"`
}

func (r payableRow) payable() Payable {
	return Payable{ID: r.ID, Kind: fund.Kind(r.Kind), Fund: r.Fund, FundName: r.FundName, Treatment: r.Treatment, Hospital: r.Hospital, HospitalName: r.HospitalName, On: r.On,
		Amount: r.Amount, CaseNo: r.CaseNo, PersonName: r.PersonName, Ready: r.Ready}
}

// owed are the open rows of the worklist the database keeps from the ledger; money
// of an old ledger (the kind history_commit) was paid before this house kept the
// books and is never in it.
//
// Each row looks up its transfer and treatment by key: joined, the planner may
// begin with all transfers of a fund.
const owed = ` from payable q cross join lateral (select * from ledger_transfer t where t.partnership_id = q.partnership_id and t.id = q.transfer_id limit 1) t
	cross join lateral (select * from treatment x where x.partnership_id = t.partnership_id and x.id = t.treatment_id limit 1) x `

const whereOwed = `where q.partnership_id = $1 and q.open`

// committedFen is what a transfer put on the committed accounts, of which a split
// fund has several. What a settlement gave back of its hold, in the same transfer,
// is not owed. The accounts are read once for all rows; $1 is the partnership.
const committedFen = `(select sum(e.amount_fen)::bigint from ledger_entry e where e.partnership_id = t.partnership_id and e.transfer_id = t.id
	and e.account_id = any(array(select l.id from ledger_account l where l.partnership_id = $1 and l.kind = 'committed')))`

const ofTreatment = ` join treatment x on x.partnership_id = t.partnership_id and x.id = t.treatment_id `

const selectPayable = `select t.id, t.kind, t.fund_id, t.treatment_id, t.effective_on, ` + committedFen + ` as amount_fen, x.hospital_id,
	f.name as fund_name, coalesce(nullif(o.short_name, ''), o.name) as hospital_name,
	coalesce((select c.case_no from casefile c where c.partnership_id = x.partnership_id and c.id = x.case_id), '') as case_no,
	coalesce((select n.name from person n where n.partnership_id = x.partnership_id and n.id = x.person_id), '') as person_name,
	case t.kind when 'reimburse' then exists (select 1 from payee_card k where k.partnership_id = t.partnership_id and k.treatment_id = t.treatment_id and k.live)
		else exists (select 1 from hospital_account k where k.partnership_id = t.partnership_id and k.hospital_id = x.hospital_id and k.state = 'approved' and k.from_on <= $2) end as ready`

const named = ` join fund f on f.partnership_id = t.partnership_id and f.id = t.fund_id join organisation o on o.id = x.hospital_id `

// PayableFilter narrows what is owed.
type PayableFilter struct {
	Fund      ident.ID   // nil: every fund
	Hospital  ident.ID   // nil: every hospital
	Hospitals []ident.ID // the reader's own; nil is everything the scope shows
	Funds     []ident.ID // those the reader is steward of; nil is everything the scope shows
	Until     clock.Date // settled until this day; zero: all
}

func (f PayableFilter) where(args []any) (string, []any) {
	text := ``
	if f.Fund != ident.Nil {
		args = append(args, f.Fund)
		text += ` and q.fund_id = $` + placeholder(len(args))
	}
	if f.Hospital != ident.Nil {
		args = append(args, f.Hospital)
		text += ` and x.hospital_id = $` + placeholder(len(args))
	}
	if f.Hospitals != nil {
		args = append(args, idArray(f.Hospitals))
		text += ` and exists (select 1 from unnest($` + placeholder(len(args)) + `::uuid[]) w where w = x.hospital_id)`
	}
	if f.Funds != nil {
		args = append(args, idArray(f.Funds))
		text += ` and exists (select 1 from unnest($` + placeholder(len(args)) + `::uuid[]) w where w = q.fund_id)`
	}
	if !f.Until.IsZero() {
		args = append(args, f.Until)
		text += ` and q.effective_on <= $` + placeholder(len(args))
	}
	return text, args
}

// ListPayables is a page of what is owed, the longest waiting first.
func (tx *Tx) ListPayables(f PayableFilter, req page.Request) (page.Result[Payable], error) {
	on, id := clock.MustDate(1900, 1, 1), ident.Nil
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[Payable]{}, err
	}
	more, args := f.where([]any{tx.Partnership(), tx.Today(), on, id, req.Limit() + 1})
	var rows []payableRow
	err := tx.list(&rows, selectPayable+owed+named+whereOwed+` and (q.effective_on, q.transfer_id) > ($3, $4)`+more+` order by q.effective_on, q.transfer_id limit $5`, args...)
	if err != nil {
		return page.Result[Payable]{}, err
	}
	return page.Cut(req, items(rows, payableRow.payable), func(p Payable) []any { return []any{p.On, p.ID} }), nil
}

// Collect lists what a run may hold, the longest waiting first, and tells how many
// have nowhere to be paid to. The fund's books are held before it is asked, so
// that two runs made at once do not see the same.
func (tx *Tx) Collect(f PayableFilter) (ready []Payable, unready int, err error) {
	more, args := f.where([]any{tx.Partnership(), tx.Today()})
	var rows []payableRow
	if err := tx.list(&rows, selectPayable+owed+named+whereOwed+more+` order by q.effective_on, q.transfer_id limit 2000`, args...); err != nil {
		return nil, 0, err
	}
	for _, r := range rows {
		switch {
		case !r.Ready:
			unready++
		case len(ready) < payout.MaxLines:
			ready = append(ready, r.payable())
		}
	}
	return ready, unready, nil
}

// PayableByID reads one transfer that owed something, whether or not it still
// does.
func (tx *Tx) PayableByID(id ident.ID) (Payable, error) {
	var r payableRow
	err := tx.get(&r, selectPayable+` from ledger_transfer t`+ofTreatment+named+`where t.partnership_id = $1 and t.id = $3 and t.kind in ('commit', 'reimburse')`, tx.Partnership(), tx.Today(), id)
	return one(r.payable(), err, "error.payout.payable_missing")
}

// PayableSum is what one fund owes at one hospital.
type PayableSum struct {
	Fund         ident.ID
	FundName     string
	Hospital     ident.ID
	HospitalName string
	Count        int
	Amount       money.Fen
	Oldest       clock.Date
}

// SumPayables adds up what is owed, by fund and hospital.
func (tx *Tx) SumPayables(f PayableFilter) ([]PayableSum, error) {
	more, args := f.where([]any{tx.Partnership()})
	var rows []struct {
		Fund         ident.ID   `db:"fund_id"`
		FundName     string     `db:"fund_name"`
		Hospital     ident.ID   `db:"hospital_id"`
		HospitalName string     `db:"hospital_name"`
		Count        int        `db:"n"`
		Amount       money.Fen  `db:"amount_fen"`
		Oldest       clock.Date `db:"oldest"`
	}
	err := tx.list(&rows, `select s.fund_id, s.hospital_id, s.n, s.amount_fen, s.oldest,
		(select f.name from fund f where f.partnership_id = $1 and f.id = s.fund_id) as fund_name,
		(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = s.hospital_id) as hospital_name
		from (select t.fund_id, x.hospital_id, count(*) as n, sum(`+committedFen+`)::bigint as amount_fen, min(t.effective_on) as oldest
			`+owed+whereOwed+more+` group by t.fund_id, x.hospital_id) s order by s.oldest, s.fund_id, s.hospital_id limit 200`, args...)
	out := make([]PayableSum, len(rows))
	for i, r := range rows {
		out[i] = PayableSum(r)
	}
	return out, err
}

// Paid is what one payable was paid and no finding asks back.
func (tx *Tx) Paid(payable ident.ID) (money.Fen, error) {
	var paid money.Fen
	err := tx.get(&paid, `select (coalesce((select sum(p.amount_fen) from pay_line p where p.partnership_id = $1 and p.payable_id = $2 and p.state = 'paid'), 0)
		- coalesce((select sum(v.amount_fen) from recovery v where v.partnership_id = $1 and v.payable_id = $2 and v.state <> 'written_off'), 0)
		- coalesce((select sum(c.amount_fen) from recovery v join recovery_receipt c on c.partnership_id = v.partnership_id and c.recovery_id = v.id
			where v.partnership_id = $1 and v.payable_id = $2 and v.state = 'written_off'
			and not exists (select 1 from ledger_transfer r where r.partnership_id = $1 and r.reverses_id = c.transfer_id)), 0))::bigint`, tx.Partnership(), payable)
	return paid, err
}

// BeingPaid reports whether one of some transfers stands in a run or was paid.
func (tx *Tx) BeingPaid(transfers []ident.ID) (bool, error) {
	var n int
	err := tx.get(&n, `select count(*) from unnest($2::uuid[]) w join pay_line p on p.partnership_id = $1 and p.payable_id = w and p.state in ('live', 'paid')`, tx.Partnership(), idArray(transfers))
	return n > 0, err
}
