package store

import (
	"encoding/json"
	"time"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// What can be wrong with the books. The database refuses each of them; the check
// finds what was done past the database, or by a database that was restored.
const (
	FaultBalance  = "balance"  // an account is not the sum of its entries
	FaultTransfer = "transfer" // the entries of a transfer do not sum to zero
	FaultNegative = "negative" // an account was below zero at some instant
	FaultHolds    = "holds"    // what a fund has reserved is not what it holds for treatments
	FaultPayments = "payments" // what a fund has paid is not what its runs paid, less what came back, or not what was owed
	FaultDeposits = "deposits" // what deposits gave is not what was posted, or what is left of them is not there
)

// LedgerFault is one thing that is wrong. Account is a transfer's id for
// FaultTransfer and nil for FaultHolds; for FaultPayments of the kinds payable (open
// or not) and amount (what a run pays) it is that of the transfer that committed
// the money. For FaultDeposits Kind says what does not
// agree: deposit (its own posting) or left (its draws), with the deposit's id;
// draw (what it gave for one transfer), with the transfer's; case (what an approval
// has of deposits against what the fund holds or paid for it), with the approval's;
// or available (the fund's balance), without one. Balance is what the deposits say,
// Entries what the books say.
type LedgerFault struct {
	Fault   string    `db:"fault" json:"fault"`
	Fund    ident.ID  `db:"fund_id" json:"fund"`
	Account ident.ID  `db:"id" json:"id"`
	Kind    string    `db:"kind" json:"kind"`
	Balance money.Fen `db:"balance_fen" json:"balance_fen"`
	Entries money.Fen `db:"entries_fen" json:"entries_fen"`
}

// CheckLedger holds the partnership's books against their rules and lists what
// breaks one; an empty list is the proof. What an account had is added up in the
// order of its entries, not of the clock, which may have been put back; of entries
// from before they were numbered only the end of each instant counts.
func (tx *Tx) CheckLedger() ([]LedgerFault, error) {
	var out []LedgerFault
	err := tx.list(&out, `with line as (
			select e.account_id, e.amount_fen, e.seq, t.id, t.fund_id, t.kind, t.posted_at from ledger_entry e
			join ledger_transfer t on t.partnership_id = e.partnership_id and t.id = e.transfer_id where e.partnership_id = $1),
		total as (select l.account_id, sum(l.amount_fen)::bigint as total from line l group by l.account_id),
		at as (select l.account_id, sum(sum(l.amount_fen)) over (partition by l.account_id order by l.seq, case when l.seq = 0 then l.posted_at end)::bigint as after
			from line l group by l.account_id, l.seq, case when l.seq = 0 then l.posted_at end),
		low as (select a.account_id, min(a.after) as lowest from at a group by a.account_id having min(a.after) < 0)
		(select 'balance' as fault, l.fund_id, l.id, l.kind, l.balance_fen, coalesce(s.total, 0) as entries_fen from ledger_account l
			left join total s on s.account_id = l.id where l.partnership_id = $1 and l.balance_fen <> coalesce(s.total, 0) limit 100)
		union all (select 'transfer', t.fund_id, t.id, t.kind, 0, coalesce(sum(l.amount_fen), 0)::bigint from ledger_transfer t left join line l on l.id = t.id
			where t.partnership_id = $1 group by t.fund_id, t.id, t.kind having coalesce(sum(l.amount_fen), 0) <> 0 or count(l.id) < 2 limit 100)
		union all (select 'negative', l.fund_id, l.id, l.kind, l.balance_fen, w.lowest from low w join ledger_account l on l.partnership_id = $1 and l.id = w.account_id
			where l.kind <> 'source' limit 100)
		union all (select 'holds', l.fund_id, null, 'reserved', l.balance_fen, coalesce(h.held, 0) from (select a.fund_id, sum(a.balance_fen)::bigint as balance_fen
				from ledger_account a where a.partnership_id = $1 and a.kind = 'reserved' group by a.fund_id) l
			left join (select x.fund_id, sum(x.amount_fen)::bigint as held from approval_line x where x.partnership_id = $1 and x.hold = 'open' group by x.fund_id) h
				on h.fund_id = l.fund_id where l.balance_fen <> coalesce(h.held, 0) limit 100)
		union all (select 'payments', l.fund_id, null, 'paid', l.balance_fen, coalesce(q.paid, 0) from (select a.fund_id, sum(a.balance_fen)::bigint as balance_fen
				from ledger_account a where a.partnership_id = $1 and a.kind = 'paid' group by a.fund_id) l
			left join (select y.fund_id, sum(y.fen)::bigint as paid from (select p.fund_id, p.amount_fen as fen from pay_line p where p.partnership_id = $1 and p.state = 'paid'
				union all select v.fund_id, -c.amount_fen from recovery_receipt c join recovery v on v.partnership_id = c.partnership_id and v.id = c.recovery_id
					where c.partnership_id = $1 and `+standingReceipt+`) y group by y.fund_id) q on q.fund_id = l.fund_id
			where l.balance_fen <> coalesce(q.paid, 0) limit 100)
		union all (select 'payments', q.fund_id, q.transfer_id, 'payable', 0, 0 from payable q where q.partnership_id = $1 and q.open <> (
			not exists (select 1 from ledger_transfer r where r.partnership_id = q.partnership_id and r.reverses_id = q.transfer_id)
			and not exists (select 1 from pay_line p where p.partnership_id = q.partnership_id and p.payable_id = q.transfer_id and p.state in ('live', 'paid'))) limit 100)
		union all (select 'payments', p.fund_id, p.payable_id, 'amount', p.amount_fen, coalesce(c.amount, 0) from pay_line p
			left join (select l.id, sum(l.amount_fen)::bigint as amount from line l join ledger_account a on a.partnership_id = $1 and a.id = l.account_id
				where a.kind = 'committed' and l.kind in ('commit', 'reimburse') group by l.id) c on c.id = p.payable_id
			where p.partnership_id = $1 and p.state in ('live', 'paid') and p.amount_fen <> coalesce(c.amount, 0) limit 100)
		order by 1, 2, 4`, tx.Partnership())
	if err != nil {
		return nil, err
	}
	deposits, err := tx.checkDeposits()
	return append(out, deposits...), err
}

// checkDeposits holds the deposits with a purpose against the ledger: each came in
// as it says, has left what its draws leave, no draw is of money its transfer did
// not move, no case has more of them than its fund holds or paid for it, and what
// is left of all is in the fund.
func (tx *Tx) checkDeposits() ([]LedgerFault, error) {
	var out []LedgerFault
	err := tx.list(&out, `with moved as (select t.id, t.fund_id, t.approval_id, sum(e.amount_fen)::bigint as amount from ledger_transfer t
			join ledger_entry e on e.partnership_id = t.partnership_id and e.transfer_id = t.id
			join ledger_account l on l.partnership_id = e.partnership_id and l.id = e.account_id and l.kind = 'available'
			where t.partnership_id = $1 and t.fund_id in (select d.fund_id from fund_deposit d where d.partnership_id = $1) group by t.id, t.fund_id, t.approval_id),
		drawn as (select x.transfer_id, x.fund_id, x.approval_id, sum(x.amount_fen)::bigint as amount from deposit_draw x where x.partnership_id = $1
			group by x.transfer_id, x.fund_id, x.approval_id),
		given as (select x.deposit_id, sum(x.amount_fen)::bigint as amount from deposit_draw x where x.partnership_id = $1 group by x.deposit_id)
		(select 'deposits' as fault, d.fund_id, d.id, 'deposit' as kind, d.amount_fen as balance_fen, coalesce(m.amount, 0) as entries_fen from fund_deposit d
			left join moved m on m.id = d.id and m.fund_id = d.fund_id where d.partnership_id = $1 and d.amount_fen <> coalesce(m.amount, 0) limit 100)
		union all (select 'deposits', d.fund_id, d.id, 'left', d.left_fen, d.amount_fen - coalesce(g.amount, 0) from fund_deposit d left join given g on g.deposit_id = d.id
			where d.partnership_id = $1 and d.left_fen <> d.amount_fen - coalesce(g.amount, 0) limit 100)
		union all (select 'deposits', x.fund_id, x.transfer_id, 'draw', x.amount, coalesce(-m.amount, 0) from drawn x left join moved m on m.id = x.transfer_id and m.fund_id = x.fund_id
			where x.amount not between least(coalesce(-m.amount, 0), 0) and greatest(coalesce(-m.amount, 0), 0) limit 100)
		union all (select 'deposits', x.fund_id, x.approval_id, 'case', x.amount, coalesce(h.held, 0) from (select y.fund_id, y.approval_id, sum(y.amount)::bigint as amount from drawn y
				where y.approval_id is not null group by y.fund_id, y.approval_id) x
			left join (select m.fund_id, m.approval_id, -sum(m.amount)::bigint as held from moved m group by m.fund_id, m.approval_id) h
				on h.fund_id = x.fund_id and h.approval_id = x.approval_id where x.amount not between 0 and coalesce(h.held, 0) limit 100)
		union all (select 'deposits', d.fund_id, null, 'available', d.rest, coalesce(l.there, 0) from (select y.fund_id, sum(y.left_fen)::bigint as rest from fund_deposit y
				where y.partnership_id = $1 group by y.fund_id) d
			left join (select a.fund_id, sum(a.balance_fen)::bigint as there from ledger_account a where a.partnership_id = $1 and a.kind = 'available' group by a.fund_id) l
				on l.fund_id = d.fund_id where d.rest > coalesce(l.there, 0) limit 100)
		order by 1, 2, 4, 3`, tx.Partnership())
	return out, err
}

// LedgerCheck is the outcome of a check of the books.
type LedgerCheck struct {
	At     time.Time
	Faults []LedgerFault
}

// SaveLedgerCheck keeps the outcome of a check.
func (tx *Tx) SaveLedgerCheck(faults []LedgerFault) error {
	if faults == nil {
		faults = []LedgerFault{}
	}
	detail, err := json.Marshal(faults)
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into ledger_check (partnership_id, id, checked_at, checked_on, faults, detail) values ($1, $2, $3, $4, $5, $6)`, tx.Partnership(), ident.New(), tx.now,
		tx.Today(), len(faults), string(detail))
	return err
}

// LastLedgerCheck is the latest check of the books; false when none was made.
func (tx *Tx) LastLedgerCheck() (LedgerCheck, bool, error) {
	var rows []struct {
		At     time.Time `db:"checked_at"`
		Detail []byte    `db:"detail"`
	}
	err := tx.list(&rows, `select c.checked_at, c.detail from ledger_check c where c.partnership_id = $1 order by c.checked_at desc, c.id desc limit 1`, tx.Partnership())
	if err != nil || len(rows) == 0 {
		return LedgerCheck{}, false, err
	}
	out := LedgerCheck{At: rows[0].At.UTC()}
	return out, true, json.Unmarshal(rows[0].Detail, &out.Faults)
}
